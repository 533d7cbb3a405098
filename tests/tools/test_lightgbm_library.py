"""The C library by ctypes predicts to the last bit what LightGBM's package predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recagent_tools.models.lightgbm_library import NativeBooster

ROWS, COLUMNS = 600, 12
COMMON = {"num_threads": 1, "verbosity": -1, "min_data_in_leaf": 3, "deterministic": True}
MODELS: dict[str, tuple[int, dict[str, Any]]] = {
    "lambdarank": (150, {"objective": "lambdarank", "num_leaves": 15}),
    "few leaves": (300, {"objective": "lambdarank", "num_leaves": 2}),
    "regression": (120, {"objective": "regression", "num_leaves": 63}),
    "a sigmoid at the end": (100, {"objective": "binary", "num_leaves": 31}),
    "zero is missing": (60, {"objective": "regression", "zero_as_missing": True}),
    "missing is nothing": (60, {"objective": "regression", "use_missing": False}),
    "sampled": (80, {"objective": "regression", "bagging_fraction": 0.5, "bagging_freq": 1}),
    "one tree": (1, {"objective": "lambdarank"}),
}


def matrix(seed: int, holes: float) -> NDArray[np.float32]:
    """Few and many distinct values, zeros, infinities, and columns that are all unknown."""
    rng = np.random.default_rng(seed)
    made = rng.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    made[:, 1] = np.round(made[:, 1])
    made[:, 2] *= np.float32(1e30)
    made[rng.random(made.shape) < holes] = np.nan
    made[rng.random(made.shape) < 0.05] = 0
    made[rng.random(made.shape) < 0.01] = np.inf
    made[:, 5] = np.nan
    return made


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_the_packages(name: str) -> None:
    import lightgbm

    trees, options = MODELS[name]
    known = matrix(0, 0.2)
    label = ((known[:, 0] > 0.3) | (known[:, 3] > 0.9)).astype(np.float32)
    group = [20] * (ROWS // 20) if options["objective"] == "lambdarank" else None
    data = lightgbm.Dataset(known, label=label, group=group)
    text = lightgbm.train({**COMMON, **options}, data, trees).model_to_string()
    native, package = NativeBooster(text.encode()), lightgbm.Booster(model_str=text)
    assert native.n_features == COLUMNS
    for features in (known, matrix(1, 0.0), matrix(2, 0.9), known[:1], known[::3]):
        theirs = package.predict(features, num_threads=1)
        np.testing.assert_array_equal(native.predict(features), theirs)
    assert len(np.unique(native.predict(known))) > 1
