"""What a line may go on with: commands, their arguments, titles, people, tags of the catalog."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.schema import Role
from recagent_catalogs.text import clean, fold

from .chat_command import FILE, ITEMS
from .chat_commands import command_named, completions
from .chat_image import paths

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from .chat import Chat

MOST = 20
"""So many are offered."""
MOST_TITLES, MOST_VALUES = 10, 4
LEAST_LETTERS = 2
LONGEST = 6
"""So many words before the cursor may be the beginning of one name."""
VALUED = (Role.CATEGORIES, Role.PEOPLE, Role.GROUP, Role.TAGS, Role.FACET)
"""Roles whose values are offered, in this order."""


@dataclass(frozen=True)
class Suggestion:
    """One thing that may stand there.

    Attributes:
        text: what is put in.
        typed: how many characters before the cursor it replaces.
        shown: how it stands in the menu.
        about: what it is, in a word or a few.
    """

    text: str
    typed: int
    shown: str
    about: str = ""


def suggestions(chat: Chat, line: str) -> Iterator[Suggestion]:
    """What a line may go on with, at most `MOST`.

    Args:
        chat: the conversation, with its catalog, lists and sets.
        line: the line up to the cursor.
    """
    catalog = chat.assistant.catalog
    found = _of_command(chat, line) if line.startswith("/") else in_text(catalog, line)
    seen: set[str] = set()
    for one in found:
        if one.text.casefold() in seen or one.text == line[len(line) - one.typed :]:
            continue
        seen.add(one.text.casefold())
        yield one
        if len(seen) >= MOST:
            return


# -- commands -------------------------------------------------------------------------------------


def _of_command(chat: Chat, line: str) -> Iterator[Suggestion]:
    name, space, rest = line.partition(" ")
    for text, typed in completions(chat, line):
        command = None if space else command_named(text)
        about = command.help if command else ""
        goes_on = " " if command and command.usage else ""
        yield Suggestion(text + goes_on, typed, clean(text, 60), about)
    command = command_named(name) if space else None
    if command is not None and command.takes == ITEMS:
        yield from _items(chat, rest.lstrip())
    if command is not None and command.takes == FILE:
        yield from _files(rest.lstrip())


def _items(chat: Chat, rest: str) -> Iterator[Suggestion]:
    """Items: those of the list by their numbers, and by their titles any of the catalog."""
    catalog, typed = chat.assistant.catalog, rest.rpartition(";")[2].lstrip()
    labels = [(row, catalog.label(row)) for row in chat.session.shown[:MOST]]
    if not typed:
        for number, (_, label) in enumerate(labels, 1):
            yield Suggestion(str(number), 0, f"{number}  {clean(label, 60)}", "of the list")
        return
    folded = fold(typed)
    if not folded or typed.isdigit():
        return
    shown = {row: label for row, label in labels if f" {folded}" in f" {fold(label)}"}
    for row in (*shown, *catalog.titles.beginning(folded, MOST_TITLES)):
        label = shown.get(row) or catalog.label(row)
        about = "of the list" if row in shown else catalog.schema.item
        yield Suggestion(label, len(typed), clean(label, 60), about)


def _files(rest: str) -> Iterator[Suggestion]:
    for path, is_folder in paths(rest):
        name = path.rstrip("/").rpartition("/")[2] + "/" * is_folder
        about = "folder" if is_folder else "picture"
        yield Suggestion(path, len(rest), clean(name, 60), about)


# -- free text ------------------------------------------------------------------------------------


def in_text(catalog: Catalog, line: str) -> Iterator[Suggestion]:
    """Names that the last words of a text may be the beginning of, those of more words first.

    Titles are looked up in a sorted order, and of people, tags and kinds the best-known, so that
    it takes as long with a million items.
    """
    starts = [match.start() for match in re.finditer(r"[^\s\"“”(]+", line)]
    if line[-1:].isspace():
        return
    for start in starts[-LONGEST:]:
        typed = line[start:]
        folded = fold(typed)
        if len(folded) >= LEAST_LETTERS:
            yield from _named(catalog, folded, len(typed))


def _named(catalog: Catalog, folded: str, typed: int) -> Iterator[Suggestion]:
    """Kinds first, as they are few; then titles, then the other values."""
    titles = list(_titles(catalog, folded, typed))
    for place, role in enumerate(VALUED):
        if place == 1:
            yield from titles
        for column in catalog.schema.with_role(role):
            about = clean(column.label or column.name, 20)
            for value in catalog.words(column.name).beginning(folded, MOST_VALUES):
                yield Suggestion(clean(value, 80), typed, clean(value, 60), about)


def _titles(catalog: Catalog, folded: str, typed: int) -> Iterator[Suggestion]:
    items = catalog.items(catalog.titles.beginning(folded, MOST_TITLES))
    titles = [item.title for item in items]
    for item in items:
        # The year is put in only where it tells two apart.
        text = item.label if titles.count(item.title) > 1 else item.title
        yield Suggestion(text, typed, clean(item.label, 60), catalog.schema.item)


def is_naming(line: str) -> bool:
    """Whether a name is being typed: a capital inside a text, and three letters of it.

    Only then something is offered unasked: a menu under every word would be in the way.
    """
    return re.search(r"\S\s+[\"“(]?[A-Z]\w{2,}(?: [A-Z]?\w+){0,3}$", line) is not None


def ready(catalog: Catalog) -> None:
    """Sort what has to be sorted, before the first key: at a million items it takes a while."""
    with contextlib.suppress(RecagentError):  # who reads a damaged file is told of it
        catalog.titles.beginning("z", 1)
        for column in catalog.schema.with_role(*VALUED):
            catalog.words(column.name).beginning("z", 1)


def completer(chat: Chat) -> Any:
    """The completer of prompt_toolkit."""
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Names(Completer):
        def get_completions(
            self, document: Document, complete_event: CompleteEvent
        ) -> Iterator[Completion]:
            text = document.text_before_cursor
            line = text if text.startswith("/") else document.current_line_before_cursor
            if not complete_event.completion_requested and not _unasked(line):
                return
            with contextlib.suppress(RecagentError):
                for one in suggestions(chat, line):
                    yield Completion(one.text, -one.typed, one.shown, one.about)

    return Names()


def _unasked(line: str) -> bool:
    return line.startswith("/") or is_naming(line)
