"""Recommendation dialogues as the parser reads them: what is asked for, which items were named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean, fold
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.dialogue.state import NO_STATE
from recagent_cli.agent.builtin.meaning.reading import Reading
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words.tokens import tokenize
from recagent_cli.agent.request import Intent, Mention, Request

from .scoring import Row

Kind = tuple[str, str]
"""A column of kinds and one of its values."""


@dataclass(frozen=True)
class Named:
    """An item that somebody named: its row where the catalog has it, its title in any case."""

    row: int | None
    title: str
    by_person: bool


@dataclass(frozen=True)
class Talk:
    """A dialogue up to the recommender's next turn.

    Attributes:
        dialogue: which one.
        request: what holds of the person's turns, by the parser; the items named are `liked`.
        kinds: kinds that anybody asked for; `asked`: the person; `last`: in the last turn.
        tags: (column, value, weight) of everybody's wishes.
        named: items named, oldest first.
        words: of everybody, without the items' names.
        targets: what was recommended next and is new; None where the catalog lacks it.
    """

    dialogue: str
    request: Request
    kinds: frozenset[Kind]
    asked: frozenset[Kind]
    last: frozenset[Kind]
    tags: tuple[tuple[str, str, float], ...]
    named: tuple[Named, ...]
    words: frozenset[str]
    targets: tuple[int | None, ...]

    @property
    def rows(self) -> list[int]:
        """Rows of the named items, each once, oldest first."""
        return list(dict.fromkeys(item.row for item in self.named if item.row is not None))


class Reader:
    """Reads dialogues with one parser; turns that several rows share are read once."""

    def __init__(self, parser: Parser, catalog: Catalog) -> None:
        self._parser, self._catalog = parser, catalog
        self._kinds = {column.name for column in catalog.schema.with_role(Role.CATEGORIES)}
        self._tags = {column.name for column in catalog.schema.with_role(Role.TAGS)}
        self._read: dict[str, Reading] = {}
        self._parsed: dict[tuple[str, ...], Request] = {}

    def talk(self, row: Row) -> Talk:
        """One row of a set."""
        turns = [clean(turn) for turn in row["context"]]
        mine = [(len(turns) - 1 - place) % 2 == 0 for place in range(len(turns))]
        read = [self._reading(turn) for turn in turns]
        kinds = [self._kinds_of(reading) for reading in read]
        named = tuple(self._named(row, turns, mine))
        return Talk(
            dialogue=str(row["dialog_id"]),
            request=self._request(turns, row, named),
            kinds=frozenset().union(*kinds),
            asked=frozenset().union(*(k for k, person in zip(kinds, mine, strict=True) if person)),
            last=kinds[-1] if kinds else frozenset(),
            tags=tuple(self._tags_of(read)),
            named=named,
            words=_words(turns, [str(item["name"]) for item in row["mentioned"]]),
            targets=tuple(
                self._row_of(item) for item in row["targets"] if not item["already_mentioned"]
            ),
        )

    def _reading(self, turn: str) -> Reading:
        if turn not in self._read:
            self._read[turn] = self._parser.read(tokenize(turn))
        return self._read[turn]

    def _kinds_of(self, reading: Reading) -> frozenset[Kind]:
        return frozenset(
            (condition.column, str(value))
            for condition in reading.conditions
            if condition.operator == "has" and condition.column in self._kinds
            for value in condition.values
        )

    def _tags_of(self, read: Iterable[Reading]) -> Iterable[tuple[str, str, float]]:
        for reading in read:
            for wish in reading.wishes:
                for column, value in wish.values:
                    if column in self._tags:
                        yield column, value, wish.weight

    def _named(self, row: Row, turns: Sequence[str], mine: Sequence[bool]) -> Iterable[Named]:
        for item in row["mentioned"]:
            by = (person for turn, person in zip(turns, mine, strict=True) if item["name"] in turn)
            yield Named(self._row_of(item), str(item["title"]), next(by, True))

    def _request(self, turns: Sequence[str], row: Row, named: Sequence[Named]) -> Request:
        """What holds after the person's turns: of closings and questions, what held before."""
        history: list[PastTurn] = []
        held = Request(Intent.RECOMMEND)
        for place in range((len(turns) - 1) % 2, len(turns), 2):
            if not turns[place]:
                continue
            answer = turns[place + 1] if place + 1 < len(turns) else ""
            key = tuple(turns[: place + 1])
            if key not in self._parsed:
                self._parsed[key] = self._parser.parse(turns[place], history)
            request = self._parsed[key]
            shown = [self._row_of(item) for item in row["mentioned"] if item["name"] in answer]
            rows = tuple(found for found in shown if found is not None)
            history.append(PastTurn(turns[place], answer, rows, request))
            if request.intent not in NO_STATE and request.intent is not Intent.CLOSING:
                held = request
        ids = self._catalog.ids([item.row for item in named if item.row is not None])
        liked = tuple(Mention(id, id, id) for id in dict.fromkeys(ids))
        kept = tuple(m for m in held.disliked if m.id is not None and m.id not in set(ids))
        return replace(held, intent=Intent.RECOMMEND, liked=liked, disliked=kept, clarify="")

    def _row_of(self, item: Row) -> int | None:
        id = item.get("movielens_id")
        return self._catalog.row_of(str(id)) if id else None


def _words(turns: Sequence[str], names: Sequence[str]) -> frozenset[str]:
    text = " . ".join(turns)
    for name in names:
        text = text.replace(name, " ")
    return frozenset(fold(text).split())
