"""Which words a model may use: those of the rows, of the request, and those that claim nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from recagent_catalogs.schema import WORD_ROLES, Role
from recagent_catalogs.text import fold

from ..builtin.words.lexicon import lexicon
from . import measures as m
from .fault import Fault
from .sentences import Sentence, Word
from .subjects import Subjects
from .titles import Named
from .values import _NOT as NEGATIONS
from .values import _is_wished as is_wished
from .world import World

_NUMERAL = re.compile(r"\d+(?:s|h|m|min|st|nd|rd|th|x)?$")
_ENDINGS = (
    "ingly",
    "edly",
    "ings",
    "ness",
    "ing",
    "ies",
    "ied",
    "est",
    "ed",
    "es",
    "ly",
    "er",
    "s",
)
_LONGEST = 4
_BIG = frozenset(
    "thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million "
    "millions billion dozen dozens zero".split()
)
_TIME = ("minutes minute mins min hours hour h hr hrs year years decade decades "
         "film films game games book books").split()  # fmt: skip


@lru_cache(50_000)
def stem(word: str) -> str:
    """A rough stem, the same for the forms of a word; only for comparing."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    if len(word) > 3 and word[-1] == "i":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


@dataclass(frozen=True)
class Plain:
    """The words of `plain.toml` by stem: free ones, and those that only a proof may use.

    `pictures` are free where the person shows one.
    """

    free: frozenset[str]
    pictures: frozenset[str]
    opinions: frozenset[str]
    guarded: frozenset[str]


@lru_cache(1)
def plain_words() -> Plain:
    """The closed lexicon, read once."""
    told = tomllib.loads(Path(__file__).with_name("plain.toml").read_text("utf-8"))
    guarded = frozenset(map(stem, told.pop("guarded").split()))
    pictures = frozenset(map(stem, told.pop("pictures").split()))
    opinions = frozenset(map(stem, told["opinions"].split()))
    free = {stem(word) for words in told.values() for word in words.split()}
    free |= {stem(word) for word in lexicon().stop}
    return Plain(frozenset(free - guarded), pictures, opinions, guarded)


def licence_faults(
    sentence: Sentence,
    named: Sequence[Named],
    subjects: Subjects,
    world: World,
    proven: Collection[tuple[int, int]] = (),
) -> Iterator[Fault]:
    """Words of a sentence that nothing licenses, the first of a run only.

    Args:
        sentence: what is judged.
        named: the titles in it.
        subjects: of which item a place of the sentence speaks.
        world: rows and request.
        proven: places (start, end) that another reader has proven word by word.
    """
    words = [w for w in sentence.words if not any(o.start <= w.start < o.end for o in named)]
    done = {w.start for w in words if any(a <= w.start < b for a, b in proven)}
    plain = plain_words()
    for length in range(_LONGEST, 1, -1):
        for first in range(len(words) - length + 1):
            part = words[first : first + length]
            if not done & {w.start for w in part} and _adjacent(part, sentence):
                if _value_holds(part, sentence, subjects, world):
                    done |= {w.start for w in part}
    for word in words:
        if word.start in done or _may_stand(word, sentence, subjects, world, plain):
            continue
        yield Fault("factual", "unproven", word.text, word.start, word.end, word.text)


def _adjacent(part: Sequence[Word], sentence: Sentence) -> bool:
    gap = sentence.text[part[0].start - sentence.start : part[-1].end - sentence.start]
    return not re.search(r"[,;:.!?()]", gap)


def _may_stand(
    word: Word, sentence: Sentence, subjects: Subjects, world: World, plain: Plain
) -> bool:
    text = word.folded
    root = stem(text)
    if _NUMERAL.match(text):
        return True
    rows = rows_meant(word.start, subjects, world)
    if _in_rows(text, root, rows, bool(subjects.at(word.start).rows), world):
        return True
    if root in plain.guarded:
        return text == "most" and sentence.before(word.start, 1) == ["at"]
    if text in _BIG:
        return text in ("sixty", "ninety", "hundred") and _counts(word, sentence, world)
    if text in m.SMALL:
        return text == "one" or _counts(word, sentence, world) or _is_open(sentence)
    if root in own_words(world) or (root in plain.free and len(text) > 1):
        return True
    if len(text) == 1:
        return text in "aisdtmox"
    return _value_holds([word], sentence, subjects, world)


