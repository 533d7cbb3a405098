"""Reads one turn by itself. The state of earlier turns comes later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.titles import title_forms

from ...request import Mention, Question
from ..answers.why import asks_why
from ..dialogue.asked import CONTRARY, asked, says
from ..readers.dated import DatedNames
from ..readers.extras import extra_spans
from ..readers.frames import FrameReader
from ..readers.grades import GradeReader
from ..readers.leftover import Leftovers
from ..readers.linking import TitleReader
from ..readers.longer import LongerNames
from ..readers.numbers import NumberReader
from ..readers.people import PeopleReader
from ..readers.periods import period_spans
from ..readers.places import PlaceReader
from ..readers.spans import Span, choose
from ..readers.strangers import StrangerReader
from ..readers.themes import ThemeReader
from ..readers.titled import titled_spans
from ..readers.topics import TopicReader
from ..words.lexicon import Lexicon, key_of
from ..words.tokens import Text, tokenize, whole
from ..words.vocabulary import Vocabulary
from .absence import read_absence
from .acts import Act, asks_me, empty_act, find_acts, points
from .builder import Builder
from .comparing import asks_to_compare
from .described import described
from .nearness import WishMatcher
from .own_rating import asks_whether_liked
from .questions import (
    asks_of_offer,
    find_question,
    proposes,
    superlative,
    tells_of,
)
from .reach import Reach
from .reading import Reading
from .references import find_references, numbers_of_list
from .scopes import find_scopes
from .strangeness import StrangenessReader
from .works import asks_works

_QUESTIONS = frozenset(
    "who whos what whats when where how is was are were does did do has have can could".split()
)
_WITH = frozenset(("with", "w", "without", "no", "about", "involving", "featuring", "on"))
"""Words before a theme."""

BARE = 4
"""So few words are nothing but a question on what was talked of: "and the plot?"."""
_ONE_OF = frozenset(("a", "an", "any", "some", "no", "without", "good", "more"))
"""Words before one of a kind."""
_NAMED = frozenset(("like", "called", "named", "seen", "saw", "the", "watched", "played", "read"))
_PLAIN_NO = frozenset(("no", "nope", "nah", "i dont think so", "no i dont think so", "not really"))

_MEASURING = (("of",), ("above",), ("over",), ("below",), ("under",), ("between",))
_RATED = frozenset(("rating", "ratings", "score", "scores"))
_VERSIONS = frozenset("version versions cut edition".split())


class Reader:
    """Reads turns against one catalog.

    Args:
        catalog: the catalog.
        lexicon: the general words.
        year: the present year.
        matcher: reads wishes that no word list knows; None: they stay unread.
    """

    def __init__(
        self,
        catalog: Catalog,
        lexicon: Lexicon,
        year: Callable[[], int],
        matcher: WishMatcher | None = None,
    ) -> None:
        self.catalog = catalog
        self.matcher = matcher
        self.schema = catalog.schema
        self.lexicon = lexicon
        self.year = year
        self.vocabulary = Vocabulary(catalog, lexicon)
        self.items = self.vocabulary.items
        self.titles = TitleReader(catalog, lexicon, self.items)
        self.longer = LongerNames(lexicon, self.items, self.titles)
        self.people = PeopleReader(catalog, lexicon, self.vocabulary.cues, self.vocabulary.values)
        self.strangers = StrangerReader(lexicon, self.items)
        self.numbers = NumberReader(self.schema, lexicon)
        self.grades = GradeReader(lexicon)
        self.dated = DatedNames(lexicon, self.items)
        self.frames = FrameReader(lexicon, self.items, self.titles.row_of, self._is_kind)
        self.topics = TopicReader(lexicon, self.items)
        self.themes = ThemeReader(catalog, lexicon, self.vocabulary.values)
        self.strangeness = StrangenessReader(self.vocabulary, lexicon)
        self.leftovers = Leftovers(self)
        self.places = PlaceReader(lexicon, self.items, self._meaning_of)

    # --- candidates ------------------------------------------------------------------------------

    def spans(
        self, text: Text, shown: Sequence[int], shown_titles: Mapping[str, int]
    ) -> list[Span]:
        """The chosen readings of the turn's stretches."""
        found = self.vocabulary.spans(text)
        if self.schema.one(Role.YEAR) is not None:
            found += period_spans(text, self.lexicon, self.year)
        found += self.numbers.spans(text, self.items)
        found += () if self.numbers.rated else self.grades.spans(text)
        found += self.people.spans(text)
        if not self.people.columns:
            found += self.strangers.spans(text)
        found += self.titles.spans(text, shown_titles)
        found += self.dated.spans(text, found)
        found += self.frames.spans(text)
        found += extra_spans(text, self.vocabulary)
        found += titled_spans(text)
        found += self._ages(text)
        found += self._other_ratings(text, found)
        found += self.strangeness.spans(text)
        found += self.themes.spans(text, self.items)
        found += self.numbers.counts(text, self.items, found)
        found = [s for s in self.topics.clear(text, found) if not self.frames.idle(text, s)]
        found = [
            s for s in found if not (self._topical(text, s, found) or self._kind_like(text, s))
        ]
        return self.longer.mend(text, choose(s for s in found if not self._idle(text, s)))

    def _is_kind(self, phrase: str) -> bool:
        """Whether the words are a broad kind, a mood or a quality."""
        key, lexicon = key_of(phrase), self.lexicon
        kinds = self.vocabulary.values.get(key, ())
        return any(v.role is Role.CATEGORIES for v in kinds) or any(
            key in table for table in (lexicon.moods, lexicon.qualities, lexicon.compounds)
        )

    def _meaning_of(self, phrase: str) -> str:
        """What a folded phrase means in the catalog as it stands: "kind", "title" or ""."""
        values = self.vocabulary.values.get(key_of(phrase), ())
        broad = (Role.CATEGORIES, Role.FACET)
        if key_of(phrase) in self.lexicon.compounds or any(v.role in broad for v in values):
            return "kind"
        if self.titles.whole(phrase) is not None:
            return "title"
        text = tokenize(phrase)
        people = self.people.spans(text)
        return "kind" if any(len(span) == len(text.words) for span in people) else ""

    def _topical(self, text: Text, span: Span, found: Sequence[Span]) -> bool:
        """Whether a title is rather the theme of that name: "with vampires", "without aliens"."""
        if span.kind != "title" or span.data.year or not span.start:
            return False
        capital = any(text.tokens[i].capital for i in range(span.start, span.end))
        return (
            not (text.mixed_case and capital)
            and text.words[span.start - 1] in _WITH
            and any(
                (other.start, other.end) == (span.start, span.end)
                and other.kind in ("value", "theme", "mood")
                for other in found
            )
        )

    def _kind_like(self, text: Text, span: Span) -> bool:
        """Whether a part of a title is rather the kind of that name: "a visual novel"."""
        if span.kind != "title" or span.data.year or not span.data.part:
            return False
        before = text.words[span.start - 1] if span.start else ""
        after = text.words[span.end] if span.end < len(text.words) else ""
        if before not in _ONE_OF and (after not in self.items or before in _NAMED):
            return False
        if text.mixed_case and text.tokens[span.start].capital:
            return False
        values = self.vocabulary.values.get(key_of(text.phrase(span.start, span.end)), ())
        return any(value.role in (Role.CATEGORIES, Role.TAGS, Role.FACET) for value in values)

    def _idle(self, text: Text, span: Span) -> bool:
        """Whether the stretch has a plain reading that no wish is meant by ("happy new year")."""
        word = text.words[span.start]
        if span.kind == "quality" and self._of_a_person(text, span.end):
            return True  # "a well known director"
        after = text.words[span.end] if span.end < len(text.words) else ""
        if span.kind == "quality" and text.words[span.start] == "average":
            last = span.end - (text.words[span.end - 1] in _RATED)
            if text.words[last : last + 1] and text.words[last] in _RATED:
                return text.words[last + 1 : last + 2] in _MEASURING  # "… rating of seven"
        if span.kind == "audience" and word == "rated" and span.start:
            return text.words[span.start - 1] in ("highly", "well", "top", "best", "badly", "worst")
        if len(span) != 1 or span.kind not in ("mood", "quality", "value"):
            return False
        if span.kind == "value" and word == "original" and after in _VERSIONS:
            return True  # "the original version of …"
        if (
            span.kind == "value"
            and word in self.lexicon.also_nouns
            and not self._beside_kind(text, span.start)
        ):
            return True
        before = text.words[span.start - 1] if span.start else ""
        if word in ("new", "top", "hit", "light", "best", "hot", "sweet", "happy", "fun") and (
            before in ("happy", "sounds", "my", "check") or after in ("year", "of")
        ):
            return word != "best" or after != "of"
        return word in ("slow", "smart", "old") and before in ("year", "years", "month", "months")

    def _of_a_person(self, text: Text, index: int) -> bool:
        """Whether a word for people follows, after nothing but kinds."""
        for word in text.words[index : index + 3]:
            if word in self.lexicon.missing["people"]:
                return word not in ("starring", "directed", "cast", "studio")
            if not self._is_kind(word):
                return False
        return False

    def _beside_kind(self, text: Text, index: int) -> bool:
        """Whether a word for items or another kind stands right beside, or little else was said."""
        if len(text.words) <= 3:
            return True
        near = text.words[index + 1 : index + 3]
        if near[:1] in (("pg",), ("rated",), ("r",), ("g",), ("nc",), ("unrated",)):
            return True
        if any(
            w in self.items and w not in ("one", "ones") or w in ("genre", "type", "stuff")
            for w in near
        ):
            return True
        return any(
            v.role is Role.CATEGORIES
            for w in text.words[index + 1 : index + 2]
            for v in self.vocabulary.values.get(key_of(w), ())
        )

    def _other_ratings(self, text: Text, found: Sequence[Span]) -> Iterator[Span]:
        """One letter more after a rating: "rated pg 13 or r"."""
        for span in found:
            place = span.end + 1
            if span.kind != "audience" or text.words[span.end : place] not in (("or",), ("and",)):
                continue
            if level := self.lexicon.audiences.get(f"rated {text.phrase(place, place + 1)}"):
                yield Span(place, place + 1, "audience", level, span.score)

    def _ages(self, text: Text) -> Iterable[Span]:
        """Ages: "my 7 year old", "a boy age 7"."""
        words = text.words
        for i, word in enumerate(words):
            age = self.lexicon.numbers.get(word, whole(word))
            if age is None:
                continue
            after, before = words[i + 1 : i + 3], words[max(0, i - 2) : i]
            old = list(after) in (
                ["year", "old"],
                ["years", "old"],
                ["yr", "old"],
                ["year", "olds"],
            )
            aged = bool(before) and before[-1] in ("age", "aged", "ages")
            if not (old or aged) or age > 99:
                continue
            level = next((a for a in self.lexicon.audience_levels if age < a.below), None)
            if level is not None:
                start = (
                    i - 1
                    if i and words[i - 1] in ("my", "a", "an", "age", "aged", "our", "her", "his")
                    else i
                )
                end = i + (3 if old else 1)
                end += words[end : end + 1] != () and words[end] in self.lexicon.kin
                yield Span(start, end, "audience", level, 6.0)

    def ways_to_say(self, shown: Sequence[int]) -> dict[str, int]:
        """Every way to write the titles shown, folded, to their rows: heads and tails too."""
        ways: dict[str, int] = {}
        for item in self.catalog.items(shown) if shown else ():
            for form, _ in title_forms(item.title):
                ways.setdefault(form, item.row)
        return ways

    # --- reading ---------------------------------------------------------------------------------

    def read(
        self,
        text: Text,
        shown: Sequence[int],
        focus: int | None = None,
        offered: int | None = None,
        said: str = "",
        seeds: Sequence[int] = (),
    ) -> Reading:
        """Read one turn.

        Args:
            text: the turn.
            shown: rows of the list last shown, in order.
            focus: the item just talked about, if any.
            offered: the one item that the last turn was about, if any.
            said: the text of our last turn.
            seeds: rows of what was liked in earlier turns and still holds.
        """
        reading = Reading(text, seeds=list(seeds))
        titles = self.ways_to_say(shown)
        spans = self.spans(text, shown, titles)
        spans = self.leftovers.mend(text, spans)
        listed = numbers_of_list(text, len(shown))
        spans = [s for s in spans if not set(range(s.start, s.end)) <= listed]
        reading.spans = spans
        reading.topics = self.topics.stretches(text, spans)
        names = {
            i for s in spans if s.kind in ("title", "person", "name") for i in range(s.start, s.end)
        }
        firm = {
            i
            for s in spans
            if s.kind in ("period", "number")
            or s.kind == "count"
            and not (shown and s.start and text.words[s.start - 1] in self.lexicon.ordinals)
            for i in range(s.start, s.end)
        }
        acts = self._acts(text, names, spans, said)
        reading.acts = {act.name for act in acts}
        reading.asks_on = _asks_on(text, acts, spans)
        reading.seen_it = any(
            act.name == "seen" and (act.end == 1 or points(text, act, self.lexicon)) for act in acts
        )
        pointers = described(self, text, spans, shown)
        for _, inside in pointers:
            spans = [span for span in spans if span not in inside]
        reading.spans = spans
        pointing = {i for p, _ in pointers for i in range(p.start, p.end)}
        references = find_references(
            text, self.lexicon, self.items, names | firm | pointing, len(shown)
        )
        references = sorted([*references, *(p for p, _ in pointers)], key=lambda r: r.start)
        reach = Reach(text, spans, self.vocabulary.cues, self.lexicon, self.items)
        scopes = find_scopes(text, self.lexicon, names | firm, reach)
        named = [
            s
            for s in spans
            if s.kind in ("title", "name") and not any(c.start <= s.start < c.end for c in scopes)
        ]
        left_out = not named and any(s.kind in ("title", "name") for s in spans)
        people_asked = any(s.kind == "person" for s in spans)
        among = bool(shown) and "among" in reading.acts
        reading.question = find_question(
            text,
            self.vocabulary,
            bool(named or references or people_asked or among) and not left_out,
            names,
        )
        if (
            reading.question
            and reading.question.kind == "attribute"
            and not (named or among)
            and not (references and shown)
            and people_asked
        ):
            reading.question = None
        if reading.question is None and named and self._asks_for_extra(spans):
            reading.question = Question("attribute", "")
        if reading.question is None or reading.question.kind == "attribute":
            reading.question = asks_works(text, spans) or reading.question
        opening = not (said or shown) and {"request", "similar"} <= reading.acts
        opening = opening and not asks_whether_liked(text)
        if opening and reading.question is not None and reading.question.kind == "attribute":
            reading.question = None  # a long request may ask something on its way
        told, of_offer = False, False
        if reading.question is None and (said or shown) and not named:
            reading.question = asks_of_offer(text, self.vocabulary)
            of_offer = reading.question is not None
            talked_of = focus if focus is not None else offered
            if of_offer and not references and talked_of is not None:
                typed = text.raw.strip()[:40]
                reading.about = [self.mention(typed, talked_of)]
                told = len(text.words) <= BARE
        if asks_why(text) and shown and not (named or references):
            reading.question = Question("attribute", "")
            number = text.words[-1]
            told = number.isdigit() and 0 < int(number) <= len(shown)  # "why 2?"
            asked = [shown[int(number) - 1]] if told else shown
            reading.about = [self.mention(number if told else "those", row) for row in asked]
        if reading.question is not None and proposes(text, spans, titles.values()):
            reading.question = None
        if (said or shown) and named and tells_of(text, acts):
            reading.question = None
        builder = Builder(
            self, reading, spans, acts, scopes, references, shown, focus, offered, bool(said)
        )
        builder.run()
        if of_offer and reading.question and not reading.about and offered is not None:
            reading.about.append(self.mention("that", offered))
        reading.unused = [] if told else reading.unused
        self._compare(reading)
        if shown and reading.question == Question("attribute") and asks_why(text):
            reading.question = Question("why")
        self.strangeness.other_things(reading)
        read_absence(reading, reading.spans, shown, self.catalog)
        if asks_to_compare(reading):
            reading.question = Question("compare")
        return reading

    def _compare(self, reading: Reading) -> None:
        """Of several items keep the one that "the shortest" means."""
        question = reading.question
        most = superlative(reading.text, self.schema)
        if question is None or most is None or question.column != most[0]:
            return
        numbers = self.catalog.numbers(most[0])
        rows = {m: self.catalog.row_of(m.id) for m in reading.about if m.id is not None}
        known = [m for m, row in rows.items() if row is not None and not np.isnan(numbers[row])]
        known.sort(key=lambda m: -most[1] * float(numbers[rows[m]]))
        if len(reading.about) > 1 and known:
            named = any(span.kind == "title" for span in reading.spans)
            reading.about = known if named else known[:1]

    def _acts(self, text: Text, names: set[int], spans: Sequence[Span], said: str) -> list[Act]:
        """The turn's acts, with what a plain yes or no to our question says."""
        found = [
            act
            for act in find_acts(text, self.lexicon, names)
            if not empty_act(text, act, spans, bool(said))
        ]
        question = asked(said)
        answered = says(question, text)
        if asks_me(text):
            found.append(Act("asks_back", len(text.words) - 1, len(text.words)))
        if question == "seen":  # its "nope" rejects nothing
            found = [
                a for a in found if not (a.name == "reject" and text.phrase(0, a.end) in _PLAIN_NO)
            ]
        others = {act.name for act in found}
        if answered and not others & CONTRARY.get(answered, frozenset()):
            found.insert(0, Act(answered, 0, 1))
        return found

    def _asks_for_extra(self, spans: Sequence[Span]) -> bool:
        """Whether a trailer or the like of a named item is asked for: "find a review of Heat"."""
        led = {s.end for s in spans if s.kind == "lead"}
        named = any(s.kind in ("title", "name") and s.start in led for s in spans)
        return named and any(s.kind == "extra" and not s.data.name for s in spans)

    def mention(self, typed: str, row: int, score: float = 100.0) -> Mention:
        """A mention of a catalog's item."""
        return Mention(typed, self.catalog.ids([row])[0], self.catalog.label(row), score)


def _asks_on(text: Text, acts: Sequence[Act], spans: Sequence[Span]) -> bool:
    """Whether the last sentence asks for items, and one before it is a question."""
    if not text.tokens:
        return False
    last = text.tokens[-1].sentence
    asking = {act.name for act in acts if text.tokens[act.start].sentence == last}
    kinds = ("item", "value", "compound", "mood", "quality", "period")
    items = any(s.kind in kinds and text.tokens[s.start].sentence == last for s in spans)
    if not ("more" in asking or "request" in asking and (items or "similar" in asking)):
        return False
    return any(
        text.begins_sentence(i) and token.sentence < last and token.word in _QUESTIONS
        for i, token in enumerate(text.tokens)
    )
