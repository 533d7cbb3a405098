"""What a turn costs in tokens of its prompts, before any model is paid.

    python benchmarks/llm_cost.py [--encoding o200k_base|cl100k_base] [--million N] [--json]

A local server on a real socket plays the model: it gives the calls that the prompt asks for, and
keeps what was sent. So the prompts are ours, byte for byte; that a real model answers in as few
calls is not shown here, and what it writes itself (reasoning, too) is not counted. Tokens are those
of tiktoken's encodings, which litellm ships: the text of every message, its calls as JSON, 4 for
each message's frame, and the tool schemas as they go over the wire. A provider's own count
differs by some per cent. No data set is needed.

For the million a table of N items is made and read in (a minute or two); the ten are its first ten.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# Names of files here must not shadow libraries: litellm needs requests.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != HERE]

from recagent_cli import Assistant  # noqa: E402
from recagent_cli.agent.budget import Limits  # noqa: E402
from recagent_cli.agent.instructions import count_tokens  # noqa: E402
from recagent_cli.agent.options import ModelOptions  # noqa: E402
from recagent_cli.agent.text_protocol import write_calls  # noqa: E402
from recagent_cli.agent.wire import WireCall  # noqa: E402
from recagent_cli.library import Library  # noqa: E402
from recagent_cli.paths import Paths  # noqa: E402
from recagent_cli.testing import Answer, FakeCall, FakeServer  # noqa: E402

FRAME = 4
"""Tokens of a message's frame: its role and its ends."""
INTERECAGENT = {"planner's prompt": 2_520, "a turn": 3_550, "a turn with its critic": 5_080}
"""Measured of its own code, with o200k_base, before any dialogue."""
WAYS = {
    "react, native": ModelOptions(mode="native", limits=Limits(tokens=None)),
    "react, text": ModelOptions(mode="text", limits=Limits(tokens=None)),
    "plan": ModelOptions(strategy="plan", limits=Limits(tokens=None)),
}
MILLION = 1_000_000
KINDS = "Drama", "Comedy", "Western", "Crime", "Music", "War", "Family", "Horror"


@dataclass(frozen=True)
class Kind:
    """A kind of turn: what is said, and the steps that the prompt asks for.

    `blind` is the fewest answers that the protocol could do with: all calls in one, unseen.
    """

    name: str
    said: str
    steps: tuple[tuple[FakeCall, ...] | str, ...]
    blind: int = 1


def call(name: str, **arguments: Any) -> FakeCall:
    return FakeCall(name, arguments)


END = (call("present", count=5, text="Five for you, all of them from the nineties."),)
PLANNED = call("present", count=5)
DIALOGUE = (
    Kind(
        "new wish",
        "90s sci-fi like Alien, but no horror",
        (
            (
                call("candidates", op="start"),
                call(
                    "filter",
                    where=["genres has Science Fiction", "year 1990..1999", "genres lacks Horror"],
                ),
                call("similar", liked=["Alien"]),
                call("rank"),
            ),
            END,
        ),
    ),
    Kind(
        "change",
        "only those from 1994 on",
        ((call("filter", where=["year >= 1994"]), call("rank")), END),
    ),
    Kind("more", "more", ((call("candidates", op="drop_shown"),), END)),
    Kind(
        "question",
        "who directed the second one?",
        ((call("item_info", items=["#2"]),), "It was the director whom the list names."),
        blind=2,
    ),
    Kind("small talk", "thanks, that helps", ("You are welcome.",)),
)
WIDE = Kind(
    "new wish",
    "anything from after 1900",
    ((call("candidates", op="start"), call("filter", where=["year >= 1900"]), call("rank")), END),
)


@dataclass
class Measured:
    """The requests of one turn, in tokens.

    `sent` is all of each, `again` the beginning that it shares with the request before it (what a
    provider's cache can hold), `fixed` system prompt and tools.
    """

    kind: str
    sent: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    fixed: int = 0
    candidates: int = 0


