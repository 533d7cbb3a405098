"""Things that one can say, with names out of this catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recagent_catalogs.schema import Role

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from ..assistant import Assistant


def examples(catalog: Catalog) -> list[str]:
    """Up to three requests that this catalog can answer."""
    best = np.argsort(-catalog.popularity, kind="stable")[:2]
    titles = [item.title for item in catalog.items([int(row) for row in best])]
    categories = [
        value
        for column in catalog.schema.with_role(Role.CATEGORIES)
        for value in catalog.words(column.name).values[:4]
    ]
    made = []
    if titles:
        negated = f", but no {categories[1].lower()}" if len(categories) > 1 else ""
        made.append(f"something like {titles[0]}{negated}")
    if categories and catalog.schema.one(Role.YEAR):
        made.append(f"{categories[0].lower()} from the 90s, 3 of them")
    elif categories:
        made.append(f"{categories[0].lower()}, 3 of them")
    made.append("the second one, but more recent" if catalog.schema.one(Role.YEAR) else "more")
    return made


def first_screen(assistant: Assistant, resumed: bool) -> list[str]:
    """Three lines: what this is, what one can say, how to get help."""
    catalog = assistant.catalog
    simulated = ", interactions simulated" if catalog.schema.simulated else ""
    brain = assistant.agent.brain.name
    kind = "built-in brain" if brain == "builtin" else brain
    head = f"{catalog.name}: {catalog.n_items:,} {catalog.schema.items}{simulated} · {kind}"
    said = " · ".join(f"“{text}”" for text in examples(catalog))
    last = "going on with the last session · /help · /quit" if resumed else "/help · /quit"
    return [head, f"say: {said}", last]
