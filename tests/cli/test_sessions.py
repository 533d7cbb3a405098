"""Sessions: gone on with, listed, shown, exported and deleted from the command line."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recagent_catalogs.ingest import ingest
from recagent_catalogs.text import clean
from recagent_cli import Assistant
from recagent_cli.memory.deletion import delete_sessions
from recagent_cli.memory.store import UserStore
from recagent_cli.ui.markdown import paragraph
from recagent_cli.ui.recap import when_told

from ..conftest import DATA, RunCommand

SCHEMAS = DATA.parents[1] / "docs" / "schemas"
HOSTILE = "`*Rain* [x](http://e.vil) <b>#1</b> \x1b[31m| www.e.vil ![i](j)"


@pytest.fixture
def store(home: Path) -> UserStore:
    return UserStore(home / "data" / "user.sqlite")


def asked(recagent: RunCommand, *words: str) -> dict[str, Any]:
    ran = recagent("ask", *words, "--json")
    assert ran.code == 0, ran.err
    told: dict[str, Any] = json.loads(ran.out)
    return told


def aged(store: UserStore, session_id: str, days: float) -> None:
    """Let a session be that old."""
    stored = store.session(session_id, "me")
    store.commit(session=replace(stored, updated=time.time() - days * 86_400))


# -- going on -------------------------------------------------------------------------------------


def test_going_on_without_a_session_answers_nothing_else(
    recagent: RunCommand, store: UserStore
) -> None:
    for words in (("--continue",), ("--session", ""), ("--session", "nope")):
        ran = recagent("ask", "the second one, but shorter", *words)
        assert ran.code == 3 and ran.out == "", words
    assert "no session about films yet" in recagent("ask", "x y", "--continue").err
    assert not store.sessions("me")


def test_a_chat_that_goes_on_shows_where_one_was(recagent: RunCommand, home: Path) -> None:
    first = asked(recagent, "sci-fi", "-n", "3")
    asked(recagent, "--continue", "no horror")
    ran = recagent("chat", "--continue", stdin="/undo\nwho directed the second one?\n")
    assert "going on with “sci-fi” (2 turns, just now)" in ran.err
    titles = [item["title"] for item in first["items"]]
    told = ran.err.partition("list 2:")[2]
    assert "  1. " in told and "→" not in told.partition("  2. ")[0]
    assert "Back to list 1" in ran.out and titles[1] in ran.out.partition("Back to list 1")[2]
    assert "directed" in ran.out, "the second of the list that stood again"


def test_an_open_question_is_asked_again(recagent: RunCommand, home: Path) -> None:
    question = asked(recagent, "a western by Ada Quill")["question"]
    ran = recagent("chat", "--continue", stdin="1\n")
    for number, option in enumerate(question["options"], start=1):
        assert f"{number}. {option}" in " ".join(ran.err.split())
    assert ran.out.strip()


def test_the_first_chat_may_go_on_as_well(recagent: RunCommand, home: Path) -> None:
    ran = recagent("chat", "--continue", stdin="westerns\n")
    assert ran.code == 0 and "this is a new one" in ran.err and "The Long Field" in ran.out
    assert recagent("chat", "--resume", "", stdin="westerns\n").code == 3


def test_a_session_is_named_by_enough_of_its_id(recagent: RunCommand, store: UserStore) -> None:
    for name in ("20260101-120000-aaaa", "20260102-120000-bbbb", "20260102-130000-aaaa"):
        first = store.session(asked(recagent, "westerns")["session"], "me")
        store.commit(session=replace(first, id=name), new_turns=list(first.turns))
        store.delete_session(first.id, "me")
    assert "westerns" in recagent("session", "show", "20260101").out
    assert asked(recagent, "sci-fi", "--session", "bbbb")["session"] == "20260102-120000-bbbb"
    for several in ("2026", "aaaa"):
        ran = recagent("session", "show", several)
        assert ran.code == 3 and "20260102-130000-aaaa" in ran.err, several
    assert recagent("session", "show", "20260101", "--as", "ben").code == 3
    assert (
        recagent("session", "delete", "bbbb", "--yes").err.strip() == "deleted 20260102-120000-bbbb"
    )


def test_a_named_session_brings_its_catalog(recagent: RunCommand, home: Path) -> None:
    for kind in ("catalogs", "models"):
        shutil.copytree(home / "data" / kind / "films", home / "data" / kind / "second")
    name = asked(recagent, "westerns", "-c", "second")["session"]
    asked(recagent, "sci-fi")
    assert asked(recagent, "more", "--session", name)["session"] == name
    assert recagent("why", "1", "--session", name).code == 0
    assert recagent("bus", "lists", "--session", name).code == 0
    assert "“westerns”" in recagent("chat", "--resume", name, stdin="/quit\n").err
    ran = recagent("ask", "more", "--session", name, "-c", "films")
    assert ran.code == 3 and "about the catalog second" in ran.err
    assert asked(recagent, "--continue", "no horror")["session"] != name


def test_a_session_is_for_whom_it_was(recagent: RunCommand, store: UserStore) -> None:
    asked(recagent, "something for me", "--user", "u4")
    turn = asked(recagent, "--continue", "only sci-fi")
    told = json.loads(store.session(turn["session"], "me").turns[-1])
    assert told["user"] == "u4"
    assert "for user u4" in recagent("chat", "--continue", stdin="more\n").err
    asked(recagent, "--continue", "more", "--user", "u1")
    assert json.loads(store.session(turn["session"], "me").turns[-1])["user"] == "u1"


def test_an_old_session_is_named_before_it_goes_on(recagent: RunCommand, store: UserStore) -> None:
    name = asked(recagent, "westerns")["session"]
    assert "going on" not in recagent("ask", "--continue", "more").err
    stored = store.session(name, "me")
    store.delete_session(name, "me")
    turns = [json.loads(body) for body in stored.turns]
    for turn in turns:
        turn["kept"]["time"] -= 3 * 86_400
    store.commit(session=stored, new_turns=[json.dumps(turn) for turn in turns])
    ran = recagent("ask", "--continue", "sci-fi")
    assert f"going on with {name}, of 3 days ago: westerns" in ran.err


def test_incognito_goes_on_and_leaves_the_session_as_it_was(
    recagent: RunCommand, store: UserStore
) -> None:
    name = asked(recagent, "westerns")["session"]
    before = store.session(name, "me")
    asked(recagent, "--continue", "sci-fi", "--incognito")
    assert store.session(name, "me") == before


# -- list, show, export ---------------------------------------------------------------------------


def test_sessions_are_listed_by_what_was_asked_first(
    recagent: RunCommand, store: UserStore
) -> None:
    assert "no session yet" in recagent("session", "list").err
    old = asked(recagent, "westerns")["session"]
    asked(recagent, "sci-fi")
    asked(recagent, "--continue", "no horror")
    aged(store, old, 2)
    shown = recagent("session", "list").out.splitlines()
    assert "just now" in shown[1] and "sci-fi" in shown[1] and " 2 " in shown[1]
    assert "2 days ago" in shown[2] and "westerns" in shown[2]
    told = json.loads(recagent("session", "list", "--json").out)["sessions"]
    assert [(one["title"], one["turns"]) for one in told] == [("sci-fi", 2), ("westerns", 1)]
    assert told[0]["updated"].endswith("Z")


def test_an_export_reads_as_the_session_did(
    recagent: RunCommand, home: Path, tmp_path: Path
) -> None:
    first = asked(recagent, "sci-fi, no horror")
    recagent("chat", "--continue", stdin="/save week end\nthe second one, but shorter\n")
    page = recagent("session", "export").out
    item = first["items"][0]
    assert page.startswith("# sci-fi, no horror\n") and "## 3\\. the second one" in page
    assert f"1. **{item['title']} ({item['year']})** – {item['reason']}" in page
    assert "16 →" in page and "- week end: " in page
    file = tmp_path / "evening.json"
    assert recagent("session", "export", "-o", str(file)).code == 0
    told = json.loads(file.read_text(encoding="utf-8"))
    schema = json.loads((SCHEMAS / "recagent.session-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    assert [item["id"] for item in told["turns"][0]["items"]] == [i["id"] for i in first["items"]]
    assert recagent("session", "export", "--json").out == file.read_text(encoding="utf-8")
    # Neither a new day nor a catalog that is gone changes what was said.
    shutil.rmtree(home / "data" / "catalogs" / "films")
    assert recagent("session", "export", "-f", "md").out == page
    assert item["title"] in recagent("session", "show").out
    assert recagent("session", "export", "-f", "csv").code == 2
    assert recagent("session", "export", "-o", str(tmp_path / "no" / "x.md")).code == 4
    assert recagent("session", "export", "-o", str(file)).code == 4, "it is there already"
    assert recagent("session", "export", "-o", str(file), "--force").code == 0
    assert recagent("session", "export", "-o", "-").out == page
    assert recagent("session", "export", "-o", str(tmp_path / "x.pdf")).code == 2
    assert not list(tmp_path.glob(".evening*"))


def test_a_session_from_before_titles_were_kept_is_told_by_the_catalog(
    recagent: RunCommand, store: UserStore, home: Path
) -> None:
    name = asked(recagent, "westerns")["session"]
    stored = store.session(name, "me")
    store.delete_session(name, "me")
    bodies = [json.loads(body) for body in stored.turns]
    for body in bodies:
        del body["kept"]
    store.commit(session=stored, new_turns=[json.dumps(body) for body in bodies])
    assert "**The Long Field (2012)**" in recagent("session", "export").out
    assert "(1 turn)" in recagent("chat", "--continue", stdin="/quit\n").err
    shutil.rmtree(home / "data" / "catalogs" / "films")
    assert "1. **f" in recagent("session", "export").out


def read_markdown(text: str) -> tuple[set[str], str]:
    """Kinds of tokens of a page, and the words that its reader sees."""
    kinds, words = set(), []
    for block in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        kinds.add(block.type)
        for token in block.children or ():
            kinds.add(token.type)
            words.append("\n" if token.type == "hardbreak" else token.content)
    return kinds, "".join(words)


def test_hostile_words_stay_words_in_an_export(recagent: RunCommand, home: Path) -> None:
    source = home / "evil.csv"
    source.write_text(f'id,title,year\n1,"{HOSTILE}",1999\n2,1. Two,2000\n', encoding="utf-8")
    ingest(source, home / "data" / "catalogs" / "evil", name="evil")
    asked(recagent, f"items from 1999 {HOSTILE}", "-c", "evil", "--no-build")
    asked(recagent, "items", "-c", "evil", "--no-build")
    for number in (0, 1):
        name = json.loads(recagent("session", "list", "--json").out)["sessions"][number]["id"]
        page = recagent("session", "export", name).out
        kinds, words = read_markdown(page)
        assert not kinds & {"link_open", "image", "html_inline", "html_block", "code_inline"}, page
        assert "\x1b" not in page and "://" not in page and "www.e" not in page
    assert clean(HOSTILE) in words


@settings(max_examples=100)
@example(" -")
@example(" 1. a\n+ b\n    c\n===")
@given(st.text(alphabet="ab1 -+=.)(#*_`~<>[]!|\\&;:/$@\nw", max_size=40))
def test_any_text_is_a_paragraph_with_its_own_words(text: str) -> None:
    page = paragraph(text)
    kinds, words = read_markdown(page)
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special",
                     "hardbreak", "softbreak"}  # fmt: skip
    lines = [" ".join(line.split()) for line in text.split("\n")]
    assert " ".join(words.split()) == " ".join(" ".join(lines).split())


def test_a_time_is_told_by_how_long_ago() -> None:
    noon = time.mktime((2026, 3, 10, 12, 0, 0, 0, 0, -1))
    for seconds, told in (
        (5, "just now"), (300, "5 min ago"), (2 * 3600, "2 h ago"), (11 * 3600, "11 h ago"),
        (14 * 3600, "yesterday"), (3 * 86_400, "3 days ago"), (30 * 86_400, "2026-02-08"),
        (-60, "just now"),
    ):  # fmt: skip
        assert when_told(noon - seconds, noon) == told, told


# -- deletion -------------------------------------------------------------------------------------


def holds(folder: Path, word: bytes) -> list[str]:
    """Files below a folder in which a word stands."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if word in path.read_bytes()]


