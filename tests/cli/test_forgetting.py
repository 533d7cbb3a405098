"""What is forgotten is nowhere: every byte of every file of a real home is looked through."""

from __future__ import annotations

import gzip
import json
import sqlite3
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.history import FileHistory

from recagent_catalogs.ingest import ingest
from recagent_cli.agent.known import KnownModels, key_of
from recagent_cli.forgetting import Wanted as Forget
from recagent_cli.forgetting import Words, head_of
from recagent_cli.memory.backups import back_up
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from recagent_cli.own_builds import STALE, clear_stale, digest_of, is_stale, own_builds, retire
from recagent_cli.typed_lines import history_without
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import bus_to_bytes
from tests.conftest import RunCommand

WORD = "zzcanary"
KINDS = ("set", "never", "liked", "disliked")


def unpacked(raw: bytes) -> Iterator[bytes]:
    """What bytes hold: themselves, and what is packed in them, as zip, gzip or zlib."""
    yield raw
    if raw[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            for name in archive.namelist():
                yield from unpacked(archive.read(name))
    elif raw[:2] == b"\x1f\x8b":
        yield from unpacked(gzip.decompress(raw))
    elif raw[:1] == b"\x78":
        try:
            yield from unpacked(zlib.decompress(raw))
        except zlib.error:
            return


def cells(path: Path) -> Iterator[bytes]:
    """Every cell of every table of a SQLite file."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            for row in connection.execute(f'SELECT * FROM "{name}"'):
                for cell in row:
                    yield cell if isinstance(cell, bytes) else str(cell).encode()
    finally:
        connection.close()


def holding(home: Path, word: str, *, skip: tuple[str, ...] = ()) -> set[str]:
    """The files under a home that hold a word, in UTF-8 or UTF-16, packed or not."""
    found = set()
    needles = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")]
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if not path.is_file() or name.startswith(skip):
            continue
        raw = path.read_bytes()
        parts = list(unpacked(raw))
        if raw.startswith(b"SQLite format 3"):
            parts += [part for cell in cells(path) for part in unpacked(cell)]
        if word in name or any(n in part.lower() for part in parts for n in needles):
            found.add(name)
    return found


def store_of(home: Path) -> UserStore:
    return UserStore(home / "data" / "user.sqlite")


def test_said_words_are_nowhere_after(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("ask", "I loved Paper Lanterns")
    recagent("ask", f"westerns for my {WORD} evening, I loved Blue Static")
    recagent("bus", "save", f"{WORD}set")
    recagent("chat", "--continue", stdin=f"/like 1\nfor {WORD.upper()} please\n")
    lines = FileHistory(str(home / "data" / "chat-history"))
    for line in ("westerns", f"and {WORD}\non two lines", "what now?"):
        lines.store_string(line)
    loved = store.events("me", kinds=["liked"])[-1]
    extra = [
        StoredEvent("me", "films", "set", "f12", 0.5, source=f"profile set for {WORD}"),
        StoredEvent("me", "films", "learned", column="tags", text=WORD, because=loved.id),
        StoredEvent("me", "films", "proposed", column="tags", text=f"{WORD} noir", because=2),
        StoredEvent("me", "films", "said", text=f"{WORD} nights"),
        StoredEvent("ben", "films", "liked", "f01", source="a word of ben's"),
    ]
    store.commit(events=extra)
    for copy in (home / "data" / "backups").glob("user-*"):
        copy.unlink()
    assert back_up(store) is not None
    packed = [store.session(head.id, "me").bus[-400:-360] for head in store.sessions("me")]
    before = holding(home, WORD)
    assert {"data/user.sqlite", "data/chat-history"} < before and len(before) > 2

    ran = recagent("profile", "forget", WORD)
    assert ran.code == 2 and "--yes" in ran.err and "conversation" in ran.err
    assert holding(home, WORD) == before
    ran = recagent("profile", "forget", WORD, "--yes", "--json")
    told = json.loads(ran.out)
    assert ran.code == 0 and (told["sessions"], told["of_sessions"], told["lines"]) == (1, 2, 1)

    assert holding(home, WORD) == set()
    raw = b"".join(path.read_bytes() for path in (home / "data").rglob("user*") if path.is_file())
    left = {head.id for head in store.sessions("me")}
    assert len(left) == 1 and sum(piece in raw for piece in packed) == 1
    # What was said in other words stays; what came in these words stays without them.
    by_item = {e.item: e for e in store.events("me") if e.kind in ("liked", "set")}
    assert by_item["f05"].source and by_item["f12"].value == 0.5 and not by_item["f12"].source
    assert store.events("ben") and (home / "data" / "backups").exists()
    assert (home / "data" / "chat-history").read_text().count("\n+") == 2
    assert recagent("profile", "forget", WORD, "--yes").code == 3


@pytest.fixture
def shelf(home: Path) -> Path:
    """A further catalog, in which an item has a title that nothing else has."""
    table = home / "shelf.csv"
    titles = ["The Zzcanary Affair", "Quiet Water", "Two Lamps", "Harbour Song", "A Long Winter"]
    rows = [f"s{n},{title},Drama|Mystery,199{n}" for n, title in enumerate(titles)]
    table.write_text("id,title,genres,year\n" + "\n".join(rows) + "\n", encoding="utf-8")
    ingest(table, home / "data" / "catalogs" / "shelf", name="shelf")
    table.unlink()
    return home


def test_an_item_is_nowhere_after(shelf: Path, recagent: RunCommand) -> None:
    def ask(text: str) -> None:
        assert recagent("ask", text, "-c", "shelf", "--no-build").code == 0

    store = store_of(shelf)
    ask("I loved The Zzcanary Affair")
    ask("a mystery from 1992")  # its list knows of the like, but does not name it
    recagent("profile", "set", "The Zzcanary Affair", "never", "-c", "shelf")
    liked = store.events("me", kinds=["liked"])[0]
    learned = StoredEvent("me", "shelf", "learned", column="genres", text="Drama", because=liked.id)
    store.commit(events=[learned])
    inputs = [
        (head_of(store.session(s.id, "me").bus) or {})["inputs"] for s in store.sessions("me")
    ]
    assert any('"liked":[0]' in text for text in inputs[0])

    told = json.loads(recagent("profile", "forget", "zzcanary affair", "--yes", "--json").out)
    assert (told["sessions"], told["of_sessions"], told["rewritten"]) == (1, 2, 1)
    assert holding(shelf, WORD, skip=("data/catalogs",)) == set()
    (head,) = store.sessions("me")
    kept = store.session(head.id, "me")
    assert "1992" in kept.turns[0] and '"liked":[0]' not in str(head_of(kept.bus))
    left = [e.kind for e in store.events("me", undone=True)]
    assert set(left) <= {"shown", "said"}, "what was asked for in passing is another fact"
    assert all(e.item != "s0" for e in store.events("me", undone=True))
    assert recagent("session", "show").code == 0  # the bus that was written anew is whole
    assert recagent("ask", "--continue", "another one", "-c", "shelf", "--no-build").code == 0


def test_by_number_by_time_by_catalog_and_all(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("ask", f"I loved Paper Lanterns, {WORD}1")
    recagent("ask", f"I hated Laughing Stock, {WORD}2")
    old = StoredEvent("me", "films", "seen", "f01", time=1e9, source=f"{WORD}3")
    store.commit(events=[old, StoredEvent("me", "games", "seen", "g1", source=f"{WORD}4")])
    FileHistory(str(home / "data" / "chat-history")).store_string(f"{WORD}5")
    first = next(e for e in store.events("me") if e.item == "f05" and e.kind == "liked")
    assert recagent("profile", "forget", str(first.id), "--yes").code == 0
    assert holding(home, f"{WORD}1") == set() and holding(home, f"{WORD}2")
    assert recagent("profile", "undo", str(first.id)).code == 3
    assert recagent("profile", "forget", "-c", "games", "--yes").code == 0
    assert holding(home, f"{WORD}4") == set() and holding(home, f"{WORD}3")
    assert recagent("profile", "forget", "--since", "1h", "--yes").code == 0
    assert holding(home, f"{WORD}2") == holding(home, f"{WORD}5") == set()
    assert [e.item for e in store.events("me")] == ["f01"]
    assert recagent("profile", "forget", "--all", "--yes").code == 0
    assert holding(home, WORD) == set() and store.events("me", undone=True) == []


def test_with_everything_goes_how_language_models_are_asked(
    home: Path, recagent: RunCommand
) -> None:
    path = home / "cache" / "language-models.json"
    known = KnownModels(path)
    known[key_of("openai/secret-model", None)] = "native"
    known[key_of("openai/secret-model", None, "sight")] = "some"
    assert recagent("profile", "forget", "--since", "1h", "--yes").code == 3 and path.exists()
    ran = recagent("profile", "forget", "--all", "--yes", "--json")
    assert json.loads(ran.out)["language_models"] == 1
    assert holding(home, "secret-model") == set() and not path.exists()
    assert recagent("profile", "forget", "--all", "--yes").code == 3


def test_a_conversation_goes_with_the_facts_it_left(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("ask", f"I loved Paper Lanterns, {WORD}")
    recagent("ask", "I hated Laughing Stock")
    gone = store.sessions("me")[-1].id
    assert recagent("profile", "forget", "--session", gone, "--yes").code == 0
    assert holding(home, WORD) == holding(home, gone) == set()
    assert [e.item for e in store.events("me") if e.kind != "shown"] == ["f07"]
    ran = recagent("profile", "forget", "--session", gone, "--yes")
    assert ran.code == 3 and gone in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "forget what?"),
        (["--all", "--session", "x"], 2, "one thing"),
        (["--since", "soon"], 4, "no time"),
        (["#5"], 3, "no fact 5"),
        (["nobody said this"], 3, "nothing is noted"),
        (["--session", "none"], 3, "none"),
    ],
)
def test_what_cannot_be_forgotten_is_told(
    home: Path, recagent: RunCommand, words: list[str], code: int, said: str
) -> None:
    ran = recagent("profile", "forget", *words, "--yes")
    assert (ran.code, ran.out) == (code, "") and said in ran.err


def test_a_value_is_named_where_it_was_asked_for(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("ask", "films with Tom Reeve")  # of which some are thrillers
    recagent("ask", "no thrillers please")
    recagent("profile", "set", "genres=Thriller", "-1")
    recagent("ask", "something with Mia Stone")  # knows of the taste
    told = json.loads(recagent("profile", "forget", "genres=Thriller", "--yes", "--json").out)
    assert (told["sessions"], told["of_sessions"]) == (1, 3)
    assert all(e.text != "Thriller" for e in store.events("me", undone=True))
    for head in store.sessions("me"):
        kept = store.session(head.id, "me")
        assert "thrillers" not in json.loads(kept.turns[0])["utterance"]
        assert "Thriller" not in str((head_of(kept.bus) or {})["inputs"])


def test_while_another_process_reads_it_is_said(
    home: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    recagent("ask", f"I loved Paper Lanterns, {WORD}")
    reader = sqlite3.connect(home / "data" / "user.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    monkeypatch.setattr("recagent_cli.memory.erasing.COMPACT_S", 0.1)
    ran = recagent("profile", "forget", WORD, "--yes")
    assert ran.code == 1 and "another process reads them" in ran.err and "--finish" in ran.err
    assert store_of(home).sessions("me") == [] and holding(home, WORD)
    reader.close()
    assert recagent("profile", "forget", "--finish").code == 0
    assert holding(home, WORD) == set()


def test_incognito_leaves_nothing(home: Path, recagent: RunCommand) -> None:
    recagent("ask", "westerns")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ran = recagent("ask", f"I loved Paper Lanterns, {WORD}", "--incognito")
    assert ran.code == 0
    stdin = f"{WORD} westerns\n/like 1\n/save {WORD}\nI have seen Blue Static\n"
    assert recagent("chat", "--incognito", stdin=stdin).code == 0
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


@given(st.sampled_from(["Up", "It", "Alien", "Café Lumen", "Her"]), st.text(max_size=20))
def test_words_are_whole_words(title: str, around: str) -> None:
    words = Words([title])
    assert words.stand_in(f"{around} {title}, {around}")
    assert not words.stand_in(f"x{title}x".lower()) and not Words([]).stand_in(title)


def test_a_short_title_is_no_common_word() -> None:
    assert Words(["Up"]).stand_in("I liked Up a lot") and not Words(["Up"]).stand_in("cheer me up")
    assert Words(["Café Lumen"]).stand_in("like cafe lumen") and Words(["Alien"]).stand_in("ALIEN!")


def test_lines_of_the_history_go_by_words_by_time_and_as_they_were_said(tmp_path: Path) -> None:
    path = tmp_path / "chat-history"
    history = FileHistory(str(path))
    for line in ("keep me", "Zzcanary", "two\nlines", "I loved it"):
        history.store_string(line)
    gone, left = history_without(path, Forget(words=(WORD,)), frozenset({"I loved it"}))
    path.write_text(left)
    assert gone == 2 and list(FileHistory(str(path)).load_history_strings()) == [
        "two\nlines",
        "keep me",
    ]
    assert history_without(path, Forget(since=0.0), frozenset()) == (2, "")
    assert history_without(tmp_path / "none", Forget(everything=True), frozenset()) == (0, "")


def made_build(models: Path, name: str, own: Any) -> Path:
    """A manifest as a build has it."""
    place = models / name
    place.mkdir(parents=True)
    settings = {} if own is None else {"own_events": own}
    (place / "manifest.json").write_text(json.dumps({"settings": settings}))
    (models / "current").write_text(json.dumps({"build": name}))
    return place


def test_builds_with_own_events_are_found_marked_and_deleted(tmp_path: Path) -> None:
    films = tmp_path / "films"
    plain = made_build(films, "aa", None)
    other = made_build(films, "bb", {"digest": digest_of("ana", "films"), "events": 4})
    before = made_build(films, "cc", {"digest": digest_of("me", "films"), "events": 4})
    now = made_build(films, "dd", {"digest": digest_of("me", "films"), "events": 5})
    assert [(b.place, b.current) for b in own_builds(tmp_path, "me")] == [
        (before, False),
        (now, True),
    ]
    assert list(own_builds(tmp_path, "me", "games")) == [] and not is_stale(films)
    assert retire(tmp_path, "me") == ["films"] and is_stale(films)
    assert not before.exists() and plain.exists() and other.exists() and now.exists()
    assert not clear_stale(films)
    made_build(films, "ee", {"digest": digest_of("me", "films"), "events": 0})
    assert not is_stale(films) and clear_stale(films)
    assert not now.exists() and not (films / STALE).exists() and not clear_stale(films)


def test_numbers_name_facts(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("profile", "set", "genres=Horror", "never")
    recagent("profile", "set", "Paper Lanterns", "like")
    recagent("profile", "set", "genres=Drama", "-1")
    recagent("ask", "westerns")  # leaves out what is never wanted
    first, second, third = (event.id for event in store.events("me", kinds=KINDS))
    ran = recagent("profile", "forget", str(first), f"#{second}", "999", "--yes")
    assert ran.code == 3 and "no fact 999" in ran.err
    told = json.loads(
        recagent("profile", "forget", str(first), f"#{second}", "--yes", "--json").out
    )
    assert (told["facts"], told["models"]) == (2, [])
    assert [e.id for e in store.events("me", kinds=KINDS)] == [third]
    assert store.session_ids("me") == [], "its steps told what is never wanted"


def test_a_pause_outlasts_what_is_forgotten(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("profile", "set", "Paper Lanterns", "like")
    for word in ("pause", "resume", "pause"):
        assert recagent("profile", word).code == 0
    for what in (["--since", "1h"], ["--all"]):
        recagent("profile", "forget", *what, "--yes")
        assert [event.kind for event in store.events("me")] == ["paused"]
        assert json.loads(recagent("profile", "show", "--json").out)["paused"]


def test_an_import_since_then_goes_whenever_it_was_true(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)

    def imported(day: str, item: str) -> StoredEvent:
        return StoredEvent("me", "films", "seen", item, time=1e9, batch=f"{day}-0a1b2c")

    now = time.time()
    today = time.strftime("%Y%m%d", time.localtime(now - 60))
    earlier = StoredEvent("me", "films", "liked", "f05", time=now - 7200)
    facts = [imported("20200101", "f01"), imported(today, "f02"), earlier]
    store.commit(events=[*facts, imported(today[:-1] + "x", "f06")])
    store.commit(events=[replace(imported(today, "f03"), batch=f"{today}-abcdef")])
    assert recagent("profile", "forget", "--since", "1h", "--yes").code == 0
    assert [e.item for e in store.events("me")] == ["f01", "f02", "f05", "f06"]


def test_an_item_is_forgotten_under_all_its_names(shelf: Path, recagent: RunCommand) -> None:
    store, lines = store_of(shelf), FileHistory(str(shelf / "data" / "chat-history"))
    gone = ["/like zzcanary affair", "/profile why zzcanary affair", "/rate Zzcanary Affair 4"]
    for line in (*gone, "zzcanary affair", "/like quiet water", "a western"):
        lines.store_string(line)
    said = StoredEvent("me", "shelf", "liked", "s0", source="I love zzcanary and quiet water")
    store.commit(events=[said, replace(said, item="s1")])
    ran = recagent("profile", "forget", "the zzcanary affair", "-c", "shelf", "--yes")
    assert ran.code == 0
    assert holding(shelf, WORD, skip=("data/catalogs",)) == set()
    assert [(e.item, e.source) for e in store.events("me")] == [("s1", "")]
    assert list(lines.load_history_strings()) == ["a western", "/like quiet water"]


def test_an_article_makes_no_word_of_every_sentence(tmp_path: Path) -> None:
    path = tmp_path / "chat-history"
    for line in ("/like thing", "one more thing"):
        FileHistory(str(path)).store_string(line)
    wanted = Forget(words=("The Thing",), lines=frozenset(("thing", "the thing")))
    assert history_without(path, wanted, frozenset())[0] == 1


def test_what_was_noted_by_commands_goes_with_the_conversation(
    home: Path, recagent: RunCommand
) -> None:
    store = store_of(home)
    typed = f"{WORD} westerns\n/like 1\n/good\n"
    assert recagent("chat", stdin=typed).code == 0
    (gone,) = store.session_ids("me")
    lines = FileHistory(str(home / "data" / "chat-history"))
    lines.store_string("/why something else")
    assert {e.kind for e in store.events("me")} >= {"liked", "said"}
    assert recagent("profile", "forget", "--session", gone, "--yes").code == 0
    assert store.events("me", undone=True) == [] and holding(home, WORD) == set()
    assert list(lines.load_history_strings()) == []


@given(st.binary(max_size=300), st.integers(0, 500), st.integers(0, 255))
def test_whatever_bytes_a_bus_has_its_head_is_read_or_is_none(
    junk: bytes, place: int, value: int
) -> None:
    whole = bytearray(bus_to_bytes(CandidateBus(9)))
    assert head_of(bytes(whole)) is not None
    whole[place % len(whole)] = value
    for blob in (junk, bytes(whole), bytes(whole[:place])):
        head = head_of(blob)
        assert head is None or isinstance(head, dict)
