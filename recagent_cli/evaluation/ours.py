"""Our engine as the comparison sees it: trained on the training part, asked for lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recagent_catalogs.interactions import Rows
from recagent_tools.models.facts import ItemFacts
from recagent_tools.models.history import History
from recagent_tools.models.retriever import Setting
from recagent_tools.models.sequences import Sequences

from .lists import Pool

BATCH = 256


class Ours:
    """What `recagent recommend` would serve after a build on the training part."""

    def __init__(
        self,
        facts: ItemFacts,
        train: Sequences,
        setting: Setting,
        progress: Progress,
        share: float = 0.0,
    ) -> None:
        from recagent_tools.models.training import train as trained_on

        trained = trained_on(facts, train, setting, progress, held_back=False)
        self.notices = trained.notices
        self.recommender = trained.recommender(content_share=share)

    def top(
        self, histories: Sequence[History], k: int, pool: Pool, progress: Progress
    ) -> list[Rows]:
        """The best `k` unseen rows of the pool for each history."""
        lists: list[Rows] = []
        for begin in range(0, len(histories), BATCH):
            progress("asking recagent", begin / len(histories))
            lists.extend(self.recommender.top(histories[begin : begin + BATCH], k, pool.mask))
        return lists


Progress = Callable[[str, float], None]
