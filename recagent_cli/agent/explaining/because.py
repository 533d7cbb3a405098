"""Why an item is in a list, in words: points from its evidence, the strongest first, checked.

The points are richer than those under the items of a list (`plan.py`), because one item alone is
explained; they pass the same check, and a point that fails it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_tools.evidence import Evidence, LikeShare
from recagent_tools.evidence_json import taken_verb
from recagent_tools.retrieve import profile_history
from recagent_tools.tastes import of_part
from recagent_tools.toolbox import ToolContext

from ..builtin.answers.wording import cell_values, join, named_kinds, plain, value_text
from ..critic import Fault
from ..request import Intent, Request
from .aspects import MAX_WORDS, Scene, faults_in
from .plan import plans
from .refine import Explained

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
UNPROVEN = ("missing", "unproven", "relation")
"""Faults that ask for a proof: counts of people and of likes stand in no row of the list."""
BY_SEEDS = ("fit", "likeness", "kinship")
ASPECTS = {
    "novelty": "it is little known",
    "recency": "it is recent",
    "popularity": "it is popular",
    "exposure": "lists rarely show it",
    "rating": "it is well rated",
}


def scene_of(
    evidence: Evidence, context: ToolContext, request: Request | None, style: str
) -> Scene:
    """Against what the words about an item are checked: the list that it is in.

    Args:
        evidence: of the item.
        context: of the turn that made the list (`ToolContext.of_list`).
        request: what that turn was asked; None where it is not known.
        style: "fit", "facts" or "short".
    """
    asked = request or Request(Intent.RECOMMEND)
    return Scene(context.bus.shown or (evidence.row,), context, asked, style)


def because(evidence: Evidence, scene: Scene) -> Explained:
    """Why an item is in the list, as `short` one clause, else some, without a full stop."""
    context, style = scene.context, scene.style
    item = context.catalog.item(evidence.row)
    usual = plans([item], scene.request, context, profile_history(context), style)[item.row]
    drafted = [point.text for point in usual.points] if style == "facts" else []
    if not drafted:
        drafted = clauses(evidence, context.catalog)
    kept: list[str] = []
    found: list[Fault] = []
    for clause in drafted:
        # Each by itself: what "it" is must not hang on the title in the clause before.
        wrong = [fault for fault in faults_in(clause, item, scene) if _contradicts(fault)]
        found += wrong
        if not wrong and len(" ".join((*kept, clause)).split()) <= MAX_WORDS[style]:
            kept.append(clause)
        if kept and style == "short":
            break
    text = "; ".join(kept) or usual.draft() or drafted[0]
    return Explained(evidence.row, style, "template", text, tuple(found))


def _contradicts(fault: Fault) -> bool:
    """Whether something says otherwise; what only has no proof in the row is our own evidence."""
    return fault.kind not in UNPROVEN


def clauses(evidence: Evidence, catalog: Catalog) -> list[str]:
    """What speaks for the item, at most four clauses, strongest first; never empty."""
    found = [
        *_asked(evidence, catalog),
        *_wished(evidence, catalog),
        *_tasted(evidence, catalog),
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


def _tasted(evidence: Evidence, catalog: Catalog) -> Iterator[tuple[float, str]]:
    """The person's lasting tastes that it meets."""
    item = catalog.item(evidence.row)
    for part in evidence.parts:
        taste = of_part(part.name)
        if taste is not None and part.share > 0 and taste[1] in cell_values(item, taste[0]):
            yield part.share, f"you like {taste[1]}"


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
        if said := _in_common(evidence, row, catalog):
            yield weight * 0.9, f"like {title} {said}"
            clear = True
    if not clear and len(evidence.likes) > MANY:
        many = f"your {len(evidence.likes):,} likes"
        yield weight, f"it fits {many}, most of all {join(list(titles.values()))}"
    elif not clear:
        yield weight, f"it fits {join(list(titles.values()))}"


def _in_common(evidence: Evidence, liked: int, catalog: Catalog) -> str:
    """What it shares with a liked item, besides what was asked for anyway; "" for nothing.

    People and series before kinds and tags: the same director says more than that both are dramas.
    """
    asked = " ".join(evidence.conditions)
    found: dict[Role, list[str]] = {}
    for path in evidence.shared:
        if path.liked != liked or path.value in asked:
            continue
        column = catalog.schema.column(path.column)
        if column.role in (Role.PEOPLE, Role.GROUP):
            name = column.label or column.name.replace("_", " ").removesuffix("s")
            return f"it has the {name} {path.value}"
        found.setdefault(column.role, []).append(plain(path.value))
    tags, kinds = (
        join(list(dict.fromkeys(found.get(role, ())))[:MOST_SHARED])
        for role in (Role.TAGS, Role.CATEGORIES)
    )
    said = [f"{kinds} too"] * bool(kinds) + [f"tagged {tags}"] * bool(tags)
    return "it is " + ", and ".join(said) if said else ""


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
