"""Champion and challenger: whether models that learnt a person's own events replace those in use.

Both are measured on the same interactions, which neither had learnt when it was measured: the last
one of the same users of the data, and the last of the person's own. docs/memory.md tells the rule.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.store import Catalog
from recagent_tools.models.engine import Engine
from recagent_tools.models.measured import final_lists, measure_cuts, ndcg_each
from recagent_tools.models.own import Own
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.stats import TimedStats
from recagent_tools.models.training import HeldBack

from .evaluation.bootstrap import Resampling
from .memory.event_rows import StoredEvent
from .memory.profile import derive
from .memory.tastes import SAYS, Scale, in_time, points_say
from .own_builds import digest_of, holds_events_of

TAKEN = frozenset(("liked", "disliked", "rated", "seen", "imported", "accepted"))
"""Events that say that the person took the item."""
MARGIN, MARGIN_SHARE = 0.005, 0.1
"""What the challenger may be worse by: so much NDCG@10, or this share of the champion's."""
LIKED_SHARE, DISLIKED_SHARE = 0.875, 0.25
"""Where on the catalog's scale a bare like and dislike stand, where ratings are learnt from."""


def own_events(events: Iterable[StoredEvent], catalog: Catalog, profile: str) -> Own | None:
    """A profile's events as interactions; None where there are none, or the data has none.

    An item counts once, at the first time it was taken, with the verdict that holds, as `derive`
    has it: the rating, or what a bare like or dislike stands for; the catalog's mean where nothing
    was said. Where values are no ratings, what is disliked is left out. What is never wanted again
    is no interaction, whatever was said before.

    Args:
        events: of one profile and this catalog, none undone.
        catalog: of which they are.
        profile: its name.
    """
    taken = catalog.interactions
    if taken is None or not len(taken):
        return None
    events = list(events)
    scale = None
    if taken.explicit and taken.value is not None:
        scale = float(taken.value.min()), float(taken.value.max())
    mean = float(taken.value.mean()) if scale is not None and taken.value is not None else 0.0
    held = derive(events, catalog, scale=scale)
    signs = dict.fromkeys(held.liked, 1) | dict.fromkeys(held.disliked, -1)
    first: dict[str, float] = {}
    last: dict[str, str] = {}
    for event in in_time(events, time.time()):
        if event.column or not event.item:
            continue
        if event.kind in TAKEN:
            first[event.item] = min(event.time, first.get(event.item, event.time))
        if event.kind in SAYS or event.kind in ("rated", "set"):
            last[event.item] = event.kind
    rows = catalog.rows_of(first)
    never, found = set(held.never), []
    for item in sorted(first, key=lambda each: first[each]):
        row = rows.get(item)
        if row is None or row in never:
            continue
        rated, sign = held.ratings.get(row), signs.get(row, 0)
        if rated is not None and last[item] != "rated" and _side(rated, scale) != sign:
            rated = None  # what was said since is something else
        points = _points(rated, sign, scale, mean)
        if points is not None:
            found.append((row, points, first[item]))
    if not found:
        return None
    value = np.array([points for _, points, _ in found], dtype=np.float32)
    return Own(
        np.array([row for row, _, _ in found], dtype=np.int32),
        value if scale is not None else None,
        np.array([moment for _, _, moment in found], dtype=np.int64),
        value >= (sum(scale) / 2 if scale is not None else 1.0),
        digest_of(profile, catalog.path.name),
    )


def _side(points: float, scale: Scale | None) -> int:
    """1 for a good rating, -1 for a bad one, 0 for one that is neither, or on no scale."""
    said = points_say(points, scale)
    return 0 if said is None else int(np.sign(said))


def _points(rated: float | None, sign: int, scale: Scale | None, mean: float) -> float | None:
    """The rating that an item has in such data; None where it is no interaction of them."""
    if scale is None:
        return None if sign < 0 else 1.0
    low, high = scale
    if rated is not None:
        return min(max(rated, low), high)
    if not sign:
        return mean
    return low + (DISLIKED_SHARE if sign < 0 else LIKED_SHARE) * (high - low)


