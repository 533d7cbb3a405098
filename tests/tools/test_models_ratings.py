"""Predicted ratings: known answers, fold-in, intervals, artefacts, catalogs without ratings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recagent_catalogs.errors import NotFound
from recagent_catalogs.ingest import ingest
from recagent_catalogs.interactions import Interactions
from recagent_catalogs.store import Catalog
from recagent_tools.models import ratings as module
from recagent_tools.models.engine import Engine
from recagent_tools.models.history import History
from recagent_tools.models.rating_fit import Fit, Ratings, Side, fit_ratings, joined, quantiles_of
from recagent_tools.models.ratings import FILES, KNOWN, LEVELS, RatingModel
from recagent_tools.models.retriever import Setting
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.training import build

from ..conftest import copy_models
from .models_data import make_catalog

USERS, ITEMS = 120, 80
QUICK = Setting(quick=True)


def tiny(bias: list[float], *, noise: float = 1.0, prior: float = 0.5) -> RatingModel:
    """A model of biases alone around 3, on a scale of 1 to 5, sure of its items."""
    items = np.array(bias, dtype=np.float32)[:, None, None]
    quantiles = np.ones((len(KNOWN), LEVELS), dtype=np.float32)
    zero, numbers = np.zeros_like(items), np.array([[prior]])
    return RatingModel(
        items, zero, numbers, np.array([noise]), 3.0, 1.0, (1.0, 5.0), 4.5, 1.5, quantiles
    )


def two_tastes(seed: int = 0, share: float = 0.4) -> Interactions:
    """Half of the people like what the other half dislikes; half points, noise of .4."""
    rng = np.random.default_rng(seed)
    taste, kind = rng.choice([-1.0, 1.0], USERS), rng.choice([-1.0, 1.0], ITEMS)
    generous, good = rng.normal(0, 0.4, USERS), rng.normal(0, 0.4, ITEMS)
    user, item = np.nonzero(rng.random((USERS, ITEMS)) < share)
    told = 3.2 + generous[user] + good[item] + taste[user] * kind[item]
    told += rng.normal(0, 0.4, len(user))
    value = np.clip(np.round(told * 2) / 2, 0.5, 5.0).astype(np.float32)
    counts = np.bincount(user, minlength=USERS)
    return Interactions(
        user.astype(np.int32),
        item.astype(np.int32),
        value,
        None,
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        ITEMS,
        explicit=True,
    )


def split(source: Interactions, seed: int = 1) -> tuple[Sequences, Ratings]:
    """Four fifths to learn from, one fifth to ask for."""
    everything = Sequences.of(source)
    held = np.random.default_rng(seed).random(len(everything)) < 0.2
    asked = Ratings.of(everything)
    assert asked is not None
    return everything.take(~held), asked.take(held)


@pytest.fixture(scope="module")
def learnt() -> tuple[RatingModel, Sequences, Ratings]:
    known, asked = split(two_tastes())
    found = fit_ratings(known, Setting())
    assert found is not None
    return found[0], known, asked


def ratings_of(known: Sequences, user: int) -> dict[int, float]:
    part = slice(int(known.indptr[user]), int(known.indptr[user + 1]))
    assert known.rating is not None
    return dict(zip(known.item[part].tolist(), known.rating[part].tolist(), strict=True))


# -- known answers --------------------------------------------------------------------------------


def test_without_ratings_the_item_is_all_that_counts() -> None:
    mean, low, high = (
        part.tolist()
        for part in tiny([0.5, -1.0]).predict(tiny([0.5, -1.0]).fold_in({}), np.array([0, 1]))
    )
    # by hand: 3 + b_i; the variance is the prior's .5 and the noise of 1
    assert mean == pytest.approx([3.5, 2.0])
    assert low == pytest.approx([3.5 - 1.5**0.5, 1.0])
    assert high == pytest.approx([3.5 + 1.5**0.5, 2.0 + 1.5**0.5])


def test_a_bias_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NOISE_PRIOR", 1e12)  # the noise of all holds for everybody
    person = tiny([0.5, -1.0, 0.0]).fold_in({0: 4.5, 1: 4.0})
    # residuals 1.0 and 2.0; (1 + 2) / (2 + noise / prior) = 3 / 4; variance 1 / (2 / 1 + 1 / .5)
    assert person.mean.ravel().tolist() == pytest.approx([0.75])
    assert person.cov.ravel().tolist() == pytest.approx([0.25])
    mean, low, high = tiny([0.5, -1.0, 0.0]).predict(person, np.array([2]))
    assert mean[0] == pytest.approx(3.75)
    assert high[0] - mean[0] == pytest.approx(1.25**0.5) == mean[0] - low[0]


def test_who_rates_all_over_the_scale_is_less_sure() -> None:
    model = tiny([0.0] * 40)
    steady = model.fold_in(dict.fromkeys(range(40), 3.0))
    wild = model.fold_in({row: 1.0 if row % 2 else 5.0 for row in range(40)})
    assert steady.noise < 1 < wild.noise
    assert wild.mean[0, 0] == pytest.approx(steady.mean[0, 0], abs=1e-9)


def test_the_fit_of_biases_is_folded_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose ratings were learnt from and who is folded in from them is the same."""
    monkeypatch.setattr(module, "NOISE_PRIOR", 1e12)
    known, _ = split(two_tastes())
    ratings = Ratings.of(known)
    assert ratings is not None
    fit = Fit(ratings, 0, np.random.default_rng(0))
    fit.run(60)
    model = joined([fit])
    for user in (0, 7, 119):
        person = model.fold_in(ratings_of(known, user))
        assert person.mean[0, 0] == pytest.approx(fit.users.mean[user, 0], abs=1e-4)


