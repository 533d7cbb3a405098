"""What holds over the turns: dialogues (data/dialogues) with the request that each turn must give.

A dialogue is lines of three kinds: `U:` what the person says, `=` what must be so of the request
after it (`key: values`, several values joined by `;`; only the keys given are compared, `where`
wholly), `A:` what is shown then (titles joined by `;`), `S:` the words said then.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.request import Mention, Request
from tests.cli import builtin_catalogs

DIALOGUES = Path(__file__).parents[1] / "data" / "dialogues"
DOMAINS = ("films", "games", "books")


def _read(domain: str) -> list[tuple[str, str, list[str]]]:
    found: list[tuple[str, str, list[str]]] = []
    text = (DIALOGUES / f"{domain}.txt").read_text(encoding="utf-8")
    for block in text.strip().split("\n\n"):
        name, *lines = block.splitlines()
        found.append((domain, name.removeprefix("# "), lines))
    return found


ALL = [dialogue for domain in DOMAINS for dialogue in _read(domain)]


@pytest.fixture(scope="session")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Catalog]:
    return {
        name: getattr(builtin_catalogs, name)(tmp_path_factory.mktemp(name)) for name in DOMAINS
    }


def _titles(mentions: tuple[Mention, ...]) -> list[str]:
    return sorted(m.title if m.id else f"{m.text}?" for m in mentions)


SHOWS: dict[str, Callable[[Request], list[str]]] = {
    "intent": lambda r: [str(r.intent)],
    "where": lambda r: sorted(r.conditions),
    "liked": lambda r: _titles(r.liked),
    "disliked": lambda r: _titles(r.disliked),
    "seen": lambda r: _titles(r.seen),
    "about": lambda r: _titles(r.about),
    "weights": lambda r: sorted(dict(r.weights)),
    "count": lambda r: [str(r.count)],
    "question": lambda r: [r.question.column if r.question else "none"],
    "search": lambda r: [r.search],
    "more": lambda r: ["yes" if r.exclude_shown else "no"],
    "list": lambda r: ["yes" if wants_list(r) else "no"],
    "avoids": lambda r: sorted(w.text for w in r.wishes if w.weight < 0),
}


def _check(request: Request, said: str, expected: str) -> None:
    for part in re.split(r" \| (?=\w+:)", expected.removeprefix("= ")):
        key, _, told = part.partition(":")
        wanted = sorted(v.strip() for v in told.split(";") if v.strip())
        assert SHOWS[key](request) == wanted, f"{said!r}: {key} in {request}"


@pytest.mark.parametrize(
    ("domain", "name", "lines"), ALL, ids=[f"{domain}: {name}" for domain, name, _ in ALL]
)
def test_dialogue(domain: str, name: str, lines: list[str], catalogs: dict[str, Catalog]) -> None:
    catalog = catalogs[domain]
    parser = Parser(catalog, year=lambda: 2026)
    history: list[PastTurn] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "U:":
            history.append(PastTurn(rest, "", (), parser.parse(rest, history)))
        elif kind == "A:":
            rows = tuple(catalog.titles.exact(fold(title.strip()))[0] for title in rest.split(";"))
            history[-1] = replace(history[-1], shown=rows)
        elif kind == "S:":
            history[-1] = replace(history[-1], text=rest)
        else:
            request = history[-1].request
            assert request is not None
            _check(request, history[-1].utterance, line)
