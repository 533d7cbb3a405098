"""Wishes that neither lexicon nor vocabulary knows, read as the nearest tags and kinds in meaning.

Neighbours in meaning may be opposites ("exciting" and "boring" stand in the same sentences), so
nothing is left out by them, nothing negated is read by them, known opposites are dropped, and
what was read is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from recagent_catalogs.text import fold

from ...request import Wish
from ..answers.wording import NEAREST, join
from ..readers.spans import Span
from ..words.lexicon import Mood, key_of, opposites

if TYPE_CHECKING:
    from .builder import Builder

Pair = tuple[str, str]
MOST = 3
LONGEST = 4
"""Words of a phrase; longer runs of unknown words are sentences."""
REACH = 4
MARGIN = 0.05
"""A value must be so much nearer than its own opposite."""
_CUES = frozenset("something anything mood feels vibe vibes more about".split())
_AFTER = frozenset("vibe vibes feel mood atmosphere tone".split())
_ENDS = frozenset("i we my but so because who which when if".split())
_ASKING = frozenset("who whos whose when where why did does was were".split())
"""So begin questions on what is known, not wishes."""
_NEGATING = ("un", "non", "dis", "anti")
"""Not "in": intense is not the opposite of tense."""


class WishMatcher(Protocol):
    """Names values of a catalog's vocabulary that are near a phrase in meaning."""

    def nearest(self, phrase: str) -> Iterable[tuple[Pair, float]]:
        """("column", "value") and cosine of what is near, the nearest first."""
        ...


def read_near(builder: Builder, matcher: WishMatcher) -> None:
    """Read what stayed unread in a turn: moods without a tag, and unused words of a wish."""
    reading, text = builder.reading, builder.text
    if reading.question is not None or text.words[:1] and text.words[0] in _ASKING:
        return
    for span in _wished(builder):
        phrase = text.phrase(span.start, span.end)
        if builder.polarity(span) != "+" or builder.describes(span) or _negated(builder, phrase):
            continue
        pairs = _chosen(builder, phrase, matcher.nearest(phrase))
        if not pairs:
            continue
        typed = text.as_typed(span.start, span.end)
        before = next((w for w in reading.wishes if w.text == typed), Wish(typed))
        rest = [w for w in reading.wishes if w is not before]
        reading.wishes = [replace(before, values=pairs), *rest]
        words = {text.as_typed(i, i + 1) for i in range(span.start, span.end)}
        reading.unused = [word for word in reading.unused if word not in words]
        values = join([fold(value) for _, value in pairs])
        reading.limits.append(f"I read {typed!r} as {values}{NEAREST}")


def _wished(builder: Builder) -> Iterator[Span]:
    """The stretches of unread wishes, as moods of no values."""
    unread = {w.text for w in builder.reading.wishes if w.weight > 0 and not w.values}
    for span in builder.spans:
        if span.kind == "mood" and builder.text.as_typed(span.start, span.end) in unread:
            yield span
    for start, end in _runs(builder):
        if end - start <= LONGEST and _is_wish(builder, start, end):
            yield Span(start, end, "mood", Mood(()), 0.0)


def _runs(builder: Builder) -> list[tuple[int, int]]:
    """Runs of unused words of one sentence; names, in capitals, end them."""
    text, unused = builder.text, set(builder.reading.unused)
    read = {i for span in builder.spans for i in range(span.start, span.end)}
    found: list[tuple[int, int]] = []
    for i in range(len(text.words)):
        if i in read or text.as_typed(i, i + 1) not in unused:
            continue
        if text.mixed_case and text.tokens[i].capital and not text.begins_sentence(i):
            continue
        if found and found[-1][1] == i and not text.begins_sentence(i) and "," not in text.gap(i):
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found


def _is_wish(builder: Builder, start: int, end: int) -> bool:
    """Whether the words say how something wanted shall be.

    They stand before a word for items or a kind, or after one or "something", or are all there is.
    """
    text, lexicon, items = builder.text, builder.reader.lexicon, builder.reader.items
    spans = [span for span in builder.spans if span.kind in ("item", "value", "mood")]
    wanted = {i for i, word in enumerate(text.words) if word in items | _CUES}
    wanted.update(i for span in spans for i in range(span.start, span.end))
    if text.words[end : end + 1] and (
        text.words[end] in _AFTER or end in wanted and text.words[end] not in _CUES
    ):
        return True
    if all(w in lexicon.stop or w in lexicon.filler for w in text.words[:start] + text.words[end:]):
        return True
    for i in range(start - 1, max(0, start - REACH) - 1, -1):
        if text.tokens[i].sentence != text.tokens[start].sentence or text.words[i] in _ENDS:
            return False
        if i in wanted:
            return True
    return False


def _chosen(builder: Builder, phrase: str, near: Iterable[tuple[Pair, float]]) -> tuple[Pair, ...]:
    """The nearest of different names, without opposites of the phrase or of a nearer one."""
    kept: dict[str, tuple[Pair, float]] = {}
    doubtful: set[str] = set()
    for pair, cosine in near:
        key = key_of(pair[1])
        if key in kept or not _is_known(builder, key, pair) or are_opposite(phrase, key):
            continue
        rivals = [name for name in kept if are_opposite(name, key)]
        doubtful |= {name for name in rivals if kept[name][1] - cosine < MARGIN}
        if not rivals and len(kept) < MOST:
            kept[key] = pair, cosine
        if len(kept) == MOST and cosine < min(c for _, c in kept.values()) - MARGIN:
            break
    return tuple(pair for name, (pair, _) in kept.items() if name not in doubtful)


def _negated(builder: Builder, phrase: str) -> bool:
    """Whether the phrase holds a "no" itself, as some moods do ("nothing too sad")."""
    lexicon = builder.reader.lexicon
    return any(word in lexicon.hard or word in lexicon.soft for word in phrase.split())


def _is_known(builder: Builder, key: str, pair: Pair) -> bool:
    """Whether the parser itself takes the value for one ("to see" is none)."""
    return any(value.pair == pair for value in builder.vocabulary.values.get(key, ()))


def are_opposite(one: str, other: str) -> bool:
    """Whether two phrases say the opposite of each other, as far as the lexicon knows."""
    ours, theirs = _keys(one), _keys(other)
    if any(_negates(a, b) or _negates(b, a) for a in ours for b in theirs):
        return True
    against = opposites()
    return any(against[key] & theirs for key in ours if key in against)


def _keys(phrase: str) -> frozenset[str]:
    folded = fold(phrase)
    return frozenset((key_of(folded), *map(key_of, folded.split())))


def _negates(one: str, other: str) -> bool:
    return other == f"{one}less" or any(other == prefix + one for prefix in _NEGATING)
