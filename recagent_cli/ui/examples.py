"""Things that one can say, with names out of this catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.schema import Role
from recagent_catalogs.text import clean

from .recap import is_asked

if TYPE_CHECKING:
    from recagent_catalogs.interactions import Floats
    from recagent_catalogs.store import Catalog, Item

    from ..assistant import Assistant

SAY = "say   "
WIDTH = 80
WELL_KNOWN = 60
"""An example is one of so many items that most people took."""
SHORT = 15
"""Letters of a title and a kind that leave room for another example on a line of 80."""
KINDS = 8
ENOUGH = 10
"""So many items of a kind and a decade are a choice."""
MOST_SAID = 46


def examples(catalog: Catalog) -> list[str]:
    """One or two requests that this catalog can answer."""
    item, kind = _named(catalog)
    made = []
    if item is not None:
        but = f", but no {_small(kind)}" if kind else ""
        made.append(f"something like {clean(item.title)}{but}")
    made.append(_of_a_kind(catalog, kind) or "surprise me")
    if len(f"{SAY}{_quoted(made)}") > WIDTH:
        made[-1] = made[-1].removesuffix(", 3 of them")
    return made


def further(catalog: Catalog) -> list[str]:
    """What can be said once there is a list."""
    schema = catalog.schema
    short = any("shorter" in column.low for column in schema.with_role(Role.NUMBER))
    if short or schema.one(Role.YEAR):
        changed = f"the second one, but {'shorter' if short else 'more recent'}"
    else:
        changed = f"{schema.items} like the second one"
    seen = "I have seen the first one" if schema.verb == "watch" else "I already know the first one"
    return [changed, seen, "more"]


def _named(catalog: Catalog) -> tuple[Item | None, str]:
    """A well-known item with a short title, and a kind of it that one may not want."""
    if not catalog.n_items:
        return None, ""
    best = np.argsort(-catalog.popularity, kind="stable")[:WELL_KNOWN]
    items = catalog.items([int(row) for row in best])
    columns = catalog.schema.with_role(Role.CATEGORIES)
    plain = [item for item in items if item.title.replace(" ", "").isalpha()]
    for item in plain:
        kinds = [str(v) for column in columns for v in item.columns.get(column.name) or ()]
        for kind in kinds if len(kinds) > 1 else ():
            if len(item.title) + len(kind) <= SHORT:
                return item, kind
    return next((item for item in plain if len(item.title) <= SHORT), items[0]), ""


def _small(value: str) -> str:
    """A value inside a sentence; abbreviations stay as they are."""
    return clean(value if value.isupper() else value.casefold())


def _of_a_kind(catalog: Catalog, but: str) -> str:
    """`drama from the 90s, 3 of them`: of a large kind, and where there are years a full decade."""
    for column in catalog.schema.with_role(Role.CATEGORIES):
        words, year = catalog.words(column.name), catalog.schema.one(Role.YEAR)
        masks = {value: words.mask([value]) for value in words.values[:KINDS] if value != but}
        large = [value for value, mask in masks.items() if int(mask.sum()) >= ENOUGH]
        # What people take most is what they would ask for, more than what there is most of.
        for value in sorted(
            large, key=lambda value: -float(catalog.popularity[masks[value]].mean())
        ):
            decade = None if year is None else _decade(catalog.numbers(year.name)[masks[value]])
            return f"{_small(value)}{f' from the {decade}' if decade else ''}, 3 of them"
    return ""


def _decade(years: Floats) -> str:
    """The decade that most of the items are from, if those are a choice: `90s`, `2010s`."""
    decades, counts = np.unique(years[~np.isnan(years)] // 10 * 10, return_counts=True)
    if not len(counts) or int(counts.max()) < ENOUGH:
        return ""
    decade = int(decades[int(counts.argmax())])
    return f"{decade % 100}s" if 1900 < decade < 2000 else f"{decade}s"


def first_screen(assistant: Assistant, resumed: bool) -> list[str]:
    """What this is, what one can say first and then, where one was, and how to get help."""
    catalog = assistant.catalog
    simulated = ", interactions simulated" if catalog.schema.simulated else ""
    brain = assistant.agent.brain.name
    kind = "built-in brain" if brain == "builtin" else clean(brain)
    kept = " · incognito, nothing is kept" if assistant.incognito else ""
    head = f"{catalog.name}: {catalog.n_items:,} {catalog.schema.items}{simulated} · {kind}{kept}"
    last = "" if resumed else last_time(assistant)
    return [
        head,
        f"{SAY}{_quoted(examples(catalog))}",
        f"then  {_quoted(further(catalog))}",
        *([f"last time you said “{last}” · /continue"] if last else []),
        f"{'new here: recagent start · ' * _is_new(assistant)}/why 2 · /like 2 · /help · /quit",
    ]


def _is_new(assistant: Assistant) -> bool:
    """Whether nothing is known of what the person likes in this catalog."""
    if assistant.incognito:
        return False
    about = assistant.profile_name, assistant.catalog.path.name
    try:
        return not assistant.store.events(*about, ("liked", "disliked", "rated", "never", "set"))
    except RecagentError:  # the chat begins all the same
        return False


def _quoted(texts: list[str]) -> str:
    return " · ".join(f"“{text}”" for text in texts)


def last_time(assistant: Assistant) -> str:
    """What was asked last in the session before about this catalog; "" where there is none."""
    from ..agent.turn import past_from_json

    if assistant.incognito:
        return ""
    try:
        stored = assistant.store.last_session(assistant.profile_name, assistant.catalog.path.name)
        if stored is None or not stored.turns:
            return ""
        turns = (past_from_json(turn)[0] for turn in reversed(stored.turns))
        said = next((clean(turn.utterance) for turn in turns if is_asked(turn)), "")
    except (RecagentError, KeyError, TypeError, ValueError):  # the chat begins all the same
        return ""
    return said if len(said) <= MOST_SAID else said[: MOST_SAID - 1].rstrip() + "…"
