"""An interview of a person of whom little is known: questions, answers, facts, the first list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from recagent_catalogs.errors import BadCondition, BadInput, RecagentError
from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.store import Catalog
from recagent_tools.conditions import parse_condition
from recagent_tools.interview import questions
from recagent_tools.toolbox import ProfileView

from .agent.request import Request
from .agent.turn import Turn
from .assistant import Assistant
from .memory.event_rows import StoredEvent
from .memory.imports.importing import new_batch
from .memory.mood import asked_for
from .memory.tastes import SAID_IN_ONE
from .named import resolve_title

QUESTIONS = 12
SOURCE = "interview"
MOST_TITLE = 300
"""Letters of an item's id or title that are read."""
YES = ("y", "yes", "like", "liked", "+", "love")
NO = ("n", "no", "dislike", "disliked", "-", "hate")
UNKNOWN = ("", "?", "not seen", "unseen", "unknown", "don't know", "dont know", "skip", "s")
BACK, STOP = ("b", "back"), ("q", "quit", "stop")

Kind = Literal["liked", "disliked", "rated", "never", "unknown"]


@dataclass(frozen=True)
class Answer:
    """What a person says of an item.

    Attributes:
        kind: of the fact; "unknown" is none: they don't know the item.
        value: points on the catalog's scale, of a rating.
    """

    kind: Kind
    value: float | None = None


@dataclass
class Interview:
    """Questions about a catalog's items, and what was answered so far.

    Attributes:
        assistant: of the person.
        rows: the items asked for, in order.
        answers: by row; of two about one item the later one.
        said: facts about items and values that the person's own words state, as
            (kind, column, value), of an item ("kind", "", its id).
        words: those words.
    """

    assistant: Assistant
    rows: tuple[int, ...]
    answers: dict[int, Answer] = field(default_factory=dict)
    said: list[tuple[str, str, str]] = field(default_factory=list)
    words: str = ""

    @classmethod
    def about(cls, assistant: Assistant, count: int = QUESTIONS) -> Interview:
        """The questions for this person.

        Raises:
            BadInput: the catalog has nothing to ask for.
        """
        catalog, profile = assistant.catalog, assistant.profile()
        rows = questions(catalog, assistant.engine, count, profile)
        if not rows:
            new = known_nothing_of(profile)
            why = "nothing tells its items apart" if new else "there is nothing left to ask"
        elif not _has_names(catalog, rows):
            why = "its items have ids and no names"
            rows = []
        if not rows:
            raise BadInput(
                f"no interview is possible about {catalog.name}: {why}",
                hint="bring a history: recagent profile import FILE",
            )
        return cls(assistant, tuple(rows))

    @property
    def scale(self) -> tuple[float, float] | None:
        """Lowest and highest points that can be given; None where the catalog has no points."""
        return None if self.assistant.catalog.verdicts else self.assistant.engine.rating_scale

    def read(self, text: str) -> Answer:
        """An answer as it was typed: yes, no, points, "never", or nothing for "not seen".

        Raises:
            BadInput: it is none.
        """
        word = " ".join(text.casefold().replace("’", "'").split())
        plain: tuple[tuple[tuple[str, ...], Kind], ...] = (
            (YES, "liked"), (NO, "disliked"), (UNKNOWN, "unknown"), (("never",), "never"),
        )  # fmt: skip
        for words, kind in plain:
            if word in words:
                return Answer(kind)
        try:
            points = float(word.replace(",", "."))
        except ValueError:
            raise BadInput(f"no answer: {text.strip()[:40]!r}", hint=self.choices) from None
        scale = self.scale
        if scale is None or not scale[0] <= points <= scale[1]:
            reason = "no points here" if scale is None else f"{points:g} is not on the scale"
            raise BadInput(reason, hint=self.choices)
        return Answer("rated", points)

    @property
    def choices(self) -> str:
        """The answers there are, on one line."""
        points = "" if self.scale is None else f" · {self.scale[0]:g}-{self.scale[1]:g} points"
        unknown = "not seen" if self.assistant.catalog.schema.verb == "watch" else "don't know it"
        return f"y like · n dislike · Enter {unknown}{points} · never · b back · q stop"

    def answer_lines(self, lines: Iterable[str], path: str = "") -> None:
        """Take answers of a file: one a line, an item's id or title and what is said of it.

        Empty lines and those that begin with # say nothing.

        Raises:
            BadInput: a line is none; with its number.
            NotFound: there is no such item.
        """
        session = self.assistant.new_session()
        context = self.assistant.context(session, None)
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            item, _, said = text.replace("\t", " ").rpartition(" ")
            item = item.strip().rstrip(",:").strip()[:MOST_TITLE]
            try:
                if not item:
                    raise BadInput(f"no answer: {text[:60]!r}", hint="ID yes|no|4|never|?")
                row = self.assistant.catalog.row_of(item)
                row = resolve_title(item, context) if row is None else row
                self.answers[row] = self.read(said)
            except RecagentError as error:
                raise BadInput(
                    error.message, path=path or None, line=number, hint=error.hint
                ) from error

    # -- own words -------------------------------------------------------------------------------

    def hear(self, text: str) -> list[str]:
        """Take what the person says of their taste in their own words.

        Returns:
            What was understood, for people; empty where nothing was.

        Raises:
            RecagentError: the words cannot be read.
        """
        catalog = self.assistant.catalog
        request = self.assistant.parser.parse(text, [], shown=(), sets=())
        found = tastes_in(request, catalog)
        new = [fact for fact in found if fact not in self.said]
        self.said.extend(new)
        self.words = f"{self.words} {text}".strip()[:200]
        return [self._told(*fact) for fact in found]

    def _told(self, kind: str, column: str, value: str) -> str:
        row = None if column else self.assistant.catalog.row_of(value)
        name = value if row is None else self.assistant.catalog.label(row)
        return f"{_SAID[kind]} {name}"

    # -- what comes of it ------------------------------------------------------------------------

    def facts(self) -> list[StoredEvent]:
        """What is to be written: the answers that are verdicts, and what was said in words."""
        catalog, name = self.assistant.catalog, self.assistant.profile_name
        base = StoredEvent(name, catalog.path.name, "liked", batch=f"{SAID_IN_ONE}{new_batch()}")
        events = [
            replace(base, kind=kind, item="" if column else value, column=column,
                    text=value if column else "", source=self.words)
            for kind, column, value in self.said
        ]  # fmt: skip
        for row, answer in self.answers.items():
            if answer.kind != "unknown":
                item = catalog.ids([row])[0]
                value = answer.value
                events.append(
                    replace(base, kind=answer.kind, item=item, value=value, source=SOURCE)
                )
        return events

    def keep(self) -> str:
        """Write the facts in one transaction; the batch by which they are taken back, or "".

        Also where the profile is paused: an interview is asked for by name.

        Raises:
            RecagentError: the store cannot be written.
        """
        events = self.facts()
        if not events:
            return ""
        self.assistant.store.commit(events=events)
        return events[0].batch

    def first_list(self) -> Turn:
        """The list for the person as they are known now, in a session of its own.

        In this session alone what they do not know counts a little against what is like it.
        """
        session = self.assistant.new_session()
        session.unknown = tuple(
            row for row, answer in self.answers.items() if answer.kind == "unknown"
        )
        return self.assistant.ask(
            f"something to {self.assistant.catalog.schema.verb}", session=session
        )


