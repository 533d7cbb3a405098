"""Titles that stand inside a longer name: "Toy" in "Toy Story" where only "The Toy" is known.

A title whose neighbours continue the name is not what was said; the whole name then is, and it is
looked up as such: "Taken 3" is not "Taken", "Cat on a Ladder" neither "The Cat" nor "The Ladder".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from recagent_catalogs.schema import Role

from ..words.lexicon import Lexicon
from ..words.tokens import Text
from .frames import KNOWN
from .linking import Title, TitleReader
from .spans import Span

_JOINTS = frozenset("of on in at for from to as than that v vs the a an de la du der".split())
_PLACES = frozenset(("in", "at", "on"))
_AMPERSAND = "&"
_BEGINNERS = frozenset(
    "i im ive id and or but so also then maybe we you he she they the a an my is are was were do "
    "does did have has had can could would which who how if when like likes liked love loves loved "
    "watch watched watching see seen saw hate hated enjoy enjoyed not no yes ok okay any some more "
    "hello hi hey thanks thank please anything something even recommend suggest know looking want "
    "good great really".split()
)
"""Words that begin a sentence: a capital says nothing about them."""
_BEHIND = frozenset(
    "lol haha hahaha alot lot tho yesterday tonight today again already too twice once recently "
    "before lately yet either starring directed with because cuz cause rocks ruled sucked since "
    "while years year time times part pls plz style kind type genre vibe vibes esque".split()
)
"""Words behind a title that do not belong to it."""
_SEQUEL = re.compile(r"\d{1,2}|ii|iii|iv|vi|vii|viii|ix")
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_OPEN_YEARS = frozenset("or to and onwards onward till until on upwards through".split())
_JOINED = frozenset(("", ":", "-", "–", "'", "’", "·", "&"))
_COLON = frozenset((":", "-", "–"))
_QUOTES = tuple("\"'“‘«„")
MOSTLY = 0.8
"""Share of capitals among the words inside sentences from which on a capital marks no name."""
FEW = 6
"""Of so few words the share says nothing."""
_LOOSE = frozenset(("value", "mood", "theme"))
"""Readings of a single word that give way to a name around it."""
LONGEST = 12
CLOSE = 84.0
"""From here on a near spelling is worth a question."""
MOST_LOOKED_UP = 2
"""Fuzzy look-ups a turn."""


class LongerNames:
    """Takes titles that are a part of a longer name for the whole.

    Args:
        lexicon: ordinary words.
        items: words for items in general.
        titles: tells which words are a whole title.
    """

    def __init__(self, lexicon: Lexicon, items: frozenset[str], titles: TitleReader) -> None:
        self._lexicon = lexicon
        self._items = items
        self._titles = titles
        self._plain = lexicon.common | lexicon.stop | lexicon.filler | items

    def mend(self, text: Text, spans: Sequence[Span]) -> list[Span]:
        """The spans with names in the place of titles that are parts of them."""
        if not text.mixed_case and not any(span.kind == "title" for span in spans):
            return list(spans)
        found: list[Span] = []
        names = _Names(self._lexicon, self._items, self._plain, text, spans)
        for name, title in names.found():
            if title.score >= KNOWN:
                continue  # quotes, a year or the sentence tell where it ends
            found += self._row_of_titles(text, name, title) or [name]
        for start, end in names.half_read()[:MOST_LOOKED_UP]:
            if not any(span.start < end and start < span.end for span in found):
                found += self._looked_up(text, start, end)
        if not found:
            return list(spans)
        taken = {i for span in found for i in range(span.start, span.end)}
        kept = [s for s in spans if not any(i in taken for i in range(s.start, s.end))]
        found = [s for s in found if s.kind == "title" or not self._person(text, s)]
        return sorted([*kept, *found], key=lambda span: span.start)

    def _looked_up(self, text: Text, start: int, end: int) -> list[Span]:
        """A name of which words were read as something else, where a title is written alike."""
        typed = text.as_typed(start, end)
        match, sure = self._titles.near(typed)
        if match is None or not (sure or match.score >= CLOSE):
            return []
        if not sure:
            return [Span(start, end, "name", typed, 4.0)]
        return [Span(start, end, "title", Title(match.row, min(match.score, 99.0)), 4.5)]

    def _row_of_titles(self, text: Text, name: Span, title: Span) -> list[Span]:
        """A long title and what stands beside it, where that is a whole title as well."""
        inside = [w for w in text.words[title.start : title.end] if w not in self._lexicon.stop]
        whole = self._titles.whole(text.phrase(title.start, title.end)) is not None
        if len(inside) < 2 or not whole or ":" in name.data:
            return []
        found = [title]
        for start, end in ((name.start, title.start), (title.end, name.end)):
            if start < end:
                row = self._titles.whole(text.phrase(start, end))
                if row is None:
                    return []
                found.append(Span(start, end, "title", Title(row), title.score))
        return found

    def _person(self, text: Text, name: Span) -> bool:
        """Whether it looks like a person's name: its words are left to the reader of those."""
        words = text.words[name.start : name.end]
        plain = self._lexicon.common | self._lexicon.stop
        return (
            words[0] in self._lexicon.given and 2 <= len(words) <= 3 and plain.isdisjoint(words[1:])
        )


