"""Titles: how they are written in files, and how people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .text import bare_title, fold

FULL, ALIAS, PART = 0, 1, 2
"""How strongly a form stands for an item: the title itself; another writing of it (without article,
other numerals, original title); only the part before or after a colon or dash."""
NEAR, STRENGTH = 4, 3
"""The mark that a form carries beside its strength, and the bits of the strength."""


_YEAR_AT_END = re.compile(
    r"^(?P<title>.*\S)\s*\((?P<year>(?:18|19|20)\d\d)(?:\s*[-–]\s*(?:\d{4})?)?\)\s*$"
)
_BRACKETS = re.compile(r"\s*\(([^()]+)\)\s*$")
_AKA = re.compile(r"^(?:a\.?k\.?a\.?|aka)\s*:?\s*", re.I)
_ARTICLE_AT_END = re.compile(
    r"^(?P<rest>.+?),\s*(?P<article>The|A|An|Le|La|Les|L'|Il|Lo|Gli|El|Los|Las|Der|Die|Das|Den|Det|"
    r"Un|Une|Una|Uno|Os|As)$"
)
_SUBTITLE = re.compile(r"\s*:\s+|\s+[-–—]\s+")
_NO_TITLE = re.compile(
    r"\b(?:edition|cut|version|remaster\w*|season \d+|part \d+|vol\w*\.? \d+)\b", re.I
)
_PARTS = frozenset(("part", "pt", "episode", "chapter", "volume", "vol"))
_ROMAN = {
    "i": "1",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "x": "10",
    "xi": "11",
    "xii": "12",
    "xiii": "13",
    "xiv": "14",
    "xv": "15",
    "xvi": "16",
}
_NUMBER_WORDS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "thirteen": "13",
}
_NUMERALS = frozenset(_NUMBER_WORDS) | frozenset(_ROMAN)
NUMERALS = (_NUMERALS | _PARTS) - {"i"}
"""Words with which a title has another writing; "i" means oneself."""


@dataclass(frozen=True)
class RawTitle:
    """A title taken apart: the title as people say it, its year, and other titles in brackets."""

    title: str
    year: int | None
    aliases: tuple[str, ...] = ()


def split_title(raw: str, *, brackets: bool = True) -> RawTitle:
    """Take "Matrix, The (1999)" or "Seven (a.k.a. Se7en) (1995)" apart.

    Args:
        raw: the title as the file has it.
        brackets: whether a trailing bracket holds another title (as in MovieLens).
    """
    text, year = raw.strip(), None
    if match := _YEAR_AT_END.match(text):
        text, year = match["title"], int(match["year"])
    aliases: list[str] = []
    while brackets and (found := _BRACKETS.search(text)) and found.start() > 0:
        inside = found[1].strip()
        if _NO_TITLE.search(inside):
            break
        aliases.insert(0, article_first(_AKA.sub("", inside)))
        text = text[: found.start()].rstrip()
    return RawTitle(article_first(text), year, tuple(alias for alias in aliases if fold(alias)))


def article_first(title: str) -> str:
    """Turn "Matrix, The" into "The Matrix", and the head of "Matrix, The: Reloaded" likewise."""
    head, colon, tail = title.partition(": ")
    if colon and _ARTICLE_AT_END.match(head):
        return f"{article_first(head)}: {tail}"
    match = _ARTICLE_AT_END.match(title)
    if match is None:
        return title
    glue = "" if match["article"].endswith("'") else " "
    return f"{match['article']}{glue}{match['rest']}"


def canonical(folded: str) -> str:
    """A folded title without article, numerals as digits, "part" and "episode" before them dropped.

    "the godfather part ii" and "godfather 2" become the same.
    """
    words = bare_title(folded).split(" ")
    if _NUMERALS.isdisjoint(words) and not any(map(str.isdigit, words)):
        return " ".join(words)
    out: list[str] = []
    for position, word in enumerate(words):
        number = _NUMBER_WORDS.get(word)
        if number is None and position:
            number = _ROMAN.get(word)
        if number is not None or word.isdigit():
            if out and out[-1] in _PARTS and len(out) > 1:
                out.pop()
            out.append(number or word)
        else:
            out.append(word)
    return " ".join(out)


def title_forms(title: str, aliases: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Every folded way to write a title with its strength, each form once."""
    return ((form, kind & STRENGTH) for form, kind in marked_forms(title, aliases))


def marked_forms(title: str, aliases: Sequence[str] = ()) -> list[tuple[str, int]]:
    """The forms of a title, `NEAR` added to those that a slip is looked for in.

    Those are the canonical ones: what was typed is made canonical first, so the others would only
    be found again, and worse.
    """
    full = fold(title)
    found: dict[str, int] = {full: FULL} if full else {}
    near: set[str] = set()
    for text in (full, *(fold(alias) for alias in aliases)):
        if not text:
            continue
        found.setdefault(text, ALIAS)
        bare = bare_title(text)
        if bare != text:
            found.setdefault(bare, ALIAS)
            found.setdefault(f"{bare} {text.split(' ', 1)[0]}", ALIAS)
        plain = canonical(text)
        found.setdefault(plain, ALIAS)
        near.add(plain)
    for part in _parts(title):
        plain = canonical(part)
        found.setdefault(part, PART)
        found.setdefault(plain, PART)
        near.add(plain)
    return [(form, kind | NEAR if form in near else kind) for form, kind in found.items() if form]


def _parts(title: str) -> list[str]:
    """What stands before and after a colon or dash, folded, where it may stand for the title."""
    if ":" not in title and "-" not in title and title.isascii():
        return []
    parts = [fold(part) for part in _SUBTITLE.split(title)]
    if len(parts) == 1:
        return []
    # A tail of one word ("Origins", "Part 2") says nothing by itself; a head does ("Rambo").
    return [
        part
        for position, part in enumerate(parts)
        if part and (position == 0 or _says_something(part))
    ]


def _says_something(tail: str) -> bool:
    words = bare_title(tail).split()
    return len(words) > 1 and not (len(words) == 2 and words[0] in _PARTS)
