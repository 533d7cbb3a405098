"""Lasting tastes: "I love westerns" is a fact about the person, "no horror" only of this list.

Strict on purpose, for what is taken for a fact stays: a taste counts where the person speaks of
themselves, in general, and of plain values ("westerns", "Tom Hanks"), not of a mixture ("westerns
with Tom Hanks", "dark comedies"), which says nothing of its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from recagent_catalogs.text import fold

from ...request import Stated
from ..readers.spans import Span
from ..words.lexicon import key_of
from ..words.patterns import Pattern
from ..words.tokens import Text
from ..words.vocabulary import Value
from .reader import Reader

Kind = Literal["liked", "disliked", "never"]

_ADVERB = (
    r"(?:really|absolutely|just|also|generally|usually|mostly|always|still|do|totally|truly|simply|"
    r"especially|particularly|quite|so|very|too|much|all that|that|such|even|ever|personally) "
)
_FAN = r"(?:an? )?(?:\w+ )?(?:fan|fans|lover|lovers|admirer|enthusiast) of"
_SHOWS = r"(?:show|recommend|suggest|offer|give|play|bring|list)"
_LIKES = Pattern(
    rf"\b(?:i|we|and|but) (?:{_ADVERB})*(?:love|luv|like|adore|enjoy|dig)\b"
    rf"|\b(?:i|we) (?:have |ve )?always (?:loved|liked|enjoyed|adored)\b"
    rf"|\b(?:ive|weve) always (?:loved|liked|enjoyed|adored)\b"
    rf"|\b(?:im|i am|were|we are) (?:{_ADVERB})*(?:into|fond of|keen on|partial to|{_FAN})(?= )"
    rf"|\b(?:big|huge|massive|great) (?:fan|fans|lover) of(?= )"
    rf"|\bi (?:cant|can not|cannot) get enough of\b"
    rf"|\bi have a (?:soft spot|weakness|thing) for\b"
    rf"|\b(?:my|our) (?:all time )?(?:favou?rites?|faves?|favs?)(?: \w+){{0,3}}? (?:is|are)\b"
)
_DISLIKES = Pattern(
    rf"\b(?:i|we|and|but) (?:{_ADVERB})*(?:hate|dislike|detest|loathe|despise)\b"
    rf"|^(?:hate|detest|loathe|despise|cant stand)\b"
    rf"|\b(?:i|we) (?:{_ADVERB})*no longer (?:{_ADVERB})*(?:like|love|enjoy|care for)\b"
    rf"|\b(?:i|we) (?:{_ADVERB})*(?:dont|do not) (?:{_ADVERB})*"
    rf"(?:like|love|enjoy|care for|care about|dig)\b"
    rf"|\b(?:i|we) (?:{_ADVERB})*(?:cant|can not|cannot) (?:{_ADVERB})*(?:stand|bear|abide)\b"
    rf"|\b(?:im|i am|were|we are) (?:{_ADVERB})*not (?:{_ADVERB})*"
    rf"(?:into|fond of|keen on|{_FAN})(?= )"
    rf"|\bnot (?:{_ADVERB})*a (?:\w+ )?fan of\b"
)
_NEVERS = Pattern(
    rf"\b(?:never(?: ever)?|(?:dont|do not) ever) {_SHOWS}(?: me| us)?\b"
    rf"|\b(?:i |we )?never(?: ever)? (?:want|wanna|wish)(?: to (?:\w+))?\b"
    rf"|\bnever(?: ever)?(?: again)?\b"
)
_NO_EVER = Pattern(r"\bno(?: more)?\b", needs=(("ever",),))
_AFTER = (
    (
        Pattern(
            r"^(?:is|are) (?:always )?(?:one of |among )?my (?:all time )?"
            r"(?:favou?rites?|faves?|favs?)\b|^(?:is|are) my (?:thing|jam|cup of tea|kind of thing)"
        ),
        "liked",
    ),
    (
        Pattern(
            r"^(?:isnt|arent|is not|are not|is never|are never|just isnt|just arent) "
            r"(?:really )?(?:for me|my thing|my cup of tea|my kind of thing|my favou?rites?)\b"
        ),
        "disliked",
    ),
)
_CUED = Pattern(
    r"\b(?:love|luv|like|adore|enjoy|dig|loved|liked|enjoyed|adored|into|fond|keen|partial|fans?|lovers?|"
    r"enough|spot|weakness|thing|favou?rites?|faves?|favs?|hate|dislike|detest|loathe|despise|care|"
    r"stand|bear|abide|never|ever|cup|jam|for me)\b"
)
"""Cheap: most turns state nothing."""
_PASSING = Pattern(
    r"\b(?:tonight|today|right now|for now|at the moment|currently|mood|"
    r"this (?:time|evening|weekend|week|morning|afternoon|month|list|round|once))\b"
)
"""What is said of now is no lasting taste."""
_BEFORE = frozenset(
    "and but because cause coz since as so well yes yeah yep no nope ok okay honestly personally "
    "generally usually also though hi hello hey although while oh please frankly sorry thanks "
    "actually then still however plus fyi btw basically normally".split()
)
_TOLD = frozenset("remember know note noted mind sure".split())
"""What may stand before "that I love …"."""
_LEAD = frozenset(
    "all any anything everything the most those these watching playing reading seeing a an good "
    "great more kind kinds sort sorts type types of new old classic movies to see hear".split()
)
_WORKS = frozenset("by with from of starring about directed written made featuring in".split())
_NOUNS = frozenset("stuff things genre genres kind kinds flicks work works ones in general".split())
_JOINS = frozenset(("and", "or", "nor", "plus", "also", "even"))
_TAILS = Pattern(
    r"^(?:a (?:lot|ton)|lots|very much|so much|too much|the (?:most|best|least)|best|most|too|"
    r"as well|at all|again|ever|anymore|any more|either|generally|please|really|always|"
    r"more than|but|so|though|although|because|cause|since|like|such|especially|just|"
    r"(?:and|or) (?:i|im|ive|we|also|what|so|then|am|hate|love|like|dont|not|no|show|give|want)|"
    r"and (?:can|could|would|please)|what|any|can|could|show|give|do you|i|im|ive)\b"
)


@dataclass(frozen=True)
class _Cue:
    """Words that state a taste of what comes next."""

    kind: Kind
    start: int
    end: int
    ever: bool = False
    """Whether it only counts with an "ever" behind the values."""


def lasting(text: Text, reader: Reader, spans: Sequence[Span]) -> list[Stated]:
    """The lasting tastes of values that a turn states, in its order; of one value the last one.

    Args:
        text: the turn.
        reader: resolves stretches against the catalog.
        spans: the chosen readings of the turn's stretches.
    """
    found: dict[tuple[str, str], Stated] = {}
    starting = {span.start: span for span in spans}
    for cue in sorted((*_cues(text), *_bare(text)), key=lambda cue: cue.start):
        for stated in _of(cue, text, reader, starting):
            found.pop((stated.column, stated.value), None)
            found[stated.column, stated.value] = stated
    for stated in _told_after(text, reader, spans):
        found.setdefault((stated.column, stated.value), stated)
    return list(found.values())


def may_state(text: Text) -> bool:
    """Whether it is worth looking."""
    return _CUED.search(text.joined) is not None


def _cues(text: Text) -> Iterator[_Cue]:
    """Cues of somebody who speaks of themselves, in general; of overlapping ones the first kind."""
    used: set[int] = set()
    patterns: tuple[tuple[Pattern, Kind], ...] = (
        (_NEVERS, "never"),
        (_DISLIKES, "disliked"),
        (_LIKES, "liked"),
    )
    for pattern, kind in patterns:
        for match in pattern.finditer(text.joined):
            start = text.starts[match.start()]
            end = start + len(match[0].split())
            place = set(range(start, end))
            if place & used or not _own(text, start) or _passing(text, start):
                continue
            used |= place
            yield _Cue(kind, start, end)


def _bare(text: Text) -> Iterator[_Cue]:
    """Cues as in "no horror ever again"."""
    for match in _NO_EVER.finditer(text.joined):
        start = text.starts[match.start()]
        if _own(text, start):
            yield _Cue("never", start, start + len(match[0].split()), ever=True)


def _own(text: Text, start: int) -> bool:
    """Whether nothing before the cue in its clause makes it a condition, a question, another's."""
    if text.begins_sentence(start) or "," in text.gap(start):
        return True
    before = text.words[start - 1]
    if before == "that" and start > 1:
        return text.words[start - 2] in _TOLD
    own = text.words[start] in ("and", "but")  # "… and hate horror": whose it is was said before
    if own and not re.search(r"\b(?:i|we|im|ive)\b", _clause(text, start)):
        return False
    return own or before in _BEFORE


