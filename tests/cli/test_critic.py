"""The one checker of words that a model wrote."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog, Item
from recagent_cli import Assistant
from recagent_cli.agent.critic import check, ground, plain
from recagent_cli.agent.explaining.alone import refine_alone
from recagent_cli.paths import Paths
from recagent_tools.toolbox import ToolContext

from .critic_corpus import FILMS, LIES, LIKED, TRUE

Bench = dict[str, Assistant]


@pytest.fixture(scope="module")
def bundled(bundled_home: Path) -> Iterator[Bench]:
    paths = Paths(bundled_home / "data", bundled_home / "config", bundled_home / "cache")
    made = {name: Assistant(name, incognito=True, paths=paths) for name in ("movies", "games")}
    yield made
    for assistant in made.values():
        assistant.close()


def scene(bundled: Bench, name: str, titles: tuple[str, ...]) -> tuple[list[int], ToolContext]:
    """A list of those titles, for somebody who likes one film or game."""
    assistant = bundled[name]
    context = assistant.context(assistant.new_session(), None)
    find = assistant.catalog.titles.find
    context.liked.append(find(LIKED[name], limit=1)[0].row)
    return [find(title, limit=1)[0].row for title in titles], context


def test_true_sentences_pass_unharmed(bundled: Bench) -> None:
    harmed = []
    for name, titles, text in TRUE:
        rows, context = scene(bundled, name, titles)
        faults = check(text, rows=rows, context=context)
        grounded, corrections = ground(text, rows, context)
        if faults or corrections:
            harmed.append((text, faults))
        else:
            words = re.sub(r"[*\s]+", " ", text).strip()
            assert re.sub(r"\s+", " ", grounded) == words
    assert len(TRUE) >= 60 and len(harmed) <= 0.03 * len(TRUE), harmed


def test_every_lie_is_caught(bundled: Bench) -> None:
    assert len(LIES) >= 60
    passed = []
    for name, titles, text in LIES:
        rows, context = scene(bundled, name, titles)
        if not check(text, rows=rows, context=context):
            passed.append(text)
    assert passed == []


def test_what_is_mended_is_true_and_what_is_not_is_struck(bundled: Bench) -> None:
    for name, titles, text in LIES:
        rows, context = scene(bundled, name, titles)
        grounded, corrections = ground(text, rows, context)
        assert grounded != text and corrections
        assert check(grounded, rows=rows, context=context) == []


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("Heat (1994) is a crime drama.", "Heat (1995) is a crime drama."),
        ("Alien came out in 1982.", "Alien came out in 1979."),
        ("Heat was directed by Steven Spielberg.", "Heat was directed by Michael Mann."),
        ("The Matrix runs 150 minutes.", "The Matrix runs 136 minutes."),
        ("Airplane! is a horror film.", "Airplane! is a comedy film."),
        ("Watch Heat. Heat won seven Oscars. Enjoy.", "Watch Heat. Enjoy."),
        # A value on which something else in the sentence hangs is not replaced.
        ("Heat was released in 1979, the same year as Alien.", ""),
        ("Heat was directed by Ridley Scott, who also made Alien.", ""),
        ("Heat was directed by Ridley Scott, a British filmmaker.", ""),
        ("Heat came out in 1994, one year after Alien.", ""),
        ("Heat runs 90 minutes, so it is over in an hour and a half.", ""),
        ("The Matrix came out in 1989, two years before the Gulf War.", ""),
        ("Airplane! is a war film, bloody and grim.", ""),
        ("Airplane! is a horror film full of horror.", ""),
    ],
)
def test_mending(bundled: Bench, text: str, mended: str) -> None:
    rows, context = scene(bundled, "movies", FILMS)
    grounded, corrections = ground(text, rows, context)
    assert grounded == mended and len(corrections) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Released in 1979, the same year as Alien.",
        "By Ridley Scott, who also made Alien.",
        "Came out in 1994, one year after Alien.",
        "Runs 90 minutes, so it is over in an hour and a half.",
    ],
)
def test_a_reason_whose_parts_hang_together_is_not_mended(bundled: Bench, text: str) -> None:
    rows, context = scene(bundled, "movies", FILMS)
    mended = refine_alone(rows[1], text, context, "facts", None)
    assert mended.source == "template" and mended.faults
    assert not re.search(r"same|who|after|so it|Ridley|1979|1994|90", mended.text)


def test_faults_say_where_and_what(bundled: Bench) -> None:
    rows, context = scene(bundled, "movies", FILMS)
    text = "Nice evening. Heat (1994) is by **Steven Spielberg**."
    faults = check(text, rows=rows, context=context)
    assert [(f.aspect, f.kind, f.truth) for f in faults] == [
        ("factual", "year", "1995"),
        ("factual", "person", "Michael Mann"),
    ]
    told = plain(text)
    assert [told[f.start : f.end] for f in faults] == [f.text for f in faults]
    assert [f.text for f in faults] == ["1994", "Steven Spielberg"]


def test_it_is_what_was_named_last(bundled: Bench) -> None:
    rows, context = scene(bundled, "movies", FILMS)
    assert check("Heat is here. It is a crime film.", rows=rows, context=context) == []
    assert check("Alien is here. It is a crime film.", rows=rows, context=context)
    assert check("It is a crime film.", rows=rows, context=context, about=rows[1]) == []
    assert check("It is a crime film.", rows=rows, context=context, about=rows[0])


def test_an_opinion_is_left_and_a_story_of_ones_own_is_not(bundled: Bench) -> None:
    """Words that claim nothing may stand; a word that no row and no request has may not."""
    rows, context = scene(bundled, "movies", FILMS)
    opinion = "A film that grows on you, gripping and never dull."
    assert check(opinion, rows=rows, context=context) == []
    for prose in ("The silence of the orphans says most.", "Zombies overrun a mall in Heat."):
        assert check(prose, rows=rows, context=context)
        assert ground(prose, rows, context)[0] == ""


# -- sentences made from the data ---------------------------------------------------------------


def facts(item: Item, catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """(kind, value, sentence with a blank for the value) of an item."""
    schema = catalog.schema
    yield "year", str(item.year), f"{item.title} came out in {{}}."
    for column in schema.with_role(Role.PEOPLE)[:1]:
        for name in item.columns[column.name][:1]:
            yield "person", name, f"{item.label} is by {{}}."
    for column in schema.with_role(Role.CATEGORIES):
        for value in item.columns[column.name][:1]:
            yield "value", value, f"{item.title} is a {{}} {schema.item}."
    for column in schema.with_role(Role.NUMBER):
        number = item.columns[column.name]
        if number and column.unit:
            yield "number", f"{number:g} {column.unit}", f"{item.title} takes {{}}."


@pytest.mark.parametrize("name", ["movies", "games"])
def test_generated_truths_pass_and_swapped_ones_do_not(bundled: Bench, name: str) -> None:
    """A true sentence on an item, and the same with the value of another item."""
    assistant = bundled[name]
    catalog, draw = assistant.catalog, random.Random(20)
    alarms: list[str] = []
    passed: list[str] = []
    told = lied = 0
    for _ in range(120):
        one, other = catalog.items(draw.sample(range(catalog.n_items), 2))
        context = assistant.context(assistant.new_session(), None)
        rows = [one.row, other.row]
        theirs = {kind: value for kind, value, _ in facts(other, catalog)}
        said = f"{one.title} {one.year} {one.columns}".casefold()
        for kind, value, sentence in facts(one, catalog):
            told += 1
            if check(sentence.format(value), rows=rows, context=context):
                alarms.append(sentence.format(value))
            lie = theirs.get(kind, value)
            if lie.split(" ")[0 if kind == "number" else -1].casefold() in said:
                continue  # it is true of both
            lied += 1
            if not check(sentence.format(lie), rows=rows, context=context):
                passed.append(sentence.format(lie))
    assert len(alarms) <= 0.02 * told, alarms
    assert lied > 200 and len(passed) <= 0.01 * lied, passed


# -- hostile text ---------------------------------------------------------------------------------


def attacks() -> list[str]:
    """The texts of the injection corpus, where the data are there."""
    path = Path(os.environ.get("RECAGENT_BENCH_DATA", "")) / "attacks" / "injections.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]


def test_injected_texts_leave_nothing_behind(bundled: Bench) -> None:
    texts = attacks()
    if not texts:
        pytest.skip("RECAGENT_BENCH_DATA has no attacks")
    rows, context = scene(bundled, "movies", FILMS)
    for text in texts:
        grounded, _ = ground(f"Here is a film.\n{text}", rows, context)
        assert "ATTACK_ITEM" not in grounded and "NOT_IN_CATALOG" not in grounded, text
        assert not re.search(r"://|<\w|\[[^\]]*\]\(", grounded)
        assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", grounded)
        assert not re.search(r"[\U000e0000-\U000e007f]", grounded)
        assert "Here is a film." in grounded


@settings(max_examples=60, deadline=None)
@example(text="Æ\nA")
@given(text=st.text(max_size=200))
def test_any_text_is_read_and_grounding_is_stable(bundled: Bench, text: str) -> None:
    rows, context = scene(bundled, "movies", FILMS)
    grounded, _ = ground(text, rows, context)
    assert "\x1b" not in grounded
    again, corrections = ground(grounded, rows, context)
    assert not corrections and again == grounded


# -- our own words ----------------------------------------------------------------------------

REQUESTS = {
    "movies": (
        "90s sci-fi like Alien, but no horror", "something like Heat", "who directed Alien?",
        "a funny film under 90 minutes", "how many comedies from the 80s are there",
        "what is The Matrix about?",
        "films with Tom Hanks", "the newest horror films", "hidden gems from Japan",
        "a feel-good film for kids", "heist films", "how long is Heat?", "westerns from the 1960s",
        "something by Akira Kurosawa", "I loved Alien and Heat", "crime dramas in French",
        "a slow film about grief", "which genres are there?", "five thrillers after 2010",
        "short animated films", "nothing popular, some noir", "surprise me",
        "is Heat longer than Alien?", "war films, but no world war two", "best rated comedies",
        "who plays in Collateral?", "thanks!",
    ),
    "games": (
        "cosy farming games", "something like Portal", "puzzle games under 10 hours",
        "who made Hades?", "short games for the Switch", "horror games but not gory",
        "games like Stardew Valley with co-op", "how many roguelikes are there", "newest RPGs",
        "couch co-op games for two", "what is Hades about?", "games by Nintendo",
        "platformers from the 90s", "something relaxing", "longest strategy games",
        "I loved Portal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["movies", "games"])
def test_our_own_answers_raise_no_alarm(bundled: Bench, name: str) -> None:
    assistant = bundled[name]
    alarms = []
    for text in REQUESTS[name]:
        session = assistant.new_session()
        turn = assistant.ask(text, session=session)
        context = assistant.context(session, None)
        context.shown = session.shown
        liked = (assistant.catalog.row_of(m.id) for m in turn.request.liked if m.id)
        context.liked.extend(row for row in liked if row is not None)
        rows = [item.row for item in turn.items]
        faults = check(turn.text, rows=rows, context=context, request=turn.request)
        alarms += [("text", turn.text, faults)] if faults else []
        for item in turn.items:
            faults = check(
                item.reason, rows=rows, context=context, request=turn.request, about=item.row
            )
            alarms += [(item.label, item.reason, faults)] if faults else []
    assert alarms == []
