"""Tools: typed functions that a brain may call, and the box that checks and runs the calls.

A tool is a function `run(context, arguments) -> ToolResult` with a pydantic model for its
arguments. The tools that come with recagent and those of plug-ins enter through the same door: an
entry point of the group `recagent.tools` that names a function `register(add)`, where `add` takes a
`Tool`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from recagent_catalogs.errors import RecagentError, ToolError, UsageError
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean

from .bus import CandidateBus

if TYPE_CHECKING:
    from recagent_catalogs.sandbox import Sandbox

    from .evidence import Evidence
    from .models.engine import Engine
    from .relaxation import Relaxation
    from .together import Company, With

MAX_OBSERVATION_CHARS = 3_000
GROUPS = ("information", "retrieval", "ranking", "explanation", "bus", "dialogue")


OWN: dict[str, JsonValue] = {"own": True}
"""`Field(json_schema_extra=OWN)`: an argument that no model is told of, for it costs tokens."""


class Arguments(BaseModel):
    """Base of every tool's arguments: flat, closed, no coercion surprises."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ProfileView(Protocol):
    """What tools may know of the person. Rows are of the present catalog."""

    @property
    def liked(self) -> Sequence[int]:
        """Rows liked, oldest first."""
        ...

    @property
    def disliked(self) -> Sequence[int]:
        """Rows disliked."""
        ...

    @property
    def seen(self) -> Sequence[int]:
        """Rows that must not be offered again."""
        ...

    @property
    def ratings(self) -> Mapping[int, float]:
        """What the person rated, in points, by row."""
        ...

    @property
    def never(self) -> Sequence[int]:
        """Rows that are never wanted again, whatever is asked; among `disliked`, too."""
        ...

    @property
    def taken(self) -> Sequence[int]:
        """Rows only taken from a list, without another word on them; among `liked`, too."""
        ...

    @property
    def turned_down(self) -> Sequence[int]:
        """Rows only refused in a list; among `disliked`, too."""
        ...

    @property
    def wanted(self) -> Sequence[int]:
        """Rows of the watchlist."""
        ...

    @property
    def recent(self) -> Sequence[int]:
        """Rows shown of late that must not be repeated yet."""
        ...

    @property
    def wishes(self) -> Sequence[tuple[str, str, float]]:
        """Lasting tastes of values: ("column", "value", weight from -1 to 1)."""
        ...

    @property
    def never_values(self) -> Sequence[tuple[str, str]]:
        """("column", "value") never wanted again, whatever is asked; -1 among `wishes`, too."""
        ...

    @property
    def never_by(self) -> Mapping[tuple[str, str], int]:
        """The last event that says "never" of a value ("column", "value"), of an item ("", id)."""
        ...


@dataclass(frozen=True)
class EmptyProfile:
    """Nobody in particular."""

    liked: Sequence[int] = ()
    disliked: Sequence[int] = ()
    seen: Sequence[int] = ()
    ratings: Mapping[int, float] = field(default_factory=dict)
    never: Sequence[int] = ()
    wanted: Sequence[int] = ()
    recent: Sequence[int] = ()
    wishes: Sequence[tuple[str, str, float]] = ()
    never_values: Sequence[tuple[str, str]] = ()
    never_by: Mapping[tuple[str, str], int] = field(default_factory=dict)
    taken: Sequence[int] = ()
    turned_down: Sequence[int] = ()


@dataclass(frozen=True)
class MadeFor:
    """For what a list was made, beside what the profile holds.

    Attributes:
        liked, disliked: rows named.
        wishes: ("column", "value", weight).
        user: index of a user of the catalog's data.
        together: with whom it was wanted; None for nobody else.
    """

    liked: tuple[int, ...] = ()
    disliked: tuple[int, ...] = ()
    wishes: tuple[tuple[str, str, float], ...] = ()
    user: int | None = None
    together: With | None = None


