"""Dialogue acts, negation scopes and references: what surrounds the things that are named."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .lexicon import Lexicon
from .tokens import Text


@dataclass(frozen=True)
class Act:
    """A phrase that does something in the dialogue: a request, thanks, a verdict."""

    name: str
    start: int
    end: int


def find_acts(text: Text, lexicon: Lexicon, blocked: Collection[int]) -> list[Act]:
    """All acts in the order of the text; of overlapping phrases the longest.

    Args:
        text: the request.
        lexicon: the acts' phrases.
        blocked: word numbers that are names and can be no act.
    """
    found: list[Act] = []
    start, words = 0, text.words
    while start < len(words):
        step = 1
        for end in range(min(start + lexicon.longest_act, len(words)), start, -1):
            names = lexicon.acts.get(text.phrase(start, end))
            if (
                names
                and not any(i in blocked for i in range(start, end))
                and _one_sentence(text, start, end)
            ):
                found.extend(Act(name, start, end) for name in names)
                step = end - start
                break
        # A longer act may begin inside a short one ("i like" + "like it").
        start += 1 if step <= 2 else step
    return _longest(_not_denied(found))


def _not_denied(acts: list[Act]) -> list[Act]:
    """Without "seen that one" out of "haven't seen that one"."""
    denied = [act for act in acts if act.name == "not_seen"]
    return [
        act
        for act in acts
        if act.name != "seen"
        or not any(d.start <= act.start < d.end or act.end == d.start for d in denied)
    ]


def _one_sentence(text: Text, start: int, end: int) -> bool:
    return text.tokens[start].sentence == text.tokens[end - 1].sentence


def _longest(acts: list[Act]) -> list[Act]:
    """Drops acts that lie wholly inside a longer one of another name."""
    return [
        act
        for act in acts
        if not any(
            other.start <= act.start
            and act.end <= other.end
            and len_(other) > len_(act)
            and act.name not in ("similar", "taste")
            for other in acts
        )
    ]


def len_(act: Act) -> int:
    """Words of an act."""
    return act.end - act.start


@dataclass(frozen=True)
class Scope:
    """The stretch after a negation cue; `soft` where it only asks for less."""

    cue: int
    start: int
    end: int
    soft: bool


_ENDS = frozenset(
    (
        "but",
        "though",
        "although",
        "however",
        "because",
        "since",
        "instead",
        "then",
        "so",
        "unless",
        "while",
        "just",
        "only",
        "rather",
        "maybe",
        "preferably",
        "prefer",
        "please",
        "any",
        "especially",
        "and i",
        "like",
    )
)
_SUBJECTS = frozenset(("i", "we", "im", "id", "ill", "ive", "he", "she", "they", "my", "were"))
_HATE = frozenset(("hate", "hates", "dislike", "detest", "despise", "loathe"))


def find_scopes(text: Text, lexicon: Lexicon, blocked: Collection[int]) -> list[Scope]:
    """The scopes of all negations that may negate a wish."""
    idle = _idle_words(text, lexicon)
    scopes: list[Scope] = []
    start = 0
    while start < len(text.words):
        end = _cue_end(text, lexicon, start, blocked)
        if end is None or start in idle or _answer(text, start, end):
            start += 1
            continue
        phrase = text.phrase(start, end)
        stop = _scope_end(text, end)
        if phrase == "non":
            stop = min(stop, end + 1)  # "non violent action"
        if stop > end:
            scopes.append(Scope(start, end, stop, phrase in lexicon.soft))
        start = end
    return scopes


def _idle_words(text: Text, lexicon: Lexicon) -> set[int]:
    idle: set[int] = set()
    for start in range(len(text.words)):
        for end in range(start + 1, min(start + 5, len(text.words)) + 1):
            if text.phrase(start, end) in lexicon.idle:
                idle.update(range(start, end))
    # "havent seen", "never heard": no wish is negated.
    verbs = {
        "seen",
        "heard",
        "watched",
        "played",
        "read",
        "sure",
        "know",
        "remember",
        "think",
        "tried",
        "been",
        "care",
        "see",
        "mind",
    }
    for i, word in enumerate(text.words[:-1]):
        near = text.words[i + 1 : i + 3]
        if word in ("not", "never", "dont", "havent", "didnt", "no") and verbs & set(near):
            idle.add(i)
    return idle


def _cue_end(text: Text, lexicon: Lexicon, start: int, blocked: Collection[int]) -> int | None:
    if start in blocked:
        return None
    for end in range(min(start + 6, len(text.words)), start, -1):
        if text.phrase(start, end) in lexicon.hard and _one_sentence(text, start, end):
            return end
    return None


def _answer(text: Text, start: int, end: int) -> bool:
    """Whether the "no" answers a question ("No, I haven't") or is a comparison ("no more than")."""
    word = text.words[start]
    if word in ("no", "nothing", "never") and text.begins_sentence(start):
        if end >= len(text.words) or "," in text.gap(end) or text.begins_sentence(end):
            return True
        return text.words[end] in _SUBJECTS and end - start == 1
    return False


def _scope_end(text: Text, start: int) -> int:
    end = start
    listed = _or_list(text, start)
    while end < len(text.words):
        if end > start:
            word = text.words[end]
            if text.begins_sentence(end) or word in _ENDS:
                break
            if word in _SUBJECTS and text.words[end - 1] not in (
                "that",
                "which",
                "what",
                "than",
                "as",
            ):
                break
            if "," in text.gap(end) and end >= listed:
                break
        elif text.begins_sentence(end):
            break
        end += 1
    return end


def _or_list(text: Text, start: int) -> int:
    """Where a list that ends in "or" / "nor" ends; the start where there is none."""
    end, comma = start, False
    for i in range(start, min(start + 12, len(text.words))):
        if i > start and text.begins_sentence(i):
            break
        comma = comma or "," in text.gap(i)
        if text.words[i] in ("or", "nor") and comma:
            end = min(i + 3, len(text.words))
    return end


# --- references ----------------------------------------------------------------------------------


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
            ) and _empty_pronoun(text, start, end):
                continue
            found.append(Reference(start, end, () if plural else (0,), plural, True))
            used |= set(range(start, end))
            break
    return sorted(found, key=lambda reference: reference.start)


def _empty_pronoun(text: Text, start: int, end: int) -> bool:
    """Whether the pronoun stands for nothing shown ("that is all", "things that are funny")."""
    before = text.words[start - 1] if start else ""
    after = text.words[end] if end < len(text.words) else ""
    word = text.words[start]
    if word == "that" and (
        before
        not in (
            "",
            "like",
            "of",
            "about",
            "in",
            "is",
            "was",
            "directed",
            "seen",
            "love",
            "loved",
            "liked",
            "hate",
            "made",
            "watch",
            "with",
            "to",
            "than",
            "is",
            "how",
            "not",
        )
        or after
        and after
        not in (
            "too",
            "one",
            "but",
            "directed",
            "about",
            "and",
            "please",
            "again",
            "instead",
            "was",
            "is",
            "s",
        )
    ):
        return True
    return word == "this" and after in (
        "year",
        "week",
        "decade",
        "century",
        "evening",
        "weekend",
        "time",
        "morning",
        "afternoon",
    )


def _hashes(text: Text) -> list[Reference]:
    return [
        Reference(i, i + 1, (int(word) - 1,))
        for i, word in enumerate(text.words)
        if word.isdigit() and text.gap(i).endswith("#") and 0 < int(word) < 100
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
        count = lexicon.numbers.get(after, int(after) if after.isdigit() else 0)
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
        place = int(number) if number.isdigit() else lexicon.numbers[number]
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