def rows_meant(place: int, subjects: Subjects, world: World) -> tuple[int, ...]:
    """The rows a place speaks of; all that may be meant where nobody says of which."""
    return subjects.at(place).rows or world.rows or world.told or tuple(world.context.shown)


def _in_rows(text: str, root: str, rows: Sequence[int], every: bool, world: World) -> bool:
    test = all if every else any
    return bool(rows) and test(
        text in stems(row, world) or root in stems(row, world) for row in rows
    )


def stems(row: int, world: World) -> frozenset[str]:
    """The words of a row and their stems."""
    if row not in world.stems:
        words = world.words(row).split()
        world.stems[row] = frozenset(words) | frozenset(map(stem, words))
    return world.stems[row]


def _counts(word: Word, sentence: Sentence, world: World) -> bool:
    """A number in words: how many there are, or so many of a unit (judged elsewhere)."""
    behind = sentence.text[word.end - sentence.start :]
    after = [fold(w) for w in re.findall(r"[^\W_]+", behind)[:2]]
    units = {name for names in m.units(world) for name in names}
    if word.folded in m.SMALL and float(m.value(word.text)) in world.counts:
        return True
    return bool(units & set(after))


def own_words(world: World) -> frozenset[str]:
    """Stems of the catalog's own nouns and of the names of its columns."""
    if world.own_words is None:
        schema = world.schema
        told = [schema.item, schema.items, schema.verb, *schema.aliases, *_TIME]
        for column in schema.columns:
            told += [column.name, column.label, column.unit, *column.aliases, *column.cues]
        told += [name for names in m.units(world) for name in names]
        words = {word for text in told if text for word in fold(text).split()}
        pictures = plain_words().pictures if world.context.pictures else frozenset()
        world.own_words = frozenset(map(stem, words)) - plain_words().guarded | pictures
    return world.own_words


def _value_holds(
    part: Sequence[Word], sentence: Sentence, subjects: Subjects, world: World
) -> bool:
    """Whether words mean a value that the rows have (or, denied, a kind that they have not)."""
    text = " ".join(word.folded for word in part)
    if text in lexicon().stop:
        return False
    meant = values_of(text, world)
    if not meant:
        return any(f" {text} " in f" {wish} " for wish in world.asked) and is_wished(part, sentence)
    place = part[0].start
    if is_wished(part, sentence) and not re.search(r"\byou(?:r|['’]ve)?\b", sentence.text):
        return True
    wanted = any(fold(value) in world.asked for _, value, _ in meant)
    if is_wished(part, sentence) and (wanted or _is_open(sentence)):
        return True
    rows = rows_meant(place, subjects, world)
    if not rows:
        return True  # what is told of the whole catalog; its numbers are judged
    every = bool(subjects.at(place).rows)
    test = all if every else any
    if NEGATIONS & (before := set(sentence.before(place, 4))):
        # A kind is absent where the row has it not; of a tag only "not tagged" can be said.
        roles = {Role.CATEGORIES, Role.FACET} | ({Role.TAGS} if "tagged" in before else set())
        kinds = [(c, v) for c, v, role in meant if role in roles]
        return bool(kinds) and all(v not in world.cell(row, c) for row in rows for c, v in kinds)
    return test(any(v in world.cell(row, c) for c, v, _ in meant) for row in rows)


def _is_open(sentence: Sentence) -> bool:
    """Whether nothing is claimed of the person: a condition or a question."""
    return sentence.text.rstrip().endswith("?") or bool(
        re.search(r"\b(?:if you|whether|should|unless)\b", sentence.text, re.IGNORECASE)
    )


def values_of(text: str, world: World) -> list[tuple[str, str, Role]]:
    """(column, value, role) that a folded phrase may mean."""
    if text not in world.meanings:
        found = []
        for column in world.schema.columns:
            if column.role in WORD_ROLES:
                value = world.catalog.words(column.name).resolve(text)
                if value is not None:
                    found.append((column.name, value, column.role))
        world.meanings[text] = found
    return world.meanings[text]
