"""A session as text: for the terminal, and as Markdown to keep or to pass on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recagent_catalogs.text import clean

from .markdown import bold, escaped, paragraph


def session_lines(told: Mapping[str, Any]) -> list[str]:
    """What was asked, answered and shown, a line each; `told` is `recagent.session/1`."""
    lines = []
    for turn in told["turns"]:
        of_list = f"  (list {turn['list']})" if turn["list"] and turn["items"] else ""
        lines.append(f"> {clean(turn['utterance'])}{of_list}")
        lines.append(clean(turn["text"], newlines=True))
        lines += [f"  {item['rank']}. {clean(_labelled(item))}" for item in turn["items"]]
        lines += [f"  {n}. {clean(one)}" for n, one in enumerate(turn["options"], start=1)]
    lines += [f"set {clean(one['set'])}: {one['items']} items" for one in told["sets"]]
    return [line for line in (*lines, clean(told["funnel"])) if line]


def session_markdown(told: Mapping[str, Any]) -> str:
    """The session as a Markdown page; `told` is `recagent.session/1`."""
    count = len(told["turns"])
    head = [
        f"session {told['id']}",
        f"catalog {told['catalog']}",
        f"{count} turn{'s'[: count != 1]}",
    ]
    head += [told["updated"] or ""]
    parts = [f"# {escaped(told['title']) or 'A session'}", escaped(" · ".join(filter(None, head)))]
    for turn in told["turns"]:
        parts += _turn(turn)
    if told["sets"]:
        sets = (f"- {escaped(one['set'])}: {escaped(one['funnel'])}" for one in told["sets"])
        parts += ["## Sets", "\n".join(sets)]
    return "\n\n".join(part for part in parts if part)


def _turn(turn: Mapping[str, Any]) -> list[str]:
    for_user = f" (for user {escaped(turn['user'])})" if turn["user"] is not None else ""
    with_whom = f" (with {escaped(', '.join(turn['with']))})" if turn["with"] else ""
    parts = [f"## {turn['number']}\\. {escaped(turn['utterance'])}{for_user}{with_whom}"]
    parts.append(paragraph(turn["text"]))
    parts.append("\n".join(_item(item) for item in turn["items"]))
    options = enumerate(turn["options"], start=1)
    parts.append("\n".join(f"{n}. {escaped(one)}" for n, one in options))
    if turn["items"]:
        path = f": {escaped(turn['funnel'])}" if turn["funnel"] else ""
        parts.append(f"*List {turn['list']}*{path}")
    return parts


def _item(item: Mapping[str, Any]) -> str:
    reason = f" – {escaped(item['reason'])}" if item["reason"] else ""
    return f"{item['rank']}. {bold(_labelled(item))}{reason}"


def _labelled(item: Mapping[str, Any]) -> str:
    year = "" if item["year"] is None else f" ({item['year']})"
    return f"{item['title']}{year}"
