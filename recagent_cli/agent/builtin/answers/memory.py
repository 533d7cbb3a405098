"""What is said to words about memory: the true state, and the command that changes it."""

from __future__ import annotations

from collections.abc import Iterator

from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.text import fold
from recagent_tools.references import SURE_SCORE
from recagent_tools.toolbox import ToolContext

from ..dialogue.about_memory import MemoryAct

SHOW = "recagent profile show"
_STATES = {
    "noted": "What you tell me of yourself is noted in your profile, in a file on this computer. "
    "To stop that: recagent profile pause; for a talk of which nothing is kept: "
    "recagent chat --incognito.",
    "paused": "Your profile is paused: nothing is noted, what was known is still used. "
    "To go on: recagent profile resume.",
    "incognito": "This is incognito: nothing is known of you here, and nothing is kept.",
}
"""By what happens to what is said: `ToolContext.noting`."""
MOST_NAMED = 3


def memory_answer(act: MemoryAct, context: ToolContext) -> str:
    """The answer to words about memory; it changes nothing, and says so where that was asked."""
    state = _STATES[context.noting]
    if context.noting == "incognito" and act.kind != "state":
        return f"{state} Your profile itself stays as it is."
    match act.kind:
        case "state":
            return f"{state} What is known: {SHOW}." if context.noting == "noted" else state
        case "stop":
            return (
                state.replace("is noted", "is still noted", 1)
                if context.noting == "noted"
                else state
            )
        case "resume":
            return state
        case "forget_all":
            return (
                f"Nothing was removed yet. To remove all that is known of you for good: recagent "
                f"profile forget --all; only to see it: {SHOW}."
            )
        case "watchlist":
            return _watchlist(context)
        case "forget_last":
            return (
                f"Nothing was taken back yet. What is noted of you, with its numbers: {SHOW}; "
                f"recagent profile undo takes the newest back, recagent profile undo N any other."
            )
    return _of_that(act, context)


def _watchlist(context: ToolContext) -> str:
    count = len(context.profile.wanted)
    if not count:
        return "Your watchlist is empty."
    title = context.catalog.item(int(context.profile.wanted[0])).title
    return (
        f"Your watchlist stays: {count:,} {_noun(context, count)}. "
        f'To take one off: "take {title} off my watchlist".'
    )


def _noun(context: ToolContext, count: int) -> str:
    schema = context.catalog.schema
    return schema.item if count == 1 else schema.items


def _of_that(act: MemoryAct, context: ToolContext) -> str:
    """What is known of that, and how it is looked up or removed."""
    what = act.what
    if not what:
        return f"From your own words: {SHOW} tells what is known, recagent profile why N whence."
    known = dict.fromkeys(_known(what, context))
    if not known:
        return (
            f"Nothing is noted of you about {_called(what, context)}, and nothing was noted now. "
            f"What is known: {SHOW}."
        )
    if len(known) > MOST_NAMED:
        return f"That may be several. What is known, with its numbers: {SHOW}."
    said = "; ".join(f"{name}: {verdict}" for name, verdict in known)
    names = dict.fromkeys(name for name, _ in known)
    if act.kind in ("known", "why"):
        commands = [f'recagent profile why "{name}"' for name in names]
        return f"Noted: {said}. Where that comes from: {' or '.join(commands)}."
    commands = [f'recagent profile forget "{name}"' for name in names]
    return f"Noted still, {said}. To remove it for good: {' or '.join(commands)}."


def _called(what: str, context: ToolContext) -> str:
    rows = _rows(what, context)
    return context.catalog.label(rows[0]) if rows else f"“{what}”"


def _rows(what: str, context: ToolContext) -> list[int]:
    number = what.removeprefix("number ").lstrip("#")
    if number.isascii() and number.isdigit() and 0 < int(number[:9]) <= len(context.shown):
        return [int(context.shown[int(number) - 1])]
    words, catalog, profile = set(fold(what).split()), context.catalog, context.profile
    held = (profile.liked, profile.disliked, profile.never, profile.wanted, profile.seen)
    own = {int(row) for rows in held for row in rows}
    if named := [row for row in own if words <= set(fold(catalog.label(row)).split())]:
        return named  # "Stardew" of somebody who likes Stardew Valley
    matches = context.catalog.titles.find(what, limit=8, cutoff=SURE_SCORE)
    return [match.row for match in matches if match.score == matches[0].score]


def _known(what: str, context: ToolContext) -> Iterator[tuple[str, str]]:
    """What is known of it, as (name, verdict); of an item and of values of its name."""
    profile, catalog = context.profile, context.catalog
    rows = set(_rows(what, context))
    verdicts = (
        ("never wanted again", profile.never),
        ("liked", profile.liked),
        ("disliked", profile.disliked),
        ("on your watchlist", profile.wanted),
        ("seen", profile.seen),
    )
    told: set[int] = set()
    for verdict, held in verdicts:
        for row in map(int, held):
            if row in rows and row not in told:
                told.add(row)
                yield catalog.label(row), verdict
    pairs = {
        (column.name, str(catalog.words(column.name).value(code)))
        for column in catalog.schema.with_role(*WORD_ROLES)
        for word in (what, what.removesuffix(" films"), what.removesuffix(" movies"))
        if (known := catalog.words(column.name).resolve(word)) is not None
        and (code := catalog.words(column.name).code_of(fold(known))) is not None
    }
    for column, value in profile.never_values:
        if (column, value) in pairs:
            yield value, "never wanted again"
    for column, value, weight in profile.wishes:
        if (column, value) in pairs and weight:
            yield value, "liked" if weight > 0 else "disliked"
