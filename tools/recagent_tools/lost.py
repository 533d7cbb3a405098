"""What one candidate's score has less than another's, part by part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .evidence import ScorePart
from .rank import RankArguments, scored_parts
from .replay import situation_of
from .stages import Stage
from .toolbox import ToolContext
from .why import part_words, ranked_context, ranking_of

AGREES = 0.02
"""By so much the parts taken apart now may differ from the score that was kept, rounded, then."""
SMALL = 5e-4
"""A smaller difference is none."""


def lost_against(row: int, other: int, context: ToolContext) -> tuple[ScorePart, ...]:
    """The parts of the score of `row` minus those of `other`, largest loss first.

    They sum to the difference of the scores; parts too small to be told are one part together.
    Empty where the candidates were not ranked, or what was ranked cannot be had again.
    """
    ranked = ranking_of(context.bus)
    before = None if ranked is None else ranked_context(ranked, context)
    if ranked is None or before is None:
        return ()
    known = situation_of(context, ranked, context.bus)
    before = before if known is None else replace(known, bus=before.bus)
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
    whole = ranked.candidates is not None and "score" in ranked.scores
    kept = _kept(ranked, row) - _kept(ranked, other) if whole else sum(p.share for p in lost)
    if abs(sum(part.share for part in lost) - kept) > AGREES:
        lost = [ScorePart("score", "all that counts, together", kept)]  # the models have changed
    told = [part for part in lost if abs(part.share) > SMALL]
    rest = sum(part.share for part in lost) - sum(part.share for part in told)
    if told and rest:
        told.append(ScorePart("other", "all else", rest))
    return tuple(sorted(told, key=lambda part: part.share))


def _kept(ranked: Stage, row: int) -> float:
    """The score that the ranking gave; 0.0 where it did not keep the item."""
    place = np.flatnonzero(ranked.rows() == row)
    return float(ranked.scores["score"][int(place[0])]) if len(place) else 0.0
