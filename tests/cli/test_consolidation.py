"""The laws of the profile, and that consolidation changes nothing that it says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.store import Catalog
from recagent_cli.memory import consolidation
from recagent_cli.memory.consolidation import KEPT_NOTES, KEPT_SHOWN, consolidate, superfluous
from recagent_cli.memory.event_rows import EVENT_KINDS, StoredEvent, write_event
from recagent_cli.memory.profile import Learning, Profile, derive
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.tastes import FAINT, IMPORTANCE, SAYS, says

DAY = 86_400.0
NOW = 5_000 * DAY
SCALE = (1.0, 5.0)
WORDS = ("Drama", "Comedy")
ITEMS = ("f01", "f02")
WEIGHT_KINDS = (*SAYS, "set", "learned")


@st.composite
def facts(draw: st.DrawFn, most: int = 60) -> list[StoredEvent]:
    """Events of few items and values, so that they repeat and contradict each other."""
    kinds = st.sampled_from([kind for kind in EVENT_KINDS if kind != "paused"])
    found = []
    for number in range(1, draw(st.integers(0, most)) + 1):
        kind = draw(kinds)
        value = None
        if kind in ("set", "learned"):
            value = draw(st.sampled_from((-1.0, -0.4, 0.0, 0.3, 1.0)))
        elif kind in ("rated", "wanted"):
            value = draw(st.sampled_from((0.0, 1.0, 2.0, 3.0, 5.0)))
        target: dict[str, str] = {"item": draw(st.sampled_from(ITEMS))}
        if kind in (*WEIGHT_KINDS, "said") and draw(st.booleans()):
            target = {"column": "genres", "text": draw(st.sampled_from(WORDS))}
        because = draw(st.integers(0, number - 1)) if kind in ("learned", "proposed") else 0
        found.append(
            StoredEvent(
                "me", "films", kind, value=value, because=because, id=number,
                time=NOW - DAY * draw(st.sampled_from((0.0, 0.1, 3.0, 40.0, 400.0, 4_000.0))),
                undone=draw(st.sampled_from((0,) * 9 + (1, int(NOW - DAY), int(NOW - 99 * DAY)))),
                batch=draw(st.sampled_from(("", "b"))),
                **target,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    return found


def holding(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    return [event for event in events if not event.undone]


def derived(events: Sequence[StoredEvent], catalog: Catalog, now: float = NOW) -> Profile:
    return derive(holding(events), catalog, learning=Learning(repeat_days=30), now=now, scale=SCALE)


def left_of(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    gone = superfluous(events, Learning(repeat_days=30), now=NOW, scale=SCALE)
    return [event for event in events if event.id not in gone]


def last_word(events: Sequence[StoredEvent], key: tuple[str, str]) -> float:
    """What the person said last of an item or value, by the plain reading of the rule."""
    word = 0.0
    for event in sorted(holding(events), key=lambda each: (each.time, each.id)):
        about = (event.column, event.text) if event.column else ("", event.item)
        said = says(event, SCALE)
        if about == key and said is not None and event.kind not in ("said", "learned"):
            word = said if said or event.kind == "set" else word
    return word


@given(facts(), st.randoms())
@settings(max_examples=20)
def test_laws_of_the_profile(
    films: Catalog, events: list[StoredEvent], chance: random.Random
) -> None:
    profile = derived(events, films)
    again = derived([replace(e, id=e.id) for e in events if not e.undone], films)
    assert profile == again  # what is undone counts nothing
    shuffled = list(events)
    undone = [number for number, event in enumerate(events) if event.undone]
    moved = [events[number] for number in undone]
    chance.shuffle(moved)
    for number, event in zip(undone, moved, strict=True):
        shuffled[number] = event
    assert derived(shuffled, films) == profile  # wherever it stands
    for taste in profile.tastes:
        assert -1.0 <= taste.weight <= 1.0 and not set(taste.events) & set(taste.against)
        word = last_word(events, (taste.column, taste.value))
        if taste.stance != "expect" and word:
            faded = abs(taste.weight) < FAINT or taste.importance == IMPORTANCE["learned"]
            assert faded or (taste.weight > 0) == (word > 0)
    assert not set(profile.liked) & set(profile.disliked)
    assert set(profile.never) <= set(profile.disliked) <= {*profile.disliked, *profile.seen}
    assert all(abs(weight) >= FAINT for _, _, weight in profile.wishes)
    later = {
        (t.column, t.value, t.stance): t for t in derived(events, films, NOW + 90 * DAY).tastes
    }
    for taste in profile.tastes:
        after = later.get((taste.column, taste.value, taste.stance))
        assert after is None or abs(after.weight) <= abs(taste.weight) + 1e-12
        assert taste.stance == "expect" or after is not None
        assert not taste.forever or (after is not None and after.weight == -1.0)


@given(facts(most=50), st.integers(2, 6))
@settings(max_examples=20)
def test_consolidation_changes_nothing_that_holds(
    films: Catalog, events: list[StoredEvent], copies: int
) -> None:
    many = [
        replace(event, id=event.id + more, because=event.because and event.because + more)
        for more in range(0, 1_000 * copies, 1_000)
        for event in events
    ]
    left = left_of(many)
    before, after = derived(many, films), derived(left, films)
    for name in ("liked", "disliked", "seen", "never", "wanted", "recent"):
        assert set(getattr(before, name)) == set(getattr(after, name)), name
    assert before.ratings == after.ratings and before.never_values == after.never_values
    weights = {(t.column, t.value, t.stance): t.weight for t in after.tastes}
    for taste in before.tastes:
        key = (taste.column, taste.value, taste.stance)
        assert key in weights or abs(taste.weight) < FAINT
        if key in weights:
            assert weights[key] == pytest.approx(taste.weight, abs=0.01)
    assert left_of(left) == left  # idempotent
    counted = {event.id for event in holding(many)}
    assert {e.because for e in holding(left)} & counted <= {e.id for e in left}


@given(st.lists(st.tuples(st.sampled_from(("liked", "disliked", "never")), st.booleans())))
@settings(max_examples=20)
def test_a_clock_that_ran_ahead_gives_no_last_word(
    films: Catalog, told: list[tuple[str, bool]]
) -> None:
    """Said one after the other, some while the clock was wrong: the last one said holds."""
    history = StoredEvent("me", "films", "rated", "f01", 5.0, time=NOW - 900 * DAY, batch="b", id=9)
    events = [
        StoredEvent(
            "me", "films", kind, "f01", id=number + 10,
            time=NOW + (800 if ahead else number - 500) * DAY,
        )
        for number, (kind, ahead) in enumerate(told)
    ]  # fmt: skip
    profile = derived([*events, history], films)
    last = told[-1][0] if told else "liked"
    assert bool(profile.liked) == (last == "liked")
    assert not profile.never if last == "liked" else profile.disliked
    assert bool(profile.never) == (last == "never") or last == "disliked"
    later = derived([*events, replace(history, id=999)], films)
    assert (later.liked, later.never) == (profile.liked, profile.never)


def test_a_wrong_time_is_put_right_before_it_comes(tmp_path: Path, films: Catalog) -> None:
    store = UserStore(tmp_path / "user.sqlite")
    past = StoredEvent("me", "films", "liked", column="genres", text="Drama", time=NOW - 9 * DAY)
    days = [replace(past, kind="never", time=NOW - day * DAY) for day in range(9, 0, -1)]
    store.commit(events=[past, *days])
    with store.transaction() as connection:
        wrong = replace(past, time=NOW + 30 * DAY, id=1)
        write_event(connection, wrong, anew=False)
    assert derived(store.events("me"), films).never_values
    consolidate(store, Learning(), now=NOW, scale_of=lambda *of: SCALE)
    assert [e.time for e in store.events("me")] == [past.time, *(day.time for day in days)]
    assert store.damaged == []
    assert derived(store.events("me"), films, NOW + 60 * DAY).never_values


def test_a_clock_that_was_put_back_costs_no_fact_its_time(tmp_path: Path) -> None:
    """Some commands ran with the clock at 1970 and at last year; then it was right again."""
    store = UserStore(tmp_path / "user.sqlite")
    said = StoredEvent("me", "films", "liked", column="genres", text="Drama", time=NOW - 400 * DAY)
    years = [replace(said, time=NOW - day * DAY) for day in range(400, 0, -40)]
    store.commit(events=years)
    for wrong in (1.0, 5.0, 3 * DAY, NOW - 365 * DAY, NOW - 1.5 * DAY):
        consolidate(store, Learning(), now=wrong, scale_of=lambda *of: SCALE)
        store.commit(events=[replace(said, time=wrong)])
        consolidate(store, Learning(), now=wrong + 1, scale_of=lambda *of: SCALE)
    kept = [event.time for event in store.events("me")]
    assert kept[: len(years)] == [event.time for event in years]


def test_a_fact_that_is_neither_contradicted_nor_faded_stays(films: Catalog) -> None:
    """Each event that alone carries what is known of its item or value."""
    chance = random.Random(7)
    events = [
        StoredEvent(
            "me", "films", chance.choice(("liked", "disliked", "never", "set", "seen", "rated")),
            f"i{number}", 4.0, time=NOW - chance.random() * 4_000 * DAY, id=number,
        )
        for number in range(1, 500)
    ]  # fmt: skip
    assert superfluous(events, Learning(), now=NOW, scale=SCALE) == set()
    learned = [replace(e, kind="learned", item="", column="genres", text=e.item) for e in events]
    gone = superfluous(learned, Learning(), now=NOW, scale=SCALE)
    faint = {e.id for e in learned if 0.15 * 2 ** (-(NOW - e.time) / DAY / 365) < FAINT}
    assert gone == faint and faint


def test_what_repeats_and_what_passed_leaves_the_store() -> None:
    def many(kind: str, count: int, **more: object) -> list[StoredEvent]:
        return [
            StoredEvent("me", "films", kind, time=NOW - DAY * number / 10, **more)  # type: ignore[arg-type]
            for number in range(count)
        ]

    events = [
        *many("said", 100, column="genres", text="Drama"),
        *many("shown", 100, item="f01"),
        *many("liked", 100, column="genres", text="Drama"),
        *many("wanted", 100, item="f02"),
        *[StoredEvent("me", "films", "shown", f"i{n}", time=NOW - n) for n in range(3_000)],
    ]
    events = [replace(event, id=number) for number, event in enumerate(events, start=1)]
    left = left_of(events)
    count = {kind: sum(e.kind == kind for e in left) for kind in EVENT_KINDS}
    assert count["said"] < 30 and count["liked"] == 31 and count["wanted"] == 2
    assert KEPT_SHOWN <= count["shown"] <= 3_001  # all of the last thirty days here


def test_what_was_taken_back_stays_ninety_days_from_then_on() -> None:
    old, late = NOW - 400 * DAY, int(NOW - 2 * DAY)
    like = StoredEvent("me", "films", "liked", "f01", time=old, id=1, undone=late)
    learned = StoredEvent(
        "me", "films", "learned", column="genres", text="Drama", time=old, because=1, id=2
    )
    went = replace(learned, text="War", id=3, undone=late)
    events = [like, learned, went]
    assert left_of(events) == events
    long_ago = [replace(e, undone=int(NOW - 91 * DAY) if e.undone else 0) for e in events]
    assert left_of(long_ago) == []


def test_what_was_refused_is_told_from_what_went_with_its_cause() -> None:
    """The last refusal of a value stays for ever; of what went with its cause nothing does."""
    old = int(NOW - 200 * DAY)
    like = StoredEvent("me", "films", "liked", "f01", time=old, id=1, undone=old)
    refused = StoredEvent(
        "me", "films", "learned", column="genres", text="Drama", time=old, because=9, id=2,
        undone=old,
    )  # fmt: skip
    went = replace(refused, because=1, id=3)
    cause = replace(like, id=9, item="f02", undone=0)
    assert left_of([like, refused, went, cause]) == [refused, cause]


def test_notes_on_answers_are_bounded() -> None:
    note = StoredEvent("me", "films", "said", text="good answer", value=1.0, time=NOW - 900 * DAY)
    assert len(left_of([replace(note, id=n) for n in range(1, 1_000)])) == KEPT_NOTES


def test_the_store_is_consolidated_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, films: Catalog
) -> None:
    store = UserStore(tmp_path / "user.sqlite")
    fact = StoredEvent("me", "films", "liked", column="genres", text="Drama", time=NOW - DAY)
    other = replace(fact, profile="ana")
    store.commit(events=[*[replace(fact, time=NOW - n) for n in range(200)], other])
    with store.transaction() as connection:
        connection.execute("UPDATE events SET text = 'x' WHERE id = 7")  # a damaged row
    monkeypatch.setattr(consolidation, "CROWDED", 100)
    asked: list[tuple[str, str]] = []

    def scale_of(*of: str) -> tuple[float, float]:
        asked.append((of[0], of[1]))
        return SCALE

    before = derived(store.events("me"), films)
    assert consolidate(store, Learning(), now=NOW, scale_of=scale_of) == 168
    assert asked == [("me", "films")] and store.events("ana") == [replace(other, id=201)]
    store.damaged.clear()
    left = store.events("me", "films")
    assert len(left) == 31 and store.damaged == ["event 7"]  # it stays as it is, for the curious
    assert derived(left, films).wishes[0][2] == pytest.approx(before.wishes[0][2], abs=1e-6)
    assert (
        consolidate(UserStore(tmp_path / "none.sqlite"), Learning(), now=NOW, scale_of=scale_of)
        == 0
    )
