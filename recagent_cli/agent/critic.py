"""The one checker of titles in a model's words: what it names must be on the bus or be asked about.

A title counts as named where it stands as `Title (1979)`, in quotes, in bold, or as a list item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from recagent_catalogs.store import Item
from recagent_catalogs.text import bare_title, clean, fold
from recagent_tools.toolbox import ToolContext

_DATED = re.compile(
    r"((?:[A-Z0-9À-Þ][^\s().,;:!?]*[ ,:&'-]*"
    r"(?:(?:of|the|and|a|an|in|to|for|on|de|la)\s+)*){1,12})\((\d{4})\)"
)
_QUOTED = re.compile(
    r"[\"“«]([^\"”»\n]{2,80})[\"”»]|\*\*([^*\n]{2,80})\*\*|(?<![\w*])\*([^*\n]{2,80})\*(?![\w*])"
)
_LISTED = re.compile(r"^\s*(?:[-•*]|\d{1,2}[.)])\s+(.{2,80}?)(?:\s*[—–:(-]|$)", re.MULTILINE)
_SENTENCE = re.compile(r"(?<!\n\d\.)(?<!\n\d\d\.)(?<=[.!?])\s+(?=[\"“A-Z0-9À-Þ])|\n+")
_MARKUP = re.compile(r"\*\*|__|`|^#+\s*", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def ground(text: str, rows: Sequence[int], context: ToolContext) -> tuple[str, list[str]]:
    """Strike the sentences that name items which are not there or give a wrong year.

    Args:
        text: what the model wrote.
        rows: the items presented.
        context: catalog, bus and what was shown before.

    Returns:
        The text as plain text, and one line per struck sentence.
    """
    plain = _LINK.sub(r"\1", clean(text, newlines=True))
    allowed = _allowed(rows, context)
    kept: list[str] = []
    struck: list[str] = []
    for sentence in _SENTENCE.split("\n" + plain):
        wrong = next(
            (name for name in _named(sentence) if not _is_true(name, allowed, context)), None
        )
        if wrong is None:
            kept.append(sentence)
        else:
            struck.append(
                f"struck a sentence of the model that names {clean(wrong[0], 80)!r}"
                + (f" ({wrong[1]})" if wrong[1] else "")
                + ", which is not in this list"
            )
    return _MARKUP.sub("", " ".join(part.strip() for part in kept if part.strip())).strip(), struck


def _allowed(rows: Iterable[int], context: ToolContext) -> dict[str, set[int | None]]:
    """Folded titles that may be named, with their years."""
    named = {*rows, *context.shown, *context.shown_before, *context.liked, *context.disliked}
    known: dict[str, set[int | None]] = {}
    for item in context.catalog.items(sorted(int(row) for row in named)):
        for title in (fold(item.title), bare_title(fold(item.title))):
            known.setdefault(title, set()).add(item.year)
    return known


def _named(sentence: str) -> list[tuple[str, int | None]]:
    """The titles that a sentence names, with the year given."""
    found: list[tuple[str, int | None]] = []
    for match in _DATED.finditer(sentence):
        found.append((match[1].strip(" ,:&'-"), int(match[2])))
    for match in _QUOTED.finditer(sentence):
        name = next(group for group in match.groups() if group)
        found.append((re.sub(r"\s*\(\d{4}\)$", "", name), _year_in(name)))
    for match in _LISTED.finditer(sentence):
        found.append((match[1].strip(' *"“”'), None))
    return found


def _year_in(name: str) -> int | None:
    match = re.search(r"\((\d{4})\)$", name)
    return int(match[1]) if match else None


def _is_true(
    named: tuple[str, int | None], allowed: dict[str, set[int | None]], context: ToolContext
) -> bool:
    """Whether the name is allowed, or is no title at all (a genre in quotes is none)."""
    title, year = named
    words = fold(title).split()
    if year is not None:
        for start in range(len(words)):
            tail = " ".join(words[start:])
            if tail in allowed:
                return year in allowed[tail]
        return False
    folded = " ".join(words)
    if folded in allowed or bare_title(folded) in allowed or not folded:
        return True
    return not (_looks_like_a_title(title) or context.catalog.titles.exact(folded))


def _looks_like_a_title(name: str) -> bool:
    """Two words or more, each of the longer ones with a capital: invented titles look like that."""
    words = [word for word in re.findall(r"[^\W\d_]+", name) if len(word) > 3]
    return len(words) > 1 and all(word[0].isupper() for word in words)


def ground_question(
    question: str, options: tuple[str, ...], context: ToolContext
) -> tuple[tuple[str, tuple[str, ...]], list[str]]:
    """A model's question back: what it names must be in the catalog.

    Returns:
        The question and the options that are left, and one line per thing that was struck.
    """
    question, options = _plain(question), tuple(map(_plain, options))
    struck = []
    if not _names_only_items(question, context):
        question, struck = "What would you like?", ["struck a question that names invented items"]
    kept = tuple(option for option in options if _names_only_items(option, context))
    if len(kept) < len(options):
        struck.append(f"struck {len(options) - len(kept)} options that name invented items")
    return (question, kept), struck


def _plain(text: str) -> str:
    return _MARKUP.sub("", _LINK.sub(r"\1", clean(text))).strip()


def _names_only_items(text: str, context: ToolContext) -> bool:
    """Whether every title that the text names is one of the catalog, with its year."""
    named = _named(text)
    if not named and _looks_like_a_title(text):
        named = [(text, None)]
    for title, year in named:
        rows = context.catalog.titles.exact(fold(title))
        years = {item.year for item in context.catalog.items(rows)}
        if not rows or (year is not None and year not in years):
            return False
    return True


_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(
    r"[A-ZÀ-Þ][\w'’.-]+(?:\s+(?:(?:of|de|van|von|la)\s+)*[A-ZÀ-Þ][\w'’.-]+)+",
)
_ADDRESS = re.compile(r"\w+://|www\.|\S+@\S+\.")


def reason_is_true(reason: str, item: Item, context: ToolContext) -> bool:
    """Whether all that a model's reason states agrees with the item's row.

    Years, numbers and names of two words or more must stand in the row, or in that of an item that
    the person named; addresses never may.
    """
    if _ADDRESS.search(reason):
        return False
    others = [int(row) for row in (*context.liked, *context.shown)]
    rows = [item, *context.catalog.items(others)]
    told = " ".join(_row_text(row) for row in rows)
    words = f" {fold(told)} "
    numbers = {float(number.replace(",", "")) for number in _NUMBER.findall(told)}
    for number in _NUMBER.findall(reason):
        if float(number.replace(",", "")) not in numbers:
            return False
    return all(f" {fold(name)} " in words for name in _NAME.findall(reason))


def _row_text(item: Item) -> str:
    cells = (part for value in item.columns.values() for part in _parts(value))
    return " ".join((item.label, *cells))


def _parts(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(part) for part in value]
    if isinstance(value, float):
        return [f"{value:g}"]
    return [] if value is None else [str(value)]
