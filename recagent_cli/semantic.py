"""Soft wishes matched by sentence embeddings: opened when the first phrase needs it, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from recagent_catalogs.errors import RecagentError

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.semantic import Vocabulary

THRESHOLD = 0.6
"""From this cosine on about three of four readings were right with a sentence transformer; below
it a wrong reading is worse than none. Static models of other scales have the setting for it."""


def in_a_line(error: RecagentError) -> str:
    """What is wrong, and what to do next."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


class SemanticMatcher:
    """Names the tags and kinds of a catalog that are near a phrase in meaning.

    Args:
        catalog: whose tags and kinds.
        models_dir: where the builds of this catalog live.
        folder: of the model, as the settings name it.
        threshold: the cosine from which on a value is near.
        tell: takes the one sentence that says why it does not work.
    """

    def __init__(
        self,
        catalog: Catalog,
        models_dir: Path,
        folder: Path,
        threshold: float = THRESHOLD,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._catalog, self._models_dir, self._folder = catalog, models_dir, folder
        self._threshold, self._tell = threshold, tell
        self._vocabulary: Vocabulary | None = None
        self._failed = False

    def nearest(self, phrase: str) -> Iterable[tuple[tuple[str, str], float]]:
        """("column", "value") and cosine, the nearest first; nothing where it does not work."""
        if self._vocabulary is None and not self._failed:
            try:
                self._vocabulary = self.open()
            except RecagentError as error:
                self._failed = True
                self._tell(f"semantic.model is not used: {in_a_line(error)}")
        return () if self._vocabulary is None else self._vocabulary.near(phrase, self._threshold)

    def open(self) -> Vocabulary:
        """The vectors of the current build and the model that made them.

        Raises:
            RecagentError: they cannot be used; the message says why.
        """
        from recagent_tools.models.semantic import open_vocabulary

        return open_vocabulary(self._catalog, self._models_dir, self._folder)
