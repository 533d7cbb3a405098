"""Why an item is in the list, told from the evidence."""

from __future__ import annotations

import re

from recagent_tools.evidence import Evidence

from ...brain import TurnView
from ...explaining.because import because, scene_of
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
    lines = [_line(evidence, view) for evidence in view.context.explained]
    told = {evidence.row for evidence in view.context.explained}
    for mention in view.request.about:
        row = None if mention.id is None else catalog.row_of(mention.id)
        if row is None:
            lines.append(f"{catalog.told_absent(mention.text)}.")
        elif row not in told:
            lines.append(f"{catalog.label(row)} was not in my list.")
    return "\n".join(lines) or "Which one do you mean? Name it, or say its number in the list."


def _line(evidence: Evidence, view: TurnView) -> str:
    """`Heat (1995): you asked for crime films; of 102 people who …`."""
    context = view.context
    assert context.of_list is not None, "there is evidence only of lists"
    made = (turn.request for turn in reversed(view.history) if turn.number == evidence.number)
    scene = scene_of(evidence, context.of_list(evidence.number), next(made, None), view.style)
    return f"{context.catalog.label(evidence.row)}: {because(evidence, scene).text}."
