"""A past list looked at again: its candidates, its likes and wishes, the parts of its scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.errors import ToolError
from recagent_cli.agent.session import Session
from recagent_cli.assistant import Assistant
from recagent_cli.paths import find_paths
from recagent_tools.bus_copy import at_stage
from recagent_tools.past_lists import at_list, list_of
from recagent_tools.rank import RankArguments, scored_parts

REQUESTS = {
    "movies": (
        "90s sci-fi like Alien",
        "something dark and slow, no comedies",
        "films about a heist",
        "popular films",
        "I love Heat and I hate Titanic, what else?",
        "not too popular comedies",
        "hidden gems like Amelie",
    ),
    "games": (
        "like Portal",
        "relaxing puzzle games",
        "popular strategy games",
        "something like Doom",
    ),
}


def summed(assistant: Assistant, session: Session, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The parts' sums of all that list `number` was taken from, and their scores on the bus."""
    then = at_list(assistant.context(session, None), number)
    stage = then.bus.now
    assert stage.tool == "rank" and stage.order is not None and stage.parent is not None
    then.bus = at_stage(then.bus, stage.parent)
    rows = then.bus.rows()
    total = scored_parts(then, rows, RankArguments(**stage.arguments)).total
    place = np.empty(then.bus.n_items, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return total[place[stage.order]], stage.scores["score"]


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_parts_of_every_candidate_sum_to_its_score(
    name: str, bundled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))
    with Assistant(name, incognito=True, paths=find_paths()) as assistant:
        session, numbers = assistant.new_session(), []
        for text in REQUESTS[name]:
            turn = assistant.ask(text, session=session)
            if session.bus.now.tool == "rank":
                numbers.append(turn.number)
        assert len(numbers) >= 3
        for number in numbers:
            total, score = summed(assistant, session, number)
            np.testing.assert_allclose(total, score, atol=1e-4)


@pytest.mark.parametrize("weights", ["novelty=.4 diversity=.5", "popularity=-1 fit=.3", ""])
@pytest.mark.parametrize("by", ["fit", "rating", "recency"])
def test_weights_are_parts_of_the_sum(weights: str, by: str, home: Path) -> None:
    with Assistant("films", incognito=True) as assistant:
        session = assistant.new_session()
        context = assistant.context(session, "u1")
        for call, told in (
            ("for_user", {}),
            ("rank", {"by": by, "weights": weights.split(), "top": 5}),
        ):
            assert not assistant.toolbox.run(call, dict(told), context).error
        stage = session.bus.now
        assert stage.parent is not None and stage.order is not None
        context.bus = at_stage(session.bus, stage.parent)
        scored = scored_parts(context, context.bus.rows(), RankArguments(**stage.arguments))
        named = {part.partition("=")[0] for part in weights.split()} - {"diversity"}
        assert named <= set(scored.parts)
        order = np.argsort(context.bus.rows())[
            np.searchsorted(np.sort(context.bus.rows()), stage.order)
        ]
        np.testing.assert_allclose(scored.total[order], stage.scores["score"], atol=1e-4)


def test_a_list_is_looked_at_as_it_was_made(home: Path) -> None:
    with Assistant("films") as assistant:
        session = assistant.new_session()
        first = assistant.ask("dark films like Orbit of Ash", session=session, user="u2")
        assistant.ask("westerns", session=session)
    with Assistant("films") as later:
        back = later.load_session(session.id)
        assert back is not None
        then = at_list(later.context(back, None), first.number)
        assert then.shown == first.rows and then.bus.standing == first.number
        assert then.bus.cursor == back.bus.lists[0].stage != back.bus.cursor
        assert then.user == later.user_index("u2")
        assert [later.catalog.label(row) for row in then.liked] == [
            mention.title for mention in first.request.liked
        ]
        assert then.wishes == list(first.request.wished)
        total, score = summed(later, back, first.number)
        np.testing.assert_allclose(total, score, atol=1e-4)


def test_a_past_list_too_large_to_be_kept_has_the_same_answers_later(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recagent_tools.bus_file.MAX_SAVED_ROWS", 3)
    with Assistant("films") as assistant:
        session = assistant.new_session()
        first = assistant.ask("dark films", session=session).number
        assistant.ask("westerns", session=session)
        titles = [assistant.catalog.item(row).title for row in range(assistant.catalog.n_items)]
        kinds = [assistant.why_not(t, session=session, number=first)[0].kind for t in titles]
    assert {"shown", "ranked"} <= {*kinds}
    with Assistant("films") as later:
        back = later.load_session(session.id)
        assert back is not None
        assert back.bus.stages[back.bus.lists[first - 1].stage].candidates is None
        assert [later.why_not(t, session=back, number=first)[0].kind for t in titles] == kinds


def test_likes_of_the_command_line_are_known_later(home: Path) -> None:
    with Assistant("films") as assistant:
        session = assistant.new_session()
        turn = assistant.ask("westerns", session=session, like=["Orbit of Ash"])
        row = assistant.catalog.row_of("f03")
    with Assistant("films") as later:
        back = later.load_session()
        assert back is not None
        assert at_list(later.context(back, None), turn.number).liked == [row]
        assert later.context_of_list(back, turn.number).liked == [row]
        assert not later.why("1", session=back).recomputed


def test_the_list_that_stands_comes_first(home: Path) -> None:
    with Assistant("films", incognito=True) as assistant:
        session = assistant.new_session()
        context = assistant.context(session, None)
        assert list_of(0, context) == 0
        with pytest.raises(ToolError, match="no list"):
            at_list(context, 1)
        for rows in ([0, 1], [1, 2], [2, 3]):
            session.bus.score(
                "rank", {}, {}, order=np.array([*rows, *set(range(16)) - {*rows}], np.int32)
            )
            session.bus.show(rows)
        assert [list_of(row, context) for row in (0, 1, 2, 3, 4)] == [1, 2, 3, 3, 0]
        session.bus.go_to(1)
        assert [list_of(row, context) for row in (0, 1, 2)] == [1, 1, 3]
