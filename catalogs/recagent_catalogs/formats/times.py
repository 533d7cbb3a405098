"""Times of interactions: how they are written, what their numbers count."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..report import Log

NO_TIME = -(1 << 62)
"""Stands for a time that is not given."""
_SAMPLED = 100_000
_ORDER_NAMES = frozenset(("order", "position", "sequence", "seq", "rank", "index"))
_ORDER_BELOW = 10_000_000
"""Whole numbers below this are no seconds since 1970 that anybody means: a running number."""
_EARLY = 10**8
"""March 1973."""
_FORMATS = (
    "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y",
    "%d-%b-%Y", "%Y%m%d", "%a %b %d %H:%M:%S %z %Y",
)  # fmt: skip


def _whole(cell: Any) -> int:
    if isinstance(cell, str):
        return int(cell) if cell.isdigit() else int(float(cell))
    if isinstance(cell, datetime | date):
        raise ValueError("a date")
    return int(cell)


def _iso(cell: Any) -> int:
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime(cell.year, cell.month, cell.day)
    moment = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell).strip())
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


def _with_format(pattern: str) -> Callable[[Any], int]:
    def parse(cell: Any) -> int:
        return _iso(datetime.strptime(str(cell).strip(), pattern))

    return parse


WRITINGS = (_whole, _iso, *(_with_format(text) for text in _FORMATS))
"""Ways to read a cell as seconds since 1970; each raises ValueError, TypeError, OverflowError."""


def _written_dates(raw: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Seconds since 1970 of numbers that are written dates (20200228); None if any is not."""
    year, month, day = raw // 10_000, raw // 100 % 100, raw % 100
    good = (year >= 1900) & (year <= 2100) & (month >= 1) & (month <= 12) & (day >= 1)
    if not (good & (day <= 31)).all():
        return None
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    days = months.astype("datetime64[D]") + (day - 1)
    return days.astype("datetime64[s]").astype(np.int64)


def counted(
    raw: NDArray[np.int64],
    file: str,
    column: str,
    log: Log,
    line_of: Callable[[int], int | None],
) -> tuple[str, NDArray[np.int64]]:
    """What the numbers count, and the numbers: seconds since 1970 or an order.

    Args:
        raw: int64 [n], as read; `NO_TIME` where none is given.
        file: its name, for warnings.
        column: the column's name in the file.
        log: where warnings go.
        line_of: the line of an interaction by its number.

    Returns:
        "seconds", "order" or "", and int64 [n].
    """
    known = raw != NO_TIME
    if not known.any():
        log.warn("no time is given", file, None, column)
        return "", raw
    if not known.all():
        log.warn(
            f"{int((~known).sum()):,} rows without a time count as the oldest",
            file, line_of(int(np.argmin(known))), column,
        )  # fmt: skip
        raw = np.where(known, raw, raw[known].min())
    if (dates := _written_dates(raw)) is not None:
        return "seconds", dates
    middle = int(np.median(raw[:: max(1, len(raw) // _SAMPLED)]))
    if 0 <= raw.min() and raw.max() < _ORDER_BELOW:
        if column.casefold() not in _ORDER_NAMES:
            log.warn("no dates, but small whole numbers: taken as an order", file, None, column)
        return "order", raw
    for limit, divisor, unit in (
        (10**17, 10**9, "nano"),
        (10**14, 10**6, "micro"),
        (10**11, 1000, "milli"),
    ):
        if middle >= limit:
            log.warn(f"times are in {unit}seconds", file, line_of(0), column)
            raw = raw // divisor
            break
    early = raw < _EARLY
    if 0 < np.count_nonzero(early & (raw >= 0)) <= len(raw) / 2 and middle >= _ORDER_BELOW:
        message = f"{np.count_nonzero(early):,} times long before the others: in another unit?"
        log.warn(message, file, line_of(int(np.argmax(early))), column)
    latest = time.time() + 86_400
    if raw.min() < 0 or raw.max() > latest:
        odd = (raw < 0) | (raw > latest)
        message = f"{np.count_nonzero(odd):,} times before 1970 or in the future"
        log.warn(message, file, line_of(int(np.argmax(odd))), column)
        # DuckDB's timestamps and people's calendars end somewhere: keep the order, not the year.
        raw = np.clip(raw, 0, 4_102_444_800)
    return "seconds", raw
