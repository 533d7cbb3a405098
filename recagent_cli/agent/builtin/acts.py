"""Dialogue acts: what the phrases around the things that are named do."""

from __future__ import annotations

from collections.abc import Collection
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
                and one_sentence(text, start, end)
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


def one_sentence(text: Text, start: int, end: int) -> bool:
    """Whether the words of a stretch stand in one sentence."""
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
