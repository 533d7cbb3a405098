"""Every protocol: nothing in both parts, nothing lost, and refusals where the data cannot do it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput
from recagent_cli.evaluation.splits import PROTOCOLS, Plan, Split, check_protocol
from recagent_tools.models.sequences import Sequences

from ..tools.models_data import interactions

N_ITEMS = 15
Histories = list[list[int]]
histories_of_people = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=10), min_size=1, max_size=12
)


def sequences(histories: Histories) -> Sequences:
    return Sequences.of(interactions(histories, N_ITEMS))


def rounds(plan: Plan, histories: Histories, seed: int = 0) -> list[Split]:
    return plan.rounds(sequences(histories), np.random.default_rng(seed))


def trained(split: Split, user: int) -> set[int]:
    return set(split.train.history(user).rows.tolist())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(deadline=None, max_examples=60)
@given(histories=histories_of_people, seed=st.integers(0, 5), folds=st.sampled_from([1, 3]))
def test_no_target_is_trained_on(
    protocol: str, histories: Histories, seed: int, folds: int
) -> None:
    plan = Plan(protocol, k=2, folds=folds if protocol in ("k-items", "strong") else 1)
    for split in rounds(plan, histories, seed):
        for case in split.cases:
            history, targets = set(case.history.rows.tolist()), set(case.targets.tolist())
            assert targets and not targets & history
            assert not targets & trained(split, case.user)
            assert history | targets == set(histories[case.user])
            if protocol in ("k-items", "strong"):
                assert not trained(split, case.user) and not case.history.ordered
            else:
                assert trained(split, case.user) == history and case.history.ordered
        users = [case.user for case in split.cases]
        assert len(set(users)) == len(users)


@settings(deadline=None, max_examples=60)
@given(histories=histories_of_people)
def test_leave_last_out_takes_exactly_the_last(histories: Histories) -> None:
    [split] = rounds(Plan("leave-last-out"), histories)
    measured = {case.user: case for case in split.cases}
    assert set(measured) == {user for user, items in enumerate(histories) if len(items) >= 3}
    for user, case in measured.items():
        assert case.targets.tolist() == histories[user][-1:]
        assert case.history.rows.tolist() == histories[user][:-1]
    assert len(split.train) == sum(map(len, histories)) - len(measured)


@settings(deadline=None, max_examples=60)
@given(histories=histories_of_people)
def test_global_time_never_trains_on_the_future(histories: Histories) -> None:
    [split] = rounds(Plan("global-time"), histories)
    data = sequences(histories)
    assert data.time is not None and split.train.time is not None
    later = data.time[data.time > split.train.time.max()] if len(split.train) else data.time
    assert len(split.train) + len(later) == len(data)
    held = len(data) - len(split.train)
    # equal times are on one side, so that more than the tenth may be held back
    assert held >= len(data) * 0.1 - 1
    both = sum(0 < len(trained(split, user)) < len(items) for user, items in enumerate(histories))
    assert len(split.cases) == both


def test_the_folds_hold_out_everybody_once() -> None:
    histories = [list(range(user % 3, 12)) for user in range(17)]
    splits = rounds(Plan("k-items", k=3, folds=4), histories)
    assert sorted(case.user for split in splits for case in split.cases) == list(range(17))
    assert all(len(case.history) == 3 for split in splits for case in split.cases)


def test_strong_folds_in_four_fifths_of_a_fifth_of_the_users() -> None:
    [split] = rounds(Plan("strong"), [list(range(10)) for _ in range(40)])
    assert len(split.cases) == 8
    assert {(len(case.history), len(case.targets)) for case in split.cases} == {(8, 2)}


def test_k_items_wants_something_to_find() -> None:
    assert [Plan("k-items", k=k).shortest for k in (1, 5, 20)] == [2, 8, 30]


def test_a_sample_measures_fewer_but_trains_on_the_same() -> None:
    histories = [list(range(5)) for _ in range(30)]
    [all_of_them], [some] = rounds(Plan(), histories), rounds(Plan(most=7), histories)
    assert len(some.cases) == 7 and len(all_of_them.cases) == 30
    assert len(some.train) == len(all_of_them.train)


@pytest.mark.parametrize("protocol", ["k-items", "strong"])
def test_a_sample_is_drawn_from_all_who_are_held_out(protocol: str) -> None:
    histories = [list(range(12)) for _ in range(300)]
    [everybody] = rounds(Plan(protocol), histories)
    [some] = rounds(Plan(protocol, most=10), histories)
    held_out = [case.user for case in everybody.cases]
    chosen = [case.user for case in some.cases]
    assert len(chosen) == 10 and set(chosen) <= set(held_out)
    assert chosen != held_out[:10]


def test_settings_are_chosen_on_the_second_last_item() -> None:
    histories = [[user % 5, 5 + user % 4, 9 + user % 3, 12] for user in range(20)]
    [split] = rounds(Plan(), histories)
    inner = Plan().validation(split.train, np.random.default_rng(0), 100)
    assert [case.targets.tolist() for case in inner.cases] == [items[2:3] for items in histories]


@pytest.mark.parametrize("protocol", ["global-time", "k-items", "strong"])
def test_settings_are_chosen_within_the_training_part(protocol: str) -> None:
    histories = [list(range(user % 4, 12)) for user in range(40)]
    [split] = rounds(Plan(protocol, k=3), histories)
    inner = Plan(protocol, k=3).validation(split.train, np.random.default_rng(0), 100)
    pairs = {(c.user, row) for c in inner.cases for row in [*c.history.rows, *c.targets]}
    assert inner.cases
    assert pairs <= set(zip(split.train.user.tolist(), split.train.item.tolist(), strict=True))
    assert len(inner.train) < len(split.train)


@pytest.mark.parametrize(
    ("protocol", "time_kind", "works"),
    [
        ("leave-last-out", "", "k-items, strong"),
        ("global-time", "", "k-items, strong"),
        ("global-time", "order", "leave-last-out, k-items, strong"),
    ],
)
def test_a_protocol_that_the_data_cannot_do_is_refused(
    protocol: str, time_kind: str, works: str
) -> None:
    with pytest.raises(BadInput) as caught:
        check_protocol(protocol, time_kind)
    assert protocol in caught.value.message and caught.value.hint.endswith(": " + works)


@pytest.mark.parametrize(
    ("protocol", "time_kind"),
    [
        ("leave-last-out", "order"),
        ("leave-last-out", "seconds"),
        ("global-time", "seconds"),
        ("k-items", ""),
        ("strong", "order"),
    ],
)
def test_a_protocol_that_the_data_can_do_is_not(protocol: str, time_kind: str) -> None:
    check_protocol(protocol, time_kind)
