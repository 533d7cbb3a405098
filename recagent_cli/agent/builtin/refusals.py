"""Turns that no list can answer: years the catalog has none of, contradictions, other languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from recagent_catalogs.schema import Role
from recagent_tools.conditions import evaluate

from .wording import condition_text

if TYPE_CHECKING:
    from .reader import Reader
    from .reading import Reading

_OTHER_YEAR = re.compile(
    r"\b(?:from|in|of|before|after|since|until|made in|released in)(?: the)?(?: year)? "
    r"(?P<year>\d{4})(?: ?s)?(?!\S)"
)
_FOREIGN = frozenset(
    (
        "der das und ein eine einen einem einer etwas ich mir mich wir ist sind nicht kein keine "
        "mit ohne aus dem den fur von zu auf uber wie gib zeig zeige bitte gute guten lustiges "
        "le les un une des du et est sont je tu nous vous avec sans dans sur pour pas quelque "
        "chose moi donne cherche voudrais "
        "el los las una unos y es quiero busco con sin por para algo que como dame muestrame "
        "il lo gli uno e che con senza vorrei qualcosa mi di da "
        "een het de en van met zonder iets wil graag "
        "um uma os com sem quero algum filmes peliculas filme film"
    ).split()
) - frozenset(("film", "e", "y", "de", "en", "un", "mi", "da", "das", "um", "est", "sur", "don"))
_CLEARLY = 2
"""So many words of another language, and more than of English, tell it."""


def refusal(reader: Reader, reading: Reading) -> str:
    """Why the turn can have no list; empty where nothing speaks against one.

    Args:
        reader: whose catalog and words.
        reading: the turn.
    """
    if _is_foreign(reader, reading):
        return "I understand only English, sorry. Please say it in English."
    if reading.contradicted:
        return f"Nothing can meet both: {reading.contradicted}."
    return _no_such_year(reader, reading)


def _is_foreign(reader: Reader, reading: Reading) -> bool:
    text, lexicon = reading.text, reader.lexicon
    names = {
        i
        for span in reading.spans
        if span.kind in ("title", "person", "name")
        for i in range(span.start, span.end)
    }
    free = [w for i, w in enumerate(text.words) if i not in names]
    foreign = {w for w in free if w in _FOREIGN}
    if len(foreign) < _CLEARLY:
        return False
    english = sum((w in lexicon.stop or w in lexicon.filler) and w not in _FOREIGN for w in free)
    return len(foreign) > english


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
