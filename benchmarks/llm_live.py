"""What a model makes of real requests, beside the built-in brain: for whoever has a key.

    python benchmarks/llm_live.py -m MODEL [--api-base URL] [--requests FILE] [--catalog NAME]
        [--ways builtin,react,plan] [--limit N] [--repeat R] [--max-cost DOLLARS] [--out FILE]

FILE is `requests.jsonl` (default: $RECAGENT_BENCH_DATA/requests/requests.jsonl): labelled turns of
real people with what was said before. Those are asked which want a list of this catalog's domain
and state a hard condition that the catalog can check: a kind, one to be left out, a person, years,
a title to be left out. Each is asked in every way, one after the other, the first way changing from
request to request, so that what changes with time meets all of them.

*Held* is the share of labelled conditions that the shown items meet, each item and condition one;
a request without a list holds none. It asks neither for taste nor for prose. Figures are means over
requests with 95 % intervals by bootstrap; "beside builtin" is paired.

Every answer is a line of `--out` at once; the same call goes on where it was stopped. `--max-cost`
ends all at so many dollars: a turn gets what is left as its own limit, so that the answer which
reaches it is the last; one of unknown price ends it too, because nothing would hold then. Your own
server has no price.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

HERE = str(Path(__file__).resolve().parent)
# Last in the path: names of files here must not shadow libraries.
sys.path[:] = [p for p in sys.path if str(Path(p or ".").resolve()) != HERE] + [HERE]

import numpy as np  # noqa: E402
from understanding.dialogues import genre, history_of  # noqa: E402

from recagent_catalogs.errors import RecagentError  # noqa: E402
from recagent_catalogs.schema import CatalogSchema, Role  # noqa: E402
from recagent_catalogs.text import bare_title, fold  # noqa: E402
from recagent_cli import Assistant  # noqa: E402
from recagent_cli.agent.budget import Limits  # noqa: E402
from recagent_cli.agent.llm import LLMBrain, open_brain  # noqa: E402
from recagent_cli.agent.options import ModelOptions  # noqa: E402
from recagent_cli.agent.turn import ShownItem, Turn  # noqa: E402

Row = dict[str, Any]
Condition = Callable[[ShownItem], bool]
WAYS = ("builtin", "react", "plan")
DRAWS = 2_000
FIGURES = ("held", "calls", "tokens", "cost_usd", "seconds")


@dataclass(frozen=True)
class Asked:
    """One request, in one way."""

    row: Row
    way: str
    round: int

    @property
    def key(self) -> str:
        """By which it is found again in the file."""
        return f"{self.row['id']} {self.way} {self.round}"


def conditions_of(state: Mapping[str, Any], schema: CatalogSchema) -> list[Condition]:
    """The labelled hard conditions that this catalog can check."""
    kinds = [column.name for column in schema.with_role(Role.CATEGORIES)]
    people = [column.name for column in schema.with_role(Role.PEOPLE)]
    found: list[Condition] = []
    if kinds:
        wanted = [genre(name) for name in state.get("genres_include", ())]
        if state.get("genres_operator") == "or" and wanted:
            found.append(lambda item: bool(set(wanted) & _values(item, kinds, genre)))
        else:
            found += [_having(kinds, genre, name) for name in wanted]
        found += [_lacking(kinds, genre, genre(name)) for name in state.get("genres_exclude", ())]
    for person in (*state.get("actors", ()), *state.get("directors", ())):
        if people:
            found.append(_having(people, fold, fold(person.get("name") or person["surface"])))
    if (years := state.get("year_range")) and schema.one(Role.YEAR):
        low, high = years.get("from") or 0, years.get("to") or 9_999
        found.append(lambda item: item.year is not None and low <= item.year <= high)
    for title in state.get("disliked_or_excluded_items", ()):
        found.append(_not_titled(bare_title(fold(title.get("title") or title["surface"]))))
    return found


def _values(item: ShownItem, columns: Sequence[str], same: Callable[[str], str]) -> set[str]:
    """What stands in an item's columns, each in its one spelling."""
    held: set[str] = set()
    for column in columns:
        value = item.columns.get(column) or ()
        held |= {same(str(one)) for one in ([value] if isinstance(value, str) else value)}
    return held


def _having(columns: Sequence[str], same: Callable[[str], str], value: str) -> Condition:
    return lambda item: value in _values(item, columns, same)


def _lacking(columns: Sequence[str], same: Callable[[str], str], value: str) -> Condition:
    return lambda item: value not in _values(item, columns, same)


def _not_titled(title: str) -> Condition:
    return lambda item: bare_title(fold(item.title)) != title


