"""Comparing: in words, as a command, in Python."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from recagent_catalogs.errors import BadInput, NotFound
from recagent_cli import Assistant

from ..conftest import RunCommand

ROOT = Path(__file__).parents[2]


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


@pytest.mark.parametrize(
    "said",
    [
        "compare Paper Lanterns and Blue Static",
        "Paper Lanterns or Blue Static?",
        "which is better, Paper Lanterns or Blue Static?",
        "what is the difference between Paper Lanterns and Blue Static?",
    ],
)
def test_in_words(assistant: Assistant, said: str) -> None:
    turn = assistant.ask(said)
    assert turn.request.question is not None and turn.request.question.kind == "compare"
    assert [m.id for m in turn.request.about] == ["f05", "f08"]
    assert "I know nothing of your taste" in turn.text and not turn.items


def test_by_number_and_by_the_likes_of_the_list(assistant: Assistant) -> None:
    session = assistant.new_session()
    listed = assistant.ask("something like Orbit of Ash", session=session)
    turn = assistant.ask("which is better for me, the first or the third?", session=session)
    assert turn.request.question is not None and turn.request.question.kind == "compare"
    assert [m.id for m in turn.request.about] == [listed.items[0].id, listed.items[2].id]
    assert "For you" in turn.text


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("which is shorter, Paper Lanterns or Blue Static?", "attribute"),
        ("who directed Paper Lanterns and Blue Static?", "attribute"),
        ("comedies or westerns?", None),
    ],
)
def test_what_is_asked_otherwise(assistant: Assistant, said: str, kind: str | None) -> None:
    question = assistant.ask(said).request.question
    assert (None if question is None else question.kind) == kind


def test_command(recagent: RunCommand, home: Path) -> None:
    ran = recagent("compare", "Orbit of Ash", "f04", "--user", "u1")
    assert ran.code == 0 and "For user u1" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    told = json.loads(recagent("compare", "f03", "f04", "--json").out)
    schema = json.loads((ROOT / "docs/schemas/recagent.evidence-1.json").read_text())
    jsonschema.validate(told, schema)
    lines = list(csv.reader(io.StringIO(recagent("compare", "f03", "f04", "-f", "csv").out)))
    assert lines[0] == ["", "f03", "f04"] and ["runtime", "117 min", "131 min"] in lines
    assert recagent("compare", "f03").code == 4
    assert recagent("compare", "f03", "Zorblax the Great").code == 3
    assert recagent("compare", "f03", "f04", "--format", "ids").code == 2


def test_python(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("something like Orbit of Ash", session=session)
    alone, _ = assistant.compare(["f04", "f13"])
    with_list, _ = assistant.compare(["f04", "f13"], session=session)
    assert not alone.known and with_list.known
    with pytest.raises(BadInput):
        assistant.compare(["f04", "f04"])


def test_chat(recagent: RunCommand, home: Path) -> None:
    ran = recagent(
        "chat", "-q", stdin="westerns\n/compare 1 2\n/compare Orbit of Ash; Blue Static\n"
    )
    assert ran.code == 0 and "Sam Doyle" in ran.out and "109 min" in ran.out


def test_small_numbers_are_places_of_the_list(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("five films", session=session)
    found, context = assistant.compare(["1", "3"])
    assert context.catalog.ids([item.row for item in found.items]) == [
        first.items[0].id,
        first.items[2].id,
    ]
    with pytest.raises(NotFound, match="the list has 5 items"):
        assistant.compare(["1", "9"])
    by_id, _ = assistant.compare(["id:f05", "id:f08"])
    assert context.catalog.ids([item.row for item in by_id.items]) == ["f05", "f08"]


def test_without_a_list_a_number_is_an_id_or_nothing(assistant: Assistant) -> None:
    with pytest.raises(NotFound, match="'1' is not in this catalog"):
        assistant.compare(["1", "2"])
