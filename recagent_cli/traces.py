"""The traces of a profile: looked up, kept as demonstrations, let go again."""

from __future__ import annotations

from dataclasses import dataclass

from recagent_catalogs.errors import BadInput

from .agent.trace_lines import check_lines
from .agent.tracing import Trace, read_trace
from .conversation import moment
from .memory.store import UserStore
from .memory.trace_rows import StoredTrace, set_kept, trace_named, traces_of

_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a row may meet that is no trace."""


@dataclass(frozen=True)
class Traces:
    """What was written down of a profile's turns.

    Attributes:
        store: where.
        profile: whose.
    """

    store: UserStore
    profile: str

    def list(
        self, catalog: str | None = None, *, session: str | None = None, kept: bool = False
    ) -> list[Trace]:
        """Traces, newest first; damaged ones are left out and named in `store.damaged`.

        Args:
            catalog: about which; None for all.
            session: of which, by its full id; None for all.
            kept: whether only those that serve as demonstrations.
        """
        found = []
        for stored in traces_of(self.store, self.profile, catalog, session=session, kept=kept):
            try:
                found.append(read(stored))
            except BadInput:
                self.store.damaged.append(f"trace {stored.id}")
        return found

    def get(self, reference: str) -> Trace:
        """The trace of a number; "last" and "-1" are the newest one, "-2" the one before it.

        Raises:
            NotFound: there is none.
            BadInput: it is damaged.
        """
        return read(trace_named(self.store, self.profile, reference))

    def keep(self, reference: str) -> Trace:
        """Let a trace serve as a demonstration for models.

        Raises:
            NotFound: there is none.
            BadInput: its turn is no good example, or too many are kept.
        """
        stored = trace_named(self.store, self.profile, reference)
        trace = read(stored)
        if why := unfit(trace):
            raise BadInput(f"trace {trace.id} is not kept: {why}", hint="recagent trace list")
        if not trace.kept:
            set_kept(self.store, stored, True)
        return self.get(str(stored.id))

    def unkeep(self, reference: str) -> Trace:
        """Let a trace serve as a demonstration no longer; it goes when it is old enough.

        Raises:
            NotFound: there is none.
        """
        stored = trace_named(self.store, self.profile, reference)
        if stored.kept:
            set_kept(self.store, stored, False)
        return self.get(str(stored.id))


def read(stored: StoredTrace) -> Trace:
    """A trace of the store.

    Raises:
        BadInput: it is none that this version can read.
    """
    try:
        trace = read_trace(
            stored.lines,
            id=stored.id,
            session=stored.session,
            turn=stored.turn,
            profile=stored.profile,
            catalog=stored.catalog,
            time=moment(stored.created),
            kept=bool(stored.kept),
        )
        check_lines(trace.head, trace.events)
    except _UNREADABLE as error:
        raise BadInput(f"the trace {stored.id} cannot be read") from error
    return trace


def unfit(trace: Trace) -> str:
    """Why a turn is no good example for a model; "" where it may be one."""
    calls = trace.calls
    if trace.end.get("cut"):
        return "a budget or a fallback cut its turn"
    if not calls or all(call.error for call in calls):
        return "no tool did anything in its turn"
    if calls[-1].error:
        return f"its last call failed: {calls[-1].tool}"
    if trace.missed:
        return f"a call of {trace.missed[0]} was refused in it and not made good"
    if trace.end.get("left_out") or any(call.arguments is None for call in calls):
        return "it was too long to be written down whole"
    return ""
