"""Slash commands of how it answers and what that costs: `/weights`, `/model`, `/cost`, `/sql`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput, ModelError
from recagent_catalogs.text import clean

from ..agent.usage import spent, usages_of
from ..brains import take_brain
from ..named import own_weights
from .chat_command import FILE, ChatCommand
from .chat_image import show_picture
from .lines import spent_line, usage_line
from .render import rows_table

if TYPE_CHECKING:
    from .chat import Chat

MOST_ROWS = 50
ASKED = "query the catalog; show a picture"
MODEL = "which brain answers; what it took"


def weight_told(name: str, value: float) -> str:
    """`novelty .5`, `popularity -1`."""
    return f"{name} {value:g}".replace(" 0.", " .").replace("-0.", "-.")


def _weights(chat: Chat, rest: str) -> None:
    """Show the weights of this conversation's rankings, set some, or reset them."""
    before = dict(chat.weights)
    if rest in ("reset", "off"):
        chat.weights.clear()
    elif rest:
        chat.weights.update(own_weights(_pairs(rest)))
        for name in [name for name, value in chat.weights.items() if not value and name != "fit"]:
            del chat.weights[name]
    _take_out(chat, {name: v for name, v in before.items() if name not in chat.weights})
    if not chat.weights:
        more = "" if rest else "; /weights novelty=.5 diversity=.3"
        chat.note(f"no weights: what fits and was asked for counts{more}")
        return
    told = ", ".join(weight_told(name, value) for name, value in chat.weights.items())
    chat.note(f"weights: {told}" + ("; the next list goes by them" if rest else ""))


def _take_out(chat: Chat, given_up: Mapping[str, float]) -> None:
    """Later requests build on earlier ones: these must forget a weight that holds no more."""
    turns = chat.session.turns
    for place, turn in enumerate(turns):
        if turn.request is not None:
            kept = tuple(one for one in turn.request.weights if given_up.get(one[0]) != one[1])
            turns[place] = replace(turn, request=replace(turn.request, weights=kept))


def _pairs(rest: str) -> list[str]:
    """`novelty=.5`, however the parts were spaced or joined."""
    told = rest.replace(",", " ").replace(" =", "=").replace("= ", "=")
    words = told.split()
    if len(words) == 2 and "=" not in told:  # /weights novelty .5
        return ["=".join(words)]
    return words


def _weight_names(chat: Chat) -> Sequence[str]:
    from recagent_tools.rank import ASPECTS

    return ["reset", *(f"{name}=" for name in (*ASPECTS, "fit"))]


def _model(chat: Chat, rest: str) -> None:
    """Say which brain answers, or let another one answer from now on."""
    agent = chat.assistant.agent
    if rest:
        try:
            take_brain(chat.assistant, rest)
        except ModelError as error:
            raise BadInput(error.message.splitlines()[0], hint=error.hint) from error
    name = agent.brain.name
    if name == "builtin":
        chat.note("the built-in brain answers; /model NAME lets a model do so")
    else:
        chat.note(f"{clean(name)} answers" + (" from now on" if rest else "; /model builtin"))


def _model_names(chat: Chat) -> Sequence[str]:
    from ..settings import load_settings

    configured = str(load_settings(chat.assistant.paths)["model"])
    names = ("builtin", chat.assistant.agent.brain.name, configured)
    return list(dict.fromkeys(name for name in names if name))


def _cost(chat: Chat, rest: str) -> None:
    """What the models of the last turn and of this conversation consumed."""
    usages = usages_of(chat.session.turns)
    total = spent(usages)
    if total is None:
        chat.note("nothing: the built-in brain answered, on this machine")
        return
    chat.note(f"last answer of a model: {usage_line(usages[-1])}")
    chat.note(f"this session: {spent_line(total)}")


def _sql(chat: Chat, rest: str) -> None:
    """One SELECT over the catalog, as `recagent query`."""
    if not rest:
        raise BadInput("/sql what?", hint="/sql SELECT title FROM items LIMIT 5")
    found = chat.assistant.query(rest, max_rows=MOST_ROWS)
    if not found.rows:
        chat.note("no rows")
        return
    chat.show(rows_table(found.columns, found.rows))
    if found.cut:
        chat.note(f"only the first {len(found.rows):,} rows; recagent query shows all")


SETTINGS: tuple[ChatCommand, ...] = (
    ChatCommand(
        "/weights", _weights, "[novelty=.5 | reset]", "what counts in the ranking", _weight_names
    ),
    ChatCommand("/model", _model, "[NAME | builtin]", MODEL, _model_names),
    ChatCommand("/cost", _cost, "", MODEL),
    ChatCommand("/sql", _sql, "SELECT …", ASKED),
    ChatCommand("/image", show_picture, "FILE", ASKED, takes=FILE),
)
