"""`recagent profile`: seen whole, corrected in one command, taken back, paused, taken along."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.export import read_export
from recagent_cli.memory.profile import derive, groups_of
from recagent_cli.memory.store import UserStore
from tests.conftest import RunCommand

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
pytestmark = pytest.mark.usefixtures("home")


def report(recagent: RunCommand, *words: str) -> Any:
    """What a command of the group prints as JSON, held against the schema."""
    ran = recagent("profile", *words, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    schema = json.loads((SCHEMAS / "recagent.report-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    return told


@pytest.fixture
def store(home: Path) -> UserStore:
    return UserStore(home / "data" / "user.sqlite")


def fact(kind: str, item: str = "", **more: Any) -> StoredEvent:
    return StoredEvent("me", "films", kind, item, **more)


def test_everything_seen_is_shown_with_its_number(recagent: RunCommand, store: UserStore) -> None:
    store.commit(
        events=[
            fact("disliked", "f05", time=1e9, source="meh"),
            fact("liked", "f05", time=1e9 + 86400, source="now I love Paper Lanterns"),
            fact("rated", "f01", value=4.5),
            fact("seen", "f02"),
            fact("wanted", "f03"),
            fact("wanted", "f04"),
            fact("wanted", "f04", value=0.0),
            fact("never", "f07"),
            fact("shown", "f08"),
            fact("liked", column="genres", text="Drama"),
            fact("proposed", column="genres", text="Western", value=0.3, because=2),
        ]
    )
    told = report(recagent, "show")
    (films,) = told["catalogs"]
    assert (films["liked"], films["disliked"], films["never"]) == ([2], [], [8])
    assert (films["rated"], films["seen"], films["watchlist"]) == ([3], [4], [5])
    assert (films["pending"], films["shown"]) == ([11], 1)
    tastes = {(t["column"], t["value"] or t["item"]): t for t in films["tastes"]}
    assert tastes["", "f05"]["facts"] == [2] and tastes["", "f05"]["against"] == [1]
    assert tastes["genres", "Drama"]["weight"] == pytest.approx(0.5, abs=1e-3)
    assert {f["fact"] for f in told["facts"]} == set(range(1, 12)) - {9}
    assert next(f for f in told["facts"] if f["fact"] == 2)["title"] == "Paper Lanterns"

    out = recagent("profile", "show").out
    assert "#2 Paper Lanterns (2001)" in out and "was disliked (#1) until 10 Sep 2001" in out
    assert "likes genre Drama" in out and "+.50" in out and "f05" not in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_what_was_asked_for_in_passing_is_a_mood(recagent: RunCommand) -> None:
    for _ in range(2):
        recagent("ask", "a western please")
    told = report(recagent, "why", "genres=Western")
    assert told["taste"]["stance"] == "expect"
    assert [step["after"] for step in told["steps"]] == pytest.approx([0.25, 0.4375], abs=1e-3)
    assert "asks for" in recagent("profile", "show").out


def test_the_latest_few_or_all(recagent: RunCommand, store: UserStore) -> None:
    store.commit(events=[fact("seen", f"f{n:02}", time=1e9 + n) for n in range(1, 10)])
    few, every = recagent("profile", "show").out, recagent("profile", "show", "--all").out
    assert "5 more" in few
    assert "#9 " in few and "#1 " not in few and "#1 " in every and "more" not in every


def test_why_tells_source_and_the_formula_in_numbers(
    recagent: RunCommand, store: UserStore
) -> None:
    store.commit(
        events=[
            fact("disliked", column="genres", text="Drama", time=1e9, source="no dramas"),
            fact("liked", "f05", source="I love Paper Lanterns", session="s1", turn=1),
            fact("liked", column="genres", text="Drama", source="profile set"),
            fact("learned", column="genres", text="Drama", because=2, batch="b7"),
        ]
    )
    told = report(recagent, "why", "genres=Drama")
    assert [f["fact"] for f in told["facts"]] == [1, 3, 4]
    overruled, first, then = told["steps"]
    assert (overruled["before"], overruled["says"], overruled["after"]) == (0.0, -1.0, -0.5)
    assert first["after"] == 0.5 and then["after"] == pytest.approx(0.5 + 0.5 * 0.3 * 0.5, abs=1e-4)
    assert told["taste"]["weight"] == pytest.approx(then["after"], abs=1e-3)
    out = recagent("profile", "why", "drama").out
    assert ".5 + .5·.3·(1 − .5) = .575" in out and "overruled: #1" in out
    assert "learned from #2, you liked Paper Lanterns (2001)" in out and "came with b7" in out
    assert "“I love Paper Lanterns” (turn 1 of session s1)" in recagent("profile", "why", "2").out
    assert "#4 came of it" in recagent("profile", "why", "Paper Lanterns").out


@pytest.mark.parametrize(
    ("words", "kind", "column", "what", "value"),
    [
        (["genres=Western", "-1"], "set", "genres", "Western", -1.0),
        (["western", ".5"], "set", "genres", "Western", 0.5),
        (["Paper", "Lanterns", "never"], "never", "", "f05", None),
        (["the paper lanterns", "like"], "liked", "", "f05", None),
        (["id:f05", "0"], "set", "", "f05", 0.0),
    ],
)
def test_corrected_in_one_command(
    recagent: RunCommand, words: list[str], kind: str, column: str, what: str, value: float | None
) -> None:
    (made,) = report(recagent, "set", *words)["facts"]
    assert (made["kind"], made["column"], made["value"]) == (kind, column, value)
    assert what in (made["item"], made["text"]) and made["source"] == "profile set"
    label = recagent("profile", "why", str(made["fact"])).out
    assert label.startswith("genre Western" if column else "Paper Lanterns (2001)")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["The Long Field", "1"], 4, "The Long Field (1978) · The Long Field (2012)"),
        (["genres=Horrorr", "1"], 3, "nearest: genres="),
        (["shoes=Red", "1"], 3, "columns: genres"),
        (["Paper Latern Zz", "1"], 3, "nearest: Paper Lanterns"),
        (["Paper Lanterns", "2"], 4, "-1 to 1"),
        (["Paper Lanterns", "nan"], 4, "-1 to 1"),
        (["--frob", "Paper Lanterns", "1"], 2, "--frob"),
        (["Paper Lanterns"], 2, "which weight"),
        (["#77", "1"], 3, "no fact 77"),
    ],
)
def test_what_cannot_be_set_is_told(
    recagent: RunCommand, words: list[str], code: int, said: str
) -> None:
    ran = recagent("profile", "set", *words)
    assert (ran.code, ran.out) == (code, "") and said in ran.err
    assert report(recagent, "show")["facts"] == []


def test_undo_takes_what_was_learned_of_it_too(recagent: RunCommand, store: UserStore) -> None:
    store.commit(
        events=[
            fact("liked", "f05", id=1),
            fact("learned", column="genres", text="Drama", because=1, id=2),
            fact("proposed", column="genres", text="Western", because=2, id=3),
            fact("seen", "f01", batch="films.csv"),
            fact("seen", "f02", batch="films.csv"),
            fact("shown", "f03"),
        ]
    )
    assert "films.csv (2 facts" in recagent("profile", "show").out
    assert [f["fact"] for f in report(recagent, "undo", "--batch", "films.csv")["facts"]] == [4, 5]
    assert [f["fact"] for f in report(recagent, "undo", "1")["facts"]] == [1, 2, 3]
    assert report(recagent, "show")["facts"] == []
    for words, said in [
        (["1"], "fact 1 was taken back already"),
        (["99"], "no fact 99: it was forgotten, or never was"),
        (["--batch", "films.csv"], "nothing that counts came with 'films.csv'"),
        ([], "nothing is known yet"),
    ]:
        ran = recagent("profile", "undo", *words)
        assert ran.code == 3 and said in ran.err
    assert "taken back: it counts no more" in recagent("profile", "why", "1").out


def test_what_waits_counts_once_accepted(recagent: RunCommand, store: UserStore) -> None:
    waiting = [
        fact("proposed", column="genres", text=t, value=0.5, because=1)
        for t in ("Drama", "Western", "Comedy")
    ]
    store.commit(events=[fact("liked", "f05"), *waiting])
    assert "you liked Paper Lanterns" in recagent("profile", "pending").out
    assert report(recagent, "pending")["facts"] == report(recagent, "pending", "list")["facts"]
    assert [f["fact"] for f in report(recagent, "pending", "list")["facts"]] == [2, 3, 4]
    misplaced = recagent("profile", "pending", "--as", "ana", "accept", "2")
    assert misplaced.code == 2 and "behind the command" in misplaced.err
    assert report(recagent, "pending", "accept", "#2")["facts"][0]["text"] == "Drama"
    assert [f["fact"] for f in report(recagent, "pending", "refuse", "all")["facts"]] == [3, 4]
    ran = recagent("profile", "pending", "accept", "3")
    assert ran.code == 3 and "does not wait" in ran.err
    assert "nothing waits" in recagent("profile", "pending").err
    tastes = report(recagent, "show")["catalogs"][0]["tastes"]
    assert [t["value"] for t in tastes if t["column"]] == ["Drama"]
    _, accepted = store.events("me", kinds=["liked"])
    assert (accepted.because, accepted.source) == (0, "you accepted 2")
    assert [t["weight"] for t in tastes if t["column"]] == [0.5]
    assert report(recagent, "undo", "1") and report(recagent, "show")["catalogs"][0]["tastes"]


def test_paused_until_resumed(recagent: RunCommand, store: UserStore) -> None:
    assert "paused: nothing new is noted" in recagent("profile", "pause").err
    ran = recagent("ask", "I loved Paper Lanterns")
    assert ran.code == 0 and "noted" not in ran.err
    told = report(recagent, "show")
    assert told["facts"] == [] and told["paused"]
    kept = recagent("bus", "save", "evening")
    assert kept.code == 4 and "not kept: the profile is paused" in kept.err
    assert store.sessions("me") == []
    assert "paused since" in recagent("profile", "show").out
    assert report(recagent, "pause", "--resume") | {} == {
        "schema": "recagent.report/1", "kind": "profile_pause", "paused": False, "news": True,
    }  # fmt: skip
    assert "already noting" in recagent("profile", "resume").err


def test_what_is_exported_is_all_of_it(
    recagent: RunCommand, store: UserStore, tmp_path: Path
) -> None:
    recagent("ask", "I loved Paper Lanterns")
    recagent("ask", "I hated Laughing Stock")
    recagent("profile", "undo")
    store.commit(events=[fact("rated", "f12", value=4.0), fact("wanted", "f03")])
    lines = recagent("profile", "export").out.splitlines()
    whole = store.events("me", undone=True)
    assert [e.id for e in read_export(lines, "me")] == [e.id for e in whole]
    assert any(json.loads(line).get("undone") for line in lines)
    assert json.loads(lines[0])["facts"] == len(lines) - 1

    file = tmp_path / "items.csv"
    assert recagent("profile", "export", str(file)).out == ""
    assert file.stat().st_mode & 0o777 == 0o600
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(file.read_text("utf-8")))}
    assert rows["f12"]["title"] == "Café Lumen" and rows["f12"]["rating"] == "4"
    assert rows["f03"]["watchlist"] == "true" and rows["f05"]["verdict"] == "liked"
    assert rows["f12"]["seen"] == "true" and rows["f03"]["seen"] == "false"
    assert recagent("profile", "export", str(tmp_path / "no" / "x.csv")).code == 4
    file.write_text("mine", encoding="utf-8")
    refused = recagent("profile", "export", str(file))
    assert refused.code == 4 and "--force" in refused.err and file.read_text("utf-8") == "mine"
    assert recagent("profile", "export", str(file), "--force").code == 0
    assert file.read_text("utf-8").startswith("catalog,id")


def test_a_catalog_that_is_gone_leaves_facts_that_can_be_seen(
    recagent: RunCommand, store: UserStore
) -> None:
    store.commit(events=[StoredEvent("me", "lost", "liked", "x1", source="once")])
    told = report(recagent, "show")
    assert told["catalogs"][0]["there"] is False and told["facts"][0]["item"] == "x1"
    assert "not there any more" in recagent("profile", "show").out
    assert recagent("profile", "undo", "1").code == 0


def test_of_one_item_the_last_verdict_is_listed() -> None:
    events = [
        fact("liked", "f01", id=1, time=1.0),
        fact("never", "f01", id=2, time=2.0),
        fact("wanted", "f02", id=3, time=1.0),
        fact("wanted", "f02", id=4, time=2.0, value=0.0),
        fact("rated", "f01", id=5, time=3.0, value=2.0),
        fact("rated", "f01", id=6, time=2.0, value=5.0),
    ]
    told = {name: [e.id for e in found] for name, found in groups_of(events).items()}
    assert told == {"never": [2], "rated": [5]}


@pytest.mark.parametrize(
    ("kinds", "groups"),
    [
        ("never set=1", {"set": [2]}),
        ("never set=-.5", {"set": [2]}),
        ("liked set=-1", {"set": [2]}),
        ("liked set=1", {"liked": [1], "set": [2]}),
        ("never liked", {"liked": [2]}),
        ("never disliked", {"never": [1]}),
        ("wanted seen", {"seen": [2]}),
        ("wanted liked", {"liked": [2]}),
        ("seen wanted", {"wanted": [2], "seen": [1]}),
        ("accepted", {"taken": [1]}),
        ("liked accepted", {"liked": [1]}),
        ("liked rejected", {"turned_down": [2]}),
        ("rejected disliked", {"disliked": [2]}),
        ("liked rated=1", {"rated": [2]}),
        ("liked rated=5", {"liked": [1], "rated": [2]}),
        ("rejected rated=5 accepted", {"rated": [2], "taken": [3]}),
        ("set=1 disliked", {"disliked": [2]}),
    ],
)
def test_the_groups_are_what_the_profile_holds(
    films: Catalog, kinds: str, groups: dict[str, list[int]]
) -> None:
    events = []
    for number, word in enumerate(kinds.split(), 1):
        kind, _, value = word.partition("=")
        points = float(value) if value else None
        events.append(fact(kind, "f01", id=number, time=float(number), value=points))
    found = {n: [e.id for e in g] for n, g in groups_of(events, scale=(1.0, 5.0), now=9.0).items()}
    assert found == {("watchlist" if n == "wanted" else n): ids for n, ids in groups.items()}
    profile = derive(events, films, scale=(1.0, 5.0), now=9.0)
    assert bool(profile.never) == ("never" in found)
    assert bool(profile.wanted) == ("watchlist" in found)
    assert not profile.disliked or not {"liked", "taken"} & found.keys()
    assert not profile.liked or not {"disliked", "turned_down", "never"} & found.keys()
    assert bool(profile.taken) == ([*found] == ["taken"])
    assert bool(profile.turned_down) == (kinds.split()[-1] == "rejected")


def test_a_title_with_an_equals_sign_can_be_named(recagent: RunCommand, tmp_path: Path) -> None:
    source = tmp_path / "formulas.csv"
    source.write_text("id,title,genres,year\n1,E=mc2,Drama,1991\n2,Plain,Comedy,1992\n", "utf-8")
    assert recagent("catalog", "add", str(source)).code == 0
    body = report(recagent, "set", "E=mc2", "like", "-c", "formulas")
    assert body["facts"][0]["item"] == "1"
    drama = report(recagent, "set", "genres=Drama", "like", "-c", "formulas")
    assert drama["facts"][0]["column"] == "genres"
    assert recagent("profile", "set", "genres=E=mc2", "like", "-c", "formulas").code != 0


def test_hints_name_the_profile_that_was_asked(recagent: RunCommand) -> None:
    none = recagent("profile", "why", "Alien Nation", "--as", "lea")
    number = recagent("profile", "why", "99", "--as", "lea")
    assert "recagent profile show --as lea" in number.err and number.code == 3, none.err
    assert "--as" not in recagent("profile", "why", "99").err
    recagent("profile", "set", "Paper Lanterns", "never", "--as", "lea")
    assert "profile why --as lea" in recagent("profile", "show", "--as", "lea").out
    assert "--as" not in recagent("profile", "show").out
    usual = recagent("config", "set", "as", "lea")
    assert usual.code == 0
    assert "--as" not in recagent("profile", "show", "--as", "lea").out
