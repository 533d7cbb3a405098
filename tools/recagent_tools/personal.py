"""What a person's own profile rules in and out, whatever is asked: one stage of the bus a rule.

* wanted: only what is on the watchlist, where that alone is meant.
* never: items that are never wanted again, in every list.
* never_value: values that are never wanted again (Horror), in every list but those of a set that
  the person chose, unless the person's own words of this turn name the value.
* seen: what was seen, unless that is asked for as well.
* recent: what other sessions showed of late, where a number of days is set.

A named user of the catalog's data has no profile here: none of this holds for their lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recagent_catalogs.errors import BadCondition, ToolError
from recagent_catalogs.interactions import Rows
from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.store import Catalog

from .conditions import evaluate, parse_condition
from .rowset import RowSet
from .stages import Recipe, Stage
from .together import rules_of
from .toolbox import Arguments, ProfileView, Tool, ToolContext, ToolResult

Rule = Literal["wanted", "never", "never_value", "seen", "recent"]
RULES: tuple[Rule, ...] = ("wanted", "never", "never_value", "seen", "recent")
ALWAYS: tuple[Rule, ...] = ("wanted", "never", "never_value")
"""Those to which there is no exception for want of anything else."""
CHOSEN = ("load", "union", "intersect", "among_shown")
"""Operations after which the candidates are a set that the person chose."""
NOTES: dict[Rule, str] = {
    "wanted": "on your watchlist",
    "never": "without what you never want",
    "never_value": "without what you never want",
    "seen": "not seen yet",
    "recent": "not shown of late",
}
"""What the funnel says of each rule."""
NOTES_TOGETHER: dict[Rule, str] = {
    "never": "without what one of you does not want",
    "seen": "not seen by any of you",
}
"""What it says of them where the list is for several people."""
ALL_SEEN = "you have seen all of these"
ALL_SEEN_BY_SOME = "each of these was seen by one of you"
ALL_SHOWN = "all of these were shown to you of late"
NO_WATCHLIST = "your watchlist is empty"
SEEN_TOO = "also what I have seen"


class PersonalArguments(Arguments):
    """Arguments of `personal`."""

    rule: Literal["", "wanted", "never", "never_value", "seen", "recent"] = ""
    """One of them; "" is all that hold."""
    column: str = Field(default="")
    value: str = Field(default="")
    """Of "never_value": this one alone, whatever the profile says."""


def personal(context: ToolContext, arguments: PersonalArguments) -> ToolResult:
    """Keep to what the person's profile rules in and out."""
    if arguments.column:
        _never_value(context, arguments.column, arguments.value)
    else:
        keep_to(context, [arguments.rule] if arguments.rule else RULES)
    return ToolResult(f"{len(context.bus):,} candidates: {context.bus.funnel()}")


def keep_to(context: ToolContext, rules: Sequence[Rule] = RULES) -> None:
    """Apply the rules that hold in this turn; one that drops nothing makes no stage."""
    if context.user is not None:
        return
    chosen = is_chosen(context.bus.path())
    for rule in rules:
        match rule:
            case "wanted" if context.only_wanted:
                _only_wanted(context)
            case "never":
                _drop(context, "never", rules_of(context).never)
            case "never_value" if not chosen:
                for column, value in context.profile.never_values:
                    _never_asked(context, column, value)
            case "seen" if not (context.seen_too or chosen):
                _drop(context, "seen", rules_of(context).seen)
            case "recent" if not chosen:
                _drop(context, "recent", context.profile.recent)


def before_ranking(context: ToolContext) -> None:
    """The rules for whoever ranks without having asked for them.

    Where nothing else is left, what was seen or shown of late stays, and that is said.
    """
    keep_to(context, ALWAYS)
    if context.user is not None:
        return
    rules: list[tuple[Rule, Sequence[int], str]] = []
    if not context.seen_too:
        all_seen = ALL_SEEN if context.company is None else ALL_SEEN_BY_SOME
        rules.append(("seen", rules_of(context).seen, all_seen))
    if not is_chosen(context.bus.path()):
        rules.append(("recent", context.profile.recent, ALL_SHOWN))
    for rule, rows, told in rules:
        gone = RowSet.of_rows([*map(int, rows)], context.bus.n_items)
        if (context.bus.candidates - gone).count:
            _drop(context, rule, rows)
        elif len(context.bus):
            context.notices.append(("limit", told))


