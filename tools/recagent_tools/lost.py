"""What one candidate's score has less than another's, part by part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .bus import CandidateBus, Stage
from .evidence import ScorePart
from .rank import RankArguments, scored_parts
from .toolbox import ToolContext

WORDS = {
    "fit": "how well it fits",
    "kinds": "how much it is of the kinds asked for",
    "likeness": "how alike it is to what you named",
    "kinship": "kinds and series of what you named",
    "refused": "how unlike it is to what you refused",
    "search": "the words searched for",
    "novelty": "novelty",
    "popularity": "popularity",
    "recency": "recency",
    "rating": "what people gave",
    "exposure": "how seldom lists show it",
}
"""Parts of the score by their names, for people."""
SMALL = 5e-4
"""A smaller difference is none."""


def part_words(name: str) -> str:
    """What a part of the score is, for people; a wish by what was wished for."""
    if name.startswith("wish "):
        return name.removeprefix("wish ").partition("=")[2].replace("|", ", ").replace("-", " ")
    return WORDS.get(name, name)


def lost_against(row: int, other: int, context: ToolContext) -> tuple[ScorePart, ...]:
    """The parts of the score of `row` minus those of `other`, largest loss first.

    They sum to the difference of the scores. Empty where the candidates were not ranked, or what
    was ranked is not kept any more.
    """
    ranked = ranking(context.bus)
    before = _before(ranked, context.bus) if ranked is not None else None
    if ranked is None or before is None:
        return ()
    bus = _at(context.bus, before)
    rows = bus.rows()
    places = [np.flatnonzero(rows == each) for each in (row, other)]
    if any(not len(place) for place in places):
        return ()
    mine, theirs = (int(place[0]) for place in places)
    arguments = RankArguments.model_validate(dict(ranked.arguments))
    parts = scored_parts(replace(context, bus=bus), rows, arguments).parts
    lost = [
        ScorePart(name, part_words(name), float(part[mine] - part[theirs]))
        for name, part in parts.items()
    ]
    return tuple(sorted((p for p in lost if abs(p.share) > SMALL), key=lambda p: p.share))


def ranking(bus: CandidateBus) -> Stage | None:
    """The stage of the present path whose ranking the candidates have; None without one."""
    if "score" not in bus.scores():
        return None
    ranked = (stage for stage in reversed(bus.path()) if stage.tool == "rank" and stage.arguments)
    return next(ranked, None)


def _before(stage: Stage, bus: CandidateBus) -> Stage | None:
    """The stage whose candidates it ranked, if they are kept."""
    before = None if stage.parent is None else bus.stages[stage.parent]
    return before if before is not None and before.candidates is not None else None


def _at(bus: CandidateBus, stage: Stage) -> CandidateBus:
    """A bus on the same stages that stands at that one; it is only read."""
    return replace(bus, cursor=stage.number, standing=0, done=[], undone=[])