def _clause(text: Text, start: int) -> str:
    """The words of the sentence up to a word."""
    first = start
    while first and not text.begins_sentence(first):
        first -= 1
    return text.phrase(first, start)


def _passing(text: Text, start: int) -> bool:
    """Whether the sentence speaks of today."""
    sentence = text.tokens[start].sentence
    words = [token.word for token in text.tokens if token.sentence == sentence]
    return _PASSING.search(" ".join(words)) is not None


def _of(cue: _Cue, text: Text, reader: Reader, starting: dict[int, Span]) -> tuple[Stated, ...]:
    """What is stated by the values after a cue; nothing where they are part of a mixture."""
    found: list[Stated] = []
    at, size = cue.end, len(text.words)
    while at < size:
        at = _lead(text, at, reader, starting)
        span = starting.get(at)
        if span is None or (at > cue.end and text.begins_sentence(at)):
            break
        for value in _values(span, text, reader):
            typed = text.as_typed(span.start, span.end)
            found.append(Stated(cue.kind, value.column, value.value, typed))
        if span.kind not in ("title", "name") and not _values(span, text, reader):
            return ()
        at = _nouns(text, span.end, reader)
        if at >= size or text.begins_sentence(at):
            return () if cue.ever else tuple(found)
        rest = text.phrase(at, size)
        if text.words[at] in _JOINS and _lead(text, at + 1, reader, starting) in starting:
            at += 1
        elif "," in text.gap(at) and _lead(text, at, reader, starting) in starting:
            continue
        elif "," in text.gap(at) or _TAILS.match(rest):
            return tuple(found) if text.words[at] == "ever" or not cue.ever else ()
        else:
            return ()
    return () if cue.ever else tuple(found)


