"""A model that lies in every sentence puts no false claim on the screen.

What is asserted is independent of the critic: the lies are known, so none of their words may stand
in what is printed, and each fact of the reasons is looked up in the row.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.events import Event, Thought
from recagent_cli.testing import Answer, FakeCall, FakeServer, Received

from ..conftest import RunCommand
from .llm_bench import LITELLM_WARNS
from .lying_corpus import LIES as HELD_OUT

pytestmark = LITELLM_WARNS

LIES = {
    "movies": {
        "ask": "crime films from the 1990s like Heat",
        "calls": [
            FakeCall("filter", {"where": ["genres has Crime", "year 1990..1999"]}),
            FakeCall("similar", {"liked": ["Heat"]}),
            FakeCall("rank", {"top": 5}),
        ],
        "text": [
            "All of these are musicals.",
            "They were all directed by Zed Zorblax.",
            "The first one won nine Oscars.",
            "You told me that you love westerns.",
            "Blade Runner fits even better.",
            "The Gilded Scorpion (2031) is a must.",
            "Seventeen films for tonight.",
            "Read more on www.liars.example now.",
            "Every one of them is a 99 % match.",
            "The last one came out in 1911.",
        ],
        "reasons": [
            "Starring Marlon Zorblax and shot in Tokyo.",
            "A film of 311 minutes from 1911.",
            "Because you adore Titanic and musicals.",
            "Rated 9.9 by 88,000 people, the best film ever made.",
            "A cosy animation for kids, perfect for you.",
        ],
        "marks": [
            "musical", "zorblax", "oscar", "western", "blade runner", "scorpion", "seventeen",
            "liars", "99 %", "1911", "tokyo", "311", "titanic", "9.9", "88,000", "ever made",
            "cosy", "for kids", "perfect for you",
        ],
    },
    "games": {
        "ask": "farming games like Stardew Valley",
        "calls": [
            FakeCall("filter", {"where": ["tags has farming"]}),
            FakeCall("similar", {"liked": ["Stardew Valley"]}),
            FakeCall("rank", {"top": 5}),
        ],
        "text": [
            "Each of these is a racing game.",
            "All were developed by Zorblax Studios.",
            "The second one was Game of the Year.",
            "You rated Tetris five stars.",
            "Elden Ring is the better choice.",
            "They run on the Intellivision.",
            "Also look at “Turnip Overlord”.",
            "It sold 40 million copies.",
        ],
        "reasons": [
            "A 900 hour epic.",
            "Made by Zorblax in 1971.",
            "You love horror games, so this is for you.",
            "The #1 of all time.",
            "A brutal shooter for the Intellivision.",
        ],
        "marks": [
            "racing", "zorblax", "game of the year", "tetris", "elden", "intellivision", "turnip",
            "40 million", "900", "1971", "horror", "#1", "all time", "brutal",
        ],
    },
}  # fmt: skip
LIES["ml"] = {
    **LIES["movies"],
    "reasons": [
        "Of 102 people who rated Heat, 101 rated this.",
        "A film of 311 minutes from 1911.",
        "Because you adore Titanic and musicals.",
        "Rated 9.9 by 88,000 people, the best film ever made.",
        "88 of 102 who rated Heat rated this; perfect for you.",
    ],
    "marks": [*LIES["movies"]["marks"], "101 rated", "88 of"],
}
CATALOGS = ["movies", "games", "ml"]
"""`ml` is MovieLens latest-small out of `RECAGENT_BENCH_DATA`; skipped where that is not there."""
HEAT = "6"
"""MovieLens' number of Heat."""
USERS = 120
"""Of MovieLens' 610 users those whose ratings are learned from: enough that Heat has neighbours."""


