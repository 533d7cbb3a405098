"""What a text says of the person: that they like, saw or asked for something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold

from .fault import Fault
from .people import lexicon_kind
from .sentences import Sentence
from .titles import Named
from .values import _claim as claimed
from .world import World

_VERBS = (
    r"(?:like|liked|love|loved|enjoy|enjoyed|adore|adored|admire|admired|watch|watched|"
    r"see|saw|seen|"
    r"play|played|read|rate|rated|gave|asked for|ask for|mention|mentioned|name|named|chose|picked|"
    r"hate|hated|dislike|disliked|want|wanted|prefer|preferred|said|told|appreciate|"
    r"appreciated|are into|"
    r"are a fan of|are fond of|finished|rewatched|bought|own|owned|completed|beat|know|knew|tried)"
)
_SAID = re.compile(
    r"\b(?:you(?:['’]ve| have| really| clearly| so| both| obviously| also| recently| already)*\s+"
    + _VERBS
    + r"|your\s+(?:love|taste|liking|fondness|interest|history|favou?rites?|likes?|wish|request|"
    r"rating|ratings|passion|appetite|affection|preference)s?)\b"
    r"|\bas an? (?:\w+ )?(?:fan|lover|admirer) of\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:if|whether|should|would|do|did|may|might|could|can|will|when|unless|who|anyone|"
    r"in case)\s+you\b|\byou\s+"
    r"(?:may|might|could|can|will|would|should|['’]?ll|['’]?d)\b|\byou['’](?:ll|d)\b|\?\s*$",
    re.IGNORECASE,
)
_ABOUT_TASTE = re.compile(
    r"\b(?:love|like|enjoy|prefer|fan|fond|taste|into|favou?rite|passion|ador)", re.I
)

_NAMES = re.compile(r"favou?rite|\b(?:said|told|named|mentioned|finished|bought|rated)\b", re.I)
"""Claims that must say of what: "your favourite director" alone is known of nobody."""


def _unknown(sentence: Sentence, match: re.Match[str], end: int, world: World) -> list[str]:
    """Whether "you liked it" is said of an item that the person did not like or see."""
    it = re.match(r"\s+(?:it|this|this one|them|these)\b", sentence.text[match.end() : end])
    if it is None or not re.search(
        r"lik|lov|watch|seen?|saw|play|read|enjoy|finish", match[0], re.I
    ):
        return []
    rows = world.rows if world.about is None else (world.about,)
    return [] if rows and set(rows) <= _own(world) else [it[0].strip()]


def taste_faults(sentence: Sentence, named: Sequence[Named], world: World) -> Iterator[Fault]:
    """Claims on the person that nothing they said or did bears out."""
    masked = sentence.text
    for one in named:
        start, end = one.start - sentence.start, one.end - sentence.start
        masked = masked[:start] + " " * (end - start) + masked[end:]
    for match in _SAID.finditer(masked):
        if _is_open(sentence, match):
            continue
        start = match.start()
        end = _end_of_claim(sentence.text, match.end(), start)
        titles = [n for n in named if start <= n.start - sentence.start < end]
        values = _values(sentence, titles, start, end, world)
        wrong = [n.text for n in titles if not set(n.rows) & _own(world)]
        wrong += [text for text, value in values if not _is_asked(text, value, match[0], world)]
        wrong += _strange(sentence, named, match.end(), end, world)
        wrong += _unknown(sentence, match, end, world)
        if not wrong and (titles or values or (world.knows_person and not _NAMES.search(match[0]))):
            continue
        told = sentence.text[start:end].strip(" ,;:.")
        at = sentence.start
        truth = "" if wrong else "nothing is known of this person"
        yield Fault("personal", "taste", told, at + start, at + start + len(told), told, truth)


def _strange(
    sentence: Sentence, named: Sequence[Named], start: int, end: int, world: World
) -> list[str]:
    """Names in a claim that stand nowhere in what the person likes or asked for."""
    found = []
    for word in sentence.words:
        if not start <= word.start - sentence.start < end or not word.text[0].isupper():
            continue
        if len(word.text) < 3 or any(n.start <= word.start < n.end for n in named):
            continue
        told = any(f" {word.folded} " in world.words(row) for row in world.personal)
        if not told and not any(word.folded in wish.split() for wish in world.asked):
            if lexicon_kind(word.folded, world):
                continue
            found.append(word.text)
    return found


def _is_open(sentence: Sentence, match: re.Match[str]) -> bool:
    """Whether nothing is claimed: "If you liked …", "you may enjoy …"."""
    head = sentence.text[max(0, match.start() - 12) : match.end()]
    return _OPEN.search(head) is not None or sentence.text.rstrip().endswith("?")


def _end_of_claim(text: str, start: int, first: int) -> int:
    """Where the claim ends: at the comma of "Since you liked Alien, …", else with its clause."""
    if re.search(r"\b(?:since|because|as|given|with|for)\s+$", text[:first], re.IGNORECASE):
        comma = text.find(",", start)
        if comma >= 0:
            return comma
    match = re.compile(r"[;.!?—]|,\s+(?:so|this|it|here|but|and\s+(?:this|it))\b").search(
        text, start
    )
    return match.start() if match else len(text)


def _own(world: World) -> frozenset[int]:
    """What the person likes, took, named or was shown."""
    context = world.context
    rows = {*context.liked, *context.disliked, *context.profile.liked, *context.profile.seen}
    rows |= {*context.profile.disliked}
    if world.request is not None:
        request = world.request
        mentions = (*request.liked, *request.disliked, *request.seen, *request.about)
        found = (world.catalog.row_of(m.id) for m in mentions if m.id is not None)
        rows |= {row for row in found if row is not None}
    return frozenset(int(row) for row in rows) | world.personal


def _values(
    sentence: Sentence, titles: Sequence[Named], start: int, end: int, world: World
) -> list[tuple[str, list[str]]]:
    """The kinds and tags of the catalog within a claim, with what they mean."""
    words = [w for w in sentence.words if start <= w.start - sentence.start < end]
    words = [w for w in words if not any(n.start <= w.start < n.end for n in titles)]
    found: list[tuple[str, list[str]]] = []
    used: set[int] = set()
    for length in (3, 2, 1):
        for first in range(len(words) - length + 1):
            part = words[first : first + length]
            if used & {word.start for word in part}:
                continue
            claim = claimed(part, world)
            if claim is None or not any(
                c.role in (Role.CATEGORIES, Role.FACET) or length > 1 for c, _ in claim
            ):
                continue
            used |= {word.start for word in part}
            found.append((" ".join(w.folded for w in part), [value for _, value in claim]))
    return found


def _is_asked(text: str, values: Sequence[str], verb: str, world: World) -> bool:
    """Whether a value was asked for, or stands in what the person likes."""
    asked = world.asked
    if any(fold(value) in asked for value in values) or any(
        f" {text} " in f" {wish} " for wish in asked
    ):
        return True
    if not _ABOUT_TASTE.search(verb):
        return False
    rows = list(world.personal)[:50]
    return any(
        value in world.values(row, Role.CATEGORIES, Role.TAGS, Role.FACET)
        for row in rows
        for value in values
    )
