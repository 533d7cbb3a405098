"""Some three hundred utterances and what a person would want each read as, for films, games, books.

The tables are `tests/data/utterances/*.toml`; the head of `movies.toml` describes a row. The books
are a stranger's table, read in with guessed roles: nothing in code knows about books.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recagent_catalogs.bundled import install_bundled
from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Mention, Request, request_from_json

DATA = Path(__file__).parent.parent / "data"
TABLES = ("movies", "games", "books", "steam")
STEAM = (
    Path(os.environ.get("RECAGENT_BENCH_DATA", "")) / "datasets" / "steam" / "steam_games.parquet"
)
LEAST = {"movies": 120, "games": 90, "books": 90}
MOST_FAILING = 0.04
ALWAYS: dict[str, Any] = {
    "intent": "recommend", "where": [], "liked": [], "disliked": [], "seen": [], "count": None,
    "unused": [],
}  # fmt: skip
KEYS = {
    *ALWAYS, "say", "after", "shown", "about", "question", "search", "weights", "wants", "avoids",
    "limits", "clarify", "xfail",
}  # fmt: skip

Row = dict[str, Any]


@cache
def rows(name: str) -> tuple[Row, ...]:
    found = tomllib.loads((DATA / "utterances" / f"{name}.toml").read_text(encoding="utf-8"))
    return tuple(found["rows"])


def cases() -> Iterator[Any]:
    for name in TABLES:
        for number, row in enumerate(rows(name)):
            marks = [pytest.mark.xfail(reason=row["xfail"], strict=True)] if "xfail" in row else []
            yield pytest.param(name, number, id=f"{name}: {row['say'][:60]}", marks=marks)


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Parser]]:
    """Gives the parser of a catalog, read in when it is first asked for."""
    work = tmp_path_factory.mktemp("utterances")
    found: dict[str, Parser] = {}

    def parser_of(name: str) -> Parser:
        if name not in found:
            read_in(name, work / name)
            found[name] = Parser(Catalog.open(work / name), year=lambda: 2026)
        return found[name]

    yield parser_of
    for parser in found.values():
        parser.vocabulary.catalog.close()


def read_in(name: str, folder: Path) -> None:
    if name == "books":
        ingest(DATA / "books.csv", folder, name=name)
    elif name == "steam":
        if not STEAM.is_file():
            pytest.skip("no Steam data: set RECAGENT_BENCH_DATA")
        ingest(STEAM, folder, name=name, skip_bad_rows=True)
    else:
        install_bundled(name, folder)


def request_of(parser: Parser, row: Row) -> Request:
    """What the row's last utterance is read as, after those before it."""
    catalog = parser.vocabulary.catalog
    history = [PastTurn(said, "", ()) for said in row.get("after", ())]
    shown = tuple(row_of_title(catalog, title) for title in row.get("shown", ()))
    if shown:
        history[-1] = replace(history[-1], shown=shown)
    return parser.parse(row["say"], history)


def row_of_title(catalog: Catalog, label: str) -> int:
    title = label.rsplit(" (", 1)[0]
    rows = [row for row in catalog.titles.exact(fold(title)) if catalog.label(row) == label]
    assert rows, f"no {label} in this catalog"
    return int(rows[0])


def titles(mentions: tuple[Mention, ...]) -> list[str]:
    return [mention.title if mention.id else "?" for mention in mentions]


def told(request: Request) -> Row:
    """The request as the tables write it."""
    question = request.question
    wishes = [(value, wish) for wish in request.wishes for _, value in wish.values]
    return {
        "intent": str(request.intent),
        "where": sorted(request.conditions),
        "liked": titles(request.liked),
        "disliked": titles(request.disliked),
        "seen": titles(request.seen),
        "about": titles(request.about),
        "count": request.count,
        "unused": list(request.unused),
        "question": f"{question.kind} {question.column}".strip() if question else "none",
        "search": request.search,
        "weights": sorted(f"{'-' * (w < 0)}{name}" for name, w in request.weights),
        "wants": [value for value, wish in wishes if wish.weight > 0],
        "avoids": [value for value, wish in wishes if wish.weight < 0],
        "limits": list(request.limits),
        "clarify": request.clarify,
    }


def mismatches(row: Row, got: Row) -> list[str]:
    """What is not as the row says."""
    expected = {**ALWAYS, **row}
    found = []
    for key, wanted in expected.items():
        if key in ("say", "after", "shown", "xfail") or wanted == "any":
            continue
        if not _fits(key, wanted, got[key]):
            found.append(f"{key}: wanted {wanted!r}, got {got[key]!r}")
    return found


