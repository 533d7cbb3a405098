"""The peers' settings, chosen inside the training part: never on what is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recagent_tools.models.metrics import hits_of, ndcg, stacked
from recagent_tools.models.sequences import Sequences

from .lists import Pool
from .peers import EASE, Parameters, Peer
from .splits import Plan, Split

TUNED = 500_000
"""Interactions that settings are chosen on; of larger data a sample of the users."""
VALIDATED = 1000
"""People that settings are chosen on."""
TUNED_ITEMS = 3000
"""Items of the dense solves while lambda is chosen: 2 s each on one thread."""
FEWEST = 10
"""With fewer people the middle of the grid is taken."""


@dataclass(frozen=True)
class Chosen:
    """The settings taken.

    Attributes:
        parameters: by name.
        ndcg: of the choice on the validation people; None where nothing was to be chosen.
        users: how many validation people there were.
    """

    parameters: Parameters
    ndcg: float | None = None
    users: int = 0


@dataclass(frozen=True)
class Tuner:
    """Chooses settings by NDCG@k under the same protocol within the training part."""

    split: Split
    pool: Pool
    k: int
    seed: int
    threads: int

    @classmethod
    def of(
        cls,
        train: Sequences,
        plan: Plan,
        pool: Pool,
        k: int,
        rng: np.random.Generator,
        *,
        seed: int,
        threads: int,
    ) -> Tuner:
        """Hold something back from the training part, or from some of its users' share."""
        users = rng.permutation(train.n_users)
        kept = users[: int(np.searchsorted(np.cumsum(train.lengths()[users]), TUNED)) + 1]
        some = train if len(kept) == len(users) else train.take(np.isin(train.user, kept))
        return cls(plan.validation(some, rng, VALIDATED), pool, k, seed, threads)

    def choose(self, peer: type[Peer]) -> Chosen:
        """The best of the peer's grid.

        Raises:
            PeerMissing: the peer cannot run here.
        """
        cases = self.split.cases
        if len(peer.grid) == 1:
            return Chosen(peer.grid[0])
        if len(cases) < FEWEST or not len(self.split.train):
            return Chosen(peer.grid[len(peer.grid) // 2])
        scores = [self._score(peer, parameters) for parameters in peer.grid]
        best = int(np.argmax(scores))
        return Chosen(peer.grid[best], scores[best], len(cases))

    def _score(self, peer: type[Peer], parameters: Parameters) -> float:
        """Mean NDCG@k of one setting."""
        options = {"seed": self.seed, "threads": self.threads}
        if issubclass(peer, EASE):
            fitted: Peer = peer.fit(self.split.train, parameters, most=TUNED_ITEMS, **options)
        else:
            fitted = peer.fit(self.split.train, parameters, **options)
        cases = self.split.cases
        lists = fitted.top([case.history for case in cases], self.k, self.pool)
        targets = [case.targets for case in cases]
        hits = hits_of(stacked(lists, self.k), targets, self.pool.n_items)
        return float(ndcg(hits, np.array([len(rows) for rows in targets]), self.k).mean())
