"""Cells of histories as numbers, dates, years, names and ids."""

from __future__ import annotations

import math
import re
import time
from calendar import timegm
from datetime import UTC, datetime

from .entries import Cells, WrongCell

_STARS = re.compile(r"^\s*(★*)\s*(½?)\s*$")
_OF = re.compile(r"^\s*(-?\d+(?:[.,]\d+)?)\s*(?:/|of|out of)\s*(\d+(?:[.,]\d+)?)\s*$", re.I)
_NUMBER = re.compile(r"^\s*[-+]?\d+(?:[.,]\d+)?\s*%?\s*$")
_ISO = re.compile(
    r"^(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ](\d{1,2}):(\d\d)(?::(\d\d))?.*)?$"
)
_SLASHED = re.compile(r"^(\d{1,2})([/.])(\d{1,2})\2(\d{4})\b")
_WORDED = (
    "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%a %b %d %H:%M:%S %Y", "%d-%b-%Y", "%b %Y",
    "%B %Y",
)  # fmt: skip
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_EARLIEST, _LATEST = 1.0, 4e10


def number(cells: Cells, column: str) -> float | None:
    """A number; None where the cell is empty.

    Raises:
        WrongCell: it is none.
    """
    text = cells.get(column, "")
    if not text.strip():
        return None
    if not _NUMBER.match(text):
        raise WrongCell(column, f"{text[:40]!r} is no number")
    value = float(text.strip().rstrip("% ").replace(",", "."))
    if not math.isfinite(value):
        raise WrongCell(column, f"{text[:40]!r} is no number")
    return value


def points(cells: Cells, column: str, scale: float) -> float | None:
    """A rating: "4", "3.5", "★★★½", "7/10"; None where the cell is empty or says "not rated".

    Args:
        cells: of the row.
        column: of the ratings.
        scale: the highest; 0 where it is not known.

    Raises:
        WrongCell: it is no rating, or none of this scale.
    """
    text = cells.get(column, "").strip()
    if not text or text.lower() in ("-", "n/a", "none", "null", "not rated", "nan"):
        return None
    stars, share = _STARS.match(text), _OF.match(text)
    if stars is not None:
        value = len(stars[1]) + 0.5 * bool(stars[2])
    elif share is not None and float(share[2].replace(",", ".")) > 0:
        of = float(share[2].replace(",", "."))
        value = float(share[1].replace(",", ".")) * ((scale or of) / of)
    else:
        found = number(cells, column)
        assert found is not None
        value = found
    if value < 0 or (scale and value > scale):
        raise WrongCell(
            column,
            f"a rating of {text[:40]} where 0 to {scale:g} were expected"
            if scale
            else f"a rating below 0: {text[:40]}",
            "name the highest rating: --scale MAX",
        )
    return value


def moment(text: str, now: float | None = None) -> float:
    """Seconds since 1970 of a date as exports write it; 0 where it is none. Never in the future.

    Days are taken at noon UTC, so that they are the same day nearly everywhere; 1/2/2020 is
    January 2nd unless only the other reading is a date, 1.2.2020 is February 1st.
    """
    text = text.strip()
    if not text:
        return 0.0
    found = _read_moment(text)
    if found is None or not _EARLIEST <= found <= _LATEST:
        return 0.0
    return min(found, time.time() if now is None else now)


def _read_moment(text: str) -> float | None:
    if re.fullmatch(r"\d{9,13}(?:\.\d+)?", text):
        value = float(text)
        return value / 1000.0 if value > 1e11 else value
    if match := _ISO.match(text):
        year, month, day, hour, minute, second = (
            int(part) if part else 0 for part in match.groups()
        )
        return _utc(year, month, day or 15, hour if match[4] else 12, minute, second)
    if match := _SLASHED.match(text):
        first, second_, year = int(match[1]), int(match[3]), int(match[4])
        day_first = match[2] == "." or first > 12
        day, month = (first, second_) if day_first else (second_, first)
        return _utc(year, month, day, 12, 0, 0)
    plain = text.replace(",", " ")
    for form in _WORDED:
        try:
            read = datetime.strptime(" ".join(plain.split()), form)  # noqa: DTZ007
        except ValueError:
            continue
        return read.replace(hour=read.hour or 12, tzinfo=UTC).timestamp()
    if re.fullmatch(r"(?:19|20)\d\d", text):
        return _utc(int(text), 7, 1, 12, 0, 0)
    return None


def _utc(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float | None:
    try:
        datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return float(timegm((year, month, day, hour, minute, second, 0, 0, 0)))


def year_of(text: str) -> int | None:
    """The year in a cell: "1979", "1979.0", "1979-05-25", "May 25, 1979"; None without one."""
    match = _YEAR.search(text)
    if match is None or not 1000 <= int(match[1]) <= 2200:
        return None
    return int(match[1])


def names(text: str) -> tuple[str, ...]:
    """People in a cell, apart by commas, semicolons, bars, "&" or "and"."""
    parts = re.split(r"\s*[,;|]\s*|\s+&\s+|\s+and\s+", text[:400])
    return tuple(part for part in (part.strip() for part in parts) if part)


def imdb_id(text: str) -> str:
    """The title id in a cell or an address: "tt0000001"; "" without one."""
    match = re.search(r"\btt(\d{6,10})\b", text)
    return f"tt{match[1]}" if match else ""


def isbn(text: str) -> str:
    """An ISBN as 13 digits, whatever stands around it; "" where it is none or its sum is wrong."""
    digits = re.sub(r"[^0-9Xx]", "", text).upper()
    if len(digits) == 13 and digits.isdigit() and _check13(digits[:12]) == digits[12]:
        return digits
    if len(digits) == 10 and digits[:9].isdigit():
        total = sum(n * int(d) for n, d in zip(range(10, 1, -1), digits[:9], strict=True))
        if "0123456789X"[(11 - total % 11) % 11] == digits[9]:
            core = "978" + digits[:9]
            return core + _check13(core)
    return ""


def _check13(core: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(core))
    return str((10 - total % 10) % 10)
