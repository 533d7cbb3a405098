"""SGD: the four recommender slots of the state."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import replace
from pathlib import Path

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import bare_title, fold
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.dialogue.focus import in_focus
from recagent_cli.agent.builtin.dialogue.state import NO_STATE
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Intent, Request

from .dialogues import genre, genres_of, history_of, people_of
from .scoring import YEAR_OF_THE_SETS, Misses, Row, Scores, compare

SGD_SCHEMA = """
schema = "recagent.catalog/1"
name = "named"
item = "movie"
items = "movies"
aliases = ["film", "films"]
verb = "watch"
[columns.id]
role = "id"
[columns.title]
role = "title"
[columns.genres]
role = "categories"
[columns.directors]
role = "people"
label = "director"
cues = ["directed by", "director", "by", "from", "made by"]
[columns.cast]
role = "people"
label = "actor"
cues = ["with", "starring", "stars", "acted by", "featuring", "acts in"]
"""


def named_catalog(rows: list[Row], work: Path) -> Catalog:
    """A catalog of the titles, people and genres that the set's own labels name."""
    from recagent_catalogs.ingest import Overrides, ingest

    lines = [["id", "title", "genres", "directors", "cast"]]
    for number, row in enumerate(rows):
        state: dict[str, list[str]] = {}
        for frame in row["frames"]:
            state.update(frame["state_unified"])
        one = {slot: values[0] for slot, values in state.items() if values[0] != "dontcare"}
        title = one.get("title", f"Untitled number {number}")
        kinds = [genre(one["genre"]).title()] if "genre" in one else []
        cells = [
            str(number),
            title,
            "|".join(kinds),
            one.get("director", ""),
            one.get("starring", ""),
        ]
        if title not in {line[1] for line in lines}:
            lines.append(cells)
        elif len(one) > 1:
            lines.append([cells[0], f"Untitled number {number}", *cells[2:]])
    items = work / "items.csv"
    with items.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    (work / "schema.toml").write_text(SGD_SCHEMA, encoding="utf-8")
    ingest(items, work / "named", name="named", overrides=Overrides(schema=work / "schema.toml"))
    return Catalog.open(work / "named")


def sgd(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """The four recommender slots of the state after the turn; joint: all of them right.

    Read against a catalog of the set's own titles, people and genres: no catalog of films holds
    them all, and what a name means is the question here, not whether the catalog has it.
    """
    with tempfile.TemporaryDirectory() as work:
        own = named_catalog(rows, Path(work))
        scores = _sgd(rows, Parser(own, year=lambda: YEAR_OF_THE_SETS), own, misses)
        own.close()
    return scores


def _sgd(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    scores: Scores = {"slot_f1": [], "joint": []}
    for row in rows:
        state: dict[str, list[str]] = {}
        for frame in row["frames"]:
            state.update(frame["state_unified"])
        wanted = [
            (slot, value)
            for slot in ("genre", "director", "starring", "title")
            if slot in state and state[slot][0] != "dontcare"
            for value in _values(slot, state[slot][0])
        ]
        history = history_of(row["context"], parser)
        turn = PastTurn(row["text"], "", (), parser.parse(row["text"], history))
        request = held([*history, turn])
        kinds = {one for value in genres_of(request, catalog) for one in _values("genre", value)}
        got = [("genre", value) for value in sorted(kinds)]
        title = in_focus([_named(t) for t in (*history, turn)], catalog)  # talked about, taken
        if title is not None and title.id not in {m.id for m in request.disliked}:
            got.append(("title", _value("title", title.title.rsplit(" (", 1)[0])))
        got += [("director", name) for name in people_of(request, catalog, ("director",))]
        got += [("starring", name) for name in people_of(request, catalog, ("actor", "cast"))]
        counts = compare(wanted, got)
        scores["slot_f1"].append((row["id"], counts))
        right = counts[1] == counts[2] == 0
        scores["joint"].append((row["id"], (int(right), 1, 0)))
        if not right:
            misses.append(f"sgd {row['id']} {row['text']!r}\n    wanted {wanted}\n    got    {got}")
    return scores


def held(turns: list[PastTurn]) -> Request:
    """The request that holds after the turns: a farewell or a question changes nothing in it."""
    kept = (t.request for t in reversed(turns) if t.request is not None)
    return next((r for r in kept if r.intent not in _BESIDE), Request(Intent.CHIT_CHAT))


def _named(turn: PastTurn) -> PastTurn:
    """The turn without what a question only points at: "who is in it?" takes nothing."""
    request = turn.request
    if request is None or request.intent is not Intent.ITEM_INFO:
        return turn
    about = tuple(m for m in request.about if m.text.lower() not in ("it", "that", "this"))
    return replace(turn, request=replace(request, about=about))


_BESIDE = frozenset((*NO_STATE, Intent.CLOSING, Intent.CHIT_CHAT))


def _values(slot: str, value: str) -> list[str]:
    """A slot's value as we count it: a mixed genre is the genres it mixes."""
    if slot == "genre":
        return sorted(_MIXED.get(genre(value), {genre(value)}))
    return [_value(slot, value)]


_MIXED = {
    name: frozenset(("romance", "comedy"))
    for name in ("rom-com", "romcom", "romantic comedy", "romantic-comedy")
}


def _value(slot: str, value: str) -> str:
    return genre(value) if slot == "genre" else bare_title(fold(value))