def parts_of(body: dict[str, Any]) -> list[str]:
    """A request as a model reads it: the tools, then the messages."""
    parts = [compact(body.get("tools") or [])]
    for message in body["messages"]:
        text = message.get("content") or ""
        parts.append(text + (compact(message["tool_calls"]) if message.get("tool_calls") else ""))
    return parts


def tokens_of(parts: Sequence[str], encoding: str) -> int:
    """Tokens of the tools and of so many messages."""
    if not parts:
        return 0
    tools, *messages = parts
    told = sum(count_tokens(message, encoding) + FRAME for message in messages)
    return told + (count_tokens(tools, encoding) if tools != "[]" else 0)


def shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two requests begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


Steps = tuple[tuple[FakeCall, ...] | str, ...]


def steps_of(kind: Kind, options: ModelOptions) -> Steps:
    """A plan holds the calls of all steps; its words are the program's."""
    calls = [step for step in kind.steps if not isinstance(step, str)]
    if options.strategy != "plan" or len(calls) < len(kind.steps):
        return kind.steps
    return (tuple(PLANNED if one is END[0] else one for step in calls for one in step),)


def scripted(steps: Steps, text_mode: bool) -> list[Answer]:
    """The model's answers to one turn."""
    answers = []
    for step in steps:
        if isinstance(step, str):
            answers.append(Answer(text=step))
        elif text_mode:
            written = [WireCall(one.name, one.text()) for one in step]
            answers.append(Answer(text=write_calls(written)))
        else:
            answers.append(Answer(calls=step))
    return answers


def measure(
    catalog: str, home: Paths, way: str, dialogue: Sequence[Kind], encoding: str
) -> list[Measured]:
    """Drive one session, turn by turn."""
    options, found = WAYS[way], []
    with (
        FakeServer() as server,
        Assistant(
            catalog,
            model="openai/any",
            api_base=server.url,
            model_options=options,
            fallback=False,
            build=False,
            paths=home,
        ) as assistant,
    ):
        session, last = assistant.new_session(), list[str]()
        for kind in dialogue:
            before = len(server.requests)
            steps = steps_of(kind, options)
            server.script(*scripted(steps, options.mode == "text" or options.strategy == "plan"))
            turn = assistant.ask(kind.said, session=session, keep=False)
            wrong = [entry.error for entry in turn.trace if entry.error]
            sent = server.requests[before:]
            if wrong or len(sent) != len(steps):
                raise SystemExit(f"{way}, {kind.name}: {len(sent)} requests, {wrong}")
            one = Measured(kind.name, candidates=len(session.bus))
            for request in sent:
                parts = parts_of(request.body)
                one.sent.append(tokens_of(parts, encoding))
                one.again.append(tokens_of(parts[: shared(parts, last)], encoding))
                one.fixed = tokens_of(parts[:2], encoding)
                last = parts
            found.append(one)
    return found


def table_of(items: int, folder: Path) -> Path:
    """A table of that many invented items; the first ones are the same in every size."""
    import duckdb

    path = folder / f"items{items}.parquet"
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    duckdb.sql(
        f"""
        copy (
            select 'i' || i as id, printf('Item %07d', i * 7919 % 1000003) as title,
                1950 + (i * 31 % 75) as year, 70 + (i * 17 % 90) as runtime,
                list_value({kinds})[1 + i % {len(KINDS)}] as genres
            from range({items}) t(i)
        ) to '{path}' (format parquet)
        """
    )
    return path


def by_size(million: int, home: Paths, encoding: str, folder: Path) -> list[dict[str, Any]]:
    """The same turn with ten candidates and with a million."""
    from recagent_catalogs.ingest import ingest

    found = []
    for items in (10, million):
        name = f"of{items}"
        ingest(table_of(items, folder), home.catalogs / name, name=name)
        for way in WAYS:
            one = measure(name, home, way, (WIDE,), encoding)[0]
            if one.candidates != items:
                raise SystemExit(f"{name}: {one.candidates} candidates")
            found.append({"candidates": items, "way": way, "sent": one.sent})
    return found


