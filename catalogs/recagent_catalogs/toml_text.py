"""TOML from strangers: one clear error with its place, whatever the text does to the parser."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from .errors import BadInput

MOST_BYTES = 4_000_000
"""Of a file of TOML; catalogs write a few hundred kilobytes at most."""
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{64}}", re.M)
"""Tomllib keeps every beginning of a dotted key: one of 50,000 parts takes all memory."""
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(path: Path) -> str:
    """The text of a regular file: a pipe might never end, a device has no end.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        BadInput: it cannot be read, is too large, no regular file or no UTF-8.
    """
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            what = "is a folder" if stat.S_ISDIR(mode) else "is no regular file"
            raise BadInput(f"{what}, a text file is needed", path=path)
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror or error}", path=path) from error
    if len(body) > MOST_BYTES:
        raise BadInput(f"more than {MOST_BYTES:,} bytes", path=path)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BadInput("not UTF-8 text", path=path, line=line, hint="save it as UTF-8") from error


def parse_toml(text: str, path: Path, hint: str = "") -> dict[str, Any]:
    """What a text of TOML says.

    Raises:
        BadInput: it is none, or it asks too much of the parser; with line and column.
    """
    if long := _LONG_KEY.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise BadInput(
            "not valid TOML: a key of too many parts", path=path, line=line, column=1, hint=hint
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _PLACE.search(str(error))
        line, column = text.count("\n") + 1, 1
        if at and at[1]:
            line, column = int(at[1]), int(at[2])
        told = _PLACE.sub("", str(error))
        raise BadInput(
            f"not valid TOML: {told}", path=path, line=line, column=column, hint=hint
        ) from None
    except RecursionError:
        raise BadInput("not valid TOML: nested too deeply", path=path, hint=hint) from None
    except ValueError:  # digits past the limit
        told = "not valid TOML: a number of too many digits"
        raise BadInput(told, path=path, hint=hint) from None
