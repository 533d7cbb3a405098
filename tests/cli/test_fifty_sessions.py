"""Fifty sessions in as many weeks, one store: what was said holds, what was changed is changed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recagent_cli import Assistant
from recagent_cli.memory import consolidation
from recagent_cli.memory.event_rows import EVENT_KINDS, StoredEvent

DAY = 86_400.0
BEGIN = 1_800_000_000.0

SAID: dict[int, list[tuple[str, ...]]] = {
    1: [("liked", "f01")],
    2: [("disliked", "f02"), ("wanted", "f03"), ("never", "f04"), ("seen", "f05")],
    5: [("liked", "genres", "Comedy"), ("liked", "f06")],
    10: [("disliked", "f01"), ("liked", "f02")],
    20: [("disliked", "genres", "Comedy"), ("wanted", "f07")],
    25: [("seen", "f03")],
    30: [("liked", "f02"), ("liked", "genres", "Sci-Fi")],
    40: [("liked", "genres", "Comedy"), ("disliked", "f06")],
}
"""What is said in which session: the latest word on each is what must be known afterwards."""
IN_WORDS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("I like dramas", ("liked", "genres", "Drama")),
    3: ("never show me horror again", ("never", "genres", "Horror")),
    35: ("I hate thrillers", ("disliked", "genres", "Thriller")),
}
"""The same in the person's own words: session, utterance, what it says."""


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def one_session(assistant: Assistant, number: int, chance: random.Random) -> None:
    """What is said in it, a wish in passing, a few lists."""
    if number in IN_WORDS:
        assistant.ask(IN_WORDS[number][0])
    for kind, *of in SAID.get(number, ()):
        if len(of) == 2:
            assistant.note(kind, values=[(of[0], of[1])], source=f"session {number}")
        else:
            row = assistant.catalog.row_of(of[0])
            assert row is not None
            assistant.note(kind, [row], source=f"session {number}")
    if number % 10 == 0:
        assistant.ask("a drama, please")
    shown = [f"f{chance.randint(1, 16):02}" for _ in range(10)]
    session = {"session": f"s{number}", "time": time.time()}
    assistant.store.commit(
        events=[
            *[StoredEvent("me", "films", "shown", item, **session) for item in shown],  # type: ignore[arg-type]
            StoredEvent("me", "films", "said", column="genres", text="Thriller", **session),  # type: ignore[arg-type]
        ]
    )


def expected(until: int) -> dict[tuple[str, ...], str]:
    """The latest word on each item and value."""
    words: dict[tuple[str, ...], str] = {}
    facts = [(number, fact) for number, said in SAID.items() for fact in said]
    facts += [(number, fact) for number, (_, fact) in IN_WORDS.items()]
    for number, (kind, *of) in sorted(facts):
        if number <= until and kind != "seen":
            words[tuple(of)] = kind
        elif number <= until and words.get(tuple(of)) == "wanted":
            del words[tuple(of)]
    return words


def known(assistant: Assistant) -> dict[tuple[str, ...], str]:
    """The same from the profile."""
    profile = assistant.profile()
    words: dict[tuple[str, ...], str] = {}
    for kind in ("liked", "disliked", "never", "wanted"):  # the never are disliked, too
        words |= {(id,): kind for id in assistant.catalog.ids(getattr(profile, kind))}
    for column, value, weight in profile.wishes:
        words[column, value] = "liked" if weight > 0 else "disliked"
    return words | dict.fromkeys(profile.never_values, "never")


def test_fifty_sessions(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, chance = Clock(), random.Random(5)
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr(consolidation, "CROWDED", 60)
    sizes = []
    for number in range(1, 101):  # the last fifty say nothing new
        one_session(assistant, number, chance)
        if number <= 50:
            assert known(assistant) == expected(number), number
        if number % 10 == 0:
            sizes.append(len(assistant.store.events("me", "films", undone=True)))
        clock.now += 7 * DAY
    comedy = next(t for t in assistant.profile().tastes if t.value == "Comedy")
    assert comedy.stance == "like" and len(comedy.events) == 2 and len(comedy.against) == 1
    assert sizes[-1] < 2 * sizes[4] and sizes[-1] < 200  # 1,100 were written
    drama = next(w for _, value, w in assistant.profile().wishes if value == "Drama")
    assert drama == pytest.approx(0.5 * 2 ** (-100 * 7 / 365), abs=1e-6)
    # two years on what was said once has faded by half, twice; what never may be, has not
    clock.now = BEGIN + 100 * 365 * DAY
    assert known(assistant) == {
        key: kind for key, kind in expected(50).items() if len(key) == 1 or kind == "never"
    }
    kinds = {event.kind for event in assistant.store.events("me", "films")}
    assert {"liked", "disliked", "never", "wanted", "seen", "shown"} <= kinds <= set(EVENT_KINDS)
