"""The slash commands of the chat: a name, its usage, a line of help, and what it does.

A further command is one `ChatCommand` in `COMMANDS`. It gets the chat and what was typed behind its
name, and shows its answer with `chat.show` and `chat.note`, or asks with `chat.ask`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from recagent_catalogs.errors import BadInput, UsageError
from recagent_catalogs.text import clean

from ..settings import known
from .chat_command import ITEMS, NOTHING, ChatCommand, references
from .chat_export import EXPORT
from .chat_facts import FACTS
from .chat_places import PLACES
from .chat_profile import PROFILE
from .chat_settings import SETTINGS
from .proactive import DIGEST, FURTHER
from .recap import where_one_was
from .together import TOGETHER

if TYPE_CHECKING:
    from .chat import Chat


# -- talk -----------------------------------------------------------------------------------------


def _help(chat: Chat, rest: str) -> None:
    from .help import Help, help_of

    if rest:
        found = command_named(rest if rest.startswith("/") else f"/{rest}")
        if found is None:
            raise BadInput(unknown(rest))
        chat.show(*help_of(found))
        return
    chat.show(Help(help_rows(), chat.plain))


def _why(chat: Chat, rest: str) -> None:
    from .evidence import evidence_renderables

    rest, style = _style_in(chat, rest)
    for reference in references(chat, rest) or ["#1"]:
        evidence = chat.assistant.why(reference, session=chat.session)
        told = chat.assistant.because(evidence, session=chat.session, style=style)
        catalog = chat.assistant.catalog
        chat.show(*evidence_renderables(evidence, told, catalog, plain=chat.plain))


def _style_in(chat: Chat, rest: str) -> tuple[str, str]:
    """A line without `--style STYLE` at either end, and the style; the chat's own without one."""
    found = re.search(r"(?:^|\s)--style[ =](\S+)(?=\s|$)", rest)
    if found is None:
        return rest, chat.assistant.agent.style
    styles = known("style").choices
    if found[1] not in styles:
        raise UsageError(f"no style {found[1]!r}", hint="styles: " + ", ".join(styles))
    return (rest[: found.start()] + rest[found.end() :]).strip(), found[1]


def _why_not(chat: Chat, rest: str) -> None:
    from .why_not import why_not_renderables

    names = references(chat, rest)
    if not names:
        chat.note("/why-not what? /why-not and a title")
    for name in names:
        chat.show(*why_not_renderables(*chat.assistant.why_not(name, session=chat.session)))


def _compare(chat: Chat, rest: str) -> None:
    from .compare import comparison_renderables

    found, context = chat.assistant.compare(
        references(chat, rest), session=chat.session, user=chat.user
    )
    chat.show(*comparison_renderables(found, context))


def _trace(chat: Chat, rest: str) -> None:
    """How an answer came about; `/trace keep` makes the last one an example for models."""
    from ..traces import Traces
    from .traces import timeline

    assistant, words = chat.assistant, rest.split()
    if words[:1] == ["keep"]:
        kept = Traces(assistant.store, assistant.profile_name).keep(" ".join(words[1:]) or "last")
        chat.note(f"trace {kept.id} is kept; models are shown it as an example, with your words")
        return
    chat.show(*timeline(assistant.trace(rest or "last"), assistant.catalog, chat.width or 80))


def _new(chat: Chat, rest: str) -> None:
    chat.session = chat.assistant.new_session()
    chat.note("a new session")


def _continue(chat: Chat, rest: str) -> None:
    """Take up the session of last time, where this one has not begun yet."""
    if chat.session.turns:
        raise BadInput("this session has begun already", hint="/new, then /continue")
    held = chat.assistant.load_session()
    if held is None or not held.turns:
        raise BadInput("there is no earlier session about this catalog")
    chat.take_up(held)
    first, *lines = where_one_was(held, chat.assistant.catalog)
    chat.note(first)
    chat.show(*(Text(line) for line in lines))


def _quit(chat: Chat, rest: str) -> None:
    chat.over = True


WHY = "why it is there, or not; the steps"
TALK = "begin again; go on; leave"
COMMANDS: tuple[ChatCommand, ...] = (
    *FACTS,
    ChatCommand("/more", lambda chat, rest: chat.ask("more"), "", FURTHER),
    DIGEST,
    ChatCommand("/why", _why, "2", WHY, takes=ITEMS),
    ChatCommand("/why-not", _why_not, "TITLE", WHY, takes=ITEMS),
    ChatCommand("/trace", _trace, "[12]", WHY),
    ChatCommand("/compare", _compare, "1 3", "items side by side", takes=ITEMS),
    *PLACES,
    *PROFILE,
    TOGETHER,
    *SETTINGS,
    EXPORT,
    ChatCommand("/new", _new, "", TALK, takes=NOTHING),
    ChatCommand("/continue", _continue, "", TALK, takes=NOTHING),
    ChatCommand("/help", _help, "", TALK),
    ChatCommand("/quit", _quit, "", TALK),
    ChatCommand("/exit", _quit, hidden=True),
    ChatCommand("/q", _quit, hidden=True),
)


# -- the table ------------------------------------------------------------------------------------


def command_named(name: str) -> ChatCommand | None:
    """The command of that name; None where there is none."""
    return next((command for command in COMMANDS if command.name == name.casefold()), None)


def unknown(name: str) -> str:
    """What is said of a command that there is none of, with the nearest ones."""
    from rapidfuzz import process

    wanted = "/" + name.strip().lstrip("/").casefold()
    names = [command.name for command in COMMANDS if not command.hidden]
    begun = [one for one in names if len(wanted) > 1 and one.startswith(wanted)]
    near = [one for one, _, _ in process.extract(wanted, names, limit=3, score_cutoff=60)]
    found = list(dict.fromkeys([*begun, *near]))[:3]
    meant = f"; did you mean {' or '.join(found)}?" if found else ""
    return f"no command {clean(name, 40)}{meant or '; /help lists them'}"


def help_rows() -> list[tuple[str, str]]:
    """The commands with what they do, one row for all that do alike."""
    alike: dict[str, list[ChatCommand]] = {}
    for command in COMMANDS:
        if not command.hidden:
            alike.setdefault(command.help, []).append(command)
    return [(_together(row), about) for about, row in alike.items()]


def _together(row: Sequence[ChatCommand]) -> str:
    """`/like 2 · /dislike · /seen`: what may follow is told once."""
    told = []
    for before, command in zip([None, *row], row, strict=False):
        same = before is not None and before.usage == command.usage
        told.append(command.name if same else command.typed)
    return " · ".join(told)


def completions(chat: Chat, line: str) -> Iterator[tuple[str, int]]:
    """What the line may go on with: (text, how many characters before the cursor it replaces)."""
    name, space, rest = line.partition(" ")
    if not name.startswith("/"):
        return
    if not space:
        words = sorted(command.name for command in COMMANDS if not command.hidden)
        yield from ((word, len(name)) for word in words if word.startswith(name))
        return
    command = command_named(name)
    for word in command.complete(chat) if command else ():
        if word.casefold().startswith(rest.lstrip().casefold()):
            yield word, len(rest.lstrip())
