"""MIT movie queries: spans.

The labels call the same word GENRE before a noun ("a spy film") and PLOT elsewhere ("about a
spy"), which the program does not care for. That, where their spans begin and end ("four" or "four
stars"), and whether a person found only among a catalog's tags directs, is told here from the
words around; all else is what the reading says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from recagent_catalogs.schema import Column, Role, dump_schema
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean
from recagent_cli.agent.builtin.meaning.reading import Reading
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words.tokens import tokenize

from .scoring import YEAR_OF_THE_SETS, Misses, Row, Scores, compare

_TYPE_OF = {
    "period": "YEAR", "audience": "RATING", "compound": "GENRE", "mood": "PLOT", "title": "TITLE",
    "name": "TITLE", "titled": "TITLE",
}  # fmt: skip
_TYPE_OF_EXTRA = {
    "songs": "SONG", "trailers": "TRAILER", "reviews": "RATINGS_AVERAGE", "characters": "CHARACTER",
}  # fmt: skip
_ARTICLES = ("the ", "a ", "an ", "about ", "in ", "from ", "of ", "during ", "rated ", "set in ")
_TIMES = frozenset("last past this next previous twenties thirties forties fifties sixties".split())


def mit_slots(reading: Reading, parser: Parser) -> list[tuple[str, int, int]]:
    """The spans of one query as (type, first word, end)."""
    words, found = reading.text.words, []
    for span in reading.spans:
        if any(a <= span.start and span.end <= b for a, b in reading.topics):
            continue
        if kind := _kind_of_span(span, words, parser):
            start, end = _trimmed(kind, span.start, span.end, words, parser)
            if span.kind == "title" and words[start] == "a" and not _begins(span, parser):
                start += end - start > 1
            found.append((kind, start, end))
    told = [
        ("GENRE" if _before_noun(end, words, parser) else "PLOT", start, end)
        for start, end in reading.topics
    ]
    return [*_joined(found), *told]


def _joined(found: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The spans with neighbouring kinds as one: "action comedy"."""
    joined: list[tuple[str, int, int]] = []
    for kind, start, end in sorted(found, key=lambda span: span[1]):
        if joined and kind == "GENRE" and joined[-1][0] == kind and joined[-1][2] == start:
            joined[-1] = (kind, joined[-1][1], end)
        else:
            joined.append((kind, start, end))
    return joined


def _kind_of_span(span: Any, words: Sequence[str], parser: Parser) -> str:
    kind = _TYPE_OF.get(span.kind, "")
    if span.kind == "value":
        kind = _kind_of_value(span, words, parser)
    elif span.kind == "mood" and _before_noun(span.end, words, parser):
        kind = "GENRE"
    elif span.kind == "nation":
        kind = "GENRE" if span.data.adjective else "PLOT"
    elif span.kind == "extra":
        kind = _TYPE_OF_EXTRA.get(span.data.what, "")
    elif span.kind == "quality" and "recency" not in dict(span.data.weights):
        kind = "RATINGS_AVERAGE"
    if span.kind == "person":
        return "DIRECTOR" if "direct" in span.data.values[0].column else "ACTOR"
    if span.kind == "stranger":
        return "DIRECTOR" if span.data.maker else "ACTOR"
    if kind == "PERSON":
        before = " ".join(words[max(0, span.start - 3) : span.start])
        after = " ".join(words[span.end : span.end + 2])
        return "DIRECTOR" if "direct" in before + after or before.endswith(" by") else "ACTOR"
    return kind


def _trimmed(
    kind: str, start: int, end: int, words: Sequence[str], parser: Parser
) -> tuple[int, int]:
    """The span without the words around it that the labels leave out."""

    def drop(first: Container[str], last: Container[str]) -> None:
        nonlocal start, end
        while end - start > 1 and words[start] in first:
            start += 1
        while end - start > 1 and words[end - 1] in last:
            end -= 1

    if kind == "YEAR":
        while start < end - 1 and not (words[start] in _TIMES or words[start][0].isdigit()):
            start += 1
    elif kind == "RATING":
        drop(("rated", "rating"), ("rated", "rating", "ratings", *parser.vocabulary.items))
    elif kind in ("GENRE", "PLOT"):
        drop(("the", "a", "an", "in"), parser.vocabulary.items)
    elif kind == "RATINGS_AVERAGE":
        if words[start] == "that":
            start += 2
        drop(("the", "a", "an"), ("star",))
    return start, end


def _begins(span: Any, parser: Parser) -> bool:
    """Whether the title itself begins with the article."""
    return parser.catalog.label(span.data.row).lower().startswith("a ")


def _before_noun(end: int, words: Sequence[str], parser: Parser) -> bool:
    after = words[end] if end < len(words) else ""
    return after in parser.vocabulary.items or after in parser.lexicon.generic


def _kind_of_value(span: Any, words: Sequence[str], parser: Parser) -> str:
    """A kind, a person who stands only among tags, or a topic."""
    roles = {value.role for value in span.data}
    if Role.CATEGORIES in roles:
        return "GENRE"
    name = span.data[0].value.split()
    capitals = len(name) > 1 and all(part[:1].isupper() for part in name)
    if Role.TAGS in roles and capitals and _is_person(name, parser):
        return "PERSON"
    listed = any(" ".join(words[span.start : span.end]) in group for group in parser.lexicon.kinds)
    before = words[max(0, span.start - 2) : span.start]
    topic = any(word in ("about", "involving", "with", "on", "featuring") for word in before)
    noun = _before_noun(span.end, words, parser) or words[span.end - 1] in parser.vocabulary.items
    return "GENRE" if not topic and (noun or listed) else "PLOT"


def _is_person(name: Sequence[str], parser: Parser) -> bool:
    """Whether a name in capitals is a person's, and not a place or a people."""
    folded = " ".join(name).lower()
    return name[0].lower() in parser.lexicon.given or folded in parser.lexicon.makers


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
    # Not `Catalog.connect`, which writes no file.
    with duckdb.connect(str(catalog.path / "catalog.duckdb"), read_only=True) as database:
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
