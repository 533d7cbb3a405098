"""An explanation that was written elsewhere: checked and refined without a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recagent_tools.retrieve import profile_history
from recagent_tools.toolbox import ToolContext

from ..critic import Fault
from ..request import Intent, Request
from .asking import asker
from .aspects import Scene
from .refine import explain

EXPLANATION_SCHEMA = "recagent.explanation/1"


@dataclass(frozen=True)
class Explanation:
    """A refined explanation.

    Attributes:
        item: the catalog's id.
        title, label: of the item, without and with its year.
        given: what was written.
        text: what may be said; empty where the evidence gives nothing to say either.
        faults: what was wrong.
        style: "fit", "facts" or "short".
        source: "given" where nothing was wrong, else "mended", "model" or "template".
    """

    item: str
    title: str
    label: str
    given: str
    text: str
    faults: tuple[Fault, ...]
    style: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """The explanation as `recagent.explanation/1`."""
        return {
            "schema": EXPLANATION_SCHEMA,
            "item": self.item,
            "title": self.title,
            "text": self.text,
            "changed": self.text != self.given,
            "faults": [fault.to_json() for fault in self.faults],
            "style": self.style,
            "source": self.source,
        }


def refine_alone(
    row: int, text: str, context: ToolContext, style: str, brain: object
) -> Explanation:
    """Check and refine one explanation; claims of place fail, because there is no list.

    Args:
        row: the item.
        text: what was written.
        context: catalog, and what is known of the person.
        style: how it is to explain.
        brain: asked to rewrite, where it can be.
    """
    item = context.catalog.item(row)
    scene = Scene((), context, Request(Intent.RECOMMEND), style)
    (done,) = explain([item], {row: text}, scene, profile_history(context), asker(brain, scene))
    source = "given" if done.source == "model" and not done.rounds else done.source
    told = done.text
    return Explanation(item.id, item.title, item.label, text, told, done.faults, style, source)
