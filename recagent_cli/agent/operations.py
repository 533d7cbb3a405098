"""Operations on lists and sets that are typed as commands: checked, and told as they are typed."""

from __future__ import annotations

from collections.abc import Sequence

from recagent_catalogs.errors import BadCondition, BadInput, NotFound, ToolError
from recagent_catalogs.text import fold
from recagent_tools.candidates import find_set, find_source, set_name
from recagent_tools.conditions import parse_condition
from recagent_tools.references import resolve
from recagent_tools.toolbox import ToolContext

from .request import Operation


def check(operations: Sequence[Operation], context: ToolContext) -> None:
    """See that what the operations name is there.

    Raises:
        NotFound: there is no such set or list, or nothing to undo.
        BadInput: a set is not named where one must be.
    """
    made: set[str] = set()
    for kind, places in (("undo", context.bus.done), ("redo", context.bus.undone)):
        if operations and operations[0].op == kind and not places:
            raise NotFound(f"nothing to {kind}")
    for op in operations:
        try:
            _check(op, context, made)
        except ToolError as error:
            raise NotFound(error.message, hint=error.hint) from error
        if op.op == "save":
            made.add(fold(op.name.strip()))


def _check(op: Operation, context: ToolContext, made: set[str]) -> None:
    bus, name = context.bus, op.name.strip()
    needs_name = op.op in ("save", "load", "forget", "union", "minus", "intersect")
    if needs_name and not name and not (op.number and op.op not in ("save", "forget")):
        raise BadInput(f"{op.op}: give the set a name")
    if op.op == "save":
        try:
            set_name(name)
        except ToolError as error:
            raise BadInput(error.message, hint=error.hint) from error
    if op.op == "list":
        bus.list_at(op.number)
    elif op.op == "forget" and find_set(bus, name) is None and fold(name) not in made:
        known = ", ".join(sorted(bus.saved)) or "none yet"
        raise NotFound(f"no set called {name!r}", hint=f"sets: {known}")
    elif op.op not in ("save", "forget") and name and fold(name) not in made:
        find_source(bus, name)


def conditions(where: Sequence[str], context: ToolContext) -> tuple[str, ...]:
    """Conditions as they are kept.

    Raises:
        BadInput: one is wrong.
    """
    try:
        return tuple(str(parse_condition(text, context.catalog)) for text in where)
    except BadCondition as error:
        raise BadInput(error.message, hint=error.hint) from error


def rows_of(items: Sequence[str], context: ToolContext) -> tuple[int, ...]:
    """Rows of ids, titles, or "#2" of the list that stands, each once.

    Raises:
        NotFound: nothing is called so.
    """
    try:
        return tuple(dict.fromkeys(resolve(item, context) for item in items))
    except ToolError as error:
        raise NotFound(error.message, hint=error.hint) from error


def see_among(rows: Sequence[int], context: ToolContext) -> None:
    """See that items to be left out are there to be left out.

    Raises:
        NotFound: one is no candidate and not in the list.
    """
    now = context.bus.candidates
    strange = [row for row in rows if row not in now and row not in context.shown]
    if strange:
        verb = "is" if len(strange) == 1 else "are"
        labels = ", ".join(context.catalog.label(row) for row in strange)
        raise NotFound(f"{labels} {verb} not among them")


def utterance_of(
    operations: Sequence[Operation], dropped: Sequence[str] = (), where: Sequence[str] = ()
) -> str:
    """What is done, as it is typed in the chat: `/undo`, `/drop Heat (1995)`."""
    typed = [_typed(op) for op in operations]
    typed += [f"/drop {'; '.join(dropped)}"] if dropped else []
    typed += [f"/filter {'; '.join(where)}"] if where else []
    return " ".join(typed)


def _typed(op: Operation) -> str:
    told = [f"/{op.op}", op.name, str(op.number) if op.number else "", "--all" if op.all else ""]
    return " ".join(part for part in told if part)
