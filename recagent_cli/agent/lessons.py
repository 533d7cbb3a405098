"""What failed in a turn of a language model and was mended in it, as short lines for the next time.

After Reflexion (Shinn et al., 2023), which lets the model write what it learned. Here code makes
the line, out of the turn's events and by templates of ours: a call that failed, and a later one of
the same tool that ran; conditions that left nothing, and what was given up; a plan that could not
run, and a better one; a list with items that its review took out. A line is made of words of ours,
of names of columns, tools and arguments, and of values of the catalog's closed vocabularies. What a
model or a person wrote is told by its kind ("a column that does not exist"), so that no line
carries anything from one conversation into another; only a plain misspelling of the right name is
told as it was written. Titles and people stay out; what teaches nothing for another request makes
no line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import LIST_ROLES, NUMBER_ROLES, Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean, fold
from recagent_tools.conditions import Condition, parse_condition
from recagent_tools.toolbox import Toolbox

from .events import (
    AnswerReviewed,
    BrainReplaced,
    CallRefused,
    Event,
    PlanRead,
    ToolFinished,
    TurnStarted,
)

MOST_CHARS = 160
MOST_OF_A_TURN = 5
VALUE_ROLES = frozenset((Role.CATEGORIES, Role.FACET, Role.AUDIENCE, Role.TAGS))
"""Whose values may be named: not people, nor series, which are called like titles."""
NEAR = 60.0
"""From which likeness on (0-100) one word was meant by another."""
SLIP = 80.0
"""From which likeness on one word is a misspelling of another."""
LONGEST_SLIP = 30
_CONDITION = re.compile(
    r"^\s*([\w .]{1,40}?)\s*(?:\s(?:has|lacks)\s|<=|>=|!=|!~|=|<|>|~|\s[-\d.]*\.\.)(.*)$",
    re.S | re.I,
)
_MISSING = re.compile(
    r'column "(\w+)" not found|not have a column named "(\w+)"|has no column \W?(\w+)'
)
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_NO_FIELD = re.compile(r"^no field '(\w{1,30})'")
_NOT_GIVEN = re.compile(r"^'(\w+)' is missing")
_NUMBERED = re.compile(r"^call \d+ \(([^)]*)\): ")


@dataclass(frozen=True)
class Call:
    """A call of the model as far as it matters: what it gave, or why it did not run."""

    tool: str
    arguments: Mapping[str, Any]
    error: str = ""
    before: int = 0
    after: int = 0


@dataclass
class Lessons:
    """Takes the events of one turn; `learned` are the lines.

    Attributes:
        catalog: what it is about.
        toolbox: the tools there are.
    """

    catalog: Catalog
    toolbox: Toolbox
    _said: str = ""
    _asks_model: bool = False
    _failed: list[Call] = field(default_factory=list)
    _emptied: Call | None = None
    _problems: tuple[str, ...] = ()
    _learned: dict[str, None] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, TurnStarted):
            self._said, self._asks_model = fold(event.utterance), event.brain != "builtin"
        elif isinstance(event, BrainReplaced):
            self._asks_model = False  # what comes now mends nothing of the model's
        elif not self._asks_model:
            return
        elif isinstance(event, CallRefused):
            self._failed.append(Call(event.tool, event.arguments, event.problem))
        elif isinstance(event, ToolFinished):
            error = event.text if event.error else ""
            self._take(Call(event.tool, event.arguments, error, event.before, event.after))
        elif isinstance(event, PlanRead):
            self._take_plan(event)
        elif isinstance(event, AnswerReviewed):
            self._add(self._of_review(event))

    @property
    def learned(self) -> list[str]:
        """The lines, in order."""
        return list(self._learned)[:MOST_OF_A_TURN]

    def _add(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._learned.setdefault(clean(line, MOST_CHARS))

    def _take(self, call: Call) -> None:
        if call.error:
            self._failed.append(call)
            return
        mine = [one for one in self._failed if self._is_meant(one.tool, call.tool)]
        for failed in mine:
            self._failed.remove(failed)
            self._add(self._mended(failed, call))
        if call.tool == "filter":
            self._take_filter(call)

    def _is_meant(self, written: str, tool: str) -> bool:
        """Whether a call that failed was of this tool, or of none and of a like name."""
        if written == tool:
            return True
        return written not in self.toolbox and _is_near(written, tool)

    def _mended(self, failed: Call, good: Call) -> Iterator[str]:
        if failed.tool != good.tool:
            if self._is_slip(failed.tool, good.tool):
                yield f"there is no tool '{failed.tool}'; use {good.tool}"
            else:
                yield f"a tool that does not exist was called; use {good.tool}"
            return
        yield from self._arguments(failed.tool, failed.error)
        if good.tool == "filter":
            yield from self._conditions(failed, good)
        elif good.tool == "look_up":
            yield from self._sql(failed, good)
        elif good.tool == "present" and "candidate" in failed.error:
            yield "present: only candidates can be shown; candidates(op=show) lists them"

    def _is_slip(self, word: str, right: str) -> bool:
        """Whether a word is nothing but a misspelling, and may be told as it was written."""
        folded = fold(word)
        if not word.isalpha() or len(word) > LONGEST_SLIP or not _is_near(word, right, SLIP):
            return False
        if folded in self._said or self.catalog.titles.exact(folded):
            return False
        names = self.catalog.schema.with_role(Role.PEOPLE, Role.GROUP)
        return all(self.catalog.words(one.name).code_of(folded) is None for one in names)

    def _no_column(self, tool: str, name: str, right: str) -> str:
        if self._is_slip(name, right):
            return f"{tool}: there is no column '{name}'; it is {right}"
        return f"{tool}: a column that does not exist was named; {right} was meant"

    # arguments

    def _arguments(self, tool: str, problem: str) -> Iterator[str]:
        """A field that the tool has not, or has and was missing."""
        known = self.toolbox.get(tool)
        if known is None:
            return
        fields = known.schema(own=False)["properties"]
        if match := _NO_FIELD.search(problem):
            told = f"there is {_listed(fields)}" if fields else "it takes none"
            if any(self._is_slip(match[1], name) for name in fields):
                yield f"{tool}: no argument '{match[1]}'; {told}"
            else:
                yield f"{tool}: an argument that it does not have was given; {told}"
        elif (match := _NOT_GIVEN.match(problem)) and match[1] in fields:
            yield f"{tool}: '{match[1]}' is required"

    # conditions

    def _conditions(self, failed: Call, good: Call) -> Iterator[str]:
        wrong = [text for text in _texts(failed.arguments) if self._parsed(text) is None]
        held = {self._parsed(text) for text in _texts(failed.arguments)}
        right = [self._parsed(text) for text in _texts(good.arguments)]
        new = [one for one in right if one is not None and one not in held]
        for text in wrong:
            yield from self._condition(text, new)

    def _parsed(self, text: str) -> Condition | None:
        try:
            return parse_condition(text, self.catalog)
        except BadCondition:
            return None

    def _condition(self, text: str, new: Sequence[Condition]) -> Iterator[str]:
        """What was wrong with one condition, by those that stood in its place later."""
        match = _CONDITION.match(text)
        if match is None:
            if new:
                yield "filter: a condition is COLUMN has VALUE, COLUMN lacks VALUE, or COLUMN 1..9"
            return
        name, rest = match[1].strip(), match[2]
        column = self.catalog.schema.find(name)
        if column is None:
            if right := _instead(name, rest, new):
                yield self._no_column("filter", name, right)
            return
        same = [one for one in new if one.column == column.name]
        if not same:
            return
        operators = _operators(column)
        if not re.search(operators.replace(" ", r"\b|\b").replace("..", r"\.\."), text):
            yield f"filter: conditions on {column.name} are written with {_said(operators)}"
        elif column.role in VALUE_ROLES:
            yield from self._value(column, rest, same)

    def _value(self, column: Column, rest: str, same: Sequence[Condition]) -> Iterator[str]:
        words = self.catalog.words(column.name)
        parts = [part.strip(' "') for part in rest.split("|")]
        held = {words.resolve(part) for part in parts}
        for part in parts:
            if words.resolve(part) is not None:
                continue
            for value in (str(v) for one in same for v in one.values if v not in held):
                if words.code(value) is None:
                    continue
                if self._is_slip(part, value):
                    yield f"filter: {column.name} has no '{part}'; it is '{value}'"
                elif _is_near(part, value) or (len(parts) == 1 and len(same) == 1):
                    what = f"a value that {column.name} does not have was named"
                    yield f"filter: {what}; '{value}' was meant"
                else:
                    continue
                break

    def _take_filter(self, call: Call) -> None:
        """Conditions that left nothing, and, later, fewer that left something."""
        if not call.after and call.before:
            self._emptied = self._emptied or call
            return
        empty, self._emptied = self._emptied, None if call.after else self._emptied
        if empty is None or not call.after:
            return
        before, now = (self._columns(one) for one in (empty, call))
        given_up = [name for name in before if name not in now]
        if len(before) < 2 or not set(now) <= set(before):
            return
        told = f"widening {_listed(before)}" if not given_up else f"giving up {_listed(given_up)}"
        self._add([f"filter: {_listed(before)} together left nothing; {told} left some"])

    def _columns(self, call: Call) -> list[str]:
        parsed = (self._parsed(text) for text in _texts(call.arguments))
        return sorted({one.column for one in parsed if one is not None})

    # SQL

    def _sql(self, failed: Call, good: Call) -> Iterator[str]:
        wrong, right = str(failed.arguments.get("sql", "")), str(good.arguments.get("sql", ""))
        names = {column.name: column for column in self.catalog.schema.columns}
        before, after = (_words_of(text) & names.keys() for text in (wrong, right))
        if match := _MISSING.search(failed.error):
            name = next(filter(None, match.groups()))
            near = [one for one in sorted(after - before) if _is_near(name, one)]
            told = near or (sorted(after - before) if len(after - before) == 1 else [])
            if told:
                yield self._no_column("look_up", name, told[0])
        elif "no table" in failed.error:
            yield "look_up: the tables are items and item_stats, no others"
        elif "only SELECT" in failed.error:
            yield "look_up: one SELECT and nothing else"
        for name in sorted(before & after):
            used = re.compile(rf"(?:list_\w+|unnest|len)\(\s*(?:\w+\.)?\"?{name}\b", re.I)
            if names[name].role in LIST_ROLES and used.search(right) and not used.search(wrong):
                yield f"look_up: {name} is a list; list_contains({name}, 'x'), unnest({name})"

    # answers that the review sent back or mended

    def _of_review(self, event: AnswerReviewed) -> Iterator[str]:
        names = [one.name for one in self.catalog.schema.columns if one.name in event.columns]
        if names:
            told = "present: filter by every condition first; items were shown that did not meet"
            yield f"{told} those on {_listed(names)}"
        if event.ruled_out:
            yield "present: items were shown that the person has seen or never wants; use personal"

    # plans

    def _take_plan(self, event: PlanRead) -> None:
        if event.problems:
            self._problems = (*self._problems, *event.problems)
        elif event.calls:
            problems, self._problems = self._problems, ()
            self._add(line for problem in problems for line in self._of_plan(problem))

    def _of_plan(self, problem: str) -> Iterator[str]:
        """A rule for plans, by what was wrong with one."""
        rules = {
            "refers to": "plan: $N means an earlier call, never the same or a later one",
            "nothing ends it": "plan: it ends with present, ask_person or answer",
            "nothing may follow": "plan: nothing follows present, ask_person or answer",
            "at most": "plan: at most 16 calls",
            "broke off": "plan: it broke off; a shorter one is better",
        }
        if match := _NUMBERED.match(problem):
            yield from self._arguments(match[1], problem[match.end() :])
        yield from (line for part, line in rules.items() if part in problem)


def _is_near(word: str, other: str, least: float = NEAR) -> bool:
    """Whether one word is that much like another."""
    from rapidfuzz import fuzz  # 20 ms, which a turn without slips need not pay

    return fuzz.ratio(fold(word), fold(other)) >= least


def _texts(arguments: Mapping[str, Any]) -> list[str]:
    where = arguments.get("where")
    return [text for text in where if isinstance(text, str)] if isinstance(where, list) else []


def _instead(name: str, rest: str, new: Sequence[Condition]) -> str:
    """The column that was meant: the same value, or the nearest name; "" where that is unsure."""
    value = fold(rest.strip(' "'))
    same = {one.column for one in new if any(fold(str(v)) == value for v in one.values)}
    near = {one.column for one in new if _is_near(name, one.column)}
    only = {one.column for one in new}
    for found in (same, near, only):
        if len(found) == 1:
            return next(iter(found))
    return ""


def _operators(column: Column) -> str:
    if column.role in NUMBER_ROLES:
        return "= != < <= > >= .."
    if column.role in (Role.TITLE, Role.ALIAS, Role.TEXT):
        return "~ !~"
    return "has lacks = <= >=" if column.order else "has lacks"


def _said(operators: str) -> str:
    return operators.replace(" ", ", ")


def _words_of(sql: str) -> set[str]:
    """The words of SQL outside of its texts."""
    return set(re.findall(r"\w+", _QUOTED.sub("''", sql)))


def _listed(names: Iterable[str]) -> str:
    told = list(names)[:6]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