def _lead(text: Text, at: int, reader: Reader, starting: dict[int, Span]) -> int:
    """Past the words before a value: "anything by", "all of the"."""
    while at < len(text.words) and (at not in starting or starting[at].kind in ("item", "lead")):
        word = text.words[at]
        known = word in _LEAD or word in _WORKS or word in _JOINS or word in reader.items
        if not known or (text.begins_sentence(at) and at):
            break
        at += 1
    return at


def _nouns(text: Text, at: int, reader: Reader) -> int:
    """Past the words for items that belong to a value: "horror movies", "crime stuff"."""
    while (
        at < len(text.words)
        and not text.begins_sentence(at)
        and "," not in text.gap(at)
        and (text.words[at] in reader.items or text.words[at] in _NOUNS)
    ):
        at += 1
    return at


def _values(span: Span, text: Text, reader: Reader) -> tuple[Value, ...]:
    """The values of the catalog that a stretch plainly means."""
    typed = text.phrase(span.start, span.end)
    if span.kind == "value":
        exact = [value for value in span.data if fold(value.value) == typed]
        return (reader.vocabulary.best(exact or span.data),)
    if span.kind == "person":
        if span.data.any_of:
            return tuple(span.data.values)
        return (reader.people.column_for(span.data, text, span.start, span.end),)
    if span.kind == "mood":  # only where the word itself is one of the catalog's
        known = reader.vocabulary.values.get(key_of(typed), ())
        return (reader.vocabulary.best(known),) if known else ()
    return ()


def _told_after(text: Text, reader: Reader, spans: Sequence[Span]) -> Iterator[Stated]:
    """What is said behind values: "westerns are my favorites", "horror isn't for me"."""
    for span in spans:
        at = _nouns(text, span.end, reader)
        if not _own(text, span.start) or _passing(text, span.start) or at >= len(text.words):
            continue
        for pattern, kind in _AFTER:
            if not text.begins_sentence(at) and pattern.match(text.phrase(at, at + 8)):
                for value in _values(span, text, reader):
                    typed = text.as_typed(span.start, span.end)
                    yield Stated("liked" if kind == "liked" else "disliked", *value.pair, typed)
