"""`/image`: a picture from a file, with words or without, and the completion of its path."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean

if TYPE_CHECKING:
    from .chat import Chat

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".gif"))
"""Endings of the files that are offered; what a file is, its bytes say."""
MOST = 20
_QUOTES = "\"'"


def show_picture(chat: Chat, rest: str) -> None:
    """Ask with the picture of a file, and with the words behind it."""
    if not rest:
        raise BadInput("/image of what?", hint="/image poster.jpg something like this")
    file, words = split(rest)
    chat.ask(words, images=[file])


def split(rest: str) -> tuple[str, str]:
    """The file and the words behind it: a name with spaces is quoted, or is that of a file.

    Raises:
        BadInput: a quotation is open.
    """
    quote = rest[0]
    if quote in _QUOTES:
        file, closed, words = rest[1:].partition(quote)
        if not closed:
            raise BadInput("the name of the file has no end", hint=f"close it with {quote}")
        return file, words.strip()
    rest = rest.replace("\\ ", " ") if "\\ " in rest and not _is_file(rest) else rest
    parts = rest.split(" ")
    for end in range(len(parts), 1, -1):
        if _is_file(" ".join(parts[:end])):
            return " ".join(parts[:end]), " ".join(parts[end:]).strip()
    return parts[0], " ".join(parts[1:]).strip()


def _is_file(name: str) -> bool:
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        return Path(name).expanduser().is_file()
    return False


def paths(typed: str) -> Iterator[tuple[str, bool]]:
    """What a half-typed path may become, and whether that is a folder: pictures and folders."""
    typed = typed.lstrip(_QUOTES)
    folder, slash, begun = typed.rpartition("/")
    try:
        inside = sorted(Path(folder + slash or ".").expanduser().iterdir())
    except (OSError, ValueError, RuntimeError):
        return
    found = 0
    for path in inside:
        is_folder = path.is_dir()
        hidden = path.name.startswith(".") and not begun.startswith(".")
        if hidden or not path.name.casefold().startswith(begun.casefold()):
            continue
        if clean(path.name) != path.name:  # it could not be typed as it is shown
            continue
        if is_folder or path.suffix.lower() in PICTURES:
            yield folder + slash + path.name + "/" * is_folder, is_folder
            found += 1
        if found == MOST:
            return
