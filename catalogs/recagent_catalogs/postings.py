"""Which entries a key has: sorted keys, memory-mapped, found by bisection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import arrays

Entries = NDArray[np.int32]


@dataclass(frozen=True)
class Postings:
    """Entries by key.

    Attributes:
        keys: sorted, each once.
        pointers: where each key's entries begin; one more than there are keys.
        entries: of all keys.
    """

    keys: NDArray[Any]
    pointers: NDArray[np.int64]
    entries: Entries

    @classmethod
    def of(cls, keys: NDArray[Any], entries: Entries) -> Postings:
        """Gather the entries of equal keys; they keep their order."""
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        first = np.ones(len(keys), dtype=bool)
        first[1:] = ordered[1:] != ordered[:-1]
        starts = np.flatnonzero(first)
        pointers = np.append(starts, len(keys)).astype(np.int64)
        return cls(ordered[starts], pointers, entries[order].astype(np.int32, copy=False))

    @classmethod
    def load(cls, directory: Path, name: str) -> Postings:
        """Open what `save` wrote.

        Raises:
            BadInput: a file is missing or damaged.
        """
        keys = arrays.load_list(directory, f"{name}.keys", "u")
        pointers = arrays.load_list(directory, f"{name}.pointers", "iu")
        entries = arrays.load_list(directory, f"{name}.entries", "iu")
        if len(pointers) != len(keys) + 1 or pointers[-1] != len(entries):
            raise arrays.damaged(directory / f"{name}.pointers.npy")
        return cls(keys, pointers, entries)

    @staticmethod
    def exists(directory: Path, name: str) -> bool:
        """Whether `save` wrote postings of that name."""
        return arrays.exists(directory, f"{name}.keys")

    def save(self, directory: Path, name: str) -> None:
        """Write the three arrays."""
        arrays.save(directory, f"{name}.keys", self.keys)
        arrays.save(directory, f"{name}.pointers", self.pointers)
        arrays.save(directory, f"{name}.entries", self.entries)

    def places(self, wanted: NDArray[Any]) -> NDArray[np.int64]:
        """The number of each key, -1 for those that are not there."""
        if not len(self.keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        found = np.searchsorted(self.keys, wanted)
        found[found == len(self.keys)] = 0
        return np.where(self.keys[found] == wanted, found, -1)

    def at(self, place: int) -> Entries:
        """The entries of the key of that number; a view."""
        return self.entries[self.pointers[place] : self.pointers[place + 1]]

    def find(self, key: Any) -> Entries:
        """The entries of a key; none where it is not there."""
        place = int(self.places(np.asarray([key], dtype=self.keys.dtype))[0])
        return self.at(place) if place >= 0 else self.entries[:0]
