"""What the person wants, typed. The contract between parser, brains, critic and JSON.

`docs/json.md` describes it as `recagent.request/1`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

from recagent_tools.operations import OperationKind

QuestionKind = Literal[
    "attribute", "count", "items", "list", "most", "average", "why", "why_not", "compare", "rating"
]

GOING = ("undo", "redo", "list")
"""Operations after which an earlier list stands as it was shown."""
MAKING = ("load", "union", "minus", "intersect")
"""Operations that make another set of candidates, of which a list is shown."""


class Intent(StrEnum):
    """What kind of turn this is."""

    RECOMMEND = "recommend"
    REFINE = "refine"
    MORE = "more"
    ITEM_INFO = "item_info"
    AGGREGATE = "aggregate"
    FEEDBACK = "feedback"
    CHIT_CHAT = "chit_chat"
    CLOSING = "closing"
    OUT_OF_SCOPE = "out_of_scope"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Mention:
    """An item named or pointed at.

    Attributes:
        text: as the person wrote it.
        id: the catalog's id, or None where no item was found.
        title: the item's title with its year, or the nearest title where `id` is None.
        score: how sure the link is, 0-100.
    """

    text: str
    id: str | None
    title: str
    score: float = 100.0


@dataclass(frozen=True)
class Wish:
    """A soft wish: it moves the ranking and removes nothing.

    Attributes:
        text: as the person wrote it.
        values: what it was read as: ("column", "value") pairs of the catalog's vocabulary.
        search: words to look for in the items' text, where no value carries it.
        weight: positive for wanted, negative for to be avoided.
    """

    text: str
    values: tuple[tuple[str, str], ...] = ()
    search: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Stated:
    """A lasting taste that the person's own words state: "I love Westerns", "never horror again".

    Attributes:
        kind: "liked", "disliked" or "never".
        column, value: of the catalog's vocabulary.
        text: as the person wrote it.
    """

    kind: Literal["liked", "disliked", "never"]
    column: str
    value: str
    text: str = ""


@dataclass(frozen=True)
class Question:
    """What is asked about items.

    Attributes:
        kind: "attribute" (of the mentioned items), "count", "items" (what somebody made), "list"
            (which values there are), "most" (which value has most), "average", "why" (it is in the
            list), "why_not", "compare" (the items), "rating" (what the person would give).
        column: the column asked for, or "" for everything.
    """

    kind: QuestionKind
    column: str = ""


@dataclass(frozen=True)
class Operation:
    """Something to do with the lists and sets there are, before what else is asked.

    Attributes:
        op: "undo", "redo"; "list": back to the list of that number; "save", "load", "forget" a
            named set; "union", "minus", "intersect" with one; "diff" against a list or set;
            "sets": which there are.
        name: of the set; of a list, "list 2".
        number: of the list; -1 is the last one, 0 none.
        all: whether "save" and "diff" mean all candidates, not the list.
    """

    op: OperationKind
    name: str = ""
    number: int = 0
    all: bool = False


@dataclass(frozen=True)
class Request:
    """What the person wants in this turn, with what still holds from earlier turns merged in.

    Attributes:
        intent: the kind of turn.
        liked, disliked, seen: items named, with verdict.
        about: items a question or a reference points at ("the second one", "Alien").
        conditions: hard conditions in the grammar of `filter`.
        wishes: soft wishes.
        weights: named aspects of `rank` with their weight (novelty, popularity, recency…).
        search: words of a topic to look for in the text.
        count: how many items are wanted; None where nothing was said.
        question: what is asked, for item_info and aggregate.
        among: whether only the list last shown is meant.
        exclude_shown: whether what was shown before must not come again.
        operations: what to do with lists and sets first, in order.
        base: number of the list on whose candidates the conditions work; 0 is the whole catalog.
        at_most: (column, n): no more than n items that share a value of it; the column "series"
            is the franchise.
        stated: lasting tastes of values, to be remembered.
        seen_too: whether what the person has seen may be offered.
        wanted: whether only the person's watchlist is meant.
        want, unwant: items to be put on the watchlist, or taken off it.
        unused: content words that nobody used; always reported to the person.
        limits: sentences about what this catalog cannot answer ("no countries in this catalog…").
        clarify: a question back to the person with its options, where the answer would change the
            list; empty where none.
    """

    intent: Intent
    liked: tuple[Mention, ...] = ()
    disliked: tuple[Mention, ...] = ()
    seen: tuple[Mention, ...] = ()
    about: tuple[Mention, ...] = ()
    conditions: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    search: str = ""
    count: int | None = None
    question: Question | None = None
    among: bool = False
    exclude_shown: bool = False
    operations: tuple[Operation, ...] = ()
    base: int = 0
    at_most: tuple[tuple[str, int], ...] = ()
    stated: tuple[Stated, ...] = ()
    seen_too: bool = False
    wanted: bool = False
    want: tuple[Mention, ...] = ()
    unwant: tuple[Mention, ...] = ()
    unused: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    clarify: str = ""
    options: tuple[str, ...] = ()

    @property
    def wished(self) -> tuple[tuple[str, str, float], ...]:
        """The wishes as `rank` takes them: ("column", "value", weight)."""
        return tuple(
            (column, value, wish.weight) for wish in self.wishes for column, value in wish.values
        )

    def to_json(self) -> dict[str, Any]:
        """The request as `recagent.request/1` without its `schema` key."""
        data = asdict(self)
        data["intent"] = str(self.intent)
        data["wishes"] = [
            {**wish, "values": [list(pair) for pair in wish["values"]]} for wish in data["wishes"]
        ]
        data["weights"] = dict(self.weights)
        data["at_most"] = dict(self.at_most)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in data.items()}


def request_from_json(data: dict[str, Any]) -> Request:
    """Read a request back from what `Request.to_json` gave.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """

    def mentions(key: str) -> tuple[Mention, ...]:
        return tuple(Mention(**mention) for mention in data[key])

    question = data["question"]
    return Request(
        intent=Intent(data["intent"]),
        liked=mentions("liked"),
        disliked=mentions("disliked"),
        seen=mentions("seen"),
        about=mentions("about"),
        conditions=tuple(data["conditions"]),
        wishes=tuple(
            Wish(w["text"], tuple((c, v) for c, v in w["values"]), w["search"], w["weight"])
            for w in data["wishes"]
        ),
        weights=tuple((str(k), float(v)) for k, v in data["weights"].items()),
        search=data["search"],
        count=data["count"],
        question=Question(**question) if question else None,
        among=data["among"],
        exclude_shown=data["exclude_shown"],
        operations=tuple(Operation(**operation) for operation in data.get("operations", ())),
        base=int(data.get("base", 0)),
        at_most=tuple((str(k), int(n)) for k, n in data.get("at_most", {}).items()),
        stated=tuple(Stated(**one) for one in data.get("stated", ())),
        seen_too=bool(data.get("seen_too", False)),
        wanted=bool(data.get("wanted", False)),
        want=tuple(Mention(**one) for one in data.get("want", ())),
        unwant=tuple(Mention(**one) for one in data.get("unwant", ())),
        unused=tuple(data["unused"]),
        limits=tuple(data["limits"]),
        clarify=data["clarify"],
        options=tuple(data["options"]),
    )
