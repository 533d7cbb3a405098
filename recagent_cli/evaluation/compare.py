"""The comparison: split, fit everything on the training part only, ask for lists, measure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import BadInput
from recagent_catalogs.interactions import Rows
from recagent_catalogs.schema import LIST_ROLES, Role
from recagent_tools.models import metrics
from recagent_tools.models.facts import ItemFacts, facts_of
from recagent_tools.models.history import History
from recagent_tools.models.recommender import content_share
from recagent_tools.models.retriever import Setting
from recagent_tools.models.sequences import Sequences

from .bootstrap import Resampling, means_of
from .lists import Pool
from .ours import Ours
from .peers import PEERS, Peer, PeerMissing
from .report import OURS, Report
from .splits import NEWEST_SHARE, SHORTEST, Plan, Split, check_protocol
from .tuning import Tuner

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

Progress = Callable[[str, float], None]
Values = NDArray[np.float64]

FEWEST = 5
"""Fewer people than this are not measured: their interval would say nothing."""
FEW = 100
"""With fewer people it is said that the intervals are wide."""
LONGEST_DIVERSITY = 100
"""The pairs of a list grow with its square."""
OURS_SHARE = 0.6
"""Of the progress bar, our engine's training and lists."""


@dataclass(frozen=True)
class Options:
    """What to compare.

    Attributes:
        plan: how to split.
        min_item_count: items taken by fewer users, before any split, are left out.
        cutoffs: the k of the metrics; the first one is what settings and readings go by.
        seed: of everything random.
        threads: at most so many.
    """

    plan: Plan = Plan()
    min_item_count: int = 1
    cutoffs: tuple[int, ...] = (10, 20, 100)
    seed: int = 0
    threads: int = 1


@dataclass
class Measured:
    """Of one engine, over all rounds: lists, and values by metric, one a person."""

    lists: list[Rows] = field(default_factory=list)
    values: list[Values] = field(default_factory=list)


def evaluate(
    catalog: Catalog, options: Options, progress: Progress = lambda text, share: None
) -> Report:
    """Compare our engine with the peers on a catalog's interactions.

    Args:
        catalog: any with interactions.
        options: protocol, cut-offs and so on.
        progress: told the step and the share done, 0 to 1.

    Raises:
        BadInput: there are no interactions, no order where one is needed, or too few people.
    """
    started = time.perf_counter()
    progress("reading", 0.0)
    taken = catalog.interactions
    if taken is None or not len(taken):
        raise BadInput(
            f"the catalog {catalog.name!r} has no interactions, so there is nothing to measure on",
            hint="recagent catalog add NAME ITEMS --interactions FILE",
        )
    check_protocol(options.plan.protocol, catalog.time_kind)
    comparison = Comparison(catalog, Sequences.of(taken), options, progress)
    report = comparison.run()
    report.seconds["total"] = round(time.perf_counter() - started, 3)
    return report