def wanted_rows(path: Path, domain: str, schema: CatalogSchema) -> list[Row]:
    """The requests that want a list and state what can be checked."""
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return [
        row
        for row in rows
        if row["domain"] == domain
        and row["label"]["wants_recommendation"]
        and conditions_of(row["label"]["state"], schema)
    ]


def order(rows: Sequence[Row], ways: Sequence[str], rounds: int) -> Iterator[Asked]:
    """Every request in every way, the first way changing from request to request."""
    for number in range(rounds):
        for place, row in enumerate(rows):
            first = (place + number) % len(ways)
            for way in (*ways[first:], *ways[:first]):
                yield Asked(row, way, number)


class Run:
    """One run over the requests.

    Args:
        options: the command line.
        out: the file of lines.
    """

    def __init__(self, options: argparse.Namespace, out: Path) -> None:
        self.options, self.out = options, out
        lines = out.read_text().splitlines() if out.exists() else []
        whole = [line for line in lines if _is_whole(line)]
        if whole != lines:  # the last one was cut, and the next must not be written behind it
            out.write_text("".join(line + "\n" for line in whole))
        self.lines: list[Row] = [json.loads(line) for line in whole]
        self.assistants = {way: self._assistant(way) for way in options.ways}

    def _assistant(self, way: str) -> Assistant:
        assistant = Assistant(self.options.catalog, fallback=False, incognito=True)
        if way != "builtin":
            assistant.agent.brain = self._brain(way)
        return assistant

    def _brain(self, way: str, left: float | None = None) -> LLMBrain:
        """The model, asked in that way, at so many dollars a turn."""
        options, plans = self.options, way == "plan"
        asked = ModelOptions("plan" if plans else "react", limits=Limits(cost_usd=left))
        return open_brain(options.model, api_base=options.api_base, options=asked)

    def go(self) -> str:
        """Ask what was not asked yet; why it ended early, or ""."""
        done = {line["key"] for line in self.lines}
        schema = self.assistants[self.options.ways[0]].catalog.schema
        rows = wanted_rows(self.options.requests, self.options.domain, schema)
        rows = rows[: self.options.limit or None]
        for asked in order(rows, self.options.ways, self.options.repeat):
            if asked.key in done:
                continue
            left = self._left()
            if left is not None and left <= 0 and asked.way != "builtin":
                return f"${self.options.max_cost:g} are spent"
            line = self._ask(asked, left)
            with self.out.open("a") as file:
                file.write(json.dumps(line) + "\n")
            self.lines.append(line)
            priced = line["cost_usd"] is not None or not line["calls"]
            if self.options.max_cost and not priced:
                return "an answer has no known price, so that --max-cost cannot hold"
        return ""

    def _left(self) -> float | None:
        """Dollars that may still be spent; None without a limit."""
        if not self.options.max_cost:
            return None
        return float(self.options.max_cost) - sum(line["cost_usd"] or 0.0 for line in self.lines)

    def _ask(self, asked: Asked, left: float | None) -> Row:
        """One request; a model's failure is a result, too."""
        assistant, row = self.assistants[asked.way], asked.row
        brain = assistant.agent.brain
        if left is not None and asked.way != "builtin":
            brain = assistant.agent.brain = self._brain(asked.way, left)
        session = assistant.new_session()
        session.turns += history_of(row["context"], assistant.parser)
        text, error, turn = row.get("text_noyear") or row["text"], "", None
        began = time.perf_counter()
        try:
            turn = assistant.ask(text, session=session, keep=False)
        except RecagentError as failed:
            error = failed.message
        seconds = time.perf_counter() - began
        conditions = conditions_of(row["label"]["state"], assistant.catalog.schema)
        usage = turn.usage if turn else brain.usage()
        return {
            "key": asked.key,
            "id": row["id"],
            "way": asked.way,
            "held": held(turn, conditions),
            "shown": len(turn.items) if turn else 0,
            "conditions": len(conditions),
            "calls": usage.calls if usage else 0,
            "tokens": _tokens(usage),
            "cost_usd": usage.cost_usd if usage and usage.calls else 0.0,
            "seconds": round(seconds, 3),
            "cut": bool(turn and turn.cut),
            "error": error,
        }


def _tokens(usage: Any) -> int | None:
    if usage is None:
        return 0
    known = None not in (usage.prompt_tokens, usage.completion_tokens)
    return usage.prompt_tokens + usage.completion_tokens if known else None


def held(turn: Turn | None, conditions: Sequence[Condition]) -> float:
    """The share of conditions that the shown items meet; 0 without a list."""
    if turn is None or not turn.items:
        return 0.0
    met = [condition(item) for item in turn.items for condition in conditions]
    return sum(met) / len(met)