def test_likes_and_dislikes_count_as_ratings() -> None:
    model = tiny([0.0, 0.0, 0.0])
    assert model.ratings_of(History.of([2], [0])) == {2: 4.5, 0: 1.5}
    assert model.fold_in(model.ratings_of(History.of([0, 1]))).mean[0, 0] > 0
    assert model.fold_in(model.ratings_of(History.of([], [0, 1]))).mean[0, 0] < 0


def test_what_a_like_counts_is_the_upper_half_of_the_ratings() -> None:
    source = two_tastes()
    found = fit_ratings(Sequences.of(source), QUICK)
    assert found is not None and source.value is not None
    ordered = np.sort(source.value)
    assert found[0].liked == pytest.approx(ordered[len(ordered) // 2 :].mean())
    assert found[0].disliked == pytest.approx(ordered[: len(ordered) // 5].mean())
    assert found[0].disliked < found[0].centre < found[0].liked


# -- what it is good for --------------------------------------------------------------------------


def test_tastes_are_told_apart(learnt: tuple[RatingModel, Sequences, Ratings]) -> None:
    """The noise is .4 and the rounding; biases alone are wrong by the whole taste of 1."""
    model, known, asked = learnt
    errors, biased, inside = [], [], []
    for user in range(USERS):
        mine = asked.user == user
        mean, low, high = model.predict(model.fold_in(ratings_of(known, user)), asked.item[mine])
        value = asked.value[mine]
        errors.append(mean - value)
        biased.append(model.centre + model.unit * model.items[asked.item[mine], 0, 0] - value)
        inside.append((low <= value) & (value <= high))
    rmse = float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))
    assert rmse < 0.6 < 1.0 < float(np.sqrt(np.mean(np.concatenate(biased) ** 2)))
    assert 0.74 < float(np.mean(np.concatenate(inside))) < 0.9


def test_a_person_counts_at_once(learnt: tuple[RatingModel, Sequences, Ratings]) -> None:
    """The same items rated the other way round turn the prediction of the next ones round."""
    model, known, _ = learnt
    mine = ratings_of(known, 3)
    other = {row: 5.5 - value for row, value in mine.items()}
    rest = np.array([row for row in range(ITEMS) if row not in mine], dtype=np.int32)
    first, _, _ = model.predict(model.fold_in(mine), rest)
    second, _, _ = model.predict(model.fold_in(other), rest)
    assert np.corrcoef(first, second)[0, 1] < -0.3


def test_the_same_seed_gives_the_same_model() -> None:
    known, _ = split(two_tastes())
    first, second = fit_ratings(known, QUICK), fit_ratings(known, QUICK)
    assert first is not None and second is not None
    assert np.array_equal(first[0].items, second[0].items)
    assert np.array_equal(first[0].quantiles, second[0].quantiles)
    assert first[1] == second[1] and 0 < first[1]["rmse"] < first[1]["rmse_mean"]


def test_items_beyond_the_most_rated_are_solved_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds on the work leave no item without its mean."""
    monkeypatch.setattr("recagent_tools.models.rating_fit.MOST_ITEMS", 30)
    monkeypatch.setattr("recagent_tools.models.rating_fit.MOST_USERS", 60)
    source = two_tastes()
    found = fit_ratings(Sequences.of(source), QUICK)
    assert found is not None and source.value is not None
    sums = np.bincount(source.item, source.value, minlength=ITEMS)
    means = sums / np.bincount(source.item, minlength=ITEMS)
    assert np.corrcoef(means, found[0].items[:, 0, 0])[0, 1] > 0.7
    assert np.isfinite(found[0].items).all() and (found[0].spread > 0).all()


def among_more(source: Interactions, n_items: int) -> tuple[Interactions, NDArray[np.int64]]:
    """The same ratings of the same items, which now stand among many that nobody rated."""
    places = np.sort(np.random.default_rng(5).choice(n_items, ITEMS, replace=False))
    item = places[source.item].astype(np.int32)
    return replace(source, item=item, n_items=n_items), places


@pytest.mark.parametrize("most", [30, 100_000])
def test_items_without_ratings_cost_nothing_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """What is fitted is as large as what was rated; a tail of unknown items leaves it as it is."""
    monkeypatch.setattr("recagent_tools.models.rating_fit.MOST_ITEMS", most)
    sizes: list[int] = []
    features = Fit._features

    def noted(self: Fit, other: Side) -> object:
        sizes.append(len(other.mean))
        return features(self, other)

    monkeypatch.setattr(Fit, "_features", noted)
    source, n_items = two_tastes(), 30_000
    alone = fit_ratings(Sequences.of(source), QUICK)
    longer = fit_ratings(Sequences.of(replace(source, n_items=n_items)), QUICK)
    spread, places = among_more(source, n_items)
    found = fit_ratings(Sequences.of(spread), QUICK)
    assert alone is not None and longer is not None and found is not None
    assert max(sizes) <= USERS
    assert np.array_equal(longer[0].items[:ITEMS], alone[0].items)
    assert np.array_equal(longer[0].spread[:ITEMS], alone[0].spread)
    assert not longer[0].items[ITEMS:].any() and (longer[0].spread[ITEMS:] > 0).all()
    assert longer[1] == alone[1]
    # elsewhere they begin with other random numbers: the same tastes, not the same digits
    assert np.flatnonzero(found[0].items[:, 0, 0]).tolist() == places.tolist()
    one, other = alone[0].items[:, 0, 0], found[0].items[places, 0, 0]
    assert np.corrcoef(one, other)[0, 1] > 0.95


def test_an_item_that_nobody_drawn_rated_has_its_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recagent_tools.models.rating_fit.MOST_USERS", 40)
    source = two_tastes(share=0.05)
    found = fit_ratings(Sequences.of(source), QUICK)
    assert found is not None and source.value is not None
    centred = np.bincount(source.item, source.value - source.value.mean(), minlength=ITEMS)
    assert np.count_nonzero(found[0].items[:, 0, 0]) == np.count_nonzero(np.bincount(source.item))
    assert np.corrcoef(centred, found[0].items[:, 0, 0])[0, 1] > 0.5


def test_quantiles_are_conformal_ones() -> None:
    """Of 999 scores the 80 % quantile is the 800th; who has too few takes those of all."""
    scores = np.random.default_rng(0).permutation(np.arange(1, 1000)).astype(np.float64)
    found = quantiles_of(np.full(999, 30), scores)
    assert found[3, 79] == 800 and found[3, 98] == 990
    assert found[0, 79] == 800


# -- bounds ---------------------------------------------------------------------------------------


@given(
    st.dictionaries(st.integers(-3, 90), st.floats(allow_nan=True, allow_infinity=True)),
    st.lists(st.integers(0, ITEMS - 1), max_size=6),
    st.floats(0.01, 0.99),
)
@settings(deadline=None, max_examples=60)
def test_whatever_is_given_is_answered_on_the_scale(
    learnt: tuple[RatingModel, Sequences, Ratings],
    given_ratings: dict[int, float],
    rows: list[int],
    level: float,
) -> None:
    model = learnt[0]
    asked = np.array(rows, dtype=np.int32)
    mean, low, high = model.predict(model.fold_in(given_ratings), asked, level)
    for part in (mean, low, high):
        assert part.dtype == np.float32 and part.shape == (len(rows),)
    assert ((low >= 0.5) & (low <= mean) & (mean <= high) & (high <= 5.0)).all()
    _, lower, higher = model.predict(model.fold_in(given_ratings), asked, 0.99)
    assert ((lower <= low) & (high <= higher)).all()


@pytest.mark.parametrize("values", [[1.0], [0.0, 1.0], [4.0] * 3])
def test_verdicts_and_one_single_value_are_no_ratings(values: list[float]) -> None:
    source = two_tastes()
    told = np.resize(np.array(values, dtype=np.float32), len(source))
    assert fit_ratings(Sequences.of(replace(source, value=told)), QUICK) is None
    assert fit_ratings(Sequences.of(replace(source, explicit=False)), QUICK) is None


# -- on disk --------------------------------------------------------------------------------------


def test_what_is_saved_is_opened_again(
    learnt: tuple[RatingModel, Sequences, Ratings], tmp_path: Path
) -> None:
    model, known, _ = learnt
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    again = RatingModel.load(tmp_path, ITEMS)
    rows, mine = np.arange(ITEMS, dtype=np.int32), ratings_of(known, 5)
    for one, other in zip(
        model.predict(model.fold_in(mine), rows),
        again.predict(again.fold_in(mine), rows),
        strict=True,
    ):
        assert np.array_equal(one, other)
    with pytest.raises(ValueError, match="expected"):
        RatingModel.load(tmp_path, ITEMS + 1)
    np.save(tmp_path / FILES[2], np.zeros(12))
    with pytest.raises(ValueError, match="out of range"):
        RatingModel.load(tmp_path, ITEMS)


def damaged(directory: Path, name: str, place: int | None, value: float) -> None:
    """Write a small model of which one file holds a value that no fit gives; None: all over."""
    tiny([0.5, -1.0, 0.0]).save(directory)
    array = np.load(directory / name)
    if place is None:
        array[...] = value
    else:
        array.reshape(-1)[place] = value
    np.save(directory / name, array)


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("ratings.quantiles.npy", 5, np.nan),
        ("ratings.quantiles.npy", None, -1.0),
        ("ratings.quantiles.npy", 40, 2.0),  # the one behind is less
        ("ratings.quantiles.npy", None, np.inf),
        ("ratings.numbers.npy", 8, 1e-320),  # a prior whose inverse is no number
        ("ratings.numbers.npy", 7, 1e300),
        ("ratings.numbers.npy", 6, 1e12),
        ("ratings.numbers.npy", 1, 1e300),
        ("ratings.numbers.npy", 4, -np.inf),
    ],
)
def test_numbers_that_no_fit_gives_are_refused(
    tmp_path: Path, name: str, place: int | None, value: float
) -> None:
    damaged(tmp_path, name, place, value)
    with pytest.raises(ValueError, match=name):
        RatingModel.load(tmp_path, 3)


@pytest.mark.parametrize(("name", "value"), [("items", np.nan), ("items", 1e30), ("spread", -5.0)])
def test_an_item_that_no_fit_gives_is_refused_where_it_is_read(
    tmp_path: Path, name: str, value: float
) -> None:
    damaged(tmp_path, f"ratings.{name}.npy", 1, value)
    model = RatingModel.load(tmp_path, 3)
    person = model.fold_in({0: 5.0})
    assert np.isfinite(model.predict(person, np.array([0, 2]))).all(), "the others are whole"
    with pytest.raises(ValueError, match=f"ratings.{name}.npy"):
        model.predict(person, np.array([1]))
    with pytest.raises(ValueError, match=f"ratings.{name}.npy"):
        model.fold_in({1: 5.0})


@pytest.mark.parametrize(("models", "numbers"), [(1, 66), (17, 1), (1, 60_000)])
def test_a_model_too_large_to_be_asked_is_refused(
    tmp_path: Path, models: int, numbers: int
) -> None:
    many = np.ones((1, models, numbers), dtype=np.float32)
    prior, noise = np.ones((models, numbers)), np.ones(models)
    replace(tiny([0.0]), items=many, spread=many, prior=prior, noise=noise).save(tmp_path)
    with pytest.raises(ValueError, match="out of range"):
        RatingModel.load(tmp_path, 1)


def rated_catalog(directory: Path, source: Interactions, *, verdicts: bool = False) -> Catalog:
    """The two tastes as a catalog of games on disk."""
    directory.mkdir(parents=True)
    items = directory / "games.csv"
    lines = ["id,title", *(f"g{row},Game {row}" for row in range(ITEMS))]
    items.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert source.value is not None
    value = (source.value > 3).astype(int) if verdicts else source.value
    told = directory / "ratings.csv"
    lines = ["user,item,rating"]
    for user, item, given_value in zip(source.user, source.item, value, strict=True):
        lines.append(f"u{user},g{item},{given_value}")
    told.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(items, directory / "catalog", name="played", interactions=told)
    return Catalog.open(directory / "catalog")


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, Path]:
    place = tmp_path_factory.mktemp("rated")
    catalog = rated_catalog(place / "data", two_tastes())
    report = build(catalog, place / "models", threads=1, quick=True)
    assert report.ratings is not None and report.to_json()["ratings"]["rmse"] < 1
    return catalog, place / "models"


def test_an_engine_predicts_by_ratings_and_by_likes(rated: tuple[Catalog, Path]) -> None:
    catalog, models = rated
    engine = Engine.open(catalog, models)
    user = catalog.user_index("u3")
    assert user is not None
    mine = engine.user_ratings(user)
    rows = np.array([row for row in range(ITEMS) if row not in mine], dtype=np.int32)
    mean, low, high = engine.predict_rating(rows, mine)
    assert ((low <= mean) & (mean <= high)).all() and mean.std() > 0.3
    wide = engine.predict_rating(rows, mine, level=0.95)
    assert (wide[2] - wide[1] >= high - low).all()
    likes = History.of([row for row, value in mine.items() if value >= 4])
    by_likes, _, _ = engine.predict_rating(rows, likes)
    assert np.corrcoef(mean, by_likes)[0, 1] > 0.5
    with pytest.raises(IndexError):
        engine.user_ratings(USERS)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_told_and_predicts_nothing(
    rated: tuple[Catalog, Path], tmp_path: Path, name: str
) -> None:
    models = tmp_path / "models"
    copy_models(rated[1], models)
    path = next(models.glob(f"*/{name}"))
    path.write_bytes(path.read_bytes()[:-4])
    engine = Engine.open(rated[0], models)
    assert any(name in notice and "build again" in notice for notice in engine.notices)
    with pytest.raises(NotFound, match="know nothing of ratings"):
        engine.predict_rating(np.array([0]), {})


def test_a_build_from_before_says_build_again(rated: tuple[Catalog, Path]) -> None:
    whole = Engine.open(*rated)
    old = json.loads(json.dumps(whole.manifest))
    del old["ratings"]
    old["files"] = {name: facts for name, facts in old["files"].items() if name not in FILES}
    engine = Engine(rated[0], {}, old, whole._directory)
    with pytest.raises(NotFound, match="know nothing of ratings") as caught:
        engine.predict_rating(np.array([0]), {})
    assert "recagent build" in caught.value.hint


def test_a_rating_of_a_damaged_item_says_build_again(
    rated: tuple[Catalog, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine.open(*rated)
    nothing = np.full(engine.ratings.items.shape, np.nan, dtype=np.float32)
    monkeypatch.setitem(engine.__dict__, "ratings", replace(engine.ratings, items=nothing))
    with pytest.raises(NotFound, match="damaged"):
        engine.predict_rating(np.array([0]), {})


def test_catalogs_without_ratings_say_so(tmp_path: Path) -> None:
    bare = make_catalog(tmp_path / "board", users=30)
    with pytest.raises(NotFound, match="no ratings to learn from"):
        Engine(bare).predict_rating(np.array([0]), {})
    bare.close()
    verdicts = rated_catalog(tmp_path / "verdicts", two_tastes(), verdicts=True)
    report = build(verdicts, tmp_path / "models", threads=1, quick=True)
    assert report.ratings is None
    with pytest.raises(NotFound, match="only said yes or no"):
        Engine.open(verdicts, tmp_path / "models").predict_rating(np.array([0]), {})
    verdicts.close()
