"""Earlier turns from a file: plain lines, or `recagent.context/1` with what was shown and said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean, fold

from .brain import PastTurn

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from .builtin.parse import Parser

CONTEXT_SCHEMA = "recagent.context/1"
MOST_CHARACTERS = 1_000_000
"""Of the file."""
MOST_TURNS = 50
"""So many turns are read, the last ones: each takes milliseconds."""
_FIELDS = {"utterance": str, "text": str, "shown": list, "options": list}
_HINT = 'docs/json.md: {"turns": [{"utterance": "90s thrillers", "shown": ["id", …]}, …]}'


@dataclass(frozen=True)
class _Told:
    """A turn of the file."""

    utterance: str
    text: str = ""
    shown: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def read_context(text: str, parser: Parser, catalog: Catalog) -> list[PastTurn]:
    """The earlier turns of a conversation, each read in the light of those before it.

    Of a long conversation the last `MOST_TURNS` are read.

    Args:
        text: of the file: utterances of the person, one a line, or one JSON object.
        parser: reads the utterances.
        catalog: knows what was shown.

    Raises:
        BadInput: the text is too long, the JSON is not of that form, or it names an item that is
            not there.
    """
    if len(text) > MOST_CHARACTERS:
        hint = f"the last {MOST_TURNS} turns are enough"
        raise BadInput(f"the context has more than {MOST_CHARACTERS:,} characters", hint=hint)
    text = text.removeprefix("\ufeff").strip()
    if text.startswith("{"):
        turns = _turns(text)
    else:
        turns = [_Told(line.strip()) for line in text.splitlines() if line.strip()]
    history: list[PastTurn] = []
    for number, told in list(enumerate(turns, start=1))[-MOST_TURNS:]:
        shown = tuple(_row(item, number, catalog) for item in told.shown)
        request = parser.parse(told.utterance, history)
        history.append(PastTurn(told.utterance, told.text, shown, request, told.options))
    return history


def _turns(text: str) -> list[_Told]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise BadInput(f"the context is no JSON: {error}", hint=_HINT) from None
    except RecursionError:
        raise BadInput("the context is nested too deeply", hint=_HINT) from None
    turns = body.get("turns")
    if body.get("schema", CONTEXT_SCHEMA) != CONTEXT_SCHEMA or not isinstance(turns, list):
        raise BadInput(f"the context is no {CONTEXT_SCHEMA}", hint=_HINT)
    return [_turn(turn, number) for number, turn in enumerate(turns, start=1)]


def _turn(turn: Any, number: int) -> _Told:
    if not isinstance(turn, dict) or not isinstance(turn.get("utterance"), str):
        raise BadInput(f"turn {number} of the context has no utterance", hint=_HINT)
    for name, value in turn.items():
        kind = _FIELDS.get(name)
        if kind is None:
            raise BadInput(
                f"turn {number} of the context has an unknown field {name!r}", hint=_HINT
            )
        if not isinstance(value, kind) or (
            kind is list and not all(isinstance(entry, str) for entry in value)
        ):
            raise BadInput(f"turn {number} of the context: {name} is of the wrong type", hint=_HINT)
    shown, options = tuple(turn.get("shown", ())), tuple(turn.get("options", ()))
    return _Told(turn["utterance"], turn.get("text", ""), shown, options)


def _row(item: str, number: int, catalog: Catalog) -> int:
    """The row of an item shown, by its id or its very title."""
    row = catalog.row_of(item)
    if row is None:
        rows = catalog.titles.exact(fold(item))
        row = rows[0] if len(rows) == 1 else None
    if row is None:
        raise BadInput(f"turn {number} of the context shows {clean(item, 80)!r}, which is not here")
    return row
