"""Items of the list shown that are pointed at by what they are: "the one with Kim Novak"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold
from recagent_tools.conditions import Condition, evaluate

from ..readers.periods import Period
from ..readers.spans import Span
from ..words.tokens import Text
from ..words.vocabulary import Value
from .references import Reference

if TYPE_CHECKING:
    from .reader import Reader

_JOINS = frozenset("with from by about in starring directed of that has made called set".split())
_ASKS = frozenset("who whos how hows what whats when whens where which is was does tell".split())
_AFTER = frozenset("is was looks sounds seems please about too instead then".split())
MOST_WORDS = 8
"""Words of a description."""


def described(
    reader: Reader, text: Text, spans: Sequence[Span], shown: Sequence[int]
) -> list[tuple[Reference, list[Span]]]:
    """Each pointer with the readings it is made of, which then say nothing else.

    Only what fits exactly one item of the list points at it.
    """
    if len(shown) < 2:
        return []
    found: list[tuple[Reference, list[Span]]] = []
    for start in range(len(text.words) - 1):
        if text.words[start] not in ("the", "that"):
            continue
        for end in _ends(reader, text, spans, start):
            inside = [
                s
                for s in spans
                if s.end <= end and s.kind != "item" and start + (s.kind != "name") <= s.start
            ]
            rows = _fitting(reader, text, inside, shown, start, end)
            if len(rows) == 1 and len(rows) < len(shown):
                place = list(shown).index(rows[0])
                found.append((Reference(start, end, (place,)), inside))
                break
    return found


def _ends(reader: Reader, text: Text, spans: Sequence[Span], start: int) -> list[int]:
    """Where a description that begins with "the" may end; none where there is none."""
    words = text.words
    stop = next(
        (
            i
            for i in range(start + 1, len(words))
            if text.begins_sentence(i) or "," in text.gap(i) or words[i] in ("but", "please")
        ),
        len(words),
    )
    stop = min(stop, start + 1 + MOST_WORDS)
    ends = []
    if _item(reader, words[start + 1]) and words[start + 2 : start + 3] and start + 2 < stop:
        if words[start + 2] in _JOINS:
            ends.append(stop)
    for i in range(start + 2, min(start + 5, stop)):
        if _item(reader, words[i]):
            ends.append(i + 1)
    if words[0] in _ASKS:
        ends += [s.end for s in spans if s.start == start + 1 and s.kind == "value"]
    return [end for end in ends if end >= len(words) or words[end] in _AFTER or end == stop]


def _item(reader: Reader, word: str) -> bool:
    return word == "one" or (
        not word.endswith("s") and (word in reader.items or word in reader.lexicon.generic)
    )


def _fitting(
    reader: Reader, text: Text, inside: list[Span], shown: Sequence[int], start: int, end: int
) -> list[int]:
    """The rows shown that all of the description fits."""
    left, told = set(shown), 0
    known = [s for s in inside if s.kind not in ("stranger", "name")]
    read = {i for s in known for i in range(s.start, s.end)}
    for span in inside:
        mask = _mask(reader, span)
        if mask is not None:
            told += 1
            left = {row for row in left if mask[row]}
    rest = [
        word
        for i, word in enumerate(text.words[start + 1 : end], start + 1)
        if i not in read
        and not _item(reader, word)
        and word not in _JOINS
        and word not in reader.lexicon.stop
    ]
    if rest:
        told += 1
        named = {item.row: set(fold(item.title).split()) for item in reader.catalog.items(shown)}
        left = {row for row in left if set(rest) <= named[row]}
    return [row for row in shown if row in left] if told else []


def _mask(reader: Reader, span: Span) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
    """Which items fit one reading; None where it says nothing of them."""
    catalog = reader.catalog
    if span.kind == "period":
        return _made_in(reader, span.data)
    values: Sequence[Value] = ()
    if span.kind == "value":
        values = span.data
    elif span.kind == "person":
        values = span.data.values
    if not values:
        return None
    masks = [evaluate(Condition(v.column, "has", (v.value,)), catalog) for v in values]
    return np.asarray(np.logical_or.reduce(masks), dtype=bool)


def _made_in(reader: Reader, period: Period) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
    column = reader.schema.one(Role.YEAR)
    if column is None:
        return None
    low = None if period.low is None else float(period.low)
    high = None if period.high is None else float(period.high)
    if low is not None and low == high:
        return evaluate(Condition(column.name, "=", (low,)), reader.catalog)
    return evaluate(Condition(column.name, "..", (low, high)), reader.catalog)
