"""Handmade pictures: each type with everything in it that must not leave the machine."""

from __future__ import annotations

import struct
import zlib

SECRET = b"51.4779N Ana Example"


def png(width: int = 60, height: int = 90, *, secret: bool = True) -> bytes:
    rows = b"".join(b"\0" + b"\xd0\x20\x20" * width for _ in range(height))
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    parts += [_chunk(b"gAMA", struct.pack(">I", 45455))]
    if secret:
        parts += [
            _chunk(n, n + b"\0" + SECRET) for n in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME")
        ]
    parts += [_chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + SECRET * secret


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)


def jpeg(
    orientation: int = 6, *, order: str = "little", width: int = 60, height: int = 90
) -> bytes:
    """Not one that shows anything, but with all segments and two scans."""
    short, long = ("<H", "<I") if order == "little" else (">H", ">I")

    def number(value: int, form: str = short) -> bytes:
        return struct.pack(form, value)

    entries = number(0x010F) + number(2) + number(len(SECRET), long) + number(8, long)
    entries += number(0x0112) + number(3) + number(1, long) + number(orientation) + number(0)
    tiff = (b"II*\0" if order == "little" else b"MM\0*") + number(8, long) + number(2)
    exif = b"Exif\0\0" + tiff + entries + number(0, long) + SECRET
    frame = b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    scan = _segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"pixels\xff\x00more\xff\xd0and more"
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x02\0\0\x48\0\x48\x02\x03" + SECRET),
            _segment(0xE0, b"JFXX\0\x10" + SECRET),
            _segment(0xE0, SECRET),
            _segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"),
            _segment(0xEE, SECRET),
            _segment(0xE1, exif),
            _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
            _segment(0xE2, b"ICC_PROFILE\0\x01\x01colours"),
            _segment(0xE2, b"MPF\0" + SECRET),
            _segment(0xED, b"Photoshop 3.0\0" + SECRET),
            *(_segment(marker, SECRET) for marker in (0xC8, 0xEF, 0xF0, 0xF7, 0x02)),
            _segment(0xFE, SECRET),
            b"\xff" + _segment(0xDB, b"\0" * 65),
            _segment(0xC0, frame),
            scan,
            _segment(0xFE, SECRET),
            scan,
            b"\xff\xd9",
            SECRET,
        )
    )


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def gif() -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 60, 90, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    comment = b"\x21\xfe" + bytes((len(SECRET),)) + SECRET + b"\0"
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes((len(SECRET),)) + SECRET + b"\0"
    odd_loop = b"\x21\xff\x0bNETSCAPE2.0" + bytes((len(SECRET),)) + SECRET + b"\0"
    odd_control = b"\x21\xf9" + bytes((len(SECRET),)) + SECRET + b"\0"
    text = b"\x21\x01" + bytes((len(SECRET),)) + SECRET + b"\0"
    control = b"\x21\xf9\x04\0\0\0\0\0"
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0x80) + b"\1\1\1\2\2\2" + b"\x02\x02D\x01\0"
    odd = odd_loop + odd_control + text
    return head + comment + loop + xmp + odd + control + image + b"\x3b" + SECRET


def webp(kind: bytes = b"VP8X") -> bytes:
    lossy = b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", 60, 90) + b"pixels"
    lossless = b"\x2f" + struct.pack("<I", 59 | 89 << 14) + b"pixels"
    canvas = b"\xcfAna" + (59).to_bytes(3, "little") + (89).to_bytes(3, "little")
    pixels = _riff(b"VP8L", lossless) if kind == b"VP8L" else _riff(b"VP8 ", lossy)
    first = _riff(b"VP8X", canvas) if kind == b"VP8X" else b""
    told = _riff(b"EXIF", SECRET + b"!") + _riff(b"XMP ", SECRET)
    told += b"".join(_riff(name, SECRET) for name in (b"C2PA", b"exif", b"JUNK", b"vp8 "))
    frame = _riff(b"ANMF", bytes(16) + _riff(b"ALPH", b"x") + pixels + told + SECRET[:7])
    moving = _riff(b"ANIM", bytes(6) + SECRET) + frame if kind == b"VP8X" else b""
    body = b"WEBP" + first + (moving or pixels) + told
    return b"RIFF" + len(body).to_bytes(4, "little") + body + SECRET


def _riff(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
