"""Made-up users who push an item do not bring it before those whom they aim at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from recagent_catalogs.interactions import Interactions, Rows
from recagent_cli.evaluation.peers import CoOccurrence, ones
from recagent_tools.models.alike import as_one
from recagent_tools.models.facts import ItemFacts
from recagent_tools.models.history import History
from recagent_tools.models.recommender import Recommender
from recagent_tools.models.retriever import Setting
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.training import train
from tests.hostile.poison import Aim, aims, fakes, honest_people, poisoned

HONEST = honest_people()


@pytest.fixture(scope="module")
def attacked() -> tuple[Interactions, list[Aim]]:
    """Two aims, each with one percent of made-up users."""
    rng = np.random.default_rng(4)
    wanted = aims(HONEST, 2, rng)
    kinds = zip(("segment", "burst"), wanted, strict=True)
    more = [fake for kind, aim in kinds for fake in fakes(kind, aim, HONEST, 6, rng)]
    return poisoned(HONEST, more), wanted


@pytest.fixture(scope="module")
def trained(attacked: tuple[Interactions, list[Aim]]) -> tuple[Recommender, list[str]]:
    """Everything, rankers too, trained on the poisoned data."""
    sequences = Sequences.of(attacked[0])
    done = train(ItemFacts(HONEST.n_items), sequences, Setting(quick=True), held_back=False)
    return done.recommender(), done.notices


def exposed(aim: Aim, *, ordered: bool) -> list[History]:
    rng = np.random.default_rng(9)
    named = [rng.choice(aim.niche, 3, replace=False).tolist() for _ in range(20)]
    return [History.of(rows, ordered=ordered) for rows in named]


def reached(lists: Sequence[Rows], target: int) -> float:
    return float(np.mean([target in rows for rows in lists]))


def test_the_target_reaches_nobody(
    attacked: tuple[Interactions, list[Aim]], trained: tuple[Recommender, list[str]]
) -> None:
    taken, wanted = attacked
    cosine = CoOccurrence.fit(Sequences.of(taken), {}, seed=0, threads=1)
    for aim in wanted:
        histories = exposed(aim, ordered=False)
        scores = cosine.scores(ones([np.sort(h.rows) for h in histories], taken.n_items))
        # the attack is one: it brings the target into most lists of a plain item cosine
        assert reached([*np.argsort(-scores, axis=1)[:, :13].astype(np.int32)], aim.target) > 0.5
        for ordered in (False, True):
            lists = trained[0].top(exposed(aim, ordered=ordered), 10)
            assert reached(lists, aim.target) < 0.05


def test_a_build_tells_of_them(trained: tuple[Recommender, list[str]]) -> None:
    assert any(notice.startswith("12 users look alike") for notice in trained[1])


def test_one_of_each_group_is_learnt_from(attacked: tuple[Interactions, list[Aim]]) -> None:
    taken, _ = attacked
    sequences = Sequences.of(taken)
    kept, notices = as_one(sequences)
    assert kept.n_users == sequences.n_users and len(notices) == 1
    gone = (kept.lengths() == 0) & (sequences.lengths() > 0)
    assert np.flatnonzero(gone).tolist() == [*range(451, 456), *range(457, 462)]
    assert kept.of_users(~gone).item.tolist() == sequences.of_users(~gone).item.tolist()


def test_honest_data_are_learnt_from_as_they_are() -> None:
    sequences = Sequences.of(HONEST)
    assert as_one(sequences) == (sequences, [])
    assert as_one(sequences)[0] is sequences