def _fits(key: str, wanted: Any, got: Any) -> bool:
    if key in ("wants", "avoids"):
        return set(wanted) <= set(got)
    if key == "limits":
        return all(any(part in limit for limit in got) for part in wanted)
    if key == "clarify":
        return bool(wanted in got)
    if key == "weights":
        return bool(sorted(wanted) == got)
    if key == "where":
        pairs = zip(sorted(wanted), got, strict=False)
        return len(wanted) == len(got) and all(_same(str(w), str(g)) for w, g in pairs)
    return bool(wanted == got)


def _same(wanted: str, got: str) -> bool:
    return got.startswith(wanted[:-1]) if wanted.endswith("…") else wanted == got


@pytest.mark.parametrize(("name", "number"), list(cases()))
def test_utterance(parsers: Callable[[str], Parser], name: str, number: int) -> None:
    row = rows(name)[number]
    assert not mismatches(row, told(request_of(parsers(name), row)))


# --- properties -----------------------------------------------------------------------------------

MANNERS: dict[str, Callable[[str], str]] = {
    "please": lambda said: f"{said}, please",
    "please first": lambda said: f"please {said}",
    "thanks": lambda said: f"{said} thanks",
    "thank you": lambda said: f"{said}. Thank you!",
    "spaces": lambda said: f"  {said.replace(' ', '  ')} ",
    "dots": lambda said: f"{said}...",
    "bang": lambda said: f"{said.rstrip('?')}!",
    "shouted": lambda said: said.upper() if said.islower() else said,
}
WISHES = [
    (name, row["say"])
    for name in LEAST
    for row in rows(name)
    if not {"after", "xfail"} & set(row) and row.get("intent", "recommend") == "recommend"
]
BARE = (
    "intent", "where", "liked", "disliked", "seen", "count", "unused", "question", "search",
    "weights", "limits",
)  # fmt: skip


def bare(request: Request) -> Row:
    got = {key: value for key, value in told(request).items() if key in BARE}
    return got | {key: [fold(text) for text in got[key]] for key in ("unused", "limits")}


@pytest.fixture(scope="module")
def plainly(parsers: Callable[[str], Parser]) -> Callable[[str, str], Row]:
    """What a wish is read as without manners, read once."""
    return cache(lambda name, said: bare(parsers(name).parse(said)))


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("name", LEAST)
def test_manners_change_nothing(
    parsers: Callable[[str], Parser], plainly: Callable[[str, str], Row], name: str, manner: str
) -> None:
    parse, changed = parsers(name).parse, []
    for said in (said for own, said in WISHES if own == name):
        politely = MANNERS[manner](said)
        if politely != said and bare(parse(politely)) != plainly(name, said):
            changed.append(politely)
    assert changed == []


SAID = [row["say"] for name in LEAST for row in rows(name)]
PIECES = sorted({word for said in SAID for word in said.split()})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(sorted(LEAST)),
    said=st.lists(st.sampled_from(PIECES) | st.text(max_size=9), max_size=16).map(" ".join),
    before=st.lists(st.sampled_from(SAID), max_size=2),
)
def test_nothing_crashes_and_all_is_the_same_again(
    parsers: Callable[[str], Parser], name: str, said: str, before: list[str]
) -> None:
    history = [PastTurn(turn, "", ()) for turn in before]
    first, second = (parsers(name).parse(said, history) for _ in range(2))
    assert first == second
    assert request_from_json(first.to_json()) == first


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    choice=st.sampled_from(WISHES),
    word=st.text("bcdfghjklmnpqrstvwxz", min_size=6, max_size=9),
)
def test_a_word_that_nothing_knows_is_told(
    parsers: Callable[[str], Parser], choice: tuple[str, str], word: str
) -> None:
    name, said = choice
    request = parsers(name).parse(f"{said}. {word}")
    names = [mention.text for mention in (*request.liked, *request.about, *request.disliked)]
    heard = " ".join((*request.unused, *request.limits, request.search, request.clarify, *names))
    assert word in heard.lower()


@pytest.mark.parametrize("name", LEAST)
def test_ten_thousand_words_are_cut_and_said(parsers: Callable[[str], Parser], name: str) -> None:
    request = parsers(name).parse("something from the 90s " + "and so on " * 3_400)
    assert "year 1990..1999" in request.conditions
    assert any("only the first" in limit for limit in request.limits)


def test_the_tables_are_long_enough() -> None:
    assert {name: len(rows(name)) >= least for name, least in LEAST.items()} == dict.fromkeys(
        LEAST, True
    )
    every = [row for name in TABLES for row in rows(name)]
    assert sum("xfail" in row for row in every) < MOST_FAILING * len(every)
    assert not [row for row in every if set(row) - KEYS]
