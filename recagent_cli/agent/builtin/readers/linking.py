"""Titles in a request: candidates by look-up, believed only with evidence.

Look-up alone means little: hundreds of titles are ordinary words ("It", "Up", "Her"). What speaks
for a title is a year or quotes around it, a cue before it ("like", "seen", "called"), capitals
where the sender uses them, rare words, its length, its popularity, and that it was shown last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import bare_title, fold
from recagent_catalogs.title_index import TitleMatch
from recagent_catalogs.titles import PART, canonical

from ..words.caches import cached
from ..words.lexicon import Lexicon
from ..words.tokens import Text
from .quoted import QUOTED
from .shorttitles import ShortTitles
from .spans import Span

LONGEST = 14
"""Words in the longest title that is looked up."""
THRESHOLD = 3.0
MUCH = 8
"""How many times better known an item must be to win over one of exactly the words' title."""
SHORT = 8
"""A near spelling of fewer letters than this is not taken for the title: the person is asked."""
_SMALL = frozenset(("the", "a", "an", "of", "and", "in", "to", "on", "for"))

_YEAR = re.compile(r"^\s*[(\[]?$")
_LOOSE_YEAR = re.compile(
    r"(?:(?:from|of|in) )?(?P<year>(?:18|19|20)\d\d)(?!\S)"
    r"|(?:the|that) (?P<year_>(?:18|19|20)\d\d) (?:one|version|film|movie|game|original)(?!\S)"
)
_A_YEAR = re.compile(r"(?:18|19|20)\d\d")
YEAR_AS_TITLE = 9.0
"""Above a period."""
_BEFORE = frozenset(
    (
        "like liked likes love loved loves enjoyed adore adored seen saw watched watching "
        "played playing read reading finished called titled named to as than except not no "
        "isnt arent wasnt without hated hate disliked directed stars starred is was recommend "
        "suggest remember with wrote made similar"
    ).split()
)
_WEAK = frozenset(("to", "as", "than", "with", "is", "was", "not", "read", "watching", "playing"))
_AFTER = frozenset(("was", "is", "were", "are", "has", "had"))
_FAVOURITE = frozenset(
    "favorite favorites favourite favourites fave faves fav favs loved liked".split()
)
_STRONG = frozenset(
    "like called titled named loved watched seen saw played hated isnt arent wasnt".split()
)


_SOMETHING = frozenset(("something", "anything", "stuff"))
_ARTICLES = ("a", "an")
_KIND_OF = ("like", "type", "style", "kind", "esque")
_GOES_ON = frozenset("already too but and or before thanks thx please".split())


def words_end(text: Text, end: int) -> int | None:
    """The end, where a sentence or clause ends there or an adverb follows; else None."""
    if end >= len(text.words) or text.begins_sentence(end) or "," in text.gap(end):
        return end
    return end if text.words[end] in _GOES_ON else None


@dataclass(frozen=True)
class Title:
    """An item found by its title.

    Attributes:
        row, score: the item, and how near its title is, 0-100.
        year: whether the words gave its year.
        part: whether the words are only a part of the title.
    """

    row: int
    score: float = 100.0
    year: bool = False
    part: bool = False


