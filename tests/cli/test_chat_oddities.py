"""What goes wrong in a chat is told, and the next line can be typed."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from recagent_catalogs.errors import BadInput, NotFound
from recagent_cli.agent.session import Session
from recagent_cli.assistant import Assistant
from recagent_cli.brains import check_model
from recagent_cli.main import open_streams
from recagent_cli.named import is_place, whole_number
from recagent_cli.ui.chat import Chat
from recagent_cli.ui.chat_command import references, rows_named
from recagent_cli.ui.prompt import Prompt, messages
from recagent_cli.ui.render import make_console
from recagent_cli.whole_file import typed_path, write_whole

from ..conftest import RunCommand

FAULTS = ("Traceback", "our own fault")


def told(recagent: RunCommand, *lines: str) -> str:
    """What was said as talk, where nothing went wrong that is our own fault."""
    ran = recagent("chat", stdin="\n".join(lines))
    assert ran.code == 0 and not any(fault in ran.err for fault in FAULTS), ran.err
    return " ".join(ran.err.split())


@given(st.text(alphabet="0123456789²٣①- #", max_size=12))
def test_a_number_is_what_int_reads(text: str) -> None:
    number = whole_number(text)
    assert number is None or number == int(text)
    assert number is not None or not (text.isascii() and text.isdigit() and len(text) < 10)
    assert is_place(text) in (True, False)


def test_digits_that_are_none_and_numbers_beyond_all_use(recagent: RunCommand, home: Path) -> None:
    said = told(
        recagent, "westerns", "/why ²", "/like ²", "/drop ①", "/list ²", "/list -1", "/load ²",
        "/diff ² 1", "/rate 1 4/1" + "0" * 400, "/rate 1 " + "4" * 5000, "/like " + "9" * 5000,
        "/undo",
    )  # fmt: skip
    assert "/list -1: no number" in said and said.count("/rate what?") == 2
    ran = recagent("why", "²")
    assert ran.code == NotFound.exit_code and "²" in ran.err and "fault" not in ran.err


def test_files_that_cannot_be(recagent: RunCommand, home: Path, tmp_path: Path) -> None:
    said = told(
        recagent, "westerns", "/export ~nobody-at-all/x.md", f"/export {'x' * 300}.md",
        "/export a\0b.md", f"/export {tmp_path}", "/lists",
    )  # fmt: skip
    assert "no path" in said and "cannot be written" in said and "is a directory" in said
    for path in ("~nobody-at-all/x", "a\0b"):
        with pytest.raises(BadInput):
            typed_path(path)
    ran = recagent("config", "set", "semantic.model", "~nobody-at-all/x")
    assert ran.code == BadInput.exit_code and "no path" in ran.err


def test_a_link_stays_and_so_does_who_may_read(tmp_path: Path) -> None:
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    real.write_text("before")
    real.chmod(0o644)
    link.symlink_to(real)
    write_whole(link, "after")
    assert link.is_symlink() and real.read_text() == "after"
    assert stat.S_IMODE(real.stat().st_mode) == 0o644
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(BadInput):
        write_whole(tmp_path / "pipe.md", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.md", "pipe.md", "real.md"]


def test_a_fault_of_ours_ends_no_chat(
    recagent: RunCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Assistant, session: Session) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(Assistant, "standing", broken)
    ran = recagent("chat", stdin="westerns\n/export x.csv\nno drama\n")
    assert ran.code == 0 and "our own fault: ZeroDivisionError: division by zero" in ran.err
    assert ran.out.count("The Long Field") >= 2, "and the next line is answered"


@pytest.mark.parametrize("fault", [BrokenPipeError(), OSError(errno.EIO, "gone")])
def test_a_screen_that_is_gone_ends_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, fault: OSError
) -> None:
    with Assistant("films") as assistant:
        chat = Chat(assistant, assistant.new_session())

        def gone(line: str) -> None:
            raise fault

        monkeypatch.setattr(chat, "ask", gone)
        with pytest.raises(OSError) as raised:
            chat._handle("westerns")
    assert raised.value is fault


def test_a_history_that_cannot_be_kept_is_told_once(home: Path) -> None:
    (home / "data" / "chat-history").mkdir(parents=True)  # nor read
    with Assistant("films") as assistant, create_pipe_input() as keys:
        chat, said = Chat(assistant, assistant.new_session()), list[str]()
        setattr(chat, "note", said.append)  # noqa: B010
        prompt = Prompt(chat, input=keys, output=DummyOutput())
        keys.send_text("/lists\r/sets\r\x04")
        for line in messages(chat, prompt):
            chat._handle(line)
    assert sum("is not kept" in text for text in said) == 1
    assert any("no list was shown" in text for text in said) and any("no set" in t for t in said)


def test_keys_are_neither_taken_nor_kept(home: Path) -> None:
    secret = "sk-proj-0123456789abcdef"
    with Assistant("films") as assistant, create_pipe_input() as keys:
        chat, said = Chat(assistant, assistant.new_session()), list[str]()
        setattr(chat, "note", said.append)  # noqa: B010
        prompt = Prompt(chat, input=keys, output=DummyOutput())
        keys.send_text(f"/model {secret}\r/model openai/gpt?api_key={secret}\r/model builtin\r\x04")
        for line in messages(chat, prompt):
            chat._handle(line)
    kept = (home / "data" / "chat-history").read_text()
    assert "/model builtin" in kept and secret not in kept
    assert sum("no name of a model" in text for text in said) == 2
    assert not any(secret in text for text in said)


@pytest.mark.parametrize("name", ["ollama/llama3.2:3b", "openrouter/x/y:free", "sk-learn"])
def test_names_of_models_are_names(name: str) -> None:
    check_model(name)


def test_titles_that_are_numbers_and_titles_with_a_semicolon(
    bundled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))
    with Assistant("movies", incognito=True) as assistant:
        chat, catalog = Chat(assistant, assistant.new_session()), assistant.catalog

        def titles(rest: str) -> list[str]:
            return [catalog.item(row).title for row in rows_named(chat, rest)]

        assert titles("1917") == ["1917"] and titles("300, 2046") == ["300", "2046"]
        assert titles("WALL; E") == titles("WALL-E") != []
        assert titles("WALL-E; Up") == ["WALL·E", "Up"]
        with pytest.raises(NotFound, match="the list last shown has 0 items"):
            titles("3")
        assert titles("1917") and references(chat, "2 #3") == ["#2", "#3"]
        assert references(chat, "1234") == ["#1234"], "nothing is called so"


def test_commands_are_read_whatever_their_case_and_white_space(
    recagent: RunCommand, home: Path
) -> None:
    ran = recagent("chat", stdin="westerns\n/LIKE\t1\n/undo 5\n/new x\n/lists\n/sets all\n")
    assert "noted that you like: The Long Field" in ran.err and "no command" not in ran.err
    assert "/undo takes nothing behind it" in ran.err and "/new takes nothing" in ran.err
    assert "/sets takes nothing" in ran.err and "westerns" in ran.out, "the list still stands"


def test_what_was_asked_is_told_again_and_not_how_one_went_through_it(
    recagent: RunCommand, home: Path
) -> None:
    recagent("chat", stdin="more\nwesterns\nmore\n/undo\n/redo\n")
    ran = recagent("chat", "--continue", stdin="")
    assert "going on with “westerns”" in ran.out + ran.err
    assert "last time you said “westerns”" in recagent("chat", stdin="").err


@pytest.mark.parametrize("flags", [(), ("--plain",)])
def test_plain_is_heard(
    recagent: RunCommand, home: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    seen: list[bool] = []
    monkeypatch.setattr(Chat, "run", lambda chat: seen.append(chat.plain))
    assert recagent("chat", *flags).code == 0 and seen == [bool(flags)]


def test_keys_show_where_nothing_prompts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    termios = pytest.importorskip("termios")
    outer, inner = os.openpty()
    echoes: list[bool] = []
    with Assistant("films") as assistant, open(inner, encoding="utf-8") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)  # and standard output is none
        chat = Chat(assistant, assistant.new_session(), quiet=True)
        monkeypatch.setattr(
            chat,
            "ask",
            lambda line: echoes.append(bool(termios.tcgetattr(inner)[3] & termios.ECHO)),
        )
        os.write(outer, b"westerns\n\x04")
        chat.run()
    os.close(outer)
    assert echoes == [True]


def test_streams_that_are_closed_or_lack_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("sys.stdout", narrow)
    open_streams()
    with sys.stdin as nothing:
        assert nothing.read() == "" and not nothing.isatty()
    print("█ Amélie", flush=True)
    assert narrow.buffer.getvalue() == "? Amélie\n".encode("latin-1")


@pytest.mark.parametrize("value, colored", [("", True), ("1", False)])
def test_no_color_counts_where_it_says_something(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str, colored: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    monkeypatch.delenv("TERM", raising=False)
    with Assistant("films") as assistant:
        assert Chat(assistant, assistant.new_session()).colored is colored
    assert make_console().no_color is not colored
