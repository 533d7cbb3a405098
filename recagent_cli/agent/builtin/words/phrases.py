"""Phrase patterns as a network of words, walked word by word.

"{ill,i will} {check,try} {it,that}" stands for 8 phrases; the dialogue acts' patterns for millions.
They are never written out: the network holds each word of a pattern once, and what a walk has found
is kept, so that a second walk over the same words is one look-up a word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

MOST_KEPT = 50_000
"""So many steps of walks are kept; then they are forgotten and learned anew."""

_Key = TypeVar("_Key", int, str)
_States = frozenset[int]
_Targets = int | list[int]
"""Where a step leads: mostly to one state. Thousands of lists of one are slow to read and copy."""


@dataclass(eq=False)
class Phrases:
    """A set of patterns with a name each.

    Attributes:
        skipped: words that may stand anywhere inside a phrase ("i *really* liked it").
    """

    skipped: Collection[str] = ()
    _size: int = 1
    _next: dict[int, dict[str, _Targets]] = field(default_factory=dict)
    _joins: dict[int, _Targets] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _kept: dict[tuple[_States, str], tuple[_States, tuple[str, ...]]] = field(default_factory=dict)

    @cached_property
    def _start(self) -> _States:
        return self._closed(iter((0,)))

    def add(self, pattern: str, name: str) -> None:
        """Take a pattern in: {a,b} are alternatives, which may be empty or hold alternatives."""
        end, _ = self._sequence(pattern, 0, 0)
        self._names[self._step_to(end, "")] = name

    def walk(self, words: Sequence[str], start: int, most: int) -> Iterator[tuple[int, str]]:
        """Ends and names of the phrases that begin at a word, the shortest first.

        Args:
            words: folded words.
            start: number of the first word.
            most: words in the longest phrase looked for.
        """
        states = self._start
        for end in range(start, min(start + most, len(words))):
            states, names = self._step(states, words[end], end > start)
            if not states:
                return
            for name in names:
                yield end + 1, name

    def get(self, phrase: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Names of one whole phrase."""
        words = phrase.split()
        found = self.walk(words, 0, len(words))
        return tuple(name for end, name in found if end == len(words)) or default

    def __contains__(self, phrase: str) -> bool:
        return bool(self.get(phrase))

    # --- walking ---------------------------------------------------------------------------------

    def _step(self, states: _States, word: str, inside: bool) -> tuple[_States, tuple[str, ...]]:
        kept = self._kept.get((states, word))
        if kept is None:
            if len(self._kept) > MOST_KEPT:
                self._kept.clear()
            reached = self._closed(
                n for s in states for n in _all(self._next.get(s, _NOWHERE).get(word, ()))
            )
            found = tuple(
                dict.fromkeys(self._names[s] for s in sorted(reached) if s in self._names)
            )
            if inside and word in self.skipped:
                reached |= states
            kept = self._kept[states, word] = (reached, found)
        return kept

    def _closed(self, states: Iterator[int]) -> _States:
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in found:
                found.add(state)
                waiting += _all(self._joins.get(state, ()))
        return frozenset(found)

    # --- a copy ----------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """The whole network, as `from_json` takes it."""
        return {
            "skipped": sorted(self.skipped),
            "size": self._size,
            "steps": [list(self._next), list(self._next.values())],
            "joins": [list(self._joins), list(self._joins.values())],
            "names": [list(self._names), list(self._names.values())],
        }

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> Phrases:
        """The network of a copy that is known to be whole."""
        steps, joins, names = (
            dict(zip(*held[name], strict=True)) for name in ("steps", "joins", "names")
        )
        return cls(frozenset(held["skipped"]), held["size"], steps, joins, names)

    # --- building --------------------------------------------------------------------------------

    def _step_to(self, state: int, word: str) -> int:
        """A new state behind a word; behind nothing, joined to the state."""
        new = self._new()
        if word:
            _lead(self._next.setdefault(state, {}), word, new)
        else:
            _lead(self._joins, state, new)
        return new

    def _new(self) -> int:
        self._size += 1
        return self._size - 1

    def _sequence(self, pattern: str, place: int, state: int) -> tuple[int, int]:
        """Build from `place` to the end of the pattern or alternative; where it ends, and how."""
        word = ""
        while place < len(pattern) and pattern[place] not in ",}":
            letter = pattern[place]
            if letter in " {" and word:
                state, word = self._step_to(state, word), ""
            if letter == "{":
                state, place = self._choice(pattern, place + 1, state)
                continue
            word += letter.strip()
            place += 1
        return (self._step_to(state, word) if word else state), place

    def _choice(self, pattern: str, place: int, state: int) -> tuple[int, int]:
        joined = self._new()
        while True:
            end, place = self._sequence(pattern, place, state)
            _lead(self._joins, end, joined)
            place += 1
            if pattern[place - 1] == "}":
                return joined, place


_NOWHERE: dict[str, _Targets] = {}


def _all(targets: _Targets | tuple[()]) -> Iterable[int]:
    return (targets,) if isinstance(targets, int) else targets


def _lead(steps: dict[_Key, _Targets], step: _Key, new: int) -> None:
    """Let a step lead to one more state."""
    steps[step] = [*_all(steps[step]), new] if step in steps else new
