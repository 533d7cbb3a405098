"""What the person says counts in the next list, without training; and what stays out of lists."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from recagent_cli import Assistant
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.profile import Learning

from ..conftest import RunCommand


def scores(assistant: Assistant) -> dict[str, float | None]:
    """The score of every film in a list of all, those seen too."""
    return {item.id: item.score for item in assistant.recommend(count=16, seen_too=True)}


@pytest.mark.parametrize(
    "said",
    [
        ("liked", None),
        ("disliked", None),
        ("never", None),
        ("rated", 5.0),
        ("rated", 1.0),
        ("words", "I loved Night Harbour"),
        ("words", "Night Harbour: 5/5"),
    ],
)
def test_a_verdict_changes_the_next_list_without_training(
    home: Path, said: tuple[str, object]
) -> None:
    with Assistant("films") as assistant:
        build = (assistant.engine.manifest or {})["build"]
        row = next(iter(assistant.catalog.titles.exact("night harbour")))
        before = scores(assistant)
        kind, value = said
        if kind == "words":
            assistant.ask(str(value))
        else:
            points = value if isinstance(value, float) else None
            assistant.note(kind, [row], value=points, source="test")
        after = scores(assistant)
        shared = before.keys() & after.keys()
        assert len(shared) > 10 and {id: before[id] for id in shared} != {
            id: after[id] for id in shared
        }
        assert (assistant.engine.manifest or {})["build"] == build


def test_the_best_and_the_worst_rating_pull_apart(home: Path) -> None:
    found = []
    for points in (5.0, 1.0):
        with Assistant("films", profile=f"p{points:.0f}") as assistant:
            row = next(iter(assistant.catalog.titles.exact("night harbour")))
            assistant.note("rated", [row], value=points, source="test")
            history = assistant.profile()
            found.append((row in history.liked, row in history.disliked))
    assert found == [(True, False), (False, True)]


def test_seen_and_never_in_every_command(home: Path, recagent: RunCommand) -> None:
    with Assistant("films") as assistant:
        every = [item.id for item in assistant.recommend(count=16)]
        gone, seen, *_ = every
        row_of = assistant.catalog.row_of
        assistant.note("never", [row_of(gone) or 0], source="test")
        assistant.note("seen", [row_of(seen) or 0], source="test")
        title = assistant.catalog.item(row_of(gone) or 0).title

    def ids(*words: str) -> list[str]:
        ran = recagent(*words, "--json")
        assert ran.code == 0, ran.err
        return [item["id"] for item in json.loads(ran.out)["items"]]

    assert not {gone, seen} & {*ids("recommend", "-n", "16")}
    too = ids("recommend", "-n", "16", "--seen-too")
    assert seen in too and gone not in too
    for words in (["ask", "the newest films", "-n", "16"], ["ask", f"something like {title}"]):
        assert not {gone, seen} & {*ids(*words)}
    assert seen in ids("ask", "the newest films", "-n", "16", "--seen-too")
    other = next(id for id in every if id not in (gone, seen))
    assert gone not in ids("similar", other, "-n", "15")
    assert seen in ids("similar", other, "-n", "15"), "whoever asks"
    recagent("ask", "the newest films", "-n", "3", "-q")
    why = recagent("why-not", gone)
    assert "you never want it again: recagent profile undo 1" in " ".join(why.out.split())


def test_from_the_watchlist(home: Path, recagent: RunCommand) -> None:
    empty = recagent("ask", "something good", "--from-watchlist")
    assert empty.code == 0 and "Your watchlist is empty" in empty.out + empty.err
    assert recagent("recommend", "--from-watchlist").code == 4
    assert recagent("recommend", "--user", "1", "--from-watchlist").code == 2
    with Assistant("films") as assistant:
        assistant.note("wanted", [3, 4, 5], source="test")
        assistant.note("wanted", [4], value=0, source="test")
        turn = assistant.ask("something good", only_wanted=True)
        assert {item.id for item in turn.items} == set(assistant.catalog.ids([3, 5]))
        assert "on your watchlist" in turn.funnel and "on your watchlist" in turn.text
        assert turn.request.wanted
        answer, context = assistant.why_not("#3" if len(turn.items) > 2 else "f01")
        assert answer.kind == "unwanted" and context.only_wanted


def test_no_repeats_leaves_out_what_other_sessions_showed_of_late(home: Path) -> None:
    with Assistant("films") as assistant:
        first = assistant.ask("films", count=3)
        again = assistant.ask("films", count=3)
        assert [i.id for i in first.items] == [i.id for i in again.items], "off by default"
        old = StoredEvent("me", "films", "shown", "f16", time=time.time() - 9 * 86_400)
        assistant.store.commit(events=[old])
    with Assistant("films", learning=Learning(repeat_days=7)) as assistant:
        session = assistant.new_session()
        new = assistant.ask("films", count=3, session=session)
        shown = {item.id for item in new.items}
        assert not shown & {item.id for item in first.items}
        assert "not shown of late" in new.funnel
        narrowed = assistant.ask("the newest of these", session=session)
        assert {item.id for item in narrowed.items} <= shown, "its own list is no repeat"
        every = {item.id for item in assistant.recommend(count=16)}
        assert "f16" in every, "nine days are not of late"
        answer, _ = assistant.why_not(first.items[0].id, session=session, number=1)
        assert answer.kind == "recent" and answer.ways


def test_all_that_fits_was_seen(home: Path, recagent: RunCommand) -> None:
    with Assistant("films") as assistant:
        rows = assistant.catalog.words("genres").rows_with("Western").tolist()
        assistant.note("seen", rows, source="test")
        turn = assistant.ask("westerns")
        assert not turn.items and "You have seen all" in turn.text
        assert len(assistant.ask("westerns", seen_too=True).items) == len(rows)
    ran = recagent("recommend", "--where", "genres has Western")
    assert "Give --seen-too" in " ".join(ran.err.split())


def test_a_value_that_is_never_wanted(home: Path) -> None:
    with Assistant("films") as assistant:
        rows = set(assistant.catalog.words("genres").rows_with("Horror").tolist())
        assistant.note("never", values=[("genres", "Horror")], source="test")
        bad = set(assistant.catalog.ids(sorted(rows)))
        assert not bad & {item.id for item in assistant.recommend(count=16)}
        asked = assistant.ask("horror films", count=16)
        assert {item.id for item in asked.items} == bad
        assert any("you never want Horror" in text for _, text in asked.notices)
        more = assistant.ask("films since 1980", count=16)
        assert more.items and not bad & {item.id for item in more.items}
        answer, _ = assistant.why_not(sorted(bad)[0])
        assert answer.kind == "never_value" and answer.undo == 1 and answer.ways
