"""A finished turn, and its JSON `recagent.turn/1`, which `docs/json.md` describes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .brain import PastTurn, Usage
from .kept import Kept, KeptItem, kept_from_json
from .request import Request, request_from_json
from .usage import Spent

if TYPE_CHECKING:
    from recagent_catalogs.store import Item
    from recagent_tools.bus import CandidateBus
    from recagent_tools.gauges import Gauge
    from recagent_tools.relaxation import Relaxation
    from recagent_tools.together import Fares, With

    from .explaining import Explained

TURN_SCHEMA = "recagent.turn/1"
ITEMS_SCHEMA = "recagent.items/1"
MAX_TRACE_CHARS = 400
MAX_TRACE_ARGUMENTS = 8_000
"""Characters of a call's arguments; of longer ones nothing is told. As in a trace on disk."""


@dataclass(frozen=True)
class ShownItem:
    """One line of an answer. Title, year and columns come from the store, never from a model.

    Attributes:
        fit, novelty: 0 to 1, for the screen, and in no file; as `recagent_tools.gauges.Gauge`.
        fares: how each person fares with it, where the list is for several.
    """

    rank: int
    row: int
    id: str
    title: str
    year: int | None
    score: float | None
    reason: str
    columns: Mapping[str, Any]
    fit: float | None = field(default=None, compare=False)
    novelty: float | None = field(default=None, compare=False)
    fares: Fares | None = field(default=None, compare=False)

    @property
    def label(self) -> str:
        """`Alien (1979)`."""
        return f"{self.title} ({self.year})" if self.year is not None else self.title

    def to_json(self) -> dict[str, Any]:
        """The item as every JSON output shows it."""
        return {
            "rank": self.rank,
            "id": self.id,
            "title": self.title,
            "year": self.year,
            "score": None if self.score is None else round(self.score, 4),
            "reason": self.reason,
            "columns": dict(self.columns),
        }


def shown_items(
    items: Sequence[Item],
    scores: Sequence[float | None],
    reasons: Mapping[int, str],
    gauges: Sequence[Gauge] = (),
    fares: Sequence[Fares | None] = (),
) -> tuple[ShownItem, ...]:
    """Number the items of an answer; `gauges` and `fares` are empty or have one for each."""
    return tuple(
        ShownItem(
            rank,
            item.row,
            item.id,
            item.title,
            item.year,
            score,
            reasons.get(item.row, ""),
            item.columns,
            gauges[rank - 1].fit if gauges else None,
            gauges[rank - 1].novelty if gauges else None,
            fares[rank - 1] if fares else None,
        )
        for rank, (item, score) in enumerate(zip(items, scores, strict=True), start=1)
    )


def scores_of(rows: Sequence[int], bus: CandidateBus) -> list[float | None]:
    """The score of each row at the present stage of a bus; None where it has none."""
    columns = bus.scores()
    column = columns.get("score", next(iter(columns.values()), None))
    if column is None:
        return [None] * len(rows)
    wanted = set(rows)
    scores = {
        int(row): float(score)
        for row, score in zip(bus.rows(), column, strict=True)
        if int(row) in wanted
    }
    return [scores.get(row) for row in rows]


@dataclass(frozen=True)
class TraceEntry:
    """One tool call of the turn; `before` and `after` are the number of candidates."""

    tool: str
    arguments: Mapping[str, Any]
    before: int
    after: int
    ms: float
    error: str = ""


