"""Items side by side: their facts, how they are received, and what sets them apart for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.errors import NotFound, ToolError
from recagent_catalogs.interactions import Rows
from recagent_catalogs.schema import LIST_ROLES, Role

from .dropped import own_value
from .evidence import LikeShare
from .liked import like_shares
from .models.blend import standardised
from .models.history import History
from .rank import shrunk_rating
from .retrieve import profile_history
from .toolbox import ToolContext

FEWEST, MOST = 2, 5
BESIDE = 500
"""Candidates for the person among which the fit of the items is standardised."""
MOST_LIKES = 3
LEAST_PULL, LEAST_PART = 0.02, 0.1
"""A like is a cause from so much of a score on, and so much of all that the likes set apart."""
NOT_COMPARED = frozenset((Role.ID, Role.TITLE, Role.ALIAS, Role.TEXT, Role.URL, Role.OTHER))
_FIRST = (Role.PEOPLE, Role.GROUP, Role.TAGS, Role.CATEGORIES, Role.FACET)


@dataclass(frozen=True)
class Compared:
    """One item of a comparison.

    Attributes:
        row: the item.
        taken_by: users who took it.
        mean_rating: of those who rated it; None where nobody did.
        fit: how well it fits the person, in standard deviations among what would be recommended;
            None where nothing is known of the person.
        rating: what the person would probably rate it; None where that cannot be told.
        likes: what the person's likes add to its score by the ALS model (or the items' words where
            that does not know it), largest first.
        seen: whether the person has seen or taken it.
    """

    row: int
    taken_by: int
    mean_rating: float | None
    fit: float | None
    rating: float | None
    likes: tuple[LikeShare, ...]
    seen: bool


@dataclass(frozen=True)
class ComparedColumn:
    """A column of the schema: a cell for each item, "" where nothing is known."""

    name: str
    cells: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the items have not all the same there."""
        return len(set(self.cells)) > 1


@dataclass(frozen=True)
class Apart:
    """What one retriever says of each item for the person, in standard deviations of all items."""

    name: str
    shares: tuple[float, ...]

    @property
    def size(self) -> float:
        """How far it sets them apart."""
        return max(self.shares) - min(self.shares)


@dataclass(frozen=True)
class Comparison:
    """Items side by side.

    Attributes:
        items: in the order in which they were named.
        columns: their facts.
        shared: (column, value) that all of them have, people first.
        apart: what sets them apart for the person, most first; empty where nothing is known.
        known: whether anything is known of the person.
        best: place, from 0, of the one that fits best; without a history the one received best;
            None where nothing tells them apart.
        causes: likes that speak notably more for the best than for the next one, most first.
    """

    items: tuple[Compared, ...]
    columns: tuple[ComparedColumn, ...]
    shared: tuple[tuple[str, str], ...]
    apart: tuple[Apart, ...]
    known: bool
    best: int | None
    causes: tuple[LikeShare, ...] = ()


def compare(rows: Sequence[int], context: ToolContext) -> Comparison:
    """Compare two to five items for the person of the context.

    The items themselves are no part of the history by which they are compared.

    Raises:
        ToolError: fewer than two different items, or more than five.
    """
    rows = list(dict.fromkeys(rows))
    if not FEWEST <= len(rows) <= MOST:
        raise ToolError(f"compare takes {FEWEST} to {MOST} different items, not {len(rows)}")
    whole = profile_history(context)
    keep = ~np.isin(whole.rows, rows)
    history = History(whole.rows[keep], whole.weights[keep], whole.ordered)
    known = history.n_liked > 0
    fits = _fits(rows, history, context) if known else [None] * len(rows)
    ratings = _ratings(rows, history, context) if known else [None] * len(rows)
    gone = {*map(int, context.profile.seen), *map(int, whole.rows)}
    likes = [like_shares(row, history, context).likes if known else () for row in rows]
    items = tuple(
        Compared(
            row,
            int(context.catalog.popularity[row]),
            _mean(row, context),
            fit,
            rating,
            tuple(like for like in own[:MOST_LIKES] if like.share > 0),
            row in gone,
        )
        for row, fit, rating, own in zip(rows, fits, ratings, likes, strict=True)
    )
    apart = _apart(rows, history, context) if known else ()
    best = _best(items, context)
    columns, shared = _columns(rows, context), _shared(rows, context)
    causes = () if best is None else _causes(likes[best], likes[_next(items, best)])
    return Comparison(items, columns, shared, apart, known, best, causes)