class TitleReader:
    """Finds titles in a request.

    Args:
        catalog: whose titles.
        lexicon: stop words, ordinary words.
        items: words for items in general.
    """

    def __init__(self, catalog: Catalog, lexicon: Lexicon, items: frozenset[str]) -> None:
        self._catalog = catalog
        self._lexicon = lexicon
        self._items = items
        self._exact = cached(50_000)(self._look_up)
        self._short = ShortTitles(catalog, lexicon)
        popularity = np.asarray(catalog.popularity)
        self._top = float(np.log1p(popularity.max())) if len(popularity) else 0.0

    def _look_up(self, folded: str) -> tuple[tuple[int, ...], int]:
        found = self._catalog.titles.exact_kinds(folded)
        if not found:
            return (), PART
        return tuple(row for row, _ in found[:12]), min(kind for _, kind in found)

    def whole(self, folded: str) -> int | None:
        """The item of exactly this title, not of a part of it; None where there is none."""
        rows, kind = self._exact(folded)
        return self._best_known(rows) if rows and kind != PART else None

    def row_of(self, folded: str) -> int | None:
        """The item that a title or a part of one means, or None where there is none."""
        rows, _ = self._exact(folded)
        return self._best_known(rows) if rows else None

    def _known(self, row: int) -> float:
        """How well known an item is, 0-1."""
        if not self._top:
            return 0.5
        return float(np.log1p(self._catalog.popularity[row])) / self._top

    # --- exact forms -----------------------------------------------------------------------------

    def spans(self, text: Text, shown: Mapping[str, int]) -> list[Span]:
        """Every believable reading of a stretch as a title; data is a `Title`.

        Args:
            text: the request.
            shown: folded titles of what was shown last, to their rows.
        """
        found = list(self._quoted(text))
        words, stop = text.words, self._lexicon.stop
        listed: set[int] = set()
        for start, end in self._catalog.titles.stretches(words, LONGEST):
            inside = words[start:end]
            if all(word in stop for word in inside) and not (
                self._emphatic(text, start, end) or self._listed(text, start, end, listed, shown)
            ):
                continue
            rows, kind = self._exact(text.phrase(start, end))
            if not rows or self._one_of_many(text, start, end, rows[0]):
                continue
            span = self._judge(text, start, end, rows, kind, shown, listed)
            if span.score >= THRESHOLD:
                found.append(span)
                listed.add(span.end)
        years = (i for i in listed if i < len(words) and self._listed_year(text, i, listed))
        return [*found, *(Span(i, i + 1, "name", words[i], YEAR_AS_TITLE) for i in years)]

    def _one_of_many(self, text: Text, start: int, end: int, row: int) -> bool:
        """Whether "a" makes of the words one of many, and no title: "a big fan", "with a heist"."""
        own = text.words[start] in _ARTICLES
        if not (own or start and text.words[start - 1] in _ARTICLES):
            return False
        if text.mixed_case and text.tokens[end - 1].capital:
            return False
        if own:
            title = fold(self._catalog.items([row])[0].title)
            return not title.startswith(f"{text.words[start]} ")
        after = text.words[end] if end < len(text.words) else ""
        return end - start == 1 and after not in self._items and after not in _KIND_OF

    def _listed(
        self, text: Text, start: int, end: int, listed: set[int], shown: Mapping[str, int]
    ) -> bool:
        """Whether a title of stop words ends a list of titles ("toy story and up") or was shown."""
        if start < 2 or words_end(text, end) is None or not self._continues(text, start, listed):
            return False
        return text.phrase(start, end) in shown or text.words[start - 1] in ("and", "or")

    def _emphatic(self, text: Text, start: int, end: int) -> bool:
        """Whether a title of stop words is marked as one: by a year, or by a capital inside."""
        if self._year_after(text, end) is not None:
            return True
        if self._outright(text, start, end):
            return True
        if any(text.begins_sentence(i) for i in range(start, end)) or not text.mixed_case:
            return False
        marked = all(
            text.tokens[i].capital and text.words[i] not in ("i", "im", "ive", "id")
            for i in range(start, end)
        )
        before = text.words[start - 1]
        return marked and (
            before in _BEFORE
            or before in ("and", "or")
            or before in self._lexicon.generic
            or end - start > 1
        )

    def _outright(self, text: Text, start: int, end: int) -> bool:
        """Whether only a title can stand here: "movies like up"."""
        words, lexicon = text.words, self._lexicon
        pointing = lexicon.pronouns | lexicon.plural | {"what", "you", "me", "us", "so", "any"}
        return (
            start > 1
            and words[start - 1] in ("like", "called", "named", "titled")
            and (words[start - 2] in self._items or words[start - 2] in _SOMETHING)
            and words_end(text, end) is not None
            and not pointing.intersection(words[start:end])
        )

    def _year_after(self, text: Text, end: int) -> int | None:
        if end >= len(text.words):
            return None
        word = text.words[end]
        if re.fullmatch(r"(?:18|19|20)\d\d", word) and (
            "(" in text.gap(end) or "[" in text.gap(end)
        ):
            return int(word)
        return None

    def _judge(
        self,
        text: Text,
        start: int,
        end: int,
        rows: Sequence[int],
        kind: int,
        shown: Mapping[str, int],
        listed: set[int],
    ) -> Span:
        year = self._year_after(text, end)
        row, agrees = self._choose(rows, year)
        score = self._words(text, start, end) + self._known(row) + self._case(text, start, end)
        score += self._context(text, start, end, listed)
        if kind == PART:
            score -= 0.8
        if all(word in self._lexicon.stop for word in text.words[start:end]) and self._listed(
            text, start, end, listed, shown
        ):
            score += 1.0
        if self._outright(text, start, end):
            score += 1.2
        if text.phrase(start, end) in shown:
            row, score = shown[text.phrase(start, end)], score + 2.5
        if year is not None and agrees:
            return Span(start, end + 1, "title", Title(row, 100.0, True), score + 6.0)
        if year is not None:
            score -= 4.0
        elif (agreed := self._loose_year(text, end, rows)) is not None:
            return Span(start, agreed[1], "title", Title(agreed[0], 100.0, True), score + 3.0)
        return Span(start, end, "title", Title(row, part=kind == PART), score)

    def _loose_year(self, text: Text, end: int, rows: Sequence[int]) -> tuple[int, int] | None:
        """The row of the year that follows without brackets, and where that ends.

        "alien 1979", "king kong from 1933", "nosferatu, the 1922 one".
        """
        match = _LOOSE_YEAR.match(" ".join(text.words[end : end + 4]))
        if match is None:
            return None
        wanted, last = int(match["year"] or match["year_"]), end + len(match[0].split())
        return next(((row, last) for row in rows if self._year(row) == wanted), None)

    def _choose(self, rows: Sequence[int], year: int | None) -> tuple[int, bool]:
        if year is None:
            return self._best_known(rows), False
        for slack in (0, 1):
            for row in rows:
                known = self._year(row)
                if known is not None and abs(known - year) <= slack:
                    return row, True
        unknown = next((row for row in rows if self._year(row) is None), None)
        return (rows[0], False) if unknown is None else (unknown, True)

    def _best_known(self, rows: Sequence[int]) -> int:
        """The first row, or one so much better known that it is what people mean.

        "Lord of the Rings" is hardly ever the cartoon of that very title.
        """
        popularity = self._catalog.popularity
        best = max(int(popularity[row]) for row in rows)
        if best <= MUCH * max(int(popularity[rows[0]]), 1):
            return rows[0]
        known = [row for row in rows if 2 * int(popularity[row]) > best]
        return min(known, key=lambda row: (self._year(row) or 9999, row))

    def _year(self, row: int) -> int | None:
        return self._catalog.titles.year(row)

    def _words(self, text: Text, start: int, end: int) -> float:
        lexicon, score = self._lexicon, 0.0
        for word in text.words[start:end]:
            if word in lexicon.stop or (word in lexicon.filler and end - start == 1):
                continue
            ordinary = (
                word in lexicon.common
                or word in lexicon.filler
                or word.rstrip("s") in lexicon.common
            )
            score += 1.0 if ordinary or word in self._items or len(word) < 3 else 2.2
        return min(score, 5.5) + 0.35 * min(end - start - 1, 4)

    def _case(self, text: Text, start: int, end: int) -> float:
        content = [i for i in range(start, end) if text.words[i] not in self._lexicon.stop] or list(
            range(start, end)
        )
        capitals = all(text.tokens[i].capital for i in content)
        if not text.mixed_case:
            return 0.0
        if (
            not capitals
            and len(content) > 1
            and text.tokens[content[0]].capital
            and not text.begins_sentence(content[0])
        ):
            return 0.0
        if not capitals:
            return -1.5 if text.words[start].isalpha() else -0.5
        inner = [i for i in content if not text.begins_sentence(i)]
        return 1.6 if inner else 0.5

    def _context(self, text: Text, start: int, end: int, listed: set[int]) -> float:
        before = text.words[start - 1] if start else ""
        after = text.words[end] if end < len(text.words) else ""
        score = 0.0
        if start and text.gap(start).strip(" \"'“‘") in ("", ":"):
            if before in _STRONG or before in self._items and before not in ("one", "ones"):
                score += 2.0
            elif self._after_comparison(text, start):
                score += 2.0
            elif before in _WEAK:
                score += 0.9
            elif before in _BEFORE:
                score += 1.4
        if before in ("are", "is", "include", "was") and _FAVOURITE & set(
            text.words[max(0, start - 6) : start]
        ):
            score = 2.0
        if score < 2.0 and self._continues(text, start, listed):
            score = 2.0
        if self._asked(text, start, end):
            score += 1.2
        if after in _AFTER and not text.begins_sentence(end):
            score += 0.9
        if after in self._items and after not in ("one", "ones") and before not in _STRONG:
            score -= 1.2
        if text.words[end - 1] in self._items and before in ("a", "an", "any", "some", "good"):
            score -= 3.0  # "a silent movie" is a kind
        rest = [w for i, w in enumerate(text.words) if not start <= i < end]
        if all(
            w in self._lexicon.stop or w in self._items or w in ("thanks", "please") for w in rest
        ):
            score += 1.6
        return score

    def _after_comparison(self, text: Text, start: int) -> bool:
        """Whether "similar to", "in the style of" or the like ends right before."""
        acts = self._lexicon.acts
        return any(
            "similar" in acts.get(text.phrase(start - size, start), ())
            for size in range(1, min(5, start) + 1)
        )

    def _asked(self, text: Text, start: int, end: int) -> bool:
        """Whether the stretch ends a question ("who wrote red harvest")."""
        if not (end == len(text.words) or text.begins_sentence(end) or text.words[end] == "about"):
            return False
        first = start
        while first > 0 and not text.begins_sentence(first):
            first -= 1
        return first < start and text.words[first] in (
            "who",
            "whos",
            "what",
            "whats",
            "when",
            "how",
            "is",
            "was",
            "does",
            "did",
        )

    def _continues(self, text: Text, start: int, listed: set[int]) -> bool:
        """Whether a title stood just before, with "and", "or" or a comma between."""
        if start in listed and set(text.gap(start).strip()) & set(",/&+"):
            return True
        if start and self._listed_year(text, start - 1, listed):
            return "," in text.gap(start)
        return any(
            start - back in listed
            and all(
                w in ("and", "or", "even", "maybe", "also", "the")
                for w in text.words[start - back : start]
            )
            for back in (1, 2, 3)
            if start >= back
        )

    def _listed_year(self, text: Text, at: int, listed: set[int]) -> bool:
        """Whether a year stands as one of a list of titles: "Whiplash, 1917, Heat"."""
        if at not in listed or "," not in text.gap(at) or not _A_YEAR.fullmatch(text.words[at]):
            return False
        return at + 1 == len(text.words) or "," in text.gap(at + 1)

    # --- quotes and near spellings ---------------------------------------------------------------

    def _quoted(self, text: Text) -> Iterator[Span]:
        for match in QUOTED.finditer(text.raw):
            inside = match.span(1) if match[1] is not None else match.span(2)
            numbers = [
                i
                for i, token in enumerate(text.tokens)
                if inside[0] <= token.start and token.end <= inside[1]
            ]
            if not numbers or len(numbers) > 14:
                continue
            start, end = numbers[0], numbers[-1] + 1
            year = self._year_after(text, end)
            rows, _ = self._exact(text.phrase(start, end))
            if rows:
                row, agrees = self._choose(rows, year)
                yield Span(start, end + bool(agrees), "title", Title(row, 100.0, agrees), 12.0)
            elif self._means_a_name(text, start, end):
                yield Span(start, end, "name", text.raw[inside[0] : inside[1]].strip(" ,."), 11.0)

    def _means_a_name(self, text: Text, start: int, end: int) -> bool:
        """Whether quotes hold a name, and not a manner of speaking (a "cosy" feel) or two names."""
        if " - " in text.as_typed(start, end) and any(
            self._exact(text.phrase(start, i))[0] or self._exact(text.phrase(i, end))[0]
            for i in range(start + 1, end)
        ):
            return False
        before = text.words[start - 1] if start else ""
        cued = before in _STRONG or before in self._items
        capitals = [
            i for i, token in enumerate(text.tokens) if token.capital and token.word[0] > "9"
        ]
        plain = bool(capitals) and not any(start <= i < end for i in capitals)
        return cued or not plain

    def near(self, typed: str) -> tuple[TitleMatch | None, bool]:
        """The nearest title to what was typed, and whether it may be taken for it."""
        found = self._catalog.titles.find(typed, limit=3, cutoff=70.0)
        if found and found[0].exact:
            return found[0], True
        if (short := self._short.find(typed)) is not None:
            return short, True
        if not found:
            return None, False
        best = found[0]
        year = re.search(r"[(\s]((?:18|19|20)\d\d)\)?\s*$", typed)
        name = typed[: year.start()] if year else typed
        if year and best.year is not None and abs(best.year - int(year[1])) > 1:
            same = canonical(fold(name)) == canonical(fold(best.title))
            return (best if same else None), False
        if _longer(fold(name), fold(best.title)):
            return best, False
        return best, _slip(canonical(fold(name)), canonical(fold(best.title)))


