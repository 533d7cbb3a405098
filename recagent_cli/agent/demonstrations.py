"""Examples of requests with their calls; the nearest few are shown to a model with a request.

After the dynamic demonstrations of InteRecAgent (Huang et al., 2023), which takes the examples
nearest by embedding. Here nearness is what the built-in parser reads: the kind of turn, what is
asked, liked, excluded, pointed at. It costs no model, and every choice can be told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import NUMBER_ROLES, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean, fold
from recagent_prompts import demonstrations, render
from recagent_tools.conditions import parse_condition

from .brain import Call, TurnView
from .builtin.dialogue.about_memory import read_memory
from .builtin.told import told_of
from .placeholders import placeholders
from .request import Request
from .written_plan import ANSWER

After = Literal["", "list", "lists", "set"]
MOST_SHOWN = 3
MOST_CHARS = 1_400
"""Of all examples that are shown with a request: about 400 tokens."""
LEAST_NEAR = 0.3
"""An example less like the request than this is not shown."""
WEIGHTS = {
    "operation": 3.0,
    "question": 3.0,
    "own": 3.0,
    "with": 3.0,
    "not": 3.0,
    "among": 2.0,
    "told": 2.0,
    "liked": 2.0,
    "topic": 2.0,
    "weight": 2.0,
}
"""What counts more than 1 in the likeness of two requests, by a feature's first word."""
KIND = 2.0
"""What the kind of turn counts."""
MANY = 3
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Demonstration:
    """A request, and the calls that answer it.

    Attributes:
        name: what it shows.
        request: in a person's words.
        features: what the request is like, as `features_of` tells it; the first is the kind.
        calls: in order; a text among them is what was seen before the calls that follow.
        after: what has to be there: a list that stands, two lists, a set that was saved.
        kept: whether it is a turn of the person's own.
    """

    name: str
    request: str
    features: frozenset[str]
    calls: tuple[Call | str, ...]
    after: After = ""
    kept: bool = False

    @property
    def tools(self) -> set[str]:
        """Names of the tools that it calls."""
        return {call.name for call in self.calls if isinstance(call, Call)} - {ANSWER}


@dataclass
class Demonstrations:
    """The examples, filled with the words of a catalog."""

    _filled: dict[str, tuple[Demonstration, ...]] = field(default_factory=dict)

    def of(self, catalog: Catalog) -> tuple[Demonstration, ...]:
        """Those of our own that make sense in this catalog, in the order of their files."""
        if catalog.fingerprint not in self._filled:
            self._filled[catalog.fingerprint] = tuple(filled(catalog))
        return self._filled[catalog.fingerprint]

    def near(
        self, view: TurnView, kept: Sequence[Demonstration] = ()
    ) -> list[tuple[Demonstration, float]]:
        """The examples nearest to the request of a turn, nearest first, with how near they are.

        The first is the nearest; a further one has to show something of the request that those
        before it do not. Of equals the person's own come first.

        Args:
            view: the turn.
            kept: turns that the person keeps as examples.
        """
        wanted = features_of(view)
        offered = {tool.name for tool in view.tools}
        there = _there(view)
        fit = [
            (one, likeness(wanted, one.features))
            for one in (*kept, *self.of(view.context.catalog))
            if one.tools <= offered and one.after in there
        ]
        ranked = sorted(fit, key=lambda pair: -pair[1])
        chosen: list[tuple[Demonstration, float]] = []
        shown: set[str] = set()
        left = MOST_CHARS
        for one, near in ranked:
            size = len(one.request) + len(json.dumps(_written(one.calls)))
            new = (one.features & wanted) - shown
            if near < LEAST_NEAR or len(chosen) == MOST_SHOWN:
                break
            if new and size <= left:
                chosen.append((one, near))
                shown |= new
                left -= size
        return chosen


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How alike two requests are, from 0 to 1: the shared weight of their features by that of all.

    The weighted form of Jaccard's index; `WEIGHTS` are set by hand.
    """
    of_all = sum(map(_weight, one | other))
    return sum(map(_weight, one & other)) / of_all if of_all else 0.0


def _weight(feature: str) -> float:
    return WEIGHTS.get(feature.split(" ")[0], KIND if feature in KINDS else 1.0)


KINDS = frozenset(
    "recommend refine more item_info aggregate feedback chit_chat closing out_of_scope".split()
)


def features_of(view: TurnView) -> frozenset[str]:
    """What the request of a turn is like, in words that no catalog knows."""
    found = request_features(view.request, view.context.catalog)
    if view.context.company is not None:
        found |= {"with others"}
    if any(told_of(view).values()):
        found.add("told")
    if read_memory(view.utterance) is not None:
        found.add("own memory")
    if _points(view):
        found.add("a place")
    return frozenset(found)


def _points(view: TurnView) -> bool:
    """Whether an item is meant by its place in the list, not by its title."""
    request, shown = view.request, set(view.context.catalog.ids(list(view.context.shown)))
    return any(
        mention.id in shown and fold(mention.text) not in fold(mention.title)
        for mention in (*request.liked, *request.disliked, *request.about)
    )


def request_features(request: Request, catalog: Catalog) -> set[str]:
    """The features of a request by itself."""
    found = {str(request.intent)} & KINDS
    named = {
        "liked": request.liked,
        "disliked": request.disliked,
        "seen": request.seen,
        "about": request.about,
        "count": request.count,
        "topic": request.search or any(w.search or w.values for w in request.wishes),
        "at most": request.at_most,
        "among these": request.among,
        "not shown before": request.exclude_shown,
        "many conditions": len(request.conditions) >= MANY,
        "watchlist": request.wanted or request.want or request.unwant,
    }
    found |= {name for name, value in named.items() if value}
    found |= {_condition_feature(text, catalog) for text in request.conditions} - {""}
    found |= {f"operation {operation.op}" for operation in request.operations}
    found |= {f"weight {_aspect(name, catalog)}" for name, _ in request.weights}
    if request.question is not None:
        found.add(f"question {request.question.kind}")
    return found


def _aspect(name: str, catalog: Catalog) -> str:
    """What a weight is on, without the names of columns."""
    column = catalog.schema.find(name)
    if column is None:
        return name
    return "recency" if column.role is Role.YEAR else str(column.role)


def _condition_feature(text: str, catalog: Catalog) -> str:
    """A condition by its form and its column's role: "has people", "lacks categories", "year"."""
    try:
        condition = parse_condition(text, catalog)
    except BadCondition:
        return ""
    role = catalog.schema.column(condition.column).role
    if role is Role.TAGS and condition.operator == "has":
        return "topic"
    if role in NUMBER_ROLES or role is Role.AUDIENCE:
        return str(role)
    operator = {"=": "has", "~": "has", "!=": "lacks", "!~": "lacks"}
    return f"{operator.get(condition.operator, condition.operator)} {role}"