class Comparison:
    """The steps of one comparison, with what they share.

    Args:
        catalog: whose items they are.
        sequences: all its interactions.
        options: protocol, cut-offs and so on.
        progress: told the step and the share done.
        peers: what our engine is compared with.
        ours: trains our engine; a benchmark may remember what it trained.
    """

    def __init__(
        self,
        catalog: Catalog,
        sequences: Sequences,
        options: Options,
        progress: Progress,
        *,
        peers: Iterable[type[Peer]] = PEERS,
        ours: type[Ours] = Ours,
    ) -> None:
        self.options, self.progress = options, progress
        self.peers, self.ours = tuple(peers), ours
        # one stream a purpose, so that a change of one does not move the others
        self.splitting, self.ties, self.tuning, self.drawing = np.random.default_rng(
            options.seed
        ).spawn(4)
        counts = np.bincount(sequences.item, minlength=sequences.n_items)
        self.allowed = counts >= options.min_item_count
        self.sequences = sequences.take(self.allowed[sequences.item])
        self.facts = facts_of(catalog)
        self.content_share = content_share(catalog.schema)
        self.words = word_matrix(self.facts)
        self.measured: dict[str, Measured] = {}
        self.report = Report(
            catalog=catalog.name,
            protocol=options.plan.protocol,
            items=int(self.allowed.sum()),
            interactions=len(self.sequences),
            cutoffs=options.cutoffs,
            options={
                "k": options.plan.k if options.plan.protocol == "k-items" else None,
                "folds": options.plan.folds,
                "min_item_count": options.min_item_count,
                "seed": options.seed,
                "threads": options.threads,
            },
        )
        if catalog.schema.simulated:
            self.note("the interactions of this catalog are simulated; so are these figures")

    def run(self) -> Report:
        """All rounds, then means, intervals and differences."""
        rounds = self.options.plan.rounds(self.sequences, self.splitting)
        cases = sum(len(split.cases) for split in rounds)
        self._check(cases)
        for number, split in enumerate(rounds):
            self._round(split, number / len(rounds), 1 / len(rounds))
        self.report.users = cases
        self.progress("drawing intervals", 0.99)
        self._sum_up()
        self._say_what_was_measured(rounds)
        return self.report

    def note(self, sentence: str) -> None:
        """A notice, once."""
        if sentence not in self.report.notices:
            self.report.notices.append(sentence)

    def _check(self, cases: int) -> None:
        """Too few people are refused.

        Raises:
            BadInput: says how many there are and what would count.
        """
        plan = self.options.plan
        if cases >= FEWEST:
            return
        who = {
            "leave-last-out": f"with {SHORTEST} or more items",
            "global-time": "with items before and after the cut in time",
        }.get(plan.protocol, f"held out, of those with {plan.shortest} or more items")
        raise BadInput(
            f"too little to measure on: {cases} users {who}, at least {FEWEST} are needed",
            hint="other data, another --protocol, a smaller --min-item-count or --k",
        )

    def _round(self, split: Split, begin: float, span: float) -> None:
        """Fit every engine on the round's training part and measure its lists."""
        if not len(split.train):
            raise BadInput("nothing is left to train on", hint="more data, or another --protocol")
        counts = np.bincount(split.train.item, minlength=split.train.n_items)
        pool = Pool.of(self.allowed, counts, self.ties)
        tail = counts <= np.median(counts[self.allowed])
        measure = _Measure(self.options.cutoffs, split, pool, pool.only(tail), counts, self.words)
        middle = begin + OURS_SHARE * span
        measure.add(self._of(OURS), self._ours(split, measure, begin, OURS_SHARE * span))
        tuner = Tuner.of(
            split.train,
            self.options.plan,
            pool,
            self.options.cutoffs[0],
            self.tuning,
            seed=self.options.seed,
            threads=self.options.threads,
        )
        for place, peer in enumerate(self.peers):
            self.progress(f"fitting {peer.name}", middle + 0.39 * span * place / len(self.peers))
            lists = self._peer(peer, split, tuner, measure)
            if lists is not None:
                measure.add(self._of(peer.name), lists)

    def _of(self, engine: str) -> Measured:
        return self.measured.setdefault(engine, Measured())

    def _ours(
        self, split: Split, measure: _Measure, begin: float, span: float
    ) -> tuple[list[Rows], list[Rows]]:
        """Our engine's lists, and those among rare items."""
        clock, options = time.perf_counter(), self.options
        setting = Setting(options.seed, options.threads)

        def training(text: str, share: float) -> None:
            self.progress(f"recagent: {text}", begin + 0.6 * span * share)

        def asking(text: str, share: float) -> None:
            self.progress(text, begin + span * (0.6 + 0.3 * share))

        engine = self.ours(self.facts, split.train, setting, training, self.content_share)
        for notice in engine.notices:
            self.note(f"recagent: {notice}")
        longest = max(options.cutoffs)
        lists = engine.top(measure.histories, longest, measure.pool, asking)
        rare = engine.top(measure.rare_histories, longest, measure.tail, lambda text, share: None)
        self._spent(OURS, clock)
        return lists, rare

    def _peer(
        self, peer: type[Peer], split: Split, tuner: Tuner, measure: _Measure
    ) -> tuple[list[Rows], list[Rows]] | None:
        """A tuned peer's lists, and those among rare items; None where it cannot run."""
        clock, options = time.perf_counter(), self.options
        try:
            chosen = tuner.choose(peer)
            fitted = peer.fit(
                split.train, chosen.parameters, seed=options.seed, threads=options.threads
            )
        except PeerMissing as error:
            self.note(f"{peer.name} is left out: {error}")
            return None
        if fitted.notes:
            self.note(fitted.notes)
        if chosen.parameters:
            told = {**chosen.parameters, "ndcg": chosen.ndcg, "users": chosen.users}
            self.report.settings.setdefault(peer.name, []).append(told)
        longest = max(options.cutoffs)
        lists = fitted.top(measure.histories, longest, measure.pool)
        rare = fitted.top(measure.rare_histories, longest, measure.tail)
        self._spent(peer.name, clock)
        return lists, rare

    def _spent(self, engine: str, since: float) -> None:
        seconds = self.report.seconds
        seconds[engine] = round(seconds.get(engine, 0.0) + time.perf_counter() - since, 3)

    def _sum_up(self) -> None:
        """Means, intervals and paired differences into the report."""
        names = metric_names(self.options.cutoffs)
        values = {engine: np.concatenate(one.values) for engine, one in self.measured.items()}
        people = Resampling(self.report.users, self.drawing)
        for engine, table in values.items():
            figures = self.report.engines.setdefault(engine, {})
            bounds = people.intervals(table)
            for name, mean, interval in zip(names, means_of(table), bounds, strict=True):
                figures[name] = _number(mean)
                figures[f"{name}_ci"] = _pair(interval)
            lists = np.concatenate(self.measured[engine].lists)
            for k in self.options.cutoffs:
                figures[f"coverage@{k}"] = _number(metrics.coverage(lists, self.report.items, k))
        for engine in self.measured:
            if engine != OURS:
                difference = values[OURS] - values[engine]
                bounds = people.intervals(difference)
                for name, mean, interval in zip(names, means_of(difference), bounds, strict=True):
                    told = None if np.isnan(mean) else [_number(mean), *_pair(interval)]  # type: ignore[misc]
                    self.report.diffs.setdefault(engine, {})[name] = told
        tail = values[OURS][:, names.index(f"tail_ndcg@{self.options.cutoffs[0]}")]
        self.report.tail_users = int(np.count_nonzero(~np.isnan(tail)))

    def _say_what_was_measured(self, rounds: Sequence[Split]) -> None:
        """Notices about who and what is behind the figures."""
        plan = self.options.plan
        self.report.training = {
            "users": max(int((split.train.lengths() > 0).sum()) for split in rounds),
            "interactions": max(len(split.train) for split in rounds),
        }
        eligible = len(plan.long_enough(self.sequences))
        if self.report.users < FEW:
            self.note(f"only {self.report.users} users were measured: the intervals are wide")
        if any(len(split.cases) == plan.most < eligible for split in rounds):
            self.note(f"{self.report.users:,} of {eligible:,} users were measured, drawn at random")
        time = self.sequences.time
        if plan.by_time and time is not None and len(time) and time[0] == time.min() == time.max():
            self.note("all times are equal: the order is that of the file")
        if plan.protocol == "global-time":
            self._say_what_is_new(rounds[0])
        if self.words is None:
            self.note("diversity is not known: the items have no categories or other words")

    def _say_what_is_new(self, split: Split) -> None:
        targets = np.concatenate([case.targets for case in split.cases])
        known = np.isin(targets, split.train.item)
        new = 100 * (1 - float(known.mean()))
        self.note(
            f"the newest {100 * NEWEST_SHARE:.0f} % of the interactions are held back; {new:.1f} % "
            "of the targets were never taken before, which only the items' words can find"
        )


