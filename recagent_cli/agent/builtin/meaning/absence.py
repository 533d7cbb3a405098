"""Asks why something is not in the list: "why not Heat?", "where is Alien?", "why no Ang Lee?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.store import Catalog
from recagent_tools.conditions import Condition
from recagent_tools.references import SURE_SCORE

from ...request import Mention, Question
from ..readers.spans import Span
from ..words.tokens import Text
from .reading import Reading

_LEAD = r"^(?:(?:and|but|so|ok|okay|hm|hmm|well|then|yes|no|hey|also) )*"
_WHY = r"(?:why|how come|how is it that)"
_THERE = (
    r"(?:there|here|listed|shown|included|offered|recommended|on it|in it|among (?:them|these|"
    r"those)|(?:in|on|part of|among) (?:the|your|this|that|my) (?:\w+ )?(?:list|results|"
    r"recommendations|suggestions|ones))"
)
_SHOW = r"(?:show|list|recommend|suggest|offer|include|pick|choose|mention|name|give|have)"
_ABSENT = tuple(
    re.compile(_LEAD + pattern)
    for pattern in (
        rf"{_WHY}(?: is| are| was| were)?(?: there)? (?:not|no|none of|nothing (?:by|from|with|of))"
        r"(?: any)? (?P<what>.+)$",
        rf"{_WHY} (?:isnt|wasnt|arent|werent)(?: there)?(?: any)? (?P<what>.+?)(?: {_THERE})?$",
        rf"{_WHY} (?:is|are|was|were) (?P<what>.+?) (?:not|missing|left out|excluded|absent|"
        rf"nowhere)(?: {_THERE})?$",
        rf"{_WHY} (?P<what>.+?) (?:isnt|is not|wasnt|was not|arent|are not|is missing)"
        rf"(?: {_THERE})?$",
        rf"{_WHY} (?:did you not|didnt you|do you not|dont you) {_SHOW}(?: me)? (?P<what>.+)$",
    )
)
_WHERE = (
    re.compile(_LEAD + rf"(?:where (?:is|are|was|did)|wheres) (?P<what>.+?)(?: (?:go|{_THERE}))?$"),
    re.compile(_LEAD + r"what (?:happened to|became of) (?P<what>.+)$"),
)
_WHAT_ABOUT = re.compile(_LEAD + r"what about (?P<what>.+)$")
NEAR = 75.0
"""How near a title must be to be named instead of one that the catalog has not."""
_PROPOSES = re.compile(
    r"^(?:something|anything|try|just|do|go|show|give|watch|play|read|use|more|some|a|an|one|"
    r"that|this|it|them|those|these|you|i|we|me|both|then|let|have|start|make|tell|ask|all)\b"
)
"""What is proposed, and not asked for: "why not something funnier?"."""


def read_absence(
    reading: Reading, spans: Sequence[Span], shown: Sequence[int], catalog: Catalog
) -> None:
    """Make the turn a question for what is not in the list, where it asks that.

    Args:
        reading: of the turn, already filled.
        spans: its chosen stretches.
        shown: rows of the list that stands.
        catalog: names the titles nearest to one that it has not.
    """
    text = reading.text
    found = _asked(text, spans)
    if not shown or found is None or text.raw.count("?") > 1:
        return
    what, certain = found
    mentions = _named(reading, spans, catalog)
    group = _group(reading, catalog)
    if not (mentions or group or certain):
        return
    if not mentions and group is None:
        if reading.wants_something or (nearest := _nearest(what, text, catalog)) is None:
            return
        mentions = [nearest]
    _ask_instead(reading, mentions, None if mentions else group)


def _asked(text: Text, spans: Sequence[Span]) -> tuple[str, bool] | None:
    """What is missed, and whether it must be the name of something; None where nothing is."""
    said = text.joined
    for pattern in _ABSENT:
        if match := pattern.match(said):
            what = match["what"]
            certain = pattern is not _ABSENT[1] or bool(re.search(rf" {_THERE}$", said))
            return None if _PROPOSES.match(what) else (what, certain)
    for pattern in _WHERE:
        if (match := pattern.match(said)) and _is_named(text, match, spans, ("title", "person")):
            return match["what"], False
    match = _WHAT_ABOUT.match(said)
    if match and _is_named(text, match, spans, ("title",)):
        return match["what"], False
    return None


def _is_named(
    text: Text, match: re.Match[str], spans: Sequence[Span], kinds: Sequence[str]
) -> bool:
    """Whether all that is missed is the name of an item or a person, and nothing else."""
    start = match.string[: match.start("what")].count(" ")
    end = start + len(match["what"].split())
    named = [s for s in spans if s.kind in kinds and start <= s.start and s.end <= end]
    return bool(named) and sum(s.end - s.start for s in named) >= end - start


def _named(reading: Reading, spans: Sequence[Span], catalog: Catalog) -> list[Mention]:
    """The items named by their titles; what was only pointed at stands in the list anyway."""
    rows = {span.data.row for span in spans if span.kind == "title"}
    told = [*reading.about, *reading.liked, *reading.disliked, *reading.seen]
    named = {m.id: m for m in told if m.id is not None and catalog.row_of(m.id) in rows}
    return list(named.values())


def _group(reading: Reading, catalog: Catalog) -> Condition | None:
    """The condition on words that the turn names, as one to meet."""
    words = [c for c in reading.conditions if catalog.schema.column(c.column).role in WORD_ROLES]
    if not words:
        return None
    values = (value for c in words if c.column == words[0].column for value in c.values)
    return replace(words[0], operator="has", values=tuple(dict.fromkeys(values)))


def _nearest(what: str, text: Text, catalog: Catalog) -> Mention | None:
    """A title that the catalog has not, with the nearest that it has."""
    count = len(what.split())
    place = text.joined.find(what)
    start = text.joined[:place].count(" ")
    typed = text.as_typed(start, start + count)
    near = catalog.titles.find(typed, limit=1, cutoff=NEAR)
    if near and near[0].score >= SURE_SCORE:
        row = near[0].row
        return Mention(typed, catalog.ids([row])[0], catalog.label(row), near[0].score)
    if not near and not typed[:1].isupper():
        return None
    return Mention(typed, None, catalog.label(near[0].row) if near else "", 0.0)


def _ask_instead(reading: Reading, mentions: Sequence[Mention], group: Condition | None) -> None:
    """The turn asks this, and wishes nothing."""
    reading.question = Question("why_not")
    reading.about = list(mentions)
    reading.conditions = [] if group is None else [group]
    reading.liked, reading.disliked, reading.seen = [], [], []
    reading.wishes, reading.search, reading.weights = [], [], {}
    reading.unused, reading.limits, reading.options = [], [], ()
    reading.clarify = reading.refused = reading.contradicted = ""
    reading.faults = reading.asks_on = False
