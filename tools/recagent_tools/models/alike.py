"""Users who look alike and push an item count as one person, before anything is learnt."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.bursts import groups

from .sequences import Sequences

AS_ONE = (
    "{users:,} users look alike, perhaps made up to push an item, perhaps a class or a club; each "
    "such group counts as one person (recagent catalog show tells which)"
)


def as_one(sequences: Sequences) -> tuple[Sequences, list[str]]:
    """The sequences with the first of each such group alone, and what to tell of it.

    All keep their index; without such a group the sequences themselves. A made-up group of one in
    a hundred users otherwise brings its item before everybody who names what it was set beside.
    """
    found = groups(sequences.item, sequences.indptr, sequences.n_items)
    if not found:
        return sequences, []
    keep = np.ones(sequences.n_users, dtype=bool)
    for group in found:
        keep[group.users[1:]] = False
    return sequences.of_users(keep), [AS_ONE.format(users=sum(len(one.users) for one in found))]