def test_a_deleted_session_leaves_no_byte(recagent: RunCommand, store: UserStore) -> None:
    name = asked(recagent, "something like Quixotical Zebrafish")["session"]
    kept = asked(recagent, "westerns")["session"]
    asked(recagent, "I loved Paper Lanterns", "--session", name)
    data = store.path.parent
    (copy,) = (data / "backups").glob("*.sqlite")
    made = copy.stat().st_mtime_ns
    assert len(holds(data, b"Quixotical")) == 2, "the store and its copy of today"
    ran = recagent("session", "delete", name, "--yes")
    assert ran.code == 0 and "1 fact that it gave stays in the profile" in ran.err
    assert holds(data, b"Quixotical") == holds(data, name.encode())[:0] == []
    assert copy.stat().st_mtime_ns == made
    assert [head.id for head in store.sessions("me")] == [kept]
    assert {event.session for event in store.events("me", kinds=["shown"])} == {kept}
    assert [e.item for e in store.events("me", kinds=["liked"])] != []
    assert UserStore(copy).sessions("me") == [] and not store.damaged


def test_a_chat_does_not_bring_a_deleted_session_back(home: Path, store: UserStore) -> None:
    with Assistant("films") as assistant:
        session = assistant.new_session()
        other = assistant.new_session()
        assistant.ask("westerns", session=session)
        assistant.ask("sci-fi", session=other)
        delete_sessions(store, [session.id], "me")
        told = assistant.ask("I loved Paper Lanterns", session=session).notices
        assert any("was deleted meanwhile" in text for _, text in told)
        told = assistant.ask("more", session=session).notices
        assert not any("was deleted meanwhile" in text for _, text in told), "told once"
        assistant.ask("more", session=other)
    assert [(head.id, head.n_turns) for head in store.sessions("me")] == [(other.id, 2)]
    assert len(store.events("me", kinds=["liked"])) == 1