def _longer(typed: str, title: str) -> bool:
    """Whether a word of one begins a word of the other: "Titanic" and "Titanica", "Alien"(s)."""
    left, right = bare_title(typed).split(), bare_title(title).split()
    if len(left) != len(right):
        return False
    different = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    return any(a.startswith(b) or b.startswith(a) for a, b in different)


def _slip(typed: str, title: str) -> bool:
    """Whether the difference is slips of the fingers: in words, or in where they are divided."""
    left, right = bare_title(typed).split(), bare_title(title).split()
    if [w for w in left if w.isdigit()] != [w for w in right if w.isdigit()]:
        return False
    if "".join(left) == "".join(right):
        return True
    if len(left) != len(right):
        left, missing = _without_small(left, right)
        if not missing:
            return False
    slips = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    short = sum(map(len, left)) < SHORT
    return (
        not (short and slips)
        and len(slips) <= max(1, len(left) // 3)
        and all(_near_word(a, b) for a, b in slips)
    )


def _without_small(left: list[str], right: list[str]) -> tuple[list[str], bool]:
    """The left words with the small words of the right that are missing; whether that fits."""
    full: list[str] = []
    rest = iter(left)
    word = next(rest, None)
    for wanted in right:
        if word is not None and (wanted == word or wanted not in _SMALL):
            full.append(word)
            word = next(rest, None)
        elif wanted in _SMALL:
            full.append(wanted)
    return full, word is None and len(full) == len(right) and len(left) >= 2


def _near_word(typed: str, wanted: str) -> bool:
    """Whether a word is another one with a slip; people get the first letter right."""
    from rapidfuzz.distance import OSA

    if len(typed) < 4 or typed[0] != wanted[0]:
        return False
    return OSA.distance(typed, wanted) <= (2 if len(typed) >= 10 else 1)
