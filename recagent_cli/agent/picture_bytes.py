"""What the bytes of a picture say: its true type and size, and itself without what tells of people.

Cameras and programs write the place, the time, names and comments into their files. What is handed
on holds the pixels, their colours and which way is up, and nothing behind the picture's own end,
where phones keep films. Only parts that are known to be needed for that are kept: what is unknown
may be anything. Nothing is decoded: the parts of the four formats are only walked through, each
byte once.

Sources: JPEG (ITU-T T.81, annex B), Exif 2.3 (JEITA CP-3451), PNG (W3C, third edition), GIF89a,
WebP (RFC 9649).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Size = tuple[int, int]
"""Width and height, in pixels."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT pHYs acTL fcTL fdAT".split()
)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG behind which its size stands."""
_JPEG_KEPT = _FRAMES | {0xC4, 0xDA, 0xDB, 0xDD}
"""Frames, DHT, SOS, DQT and DRI, as they are."""
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_GIF_LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01"
_GIF_CONTROL = b"\x21\xf9\x04"
_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"))
_WEBP_FLAGS = 0x20 | 0x10 | 0x02
"""Of a VP8X chunk: colours, transparency and animation; others are of Exif and XMP, or of none."""
_WEBP_FRAME = frozenset((b"VP8 ", b"VP8L", b"ALPH"))
"""What stands in a frame of an animation, behind its 16 bytes."""


def type_of(data: bytes) -> str:
    """The media type that the first bytes show; "" for any that is not taken."""
    if data.startswith(_PNG):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def bared(data: bytes) -> tuple[bytes, Size]:
    """A picture without what tells of people and places, and its size.

    Args:
        data: of a type that `type_of` knows.

    Raises:
        ValueError: it is damaged, or of none of these types.
    """
    walk = _WALKS.get(type_of(data))
    if walk is None:
        raise ValueError("not a PNG, JPEG, WebP or GIF")
    try:
        return walk(data)
    except IndexError as error:
        raise ValueError("it breaks off") from error


# -- PNG ------------------------------------------------------------------------------------------


def _png(data: bytes) -> tuple[bytes, Size]:
    kept, size, at = [_PNG], (0, 0), len(_PNG)
    while True:
        end = at + 12 + int.from_bytes(_exactly(data, at, 4))
        name, chunk = data[at + 4 : at + 8], _exactly(data, at, end - at)
        if name == b"IHDR":
            size = _big(chunk, 8), _big(chunk, 12)
        if name in _PNG_KEPT:
            kept.append(chunk)
        if name == b"IEND":
            return b"".join(kept), size
        at = end


# -- JPEG -----------------------------------------------------------------------------------------


def _jpeg(data: bytes) -> tuple[bytes, Size]:
    kept, size, at = [b"\xff\xd8"], (0, 0), 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("a segment is missing")
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if marker == 0xD9:
            return b"".join((*kept, b"\xff\xd9")), size
        end = at + 2 + int.from_bytes(_exactly(data, at + 2, 2))
        body = _exactly(data, at + 4, end - at - 4)
        if marker in _FRAMES:
            size = int.from_bytes(body[3:5]), int.from_bytes(body[1:3])
        if marker == 0xDA:  # the pixels go on until the next marker that is one
            found = _NEXT_MARKER.search(data, end)
            if found is None:  # cut short; what there is may be looked at
                return b"".join((*kept, data[at:], b"\xff\xd9")), size
            end = found.start()
        kept.append(data[at:end] if marker in _JPEG_KEPT else _about(marker, body))
        at = end


def _about(marker: int, body: bytes) -> bytes:
    """A segment that tells of the picture, as it is handed on; none of most."""
    if marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 14:
        return _segment(marker, body[:12] + b"\0\0")  # no thumbnail behind it
    if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
        return _segment(marker, body[:12])  # without it colours are read wrongly
    if marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
        return _segment(marker, body)
    if marker == 0xE1 and body.startswith(b"Exif\0\0"):
        return _upright(_orientation(body[6:]))
    return b""


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def _orientation(tiff: bytes) -> int:
    """Tag 0x0112 of the first directory, 1 to 8; 1 where there is none, or it cannot be read."""
    order = {b"II": "little", b"MM": "big"}.get(tiff[:2])
    if order is None:
        return 1

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], "little" if order == "little" else "big")

    first = number(4, 4)
    for at in range(first + 2, first + 2 + 12 * min(number(first, 2), 100), 12):
        if number(at, 2) == 0x0112:
            return value if 1 <= (value := number(at + 8, 2)) <= 8 else 1
    return 1


def _upright(orientation: int) -> bytes:
    """An Exif segment that holds the orientation and nothing else; none where it is the usual."""
    if orientation == 1:
        return b""
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + bytes((orientation, 0, 0))
    tiff = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
    return _segment(0xE1, b"Exif\0\0" + tiff)


# -- GIF ------------------------------------------------------------------------------------------


def _gif(data: bytes) -> tuple[bytes, Size]:
    size = _little(data, 6, 2), _little(data, 8, 2)
    at = 13 + _colours(data[10])
    kept = [data[:at]]
    while data[at] != 0x3B:
        end, is_kept = _gif_block(data, at)
        if is_kept:
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, b"\x3b")), size


def _gif_block(data: bytes, at: int) -> tuple[int, bool]:
    """Where a block ends, and whether it belongs to the picture: comments and the like do not."""
    if data[at] == 0x2C:
        return _sub_blocks(data, at + 11 + _colours(data[at + 9])), True
    if data[at] != 0x21:
        raise ValueError("a block is missing")
    end = _sub_blocks(data, at + 2)
    is_loop = data.startswith(_GIF_LOOP, at) and end == at + 19
    return end, is_loop or (data.startswith(_GIF_CONTROL, at) and end == at + 8)


def _sub_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


# -- WebP -----------------------------------------------------------------------------------------


def _webp(data: bytes) -> tuple[bytes, Size]:
    kept, size = [b"WEBP"], (0, 0)
    for name, body in _riff(data[: 8 + _little(data, 4, 4)], 12):
        if name not in _WEBP_KEPT:
            continue
        if name == b"VP8X":
            body = bytes((body[0] & _WEBP_FLAGS, 0, 0, 0)) + _exactly(body, 4, 6)
            size = 1 + _little(body, 4, 3), 1 + _little(body, 7, 3)
        elif name == b"ANIM":
            body = _exactly(body, 0, 6)
        elif name == b"ANMF":
            parts = (_chunk(*part) for part in _riff(body, 16) if part[0] in _WEBP_FRAME)
            body = b"".join((_exactly(body, 0, 16), *parts))
        elif name == b"VP8 " and size == (0, 0):
            size = _little(body, 6, 2) & 0x3FFF, _little(body, 8, 2) & 0x3FFF
        elif name == b"VP8L" and size == (0, 0):
            bits = _little(body, 1, 4)
            size = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        kept.append(_chunk(name, body))
    whole = b"".join(kept)
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole, size


def _riff(data: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= len(data):
        length = _little(data, at + 4, 4)
        yield data[at : at + 4], _exactly(data, at + 8, length)
        at += 8 + length + length % 2


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


# -- bytes ----------------------------------------------------------------------------------------


def _exactly(data: bytes, at: int, length: int) -> bytes:
    part = data[at : at + length] if length >= 0 else b""
    if len(part) != length:
        raise ValueError("it breaks off")
    return part


def _big(data: bytes, at: int) -> int:
    return int.from_bytes(_exactly(data, at, 4))


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_exactly(data, at, length), "little")


_WALKS = {"image/png": _png, "image/jpeg": _jpeg, "image/gif": _gif, "image/webp": _webp}
