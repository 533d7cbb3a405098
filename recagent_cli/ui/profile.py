"""A profile for people: what is known, since when, and from where; readable at 80 columns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from recagent_catalogs.text import clean

from .render import cell_text, rows_table, texts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..memory.event_rows import StoredEvent
    from ..memory.tastes import Taste
    from ..profiles import Known, Origin, Profiles, Step

LATEST = 4
"""So many facts of a kind, and twice as many tastes, are shown without --all."""
SAID = {
    "liked": "you liked",
    "disliked": "you disliked",
    "never": "never again:",
    "rated": "you rated",
    "wanted": "on the watchlist:",
    "seen": "you have seen",
    "imported": "in your history:",
    "set": "you set",
    "accepted": "you took",
    "rejected": "you turned down",
    "said": "you asked for",
    "shown": "shown:",
    "paused": "paused",
}
"""A fact, up to what it is about."""


def fact_text(event: StoredEvent, profiles: Profiles) -> str:
    """`you liked Alien (1979)`."""
    if event.kind == "paused":
        return "paused" if event.value else "resumed"
    if event.kind == "wanted" and event.value == 0:
        return f"off the watchlist: {profiles.label(event)}"
    if event.kind in ("learned", "proposed"):
        told = f"you {_stance(event)} {profiles.label(event)}"
        return f"learned that {told}" if event.kind == "learned" else f"waiting: {told}?"
    to = " to" if event.kind == "set" else ""
    return f"{SAID[event.kind]} {profiles.label(event)}{to}{_points(event)}"


def _stance(event: StoredEvent) -> str:
    return "dislike" if (event.value or 0.0) < 0 else "like"


def weight_text(weight: float) -> str:
    """`+.80`, `−.35`."""
    sign = "−" if weight < 0 else "+"
    return sign + f"{abs(weight):.2f}".removeprefix("0")


def day_text(seconds: float) -> str:
    """`22 Nov 2026`, in local time."""
    return time.strftime("%d %b %Y", time.localtime(seconds)).lstrip("0")


def profile_renderables(
    profiles: Profiles,
    known: Sequence[Known],
    *,
    everything: bool,
    ascii_only: bool = False,
    hint: str = "recagent profile why N · set · undo N · forget N",
) -> Iterator[RenderableType]:
    """All that is known, by catalog, and at last what can be done with it."""
    from rich.text import Text

    paused = profiles.paused
    count = sum(len(one.facts) + len(one.pending) for one in known)
    state = "noting" if paused is None else f"paused since {day_text(paused)}: nothing is noted"
    head = Text(f"{profiles.name}", style="bold")
    head.append(f"  {count:,} {'fact' if count == 1 else 'facts'} · {state}", style="not bold")
    yield head
    if not known:
        yield Text("nothing is known yet", style="dim")
    for one in known:
        gone = "" if one.there else "  this catalog is not there any more: ids instead of titles"
        yield Text.assemble(("\n" + clean(one.catalog), "bold"), (gone, "dim"))
        yield from _tastes(one, profiles, everything, ascii_only)
        yield _groups(one, profiles, everything)
    if known:
        yield Text(f"\n{hint}", style="dim")


def _tastes(
    one: Known, profiles: Profiles, everything: bool, ascii_only: bool
) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from .theme import bar

    values = [taste for taste in one.tastes if taste.column or everything]
    values.sort(key=lambda taste: taste.stance == "expect")  # what was asked for lately: below
    shown = values if everything else values[: 2 * LATEST]
    if not shown:
        return
    by_id = {event.id: event for event in one.facts}
    table = Table.grid(padding=(0, 1))
    for justify in ("right", "left", "right", "left", "left"):
        table.add_column(justify=justify)
    for taste in shown:
        lately = taste.stance == "expect"
        full, empty = bar(abs(taste.weight), ascii_only=ascii_only)
        item = "" if taste.column else taste.value
        label = profiles.label_of(one.catalog, taste.column, taste.value, item)
        table.add_row(
            Text(f"  #{taste.events[-1]}" if taste.events else "", style="dim"),
            Text.assemble(full, (empty, "dim")),
            Text(weight_text(taste.weight)),
            Text(clean(f"{_stands(taste)} {label}"), style="dim" if lately else ""),
            Text(_since(taste, by_id), style="dim"),
        )
    yield table
    if len(values) > len(shown):
        yield Text(f"  and {len(values) - len(shown):,} more tastes: --all", style="dim")


STANCES = {"like": "likes", "dislike": "dislikes", "expect": "asks for"}


def _stands(taste: Taste) -> str:
    """`likes`, `dislikes`, `never`: what comes before the value."""
    return "never" if taste.forever else STANCES[taste.stance]


def _since(taste: Taste, by_id: dict[int, StoredEvent]) -> str:
    """When it was last said, from which facts, and what it was before."""
    parts = [day_text(taste.confirmed)]
    causes = [by_id[n].because for n in taste.events if n in by_id and by_id[n].because]
    if causes:
        parts.append("learned from " + " ".join(f"#{n}" for n in dict.fromkeys(causes)))
    elif len(taste.events) > 1:
        parts.append("from " + " ".join(f"#{n}" for n in taste.events[-LATEST:]))
    if was := _was(taste, by_id):
        parts.append(was)
    return " · ".join(parts)


def _was(taste: Taste, by_id: dict[int, StoredEvent]) -> str:
    """What was thought before: `was disliked (#3) until 3 Nov 2026`; "" where nothing else was."""
    was = [number for number in taste.against if number in by_id]
    if not was or taste.stance == "expect":
        return ""
    other = {"like": "disliked", "dislike": "liked"}[taste.stance]
    after = (by_id[n].time for n in taste.events if n in by_id)
    until = next((moment for moment in after if moment >= by_id[was[-1]].time), None)
    told = "" if until is None else f" until {day_text(until)}"
    return f"was {other} (#{was[-1]}){told}"


def _groups(one: Known, profiles: Profiles, everything: bool) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    by_id = {event.id: event for event in one.facts}
    items = [taste for taste in one.tastes if not taste.column]
    was = {taste.value: f" ({told})" for taste in items if (told := _was(taste, by_id))}
    for name, events in (*one.groups.items(), ("waiting", one.pending)):
        if not events:
            continue
        shown = events if everything else events[:LATEST]
        told = " · ".join(
            f"#{e.id} {_stance(e) + 's ' if e.kind == 'proposed' else ''}"
            f"{profiles.label(e)}{_points(e)}{was.get(e.item, '')}"
            for e in shown
        )
        more = f" · {len(events) - len(shown):,} more" if len(events) > len(shown) else ""
        cells = (f"  {name.replace('_', ' ')}", f"{len(events):,}", clean(told, 10**6) + more)
        table.add_row(*texts(*cells))
    batches: dict[str, list[StoredEvent]] = {}
    for event in one.facts:
        batches.setdefault(event.batch, []).append(event)
    imports = [f"{b} ({len(f):,} facts, {f[0].source})" for b, f in batches.items() if b]
    if imports:
        cells = ("  imports", f"{len(imports):,}", clean(" · ".join(imports), 2_000))
        table.add_row(*texts(*cells))
    if one.shown:
        table.add_row("  shown", Text(f"{one.shown:,}"), Text("in lists", style="dim"))
    return table


def _points(event: StoredEvent) -> str:
    if event.value is None or event.kind not in ("rated", "set"):
        return ""
    return " " + (cell_text(event.value) if event.kind == "rated" else weight_text(event.value))


def why_renderables(
    origin: Origin, profiles: Profiles, *, said: Callable[[str], str] = str
) -> Iterator[RenderableType]:
    """Where what is known of a target comes from, and how its weight came about.

    `said` words the commands in it for another screen than the shell.
    """
    from rich.table import Table
    from rich.text import Text

    target, taste = origin.target, origin.taste
    about = profiles.label_of(target.catalog, target.column, target.value, target.item)
    yield Text.assemble((clean(about), "bold"), (f"  {clean(target.catalog)}", "dim"))
    every = {event.id: event for event in profiles.events(undone=True)}
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for event in origin.facts:
        told = Text(clean(fact_text(event, profiles), 400))
        if event.undone:
            told.append("  (taken back: it counts no more)")
        for line in _origin(event, every, profiles):
            told.append("\n" + clean(said(line), 600), style="dim")
        table.add_row(Text(f"  #{event.id}"), told)
    if taste is not None:
        overruled = [number for number in taste.against if number in every]
        if overruled:
            others = ", ".join(f"#{n} {fact_text(every[n], profiles)}" for n in overruled)
            table.add_row("", Text(clean(f"overruled: {others}", 600)))
        weighed = Text(f"weight {weight_text(taste.weight)} ({_stands(taste)})")
        for line in weight_lines(origin.steps, taste, profiles.learning.eta):
            weighed.append("\n" + line, style="dim")
        table.add_row("", weighed)
    yield table


def _origin(event: StoredEvent, every: dict[int, StoredEvent], profiles: Profiles) -> Iterator[str]:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(event.time))
    said = bool(event.session and event.source) and event.kind not in ("learned", "proposed")
    words = f"“{event.source}”" if said else event.source
    turn = "" if event.turn is None else f"turn {event.turn} of "
    where = f" ({turn}session {event.session})" if event.session else ""
    yield when + (f", {words}" if words else "") + where
    if event.batch:
        yield f"came with {event.batch}; recagent profile undo --batch {event.batch}"
    if event.because:
        cause = every.get(event.because)
        told = fact_text(cause, profiles) if cause else "which is not there any more"
        yield f"learned from #{event.because}, {told}"
    for other in every.values():
        if other.because == event.id and not other.undone:
            yield f"#{other.id} came of it: {fact_text(other, profiles)}"


def weight_lines(steps: Sequence[Step], taste: Taste, eta: float) -> Iterator[str]:
    """The formula in numbers, `P + η·importance·(e − P)`, a line for each fact."""
    for step in steps:
        moved = eta * step.importance * (step.says - step.before)
        anew = eta * step.importance * step.says
        rate = f"{_plain(eta)}·{_plain(step.importance)}"
        if abs(step.before + moved - step.after) < 1e-9:
            gap = f"({_plain(step.says)} − {_bracketed(step.before)})"
            told = f"{_plain(step.before)} + {rate}·{gap} = {_plain(step.after)}"
        elif step.after == step.before:
            told = f"{_plain(step.before)} stays: what was learned overrules no word of yours"
        elif abs(anew - step.after) < 1e-9:
            told = (
                f"{_plain(step.before)} is overruled; "
                f"0 + {rate}·{_bracketed(step.says)} = {_plain(step.after)}"
            )
        else:
            told = f"is {_plain(step.after)}, whatever was before"
        yield f"#{step.fact}: {told}"
    if steps and abs(taste.weight - steps[-1].after) >= 0.005:
        days = taste.half_life_days
        span = f"{days:g} days" if days >= 2 else f"{24 * days:g} hours"
        yield f"now {_plain(taste.weight)}: it halves in {span}"


def _plain(value: float) -> str:
    """`.5`, `−1`, `0`."""
    text = f"{abs(value):.3f}".rstrip("0").rstrip(".")
    text = text.removeprefix("0") if text not in ("0", "") else "0"
    return f"−{text}" if value < 0 and text != "0" else text


def _bracketed(value: float) -> str:
    text = _plain(value)
    return f"({text})" if text.startswith("−") else text


def pending_table(waiting: Sequence[StoredEvent], profiles: Profiles) -> RenderableType:
    """What waits for the person's word, and what it was learned from."""
    every = {event.id: event for event in profiles.events(undone=True)}
    rows = []
    for event in waiting:
        cause = every.get(event.because)
        source = fact_text(cause, profiles) if cause else event.source
        would = f"you {_stance(event)} {profiles.label(event)}"
        rows.append([f"#{event.id}", would, source, event.catalog])
    return rows_table(["", "would count", "because", "catalog"], rows)
