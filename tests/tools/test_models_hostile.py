"""Models that others wrote: what their numbers and texts say is believed by no one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs import children
from recagent_catalogs.arrays import read_array
from recagent_catalogs.errors import NotFound
from recagent_catalogs.store import Catalog
from recagent_tools.models import artefacts, trial
from recagent_tools.models.artefacts import (
    open_build,
    pointer_of,
    write_build,
    wrong_with_build,
)
from recagent_tools.models.engine import Engine, mend_builds
from recagent_tools.models.history import History
from recagent_tools.models.tree_text import fault

from ..conftest import copy_models
from ..hostile.models import (
    POINTERS,
    array_edits,
    current_build,
    manifests,
    point_anew,
    sum_anew,
    text_edits,
)

EVEN = History.of([0, 4, 8])
ROWS = np.arange(16, dtype=np.int32)
HEADERS = ("shape", "header", "a pickle")
HARMLESS = (
    "content.groups.npy: other order of bytes",  # of single bytes there is none
    "held_back.npy: half as long",  # fewer people were measured
    "held_back.npy: empty",
)


@pytest.fixture(scope="module")
def catalog(films_home: Path) -> Iterator[Catalog]:
    films = Catalog.open(films_home / "data" / "catalogs" / "films")
    yield films
    films.close()


@pytest.fixture(scope="module")
def built(films_home: Path) -> Path:
    return films_home / "data" / "models" / "films"


@pytest.fixture
def models(built: Path, tmp_path: Path) -> Path:
    """A copy of the build that a test may edit."""
    copy_models(built, tmp_path / "models")
    return tmp_path / "models"


def no_trial(*_: object) -> dict[str, str]:
    raise AssertionError("what was made here need not be tried")


def test_edited_trees_are_refused_before_the_library_sees_them(built: Path) -> None:
    for path in current_build(built).glob("ranker.*.txt"):
        text = path.read_bytes()
        n_features = int(text.split(b"max_feature_idx=")[1].split(b"\n")[0]) + 1
        assert fault(text, n_features) == ""
        edits = text_edits(text)
        assert [name for name, edited in edits.items() if not fault(edited, n_features)] == []


def test_numbers_that_no_model_has_are_found(catalog: Catalog, models: Path) -> None:
    directory = current_build(models)
    manifest = json.loads((directory / "manifest.json").read_bytes())
    trial.check_retrievers(Engine.of_build(catalog, directory, manifest))
    passed = []
    for place, path in enumerate(sorted(directory.glob("*.npy"))):
        content = path.read_bytes()
        for name, edited in array_edits(content).items():
            if f"{path.name}: {name}" in HARMLESS or (name.startswith(HEADERS) and place > 2):
                continue
            path.write_bytes(edited)
            try:
                trial.check_retrievers(Engine.of_build(catalog, directory, manifest))
                passed.append(f"{path.name}: {name}")
            except (ValueError, KeyError, IndexError, NotFound):
                pass
        path.write_bytes(content)
    assert not passed, "\n".join(passed)


def test_a_header_is_believed_only_where_the_file_is_as_long(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for array in (np.arange(9.0), np.zeros((0, 3)), np.asfortranarray(np.eye(200)), np.array(7)):
        np.save(path, array)
        assert np.array_equal(read_array(path), array)
    np.save(path, np.arange(9.0))
    for name, edited in array_edits(path.read_bytes()).items():
        path.write_bytes(edited)
        if name.startswith(("shape", "header", "a pickle")):
            with pytest.raises(ValueError, match=r"a\.npy"):
                read_array(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="no regular file"):
        read_array(path)


def test_a_build_made_elsewhere_is_tried_once(
    catalog: Catalog, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = Path(shutil.copytree(models, tmp_path / "foreign"))
    for path in current_build(foreign).glob("ranker.*.txt"):
        path.write_bytes(text_edits(path.read_bytes())["child is its parent"])
    sum_anew(foreign)
    engine = Engine.open(catalog, foreign)  # in a child that is really started
    assert engine.trained and engine.ranked_by(EVEN) == "blend"
    assert "is no tree" in engine.damaged and engine.notices == [engine.damaged]
    assert np.isfinite(engine.rank(ROWS, EVEN)).all()
    monkeypatch.setattr(trial, "try_build", no_trial)
    assert Engine.open(catalog, foreign).damaged == engine.damaged
    assert Engine.open(catalog, models).ranked_by(EVEN) == "ranker"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os; os.kill(os.getpid(), 11)", "ended the process"),
        ("import time; time.sleep(60)", "no end"),
        ("print('{}'); print('[1]'); print('{\"retrievers\": \"\"}')", "ended the process"),
    ],
)
def test_what_ends_the_trial_or_hangs_does_not_end_who_asked(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch, code: str, told: str
) -> None:
    monkeypatch.setattr(children, "python", lambda module: [sys.executable, "-c", code])
    monkeypatch.setattr(trial, "SECONDS", 0.3)
    wrong = trial.try_build(catalog.path, current_build(models), True, 0)
    assert told in wrong["rankers"]
    assert ("retrievers" in code) == (wrong["retrievers"] == "")


def test_the_build_before_serves_where_the_current_one_is_damaged(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "try_build", lambda *_: {"retrievers": "", "rankers": ""})
    first = current_build(models)
    manifest = json.loads((first / "manifest.json").read_bytes())
    del manifest["files"]
    manifest["settings"]["later"] = True
    parts = [path for path in first.iterdir() if path.suffix in (".npy", ".txt")]

    def later(place: Path) -> None:
        for path in parts:
            shutil.copyfile(path, place / path.name)

    _, second = write_build(models, later, manifest)
    for name in ("als.factors.npy", "ranker.likes.txt", "manifest.json"):
        whole = (second / name).read_bytes()
        (second / name).write_bytes(whole[:-9])
        engine = Engine.open(catalog, models)
        assert engine.trained and not engine.damaged
        assert engine._directory == first and "the build before" in engine.notices[0]
        (second / name).write_bytes(whole)
    # who trains now must not lose the only build that is whole
    (second / "als.factors.npy").write_bytes(b"")
    manifest["settings"]["later"] = False
    write_build(models, later, manifest)
    assert first.is_dir() and not second.exists()


def _built_again(models: Path) -> tuple[Path, Path]:
    """The current build and one before it, both with the same numbers."""
    first = current_build(models)
    manifest = json.loads((first / "manifest.json").read_bytes())
    manifest["settings"]["later"] = True
    parts = list(manifest.pop("files"))

    def later(place: Path) -> None:
        for name in parts:
            shutil.copyfile(first / name, place / name)

    return write_build(models, later, manifest)[1], first


def _rotten(path: Path) -> None:
    """Another byte in a file, its size and its times as they were."""
    raw, stat = bytearray(path.read_bytes()), path.stat()
    raw[-1] ^= 1
    path.write_bytes(raw)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize(
    ("damaged", "used", "tried"),
    [
        ({"current": "als.factors.npy"}, "before", ()),
        ({"current": "manifest.json"}, "before", ()),
        ({"current": "ranker.likes.txt"}, "before", ()),
        ({"current": "ranker.likes.txt", "before": "als.factors.npy"}, "current", ()),
        ({"before": "als.factors.npy"}, "current", ()),
        ({"current": "als.factors.npy", "before": "manifest.json"}, "", ()),
        ({"pointer": "x"}, "current", ()),
        # Whole, but what tried it says that it cannot be used: no checksum tells.
        ({"pointer": "x"}, "before", ("current",)),
    ],
)
def test_mended_is_what_would_be_used(
    catalog: Catalog,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    damaged: dict[str, str],
    used: str,
    tried: tuple[str, ...],
) -> None:
    current, before = _built_again(models)
    places = {"current": current, "before": before}
    for which, name in damaged.items():
        if which == "pointer":
            (models / "current").write_text(name)
        else:
            _rotten(places[which] / name)
    for which in tried:
        (places[which] / "checked.json").unlink()
    wrong = {"retrievers": "no good", "rankers": "no good"}
    monkeypatch.setattr(trial, "try_build", lambda *_: wrong)
    mended = mend_builds(catalog, models)
    assert (mended.directory if mended else None) == places.get(used)
    told = pointer_of(models)
    assert (told and told[0]) == (places[used].name if used else None)
    engine = Engine.open(catalog, models)
    assert engine._directory == (places[used] if used else None)
    assert not any("the build before" in notice for notice in engine.notices)
    there = [path for path in places.values() if path.is_dir()]
    assert all(path == places.get(used) or not any(wrong_with_build(path)) for path in there)
    assert not told or told[2] in ("", *(path.name for path in there))


def test_models_of_other_data_are_none_of_the_doctors(catalog: Catalog, models: Path) -> None:
    current, before = _built_again(models)
    _rotten(before / "als.factors.npy")
    assert mend_builds(_Changed(catalog.path), models) is None
    told = pointer_of(models)
    assert told is not None and told[0] == current.name and not before.exists()


class _Changed(Catalog):
    """A catalog whose data were replaced after its models had been trained."""

    def __init__(self, path: Path) -> None:
        self.path, self.fingerprint = path, "other"


def test_manifests_and_pointers_that_say_what_cannot_be(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried(path: Path, directory: Path, rankers: bool, size: int) -> dict[str, str]:
        told = json.loads((directory / "manifest.json").read_bytes())
        try:
            trial.check_retrievers(Engine.of_build(catalog, directory, told))
        except Exception as error:
            return {"retrievers": repr(error), "rankers": ""}
        return {"retrievers": "", "rankers": ""}

    monkeypatch.setattr(trial, "try_build", tried)
    pointer = (models / "current").read_bytes()
    manifest = json.loads((current_build(models) / "manifest.json").read_bytes())
    for name, edited in manifests(manifest).items():
        point_anew(models, edited)
        for checked in models.glob("*/checked.json"):
            checked.unlink()
        engine = Engine.open(catalog, models)
        assert engine.notices or name in ("settings nothing", "retrievers none"), name
        assert np.isfinite(engine.rank(ROWS, EVEN)).all(), name
    (models / "current").write_bytes(pointer)
    point_anew(models, manifest)
    for name, content in POINTERS.items():
        (models / "current").write_bytes(content)
        engine = Engine.open(catalog, models)
        assert engine.notices and np.isfinite(engine.rank(ROWS, EVEN)).all(), name
    assert artefacts.BUILD.fullmatch(current_build_name(models))


def current_build_name(models: Path) -> str:
    return next(path.name for path in models.iterdir() if path.is_dir())


def test_a_build_of_that_name_with_other_files_is_not_taken_for_ours(tmp_path: Path) -> None:
    def write(place: Path) -> None:
        (place / "a.npy").write_text("ours")

    told = {"data": {"fingerprint": "f"}}
    name, place = write_build(tmp_path, write, told)
    (place / "a.npy").write_text("theirs")
    sum_anew(tmp_path)
    assert write_build(tmp_path, write, told)[0] == name
    found = open_build(tmp_path, "f")
    assert found is not None and (found[0] / "a.npy").read_text() == "ours"