def _next(items: Sequence[Compared], best: int) -> int:
    """The place of the one that fits best after the best."""
    others = [n for n in range(len(items)) if n != best]
    return max(others, key=lambda n: items[n].fit or 0.0)


def _causes(best: Sequence[LikeShare], rest: Sequence[LikeShare]) -> tuple[LikeShare, ...]:
    """The likes that add notably more to the score of the best than to that of another."""
    other = {like.row: like.share for like in rest}
    pulls = [LikeShare(like.row, like.share - other.get(like.row, 0.0)) for like in best]
    least = max(LEAST_PULL, LEAST_PART * sum(abs(pull.share) for pull in pulls))
    found = [pull for pull in pulls if pull.share >= least]
    return tuple(sorted(found, key=lambda pull: -pull.share))


def _mean(row: int, context: ToolContext) -> float | None:
    rating = float(context.catalog.mean_rating[row])
    return None if np.isnan(rating) else rating


def _fits(rows: Sequence[int], history: History, context: ToolContext) -> list[float | None]:
    """What the ranker says of the items, standardised among the best candidates for the person."""
    beside = context.engine.retrieve(history, BESIDE)
    pool: Rows = np.union1d(beside, np.asarray(rows, dtype=np.int32)).astype(np.int32)
    scores = standardised(context.engine.rank(pool, history))
    return [float(scores[int(np.searchsorted(pool, row))]) for row in rows]


def _ratings(rows: Sequence[int], history: History, context: ToolContext) -> list[float | None]:
    """What the person would rate the items, by what they gave others; None without ratings."""
    given: History | dict[int, float] = history
    try:
        if context.user is not None:
            own = context.engine.user_ratings(context.user)
            given = {row: rating for row, rating in own.items() if row not in rows}
        expected, *_ = context.engine.predict_rating(np.asarray(rows, np.int32), given)
    except (NotFound, IndexError):
        return [None] * len(rows)
    return [float(rating) for rating in expected]


def _apart(rows: Sequence[int], history: History, context: ToolContext) -> tuple[Apart, ...]:
    scored = context.engine.recommender.scored(history)
    wanted = np.asarray(rows, dtype=np.int32)
    found = [
        Apart(name, tuple(float(value) for value in scores.z(wanted)))
        for name, scores in scored.scores.items()
    ]
    return tuple(sorted((each for each in found if each.size), key=lambda each: -each.size))


def _best(items: Sequence[Compared], context: ToolContext) -> int | None:
    """By fit; without a history by ratings, those of few drawn to the mean; else by people."""
    if all(item.fit is not None for item in items):
        order = [item.fit or 0.0 for item in items]
    else:
        rows = np.asarray([item.row for item in items], dtype=np.int32)
        order = [float(value) for value in shrunk_rating(rows, context)]
    best = int(np.argmax(order))
    return best if order.count(order[best]) == 1 else None


def _columns(rows: Sequence[int], context: ToolContext) -> tuple[ComparedColumn, ...]:
    """The facts that people choose by, in the schema's order; columns of which none is known go."""
    found = []
    for column in context.catalog.schema.columns:
        if column.role in NOT_COMPARED:
            continue
        cells = tuple(own_value(column.name, row, context.catalog) for row in rows)
        if any(cells):
            found.append(ComparedColumn(column.name, cells))
    return tuple(found)


def _shared(rows: Sequence[int], context: ToolContext) -> tuple[tuple[str, str], ...]:
    items = context.catalog.items(list(rows))
    found: list[tuple[str, str]] = []
    for role in _FIRST:
        for column in context.catalog.schema.with_role(role):
            cells = [item.columns.get(column.name) for item in items]
            lists = [c if isinstance(c, list) else [c] if c else [] for c in cells]
            if role not in LIST_ROLES and role is not Role.GROUP:
                continue
            found += [
                (column.name, str(value))
                for value in dict.fromkeys(lists[0])
                if all(value in other for other in lists[1:])
            ]
    return tuple(found)
