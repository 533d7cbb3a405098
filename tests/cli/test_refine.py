"""`recagent refine`: explanations from elsewhere, checked and rewritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from recagent_cli.testing import Answer, FakeServer

from ..conftest import RunCommand
from .llm_bench import LITELLM_WARNS

pytestmark = [pytest.mark.usefixtures("home"), *LITELLM_WARNS]
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def lines(*jobs: Any) -> str:
    return "".join((job if isinstance(job, str) else json.dumps(job)) + "\n" for job in jobs)


def refined(recagent: RunCommand, *jobs: Any, words: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    ran = recagent("refine", "-", *words, stdin=lines(*jobs))
    told = [json.loads(line) for line in ran.out.splitlines()]
    for one in told:
        name = one["schema"].replace("/", "-")
        schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
        jsonschema.validate(one, schema)
    assert ran.code == (6 if any("exit_code" in one for one in told) else 0)
    return told


def test_true_words_come_back_as_they_are(recagent: RunCommand) -> None:
    text = "like Orbit of Ash, by the same director"
    (one,) = refined(recagent, {"item": "f04", "text": text, "liked": ["Orbit of Ash"]})
    assert one["text"] == text and not one["changed"]
    assert one["faults"] == [] and one["source"] == "given"
    assert one["item"] == "f04" and one["title"] == "Orbit of Ash II"


def test_a_wrong_fact_is_mended_and_named(recagent: RunCommand) -> None:
    (one,) = refined(
        recagent, {"item": "The Glass Orchard", "text": "A drama from 1987 by Ada Quill."}
    )
    assert one["text"] == "A drama from 1994 by Ada Quill." and one["changed"]
    assert one["source"] == "mended"
    assert one["faults"] == [{"aspect": "factual", "kind": "year", "told": "1987", "truth": "1994"}]


def test_what_cannot_be_mended_is_replaced(recagent: RunCommand) -> None:
    job = {"item": "f04", "text": "A musical with Zed Zorblax.", "liked": ["Orbit of Ash"]}
    (one,) = refined(recagent, job)
    assert one["source"] == "template" and one["text"].startswith("like Orbit of Ash")
    assert {fault["kind"] for fault in one["faults"]} >= {"person"}


def test_what_is_said_of_the_person_is_held_against_them(recagent: RunCommand) -> None:
    text = "because you liked Orbit of Ash"
    known, unknown, user = refined(
        recagent,
        {"item": "f04", "text": text, "liked": ["f03"]},
        {"item": "f04", "text": text},
        {"item": "f04", "text": "because you love westerns", "user": "u1"},
    )
    assert known["faults"] == []
    assert [fault["aspect"] for fault in unknown["faults"]][:1] == ["personal"] or any(
        fault["aspect"] == "personal" for fault in unknown["faults"]
    )
    assert "you liked" not in unknown["text"]
    assert any(fault["aspect"] == "personal" for fault in user["faults"])
    assert "you love" not in user["text"]


def test_claims_of_place_fail_without_a_list(recagent: RunCommand) -> None:
    (one,) = refined(recagent, {"item": "f02", "text": "The perfect drama, #1 of all."})
    assert {fault["aspect"] for fault in one["faults"]} == {"coherent"}


def test_bad_lines_are_told_and_the_rest_goes_on(recagent: RunCommand) -> None:
    good = {"item": "f02", "text": "A drama."}
    told = refined(
        recagent,
        good,
        "{broken",
        {"item": "f99", "text": "A drama."},
        {"item": "f02"},
        {"item": "f02", "text": "A drama.", "liked": "f03"},
        {"item": "f02", "text": "A drama.", "mood": "x"},
        {"item": "f02", "text": "A drama.", "user": "nobody"},
        "",
        good,
    )
    assert [one.get("line") for one in told] == [None, 2, 3, 4, 5, 6, 7, None]
    assert told[0] == told[-1]


def test_styles_a_file_and_a_table(recagent: RunCommand, tmp_path: Path) -> None:
    job = {"item": "f04", "text": "", "liked": ["f03"]}
    path = tmp_path / "explanations.jsonl"
    path.write_text(lines({**job, "text": "Starring Zed Zorblax."}), encoding="utf-8")
    ran = recagent("refine", str(path), "--style", "facts")
    assert json.loads(ran.out)["text"].startswith("director Bo Lindqvist")
    table = recagent("refine", str(path), "--format", "table").out
    assert "Orbit of Ash II (1999)" in table and "factual, person: Zed Zorblax" in table
    assert recagent("refine", str(path), "--format", "csv").code == 2
    assert recagent("refine", str(tmp_path / "none.jsonl")).code == 4


def test_a_model_rewrites_and_is_checked_again(recagent: RunCommand) -> None:
    job = {"item": "f04", "text": "Starring Zed Zorblax.", "liked": ["Orbit of Ash"]}
    answers = [
        Answer(text='["a comedy like Orbit of Ash"]'),
        Answer(text='["like Orbit of Ash, with soldiers"]'),
    ]
    with FakeServer(*answers) as server:
        model = ("-m", "openai/any", "--api-base", server.url)
        (one,) = refined(recagent, job, words=model)
        assert len(server.requests) == 2
    assert one["text"] == "like Orbit of Ash, with soldiers" and one["source"] == "model"
    assert {"person", "value"} <= {fault["kind"] for fault in one["faults"]}


def test_hostile_text_is_made_plain(recagent: RunCommand) -> None:
    text = "A drama \x1b[31mwith **roses** [here](https://evil.example/x)\u202e."
    ran = recagent("refine", stdin=lines({"item": "f02", "text": text}))
    assert "\x1b" not in ran.out and "evil" not in json.loads(ran.out)["text"]
    assert "\u202e" not in ran.out
