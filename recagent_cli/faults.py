"""What is told of an error that is none of ours."""

from __future__ import annotations

import errno

from recagent_catalogs.errors import RecagentError

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EDQUOT)
_FULL = ("No space left on device", "disk is full")
"""DuckDB and SQLite say so in errors of their own."""
_HINT = "check the permissions and limits; RECAGENT_HOME names the folder that things are kept in"


def as_fault(error: Exception) -> RecagentError:
    """An error that nothing here raises, as one that can be told."""
    what = " ".join(str(error).split())[:300]
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    if full or any(words in str(error) for words in _FULL):
        return RecagentError(f"the disk is full: {what}", hint="free some space and try again")
    if isinstance(error, OSError) and error.errno in _REFUSED:
        where = f"{error.filename}: " if error.filename else ""
        return RecagentError(f"{where}the system refuses: {error.strerror}", hint=_HINT)
    return RecagentError(
        f"our own fault: {type(error).__name__}: {what}",
        hint="run it again with --debug and report what it prints",
    )
