"""The ranker: LightGBM lambdarank over the features of the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats

from .features import feature_names
from .groups import Group
from .lightgbm_library import LibraryMissing, LibraryRefused, NativeBooster
from .retriever import Setting
from .threads import calm_openmp
from .tree_text import fault

USEFUL_THREADS = 2
"""On a few hundred thousand rows more threads cost more than they bring."""
COMMON: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "feature_fraction": 0.6,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}
MANY_GROUPS = 5_000


def parameters(kind: str, groups: int) -> tuple[dict[str, Any], int]:
    """LightGBM's parameters for a kind of history and so many groups, and the number of trees."""
    if kind == "likes":
        return {**COMMON, "num_leaves": 8, "learning_rate": 0.1, "min_data_in_leaf": 100}, 70
    leaves = 31 if groups >= MANY_GROUPS else 15
    return {**COMMON, "num_leaves": leaves, "learning_rate": 0.05, "min_data_in_leaf": 50}, 120


class Booster(Protocol):
    """What predicts: the C library's booster or the package's."""

    def predict(self, features: Floats) -> NDArray[np.float64]:
        """float64 [m]."""
        ...

    def contributions(self, features: Floats) -> NDArray[np.float64]:
        """float64 [m, F + 1], what each feature and the base add; a row sums to the prediction."""
        ...


class RankerUnavailable(Exception):
    """The ranker cannot run here; the text says why."""


class Ranker:
    """A trained model over the features of one kind of history."""

    def __init__(self, booster: Booster, text: bytes) -> None:
        self.booster, self.text = booster, text

    @classmethod
    def train(cls, groups: Sequence[Group], kind: str, setting: Setting) -> Ranker:
        """Train on groups of that kind of history.

        Raises:
            RankerUnavailable: nothing to learn from, or lightgbm or libgomp cannot be loaded.
        """
        if len(groups) < 2:
            raise RankerUnavailable("too few users to train a ranker")
        lightgbm = _package()
        own, trees = parameters(kind, len(groups))
        own |= {"num_threads": min(setting.threads, USEFUL_THREADS), "seed": setting.seed}
        data = lightgbm.Dataset(
            np.concatenate([group.features for group in groups]),
            label=np.concatenate([group.labels for group in groups]).astype(np.float32),
            group=[len(group.rows) for group in groups],
            feature_name=[name.replace(".", "_") for name in feature_names(kind)],
            params=own,
        )
        booster = lightgbm.train(own, data, num_boost_round=trees // 2 if setting.quick else trees)
        return cls(_Packaged(booster), booster.model_to_string().encode())

    @classmethod
    def of_text(cls, text: bytes, n_features: int) -> Ranker:
        """From the text of a model of so many features, its checksum verified.

        Raises:
            RankerUnavailable: LightGBM cannot be loaded, the text is none that we write, or it is
                another model.
        """
        if wrong := fault(text, n_features):
            raise RankerUnavailable(wrong)
        try:
            native = NativeBooster(text)
            if native.n_features != n_features:
                raise RankerUnavailable("the ranker was trained on other features")
            return cls(native, text)
        except LibraryRefused as error:
            raise RankerUnavailable(str(error)) from error
        except LibraryMissing:
            booster = _package().Booster(model_str=text.decode())
        if booster.num_feature() != n_features:
            raise RankerUnavailable("the ranker was trained on other features")
        return cls(_Packaged(booster), text)

    def predict(self, features: Floats) -> Floats:
        """float32 [m], higher is better."""
        return self.booster.predict(features).astype(np.float32)

    def contributions(self, features: Floats) -> NDArray[np.float64]:
        """What each feature adds to each score, float64 [m, F + 1]; the last is the base."""
        return self.booster.contributions(features)

    def save(self, path: Path) -> None:
        """LightGBM's text form."""
        path.write_bytes(self.text)


class _Packaged:
    """The lightgbm package's booster on one thread."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    def predict(self, features: Floats) -> NDArray[np.float64]:
        if not len(features):
            return np.zeros(0)
        return np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)

    def contributions(self, features: Floats) -> NDArray[np.float64]:
        if not len(features):
            return np.zeros((0, self._booster.num_feature() + 1))
        told = self._booster.predict(features, num_threads=1, pred_contrib=True)
        return np.asarray(told, dtype=np.float64)


def _package() -> Any:
    """The lightgbm package.

    Raises:
        RankerUnavailable: it is not installed, or libgomp is missing.
    """
    calm_openmp()
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise RankerUnavailable(f"LightGBM cannot be loaded: {error}") from error
    return lightgbm