def _there(view: TurnView) -> set[str]:
    """What there is that an example may need."""
    bus = view.context.bus
    there = {"": True, "list": view.context.shown, "lists": len(bus.lists) > 1, "set": bus.saved}
    return {name for name, value in there.items() if value}


# -- filling --------------------------------------------------------------------------------------


def filled(catalog: Catalog) -> Iterable[Demonstration]:
    """Our examples in the words of a catalog; those for which it has none are left out."""
    words = placeholders(catalog)
    for one in demonstrations():
        made = _filled(one, words, catalog)
        if made is not None:
            yield made


def _filled(
    one: Mapping[str, Any], words: Mapping[str, str], catalog: Catalog
) -> Demonstration | None:
    needed = {*_NAME.findall(json.dumps([one["request"], one["calls"]])), *one.get("needs", ())}
    if not needed <= words.keys():
        return None

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return _NAME.sub(lambda match: words[match[1]], value)
        if isinstance(value, Mapping):
            return {key: fill(part) for key, part in value.items()}
        return [fill(part) for part in value] if isinstance(value, list) else value

    calls: list[Call | str] = []
    for entry in one["calls"]:
        if isinstance(entry, str):
            calls.append(fill(entry))
        else:
            calls += [Call(name, fill(arguments)) for name, arguments in entry.items()]
    if not conditions_hold(calls, catalog):
        return None
    features = frozenset(one["features"])
    after = one.get("after", "")
    return Demonstration(one["name"], fill(one["request"]), features, tuple(calls), after)


def conditions_hold(calls: Iterable[Call | str], catalog: Catalog) -> bool:
    """Whether the conditions of all calls can be read in this catalog."""
    for call in calls:
        if isinstance(call, Call) and call.name == "filter":
            try:
                for text in call.arguments.get("where", ()):
                    parse_condition(text, catalog)
            except BadCondition:
                return False
    return True


# -- showing --------------------------------------------------------------------------------------


def told(shown: Sequence[Demonstration], *, plan: bool = False) -> str:
    """The examples as they stand in the message of a turn; "" for none.

    Args:
        shown: the examples.
        plan: for a model that writes a whole plan, which may end with the call `answer`.
    """
    if not shown:
        return ""
    examples = [
        {"request": clean(one.request, 300), "steps": _steps(one.calls, plan)} for one in shown
    ]
    return render("demonstrations", examples=examples).strip()


def _steps(calls: Sequence[Call | str], plan: bool) -> list[dict[str, str]]:
    """Calls that go together, and what was seen between them."""
    steps: list[dict[str, str]] = []
    together: list[Call] = []
    for position, entry in enumerate((*calls, "")):
        spoken = isinstance(entry, Call) and entry.name == ANSWER and not plan
        if isinstance(entry, Call) and not spoken:
            together.append(entry)
            continue
        if together:
            written = json.dumps(_written(together), ensure_ascii=False)
            steps.append({"kind": "calls", "text": written})
            together = []
        text = entry.arguments.get("text", "") if isinstance(entry, Call) else entry
        if text:
            last = position == len(calls) - 1
            steps.append({"kind": "then" if last else "result", "text": clean(text, 200)})
    return steps


def _written(calls: Sequence[Call | str]) -> list[dict[str, Any]]:
    """Calls as a model is to write them as text, and in a plan."""
    return [
        {"tool": call.name, "arguments": _cleaned(call.arguments)}
        for call in calls
        if isinstance(call, Call)
    ]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, 300)
    if isinstance(value, Mapping):
        return {str(key): _cleaned(part) for key, part in value.items()}
    return [_cleaned(part) for part in value] if isinstance(value, list) else value
