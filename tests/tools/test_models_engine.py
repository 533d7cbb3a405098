"""Builds and the engine: on disk, damaged, foreign, without libraries; and LightGBM by ctypes."""

from __future__ import annotations

import ctypes
import importlib.abc
import importlib.machinery
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recagent_catalogs.store import Catalog
from recagent_tools.models import fold_worker, folds, lightgbm_library, training
from recagent_tools.models.content import Content
from recagent_tools.models.engine import Engine
from recagent_tools.models.facts import ItemFacts, facts_of
from recagent_tools.models.feature_words import EXACT, FAMILIES, feature_words
from recagent_tools.models.features import KINDS, SCORED, FirstStage, feature_names
from recagent_tools.models.fold_worker import FoldPool
from recagent_tools.models.folds import FoldResult, Folds, folds_of, run_fold
from recagent_tools.models.groups import Cut, Group
from recagent_tools.models.history import History
from recagent_tools.models.lightgbm_library import LibraryRefused, NativeBooster
from recagent_tools.models.ranker import Ranker, RankerUnavailable, _Packaged
from recagent_tools.models.retriever import Setting
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.training import BuildReport, build

from ..conftest import copy_models
from .models_data import ITEMS, interactions, make_catalog

NAMES = feature_names("likes")
EVEN = History.of([0, 4, 8])


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    made = make_catalog(tmp_path_factory.mktemp("board"), users=90)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    made = make_catalog(tmp_path_factory.mktemp("bare"), users=0, name="bare")
    yield made
    made.close()