def _is_whole(line: str) -> bool:
    """Whether a line was written to its end."""
    try:
        return "key" in json.loads(line)
    except ValueError:
        return False


def summary(lines: Sequence[Row], ways: Sequence[str]) -> dict[str, Any]:
    """Figures by way; what is unknown of one answer is left out and counted."""
    told: dict[str, Any] = {}
    builtin = _by_id([line for line in lines if line["way"] == "builtin"])
    for way in ways:
        mine = [line for line in lines if line["way"] == way]
        if not mine:
            continue
        by_id = _by_id(mine)
        told[way] = {
            "asked": len(mine),
            "failed": sum(bool(line["error"]) for line in mine),
            "without_a_list": sum(not line["shown"] for line in mine),
            "cut": sum(line["cut"] for line in mine),
            "held": _mean([*by_id.values()]),
        }
        for name in FIGURES[1:]:
            known = [line[name] for line in mine if line[name] is not None]
            told[way][name] = {
                "sum": round(sum(known), 6),
                "median": median(known) if known else None,
                "range": [min(known), max(known)] if known else None,
                "unknown": len(mine) - len(known),
            }
        both = [by_id[id] - builtin[id] for id in by_id if id in builtin]
        if way != "builtin" and both:
            told[way]["beside_builtin"] = _mean(both)
    return told


def _by_id(lines: Sequence[Row]) -> dict[str, float]:
    """What was held of each request, the mean of its rounds."""
    rounds: dict[str, list[float]] = {}
    for line in lines:
        rounds.setdefault(line["id"], []).append(line["held"])
    return {id: sum(values) / len(values) for id, values in rounds.items()}


def _mean(values: Sequence[float]) -> list[float]:
    """A mean and its 95 % interval over requests."""
    table, rng = np.asarray(values, dtype=float), np.random.default_rng(0)
    drawn = table[rng.integers(0, len(table), (DRAWS, len(table)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [round(float(one), 4) for one in (table.mean(), low, high)]


def printed(told: Mapping[str, Any]) -> list[str]:
    """The summary as a Markdown table."""
    lines = [
        "| way | asked | failed | no list | held | beside builtin | calls | tokens | $ | seconds |",
        "|---" * 10 + "|",
    ]
    for way, one in told.items():
        cells = [way, one["asked"], one["failed"], one["without_a_list"], _interval(one["held"])]
        cells.append(_interval(one.get("beside_builtin")))
        cells += [_spread(one[name]) for name in FIGURES[1:3]]
        cost = one["cost_usd"]
        unknown = f", {cost['unknown']} unknown" if cost["unknown"] else ""
        cells.append("free" if way == "builtin" else f"{cost['sum']:.4f}{unknown}")
        cells.append(_spread(one["seconds"]))
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def _interval(told: Sequence[float] | None) -> str:
    return "" if told is None else f"{told[0]:.3f} [{told[1]:.3f}, {told[2]:.3f}]"


def _spread(told: Mapping[str, Any]) -> str:
    """`1,204 (980 to 2,311)`: the median and the range."""
    if told["median"] is None:
        return "unknown"
    low, high = told["range"]
    return f"{told['median']:,.4g} ({low:,.4g} to {high:,.4g})"


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    data = os.environ.get("RECAGENT_BENCH_DATA", "")
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("-m", "--model", required=True)
    parser.add_argument("--api-base")
    parser.add_argument("--requests", type=Path, default=Path(data, "requests/requests.jsonl"))
    parser.add_argument("--catalog", default="movies")
    parser.add_argument("--domain", default="movie", help="rows of the file that are asked")
    parser.add_argument("--ways", type=lambda text: text.split(","), default=list(WAYS))
    parser.add_argument("--limit", type=int, default=0, help="so many requests; 0: all")
    parser.add_argument("--repeat", type=int, default=1, help="rounds over all requests")
    parser.add_argument("--max-cost", type=float, default=0.0)
    parser.add_argument("--out", type=Path, default=Path("llm_live.jsonl"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    if wrong := set(options.ways) - set(WAYS):
        parser.error(f"no way {', '.join(wrong)}; there are {', '.join(WAYS)}")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    run = Run(options, options.out)
    try:
        why = run.go()
    finally:
        for assistant in run.assistants.values():
            assistant.close()
    told = summary(run.lines, options.ways)
    print(json.dumps(told, indent=1) if options.json else "\n".join(printed(told)))
    if why:
        print(f"ended early: {why}; the same call goes on", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
