"""Titles in a sentence: dated, quoted, bold, listed, and bare in running text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recagent_catalogs.text import bare_title, fold
from recagent_catalogs.titles import ALIAS, FULL, PART

from ..builtin.words.lexicon import lexicon
from .sentences import Sentence, Word
from .world import World

_YEAR_BEHIND = re.compile(r"\s*[\"”’*_]*\s*\((\d{4})\)")
_DATED = re.compile(
    r"((?:[A-Z0-9À-Þ][^\s().,;:!?*\"“”]*[ ,:&'-]*"
    r"(?:(?:of|the|and|a|an|in|to|for|on|de|la)\s+)*){1,12})\((\d{4})\)"
)
_QUOTED = re.compile(
    r"[\"“«]([^\"”»\n]{1,80})[\"”»]|\*\*([^*\n]{1,80})\*\*|(?<![\w*])\*([^*\n]{1,80})\*(?![\w*])"
    r"|(?<!\w)['‘]([A-Z][^'’\n]{1,80})['’](?!\w)"
)
_LISTED = re.compile(r"^\s*(?:[-•*]|\d{1,2}[.)])\s+(.{2,80}?)(?:\s*[—–:(]|\s-\s|$)")
_REFERENCE = re.compile(
    r"(?:\b(?:like|likes|liked|love|loved|enjoyed?|than|as|after|before|of|to|seen?|saw|watched|"
    r"played|read|with|unlike|beside|beyond|besides|behind)\s+|\bfans?\s+of\s+)"
    r"(?:both\s+|the\s+(?:film|game|movie|book)\s+)?[\"“*'‘]*$",
    re.IGNORECASE,
)
_SAYS = re.compile(r"\W{0,5}\s+(?:is|was|came|comes|stars|runs|takes|has|follows|tells)\b")
_PLACE = re.compile(r"\b(?:in|at|near|around|across|outside)\s+$", re.IGNORECASE)
_LONGEST = 12


@dataclass(frozen=True)
class Named:
    """A title in a sentence.

    Attributes:
        text, start, end: as written.
        rows: the items that may be meant and may be named; empty where none.
        known: whether the catalog has an item of that title.
        year: given behind it in brackets, with the place of its digits.
        reference: whether it is only compared with ("like Alien"), so that what follows is not said
            of it.
    """

    text: str
    start: int
    end: int
    rows: tuple[int, ...]
    known: bool
    year: int | None = None
    year_at: int = 0
    reference: bool = False


def named_in(sentence: Sentence, world: World) -> list[Named]:
    """The titles that a sentence names, in order; no two overlap."""
    found: list[Named] = []
    every = (*_explicit(sentence, world), *_bare(sentence, world))
    # What may be named comes before what may not, and the longer before its own end.
    for one in sorted(every, key=lambda one: (not one.rows, one.start - one.end)):
        if not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


# -- with a sign --------------------------------------------------------------------------------


def _explicit(sentence: Sentence, world: World) -> Iterator[Named]:
    text = sentence.text
    for match in _QUOTED.finditer(text):
        group = next(n for n in (1, 2, 3, 4) if match[n])
        yield from _signed(sentence, match[group], match.start(group), world)
    for match in _DATED.finditer(text):
        yield from _signed(sentence, match[1].rstrip(" ,:&'-"), match.start(1), world, dated=True)
    if listed := _LISTED.match(text):
        bare = listed[1].strip(' *"“”')
        yield from _signed(sentence, bare, listed.start(1) + listed[1].find(bare), world)


def _signed(
    sentence: Sentence, name: str, at: int, world: World, *, dated: bool = False
) -> Iterator[Named]:
    """A name that stands where a title stands; none where it only looks so."""
    inner = re.search(r"\s*\((\d{4})\)$", name)
    if inner:
        name = name[: inner.start()]
    words = list(re.finditer(r"\S+", name))
    # "Watch Orbit of Ash (1996)": the title may begin later than the capitals.
    starts = range(len(words)) if dated else range(1)
    for first in starts:
        offset = words[first].start() if words else 0
        tail = name[offset:]
        if _forms(tail, world) or world.catalog.titles.exact_kind(fold(tail)) in (FULL, ALIAS):
            yield _named(sentence, tail, at + offset, world, known=True)
            return
    if not words or (not dated and not looks_like_a_title(name)):
        return
    if not dated and not inner and _is_of_the_catalog(name, world):
        return
    skipped = 0
    while dated and skipped < len(words) - 1 and fold(words[skipped][0]) in lexicon().common:
        skipped += 1
    offset = words[skipped].start()
    yield _named(sentence, name[offset:], at + offset, world, known=False)


def _named(sentence: Sentence, text: str, at: int, world: World, *, known: bool) -> Named:
    start = sentence.start + at
    behind = _YEAR_BEHIND.match(sentence.text, at + len(text))
    year = int(behind[1]) if behind else None
    rows = _forms(text, world)
    if year is not None and len(rows) > 1:
        rows = [row for row in rows if world.item(row).year == year] or rows
    return Named(
        text,
        start,
        start + len(text),
        tuple(rows),
        known,
        year,
        sentence.start + behind.start(1) if behind else 0,
        _REFERENCE.search(sentence.text[:at]) is not None,
    )


def _forms(text: str, world: World) -> list[int]:
    folded = fold(text)
    return world.forms.get(folded) or world.forms.get(bare_title(folded)) or []


def looks_like_a_title(name: str) -> bool:
    """Two words or more, each of the longer ones with a capital: invented titles look like that."""
    words = [word for word in re.findall(r"[^\W\d_]+", name) if len(word) > 3]
    every = re.findall(r"[^\W\d_]+", name)
    return (
        len(every) > 1
        and bool(words)
        and all(word[0].isupper() for word in words)
        and every[-1][0].isupper()
    )


def _is_of_the_catalog(name: str, world: World) -> bool:
    """Whether a name in quotes is a person or another word of the catalog."""
    folded = fold(name)
    return world.known_value(folded) or any(
        f" {folded} " in world.words(row) for row in (*world.rows, *world.named)
    )


# -- bare ---------------------------------------------------------------------------------------


def _bare(sentence: Sentence, world: World) -> Iterator[Named]:
    """Titles of the catalog in running text, written with capitals; the longest first."""
    stretches = world.catalog.titles.stretches
    spans = [
        (last - first, first, words[first:last])
        for words in (sentence.whole_words, sentence.words)
        for first, last in stretches([word.folded for word in words], _LONGEST)
    ]
    taken: set[int] = set()
    for _, first, part in sorted(spans, key=lambda span: (-span[0], span[1])):
        places = {word.start for word in part}
        if taken & places or not _reads_as_title(part, first, sentence, world):
            continue
        taken |= places
        at = part[0].start - sentence.start
        text = sentence.text[at : part[-1].end - sentence.start]
        yield _named(sentence, text, at, world, known=True)


def _reads_as_title(part: Sequence[Word], first: int, sentence: Sentence, world: World) -> bool:
    folded = " ".join(word.folded for word in part)
    mine = bool(world.forms.get(folded) or world.forms.get(bare_title(folded)))
    written = mine and _as_the_title(part, sentence, world)
    if not written and not (part[0].capital and part[-1].capital):
        return False
    if not written and not all(word.capital for word in part if len(word.text) > 3):
        return False
    at = part[0].start - sentence.start
    if part[0].text.isdigit() and len(part) == 1 and not mine:
        return False
    alone = len(part) == 1
    if any(world.is_person_of(folded, world.people(row)) for row in world.rows) and not mine:
        return False
    if alone and folded in lexicon().stop:
        behind = sentence.text[part[0].end - sentence.start :]
        if mine and folded not in lexicon().pronouns and _SAYS.match(behind):
            return True
        return first > 0 and not part[0].text.isupper() and _mixed_case(sentence)
    if mine:
        return True
    if _within_a_name(part, first, sentence, world):
        return False
    kind = world.catalog.titles.exact_kind(folded)
    if kind == PART and (alone or folded.split()[0] in lexicon().common):
        return False
    if world.known_value(folded, series=False):
        return False
    if any(f" {folded} " in world.words(row) for row in world.rows):
        return False
    if alone:
        if _PLACE.search(sentence.text[:at]) or part[0].text.isupper():
            return False
        return first > 0 or folded not in lexicon().common
    return True


def _as_the_title(part: Sequence[Word], sentence: Sentence, world: World) -> bool:
    """Whether it stands there letter by letter as a title that may be named ("osu!")."""
    text = sentence.text[part[0].start - sentence.start : part[-1].end - sentence.start]
    rows = world.forms.get(" ".join(word.folded for word in part), ())
    return any(text in world.item(row).title for row in rows)


def _within_a_name(part: Sequence[Word], first: int, sentence: Sentence, world: World) -> bool:
    """Whether the words are part of somebody's name: "Akira Kurosawa"."""
    words, last = sentence.words, first + len(part)
    for start, end in ((first - 1, last), (first, last + 1), (first - 1, last + 1)):
        if start < 0 or end > len(words) or not all(w.capital for w in words[start:end]):
            continue
        if world.is_a_person(" ".join(word.folded for word in words[start:end])):
            return True
    return False


def _mixed_case(sentence: Sentence) -> bool:
    """Whether a sentence has ordinary words in small letters."""
    return sum(not word.capital for word in sentence.words) > 1
