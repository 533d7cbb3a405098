"""The chat's prompt: keys through prompt_toolkit's pipe, names, the status line, flowing text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.cells import cell_len
from rich.console import Console

from recagent_cli.agent.brain import Usage
from recagent_cli.agent.kept import Kept
from recagent_cli.agent.request import Operation
from recagent_cli.assistant import Assistant
from recagent_cli.ui.chat import Chat
from recagent_cli.ui.completion import is_naming, suggestions
from recagent_cli.ui.flow import Flow
from recagent_cli.ui.prompt import Prompt, messages
from recagent_cli.ui.status import Part, fitted, parts


@pytest.fixture
def chat(home: Path) -> Iterator[Chat]:
    with Assistant("films") as assistant:
        yield Chat(assistant, assistant.new_session())


@pytest.fixture
def typed(chat: Chat) -> Iterator[Callable[[str], list[str]]]:
    """What comes of keys, until Ctrl-D; one prompt for all calls."""
    with create_pipe_input() as keys:
        prompt = Prompt(chat, input=keys, output=DummyOutput())

        def type_(text: str) -> list[str]:
            assert isinstance(keys, PipeInput)
            keys.send_text(text)
            return list(messages(chat, prompt))

        yield type_


def test_keys(chat: Chat, typed: Callable[[str], list[str]], home: Path) -> None:
    assert typed("one\\\rtwo\x1b\rthree\r\x04") == ["one\ntwo\nthree"]
    assert typed("\x1b[200~pasted\nlines\n\x1b[201~\r\x04") == ["pasted\nlines\n"]
    assert typed("westerns\rwhat else\r\x04") == ["westerns", "what else"]
    assert typed("we\x1b[A\r\x04") == ["westerns"], "up goes to what began so"
    assert typed("\x12past\r\r\x04") == ["pasted\nlines\n"], "Ctrl-R searches"
    assert typed("like blue stati\t\r\x04") == ["like Blue Static"]
    assert typed("/cand\t\r\x04") == ["/candidates"]
    assert typed("half\x03\x03\x03") == [], "once throws away, twice more leaves"
    history = home / "data" / "chat-history"
    assert "+westerns" in history.read_text() and history.stat().st_mode & 0o77 == 0
    chat.assistant.incognito = True
    assert typed("a secret\r\x04") == ["a secret"] and "secret" not in history.read_text()


def named(chat: Chat, line: str) -> list[str]:
    return [one.text for one in suggestions(chat, line)]


def test_names_and_arguments(chat: Chat) -> None:
    assert named(chat, "/und") == ["/undo"] and "/like " in named(chat, "/li")
    assert named(chat, "something like the long f") == [
        "The Long Field (1978)",
        "The Long Field (2012)",
    ], "the year tells them apart"
    assert "Orbit of Ash II" in named(chat, "like orbit")
    assert "Sci-Fi" in named(chat, "no sci") and named(chat, "no s") == []
    assert any("Vance" in name for name in named(chat, "by van")), "people by their surname"
    assert named(chat, "like orbit ") == [] == named(chat, "x zzz") == named(chat, "")
    turn = chat.assistant.ask("westerns", session=chat.session)
    assert named(chat, "/why ") == ["1", "2"]
    assert named(chat, "/like the long")[0] == turn.items[0].label
    assert len(named(chat, "/like t")) <= 20
    chat.assistant.operate([Operation("save", name="weekend")], session=chat.session)
    assert named(chat, "/load w") == ["weekend"] and named(chat, "/list ") == ["1"]
    assert is_naming("films like Blu") and is_naming("by Ann Va")
    assert not any(map(is_naming, ("Something like", "films like blu", "I like", "no Sc")))


def test_status(chat: Chat) -> None:
    def told() -> str:
        return fitted(parts(chat), 200)

    assert told() == "films · built-in brain"
    chat.assistant.ask("westerns", session=chat.session)
    last = chat.session.turns[-1]
    for usage in (Usage("m", 1, 100, 20, 0.01), Usage("m", 1, 5, 0, None)):
        chat.session.turns.append(replace(last, kept=Kept(usage=usage)))
    assert told() == "films · built-in brain · 2 candidates · 125 tokens · $0.0100+"
    chat.paused = True
    assert told().endswith("paused")
    chat.assistant.incognito = True
    assert told().endswith("incognito") and "paused" not in told()
    assert fitted(parts(chat), 34) == "films · 2 candidates · incognito"


PARTS = st.lists(st.builds(Part, st.text("ab字", min_size=1, max_size=9), st.integers(0, 9)))


@given(PARTS, st.integers(0, 40))
def test_a_status_line_fits_and_keeps_what_weighs_most(told: list[Part], width: int) -> None:
    line = fitted(told, width)
    assert cell_len(line) <= width
    top = max((part.weight for part in told), default=0)
    heaviest = [part.text for part in told if part.weight == top]
    if len(heaviest) == 1 and cell_len(heaviest[0]) <= width:
        assert heaviest[0] in line


@given(st.lists(st.text("ab 字\n", max_size=12), max_size=9), st.integers(4, 30))
def test_flowing_text_is_wrapped_at_words_and_loses_none(said: list[str], width: int) -> None:
    file = io.StringIO()
    flow = Flow(Console(file=file, width=width, color_system=None))
    for piece in said:
        flow.write(piece)
    assert flow.end() == "".join(said)
    if all(cell_len(word) <= width for word in "".join(said).split()):
        assert all(cell_len(line.rstrip()) <= width for line in file.getvalue().split("\n"))
    joined = re.sub(r"\s", "", file.getvalue())
    assert joined == re.sub(r"\s", "", "".join(said))
