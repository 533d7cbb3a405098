"""LightGBM's own C library by ctypes: predicting this way costs 20 ms where the package takes 400.

Only what prediction needs. The library is the one that the installed lightgbm package ships; the
package itself is not imported.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats

from .threads import calm_openmp

PLACES = (
    "lib/lib_lightgbm.so",
    "lib/lib_lightgbm.dylib",
    "lib/lib_lightgbm.dll",
    "bin/lib_lightgbm.dll",
    "bin/lib_lightgbm.so",
)
FLOAT32, ROW_MAJOR, NORMAL, CONTRIBUTIONS = 0, 1, 0, 3
PARAMETERS = b"num_threads=1 verbosity=-1 predict_disable_shape_check=false"


def _silent(message: bytes) -> None:
    """The library would print to standard output, which belongs to data."""


_LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(_silent)


class LibraryMissing(Exception):
    """LightGBM's library is not installed or cannot be loaded (libgomp missing, no wheel)."""


class LibraryRefused(Exception):
    """The library refused a model or a matrix; the text is its own."""


@lru_cache(maxsize=1)
def load_library() -> ctypes.CDLL:
    """The C library, loaded once.

    Raises:
        LibraryMissing: it is not there, or the loader refused it.
    """
    calm_openmp()
    spec = find_spec("lightgbm")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    paths = [Path(folder) / place for folder in folders for place in PLACES]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise LibraryMissing("lightgbm is not installed")
    try:
        library = ctypes.CDLL(str(path))
        library.LGBM_GetLastError.restype = ctypes.c_char_p
        library.LGBM_RegisterLogCallback(_LOG_CALLBACK)
    except (OSError, AttributeError) as error:
        raise LibraryMissing(str(error)) from error
    return library


class NativeBooster:
    """A LightGBM model read from its text form by the C library.

    The text must come from a file whose checksum was verified: a damaged one can end the process.
    """

    def __init__(self, text: bytes) -> None:
        self._library = load_library()
        self._handle = ctypes.c_void_p()
        iterations = ctypes.c_int(0)
        self._call(
            self._library.LGBM_BoosterLoadModelFromString,
            ctypes.c_char_p(text),
            ctypes.byref(iterations),
            ctypes.byref(self._handle),
        )
        features = ctypes.c_int(0)
        self._call(self._library.LGBM_BoosterGetNumFeature, self._handle, ctypes.byref(features))
        self.n_features = features.value

    def _call(self, function: Callable[..., int], *arguments: Any) -> None:
        if function(*arguments) != 0:
            message = self._library.LGBM_GetLastError() or b"unknown error"
            raise LibraryRefused(message.decode("utf-8", "replace"))

    def predict(self, features: Floats) -> NDArray[np.float64]:
        """float64 [len(features)], one thread.

        Args:
            features: float32 [m, n_features].

        Raises:
            ValueError: another number of columns.
            LibraryRefused: the library's own error.
        """
        return self._predicted(features, NORMAL, 1)[:, 0]

    def contributions(self, features: Floats) -> NDArray[np.float64]:
        """What each feature adds to each score, float64 [len(features), n_features + 1].

        SHAP values of the trees (Lundberg et al. 2018); the last column is the base, and a row sums
        to its score. Raises as `predict`.
        """
        return self._predicted(features, CONTRIBUTIONS, self.n_features + 1)

    def _predicted(self, features: Floats, kind: int, width: int) -> NDArray[np.float64]:
        matrix = np.ascontiguousarray(features, dtype=np.float32)
        if matrix.ndim != 2 or matrix.shape[1] != self.n_features:
            raise ValueError(f"expected {self.n_features} features, got {matrix.shape}")
        out = np.zeros((len(matrix), width), dtype=np.float64)
        if not len(matrix):
            return out
        length = ctypes.c_int64(0)
        self._call(
            self._library.LGBM_BoosterPredictForMat,
            self._handle,
            matrix.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(FLOAT32),
            ctypes.c_int32(matrix.shape[0]),
            ctypes.c_int32(matrix.shape[1]),
            ctypes.c_int(ROW_MAJOR),
            ctypes.c_int(kind),
            ctypes.c_int(0),
            ctypes.c_int(-1),
            ctypes.c_char_p(PARAMETERS),
            ctypes.byref(length),
            out.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        )
        return out

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.LGBM_BoosterFree(self._handle)
