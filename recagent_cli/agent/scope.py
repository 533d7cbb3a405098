"""What of a request the rules of the person's own profile have to know."""

from __future__ import annotations

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.personal import asked_values
from recagent_tools.toolbox import ToolContext

from .request import Request


def set_scope(context: ToolContext, request: Request | None) -> None:
    """Tell a context what the request says of the watchlist, of the seen, and of values by name."""
    context.seen_too = request is not None and request.seen_too
    context.only_wanted = request is not None and request.wanted
    context.asked = frozenset() if request is None else asked_in(request, context.catalog)


def asked_in(request: Request, catalog: Catalog) -> frozenset[tuple[str, str]]:
    """The values that the person's own words name, as ("column", "value").

    Conditions ask by name; of a mood ("spooky") that was read as a value only where it is named.
    """
    wished = (
        (column, value)
        for wish in request.wishes
        for column, value in wish.values
        if wish.weight > 0 and fold(value) in fold(wish.text)
    )
    return asked_values(request.conditions, catalog) | frozenset(wished)
