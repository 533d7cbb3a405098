"""Refines drafts until they hold: by code, by the model, twice at most, else by the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recagent_catalogs.store import Item
from recagent_catalogs.text import clean
from recagent_tools.models.history import History

from ..critic import Fault, plain
from .aspects import Scene, faults_in
from .mend import mended
from .plan import Plan, plans

ROUNDS = 2
MAX_CHARS = 300


@dataclass(frozen=True)
class Task:
    """An explanation to be written anew: of what, as it was, what is wrong, what may be said."""

    item: Item
    text: str
    faults: tuple[Fault, ...]
    plan: Plan


Rewrite = Callable[[Sequence[Task]], Sequence[str]]
"""Asks a model for all of them at once; gives as many texts, or fewer where it fails."""


@dataclass(frozen=True)
class Explained:
    """How an explanation came about.

    Attributes:
        row: the item.
        style: "fit", "facts" or "short".
        source: whose words they are: "model" as it wrote them (perhaps when asked again), "mended"
            by code, or "template".
        text: as it is shown.
        faults: what was found wrong on the way.
        rounds: how often the model was asked again.
    """

    row: int
    style: str
    source: str
    text: str
    faults: tuple[Fault, ...] = ()
    rounds: int = 0

    def to_json(self, item: str) -> dict[str, Any]:
        """One entry of a turn's `explained`."""
        return {
            "item": item,
            "style": self.style,
            "source": self.source,
            "rounds": self.rounds,
            "faults": [fault.to_json() for fault in self.faults],
        }

    @property
    def was_wrong(self) -> bool:
        """Whether something untrue, or too much, was said; not merely too long or too little."""
        return any(f.aspect != "concise" and f.kind != "missing" for f in self.faults)


@dataclass
class _Draft:
    item: Item
    text: str
    faults: list[Fault]
    found: list[Fault] = field(default_factory=list)
    source: str = "model"
    rounds: int = 0


def explain(
    items: Sequence[Item],
    given: Mapping[int, str],
    scene: Scene,
    history: History,
    rewrite: Rewrite | None = None,
) -> tuple[Explained, ...]:
    """An explanation for every item, in the order of the items.

    Args:
        items: the list.
        given: drafts of a model, by row; items without one get the template's.
        scene: list, person and style.
        history: what is known of the person's taste.
        rewrite: asks the model again; None where there is none to ask.
    """
    made = plans(items, scene.request, scene.context, history, scene.style)
    drafts = [
        _Draft(item, clean(given[item.row], MAX_CHARS), [])
        for item in items
        if plain(given.get(item.row, "")).strip()
    ]
    _check(drafts, scene)
    for _ in range(ROUNDS):
        _by_code(drafts, made, scene)
        wrong = [draft for draft in drafts if draft.faults]
        if not wrong or rewrite is None or not _by_model(wrong, made, scene, rewrite):
            break
        _check(drafts, scene)
    _by_code(drafts, made, scene)
    by_row = {draft.item.row: draft for draft in drafts}
    return tuple(_explained(item, by_row.get(item.row), made[item.row], scene) for item in items)


def _check(drafts: Sequence[_Draft], scene: Scene) -> None:
    said: list[str] = []
    for draft in drafts:
        draft.faults = faults_in(draft.text, draft.item, scene, said)
        draft.found += draft.faults
        said.append(draft.text)


def _by_code(drafts: Sequence[_Draft], made: Mapping[int, Plan], scene: Scene) -> None:
    """Mend what code can: the rest stays as it is."""
    for draft in drafts:
        if not draft.faults:
            continue
        others = [d.text for d in drafts if d is not draft and not d.faults]
        text = mended(draft.text, draft.faults, made[draft.item.row])
        if text and not faults_in(text, draft.item, scene, others):
            draft.text, draft.faults, draft.source = text, [], "mended"


def _by_model(
    wrong: Sequence[_Draft], made: Mapping[int, Plan], scene: Scene, rewrite: Rewrite
) -> bool:
    """Ask once for all that failed; False where nothing came."""
    tasks = [Task(d.item, d.text, tuple(d.faults), made[d.item.row]) for d in wrong]
    texts = rewrite(tasks)
    for draft, text in zip(wrong, texts, strict=False):
        draft.text, draft.rounds = clean(text, MAX_CHARS), draft.rounds + 1
    return len(texts) > 0


def _explained(item: Item, draft: _Draft | None, plan: Plan, scene: Scene) -> Explained:
    if draft is None:
        return Explained(item.row, scene.style, "template", plan.draft())
    good = not draft.faults and bool(draft.text.strip())
    return Explained(
        item.row,
        scene.style,
        draft.source if good else "template",
        plain(draft.text) if good else plan.draft(),
        _once(draft.found),
        draft.rounds,
    )


def _once(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Each finding once, in the order in which they were found."""
    seen = {(fault.aspect, fault.kind, fault.told): fault for fault in reversed(faults)}
    kept = {id(fault) for fault in seen.values()}
    return tuple(fault for fault in faults if id(fault) in kept)
