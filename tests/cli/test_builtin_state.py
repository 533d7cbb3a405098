"""What holds over the turns: dialogues with the request that each turn must give.

A dialogue is lines of three kinds: `U:` what the person says, `=` what must be so of the request
after it (`key: values`, several values joined by `;`; only the keys given are compared, `where`
wholly), `A:` what is shown then (titles joined by `;`), `S:` the words said then.
"""

# ruff: noqa: E501  (one turn a line)
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.request import Mention, Request
from tests.cli import builtin_catalogs

FILMS = """
# constraints carry on, one after the other
U: something with Tom Hanks
= where: cast has Tom Hanks
A: Big; Toy Story
U: from the 90s
= where: cast has Tom Hanks; year 1990..1999 | intent: refine
A: Toy Story
U: or the 2000s, that's fine too
= where: cast has Tom Hanks; year 1990..2009
A: Cast Away
U: no cartoons
= where: cast has Tom Hanks; year 1990..2009; genres lacks Animation

# another value of the same sort replaces after a list; "also" adds
U: comedies
A: Big; Amelie
U: thrillers
= where: genres has Thriller
A: Heat; Se7en
U: also with some drama
= where: genres has Thriller; genres has Drama
A: Captain Phillips
U: actually make it westerns
= where: genres has Western

# a person replaces a person
U: dramas with Tom Hanks
A: Cast Away
U: with Bill Murray instead
= where: genres has Drama; cast has Bill Murray
A: Lost in Translation
U: what about Ethan Hawke?
= where: genres has Drama; cast has Ethan Hawke

# before any list, values are joined
U: I'm in the mood for sci-fi
= where: genres has Sci-Fi
S: Any actor you like?
U: Harrison Ford maybe
= where: genres has Sci-Fi; cast has Harrison Ford
U: and something dark
= where: genres has Sci-Fi; cast has Harrison Ford

# years are overridden, then taken back
U: horror from the 80s
= where: genres has Horror; year 1980..1989
A: The Shining
U: make that the 70s
= where: genres has Horror; year 1970..1979
A: Alien
U: any year is fine
= where: genres has Horror | intent: refine

# genre taken back
U: 90s comedies
A: Groundhog Day
U: the genre doesn't matter
= where: year 1990..1999

# director taken back
U: thrillers by Hitchcock
A: Psycho; Vertigo
U: I don't care who directs
= where: genres has Thriller

# start over
U: 90s romances with Hugh Grant
A: Notting Hill
U: let's start over
= where: | liked:
U: war films
= where: genres has War

# start over with a new wish in the same turn
U: 90s romances with Hugh Grant
A: Notting Hill
U: forget all that, show me westerns
= where: genres has Western

# opposite polarity removes: exclusion, then wanted after all
U: scary films, no thrillers
= where: genres has Horror; genres lacks Thriller
A: The Shining
U: ok, thrillers are fine after all
= where: genres has Horror
A: Psycho
U: no horror please
= where: genres lacks Horror

# "anything except", with an exception that is fine
U: anything except horror, though thrillers are fine
= where: genres lacks Horror
A: Heat
U: and no westerns either
= where: genres lacks Horror; genres lacks Western

# everything but
U: I like everything but fantasy
= where: genres lacks Fantasy
A: Heat; Alien
U: anything with Tom Hanks?
= where: genres lacks Fantasy; cast has Tom Hanks

# any genre but
U: any genre but romance, from the 90s
= where: genres lacks Romance; year 1990..1999

# scary but not gory: what is no genre is only avoided
U: something scary but not gory
= where: genres has Horror

# a described genre is not excluded whole
U: a comedy, but not a stupid comedy
= where: genres has Comedy

# negated predicate with "too"
U: a thriller that isn't too violent
= where: genres has Thriller

# a question excludes nothing
U: thrillers
A: Heat; Psycho
U: isn't Psycho a horror film?
= intent: item_info
U: more
= where: genres has Thriller | intent: more

# the scope ends at a new subject and verb, without any mark
U: I don't like horror I love comedies
= where: genres lacks Horror; genres has Comedy

# ... also with "we want"
U: we hate westerns we want something romantic with drama
= where: genres lacks Western; genres has Romance; genres has Drama

# lists under one negation
U: no horror, westerns or musicals
= where: genres lacks Horror; genres lacks Western; genres lacks Musical

# nor
U: neither war nor westerns please, a drama
= where: genres lacks War; genres lacks Western; genres has Drama

# do not suggest a title
U: mystery films, but do not suggest Chinatown
= where: genres has Mystery | disliked: Chinatown (1974)
A: Vertigo
U: another
= where: genres has Mystery | disliked: Chinatown (1974) | intent: more

# blame stands after the noun
U: Titanic was awful, something else with DiCaprio
= disliked: Titanic (1997) | where: cast has Leonardo DiCaprio

# a film blamed by pronoun after it was named
U: something like Heat, not like Fight Club, I can't stand that movie
= liked: Heat (1995) | disliked: Fight Club (1999)

# praise of the one shown adds it as liked
U: a crime film
A: Heat
U: yes that was great
= liked: Heat (1995) | intent: feedback
U: anything else?
= liked: Heat (1995) | where: genres has Crime | intent: more

# praise without any pronoun
U: a romance
A: Amelie
U: oh very nice film
= liked: Amelie (2001)

# loved that one too
U: films like Heat
= liked: Heat (1995)
A: Se7en
U: loved that one too
= liked: Heat (1995); Se7en (1995)

# praise of several shown
U: animation
A: Spirited Away; My Neighbor Totoro
U: I adored both of them
= liked: Spirited Away (2001); My Neighbor Totoro (1988)

# the second of three is praised
U: thrillers
A: Heat; Psycho; Vertigo
U: loved the second one
= liked: Psycho (1960)
U: more like that
= liked: Psycho (1960) | where: genres has Thriller

# hated is disliked, not liked
U: horror
A: It; Psycho
U: I hated the first one
= disliked: It (2017) | liked:
U: something else then
= disliked: It (2017) | where: genres has Horror

# seen and praised
U: crime
A: Heat; Se7en
U: seen them both, loved Se7en
= seen: Heat (1995); Se7en (1995) | liked: Se7en (1995)

# never seen: nothing disliked
U: horror
A: Psycho
U: I have never watched it but I will
= disliked: | liked: | intent: feedback

# seen without praise is no taste
U: crime
A: Heat
U: already seen it
= seen: Heat (1995) | liked: | disliked:

# small talk and thanks leave the state alone; the closing uses none
U: 90s sci-fi
A: Contact
U: haha ok
U: sounds good, thanks!
= intent: closing | where:
U: war films
= where: genres has War

# describing what was seen asks for nothing
U: a musical
A: Chicago
U: I saw Amelie recently. It's a bit of a classic
= where: genres has Musical | weights:
U: and what I saw was an old film
= where: genres has Musical

# older, relative to the list
U: thrillers
A: Heat; Se7en
U: something older
= where: genres has Thriller; year ..1994
A: Psycho
U: even older
= where: genres has Thriller; year ..1959

# newer than a film that is named
U: sci-fi newer than The Matrix
= where: genres has Sci-Fi; year 2000..

# newer films like X is no comparison with X
U: I prefer newer movies, stuff like Dunkirk
= where: | liked: Dunkirk (2017) | weights: recency

# older movies like X neither
U: older movies like Inception
= where: | liked: Inception (2010) | weights: recency

# but shorter; but newer
U: epic dramas
A: The Godfather; Seven Samurai
U: but shorter
= where: genres has Drama; runtime < 191
A: Heat
U: and newer
= where: genres has Drama; runtime < 191; year 1996..

# less violent is a wish, not a filter
U: crime films
A: Heat; Se7en
U: less violent
= where: genres has Crime | avoids: violent

# not those, another, anything else
U: romance
A: Amelie; Titanic
U: not those
= where: genres has Romance | more: yes | disliked:
A: Notting Hill
U: another
= where: genres has Romance | intent: more
A: Before Sunrise
U: anything else?
= where: genres has Romance | intent: more
A: Her
U: show me some others
= where: genres has Romance | intent: more

# an ordinal, then a pronoun, then a question on it
U: thrillers
A: Heat; Psycho; Vertigo
U: tell me about the last one
= about: Vertigo (1958)
U: how long is it?
= about: Vertigo (1958) | question: runtime
U: and who's in it?
= about: Vertigo (1958) | question: cast
U: something shorter
= where: genres has Thriller; runtime < 128

# what was taken is what is talked of
U: a romance
A: Amelie; Titanic; Her
U: Titanic sounds good
= about: Titanic (1997) | intent: feedback
U: who directed it?
= about: Titanic (1997) | question: directors
U: and how long is that?
= about: Titanic (1997) | question: runtime

# a farewell with the film that was taken
U: a romance
A: Amelie; Titanic
U: Amelie is perfect, that's all, thanks
= about: Amelie (2001) | intent: closing

# the one with ...
U: thrillers
A: Heat; Psycho; Vertigo
U: who directed the one with Kim Novak?
= about: Vertigo (1958) | question: directors
U: tell me about the one from 1995
= about: Heat (1995)

# the western one, the Hitchcock one
U: films with Clint Eastwood
A: Unforgiven; Gran Torino
U: how long is the western?
= about: Unforgiven (1992) | question: runtime

# a part of a title shown
U: crime
A: The Godfather; The Usual Suspects
U: who directed the suspects one?
= about: The Usual Suspects (1995)

# first two
U: animation
A: Spirited Away; My Neighbor Totoro; Up
U: I've seen the first two
= seen: Spirited Away (2001); My Neighbor Totoro (1988)

# a date is no place in the list
U: romance
A: Amelie; Titanic; Her
U: I will watch Titanic then, on the 3rd
= disliked: | liked:

# not at this moment
U: romance
A: Amelie
U: nah, not right now
= disliked:

# a yes to the question that was asked
U: something like Heat
S: Do you like thrillers?
U: yes
= where: genres has Thriller | liked: Heat (1995)

# ... with more said
U: hello
S: Hello! Do you like documentaries?
U: I adore those, have you got any decent ones?
= where: genres has Documentary

# a no to it takes nothing
U: something like Heat
S: Do you like thrillers?
U: no
= where:

# what the person would rather have is taken instead
U: something like Heat
S: Are you looking for a thriller?
U: no, a comedy
= where: genres has Comedy

# or, and
U: comedy or drama
= where: genres has Comedy | Drama
A: Big; Cast Away
U: war and drama
= where: genres has War; genres has Drama
A: 1917
U: just war
= where: genres has War

# narrowing a choice down
U: comedy or drama
A: Big; Cast Away
U: just comedy please
= where: genres has Comedy

# relative periods against the present year
U: dramas of the last ten years
= where: genres has Drama; year 2016..
A: Parasite
U: no older than five years
= where: genres has Drama; year 2021..
A: Parasite
U: ok, any year
= where: genres has Drama

# a hedge: what is only maybe wanted is still what is looked for
U: maybe a western
= where: genres has Western

# ... but moves the order only beside a plain wish
U: a thriller, maybe with some romance
= where: genres has Thriller

# preferably
U: a film, preferably a comedy
= where: genres has Comedy

# counts carry on
U: 3 dramas
= count: 3
A: Cast Away; Heat; Titanic
U: and comedies
= count: 3

# a count alone
U: war films
A: Dunkirk; 1917
U: give me 5
= count: 5 | where: genres has War

# a question between two requests
U: 80s horror
A: The Shining
U: how many comedies do you have?
= intent: aggregate
U: more please
= where: genres has Horror; year 1980..1989

# still a comedy
U: comedies from the 90s
A: Groundhog Day
U: newer, but still a comedy
= where: genres has Comedy; year 1994..

# I still want is no "also"
U: animation
A: Up
U: I still want something to watch. How about a drama by Clint Eastwood?
= where: genres has Drama; directors has Clint Eastwood

# what is blamed and wanted back
U: no comedies
= where: genres lacks Comedy
A: Heat
U: actually a comedy would be nice
= where: genres has Comedy

# seed changed
U: something like Alien
= liked: Alien (1979)
A: Aliens
U: more like Contact
= liked: Alien (1979); Contact (1997)

# forget the seed
U: something like Alien and Titanic
= liked: Alien (1979); Titanic (1997)
A: Aliens
U: forget Titanic
= liked: Alien (1979)

# audience holds
U: something for my 6 year old
= where: audience <= all
A: Up
U: with animals
= where: audience <= all

# language holds, then is opened
U: japanese films
A: Seven Samurai
U: any language is fine
= where:

# too long
U: crime films
A: The Godfather; Heat
U: those are too long
= where: genres has Crime; runtime < 172.5 | disliked:

# too old
U: films by Hitchcock
A: Psycho; Vertigo
U: they're too old
= where: directors has Alfred Hitchcock; year 1961..

# how about a title is a seed
U: comedies
A: Big
U: how about Ghostbusters?
= liked: Ghostbusters (1984) | where: genres has Comedy

# a film and its verdict stand in one turn with a request
U: I watched Up with the kids and they hated it, something like Toy Story please
= disliked: Up (2009) | liked: Toy Story (1995)

# negated taste is no seed
U: I didn't like Inception at all
= disliked: Inception (2010) | liked:
U: sci-fi please
= where: genres has Sci-Fi | disliked: Inception (2010) | liked:

# except a title
U: films by Miyazaki except Spirited Away
= where: directors has Hayao Miyazaki | disliked: Spirited Away (2001)

# not into, unless modified
U: I'm not into superhero movies, but crime is great
= where: genres has Crime

# rather than
U: a drama rather than a comedy
= where: genres has Drama; genres lacks Comedy

# don't want anything with
U: sci-fi, I don't want anything with horror in it
= where: genres has Sci-Fi; genres lacks Horror

# "not only"
U: not only comedies, dramas too
= where: genres has Comedy | Drama

# a wish made after a refused list
U: 90s films
A: Heat; Se7en
U: nah, too dark, something lighter
= where: year 1990..1999; tags lacks dark | creepy | more: yes

# praise of what was offered beside another title
U: a comedy
A: Groundhog Day
U: ha, that one was hilarious! I liked Ghostbusters as well
= liked: Ghostbusters (1984); Groundhog Day (1993)

# okay is no praise
U: a comedy
A: Groundhog Day
U: I saw Big, it was okay
= seen: Big (1988) | liked:

# seen and not seen in one breath
U: war films
A: Dunkirk; 1917
U: I watched Dunkirk that was superb never saw the other
= liked: Dunkirk (2017)

# a question leaves what is wanted as it is, and keeps the verdict beside it
U: crime from the 90s
A: Heat; Se7en
U: who directed the second one?
= intent: item_info | about: Se7en (1995)
U: more
= where: genres has Crime; year 1990..1999

# another one, after thanks
U: 90s sci-fi
A: Contact
U: thanks!
= intent: closing | where:
U: another one please
= where: genres has Sci-Fi; year 1990..1999 | list: yes

# praise beside a question is kept
U: crime films
A: Heat; Se7en
U: I loved Se7en! who directed it?
= intent: item_info | about: Se7en (1995)
U: more please
= liked: Se7en (1995) | where: genres has Crime
"""

