"""Slash commands for lists and sets: `/undo`, `/list 2`, `/save weekend`, `/diff`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean
from recagent_tools.candidates import find_set

from ..agent.request import Operation
from ..named import whole_number
from .chat_command import ITEMS, NOTHING, ChatCommand, references
from .render import rows_table

if TYPE_CHECKING:
    from recagent_tools.bus import CandidateBus

    from .chat import Chat


def sets_of(chat: Chat) -> Sequence[str]:
    """Names of the saved sets."""
    return sorted(chat.session.bus.saved)


def lists_of(chat: Chat) -> Sequence[str]:
    """Numbers of the lists shown, the last one first."""
    return [str(shown.number) for shown in reversed(chat.session.bus.lists)]


def places_of(chat: Chat) -> Sequence[str]:
    """Names of sets, then numbers of lists."""
    return [*sets_of(chat), *lists_of(chat)]


def operate(chat: Chat, *operations: Operation, **what: Sequence[str]) -> None:
    """Run operations, and show what stands then."""
    drop, where = what.get("drop", ()), what.get("where", ())
    turn = chat.assistant.operate(
        operations, session=chat.session, drop=drop, where=where, user=chat.user
    )
    chat.show_turn(turn)


def _plain(op: Any) -> Callable[[Chat, str], None]:
    return lambda chat, rest: operate(chat, Operation(op))


def _named(op: Any) -> Callable[[Chat, str], None]:
    """An operation with a set; `/minus 2` means the second list, where no set is called so."""

    def run(chat: Chat, rest: str) -> None:
        if not rest:
            raise BadInput(f"/{op} what? name a set", hint=_known(chat))
        number = whole_number(rest) is not None and rest not in chat.session.bus.saved
        operate(chat, Operation(op, name=f"list {rest}" if number else rest))

    return run


def _known(chat: Chat) -> str:
    return f"sets: {', '.join(sets_of(chat)) or 'none yet, /save NAME makes one'}"


def _list(chat: Chat, rest: str) -> None:
    if not rest:
        _lists(chat, rest)
        return
    number = whole_number(rest)
    if not number:
        raise BadInput(f"/list {rest}: no number", hint="/lists shows them")
    operate(chat, Operation("list", number=number))


def _save(chat: Chat, rest: str) -> None:
    words = rest.split()
    everything = "--all" in words
    name = " ".join(word for word in words if word != "--all")
    if not name:
        raise BadInput("/save under which name?", hint="/save weekend")
    operate(chat, Operation("save", name=name, all=everything))


def _forget(chat: Chat, rest: str) -> None:
    if not rest:
        raise BadInput("/forget which set?", hint=_known(chat))
    operate(chat, Operation("forget", name=rest))


def _drop(chat: Chat, rest: str) -> None:
    named = references(chat, rest)
    if not named:
        raise BadInput("/drop what?", hint="/drop 2, or a title")
    operate(chat, drop=named)


def _filter(chat: Chat, rest: str) -> None:
    where = [part.strip() for part in rest.split(";") if part.strip()]
    if not where:
        raise BadInput("/filter by what?", hint="/filter year 1990..1999")
    operate(chat, where=where)


def _candidates(chat: Chat, rest: str) -> None:
    bus = chat.session.bus
    standing = f" · list {bus.standing}" if bus.standing else ""
    chat.show(Text(f"{len(bus):,} candidates{standing}: {clean(bus.funnel())}"))


def _lists(chat: Chat, rest: str) -> None:
    from ..bus_report import lists_table

    heads, rows = lists_table(chat.session)
    if not rows:
        chat.note("no list was shown yet")
        return
    chat.show(rows_table(heads, rows))


def _sets(chat: Chat, rest: str) -> None:
    from ..bus_report import sets_table

    heads, rows = sets_table(chat.session.bus)
    if not rows:
        chat.note("no set yet; /save NAME makes one of the list")
        return
    chat.show(rows_table(heads, rows))


def _two(chat: Chat, rest: str) -> tuple[str, str]:
    """One set or list, or two: `1 2`, `weekend 2`, `date night weekend`."""
    bus, words = chat.session.bus, rest.split()
    if find_set(bus, rest) is None:
        for at in range(1, len(words)):
            first, second = " ".join(words[:at]), " ".join(words[at:])
            if all(_is_place(bus, one) for one in (first, second)):
                return first, second
    return rest, ""


def _is_place(bus: CandidateBus, text: str) -> bool:
    """Whether a list or a set is called so."""
    return whole_number(text) is not None or find_set(bus, text) is not None


def _diff(chat: Chat, rest: str) -> None:
    from ..bus_report import difference_table, difference_told

    told = difference_told(chat.session.bus, chat.assistant.catalog, *_two(chat, rest))
    heads, rows = difference_table(told)
    if not rows:
        chat.note(f"no difference between {told['from']} and {told['to']}")
        return
    chat.show(rows_table(heads, rows))


STEPS = "a step back, or forth again"
LISTS = "back to a list; which there are"
PATH = "whence the list; what changed"
SETS = "the list as a named set; take it up"
JOINED = "the list with, without, within a set"
NARROW = "leave items out; only what meets this"
PLACES: tuple[ChatCommand, ...] = (
    ChatCommand("/drop", _drop, "2", NARROW, takes=ITEMS),
    ChatCommand("/filter", _filter, "year < 1990", NARROW),
    ChatCommand("/undo", _plain("undo"), "", STEPS, takes=NOTHING),
    ChatCommand("/redo", _plain("redo"), "", STEPS, takes=NOTHING),
    ChatCommand("/list", _list, "N", LISTS, lists_of),
    ChatCommand("/lists", _lists, "", LISTS, takes=NOTHING),
    ChatCommand("/candidates", _candidates, "", PATH),
    ChatCommand("/diff", _diff, "[NAME | N]", PATH, places_of),
    ChatCommand("/save", _save, "NAME", SETS),
    ChatCommand("/sets", _sets, "", SETS, takes=NOTHING),
    ChatCommand("/load", _named("load"), "NAME", SETS, places_of),
    ChatCommand("/forget", _forget, "NAME", SETS, sets_of),
    ChatCommand("/union", _named("union"), "NAME", JOINED, places_of),
    ChatCommand("/minus", _named("minus"), "NAME", JOINED, places_of),
    ChatCommand("/intersect", _named("intersect"), "NAME", JOINED, places_of),
)
