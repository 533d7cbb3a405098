"""ReDial: the next item, with the catalog's data as the only knowledge.

The films named so far are given, as in everybody's figures on this set; what else was said is read
by our parser. Four lines that must not be mixed: the program's own ranking of such a request
(`r@10_product`); the same parts
with fixed weights for such dialogues (`r@1`, `r@10`, `r@50`: chosen on the validation dialogues, so
on that file in sample; nothing is learned in the run); what is learned on the dialogues of the
other four fifths beside them (`r@10_learned`); and with how many of those dialogues name each film
(`r@10_counts`), which is knowledge of the films and not of talking.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.store import Catalog
from recagent_cli.agent.builtin.parse import Parser

from .learned import Floats, Task, counts_elsewhere, learned
from .product import Product
from .scoring import Row, Scores
from .talk_features import TalkFeatures
from .talks import Reader, Talk

YEAR_OF_REDIAL = 2018
FOLDS = 5
BY_HAND = {
    "ever": 0.3, "lately": 0.2, "new": 2.4,
    "fit": 0.5, "alike": 0.25, "lift": 0.7, "kin": 2.0, "series": 3.6,
    "kinds": 0.8, "asked": 2.2, "last": 0.4, "tags": 0.8, "years": 1.0, "age": 1.0,
}  # fmt: skip
"""A fit to the validation dialogues, rounded, then searched by their R@10. In them people are told
of new films above all, which somebody who types "like Heat" does not mean: so this is not how the
program ranks."""


def crs(rows: list[Row], catalog: Catalog, models: Path) -> Scores:
    """R@k of all lines on items that were not named before; what the catalog lacks is missed."""
    from recagent_tools.models.engine import Engine

    engine = Engine.open(catalog, models)
    reader = Reader(Parser(catalog, year=lambda: YEAR_OF_REDIAL), catalog)
    talks = [talk for talk in map(reader.talk, rows) if talk.targets]
    features = TalkFeatures(talks, catalog, engine, BY_HAND)
    task = _task(talks, features)
    scores: Scores = {f"r@{k}": _hits(talks, features, task.by_hand, k) for k in (1, 10, 50)}
    scores["r@10_reachable"] = [
        hit
        for hit, (_, target) in zip(scores["r@10"], _targets(talks), strict=True)
        if target is not None
    ]
    product = Product(catalog, engine)
    scores["r@10_product"] = _in_lists(talks, product, 10)
    if len(np.unique(task.groups)) < FOLDS:
        return scores
    mended = _elsewhere(task, None)
    scores["r@10_learned"] = _hits(talks, features, mended, 10)
    mended = _elsewhere(task, _everything_named(talks, features))
    scores["r@10_counts"] = _hits(talks, features, mended, 10)
    return scores


def _targets(talks: list[Talk]) -> list[tuple[int, int | None]]:
    """Turn and row of every target."""
    return [(turn, target) for turn, talk in enumerate(talks) for target in talk.targets]


def _hits(talks: list[Talk], features: TalkFeatures, scores: Floats, k: int) -> Any:
    """Which targets are among the best k."""
    found = []
    for turn, talk in enumerate(talks):
        mine = np.where(features.named[turn], -np.inf, scores[turn])
        order = np.argsort(-mine, kind="stable")[:k]
        best = set(features.items[order].tolist())
        found += [(talk.dialogue, (int(target in best), 1, 0)) for target in talk.targets]
    return found


def _in_lists(talks: list[Talk], product: Product, k: int) -> Any:
    found = []
    for talk in talks:
        best = set(product.ranking(talk.request)[:k])
        found += [(talk.dialogue, (int(target in best), 1, 0)) for target in talk.targets]
    return found


def _task(talks: list[Talk], features: TalkFeatures) -> Task:
    by_hand = np.zeros(features.named.shape, dtype=np.float32)
    for name, weight in BY_HAND.items():
        by_hand += np.float32(weight) * features.parts[name]
    placed = ((turn, features.place(row)) for turn, row in _targets(talks))
    pairs = [(turn, place) for turn, place in placed if place is not None]
    groups = {talk.dialogue: None for talk in talks}
    number = {dialogue: n for n, dialogue in enumerate(groups)}
    return Task(
        by_hand=by_hand,
        parts={},
        profile=features.profile(),
        words=[talk.words for talk in talks],
        named=features.named,
        turns=np.array([turn for turn, _ in pairs], dtype=np.int64),
        targets=np.array([place for _, place in pairs], dtype=np.int64),
        groups=np.array([number[talk.dialogue] for talk in talks]),
    )


def _elsewhere(task: Task, named: list[list[int]] | None) -> Floats:
    """Every dialogue's scores by weights fitted to those of the other folds."""
    total = np.zeros_like(task.by_hand)
    fold: NDArray[Any] = task.groups % FOLDS
    for number in range(FOLDS):
        train, parts = fold != number, dict(task.parts)
        if named is not None:
            parts["counts"] = counts_elsewhere(named, task.groups, train, total.shape[1])
        total[~train] = learned(replace(task, parts=parts), train, ~train)
    return total


def _everything_named(talks: list[Talk], features: TalkFeatures) -> list[list[int]]:
    rows = ([*talk.rows, *(t for t in talk.targets if t is not None)] for talk in talks)
    return [[p for row in mine if (p := features.place(row)) is not None] for mine in rows]