@dataclass
class ToolContext:
    """What a tool may touch.

    Attributes:
        catalog: the catalog, read-only.
        engine: the models.
        bus: the candidates; tools change it only through its methods.
        sandbox: runs a model's SQL.
        profile: the person's own likes, dislikes and what they have seen.
        user: index of a user of the catalog's data, where one was named; else None.
        company: the people for whom the list is, where it is for more than the person who asks.
        open_company: gives the people of a list that was made with others; None where it cannot.
        shown: rows of the list last shown, in order ("#2" is the second).
        shown_before: rows shown earlier in the session.
        liked, disliked: rows named in this request; what `similar` was called with is added.
        wishes: ("column", "value", weight) soft wishes that `rank` adds.
        weights: of aspects of `rank`, as the person gave them in numbers.
        made_for: for what the list of a number was made; see `past_lists`.
        presented: rows of the answer, set by `present`.
        reasons: reason by row, set by `present`.
        explained: evidence for items, set by `explain`.
        question: set by `ask_person`: (question, options).
        remembered: facts that `remember` asks to be written: (kind, row).
        stated: facts about values that `remember` asks to be written: (kind, column, value).
        may_remember: whether facts are written at all.
        noting: what happens to what the person tells: it is noted, the profile is paused, or
            nothing is known and kept.
        sayable: the kinds of fact that may be written, by row; None for a person's own command.
        sayable_values: those about values, by (column, value).
        unknown: rows that the person does not know, as they said when asked; no facts.
        seen_too: whether what the person has seen may be offered in this turn.
        only_wanted: whether only the person's watchlist is meant.
        asked: values that the person's own words ask for, as ("column", "value"): they come
            though they are never wanted else.
        pictures: how many the person shows in this turn.
        said: the person's own words, where a model acts on them; None where nobody else does.
        notices: sentences for the person.
        relaxations: where `filter` left too little, the smallest ways out, set by it.
        relaxed: the one of them that was taken.
        offered: so many of them, the first ones, are the options of the question.
        rng: randomness, seeded.
        of_list: gives the context of the turn that made the list of that number, on a bus of its
            own that stands there (0: the list that stands); None outside a session.
        order: of such a context, the (column, sign) by whose numbers the list was ordered.
    """

    catalog: Catalog
    engine: Engine
    bus: CandidateBus
    sandbox: Sandbox | None = None
    profile: ProfileView = field(default_factory=EmptyProfile)
    user: int | None = None
    company: Company | None = None
    open_company: Callable[[With], Company | None] = lambda together: None
    shown: Sequence[int] = ()
    shown_before: Sequence[int] = ()
    liked: list[int] = field(default_factory=list)
    disliked: list[int] = field(default_factory=list)
    wishes: list[tuple[str, str, float]] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    made_for: Callable[[int], MadeFor] = lambda number: MadeFor()
    presented: list[int] | None = None
    reasons: dict[int, str] = field(default_factory=dict)
    explained: list[Evidence] = field(default_factory=list)
    text: str = ""
    question: tuple[str, tuple[str, ...]] | None = None
    remembered: list[tuple[str, int]] = field(default_factory=list)
    stated: list[tuple[str, str, str]] = field(default_factory=list)
    may_remember: bool = True
    noting: Literal["noted", "paused", "incognito"] = "noted"
    sayable: Mapping[int, frozenset[str]] | None = None
    sayable_values: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    unknown: Sequence[int] = ()
    seen_too: bool = False
    only_wanted: bool = False
    asked: frozenset[tuple[str, str]] = frozenset()
    pictures: int = 0
    said: str | None = None
    notices: list[tuple[str, str]] = field(default_factory=list)
    relaxations: list[Relaxation] = field(default_factory=list)
    relaxed: Relaxation | None = None
    offered: int = 0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    of_list: Callable[[int], ToolContext] | None = None
    order: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        self.bus.obey(self.catalog)

    def begin(self, *, liked: Sequence[int] = ()) -> None:
        """Forget what a brain did in this turn, so that another one can start."""
        self.liked[:] = liked
        self.disliked.clear()
        self.presented, self.question, self.text = None, None, ""
        self.reasons.clear()
        self.explained.clear()
        self.remembered.clear()
        self.stated.clear()
        self.notices.clear()
        self.relaxations, self.relaxed, self.offered = [], None, 0


@dataclass(frozen=True)
class ToolResult:
    """What a tool gives: `text` for a brain (capped by the box), `data` (JSON values) for code."""

    text: str
    data: Any = None


@dataclass(frozen=True)
class Tool:
    """A tool as it is registered.

    Attributes:
        name: `[a-z_]+`, unique.
        group: one of `GROUPS`.
        description: for a model: what it does and when to use it.
        arguments: pydantic model of the arguments.
        run: the function.
        ends_turn: whether the turn is over when it succeeded.
        changes_bus: whether it adds a stage.
        offered: whether the tool makes sense now; a brain is not told of it otherwise.
        own: whether only our own code calls it; no model is told of it.
    """

    name: str
    group: str
    description: str
    arguments: type[Arguments]
    run: Callable[[ToolContext, Any], ToolResult]
    ends_turn: bool = False
    changes_bus: bool = False
    offered: Callable[[ToolContext], bool] = lambda context: True
    own: bool = False

    def schema(self, *, own: bool = True) -> dict[str, Any]:
        """JSON schema of the arguments in the subset that all providers take: flat, no $ref.

        Args:
            own: whether with the arguments that only our own code gives (`OWN`).
        """
        full = _schema_of(self.arguments)
        properties = {
            name: _simple(part)
            for name, part in full.get("properties", {}).items()
            if own or not part.get("own")
        }
        return {
            "type": "object",
            "properties": properties,
            "required": list(full.get("required", [])),
        }


