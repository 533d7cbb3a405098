"""Names in a sentence that are no titles: people of the items, and names that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recagent_catalogs.schema import Column, Role
from recagent_catalogs.text import fold

from ..builtin.words.lexicon import lexicon
from .fault import Fault
from .sentences import Sentence, Word
from .subjects import Subjects
from .titles import Named
from .world import World

_JOINS = frozenset("of the de van von la le du der den di da al el bin y".split())
_CUES = (
    "directed by", "written by", "created by", "developed by", "designed by", "made by", "by",
    "starring", "stars", "featuring", "star", "director", "author", "writer", "actor", "actress",
    "composer", "studio", "developer", "played by", "scored by", "produced by", "from director",
    "costarring", "co stars", "published by", "narrated by", "music by",
)  # fmt: skip
_TITLE_CUES = frozenset("try watch play read recommend suggest called titled named than".split())
_SET_IN = re.compile(
    r"\b(?:set|takes? place|took place|filmed|shot|made|plays out|happens)\s+(?:in|on|around)\s+"
    r"(?:the\s+)?$",
    re.IGNORECASE,
)
_ORDINARY = frozenset(
    "i monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december english tv dvd uk us usa cgi vfx ai "
    "hollywood christmas halloween european american asian african british western".split()
)


def name_faults(
    sentence: Sentence, named: Sequence[Named], subjects: Subjects, world: World
) -> Iterator[Fault]:
    """Names said of an item that are not its own, and names that are nobody's."""
    read: list[Word] = []
    for run in _runs(sentence, named):
        read += run
        yield from _judge(run, sentence, subjects, world)
    for part in _small_names(sentence, read, world):
        yield from _person(part, sentence, subjects, world)


def _small_names(
    sentence: Sentence, read: Sequence[Word], world: World
) -> Iterator[Sequence[Word]]:
    """Names that begin with a small letter ("id Software"), behind a cue."""
    words = sentence.words
    for first, word in enumerate(words):
        if word.capital or not _cued([word], sentence, world)[0]:
            continue
        for last in range(min(len(words), first + 4), first, -1):
            part = words[first:last]
            if world.is_a_person(_folded(part)):
                yield part
                break


def _runs(sentence: Sentence, named: Sequence[Named]) -> Iterator[list[Word]]:
    """Stretches of words with capitals, outside of titles."""
    run: list[Word] = []
    first = sentence.words[0] if sentence.words else None
    for word in sentence.words:
        if any(one.start <= word.start < one.end for one in named):
            yield from _whole(run, first)
            run = []
            continue
        gap = ""
        if run:
            gap = sentence.text[run[-1].end - sentence.start : word.start - sentence.start]
        joined = not run or re.fullmatch(r"[\s.'’-]{0,2}", gap) is not None
        if not joined:
            yield from _whole(run, first)
            run = []
        if any(letter.isupper() for letter in word.text) or (run and word.folded in _JOINS):
            run.append(word)
        else:
            yield from _whole(run, first)
            run = []
    yield from _whole(run, first)


def _whole(run: list[Word], first: Word | None) -> Iterator[list[Word]]:
    """The run without small words at its end and an ordinary word that begins the sentence."""
    while run and run[-1].folded in _JOINS:
        run = run[:-1]
    begun = first
    while run and run[0] is first and _is_ordinary(run[0], first is begun):
        first = run[1] if len(run) > 1 else None
        run = run[1:]
        while run and run[0].folded in _JOINS and not run[0].capital:
            run = run[1:]
    if run:
        yield run


def _is_ordinary(word: Word, formed: bool = True) -> bool:
    """Whether a word is no name; `formed`: also by its ending ("Starring")."""
    words = lexicon()
    return (
        word.folded in words.common
        or word.folded in words.stop
        or word.folded in words.filler
        or word.folded in words.generic
        or word.folded in _ORDINARY
        or (formed and len(word.text) > 4 and word.folded.endswith(("ly", "ing", "ed")))
    )


def _judge(
    run: list[Word], sentence: Sentence, subjects: Subjects, world: World
) -> Iterator[Fault]:
    """A run of capitals: known names are held against the item, others are nobody's."""
    start = 0
    while start < len(run):
        end = _known_end(run, start, world, sentence, subjects)
        if end > start:
            yield from _person(run[start:end], sentence, subjects, world)
            start = end
            continue
        end = start + 1
        while end < len(run) and _known_end(run, end, world, sentence, subjects) == end:
            end += 1
        yield from _stranger(run[start:end], sentence, subjects, world)
        start = end


def _folded(run: Sequence[Word]) -> str:
    return " ".join(word.folded for word in run)


def _known_end(
    run: list[Word], start: int, world: World, sentence: Sentence, subjects: Subjects
) -> int:
    """The end of the longest known name that begins at a word; its start where none does."""
    rows = {*world.rows, *subjects.at(run[start].start).rows}
    for end in range(len(run), start, -1):
        name = _folded(run[start:end])
        if any(world.is_person_of(name, world.people(row)) for row in rows):
            return end
        if _person_columns(name, world) and (
            end - start > 1 or _cued(run[start:end], sentence, world)[0]
        ):
            return end
        if end - start > 1 and world.known_value(name):
            return end
    return start


