"""Interactions sorted into files block by block: no second copy of them is ever held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .interactions import Rows

if TYPE_CHECKING:
    from .data import InteractionTable

STRIP = 1 << 18
"""Interactions looked at at once."""
BLOCKS = 64
LEAST, MOST = 100_000, 1_000_000
"""Interactions sorted at once: a 64th of them, within these bounds."""
_TYPES = {"user": np.int32, "item": np.int32, "value": np.float32, "time": np.int64}


@dataclass(frozen=True)
class Sorted:
    """Interactions in the order (user, time, row of the file), each pair once, in files.

    Attributes:
        files: "user", "item" and what else is known ("value", "time") -> its `.npy` file.
        indptr: int64 [n_users + 1].
        popularity: int32 [n_items], interactions of each item.
        sums: float64 [n_items], of the values; zeros without values.
        first: int64 [n_items], the earliest time; the greatest int64 where there is none.
        last: int64 [n_items], the latest time; the smallest int64 where there is none.
    """

    files: dict[str, Path]
    indptr: NDArray[np.int64]
    popularity: NDArray[np.int32]
    sums: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.indptr[-1])

    def read(self, begin: int, end: int) -> dict[str, NDArray[Any]]:
        """The interactions from `begin` to `end`, by name; read, not mapped."""
        found: dict[str, NDArray[Any]] = {}
        for name, path in self.files.items():
            with path.open("rb") as file:
                _skip_header(file)
                dtype = np.dtype(_TYPES[name])
                file.seek(begin * dtype.itemsize, 1)
                found[name] = np.fromfile(file, dtype, end - begin)
        return found

    def raw(self, name: str) -> Iterator[bytes]:
        """The bytes of an array, in pieces; a single "-" where it is not known."""
        if name not in self.files:
            yield b"-"
            return
        with self.files[name].open("rb") as file:
            _skip_header(file)
            while piece := file.read(STRIP):
                yield piece


def write_sorted(folder: Path, table: InteractionTable, n_items: int) -> Sorted:
    """Sort interactions and write them as `inter.user.npy` and so on; the last of a pair is kept.

    Args:
        folder: where to.
        table: at least one interaction, in the order of the file.
        n_items: number of items.
    """
    columns = {"user": table.user, "item": table.item, "value": table.value, "time": table.time}
    known = {name: array for name, array in columns.items() if array is not None}
    n_users = len(table.users)
    extremes = np.iinfo(np.int64)
    data = Sorted(
        {name: folder / f"inter.{name}.npy" for name in known},
        np.zeros(n_users + 1, dtype=np.int64),
        np.zeros(n_items, dtype=np.int32),
        np.zeros(n_items),
        np.full(n_items, extremes.max),
        np.full(n_items, extremes.min),
    )
    files = {name: path.open("wb") for name, path in data.files.items()}
    try:
        for name, file in files.items():
            _write_header(file, np.dtype(_TYPES[name]), table.distinct)
        for positions in user_blocks(table.user, n_users):
            positions = _in_order(table, positions)
            part = {n: np.asarray(array[positions], _TYPES[n]) for n, array in known.items()}
            _count(data, part)
            for name, file in files.items():
                part[name].tofile(file)
    finally:
        for file in files.values():
            file.close()
    np.cumsum(data.indptr, out=data.indptr)
    return data


def count_distinct(table: InteractionTable) -> int:
    """How many different pairs of user and item there are."""
    found = 0
    for positions in user_blocks(table.user, len(table.users)):
        pairs = table.user[positions].astype(np.int64) << 32 | table.item[positions]
        pairs.sort()
        found += int(np.count_nonzero(np.diff(pairs))) + 1
    return found


def user_blocks(user: Rows, n_users: int) -> Iterator[NDArray[np.int64]]:
    """Positions of all interactions of some users, ascending; block after block of users.

    Args:
        user: int32 [n], in any order.
        n_users: number of users.
    """
    if not len(user):
        return
    starts = np.arange(0, len(user), STRIP)
    ends = np.cumsum(_counted(user, starts, n_users))
    size = min(max(len(user) // BLOCKS, LEAST), MOST)
    inner = np.searchsorted(ends, np.arange(size, len(user), size)) + 1
    edges = np.unique(np.concatenate(([0], inner, [n_users]))).tolist()
    lowest, highest = np.minimum.reduceat(user, starts), np.maximum.reduceat(user, starts)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        found = []
        # files are mostly sorted by user: then few strips hold a user of the block
        for start in starts[(highest >= low) & (lowest < high)].tolist():
            strip = user[start : start + STRIP]
            found.append(np.flatnonzero((strip >= low) & (strip < high)) + start)
        if found and (positions := np.concatenate(found)).size:
            yield positions


def _counted(values: Rows, starts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """`bincount` by strips: at once it would hold 8 bytes an interaction."""
    counts = np.zeros(size, dtype=np.int64)
    for start in starts.tolist():
        counts += np.bincount(values[start : start + STRIP], minlength=size)
    return counts


def _in_order(table: InteractionTable, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions by (user, time, row of the file), of each pair the last one."""
    user = table.user[positions]
    # Stable, so equal times stay in the order of the file.
    keys = (user,) if table.time is None else (table.time[positions], user)
    order = np.lexsort(keys)
    positions = positions[order]
    if table.distinct == len(table):
        return positions
    pair = user[order].astype(np.int64) << 32 | table.item[positions]
    last = np.sort(len(pair) - 1 - np.unique(pair[::-1], return_index=True)[1])
    return np.asarray(positions[last])


def _count(data: Sorted, part: dict[str, NDArray[Any]]) -> None:
    """Add a block to what is counted by user and item."""
    user, item = part["user"], part["item"]
    least = int(user[0])
    counts = np.bincount(user - least)
    data.indptr[least + 1 : least + 1 + len(counts)] += counts
    data.popularity[:] += np.bincount(item, minlength=len(data.popularity)).astype(np.int32)
    if "value" in part:
        data.sums[:] += np.bincount(item, weights=part["value"], minlength=len(data.sums))
    if "time" in part:
        np.minimum.at(data.first, item, part["time"])
        np.maximum.at(data.last, item, part["time"])


def _write_header(file: BinaryIO, dtype: np.dtype[Any], count: int) -> None:
    about = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
    np.lib.format.write_array_header_1_0(file, {**about, "shape": (count,)})


def _skip_header(file: BinaryIO) -> None:
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
