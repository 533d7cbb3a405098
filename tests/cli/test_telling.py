"""A model's words are told as they come, and never a sentence that does not hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recagent_cli.agent.critic.sentences import sentences
from recagent_cli.agent.events import Event, Notice, TextDelta
from recagent_cli.agent.telling import Telling

SAID = st.lists(st.sampled_from(["True it is.", "A lie here.", "Well said!", "Who knows?"]))


def held(text: str) -> str:
    """What a critic leaves that strikes lies."""
    return " ".join(one.text for one in sentences(text) if "lie" not in one.text)


@given(SAID, st.lists(st.integers(1, 9), min_size=1))
def test_pieces_of_any_size_give_what_holds(said: list[str], sizes: list[int]) -> None:
    text, told = " ".join(said), list[Event]()
    telling = Telling(held, told.append)
    place = count = 0
    while place < len(text):
        size = sizes[count % len(sizes)]
        telling(TextDelta(text[place : place + size]))
        place, count = place + size, count + 1
    telling.close(held(text))
    assert "".join(e.text for e in told if isinstance(e, TextDelta)) == held(text)
    assert not any("lie" in e.text for e in told if isinstance(e, TextDelta))


def test_it_is_told_before_the_end_and_other_events_pass() -> None:
    told: list[Event] = []
    telling = Telling(held, told.append)
    telling(TextDelta("One. Two. Th"))
    telling(Notice("limit", "so far"))
    telling(TextDelta("ree. Four"))
    assert told == [TextDelta("One. Two."), Notice("limit", "so far"), TextDelta(" Three.")]


def test_what_more_words_change_is_not_told_twice() -> None:
    told: list[Event] = []
    telling = Telling(lambda text: "" if "Three" in text else text, told.append)
    telling(TextDelta("One. Two. Three. Four. Five."))
    telling.close("Six.")
    assert told == [TextDelta("Six.")], "of what came before nothing held"
    told.clear()
    telling = Telling(lambda text: text, told.append)
    telling(TextDelta("One. Two. Three."))
    telling.close("Six.")
    assert told == [TextDelta("One. Two.")], "what was told stays, and the turn has the rest"


def test_what_checking_costs_grows_no_faster_than_the_text() -> None:
    now, looked, told = [0.0], list[int](), list[Event]()

    def slow(text: str) -> str:
        looked.append(len(text))
        now[0] += len(text) / 100  # seconds: far longer than the words take to come
        return text

    telling = Telling(slow, told.append, clock=lambda: now[0])
    said = "It is good. " * 150
    for char in said:
        now[0] += 0.01
        telling(TextDelta(char))
    telling.close(said.strip())
    assert "".join(e.text for e in told if isinstance(e, TextDelta)) == said.strip()
    assert len(told) > 3, "it still comes in pieces"
    assert sum(looked) < len(said), "not the whole of it for every sentence"


def test_what_is_beyond_the_most_a_text_may_be_is_not_looked_at() -> None:
    looked: list[str] = []

    def count(text: str) -> str:
        looked.append(text)
        return text

    telling = Telling(count, lambda event: None, clock=lambda: 0.0)
    for _ in range(400):
        telling(TextDelta("It is good. "))
    assert 100 < len(looked) < 200 and max(map(len, looked)) <= 2_000