def test_many_are_deleted_at_once_where_that_is_sure(
    recagent: RunCommand, store: UserStore
) -> None:
    old, new = (asked(recagent, text)["session"] for text in ("westerns", "sci-fi"))
    other = asked(recagent, "dramas", "--as", "ben")["session"]
    aged(store, old, 40)
    for words in ((), ("--all", old), ("--all",), (old,)):
        assert recagent("session", "delete", *words).code == 2, words
    assert recagent("session", "delete", "--older-than", "90", "--yes").code == 0
    assert "deleted" in recagent("session", "delete", "--older-than", "30", "--yes").err
    assert [head.id for head in store.sessions("me")] == [new]
    assert recagent("session", "delete", "--all", "-c", "games", "--yes").code == 0
    assert recagent("session", "delete", "--all", "--yes").err.strip() == f"deleted {new}"
    assert [head.id for head in store.sessions("ben")] == [other]


def test_a_copy_that_cannot_be_opened_is_named(recagent: RunCommand, store: UserStore) -> None:
    asked(recagent, "westerns")
    name = asked(recagent, "sci-fi")["session"]
    (copy,) = (store.path.parent / "backups").glob("*.sqlite")
    copy.write_bytes(b"no database" * 100)
    ran = recagent("session", "delete", name, "--yes")
    assert ran.code == 0 and str(copy.name) in ran.err.replace("\n", "")


# -- another catalog under the name ---------------------------------------------------------------


def test_after_the_data_changed_the_numbers_still_mean_what_was_shown(
    recagent: RunCommand, home: Path
) -> None:
    first = asked(recagent, "westerns")
    lines = (DATA / "films.csv").read_text(encoding="utf-8").splitlines()
    gone = first["items"][0]["id"]
    source = home / "films.csv"
    left = [line for line in lines if not line.startswith(f"{gone},")]
    source.write_text("\n".join(left) + "\n", encoding="utf-8")
    place = home / "data" / "catalogs" / "films"
    shutil.rmtree(place)
    ingest(source, place, name="films")
    os.environ.pop("RECAGENT_MODEL", None)
    ran = recagent("chat", "--continue", "--no-build", stdin="who directed the first one?\n")
    assert ran.code == 0 and "the catalog has changed since this session" in ran.err
    assert "the last list:" in ran.err
    told = ran.err.partition("the last list:")[2]
    assert first["items"][1]["title"] in told and first["items"][0]["title"] not in told.replace(
        first["items"][1]["title"] + f" ({first['items'][1]['year']})", ""
    )
    assert "directed" in ran.out
