"""A picture that the person shows: a poster, a box, a shelf. Checked before anything is sent."""

from __future__ import annotations

import base64
import hashlib
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean

from .picture_bytes import bared, type_of

MOST_PICTURES = 4
MOST_BYTES = 10_000_000
MOST_PIXELS = 8_000
"""Of a side: the largest that all of the large providers take."""
WITHOUT_WORDS = "something like this"
"""What is asked where only a picture was given."""
TYPES = "PNG, JPEG, WebP or GIF"
LONGEST_NAME = 60
NO_EYES = "the built-in brain cannot look at pictures"
NEEDS_MODEL = "a model that can is named by -m, in a chat by /model"


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture as it goes to a model: without the place, the time and the names in its file.

    Attributes:
        media_type: as its bytes have it: image/png, image/jpeg, image/webp or image/gif.
        data: the file's bytes.
        name: the name of the file, without its folder.
        width, height: in pixels.
    """

    media_type: str
    data: bytes
    name: str
    width: int
    height: int

    def __repr__(self) -> str:
        return f"Picture({self.told!r}, {self.media_type}, sha256 {self._digest[:16]})"

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def told(self) -> str:
        """`poster.jpg, 240 KB`: all that is kept of it."""
        return f"{self.name}, {max(1, round(len(self.data) / 1000)):,} KB"

    @property
    def url(self) -> str:
        """The picture itself, as a `data:` address."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"

    @property
    def tokens(self) -> int:
        """What it may cost, for budgets: width × height / 750, as Anthropic says; at most 1,600."""
        return min(1_600, max(85, self.width * self.height // 750))


def open_pictures(sources: Sequence[str | Path | bytes], brain: str) -> tuple[Picture, ...]:
    """The pictures of these files or bytes, for a brain of that name.

    Raises:
        BadInput: too many; or one is no file, no picture, or too large; or it is the built-in
            brain's turn.
    """
    if sources and brain == "builtin":
        raise BadInput(NO_EYES, hint=NEEDS_MODEL)
    if len(sources) > MOST_PICTURES:
        raise BadInput(f"{len(sources)} pictures", hint=f"at most {MOST_PICTURES} at a time")
    return tuple(open_picture(source) for source in sources)


def open_picture(source: str | Path | bytes) -> Picture:
    """The picture of a file, or of bytes.

    Raises:
        BadInput: it is no file, no picture, or too large.
    """
    if isinstance(source, bytes):
        return _picture(source, "picture")
    told = clean(str(source), 200)
    if re.match(r"(?i)[a-z][a-z0-9+.-]+:(//|[a-z]+/)", str(source)):
        raise BadInput(
            f"{told}: an address, no file", hint="nothing is fetched; save the picture first"
        )
    if str(source) == "-":
        raise BadInput("a picture is not read from standard input", hint="name its file")
    path = Path(source).expanduser()
    try:
        return _picture(_read(path), clean(path.name, LONGEST_NAME))
    except OSError as error:
        raise BadInput(f"{told}: {error.strerror or error}", hint="name a file") from error
    except ValueError as error:  # a null byte in the name
        raise BadInput(f"{told}: no name of a file") from error


def _read(path: Path) -> bytes:
    """The bytes of a regular file: a pipe might never end, and a device has no end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(f"{clean(str(path), 200)}: no regular file")
    if found.st_size > MOST_BYTES:
        raise _too_large(clean(path.name, LONGEST_NAME), found.st_size)
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _picture(data: bytes, name: str) -> Picture:
    media_type = type_of(data)
    if not media_type:
        said = "is empty" if not data else "is no picture that can be sent"
        raise BadInput(f"{name} {said}", hint=f"{TYPES}, whatever the file is called")
    if len(data) > MOST_BYTES:
        raise _too_large(name, len(data))
    try:
        data, (width, height) = bared(data)
    except ValueError as error:
        raise BadInput(f"{name} is damaged: {error}") from error
    if not (width and height):
        raise BadInput(f"{name} is damaged: it has no size")
    if max(width, height) > MOST_PIXELS:
        hint = f"make it smaller; 1,500 pixels are enough, {MOST_PIXELS:,} the most"
        raise BadInput(f"{name} has {width:,} × {height:,} pixels", hint=hint)
    return Picture(media_type, data, name, width, height)


def _too_large(name: str, size: int) -> BadInput:
    hint = f"make it smaller; {MOST_BYTES / 1e6:.0f} MB are the most"
    return BadInput(f"{name} has {size / 1e6:.0f} MB", hint=hint)


def told_with(words: str, pictures: Sequence[Picture]) -> str:
    """What was said, as it is kept: the words, and the names of the pictures."""
    if not pictures:
        return words
    return (
        f"{words} ({noun_of(pictures)}: {'; '.join(picture.told for picture in pictures)})".strip()
    )


def noun_of(pictures: Sequence[Picture]) -> str:
    """`picture`, or `pictures` where there are several."""
    return "picture" if len(pictures) == 1 else "pictures"
