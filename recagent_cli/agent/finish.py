"""The finish of a turn: the list stands, words are checked, notices told, the `Turn` is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.gauges import gauges
from recagent_tools.retrieve import profile_history
from recagent_tools.together import fares_of
from recagent_tools.toolbox import ToolContext

from .brain import Brain, Usage
from .course import Course
from .critic import ground, ground_question, numbers_in
from .explaining import Explained, Scene, explain
from .explaining.asking import asker
from .request import Request
from .ruled import scrubbed, struck, told_at_once
from .turn import ShownItem, Turn, scores_of, shown_items

NOTED = {
    "liked": "noted that you like",
    "disliked": "noted that you do not like",
    "seen": "noted as seen",
    "never": "noted, never again",
    "wanted": "on your watchlist now",
    "unwanted": "off your watchlist",
    "accepted": "noted as taken",
    "rejected": "noted, not that one",
}
"""What is said when a fact is written down; by kind of fact."""


@dataclass
class Finish:
    """Makes a turn of what happened in it.

    Attributes:
        course: what happened.
        request: what was wanted.
        brain: who answered.
    """

    course: Course
    request: Request
    brain: Brain

    @property
    def context(self) -> ToolContext:
        """What the tools touched."""
        return self.course.context

    def turn(self) -> Turn:
        """The finished turn; its list stands on the bus, its notices and its text are told."""
        context, course, request, brain = self.context, self.course, self.request, self.brain
        rows = context.presented or []
        if rows:
            self._show(rows)
        funnel = context.bus.funnel()
        if not rows:
            context.bus.settle()
        text = context.text or course.closing
        foreign = course.is_foreign(brain)
        if foreign:
            text = self._grounded(text, rows)
        if course.telling is not None and course.given is None:
            course.telling.close(text)
        explained = self._explained(rows, brain if foreign else None)
        cut = (
            course.ran_out or course.fell_back or any(kind == "cut" for kind, _ in context.notices)
        )
        for kind, told in (*context.notices, *self._said(text)):
            course.notice(kind, scrubbed(told, context.catalog) if foreign else told)
        for told in told_at_once(request, course.utterance, context):
            if told.casefold() not in text.casefold() and ("rule", told) not in course.notices:
                course.notice("rule", told)
        question, options = context.question or ("", ())
        usage: Usage | None = (course.agent.brain if course.fell_back else brain).usage()
        return Turn(
            utterance=course.said,
            text=text or question,
            items=self._items(rows, explained),
            request=request,
            trace=tuple(course.trace),
            notices=tuple(course.notices),
            brain=brain.name,
            usage=usage if usage and usage.calls else None,  # a model that never answered
            session=course.session.id,
            catalog=context.catalog.name,
            question=question,
            options=options,
            cut=cut,
            funnel=funnel,
            aspects=course.aspects if rows else {},
            number=context.bus.standing,
            user=None if context.user is None else context.catalog.user_id(context.user),
            liked=tuple(context.catalog.ids(context.liked)),
            disliked=tuple(context.catalog.ids(context.disliked)),
            relaxations=tuple(context.relaxations),
            relaxed=context.relaxed,
            offered=context.offered if context.question else 0,
            explained=explained,
            remembered=tuple(context.remembered),
            stated=tuple(context.stated),
            together=None if context.company is None else context.company.together,
            rules=tuple((rule.name, rule.count) for rule in context.catalog.rules),
        )

    def _usage(self) -> Usage | None:
        """What the turn cost, also where another brain ended it; None where no model answered."""
        usage = self.course.agent.brain.usage()
        paid = usage is not None and (usage.calls or self.brain is self.course.agent.brain)
        return usage if paid else None

    def _show(self, rows: Sequence[int]) -> None:
        """The list stands; a new one is one change, wherever the turn went on its way to it."""
        bus, lists = self.context.bus, len(self.context.bus.lists)
        bus.show(rows)
        if self.course.began is not None and len(bus.lists) > lists:
            bus.one_change(self.course.began)

    def _explained(self, rows: Sequence[int], brain: Brain | None) -> tuple[Explained, ...]:
        """Why each item is in the list; what a model wrote is checked and refined first.

        `brain` is the model that wrote; None where all words are ours.
        """
        if not rows:
            return ()
        given = self.context.reasons if brain is not None else {}
        request, context = self._made_in()
        scene = Scene(rows, context, request, self.course.agent.style)
        rewrite = None if brain is None else asker(brain, scene)
        items = context.catalog.items(rows)
        explained = explain(items, given, scene, profile_history(context), rewrite)
        explained = tuple(without_hidden(one, context.catalog) for one in explained)
        ways = {"model": "it was written anew", "mended": "it was mended"}
        for one in explained:
            if one.was_wrong:
                what = ways.get(one.source, "this one is ours")
                label = context.catalog.label(one.row)
                self.course.notice(
                    "correction", f"the model's reason for {label} was wrong; {what}"
                )
        return explained

    def _made_in(self) -> tuple[Request, ToolContext]:
        """What the list is told with: of an earlier one that stands again, as it was then."""
        context, number = self.context, self.context.bus.standing
        behind = self.course.session.request_of(number) if self.request.operations else None
        if behind is not None and context.of_list:
            return behind, context.of_list(number)
        return self.request, context

    def _grounded(self, text: str, rows: Sequence[int]) -> str:
        """A model's words without what is not true: its text and its question."""
        context = self.context
        text, corrections = checked(self.course, text, rows, self.request)
        if context.question is not None:
            question, options = context.question
            (question, options), more = ground_question(
                question, options, context, request=self.request
            )
            context.question = scrubbed((question, options), context.catalog)
            corrections += more
        for correction in dict.fromkeys(corrections):
            self.course.notice("correction", correction)
        return text or (self._plain_text(rows) if corrections else "")

    def _plain_text(self, rows: Sequence[int]) -> str:
        """What is said where nothing of a model's text was left."""
        schema = self.context.catalog.schema
        if self.context.question is not None:
            return ""
        if not rows:
            return "I have no answer to this that the catalog bears out."
        return f"{len(rows)} {schema.item if len(rows) == 1 else schema.items}."

    def _said(self, text: str) -> list[tuple[str, str]]:
        """What the request could not be read or answered in full; not twice what the text says."""
        said = [("limit", limit) for limit in self.request.limits if limit not in text]
        for kind in NOTED:
            rows = [row for noted, row in self.context.remembered if noted == kind]
            names = [self.context.catalog.label(row) for row in rows]
            names += [value for noted, _, value in self.context.stated if noted == kind]
            told = self.context.said is None and "Noted:" in text and all(n in text for n in names)
            if names and not told:
                said.append(("noted", f"{NOTED[kind]}: {', '.join(dict.fromkeys(names))}"))
        if self.request.unused:
            words = ", ".join(f"'{word}'" for word in self.request.unused)
            said.append(("unused", f"I did not use: {words}"))
        return said

    def _items(self, rows: Sequence[int], explained: Sequence[Explained]) -> tuple[ShownItem, ...]:
        if not rows:
            return ()
        items = self.context.catalog.items(rows)
        reasons = {one.row: one.text for one in explained}
        told, bus = gauges(rows, self._made_in()[1]), self.context.bus
        return shown_items(items, scores_of(rows, bus), reasons, told, fares_of(rows, bus))