def without_never(context: ToolContext, rows: Sequence[int]) -> list[int]:
    """Rows of a list that is shown again, without the items that are never wanted; that is said."""
    own = {*map(int, context.profile.never)} if context.user is None else set()
    never = {*map(int, rules_of(context).never)} if context.user is None else set()
    gone = [row for row in rows if row in never]
    for row in gone:
        if row not in own:
            told = f"left out: {context.catalog.label(row)}, which one of you does not want"
            context.notices.append(("limit", told))
            continue
        command = take_back(context.profile, "", context.catalog.ids([row])[0])
        more = f": {command}" if command else ""
        told = f"left out: {context.catalog.label(row)}, which you never want again{more}"
        context.notices.append(("limit", told))
    return [row for row in rows if row not in never]


def is_chosen(path: Iterable[Stage]) -> bool:
    """Whether the candidates are a set or list that the person chose."""
    return any(s.tool == "candidates" and s.arguments.get("op") in CHOSEN for s in path)


def rules_out(context: ToolContext) -> bool:
    """Whether a rule could drop anything."""
    profile = rules_of(context)
    some = profile.never or profile.never_values or profile.recent or context.only_wanted
    seen = profile.seen and not context.seen_too
    return context.user is None and bool(some or seen)


def asked_values(conditions: Iterable[str], catalog: Catalog) -> frozenset[tuple[str, str]]:
    """The values that conditions ask for by name, as ("column", "value")."""
    found: set[tuple[str, str]] = set()
    for text in conditions:
        try:
            condition = parse_condition(text, catalog)
        except BadCondition:
            continue
        if condition.operator in ("has", "="):
            found |= {(condition.column, str(value)) for value in condition.values}
    return frozenset(found)


def fill_watchlist(catalog: Catalog) -> str:
    """How something comes on the watchlist, with a title of this catalog."""
    best = int(np.argmax(catalog.popularity)) if len(catalog.popularity) else 0
    title = catalog.item(best).title
    return f'say "put {title} on my watchlist", or: recagent profile import'


def empty_watchlist(catalog: Catalog) -> str:
    """What is said where only the watchlist is meant and nothing is on it."""
    return f"Your watchlist is empty: {fill_watchlist(catalog)}."


def left_out_text(context: ToolContext, conditions: Iterable[str] = ()) -> str:
    """Why nothing is left that meets the conditions, where the person's own rules took all of it.

    "" where nothing meets them, or something of it went for another reason.
    """
    catalog, profile = context.catalog, context.profile
    mask = context.bus.everything.mask().copy()
    for text in conditions:
        mask &= evaluate(parse_condition(text, catalog), catalog)
    rows = np.flatnonzero(mask)
    counts = {rule: count for rule, count in _ruled_out(context, mask) if count}
    if not len(rows) or mask.any() or context.user is not None:
        return ""
    total, where = len(rows), ""
    if len(counts) > 1 and "wanted" in counts:  # what is not on the list was not meant
        total, where = total - counts.pop("wanted"), " on your watchlist"
    one = total == 1
    noun = catalog.schema.item if one else catalog.schema.items
    fit = f"{total:,} {noun}{where} that fit{'s' * one}"
    all_of = _all_of if context.company is None else _all_of_together
    said = all_of(next(iter(counts)), fit, one=one) if len(counts) == 1 else ""
    if not said:
        named = ", ".join(dict.fromkeys(value for _, value in profile.never_values))
        words = _BRIEFLY if context.company is None else {**_BRIEFLY, **_BRIEFLY_TOGETHER}
        told = ", ".join(f"{count:,} {words[rule]}" for rule, count in counts.items())
        kinds = f" ({named})" if "never_value" in counts else ""
        said = f"Of the {fit} none is left: {told}{kinds}."
    return f"{said}{_anyway(counts)}"


def _all_of_together(rule: Rule, fit: str, *, one: bool) -> str:
    """The same where any of several people may have ruled it out."""
    match rule:
        case "never":
            return f"One of you does not want the {fit}." if one else ""
        case "seen":
            return f"One of you has seen {'the' if one else 'each of the'} {fit}."
    return _all_of(rule, fit, one=one)


def _all_of(rule: Rule, fit: str, *, one: bool) -> str:
    """That one rule took all of it; "" where that needs more words."""
    match rule:
        case "wanted":
            return f"{f'The {fit} is not' if one else f'None of the {fit} is'} on your watchlist."
        case "never":
            return f"You never want {'' if one else 'any of '}the {fit}."
        case "seen":
            return f"You have seen {'the' if one else 'all'} {fit}."
        case "recent":
            return f"{f'The {fit} was' if one else f'All {fit} were'} shown to you of late."
    return ""


