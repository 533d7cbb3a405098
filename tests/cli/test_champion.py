"""Own events in a build: as one more user, and only where the models are not worse for it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.champion import Champion, judge, own_events
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.own_builds import digest_of, holds_events_of
from recagent_tools.models.engine import Engine
from recagent_tools.models.own import MOST_HELD, Own, joined, own_cuts, without_held
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.training import HeldBack

from ..conftest import RunCommand


def event(kind: str, item: str, at: float, value: float | None = None) -> StoredEvent:
    return StoredEvent("me", "films", kind, item, value, time=at)


def own_of(n: int, *, rated: bool = True, since: int = 1_500_000_000) -> Own:
    return Own(
        np.arange(n, dtype=np.int32),
        np.full(n, 4, dtype=np.float32) if rated else None,
        since + np.arange(n, dtype=np.int64),
        np.ones(n, dtype=bool),
        "0" * 16,
    )


def test_events_become_interactions(films: Catalog) -> None:
    taken = films.interactions
    assert taken is not None and taken.value is not None
    low, high = float(taken.value.min()), float(taken.value.max())
    mean = float(taken.value.mean())
    events = [
        event("seen", "f03", 30.0),
        event("rated", "f02", 20.0, 4.5),
        event("liked", "f01", 10.0),
        event("disliked", "f04", 40.0),
        event("never", "f05", 50.0),
        event("shown", "f06", 60.0),
        event("wanted", "f07", 70.0),
        event("liked", "gone", 80.0),
        event("seen", "f02", 90.0),
        replace(event("liked", "", 95.0), column="genres", text="Horror"),
        event("rated", "f03", 15.0, 99.0),
    ]
    own = own_events(events, films, "me")
    assert own is not None and own.rating is not None
    assert films.ids(own.item.tolist()) == ["f01", "f03", "f02", "f04"], "by the first time"
    assert own.time.tolist() == [10, 15, 20, 40]
    width = high - low
    assert own.rating.tolist() == pytest.approx(
        [low + 0.875 * width, high, 4.5, low + 0.25 * width]
    )
    assert own.good.tolist() == [True, True, True, False]
    only_seen = own_events([event("seen", "f03", 30.0)], films, "me")
    assert only_seen is not None and only_seen.rating is not None
    assert only_seen.rating.tolist() == pytest.approx([mean])
    assert own_events([event("never", "f05", 50.0)], films, "me") is None


@pytest.mark.parametrize(
    ("said", "points"),
    [
        ("liked never", None),
        ("rated=5 never", None),
        ("liked set=-1", "disliked"),
        ("accepted rejected", "disliked"),
        ("liked disliked", "disliked"),
        ("disliked liked", "liked"),
        ("never set=1 liked", "liked"),
        ("seen set=0", "mean"),
        ("rated=1 liked", "liked"),
        ("rated=5 liked", 5.0),
        ("rated=5 accepted", 5.0),
        ("liked rated=3", 3.0),
        ("rated=3 liked", "liked"),
        ("rated=5 set=-1", "disliked"),
    ],
)
def test_the_verdict_that_holds_is_learned(
    films: Catalog, said: str, points: float | str | None
) -> None:
    value = films.interactions.value if films.interactions is not None else None
    assert value is not None
    low, high = float(value.min()), float(value.max())
    stands = {
        "disliked": low + 0.25 * (high - low),
        "liked": low + 0.875 * (high - low),
        "mean": float(value.mean()),
    }
    events = []
    for number, word in enumerate(said.split(), 1):
        kind, _, given = word.partition("=")
        events.append(event(kind, "f01", float(number), float(given) if given else None))
    own = own_events([*events, event("seen", "f02", 50.0)], films, "me")
    assert own is not None and own.rating is not None
    told = dict(zip(films.ids(own.item.tolist()), own.rating.tolist(), strict=True))
    expected = stands[points] if isinstance(points, str) else points
    assert told.get("f01") == (None if expected is None else pytest.approx(expected))


@given(st.integers(0, 200), st.booleans(), st.integers(0, 200))
def test_what_is_held_back(n: int, known: bool, newer: int) -> None:
    own = own_of(n)
    held = own.held(float(own.time[-1] - newer) if known and n else None)
    assert 0 <= held <= min(MOST_HELD, n // 5 if n >= 5 else 0) and (not known or held <= newer)
    if n >= 5 and not known:
        assert held >= 1


def test_the_person_is_one_more_user(films: Catalog) -> None:
    assert films.interactions is not None
    data = Sequences.of(films.interactions)
    own = own_of(10, rated=data.rating is not None, since=4_000_000_000)
    both = joined(data, own)
    assert both.n_users == data.n_users + 1 and len(both) == len(data) + 10
    assert both.history(data.n_users).rows.tolist() == list(range(10))
    assert np.array_equal(both.item[: len(data)], data.item)
    if data.time is not None and both.time is not None:
        assert both.time.max() == data.time.max(), "an event of today makes nothing old"
    cuts = own_cuts(both, own, 2)
    assert [cut.targets.tolist() for cut in cuts] == [[8], [9]]
    assert all(cut.history.rows.tolist() == list(range(8)) for cut in cuts)
    less = without_held(both, 2)
    assert less.history(data.n_users).rows.tolist() == list(range(8))
    assert np.array_equal(without_held(both, 0).item, both.item)


def champion_of(engine: Engine, ndcg: list[float] | None) -> Champion:
    users = None if ndcg is None else np.arange(len(ndcg))
    return Champion("c", 0.0, users, None if ndcg is None else np.array(ndcg), False, engine)


NOBODY = np.zeros(0)


@pytest.mark.parametrize(
    ("theirs", "ours", "own", "replaced"),
    [
        ([0.5] * 200, [0.5] * 200, ([], []), True),
        ([0.5] * 200, [0.6] * 200, ([], []), True),
        ([0.5] * 200, [0.48] * 200, ([], []), True),
        ([0.5] * 200, [0.4] * 200, ([], []), False),
        ([0.5, 0.3] * 5, [0.0, 0.79] * 5, ([], []), False),
        ([0.0, 1.0] * 5, [1.0, 0.0] * 5, ([], []), True),
        ([0.5] * 200, [0.5] * 200, ([0.5, 0.5], [0.1, 0.5]), False),
        ([0.5] * 200, [0.5] * 200, ([0.5, 0.5], [0.46, 0.5]), True),
        (None, [0.1] * 50, ([], []), True),
        (None, [0.1] * 50, ([0.5] * 4, [0.2] * 4), False),
    ],
)
def test_the_rule(
    films: Catalog,
    theirs: list[float] | None,
    ours: list[float],
    own: tuple[list[float], list[float]],
    replaced: bool,
) -> None:
    champion = champion_of(Engine(films), theirs)
    held = HeldBack(np.arange(len(ours)), np.array(ours), np.array(own[1]))
    contest = judge(champion, held, np.array(own[0]))
    assert contest.replaced is replaced and contest.lines()[-1] == contest.why
    assert judge(champion, held, np.array(own[0]), force="so it is").replaced
    assert contest == judge(champion, held, np.array(own[0])), "the same every time"


def test_only_users_measured_with_both_count(films: Catalog) -> None:
    held = HeldBack(np.array([1, 2, 9]), np.array([0.2, 0.4, 1.0]), NOBODY)
    contest = judge(champion_of(Engine(films), [0.9, 0.2, 0.4]), held, NOBODY)
    assert (contest.users, contest.difference) == (2, 0.0)
    assert contest.champion_ndcg == contest.challenger_ndcg == pytest.approx(0.3)


def test_a_build_with_own_events(home: Path, recagent: RunCommand) -> None:
    models = home / "data" / "models" / "films"
    with Assistant("films") as assistant:
        first = (assistant.engine.manifest or {})["build"]
        now = time.time()
        assistant.store.commit(
            events=[event("liked", f"f{n:02}", now + n) for n in (1, 4, 8, 10, 12, 14, 15)]
        )
    ran = recagent("build", "films", "--threads", "1", "--force", "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    contest = told["contest"]
    assert contest["champion"] == first and contest["replaced"] and contest["users"] > 5
    assert contest["own_held"] == 1 and contest["own_champion"] is not None
    assert told["build"] != first
    text = (models / told["build"] / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["settings"]["own_events"] == {"events": 7, "digest": digest_of("me", "films")}
    assert holds_events_of(manifest, "me", "films")
    assert not holds_events_of(manifest, "ana", "films")
    assert not holds_events_of(manifest, "me", "games")
    assert '"f01"' not in text and "Night Harbour" not in text and '"me"' not in text
    with Assistant("films") as assistant:
        champion = Champion.of(assistant.catalog, assistant.paths.models / "films", "me")
    assert champion is not None and champion.has_me
    assert champion.held(own_of(50, since=1_000_000_000)) == 0, "it knows them all"
