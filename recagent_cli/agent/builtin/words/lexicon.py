"""The lexicons: what words of a request mean, read once from the data files beside this module."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from recagent_catalogs.text import fold

from .caches import cached
from .phrases import Phrases
from .tables import load, tables

_BRACES = re.compile(r"\{([^{}]*)\}")


def expand(pattern: str) -> Iterator[str]:
    """Every phrase of a pattern with {a,b} alternatives; an alternative may be empty."""
    if "{" not in pattern:
        yield pattern
        return
    parts = _BRACES.split(pattern)
    choices = [[p] if i % 2 == 0 else p.split(",") for i, p in enumerate(parts)]
    for choice in itertools.product(*choices):
        yield " ".join("".join(choice).split())


@cached(100_000)
def singular(word: str) -> str:
    """A rough singular, the same for both numbers of a word: only for comparing keys."""
    if len(word) <= 3 or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "oes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


@cached(100_000)
def key_of(text: str) -> str:
    """The comparison key of a phrase: folded, the last word in the singular."""
    return folded_key(fold(text))


def folded_key(folded: str) -> str:
    """The comparison key of a phrase that is folded already."""
    head, _, last = folded.rpartition(" ")
    return f"{head} {singular(last)}" if head else singular(last)


@dataclass(frozen=True)
class Mood:
    """A mood or theme that no column has; see `moods.toml`."""

    values: tuple[str, ...]
    avoid: tuple[str, ...] = ()
    search: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    firm: bool = False


@dataclass(frozen=True)
class Quality:
    """A word for how good, known or new something is; see `quality.toml`."""

    weights: tuple[tuple[str, float], ...]
    values: tuple[str, ...] = ()
    say: str = ""


@dataclass(frozen=True)
class Audience:
    """For whom; see `audience.toml`."""

    level: float
    below: int
    values: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    say: str = ""


@dataclass(frozen=True)
class Compound:
    """Two kinds in one word; see `kinds.toml`."""

    all: tuple[str, ...]
    wish: tuple[str, ...] = ()


@dataclass(frozen=True)
class Language:
    """A language that is not understood; see `foreign.toml`."""

    say: str
    words: frozenset[str]


@dataclass(frozen=True)
class Nation:
    """Where something comes from; see `nations.toml`."""

    words: tuple[str, ...]
    names: tuple[str, ...]
    countries: tuple[str, ...]
    languages: tuple[str, ...]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All lexicons, phrases expanded and folded.

    Attributes:
        stop, filler, common: words without a wish, words of asking, ordinary words.
        acts: phrases and the acts they may be.
        moods, qualities, audiences, compounds: comparison key to entry.
        audience_levels: the audiences, youngest first.
        kinds: groups of words that mean the same kind.
        fallback_kinds: the same, for words that a catalog knows in no other way.
        nations, foreign: words for where something comes from, and for "not from here".
        hard, soft, idle: negation cues.
        bounds: what begins to describe the wanted noun again, behind a negation.
        numbers, decades, units, ordinals: words to values.
        generic: nouns for items of any domain.
        given: given names.
        nicknames: short names, to the given names they stand for.
        makers: people best known for making, where no column tells.
        before_names, after_names: words around the names of people and makers.
        also_nouns: kinds that are plain nouns as well.
        kin: words for children of one's own.
        company: words that end the name of a firm and are mostly left out.
        missing: role of a column to the words that ask for it.
        amounts: what a number tells ("lengths") to the words that ask for it.
        languages: those that are known only to be told.
        traits: what people are said to be beside their names.
        things: nouns for what some catalog holds, or none.
    """

    stop: frozenset[str]
    filler: frozenset[str]
    common: frozenset[str]
    acts: Phrases
    moods: Mapping[str, Mood]
    qualities: Mapping[str, Quality]
    audiences: Mapping[str, Audience]
    audience_levels: tuple[Audience, ...]
    compounds: Mapping[str, Compound]
    kinds: tuple[tuple[str, ...], ...]
    fallback_kinds: tuple[tuple[str, ...], ...]
    nations: tuple[Nation, ...]
    foreign: frozenset[str]
    hard: frozenset[str]
    soft: frozenset[str]
    idle: frozenset[str]
    bounds: frozenset[str]
    pronouns: frozenset[str]
    plural: frozenset[str]
    before_that: frozenset[str]
    after_that: frozenset[str]
    after_this: frozenset[str]
    ordinals: Mapping[str, int]
    older: frozenset[str]
    newer: frozenset[str]
    numbers: Mapping[str, int]
    decades: Mapping[str, int]
    units: Mapping[str, Mapping[str, float]]
    generic: frozenset[str]
    given: frozenset[str]
    nicknames: dict[str, tuple[str, ...]]
    makers: frozenset[str]
    before_names: frozenset[str]
    after_names: frozenset[str]
    missing: Mapping[str, tuple[str, ...]]
    amounts: Mapping[str, tuple[str, ...]]
    languages: tuple[Language, ...]
    traits: frozenset[str]
    things: frozenset[str]
    also_nouns: frozenset[str]
    company: frozenset[str]
    kin: frozenset[str]

    @property
    def longest_act(self) -> int:
        """Words in the longest act phrase that is looked for."""
        return 10


