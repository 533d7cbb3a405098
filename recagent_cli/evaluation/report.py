"""What a comparison found: as JSON, as rows, and in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "recagent.eval/1"
OURS = "recagent"
ENOUGH = 30
"""People from which on a bootstrap's interval is one to go by."""
BETTER_IF_MORE = ("ndcg", "hr", "recall", "mrr", "tail_ndcg")
"""Metrics of which the best is marked; of the others more is not always better."""


@dataclass
class Report:
    """What was measured.

    Attributes:
        catalog: its name.
        protocol: one of `splits.PROTOCOLS`.
        items: how many may be recommended.
        interactions: each pair of user and item once, after `min_item_count`.
        cutoffs: the k of the metrics; the first is the leading one.
        options: k, folds, min_item_count, seed, threads.
        users: how many were measured.
        tail_users: how many of them have a target in the less popular half.
        training: users and interactions of the training part, the largest of the rounds.
        engines: figures by engine: name@k, and name@k_ci for those that are means over people.
        diffs: by peer and metric: [mean, low, high] of recagent minus the peer, or None.
        settings: what was chosen for the tuned peers, one entry a round.
        notices: sentences for the person.
        seconds: by engine, and "total".
    """

    catalog: str
    protocol: str
    items: int
    interactions: int
    cutoffs: Sequence[int]
    options: dict[str, Any]
    users: int = 0
    tail_users: int = 0
    training: dict[str, int] = field(default_factory=dict)
    engines: dict[str, dict[str, Any]] = field(default_factory=dict)
    diffs: dict[str, dict[str, list[float] | None]] = field(default_factory=dict)
    settings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def leading(self) -> str:
        """The metric that settings, readings and `diff` go by."""
        return f"ndcg@{self.cutoffs[0]}"

    def to_json(self) -> dict[str, Any]:
        """`recagent.eval/1`."""
        return {
            "schema": SCHEMA,
            "catalog": self.catalog,
            "protocol": self.protocol,
            "users": self.users,
            "items": self.items,
            "interactions": self.interactions,
            "tail_users": self.tail_users,
            "training": self.training,
            "at": list(self.cutoffs),
            **self.options,
            "engines": self.engines,
            "diff_metric": self.leading,
            "diff": {peer: found[self.leading] for peer, found in self.diffs.items()},
            "diffs": self.diffs,
            "reading": self.reading(),
            "settings": self.settings,
            "notices": self.notices,
            "seconds": self.seconds,
        }

    def headline(self) -> str:
        """What was measured on whom, in one line."""
        what = self.protocol
        if self.options["k"] is not None:
            what += f", {self.options['k']} likes named"
        if self.options["folds"] > 1:
            what += f", {self.options['folds']} folds"
        many = f"{self.users:,} users, {self.items:,} items"
        return f"{self.catalog}: {what}; {many}; seed {self.options['seed']}"

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """Header and one row an engine, every figure, for csv and the like."""
        names: list[str] = list(self.engines[OURS])
        header = ["engine"]
        for name in names:
            header.extend((f"{name}_low", f"{name}_high") if name.endswith("_ci") else (name,))
        header = [name.replace("_ci_", "_") for name in header]
        table = []
        for engine, figures in self.engines.items():
            cells: list[Any] = [engine]
            for name in names:
                value = figures[name]
                cells.extend((value or [None, None]) if name.endswith("_ci") else [value])
            table.append(cells)
        return header, table

    def best(self, metric: str) -> set[str]:
        """The engines with the largest figure, as far as four digits tell; none where unmarked."""
        figures = {name: round(values[metric] or 0.0, 4) for name, values in self.engines.items()}
        top = max(figures.values())
        if metric.partition("@")[0] not in BETTER_IF_MORE or top <= 0:
            return set()
        return {name for name, value in figures.items() if value == top}

    def verdict(self, peer: str) -> str:
        """How recagent does against a peer: "better", "worse" or "no difference shown".

        Intervals drawn from a few people are too narrow to say more than that of.
        """
        if self.users < ENOUGH:
            return "too few people to tell"
        found = self.diffs[peer][self.leading]
        if found is None or found[1] <= 0 <= found[2]:
            return "no difference shown"
        return "better" if found[1] > 0 else "worse"

    def reading(self) -> str:
        """The result in one sentence: against the best of the peers."""
        if not self.diffs:
            return "there is nothing to compare with"
        peer = max(self.diffs, key=lambda name: self.engines[name][self.leading] or 0.0)
        found = self.diffs[peer][self.leading]
        assert found is not None
        metric = self.leading.upper()
        by = f"by {abs(found[0]):.4f} {_interval(found)} {metric}"
        verdict = self.verdict(peer)
        if self.users < ENOUGH:
            return f"{self.users} people are too few to tell engines apart; {ENOUGH} would do"
        if verdict == "better":
            return f"recagent is better than {peer}, the best of the others, {by}"
        if verdict == "worse":
            return f"{peer} is better than recagent {by}"
        return (
            f"recagent or {peer}, the best of the others: no difference that this data can show "
            f"({found[0]:+.4f} [{found[1]:+.4f}, {found[2]:+.4f}] {metric})"
        )

    def choices(self) -> list[str]:
        """A line for each tuned peer: what was chosen, and on whom."""
        lines = []
        for peer, rounds in self.settings.items():
            for told in rounds:
                names = [name for name in told if name not in ("ndcg", "users")]
                chosen = ", ".join(f"{name} {told[name]:g}" for name in names)
                how = f"chosen on {told['users']:,} users of the training part"
                lines.append(f"{peer}: {chosen} ({how if told['users'] else 'not tuned: too few'})")
        return lines


def _interval(found: Sequence[float]) -> str:
    """The bounds of a difference's size, the smaller first."""
    low, high = sorted((abs(found[1]), abs(found[2])))
    return f"[{low:.4f}, {high:.4f}]"
