"""`/export FILE`: the list that stands, as a table, JSON lines or ids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput

from .chat_command import ChatCommand
from .render import items_text

if TYPE_CHECKING:
    from .chat import Chat

LISTS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".txt": "ids"}
"""Formats of the list that stands, by suffix."""


def _export(chat: Chat, rest: str) -> None:
    """Write a file; one that is there is replaced only where `!` stands behind its name."""
    name = rest.removesuffix("!").strip().strip("\"'")
    if not name:
        raise BadInput("/export to which file?", hint="/export list.csv")
    path = Path(name).expanduser()
    if path.exists() and not rest.endswith("!"):
        raise BadInput(f"{path} is there already", hint=f"/export {name} ! replaces it")
    suffix = path.suffix.lower()
    if suffix in LISTS:
        text, told = _list_text(chat, LISTS[suffix])
    else:
        known = ", ".join(LISTS)
        raise BadInput(f"{path.name}: the end of the name says what is written", hint=known)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot be written: {error.strerror or error}", path=path) from error
    chat.note(f"{told}: {path}")


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


EXPORT = ChatCommand("/export", _export, "FILE", "the list, as .csv or .jsonl")
