"""Books and music: the state of labelled turns, and the names in music requests.

Both are read against a stranger's table of the set's own names (as `sgd.py` does): a plain CSV
whose columns' roles are guessed. No public catalog holds what these people name, and what a name
means is the question here, not whether a catalog has it. `_others` is the same with the names of
the other rows only: what is left when no name is known.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recagent_catalogs.ingest import ingest
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import bare_title, clean, fold
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.builtin.words.tokens import tokenize
from recagent_cli.agent.request import Request
from recagent_tools.conditions import parse_condition

from .dialogues import history_of
from .scoring import YEAR_OF_THE_SETS, Misses, Row, Scores, compare

Slots = list[tuple[str, str]]
_ITEMS = ("liked_items", "disliked_or_excluded_items", "seen_items", "target_items")
_PEOPLE = ("authors", "artists", "liked_authors", "liked_artists")
_GENRES = ("genres_include", "genres_exclude", "genres_preferred")
TABLES = {
    "book": ("books", ("book_id", "title", "author", "genre", "year", "language")),
    "music": ("songs", ("song_id", "title", "artist", "genre", "year", "language")),
}


def domains(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """Whether a list is wanted, and the state's slots, of turns on books and on music."""
    scores: Scores = {"wants_f1": [], "wants_accuracy": []}
    for domain in TABLES:
        own = [row for row in rows if row["domain"] == domain]
        with tempfile.TemporaryDirectory() as work:
            named = _labelled_catalog(own, domain, Path(work))
            for name, counts in _state(own, domain, named, misses).items():
                scores.setdefault(name, []).extend(counts)
            named.close()
    return scores


def _state(rows: list[Row], domain: str, catalog: Catalog, misses: Misses) -> Scores:
    parser = Parser(catalog, year=lambda: YEAR_OF_THE_SETS)
    names = ("wants_f1", "wants_accuracy", f"{domain}_state_f1", f"{domain}_state_f1_wanted")
    scores: Scores = {name: [] for name in names}
    for row in rows:
        label, id = row["label"], row["id"]
        request = parser.parse(row["text"], history_of(row["context"], parser))
        wants, wanted = wants_list(request), label["wants_recommendation"]
        counts = (int(wants and wanted), int(wants and not wanted), int(wanted and not wants))
        scores["wants_f1"].append((id, counts))
        scores["wants_accuracy"].append((id, (int(wants == wanted), 1, 0)))
        theirs, ours = _wanted(label["state"]), _ours(request, catalog)
        counts = compare(theirs, ours)
        scores[f"{domain}_state_f1"].append((id, counts))
        if wanted:
            scores[f"{domain}_state_f1_wanted"].append((id, counts))
        if wants != wanted or counts[1] or counts[2]:
            told = f"    wanted {wanted} {theirs}\n    got    {request.intent} {ours}"
            misses.append(f"domains {id} {row['text'][:300]!r}\n{told}")
    return scores


def _wanted(state: Row) -> Slots:
    found = [("liked", _title(m)) for m in state.get("liked_items", ())]
    found += [("disliked", _title(m)) for m in state.get("disliked_or_excluded_items", ())]
    found += [("genre", fold(name)) for name in state.get("genres_include", ())]
    found += [("not genre", fold(name)) for name in state.get("genres_exclude", ())]
    found += [("person", fold(p["name"])) for slot in _PEOPLE for p in state.get(slot, ())]
    if years := state.get("year_range"):
        found.append(("years", f"{years.get('from')}-{years.get('to')}"))
    if state.get("recency"):
        old = state["recency"] in ("older", "classic", "old")
        found.append(("recency", "old" if old else "new"))
    return list(dict.fromkeys(found))


def _title(mention: Row) -> str:
    return bare_title(fold(mention.get("title") or mention["surface"]))


def _ours(request: Request, catalog: Catalog) -> Slots:
    found = []
    people = {
        name for c in catalog.schema.with_role(Role.PEOPLE) for name in catalog.words(c.name).folded
    }
    for slot, mentions in (("liked", request.liked), ("disliked", request.disliked)):
        for mention in mentions:
            if fold(mention.text) in people:  # what is best known of theirs stands for them
                found.append(("person", fold(mention.text)))
                continue
            title = mention.title.rsplit(" (", 1)[0] if mention.id else mention.text
            found.append((slot, bare_title(fold(title))))
    for text in request.conditions:
        condition = parse_condition(text, catalog)
        role, has = catalog.schema.column(condition.column).role, condition.operator == "has"
        if role is Role.CATEGORIES:
            found += [("genre" if has else "not genre", fold(str(v))) for v in condition.values]
        elif role is Role.PEOPLE and has:
            found += [("person", fold(str(value))) for value in condition.values]
        elif role is Role.YEAR:
            low, high = (*condition.values, *condition.values)[:2]
            years = [None if v is None else int(float(v)) for v in (low, high)]
            found.append(("years", f"{years[0]}-{years[1]}"))
    found += [("person", fold(name)) for name in _strangers(request)]
    if recency := dict(request.weights).get("recency", 0.0):
        found.append(("recency", "new" if recency > 0 else "old"))
    return list(dict.fromkeys(found))