def _person_columns(name: str, world: World) -> list[Column]:
    return [
        column
        for column in world.schema.with_role(Role.PEOPLE)
        if world.catalog.words(column.name).code_of(name) is not None
    ]


def _cued(run: Sequence[Word], sentence: Sentence, world: World) -> tuple[bool, list[Column]]:
    """Whether a word before points to a person, and the columns that it points to."""
    before = " ".join(sentence.before(run[0].start, 4))
    # "directed by Lana Wachowski and Lilly Wachowski": the cue stands before the first name.
    head = sentence.text[: run[0].start - sentence.start]
    while match := re.search(r"((?:[A-ZÀ-Þ][\w'’.-]*\s*)+)(?:,|and|&)\s*(?:and\s+)?$", head):
        head = head[: match.start(1)]
        before = " ".join(fold(head).split()[-4:]) or before
    people = world.schema.with_role(Role.PEOPLE)
    columns = [
        c
        for c in people
        if any(_ends(before, fold(cue)) for cue in (*c.cues, *c.aliases, c.label) if cue)
    ]
    longest = max(
        (len(fold(q)) for c in columns for q in (*c.cues, *c.aliases) if _ends(before, fold(q))),
        default=0,
    )
    columns = [
        c
        for c in columns
        if any(_ends(before, fold(q)) and len(fold(q)) == longest for q in (*c.cues, *c.aliases))
    ] or columns
    return bool(columns) or any(_ends(before, cue) for cue in _CUES), columns


def _ends(text: str, cue: str) -> bool:
    return bool(cue) and f" {text}".endswith(f" {cue}")


def _person(
    run: Sequence[Word], sentence: Sentence, subjects: Subjects, world: World
) -> Iterator[Fault]:
    """A name that the catalog knows must be the item's."""
    name = _folded(run)
    subject = subjects.at(run[0].start)
    cued, columns = _cued(run, sentence, world)
    rows = subject.rows or world.rows
    if not rows:
        return
    holds = any if not subject.rows else all

    def test(row: int) -> bool:
        if columns and any(world.cell(row, c.name) for c in columns):
            people = [p for c in columns for p in world.cell(row, c.name)]
            return world.is_person_of(name, people)
        return f" {name} " in world.words(row)

    if holds(test(row) for row in rows):
        return
    if not cued and not _person_columns(name, world) and not len(run) > 1:
        return
    if not cued and world.asked and name in world.asked:
        return
    if not _person_columns(name, world) and world.known_value(name):
        kind = "value"
    else:
        kind = "person"
    truth, mend = "", ""
    if subject.one is not None and columns:
        own = [p for c in columns for p in world.cell(subject.one, c.name)]
        truth = ", ".join(own[:4])
        mend = own[0] if len(own) == 1 and len(columns) == 1 and kind == "person" else ""
    start, end = run[0].start, run[-1].end
    text = sentence.text[start - sentence.start : end - sentence.start]
    yield Fault("factual", kind, text, start, end, text, truth, mend)


def _stranger(
    run: Sequence[Word], sentence: Sentence, subjects: Subjects, world: World
) -> Iterator[Fault]:
    """A name of which neither the item nor the catalog knows anything."""
    run = [word for word in run if word.folded]
    while run and (run[0].folded in _JOINS or run[0].folded in _ORDINARY):
        run = run[1:]
    while run and (run[-1].folded in _JOINS or run[-1].folded in _ORDINARY):
        run = run[:-1]
    if not run:
        return
    name = _folded(run)
    rows = subjects.at(run[0].start).rows or (*world.rows, *world.named)
    if any(f" {name} " in world.words(row) for row in rows) or name in world.asked:
        return
    cued, _ = _cued(run, sentence, world)
    before = sentence.before(run[0].start, 1)
    alone = len(run) == 1
    if alone:
        starts = run[0] is sentence.words[0]
        tried = bool(before) and (before[-1] in _TITLE_CUES or before[-1] == world.schema.verb)
        cued = cued or _SET_IN.search(sentence.text[: run[0].start - sentence.start]) is not None
        if starts or not (cued or tried) or world.known_value(name) or len(run[0].text) < 3:
            return
        if _is_ordinary(run[0]) or lexicon_kind(name, world):
            return
    elif all(_is_ordinary(word) or lexicon_kind(word.folded, world) for word in run):
        return
    start, end = run[0].start, run[-1].end
    text = sentence.text[start - sentence.start : end - sentence.start]
    kind = "person" if cued else "title"
    yield Fault("factual", kind, text, start, end, text, "not known here")


def lexicon_kind(folded: str, world: World) -> bool:
    """Whether a word means a value of the catalog's kinds."""
    for column in world.schema.with_role(Role.CATEGORIES, Role.TAGS, Role.FACET):
        if world.catalog.words(column.name).resolve(folded) is not None:
            return True
    return False
