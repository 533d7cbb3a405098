"""`build`: fit, measure honestly, refit on everything, write.

1. Everybody's last item is held back.
2. Users are split into folds. A fold's groups are made by retrievers fitted on the other folds.
3. The rankers are trained on the groups: one for likes without order, one for what comes next.
4. Retrievers fitted without the held-back items, the blend and the ranker are measured on them.
   Newcomers are measured apart: users of whom neither retrievers nor ranker have seen anything.
5. The retrievers are refitted on everything and written with the rankers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .als import ALS
from .artefacts import write_build
from .blend import blend
from .content import Content
from .cooccurrence import CoOccurrence
from .facts import ItemFacts, facts_of
from .features import FEATURES, FirstStage, Scored
from .groups import (
    Cut,
    Group,
    candidates,
    likes_cuts,
    make_group,
    moment,
    next_cut,
    next_cuts,
    score_cuts,
    training_groups,
)
from .history import History
from .measure import Tally, best_unseen
from .ranker import Ranker, RankerUnavailable
from .ranking import combined
from .recommender import Recommender
from .retriever import Retriever, Setting, TrainingData
from .sequences import Sequences
from .stats import ItemStats, Popularity, TimedStats
from .threads import NO_OPENMP, calm_openmp, is_openmp, one_blas_thread, training_threads
from .transitions import Transitions

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

FOLDS = 3
SHORTEST_MEASURED = 3
"""Users with fewer items are not measured."""
MEASURED_USERS = 600
NEWCOMERS = 240
NEWCOMER_LIKES = 5
SHORTEST_NEWCOMER = 10
FOLDED = 200_000
"""Interactions that the folds share; of larger data a sample of the users."""
GROUPS = {"likes": 800, "next": 1600}
"""Cuts that the rankers learn from, a hundred candidates each; many ordered ones miss their
target."""
MOST_CUTS = 6
MEASURED_TOP = 100
"""Candidates of each retriever that the ranker orders when it is measured."""
REFITTED = "measured without the held-back items, then fitted again on everything"
NO_INTERACTIONS = "no interactions: content neighbours only"
KINDS = ("likes", "next")

T = TypeVar("T")
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
    """

    build: str
    directory: Path
    metrics: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

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
        if not self.metrics:
            return f"{what}; {took}"
        return f"{what}; {took}; {REFITTED}"

    def to_json(self) -> dict[str, Any]:
        """As JSON values: the body of `recagent.report/1`."""
        return {
            "build": self.build,
            "data": self.data,
            "metrics": self.metrics,
            "refitted": REFITTED,
            "seconds": self.seconds,
            "notices": self.notices,
        }


@dataclass(frozen=True)
class Trained:
    """What training gives, before it is written."""

    rankers: Mapping[str, Ranker]
    metrics: list[dict[str, Any]]
    notices: list[str]
    seconds: dict[str, float]
    first: FirstStage

    def recommender(self) -> Recommender:
        """What was trained, ready to be asked."""
        return Recommender(self.first, self.rankers.get)


def build(
    catalog: Catalog,
    models_dir: Path,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = lambda step, share: None,
    quick: bool = False,
) -> BuildReport:
    """Train the models of a catalog, measure them, and make them the current build.

    Args:
        catalog: what to learn from; without interactions only content is built.
        models_dir: where the builds of this catalog live.
        seed: same data, seed and threads give the same build.
        threads: at most so many; by default what the process may use, at most 4.
        progress: told the step and the share done, 0 to 1.
        quick: half the work, a little worse.

    Raises:
        RecagentError: the build could not be written.
    """
    setting = Setting(seed, threads or training_threads(), quick)
    started = time.perf_counter()
    progress("reading", 0.0)
    facts = facts_of(catalog)
    interactions = catalog.interactions
    sequences = Sequences.of(interactions) if interactions is not None else None
    trained = train(facts, sequences, setting, progress)
    progress("writing", 0.97)
    data = {
        "fingerprint": catalog.fingerprint,
        "items": catalog.n_items,
        "users": 0 if sequences is None else sequences.n_users,
        "interactions": 0 if sequences is None else len(sequences),
        "ratings": None if sequences is None else _scale(sequences),
    }
    name, directory = write_build(
        models_dir, lambda place: _write(trained, place), _manifest(trained, data, setting)
    )
    trained.seconds["total"] = round(time.perf_counter() - started, 3)
    progress("done", 1.0)
    return BuildReport(name, directory, trained.metrics, trained.seconds, trained.notices, data)