@dataclass(frozen=True)
class Turn:
    """One utterance and all that followed.

    Attributes:
        utterance: what the person wrote.
        text: the answer in words.
        items: the list shown; empty for answers without one.
        request: how the utterance was read.
        trace: the tool calls.
        notices: (kind, text): limits, unused words, fallbacks, cuts.
        brain: who answered: `builtin`, or the model's name.
        usage: what a model consumed; None without one.
        spent: what models consumed in its session so far, this turn included; None without any.
        session: id of the session.
        question, options: set where the answer is a question back.
        cut: whether a budget or a fallback shaped the answer (exit code 7 with --strict).
        funnel: how the candidates came about, one line.
        aspects: what the weights of the ranking did: {name: {weight, before, after}}.
        number: number of the list that stands now; 0 for none.
        user: the user of the catalog's data for whom it was asked.
        together: with whom it was asked; None for nobody else.
        liked, disliked: ids of the items that the list was made for, beside the profile's.
        relaxations: where too little met the conditions, the smallest ways to more.
        relaxed: the one of them that the brain took.
        offered: so many of them, the first ones, are the question's options.
        explained: how each item's reason came about.
        remembered: facts about items to be kept: (kind, row).
        stated: facts about values to be kept: (kind, column, value).
        rules: rules of the house that held, with how many items each kept out.
    """

    utterance: str
    text: str
    items: tuple[ShownItem, ...]
    request: Request
    trace: tuple[TraceEntry, ...]
    notices: tuple[tuple[str, str], ...]
    brain: str
    usage: Usage | None
    session: str
    catalog: str
    question: str = ""
    options: tuple[str, ...] = ()
    cut: bool = False
    funnel: str = ""
    aspects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    number: int = 0
    user: str | None = None
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    relaxed: Relaxation | None = None
    offered: int = 0
    explained: tuple[Explained, ...] = ()
    remembered: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    stated: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)
    together: With | None = None
    spent: Spent | None = None
    rules: tuple[tuple[str, int], ...] = ()

    @property
    def rows(self) -> tuple[int, ...]:
        """Rows of the list shown."""
        return tuple(item.row for item in self.items)

    def past(self) -> PastTurn:
        """What later turns need of it."""
        return PastTurn(
            self.utterance,
            self.text,
            self.rows,
            self.request,
            self.options,
            self.number,
            self.user,
            self.liked,
            self.disliked,
            tuple(way.changes for way in self.relaxations[: self.offered]),
            self.together,
            Kept(
                time.time(),
                self.brain,
                self.funnel if self.items else "",
                tuple(KeptItem(one.id, one.title, one.year, one.reason) for one in self.items),
                self.usage,
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """The turn as `recagent.turn/1`."""
        return {
            "schema": TURN_SCHEMA,
            "catalog": self.catalog,
            "text": self.text,
            "items": [item.to_json() for item in self.items],
            "request": self.request.to_json(),
            "question": {"text": self.question, "options": list(self.options)}
            if self.question
            else None,
            "relaxations": [
                {**way.to_json(), "applied": way == self.relaxed} for way in self.relaxations
            ],
            "explained": [
                one.to_json(item.id) for one, item in zip(self.explained, self.items, strict=True)
            ],
            "trace": [_trace_json(entry) for entry in self.trace],
            "funnel": self.funnel,
            "aspects": {name: dict(one) for name, one in self.aspects.items()},
            "list": self.number,
            "together": told_together(self.items),
            "rules": [{"rule": name, "kept_out": count} for name, count in self.rules],
            "notices": [{"kind": kind, "text": text} for kind, text in self.notices],
            "brain": self.brain,
            "usage": asdict(self.usage) if self.usage else None,
            "session_usage": self.spent.to_json() if self.spent else None,
            "cut": self.cut,
            "session": self.session,
        }


def _trace_json(entry: TraceEntry) -> dict[str, Any]:
    arguments = dict(entry.arguments)
    whole = len(json.dumps(arguments, default=str)) <= MAX_TRACE_ARGUMENTS
    told: dict[str, Any] = {
        "tool": entry.tool,
        "arguments": arguments if whole else None,
        "before": entry.before,
        "after": entry.after,
        "ms": round(entry.ms, 2),
    }
    if entry.error:
        told["error"] = entry.error[:MAX_TRACE_CHARS]
    return told


def told_together(items: Sequence[ShownItem]) -> dict[str, Any] | None:
    """How each person fares with the items of a list; None for a list for one."""
    if all(item.fares is None for item in items):
        return None
    from recagent_tools.together import together_json  # most lists are for one

    return together_json([item.fares for item in items])


def past_to_json(past: PastTurn, ids: Sequence[str]) -> str:
    """A past turn as it is stored: rows as ids, because rows change with the data."""
    request = past.request.to_json() if past.request else None
    data = {
        "utterance": past.utterance,
        "text": past.text,
        "shown": list(ids),
        "request": request,
        "options": list(past.options),
        "list": past.number,
        "user": past.user,
        "liked": past.liked,
        "disliked": past.disliked,
        "relaxations": [
            [{"condition": c.condition, "becomes": c.becomes} for c in changes]
            for changes in past.relaxations
        ],
        "kept": past.kept.to_json(),
    }
    if past.together is not None:
        data["together"] = {"names": list(past.together.names), "by": past.together.by}
    return json.dumps(data, ensure_ascii=False)


def past_from_json(
    text: str, rows_of: Mapping[str, int] | None = None
) -> tuple[PastTurn, list[str]]:
    """Read a stored turn; returns it with the ids shown (rows are filled where `rows_of` has them).

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    from recagent_tools.relaxation import Change  # commands without turns need no arrays

    data = json.loads(text)
    ids = [str(item) for item in data["shown"]]
    rows = tuple(rows_of[item] for item in ids if rows_of and item in rows_of)
    request = request_from_json(data["request"]) if data["request"] else None
    options = tuple(map(str, data.get("options", ())))
    number, user = int(data.get("list", 0)), data.get("user")
    liked, disliked = (tuple(map(str, data.get(key, ()))) for key in ("liked", "disliked"))
    relaxations = tuple(
        tuple(Change(c["condition"], c["becomes"]) for c in changes)
        for changes in data.get("relaxations", ())
    )
    said, told = data["utterance"], data["text"]
    kept = kept_from_json(data.get("kept"), ids)
    past = PastTurn(
        said,
        told,
        rows,
        request,
        options,
        number,
        user,
        liked,
        disliked,
        relaxations,
        _together_from_json(data.get("together")),
        kept,
    )
    return past, ids


def _together_from_json(told: Mapping[str, Any] | None) -> With | None:
    if not told:
        return None
    from recagent_tools.together import known_with

    return known_with(json.dumps({"with": told}))