@pytest.fixture
def bundled(bundled_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own with the bundled catalogs."""
    mine = tmp_path / "home"
    (mine / "data").mkdir(parents=True)
    for part in (bundled_home / "data").iterdir():
        if part.is_dir():
            (mine / "data" / part.name).symlink_to(part)
    monkeypatch.setenv("RECAGENT_HOME", str(mine))
    return mine


@pytest.fixture(scope="module")
def movielens(bench_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MovieLens latest-small with all of its films and the ratings of some of its users."""
    source = bench_data / "datasets" / "ml-latest-small"
    if not source.is_dir():
        pytest.skip("RECAGENT_BENCH_DATA has no datasets/ml-latest-small")
    folder = tmp_path_factory.mktemp("some") / source.name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("ratings.csv"))
    with open(source / "ratings.csv", encoding="utf-8") as file:
        head, *rows = file
    some = [row for row in rows if int(row.partition(",")[0]) <= USERS]
    (folder / "ratings.csv").write_text("".join([head, *some]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def real_home(movielens: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with that MovieLens, trained."""
    from recagent_tools.models.training import build

    made = tmp_path_factory.mktemp("real")
    (made / "data" / "catalogs").mkdir(parents=True)
    ingest(movielens, made / "data" / "catalogs" / "ml", name="ml")
    catalog = Catalog.open(made / "data" / "catalogs" / "ml")
    build(catalog, made / "data" / "models" / "ml", threads=2, quick=True)
    return made


@pytest.fixture
def name(request: pytest.FixtureRequest, bundled: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A catalog that can be asked in the home that is set."""
    if request.param == "ml":
        monkeypatch.setenv("RECAGENT_HOME", str(request.getfixturevalue("real_home")))
    return str(request.param)


@cache
def rated(movielens: Path) -> tuple[dict[str, list[float]], dict[str, set[str]]]:
    """The ratings of each film in MovieLens' file, and who gave them."""
    takers: dict[str, list[float]] = {}
    users: dict[str, set[str]] = {}
    with open(movielens / "ratings.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            takers.setdefault(row["movieId"], []).append(float(row["rating"]))
            users.setdefault(row["movieId"], set()).add(row["userId"])
    return takers, users


def counted(movielens: Path, item: str) -> set[str]:
    """Numbers that MovieLens' file of ratings bears out of a film and of those who rated Heat."""
    takers, users = rated(movielens)
    mean = sum(takers[item]) / len(takers[item])
    both, heat = len(users[item] & users[HEAT]), len(users[HEAT])
    return {str(both), str(heat), str(len(takers[item])), *f"{mean:.1f}".split(".")}


def liar(name: str) -> Iterator[object]:
    """A model that lies: first in its calls' end, then whenever it is asked again."""
    told = LIES[name]
    yield Answer(calls=tuple(told["calls"]), text="Zorblax thinks aloud.")  # type: ignore[arg-type]
    text, reasons = " ".join(told["text"]), list(told["reasons"])  # type: ignore[arg-type]
    lie = Answer(calls=(FakeCall("present", {"count": 5, "text": text, "reasons": reasons}),))
    yield lie
    yield lie  # sent back with what is not so, it says the very same

    def again(request: Received) -> Answer:
        wanted = int(re.search(r"rewrite (\d+) short", request.messages[0]["content"])[1])  # type: ignore[index]
        return Answer(text=json.dumps(reasons[:wanted]))

    yield again
    yield again


@pytest.mark.parametrize("name", CATALOGS, indirect=True)
def test_no_lie_reaches_the_screen(name: str, recagent: RunCommand) -> None:
    told = LIES[name]
    with FakeServer(*liar(name)) as server:  # type: ignore[arg-type]
        words = ("ask", str(told["ask"]), "-c", name, "-m", "openai/liar", "--api-base", server.url)
        ran = recagent(*words, "--incognito")
    assert ran.code == 0, ran.err
    shown = ran.out.casefold()
    for mark in told["marks"]:
        assert str(mark) not in shown, (mark, ran.out)
    assert len(re.findall(r"^\d .*\(\d{4}\)  ", ran.out, re.MULTILINE)) == 5
    struck = re.findall(r"^note: struck a sentence", ran.err, re.MULTILINE)
    mended = re.findall(r"^note: mended", ran.err, re.MULTILINE)
    assert len(struck) + len(mended) >= len(told["text"])
    assert len(re.findall(r"^note: the model's reason", ran.err, re.MULTILINE)) == 5
    said_as_struck = ("note: struck a sentence of the model", "note: mended the model's words")
    for line in ran.err.splitlines():
        if any(str(mark) in line.casefold() for mark in told["marks"]):
            assert line.startswith(said_as_struck), line


@pytest.mark.parametrize("name", CATALOGS, indirect=True)
def test_no_thought_of_a_model_is_told(name: str) -> None:
    events: list[Event] = []
    with (
        FakeServer(*liar(name)) as server,  # type: ignore[arg-type]
        Assistant(name, model="openai/liar", api_base=server.url, incognito=True) as assistant,
    ):
        turn = assistant.ask(str(LIES[name]["ask"]), on_event=events.append)
    assert len(turn.items) == 5 and not any(isinstance(event, Thought) for event in events)
    with Assistant(name, incognito=True) as assistant:
        events.clear()
        assistant.ask(str(LIES[name]["ask"]), on_event=events.append)
    assert any(isinstance(event, Thought) for event in events), "the built-in brain's are ours"


@pytest.mark.parametrize("name", CATALOGS, indirect=True)
def test_lies_move_nothing_in_the_list(
    name: str, recagent: RunCommand, request: pytest.FixtureRequest
) -> None:
    told = LIES[name]
    lists = []
    for honest in (True, False):
        steps = list(liar(name))
        if honest:
            steps[1:] = [Answer(calls=(FakeCall("present", {"count": 5}),))] * 2
        with FakeServer(*steps) as server:  # type: ignore[arg-type]
            words = ("ask", str(told["ask"]), "-c", name, "-m", "openai/liar")
            ran = recagent(*words, "--api-base", server.url, "--incognito", "--json")
        turn = json.loads(ran.out)
        lists.append(
            [(i["rank"], i["id"], i["title"], i["year"], i["score"]) for i in turn["items"]]
        )
        for item in turn["items"]:
            row = json.dumps([item["title"], item["year"], item["columns"]]).casefold()
            known: set[str] = set()
            if name == "ml":
                known = counted(request.getfixturevalue("movielens"), item["id"])
            for number in re.findall(r"\d{2,}", item["reason"]):
                assert number in row or number in known, item
        assert not any(
            str(mark) in json.dumps([turn["text"], [i["reason"] for i in turn["items"]]]).casefold()
            for mark in told["marks"]
        )
        assert "Zorblax" not in json.dumps(turn["trace"])
    assert lists[0] == lists[1] and len(lists[0]) == 5


def test_a_question_that_lies_is_not_asked(bundled: Path, recagent: RunCommand) -> None:
    question = "Did you mean The Gilded Scorpion (2031)?"
    options = ["Heat (1911)", "The Gilded Scorpion", "Heat (1995)", "something newer"]
    answer = Answer(calls=(FakeCall("ask_person", {"question": question, "options": options}),))
    with FakeServer(answer, answer) as server:
        words = ("ask", "something like that", "-c", "movies", "-m", "openai/liar")
        ran = recagent(*words, "--api-base", server.url, "--incognito")
    assert "Scorpion" not in ran.out and "1911" not in ran.out
    assert "Heat (1995)" in ran.out and "something newer" in ran.out
    assert ran.err.count("note: struck") == 2


def test_a_fact_is_true_or_not_told(bundled: Path, recagent: RunCommand) -> None:
    calls = (FakeCall("item_info", {"items": ["Alien"]}),)
    lies = "Alien (1979) was directed by Steven Spielberg. It is a romantic comedy of 90 minutes."
    with FakeServer(Answer(calls=calls), Answer(text=lies), Answer(text=lies)) as server:
        words = ("ask", "who directed Alien?", "-c", "movies", "-m", "openai/liar")
        ran = recagent(*words, "--api-base", server.url, "--incognito")
    assert "Ridley Scott" in ran.out
    assert not re.search(r"spielberg|romantic|comedy|90", ran.out.casefold())


@pytest.mark.parametrize("name", ["movies", "games"])
def test_no_relation_count_story_or_place_is_invented(
    name: str, bundled: Path, recagent: RunCommand
) -> None:
    """Each lie as text and, five at a time, as reasons; the phrases are fixed, no critic judges."""
    base = ("ask", str(LIES[name]["ask"]), "-c", name, "--incognito", "-m", "openai/liar")
    calls = tuple(LIES[name]["calls"])
    honest = Answer(calls=(FakeCall("present", {"count": 5}),))
    with FakeServer(Answer(calls=calls), honest, honest) as server:  # type: ignore[arg-type]
        ran = recagent(*base, "--api-base", server.url, "--json")
    titles = [item["title"] for item in json.loads(ran.out)["items"]]
    names = dict(zip(("one", "two", "three", "four", "five"), titles, strict=True))
    told = [(lie.format(**names), mark) for lie, mark in HELD_OUT[name]]
    text = " ".join(lie for lie, _ in told)
    for first in range(0, len(told), 15):
        reasons = [lie for lie, _ in told[first : first + 15 : 3]]
        present = FakeCall("present", {"count": 5, "text": text, "reasons": reasons})
        lies = [Answer(calls=(present,))] * 2
        again = [Answer(text=json.dumps(reasons))] * 2
        with FakeServer(Answer(calls=calls), *lies, *again) as server:  # type: ignore[arg-type]
            ran = recagent(*base, "--api-base", server.url)
        assert ran.code == 0, ran.err
        shown = ran.out.casefold()
        assert len(re.findall(r"^\d .*\(\d{4}\)  ", ran.out, re.MULTILINE)) == 5
        for lie, mark in told:
            assert mark.casefold() not in shown, (lie, ran.out)
