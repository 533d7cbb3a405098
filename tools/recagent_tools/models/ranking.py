"""How the ranker and the blend become one score."""

from __future__ import annotations

from recagent_catalogs.interactions import Floats

from .blend import standardised
from .history import History

INSURANCE = 0.3
NEXT_INSURANCE = 0.15
FEW = {1: 1.0, 2: 0.6}
"""For one or two likes the ranker tends to a bestseller list; the blend keeps it personal."""


def combined(ranked: Floats, blended: Floats, history: History) -> Floats:
    """The ranker's scores, standardised, and a share of the blend's; float32 [m], finite."""
    share = NEXT_INSURANCE
    if not history.ordered:
        share = FEW.get(history.n_liked, INSURANCE)
    return (standardised(ranked) + share * standardised(blended)).astype("float32")
