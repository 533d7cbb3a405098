"""Explanations: planned, drafted, checked on four aspects, refined; order and scores stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from recagent_cli import Assistant
from recagent_cli.agent.brain import Call, Step
from recagent_cli.agent.critic import check
from recagent_cli.agent.explaining import STYLES, Scene, explain, faults_in
from recagent_cli.agent.explaining.asking import read_answer
from recagent_cli.agent.explaining.refine import Task
from recagent_cli.agent.request import Intent, Request
from recagent_cli.testing import Answer, FakeCall, FakeServer, Received, ScriptedBrain
from recagent_tools.predict import predicted_rating
from recagent_tools.retrieve import profile_history

from ..conftest import RunCommand
from .llm_bench import LITELLM_WARNS

WANTED = "something like Orbit of Ash, 3 of them"


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


@pytest.fixture
def scene(assistant: Assistant) -> Scene:
    """A list of three for somebody who likes Orbit of Ash (f03)."""
    return scene_of(assistant, "fit", liked=["f03"])


def scene_of(assistant: Assistant, style: str, liked: Sequence[str] = ()) -> Scene:
    context = assistant.context(assistant.new_session(), None)
    rows = [assistant.catalog.row_of(item) for item in ("f04", "f08", "f13")]
    context.liked.extend(
        row for item in liked if (row := assistant.catalog.row_of(item)) is not None
    )
    found = [row for row in rows if row is not None]
    return Scene(found, context, Request(Intent.RECOMMEND), style)


def aspects(text: str, place: int, scene: Scene, said: Sequence[str] = ()) -> set[str]:
    item = scene.context.catalog.item(scene.rows[place - 1])
    return {fault.aspect for fault in faults_in(text, item, scene, said)}


@pytest.mark.parametrize(
    ("text", "place", "wrong"),
    [
        ("like Orbit of Ash, from the same director", 1, set()),
        ("like Orbit of Ash; a Sci-Fi film from 1999", 1, set()),
        ("like Orbit of Ash; from 1987", 1, {"factual"}),
        ("like Orbit of Ash; by Ada Quill", 1, {"factual"}),
        ("soldiers and a survivor", 1, {"personal"}),
        ("because you love westerns, like Orbit of Ash", 1, {"personal"}),
        ("perfect for you: like Orbit of Ash", 1, {"coherent"}),
        ("perfect for you: like Orbit of Ash", 3, {"coherent"}),
        ("it may not be for you, though like Orbit of Ash", 3, set()),
        ("it may not be for you, though like Orbit of Ash", 1, {"coherent"}),
        ("#1 of this list, like Orbit of Ash", 2, {"coherent"}),
        ("like Orbit of Ash. You can't go wrong with it.", 1, {"concise"}),
        ("like Orbit of Ash " + "and so very slow " * 10, 1, {"concise"}),
        ("Orbit of Ash II (1999): like Orbit of Ash", 1, {"concise"}),
    ],
)
def test_four_aspects(scene: Scene, text: str, place: int, wrong: set[str]) -> None:
    assert aspects(text, place, scene) == wrong


def test_strong_words_agree_with_the_predicted_liking(assistant: Assistant) -> None:
    """Of the best item of a list too, and without a list by the prediction alone."""
    text, tried = "perfect for you: like Orbit of Ash", set()
    base = scene_of(assistant, "fit", liked=["f03"])
    for row in range(assistant.catalog.n_items):
        item, context = assistant.catalog.item(row), base.context
        if item.id == "f03":
            continue
        predicted = predicted_rating(row, context)
        below = predicted.rating < predicted.usual
        tried.add(below)
        for rows in ((row, 0, 1), ()):
            scene = Scene(rows, context, Request(Intent.RECOMMEND))
            found = [f for f in faults_in(text, item, scene) if f.aspect == "coherent"]
            assert bool(found) == below
            assert all(f.kind == "liking" and f"{predicted.usual:.1f}" in f.truth for f in found)
        alone = Scene((), context, Request(Intent.RECOMMEND))
        weak = faults_in("it may not be for you, though like Orbit of Ash", item, alone)
        assert any(f.aspect == "coherent" for f in weak) == (not below)
    assert tried == {True, False}


def test_of_whom_nothing_is_known_the_place_decides(assistant: Assistant) -> None:
    unknown = scene_of(assistant, "facts")
    assert aspects("a perfect match", 1, unknown) == set()
    assert aspects("a perfect match", 3, unknown) == {"coherent"}


def test_nothing_personal_of_whom_nothing_is_known(assistant: Assistant) -> None:
    unknown = scene_of(assistant, "fit")
    assert aspects("soldiers and a survivor in space", 1, unknown) == set()
    assert aspects("because you love space", 1, unknown) == {"personal"}
    assert aspects("given your taste, soldiers in space", 1, unknown) == {"personal"}


def test_the_same_reason_twice_is_said_once(scene: Scene) -> None:
    text = "like Orbit of Ash and just as tense"
    assert aspects(text, 2, scene, [text]) == {"concise"}


def run(scene: Scene, given: dict[int, str], rewrite: Any = None) -> list[Any]:
    items = scene.context.catalog.items(scene.rows)
    return list(explain(items, given, scene, profile_history(scene.context), rewrite))


def test_a_wrong_reason_is_mended_asked_for_again_or_replaced(scene: Scene) -> None:
    first, second, third = scene.rows
    asked: list[list[str]] = []

    def rewrite(tasks: Sequence[Task]) -> list[str]:
        asked.append([task.item.id for task in tasks])
        assert all(task.faults for task in tasks)
        told = {"f08": "memories, like Orbit of Ash", "f13": "a comedy like Orbit of Ash"}
        return [told[task.item.id] for task in tasks]

    given = {
        first: "like Orbit of Ash; a film from 1987",
        second: "Starring Zed Zorblax",
        third: "Starring Zed Zorblax",
    }
    one, two, three = run(scene, given, rewrite)
    assert (one.source, one.text) == ("mended", "like Orbit of Ash; a film from 1999")
    assert (two.source, two.rounds, two.text) == ("model", 1, "memories, like Orbit of Ash")
    assert (three.source, three.rounds) == ("template", 2)
    assert three.text and "comedy" not in three.text
    assert asked == [["f08", "f13"], ["f13"]]
    assert [f.kind for f in one.faults] == ["year"] and three.was_wrong


def test_a_model_that_says_nothing_more_is_asked_once(scene: Scene) -> None:
    calls = []

    def silent(tasks: Sequence[Task]) -> list[str]:
        calls.append(len(tasks))
        return []

    made = run(scene, {row: "Starring Zed Zorblax" for row in scene.rows}, silent)
    assert calls == [3] and {one.source for one in made} == {"template"}


@pytest.mark.parametrize("style", STYLES)
def test_our_own_explanations_pass_their_own_check(assistant: Assistant, style: str) -> None:
    scene = scene_of(assistant, style, liked=["f03"])
    for place, one in enumerate(run(scene, {}), start=1):
        assert one.source == "template" and one.faults == ()
        assert one.text and aspects(one.text, place, scene) == set(), one.text


def test_styles_differ_and_the_list_does_not(recagent: RunCommand, home: Path) -> None:
    import json

    lists = {}
    for style in STYLES:
        ran = recagent("ask", WANTED, "--style", style, "--json", "--incognito")
        turn = json.loads(ran.out)
        assert ran.code == 0 and {one["style"] for one in turn["explained"]} == {style}
        lists[style] = [(i["rank"], i["id"], i["score"]) for i in turn["items"]]
        reasons = [item["reason"] for item in turn["items"]]
        assert all(reasons)
        if style == "fit":
            assert any("like Orbit of Ash" in reason for reason in reasons)
        elif style == "facts":
            assert not any("like " in reason for reason in reasons)
        else:
            assert all(len(reason.split()) <= 9 and ";" not in reason for reason in reasons)
    assert lists["fit"] == lists["facts"] == lists["short"]
    wrong = recagent("ask", WANTED, "--style", "loud")
    assert wrong.code == 2 and "fit, facts, short" in wrong.err


def test_the_setting_and_every_command_take_a_style(
    recagent: RunCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (("similar", "Orbit of Ash"), ("recommend", "--like", "Orbit of Ash")):
        facts = recagent(*words, "--style", "facts", "--format", "md").out
        assert "director " in facts and "like Orbit" not in facts
        assert "like Orbit of Ash" in recagent(*words, "--format", "md").out
    monkeypatch.setenv("RECAGENT_STYLE", "facts")
    assert "director " in recagent("similar", "Orbit of Ash", "--format", "md").out


# -- with a model ---------------------------------------------------------------------------------


def present(*items: str, **more: Any) -> Step:
    return Step((Call("present", {"items": list(items), **more}),))


def test_order_and_scores_are_the_same_with_lying_reasons(assistant: Assistant) -> None:
    steps = Step((Call("similar", {"liked": ["Orbit of Ash"]}), Call("rank", {})))
    ids = ["f13", "f04", "f08"]
    lies = ["#2 of this list, a western", "from 1812 by Zed Zorblax", "you love westerns"]
    shown = []
    for reasons in ([], lies):
        assistant.agent.brain = ScriptedBrain([steps, present(*ids, reasons=reasons)])
        turn = assistant.ask(WANTED, keep=False)
        shown.append([(i.rank, i.id, i.score) for i in turn.items])
        assert all(i.reason and i.reason not in lies for i in turn.items)
    assert shown[0] == shown[1] and [entry[1] for entry in shown[0]] == ids
    assert sum(kind == "correction" for kind, _ in turn.notices) == 3


def ask_model(request: Received) -> Answer:
    task = request.messages[0]["content"]
    assert "You rewrite 1 short explanations" in task
    assert "Zorblax" in request.messages[1]["content"]
    return Answer(text='```json\n["like Orbit of Ash, with soldiers"]\n```')


pytestmark = LITELLM_WARNS


def test_a_model_is_asked_once_for_what_code_cannot_mend(home: Path) -> None:
    calls = (
        FakeCall("similar", {"liked": ["Orbit of Ash"]}),
        FakeCall(
            "present", {"items": ["f04"], "reasons": ["Starring Zed Zorblax"], "text": "One."}
        ),
    )
    with (
        FakeServer(Answer(calls=calls), ask_model) as server,
        Assistant("films", model="openai/any", api_base=server.url, fallback=False) as made,
    ):
        turn = made.ask("something like Orbit of Ash")
    assert turn.items[0].reason == "like Orbit of Ash, with soldiers"
    assert turn.explained[0].rounds == 1 and turn.explained[0].source == "model"
    assert turn.usage is not None and turn.usage.calls == 2
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('Here:\n```json\n["a", "b"]\n```', ["a", "b"]),
        ("1. a\n2. b", ["a", "b"]),
        ("I cannot.", []),
        ('[{"a": 1}]', []),
        ("[" * 5000, []),
        ('["a", "b", "c"]', ["a", "b"]),
    ],
)
def test_answers_are_read(answer: str, texts: list[str]) -> None:
    assert read_answer(answer, 2) == texts


def test_what_a_template_says_is_true_of_the_row(assistant: Assistant) -> None:
    for item in assistant.similar("Orbit of Ash", count=10):
        context = assistant.context(assistant.new_session(), None)
        context.liked.append(2)
        assert check(item.reason, rows=[item.row], context=context, about=item.row) == []
