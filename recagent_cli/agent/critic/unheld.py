"""What is said of nobody: facts of an "it" that nothing shown, named or told of stands behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recagent_catalogs.schema import Role

from ..builtin.words.lexicon import lexicon
from . import measures as m
from .fault import Fault
from .people import _runs as capital_runs
from .sentences import Sentence, Word
from .subjects import Subjects
from .titles import Named
from .world import World, numbers_in

_CLAIMS = r"(?!\s+(?:can|could|may|might|would|should|will|must|need|depends?)\b)"
_PRONOUN = re.compile(
    rf"\b(?:it|they|he|she|(?:this|that)\s+one|(?:this|that|these|those)(?=\s+(?:is|are|was|were|"
    rf"has|have|stars?|runs?|lasts?|comes?|came|plays?|features?|all)\b)){_CLAIMS}\b|"
    r"\b(?:its|their|it['’]s|they['’](?:re|ve)|both|all\s+(?:of\s+)?(?:these|them|those))\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|whether|unless|should you|once you)\b", re.IGNORECASE)
_SAVED = re.compile(
    r"\b(?:is|are|was|were|been|have|has|['’]ve|i|now)\s+(?:now\s+|all\s+|already\s+)?"
    r"(?:saved|stored|kept|noted|written down|remembered|recorded)\b",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"\b(?:never|not|won['’]t|no longer)\b.{0,30}\b(?:again|any ?more|shown|suggest\w*|"
    r"recommend\w*)\b",
    re.IGNORECASE,
)
_PROMISE = re.compile(r"\b(?:will|won['’]t|['’]ll|is|are)\b", re.IGNORECASE)
_LONGEST = 4


def unheld_faults(
    sentence: Sentence, named: Sequence[Named], subjects: Subjects, world: World
) -> Iterator[Fault]:
    """A fact of "it" or "the best film here" where no item is meant, and deeds nobody did.

    Where a list is shown, or a tool of this turn told of items or counted, other readers judge.
    """
    if world.about is None:
        yield from _deeds(sentence, world)
    if world.rows or world.about is not None or world.told or world.counted:
        return
    text = sentence.text
    if any(one.rows for one in named) or text.rstrip().endswith("?") or _CONDITION.search(text):
        return
    match = min(
        filter(None, (_PRONOUN.search(text), _noun(world).search(text))),
        key=lambda found: found.start(),
        default=None,
    )
    if match is None:
        return
    start = sentence.start + match.start()
    words = [word for word in sentence.words if word.start >= start]
    if not words or subjects.at(sentence.end).rows:
        return
    fact = _fact(words, sentence, world)
    if fact is not None:
        first, last = fact[0].start, fact[-1].end
        told = text[first - sentence.start : last - sentence.start]
        yield Fault("factual", "unproven", told, first, last, told)


def _noun(world: World) -> re.Pattern[str]:
    """`the best film here`, `these five films`: an item that is pointed at and not named."""
    nouns = "|".join(map(re.escape, (*m.nouns(world), world.schema.item)))
    numbers = "|".join(m.SMALL)
    return re.compile(
        rf"\b(?:the|this|that|these|those|my)\s+(?:[^\W\d_]+\s+){{0,2}}(?:{nouns}|one|{numbers}|"
        r"pick|choice|list|picks|titles?)\b",
        re.IGNORECASE,
    )


def _fact(words: Sequence[Word], sentence: Sentence, world: World) -> Sequence[Word] | None:
    """The first words that state what could be looked up: a number, a name, a kind."""
    for word in words:
        if numbers_in(word.text) - world.counts and word.folded not in world.asked:
            if not any(word.folded in wish for wish in world.asked):
                return [word]
    for run in capital_runs(sentence, ()):
        inside = [word for word in run if word.start >= words[0].start]
        inside = [word for word in inside if word.folded not in _ORDINARY]
        if inside and not _is_asked(inside, world):
            return inside
    return _kind(words, world)


_ORDINARY = frozenset(("i", "it", "they", "this", "that", "these", "those", "he", "she", "its"))


def _kind(words: Sequence[Word], world: World) -> Sequence[Word] | None:
    """Words that are a kind, a language or a person of the catalog, and were not asked for."""
    for length in range(_LONGEST, 0, -1):
        for first in range(len(words) - length + 1):
            part = words[first : first + length]
            text = " ".join(word.folded for word in part)
            if len(text) < 3 or text in lexicon().stop or _is_asked(part, world):
                continue
            for column in world.schema.with_role(Role.CATEGORIES, Role.FACET, Role.PEOPLE):
                known = world.catalog.words(column.name)
                if column.role is Role.CATEGORIES:
                    if known.resolve(text) is not None:
                        return part
                elif part[0].capital and known.code_of(text) is not None:
                    return part
    return None


def _is_asked(part: Sequence[Word], world: World) -> bool:
    text = " ".join(word.folded for word in part)
    return any(f" {text} " in f" {wish} " for wish in world.asked)


def _deeds(sentence: Sentence, world: World) -> Iterator[Fault]:
    """`Your list is saved.`, `You will never see it again.`: what no tool of this turn did."""
    context, text = world.context, sentence.text
    if text.rstrip().endswith("?") or _CONDITION.search(text):
        return
    noted = bool(context.remembered or context.stated)
    done: list[tuple[re.Pattern[str], bool]] = [
        (_SAVED, noted or bool(context.bus.saved)),
        (_NEVER, noted or not _PROMISE.search(text)),
    ]
    for pattern, holds in done:
        if not holds and (match := pattern.search(text)):
            start, end = (sentence.start + at for at in match.span())
            yield Fault("factual", "unproven", match[0], start, end, match[0])
            return
