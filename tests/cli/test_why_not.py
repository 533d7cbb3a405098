"""Why not: in words, as a command, in the chat, in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from recagent_catalogs.errors import NotFound
from recagent_cli import Assistant
from recagent_cli.agent.request import Intent

from ..conftest import RunCommand

ROOT = Path(__file__).parents[2]


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (
            "why not Paper Lanterns?",
            "why_not",
            "Paper Lanterns (2001) is left out: it is not",
        ),
        ("Why isn't Paper Lanterns in the list?", "why_not", "is left out: it is not Sci-Fi but"),
        ("how come Orbit of Ash isn't there", "why_not", "Orbit of Ash (1996) is in the list"),
        ("where is Blue Static?", "why_not", "Blue Static (2008) is in the list: number"),
        ("what about Laughing Stock?", "why_not", "is left out: it is not Sci-Fi but"),
        ("why didn't you suggest Night Harbour?", "why_not", "is left out: it is not Sci-Fi but"),
        ("why no Pia Novak?", "why_not", "2 films of this catalog meet directors has Pia Novak"),
        ("why no westerns", "why_not", "2 films of this catalog meet genres has Western"),
        ("why not Zorblax the Great?", "why_not", "Zorblax the Great is not in this catalog."),
    ],
)
def test_in_words(assistant: Assistant, said: str, kind: str, told: str) -> None:
    session = assistant.new_session()
    listed = assistant.ask("sci-fi films", session=session)
    turn = assistant.ask(said, session=session)
    assert turn.request.intent is Intent.ITEM_INFO
    assert turn.request.question is not None and turn.request.question.kind == kind
    assert told in turn.text and not turn.items
    assert session.shown == listed.rows, "the list stands as it did"
    assert not turn.request.liked and not turn.request.unused


@pytest.mark.parametrize(
    "said",
    ["how about Laughing Stock?", "why not something funnier?", "what about horror?", "why not?"],
)
def test_what_is_a_request_stays_one(assistant: Assistant, said: str) -> None:
    session = assistant.new_session()
    assistant.ask("sci-fi films", session=session)
    turn = assistant.ask(said, session=session)
    assert turn.request.question is None


def test_without_a_list_nothing_is_missing(assistant: Assistant) -> None:
    turn = assistant.ask("why not Orbit of Ash?")
    assert turn.request.question is None or turn.request.question.kind != "why_not"


def test_going_on_after_the_question(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("sci-fi films", session=session)
    assistant.ask("why no westerns?", session=session)
    turn = assistant.ask("only from the 90s", session=session)
    assert {*first.request.conditions} < {*turn.request.conditions}


def test_python(assistant: Assistant) -> None:
    with pytest.raises(NotFound):
        assistant.why_not("Orbit of Ash")
    session = assistant.new_session()
    assistant.ask("sci-fi films", session=session)
    assistant.ask("westerns", session=session)
    now, _ = assistant.why_not("Orbit of Ash", session=session)
    then, _ = assistant.why_not("Orbit of Ash", session=session, number=1)
    assert (now.kind, then.kind) == ("condition", "shown")
    assert assistant.why_not("Orbit of Ash")[0] == now, "the session used last"
    place, _ = assistant.why_not("1", session=session)
    assert (place.kind, place.place) == ("shown", 1), "a small number is a place in the list"
    with pytest.raises(NotFound, match="no list 9"):
        assistant.why_not("Orbit of Ash", session=session, number=9)
    with pytest.raises(NotFound, match="not in this catalog"):
        assistant.why_not("Zorblax the Great", session=session)


def test_command(recagent: RunCommand, home: Path) -> None:
    assert recagent("why-not", "Orbit of Ash").code == 3
    recagent("ask", "westerns")
    ran = recagent("why-not", "Orbit of Ash")
    assert ran.code == 0 and "is left out: it is not Western but" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    for title in ("Orbit of Ash", "The Long Field (1978)"):
        told = json.loads(recagent("why-not", title, "--json").out)
        schema = json.loads((ROOT / "docs/schemas/recagent.evidence-1.json").read_text())
        jsonschema.validate(told, schema)
    assert told["answer"] == "shown" and told["place"] in (1, 2)
    assert recagent("why-not", "Orbit of Ash", "--format", "csv").code == 2
    assert recagent("why-not", "Zorblax the Great").code == 3


def test_chat(recagent: RunCommand, home: Path) -> None:
    lines = "westerns\n/why-not Orbit of Ash\n/why-not\n"
    ran = recagent("chat", "-q", stdin=lines)
    assert ran.code == 0 and "is left out: it is not Western but" in ran.out
