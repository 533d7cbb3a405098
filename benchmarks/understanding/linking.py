"""Linking: titles in real chat turns, and titles that the catalog does not have.

ReDial's titles were completed by its chat window to "Title (Year)", which nobody types. The years
are taken out, the titles that carried one are what has to be found. Titles that the sender typed
without the window's help are not in the truth: found ones count as false, unless the window
completed them elsewhere in that dialogue.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recagent_catalogs.ingest import Overrides, ingest
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean, fold
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words.tokens import tokenize
from recagent_cli.agent.request import Mention

from .scoring import YEAR_OF_THE_SETS, Misses, Row, Scores

_YEAR = re.compile(r"\s*\((?:18|19|20)\d\d\)")
HELD = 10
"""Every so many of the titles named is taken out of the catalog."""


@dataclass(frozen=True)
class Turn:
    """A user's turn without years, and the ids of the catalog's titles in it.

    Attributes:
        dialogue: its dialogue.
        text: the turn.
        titles: name as in the text, to the id.
        also: ids that were named before in the dialogue, which the turn may name again.
    """

    dialogue: str
    text: str
    titles: dict[str, str]
    also: frozenset[str]


def turns(rows: Sequence[Row], catalog: Catalog) -> list[Turn]:
    """The last turns with a title of the catalog in them, each once."""
    found: dict[tuple[str, str], Turn] = {}
    for row in rows:
        text, named, also = str(row["context"][-1]), {}, set()
        for item in row["mentioned"]:
            id = str(item.get("movielens_id") or "")
            if not id or catalog.row_of(id) is None:
                continue
            if item["name"] in text and _YEAR.search(item["name"]):
                named[_YEAR.sub("", item["name"])] = id
            else:
                also.add(id)
        if named:
            key = (row["dialog_id"], text)
            also |= found[key].also if key in found else set()
            found[key] = Turn(*key[:1], _YEAR.sub("", text), named, frozenset(also))
    return list(found.values())


def linked(text: str, parser: Parser) -> list[Mention]:
    """What a turn by itself names of the catalog."""
    reading = parser.read(tokenize(clean(text)))
    mentions = (*reading.liked, *reading.disliked, *reading.seen, *reading.about)
    return [mention for mention in mentions if mention.id is not None]


def linking(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """F1 of the titles, as typed and in lower case; wrong links of titles that are not there."""
    scores: Scores = {name: [] for name in ("cased_f1", "lower_f1", "cased_recall", "lower_recall")}
    known = turns(rows, catalog)
    for turn in known:
        for case, text in (("cased", turn.text), ("lower", turn.text.lower())):
            wanted = set(turn.titles.values())
            mentions = linked(text, parser)
            got = {str(mention.id) for mention in mentions}
            false, missed = got - wanted - turn.also, wanted - got
            counts = (len(wanted & got), len(false), len(missed))
            scores[f"{case}_f1"].append((turn.dialogue, counts))
            scores[f"{case}_recall"].append((turn.dialogue, (counts[0], len(wanted), 0)))
            if false or missed:
                told = [(m.text, m.title) for m in mentions if m.id in false]
                lost = [name for name, id in turn.titles.items() if id in missed]
                misses.append(f"linking-{case} {text[:200]!r} false {told} missed {lost}")
    scores["wrong_links"] = list(_wrong(known, catalog, misses))
    return scores


# --- titles that are not there -------------------------------------------------------------------


def _wrong(
    known: Sequence[Turn], catalog: Catalog, misses: Misses
) -> Iterator[tuple[str, tuple[int, int, int]]]:
    held = _held(known, catalog)
    with tempfile.TemporaryDirectory() as work:
        poorer = without(catalog, set(held), Path(work))
        parser = Parser(poorer, year=lambda: YEAR_OF_THE_SETS)
        asked = [(id, name, f"I like {name}") for id, name in held.items()]
        asked += [(id, name, t.text) for t in known for name, id in t.titles.items() if id in held]
        for id, name, text in asked:
            wrong = [m for m in linked(text, parser) if _about(m, name)]
            yield id, (int(bool(wrong)), 1, 0)
            if wrong:
                told = [(m.text, m.title) for m in wrong]
                misses.append(f"wrong-links {name!r} in {text[:120]!r} got {told}")
        poorer.close()


def _held(known: Sequence[Turn], catalog: Catalog) -> dict[str, str]:
    """Id to name of the titles to take out; none that another item bears as well."""
    named = {id: name for turn in known for name, id in turn.titles.items()}
    alone = sorted(id for id, name in named.items() if len(catalog.titles.exact(fold(name))) == 1)
    chosen = np.random.default_rng(0).permutation(alone)[: max(1, len(alone) // HELD)]
    return {id: named[id] for id in sorted(chosen.tolist())}


def _about(mention: Mention, name: str) -> bool:
    """Whether the mention was read from words of the name."""
    return bool((set(fold(mention.text).split()) & set(fold(name).split())) - {"the", "a", "of"})


def without(catalog: Catalog, ids: set[str], work: Path) -> Catalog:
    """The catalog without some items, its interactions with the others kept."""
    columns = [c for c in catalog.schema.columns if c.role not in (Role.TITLE, Role.YEAR, Role.ID)]
    title, year = catalog.schema.one(Role.TITLE), catalog.schema.one(Role.YEAR)
    heads = ["id", title.name if title else "title", year.name if year else "year"]
    kept = [item for item in catalog.items(range(catalog.n_items)) if item.id not in ids]
    with (work / "items.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow([*heads, *(c.name for c in columns)])
        for item in kept:
            cells = [item.columns.get(c.name) for c in columns]
            out.writerow(
                [item.id, item.title, item.year or ""]
                + ["|".join(c) if isinstance(c, list) else c for c in cells]
            )
    names = {item.row: item.id for item in kept}
    with (work / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["user", "item"])
        if (taken := catalog.interactions) is not None:
            pairs = zip(taken.user.tolist(), taken.item.tolist(), strict=True)
            out.writerows((user, names[row]) for user, row in pairs if row in names)
    pairs_file = work / "pairs.csv" if taken is not None else None
    ingest(work / "items.csv", work / "catalog", name="poorer", interactions=pairs_file,
           overrides=Overrides())  # fmt: skip
    return Catalog.open(work / "catalog")


def read_turns(folder: Path) -> list[Row]:
    """The rows of the folder's ReDial next-item files."""
    paths = sorted(folder.glob("crs_redial_*.jsonl"))
    return [json.loads(line) for p in paths for line in p.read_text("utf-8").splitlines() if line]
