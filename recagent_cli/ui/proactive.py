"""The one thing that the chat may suggest unasked: a line below its first screen.

The moment is the beginning of a new conversation, before the person has asked for anything: it
interrupts nothing, and what was noted last time has had no answer yet. Later in a conversation
the person has a wish of their own, which a suggestion would only talk over. So there is at most
one a session and never one after a refusal in it; and whoever refused the last suggestion is left
alone for a week.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.text import Text

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_catalogs.text import clean

from ..settings import set_setting
from .chat_command import ChatCommand
from .digest import nothing_told, since_told

if TYPE_CHECKING:
    from ..digest import Digester, Found, News
    from .chat import Chat

QUIET_S = 7 * 86_400.0
"""How long nothing is suggested after the last suggestion was refused."""
REFUSALS = ("rejected", "disliked", "never")
ENDING = "/digest shows more, /digest off ends this"
MOST = 3
FURTHER = "more of the list; what is new for you"
OFF = "nothing is suggested any more; /digest on, or recagent config set proactive on"


def suggest(chat: Chat) -> None:
    """Suggest something that is new for the person or newly fits them, if there is anything."""
    if not _may(chat):
        return
    try:
        digester = _digester(chat)
        if digester is None or not digester.knows:
            return
        with digester.marks.alone(seconds=0) as mine:
            if not mine or _refused_last(digester, time.time()):
                return
            found = digester.look(digester.marks.latest(), 1)
            if found.news:
                chat.note(line_of(found))
            if found.known:  # where nothing came up, the next start need not look again
                digester.keep(found, "chat", chat.session.id)
    except RecagentError:  # the conversation begins all the same
        return


def line_of(found: Found) -> str:
    """The suggestion, and how to see more and how to end it."""
    since = "" if found.since is None else f" since {since_told(found.since, time.time())}"
    return f"new for you{since}: {_brief(found.news[0])} · {ENDING}"


def _brief(news: News) -> str:
    """`Aliens (1986), because you like Alien`: without a number, which would mean the list's."""
    clauses = clean(news.reason).split("; ")[: 2 if news.kind == "new" else 1]
    return f"{clean(news.item.label)}, {', '.join(clauses)}"


def _digest(chat: Chat, rest: str) -> None:
    """`/digest`: what is new, as asked for; `/digest off` ends suggestions, for good."""
    if rest in ("on", "off"):
        set_setting(chat.assistant.paths, "proactive", rest)
        chat.note(OFF if rest == "off" else "the chat may suggest something again")
        return
    if rest:
        raise BadInput(f"/digest {rest}?", hint="/digest, /digest off, /digest on")
    name = chat.assistant.catalog.name
    digester = None if chat.assistant.incognito else _digester(chat)
    if digester is None:
        incognito = "nothing is known of you here: this is incognito"
        untrained = f"the models of {name} are not trained yet"
        chat.note(incognito if chat.assistant.incognito else untrained)
        return
    with digester.marks.alone() as mine:
        found = digester.look(digester.marks.read("digest"), MOST)
        for news in found.news:
            chat.show(Text(_brief(news)))
        if not found.news:
            chat.note(nothing_told(found, name))
        if mine and found.known and digester.keeps:
            digester.keep(found, "digest", chat.session.id)


DIGEST = ChatCommand(
    "/digest",
    _digest,
    "[off]",
    FURTHER,
    complete=lambda chat: ("on", "off"),
)


def _may(chat: Chat) -> bool:
    """Whether this is the moment: a person at a terminal who begins anew and wants it."""
    return (
        chat.proactive
        and is_person()
        and not (chat.quiet or chat.session.turns or chat.user or chat.assistant.together)
        and chat.assistant.keeps
    )


def is_person() -> bool:
    """Whether a person sits at both ends of the conversation."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _digester(chat: Chat) -> Digester | None:
    from ..digest import Digester

    here = chat.assistant
    if here.library.untrained(here.catalog, here.engine):
        return None
    about = (here.paths, here.store, here.profile_name, here.catalog, here.engine, here.learning)
    return Digester(*about)


def _refused_last(digester: Digester, now: float) -> bool:
    """Whether the person refused what was suggested last, and that is no week ago."""
    kinds = ("shown", *REFUSALS)
    events = digester.store.events(digester.profile, digester.catalog.path.name, kinds)
    last = next((e for e in reversed(events) if e.source == "suggestion"), None)
    return last is not None and any(
        event.item == last.item and event.id > last.id and event.time > now - QUIET_S
        for event in events
        if event.kind in REFUSALS
    )