@dataclass(frozen=True)
class Champion:
    """The models in use, as far as they can be measured against others.

    Attributes:
        build: their name.
        created: seconds since 1970.
        users: int64 [m], users of the data that they were measured on; None where they were not.
        ndcg: float64 [m], of each of them.
        has_me: whether they learnt this profile's own events already.
        engine: themselves.
    """

    build: str
    created: float
    users: NDArray[np.int64] | None
    ndcg: NDArray[np.float64] | None
    has_me: bool
    engine: Engine

    @classmethod
    def of(cls, catalog: Catalog, models_dir: Path, profile: str) -> Champion | None:
        """The current build; None where there is none that can be used with these data."""
        engine = Engine.open(catalog, models_dir)
        manifest = engine.manifest
        if manifest is None:
            return None
        users, ndcg = engine.held_back() or (None, None)
        when = time.strptime(manifest["created"], "%Y-%m-%dT%H:%M:%SZ")
        created = float(calendar.timegm(when))
        has_me = holds_events_of(manifest, profile, catalog.path.name)
        return cls(str(manifest["build"]), created, users, ndcg, has_me, engine)

    def held(self, own: Own) -> int:
        """How many of a person's last events can be held back from these models as well."""
        return own.held(self.created if self.has_me else None)

    def on(self, held: HeldBack, catalog: Catalog, seed: int) -> NDArray[np.float64]:
        """NDCG@10 on a person's own held-back events, float64 [k]."""
        if not held.cuts or catalog.interactions is None:
            return np.zeros(0)
        recommender, ties = self.engine.recommender, np.random.default_rng(seed)
        stats = TimedStats(Sequences.of(catalog.interactions))
        measured = measure_cuts(recommender.first, stats, held.cuts, ties)
        ranker = recommender.ranker(held.cuts[0].history)
        return ndcg_each(final_lists(measured, ranker, ties), measured)


@dataclass(frozen=True)
class Contest:
    """How the two compare.

    Attributes:
        champion: build in use.
        users: on how many users' held-back items both were measured.
        champion_ndcg, challenger_ndcg: means over them; None for no users.
        difference: challenger less champion; `low` is where its 95 % interval begins.
        own_held: how many of the person's own events were held back from both.
        own_champion, own_challenger: means over them; None for none.
        replaced: whether the challenger replaces the champion.
        why: in words.
    """

    champion: str
    users: int
    champion_ndcg: float | None
    challenger_ndcg: float | None
    difference: float | None
    low: float | None
    own_held: int
    own_champion: float | None
    own_challenger: float | None
    replaced: bool
    why: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The figures for people, a line each."""
        told = []
        if self.difference is not None and self.low is not None:
            told.append(
                f"NDCG@10 on {self.users:,} held-back events of others: {self.challenger_ndcg:.4f}"
                f" with your events, {self.champion_ndcg:.4f} of the models in use"
                f" (difference {self.difference:+.4f}, at least {self.low:+.4f})"
            )
        if self.own_held:
            told.append(
                f"on {self.own_held} held-back events of yours: {self.own_challenger:.4f} with your"
                f" events, {self.own_champion:.4f} of the models in use"
            )
        return [*told, self.why]


def judge(
    champion: Champion,
    held: HeldBack | None,
    own_champion: NDArray[np.float64] | None,
    *,
    force: str = "",
    seed: int = 0,
) -> Contest:
    """Whether the challenger replaces the champion.

    It does where it is at least as good in the mean, over the users measured with both, or where
    the 95 % bootstrap interval of the paired difference of NDCG@10 begins above a tenth of the
    champion's NDCG@10 (at least .005) below nought; and where the person's own held-back events
    come out no more than that worse in the mean: they are too few for an interval. What could not
    be measured with both decides nothing.

    Args:
        champion: the models in use.
        held: what the challenger made of what was held back.
        own_champion: what the champion made of the person's own held-back events.
        force: why it is replaced in any case; "" where the figures decide.
        seed: of the resampling.
    """
    ours, theirs = _paired(champion, held)
    own_champion = np.zeros(0) if own_champion is None else own_champion
    difference = low = None
    if len(ours):
        apart = ours - theirs
        difference = float(apart.mean())
        sampled = Resampling(len(apart), np.random.default_rng(seed))
        low = float(sampled.intervals(apart[:, None])[0, 0])
    own = held.own if held is not None else np.zeros(0)
    known = difference is not None or len(own) > 0
    worse = _is_worse(theirs, difference, low) or bool(
        len(own) and own.mean() - own_champion.mean() < -_margin(own_champion)
    )
    why = force or (
        "they may be worse, so the models in use stay (--force replaces them)"
        if worse
        else "not worse: they replace the models in use"
        if known
        else "the models in use were never measured on held-back events: they are replaced"
    )
    return Contest(
        champion.build,
        len(ours),
        _mean(theirs),
        _mean(ours),
        None if difference is None else round(difference, 5),
        None if low is None else round(low, 5),
        len(own),
        _mean(own_champion),
        _mean(own),
        bool(force) or not worse,
        why,
    )


def _is_worse(champion: NDArray[np.float64], difference: float | None, low: float | None) -> bool:
    if difference is None or low is None:
        return False
    return difference < 0 and low <= -_margin(champion)


def _margin(champion: NDArray[np.float64]) -> float:
    return max(MARGIN, MARGIN_SHARE * float(champion.mean()))


def _paired(
    champion: Champion, held: HeldBack | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """NDCG@10 of challenger and champion on the users measured with both."""
    if held is None or champion.users is None or champion.ndcg is None:
        return np.zeros(0), np.zeros(0)
    _, ours, theirs = np.intersect1d(held.users, champion.users, return_indices=True)
    return held.ndcg[ours], champion.ndcg[theirs]


def _mean(values: NDArray[np.float64]) -> float | None:
    return round(float(values.mean()), 5) if len(values) else None