def checked(
    course: Course, text: str, rows: Sequence[int], request: Request
) -> tuple[str, list[str]]:
    """A model's text without what is not true, and what was done to it."""
    counted, told = learned(course)
    text, ruled = struck(text, course.context.catalog)
    kept, lines = ground(text, rows, course.context, request=request, counted=counted, told=told)
    return kept, [*ruled, *scrubbed(lines, course.context.catalog)]


def without_hidden(one: Explained, catalog: Catalog) -> Explained:
    """How an explanation came about, without titles of a model's that rules keep out."""
    if catalog.hidden is None:
        return one
    faults = tuple(
        replace(
            fault,
            text=scrubbed(fault.text, catalog),
            told=scrubbed(fault.told, catalog),
            truth=scrubbed(fault.truth, catalog),
        )
        for fault in one.faults
    )
    return replace(one, text=scrubbed(one.text, catalog), faults=faults)


def learned(course: Course) -> tuple[set[float], list[int]]:
    """What the information tools of this turn counted, and the items they told of."""
    counted: set[float] = set()
    told: list[int] = []
    for step in course.steps:
        for observation in step[1]:
            tool = course.agent.toolbox.get(observation.call.name)
            if tool is None or tool.group != "information" or observation.error:
                continue
            # A number that stands in the query itself was not counted by it.
            counted |= numbers_in(observation.text) - numbers_in(str(observation.call.arguments))
            told.extend(_rows_of(observation.data, course.context.catalog))
    return counted, told


def _rows_of(data: object, catalog: Catalog) -> Iterator[int]:
    """The items that a tool's result names by id or title."""
    for entry in data if isinstance(data, list) else ():
        if not isinstance(entry, dict):
            continue
        row = catalog.row_of(str(entry["id"])) if "id" in entry else None
        if row is not None:
            yield row
        elif "title" in entry:
            yield from catalog.titles.exact(fold(str(entry["title"])))
