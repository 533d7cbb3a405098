"""Evidence in words: why an item is in a list, in a few clauses, the strongest first."""

from __future__ import annotations

from collections.abc import Iterator

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_tools.evidence import Evidence, LikeShare
from recagent_tools.evidence_json import taken_verb

from .builtin.answers.wording import cell_values, join, named_kinds, plain, value_text

MOST_CLAUSES = 4
MOST_LIKES = 2
MOST_SHARED = 3
MANY = 20
"""Of more likes than that the best two are no reason by themselves."""
BEST_KNOWN = 0.05
COUNTS = 0.3
"""An aspect is told where it adds so much to the score."""
MET = 1.0
"""What having met the conditions weighs beside shares of the score: without it there is no item."""
BY_SEEDS = ("fit", "likeness", "kinship")
ASPECTS = {
    "novelty": "it is little known",
    "recency": "it is recent",
    "popularity": "it is popular",
    "exposure": "lists rarely show it",
    "rating": "it is well rated",
}


def because(evidence: Evidence, catalog: Catalog) -> str:
    """One sentence: `Heat (1995): you asked for crime films; of 102 people who …`."""
    told = clauses(evidence, catalog)
    return f"{catalog.label(evidence.row)}: {'; '.join(told)}."


def clauses(evidence: Evidence, catalog: Catalog) -> list[str]:
    """What speaks for the item, at most four clauses, strongest first; never empty."""
    found = [
        *_asked(evidence, catalog),
        *_wished(evidence, catalog),
        *_liked(evidence, catalog),
        *_aspects(evidence),
    ]
    found.sort(key=lambda clause: -clause[0])
    told = [clause for _, clause in found][:MOST_CLAUSES]
    return told if len(told) > 1 else [*told, *_received(evidence, catalog, not told)]


def _share(evidence: Evidence, *names: str) -> float:
    return sum(part.share for part in evidence.parts if part.name in names)


def _asked(evidence: Evidence, catalog: Catalog) -> Iterator[tuple[float, str]]:
    """The order of the list, the conditions it meets, and the words it matches."""
    if evidence.order:
        item = catalog.item(evidence.row)
        year = catalog.schema.column(evidence.order).role is Role.YEAR
        value = item.year if year else item.columns.get(evidence.order)
        unit = catalog.schema.column(evidence.order).unit
        if value is not None:
            has = value_text(value, unit) if isinstance(value, float) else str(value)
            yield 2 * MET, f"the list goes by {evidence.order.replace('_', ' ')}, here {has}"
    if evidence.conditions:
        asked = named_kinds(evidence.conditions, catalog, catalog.schema.items)
        yield MET + _share(evidence, "kinds"), f"you asked for {asked}"
    for stage in evidence.stages:
        if stage.tool == "search" and stage.place is not None:
            words = stage.note.replace('"', "'")
            yield MET + _share(evidence, "search"), f"its text {words}"


def _wished(evidence: Evidence, catalog: Catalog) -> Iterator[tuple[float, str]]:
    """The words wished for that it carries."""
    item, total = catalog.item(evidence.row), 0.0
    carried: dict[str, list[str]] = {"tags": [], "kinds": []}
    for part in evidence.parts:
        if not part.name.startswith("wish ") or part.share <= 0:
            continue
        column, _, values = part.name.removeprefix("wish ").partition("=")
        described = catalog.schema.find(column)
        if described is None:
            continue
        cells = cell_values(item, column)
        has = [plain(value) for value in values.split("|") if value in cells]
        carried["tags" if described.role is Role.TAGS else "kinds"] += has
        total += part.share if has else 0.0
    for words, said in ((carried["kinds"], "it is"), (carried["tags"], "it is tagged")):
        if words:
            yield total, f"{said} {join(list(dict.fromkeys(words))[:MOST_CLAUSES])}"


def _liked(evidence: Evidence, catalog: Catalog) -> Iterator[tuple[float, str]]:
    """The likes that brought it in: how many people took both, what it has in common with them."""
    best = best_likes(evidence)
    if not best:
        return
    weight = _share(evidence, *BY_SEEDS)
    titles = {like.row: catalog.item(like.row).title for like in best}
    verb, clear = taken_verb(catalog), False
    for told in evidence.together:
        if told.row in titles and not clear:
            people = f"of {told.of:,} people who {verb} {titles[told.row]}"
            yield weight, f"{people}, {told.both:,} {verb} this"
            clear = True
    for row, title in titles.items():
        if values := _in_common(evidence, row, catalog):
            yield weight * 0.9, f"like {title} it has {join(values[:MOST_SHARED])}"
            clear = True
    if not clear and len(evidence.likes) > MANY:
        many = f"the {len(evidence.likes):,} {catalog.schema.items} that you like"
        yield weight, f"it fits {many}, most of all {join(list(titles.values()))}"
    elif not clear:
        yield weight, f"it fits {join(list(titles.values()))}"


def _in_common(evidence: Evidence, liked: int, catalog: Catalog) -> list[str]:
    """What it shares with a liked item, besides what was asked for anyway."""
    asked = " ".join(evidence.conditions)
    people = {column.name for column in catalog.schema.with_role(Role.PEOPLE)}
    values = [
        path.value if path.column in people else plain(path.value)
        for path in evidence.shared
        if path.liked == liked and path.value not in asked
    ]
    return list(dict.fromkeys(values))


def best_likes(evidence: Evidence) -> list[LikeShare]:
    """The likes that add most: those with at least half of the largest share."""
    positive = [like for like in evidence.likes if like.share > 0]
    return [like for like in positive if like.share * 2 >= positive[0].share][:MOST_LIKES]


def _aspects(evidence: Evidence) -> Iterator[tuple[float, str]]:
    for part in evidence.parts:
        if part.name in ASPECTS and part.share >= COUNTS:
            yield part.share, ASPECTS[part.name]


def _received(evidence: Evidence, catalog: Catalog, alone: bool) -> list[str]:
    """How it is received, where little else speaks for it; `alone`: where nothing does."""
    rating, taken, schema = evidence.mean_rating, evidence.taken_by, catalog.schema
    if rating is not None and catalog.verdicts:
        return [f"{rating:.0%} of {taken:,} people liked it"]
    if rating is not None:
        return [f"{taken:,} people rated it, {rating:.1f} on average"]
    if taken and not schema.simulated:
        return [f"{taken:,} people {taken_verb(catalog)} it"]
    if alone and float((catalog.popularity > taken).mean()) < BEST_KNOWN:
        return [f"it is among the best known {schema.items}"]
    return [f"it is number {evidence.place} of the list"] if alone else []
