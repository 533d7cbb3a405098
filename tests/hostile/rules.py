"""What must hold of rules of the house, told from the items alone: nothing kept out is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from recagent_catalogs.store import Catalog
from recagent_cli.agent.turn import Turn


def names_in(text: str, catalog: Catalog, rows: Collection[int]) -> Iterator[str]:
    """Titles of these items (of the whole catalog) of two words or more that a text holds.

    A title that goes on as another one ("Orbit of Ash II") is not the shorter one.
    """
    every = [item.title for item in catalog.items(range(catalog.n_items))]
    barred = {catalog.item(row).title for row in rows}
    barred -= {every[row] for row in range(catalog.n_items) if row not in rows}
    for title in barred:
        longer = [other for other in every if other != title and title in other]
        for other in sorted(longer, key=len, reverse=True):
            text = text.replace(other, "")
        if " " in title and re.search(rf"(?<!\w){re.escape(title)}(?!\w)", text):
            yield title


def shows_kept_out(turn: Turn, catalog: Catalog, rows: Collection[int]) -> Iterator[str]:
    """How a turn shows what is kept out: in its list, in its words, in anything of its JSON.

    Args:
        turn: it.
        catalog: the whole one.
        rows: what is kept out.
    """
    told: dict[str, Any] = turn.to_json()
    for item in turn.items:
        if item.row in rows or item.id in catalog.ids([*rows]):
            yield f"the list holds {item.id}"
    for title in names_in(json.dumps(told, ensure_ascii=False), catalog, rows):
        yield f"{title} is named"
