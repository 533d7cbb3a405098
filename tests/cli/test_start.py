"""`recagent start`: questions, answers, facts, and a first list that is personal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import BadInput
from recagent_cli import Assistant
from recagent_cli.interview import Answer, Interview
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from recagent_cli.paths import find_paths
from recagent_cli.ui.examples import first_screen

from ..conftest import RunCommand, heeds_ctrl_c

ROOT = Path(__file__).parents[2]


def noted() -> list[StoredEvent]:
    events = UserStore(find_paths().store).events("me", "films")
    return [event for event in events if event.batch]


def started(recagent: RunCommand, *words: str, stdin: str = "") -> dict[str, Any]:
    ran = recagent("start", *words, "--json", stdin=stdin)
    assert ran.code == 0, ran.err
    body: dict[str, Any] = json.loads(ran.out)
    assert (body["schema"], body["kind"]) == ("recagent.report/1", "interview")
    return body


def test_without_a_line_the_questions_are_printed(recagent: RunCommand, home: Path) -> None:
    body = started(recagent, "-n", "5")
    ids = [one["id"] for one in body["questions"]]
    assert len(set(ids)) == 5 and body["turn"] is None and body["batch"] is None
    assert [one["id"] for one in started(recagent, "-n", "5")["questions"]] == ids
    told = recagent("start", "-n", "5").out.splitlines()
    assert [line.split("  ")[0] for line in told] == ids
    assert not noted()


def test_lines_of_a_pipe_answer_in_turn(recagent: RunCommand, home: Path) -> None:
    lines = "y\nno\nb\nn\n\n4.5\nnever\n?\nq\ny\n"
    ran = recagent("start", "-n", "8", stdin=lines)
    assert ran.code == 0, ran.err
    ids = [line.split("  ")[0] for line in recagent("start", "-n", "99").out.splitlines()]
    facts = noted()
    assert [event.kind for event in facts] == ["liked", "disliked", "rated", "never"]
    assert facts[2].value == 4.5 and {event.source for event in facts} == {"interview"}
    assert not {event.item for event in facts} & set(ids), "what is answered is not asked again"
    assert "1 liked, 1 disliked, 1 rated, 1 never again" in ran.err
    assert ran.out.strip() and "films" in ran.out


def test_all_of_it_is_taken_back_at_once(recagent: RunCommand, home: Path) -> None:
    body = started(recagent, "I like westerns", stdin="y\nn\ny\n")
    assert {event.batch for event in noted()} == {body["batch"]}
    assert {(e.kind, e.column, e.text) for e in noted() if e.column} == {
        ("liked", "genres", "Western")
    }
    assert recagent("profile", "undo", "--batch", body["batch"]).code == 0
    assert not noted()


def test_the_first_list_is_of_the_answers_and_offers_none_of_them(
    recagent: RunCommand, home: Path
) -> None:
    asked = [one["id"] for one in started(recagent, "-n", "4")["questions"]]
    lists = []
    for name, answers in (("ana", "y n ? y"), ("bo", "n y y ?")):
        text = "\n".join(f"{id} {one}" for id, one in zip(asked, answers.split(), strict=True))
        body = started(recagent, "-n", "4", "--as", name, "--answers", "-", stdin=text)
        lists.append([item["id"] for item in body["turn"]["items"]])
        assert len(lists[-1]) == 5 and not set(lists[-1]) & set(asked)
        assert body["turn"]["items"][0]["reason"]
        assert [a["kind"] for a in body["answers"]].count("unknown") == 1
    assert lists[0] != lists[1]


def test_answers_of_a_file_name_items_by_id_or_title(
    recagent: RunCommand, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "answers.txt"
    file.write_text("# mine\nf01 yes\n\nCafé Lumen: no\nf03,\t2\n", encoding="utf-8")
    body = started(recagent, "--answers", str(file))
    told = [(a["id"], a["kind"], a["value"]) for a in body["answers"]]
    assert told == [("f01", "liked", None), ("f12", "disliked", None), ("f03", "rated", 2.0)]
    for line, number in (("f01 maybe", 2), ("No Such Film yes", 2), ("yes", 2), ("f01 77", 2)):
        file.write_text(f"f02 yes\n{line}\n", encoding="utf-8")
        ran = recagent("start", "--answers", str(file))
        assert ran.code == 4 and f"{file}:{number}:" in ran.err, ran.err
    assert len(noted()) == 3, "of a file that is wrong nothing is noted"
    assert recagent("start", "--answers", str(tmp_path / "none")).code == 3
    assert recagent("start", stdin="y\nperhaps\n").code == 4
    assert recagent("start", "--format", "csv").code == 2


def test_answers_are_read_as_people_type_them(home: Path) -> None:
    with Assistant("films") as assistant:
        interview = Interview.about(assistant, 3)
        read = {text: interview.read(text) for text in ("Y", " yes ", "N", "", "?", "Don’t know")}
        kinds = [answer.kind for answer in read.values()]
        assert kinds == ["liked", "liked", "disliked", "unknown", "unknown", "unknown"]
        assert interview.read("3,5") == Answer("rated", 3.5)
        for wrong in ("9", "-1", "nan", "inf", "yesno"):
            with pytest.raises(BadInput):
                interview.read(wrong)


def test_words_become_lasting_facts(home: Path) -> None:
    with Assistant("films") as assistant:
        interview = Interview.about(assistant, 3)
        told = interview.hear(
            "I like sci-fi and Ada Quill, something like Paper Lanterns, no horror"
        )
        assert {"you like Sci-Fi", "you like Ada Quill", "not Horror"} <= set(told)
        assert "you like Paper Lanterns (2001)" in told
        assert not interview.hear("hello there you")
        assert {e.source for e in interview.facts()} == {interview.words}
        assert {e.kind for e in interview.facts()} == {"liked", "disliked"}


def test_nothing_answered_notes_nothing(recagent: RunCommand, home: Path) -> None:
    body = started(recagent, stdin="\n?\nq\n")
    assert body["batch"] is None and body["turn"] is None and not noted()
    with Assistant("films") as assistant:
        assert "recagent start" in first_screen(assistant, False)[-1]
    started(recagent, stdin="y\n")
    with Assistant("films") as assistant:
        assert "recagent start" not in first_screen(assistant, False)[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_one_item_at_a_time_until_ctrl_c(home: Path) -> None:
    import pexpect

    python = os.pathsep.join(str(ROOT / part) for part in ("", "tools", "catalogs", "prompts"))
    chat = pexpect.spawn(
        sys.executable,
        ["-m", "recagent_cli", "start", "-n", "6"],
        env={**os.environ, "PYTHONPATH": python, "TERM": "dumb"},
        encoding="utf-8",
        timeout=30,
        preexec_fn=heeds_ctrl_c,
    )
    chat.expect("6 films: what do you think")
    chat.expect("1/6  ")
    chat.sendline("y")
    chat.expect("2/6  ")
    chat.sendline("wat")
    chat.expect("no answer")
    chat.sendline("b")
    chat.expect("1/6  ")
    chat.sendline("n")
    chat.expect("2/6  ")
    chat.sendline("")
    chat.expect("3/6  ")
    chat.sendintr()
    chat.expect("stopped; noted: 1 disliked")
    chat.expect("profile undo --batch interview-")
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus == 130
    assert [event.kind for event in noted()] == ["disliked"]
