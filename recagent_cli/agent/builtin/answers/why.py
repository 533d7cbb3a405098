"""Why an item is in the list, told from the evidence."""

from __future__ import annotations

import re

from ...because import because
from ...brain import TurnView
from ..words.tokens import Text

_WHY = re.compile(
    r"^(?:(?:and|but|so|ok|okay|hm|hmm) )?"
    r"(?:why|how come|what made you (?:pick|choose|recommend))\b"
)


def asks_why(text: Text) -> bool:
    """Whether the turn asks for the reason of what was shown."""
    return bool(_WHY.match(text.joined)) and "why not" not in text.joined


def why_answer(view: TurnView) -> str:
    """The reasons of the items asked about, each in a line."""
    catalog = view.context.catalog
    lines = [because(evidence, catalog) for evidence in view.context.explained]
    told = {evidence.row for evidence in view.context.explained}
    for mention in view.request.about:
        row = None if mention.id is None else catalog.row_of(mention.id)
        if row is None:
            lines.append(f"'{mention.text}' is not in this catalog.")
        elif row not in told:
            lines.append(f"{catalog.label(row)} was not in my list.")
    return "\n".join(lines) or "Which one do you mean? Name it, or say its number in the list."
