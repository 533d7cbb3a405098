"""Dialogues as the parser takes them, and what a request holds of them."""

from __future__ import annotations

from collections.abc import Sequence

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean, fold
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words.tokens import tokenize
from recagent_cli.agent.request import Intent, Request
from recagent_tools.conditions import parse_condition

from .scoring import Row


def offered(text: str, parser: Parser) -> tuple[int, ...]:
    """Rows that the other side named."""
    reading = parser.read(tokenize(clean(text)))
    rows = [span.data.row for span in reading.spans if span.kind == "title"]
    return tuple(dict.fromkeys(rows))


def history_of(context: Sequence[Row], parser: Parser) -> list[PastTurn]:
    """Earlier turns as the parser takes them: what the user said, what was then offered."""
    history: list[PastTurn] = []
    for turn in context:
        if turn["role"] == "user":
            request = parser.parse(turn["text"], history)
            history.append(PastTurn(turn["text"], "", (), request))
        else:
            rows = offered(turn["text"], parser)
            if not history:
                history.append(PastTurn("", turn["text"], rows, Request(Intent.CHIT_CHAT)))
            else:
                last = history[-1]
                shown = rows or last.shown
                history[-1] = PastTurn(last.utterance, turn["text"], shown, last.request)
    return history


def people_of(request: Request, catalog: Catalog, roles: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for text in request.conditions:
        condition = parse_condition(text, catalog)
        column = catalog.schema.column(condition.column)
        if column.role is Role.PEOPLE and column.label in roles and condition.operator == "has":
            found.update(fold(str(value)) for value in condition.values)
    return found


def genres_of(request: Request, catalog: Catalog, operator: str = "has") -> set[str]:
    found: set[str] = set()
    for text in request.conditions:
        condition = parse_condition(text, catalog)
        role = catalog.schema.column(condition.column).role
        if role is Role.CATEGORIES and condition.operator == operator:
            found.update(genre(str(value)) for value in condition.values)
    return found


_SAME_GENRE = {
    "science fiction": "sci-fi", "children": "family", "childrens": "family", "kids": "family",
    "animated": "animation", "biographical": "biography", "comedy drama": "comedy",
    "suspense": "thriller", "sports": "sport", "historical": "history",
}  # fmt: skip


def genre(name: str) -> str:
    """One spelling for a genre."""
    name = name.strip().lower().replace("children's", "children")
    return _SAME_GENRE.get(name, name)
