"""What people ask of items and hardly any catalog has: songs, quotes, trailers, characters.

They are recognised, so that their names are no titles and no topics, and said to be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from recagent_catalogs.text import fold

from ..words.lexicon import singular
from ..words.patterns import Pattern
from ..words.tables import load
from ..words.tokens import Text
from ..words.vocabulary import Vocabulary
from .frames import compile_frame, sentences
from .spans import Span

SCORE = 9.0
"""Above any title: "the song Heat" is a song."""
MOST_WORDS = {"songs": 9, "quotes": 14}
"""Words in the longest name of a thing; a character's has three."""
_NEVER_LAST = frozenset("in it there please from of".split())


@dataclass(frozen=True)
class Extra:
    """A thing that is asked for: "songs" and so on, and its own name where one was said."""

    what: str
    name: str = ""


@lru_cache(maxsize=1)
def _extras() -> dict[str, tuple[list[Pattern], list[Pattern]]]:
    return {
        what: (
            [compile_frame(row, {"words": entry["words"]}) for row in entry["named"]],
            [compile_frame(row, {"words": entry["words"]}) for row in entry["bare"]],
        )
        for what, entry in load("extras").items()
    }


def extra_spans(text: Text, vocabulary: Vocabulary) -> Iterator[Span]:
    """Every reading of a stretch as such a thing; data is an `Extra`."""
    held = {key for key in vocabulary.columns} | {singular(fold(w)) for w in vocabulary.items}
    for start, end in sentences(text):
        words = " ".join(text.words[start:end])
        for what, (named, bare) in _extras().items():
            if singular(what) in held:
                continue  # a catalog of songs, a column of characters
            for frame in named:
                if match := frame.search(words):
                    first = start + words[: match.start("x")].count(" ")
                    last = first + len(match["x"].split())
                    if what == "characters":
                        last = next((i for i in range(first, last) if _places(text, i)), last)
                    while last > first and text.words[last - 1] in _NEVER_LAST:
                        last -= 1
                    if first < last <= first + MOST_WORDS.get(what, 3):
                        name = text.as_typed(first, last)
                        yield Span(first, last, "extra", Extra(what, name), SCORE)
                        place = _thing(words[: match.start("x")], match, what)
                        if place is not None:
                            yield Span(start + place[0], start + place[1], "lead", None, SCORE)
            for frame in bare:
                for match in frame.finditer(words):
                    if place := _thing(words, match, what):
                        i, j = start + place[0], start + place[1]
                        yield Span(i, j, "extra", Extra(what), SCORE)


def _places(text: Text, index: int) -> bool:
    """Whether what follows is where a character stands: "as Rufus in Heat"."""
    return text.words[index] in ("in", "from", "on")


def _thing(words: str, match: re.Match[str], what: str) -> tuple[int, int] | None:
    """Numbers of the words that name the thing, the last excluded."""
    own = "|".join([*load("extras")[what]["words"], "soundtracks?", "lyrics", "song"])
    found = re.search(rf"(?<!\S)(?:{own})(?!\S)", words[match.start() : match.end()])
    if found is None:
        return None
    first = words[: match.start() + found.start()].count(" ")
    return first, first + len(found[0].split())
