"""Learn, act, critic: what verdicts generalise to, with the real ranking of real models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.brain import Call, Step
from recagent_cli.agent.session import Session
from recagent_cli.memory.consolidation import superfluous
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.generalising import generalise, proposals
from recagent_cli.memory.learning import refused_values
from recagent_cli.memory.tastes import Learning
from recagent_cli.testing import ScriptedBrain
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.rank import RankArguments, scored_parts
from recagent_tools.tastes import lasting_tastes, taste_parts
from recagent_tools.toolbox import EmptyProfile, ToolContext

ETA = Learning()


@pytest.fixture(scope="module")
def context(films_home: Path) -> ToolContext:
    catalog = Catalog.open(films_home / "data" / "catalogs" / "films")
    engine = Engine.open(catalog, films_home / "data" / "models" / "films")
    return ToolContext(catalog, engine, CandidateBus(catalog.n_items))


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def ranked(context: ToolContext, rows: list[int], **profile: object) -> list[int]:
    """The rows, best first, as `rank` has them."""
    acting = replace(context, profile=EmptyProfile(**profile), bus=CandidateBus(16))  # type: ignore[arg-type]
    rows = sorted(rows)
    total = scored_parts(acting, np.array(rows, np.int32), RankArguments()).total
    return [rows[n] for n in np.lexsort((np.array(rows), -total))]


# --- what is tried -------------------------------------------------------------------------------


def test_people_come_first_then_tags_then_kinds(context: ToolContext) -> None:
    # Blue Static: Ada Quill directed four of the films, its tags are on no other, three are Sci-Fi.
    tried = list(proposals(7, [0, 7], [4, 8, 9, 11], context.catalog))
    assert tried[0] == ("directors", "Ada Quill") and tried[1][0] == "genres"
    tried = list(proposals(2, [2], [4, 6, 9], context.catalog))
    assert [column for column, _ in tried] == ["tags", "genres"]


def test_one_item_tells_nothing_of_its_people(context: ToolContext) -> None:
    people = {"directors", "cast"}
    for row in range(context.catalog.n_items):
        others = [other for other in range(context.catalog.n_items) if other != row]
        assert not people & {column for column, _ in proposals(row, [row], others, context.catalog)}


def test_a_tag_that_is_a_kind_of_the_item_is_tried_as_the_kind(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(
        "id,title,genres,tags\n"
        "a,Alpha,Action,action|heist\nb,Beta,Action,action\n"
        "c,Gamma,Drama,heist\nd,Delta,Drama,action\n"
    )
    ingest(path, tmp_path / "b", name="b")
    catalog = Catalog.open(tmp_path / "b")
    assert list(proposals(1, [1], [2, 3], catalog)) == [("genres", "Action")]
    assert ("tags", "action") in proposals(3, [3], [2], catalog), "of a Drama it tells more"


def test_what_all_shown_have_tells_nothing(context: ToolContext) -> None:
    tried = list(proposals(9, [9], [10, 15], context.catalog))
    assert ("cast", "Hank Mills") not in tried
    assert list(proposals(9, [9], [10, 15, 9], context.catalog)) == tried


def test_the_contrary_verdict_speaks_against_a_value(context: ToolContext) -> None:
    assert next(proposals(7, [0, 7], [4, 8, 9], context.catalog)) == ("directors", "Ada Quill")
    hers = context.catalog.words("directors").rows_with("Ada Quill").tolist()
    values = list(proposals(7, [0, 7], [4, 8, 9], context.catalog, against=hers))
    assert ("directors", "Ada Quill") not in values


# --- the critic ----------------------------------------------------------------------------------


def test_likes_and_dislikes_are_judged_by_the_ranking(context: ToolContext) -> None:
    catalog, shown = context.catalog, [0, 2, 4, 7, 9, 11, 13]
    order = ranked(context, shown)
    best, worst = order[0], order[-1]
    for row, sign, kind in (
        (best, 1, "learned"),
        (worst, 1, "proposed"),
        (worst, -1, "learned"),
        (best, -1, "proposed"),
    ):
        found = generalise(row, sign, shown, context, ETA)
        assert found is not None and (found.kind, found.sign) == (kind, sign)
        assert found.value in [str(v) for v in _values(catalog, row, found.column)]
        assert not found.known


def _values(catalog: Catalog, row: int, column: str) -> list[str]:
    value = catalog.item(row).columns[column]
    return value if isinstance(value, list) else [value]


def test_what_is_liked_already_changes_the_judgement(context: ToolContext) -> None:
    shown = [0, 2, 4, 7, 9, 11, 13]
    worst = ranked(context, shown)[-1]
    assert (found := generalise(worst, 1, shown, context, ETA)) is not None
    assert found.kind == "proposed"
    wishes = tuple(
        (column, value, 1.0) for column, value in proposals(worst, [worst], shown, context.catalog)
    )
    # A strong taste of just that may bring it over the middle; then the same like confirms it.
    fan = replace(context, profile=EmptyProfile(liked=(worst,), wishes=wishes))
    order = ranked(context, shown, liked=(worst,), wishes=wishes)
    again = generalise(worst, 1, shown, fan, ETA)
    above = order.index(worst) < len(shown) // 2
    assert (
        (again is not None and again.kind == "learned" and again.known) if above else again is None
    )


def test_three_tries_in_order(context: ToolContext) -> None:
    shown = [0, 2, 4, 7, 9, 11, 13]
    best, tried = next(
        (row, pairs)
        for row in ranked(context, shown)
        if len(
            pairs := list(proposals(row, [row], [s for s in shown if s != row], context.catalog))
        )
        > 1
    )
    assert 1 < len(tried) <= 3
    refused: set[tuple[str, str]] = set()
    for pair in tried:
        found = generalise(best, 1, shown, context, ETA, refused)
        assert found is not None and (found.column, found.value) == pair
        refused.add(pair)
    assert generalise(best, 1, shown, context, ETA, refused) is None


def test_an_opposite_taste_is_not_overruled(context: ToolContext) -> None:
    shown = [0, 2, 4, 7, 9, 11, 13]
    best = ranked(context, shown)[0]
    tried = list(proposals(best, [best], [row for row in shown if row != best], context.catalog))
    profile = EmptyProfile(wishes=((*tried[0], -0.5),))
    found = generalise(best, 1, shown, replace(context, profile=profile), ETA)
    assert found is None or (found.column, found.value) != tried[0]


@pytest.mark.parametrize("shown", [[], [3], [7, 7, 3]])
def test_against_too_few_nothing_is_learned(context: ToolContext, shown: list[int]) -> None:
    assert generalise(7, 1, shown, context, ETA) is None


def test_the_same_is_learned_each_time(context: ToolContext) -> None:
    shown = [0, 2, 4, 7, 9, 11, 13]
    found = [generalise(row, 1, shown, context, ETA) for row in shown]
    assert found == [generalise(row, 1, list(reversed(shown)), context, ETA) for row in shown]


# --- kept with the turn --------------------------------------------------------------------------


def best_of(assistant: Assistant, session: Session) -> int:
    """The item of the list shown that fits nobody in particular best."""
    rows = [int(row) for row in session.shown]
    return ranked(assistant.context(assistant.new_session(), None), rows)[0]


def facts(assistant: Assistant, *kinds: str) -> list[StoredEvent]:
    return assistant.store.events("me", "films", kinds or ("learned", "proposed"))


def test_a_verdict_in_words_is_learned_from(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("something good", session=session)
    best = best_of(assistant, session)
    turn = assistant.ask(f"{list(session.shown).index(best) + 1} was great", session=session)
    (like,), (learned,) = facts(assistant, "liked"), facts(assistant)
    assert learned.because == like.id and learned.value == 1.0
    assert learned.kind == "learned" and learned.source == assistant.catalog.label(best)
    assert learned.session == session.id
    told = [text for kind, text in turn.notices if kind == "learned"]
    assert len(told) == 1 and told[0].startswith("I'll take it that you like ")
    assert told[0].endswith(f"{learned.text}; recagent profile undo {learned.id} ends that")
    ((column, value, weight),) = assistant.profile().wishes
    assert (column, value) == (learned.column, learned.text)
    assert weight == pytest.approx(Learning().eta * 0.3, abs=1e-4)


def test_whichever_brain_wrote_the_fact(assistant: Assistant) -> None:
    session = assistant.new_session()
    items = assistant.ask("something good", session=session).items
    call = Call("remember", {"kind": "disliked", "items": [items[-1].id]})
    assistant.agent.brain = ScriptedBrain([Step((call,)), Step(text="I see.")])
    assistant.ask(f"{len(items)} was boring", session=session)
    (dislike,) = facts(assistant, "disliked")
    assert [(event.because, event.value) for event in facts(assistant)] == [(dislike.id, -1.0)]


def test_a_command_is_learned_from_as_well(assistant: Assistant) -> None:
    session = assistant.new_session()
    items = assistant.ask("something good", session=session).items
    assistant.note("liked", [items[0].row], source="chat /like", session=session)
    assert len(facts(assistant)) == 1 and assistant.take_notices()[0][0] == "learned"
    assistant.note("liked", [items[1].row], source="script")  # on no list
    assert len(facts(assistant)) == 1


def test_nothing_is_learned_where_nothing_is_kept(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("something good", session=session, keep=False)
    assistant.ask("1 was great", session=session, keep=False)
    assert facts(assistant) == []


def test_nothing_is_learned_in_a_list_for_somebody_else(assistant: Assistant) -> None:
    session = assistant.new_session()
    user = assistant.catalog.user_id(0)
    assistant.ask("something good", session=session, user=user)
    assistant.ask("1 was great", session=session, user=user)
    assert facts(assistant) == []


def test_what_was_taken_back_is_not_learned_again(assistant: Assistant) -> None:
    session = assistant.new_session()
    row = assistant.ask("something good", session=session).items[0].row
    for _ in range(4):
        assistant.note("liked", [row], source="chat /like", session=session)
        if not (held := facts(assistant)):
            break
        assistant.store.undo_event(held[-1])
    every = assistant.store.events("me", "films", ("learned", "proposed"), undone=True)
    pairs = [(event.column, event.text) for event in every]
    assert 1 <= len(pairs) <= 3 and len(set(pairs)) == len(pairs)
    assert refused_values(assistant.store, "me", "films") == set(pairs)


def test_what_went_with_its_cause_was_not_refused(assistant: Assistant) -> None:
    session = assistant.new_session()
    row = assistant.ask("something good", session=session).items[0].row
    assistant.note("liked", [row], source="chat /like", session=session)
    (like,), (learned,) = facts(assistant, "liked"), facts(assistant)
    for event in (like, learned):
        assistant.store.undo_event(event)
    assert refused_values(assistant.store, "me", "films") == frozenset()
    assistant.note("liked", [row], source="chat /like", session=session)
    assert [event.text for event in facts(assistant)] == [learned.text]


def test_a_second_like_confirms_without_a_word(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("something good", session=session)
    for told in (1, 0):
        row = best_of(assistant, session)
        assistant.note("liked", [row], source="chat /like", session=session)
        assert len(assistant.take_notices()) == told
    first, second = facts(assistant)
    assert (first.column, first.text) == (second.column, second.text)


def test_what_is_learned_need_not_wait(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("something good", session=session)
    row = best_of(assistant, session)
    assistant.note("liked", [row], source="chat /like", session=session)
    (learned,) = facts(assistant)
    assistant.store.undo_event(facts(assistant, "liked")[0])
    assistant.store.undo_event(learned)
    pair = (learned.column, learned.text)
    assistant.note("proposed", values=[pair], value=1.0, source="test")
    assistant.note("liked", [row], source="chat /like", session=session)
    assert [(event.kind, event.text) for event in facts(assistant)] == [("learned", pair[1])]
    assert refused_values(assistant.store, "me", "films") == frozenset()


def test_a_value_asked_for_in_three_sessions_is_proposed(assistant: Assistant) -> None:
    for number in range(3):
        session = assistant.new_session()
        kept = assistant._sessions._commit(
            [
                assistant._sessions.event(
                    "said", column="genres", text="Western", source="westerns", session=session
                )
            ]
        )
        for _ in range(2):  # twice in one session is once
            assistant._sessions.learn(kept, (), assistant.context(session, None))
        assert len(facts(assistant)) == (number == 2)
    (proposed,) = facts(assistant)
    assert (proposed.kind, proposed.text, proposed.value) == ("proposed", "Western", 1.0)
    assert "you often ask for Western" in assistant.take_notices()[0][1]
    assistant.store.undo_event(proposed)  # refused
    assistant._sessions.learn(kept, (), assistant.context(session, None))
    assert facts(assistant) == []


def test_consolidation_keeps_what_proposals_need() -> None:
    day = 86_400.0

    def said(id: int, session: str, text: str, age: float) -> StoredEvent:
        return StoredEvent(
            "me", "films", "said", column="genres", text=text, session=session,
            time=1_000 * day - age * day, id=id,
        )  # fmt: skip

    events = [said(n, f"s{n}", "Western", 30 - n) for n in range(1, 6)]
    events += [said(6, "s5", "Western", 20), said(7, "s1", "Drama", 200)]
    refused = StoredEvent("me", "films", "proposed", column="genres", text="Horror", id=8, undone=1)
    older = replace(refused, id=9, kind="learned")
    events += [refused, older, replace(refused, id=10, kind="liked", text="War")]
    gone = superfluous(events, Learning(), now=1_000 * day, scale=None)
    assert gone == {1, 2, 5, 7, 8, 10}


def test_only_what_was_named_is_proposed(assistant: Assistant) -> None:
    for number in range(4):
        session = assistant.new_session()
        kept = [
            assistant._sessions.event(
                "said", column="tags", text=tag, source="something spacey", session=session
            )
            for tag in ("space", "alien")
        ]
        kept = assistant._sessions._commit(kept)
        assistant._sessions.learn(kept, (), assistant.context(session, None))
        assert [event.text for event in facts(assistant)] == (["space"] if number > 1 else [])


# --- in the ranking ------------------------------------------------------------------------------


def test_lasting_tastes_count_behind_what_is_asked(context: ToolContext) -> None:
    wishes = (("genres", "Horror", -0.5), ("genres", "Western", 0.5), ("genres", "Gone", 1.0))
    knows = replace(context, profile=EmptyProfile(wishes=wishes), bus=CandidateBus(16))
    assert lasting_tastes(knows)[1:] == [wishes[0], wishes[1]]
    rows = np.arange(16, dtype=np.int32)
    parts = dict(taste_parts(rows, knows))
    assert list(parts) == ["taste genres=Horror", "taste genres=Western"]
    western = context.catalog.words("genres").mask(["Western"])
    assert (parts["taste genres=Western"][western] > 0).all()
    assert not parts["taste genres=Western"][~western].any()
    asked = replace(knows, wishes=[("genres", "Horror", 1.0)])
    assert "taste genres=Horror" not in dict(taste_parts(rows, asked))
    assert taste_parts(rows, replace(knows, user=0)) == []
    assert taste_parts(rows, replace(knows, profile=EmptyProfile())) == []


def test_a_filtered_kind_is_asked_for(assistant: Assistant) -> None:
    assistant.note("liked", values=[("genres", "Western"), ("genres", "Drama")], source="test")
    session = assistant.new_session()
    assistant.ask("dramas", session=session)
    evidence = assistant.why("#1", session=session)
    names = [part.name for part in evidence.parts]
    assert "taste genres=Drama" not in names


def test_reasons_and_why_cite_a_lasting_taste(assistant: Assistant) -> None:
    assistant.ask("I love westerns")
    session = assistant.new_session()
    turn = assistant.ask("something from before 1980", session=session)
    western = next(item for item in turn.items if "Western" in item.columns["genres"])
    assert "you like Western" in western.reason
    assert not [told for kind, told in turn.notices if kind == "correction"]
    evidence = assistant.why(f"#{western.rank}", session=session)
    part = next(part for part in evidence.parts if part.name == "taste genres=Western")
    assert part.words == "that you like Western"
    assert evidence.score == pytest.approx(western.score, abs=1e-3)
    assert not evidence.recomputed or part.share >= 0
    user = assistant.ask("something from before 1980", user=assistant.catalog.user_id(0))
    assert not any("you like" in item.reason for item in user.items)
