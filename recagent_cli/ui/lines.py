"""Quiet lines: what a tool did, in words of the catalog, with counts and time; what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.text import TEXT_CAP, clean

from . import theme

if TYPE_CHECKING:
    from rich.text import Text

    from recagent_catalogs.store import Catalog

    from ..agent.events import ToolFinished
    from ..agent.usage import Spent, Usage

NAME = 10
"""Cells for the name of a tool; longer ones push the rest to the right."""
COUNTS = 17
TIME = 9
WIDEST = 100
NARROW = 56
"""Below so many columns no time is told."""
MOST_NAMED = 3
ENDS = ("present", "ask_person")
"""What these do is seen at once; their lines are for those who want every call."""


def tool_line(event: ToolFinished, catalog: Catalog, width: int, *, plain: bool = False) -> Text:
    """One dim line: `filter  Sci-Fi, 1990-1999   9,742 → 137   4 ms`; yellow where it failed.

    Args:
        event: the call that ended.
        catalog: whose titles and conditions are named.
        width: columns of the screen.
        plain: as a sentence without columns.
    """
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    style = "yellow" if event.error else theme.QUIET
    name, told = clean(event.tool, 40).replace("_", " "), told_of(event, catalog)
    counts, time = _counts(event), _time(event.ms)
    if plain:
        counts = counts.replace("→", "to")
        return Text(", ".join(part for part in (f"{name}: {told}", counts, time) if part), style)
    time = time if width >= NARROW else ""
    columns = f"{counts:>{COUNTS}}" if width >= NARROW else f"  {counts}"
    columns += f"{time:>{TIME}}" if time else ""
    room = max(0, min(width, WIDEST) - 2 - max(NAME, len(name) + 2) - cell_len(columns) - 1)
    if cell_len(told) > room:
        told = set_cell_size(told, max(0, room - 1)).rstrip() + "…" if room > 1 else ""
    told += " " * (room - cell_len(told))
    return Text(f"  {name:<{NAME - 2}}  {told}{columns}".rstrip(), style, overflow="crop")


def is_quiet(event: ToolFinished) -> bool:
    """Whether only those want its line who want every call."""
    started = event.tool == "candidates" and event.before == event.after
    return not event.error and (event.tool in ENDS or started)


def told_of(event: ToolFinished, catalog: Catalog) -> str:
    """What a call was about, in few words; of a failed one why it failed."""
    if event.error:
        return clean(event.text.removeprefix("error: "), 200)
    arguments = event.arguments
    match event.tool:
        case "filter":
            return ", ".join(_condition(text, catalog) for text in _texts(arguments, "where"))
        case "similar":
            liked, unlike = (_titles(_texts(arguments, n), catalog) for n in ("liked", "unlike"))
            both = (f"like {liked}" if liked else "", f"unlike {unlike}" if unlike else "")
            return " · ".join(part for part in both if part)
        case "for_user":
            return "what fits you"
        case "user_info":
            return "what is known of you"
        case "popular":
            return "of late" if arguments.get("window") == "recent" else "of all times"
        case "rank":
            return _ranking(arguments)
        case "look_up":
            return clean(" ".join(str(arguments.get("sql", "")).split()), 200)
        case "present":
            return _titles(_texts(arguments, "items"), catalog)
        case "remember":
            return (
                f"{clean(arguments.get('kind', ''))} {_titles(_texts(arguments, 'items'), catalog)}"
            )
    return _any(arguments, catalog)


def _condition(text: str, catalog: Catalog) -> str:
    from recagent_tools.conditions import parse_condition, short

    try:
        return clean(short(parse_condition(text, catalog), catalog.schema))
    except RecagentError:
        return clean(text)


def _texts(arguments: dict[str, Any], name: str) -> list[str]:
    """A list of texts among a model's arguments, whatever it gave."""
    given = arguments.get(name) or []
    texts = given if isinstance(given, list | tuple) else [given]
    return [str(one)[:TEXT_CAP] for one in texts]


def _titles(names: Sequence[str], catalog: Catalog) -> str:
    """Items by title, whether named so or by id."""
    rows = [catalog.row_of(name) for name in names[:MOST_NAMED]]
    told = [
        clean(name if row is None else catalog.item(row).title, 60)
        for name, row in zip(names, rows, strict=False)
    ]
    more = len(names) - len(told)
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def _ranking(arguments: dict[str, Any]) -> str:
    by = clean(arguments.get("by", "fit"))
    weights = [
        clean(text).replace("=0.", "=.").replace("=", " ") for text in _texts(arguments, "weights")
    ]
    limits = [f"{clean(text).replace('=', ' at most ')}" for text in _texts(arguments, "at_most")]
    return ", ".join([f"by {by}", *weights, *limits])


def _any(arguments: dict[str, Any], catalog: Catalog) -> str:
    """The arguments of a tool that is not known here."""
    told = []
    for name, value in arguments.items():
        if value in ("", [], 0, None, False):
            continue
        if name in ("items", "item"):
            told.append(_titles(_texts(arguments, name), catalog))
        elif name in ("op", "name", "text"):
            told.append(clean(value, 80))
        else:
            told.append(f"{clean(name)} {clean(value, 80)}")
    return " ".join(told)


def _counts(event: ToolFinished) -> str:
    """`9,742 → 137`; the number alone where it stayed, nothing where nothing was narrowed."""
    if event.before != event.after:
        return f"{event.before:,} → {event.after:,}"
    return f"{event.after:,}" if event.tool in ("rank", "filter", "similar", "for_user") else ""


def _time(ms: float) -> str:
    if ms < 1:
        return "<1 ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def usage_line(usage: Usage) -> str:
    """`gpt-4.1-mini · 3 calls · 2,100 + 160 tokens (1,500 cached) · $0.0021`."""
    told = (clean(usage.model), _number(usage.calls, "call"), tokens_told(usage))
    return " · ".join((*told, cost_told(usage.cost_usd)))


def spent_line(spent: Spent) -> str:
    """`2 answers · 3 calls · 1,500 + 100 tokens · at least $0.0010 (1 of 2 answers unknown)`."""
    told = (_number(spent.answers, "answer"), _number(spent.calls, "call"), tokens_told(spent))
    cost = cost_told(spent.cost_usd)
    if spent.cost_usd is None and spent.cost_at_least_usd is not None:
        unknown = f"{spent.cost_unknown:,} of {_number(spent.answers, 'answer')} unknown"
        cost = f"at least {cost_told(spent.cost_at_least_usd)} ({unknown})"
    return " · ".join((*told, cost))


def tokens_told(told: Usage | Spent) -> str:
    """Tokens of the prompts and of the answers, and those that came from a provider's cache."""
    if told.prompt_tokens is None or told.completion_tokens is None:
        return "tokens unknown"
    cached = f" ({told.cached_tokens:,} cached)" if told.cached_tokens else ""
    return f"{told.prompt_tokens:,} + {told.completion_tokens:,} tokens{cached}"


def cost_told(cost: float | None) -> str:
    """Dollars with four digits behind the point; never zeros only."""
    if cost is None:
        return "cost unknown"
    return f"${cost:.4f}" if cost >= 0.00005 else "less than $0.0001"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + "s" * (count != 1)