@functools.cache
def _schema_of(arguments: type[Arguments]) -> dict[str, Any]:
    """As pydantic writes it, once: every request to a model asks for the schemas of all tools."""
    return arguments.model_json_schema()


def _simple(part: dict[str, Any]) -> dict[str, Any]:
    """One property without null, default, title, limits."""
    if "anyOf" in part:
        real = next(option for option in part["anyOf"] if option.get("type") != "null")
        part = {**real, **{k: v for k, v in part.items() if k == "description"}}
    kept: dict[str, Any] = {
        key: part[key] for key in ("type", "enum", "description") if key in part
    }
    if "const" in part:
        kept["enum"] = [part["const"]]
    if part.get("type") == "array":
        kept["items"] = _simple(part.get("items", {"type": "string"}))
    return kept


@dataclass(frozen=True)
class Ran:
    """A call that ran: its result, or the error text for the brain."""

    result: ToolResult
    error: bool
    before: int
    after: int
    ms: float


class Toolbox:
    """The registered tools: checks arguments, runs calls, turns errors into observations."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            self.add(tool)

    def add(self, tool: Tool) -> None:
        """Register a tool.

        Raises:
            UsageError: the name is taken or the group unknown.
        """
        if tool.name in self._tools:
            raise UsageError(f"two tools are called {tool.name!r}")
        if tool.group not in GROUPS:
            raise UsageError(f"tool {tool.name!r}: unknown group {tool.group!r}")
        self._tools[tool.name] = tool

    def __iter__(self) -> Any:
        return iter(self._tools.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def get(self, name: str) -> Tool | None:
        """The tool of that name, or None."""
        return self._tools.get(name)

    def offered(self, context: ToolContext) -> list[Tool]:
        """The tools that make sense now, in the order of registration."""
        return [tool for tool in self._tools.values() if tool.offered(context)]

    def check(self, name: str, arguments: dict[str, Any]) -> Arguments:
        """Validate a call without running it.

        Raises:
            ToolError: unknown tool or wrong arguments; the text says how to mend the call.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise ToolError(f"no tool {name!r}. Tools: {', '.join(sorted(self._tools))}")
        try:
            return tool.arguments.model_validate(arguments)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}"
                for e in error.errors()[:4]
            )
            fields = ", ".join(tool.arguments.model_fields)
            raise ToolError(f"{name}: {problems}. Arguments: {fields}") from error

    def run(self, name: str, arguments: dict[str, Any], context: ToolContext) -> Ran:
        """Run one call. What the brain can mend comes back as an observation, never as a crash.

        Raises:
            RecagentError: only what the person has to be told and no brain can mend.
        """
        started = time.perf_counter()
        before = len(context.bus)
        try:
            checked = self.check(name, arguments)
            self._prepare(context)
            result = self._tools[name].run(context, checked)
            text = result.text
            if len(text) > MAX_OBSERVATION_CHARS:
                text = text[: MAX_OBSERVATION_CHARS - 20] + "… [cut]"
            result, failed = ToolResult(text, result.data), False
        except RecagentError as error:
            if not isinstance(error, ToolError) and error.exit_code not in (3, 4):
                raise
            text = f"error: {error.message}" + (f" ({error.hint})" if error.hint else "")
            result, failed = ToolResult(text[:MAX_OBSERVATION_CHARS]), True
        except Exception as error:  # a plug-in's fault must not end the conversation
            text = f"error: {name} failed: {type(error).__name__}: {clean(error, 200)}"
            result, failed = ToolResult(text), True
        ms = (time.perf_counter() - started) * 1000
        return Ran(result, failed, before, len(context.bus), ms)

    def _prepare(self, context: ToolContext) -> None:
        """Let the bus make old stages again, and know what the next ones are made with."""
        from .replay import replay, situation  # it stands above: it runs the tools

        bus = context.bus
        bus.obey(context.catalog)
        bus.remake = lambda number: replay(bus, self, context, number)
        bus.situated(situation(context))
