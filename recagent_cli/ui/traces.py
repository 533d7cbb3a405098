"""Traces for people: a list of them, one as a timeline, and how it came out again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recagent_catalogs.text import clean

from .lines import cost_told, tool_line, usage_line
from .recap import when_told

if TYPE_CHECKING:
    from rich.console import RenderableType

    from recagent_catalogs.store import Catalog

    from ..agent.tracing import Trace
    from ..agent.usage import Usage
    from ..replays import Replay

CHARS = 40
"""Of an utterance in a list."""
USUAL = ("", "stop", "tool_calls")
"""Words of providers for an answer that ended by itself."""
TIME = 7
"""Cells for the time of an event."""
OUTCOMES = {
    "same": "same",
    "counts": "other counts",
    "items": "other items",
    "error": "other error",
    "result": "other result",
    "not repeated": "not repeated",
}


def trace_heads(traces: Sequence[Trace]) -> list[dict[str, Any]]:
    """What a list of traces tells of each."""
    heads = []
    for trace in traces:
        usage = usage_of(trace)
        tokens = None
        if usage and usage.prompt_tokens is not None and usage.completion_tokens is not None:
            tokens = usage.prompt_tokens + usage.completion_tokens
        told = {name: trace.head[name] for name in ("id", "time", "session", "turn", "catalog")}
        told |= {
            "brain": trace.brain,
            "calls": len(trace.calls),
            "model_calls": trace.models,
            "tokens": tokens,
            "cost_usd": usage.cost_usd if usage else None,
            "ms": trace.end["ms"],
            "cut": trace.end["cut"],
            "kept": trace.kept,
            "utterance": trace.utterance,
        }
        heads.append(told)
    return heads


def traces_table(traces: Sequence[Trace], now: float) -> RenderableType:
    """The traces of a profile, a line each; a star stands at those that are demonstrations."""
    from .render import rows_table

    heads = trace_heads(traces)
    with_tokens = any(head["tokens"] is not None for head in heads)
    several = len({head["catalog"] for head in heads}) > 1
    rows = []
    for trace, head in zip(traces, heads, strict=True):
        rows.append(
            [
                f"{head['id']}{'*' if head['kept'] else ''}",
                when_told(float(trace.head["began"]), now),
                *([clean(str(head["catalog"]), 40)] if several else []),
                clean(str(head["brain"]), 18),
                head["calls"],
                *([head["tokens"]] if with_tokens else []),
                round(head["ms"]),
                clean(trace.utterance, CHARS),
            ]
        )
    catalog, tokens = (["catalog"] if several else []), (["tokens"] if with_tokens else [])
    return rows_table(["id", "when", *catalog, "brain", "calls", *tokens, "ms", "asked"], rows)


def timeline(trace: Trace, catalog: Catalog | None, width: int) -> Iterator[RenderableType]:
    """A turn as it went: when, what was done, what it left; the answer last.

    Args:
        trace: the turn.
        catalog: whose titles are named; None where it is not there any more.
        width: columns.
    """
    from rich.table import Table
    from rich.text import Text

    head = trace.head
    kept = ["demonstration"] if trace.kept else []
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(head["began"])))
    yield Text(" · ".join((f"trace {trace.id}", when, clean(str(head["catalog"])), *kept)))
    session = clean(str(head["session"]), 60)
    yield Text(f"session {session}, turn {head['turn']} · {clean(trace.brain)}", "dim")
    yield Text(f"> {clean(trace.utterance, 1_000)}", "bold")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=TIME, justify="right", style="dim")
    grid.add_column()
    for told in trace.events:
        for at, line in _event(told, catalog, max(20, width - TIME - 1)):
            grid.add_row(at, line)
    yield grid
    yield from _answer(trace.end)


def _event(
    told: Mapping[str, Any], catalog: Catalog | None, width: int
) -> Iterator[tuple[str, RenderableType]]:
    """The time of an event, and what it was; further lines have no time."""
    from rich.padding import Padding
    from rich.text import Text

    at = _seconds(told["ms"])
    match told["event"]:
        case "call":
            yield at, _call_line(told, catalog, width)
            said = clean(told["text"], 1_000)
            if told["error"] and len(said) > width // 2:  # the line above has only its beginning
                yield "", Padding(Text(said, "dim"), (0, 0, 0, 4))
        case "model":
            yield at, Text("  " + clean(f"model: {_answer_told(told)}", 400), "dim")
        case "plan":
            yield at, Text("  " + clean(f"plan: {_plan_told(told)}", 1_000), "dim")
        case "instead":
            yield at, Text(f"  {clean(told['brain'], 60)} answers instead, from the beginning")
        case "notice":
            yield at, Text(f"  note: {clean(told['text'], 1_000)}", "yellow")
        case "end":
            if told.get("left_out"):
                yield "", Text(f"  {told['left_out']} further lines were left out: too long", "dim")
            yield at, Text(f"  list {told['list']}" if told["shown"] else "  end")
            shown = [str(item) for item in told["shown"]]
            for number, item in enumerate(shown, start=1):
                yield "", Text(f"  {number:>2} {_label(item, catalog)}")
            if told["funnel"] and shown:
                yield "", Padding(Text(clean(told["funnel"], 1_000), "dim"), (0, 0, 0, 2))
        case other:
            said = " ".join(str(v) for k, v in told.items() if k not in ("event", "ms"))
            yield at, Text("  " + clean(f"{other}: {said}", 400), "dim")


def _label(item: str, catalog: Catalog | None) -> str:
    row = None if catalog is None else catalog.row_of(item)
    return clean(item, 60) if catalog is None or row is None else catalog.label(row)


def _call_line(told: Mapping[str, Any], catalog: Catalog | None, width: int) -> Any:
    from rich.text import Text

    from ..agent.events import ToolFinished

    arguments = dict(told["arguments"] or {})
    if catalog is None:
        counts = f"{told['before']:,} → {told['after']:,}"
        said = json.dumps(arguments, ensure_ascii=False)
        return Text(
            "  " + clean(f"{told['tool']}  {said}  {counts}"), overflow="ellipsis", no_wrap=True
        )
    event = ToolFinished(
        "",
        clean(told["tool"], 40),
        arguments,
        int(told["before"]),
        int(told["after"]),
        float(told["took_ms"]),
        str(told["text"]),
        bool(told["error"]),
    )
    return tool_line(event, catalog, width)


def _plan_told(told: Mapping[str, Any]) -> str:
    """What came of a plan: `5 calls`, or why it did not run and what was done then."""
    problems = told.get("problems", ())
    if not problems:
        return f"{told['calls']} call{'' if told['calls'] == 1 else 's'}"
    then = {"mend": "asked for another", "steps": "went on step by step"}.get(told["then"], "")
    return f"not run, {then}: {'; '.join(map(str, problems))}"


def _answer_told(told: Mapping[str, Any]) -> str:
    """One answer of a model: `gpt-x, native, 2 calls, 1,204 + 57 tokens, $0.0012, 812 ms`."""
    calls, tokens = told["calls"], (told["prompt_tokens"], told["completion_tokens"])
    parts = [str(told["model"]), str(told["mode"]), f"{calls} call{'s'[: calls != 1]}"]
    parts += [f"ended by {told['finish']}"] if told["finish"] not in USUAL else []
    parts += [] if None in tokens else [f"{tokens[0]:,} + {tokens[1]:,} tokens"]
    parts += [] if told["cost_usd"] is None else [cost_told(told["cost_usd"])]
    return ", ".join([*parts, _seconds(told["took_ms"])])


def _answer(told: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What was said in the end, and what it cost."""
    from rich.text import Text

    from ..agent.usage import usage_from_json

    yield Text(clean(told["text"], 2_000, newlines=True))
    for number, option in enumerate(told["options"], start=1):
        yield Text(f"  {number}. {clean(option)}")
    if told["cut"]:
        yield Text("cut by a budget or a fallback", "yellow")
    if usage := usage_from_json(told["usage"]):
        yield Text(usage_line(usage), "dim")


def replay_lines(replay: Replay) -> Iterator[RenderableType]:
    """What each call gave now, beside then."""
    from rich.text import Text

    yield Text(f"trace {replay.trace.id} > {clean(replay.trace.utterance, 200)}", "bold")
    for note in replay.notes:
        yield Text(f"note: {clean(note)}", "yellow")
    for call in replay.calls:
        style = "dim" if call.outcome == "same" else "yellow"
        told = f": {clean(call.told, 300)}" if call.told else ""
        yield Text(f"  {clean(call.tool, 40):<10} {OUTCOMES[call.outcome]}{told}", style)
    if replay.shown:
        yield Text(f"  {'list':<10} {clean(replay.shown, 300)}", "yellow")
    yield Text("the same again" if replay.same else "it differs")


def usage_of(trace: Trace) -> Usage | None:
    """What a model consumed in the turn; None without one."""
    from ..agent.usage import usage_from_json

    return usage_from_json(trace.end["usage"])


def _seconds(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1000:.1f} s"
