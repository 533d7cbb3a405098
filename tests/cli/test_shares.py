"""How many items may share a value, in words; and weights given in numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import BadInput
from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.readers.shares import read_shares
from recagent_cli.agent.request import Intent
from recagent_cli.assistant import Assistant
from recagent_tools.why_not import reason_text


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


@pytest.mark.parametrize(
    ("text", "at_most", "rest"),
    [
        ("dramas, not five from one franchise", {"series": 1}, "dramas"),
        ("dramas, no more than two by the same director", {"directors": 2}, "dramas"),
        ("one per series please, comedies", {"series": 1}, "please, comedies"),
        ("comedies from different directors", {"directors": 1}, "comedies"),
        ("at most 3 films of any one genre", {"genres": 3}, ""),
        ("two films per director", {"directors": 2}, ""),
        ("not all by the same director, and nothing old", {"directors": 1}, "and nothing old"),
        ("no two from the same saga", {"series": 1}, ""),
        ("max 2 per series and one per director", {"series": 2, "directors": 1}, ""),
    ],
)
def test_what_may_be_shared(films: Catalog, text: str, at_most: dict[str, int], rest: str) -> None:
    read = read_shares(text, films.schema)
    assert (dict(read.at_most), read.rest, read.unknown) == (at_most, rest, ())


@pytest.mark.parametrize(
    "text",
    [
        "one film by Ada Quill",
        "something different",
        "different genres",
        "films with the same director as Night Harbour",
        "two from the nineties",
        "who directed the first one",
        "a series of unfortunate events",
    ],
)
def test_other_words_are_left_alone(films: Catalog, text: str) -> None:
    assert read_shares(text, films.schema).rest == text


def test_a_noun_without_a_column_is_said(films: Catalog) -> None:
    request = Parser(films).parse("comedies, one per author")
    assert "This catalog knows no authors." in request.limits and not request.at_most


def test_it_holds_over_turns_until_changed(films: Catalog) -> None:
    parser = Parser(films)
    first = parser.parse("dramas, one per director")
    assert dict(first.at_most) == {"directors": 1} and first.conditions == ("genres has Drama",)
    turns = [PastTurn("dramas, one per director", "Two.", (1, 5), request=first)]
    second = parser.parse("but not war", turns)
    assert dict(second.at_most) == {"directors": 1} and "genres lacks War" in second.conditions
    turns.append(PastTurn("but not war", "One.", (1,), request=second))
    third = parser.parse("two per director", turns)
    assert dict(third.at_most) == {"directors": 2} and third.intent is Intent.REFINE
    assert third.conditions == second.conditions


@pytest.mark.parametrize("text", ["dramas, nothing too obscure", "dramas, but not too unknown"])
def test_nothing_obscure_is_no_verdict_on_ratings(films: Catalog, text: str) -> None:
    request = Parser(films).parse(text)
    assert dict(request.weights) == {"popularity": 0.4} and not request.unused


def test_the_list_keeps_to_it(assistant: Assistant) -> None:
    turn = assistant.ask("thrillers and dramas, one per director", count=10)
    people = [name for item in turn.items for name in item.columns["directors"]]
    assert len(turn.items) > 2 and "(at most 1 of one director)" in turn.funnel
    assert len(set(people)) == len(people), "what is too many is no candidate"
    assert "at most one of one director" in turn.text
    assert "There are no more than that." in turn.text
    plan = assistant.plan("thrillers and dramas, one per director", count=10)
    assert plan.shown == len(turn.items) and plan.text == turn.text


def test_the_order_of_a_number_keeps_to_it_too(assistant: Assistant) -> None:
    turn = assistant.ask("the oldest films, one per director", count=10)
    people = [name for item in turn.items for name in item.columns["directors"]]
    years = [item.year or 0 for item in turn.items]
    assert len(set(people)) == len(people) > 2 and years == sorted(years)


def test_a_surprise_keeps_to_it_too(assistant: Assistant) -> None:
    turn = assistant.ask("surprise me with three films, one per director", count=3)
    people = [name for item in turn.items for name in item.columns["directors"]]
    assert len(turn.items) == 3 and len(set(people)) == len(people)


def test_why_not_names_the_limit_and_the_way_without_it(assistant: Assistant) -> None:
    turn = assistant.ask("thrillers and dramas, one per director", count=10)
    free = assistant.ask("thrillers and dramas", count=10)
    assistant.ask("thrillers and dramas, one per director", count=10)
    gone = {item.id for item in free.items} - {item.id for item in turn.items}
    assert gone
    for item in gone:
        answer, then = assistant.why_not(item)
        assert answer.kind == "cut" and "at most 1 of one director" in answer.note
        assert "stand before it: at most 1 of one director." in reason_text(answer, then)
        assert any(
            change.kind == "drop" and change.was == "at most 1 of one director"
            for way in answer.ways
            for change in way.changes
        )


def test_weights_in_numbers_join_those_of_the_words(assistant: Assistant) -> None:
    turn = assistant.ask("dramas", weights=["recency=2,popularity=-1"])
    told: dict[str, Any] = json.loads(json.dumps(turn.to_json()))
    assert told["request"]["weights"] == {"recency": 2, "popularity": -1}
    assert set(told["aspects"]) == {"recency", "popularity"}
    assert told["aspects"]["recency"]["weight"] == 2
    assert told["aspects"]["recency"]["after"] >= told["aspects"]["recency"]["before"]
    assert "ranked: recency 2 (" in turn.funnel
    assert assistant.ask("dramas").aspects == {}
    for wrong in ("fame=1", "novelty", "novelty=9"):
        with pytest.raises(BadInput):
            assistant.ask("dramas", weights=[wrong])
