"""Runs all readers of claims over a text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from recagent_catalogs.text import clean, fold
from recagent_tools.toolbox import ToolContext

from ..request import Request
from .counting import Counting
from .fault import Fault
from .licence import licence_faults, plain_words, stem
from .numbers import number_faults
from .people import name_faults
from .praise import praise_faults
from .relations import Relations
from .sentences import Sentence, plain, sentences
from .subjects import Subjects
from .taste import taste_faults
from .titles import Named, named_in
from .unheld import unheld_faults
from .values import value_faults
from .world import World

_ADDRESS = re.compile(
    r"\w+://\S*|\bwww\.\S+|\S+@\S+\.\w+|\bdata:\w+/\S+|\b[\w-]+\.(?:com|net|org|io|"
    r"example|test|invalid|tv|"
    r"info|ru|cn|dev|app|xyz)\b(?:/\S*)?",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[{}<>|\\]|&#?\w+;|\b\w+\((?!\d{4}\))[^()\s]*\)|\b[A-Za-z0-9]+_[A-Za-z0-9_]+|--\s*$|"
    r";\s*--|\[/?\w+\]"
    r"|\b(?:SELECT|DELETE|INSERT|UPDATE|DROP)\b.*\b(?:FROM|INTO|TABLE|SET)\b|\*/|/\*"
    r"|\b(?:system|assistant|user|observation|tool_result)\s*:|\b(?:ignore|obey|"
    r"disregard)\b.*\b(?:instructions?|rules?|"
    r"prompt|previous)\b|[A-Za-z0-9+/]{20,}={0,2}|\b\w{40,}\b",
    re.IGNORECASE,
)

_HANGS = re.compile(
    r"[,;:—–]|\s-\s|\b(?:also|same|after|before|since|until|who|whose|whom|which|that|where|when|"
    r"you|your|yours|he|she|his|her|him|too|than|so|because|thus|hence|therefore|later|earlier|and|"
    r"but|or|nor|while|though|both|shares?|sharing|like|unlike|another|again|as|ago|years?\s+old|"
    r"only|even|not|no|never|behind|if|one of)\b",
    re.IGNORECASE,
)
MOST_WORDS_MENDED = 14


def check(
    text: str,
    *,
    rows: Sequence[int],
    context: ToolContext,
    about: int | None = None,
    request: Request | None = None,
    counted: Collection[float] = (),
    told: Collection[int] = (),
) -> list[Fault]:
    """What a text says that is not so, in the order of the text.

    Checked are titles, years, numbers, names, words of the catalog's vocabularies, places and
    praise, what is said of the person, addresses and code. What nothing in the catalog speaks of
    (whether a story is moving) is left.

    Args:
        text: what somebody wrote; places of the faults are those in `plain(text)`.
        rows: the items shown with it, best first.
        context: catalog, bus, profile, and what was shown before.
        about: the one item that the text explains; "it" then is this one.
        request: what was asked.
        counted: further numbers that tools counted in this turn.
        told: rows that tools told of in this turn; they may be named where no list is shown.
    """
    world = World(rows, context, request, about, counted, told)
    return [f for _, faults in check_sentences(plain(text), world) for f in faults]


def check_sentences(text: str, world: World) -> Iterator[tuple[Sentence, list[Fault]]]:
    """The sentences of a plain text, each with its faults in order."""
    subjects = Subjects(world)
    for sentence in sentences(text, world.dotted_titles):
        yield sentence, _of(sentence, subjects, world)


def _of(sentence: Sentence, subjects: Subjects, world: World) -> list[Fault]:
    if bad := list(_marks(sentence)):
        return bad
    named = named_in(sentence, world)
    subjects.begin(sentence, named)
    relations = Relations(sentence, named, subjects, world)
    counting = Counting(sentence, named, world)
    related, counted = list(relations.faults()), list(counting.faults())
    faults = [
        *_titles(named, sentence, world),
        *number_faults(sentence, named, subjects, world),
        *name_faults(sentence, named, subjects, world),
        *value_faults(sentence, named, subjects, world),
        *praise_faults(sentence, named, subjects, world),
        *taste_faults(sentence, named, world),
    ]
    # What was counted over the list is proven, whatever it may look like to the readers of one row.
    faults = [
        f
        for f in faults
        if not any(a <= f.start < b for a, b in counting.proven) and not _is_opinion(f)
    ]
    proven = (*relations.proven, *counting.proven)
    faults += [*related, *counted, *licence_faults(sentence, named, subjects, world, proven)]
    faults += unheld_faults(sentence, named, subjects, world)
    subjects.end()
    found = sorted(_once(faults), key=lambda fault: (fault.start, fault.end))
    if not _stands_alone(sentence, named, found):
        found = [replace(fault, mend="") for fault in found]
    return found


def _is_opinion(fault: Fault) -> bool:
    """Whether a word that is a tag elsewhere is only an opinion: "tense"."""
    words = fold(fault.text).split()
    return fault.kind == "value" and all(stem(word) in plain_words().opinions for word in words)


def _stands_alone(sentence: Sentence, named: Sequence[Named], faults: Sequence[Fault]) -> bool:
    """Whether a value may be replaced: nothing else in the sentence hangs on it.

    "Released in 1979, the same year as Alien" must not become "Released in 1995, the same year as
    Alien": only a short, plain statement on one title is mended.
    """
    if not faults:
        return True
    text = sentence.text
    first = faults[0].start - sentence.start
    start = text.rfind(";", 0, first) + 1  # what stands before a semicolon hangs on nothing behind
    for one in named:
        at, end = one.start - sentence.start, one.end - sentence.start
        text = text[:at] + " " * (end - at) + text[end:]
    if sum(one.start - sentence.start >= start for one in named) > 1:
        return False
    if len(text[start:].split()) > MOST_WORDS_MENDED or _HANGS.search(text, start):
        return False
    words = [word.folded for word in sentence.words]
    if any(stem(word) in plain_words().opinions for word in words):
        return False  # "a serious drama" is no "serious comedy"
    return all(words.count(part) == 1 for f in faults for part in fold(f.text).split())


def _once(faults: Sequence[Fault]) -> list[Fault]:
    """One fault for one place: the first reader that saw it."""
    kept: list[Fault] = []
    for fault in faults:
        if not any(f.start <= fault.start and fault.end <= f.end for f in kept):
            kept.append(fault)
    return kept


def _marks(sentence: Sentence) -> Iterator[Fault]:
    """Addresses, code, and orders to a model: nothing of it belongs into an answer."""
    for kind, pattern in (("address", _ADDRESS), ("code", _CODE)):
        match = pattern.search(sentence.text)
        if match:
            start = sentence.start + match.start()
            told = clean(match[0], 80)
            yield Fault("factual", kind, match[0], start, start + len(match[0]), told)


def _titles(named: Sequence[Named], sentence: Sentence, world: World) -> Iterator[Fault]:
    """Titles that must not be named here: in no catalog, or not of this list."""
    for one in named:
        if one.rows:
            continue
        if one.known:
            exact = world.catalog.titles.find(one.text, limit=3)
            if any(world.same_series(match.row) for match in exact if match.exact):
                continue
            truth = "not in this list"
        else:
            truth = "not in this catalog"
        told = one.text if one.year is None else f"{one.text} ({one.year})"
        yield Fault("factual", "title", one.text, one.start, one.end, clean(told, 80), truth)
