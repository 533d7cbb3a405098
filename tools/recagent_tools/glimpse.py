"""What tells one set of candidates from another: the first of them, and a hash of all."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from .stages import Stage

FIRST = 5
HASHED = 100_000
"""So many candidates of an order count; the set itself does as a whole."""


@dataclass(frozen=True)
class Glimpse:
    """A look at candidates.

    Attributes:
        rows: the first ones, best first where they are ranked.
        digest: of all of them and their order, by rows: it holds for one state of the data only.
            "" where the candidates are not there.
    """

    rows: tuple[int, ...] = ()
    digest: str = ""


def glimpse(stage: Stage) -> Glimpse:
    """A look at a stage; of a large one without making a number for each candidate."""
    held = stage.candidates
    if held is None:
        return Glimpse()
    first = held.first(FIRST) if stage.order is None else stage.order[:FIRST]
    digest = blake2b(f"{held.n_items} {held.count} ".encode(), digest_size=8)
    for part in (held.rows_, held.bits, None if stage.order is None else stage.order[:HASHED]):
        digest.update(b"-" if part is None else part.tobytes())
    return Glimpse(tuple(int(row) for row in first), digest.hexdigest())
