"""A catalog's tags and kinds as vectors: written with a build, looked through for a phrase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.schema import Role

from .artefacts import ArtefactError, open_build
from .sparse import load_array
from .static_model import StaticModel, Vector, digest

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

KEY = "semantic"
"""Among the settings in the manifest: the model's sha256, the columns, the numbers in a vector."""
VECTORS = "semantic.npy"
STAMPS = "semantic.stamps.json"
MOST_VALUES = 20_000
"""A column's commonest; 20 MB of vectors of 256 numbers, 3 ms a phrase."""
ROLES = (Role.CATEGORIES, Role.TAGS)
ENOUGH, DEVIATIONS = 100, 3.0
"""Of so many values the near ones must stand out by so much: in some models all texts are near."""


class Vocabulary:
    """The vectors of a catalog's tags and kinds, and the model that made them.

    Args:
        model: it.
        names: ("column", "value") of each vector.
        vectors: float32 [values, width], of length 1.
    """

    def __init__(
        self, model: StaticModel, names: Sequence[tuple[str, str]], vectors: Vector
    ) -> None:
        self._model, self._names, self._vectors = model, names, vectors

    def near(self, phrase: str, least: float) -> Iterator[tuple[tuple[str, str], float]]:
        """("column", "value") and cosine of the values near a phrase, the nearest first.

        Args:
            phrase: a few words.
            least: the cosine from which on they count as near.
        """
        cosines = self._vectors @ self._model.vector(phrase)
        if len(cosines) >= ENOUGH:
            least = max(least, float(cosines.mean() + DEVIATIONS * cosines.std()))
        near = np.flatnonzero(cosines >= least)
        for place in near[np.argsort(-cosines[near], kind="stable")].tolist():
            yield self._names[place], float(cosines[place])


class VocabularyWriter:
    """Embeds a catalog's values; made before the training, so that a wrong model ends it at once.

    Raises:
        BadInput: there is no such model, or it is damaged.
        RecagentError: the library of tokenizers is not installed.
    """

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self._catalog = catalog
        self._model = StaticModel(folder)
        self._columns = [column.name for column in catalog.schema.with_role(*ROLES)]
        self._sha256 = digest(folder)

    @property
    def setting(self) -> dict[str, Any]:
        """What the manifest says of it among the build's settings, which name the build."""
        told = {"sha256": self._sha256, "columns": self._columns, "width": self._model.width}
        return {KEY: told}

    def write(self, directory: Path) -> None:
        """Write the vectors into a build's directory."""
        names = _names(self._catalog, self._columns)
        vectors = np.zeros((len(names), self._model.width), dtype=np.float32)
        for row, (_, value) in enumerate(names):
            vectors[row] = self._model.vector(value)
        np.save(directory / VECTORS, vectors, allow_pickle=False)


def _names(catalog: Catalog, columns: Sequence[str]) -> list[tuple[str, str]]:
    """("column", "value") in the order of the vectors; a column's values go by frequency."""
    return [(name, value) for name in columns for value in catalog.words(name).values[:MOST_VALUES]]


def open_vocabulary(catalog: Catalog, models_dir: Path, folder: Path) -> Vocabulary:
    """The vectors of the current build, with the model that made them.

    Raises:
        BadInput: the model is gone or damaged.
        RecagentError: the build has no vectors of this model, or there is no library of tokenizers.
    """
    name = catalog.path.name
    again = f"recagent build {name}"
    try:
        found = open_build(models_dir, catalog.fingerprint)
        made = found[1]["settings"].get(KEY) if found else None
        if found is None or made is None:
            raise RecagentError(f"the models of {name} were made without it", hint=again)
        if made["sha256"] != digest(folder, models_dir / STAMPS):
            raise RecagentError(f"the models of {name} were made with another one", hint=again)
        names = _names(catalog, made["columns"])
        vectors = load_array(found[0] / VECTORS, np.float32, (len(names), made["width"]))
    except (ArtefactError, OSError, ValueError, KeyError, TypeError) as error:
        raise RecagentError(f"its vectors cannot be used: {error}", hint=again) from error
    return Vocabulary(StaticModel(folder), names, vectors)