def _phrases(patterns: list[str]) -> frozenset[str]:
    # The data files are written folded: folding 20,000 phrases costs 100 ms.
    return frozenset(phrase for pattern in patterns for phrase in expand(pattern) if phrase)


def _entries(tables: list[dict[str, Any]], make: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in tables:
        entry = make(table)
        for phrase in (p for pattern in table["words"] for p in expand(pattern) if p):
            found.setdefault(folded_key(phrase), entry)
    return found


def _mood(table: dict[str, Any]) -> Mood:
    return Mood(
        tuple(table["values"]),
        tuple(table.get("avoid", ())),
        table.get("search", ""),
        table.get("weights", {}),
        table.get("firm", False),
    )


def _nation(table: dict[str, list[str]]) -> Nation:
    names = ("words", "names", "countries", "languages", "tags")
    return Nation(*(tuple(table.get(name, ())) for name in names))


def _quality(table: dict[str, Any]) -> Quality:
    return Quality(
        tuple(table["weights"].items()), tuple(table.get("values", ())), table.get("say", "")
    )


def _audience(table: dict[str, Any]) -> Audience:
    return Audience(
        table["level"],
        table["below"],
        tuple(table.get("values", ())),
        tuple(table.get("avoid", ())),
        table.get("say", ""),
    )


def _compound(table: dict[str, Any]) -> Compound:
    return Compound(tuple(table["all"]), tuple(table.get("wish", ())))


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicons; loaded at the first call, then shared."""
    words, talk, times = load("words"), load("dialogue"), load("periods")
    kinds, audiences, nations = load("kinds"), load("audience")["audience"], load("nations")
    levels = sorted(
        (_audience(table) for table in audiences if table["below"]), key=lambda a: a.below
    )
    negation, pointing, compared = talk["negation"], talk["references"], talk["comparatives"]
    return Lexicon(
        stop=frozenset(words["stop"].split()),
        filler=frozenset(words["filler"].split()),
        common=frozenset(words["common"].split()),
        acts=tables().acts,
        moods=_entries(load("moods")["mood"], _mood),
        qualities=_entries(load("quality")["quality"], _quality),
        audiences=_entries(audiences, _audience),
        audience_levels=tuple(levels),
        compounds=_entries(kinds["compound"], _compound),
        kinds=tuple(tuple(map(fold, group)) for group in kinds["kinds"]),
        fallback_kinds=tuple(tuple(group) for group in kinds["fallback"]),
        nations=tuple(_nation(table) for table in nations["nation"]),
        foreign=_phrases(nations["foreign"]),
        hard=_phrases(negation["hard"]),
        soft=_phrases(negation["soft"]),
        idle=_phrases(negation["idle"]),
        bounds=_phrases(negation["bounds"]),
        pronouns=_phrases(pointing["pronouns"]),
        plural=_phrases(pointing["plural"]),
        before_that=frozenset(pointing["before_that"].split()),
        after_that=frozenset(pointing["after_that"].split()),
        after_this=frozenset(pointing["after_this"].split()),
        ordinals=pointing["ordinals"],
        older=_phrases(compared["older"]),
        newer=_phrases(compared["newer"]),
        numbers=times["numbers"],
        decades=times["decades"],
        units=times["units"],
        generic=frozenset(words["generic"].split()),
        given=frozenset(load("names")["given"].split()),
        nicknames={short: tuple(full) for short, full in load("names")["nicknames"].items()},
        makers=frozenset(load("names")["makers"]),
        before_names=frozenset(words["before_names"].split()),
        after_names=frozenset(words["after_names"].split()),
        also_nouns=frozenset(words["also_nouns"].split()),
        company=frozenset(words["company"].split()),
        kin=frozenset(words["kin"].split()),
        traits=frozenset(words["traits"].split()),
        things=frozenset(words["things"].split()),
        languages=tuple(
            Language(table["say"], frozenset(table["words"].split()))
            for table in load("foreign")["language"]
        ),
        missing={role: tuple(cues) for role, cues in talk["missing"].items()},
        amounts={noun: tuple(cues) for noun, cues in talk["amounts"].items()},
    )


@lru_cache(maxsize=1)
def opposites() -> Mapping[str, frozenset[str]]:
    """Comparison key of a word to those of its opposites; loaded at the first call."""
    found: dict[str, frozenset[str]] = {}
    for axis in load("opposites")["axis"]:
        one, other = (frozenset(map(key_of, axis[side])) for side in ("one", "other"))
        for words, against in ((one, other), (other, one)):
            for word in words:
                found[word] = found.get(word, frozenset()) | against
    return found
