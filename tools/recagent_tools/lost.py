"""What one candidate's score has less than another's, part by part."""

from __future__ import annotations

import numpy as np

from .evidence import ScorePart
from .rank import RankArguments, scored_parts
from .toolbox import ToolContext
from .why import part_words, ranked_context, ranking_of

SMALL = 5e-4
"""A smaller difference is none."""


def lost_against(row: int, other: int, context: ToolContext) -> tuple[ScorePart, ...]:
    """The parts of the score of `row` minus those of `other`, largest loss first.

    They sum to the difference of the scores. Empty where the candidates were not ranked, or what
    was ranked cannot be had again.
    """
    ranked = ranking_of(context.bus)
    before = None if ranked is None else ranked_context(ranked, context)
    if ranked is None or before is None:
        return ()
    rows = before.bus.rows()
    places = [np.flatnonzero(rows == each) for each in (row, other)]
    if any(not len(place) for place in places):
        return ()
    mine, theirs = (int(place[0]) for place in places)
    arguments = RankArguments.model_validate(dict(ranked.arguments))
    parts = scored_parts(before, rows, arguments).parts
    lost = [
        ScorePart(name, part_words(name, before), float(part[mine] - part[theirs]))
        for name, part in parts.items()
    ]
    return tuple(sorted((p for p in lost if abs(p.share) > SMALL), key=lambda p: p.share))
