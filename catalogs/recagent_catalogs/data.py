"""A catalog in memory, between a format that was read and the directory that is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .interactions import Floats, Rows
from .schema import CatalogSchema
from .sorting import count_distinct


@dataclass
class ItemTable:
    """Items by column; every list has one entry an item.

    Attributes:
        schema: the columns.
        cells: column name -> values: text or None; list[str] for list roles; int or None for the
            year; float or None for numbers.
        weights: list column name -> counts aligned with its cells, where values carry counts.
    """

    schema: CatalogSchema
    cells: dict[str, list[Any]]
    weights: dict[str, list[list[float]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cells[self.ids_name])

    @property
    def ids_name(self) -> str:
        """The name of the id column."""
        return next(c.name for c in self.schema.columns if c.role == "id")

    @property
    def ids(self) -> list[str]:
        """The ids, in row order."""
        return self.cells[self.ids_name]


@dataclass
class InteractionTable:
    """Interactions as they were read, in the order of the file.

    Attributes:
        users: ids; `user` counts in it.
        user: int32 [n].
        item: int32 [n], rows of the item table.
        value: float32 [n] or None.
        time: int64 [n] or None.
        time_kind: "seconds" since 1970, "order", or "".
        explicit: whether `value` is a rating.
    """

    users: Sequence[str]
    user: Rows
    item: Rows
    value: Floats | None = None
    time: NDArray[np.int64] | None = None
    time_kind: str = ""
    explicit: bool = False

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def distinct(self) -> int:
        """How many different pairs of user and item there are."""
        return count_distinct(self)

    def forget(self) -> None:
        """Give the memory of the arrays back; nothing but users and kinds is left."""
        self.user = self.item = np.empty(0, dtype=np.int32)
        self.value = self.time = None
