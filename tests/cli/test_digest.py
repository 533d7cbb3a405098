"""What is new for a person since they were told last: known answers, bounds, what is noted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from recagent_cli.memory.consolidation import superfluous
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.marks import Marks, hashed
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.tastes import Learning
from recagent_cli.ui.digest import since_told

from ..conftest import RunCommand

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "recagent.report-1.json"
NOON = 1_795_348_800.0
"""2026-11-22 12:00 UTC, a Sunday."""
TOYS = """id,title,kind,maker,tags
1,Red Robot,Robots,Acme,space|metal
2,Blue Robot,Robots,Acme,space|metal
3,Doll House,Dolls,Bino,home|wood
4,Tea Set,Dolls,Bino,home|china
5,Train,Vehicles,Cee,wood|rails
6,Truck,Vehicles,Cee,metal|wheels
7,Ball,Sport,Dee,rubber
8,Racket,Sport,Dee,wood
"""
NEW_TOYS = """9,Green Robot,Robots,Acme,space|metal
10,Skates,Sport,Dee,wheels
11,Crib,Dolls,Bino,home|wood
"""


def note(home: Path, kind: str, item: str, profile: str = "me", catalog: str = "films") -> None:
    store = UserStore(home / "data" / "user.sqlite")
    store.commit(events=[StoredEvent(profile, catalog, kind, item, source="test")])


def told(home: Path) -> list[str]:
    """Ids of what is noted as told."""
    events = UserStore(home / "data" / "user.sqlite").events("me", kinds=["shown"])
    return [event.item for event in events if event.source == "digest"]


def digest(recagent: RunCommand, *words: str) -> list[dict[str, Any]]:
    ran = recagent("digest", "-n", "10", "--json", *words)
    assert ran.code == 0, ran.err
    body = json.loads(ran.out)
    jsonschema.validate(body, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert body["kind"] == "digest"
    return list(body["items"])


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def test_what_was_liked_since_brings_up_what_fits_it_once(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    first = digest(recagent)
    best = recagent("recommend", "-n", "3", "-f", "ids").out.split()
    assert ids(first) == best and "f03" not in best, "nothing was known before"
    assert all(item["news"] == "fits" and item["facts"] == [1] for item in first)
    assert all(item["reason"].startswith("because you like Orbit of Ash") for item in first)
    ran = recagent("digest")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert "nothing new: since today" in recagent("digest", "-v").err
    note(home, "liked", "f05")
    second = digest(recagent)
    assert ids(second)[0] == "f15" and "same director Yuki Hara" in second[0]["reason"]
    assert not set(ids(first)) & set(ids(second)), "nothing is told twice"


def test_refused_seen_and_wanted_items_are_never_told(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f05")
    all_of_it = ids(digest(recagent, "--peek"))
    assert len(all_of_it) == 3, "the best fifth of 16, three at least"
    for kind, item in zip(("never", "rejected", "wanted"), all_of_it, strict=True):
        note(home, kind, item)
    for item in ("f01", "f08"):
        note(home, "liked", item)
    left = ids(digest(recagent, "--peek"))
    assert left and not set(left) & set(all_of_it)
    note(home, "seen", left[0])
    assert left[0] not in ids(digest(recagent))


def test_what_a_list_showed_since_is_no_news(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    digest(recagent)
    note(home, "liked", "f05")
    (best, *others) = ids(digest(recagent, "--peek"))
    note(home, "shown", best)
    assert ids(digest(recagent)) == others


def test_what_was_told_unasked_outlives_lists_that_show_it() -> None:
    shown = [
        StoredEvent("me", "films", "shown", "f01", source=source, time=NOON - 9 + n, id=n)
        for n, source in enumerate(("present", "digest", "present", "present"), start=1)
    ]
    assert superfluous(shown, Learning(), now=NOON, scale=None) == {1, 3}


def test_again_tells_what_is_still_unseen(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    first = ids(digest(recagent))
    note(home, "seen", first[0])
    assert digest(recagent) == []
    assert set(ids(digest(recagent, "--again"))) >= set(first[1:])
    assert first[0] not in ids(digest(recagent, "--again"))
    assert digest(recagent) == [], "to be told again makes nothing new"


def test_a_look_moves_nothing_nor_does_a_paused_profile(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    looked = digest(recagent, "--peek")
    assert digest(recagent, "--peek") == looked
    assert not told(home) and not (home / "data" / "digests").exists()
    recagent("profile", "pause")
    assert digest(recagent) == looked and not told(home)
    recagent("profile", "resume")
    assert digest(recagent) == looked and told(home) == ids(looked)


def test_new_items_are_told_if_they_fit(recagent: RunCommand, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "toys.csv"
    file.write_text(TOYS, encoding="utf-8")
    recagent("catalog", "add", "toys", str(file))
    note(home, "liked", "1", catalog="toys")
    first = digest(recagent, "-c", "toys")
    assert ids(first)[0] == "2" and {item["news"] for item in first} == {"fits"}
    file.write_text(TOYS + NEW_TOYS, encoding="utf-8")
    recagent("catalog", "add", "toys", str(file), "--replace")
    (new,) = digest(recagent, "-c", "toys")
    assert (new["id"], new["news"]) == ("9", "new")
    assert new["reason"] == "new in toys; like Red Robot; same maker Acme"
    assert digest(recagent, "-c", "toys") == []
    file.write_text("id,title,kind\nx,Robot,Robots\ny,Ball,Sport\n", encoding="utf-8")
    recagent("catalog", "add", "toys", str(file), "--replace")
    assert digest(recagent, "-c", "toys") == [], "another catalog under the same name is no news"


def test_without_facts_models_or_catalog(recagent: RunCommand, home: Path) -> None:
    ran = recagent("digest", "-v")
    assert (ran.code, ran.out) == (0, "") and "nothing is known yet" in ran.err
    note(home, "seen", "f01")
    assert digest(recagent) == [], "what was only seen says nothing of a taste"
    note(home, "liked", "f03", profile="ana")
    assert digest(recagent) == [], "nor does another profile"
    ran = recagent("digest", "-c", "movies", "-v")
    assert (ran.code, ran.out) == (0, "") and "not trained yet" in ran.err
    assert not (home / "data" / "catalogs" / "movies").exists(), "nothing was installed for it"
    assert digest(recagent, "-c", "movies") == []
    assert recagent("digest", "-c", "nope").code == 3
    assert recagent("digest", "-n", "0").code == 2


def test_other_formats(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    listed = recagent("digest", "--peek", "-f", "ids").out.split()
    assert len(listed) == 3
    lines = recagent("digest", "--peek", "-f", "csv").out.splitlines()
    assert lines[0].startswith("rank,id,title") and len(lines) == 4
    assert len(recagent("digest", "--peek", "-f", "jsonl").out.splitlines()) == 3
    shown = recagent("digest", "-n", "1").out
    assert "films: new for you, the best 1 of 3" in shown and "because you like" in shown
    for form in ("csv", "jsonl", "ids", "md", "table"):
        assert recagent("digest", "-f", form).out == ""


def test_two_at_once_tell_it_once(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "recagent_cli", "digest", "-f", "ids"]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(len(text.split()) for text in printed) == [0, 3]
    assert len(told(home)) == 3


def test_what_is_forgotten_leaves_no_mark(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    first = digest(recagent)
    marks = home / "data" / "digests"
    assert first[0]["id"] not in Marks(marks, "me", "films").path("digest").read_text("utf-8")
    recagent("profile", "forget", first[0]["title"], "--yes")
    assert first[0]["id"] not in told(home)
    recagent("profile", "forget", "--all", "--yes")
    assert not list(marks.glob("me.*"))


def test_a_damaged_mark_is_none(home: Path) -> None:
    marks = Marks(home / "data" / "digests", "me", "films")
    marks.folder.mkdir()
    for text in ("", "[]", '{"time": 1}', '{"known": "%"}'):
        marks.path("digest").write_text(text, encoding="utf-8")
        assert marks.read("digest") is None


def test_hashes_tell_ids_apart() -> None:
    made = hashed(["1", "2", "01", "\udc80"])
    assert len(set(made.tolist())) == 4 and hashed(["2"])[0] == made[1]


@pytest.mark.parametrize(
    ("days", "said"), [(0, "today"), (1, "yesterday"), (5, "Tuesday"), (9, "2026-11-13")]
)
def test_since(days: int, said: str) -> None:
    assert since_told(NOON - days * 86_400, NOON) == said
