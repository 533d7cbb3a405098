"""Retrievers that are one sparse table: row i holds what i says for every other item."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from .retriever import Retriever
from .sparse import SparseRows


class ItemWeights(Retriever):
    """Item by item weights, the largest of each row kept."""

    def __init__(self, weights: SparseRows) -> None:
        self.weights = weights
        self.n_items = weights.n_columns

    def save(self, directory: Path) -> None:
        """`NAME.*.npy`."""
        self.weights.save(directory, self.name)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""
        weights = SparseRows.load(directory, cls.name, n_items)
        if weights.n_rows != n_items:
            raise ValueError(f"{cls.name}: not one row an item")
        return cls(weights)
