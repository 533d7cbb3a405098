"""The contract of a retriever: fit, score items for a history, best ones, save, load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from recagent_catalogs.interactions import Floats

from .facts import ItemFacts
from .history import History
from .scores import Scores
from .sequences import Sequences


@dataclass(frozen=True)
class Setting:
    """How to fit.

    Attributes:
        seed: of everything random.
        threads: at most so many.
        quick: speed counts more than quality.
        solved: most items of a dense solve, `closed_form.fitting`: found once, so that all fits of
            a training have the same.
    """

    seed: int = 0
    threads: int = 1
    quick: bool = False
    solved: int = 8_000


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
    def score(self, history: History) -> Scores:
        """What it says of every item for that history; nothing is computed that is not asked."""

    def score_many(self, histories: Sequence[History]) -> list[Scores]:
        """`score` for several histories, up to rounding; cheaper where a model can."""
        return [self.score(history) for history in histories]

    def scores(self, history: History) -> Floats:
        """float32 [n_items], the same as one array."""
        return self.score(history).dense()

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
