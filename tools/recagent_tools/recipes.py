"""Joins a stage's candidates with another set: what a recipe says, without any tool."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .rowset import RowSet
from .stages import Recipe, Stage, places_of

Made = tuple[RowSet, Rows | None, Mapping[str, Floats]]
"""A set of candidates, their order where they have one, and their scores."""


def follow(recipe: Recipe, parent: Stage, source: Stage | None, n_items: int) -> Made:
    """What a recipe makes of the candidates of `parent`.

    What is in both sets keeps its place and, unless it is a union, its scores; of a union the
    others follow in their order.

    Args:
        recipe: what to do.
        parent: a stage with candidates.
        source: the stage that holds the other set; None where the recipe has its rows.
        n_items: items of the catalog.

    Raises:
        ValueError: a row twice or outside the catalog.
    """
    order: Rows | None = recipe.rows
    scores: Mapping[str, Floats] = {}
    if source is not None:
        other, order, scores = source.set, source.order, source.scores
    else:
        other = RowSet.of_rows(recipe.rows, n_items)
        if other.count != len(recipe.rows):
            raise ValueError("each candidate once")
    mine = parent.set
    if recipe.op == "first":
        return _first(recipe.rows, other, parent)
    if recipe.op == "load":
        return other, order, scores
    if recipe.op == "union":
        if parent.order is None and order is None:
            return mine | other, None, {}
        rest = other.rows() if order is None else order
        return mine | other, np.concatenate([parent.rows(), rest[~mine.holds(rest)]]), {}
    after = mine & other if recipe.op == "intersect" else mine - other
    if parent.order is None and not parent.scores:
        return after, None, {}
    inside = after.holds(parent.rows())
    kept = None if parent.order is None else parent.order[inside]
    return after, kept, {name: column[inside] for name, column in parent.scores.items()}


def _first(rows: Rows, as_set: RowSet, parent: Stage) -> Made:
    """Some candidates before the others, which stay in their order."""
    if (parent.set & as_set) != as_set:
        raise ValueError("only candidates come first")
    behind = parent.rows()
    order = np.concatenate((rows, behind[~as_set.holds(behind)])).astype(np.int32)
    places = places_of(order, parent.set, parent)
    return parent.set, order, {name: column[places] for name, column in parent.scores.items()}
