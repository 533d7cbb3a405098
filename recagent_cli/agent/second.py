"""A second chance: an answer that fails its review goes back once, then code mends it.

The reasons are the result of the call that gave the answer, so that a model reads them where it
reads all results. What the model does then starts from the candidates as they were. Where it comes
to no other answer, the first one is mended and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from recagent_catalogs.errors import ModelError
from recagent_prompts import render
from recagent_tools.bus import Mark
from recagent_tools.personal import rules_out
from recagent_tools.toolbox import Ran, ToolResult

from .brain import Brain, Call, Observation, TurnView
from .builtin.parse import wants_list
from .builtin.scoring import ranking
from .course import Course
from .ends import is_short, owes_list
from .events import SENT_BACK, AnswerReviewed
from .finish import checked, learned
from .request import Request
from .review import Problem, Review
from .verdict import material_of, reviewer

CLOSING = "answer"
"""What an answer without a call is called in the trace."""
MOST_PROBLEMS = 6
NO_LIST = "- a list was asked for and words alone show none: call present"


@runtime_checkable
class Patient(Protocol):
    """A brain that knows whether it may be asked once more in this turn."""

    def may_answer_again(self) -> bool:
        """Whether its budget holds one more answer."""
        ...


@dataclass(frozen=True)
class _First:
    """An answer that was sent back, as it was found."""

    rows: tuple[int, ...]
    reasons: dict[int, str]
    text: str
    question: tuple[str, tuple[str, ...]] | None
    notices: tuple[tuple[str, str], ...]
    place: Mark


@dataclass
class SecondChance:
    """Reviews the answers of one brain in one turn.

    Attributes:
        course: what happened so far.
        view: the turn as the brain sees it, with the request as the built-in parser read it.
        brain: whose answers they are.
        run: runs a call of ours.
        critic: whether the brain reviews its answer as well.
        last: whether the step that runs is the last one; set by the loop.
        refilled: whether the candidates were made anew for the answer just reviewed.
    """

    course: Course
    view: TurnView
    brain: Brain
    run: Callable[[Call], Observation]
    critic: bool = False
    last: bool = False
    refilled: bool = False
    _sent_back: bool = False
    _reviewed: bool = False
    _first: _First | None = None
    _objected: str = ""
    _emptied: bool = False
    _told: list[tuple[str, str]] = field(default_factory=list)
    _faults: list[str] = field(default_factory=list)
    """What the model found wrong with its first answer."""

    @property
    def request(self) -> Request:
        """What was asked, as the built-in parser read it."""
        return self.view.request

    @property
    def owes_list(self) -> bool:
        """Whether words alone cannot end the turn: a list was asked for, and something fits."""
        return owes_list(self.view) and bool(self._review().fit.any())

    # an answer that is a call

    def after(self, call: Call, ran: Ran, before: Mark) -> tuple[Ran, str, Call]:
        """What a call of this brain gave; an error with the reasons where its answer goes back.

        Args:
            call: the call.
            ran: what it gave.
            before: the bus before it.

        Returns:
            The result for the brain; its text for everybody else, without words of the model; the
            call as it was, or with the items that are shown where code mended the list.
        """
        tool, self.refilled = self.course.agent.toolbox.get(call.name), False
        if ran.error or tool is None or not tool.ends_turn:
            return self._with_ways(call, ran), ran.result.text, call
        problems, reasons = self._of_code(ran)
        self._report(problems)
        if problems and self._may_go_back():
            self._sent_back = True
            told = "; ".join(dict.fromkeys(problem.public for problem in problems[:MOST_PROBLEMS]))
            return self._back(ran, reasons, before, problems), SENT_BACK + told, call
        self._mend()
        if not problems and (said := self._of_the_model()):
            made = self._back(ran, "\n".join(f"- {one}" for one in said), before)
            return made, f"{SENT_BACK}the model found fault with it", call
        rows = self.course.context.presented
        if self._emptied:
            self._clear()
            return replace(ran, error=True), f"{SENT_BACK}nothing of it may be shown", call
        if problems:
            self._skip("code has mended it")
        if problems and rows:
            ids = self.course.context.catalog.ids(rows)
            ran = replace(ran, result=ToolResult(f"shown: {', '.join(ids)}", {"ids": ids}))
            if self.refilled:
                left = len(self.course.context.bus)
                ran = replace(ran, before=left, after=left)
            call = replace(call, arguments={**call.arguments, "items": ids})
        return ran, ran.result.text, call

    def _with_ways(self, call: Call, ran: Ran) -> Ran:
        """A list that failed as there are no candidates: the model reads how to come to some."""
        if call.name != "present" or not ran.error or len(self.course.context.bus):
            return ran
        told = f"{ran.result.text}\n{self._review().ways_out()}"
        return replace(ran, result=ToolResult(told, ran.result.data))

    def _review(self) -> Review:
        course = self.course
        said = [*(turn.utterance for turn in course.session.turns), course.utterance]
        counted, told = learned(course)
        given = course.given is not None
        return Review(course.context, self.request, said, counted, told, given)

    def _of_code(self, ran: Ran) -> tuple[list[Problem], str]:
        """What code finds wrong with the answer, and how the model is told."""
        context, review = self.course.context, self._review()
        rows = context.presented
        if rows is None:
            problems = review.of_question()
            return problems, review.reasons(problems, ())
        if not rows:
            problems = review.of_nothing()
            return problems, review.reasons(problems, rows)
        data = ran.result.data if isinstance(ran.result.data, dict) else {}
        dropped: Sequence[str] = data.get("dropped", ())
        problems = review.of_list(rows, context.text, dropped)
        return problems, review.reasons(problems, rows)

    def _report(self, problems: Sequence[Problem]) -> None:
        """Say what kind of item should not have been in a list, without a word of the model."""
        columns = tuple(sorted({name for problem in problems for name in problem.columns}))
        ruled_out = any(problem.ruled_out for problem in problems)
        if columns or ruled_out:
            self.course.emit(AnswerReviewed(columns, ruled_out))

    def _may_go_back(self) -> bool:
        """Whether an answer may be sent back: once, and where another one can still come."""
        return not self._sent_back and self._has_room()

    @property
    def may_wait(self) -> bool:
        """Whether the brain is known to be able to answer once more; a replayed one is not."""
        return isinstance(self.brain, Patient) and self._has_room()

    def _has_room(self) -> bool:
        if self.last:
            return False
        return not isinstance(self.brain, Patient) or self.brain.may_answer_again()

    def _back(self, ran: Ran, reasons: str, before: Mark, problems: Sequence[Problem] = ()) -> Ran:
        """Put everything back to before the answer, and make the reasons the call's result."""
        context = self.course.context
        # What a model found may be in words of the items that it was given to read.
        unread = "a review found fault with it"
        if problems:
            unread = self._review().reasons_unread(problems, context.presented or ())
        if self._first is None:
            rows, place = tuple(context.presented or ()), context.bus.mark()
            dropped = tuple(notice for notice in context.notices if notice[0] == "dropped")
            self._first = _First(
                rows, dict(context.reasons), context.text, context.question, dropped, place
            )
        context.bus.back_to(before)
        self._clear()
        told = render("review", reasons=reasons).strip()
        result = ToolResult(told, {"unread": f"not shown: {unread}"})
        return replace(ran, result=result, error=True, after=len(context.bus))

    def _clear(self) -> None:
        """No answer is given yet."""
        context = self.course.context
        context.presented, context.question, context.text = None, None, ""
        context.reasons = {}
        context.notices[:] = [notice for notice in context.notices if notice[0] != "dropped"]

    def _mend(self) -> None:
        """Bring the list that is to be shown in order by code, and say what was done."""
        context = self.course.context
        if not context.presented:
            self._emptied = context.presented is not None
            return
        context.notices[:] = [notice for notice in context.notices if notice not in self._told]
        review, wanted = self._review(), self.request.count or len(context.presented)
        rows, lines = review.mended(context.presented)
        if lines and len(rows) < wanted:
            rows += self._found_more(review, rows, wanted, lines)
            review = self._review()
        context.presented, self._emptied = rows, bool(lines) and not rows
        self._told = [("correction", f"mended the model's list: {line}") for line in lines]
        given_up = review.given_up(context.presented)
        if given_up and given_up not in context.text:
            self._told.append(("limit", given_up))
        context.notices.extend(self._told)

    def _found_more(
        self, review: Review, rows: Sequence[int], wanted: int, lines: list[str]
    ) -> list[int]:
        """What else fits, out of the catalog, where the candidates hold too little; told in lines.

        The candidates then are those that meet the conditions, in the order of `rank`.
        """
        request, bus = self.request, self.course.context.bus
        bound = request.base or request.among or request.operations
        if bound or not review.hard or not review.fit[list(rows)].all():
            return []
        if int(review.fit.sum()) <= len(rows):
            return []
        before, tools = bus.mark(), self.course.agent.toolbox.offered(self.course.context)
        calls = [
            Call("candidates", {"op": "start"}),
            *[Call("personal", {})] * rules_out(self.course.context),
            Call("filter", {"where": [str(condition) for condition in review.hard]}),
            ranking(replace(self.view, tools=tools), request),
        ]
        if any(self.run(call).error for call in calls):
            bus.back_to(before)
            return []
        self.refilled = True
        more = self._review().more(rows, wanted - len(rows))
        label = self.course.context.catalog.label
        lines.append(f"put in, out of the catalog: {', '.join(map(label, more[:MOST_PROBLEMS]))}")
        return more

    # what the model says of it

    def _of_the_model(self) -> list[str]:
        """What the model finds wrong with the answer; asked once a turn, after code.

        Where it has no answer left, the person is told instead: that it was not asked, or what it
        found.
        """
        if not self._has_room():
            self._skip("no answer of it was left")
        ask = reviewer(self.brain) if self.critic and not self._reviewed else None
        if ask is None:
            return []
        self._reviewed = True
        verdict = ask(material_of(self.course))
        if verdict is None:
            self._tell(
                "the model's review did not come or could not be read; "
                "the answer was checked by code alone"
            )
            return []
        self._faults = [] if verdict.ok else list(verdict.problems[:MOST_PROBLEMS])
        if self._has_room():
            return self._faults
        self._tell_faults()
        return []

    def _skip(self, why: str) -> None:
        """Say that the model did not review an answer, where that was asked for."""
        if self.critic and not self._reviewed and reviewer(self.brain) is not None:
            self._reviewed = True
            self._tell(f"the model did not review this answer: {why}")

    def _tell_faults(self) -> None:
        """Say that the model found fault with what is shown; in its words as far as they hold."""
        if not self._faults:
            return
        rows = self.course.context.presented or ()
        read = [(one, checked(self.course, one, rows, self.request)) for one in self._faults]
        held = [one for one, (text, corrections) in read if text.strip() and not corrections]
        told = "the model found fault with this answer, and no other came of it"
        self._tell(f"{told}: {'; '.join(held)}" if held else told)
        self._faults = []

    def _tell(self, text: str) -> None:
        self.course.context.notices.append(("model", text))

    # an answer without a call

    def objection(self, text: str) -> str:
        """What is told to a model whose closing words cannot stand; "" where they may.

        They go back where nothing of them would be left, and nothing of them was told yet; and
        where a list was asked for and none is there.

        Raises:
            ModelError: a list was asked for, and again there is none.
        """
        telling = self.course.telling
        if not text.strip() or self._first is not None or (telling and telling.told):
            return ""
        if self.owes_list:
            return self._without_list(text)
        reasons: list[str] = []
        if not checked(self.course, text, (), self.request)[0].strip():
            problems = self._review().of_list((), text)
            if problems and self._may_go_back():
                self._sent_back, reasons = True, [problem.told for problem in problems]
            elif problems and wants_list(self.request) and not self.request.operations:
                return self._without_list(text)
        else:
            self.course.closing = text
            reasons = self._of_the_model()
            self.course.closing = ""
        if not reasons:
            return ""
        self._objected = text
        lines = "\n".join(f"- {line}" for line in reasons[:MOST_PROBLEMS])
        return render("review", reasons=lines).strip()

    def _without_list(self, text: str) -> str:
        """What is told to a model that answers a wish for a list without one."""
        if self._may_go_back():
            self._sent_back = True
            return render("review", reasons=NO_LIST).strip()
        if self.course.pictures:  # nobody else has seen them
            return ""
        raise ModelError(f"{self.brain.name}: it gave no list", reason="stuck")

    # where no other answer came

    def settle(self, error: ModelError | None = None) -> bool:
        """Show the first answer, mended, where the brain gave no other; whether that was done.

        Args:
            error: why the brain gave none.

        Raises:
            ModelError: nothing was left of the list of the brain, so that another has to answer.
        """
        context, first = self.course.context, self._first
        if self._emptied:
            if error is None:
                self.end_if_empty()
            return False
        if context.presented is not None or context.question is not None:
            return False
        if first is None or not (first.rows or first.question):
            return error is not None and self._stands(error)
        context.bus.back_to(first.place)
        context.presented = list(first.rows) if first.rows else None
        context.reasons, context.question = dict(first.reasons), first.question
        context.notices.extend(first.notices)
        if first.rows:
            self._mend()
        if self._emptied:
            return False if error else self.settle()
        if first.rows:
            self._skip("code has mended it")
        self._tell_faults()
        held = checked(self.course, self.course.closing, first.rows, self.request)[0]
        context.text = self.course.closing if held.strip() else first.text
        if error is not None:
            told = f"{error.message.rstrip('. ')}; the model's answer before is mended instead"
            context.notices.append(("cut", told))
        return True

    def end_if_empty(self) -> None:
        """End the turn of a brain of whose list nothing was left.

        Raises:
            ModelError: so it is, and another brain has to answer.
        """
        if self._emptied:
            told = f"{self.brain.name}: nothing of its list is what was asked for"
            if not len(self.course.context.bus):
                told = f"{self.brain.name}: it had no candidates to show"
            raise ModelError(told, reason="stuck")

    def _stands(self, error: ModelError) -> bool:
        """Let closing words that were sent back stand, where nobody else can answer."""
        others = is_short(error) or self.course.agent.fallback is not None
        if not self._objected or others:
            return False
        self.course.closing = self._objected
        self._tell_faults()
        return True
