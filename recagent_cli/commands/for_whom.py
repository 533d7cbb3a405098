"""Commands in what is told, as they are typed for a profile that is not the usual one.

What notes, hints and answers name is a command for the usual profile, for whoever wrote them knows
no other: `recagent profile undo 45`. Asked with `--as lea` it becomes `recagent profile undo --as
lea 45`; without the option it would be about somebody else.
"""

from __future__ import annotations

import re

_COMMAND = re.compile(
    r"\brecagent (?:profile (?:pending (?:accept|refuse)|[a-z]+)|trace [a-z]+)\b(?! --as)"
)


def said_for(text: str, name: str | None) -> str:
    """The text, with its commands for the profile of that name; None is the usual one."""
    if name is None or "recagent " not in text:
        return text
    return _COMMAND.sub(lambda found: f"{found[0]} --as {name}", text)


def shown_for(part: object, name: str | None) -> object:
    """A part of an answer likewise: strings and texts of one style; others are as they are."""
    from rich.text import Text

    if isinstance(part, str):
        return said_for(part, name)
    if isinstance(part, Text) and not part.spans and said_for(part.plain, name) != part.plain:
        return Text(said_for(part.plain, name), style=part.style)
    return part