def _strangers(request: Request) -> Iterator[str]:
    """Names taken for people whom the catalog does not know: the limits quote them."""
    for limit in request.limits:
        if limit.startswith("I know no ") and limit.count("'") >= 2:
            yield limit.split("'")[1]


def _labelled_catalog(rows: list[Row], domain: str, work: Path) -> Catalog:
    """A table of the items, people and kinds that the labels name."""
    states = [row["label"][part] for row in rows for part in ("state", "turn")]
    titles = [m for state in states for slot in _ITEMS for m in state.get(slot, ())]
    people = [p["name"] for state in states for slot in _PEOPLE for p in state.get(slot, ())]
    kinds = [name.title() for state in states for slot in _GENRES for name in state.get(slot, ())]
    lines = [[m.get("title") or m["surface"], "", "", m.get("year") or "", ""] for m in titles]
    lines += [[f"Untitled number {i}", name, "", "", ""] for i, name in enumerate(people)]
    lines += [[f"Unnamed number {i}", "", name, "", ""] for i, name in enumerate(kinds)]
    return _table(domain, list({str(line[:3]): line for line in lines}.values()), work)


def _table(domain: str, lines: Sequence[Sequence[Any]], work: Path) -> Catalog:
    name, header = TABLES[domain]
    path = work / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([number, *line] for number, line in enumerate(lines, 1))
    ingest(path, work / name, name=name)
    return Catalog.open(work / name)


# --- names in music requests ---------------------------------------------------------------------


def music_ner(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """Spans of artists and of works (songs, albums), by their text."""
    scores: Scores = {}
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "own").mkdir()
        own = _named_catalog(rows, Path(work) / "own")
        scores |= _spans(rows, own, "", misses)
        own.close()
        counts: Scores = {}
        for part in (0, 1):
            folder = Path(work) / f"others{part}"
            folder.mkdir()
            others = _named_catalog(rows[1 - part :: 2], folder)
            for name, found in _spans(rows[part::2], others, "_others", []).items():
                counts.setdefault(name, []).extend(found)
            others.close()
    return scores | counts


def _spans(rows: list[Row], catalog: Catalog, suffix: str, misses: Misses) -> Scores:
    parser = Parser(catalog, year=lambda: YEAR_OF_THE_SETS)
    kinds = {"music_span_f1": ("Artist", "WoA"), "artist_f1": ("Artist",), "work_f1": ("WoA",)}
    scores: Scores = {f"{name}{suffix}": [] for name in kinds}
    for row in rows:
        theirs = [(kind, _key(text)) for kind, text in row["entities"]]
        ours = _names(row["text"], parser)
        for name, wanted in kinds.items():
            counts = compare(
                [pair for pair in theirs if pair[0] in wanted],
                [pair for pair in ours if pair[0] in wanted],
            )
            scores[f"{name}{suffix}"].append((row["id"], counts))
        if sorted(theirs) != sorted(ours):
            told = f"    wanted {theirs}\n    got    {ours}"
            misses.append(f"music {row['id']} {row['text']!r}\n{told}")
    return scores


def _names(text: str, parser: Parser) -> Slots:
    kinds = {"title": "WoA", "name": "WoA", "person": "Artist", "stranger": "Artist"}
    reading = parser.read(tokenize(clean(text)))
    return [
        (kinds[span.kind], _key(reading.text.as_typed(span.start, span.end)))
        for span in reading.spans
        if span.kind in kinds
    ]


def _key(text: str) -> str:
    return fold(text).replace(" ", "")


def _named_catalog(rows: list[Row], work: Path) -> Catalog:
    """A table of the songs and artists that the labels name, each artist at a song of the row."""
    lines: dict[str, list[str]] = {}
    for row in rows:
        artists = [text for kind, text in row["entities"] if kind == "Artist"]
        works = [text for kind, text in row["entities"] if kind == "WoA"]
        for number in range(max(len(artists), len(works))):
            title = works[number] if number < len(works) else f"Untitled {row['id']} {number}"
            artist = artists[number] if number < len(artists) else ""
            lines.setdefault(title, [title, artist, "", "", ""])
            if lines[title][1] != artist:
                lines[f"{title} {artist}"] = [f"Untitled {row['id']} b{number}", artist, "", "", ""]
    return _table("music", list(lines.values()), work)
