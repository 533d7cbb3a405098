"""Who is measured on what: four ways to hold interactions back, none of which leaks a target.

Every protocol gives rounds of a training part and cases. A case is a history, which may be looked
at, and targets, which stand in no training part. The settings of the peers are chosen by the same
protocol applied to the training part alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import BadInput
from recagent_catalogs.interactions import Rows
from recagent_tools.models.history import History
from recagent_tools.models.sequences import Sequences

Users = NDArray[np.int64]

PROTOCOLS = ("leave-last-out", "global-time", "k-items", "strong")
SHORTEST = 3
"""Leave-last-out measures users with so many items; shorter ones only train."""
NEWEST_SHARE = 0.1
"""global-time holds back the newest tenth of the interactions."""
HELD_OUT = 0.2
"""k-items and strong hold out a fifth of the users that are long enough."""
FOLD_IN = 0.8
SHORTEST_STRONG = 5


@dataclass(frozen=True)
class Case:
    """One measured person.

    Attributes:
        user: index in the data.
        history: what is known.
        targets: int32, the rows that are to be found; at least one.
    """

    user: int
    history: History
    targets: Rows


@dataclass(frozen=True)
class Split:
    """What may be fitted, and who is measured."""

    train: Sequences
    cases: list[Case]


@dataclass(frozen=True)
class Plan:
    """How to split.

    Attributes:
        protocol: one of `PROTOCOLS`.
        k: likes that a person of `k-items` names.
        most: measure at most so many users a round, a random sample.
        folds: 1, or into how many parts the users of k-items and strong are split, each of which
            is held out once.
    """

    protocol: str = "leave-last-out"
    k: int = 5
    most: int = 5_000
    folds: int = 1

    def rounds(self, sequences: Sequences, rng: np.random.Generator) -> list[Split]:
        """The rounds of the comparison; one unless there are folds."""
        if self.by_time:
            return [_BY_TIME[self.protocol](sequences, self.most, rng)]
        users = rng.permutation(self.long_enough(sequences))
        if self.folds > 1:
            return [self._held_out(sequences, part, rng) for part in _parts(users, self.folds)]
        return [self._held_out(sequences, users[: _fifth(len(users))], rng)]

    def validation(self, train: Sequences, rng: np.random.Generator, most: int) -> Split:
        """The same protocol inside a training part: what settings are chosen on."""
        if self.protocol == "leave-last-out":
            return leave_last_out(train, most, rng, shortest=SHORTEST - 1)
        return Plan(self.protocol, self.k, most).rounds(train, rng)[0]

    @property
    def by_time(self) -> bool:
        """Whether the protocol needs to know what came after what."""
        return self.protocol in _BY_TIME

    @property
    def shortest(self) -> int:
        """How many items a user must have to be measured."""
        if self.protocol == "k-items":
            # some must be left to be found, or a fair list can hardly be told from a poor one
            return self.k + (self.k + 1) // 2
        return {"leave-last-out": SHORTEST, "strong": SHORTEST_STRONG}.get(self.protocol, 2)

    def long_enough(self, sequences: Sequences) -> Users:
        """The users who have enough items, ascending."""
        return np.flatnonzero(sequences.lengths() >= self.shortest)

    def _held_out(self, sequences: Sequences, users: Users, rng: np.random.Generator) -> Split:
        """None of these users' interactions in the training part."""
        users = np.sort(users)
        train = sequences.take(~np.isin(sequences.user, users))
        asked = _sample(users, self.most, rng).tolist()
        return Split(train, [self._case(sequences, user, rng) for user in asked])

    def _case(self, sequences: Sequences, user: int, rng: np.random.Generator) -> Case:
        rows = rng.permutation(sequences.history(user).rows)
        known = self.k
        if self.protocol == "strong":
            known = min(len(rows) - 1, max(1, round(FOLD_IN * len(rows))))
        return Case(user, History.of(rows[:known].tolist()), rows[known:])


def leave_last_out(
    sequences: Sequences, most: int, rng: np.random.Generator, *, shortest: int = SHORTEST
) -> Split:
    """Each user's last item is the target, everything before it the history.

    Users with fewer than `shortest` items are left whole in the training part. Where more than
    `most` could be measured, the last items of all are held back, and a sample is measured.
    """
    lengths = sequences.lengths()
    users = np.flatnonzero(lengths >= shortest)
    train = sequences.without_last(users)
    cases = []
    for user in _sample(users, most, rng).tolist():
        history, last = sequences.history(user, int(lengths[user]) - 1), sequences.indptr[user + 1]
        cases.append(Case(user, history, np.asarray(sequences.item[last - 1 : last])))
    return Split(train, cases)


def global_time(sequences: Sequences, most: int, rng: np.random.Generator) -> Split:
    """One cut in time for all: what comes later is to be found from what came before.

    The cut is a moment, so that equal times are never on both sides. Measured are users with items
    on both sides; of the others what lies before the cut trains, what lies after it is not used.
    """
    assert sequences.time is not None
    if not len(sequences):
        return Split(sequences, [])
    newest = np.sort(sequences.time)[int((1 - NEWEST_SHARE) * len(sequences)) :]
    past = sequences.time < newest[0]
    train = sequences.take(past)
    before, lengths = train.lengths(), sequences.lengths()
    users = np.flatnonzero((before > 0) & (before < lengths))
    cases = []
    for user in _sample(users, most, rng).tolist():
        begin, end = int(sequences.indptr[user] + before[user]), int(sequences.indptr[user + 1])
        cases.append(Case(user, train.history(user), np.asarray(sequences.item[begin:end])))
    return Split(train, cases)


_BY_TIME: dict[str, Callable[[Sequences, int, np.random.Generator], Split]] = {
    "leave-last-out": leave_last_out,
    "global-time": global_time,
}


def check_protocol(protocol: str, time_kind: str) -> None:
    """Whether the data know enough of time for this protocol.

    Args:
        protocol: one of `PROTOCOLS`.
        time_kind: what the catalog's times are: "seconds", "order" (of each user's items), or "".

    Raises:
        BadInput: they do not; the hint names the protocols that work.
    """
    needed = {"leave-last-out": ("seconds", "order"), "global-time": ("seconds",)}
    if protocol not in needed or time_kind in needed[protocol]:
        return
    what = (
        "no times, only an order of each user's items" if time_kind else "neither times nor order"
    )
    works = [name for name in PROTOCOLS if time_kind in needed.get(name, (time_kind,))]
    raise BadInput(
        f"the interactions of this catalog have {what}, which {protocol} needs",
        hint="protocols that work here: " + ", ".join(works),
    )


def _sample(users: Users, most: int, rng: np.random.Generator) -> Users:
    """At most `most` of the users, ascending."""
    return users if len(users) <= most else np.sort(rng.choice(users, most, replace=False))


def _fifth(count: int) -> int:
    return min(count, max(1, round(HELD_OUT * count)))


def _parts(users: Users, folds: int) -> Sequence[Users]:
    return [part for part in np.array_split(users, folds) if len(part)]
