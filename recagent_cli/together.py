"""Lists for several people of this machine: opens the profiles of those who were asked for by name.

Nowhere else is another's profile read. It is read to rank; nothing is written into it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from recagent_catalogs.errors import BadInput, NotFound
from recagent_tools.together import STRATEGIES, Companion, Company, With

from .memory.names import check_profile
from .memory.profile import Profile
from .memory.store import UserStore
from .sessions import Sessions

MOST_OTHERS = 9


def with_whom(names: Iterable[str], by: str, me: str, store: UserStore) -> With:
    """The people asked for by name, each once; the person who asks needs no naming.

    Args:
        names: of profiles, several of one text with commas between.
        by: how their fits are joined, one of `STRATEGIES`.
        me: the profile in use.
        store: that holds the profiles.

    Raises:
        UsageError: no profile can be called so.
        NotFound: there is no such profile.
        BadInput: there is no such way to join, or there are too many people.
    """
    if by not in STRATEGIES:
        raise BadInput(f"no way {by!r} to choose together", hint=", ".join(STRATEGIES))
    told = [part.strip() for name in names for part in name.split(",") if part.strip()]
    wanted = sorted({check_profile(name) for name in told} - {me})
    there = store.profiles() if wanted else []
    for name in wanted:
        if name not in there:
            others = ", ".join(one for one in there if one != me)
            hint = f"profiles: {others}" if others else f'recagent --as {name} ask "…" begins one'
            raise NotFound(f"there is no profile {name!r}", hint=hint)
    if len(wanted) > MOST_OTHERS:
        raise BadInput(f"{MOST_OTHERS} others at most, not {len(wanted)}")
    return With(tuple(wanted), by)


def open_company(sessions: Sessions, together: With) -> Company | None:
    """The people with what is known of each; None where none of the others has a profile (now).

    Args:
        sessions: of the person who asks.
        together: with whom.
    """
    if not together.names:
        return None
    there = sessions.store.profiles()
    others = tuple(
        Companion(name, replace(sessions, profile_name=name).profile())
        for name in together.names
        if name in there and name != sessions.profile_name
    )
    return Company(sessions.profile_name, others, together.by) if others else None


def strangers(company: Company) -> list[str]:
    """Those of the others of whom nothing is known about this catalog."""
    return [one.name for one in company.others if one.profile == Profile()]


def told_strangers(names: Iterable[str], catalog: str) -> str:
    """That they count as nobody in particular; "" where all are known."""
    told = " and ".join(names)
    return told and (
        f"nothing is known of {told} about {catalog} yet: counted as nobody in particular, "
        "by what most people like"
    )