@pytest.fixture(scope="module")
def built(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    models = tmp_path_factory.mktemp("models")
    return models, build(catalog, models, threads=1)


@pytest.fixture
def models(built: tuple[Path, BuildReport], tmp_path: Path) -> Path:
    """A copy of the build that a test may damage."""
    copy_models(built[0], tmp_path / "models")
    return tmp_path / "models"


def test_a_build_measures_every_model(built: tuple[Path, BuildReport]) -> None:
    _, report = built
    last = {row["model"]: row for row in report.metrics if row["protocol"].startswith("held-back")}
    expected = {"popularity", *SCORED["next"], "blend", "ranker"}
    assert set(last) == expected
    assert all(0 <= row["ndcg@10"] <= row["hr@10"] <= 1 for row in report.metrics)
    # ten odd and ten even items, eight taken: likeness finds the rest, popularity cannot
    assert last["als"]["ndcg@10"] > 1.5 * last["popularity"]["ndcg@10"]
    header, rows = report.table()
    assert len(header) == len(rows[0])
    assert "90 users" in report.summary()
    json.dumps(report.to_json())


def test_the_engine_serves_the_build(catalog: Catalog, built: tuple[Path, BuildReport]) -> None:
    engine = Engine.open(catalog, built[0])
    assert engine.trained and not engine.notices
    sparse = tuple(name for name in SCORED["likes"] if name != "ease")
    assert engine.names(EVEN) == sparse
    rows = np.setdiff1d(np.arange(ITEMS, dtype=np.int32), EVEN.rows)
    scores = engine.rank(rows, EVEN)
    assert np.isfinite(scores).all()
    assert set(rows[np.argsort(-scores)][:7].tolist()) == set(range(0, ITEMS, 2)) - {0, 4, 8}
    assert engine.ranked_by(EVEN) == "ranker"


def test_scores_cover_the_catalog(catalog: Catalog, built: tuple[Path, BuildReport]) -> None:
    engine = Engine.open(catalog, built[0])
    for name in engine.names(EVEN):
        assert engine.scores(name, EVEN, np.arange(ITEMS, dtype=np.int32)).shape == (ITEMS,)
    assert engine.popularity("all").sum() == 90 * 8
    assert (engine.popularity("recent") <= engine.popularity("all")).all()


def test_a_user_of_the_data_has_a_history(
    catalog: Catalog, built: tuple[Path, BuildReport]
) -> None:
    engine = Engine.open(catalog, built[0])
    history = engine.user_history(1)
    assert history.ordered and len(history) == 8
    assert (history.rows % 2 == history.rows[0] % 2).all()
    assert np.isfinite(engine.rank(np.arange(ITEMS, dtype=np.int32), history)).all()
    with pytest.raises(IndexError):
        engine.user_history(90)


def test_retrieval_leaves_the_history_out_and_keeps_to_the_mask(
    catalog: Catalog, built: tuple[Path, BuildReport]
) -> None:
    engine = Engine.open(catalog, built[0])
    allowed = np.arange(ITEMS) < 10
    rows = engine.retrieve(EVEN, 6, allowed)
    assert len(rows) == len(set(rows.tolist())) == 6
    assert (rows < 10).all() and not np.isin(rows, EVEN.rows).any()
    assert len(engine.retrieve(History.empty(), 5)) == 5
    assert len(engine.retrieve(EVEN, 5, np.zeros(ITEMS, dtype=bool))) == 0


def test_nobody_in_particular_gets_what_is_popular(
    catalog: Catalog, built: tuple[Path, BuildReport]
) -> None:
    engine = Engine.open(catalog, built[0])
    rows = np.arange(ITEMS, dtype=np.int32)
    scores = engine.rank(rows, History.empty())
    popular = engine.popularity("all")
    assert popular[scores.argmax()] >= np.sort(popular)[-8]
    assert engine.rank(np.empty(0, np.int32), EVEN).shape == (0,)


def test_evidence_counts_are_exact(catalog: Catalog, built: tuple[Path, BuildReport]) -> None:
    engine = Engine.open(catalog, built[0])
    taken = catalog.interactions
    assert taken is not None
    found = engine.together(2, EVEN)
    users = {row: set(taken.user[taken.item == row].tolist()) for row in (0, 2, 4, 8)}
    assert found
    for seed, both, count in found:
        assert both == len(users[2] & users[seed])
        assert count == len(users[seed])
    assert {seed for seed, *_ in found} <= {0, 4, 8}
    assert engine.together(2, History.empty()) == []


def test_the_same_build_again_has_the_same_name_and_scores(
    catalog: Catalog, built: tuple[Path, BuildReport], tmp_path: Path
) -> None:
    again = build(catalog, tmp_path, threads=1)
    assert again.build == built[1].build
    assert again.metrics == built[1].metrics
    other = build(catalog, tmp_path, threads=1, seed=1, quick=True)
    assert other.build != again.build
    assert again.directory.is_dir() and other.directory.is_dir(), "the previous build is kept"
    manifest = Engine.open(catalog, tmp_path).manifest
    assert manifest is not None and manifest["build"] == other.build


def test_progress_goes_forward(catalog: Catalog, tmp_path: Path) -> None:
    shares: list[float] = []
    build(catalog, tmp_path, threads=1, quick=True, progress=lambda _, share: shares.append(share))
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1


def test_never_built_is_untrained_and_no_fault(catalog: Catalog, tmp_path: Path) -> None:
    engine = Engine.open(catalog, tmp_path / "nothing")
    assert not engine.trained and not engine.notices
    assert engine.names(EVEN) == ("content",)
    rows = np.arange(1, ITEMS, dtype=np.int32)
    best = rows[np.argsort(-engine.rank(rows, History.of([0])))][:9]
    assert (best % 2 == 0).all(), "content knows even from odd"
    assert engine.ranked_by(EVEN) == "blend"


def test_a_catalog_without_interactions_is_served_by_content(bare: Catalog, tmp_path: Path) -> None:
    report = build(bare, tmp_path)
    assert "no interactions" in report.notices[0] and not report.metrics
    engine = Engine.open(bare, tmp_path)
    assert engine.trained and engine.names(EVEN) == ("content",)
    rows = engine.retrieve(EVEN, 5)
    assert (rows % 2 == 0).all()
    assert np.isfinite(engine.rank(rows, History.empty())).all()
    by, shares, prior = engine.shares(2, EVEN)
    assert by == "content" and shares.max() > 0 and prior == 0
    with pytest.raises(IndexError):
        engine.user_history(0)


def _build_files(models: Path) -> list[Path]:
    directory = next(path for path in models.iterdir() if path.is_dir())
    return sorted(path for path in directory.iterdir() if path.name != "checked.json")


def test_any_damaged_file_falls_back_with_a_notice(catalog: Catalog, models: Path) -> None:
    assert Engine.open(catalog, models).trained  # writes what was verified
    for path in _build_files(models):
        content = path.read_bytes()
        flipped = bytearray(content)
        flipped[len(flipped) // 2] ^= 1
        for damage in (bytes(flipped), content[: len(content) // 2], b""):
            path.write_bytes(damage)
            engine = Engine.open(catalog, models)
            # what LightGBM would parse can be done without
            assert engine.trained == path.name.startswith("ranker."), path.name
            assert "damaged" in engine.damaged and engine.notices == [engine.damaged]
            assert engine.ranked_by(EVEN) == "blend"
            assert np.isfinite(engine.rank(np.arange(ITEMS, dtype=np.int32), EVEN)).all()
        path.unlink()
        assert "is missing" in Engine.open(catalog, models).damaged or path.name == "manifest.json"
        path.write_bytes(content)
    assert Engine.open(catalog, models).trained


@pytest.mark.parametrize("pointer", ["", "{}", '{"build": "../../etc"}', "\x00\x01", '["a"]'])
def test_where_the_pointer_is_damaged_the_build_is_found_by_its_name(
    catalog: Catalog, models: Path, pointer: str
) -> None:
    (models / "current").write_text(pointer, encoding="utf-8")
    engine = Engine.open(catalog, models)
    assert engine.trained and "(the pointer)" in engine.notices[0]


def test_models_of_other_data_are_refused(bare: Catalog, models: Path) -> None:
    engine = Engine.open(bare, models)
    assert not engine.trained
    assert "changed since" in engine.notices[0]


def test_a_ranker_damaged_after_opening_never_reaches_lightgbm(
    catalog: Catalog, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine.open(catalog, models)
    for path in models.glob("*/ranker.*.txt"):
        path.write_bytes(path.read_bytes()[:500])
    monkeypatch.setattr(Ranker, "of_text", lambda *_: pytest.fail("parsed a damaged model"))
    assert np.isfinite(engine.rank(np.arange(ITEMS, dtype=np.int32), EVEN)).all()
    assert "blend" in engine.notices[0]


class _Hidden(importlib.abc.MetaPathFinder):
    """Refuses implicit and lightgbm as a machine without libgomp does."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.split(".")[0] in ("implicit", "lightgbm"):
            raise OSError("libgomp.so.1: cannot open shared object file: No such file")
        return None


@pytest.fixture
def no_libgomp(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file: No such file")

    for name in list(sys.modules):
        if name.split(".")[0] in ("implicit", "lightgbm"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Hidden(), *sys.meta_path])
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    # find_spec would meet the hidden finder; the file itself is there on such a machine
    spec = importlib.machinery.PathFinder.find_spec("lightgbm")
    monkeypatch.setattr(lightgbm_library, "find_spec", lambda _: spec)
    lightgbm_library.load_library.cache_clear()
    yield
    lightgbm_library.load_library.cache_clear()


@pytest.mark.usefixtures("no_libgomp")
def test_without_libgomp_a_build_is_worse_but_honest(catalog: Catalog, tmp_path: Path) -> None:
    report = build(catalog, tmp_path, threads=1)
    assert len(report.notices) == 2
    assert all("apt install libgomp1" in notice for notice in report.notices)
    assert "ranker" not in {row["model"] for row in report.metrics}
    engine = Engine.open(catalog, tmp_path)
    assert engine.trained and engine.ranked_by(EVEN) == "blend"
    rows = np.setdiff1d(np.arange(ITEMS, dtype=np.int32), EVEN.rows)
    assert (rows[np.argsort(-engine.rank(rows, EVEN))][:7] % 2 == 0).all()


@pytest.mark.usefixtures("no_libgomp")
def test_without_libgomp_a_whole_build_is_ranked_by_the_blend(
    catalog: Catalog, models: Path
) -> None:
    engine = Engine.open(catalog, models)
    assert np.isfinite(engine.rank(np.arange(ITEMS, dtype=np.int32), EVEN)).all()
    assert "libgomp" in engine.notices[0] and "blend" in engine.notices[0]
    from recagent_tools.models.threads import openmp_problem

    assert "apt install libgomp1" in (openmp_problem() or "")


def test_ctypes_predicts_what_the_package_predicts(built: tuple[Path, BuildReport]) -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    for path in built[1].directory.glob("ranker.*.txt"):
        names = feature_names(path.name.split(".")[1])
        features = rng.normal(size=(50, len(names))).astype(np.float32)
        features[rng.random(features.shape) < 0.1] = np.nan
        text = path.read_bytes()
        theirs = lightgbm.Booster(model_str=text.decode()).predict(features, num_threads=1)
        np.testing.assert_allclose(NativeBooster(text).predict(features), theirs, rtol=1e-12)


def test_contributions_are_those_of_the_package_and_sum_to_the_score(
    built: tuple[Path, BuildReport],
) -> None:
    import lightgbm

    rng = np.random.default_rng(1)
    paths = list(built[1].directory.glob("ranker.*.txt"))
    assert paths
    for path in paths:
        names = feature_names(path.name.split(".")[1])
        features = rng.normal(size=(50, len(names))).astype(np.float32)
        features[rng.random(features.shape) < 0.1] = np.nan
        text = path.read_bytes()
        package = lightgbm.Booster(model_str=text.decode())
        for ranker in (Ranker.of_text(text, len(names)), Ranker(_Packaged(package), text)):
            told = ranker.contributions(features)
            theirs = package.predict(features, num_threads=1, pred_contrib=True)
            np.testing.assert_allclose(told, theirs, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(told.sum(axis=1), ranker.predict(features), atol=1e-5)
            assert ranker.contributions(features[:0]).shape == (0, len(names) + 1)
        assert np.abs(told[:, :-1]).sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_feature_has_words(kind: str) -> None:
    told = {name: feature_words(name) for name in feature_names(kind)}
    assert all(told.values())
    every = {*feature_names("likes"), *feature_names("next")}
    assert set(EXACT) <= every, "words for what there is not"
    assert set(FAMILIES) <= {name.partition(".")[0] for name in every}


def test_a_model_of_other_features_is_refused() -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    data = lightgbm.Dataset(rng.normal(size=(80, 3)), label=rng.integers(0, 2, 80))
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    text = lightgbm.train(options, data, num_boost_round=2).model_to_string().encode()
    with pytest.raises(RankerUnavailable, match="other features"):
        Ranker.of_text(text, 4)
    with pytest.raises(ValueError, match="expected 3 features"):
        NativeBooster(text).predict(np.zeros((2, 4), np.float32))
    assert len(NativeBooster(text).predict(np.zeros((0, 3), np.float32))) == 0


def test_the_library_says_why_it_refuses() -> None:
    with pytest.raises(LibraryRefused):
        NativeBooster(b"not a model\n")


def test_a_ranker_learns_what_decides() -> None:
    rng = np.random.default_rng(0)
    groups = []
    for _ in range(60):
        features = rng.normal(size=(30, len(NAMES))).astype(np.float32)
        labels = features[:, 4] > 1.0
        groups.append(Group(np.arange(30, dtype=np.int32), features, labels))
    ranker = Ranker.train(groups, "likes", Setting(threads=1))
    fresh = rng.normal(size=(200, len(NAMES))).astype(np.float32)
    scores = ranker.predict(fresh)
    assert scores[fresh[:, 4] > 1.2].min() > np.median(scores)
    with pytest.raises(RankerUnavailable, match="too few"):
        Ranker.train(groups[:1], "likes", Setting())


def test_the_first_stage_of_a_group_has_not_seen_its_user(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cross-fitting by user: nobody of a fold's groups is in what that fold was fitted on."""
    fitted: list[set[int]] = []
    checked = 0
    fit, cuts = folds.fit_first_stage, folds.fold_cuts

    def spy_fit(sequences: Sequences, *rest: Any) -> FirstStage:
        fitted.append(set(np.unique(sequences.user).tolist()))
        return fit(sequences, *rest)

    def spy_cuts(
        all_folds: Folds, kind: str, users: NDArray[np.int64], rng: np.random.Generator
    ) -> list[Cut]:
        nonlocal checked
        checked += len(users)
        assert not fitted[-1] & set(users.tolist())
        return cuts(all_folds, kind, users, rng)

    monkeypatch.setattr(folds, "fit_first_stage", spy_fit)
    monkeypatch.setattr(folds, "fold_cuts", spy_cuts)
    interactions = catalog.interactions
    assert interactions is not None
    facts = facts_of(catalog)
    sequences = Sequences.of(interactions)
    training.train(facts, sequences, Setting(threads=1, quick=True))
    assert checked > 90


def _same_groups(mine: Sequence[Group], theirs: Sequence[Group]) -> None:
    assert len(mine) == len(theirs) > 5
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_allclose(one.features, other.features, rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def three_folds(catalog: Catalog) -> tuple[Folds, list[FoldResult]]:
    """A split in three, and what each fold gives in this process."""
    interactions = catalog.interactions
    assert interactions is not None
    facts = facts_of(catalog)
    split = folds_of(
        Sequences.of(interactions),
        Content.of(facts),
        facts.years(),
        8.0,
        Setting(3, threads=4, quick=True),
        np.random.default_rng(0),
    )
    return split, [run_fold(split, number) for number in range(3)]


@pytest.mark.parametrize("fate", ["done", "killed"])
def test_folds_in_processes_give_what_they_give_here(
    three_folds: tuple[Folds, list[FoldResult]], monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    monkeypatch.setattr(fold_worker, "WORTH_A_PROCESS", 0)
    if fate == "killed":
        monkeypatch.setattr(fold_worker, "WORKER", "recagent_tools.models.no_such_module")
    else:
        monkeypatch.setattr(fold_worker, "run_fold", lambda *_: pytest.fail("done twice"))
    split, all_here = three_folds
    with FoldPool(split) as pool:
        found = list(pool.results())
    for result, here in zip(found, all_here, strict=True):
        for kind in ("likes", "next"):
            _same_groups(result.groups[kind], here.groups[kind])
        assert len(result.newcomers) == len(here.newcomers)
        for one, other in zip(result.newcomers, here.newcomers, strict=True):
            np.testing.assert_array_equal(one.cut.history.rows, other.cut.history.rows)
            np.testing.assert_array_equal(one.cut.targets, other.cut.targets)
            assert one.lists.keys() == other.lists.keys()
            np.testing.assert_allclose(one.blended, other.blended, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_training_leaves_nothing_behind(catalog: Catalog, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from recagent_catalogs.store import Catalog\n"
        "from recagent_tools.models import fold_worker\n"
        "from recagent_tools.models.content import Content\n"
        "from recagent_tools.models.facts import ItemFacts, facts_of\n"
        "from recagent_tools.models.folds import folds_of\n"
        "from recagent_tools.models.retriever import Setting\n"
        "from recagent_tools.models.sequences import Sequences\n"
        "catalog = Catalog.open(Path(sys.argv[1]))\n"
        "facts, fold_worker.WORTH_A_PROCESS = facts_of(catalog), 0\n"
        "known = Sequences.of(catalog.interactions)\n"
        "split = folds_of(known, Content.of(facts), facts.years(), 8.0, Setting(0, 4),\n"
        "                 np.random.default_rng(0))\n"
        "with fold_worker.FoldPool(split):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(catalog.path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    deadline = time.monotonic() + 60
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not list(tmp_path.iterdir())


def test_whether_data_is_dense_is_decided_once() -> None:
    """Fifteen items a user, fourteen without the last one: the ranker must see what serves."""
    rng = np.random.default_rng(0)
    histories = [rng.permutation(40)[:15].tolist() for _ in range(60)]
    trained = training.train(
        ItemFacts(40), Sequences.of(interactions(histories, 40)), Setting(threads=1, quick=True)
    )
    assert "ease" in trained.first.retrievers and trained.first.usual_length == 15
    text = trained.rankers["likes"].text.decode()
    used = text[text.index("feature_importances") :]
    assert "ease_" in used


def test_what_was_shown_when_measured_is_exposure(
    catalog: Catalog, built: tuple[Path, BuildReport]
) -> None:
    given = Engine.open(catalog, built[0]).exposure()
    lists = {row["protocol"]: row["users"] for row in built[1].metrics if row["model"] == "ranker"}
    assert given.shape == (ITEMS,)
    assert 0 < given.sum() <= 10 * sum(lists.values())
    assert given.max() <= sum(lists.values())
    assert not Engine(catalog).exposure().any()


def test_serving_imports_no_heavy_library(
    catalog: Catalog, built: tuple[Path, BuildReport]
) -> None:
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from recagent_catalogs.store import Catalog\n"
        "from recagent_tools.models.engine import Engine\n"
        "from recagent_tools.models.history import History\n"
        "engine = Engine.open(Catalog.open(Path(sys.argv[1])), Path(sys.argv[2]))\n"
        "history = History.of([0, 4])\n"
        "engine.rank(engine.retrieve(history, 5), history); engine.shares(2, history)\n"
        "assert engine.trained and engine.ranked_by(history) == 'ranker'\n"
        "heavy = {'scipy', 'implicit', 'lightgbm', 'duckdb', 'pandas', 'sklearn'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(catalog.path), str(built[0])],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