def report(encoding: str, million: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        home = Paths(folder / "data", folder / "config", folder / "cache")
        size = Library(home).open("movies").n_items
        ways = {}
        for way in WAYS:
            # Twice the dialogue: six earlier turns are told, so that it stops growing.
            turns = measure("movies", home, way, (*DIALOGUE, *DIALOGUE), encoding)
            ways[way] = [vars(turn) for turn in turns]
        sizes = by_size(million, home, encoding, folder) if million else []
    return {
        "encoding": encoding,
        "items": size,
        "ways": ways,
        "by_candidates": sizes,
        "fewest_calls": {
            kind.name: {
                "react": len(kind.steps),
                "plan": len(steps_of(kind, WAYS["plan"])),
                "blind": kind.blind,
            }
            for kind in DIALOGUE
        },
        "interecagent": INTERECAGENT,
    }


def printed(told: dict[str, Any]) -> list[str]:
    """The report as Markdown."""
    ways, half = told["ways"], len(DIALOGUE)
    lines = [
        f"Bundled movies, {told['items']:,} items, {told['encoding']}; in brackets what of that",
        "stood at the beginning of the request before, too.",
        "",
        *head("tokens of the prompts", ways),
        row("fixed part", [fixed_of(way) for way in ways.values()]),
    ]
    for number in (*range(half), half, 2 * half - 2):
        turns = [way[number] for way in ways.values()]
        name = f"{turns[0]['kind']}, turn {number + 1}"
        lines.append(row(name, [amount(turn) for turn in turns]))
    grown = [(w[half]["sent"][0] - w[1]["sent"][0]) / (half - 1) for w in ways.values()]
    lines.append(row("growth a turn, up to six earlier ones", [f"{one:,.0f}" for one in grown]))
    lines += ["", "First call of each turn of the session:", ""]
    lines += [
        f"- {way}: " + ", ".join(f"{turn['sent'][0]:,}" for turn in turns)
        for way, turns in ways.items()
    ]
    return lines + sizes_and_calls(told)


def fixed_of(turns: Sequence[dict[str, Any]]) -> str:
    """`1,778`, or all that it was where it changed in the session."""
    return ", ".join(f"{one:,}" for one in dict.fromkeys(turn["fixed"] for turn in turns))


def head(first: str, ways: Any) -> list[str]:
    return [row(first, list(ways)), "|---" * (len(ways) + 1) + "|"]


def row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def amount(turn: dict[str, Any]) -> str:
    """`4,303 in 2 calls (1,588)`."""
    calls = f"{len(turn['sent'])} call" + "s" * (len(turn["sent"]) != 1)
    return f"{sum(turn['sent']):,} in {calls} ({sum(turn['again']):,})"


def sizes_and_calls(told: dict[str, Any]) -> list[str]:
    """The second half of the report."""
    lines: list[str] = []
    if told["by_candidates"]:
        lines += ["", *head("candidates, one new wish", WAYS)]
        for items in dict.fromkeys(one["candidates"] for one in told["by_candidates"]):
            cells = [
                f"{sum(one['sent']):,}"
                for one in told["by_candidates"]
                if one["candidates"] == items
            ]
            lines.append(row(f"{items:,}", cells))
    lines += [
        "",
        "Fewest calls of the model, by arithmetic (not measured):",
        "",
        "| turn | react, as its prompt asks | plan | react, all in one answer, unseen |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one['react']} | {one['plan']} | {one['blind']} |"
        for name, one in told["fewest_calls"].items()
    ]
    peer = ", ".join(f"{name} {count:,}" for name, count in told["interecagent"].items())
    return [*lines, "", f"InteRecAgent, before any dialogue: {peer}."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoding", default="o200k_base", choices=["o200k_base", "cl100k_base"])
    parser.add_argument("--million", type=int, default=MILLION, help="0: leave that part out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    told = report(options.encoding, options.million)
    print(json.dumps(told, indent=1) if options.json else "\n".join(printed(told)))


if __name__ == "__main__":
    main()
