"""Finds a stored session by id, or the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recagent_catalogs.errors import NotFound

if TYPE_CHECKING:
    from ..memory.store import StoredSession, UserStore


def restore(
    store: UserStore, profile: str, session: str | None, catalog: str | None
) -> StoredSession:
    """The session of that id, or the one used last.

    Raises:
        NotFound: there is none.
    """
    if session is not None:
        stored = store.session(session)
    else:
        kept = [s for s in store.sessions(profile) if catalog in (None, s.catalog)]
        stored = kept[0] if kept else None
    if stored is None:
        named = f"no session {session!r}" if session else "no session yet"
        raise NotFound(named, hint="recagent session list")
    return stored