def metric_names(cutoffs: Sequence[int]) -> list[str]:
    """The metrics that have a value for every person, in the order of `_Measure`."""
    kinds = ("ndcg", "hr", "recall", "truncated_recall", "tail_ndcg", "novelty")
    names = [f"{kind}@{k}" for kind in kinds for k in cutoffs]
    return ["mrr", *names, *(f"diversity@{k}" for k in cutoffs)]


@dataclass(frozen=True)
class _Measure:
    """Measures the lists of one round.

    Attributes:
        cutoffs: the k of the metrics.
        split: who is measured.
        pool: what may be recommended.
        tail: the less popular half of it.
        counts: int64 [n_items], users of the training part who took each item.
        words: SciPy CSR of ones [n_items, words], or None.
    """

    cutoffs: Sequence[int]
    split: Split
    pool: Pool
    tail: Pool
    counts: NDArray[np.int64]
    words: Any

    @property
    def histories(self) -> list[History]:
        """What is known of each case."""
        return [case.history for case in self.split.cases]

    @cached_property
    def rare_targets(self) -> list[Rows]:
        """The targets of each case that are in the tail."""
        return [case.targets[self.tail.mask[case.targets]] for case in self.split.cases]

    @property
    def rare_histories(self) -> list[History]:
        """Of the cases with a target in the tail alone: for the others there is nothing to ask."""
        pairs = zip(self.histories, self.rare_targets, strict=True)
        return [history for history, rows in pairs if len(rows)]

    def add(self, measured: Measured, lists: tuple[list[Rows], list[Rows]]) -> None:
        """Lists of the pool for `histories`, and of the tail for `rare_histories`."""
        whole, rare = (metrics.stacked(part, max(self.cutoffs)) for part in lists)
        measured.lists.append(whole)
        measured.values.append(np.stack(self._columns(whole, rare), axis=1))

    def _columns(self, whole: Rows, rare: Rows) -> list[Values]:
        """In the order of `metric_names`."""
        n_items = self.pool.n_items
        targets = [case.targets for case in self.split.cases]
        relevant = np.array([len(rows) for rows in targets])
        hits = metrics.hits_of(whole, targets, n_items)
        n_users = int((self.split.train.lengths() > 0).sum())
        at = self.cutoffs
        return [
            metrics.reciprocal_rank(hits),
            *(metrics.ndcg(hits, relevant, k) for k in at),
            *(metrics.hit_rate(hits, k) for k in at),
            *(metrics.recall(hits, relevant, k) for k in at),
            *(metrics.truncated_recall(hits, relevant, k) for k in at),
            *self._tail_ndcg(rare),
            *(metrics.novelty(whole, self.counts, n_users, k) for k in at),
            *self._diversity(whole),
        ]

    def _tail_ndcg(self, rare: Rows) -> list[Values]:
        """NaN for people without a rare target."""
        wanted = [rows for rows in self.rare_targets if len(rows)]
        some = np.array([len(rows) > 0 for rows in self.rare_targets])
        columns = [np.full(len(some), np.nan) for _ in self.cutoffs]
        if wanted:
            count = np.array([len(rows) for rows in wanted])
            hits = metrics.hits_of(rare, wanted, self.pool.n_items)
            for column, k in zip(columns, self.cutoffs, strict=True):
                column[some] = metrics.ndcg(hits, count, k)
        return columns

    def _diversity(self, lists: Rows) -> list[Values]:
        unknown = np.full(len(lists), np.nan)
        short = [k for k in self.cutoffs if k <= LONGEST_DIVERSITY]
        if self.words is None or not short:
            return [unknown] * len(self.cutoffs)
        known = metrics.diversity(lists[:, : max(short)], self.words, short)
        columns: Mapping[int, Values] = dict(zip(short, known.T, strict=True))
        return [columns.get(k, unknown) for k in self.cutoffs]


def word_matrix(facts: ItemFacts) -> Any:
    """SciPy CSR of ones [n_items, words] of the categories, else of all lists of words; or None."""
    from scipy.sparse import csr_matrix, hstack

    parts = [part for part in facts.parts if part.role is Role.CATEGORIES]
    parts = parts or [part for part in facts.parts if part.role in LIST_ROLES]
    blocks = []
    for part in parts:
        if len(part.codes):
            shape = (facts.n_items, int(part.codes.max()) + 1)
            ones = np.ones(len(part.codes), dtype=np.float32)
            blocks.append(csr_matrix((ones, part.codes, part.indptr), shape=shape))
    return hstack(blocks, format="csr") if blocks else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _pair(interval: Values) -> list[float | None] | None:
    return None if np.isnan(interval).any() else [_number(interval[0]), _number(interval[1])]
