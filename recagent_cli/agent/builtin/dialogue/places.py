"""Requests of turns that speak of lists and sets, and what later turns build on after them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from recagent_catalogs.store import Catalog

from ...brain import PastTurn
from ...request import MAKING, Intent, Mention, Request
from ..meaning.reading import Reading
from ..readers.places import Placed
from ..readers.trail import trail_of, turn_of
from ..words.tokens import Text
from .state import EMPTY, carried

_MAKES_A_NEW_ONE = frozenset(("load", "union"))
"""After these what was asked before no longer holds of the candidates."""
Read = Callable[[str, Sequence[PastTurn], Sequence[int]], Request]


def standing_after(placed: Placed, history: Sequence[PastTurn]) -> PastTurn | None:
    """The turn whose list stands after steps back and forth; None where that is not known."""
    turns = list(history)
    for operation in placed.operations:
        trail = trail_of(turns)
        number = {
            "undo": trail.before,
            "redo": trail.after,
            "list": trail.last if operation.number == -1 else operation.number,
        }.get(operation.op)
        if number is None:
            continue
        found = turn_of(number, turns)
        if found is None:
            return None
        turns.append(replace(found, number=number))
    return turns[-1] if len(turns) > len(history) else None


def request_of_places(
    placed: Placed,
    history: Sequence[PastTurn],
    shown: Sequence[int],
    before: Request,
    catalog: Catalog,
    read: Read,
) -> Request:
    """The request of a turn with operations, with leavings out, and with what else it says.

    Args:
        placed: what was said to lists and sets.
        history: earlier turns, oldest first.
        shown: rows of the list that stands.
        before: the request that held before.
        catalog: whose items these are.
        read: reads the rest of the turn: text, history, rows shown.
    """
    ops = placed.operations
    moved = standing_after(placed, history)
    if moved is not None:
        before, shown = moved.request or before, moved.shown
        history = [*history, replace(moved, options=())]
    if any(op.op in _MAKES_A_NEW_ONE for op in ops):
        before = Request(Intent.REFINE, seen=before.seen, count=before.count)
    if placed.dropped:
        if history and not history[-1].shown and (stands := turn_of(history[-1].number, history)):
            before = based(stands.request or before, stands)  # what came after it left nothing
        before = _without(before, placed, history, catalog)
    elif placed.beyond:
        noun = catalog.schema.items if len(shown) != 1 else catalog.schema.item
        told = f"The list has {len(shown)} {noun}."
        return replace(carried(before, Intent.CHIT_CHAT), clarify=told, operations=ops)
    if placed.rest:
        as_said = PastTurn("", history[-1].text if history else "", tuple(shown), before)
        number = history[-1].number if history else 0
        request = read(placed.rest, [*history, replace(as_said, number=number)], shown)
        return replace(request, operations=(*ops, *request.operations))
    if placed.dropped:
        return replace(before, operations=ops)
    return replace(carried(before, Intent.CHIT_CHAT), operations=ops)


_LEFT_OUT = re.compile(
    r"(?:(?:please|but|and|ok|okay|now|then|these|those|them|this list|the same|all|everything) )*"
    r"(?:without|except(?: for)?|excluding|minus|but not|leave out|take out|omit|exclude|remove)\b"
)


def left_out(
    text: Text,
    reading: Reading,
    request: Request,
    history: Sequence[PastTurn],
    catalog: Catalog,
) -> tuple[int, ...]:
    """Rows that are only to be left out of the list that stands: "without Heat".

    That is no verdict on the rest of the list, which therefore stays.
    """
    standing = history[-1].number if history else 0
    if not standing or request.intent is not Intent.FEEDBACK or not _LEFT_OUT.match(text.joined):
        return ()
    if reading.liked or reading.conditions or reading.question is not None or reading.seen:
        return ()
    ids = [mention.id for mention in reading.disliked if mention.id is not None]
    rows = [row for row in map(catalog.row_of, ids) if row is not None]
    return tuple(rows) if len(rows) == len(reading.disliked) else ()


def _without(
    before: Request, placed: Placed, history: Sequence[PastTurn], catalog: Catalog
) -> Request:
    """The request with items of its list left out; no verdict on them."""
    ids = catalog.ids(list(placed.dropped))
    labels = [catalog.label(row) for row in placed.dropped]
    gone = [Mention(label, id, label) for label, id in zip(labels, ids, strict=True)]
    known = {mention.id for mention in before.disliked}
    number = history[-1].number if history else 0
    return replace(
        carried(before, Intent.REFINE),
        liked=tuple(m for m in before.liked if m.id not in ids),
        disliked=(*before.disliked, *(m for m in gone if m.id not in known)),
        base=number or before.base,
    )


def based(request: Request, turn: PastTurn) -> Request:
    """The request of a turn as later ones build on it: after a set, on the candidates it left."""
    made = any(op.op in MAKING for op in request.operations)
    base = turn.number if made and turn.number else request.base
    return replace(request, operations=(), base=base) if request.operations else request


def came_to_nothing(turn: PastTurn) -> bool:
    """Whether sets were to be joined or a list narrowed, and nothing was left.

    Such a turn leaves all as it was. One that ended with a question stands, to be answered.
    """
    request = turn.request
    if request is None or turn.shown or turn.options:
        return False
    narrowed = request.among or bool(request.base)
    return any(op.op in MAKING for op in request.operations) or (
        narrowed and request.intent in (Intent.RECOMMEND, Intent.REFINE, Intent.MORE)
    )


def rebased(request: Request, history: Sequence[PastTurn]) -> Request:
    """Back to the whole catalog, where what the base was narrowed by is wanted otherwise now."""
    if not request.base:
        return request
    turn = turn_of(request.base, history)
    of_base = EMPTY if turn is None or turn.request is None else turn.request
    if set(of_base.conditions) <= set(request.conditions):
        return request
    return replace(request, base=0)
