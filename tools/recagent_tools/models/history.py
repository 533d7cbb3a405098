"""What is known of a person's taste: the rows of items they took, oldest first, with weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.interactions import Floats, Rows


@dataclass(frozen=True)
class History:
    """Items that a person took, oldest first; k of them.

    Attributes:
        rows: int32 [k], row numbers of items, each once.
        weights: float32 [k]; 1 is a like, smaller is a weaker one, negative is a dislike.
        ordered: False for seeds that were named without any order.
    """

    rows: Rows
    weights: Floats
    ordered: bool = False

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.weights):
            raise ValueError("rows and weights of a history must be aligned")

    @classmethod
    def of(
        cls, liked: Sequence[int], disliked: Sequence[int] = (), *, ordered: bool = False
    ) -> History:
        """Likes of weight 1 and dislikes of weight -1; an item named as both is a dislike."""
        refused = dict.fromkeys(disliked)
        kept = [row for row in dict.fromkeys(liked) if row not in refused]
        weights = [1.0] * len(kept) + [-1.0] * len(refused)
        return cls(
            np.asarray([*kept, *refused], dtype=np.int32), np.asarray(weights, np.float32), ordered
        )

    @classmethod
    def empty(cls) -> History:
        """Nothing is known."""
        return cls(np.empty(0, np.int32), np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def kind(self) -> str:
        """The kind of ranker and retrievers it asks for: "next" with an order, else "likes"."""
        return "next" if self.ordered else "likes"

    @property
    def n_liked(self) -> int:
        """How many items have a positive weight."""
        return int(np.count_nonzero(self.weights > 0))

    def liked(self) -> History:
        """Only the items of positive weight."""
        keep = self.weights > 0
        return self if keep.all() else History(self.rows[keep], self.weights[keep], self.ordered)

    def last(self, count: int) -> History:
        """The newest `count` items."""
        if len(self) <= count:
            return self
        return History(self.rows[-count:], self.weights[-count:], self.ordered)

    def faded(self, half_life: float) -> Floats:
        """The weights, float32 [k], halved every `half_life` items back where there is an order."""
        if not self.ordered or len(self) < 2:
            return self.weights
        age = np.arange(len(self) - 1, -1, -1, dtype=np.float32)
        faded: Floats = (self.weights * np.exp2(-age / np.float32(half_life))).astype(np.float32)
        return faded

    def key(self) -> bytes:
        """Equal for equal histories; for caches."""
        return bytes([self.ordered]) + self.rows.tobytes() + b"|" + self.weights.tobytes()
