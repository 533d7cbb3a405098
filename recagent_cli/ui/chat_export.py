"""`/export FILE`: the conversation as Markdown or JSON, or the list that stands as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput

from ..whole_file import typed_path, write_whole
from .chat_command import ChatCommand
from .render import items_text

if TYPE_CHECKING:
    from ..memory.session_rows import StoredSession
    from .chat import Chat

TALKS = (".md", ".json")
LISTS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".txt": "ids"}
"""Formats of the list that stands, by suffix."""


def _export(chat: Chat, rest: str) -> None:
    """Write a file; one that is there is replaced only where `!` stands behind its name."""
    name = rest.removesuffix("!").strip().strip("\"'")
    if not name:
        raise BadInput("/export to which file?", hint="talk.md, talk.json, list.csv")
    path = typed_path(name)
    try:
        is_there, is_folder = path.exists(), path.is_dir()
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot be written: {error}") from error
    if is_folder:
        raise BadInput(f"{path} is a directory", hint=f"/export {path / 'talk.md'}")
    if is_there and not rest.endswith("!"):
        raise BadInput(f"{path} is there already", hint=f"/export {name} ! replaces it")
    suffix = path.suffix.lower()
    if suffix in LISTS:
        text, told = _list_text(chat, LISTS[suffix])
    elif suffix in TALKS:
        text, told = _talk_text(chat, suffix)
    else:
        known = ", ".join((*TALKS, *LISTS))
        raise BadInput(f"{path.name}: the end of the name says what is written", hint=known)
    write_whole(path, text + "\n")
    chat.note(f"{told}: {path}")


def _talk_text(chat: Chat, suffix: str) -> tuple[str, str]:
    """The conversation, as `recagent session export` writes it."""
    from ..agent.kept import KeptItem
    from ..conversation import conversation
    from .clean_json import dumps
    from .session_text import session_markdown

    catalog = chat.assistant.catalog

    def named(item: str) -> KeptItem:
        row = catalog.row_of(item)
        known = None if row is None else catalog.item(row)
        return KeptItem(item, item) if known is None else KeptItem(item, known.title, known.year)

    told = conversation(_stored(chat), named)
    turns = len(told["turns"])
    text = session_markdown(told) if suffix == ".md" else dumps(told, indent=2)
    return text, f"wrote {turns:,} turn{'s' * (turns != 1)}"


def _stored(chat: Chat) -> StoredSession:
    """The conversation as the store has it, or would have it where nothing is kept."""
    from recagent_tools.bus_file import bus_to_bytes

    from ..agent.turn import past_to_json
    from ..memory.session_rows import StoredSession

    session, assistant = chat.session, chat.assistant
    if not session.turns:
        raise BadInput("there is nothing to export yet", hint="ask for something first")
    catalog, times = assistant.catalog, [turn.kept.time for turn in session.turns]
    return StoredSession(
        session.id,
        assistant.profile_name,
        session.catalog,
        catalog.fingerprint,
        times[0],
        times[-1],
        bus_to_bytes(session.bus),
        tuple(past_to_json(past, catalog.ids(past.shown)) for past in session.turns),
    )


def _list_text(chat: Chat, form: str) -> tuple[str, str]:
    """The list that stands."""
    assistant = chat.assistant
    items = assistant.standing(chat.session)
    if not items:
        raise BadInput("there is no list to export yet", hint="ask for something first")
    catalog = assistant.catalog
    text = items_text(items, form, catalog.schema, catalog=catalog.name)
    noun = catalog.schema.item if len(items) == 1 else catalog.schema.items
    return text, f"wrote {len(items):,} {noun}"


EXPORT = ChatCommand("/export", _export, "FILE", "the talk (.md), or the list (.csv)")
