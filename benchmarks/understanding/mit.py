"""MIT movie queries: spans."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recagent_catalogs.schema import Column, Role, dump_schema
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.reading import Reading
from recagent_cli.agent.builtin.tokens import tokenize

from .scoring import YEAR_OF_THE_SETS, Misses, Row, Scores, compare

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
        if any(a <= start and end <= b for a, b in reading.topics):
            continue
        if span.kind == "value":
            kind = _kind_of_value(span, words, parser)
        elif span.kind == "quality" and "recency" not in dict(span.data.weights):
            kind = "RATINGS_AVERAGE"
        if span.kind == "item":
            continue
        if span.kind == "person":
            kind = "DIRECTOR" if "direct" in span.data.values[0].column else "ACTOR"
        elif span.kind == "stranger" or kind == "PERSON":
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
        if kind in ("RATINGS_AVERAGE", "PLOT"):
            start += end - start > 1 and words[start] in ("the", "a", "an")
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
    """Strict spans, and values without articles and with REVIEW and RATINGS merged.

    Both once more (`_names`) with the set's own people added to the catalog: how much of it hangs
    on knowing the names.
    """
    scores = _scores(rows, parser, misses, "mit")
    with tempfile.TemporaryDirectory() as work:
        known = with_people(catalog, rows, Path(work))
        named = _scores(rows, Parser(known, year=lambda: YEAR_OF_THE_SETS), misses, "mit_names")
        known.close()
    return scores | {f"{key}_names": counts for key, counts in named.items()}


_PEOPLE = {
    "ACTOR": Column(
        "actors", Role.PEOPLE, "actor", ("cast",),
        ("with", "starring", "stars", "featuring", "acted by", "acts in"),
    ),
    "DIRECTOR": Column(
        "directors", Role.PEOPLE, "director", (), ("directed by", "director", "by", "made by")
    ),
}  # fmt: skip


def with_people(catalog: Catalog, rows: list[Row], work: Path) -> Catalog:
    """The catalog with two columns more: the actors and directors that the set's labels name.

    Who stands at which item does not matter here: one name an item, over and over.
    """
    from recagent_catalogs.ingest import Overrides, ingest

    n, names = catalog.n_items, []
    for kind in _PEOPLE:
        own = sorted({value for row in rows for slot, value in row["slots"] if slot == kind})
        names.append([own[i::n] for i in range(min(n, len(own)))])
    kept = [c for c in catalog.schema.columns if c.name not in {p.name for p in _PEOPLE.values()}]
    schema = replace(catalog.schema, name="named", columns=(*kept, *_PEOPLE.values()))
    dump_schema(schema, work / "schema.toml")
    columns = ", ".join(f'"{c.name}"' for c in kept)
    people = ", ".join(
        f"(?::VARCHAR[][])[row_number() OVER ()] AS {column.name}" for column in _PEOPLE.values()
    )
    items, taken = work / "items.parquet", None
    with catalog.connect() as database:
        database.execute(
            f"COPY (SELECT {columns}, {people} FROM items) TO '{items}' (FORMAT parquet)",  # noqa: S608
            names,
        )
        if catalog.interactions is not None:
            taken = work / "interactions.parquet"
            database.execute(f"COPY interactions TO '{taken}' (FORMAT parquet)")
    overrides = Overrides(schema=work / "schema.toml")
    ingest(items, work / "named", name="named", interactions=taken, overrides=overrides)
    return Catalog.open(work / "named")


def _scores(rows: list[Row], parser: Parser, misses: Misses, name: str) -> Scores:
    scores: Scores = {"span_f1": [], "value_f1": []}
    for row in rows:
        text, words = row["text"], row["tokens"]
        ours, theirs = _our_spans(row, parser), set(_bio_spans(row["bio"]))
        scores["span_f1"].append((row["id"], compare(sorted(theirs), sorted(ours))))
        loose = [
            sorted({(_merged(kind), _loose(" ".join(words[a:b]))) for kind, a, b in spans})
            for spans in (theirs, ours)
        ]
        scores["value_f1"].append((row["id"], compare(*loose)))
        if ours != theirs:
            named = [sorted((k, " ".join(words[a:b])) for k, a, b in s) for s in (theirs, ours)]
            misses.append(
                f"{name} {row['id']} {text!r}\n    wanted {named[0]}\n    got    {named[1]}"
            )
    return scores


def _our_spans(row: Row, parser: Parser) -> set[tuple[str, int, int]]:
    """What the parser reads, in the set's own tokens."""
    text, starts, place = row["text"], [], 0
    for token in row["tokens"]:
        place = text.index(token, place)
        starts.append(place)
        place += len(token)
    reading = parser.read(tokenize(clean(text)))
    places = reading.text.tokens
    return {
        (
            kind,
            _token_at(starts, places[start].start),
            _token_at(starts, places[end - 1].start) + 1,
        )
        for kind, start, end in mit_slots(reading, parser)
    }


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