class _Names:
    """The longer names of one text."""

    def __init__(
        self,
        lexicon: Lexicon,
        items: frozenset[str],
        plain: frozenset[str],
        text: Text,
        spans: Sequence[Span],
    ) -> None:
        self._lexicon, self._items, self._plain, self._text = lexicon, items, plain, text
        self._spans = spans
        self._owner = {i: span for span in spans for i in range(span.start, span.end)}
        self._marked = self._capitals_mark()

    def found(self) -> list[tuple[Span, Span]]:
        """Each longer name with the title it was found by."""
        names: list[tuple[Span, Span]] = []
        for span in self._spans:
            if span.kind != "title" or self._settled(span):
                continue
            if names and span.start < names[-1][0].end:
                continue
            start = self._left(span) if self._marked else span.start
            end = self._right(span)
            if (start, end) != (span.start, span.end) and end - start <= LONGEST:
                typed = self._text.as_typed(start, end)
                names.append((Span(start, end, "name", typed, span.score), span))
        return names

    def half_read(self) -> list[tuple[int, int]]:
        """Runs of words with capitals of which some, not all, were read as moods or tags."""
        found, at, text = [], 0, self._text
        while self._marked and at < len(text.words):
            end = self._run(at)
            if end is None:
                at += 1
                continue
            owned = [i in self._owner for i in range(at, end) if text.tokens[i].capital]
            if any(owned) and not all(owned):
                the = at > 0 and text.words[at - 1] in ("the", "a") and text.tokens[at - 1].capital
                found.append((at - the, end))
            at = end
        return found

    def _run(self, at: int) -> int | None:
        """Where a run of words written as a name ends; None where none begins."""
        text = self._text
        if not self._part(at) or text.begins_sentence(at) and self._begins(at):
            return None
        end = at + 1
        while end < len(text.words) and not text.begins_sentence(end):
            if text.gap(end).strip() not in _JOINED:
                break
            if not self._part(end) or self._begins(end):
                step = self._over_joints(end)
                if not step:
                    break
                end += step - 1
            end += 1
        return end

    def _settled(self, span: Span) -> bool:
        """Whether a year or quotes say that the name ends where the title does."""
        title: Title = span.data
        start = self._text.tokens[span.start].start
        return title.year or self._text.raw[start - 1 : start] in _QUOTES

    def _capitals_mark(self) -> bool:
        """Whether capitals mark names: both cases are used, and capitals are not the rule."""
        text = self._text
        if not text.mixed_case:
            return False
        inner = (t for i, t in enumerate(text.tokens) if not text.begins_sentence(i))
        letters = [t.capital for t in inner if t.word.isalpha()]
        return len(letters) <= FEW or sum(letters) <= MOSTLY * len(letters)

    def _part(self, at: int) -> bool:
        """Whether a word is written as a part of a name, and read as nothing firm."""
        word, token, owner = self._text.words[at], self._text.tokens[at], self._owner.get(at)
        if not token.capital or word in _BEGINNERS or word in self._items:
            return False
        if owner is None:
            return True
        # A tag or mood of one word gives way to a name, unless it is shouted.
        shouted = self._text.as_typed(at, at + 1).isupper()
        return owner.kind in _LOOSE and len(owner) == 1 and not shouted

    def _begins(self, at: int) -> bool:
        """Whether a word with a capital rather begins the next sentence, its stop forgotten."""
        word = self._text.words[at]
        lexicon = self._lexicon
        filler = word in lexicon.filler and word not in lexicon.common
        return word in lexicon.stop or filler or word in lexicon.acts

    def _ordinary(self, start: int, end: int) -> bool:
        words = self._text.words[start:end]
        return all(word in self._plain or word.isdigit() for word in words)

    # --- to the right ----------------------------------------------------------------------------

    def _right(self, span: Span) -> int:
        text, end, ajar = self._text, span.end, False
        while end < len(text.words) and not text.begins_sentence(end):
            gap = text.gap(end).strip()
            if gap not in _JOINED:
                break
            ajar = ajar or gap in _COLON or gap == _AMPERSAND
            step = self._step(span, end, ajar)
            if not step:
                break
            end += step
            ajar = text.words[end - 1] in _JOINTS or text.raw[text.tokens[end - 1].start] == "&"
        return end

    def _step(self, span: Span, at: int, ajar: bool) -> int:
        """How many words from here on belong to the name that ends here.

        `ajar`: after a colon or a joint, where a name must go on.
        """
        owner, text = self._owner.get(at), self._text
        if ajar and (text.tokens[at].capital or not self._marked):
            if owner is not None and owner.kind in ("title", "stranger"):
                return owner.end - at
            return int(owner is None or self._part(at))
        if at == span.end and (self._sequel(at, owner) or self._other_year(at)):
            return 1
        if not self._marked:
            return 0 if self._text.mixed_case else self._lower(span, at)
        if self._part(at) and not self._begins(at):
            return 1
        if owner is None and text.tokens[at].capital and at > span.end:
            return int(text.words[at] in self._items)  # "The Lego Movie"
        if owner is not None and owner.kind in ("title", "stranger"):
            return self._together(span, at, owner)
        if owner is not None and owner.kind in ("number", "count"):
            return int(text.tokens[at].capital and text.words[at].isalpha())  # "Ocean's Twelve"
        return self._over_joints(at)

    def _lower(self, span: Span, at: int) -> int:
        """The same where no capitals help: an ordinary word with another behind, both unread."""
        text, start = self._text, span.start
        while start < span.end - 1 and text.words[start] in _JOINTS:
            start += 1
        if span.end - start > 1 and at == span.end or at > span.end:
            return 0
        size = 2 if text.words[at] == "of" and at + 1 < len(text.words) else 1
        last = at + size - 1
        word = text.words[last]
        owners = [self._owner[i] for i in range(at, last + 1) if i in self._owner]
        if any(o.kind != "mood" or len(o) > 1 for o in owners) or text.gap(last).strip():
            return 0
        if not word.isalpha() or len(word) < 3 or self._begins(last) or word in self._items:
            return 0
        if word in _BEHIND or word.endswith("ly") or word in _BEGINNERS:
            return 0
        return size if self._ordinary(start, span.end) else 0

    def _together(self, span: Span, at: int, owner: Span) -> int:
        """How many words of a name right after this one belong to it: "Spy Game"."""
        if owner.start != at or not self._text.tokens[at].capital or self._text.words[at] == "the":
            return 0
        plain = len(span) == 1 and self._ordinary(span.start, at)
        if len(owner) > 1:
            return owner.end - at if plain and owner.kind == "stranger" else 0
        return 1 if plain or at > span.end or self._ordinary(at, at + 1) else 0

    def _over_joints(self, at: int) -> int:
        """How many words a name takes over small words: "Cat on a Ladder"."""
        text, owner = self._text, self._owner
        ampersand = text.raw[text.tokens[at].start] == _AMPERSAND
        if text.words[at] in _PLACES and self._rare(at) > 1:
            return 0  # "Captain Marvel in Boston"
        for after in (at + 1, at + 2):
            if (
                after >= len(text.words)
                or any(text.words[i] not in _JOINTS and not ampersand for i in range(at, after))
                or any(i in owner for i in range(at, after))
                or text.begins_sentence(after)
                or text.gap(after).strip() not in _JOINED
            ):
                return 0
            if after == at + 1 and text.words[at] == "the" and text.tokens[at].capital:
                return 0  # the next name begins
            if text.words[at] == "to" and "from" in text.words[:at]:
                return 0
            if self._part(after):
                return after + 1 - at
            follower = owner.get(after)
            if follower is not None and follower.kind == "title" and follower.start == after:
                if any(text.tokens[i].capital for i in range(after, follower.end)):
                    return follower.end - at
        return 0

    def _rare(self, at: int) -> int:
        """How many words that are not ordinary the title has that ends here."""
        span = self._owner.get(at - 1)
        words = () if span is None or span.end != at else span_words(self._text, span)
        return sum(w not in self._plain for w in words) + (len(words) > 1)

    def _sequel(self, at: int, owner: Span | None) -> bool:
        """Whether a number after a title is a part of it: "Taken 3", not "like Taken 3 or 4"."""
        words = self._text.words
        if not _SEQUEL.fullmatch(words[at]):
            number = words[at + 1] if at + 1 < len(words) else ""
            counted = bool(_SEQUEL.fullmatch(number)) or number in self._lexicon.numbers
            return words[at] in ("part", "episode", "chapter", "volume") and counted
        if owner is not None and owner.kind not in ("number", "count"):
            return False
        if not words[at].isdigit():
            return True
        after, later = (*words[at + 1 : at + 3], "", "")[:2]
        if after in ("or", "to", "and") and later.isdigit():
            return False
        return after not in ("of", "more", "stars", "star") and not (
            after in self._items or after in self._lexicon.units
        )

    def _other_year(self, at: int) -> bool:
        """Whether a year of another film stands right behind: "Fantasia 2000", "It 1990"."""
        word = self._text.words[at]
        after = self._text.words[at + 1 : at + 2]
        return bool(_YEAR.fullmatch(word)) and not (after and after[0] in _OPEN_YEARS)

    # --- to the left -----------------------------------------------------------------------------

    def _left(self, span: Span) -> int:
        text, start = self._text, span.start
        while start > 0 and not text.begins_sentence(start):
            if text.gap(start).strip() not in _JOINED:
                break
            if self._continues(start - 1):
                start -= 1
            elif self._joint(span, start - 1) and self._continues(start - 2):
                start -= 2
            else:
                break
        if start < span.start and start > 0 and text.words[start - 1] == "i":
            start -= 1 if text.words[start] in ("am", "was", "will") else 0
        return start

    def _joint(self, span: Span, at: int) -> bool:
        """Whether a small word joins what stands before it to a title of one word."""
        text, content = self._text, [w for w in span_words(self._text, span) if w not in _JOINTS]
        return (
            at > 0
            and len(content) == 1
            and text.words[at] in _JOINTS
            and at not in self._owner
            and not text.begins_sentence(at)
            and not text.tokens[at].capital
        )

    def _continues(self, at: int) -> bool:
        owner = self._owner.get(at)
        if not self._part(at) or owner is not None and not self._shade(at, owner):
            return False
        word = self._text.words[at]
        if self._text.begins_sentence(at):
            known = self._lexicon.stop | self._lexicon.filler
            return word not in known and word not in self._lexicon.acts
        return not word.isdigit()

    def _shade(self, at: int, owner: Span) -> bool:
        """Whether a word was only read as a tag, or as a mood: "Bad Education"."""
        if self._text.begins_sentence(at):
            return False
        return owner.kind != "value" or all(value.role is Role.TAGS for value in owner.data)


def span_words(text: Text, span: Span) -> tuple[str, ...]:
    """The folded words of a span."""
    return text.words[span.start : span.end]
