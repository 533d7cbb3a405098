"""Names of profiles."""

from __future__ import annotations

import unicodedata

from recagent_catalogs.errors import UsageError

LONGEST = 64


def check_profile(name: str) -> str:
    """The name, one spelling for all that look alike, if it can be a profile's.

    Raises:
        UsageError: it cannot.
    """
    plain = unicodedata.normalize("NFC", name)
    if not plain or len(plain) > LONGEST or not all(c.isalnum() or c in "-_" for c in plain):
        raise UsageError(
            f"{name[:LONGEST]!r} cannot be a profile's name",
            hint=f"letters, digits, - and _, {LONGEST} at most",
        )
    return plain
