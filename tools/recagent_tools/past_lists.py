"""A list that was shown, looked at again with the candidates, likes and wishes it was made from."""

from __future__ import annotations

from dataclasses import replace

from .toolbox import ToolContext


def at_list(context: ToolContext, number: int) -> ToolContext:
    """The context as it was when the list of that number was made.

    The profile is the present one: what was learnt of the person since then is in it. The bus is
    a copy that stands there.

    Raises:
        ToolError: there is no such list.
    """
    shown = context.bus.list_at(number)
    made_for = context.made_for(shown.number)
    return replace(
        context,
        bus=context.bus.at_list(number),
        user=made_for.user,
        company=None if made_for.together is None else context.open_company(made_for.together),
        shown=shown.rows,
        liked=list(made_for.liked),
        disliked=list(made_for.disliked),
        wishes=list(made_for.wishes),
        presented=list(shown.rows),
        reasons={},
        remembered=[],
        stated=[],
        notices=[],
    )


def list_of(row: int, context: ToolContext) -> int:
    """Number of the list that shows the item: the one that stands, else the last; 0 for none."""
    lists = context.bus.lists
    standing = [lists[context.bus.standing - 1]] if context.bus.standing else []
    for shown in (*standing, *reversed(lists)):
        if row in shown.rows:
            return shown.number
    return 0
