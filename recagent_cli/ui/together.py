"""Lists for several people on the screen: how each one fares, and `/with` of the chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean

from .chat_command import ChatCommand

if TYPE_CHECKING:
    from rich.console import RenderableType

    from recagent_tools.together import Fares

    from ..agent.turn import ShownItem
    from .chat import Chat

MOST_PLACES = 10
"""So many items are told of; of a longer list the first ones."""
BY = {
    "average": "the average",
    "least-misery": "the least misery",
    "most-pleasure": "the most pleasure",
}
OFF = ("off", "none", "nobody")


def together_lines(items: Sequence[ShownItem]) -> list[RenderableType]:
    """A line for each person: the places that the items would have in a list of that one's own.

    Nothing for a list for one.
    """
    from rich.text import Text

    fares = [item.fares for item in items]
    known = next((one for one in fares if one is not None), None)
    if known is None:
        return []
    told = [f"For all of you by {BY[known.by]}. Places in each one's own order of {known.of:,}:"]
    names = [you(known, n) for n in range(len(known.people))]
    width = max(map(len, names))
    for n, name in enumerate(names):
        shown = ["-" if one is None else f"{one.people[n].place:,}" for one in fares[:MOST_PLACES]]
        more = " …" if len(fares) > MOST_PLACES else ""
        told.append(f"  {name:<{width}}  {', '.join(shown)}{more}")
    return [Text(line, style="dim") for line in told]


def fares_text(fares: Fares) -> str:
    """`you: 3rd of 412 (fit +1.20) · ben: 1st (fit +2.04)`; by whom it was chosen."""
    from .evidence import ordinal, signed

    told = []
    for n, one in enumerate(fares.people):
        of = f" of {fares.of:,}" if n == 0 else ""
        told.append(f"{you(fares, n)} {ordinal(one.place)}{of} (fit {signed(one.fit)})")
    return f"{', '.join(told)}; by {BY[fares.by]}"


def you(fares: Fares, number: int) -> str:
    """The name of a person; the one who asks is "you"."""
    return "you" if number == 0 else clean(fares.people[number].name, 20)


def _with(chat: Chat, rest: str) -> None:
    """Say for whom the lists are, or let them be for others, too, from now on."""
    assistant = chat.assistant
    words = rest.replace(",", " ").split()
    by = next((word for word in words if word in BY), "")
    names = [word for word in words if word not in BY]
    if rest and chat.user is not None:
        raise BadInput("this chat is for a user of the data, who has no profile")
    if names and names[0].casefold() in OFF and len(words) == 1:
        assistant.go_with(())
        chat.note("for you alone, from the next list on")
        return
    if rest:
        assistant.go_with(names or assistant.with_now(chat.session).names, by)
        for _, notice in assistant.take_notices():
            chat.note(notice)
    now = assistant.with_now(chat.session)
    if not now.names:
        chat.note("for you alone; /with NAME makes lists for another profile, too")
        return
    told = f"for you and {_joined(now.names)}, by {BY[now.by]}"
    chat.note(told + ("; the next list is" if rest else "; /with off ends it"))


def _joined(names: Sequence[str]) -> str:
    first, last = list(map(clean, names[:-1])), clean(names[-1])
    return f"{', '.join(first)} and {last}" if first else last


def _names(chat: Chat) -> Sequence[str]:
    """The other profiles of this machine, and how to choose."""
    assistant = chat.assistant
    others = [name for name in assistant.store.profiles() if name != assistant.profile_name]
    return [*others, "off", *BY]


TOGETHER = ChatCommand(
    "/with", _with, "[NAME | off]", "make lists for another profile, too", _names
)
