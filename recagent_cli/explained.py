"""Questions about single items: why, why not, side by side, and what a person would rate them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recagent_catalogs.errors import BadInput, NotFound, ToolError
from recagent_tools.comparison import Comparison, compare
from recagent_tools.evidence import Evidence, WhyNot
from recagent_tools.explain import explained
from recagent_tools.predict import PredictedRating, predicted_rating
from recagent_tools.toolbox import ToolContext
from recagent_tools.why_not import why_not

from .agent.explaining import Explained
from .agent.explaining.because import because, scene_of
from .agent.past_context import context_of_list
from .agent.session import Session
from .named import is_place, resolve_compared, resolve_shown, resolve_title


@dataclass(frozen=True)
class ItemAnswers:
    """Answers about items, from the lists of sessions.

    Attributes:
        load: the session of an id; of None, the one used last, or None.
        new: a new session.
        context: what the tools may touch in a session, for a user of the data or the person.
    """

    load: Callable[[str | None], Session | None]
    new: Callable[[], Session]
    context: Callable[[Session, str | None], ToolContext]

    def why_not(
        self, reference: str, session: Session | str | None, number: int
    ) -> tuple[WhyNot, ToolContext]:
        """`Assistant.why_not`."""
        held = session if isinstance(session, Session) else self.load(session)
        if held is None or not held.bus.lists:
            raise _nothing_shown()
        now = self._shown(held)
        row = resolve_compared(reference, now)
        try:
            then = context_of_list(self.context(held, None), held, number)
        except ToolError as error:
            raise NotFound(error.message, hint=error.hint) from error
        return why_not(row, then), then

    def why(self, reference: str, session: Session | str | None) -> Evidence:
        """`Assistant.why`."""
        held = session if isinstance(session, Session) else self.load(session)
        if held is None or not (held.shown or held.bus.lists):
            raise _nothing_shown()
        context = self._shown(held)
        # As of `why not`: the list that stands, else the last one.
        context.shown = context.shown or held.bus.lists[-1].rows
        row = resolve_shown(reference, context)
        found = explained(row, context)
        if found is None:
            title = context.catalog.item(row).title
            raise NotFound(
                f"{context.catalog.label(row)} is in no list of this session",
                hint=f'recagent why-not "{title}" says why not',
            )
        return found

    def because(self, evidence: Evidence, session: Session | None, style: str) -> Explained:
        """`Assistant.because`."""
        held = session or self.load(None)
        if held is None or evidence.number > len(held.bus.lists):
            raise NotFound("the session does not have this list")
        then = context_of_list(self.context(held, None), held, evidence.number)
        request = held.request_of(then.bus.standing)
        return because(evidence, scene_of(evidence, then, request, style))

    def compare(
        self, references: Sequence[str], session: Session | str | None, user: str | None
    ) -> tuple[Comparison, ToolContext]:
        """`Assistant.compare`."""
        held = self.load(session) if isinstance(session, str) else session
        if held is None and any(map(is_place, references)):
            held = self.load(None)
        now = self._shown(held, user)
        rows = [resolve_compared(reference, now) for reference in references]
        then = now
        if held is not None and held.bus.lists and user is None:
            then = context_of_list(self.context(held, None), held, 0)
        try:
            return compare(rows, then), then
        except ToolError as error:
            raise BadInput(error.message, hint=error.hint) from error

    def rating(self, reference: str, session: Session | None, user: str | None) -> PredictedRating:
        """`Assistant.predict_rating`."""
        context = self._shown(session, user)
        return predicted_rating(resolve_title(reference, context), context)

    def _shown(self, session: Session | None, user: str | None = None) -> ToolContext:
        """The context of now, in which "#2" is of the list that stands."""
        context = self.context(session or self.new(), user)
        context.shown = session.shown if session is not None else ()
        return context


def _nothing_shown() -> NotFound:
    return NotFound("no list was shown yet", hint='recagent ask "90s sci-fi like Alien"')
