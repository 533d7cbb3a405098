"""What must hold of rules of the house, told from the items alone: nothing kept out is shown.

A brain that does all it can to show it all the same: `attacked` runs it through the real loop.
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from recagent_catalogs.ruled import Ruled, RuledCatalog
from recagent_catalogs.schema import NUMBER_ROLES, WORD_ROLES
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import bare_title, fold
from recagent_cli.agent.brain import Call, Step
from recagent_cli.agent.events import Event, Notice, TextDelta, ToolFinished, ToolStarted
from recagent_cli.agent.loop import Agent
from recagent_cli.agent.request import Intent, Request
from recagent_cli.agent.session import Session
from recagent_cli.agent.turn import Turn
from recagent_cli.testing import ScriptedBrain
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.registry import load_toolbox
from recagent_tools.toolbox import ToolContext

PROSE = (
    "Watch {title} tonight.",
    "Not for you: {title} ({year}). Here is something else.",
    "They hide '{title}' from you.",
    "**{title}** and {other} share a director.",
    "Enjoy.",
)
OPERATIONS = (
    "start", "undo", "redo", "list", "sets", "load", "union", "minus", "intersect", "drop", "diff",
    "save", "among_shown", "show",
)  # fmt: skip


@functools.lru_cache(maxsize=2)
def titles_of(catalog: Catalog) -> tuple[str, ...]:
    """The titles of all items."""
    return tuple(item.title for item in catalog.items(range(catalog.n_items)))


def names_in(text: str, catalog: Catalog, rows: Collection[int]) -> Iterator[str]:
    """Titles of these items (of the whole catalog) of two words or more that a text holds.

    A title that something else bears (with or without an article), or that goes on as another one
    ("Orbit of Ash II"), is not theirs.
    """
    every = titles_of(catalog)
    free = {bare_title(fold(every[row])) for row in range(catalog.n_items) if row not in rows}
    barred = {every[row] for row in rows if bare_title(fold(every[row])) not in free}
    found = {title for title in barred if " " in title and title in text}
    for title in found:
        left = text
        for other in sorted((o for o in every if title in o and o != title), key=len, reverse=True):
            left = left.replace(other, "")
        if re.search(rf"(?<!\w){re.escape(title)}(?!\w)", left):
            yield title


def shows_kept_out(turn: Turn, catalog: Catalog, rows: Collection[int]) -> Iterator[str]:
    """How a turn shows what is kept out: in its list, in its words, in anything of its JSON.

    Args:
        turn: it.
        catalog: the whole one.
        rows: what is kept out.
    """
    ids = set(catalog.ids([*rows]))
    for item in turn.items:
        if item.row in rows or item.id in ids:
            yield f"the list holds {item.id}"
    told = turn.to_json()
    # Values of items that may be shown, and of conditions: a series has its first part's title.
    told["items"] = [{**item, "columns": {}} for item in told["items"]]
    told["relaxations"] = []
    for title in names_in(json.dumps(told, ensure_ascii=False), catalog, rows):
        yield f"{title} is named"


def attack(
    rng: random.Random, catalog: Catalog, rows: Sequence[int], texts: Sequence[str] = ()
) -> tuple[list[Call], Call]:
    """Calls of a brain that wants to show these items, and the one that ends its turn.

    Args:
        rng: what draws them.
        catalog: the whole one.
        rows: what is kept out; some of everything where nothing is.
        texts: further texts that it may write.
    """

    def reference() -> str:
        of = rows if rows and rng.random() < 0.7 else range(catalog.n_items)
        item = catalog.item(rng.choice(of))
        forms = (item.id, f"id:{item.id}", item.title, item.label, item.title.upper(), "#1", "#2")
        return rng.choice(forms)

    def condition() -> str:
        item = catalog.item(rng.choice(rows or range(catalog.n_items)))
        column = rng.choice([c for c in catalog.schema.columns if c.role in _FILTERED])
        if column.role in NUMBER_ROLES:
            return f"{column.name} {rng.choice(('<=', '>=', '!='))} {rng.randint(1, 2020)}"
        value = item.columns.get(column.name)
        values = value if isinstance(value, list) else [value]
        return f"{column.name} has {rng.choice(values or ['x'])}"

    def prose() -> str:
        item = catalog.item(rng.choice(rows or range(catalog.n_items)))
        other = catalog.item(rng.randrange(catalog.n_items))
        return rng.choice(texts or PROSE).replace("{title}", item.title).replace(
            "{year}", str(item.year or 1999)
        ).replace("{other}", other.title)  # fmt: skip

    def references() -> list[str]:
        return [reference() for _ in range(rng.randint(1, 4))]

    def call() -> Call:
        where = [condition() for _ in range(rng.randint(1, 2))]
        return rng.choice(
            (
                Call("filter", {"where": where}),
                Call("similar", {"liked": references()}),
                Call("item_info", {"items": references()}),
                Call("compare", {"items": references()}),
                Call("explain", {"items": references()}),
                Call("why_not", {"item": reference()}),
                Call("why_not", {"where": condition()}),
                Call("predict_rating", {"item": reference()}),
                Call("search", {"text": rng.choice((reference(), prose()))}),
                Call("popular", {}),
                Call("rank", {"top": 1000}),
                Call("draw", {"count": 5}),
                Call("personal", {}),
                Call("remember", {"kind": "liked", "items": references()}),
                Call("look_up", {"sql": "SELECT id, title FROM items"}),
                Call(
                    "candidates",
                    {
                        "op": rng.choice(OPERATIONS),
                        "name": rng.choice(("list 1", "list -1", "mine", reference())),
                        "items": references(),
                    },
                ),
            )
        )

    named = references()
    end = rng.choice(
        (
            Call("present", {"items": named, "text": prose(), "reasons": [prose()] * len(named)}),
            Call("present", {"count": 50, "text": prose()}),
            Call("ask_person", {"question": f"{prose()} Or?", "options": [*named, prose()]}),
        )
    )
    return [call() for _ in range(rng.randint(0, 5))], end


_FILTERED = (*NUMBER_ROLES, *WORD_ROLES)


def attacked(
    whole: Catalog,
    engine: Engine,
    rule: Ruled,
    turns: Sequence[tuple[Sequence[Call], Call]],
    *,
    before: bool,
) -> Iterator[str]:
    """What a session of attacks shows of what a rule keeps out; nothing, if all is well.

    Args:
        whole: the catalog with everything.
        engine: its models.
        rule: what is kept out.
        turns: the calls of each turn, and its last one.
        before: whether the session has a list and a set of before the rule.
    """
    rows = {row for row in range(whole.n_items) if rule.mask[row]}
    catalog, toolbox = RuledCatalog(whole), load_toolbox(plugins=False)
    session = Session(whole.name, CandidateBus(whole.n_items))
    all_shown = ([Call("candidates", {"op": "start"})], Call("present", {"count": 100}))
    for number, (calls, end) in enumerate([*([all_shown] if before else []), *turns]):
        holds = bool(number) or not before
        catalog.keep_out([rule] if holds else [])
        steps = [*(Step(calls=(one,)) for one in (*calls, end)), Step(text="Nothing more.")]
        agent = Agent(
            toolbox, ScriptedBrain(steps), lambda *_: Request(Intent.RECOMMEND), max_steps=9
        )
        heard: list[Event] = []
        context = ToolContext(catalog, engine, session.bus)
        turn = agent.turn("something good", session, context, heard.append)
        if not holds:
            session.bus.save_as("mine")
            continue
        yield from shows_kept_out(turn, whole, rows)
        yield from (f"told: {title}" for title in names_in(_told(heard), whole, rows))
        for stage in session.bus.stages:
            if stage.candidates is not None and rows & set(stage.set.rows().tolist()):
                yield f"{stage.tool} has a candidate that is kept out"


def _told(heard: Sequence[Event]) -> str:
    """All that a screen could show of the events."""
    told: list[Any] = []
    for event in heard:
        match event:
            case TextDelta() | Notice():
                told.append(event.text)
            case ToolStarted():
                told.append(event.arguments)
            case ToolFinished():
                told += [event.arguments, event.text]
    return json.dumps(told, ensure_ascii=False, default=str)