def train(
    facts: ItemFacts,
    sequences: Sequences | None,
    setting: Setting,
    progress: Progress = lambda step, share: None,
) -> Trained:
    """Fit, measure and refit, without writing anything."""
    calm_openmp()
    if sequences is None or not len(sequences):
        return Trained({}, [], [NO_INTERACTIONS], {}, _content_only(facts))
    with one_blas_thread():
        return _Training(facts, sequences, setting, progress).run()


def _content_only(facts: ItemFacts) -> FirstStage:
    """What serves without interactions."""
    nobody = ItemStats.of_counts(np.zeros(facts.n_items, dtype=np.int32))
    retrievers = {"content": Content.of(facts), "popularity": Popularity(nobody)}
    return FirstStage(retrievers, facts.years())


class _Training:
    """The steps of one training, with what they share."""

    def __init__(
        self, facts: ItemFacts, sequences: Sequences, setting: Setting, progress: Progress
    ) -> None:
        self.facts, self.sequences, self.setting = facts, sequences, setting
        self.progress = progress
        # one stream a purpose, so that a change of one does not move the others
        self.splits, self.cutting, self.sampling, self.ties = np.random.default_rng(
            setting.seed
        ).spawn(4)
        self.content = Content.of(facts)
        self.kinds = KINDS if sequences.ordered else KINDS[:1]
        self.metrics: list[dict[str, Any]] = []
        self.notices: list[str] = []
        self.seconds: dict[str, float] = {}
        self._clock = time.perf_counter()

    def run(self) -> Trained:
        """All steps; what needs no other step's result runs beside them where threads allow."""
        tested = np.flatnonzero(self.sequences.lengths() >= SHORTEST_MEASURED)
        known = self.sequences.without_last(tested)
        with _Beside(self.setting.threads > 1) as beside:
            measuring = beside.start(lambda: self._fit(known))
            everything = beside.start(lambda: self._fit(self.sequences))
            groups, newcomers = self._folds(known)
            self._lap("folds", 0.6, "measuring")
            training = beside.start(lambda: self._rankers(groups))
            last = self._held_back(measuring(), known, tested)
            self._lap("measuring", 0.75, "training the rankers")
            rankers = training()
            self._lap("rankers", 0.85, "fitting on everything")
            first = everything()
        self._report(f"{NEWCOMER_LIKES} likes of a newcomer", newcomers, rankers.get("likes"))
        by_order = rankers.get("next" if self.sequences.ordered else "likes")
        self._report("held-back last item", last, by_order)
        self._lap("report and refit", 0.95, "writing")
        als = first.retrievers["als"]
        if isinstance(als, ALS) and als.backend == "numpy":
            self.notices.append(NO_OPENMP.format(what="ALS was fitted with NumPy"))
        return Trained(rankers, self.metrics, self.notices, self.seconds, first)

    def _lap(self, step: str, share: float, coming: str) -> None:
        """Note how long a step took and say what comes now."""
        now = time.perf_counter()
        self.seconds[step], self._clock = round(now - self._clock, 3), now
        self.progress(coming, share)

    def _fit(self, sequences: Sequences) -> FirstStage:
        """Every retriever on these sequences."""
        data = TrainingData(sequences, self.facts)
        retrievers: dict[str, Retriever] = {
            "als": ALS.fit(data, self.setting),
            "cooccurrence": CoOccurrence.fit(data, self.setting),
        }
        if sequences.ordered:
            retrievers["transitions"] = Transitions.fit(data, self.setting)
        retrievers["content"] = self.content
        retrievers["popularity"] = Popularity.fit(data, self.setting)
        return FirstStage(retrievers, self.facts.years())

    def _folds(self, known: Sequences) -> tuple[dict[str, list[Group]], list[_Measured]]:
        """Groups of every fold, and the newcomers kept out of them."""
        known = known.take(np.isin(known.user, self._sample(known)))
        users = self.splits.permutation(np.flatnonzero(known.lengths() >= SHORTEST_MEASURED))
        folds = np.array_split(users, 2 if self.setting.quick else FOLDS)
        groups: dict[str, list[Group]] = {kind: [] for kind in self.kinds}
        newcomers: list[_Measured] = []
        if len(users) < 2 * len(folds):
            return groups, newcomers
        for number, fold in enumerate(folds):
            self.progress("fitting the retrievers", 0.02 + 0.5 * number / len(folds))
            others = known.take(~np.isin(known.user, fold))
            first, stats = self._fit(others), TimedStats(others)
            kept, learners = self._split(known, fold, len(folds))
            newcomers.extend(self._measured(first, stats, self._strangers(known, kept)))
            for kind in self.kinds:
                cuts = self._cuts(kind, known, learners, len(folds))
                groups[kind].extend(training_groups(first, stats, cuts, self.sampling))
        return groups, newcomers

    def _sample(self, known: Sequences) -> NDArray[np.int64]:
        """Users who together have about `FOLDED` interactions; everybody in smaller data."""
        users = self.splits.permutation(known.n_users)
        total = np.cumsum(known.lengths()[users])
        return users[: int(np.searchsorted(total, FOLDED)) + 1]

    def _split(
        self, known: Sequences, fold: NDArray[np.int64], folds: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Users of the fold to be measured as newcomers, and the others."""
        long_enough = fold[known.lengths()[fold] >= SHORTEST_NEWCOMER]
        most = NEWCOMERS // 3 if self.setting.quick else NEWCOMERS
        count = min(most // folds, len(long_enough) // 6)
        kept = long_enough[:count]
        return kept, np.setdiff1d(fold, kept)

    def _cuts(self, kind: str, known: Sequences, users: NDArray[np.int64], folds: int) -> list[Cut]:
        """A fold's share of the cuts of a kind."""
        wanted = GROUPS[kind] // (folds * (3 if self.setting.quick else 1))
        each = int(np.clip(wanted // max(1, len(users)), 1, MOST_CUTS))
        if len(users) * each > wanted:
            users = self.cutting.choice(users, max(1, wanted // each), replace=False)
        make = likes_cuts if kind == "likes" else next_cuts
        return make(known, users.tolist(), each, self.cutting)

    def _strangers(self, known: Sequences, users: NDArray[np.int64]) -> list[Cut]:
        """Users as strangers who name five of their items."""
        cuts = []
        for user in users.tolist():
            shuffled = self.cutting.permutation(known.history(user).rows)
            named = History.of(shuffled[:NEWCOMER_LIKES].tolist())
            cuts.append(Cut(named, shuffled[NEWCOMER_LIKES:]))
        return cuts

    def _measured(
        self, first: FirstStage, stats: TimedStats, cuts: Sequence[Cut]
    ) -> list[_Measured]:
        """The best unseen rows of every model, and the candidates that a ranker is to order."""
        return [self._measure(first, stats, *pair) for pair in score_cuts(first, cuts)]

    def _measure(self, first: FirstStage, stats: TimedStats, cut: Cut, scored: Scored) -> _Measured:
        counts = moment(stats, cut).count
        everything = np.arange(len(counts), dtype=np.int32)
        dense = {name: scores.dense() for name, scores in scored.scores.items()}
        models = {"popularity": counts, **dense, "blend": blend(scored, everything)}
        lists = {
            model: best_unseen(scores, cut.history.rows, self.ties)
            for model, scores in models.items()
        }
        rows = np.flatnonzero(candidates(scored, counts, MEASURED_TOP, 0)).astype(np.int32)
        group = make_group(first, stats, cut, scored, rows)
        return _Measured(cut, lists, group, blend(scored, rows))

    def _rankers(self, groups: Mapping[str, Sequence[Group]]) -> dict[str, Ranker]:
        """A ranker for each kind; none where LightGBM cannot run, with a notice."""
        rankers: dict[str, Ranker] = {}
        for kind in self.kinds:
            try:
                rankers[kind] = Ranker.train(groups[kind], self.setting)
            except RankerUnavailable as error:
                sentence = str(error)
                if is_openmp(sentence):
                    sentence = NO_OPENMP.format(what="there is no ranker")
                if sentence not in self.notices:
                    self.notices.append(sentence)
        return rankers

    def _held_back(
        self, first: FirstStage, known: Sequences, tested: NDArray[np.int64]
    ) -> list[_Measured]:
        """The held-back last item of at most `MEASURED_USERS` users."""
        most = MEASURED_USERS // 6 if self.setting.quick else MEASURED_USERS
        if len(tested) > most:
            tested = np.sort(self.splits.choice(tested, most, replace=False))
        ends = self.sequences.lengths() - 1
        cuts = [next_cut(self.sequences, user, int(ends[user])) for user in tested.tolist()]
        return self._measured(first, TimedStats(known), cuts)

    def _report(self, protocol: str, measured: Sequence[_Measured], ranker: Ranker | None) -> None:
        """A row for every model."""
        tallies: dict[str, Tally] = {}
        for one in measured:
            for model, rows in one.lists.items():
                tallies.setdefault(model, Tally()).add(rows, one.cut.targets)
        if ranker is not None and measured:
            tallies["ranker"] = self._ranked(measured, ranker)
        for model, tally in tallies.items():
            self.metrics.append({"protocol": protocol, "model": model, **tally.row()})

    def _ranked(self, measured: Sequence[_Measured], ranker: Ranker) -> Tally:
        """What the ranker makes of the candidates, as the engine combines it with the blend."""
        tally, nothing = Tally(), np.empty(0, np.int32)
        predicted = ranker.predict(np.concatenate([one.group.features for one in measured]))
        ends = np.cumsum([len(one.group.rows) for one in measured])
        for one, scores in zip(measured, np.split(predicted, ends[:-1]), strict=True):
            final = combined(scores, one.blended, one.cut.history)
            top = one.group.rows[best_unseen(final, nothing, self.ties)]
            tally.add(top, one.cut.targets)
        return tally


class _Beside:
    """Runs steps on one thread beside the caller's; without it, when their result is asked for.

    The libraries' own loops release the interpreter's lock; what is Python here takes turns.
    """

    def __init__(self, parallel: bool) -> None:
        self._pool = ThreadPoolExecutor(1) if parallel else None

    def __enter__(self) -> _Beside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def start(self, step: Callable[[], T]) -> Callable[[], T]:
        """Start a step; what comes back gives its result, or raises what it raised."""
        return step if self._pool is None else self._pool.submit(step).result


@dataclass(frozen=True)
class _Measured:
    """A measured cut: the best unseen rows of each model; the candidates with blended scores."""

    cut: Cut
    lists: Mapping[str, Rows]
    group: Group
    blended: Floats


def _scale(sequences: Sequences) -> list[float] | None:
    """Lowest and highest rating."""
    if sequences.rating is None or not len(sequences.rating):
        return None
    return [float(sequences.rating.min()), float(sequences.rating.max())]


def _write(trained: Trained, directory: Path) -> None:
    """Every retriever and ranker into the directory."""
    for retriever in trained.first.retrievers.values():
        retriever.save(directory)
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
            "features": list(FEATURES),
        },
        "retrievers": list(trained.first.retrievers),
        "rankers": list(trained.rankers),
        "metrics": trained.metrics,
        "refitted": REFITTED,
        "notices": trained.notices,
        "seconds": dict(trained.seconds),
        "versions": {name: _version(name) for name in ("numpy", "scipy", "implicit", "lightgbm")},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
