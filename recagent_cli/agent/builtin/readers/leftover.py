"""Content words that no reading used: names to look up, slips to mend, topics to search.

The rest is reported to the person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold

from ...request import Wish
from ..meaning.acts import Act
from ..meaning.references import Reference
from ..meaning.scopes import Scope
from ..words.lexicon import key_of
from ..words.tokens import Text
from .slips import Slips
from .spans import Span, choose
from .strangers import Stranger
from .topics import runs, unknown_topics

if TYPE_CHECKING:
    from ..meaning.reader import Reader
    from ..meaning.reading import Reading

_TITLE_CUES = frozenset(
    "like loved watched saw seen played called titled named finished similar enjoyed".split()
)
_ABOUT_CUES = frozenset(
    (
        "about involving set featuring features concerning regarding related revolving around "
        "dealing themed theme themes plot setting containing includes centered focused "
        "focusing"
    ).split()
)
_AMOUNT = re.compile(
    r"\b(?:under|over|less than|more than|at least|at most|no longer than|"
    r"shorter than|longer than|up to|max|about|around|cheaper than|below|"
    r"above)"
    r" (?:\d+(?:\.\d+)?|an?|\w+)(?: and a half)? (?P<unit>\w+)"
)
_LACKS = {"people": "no column of people", "text": "no descriptions"}
_VERBS = frozenset(
    ("direct", "directed", "directs", "star", "stars", "starred", "act", "acted", "acts", "appear",
     "appears", "appeared", "play", "played", "ever", "received", "rate", "rated", "given",
     "averaging",
     "that", "make", "made", "do", "done", "doing", "write", "wrote", "produce", "produced",
     "create", "created", "movie", "movies", "film", "films")
)  # fmt: skip
_ARTICLES = frozenset(("the", "a", "an"))
_LOOSE = frozenset("with made written wrote acted plays cast features direct".split())
_TOLD = frozenset("i we he she they it you that this which".split())
MANY = 30
"""A word that so many items hold says little of a topic by itself."""
MOST_UNUSED = 12
MOST_SEARCHED = 5
MOST_LOOKED_UP = 2
"""Fuzzy look-ups a turn: each costs about a millisecond on 10,000 items."""


_ASKING = frozenset(("who", "whos", "what", "whats", "when", "how", "is", "was", "does", "did"))


def _asked(text: Text, before: int) -> bool:
    """Whether the sentence begins as a question, somewhere before this word."""
    first = before
    while first > 0 and not text.begins_sentence(first):
        first -= 1
    return text.words[first] in _ASKING


class Leftovers:
    """What to do with words that nobody used."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kind_starts: set[int] = set()
        self._slips = Slips(reader)

    # --- before reading --------------------------------------------------------------------------

    def mend(self, text: Text, spans: list[Span]) -> list[Span]:
        """The spans with names and mended slips added."""
        free = self._free(text, spans)
        for start, end in self._reader.topics.stretches(text, spans):
            free -= set(range(start, end))
        if not free:
            return spans
        extra = [*self._slips.spans(text, free)]
        free -= {i for span in extra for i in range(span.start, span.end)}
        extra += self._names(text, spans, free)
        return choose([*spans, *extra])

    def _free(self, text: Text, spans: Iterable[Span]) -> set[int]:
        used = {i for span in spans for i in range(span.start, span.end)}
        lexicon = self._reader.lexicon
        return {
            i
            for i, word in enumerate(text.words)
            if i not in used
            and word not in lexicon.stop
            and word not in lexicon.filler
            and word not in self._reader.items
            and word not in lexicon.before_names
            and word not in lexicon.after_names
            and word not in self._reader.vocabulary.verbs
            and not self._slips.asks(word)
        }

    def _names(self, text: Text, spans: list[Span], free: set[int]) -> list[Span]:
        """Runs of unused words after a cue for titles or people, or in capitals."""
        found: list[Span] = []
        titled = {s.end for s in spans if s.kind == "title"}
        looked_up = 0
        used = {i for span in spans for i in range(span.start, span.end)}
        self._kind_starts = {s.start for s in spans if s.kind in ("value", "compound", "item")}
        start = 0
        while start < len(text.words):
            end = self._run(text, start, free, used)
            if end is None:
                start += 1
                continue
            start, end = self._without_cues(text, start, end)
            before = [w for w in text.words[max(0, start - 3) : start] if w not in _ARTICLES]
            kind = self._kind_of_run(text, start, end, before, titled)
            if kind == "person":
                end = self._name_end(text, start, end)
            if kind == "person":
                found += self._person(text, start, end)
            elif kind == "title" and looked_up < MOST_LOOKED_UP:
                looked_up += 1
                start, end = self._widen(text, start, end, used)
                cued = bool(before) and (before[-1] in _TITLE_CUES or self._called(text, start))
                span = self._title(text, start, end, cued)
                found += [span] if span else []
            start = end
        return found

    def _run(self, text: Text, start: int, free: set[int], used: set[int]) -> int | None:
        """Where a run of unused words that begins here ends; small words inside belong to it."""
        if start not in free:
            return None
        end = last = start + 1
        while end < len(text.words) and end not in used and not text.begins_sentence(end):
            if set(text.gap(end)) & set(",/") or text.words[end] in (
                "but",
                "and",
                "or",
                "with",
                "who",
                "which",
                "that",
                "from",
                "because",
                "i",
                "we",
                "please",
                "something",
                "was",
                "is",
                "were",
                *_ABOUT_CUES,
            ):
                break
            if end in free:
                last = end + 1
            elif end - last >= 2:
                break
            end += 1
        return last

    def _without_cues(self, text: Text, start: int, end: int) -> tuple[int, int]:
        """The run without words for columns at its head ("the actor a j langer")."""
        vocabulary = self._reader.vocabulary
        while start < end - 1 and key_of(text.words[start]) in vocabulary.columns:
            start += 1
        return start, end

    def _name_end(self, text: Text, start: int, end: int) -> int:
        """Where a person's name ends: before a verb or what else is ordinary, after three words."""
        lexicon = self._reader.lexicon
        after = frozenset((*lexicon.after_names, *lexicon.common, *_VERBS))
        last = start + 1
        while last < min(end, start + 4) and (
            text.words[last] not in after
            or text.words[start] in lexicon.given
            and last == start + 1
            and text.words[last] not in (*lexicon.after_names, *_VERBS)
        ):
            last += 1
        return last

    def _is_person(self, text: Text, start: int, end: int) -> bool:
        """Whether a run begins with a given name and a surname, or stands where only people do."""
        lexicon, words = self._reader.lexicon, text.words
        after = words[end] if end < len(words) else ""
        if words[start] in lexicon.given and end - start >= 2:
            return not text.mixed_case or text.tokens[start + 1].capital
        asked = start > 0 and words[start - 1] in (
            "did",
            "does",
            "has",
            "have",
            "was",
            "were",
            "is",
        )
        if start > 1 and words[start - 2] in _TOLD:
            return False  # "I was reminded of …"
        acts = any(w in lexicon.after_names or w in _VERBS for w in words[end : end + 2])
        return asked and acts and after != "in" and not self._reader.people.columns

    def _kind_of_run(
        self, text: Text, start: int, end: int, before: Sequence[str], titled: set[int]
    ) -> str:
        lexicon = self._reader.lexicon
        first = start
        while first > 0 and text.words[first - 1] in ("the", "a", "an"):
            first -= 1
        cue = text.words[first - 1] if first else ""
        known = (lexicon.common, self._reader.vocabulary.columns)
        rare = any(w not in known[0] and key_of(w) not in known[1] for w in text.words[start:end])
        capitals = text.mixed_case and all(
            text.tokens[i].capital or text.words[i] in lexicon.stop for i in range(start, end)
        )
        if cue in ("song", "songs", "quote", "line") or text.words[start] in ("song", "songs"):
            return ""
        if self._is_person(text, start, end):
            return "person"
        if end in self._kind_starts and not capitals:
            return ""  # "stupid comedy": the word describes the kind after it
        called = self._called(text, first)
        if (
            (cue in _TITLE_CUES or called)
            and (rare or capitals)
            or cue == "to"
            and first > 1
            and text.words[first - 2] == "similar"
            and (rare or capitals)
        ):
            return "title"
        if (
            self._names_people(cue)
            and (capitals or not text.mixed_case and self._nameable(text, start, end, cue))
            and end - start <= 4
        ):
            return "person"
        listed = (
            bool(titled & {start, start - 1, start - 2})
            and text.words[start - 1] in ("and", "or", "the")
            or start in titled
            and "," in text.gap(start)
        )
        if listed and (rare or capitals):
            return "title"
        if capitals and end - start >= 2 and not text.begins_sentence(start):
            after = text.words[end] if end < len(text.words) else ""
            return (
                "person"
                if after in ("was", "directed", "starred", "did", "made", "has")
                or after in self._reader.items
                and not self._reader.people.columns
                else "title"
            )
        if (
            cue in ("is", "was", "about", "does", "did", "of", "in")
            and _asked(text, start)
            and (capitals or rare)
        ):
            return "title"
        if start == first and end == len(text.words) and start <= 1 and rare and end - start <= 6:
            return "title"
        return ""

    def _names_people(self, cue: str) -> bool:
        """Whether a word comes before people; "with" does where this catalog's columns say so."""
        if cue not in self._reader.lexicon.before_names:
            return False
        return (
            cue != "with"
            or cue in self._reader.vocabulary.cues
            or not (self._reader.people.columns)
        )

    def _nameable(self, text: Text, start: int, end: int, cue: str) -> bool:
        """Whether words in lower case after a cue for people are a name, and no description."""
        lexicon = self._reader.lexicon
        rare = [
            w
            for w in text.words[start:end]
            if not (w in lexicon.common or w.rstrip("s") in lexicon.common)
            and key_of(w) not in self._reader.vocabulary.columns
        ]
        if cue in _LOOSE:  # "with car chases", "made lately"
            return len(rare) == end - start > 1
        return bool(rare) and start > 0 and text.words[start - 1] not in ("a", "an")

    def _called(self, text: Text, start: int) -> bool:
        """Whether "the film" or the like stands right before."""
        return (
            start > 1
            and text.words[start - 2] == "the"
            and text.words[start - 1] in (self._reader.items)
        )

    def _widen(self, text: Text, start: int, end: int, used: set[int]) -> tuple[int, int]:
        while start > 0 and text.words[start - 1] == "the" and start - 1 not in used:
            start -= 1
        if (
            end < len(text.words)
            and text.words[end].isdigit()
            and (len(text.words[end]) < 3 or "(" in text.gap(end))
        ):
            end += 1
        return start, end

    def _title(self, text: Text, start: int, end: int, cued: bool) -> Span | None:
        typed = text.as_typed(start, end)
        match, sure = self._reader.titles.near(typed)
        if match is not None and sure:
            from .linking import Title

            return Span(start, end, "title", Title(match.row, min(match.score, 99.0)), 4.5)
        capitals = text.mixed_case and text.tokens[end - 1].capital
        close = match is not None and match.score >= 84
        after = text.words[end] if end < len(text.words) else ""
        if after in self._reader.items and not close and end - start <= 3:
            return self._person(text, start, end)[0]  # "I like Schwarzenegger movies"
        if cued or capitals or close:
            return Span(start, end, "name", typed, 2.4)
        return None

    def _person(self, text: Text, start: int, end: int) -> list[Span]:
        from .people import Person

        people = self._reader.people
        typed = text.as_typed(start, end)
        if people.columns:
            near = people.near(typed)
            if near is not None and near[1] >= 90:
                return [Span(start, end, "person", Person((near[0],)), 4.0)]
        maker = self._reader.strangers.maker(text, start, end)
        return [Span(start, end, "stranger", Stranger(typed, maker), 2.3)]

    # --- after reading ---------------------------------------------------------------------------

    def report(
        self,
        reading: Reading,
        spans: list[Span],
        acts: list[Act],
        scopes: list[Scope],
        references: list[Reference],
    ) -> None:
        """Turn strangers and topics into searches, and report the rest."""
        text = reading.text
        for span in spans:
            if span.kind == "stranger":
                self._stranger(reading, span, scopes)
        used = [(s.start, s.end) for s in spans]
        # Acts that may hold content words ("list", "show me") count as used too.
        used += [(a.start, a.end) for a in acts] + [(s.cue, s.start) for s in scopes]
        used += [(r.start, r.end) for r in references]
        taken = {i for start, end in used for i in range(start, end)}
        vocabulary = self._reader.vocabulary
        free = sorted(
            i
            for i in self._free(text, ())
            if i not in taken
            and text.words[i] not in self._reader.lexicon.numbers
            and key_of(text.words[i]) not in vocabulary.columns
            and text.words[i] not in vocabulary.pointers
        )
        free = sorted({*free, *self._plain_topics(text, reading.topics, taken)})
        topics = [i for i in free if self._topical(text, i, reading.topics)]
        negated = [i for i in free if any(s.start <= i < s.end and not s.soft for s in scopes)]
        negated = [i for i in negated if i in topics or self.findable([text.words[i]])]
        wanted = self._found(text, [i for i in topics if i not in negated][:MOST_SEARCHED])
        if wanted and reading.question is None:
            reading.search.extend(
                text.words[i] for i in wanted if text.words[i] not in reading.search
            )
            alone = [i for i in wanted if not any(a <= i < b for a, b in reading.topics)]
            reading.topics += runs(alone)
        reading.topics += unknown_topics([i for i in topics if i not in negated], reading)
        if wanted and reading.question is None:
            free = [i for i in free if i not in wanted]
        for i in negated:
            reading.wishes.append(Wish(text.words[i], (), text.words[i], -1.0))
        free = [i for i in free if i not in negated]
        reading.unused = list(dict.fromkeys(text.as_typed(i, i + 1) for i in free))[:MOST_UNUSED]
        self._missing(reading, spans)
        if text.cut:
            reading.limits.append(f"I read only the first {len(text.words)} words.")

    def _plain_topics(
        self, text: Text, topics: Sequence[tuple[int, int]], taken: Collection[int]
    ) -> list[int]:
        """Words of asking that are a topic nevertheless: "about time"."""
        filler, stop = self._reader.lexicon.filler, self._reader.lexicon.stop
        return [
            start
            for start, end in topics
            if end - start == 1
            and start not in taken
            and text.words[start] in filler
            and text.words[start] not in stop
            and not text.words[start].endswith("ing")
        ]

    def findable(self, words: Sequence[str]) -> list[str]:
        """Those of a topic's words that items hold together, the rarer first.

        A topic of which only ordinary words are found ("the bad guy wins") is not found.
        """
        search, common = self._reader.catalog.search, self._reader.lexicon.common
        found = {word: set(search(word, 2_000)[0].tolist()) for word in words}
        rows: set[int] | None = None
        kept: list[str] = []
        for word in sorted(found, key=lambda word: len(found[word])):
            both = found[word] if rows is None else rows & found[word]
            if both:
                rows = both
                kept.append(word)
        ordinary = all(fold(word) in common or len(found[word]) > MANY for word in kept)
        return [] if len(kept) < len(found) and ordinary else kept

    def _found(self, text: Text, topics: list[int]) -> list[int]:
        kept = self.findable([text.words[i] for i in topics])
        return [i for i in topics if text.words[i] in kept]

    def _missing(self, reading: Reading, spans: list[Span]) -> None:
        """Say which columns the words ask for and the catalog lacks: numbers, people, text."""
        schema, lexicon, words = (
            self._reader.schema,
            self._reader.lexicon,
            f" {reading.text.joined} ",
        )
        if not any(span.kind == "number" for span in spans):
            for family, units in lexicon.units.items():
                match = _AMOUNT.search(reading.text.joined)
                if match and match["unit"] in units and family != "score":
                    reading.limits.append(f"This catalog knows no such number ({match[0]!r}).")
                    reading.unused = [w for w in reading.unused if fold(w) not in match[0].split()]
        for role, cues in lexicon.missing.items():
            asked = next((cue for cue in cues if f" {cue} " in words), "")
            if asked and not schema.with_role(Role(role)) and reading.question:
                reading.limits.append(f"This catalog has {_LACKS[role]} ({asked!r}).")
                reading.unused = [w for w in reading.unused if fold(w) not in cues]
        if schema.with_role(Role.NUMBER):
            return
        for noun, cues in lexicon.amounts.items():
            asked = next((cue for cue in cues if f" {cue} " in words), "")
            if asked:
                reading.lacking = f"This catalog knows no {noun} ({asked!r})."
                reading.limits.append(reading.lacking)
                reading.unused = [w for w in reading.unused if fold(w) not in cues]

    def _stranger(self, reading: Reading, span: Span, scopes: list[Scope]) -> None:
        typed = str(span.data)
        if self._reader.people.columns:
            labels = " or ".join(c.label or c.name for c in self._reader.people.columns)
            reading.limits.append(f"I know no {labels} called {typed!r}.")
        else:
            reading.limits.append(
                f"This catalog has no column of people; I looked for {typed!r} in tags and text."
            )
        if any(s.start <= span.start < s.end for s in scopes):
            reading.wishes.append(Wish(typed, (), typed.lower(), -1.0))
        else:
            reading.search.append(typed.lower())

    def _topical(self, text: Text, index: int, topics: Sequence[tuple[int, int]]) -> bool:
        """Whether an unused word names a topic: where one is told, or right before "film"."""
        word = text.words[index]
        if len(word) < 3 or word.isdigit():
            return False
        if any(start <= index < end for start, end in topics):
            return True
        after = text.words[index + 1] if index + 1 < len(text.words) else ""
        return after in self._reader.items and after not in ("one", "ones")
