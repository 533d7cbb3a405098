"""Sessions that are deleted, from the store and from its copies."""

from __future__ import annotations

import os
from collections.abc import Sequence

from recagent_catalogs.errors import NotFound, RecagentError

from .backups import aside_folders, copies_of
from .erasing import compact
from .store import UserStore


def delete_sessions(store: UserStore, ids: Sequence[str], profile: str) -> list[str]:
    """Delete sessions of a profile from the store, then from the copies made of it.

    Args:
        store: of all profiles.
        ids: full ids.
        profile: whose.

    Returns:
        The copies that could not be opened, and damaged files that a repair took out of the way:
        they may still hold them.

    Raises:
        NotFound: the profile has none of an id; those before it are gone.
        RecagentError: they are gone, but another process still reads the file that held them.
    """
    for one in ids:
        store.delete_session(one, profile)
    kept = [str(folder) for folder in aside_folders(store)]
    for copy in copies_of(store):
        made = copy.stat()
        try:
            for one in ids:
                _from_copy(UserStore(copy), one, profile)
            compact(UserStore(copy))
        except RecagentError:
            kept.append(str(copy))
        # By its time the next copy is due.
        os.utime(copy, ns=(made.st_atime_ns, made.st_mtime_ns))
    if ids:
        compact(store)
    return kept


def _from_copy(copy: UserStore, session_id: str, profile: str) -> None:
    try:
        copy.delete_session(session_id, profile)
    except NotFound:  # the copy is from before the session
        return
