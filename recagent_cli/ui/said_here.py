"""Commands in what is told, as they are typed in the chat.

What notes, hints and answers name is a command of the shell, for whoever wrote them knows no
screen: `recagent profile undo 45`. Here it becomes `/profile undo 45`, where the chat has the same.
"""

from __future__ import annotations

import re

from rich.text import Text

_HERE = (
    (
        re.compile(r"\brecagent profile (why|set|undo|pending|pause(?! --)|resume)\b"),
        r"/profile \1",
    ),
    (re.compile(r"\brecagent profile show\b"), "/profile"),
    (re.compile(r"\brecagent chat --incognito\b"), "/incognito"),
    (re.compile(r'\brecagent ask (?=")'), ""),
)


def said_here(text: str) -> str:
    """The text, with the commands that the chat has as the chat has them."""
    if "recagent " not in text:
        return text
    for there, here in _HERE:
        text = there.sub(here, text)
    return text


def shown_here(part: object) -> object:
    """A part of an answer likewise: strings and texts of one style; others are as they are."""
    if isinstance(part, str):
        return said_here(part)
    if isinstance(part, Text) and not part.spans and (told := said_here(part.plain)) != part.plain:
        return Text(told, style=part.style)
    return part
