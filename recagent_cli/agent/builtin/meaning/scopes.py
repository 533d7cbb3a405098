"""Negations and how far they reach."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..words.lexicon import Lexicon
from ..words.tokens import Text
from .acts import one_sentence
from .reach import Reach


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
_ASKING = frozenset("isnt arent wasnt werent doesnt didnt hasnt wouldnt couldnt cant".split())


def find_scopes(
    text: Text, lexicon: Lexicon, blocked: Collection[int], reach: Reach | None = None
) -> list[Scope]:
    """The scopes of all negations that may negate a wish.

    Args:
        text: the turn.
        lexicon: the negations.
        blocked: words of names and measures, no negation.
        reach: knows what begins to speak of what is wanted again.
    """
    idle = _idle_words(text, lexicon)
    scopes: list[Scope] = []
    start = 0
    while start < len(text.words):
        end = _cue_end(text, lexicon, start, blocked)
        if end is None or start in idle or _answer(text, start, end) or _asks(text, start):
            start += 1
            continue
        phrase = text.phrase(start, end)
        stop = _scope_end(text, end)
        if reach is not None:
            stop = next((i for i in range(end + 1, stop) if reach.ends(start, end, i)), stop)
        stop = min(stop, _graded_end(text, start, end))
        if phrase == "non":
            stop = min(stop, end + 1)  # "non violent action"
        if stop > end:
            scopes.append(Scope(start, end, stop, phrase in lexicon.soft))
        start = end
    return scopes


def _idle_words(text: Text, lexicon: Lexicon) -> set[int]:
    idle: set[int] = set()
    for start in range(len(text.words)):
        for end in range(start + 1, min(start + 7, len(text.words)) + 1):
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
        if text.phrase(start, end) in lexicon.hard and one_sentence(text, start, end):
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


def _asks(text: Text, start: int) -> bool:
    """Whether the negation asks: "isn't Psycho a horror film?"."""
    if text.words[start] not in _ASKING or not text.begins_sentence(start):
        return False
    end = next((i for i in range(start + 1, len(text.words)) if text.begins_sentence(i)), None)
    return "?" in text.gap(len(text.words) if end is None else end)


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


_GRADES = frozenset(("too", "so", "very", "that", "overly", "super"))
_GOES_ON = frozenset("of on about into in for with much many a big or nor and to as".split())


def _graded_end(text: Text, start: int, end: int) -> int:
    """Where "not too long" ends, of which the noun after it is no part: "a not too long drama"."""
    last = text.words[end - 1]
    if last not in _GRADES or text.words[start] not in ("not", "nothing", "isnt"):
        return len(text.words)
    near = text.words[end : end + 2]
    if len(near) < 2 or _GOES_ON & set(near):
        return len(text.words)
    return end + 1


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
