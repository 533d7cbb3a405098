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