GAMES = """
# carried over and opened again
U: puzzle games on PC
= where: genres has Puzzle; platforms has PC
A: Portal; Portal 2
U: with co-op
= where: genres has Puzzle; platforms has PC; modes has co-op
A: Portal 2
U: any platform is fine
= where: genres has Puzzle; modes has co-op

# replaced
U: RPGs
A: Stardew Valley
U: shooters instead
= where: genres has Shooter
A: Doom
U: nothing violent though
= where: genres has Shooter; tags lacks violent

# played it
U: shooters
A: Doom; Half-Life 2
U: played both
= seen: Doom (1993); Half-Life 2 (2004)
U: something newer
= where: genres has Shooter; year 2005..

# shorter than the one shown
U: something like Portal 2
A: Celeste
U: shorter
= where: hours < 8

# exclusion holds over a new genre
U: anything but shooters
= where: genres lacks Shooter
A: Hades
U: strategy
= where: genres lacks Shooter; genres has Strategy

# the first one
U: roguelikes
A: Hades; Slay the Spire
U: who made the first one?
= about: Hades (2020) | question: developers
U: more like that
= liked: Hades (2020)
"""

BOOKS = """
# author, then year
U: books by Agatha Christie
= where: authors has Agatha Christie
A: And Then There Were None
U: older than that
= where: authors has Agatha Christie; year ..1938

# not that author again
U: mystery novels
A: And Then There Were None
U: something not by Agatha Christie
= where: genres has Mystery; authors lacks Agatha Christie

# read already
U: fantasy
A: The Hobbit
U: I've read it, loved it
= seen: The Hobbit (1937) | liked: The Hobbit (1937)
"""


