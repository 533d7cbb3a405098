"""`why`: the evidence for items of a list, in figures that sum up, and in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from recagent_catalogs.errors import NotFound
from recagent_catalogs.schema import Role
from recagent_cli.agent.explaining import STYLES, faults_in
from recagent_cli.agent.explaining.because import MOST_CLAUSES, UNPROVEN, clauses, scene_of
from recagent_cli.agent.request import Operation
from recagent_cli.assistant import Assistant
from recagent_cli.paths import find_paths
from recagent_cli.ui.evidence import evidence_lines, signed
from recagent_tools.conditions import evaluate, parse_condition
from recagent_tools.evidence import Evidence, LikeShare, SharedValue, Together
from recagent_tools.explain import explained
from recagent_tools.models.history import History

from ..conftest import DATA, RunCommand

SCHEMAS = DATA.parents[1] / "docs" / "schemas"
KINDS = {
    "movies": (
        "90s sci-fi like Alien, no horror",
        "something dark and slow",
        "films about a heist",
        "popular films",
        "I love Heat and Ronin, I hate Titanic, what else?",
        "not too popular comedies",
        "the newest dramas",
    ),
    "games": ("like Portal", "relaxing puzzle games", "popular strategy games"),
}


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


@pytest.mark.parametrize("name", sorted(KINDS))
def test_all_figures_sum_up(name: str, bundled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))
    scored = 0
    with Assistant(name, incognito=True, paths=find_paths()) as assistant:
        catalog, engine = assistant.catalog, assistant.engine
        for text in KINDS[name]:
            session = assistant.new_session()
            turn = assistant.ask(text, session=session)
            for item in turn.items:
                found = assistant.why(str(item.rank), session=session)
                assert (found.row, found.place, found.of) == (item.row, item.rank, len(turn.items))
                assert not found.recomputed
                assert found.stages[-1].number == session.bus.lists[-1].stage
                assert not found.together, "counts of simulated people are no evidence"
                for condition in found.conditions:
                    assert evaluate(parse_condition(condition, catalog), catalog)[item.row]
                assert set(turn.request.conditions) <= set(found.conditions) or turn.notices
                shares = sum(like.share for like in found.likes) + found.likes_prior
                assert shares == pytest.approx(found.likes_score, abs=1e-4)
                summed = sum(feature.share for feature in found.features) + found.features_base
                assert summed == pytest.approx(found.features_score, abs=1e-6)
                if found.score is not None:
                    scored += 1
                    parts = sum(part.share for part in found.parts)
                    assert parts == pytest.approx(item.score, abs=1e-4)
                    assert found.parts[0].share == max(part.share for part in found.parts)
                if found.likes_by == "als":
                    history = History.of([like.row for like in found.likes])
                    if not turn.request.disliked and not engine.ordered:
                        score = engine.scores("als", history, np.array([item.row], np.int32))
                        assert found.likes_score == pytest.approx(float(score[0]), abs=1e-4)
                _paths_hold(assistant, found.row, found.shared)
                told = clauses(found, catalog)
                assert 1 <= len(told) <= MOST_CLAUSES and all(told)
                assert all(text for _, text in evidence_lines(found, catalog))
    assert scored >= 15


def _paths_hold(assistant: Assistant, row: int, shared: tuple) -> None:  # type: ignore[type-arg]
    for path in shared:
        both = assistant.catalog.items([row, path.liked])
        assert all(path.value in item.columns[path.column] for item in both)


def test_the_ranker_s_features_give_its_score(
    bundled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))
    with Assistant("movies", incognito=True, paths=find_paths()) as assistant:
        recommender = assistant.engine.recommender
        for history in (History.of([3, 40, 90], [7]), History.of([3, 40], ordered=True)):
            ranker = recommender.ranker(history)
            assert ranker is not None
            rows = np.array([5, 200, 1000], dtype=np.int32)
            matrix = recommender._features(recommender.scored(history), rows)
            for row, wanted in zip(rows.tolist(), ranker.predict(matrix), strict=True):
                explanation = recommender.explained(row, history)
                assert explanation is not None
                assert explanation[1].sum() == pytest.approx(float(wanted), abs=1e-4)
        assert recommender.explained(5, History.empty()) is None


def test_counts_are_of_people_of_the_data(assistant: Assistant) -> None:
    session = assistant.new_session()
    taken = assistant.catalog.interactions
    assert taken is not None
    counted = 0
    for user in ("u1", "u2", "u3"):
        turn = assistant.ask("films", session=session, user=user)
        for item in turn.items:
            found = assistant.why(item.id, session=session)
            for told in found.together:
                users = [
                    set(taken.user[taken.item == row].tolist()) for row in (item.row, told.row)
                ]
                assert told.both == len(users[0] & users[1]) >= 5
                assert told.of == len(users[1])
                counted += 1
            assert not found.recomputed
    assert counted


def test_another_process_explains_the_stored_list(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("dark films like Orbit of Ash", session=session, user="u2")
    assistant.ask("westerns", session=session)
    with Assistant("films") as later:
        assert later.why("1").number == 2, "the list that stands comes first"
        found = later.why(first.items[0].id)
        assert (found.number, found.place, found.recomputed) == (1, 1, False)
        assert found.score == pytest.approx(first.items[0].score, abs=1e-4)


def test_a_profile_that_changed_is_told(assistant: Assistant) -> None:
    session = assistant.new_session()
    turn = assistant.ask("dramas", session=session)
    row = turn.items[0].row
    assert not assistant.why("1", session=session).recomputed
    likes = [assistant.catalog.row_of(id) for id in ("f03", "f10", "f12")]
    assistant.note("liked", [like for like in likes if like is not None and like != row], source="")
    found = assistant.why("1", session=session)
    assert found.recomputed and found.score is not None
    assert sum(part.share for part in found.parts) == pytest.approx(found.score)


def test_a_list_without_ranking_has_stages_and_no_score(assistant: Assistant) -> None:
    session = assistant.new_session()
    context = assistant.context(session, None)
    assistant.toolbox.run("filter", {"where": ["genres has Western"]}, context)
    session.bus.show([int(row) for row in session.bus.rows()])
    found = assistant.why("2", session=session)
    assert found.score is None and found.parts == () and found.features == ()
    assert found.conditions == ("genres has Western",)
    assert [stage.tool for stage in found.stages][-1] == "filter"
    assert assistant.because(found, session=session).text


def test_what_is_in_no_list_is_not_found(assistant: Assistant) -> None:
    with pytest.raises(NotFound, match="no list was shown"):
        assistant.why("1")
    session = assistant.new_session()
    assistant.ask("westerns", session=session)
    with pytest.raises(NotFound, match="in no list") as raised:
        assistant.why("Orbit of Ash", session=session)
    assert "why-not" in raised.value.hint
    with pytest.raises(NotFound, match="the list has 2 items"):
        assistant.why("3", session=session)
    with pytest.raises(NotFound, match="not in this catalog"):
        assistant.why("No Such Film At All", session=session)


def test_the_command_prints_json_and_words(recagent: RunCommand, home: Path) -> None:
    assert recagent("why", "1", "-c", "films").code == 3
    assert recagent("ask", "-c", "films", "dark films like Orbit of Ash").code == 0
    ran = recagent("why", "1", "-c", "films", "--json")
    told = json.loads(ran.out)
    schema = json.loads((SCHEMAS / "recagent.evidence-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    assert told["kind"] == "why" and told["place"] == 1
    assert sum(part["share"] for part in told["parts"]) == pytest.approx(told["score"], abs=1e-4)
    shown = recagent("why", "#1", "-c", "films")
    assert shown.code == 0 and told["item"]["title"] in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "score" in shown.out and "your likes" in shown.out
    missing = recagent("why", "Dust Ledger", "-c", "films")
    assert missing.code == 3
    assert recagent("why", "1", "-c", "films", "--format", "csv").code == 2


def test_the_tool_tells_a_model_and_code(assistant: Assistant) -> None:
    session = assistant.new_session()
    context = assistant.context(session, None)
    tool = assistant.toolbox.get("explain")
    assert tool is not None and not tool.offered(context)
    turn = assistant.ask("dark films like Orbit of Ash", session=session)
    context = assistant.context(session, None)
    context.shown = session.shown
    assert tool.offered(context)
    ran = assistant.toolbox.run("explain", {"items": ["#1", "#2", "Nothing Of That Name"]}, context)
    lines = ran.result.text.splitlines()
    assert json.loads(lines[0])["id"] == turn.items[0].id and "not in this catalog" in lines[-1]
    assert [item["place"] for item in ran.result.data["items"]] == [1, 2]
    assert [found.row for found in context.explained] == list(turn.rows[:2])
    outside = next(row for row in range(16) if row not in turn.rows)
    assert explained(outside, context) is None
    id = assistant.catalog.ids([outside])[0]
    assert assistant.toolbox.run("explain", {"items": [id]}, context).error


@pytest.mark.parametrize(
    "words",
    [
        "why the second?",
        "why the second one?",
        "how come the second one?",
        "why did you recommend the second one?",
        "why number 2?",
        "why 2?",
        "why Orbit of Ash II?",
        "but why did you pick Orbit of Ash II?",
    ],
)
def test_why_in_words(assistant: Assistant, words: str) -> None:
    session = assistant.new_session()
    first = assistant.ask("dark films like Orbit of Ash", session=session)
    meant = next(
        item
        for item in first.items
        if ("II" in words and item.title == "Orbit of Ash II")
        or ("II" not in words and item.rank == 2)
    )
    turn = assistant.ask(words, session=session)
    assert turn.request.question is not None and turn.request.question.kind == "why"
    assert turn.items == () and turn.text.startswith(f"{meant.label}: ")
    assert "\n" not in turn.text and turn.trace[0].tool == "explain"
    assert session.bus.standing == first.number


def test_why_these_tells_of_all_and_why_another_says_so(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("westerns", session=session)
    told = assistant.ask("why these?", session=session).text.splitlines()
    assert [line.split(":")[0] for line in told] == [item.label for item in first.items]
    turn = assistant.ask("why Orbit of Ash?", session=session)
    assert turn.trace[0].tool == "why_not" and "it is not Western but" in turn.text
    both = assistant.ask("why The Long Field and Orbit of Ash?", session=session).text
    assert "The Long Field" in both and "Orbit of Ash (1996) was not in my list" in both


def test_a_list_by_a_number_says_so(assistant: Assistant) -> None:
    session = assistant.new_session()
    turn = assistant.ask("the longest dramas", session=session)
    found = assistant.why("1", session=session)
    assert found.order == "runtime" and found.score is None
    runtime = f"{turn.items[0].columns['runtime']:g}"
    told = assistant.because(found, session=session).text
    assert f"the list goes by runtime, here {runtime}" in told


def test_of_two_of_one_title_the_shown_one_is_meant(assistant: Assistant) -> None:
    old, new = (assistant.catalog.row_of(id) for id in ("f10", "f11"))
    assert old is not None and new is not None
    titles = {assistant.catalog.item(row).title for row in (old, new)}
    assert len(titles) == 1
    for row in (old, new):
        session = assistant.new_session()
        session.bus.show([row])
        assert assistant.why(next(iter(titles)), session=session).row == row
        assert assistant.why(assistant.catalog.ids([row])[0], session=session).row == row


def test_every_style_is_checked_and_short_is_one_clause(assistant: Assistant) -> None:
    session = assistant.new_session()
    turn = assistant.ask("dark films like Orbit of Ash", session=session)
    for item in turn.items:
        found = assistant.why(str(item.rank), session=session)
        told = {style: assistant.because(found, session=session, style=style) for style in STYLES}
        assert told["fit"] == assistant.because(found, session=session)
        assert ";" not in told["short"].text and len(told["short"].text.split()) <= 9
        assert "like Orbit" not in told["facts"].text and "director" in told["facts"].text
        context = assistant.context_of_list(session, found.number)
        for one in told.values():
            scene = scene_of(found, context, session.request_of(found.number), one.style)
            for clause in one.text.split("; "):
                wrong = faults_in(clause, assistant.catalog.item(item.row), scene)
                assert all(fault.kind in UNPROVEN for fault in wrong), (clause, wrong)


def test_a_false_clause_is_left_out(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("dark films like Orbit of Ash", session=session)
    found = assistant.why("1", session=session)
    like = found.likes[0].row
    told = assistant.because(
        replace(found, together=(Together(like, 71, 93),), parts=found.parts[:1]), session=session
    )
    assert "71" not in told.text and told.text
    assert {fault.aspect for fault in told.faults} == {"factual"}


def test_what_is_in_common_is_said_by_its_kind(assistant: Assistant) -> None:
    catalog = assistant.catalog
    liked, row = (catalog.row_of(id) for id in ("f03", "f04"))
    assert liked is not None and row is not None
    shares = (LikeShare(liked, 1.0),)
    people = catalog.schema.with_role(Role.PEOPLE)[0]
    director = catalog.item(row).columns[people.name][0]
    cases = {
        ("genres", "Sci-Fi"): "it is Sci-Fi too",
        (people.name, director): f"it has the director {director}",
    }
    for (column, value), words in cases.items():
        evidence = Evidence(row, likes=shares, shared=(SharedValue(liked, column, value),))
        assert f"like Orbit of Ash {words}" in clauses(evidence, catalog)


def test_style_of_the_command_and_of_words(recagent: RunCommand, home: Path) -> None:
    assert recagent("ask", "-c", "films", "dark films like Orbit of Ash").code == 0
    short = recagent("why", "1", "-c", "films", "--style", "short")
    assert short.code == 0 and len(short.out.splitlines()) == 1
    told = json.loads(recagent("why", "1", "-c", "films", "--style", "facts", "--json").out)
    assert told["style"] == "facts" and "director" in told["text"]
    assert recagent("why", "1", "-c", "films", "--style", "loud").code == 2
    with Assistant("films", style="short") as later:
        session = later.load_session(None)
        assert session is not None
        told_short = later.because(later.why("1", session=session), session=session).text
        line = later.ask("why the first?", session=session).text
        assert line.endswith(f": {told_short}.") and ";" not in line


def test_signs() -> None:
    assert [signed(x) for x in (0.314, -0.5, 1.256, 0.0, -0.0001, -0.002)] == [
        "+.31",
        "−.50",
        "+1.26",
        "+.00",
        "+.00",
        "−.002",
    ]


def test_what_is_relative_is_said_against_the_others(
    bundled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))
    with Assistant("movies", incognito=True, paths=find_paths()) as assistant:
        session = assistant.new_session()
        turn = assistant.ask("90s sci-fi like Alien", session=session)
        told = []
        for item in turn.items:
            found = assistant.why(str(item.rank), session=session)
            told += [(p.words, p.share) for p in found.parts if p.name == "kinds"]
        assert len(told) == len(turn.items)
        for words, share in told:
            assert words == f"{'more' if share > 0 else 'less'} purely Sci-Fi than the others"


def test_no_score_is_drawn_of_nothing(assistant: Assistant) -> None:
    session = assistant.new_session()
    turn = assistant.ask("sci-fi films", session=session)
    found = assistant.why("1", session=session)
    catalog = assistant.catalog
    small = tuple(replace(part, share=0.001) for part in found.parts)
    told = dict(evidence_lines(replace(found, parts=small, score=0.001), catalog))
    assert turn.items and "score" not in told


def test_only_the_set_that_held_an_item_brought_it_in(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("sci-fi films", session=session)
    assistant.operate([Operation("save", name="weekend")], session=session)
    second = assistant.ask("find me a drama instead", session=session)
    both = assistant.operate([Operation("union", name="weekend")], session=session, count=20)
    ids = [{item.id for item in turn.items} for turn in (first, second)]
    added = [item for item in both.items if item.id in ids[0] - ids[1]]
    assert added and any(item.id in ids[1] - ids[0] for item in both.items)
    for item in both.items:
        found = assistant.why(str(item.rank), session=session)
        by = [stage for stage in found.stages if stage.place and "weekend" in stage.note]
        if item in added:
            places = [one.id for one in first.items]
            assert [(s.place, s.of) for s in by] == [(places.index(item.id) + 1, len(places))]
        elif item.id not in ids[0]:
            assert not by
