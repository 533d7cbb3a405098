"""The contract of a retriever: fit, score every item for a history, save, load memory-mapped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .facts import ItemFacts
from .history import History
from .sequences import Sequences


@dataclass(frozen=True)
class Setting:
    """How to fit: randomness, threads, and whether speed counts more than quality."""

    seed: int = 0
    threads: int = 1
    quick: bool = False


@dataclass(frozen=True)
class TrainingData:
    """What there is to learn from."""

    sequences: Sequences
    facts: ItemFacts


class Retriever(ABC):
    """A model that scores all items for a history; more is better.

    Fitting may import SciPy or implicit; scoring, saving and loading need only NumPy. Scores are
    finite, and all zero where the model has nothing to say (an empty history). What a subclass owes
    is held by the contract class in `tests/tools/test_models_retrievers.py`.
    """

    name: ClassVar[str]
    n_items: int

    @classmethod
    @abstractmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Learn from what users took, or from what is known of the items."""

    @abstractmethod
    def scores(self, history: History) -> Floats:
        """float32 [n_items]."""

    def scores_many(self, histories: Sequence[History]) -> Floats:
        """float32 [len(histories), n_items], each row what `scores` gives (up to rounding)."""
        out = np.zeros((len(histories), self.n_items), dtype=np.float32)
        for position, history in enumerate(histories):
            out[position] = self.scores(history)
        return out

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write `.npy` files into the directory."""

    @classmethod
    @abstractmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Open memory-mapped what `save` wrote.

        Raises:
            OSError: a file is missing.
            ValueError: the files do not fit each other or the number of items.
        """


def top_rows(scores: Floats, count: int) -> Rows:
    """The rows of the `count` largest scores, best first, ties by row; int32."""
    count = min(count, len(scores))
    if count <= 0:
        return np.empty(0, dtype=np.int32)
    if count < len(scores):
        cut = np.partition(scores, -count)[-count]
        rows = np.flatnonzero(scores >= cut)
    else:
        rows = np.arange(len(scores))
    order = np.argsort(-scores[rows], kind="stable")[:count]
    return rows[order].astype(np.int32)
