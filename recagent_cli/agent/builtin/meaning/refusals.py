"""Turns that no list can answer: years the catalog has none of, contradictions, other languages."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from recagent_catalogs.schema import Role
from recagent_tools.conditions import evaluate

from ..answers.wording import condition_text

if TYPE_CHECKING:
    from .reader import Reader
    from .reading import Reading

_OTHER_YEAR = re.compile(
    r"\b(?:from|in|of|before|after|since|until|made in|released in)(?: the)?(?: year)? "
    r"(?P<year>\d{4})(?: ?s)?(?!\S)"
)
_CLEARLY = 2
"""So many words of another language, and more than of English, tell it."""


def refusal(reader: Reader, reading: Reading) -> str:
    """Why the turn can have no list; empty where nothing speaks against one.

    Args:
        reader: whose catalog and words.
        reading: the turn.
    """
    if (said := _in_their_language(reader, reading)) is not None:
        return f"{said} I understand only English: please say it in English.".strip()
    if reading.contradicted:
        return f"Nothing can meet both: {reading.contradicted}."
    return _no_such_year(reader, reading)


def _in_their_language(reader: Reader, reading: Reading) -> str | None:
    """What to say in the language of the turn; None where it is English, "" where unknown."""
    text, lexicon = reading.text, reader.lexicon
    read = [span for span in reading.spans if span.kind != "name"]
    if not read and _other_script(text.raw):
        return ""
    names = {i for s in read if s.kind in ("title", "person") for i in range(s.start, s.end)}
    free = [w for i, w in enumerate(text.words) if i not in names]
    said = set(free)
    best = max(lexicon.languages, key=lambda language: len(said & language.words))
    most = len(said & best.words)
    if most < _CLEARLY:
        return None
    english = sum((w in lexicon.stop or w in lexicon.filler) and w not in best.words for w in free)
    return best.say if most > english else None


def _other_script(raw: str) -> bool:
    """Whether most letters are of no Latin script."""
    letters = [c for c in raw if c.isalpha()]
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    return len(letters) > 2 * latin


def _no_such_year(reader: Reader, reading: Reading) -> str:
    column = reader.schema.one(Role.YEAR)
    if column is None:
        return ""
    said = ""
    typed = any(re.match(r"\d{4}|\d0s?$", word) for word in reading.text.words)
    for condition in reading.conditions if typed else ():
        if condition.column == column.name and not evaluate(condition, reader.catalog).any():
            said = condition_text(condition, reader.schema)
    match = _OTHER_YEAR.search(reading.text.joined)
    if not said and match and _unread(reading, match.start("year"), match["year"]):
        said = f"from {match['year']}"
    if not said:
        return ""
    years = reader.catalog.numbers(column.name)
    known = years[~np.isnan(years)]
    if not len(known):
        return ""
    items = reader.schema.items
    return (
        f"There are no {items} {said} here: this catalog's {items} are from "
        f"{int(known.min())} to {int(known.max())}."
    )


def _unread(reading: Reading, place: int, year: str) -> bool:
    """Whether a number is no year that people make things in, and was read as nothing else."""
    number = reading.text.starts.get(place)
    if number is None or 1800 <= int(year) <= 2099:
        return False
    return not any(
        span.start <= number < span.end and span.kind in ("title", "number", "count")
        for span in reading.spans
    )
