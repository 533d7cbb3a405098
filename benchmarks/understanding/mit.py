"""MIT movie queries: spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.reading import Reading
from recagent_cli.agent.builtin.tokens import tokenize

from .scoring import Misses, Row, Scores, compare

_TYPE_OF = {
    "period": "YEAR", "audience": "RATING", "compound": "GENRE", "mood": "PLOT", "title": "TITLE",
    "name": "TITLE",
}  # fmt: skip
_ARTICLES = ("the ", "a ", "an ", "about ", "in ", "from ", "of ", "during ", "rated ", "set in ")
_TIMES = frozenset("last past this next previous twenties thirties forties fifties sixties".split())


def mit_slots(reading: Reading, parser: Parser) -> list[tuple[str, int, int]]:
    """The spans of one query as (type, first word, end)."""
    words, found = reading.text.words, []
    for span in reading.spans:
        kind, start, end = _TYPE_OF.get(span.kind, ""), span.start, span.end
        if span.kind == "value":
            kind = _kind_of_value(span, words, parser)
        elif span.kind == "quality" and "recency" not in dict(span.data.weights):
            kind = "RATINGS_AVERAGE"
        if span.kind == "item":
            continue
        if span.kind in ("person", "stranger") or kind == "PERSON":
            before, after = (
                " ".join(words[max(0, start - 3) : start]),
                " ".join(words[end : end + 2]),
            )
            directs = "direct" in before + after or before.endswith(" by")
            kind = "DIRECTOR" if directs else "ACTOR"
        if kind == "YEAR":
            while start < end - 1 and not (words[start] in _TIMES or words[start][0].isdigit()):
                start += 1
        if kind == "RATING":
            end -= end - start > 1 and words[end - 1] == "rated"
            start += end - start > 1 and words[start] == "rated"
        if kind in ("RATINGS_AVERAGE", "PLOT") and end - start > 1 and words[start] == "the":
            start += 1
        if kind:
            found.append((kind, start, end))
    return found + [("PLOT", start, end) for start, end in reading.topics]


def _kind_of_value(span: Any, words: Sequence[str], parser: Parser) -> str:
    """A kind, a person who stands only among tags, or a topic."""
    roles = {value.role for value in span.data}
    if Role.CATEGORIES in roles:
        return "GENRE"
    name = span.data[0].value.split()
    if Role.TAGS in roles and len(name) > 1 and all(part[:1].isupper() for part in name):
        return "PERSON"
    after = words[span.end] if span.end < len(words) else ""
    noun = after in parser.vocabulary.items or after in parser.lexicon.generic
    listed = any(" ".join(words[span.start : span.end]) in group for group in parser.lexicon.kinds)
    before = words[max(0, span.start - 2) : span.start]
    topic = any(word in ("about", "involving", "with", "on", "featuring") for word in before)
    return "GENRE" if not topic and (noun or listed) else "PLOT"


def mit(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """Strict spans, and values without articles and with REVIEW and RATINGS merged."""
    scores: Scores = {"span_f1": [], "value_f1": []}
    for row in rows:
        text, starts = row["text"], []
        place = 0
        for token in row["tokens"]:
            place = text.index(token, place)
            starts.append(place)
            place += len(token)
        reading = parser.read(tokenize(clean(text)))
        ours = {
            (
                kind,
                _token_at(starts, reading.text.tokens[start].start),
                _token_at(starts, reading.text.tokens[end - 1].start) + 1,
            )
            for kind, start, end in mit_slots(reading, parser)
        }
        theirs = set(_bio_spans(row["bio"]))
        scores["span_f1"].append((row["id"], compare(sorted(theirs), sorted(ours))))
        words = row["tokens"]
        loose = [
            sorted({(_merged(kind), _loose(" ".join(words[a:b]))) for kind, a, b in spans})
            for spans in (theirs, ours)
        ]
        scores["value_f1"].append((row["id"], compare(*loose)))
        if ours != theirs:
            named = [sorted((k, " ".join(words[a:b])) for k, a, b in s) for s in (theirs, ours)]
            misses.append(f"mit {row['id']} {text!r}\n    wanted {named[0]}\n    got    {named[1]}")
    return scores


def _token_at(starts: list[int], place: int) -> int:
    return int(np.searchsorted(starts, place, side="right")) - 1


def _bio_spans(tags: list[str]) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], i, i + 1))
        elif tag.startswith("I-") and found:
            found[-1] = (found[-1][0], found[-1][1], i + 1)
    return found


def _merged(kind: str) -> str:
    return "RATINGS_AVERAGE" if kind == "REVIEW" else kind


def _loose(text: str) -> str:
    changed = True
    while changed:
        changed = False
        for article in _ARTICLES:
            if text.startswith(article):
                text, changed = text[len(article) :], True
    return text.removesuffix(" stars").removesuffix(" movies").removesuffix(" movie").strip()
