"""Slash commands that say what one thinks: `/like 2`, `/rate Heat 4.5`, `/good`, `/want 3`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput, RecagentError

from ..agent.finish import NOTED
from .chat_command import ITEMS, ChatCommand, rows_named
from .item_list import plain_list

if TYPE_CHECKING:
    from .chat import Chat

ANSWERS = {
    "accepted": "noted that this was good",
    "rejected": "noted that this was not good",
    "wanted": "on your watchlist",
    "rated": "noted, you give {points} to",
}
MOST_LISTED = 20
_RATING = re.compile(
    r"(?P<of>.*[^\s=:])[\s=:]+(?P<points>[\d.,]{1,12})(?:\s*/\s*(?P<out_of>\d{1,6}))?\s*", re.ASCII
)


def _fact(name: str, kind: str, about: str) -> ChatCommand:
    """The command that writes a verdict down."""

    def note(chat: Chat, rest: str) -> None:
        rows = rows_named(chat, rest)
        if not rows:
            chat.note(f"{name} what? {name} 2, or {name} a title")
            return
        _note(chat, kind, rows, name)

    return ChatCommand(name, note, "2", about, takes=ITEMS)


def _note(
    chat: Chat, kind: str, rows: Sequence[int], name: str, value: float | None = None
) -> None:
    """Write a fact of items down, and say so."""
    chat.assistant.note(kind, rows, value=value, source=f"chat {name}", session=chat.session)
    labels = ", ".join(chat.assistant.catalog.label(row) for row in rows)
    told = ANSWERS.get(kind) or NOTED[kind]
    chat.note(f"{told.format(points=_points(value or 0.0))}: {labels}")
    for _, notice in chat.assistant.take_notices():
        chat.note(notice)


def _answer(name: str, kind: str) -> ChatCommand:
    """The command that judges the last answer, or some items of it.

    A whole answer is judged by one fact in words: its items were not chosen one by one, so that no
    taste may be learned from each of them.
    """
    word = "good" if kind == "accepted" else "bad"

    def note(chat: Chat, rest: str) -> None:
        if rest:
            _note(chat, kind, rows_named(chat, rest), name)
            return
        turns = chat.session.turns
        if not turns:
            raise BadInput(f"{name}: there is no answer yet", hint="ask for something first")
        said = f"{word} answer to: {turns[-1].utterance[:200]}"
        value = 1.0 if kind == "accepted" else -1.0
        source, session = f"chat {name}", chat.session
        chat.assistant.note(
            "said", values=[("", said)], value=value, source=source, session=session
        )
        chat.note("noted" if word == "good" else "noted; say what is wrong, or /bad 2 of one item")
        if word == "good" and (number := _example(chat)):
            chat.note(f"/trace keep {number} makes it an example that models are shown")

    return ChatCommand(name, note, "[2]", "the last answer, or items of it", takes=ITEMS)


def _example(chat: Chat) -> int:
    """Number of the trace of the last answer, where a model gave it and it may be kept; else 0."""
    from ..traces import unfit

    last = chat.session.turns[-1]
    if last.kept.brain in ("", "builtin"):
        return 0
    try:
        trace = chat.assistant.trace()
    except RecagentError:
        return 0
    mine = trace.head["session"] == chat.session.id and trace.utterance == last.utterance
    return trace.id if mine and not trace.kept and not unfit(trace) else 0


def _rate(chat: Chat, rest: str) -> None:
    """`/rate 2 5`, `/rate Heat 4.5`, `/rate Heat 4/5`: points on the catalog's own scale."""
    low, high = scale_of(chat)
    found = _RATING.fullmatch(rest)
    if found is None:
        raise BadInput(f"/rate what? from {_points(low)} to {_points(high)}", hint="/rate 2 5")
    try:
        points = float(found["points"].replace(",", "."))
    except ValueError:
        raise BadInput(f"{found['points']!r} is no number", hint="/rate 2 4.5") from None
    if found["out_of"] is not None:
        points *= high / max(1, int(found["out_of"]))
    if not low <= points <= high:
        raise BadInput(
            f"{_points(points)} is not on the scale of {chat.assistant.catalog.name}: "
            f"from {_points(low)} to {_points(high)}"
        )
    _note(chat, "rated", rows_named(chat, found["of"]), "/rate", points)


def scale_of(chat: Chat) -> tuple[float, float]:
    """The lowest and the highest rating that people gave in the catalog.

    Raises:
        BadInput: nobody rated anything.
    """
    scale = chat.assistant.engine.rating_scale
    if scale is None:
        raise BadInput(
            f"nobody rates in {chat.assistant.catalog.name}, so there is no scale",
            hint="/like 2 or /dislike 2",
        )
    return scale


def _points(value: float) -> str:
    """A number of points without a zero in front: `.5`, `4.5`, `5`."""
    text = f"{value:g}"
    return text[1:] if text.startswith("0.") else text


def _want(chat: Chat, rest: str) -> None:
    """Put items on the watchlist; without any, show it."""
    rows = rows_named(chat, rest)
    if rows:
        _note(chat, "wanted", rows, "/want", 1.0)
        return
    wanted = list(chat.assistant.profile().wanted)
    if not wanted:
        chat.note("the watchlist is empty; /want 2 puts an item on it")
        return
    chat.show(*plain_list(chat.assistant.catalog, wanted[-MOST_LISTED:]))


FACTS: tuple[ChatCommand, ...] = (
    _fact("/like", "liked", "what you think of an item"),
    _fact("/dislike", "disliked", "what you think of an item"),
    _fact("/seen", "seen", "not offered again; never again"),
    _fact("/never", "never", "not offered again; never again"),
    ChatCommand("/rate", _rate, "2 4.5", "what you think of an item", takes=ITEMS),
    ChatCommand("/want", _want, "[2]", "the watchlist: put it on, or show it", takes=ITEMS),
    _answer("/good", "accepted"),
    _answer("/bad", "rejected"),
)
