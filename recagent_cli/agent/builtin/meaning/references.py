"""Words that point at what was shown: ordinals, numbers, pronouns."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..words.lexicon import Lexicon
from ..words.tokens import Text, whole


@dataclass(frozen=True)
class Reference:
    """Words that point at what was shown.

    `places` are positions in the list shown, from 0 (negative from the end); empty where the
    whole list or nothing certain is meant. `plural` is whether several items are meant, `pronoun`
    whether only a pronoun points.
    """

    start: int
    end: int
    places: tuple[int, ...]
    plural: bool = False
    pronoun: bool = False


_DATES = (("on", "the"), ("by", "the"), ("until", "the"), ("after", "the"), ("before", "the"))
_ORDINAL = re.compile(
    r"\b(?:the |that )?(?:(?:number|no|nr|option|item|choice|movie|film|game|"
    r"book) )(?P<n>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|"
    r"ten)(?!\S)"
)


def find_references(
    text: Text, lexicon: Lexicon, items: frozenset[str], blocked: Collection[int], shown: int
) -> list[Reference]:
    """Pointers at the list shown, longest first, in the order of the text."""
    found: list[Reference] = []
    used: set[int] = set(blocked)
    for reference in (
        *_hashes(text),
        *(Reference(i, i + 1, (int(text.words[i]) - 1,)) for i in numbers_of_list(text, shown)),
        *_ordinals(text, lexicon, items),
        *_numbered(text, lexicon, shown),
    ):
        place = set(range(reference.start, reference.end))
        if not place & used:
            found.append(reference)
            used |= place
    for start in range(len(text.words)):
        for end in range(min(start + 4, len(text.words)), start, -1):
            phrase = text.phrase(start, end)
            plural = phrase in lexicon.plural
            if not (plural or phrase in lexicon.pronouns) or set(range(start, end)) & used:
                continue
            if phrase in (
                "it",
                "that",
                "this",
                "them",
                "they",
                "these",
                "those",
            ) and _empty_pronoun(text, lexicon, start, end):
                continue
            if phrase == "both" and start and text.words[start - 1] in ("i", "we", "they", "you"):
                continue  # "we both enjoyed it"
            found.append(Reference(start, end, () if plural else (0,), plural, True))
            used |= set(range(start, end))
            break
    return sorted(found, key=lambda reference: reference.start)


_VERDICTS = frozenset(
    "seen watched played read saw liked loved like love hated skip drop take pick choose enjoyed "
    "finished disliked".split()
)
_BEGINS = frozenset("and but so well yes yeah ok okay oh also actually i think thought".split())
_IS = frozenset(
    "was is were are wasnt isnt werent arent looks looked sounds sounded seems seemed bored".split()
)
"""After a number that begins a clause: "2 was great"."""
_HOW = frozenset("meh great gr8 boring awesome awful terrible amazing sucked sucks".split())
"""All that is said of a number: "4 meh"."""
_AFTER_NUMBERS = frozenset("already but too before please though were was looks sounds".split())


def numbers_of_list(text: Text, shown: int) -> set[int]:
    """Words that are bare numbers of the list after a verdict: "I've seen 2 and 4"."""
    found: set[int] = set()
    words = text.words
    for i, word in enumerate(words):
        if not 0 < (whole(word) or 0) <= shown:
            continue
        if _judged(text, i, shown):
            found.add(i)
            continue
        before = next((j for j in range(i - 1, -1, -1) if words[j] not in ("and", "or")), None)
        if before is None or not (words[before] in _VERDICTS or before in found):
            if not _counted(words, before):
                continue
        after = i + 1
        ends = after >= len(words) or text.begins_sentence(after) or "," in text.gap(after)
        goes_on = not ends and words[after] in ("and", "or")
        if ends or words[after] in _AFTER_NUMBERS or goes_on and _number_at(words, after + 1):
            found.add(i)
    return found


def _judged(text: Text, index: int, shown: int) -> bool:
    """Whether a number begins a clause that says how it was: "2 was great", "1 and 3 were dull"."""
    words, start, end = text.words, index, index + 1
    while start > 1 and words[start - 1] in ("and", "or") and _number_at(words, start - 2):
        start -= 2
    while end + 1 < len(words) and words[end] in ("and", "or") and _number_at(words, end + 1):
        end += 2
    if (start, end) == (0, 1) and words[end:] in (("it", "is"), ("please",), ("then",)):
        return True  # "2 it is"
    begins = text.begins_sentence(start) or "," in text.gap(start) or words[start - 1] in _BEGINS
    last = end + 1 == len(words) or end + 1 < len(words) and "," in text.gap(end + 1)
    if begins and end < len(words) and words[end] in _HOW and last:
        return all(0 < (whole(words[i]) or 0) <= shown for i in range(start, end, 2))
    goes_on = end + 1 < len(words) and not text.begins_sentence(end) and words[end] in _IS
    if not (begins and goes_on) or whole(words[end + 1]) is not None:
        return False
    return all(0 < (whole(words[i]) or 0) <= shown for i in range(start, end, 2))


def _counted(words: Sequence[str], index: int | None) -> bool:
    """Whether a number or word before a number points: "number 2 and 3", "not interested in 2"."""
    if not index:
        return False
    if words[index - 1] in ("number", "numbers", "nr") and whole(words[index]) is not None:
        return True
    return words[index - 1 : index + 1] == ("interested", "in")


def _number_at(words: Sequence[str], index: int) -> bool:
    return index < len(words) and whole(words[index]) is not None


def _empty_pronoun(text: Text, lexicon: Lexicon, start: int, end: int) -> bool:
    """Whether the pronoun stands for nothing shown ("that is all", "this moment")."""
    before = text.words[start - 1] if start else ""
    after = text.words[end] if end < len(text.words) else ""
    ends = not after or text.begins_sentence(end) or "," in text.gap(end)
    word = text.words[start]
    if word == "that":
        begins = text.begins_sentence(start) or "," in text.gap(start)
        return not (begins or before in lexicon.before_that) or not (
            ends or after in lexicon.after_that
        )
    return word == "this" and not ends and after not in lexicon.after_this


def _hashes(text: Text) -> list[Reference]:
    return [
        Reference(i, i + 1, (number - 1,))
        for i, word in enumerate(text.words)
        if text.gap(i).endswith("#") and 0 < (number := whole(word) or 0) < 100
    ]


def _ordinals(text: Text, lexicon: Lexicon, items: frozenset[str]) -> list[Reference]:
    """The second one; the last; the first two; first and third."""
    found: list[Reference] = []
    words = text.words
    for i, word in enumerate(words):
        place = lexicon.ordinals.get(word)
        if place is None or not i or words[i - 1] not in ("the", "that", "and", "or", "your"):
            continue
        position = place - 1 if place > 0 else place
        after = words[i + 1] if i + 1 < len(words) else ""
        start = i - 1
        count = lexicon.numbers.get(after, whole(after) or 0)
        if 1 < count < 20 and word in ("first", "last", "final"):
            places = tuple(range(count)) if word == "first" else tuple(range(-count, 0))
            found.append(Reference(start, i + 2, places, True))
        elif (
            after in items
            or after in lexicon.generic
            or after in ("one", "suggestion", "recommendation", "pick", "choice", "option")
        ):
            if word in ("last", "final") and after not in (
                "one",
                "suggestion",
                "recommendation",
                "pick",
                "option",
                "choice",
            ):
                continue
            found.append(Reference(start, i + 2, (position,)))
        elif words[i - 2 : i] in _DATES and i > 1:
            continue  # "on the 3rd" is a date
        elif (
            after
            in (
                "",
                "and",
                "or",
                "but",
                "is",
                "was",
                "please",
                "looks",
                "sounds",
                "about",
                "instead",
                "too",
            )
            or text.begins_sentence(i + 1)
            if i + 1 < len(words)
            else True
        ):
            found.append(Reference(start, i + 1, (position,)))
    return found


def _numbered(text: Text, lexicon: Lexicon, shown: int) -> list[Reference]:
    found = []
    for match in _ORDINAL.finditer(text.joined):
        start = text.starts.get(match.start())
        number = match["n"]
        place = lexicon.numbers.get(number, whole(number) or 0)
        counted = match[0].startswith(("number", "nr", "option", "choice"))
        if start is not None and 0 < place and (place <= shown or counted and shown):
            found.append(Reference(start, start + len(match[0].split()), (place - 1,)))
    return found


def pointed(reference: Reference, shown: Sequence[int]) -> list[int]:
    """The rows that a reference points at; empty where it points past the list."""
    if not shown:
        return []
    if reference.plural and not reference.places:
        return list(shown)
    if not reference.plural and reference.places == (0,) and reference.end - reference.start >= 1:
        return [shown[0]]
    return [shown[p] for p in reference.places if -len(shown) <= p < len(shown)]
