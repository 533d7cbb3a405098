"""The data files of the lexicons, and a copy of them in the cache that is quicker to read.

Reading the TOML files and building the network of phrases costs every process 40 to 60 ms, reading
the copy a third of that. The copy says of which files, code and version it was made, and holds a
checksum of itself; what is no such copy to the letter is made anew. Without a place to keep it all
works as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import RecagentError

from .phrases import Phrases

FORM = "recagent lexicon 1"
"""The first word of a copy; another form of copies gets another number."""
NAME = "lexicon.json"
_HERE = Path(__file__).parent
_MADE_BY = ("phrases.py", "tables.py")
"""The code whose work the copy holds: a copy of other code's work is not taken."""


@dataclass(frozen=True)
class Tables:
    """What the data files hold.

    Attributes:
        files: parsed file by name; for reading only.
        acts: the phrases of `dialogue.toml`, which `files` is without.
    """

    files: dict[str, dict[str, Any]]
    acts: Phrases


@lru_cache(maxsize=1)
def tables() -> Tables:
    """All data files; read at the first call, then shared."""
    sources = {path.stem: path.read_bytes() for path in sorted(_HERE.glob("lexicon/*.toml"))}
    copy, made_of = _place(), _made_of(sources)
    found = None if copy is None else _read(copy, made_of)
    if found is None:
        found = _made(sources)
        if copy is not None:
            _write(copy, made_of, found)
    return found


def load(name: str) -> dict[str, Any]:
    """The data file of that name."""
    return tables().files[name]


def _made(sources: dict[str, bytes]) -> Tables:
    files = {name: tomllib.loads(data.decode("utf-8")) for name, data in sources.items()}
    talk = files["dialogue"]
    acts = Phrases(frozenset(talk["skipped"].split()))
    for act, patterns in talk.pop("acts").items():
        for pattern in patterns:
            acts.add(pattern, act)
    return Tables(files, acts)


# --- the copy ------------------------------------------------------------------------------------


def _place() -> Path | None:
    from ....paths import find_paths

    try:
        return find_paths().cache / NAME
    except (RecagentError, OSError, ValueError):
        return None


def _made_of(sources: dict[str, bytes]) -> str:
    """What a copy is made of, in one line; empty if it cannot be told."""
    from .... import __version__

    digest = hashlib.blake2b(digest_size=16)
    try:
        code = {name: (_HERE / name).read_bytes() for name in _MADE_BY}
    except OSError:
        return ""  # installed without sources: no copy is ever taken
    for name, data in (*sources.items(), *code.items()):
        digest.update(f"{name} {len(data)}\n".encode())
        digest.update(data)
    return f"{FORM} {__version__} {digest.hexdigest()}"


def _read(copy: Path, made_of: str) -> Tables | None:
    """What a copy holds, if it is one of just these files and whole."""
    try:
        first, second, body = copy.read_bytes().split(b"\n", 2)
        if not made_of or first != made_of.encode() or second != _sum(body):
            return None
        held = json.loads(body)
        return Tables(held["files"], Phrases.from_json(held["acts"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(copy: Path, made_of: str, held: Tables) -> None:
    """Keep a copy, where that is possible; a reader sees the old or the new one, never a part."""
    if not made_of:
        return
    aside = copy.with_name(f".{NAME}.{os.getpid()}")
    try:
        body = json.dumps(
            {"files": held.files, "acts": held.acts.to_json()}, separators=(",", ":")
        ).encode()
        copy.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(b"\n".join((made_of.encode(), _sum(body), body)))
        os.replace(aside, copy)
    except (OSError, ValueError, TypeError):
        _remove(aside)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _sum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).hexdigest().encode()
