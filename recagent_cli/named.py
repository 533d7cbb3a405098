"""What a person named, looked up in the catalog, or an error that says what there is."""

from __future__ import annotations

from collections.abc import Sequence

from recagent_catalogs.errors import BadInput, NotFound, ToolError
from recagent_catalogs.store import Catalog
from recagent_tools.rank import parse_weights
from recagent_tools.references import resolve
from recagent_tools.toolbox import ToolContext


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
    number = text.removeprefix("#")
    if number.isdigit() and int(number) <= len(context.shown):
        text = f"#{number}"
    elif number.isdigit() and context.catalog.row_of(text) not in context.shown:
        raise NotFound(f"{text}: the list has {len(context.shown)} items")
    return resolve_title(text, context)


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
