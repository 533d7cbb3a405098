"""Names of people where no column knows any: by given names, and by where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..words.lexicon import Lexicon, key_of
from ..words.tokens import Text
from .spans import Span

GIVEN, CUED = 4.4, 6.1
"""Scores: a given name and a surname; a place in the sentence where only people stand."""
LONGEST = 4
"""Words in the longest name."""
_PARTICLES = frozenset(
    "van von de del della di da la le el al st mac mc bin ten ter dos du der den".split()
)
_ADVERBS = r"(?:(?:ever|also|really|actually|once|only|just|all|been|both|not|never|even) )*"
_DIRECT = r"(?:direct|directed|directs|directing|helm|helmed)"
_PLAY = (
    r"(?:stars?|starred|starring|act|acts|acted|appear|appears|appeared|play|plays|played|voice|"
    r"voiced|costar|costarred)"
)
_DO = rf"(?:{_DIRECT}|{_PLAY}|make|made|do|done|write|wrote|written|produce|produced|been|win|won)"
_BEFORE = re.compile(
    r"(?<!\S)(?:(?P<maker>(?:directed|made|written|produced|filmed|helmed|created) by|directors?|"
    r"directed|by)|"
    r"(?P<player>starring|stars|starred|costarring|featuring|(?:acted|played|performed) by|"
    r"actors?|actress(?:es)?|comedian|comedienne)|"
    r"(?P<asked>did|does|has|have|was|were|is)|(?P<with>with)|"
    r"(?P<item>movies?|films?|books?|games?|titles?)(?: that| which)?) (?=\S)"
)


@dataclass(frozen=True)
class Stranger:
    """A person that no column knows; `maker` where the sentence says that of them."""

    name: str
    maker: bool = False

    def __str__(self) -> str:
        return self.name


class StrangerReader:
    """Finds names of people that nobody knows.

    Args:
        lexicon: given names, ordinary words.
        items: words for items in general.
    """

    def __init__(self, lexicon: Lexicon, items: frozenset[str]) -> None:
        self._lexicon = lexicon
        self._items = items

    def spans(self, text: Text) -> Iterator[Span]:
        """Every reading of a stretch as somebody's name; data is a `Stranger`."""
        for start in range(len(text.words) - 1):
            if last := self._after_given(text, start):
                yield self._span(text, start, last, GIVEN + self._near_verb(text, start, last))
        yield from self._makers(text)
        for match in _BEFORE.finditer(text.joined):
            first = text.starts.get(match.end())
            if first is None or text.begins_sentence(first):
                continue
            end = self._name_end(text, first)
            if end and self._stands(text, match, first, end):
                yield self._span(text, first, end, CUED)
                yield from self._joined(text, end)

    def _makers(self, text: Text) -> Iterator[Span]:
        """Well-known makers by their whole name, or by a surname right before the items."""
        words, makers = text.words, self._lexicon.makers
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + LONGEST) + 1):
                lone = end - start == 1 and words[end : end + 1] and words[end] not in self._items
                if text.phrase(start, end) not in makers or lone:
                    continue
                if end - start > 1 or end < len(words):
                    yield self._span(text, start, end, GIVEN + 0.3)

    def _joined(self, text: Text, end: int) -> Iterator[Span]:
        """The names that follow a name with "and", "or" or a comma."""
        while end + 1 < len(text.words):
            start = end + (text.words[end] in ("and", "or"))
            if start == end and "," not in text.gap(end):
                return
            after = self._name_end(text, start)
            if after is None or after - start < 2 or not self._rare(text.words[after - 1]):
                return
            yield self._span(text, start, after, CUED)
            end = after

    def _span(self, text: Text, start: int, end: int, score: float) -> Span:
        stranger = Stranger(text.as_typed(start, end), self.maker(text, start, end))
        return Span(start, end, "stranger", stranger, score)

    # --- names -----------------------------------------------------------------------------------

    @cached_property
    def _plain(self) -> frozenset[str]:
        """Words that no surname is taken for."""
        lexicon = self._lexicon
        words = lexicon.stop | lexicon.filler | lexicon.generic | lexicon.after_names | self._items
        return frozenset(words | set(lexicon.numbers))

    def _after_given(self, text: Text, start: int) -> int | None:
        """The end of a given name and what follows it."""
        words, lexicon, plain = text.words, self._lexicon, self._plain
        if words[start] not in lexicon.given or text.begins_sentence(start + 1):
            return None
        end = start + 1
        while end < min(len(words) - 1, start + 3) and (
            len(words[end]) == 1 or words[end] in _PARTICLES
        ):
            end += 1
        if words[end] in plain or not words[end].isalpha():
            return None
        end += 1
        if (
            end < len(words)
            and words[end].isalpha()
            and words[end] not in plain
            and not self._is_kind(words[end])
            and not (text.begins_sentence(end) or "," in text.gap(end))
            and (words[end - 1] in lexicon.given and words[end] not in lexicon.given
                 or words[end] in _SURNAMES)
        ):  # fmt: skip
            end += 1
        capitals = all(text.tokens[i].capital for i in (start, end - 1))
        return end if capitals or not text.mixed_case else None

    def _name_end(self, text: Text, start: int) -> int | None:
        """Where a name that begins here ends, or None where none does."""
        words, end = text.words, start
        while end < min(len(words), start + LONGEST) and self._fits(text, end, start):
            end += 1
        return end if end > start else None

    def _fits(self, text: Text, index: int, start: int) -> bool:
        """Whether a word may belong to a name that begins at `start`."""
        word, lexicon = text.words[index], self._lexicon
        if index > start and (text.begins_sentence(index) or "," in text.gap(index)):
            return False
        if text.mixed_case and not text.tokens[index].capital:
            return word in _PARTICLES
        if not word.isalpha() or (len(word) == 1 and word in ("i", "a") and index == start):
            return False
        if len(word) == 1 or word in _PARTICLES and index > start:
            return word not in ("i", "a") or index > start
        if word in self._plain:
            return word == "will" and index == start
        if index > start + 1 and self._is_kind(word):
            return False
        key = key_of(word)
        return not (
            key in lexicon.qualities
            or key in lexicon.compounds
            or word in _VERBS
            or (key in lexicon.moods and index == start)
        )

    # --- where they stand ------------------------------------------------------------------------

    def _stands(self, text: Text, match: re.Match[str], start: int, end: int) -> bool:
        """Whether the sentence puts a person there."""
        words, after = text.words[start:end], text.joined[self._place(text, end) :]
        rare = [w for w in words if self._rare(w)]
        if not rare or len(words[-1]) == 1:
            return False
        if match["maker"] or match["player"]:
            before = text.words[start - 2] if start > 1 else ""
            alone = match["maker"] in ("by", "directed") and len(words) == 1
            return not (alone and before in ("inspired", "produced", "published")) and (
                len(rare) == len(words) or len(words) > 1
            )
        if match["asked"]:
            verb = re.match(rf"{_ADVERBS}{_DO}(?!\S)", after)
            inside = re.match(rf"{_ADVERBS}in(?!\S)", after) and match["asked"] not in ("did",)
            return bool(verb or inside) and (len(words) > 1 or not inside)
        if match["item"]:
            told = rf"{_ADVERBS}(?:{_PLAY}|{_DIRECT}|was in|is in|has been|has made|made|did)(?!\S)"
            named = len(words) > 1 and not self._is_kind(words[-1])
            return named and bool(re.match(told, after))
        return len(words) > 1 and len(rare) == len(words) and words[0] not in self._lexicon.moods

    def _place(self, text: Text, index: int) -> int:
        return sum(len(word) + 1 for word in text.words[:index])

    def _rare(self, word: str) -> bool:
        lexicon = self._lexicon
        return word in lexicon.given or not (
            word in lexicon.common
            or word.rstrip("s") in lexicon.common
            or word in lexicon.moods
            or any(word in group for group in lexicon.kinds)
        )

    def _is_kind(self, word: str) -> bool:
        """Whether a word is a kind: "Ada Stone western"."""
        return any(word in group for group in self._lexicon.kinds)

    def _near_verb(self, text: Text, start: int, end: int) -> float:
        """How much the words around speak for a person."""
        before = text.words[start - 1] if start else ""
        after = text.words[end] if end < len(text.words) else ""
        score = 1.4 if before in self._lexicon.before_names else 0.0
        return score + (0.7 if after in self._lexicon.after_names else 0.0)

    def maker(self, text: Text, start: int, end: int) -> bool:
        """Whether the sentence says that the person made the item, rather than plays in it."""
        words = text.words
        before, after = " ".join(words[max(0, start - 3) : start]), " ".join(words[end : end + 4])
        if re.search(r"(?:starring|stars|starred|with|featuring|actors?|actress)$", before):
            return False
        if re.search(r"(?:acted|played|performed|portrayed|voiced) by$", before):
            return False
        if re.match(rf"{_ADVERBS}{_DIRECT}(?!\S)", after):
            return True
        if re.search(rf"(?:^| )(?:by|directors?|{_DIRECT})$", before):
            return True
        if words[start - 1 : start] in (("and",), ("or",)) and start > 2:
            first = max(
                (i for i in range(start) if words[i] in ("by", "with", "starring")), default=-1
            )
            return first >= max(0, start - 6) and words[first] == "by"
        if re.match(rf"{_ADVERBS}(?:{_PLAY}|in|as)(?!\S)", after):
            return False
        name = text.phrase(start, end)
        return name in self._lexicon.makers or name.removesuffix("s") in self._lexicon.makers


_VERBS = frozenset(
    "direct directed directs star stars starred act acted acts appear appeared play played plays "
    "received averaging given rate rated make made do done doing write wrote produce produced "
    "create created movie movies film films centered centers centering centred focused focuses "
    "focusing revolves revolving involving dealing based set about scored director directors actor "
    "actors actress married singing".split()
)
_SURNAMES = frozenset("jones lee allen smith johnson john jr junior sr brown king".split())