_SAID = {"liked": "you like", "disliked": "not", "never": "never", "seen": "you know"}


def tastes_in(request: Request, catalog: Catalog) -> list[tuple[str, str, str]]:
    """The lasting tastes in the words of somebody who was asked for their taste.

    What would be a passing wish elsewhere is meant to last here. What is spelt out in many values
    (a mood in tags) counts by its nearest ones only.

    Returns:
        (kind, column, value), of an item (kind, "", its id); each value once.
    """
    found: dict[tuple[str, str], str] = {}
    for column, wanted, weight in asked_for(request, None, catalog):
        if weight >= 1:
            found[column, wanted] = "liked"
    for text in request.conditions:
        try:
            condition = parse_condition(text, catalog)
        except BadCondition:
            continue
        if condition.operator == "lacks":
            for value in condition.values:
                found[condition.column, str(value)] = "disliked"
    mentioned = (("liked", request.liked), ("disliked", request.disliked), ("seen", request.seen))
    for kind, mentions in mentioned:
        for mention in mentions:
            if mention.id is not None:
                found["", mention.id] = kind
    for one in request.stated:
        found[one.column, one.value] = one.kind
    return [(kind, *key) for key, kind in found.items() if kind in _SAID]


def _has_names(catalog: Catalog, rows: Sequence[int]) -> bool:
    """Whether anybody could tell what the items are: by a title, or by words about them."""
    if any(column.role in WORD_ROLES for column in catalog.schema.columns):
        return True
    return any(item.title != item.id for item in catalog.items(rows))


def known_nothing_of(profile: ProfileView) -> bool:
    """Whether nothing is known of a person that a list could be made for."""
    return not (profile.liked or profile.disliked or profile.ratings or profile.wishes)


def counted(answers: Sequence[Answer], said: int) -> str:
    """What was learned, on one line."""
    names = {"liked": "liked", "disliked": "disliked", "rated": "rated", "never": "never again"}
    told = [
        f"{count} {name}"
        for kind, name in names.items()
        if (count := sum(answer.kind == kind for answer in answers))
    ]
    told += [f"{said} in your words"] * bool(said)
    return ", ".join(told)
