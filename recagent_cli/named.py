"""What a person named, looked up in the catalog, or an error that says what there is."""

from __future__ import annotations

from collections.abc import Sequence

from recagent_catalogs.errors import BadInput, NotFound, ToolError
from recagent_catalogs.store import Catalog
from recagent_tools.dialogue import MAX_SHOWN
from recagent_tools.rank import parse_weights
from recagent_tools.references import SURE_SCORE, resolve
from recagent_tools.toolbox import ToolContext

DIGITS = 9
"""A number that a person types has no more."""


def resolve_title(reference: str, context: ToolContext) -> int:
    """The row that a person's words mean.

    Raises:
        NotFound: nothing is called so; the hint names the nearest titles.
    """
    try:
        return resolve(reference, context)
    except ToolError as error:
        raise NotFound(error.message, hint=error.hint) from error


def resolve_shown(reference: str, context: ToolContext) -> int:
    """The row that a person's words mean, where a bare number is a place in the list shown.

    Raises:
        NotFound: nothing is called so, or the list is shorter.
    """
    text = reference.strip()
    number = whole_number(text.removeprefix("#"))
    if number is not None and number <= len(context.shown):
        text = f"#{number}"
    elif number is not None and context.catalog.row_of(text) not in context.shown:
        called = [match.row for match in context.catalog.titles.find(text, cutoff=SURE_SCORE)]
        for row in called:
            if row in context.shown:
                return row
        raise NotFound(f"{text}: {counted(context)}")
    return resolve_title(text, context)


def is_place(reference: str) -> bool:
    """Whether a reference is a number small enough to mean a place in a list: "2", "#2"."""
    number = whole_number(reference.strip().removeprefix("#").strip())
    return number is not None and 0 < number <= MAX_SHOWN


def whole_number(text: str) -> int | None:
    """The number that a few plain digits are; None for anything else, as `²` or a thousand of them.

    What is a digit to Python is not always a number to it.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def resolve_compared(reference: str, context: ToolContext) -> int:
    """The row that a person's words mean; a small number is a place in the list, if there is one.

    Raises:
        NotFound: nothing is called so, or the list is shorter.
    """
    if is_place(reference) and context.shown:
        number = reference.strip().removeprefix("#").strip()
        if int(number) <= len(context.shown):
            return resolve_title(f"#{number}", context)
        known = context.catalog.row_of(number) is not None
        if known or not context.catalog.titles.find(number, limit=1, cutoff=SURE_SCORE):
            hint = f"id:{number} means the item of that id" if known else ""
            raise NotFound(f"{number}: {counted(context)}", hint=hint)
    return resolve_title(reference, context)


def counted(context: ToolContext) -> str:
    """`the list has 1 item`."""
    count = len(context.shown)
    return f"the list has {count:,} {'item' if count == 1 else 'items'}"


def own_weights(texts: Sequence[str]) -> dict[str, float]:
    """Weights as a person gave them.

    Raises:
        BadInput: an unknown aspect, no number, out of range.
    """
    try:
        return parse_weights(texts)
    except ToolError as error:
        raise BadInput(f"weight: {error.message}", hint=error.hint) from error


def user_index(user: str | None, catalog: Catalog) -> int | None:
    """The index of a user of the catalog's data; None for nobody.

    Raises:
        NotFound: there is none of that id.
    """
    if user is None:
        return None
    index = catalog.user_index(user)
    if index is None:
        known = (
            f"it has {catalog.n_users:,} users, the first is {catalog.user_id(0)!r}"
            if catalog.n_users
            else "it has no users"
        )
        raise NotFound(f"no user {user!r} in the catalog {catalog.name}", hint=known)
    return index
