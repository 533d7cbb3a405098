"""Why something is not in the list: what the tool found, in its words."""

from __future__ import annotations

from ...brain import TurnView


def why_not_answer(view: TurnView) -> str:
    """What was found of each item asked about; of a title that there is not, the nearest one."""
    catalog = view.context.catalog
    lines = []
    for _, observations in view.steps:
        for told in observations:
            if told.error:
                lines.append("I no longer know how that list came about.")
            elif isinstance(told.data, dict):
                lines.append(str(told.data.get("said", told.text)))
    for mention in view.request.about:
        if mention.id is None:
            near = f" The nearest title is {mention.title}." if mention.title else ""
            ruled = catalog.names_hidden(mention.text) and catalog.told_absent(mention.text)
            lines.append(f"{ruled or f'{mention.text} is not in this catalog'}.{near}")
    return "\n".join(dict.fromkeys(lines)) or (
        f"Which {catalog.schema.item} do you miss? Name it, and I say what keeps it out."
    )