def _split(domain: str, table: str) -> list[tuple[str, str, list[str]]]:
    found: list[tuple[str, str, list[str]]] = []
    for block in table.strip().split("\n\n"):
        name, *lines = block.splitlines()
        found.append((domain, name.removeprefix("# "), lines))
    return found


ALL = [*_split("films", FILMS), *_split("games", GAMES), *_split("books", BOOKS)]


@pytest.fixture(scope="session")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Catalog]:
    return {
        name: getattr(builtin_catalogs, name)(tmp_path_factory.mktemp(name))
        for name in ("films", "games", "books")
    }


def _titles(mentions: tuple[Mention, ...]) -> list[str]:
    return sorted(m.title if m.id else f"{m.text}?" for m in mentions)


SHOWS: dict[str, Callable[[Request], list[str]]] = {
    "intent": lambda r: [str(r.intent)],
    "where": lambda r: sorted(r.conditions),
    "liked": lambda r: _titles(r.liked),
    "disliked": lambda r: _titles(r.disliked),
    "seen": lambda r: _titles(r.seen),
    "about": lambda r: _titles(r.about),
    "weights": lambda r: sorted(dict(r.weights)),
    "count": lambda r: [str(r.count)],
    "question": lambda r: [r.question.column if r.question else "none"],
    "search": lambda r: [r.search],
    "more": lambda r: ["yes" if r.exclude_shown else "no"],
    "list": lambda r: ["yes" if wants_list(r) else "no"],
    "avoids": lambda r: sorted(w.text for w in r.wishes if w.weight < 0),
}


def _check(request: Request, said: str, expected: str) -> None:
    for part in re.split(r" \| (?=\w+:)", expected.removeprefix("= ")):
        key, _, told = part.partition(":")
        wanted = sorted(v.strip() for v in told.split(";") if v.strip())
        assert SHOWS[key](request) == wanted, f"{said!r}: {key} in {request}"


@pytest.mark.parametrize(
    ("domain", "name", "lines"), ALL, ids=[f"{domain}: {name}" for domain, name, _ in ALL]
)
def test_dialogue(domain: str, name: str, lines: list[str], catalogs: dict[str, Catalog]) -> None:
    catalog = catalogs[domain]
    parser = Parser(catalog, year=lambda: 2026)
    history: list[PastTurn] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "U:":
            history.append(PastTurn(rest, "", (), parser.parse(rest, history)))
        elif kind == "A:":
            rows = tuple(catalog.titles.exact(fold(title.strip()))[0] for title in rest.split(";"))
            history[-1] = replace(history[-1], shown=rows)
        elif kind == "S:":
            history[-1] = replace(history[-1], text=rest)
        else:
            request = history[-1].request
            assert request is not None
            _check(request, history[-1].utterance, line)