_BRIEFLY: dict[Rule, str] = {
    "wanted": "not on your watchlist",
    "never": "never wanted",
    "never_value": "of what you never want",
    "seen": "seen",
    "recent": "shown of late",
}


_BRIEFLY_TOGETHER: dict[Rule, str] = {
    "never": "not wanted by one of you",
    "seen": "seen by one of you",
}


def _anyway(counts: Iterable[Rule]) -> str:
    return f' Say "{SEEN_TOO}" to have those as well.' if "seen" in counts else ""


def _ruled_out(context: ToolContext, mask: NDArray[np.bool_]) -> Iterator[tuple[Rule, int]]:
    """How many of the items each rule takes in turn, which leave the mask."""
    profile, catalog = rules_of(context), context.catalog
    unwanted: set[int] = set()
    for column, value in profile.never_values:
        if (column, value) not in context.asked:
            unwanted |= set(rows_with(catalog, column, value).tolist())
    taken: dict[Rule, set[int]] = {"never": {*map(int, profile.never)}, "never_value": unwanted}
    if context.only_wanted:
        wanted = {*map(int, profile.wanted)}
        taken = {"wanted": set(range(len(mask))) - wanted, **taken}
    if not context.seen_too:
        taken["seen"] = {*map(int, profile.seen)}
    taken["recent"] = {*map(int, profile.recent)}
    for rule, rows in taken.items():
        gone = np.fromiter(rows, dtype=np.int64, count=len(rows))
        yield rule, int(mask[gone].sum())
        mask[gone] = False


def take_back(profile: ProfileView, column: str, value: str) -> str:
    """The command that takes a "never" back; "" where it is not known which one to name."""
    number = profile.never_by.get((column, value), 0)
    return f"recagent profile undo {number}" if number else ""


def _never_asked(context: ToolContext, column: str, value: str) -> None:
    """Drop a value, or say that it stays because it was asked for."""
    if (column, value) not in context.asked:
        _never_value(context, column, value)
        return
    command = take_back(context.profile, column, value)
    more = f"; to end it: {command}" if command else ""
    told = ("noted", f"you never want {value}, but you asked for it here{more}")
    if told not in context.notices:
        context.notices.append(told)


def _never_value(context: ToolContext, column: str, value: str) -> None:
    gone = rows_with(context.catalog, column, value)
    keep = RowSet.all(context.bus.n_items) - RowSet.of_rows(gone, context.bus.n_items)
    if (context.bus.candidates & keep).count < len(context.bus):
        told = {"rule": "never_value", "column": column, "value": value}
        context.bus.narrow("personal", told, keep, note=f"never {value}")


def rows_with(catalog: Catalog, column: str, value: str) -> Rows:
    """The items with a value, int32; none where the catalog has no such column or value."""
    found = next((c for c in catalog.schema.columns if c.name == column), None)
    if found is None or found.role not in WORD_ROLES:
        return np.zeros(0, dtype=np.int32)
    return np.asarray(catalog.words(column).rows_with(value), dtype=np.int32)


def _only_wanted(context: ToolContext) -> None:
    rows = RowSet.of_rows([*map(int, context.profile.wanted)], context.bus.n_items)
    if not rows.count:
        raise ToolError(NO_WATCHLIST, hint=fill_watchlist(context.catalog))
    if (context.bus.candidates & rows).count < len(context.bus):
        recipe = Recipe("intersect", rows.rows())
        told = {"rule": "wanted"}
        context.bus.narrow("personal", told, rows, note=NOTES["wanted"], recipe=recipe)


def _drop(context: ToolContext, rule: Rule, rows: Sequence[int]) -> None:
    gone = [int(row) for row in rows]
    if gone and (context.bus.candidates & RowSet.of_rows(gone, context.bus.n_items)).count:
        note = NOTES[rule] if context.company is None else NOTES_TOGETHER.get(rule, NOTES[rule])
        context.bus.drop("personal", {"rule": rule}, gone, note=note)


TOOLS = (
    Tool(
        "personal",
        "bus",
        "Keep to what the person never wants, has seen, was shown, or put on the watchlist.",
        PersonalArguments,
        personal,
        changes_bus=True,
        own=True,
    ),
)
