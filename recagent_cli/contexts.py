"""What the tools may touch, made for a session: now, and at the time of a list."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from recagent_catalogs.errors import BadInput
from recagent_tools.together import Company, With
from recagent_tools.toolbox import ToolContext

from .agent.past_context import context_of_list
from .agent.session import Session
from .memory.profile import Profile
from .named import own_weights, resolve_title, user_index
from .sessions import Sessions


@dataclass(frozen=True)
class Contexts:
    """Makes contexts.

    Attributes:
        sessions: whose catalog, models and profile a context holds.
        incognito: whether nothing is known of the person, nor remembered.
        seed: seed of everything random; with 0 it changes by the day.
        together: with whom lists are wanted; None: with those of the session's last turn.
        govern: lets the rules of the house hold for these people as well.
    """

    sessions: Sessions
    incognito: bool
    seed: int
    together: With | None = None
    govern: Callable[[Sequence[str]], None] = lambda names: None

    def profile(self, session: str = "") -> Profile:
        """What is known of the person, in rows of this catalog; `Sessions.profile`."""
        return Profile() if self.incognito else self.sessions.profile(session)

    def of(self, session: Session, user: str | None = None) -> ToolContext:
        """What the tools may touch in a turn of this session.

        Raises:
            NotFound: no such user.
        """
        self.govern(self.with_now(session).names)
        catalog, profile = self.sessions.catalog, self.profile(session.id)
        noting = self._noting()
        if session.unknown:  # what was asked for a moment ago was shown then
            profile = replace(profile, recent=(*profile.recent, *session.unknown))
        return ToolContext(
            catalog=catalog,
            engine=self.sessions.engine,
            bus=session.bus,
            # SQL sees all of a catalog.
            sandbox=None if catalog.rules else self.sessions.sandbox,
            profile=profile,
            user=user_index(user, catalog),
            company=None if user is not None else self.company(self.with_now(session)),
            open_company=self.company,
            made_for=lambda number: session.made_for(number, catalog),
            unknown=session.unknown,
            may_remember=noting == "noted",
            noting=noting,
            rng=np.random.default_rng(self.seed or datetime.date.today().toordinal()),
            of_list=lambda number: self.of_list(session, number),
        )

    def _noting(self) -> Literal["noted", "paused", "incognito"]:
        """What happens to what the person says of themselves."""
        if self.incognito:
            return "incognito"
        return "paused" if self.sessions.paused else "noted"

    def with_now(self, session: Session) -> With:
        """With whom the next list of a session is wanted."""
        return session.together if self.together is None else self.together

    def company(self, together: With) -> Company | None:
        """Those people, with what is known of each."""
        return self.sessions.company(together)

    def of_list(self, session: Session, number: int = 0) -> ToolContext:
        """`Assistant.context_of_list`."""
        return context_of_list(self.of(session), session, number)

    def asked(
        self,
        text: str,
        session: Session,
        user: str | None,
        like: Sequence[str],
        weights: Sequence[str],
        seen_too: bool = False,
        only_wanted: bool = False,
    ) -> ToolContext:
        """The context of a turn, with what was given beside the words.

        Raises:
            BadInput: nothing was said, or a weight is wrong.
            NotFound: no such user or item.
        """
        if not text.strip():
            raise BadInput("nothing was asked", hint='recagent ask "90s sci-fi like Alien"')
        context = self.of(session, user)
        context.weights = own_weights(weights)
        context.seen_too, context.only_wanted = seen_too, only_wanted
        context.liked.extend(resolve_title(title, context) for title in like)
        return context

    def fresh(self, user: str | None = None, weights: Sequence[str] = ()) -> ToolContext:
        """A context with a bus of its own; the weights are right.

        Raises:
            BadInput: a weight is wrong.
            NotFound: no such user.
        """
        own_weights(weights)
        return self.of(self.sessions.new(), user)
