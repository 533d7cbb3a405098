"""A person's own events as one more user of the data, and what is held back of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .groups import Cut, next_cut
from .history import History
from .sequences import Sequences

FEWEST_OWN = 5
"""Of fewer events none are held back."""
SHARE_HELD = 0.2
MOST_HELD = 20


@dataclass(frozen=True)
class Own:
    """What a person took, oldest first, each item once; n of them.

    Attributes:
        item: int32 [n], rows.
        rating: float32 [n], on the catalog's scale; None where its values are no ratings.
        time: int64 [n], seconds since 1970 (UTC).
        good: bool [n], what they do not dislike: a list should bring such.
        digest: tells whose they are to whoever knows the name, and nothing else.
    """

    item: Rows
    rating: Floats | None
    time: NDArray[np.int64]
    good: NDArray[np.bool_]
    digest: str

    def __len__(self) -> int:
        return len(self.item)

    def held(self, since: float | None = None) -> int:
        """How many of the last events are held back for measuring.

        A fifth, at least one and at most twenty; none of fewer than five.

        Args:
            since: seconds since 1970: only events after it, for the others are known already.
        """
        if len(self) < FEWEST_OWN:
            return 0
        most = min(MOST_HELD, max(1, int(SHARE_HELD * len(self))))
        return most if since is None else min(most, int(np.count_nonzero(self.time > since)))


def joined(sequences: Sequences, own: Own) -> Sequences:
    """The data with the person as its last user.

    Their times are brought within those of the data, in their order: one event of today would make
    everything in data that end years ago old. Among running numbers they come last.
    """
    time = sequences.time
    if time is not None:
        first, last = (int(time.min()), int(time.max())) if len(time) else (0, 0)
        moments = np.clip(own.time, first, last) if sequences.dated else np.full(len(own), last)
        time = np.concatenate((time, moments.astype(np.int64)))
    rating = sequences.rating
    if rating is not None:
        assert own.rating is not None
        rating = np.concatenate((rating, own.rating)).astype(np.float32)
    return replace(
        sequences,
        item=np.concatenate((sequences.item, own.item)).astype(np.int32),
        rating=rating,
        time=time,
        indptr=np.append(sequences.indptr, sequences.indptr[-1] + len(own)),
    )


def without_held(sequences: Sequences, held: int) -> Sequences:
    """The data without the last `held` items of its last user."""
    keep = np.ones(len(sequences), dtype=bool)
    keep[len(sequences) - held :] = False
    return sequences.take(keep) if held else sequences


def own_cuts(sequences: Sequences, own: Own, held: int) -> list[Cut]:
    """Each good item held back, after what came before all of these, as a profile asks: unordered.

    Args:
        sequences: the data, with the person as its last user.
        own: their events.
        held: how many of the last are held back.
    """
    user, begin = sequences.n_users - 1, len(own) - held
    whole = [next_cut(sequences, user, place) for place in range(begin, len(own))]
    before = sequences.history(user, begin)
    history = History(before.rows, before.weights)
    return [
        Cut(history, cut.targets, cut.time)
        for cut, good in zip(whole, own.good[begin:], strict=True)
        if good
    ]
