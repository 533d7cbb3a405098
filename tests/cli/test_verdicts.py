# ruff: noqa: E501
"""Verdicts on items in words: noted only where this person states one of this item."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn, TurnView
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.told import told_of
from recagent_cli.agent.request import Intent, Request
from recagent_tools.toolbox import EmptyProfile
from tests.cli import builtin_catalogs

SHOWN = (0, 1, 2, 3, 4)
FIRST = PastTurn("something", "Five.", SHOWN, Request(Intent.RECOMMEND))
MAKERS: dict[str, Callable[[Path], Catalog]] = {
    "films": builtin_catalogs.films,
    "games": builtin_catalogs.games,
}
Noted = Callable[..., list[str]]


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Noted:
    """What is noted of a turn, after a list of the catalog's first five items."""
    parsers = {
        name: Parser(make(tmp_path_factory.mktemp(name)), year=lambda: 2026)
        for name, make in MAKERS.items()
    }

    def say(text: str, name: str = "films") -> list[str]:
        parser = parsers[name]
        context = SimpleNamespace(
            catalog=parser.catalog, shown=SHOWN, profile=EmptyProfile(), liked=[], disliked=[]
        )
        view = SimpleNamespace(
            utterance=text, request=parser.parse(text, [FIRST]), history=[FIRST], context=context
        )
        titles = dict(
            zip(parser.catalog.ids(range(parser.catalog.n_items)), range(10**6), strict=False)
        )
        return sorted(
            f"{kind} {parser.catalog.label(titles[what]).rsplit(' (', 1)[0] if what in titles else what}"
            for kind, found in told_of(cast(TurnView, view)).items()
            for what in found
        )

    return say


def cases(name: str, table: str) -> list[tuple[str, str, list[str]]]:
    """Lines "words -> what is noted", nothing behind the arrow for nothing."""
    rows = (line.split("->") for line in table.strip().splitlines())
    return [
        (name, words.strip(), sorted(part.strip() for part in told.split(";") if part.strip()))
        for words, told in rows
    ]


