"""Folds and their results as plain arrays in a directory, for other processes; no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Rows

from .content import Content
from .folds import FoldResult, Folds
from .groups import Cut, Group
from .history import History
from .measured import Measured
from .retriever import Setting
from .sequences import Sequences
from .sparse import load_array

JOB = "folds.json"
Arrays = Mapping[str, NDArray[Any]]


def save_folds(folds: Folds, directory: Path) -> None:
    """Write what `load_folds` reads."""
    known = folds.known
    parts = {"item": known.item, "rating": known.rating, "time": known.time, "indptr": known.indptr}
    for name, array in parts.items():
        if array is not None:
            np.save(directory / f"{name}.npy", array, allow_pickle=False)
    np.save(directory / "year.npy", folds.year, allow_pickle=False)
    np.save(directory / "users.npy", _joined(folds.users, np.int64), allow_pickle=False)
    folds.content.save(directory)
    job = {
        "n_items": known.n_items,
        "usual_length": folds.usual_length,
        "scale": known.scale,
        "rated": known.rating is not None,
        "timed": known.time is not None,
        "sizes": [len(users) for users in folds.users],
        "setting": asdict(folds.setting),
    }
    (directory / JOB).write_text(json.dumps(job), encoding="utf-8")


def load_folds(directory: Path) -> Folds:
    """Open memory-mapped what `save_folds` wrote.

    Raises:
        OSError, ValueError: it is not there or damaged.
    """
    job = json.loads((directory / JOB).read_text(encoding="utf-8"))

    def array(name: str, dtype: Any) -> NDArray[Any]:
        return load_array(directory / f"{name}.npy", dtype)

    known = Sequences(
        array("item", np.int32),
        array("rating", np.float32) if job["rated"] else None,
        array("time", np.int64) if job["timed"] else None,
        array("indptr", np.int64),
        int(job["n_items"]),
        tuple(job["scale"]) if job["scale"] else None,
    )
    users = _split(array("users", np.int64), job["sizes"])
    content = Content.load(directory, known.n_items)
    setting = Setting(**job["setting"])
    year, usual = array("year", np.float32), float(job["usual_length"])
    return Folds(known, content, year, usual, users, setting)


def save_result(result: FoldResult, path: Path) -> None:
    """Write what `load_result` reads, one `.npz` file."""
    arrays: dict[str, NDArray[Any]] = {}
    for kind, groups in result.groups.items():
        arrays |= _group_arrays(f"groups.{kind}", groups)
    newcomers = result.newcomers
    arrays |= _group_arrays("newcomers", [one.group for one in newcomers])
    arrays["newcomers.blended"] = _joined([one.blended for one in newcomers], np.float32)
    for part, listed in (
        ("history", [one.cut.history.rows for one in newcomers]),
        ("targets", [one.cut.targets for one in newcomers]),
    ):
        arrays[f"newcomers.{part}"] = _joined(listed, np.int32)
        arrays[f"newcomers.{part}.sizes"] = _sizes(listed)
    for model in newcomers[0].lists if newcomers else ():
        listed = [one.lists[model] for one in newcomers]
        arrays[f"list.{model}"] = _joined(listed, np.int32)
        arrays[f"list.{model}.sizes"] = _sizes(listed)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load_result(path: Path, kinds: Sequence[str]) -> FoldResult:
    """What `save_result` wrote.

    Raises:
        OSError, ValueError, KeyError: it is not there or damaged.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    groups = {kind: _groups(f"groups.{kind}", arrays) for kind in kinds}
    return FoldResult(groups, _newcomers(arrays))


def _newcomers(arrays: Arrays) -> list[Measured]:
    groups = _groups("newcomers", arrays)
    blended = _split(arrays["newcomers.blended"], [len(group.rows) for group in groups])
    histories, targets = _lists("newcomers.history", arrays), _lists("newcomers.targets", arrays)
    names = [name[5:] for name in arrays if name.startswith("list.") and name[-6:] != ".sizes"]
    lists = {name: _lists(f"list.{name}", arrays) for name in names}
    return [
        Measured(
            Cut(History.of(histories[place].tolist()), targets[place]),
            {name: rows[place] for name, rows in lists.items()},
            group,
            blended[place],
        )
        for place, group in enumerate(groups)
    ]


def _group_arrays(name: str, groups: Sequence[Group]) -> dict[str, NDArray[Any]]:
    features = [group.features for group in groups]
    width = features[0].shape[1] if features else 0
    stacked = np.concatenate(features) if features else np.empty((0, width), np.float32)
    return {
        f"{name}.features": stacked,
        f"{name}.labels": _joined([group.labels for group in groups], np.bool_),
        f"{name}.rows": _joined([group.rows for group in groups], np.int32),
        f"{name}.sizes": _sizes([group.rows for group in groups]),
    }


def _groups(name: str, arrays: Arrays) -> list[Group]:
    parts = (_split(arrays[f"{name}.{part}"], arrays[f"{name}.sizes"]) for part in PARTS)
    return [Group(*part) for part in zip(*parts, strict=True)]


PARTS = ("rows", "features", "labels")


def _lists(name: str, arrays: Arrays) -> list[Rows]:
    return _split(arrays[name], arrays[f"{name}.sizes"])


def _joined(parts: Sequence[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)


def _sizes(parts: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    return np.array([len(part) for part in parts], dtype=np.int64)


def _split(array: NDArray[Any], sizes: Any) -> list[NDArray[Any]]:
    sizes = np.asarray(sizes, dtype=np.int64)
    return np.split(array, np.cumsum(sizes)[:-1]) if len(sizes) else []
