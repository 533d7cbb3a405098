"""`build`: fit, measure honestly, refit on everything, write.

0. Users who look alike and push an item count as one person (`alike`).
1. Everybody's last item is held back.
2. Users are split into folds. A fold's groups are made by retrievers fitted on the other folds,
   in processes of their own where that pays.
3. Meanwhile the retrievers are fitted without the held-back items and asked for them (not in a
   quick training), and fitted again on everything: these are written.
4. The rankers are trained on the groups: one for likes without order, one for what comes next.
5. Where people gave ratings, what they would give is learnt (`rating_fit`).
6. Retrievers, blend and rankers are measured on the held-back items. Newcomers are measured apart:
   a few users of each fold, of whom its retrievers have seen nothing, and the rankers no group.

A person's own events may be learnt from as well, as those of one more user, who is not measured
among the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .alike import as_one
from .als import ALS
from .artefacts import EXPOSURE, HELD_BACK, write_build
from .closed_form import MOST_ITEMS, fitting
from .content import Content
from .facts import ItemFacts, facts_of
from .features import KINDS, FirstStage, feature_names
from .fold_worker import FoldPool
from .folds import FOLDS, NEWCOMER_LIKES, SHORTEST, FoldResult, fit_first_stage, folds_of
from .groups import Cut, next_cut
from .measured import Measured, figures, final_lists, measure_cuts, ndcg_each
from .own import Own, joined, own_cuts, without_held
from .ranker import Ranker, RankerUnavailable
from .rating_fit import fit_ratings
from .ratings import RatingModel
from .recommender import Recommender
from .retriever import Setting
from .sequences import Sequences
from .stats import ItemStats, Popularity, TimedStats
from .threads import NO_OPENMP, blas_threads, calm_openmp, is_openmp, training_threads

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from .semantic import VocabularyWriter

MEASURED_USERS = 600
REFITTED = "measured without the held-back items, then fitted again on everything"
QUICKLY = "measured on newcomers alone; `recagent build` trains on more and measures more"
LITTLE_MEMORY = "little memory is free: the closed-form models know the {solved:,} commonest items"
NO_INTERACTIONS = "no interactions: content neighbours only"

Progress = Callable[[str, float], None]


@dataclass
class BuildReport:
    """What a build made and measured.

    Attributes:
        build: its name.
        directory: where it stands.
        metrics: rows {"protocol", "model", "ndcg@10", "hr@10", "users"}.
        seconds: wall time by step, and "total".
        notices: sentences for the person.
        data: users, items, interactions.
        refitted: what the figures are of.
        ratings: errors of predicted ratings, as `fit_ratings` has them; None without ratings.
    """

    build: str
    directory: Path
    metrics: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    refitted: str = REFITTED
    ratings: dict[str, Any] | None = None

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Header and rows of the metrics, for a screen."""
        header = ["protocol", "model", "NDCG@10", "HR@10", "users"]
        keys = ("protocol", "model", "ndcg@10", "hr@10", "users")
        return header, [[row[key] for key in keys] for row in self.metrics]

    def summary(self) -> str:
        """One line: what was learnt from, how long it took, that it was refitted on everything."""
        what = f"{self.data.get('items', 0):,} items, {self.data.get('users', 0):,} users, "
        what += f"{self.data.get('interactions', 0):,} interactions"
        took = f"built in {self.seconds.get('total', 0.0):.1f} s"
        return f"{what}; {took}; {self.refitted}" if self.metrics else f"{what}; {took}"

    def ratings_line(self) -> str:
        """How far predicted ratings are off; empty without ratings."""
        if not self.ratings:
            return ""
        return (
            f"predicted ratings are off by {self.ratings['mae']:.2f} in the mean "
            f"(of {self.ratings['held_back']:,} held back)"
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values: the body of `recagent.report/1`."""
        return {
            "build": self.build,
            "data": self.data,
            "metrics": self.metrics,
            "refitted": self.refitted,
            "ratings": self.ratings,
            "seconds": self.seconds,
            "notices": self.notices,
        }


@dataclass(frozen=True)
class Mine:
    """A person's own events in a training.

    Attributes:
        own: the events.
        held: how many of the last are held back where it is measured.
        users: users of the data to measure, as another build did; None to draw them.
    """

    own: Own
    held: int = 0
    users: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class HeldBack:
    """NDCG@10 on what was held back, person by person.

    Attributes:
        users: int64 [m], users of the data.
        ndcg: float64 [m], of the held-back item of each.
        own: float64 [k], of each of a person's own held-back events.
        cuts: of these.
    """

    users: NDArray[np.int64]
    ndcg: NDArray[np.float64]
    own: NDArray[np.float64]
    cuts: Sequence[Cut] = ()


@dataclass(frozen=True)
class Trained:
    """What training gives, before it is written."""

    rankers: Mapping[str, Ranker]
    metrics: list[dict[str, Any]]
    notices: list[str]
    seconds: dict[str, float]
    first: FirstStage
    exposure: Floats
    ratings: tuple[RatingModel, dict[str, Any]] | None = None
    held: HeldBack | None = None

    def recommender(self, *, content_share: float = 0.0) -> Recommender:
        """What was trained, ready to be asked."""
        return Recommender(self.first, self.rankers.get, content_share=content_share)


def build(
    catalog: Catalog,
    models_dir: Path,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = lambda step, share: None,
    quick: bool = False,
    semantic: Path | None = None,
    mine: Mine | None = None,
    accept: Callable[[Trained], bool] = lambda trained: True,
) -> BuildReport:
    """Train the models of a catalog, measure them, and make them the current build.

    Args:
        catalog: what to learn from; without interactions only content is built.
        models_dir: where the builds of this catalog live.
        seed: same data, seed and threads give the same build.
        threads: at most so many; by default what the process may use, at most 4.
        progress: told the step and the share done, 0 to 1.
        quick: half the work, a little worse.
        semantic: folder of a model of sentence embeddings, by which the catalog's tags and kinds
            are written as vectors as well.
        mine: a person's own events, to learn from as well.
        accept: asked with what was trained; where it refuses, nothing is written and the report
            has no name of a build.

    Raises:
        RecagentError: the build could not be written.
        BadInput: there is no usable model in that folder.
    """
    setting = Setting(seed, threads or training_threads(), quick)
    started = time.perf_counter()
    progress("reading", 0.0)
    vectors = _vectors(catalog, semantic)
    facts = facts_of(catalog)
    interactions = catalog.interactions
    sequences = Sequences.of(interactions) if interactions is not None else None
    # a first answer waits for a quick one: newcomers are measured there, no more
    trained = train(facts, sequences, setting, progress, held_back=not quick, rated=True, mine=mine)
    progress("writing", 0.97)
    data = {
        "fingerprint": catalog.fingerprint,
        "items": catalog.n_items,
        "users": 0 if sequences is None else sequences.n_users,
        "interactions": 0 if sequences is None else len(sequences),
        "usual_length": 0.0 if sequences is None else sequences.usual_length,
        "ratings": None if sequences is None else _scale(sequences),
    }
    manifest = _manifest(trained, data, setting)
    if mine is not None:  # how many and whose, as a digest: never which
        own = {"events": len(mine.own), "digest": mine.own.digest}
        manifest["settings"] |= {"own_events": own}
    if vectors is not None:
        manifest["settings"] |= vectors.setting
    name, directory = "", models_dir
    if accept(trained):
        name, directory = write_build(
            models_dir, lambda place: _write(trained, place, vectors), manifest
        )
    trained.seconds["total"] = round(time.perf_counter() - started, 3)
    progress("done", 1.0)
    told = trained.metrics, trained.seconds, trained.notices
    ratings = manifest["ratings"]
    return BuildReport(name, directory, *told, data, _refitted(setting), ratings)


def _vectors(catalog: Catalog, folder: Path | None) -> VocabularyWriter | None:
    if folder is None:
        return None
    from .semantic import VocabularyWriter

    return VocabularyWriter(catalog, folder)


def train(
    facts: ItemFacts,
    sequences: Sequences | None,
    setting: Setting,
    progress: Progress = lambda step, share: None,
    *,
    held_back: bool = True,
    rated: bool = False,
    mine: Mine | None = None,
) -> Trained:
    """Fit, measure and refit, without writing anything.

    Args:
        facts: of the items.
        sequences: what may be learnt from, or None.
        setting: how to fit.
        progress: told the step and the share done.
        held_back: whether to fit once more without the last items, and measure on them; what is
            trained is the same.
        rated: whether to learn what people would rate, where there are ratings.
        mine: a person's own events, who is one more user.
    """
    calm_openmp()
    if sequences is None or not len(sequences):
        nothing = np.zeros(facts.n_items, dtype=np.float32)
        return Trained({}, [], [NO_INTERACTIONS], {}, _content_only(facts), nothing)
    with blas_threads(1):
        believed, notices = as_one(sequences)
        training = _Training(facts, believed, setting, progress, mine)
        training.notices += notices
        return training.run(held_back=held_back, rated=rated)


def _content_only(facts: ItemFacts) -> FirstStage:
    """What serves without interactions."""
    nobody = ItemStats.of_counts(np.zeros(facts.n_items, dtype=np.int32))
    retrievers = {"content": Content.of(facts), "popularity": Popularity(nobody)}
    return FirstStage(retrievers, facts.years())


class _Training:
    """The steps of one training, with what they share."""

    def __init__(
        self,
        facts: ItemFacts,
        sequences: Sequences,
        setting: Setting,
        progress: Progress,
        mine: Mine | None = None,
    ) -> None:
        solved = fitting(min(setting.threads, FOLDS + 1))
        self.mine, self.strangers = mine, sequences.n_users
        sequences = sequences if mine is None else joined(sequences, mine.own)
        self.sequences, self.setting = sequences, replace(setting, solved=solved)
        self.content, self.year = Content.of(facts), facts.years()
        self.progress = progress
        # one stream a purpose, so that a change of one does not move the others
        self.splits, self.ties = np.random.default_rng(setting.seed).spawn(2)
        self.metrics: list[dict[str, Any]] = []
        self.notices: list[str] = []
        if solved < min(MOST_ITEMS, sequences.n_items):
            self.notices.append(LITTLE_MEMORY.format(solved=solved))
        self.seconds: dict[str, float] = {}
        self.exposure = np.zeros(sequences.n_items, dtype=np.float32)
        self._clock = time.perf_counter()
        self.tested = np.zeros(0, dtype=np.int64)
        self.own: list[Measured] = []

    def run(self, *, held_back: bool, rated: bool = False) -> Trained:
        """All steps; the folds run beside the rest where threads allow."""
        tested = np.flatnonzero(self.sequences.lengths()[: self.strangers] >= SHORTEST)
        known = self.sequences
        if self.mine is not None:
            known = without_held(known, self.mine.held)
        known = known.without_last(tested)
        usual = self.sequences.usual_length
        folds = folds_of(known, self.content, self.year, usual, self.setting, self.splits)
        self._lap("splitting", 0.02, "fitting the retrievers")
        with FoldPool(folds) as pool:
            last = self._held_back(known, tested) if held_back else []
            self._lap("held-back items", 0.2, "fitting on everything")
            first = self._fit(self.sequences)
            self._lap("fit on everything", 0.3, "learning what people would rate")
            ratings = fit_ratings(self.sequences, self.setting) if rated else None
            self._lap("ratings", 0.35, "making groups for the rankers")
            results = list(pool.results())
        self._lap("folds", 0.75, "training the rankers")
        rankers = self._rankers(folds.kinds, results)
        self._lap("rankers", 0.9, "measuring")
        protocol = "held-back last item" if self.sequences.ordered else "one held-back item"
        newcomers = [one for result in results for one in result.newcomers]
        self._report(f"{NEWCOMER_LIKES} likes of a newcomer", newcomers, rankers.get("likes"))
        ranker = rankers.get(folds.kinds[-1])
        lists = self._report(protocol, last, ranker)
        held = self._each(last, lists, rankers.get("likes")) if held_back else None
        self._lap("report", 0.95, "writing")
        als = first.retrievers["als"]
        if isinstance(als, ALS) and als.backend == "numpy":
            self.notices.append(NO_OPENMP.format(what="ALS was fitted with NumPy"))
        told = self.metrics, self.notices, self.seconds
        return Trained(rankers, *told, first, self.exposure, ratings, held)

    def _lap(self, step: str, share: float, coming: str) -> None:
        """Note how long a step took and say what comes now."""
        now = time.perf_counter()
        self.seconds[step], self._clock = round(now - self._clock, 3), now
        self.progress(coming, share)

    def _fit(self, sequences: Sequences) -> FirstStage:
        usual = self.sequences.usual_length
        return fit_first_stage(sequences, self.content, self.year, usual, self.setting)

    def _rankers(self, kinds: Sequence[str], results: Sequence[FoldResult]) -> dict[str, Ranker]:
        """A ranker for each kind, at once; none where LightGBM cannot run, with a notice."""

        def train(kind: str) -> Ranker | RankerUnavailable:
            groups = [group for result in results for group in result.groups[kind]]
            try:
                return Ranker.train(groups, kind, self.setting)
            except RankerUnavailable as error:
                return error

        with ThreadPoolExecutor(2 if self.setting.threads > 2 else 1) as pool:
            trained = dict(zip(kinds, pool.map(train, kinds), strict=True))
        for ranker in trained.values():
            if isinstance(ranker, RankerUnavailable):
                self._notice_of(str(ranker))
        return {kind: ranker for kind, ranker in trained.items() if isinstance(ranker, Ranker)}

    def _notice_of(self, reason: str) -> None:
        sentence = NO_OPENMP.format(what="there is no ranker") if is_openmp(reason) else reason
        if sentence not in self.notices:
            self.notices.append(sentence)

    def _held_back(self, known: Sequences, tested: NDArray[np.int64]) -> list[Measured]:
        """The held-back last item of at most `MEASURED_USERS` users; a person's own aside."""
        if self.mine is not None and self.mine.users is not None:
            tested = np.intersect1d(tested, self.mine.users)
        elif len(tested) > MEASURED_USERS:
            tested = np.sort(self.splits.choice(tested, MEASURED_USERS, replace=False))
        ends = self.sequences.lengths() - 1
        cuts = [next_cut(self.sequences, user, int(ends[user])) for user in tested.tolist()]
        first, stats = self._fit(known), TimedStats(known)
        self.tested = tested.astype(np.int64)
        measured = measure_cuts(first, stats, cuts, self.ties)
        if self.mine is not None and self.mine.held:
            own = own_cuts(self.sequences, self.mine.own, self.mine.held)
            self.own = measure_cuts(first, stats, own, np.random.default_rng(self.setting.seed))
        return measured

    def _each(
        self, last: Sequence[Measured], lists: Sequence[Rows], ranker: Ranker | None
    ) -> HeldBack:
        """The figures person by person; `ranker` is that of a person's own events."""
        ties = np.random.default_rng(self.setting.seed)
        own = ndcg_each(final_lists(self.own, ranker, ties), self.own)
        cuts = [one.cut for one in self.own]
        return HeldBack(self.tested, ndcg_each(lists, last), own, cuts)

    def _report(
        self, protocol: str, measured: Sequence[Measured], ranker: Ranker | None
    ) -> list[Rows]:
        """A row for every model; what was shown to whom counts as exposure, and is returned."""
        lists = final_lists(measured, ranker, self.ties)
        for rows in lists:
            self.exposure[rows] += 1
        ranked = lists if ranker is not None else []
        for model, found in figures(measured, ranked).items():
            self.metrics.append({"protocol": protocol, "model": model, **found})
        return lists


def _refitted(setting: Setting) -> str:
    return QUICKLY if setting.quick else REFITTED


def _scale(sequences: Sequences) -> list[float] | None:
    """Lowest and highest rating."""
    if sequences.rating is None or not len(sequences.rating):
        return None
    return [float(sequences.rating.min()), float(sequences.rating.max())]


def _write(trained: Trained, directory: Path, vectors: VocabularyWriter | None) -> None:
    """Every retriever and ranker into the directory, and the vectors of the vocabulary."""
    if vectors is not None:
        vectors.write(directory)
    for retriever in trained.first.retrievers.values():
        retriever.save(directory)
    if trained.ratings is not None:
        trained.ratings[0].save(directory)
    np.save(directory / EXPOSURE, trained.exposure, allow_pickle=False)
    if trained.held is not None:
        each = np.column_stack((trained.held.users.astype(np.float64), trained.held.ndcg))
        np.save(directory / HELD_BACK, each, allow_pickle=False)
    for kind, ranker in trained.rankers.items():
        ranker.save(directory / f"ranker.{kind}.txt")


def _manifest(trained: Trained, data: dict[str, Any], setting: Setting) -> dict[str, Any]:
    return {
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "data": data,
        "settings": {
            "seed": setting.seed,
            "threads": setting.threads,
            "quick": setting.quick,
            "solved": setting.solved,
            "features": {kind: list(feature_names(kind)) for kind in KINDS},
        },
        "retrievers": list(trained.first.retrievers),
        "rankers": list(trained.rankers),
        "metrics": trained.metrics,
        "refitted": _refitted(setting),
        "ratings": None if trained.ratings is None else trained.ratings[1],
        "notices": trained.notices,
        "seconds": dict(trained.seconds),
        "versions": {name: _version(name) for name in ("numpy", "scipy", "implicit", "lightgbm")},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