OTHERS = cases(
    "films",
    """
    my husband loved Titanic ->
    my wife and kids really loved Titanic ->
    my wife and I loved Titanic -> liked Titanic
    everyone says Amelie is great ->
    they say Titanic is great ->
    I hear Titanic is good ->
    I hear everyone loves Titanic ->
    everyone hates Titanic ->
    critics love Titanic ->
    my wife can't stand Titanic ->
    my friend thinks Titanic was great ->
    Titanic is my wife's favorite film ->
    Titanic is great, apparently ->
    Titanic is said to be great ->
    my son saw Amelie and loved it ->
    I watched Amelie. My wife loved it -> seen Amelie
    something for my wife who loved Titanic ->
    my wife hated 2 ->
    my wife loved Titanic and I loved Amelie -> liked Amelie
    my wife loved Titanic, I hated Amelie -> disliked Amelie
    people keep telling me Titanic is great ->
    nobody likes Titanic ->
    you said I hated Titanic ->
    """,
)
TURNED = cases(
    "films",
    """
    Titanic was not bad ->
    Titanic wasn't terrible ->
    I didn't hate Titanic ->
    I don't hate Titanic ->
    I never disliked Titanic ->
    I might like Titanic ->
    I wanted to like Titanic ->
    would I like Titanic? ->
    did I like Titanic? ->
    if I liked Titanic what else? ->
    what should I watch if I loved Titanic ->
    I'd love Titanic ->
    I used to love Titanic ->
    forget that I liked Titanic ->
    I hated the ending of Titanic ->
    I liked the music in Titanic ->
    I don't think I liked Titanic ->
    I wish I liked Titanic ->
    I expected to hate Titanic ->
    neither of us liked Titanic ->
    it's not that I hate Titanic ->
    i dont want you to know I like Titanic ->
    """,
)
STATED = cases(
    "films",
    """
    I dont like Titanic -> disliked Titanic
    I don't like 3 -> disliked Blade Runner
    I dont like Amelie anymore -> disliked Amelie
    I no longer like Toy Story -> disliked Toy Story
    I never liked Titanic -> disliked Titanic
    actually I never liked Psycho -> disliked Psycho
    I never really cared for Titanic -> disliked Titanic
    I'm not a fan of Titanic -> disliked Titanic
    I can't stand Titanic -> disliked Titanic
    I hated Titanic, Amelie and Parasite -> disliked Titanic; disliked Amelie; disliked Parasite
    I loved Titanic and Amelie -> liked Titanic; liked Amelie
    I loved Titanic but hated Amelie -> liked Titanic; disliked Amelie
    4 is boring, 5 is awesome -> disliked The Matrix; liked Contact
    1 was great, 2 was bad -> liked Alien; disliked Aliens
    I think Titanic was great -> liked Titanic
    I guess I liked Titanic -> liked Titanic
    because I loved Titanic -> liked Titanic
    remember that I love Titanic -> liked Titanic
    I love Titanic, anything similar? -> liked Titanic
    my favorite film is Titanic -> liked Titanic
    I watched Amelie, loved it -> seen Amelie; liked Amelie
    never show me Titanic -> never Titanic
    please don't show me Titanic again -> never Titanic
    i luv Heat -> liked Heat
    we both enjoyed Titanic -> liked Titanic
    don't get me wrong, I loved Titanic -> liked Titanic
    I liked Titanic more than Amelie -> liked Titanic
    3 is not for me -> disliked Blade Runner
    my partner and I both hated Titanic -> disliked Titanic
    2 and 3 are boring, 1 is great -> disliked Aliens; disliked Blade Runner; liked Alien
    1 was gr8, 4 meh -> liked Alien; disliked The Matrix
    i've already seen number 2 and 3 -> seen Aliens; seen Blade Runner
    not interested in 2 -> rejected Aliens
    I hate that I love Titanic -> liked Titanic
    that one was boring ->
    I hated that one ->
    never show me that again ->
    hide the first one for good -> never Alien
    hate musicals -> disliked genres=Musical
    I no longer like musicals -> disliked genres=Musical
    """,
)
GAMES = cases(
    "games",
    """
    my brother loved Hades ->
    everyone says Hades is great ->
    I didn't hate Hades ->
    I never liked Hades -> disliked Hades
    I dont like Portal 2 anymore -> disliked Portal 2
    I loved Hades but hated Celeste -> liked Hades; disliked Celeste
    """,
)


@pytest.mark.parametrize(("name", "words", "told"), [*OTHERS, *TURNED, *STATED, *GAMES])
def test_a_verdict_is_noted_where_it_is_stated(
    noted: Noted, name: str, words: str, told: list[str]
) -> None:
    assert noted(words, name) == told


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("I don't mind musicals", ()),
        ("I don't hate musicals", ()),
        ("I am ok with musicals", ()),
        ("I'm fed up with musicals", ("genres lacks Musical",)),
    ],
)
def test_what_is_not_minded_is_left_out_no_more(
    tmp_path: Path, words: str, left: tuple[str, ...]
) -> None:
    parser = Parser(builtin_catalogs.films(tmp_path), year=lambda: 2026)
    no = parser.parse("no musicals")
    assert no.conditions == ("genres lacks Musical",)
    request = parser.parse(words, [PastTurn("no musicals", "Five.", SHOWN, no)])
    assert request.conditions == left and request.intent is Intent.REFINE


@pytest.mark.parametrize("words", ["that one was boring", "never show me that again"])
def test_that_one_is_the_one_talked_of_or_asked_for(tmp_path: Path, words: str) -> None:
    parser = Parser(builtin_catalogs.films(tmp_path), year=lambda: 2026)
    asked = parser.parse(words, [FIRST])
    assert "Which one" in asked.clarify and not asked.disliked
    about = PastTurn("…", "…", (), parser.parse("what is number 3 about?", [FIRST]))
    request = parser.parse(words, [FIRST, about])
    assert not request.clarify
    assert [mention.title for mention in request.disliked] == ["Blade Runner (1982)"]
