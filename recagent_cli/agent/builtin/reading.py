"""One turn, read by itself: what it names, wants, excludes, asks. The state of earlier turns comes later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from recagent_catalogs.schema import Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.conditions import Condition

from ..request import Mention, Question, Wish
from .acts import Act, Reference, Scope, find_acts, find_references, find_scopes, pointed
from .leftover import Leftovers
from .lexicon import Audience, Compound, Lexicon, Mood, Quality
from .linking import Title, TitleReader
from .numbers import NumberRange, NumberReader
from .people import PeopleReader, Person
from .periods import Period, period_spans
from .questions import find_question
from .spans import Span, choose
from .tokens import Text
from .vocabulary import Value, Vocabulary

AVOID, LESS = -1.0, -0.6
"""Weights of what is to be avoided, and of what speaks against a mood."""


@dataclass
class Reading:
    """What one turn says. Fields are named as in `Request`."""

    text: Text
    acts: set[str] = field(default_factory=set)
    liked: list[Mention] = field(default_factory=list)
    disliked: list[Mention] = field(default_factory=list)
    seen: list[Mention] = field(default_factory=list)
    about: list[Mention] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    alternatives: set[str] = field(default_factory=set)
    wishes: list[Wish] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    search: list[str] = field(default_factory=list)
    count: int | None = None
    question: Question | None = None
    among: bool = False
    freed: set[str] = field(default_factory=set)
    unused: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    clarify: str = ""
    options: tuple[str, ...] = ()
    pointed: bool = False
    bare: bool = False
    """Whether the turn is nothing but titles."""

    @property
    def wants_something(self) -> bool:
        """Whether the turn names any wish beside titles."""
        return bool(self.conditions or self.wishes or self.weights or self.search)

    @property
    def kinds(self) -> int:
        """How many different sorts of wishes the turn names."""
        columns = {c.column for c in self.conditions}
        return len(columns) + bool(self.liked) + bool(self.wishes or self.weights) + bool(self.search)


class Reader:
    """Reads turns against one catalog.

    Args:
        catalog: the catalog.
        lexicon: the general words.
        year: the present year.
    """

    def __init__(self, catalog: Catalog, lexicon: Lexicon, year: Callable[[], int]) -> None:
        self.catalog = catalog
        self.schema = catalog.schema
        self.lexicon = lexicon
        self.year = year
        self.vocabulary = Vocabulary(catalog, lexicon)
        self.items = self.vocabulary.items
        self.titles = TitleReader(catalog, lexicon, self.items)
        self.people = PeopleReader(catalog, lexicon, self.vocabulary.cues)
        self.numbers = NumberReader(self.schema, lexicon)
        self.leftovers = Leftovers(self)

    # --- candidates ------------------------------------------------------------------------------

    def spans(self, text: Text, shown: Sequence[int], shown_titles: Mapping[str, int]) -> list[Span]:
        """The chosen readings of the turn's stretches."""
        found = self.vocabulary.spans(text)
        if self.schema.one(Role.YEAR) is not None:
            found += period_spans(text, self.lexicon, self.year)
        found += self.numbers.spans(text, self.items)
        found += self.people.spans(text)
        found += self.titles.spans(text, shown_titles)
        found += self._ages(text)
        found += self.numbers.counts(text, self.items, found)
        return choose(span for span in found if not self._idle(text, span))

    def _idle(self, text: Text, span: Span) -> bool:
        """Whether the stretch has a plain reading that no wish is meant by ("like fun", "any time")."""
        if len(span) != 1 or span.kind not in ("mood", "quality", "value"):
            return False
        word = text.words[span.start]
        before = text.words[span.start - 1] if span.start else ""
        after = text.words[span.end] if span.end < len(text.words) else ""
        if word in ("new", "top", "hit", "light", "best", "hot", "sweet", "happy", "fun") and (
            before in ("happy", "sounds", "my", "check") or after in ("year", "of")
        ):
            return word != "best" or after != "of"
        return word in ("slow", "smart", "old") and before in ("year", "years", "month", "months")

    def _ages(self, text: Text) -> Iterable[Span]:
        """ "my 7 year old", "a boy age 7", "ages 5 and 8"."""
        words = text.words
        for i, word in enumerate(words):
            if not word.isdigit() and word not in self.lexicon.numbers:
                continue
            age = int(word) if word.isdigit() else self.lexicon.numbers[word]
            after, before = words[i + 1 : i + 3], words[max(0, i - 2) : i]
            old = list(after) in (["year", "old"], ["years", "old"], ["yr", "old"], ["year", "olds"])
            aged = bool(before) and before[-1] in ("age", "aged", "ages")
            if not (old or aged) or age > 99:
                continue
            level = next((a for a in self.lexicon.audience_levels if age < a.below), None)
            if level is not None:
                start = i - 1 if i and words[i - 1] in ("my", "a", "age", "aged", "our", "her", "his") else i
                yield Span(start, i + (3 if old else 1), "audience", level, 6.0)

    # --- reading ---------------------------------------------------------------------------------

    def read(self, text: Text, shown: Sequence[int]) -> Reading:
        """Read one turn.

        Args:
            text: the turn.
            shown: rows of the list last shown, in order.
        """
        reading = Reading(text)
        titles = {fold(item.title): item.row for item in self.catalog.items(shown)} if shown else {}
        spans = self.spans(text, shown, titles)
        spans = self.leftovers.mend(text, spans)
        names = {i for s in spans if s.kind in ("title", "person", "name") for i in range(s.start, s.end)}
        firm = {i for s in spans if s.kind in ("period", "number", "count") for i in range(s.start, s.end)}
        acts = find_acts(text, self.lexicon, names)
        reading.acts = {act.name for act in acts}
        references = find_references(text, self.lexicon, self.items, names | firm, len(shown))
        named = [s for s in spans if s.kind == "title" or (s.kind == "name")]
        people_asked = any(s.kind == "person" for s in spans)
        reading.question = find_question(
            text, self.vocabulary, bool(named) or bool(references) or people_asked, names
        )
        if reading.question and reading.question.kind == "attribute" and not named and not (references and shown) and people_asked:
            reading.question = None
        scopes = find_scopes(text, self.lexicon, names | firm)
        builder = _Builder(self, reading, spans, acts, scopes, references, shown)
        builder.run()
        return reading

    def mention(self, typed: str, row: int, score: float = 100.0) -> Mention:
        """A mention of a catalog's item."""
        return Mention(typed, self.catalog.ids([row])[0], self.catalog.label(row), score)


class _Builder:
    """Turns the chosen spans of one turn into its reading."""

    def __init__(
        self, reader: Reader, reading: Reading, spans: list[Span], acts: list[Act],
        scopes: list[Scope], references: list[Reference], shown: Sequence[int],
    ) -> None:
        self.reader = reader
        self.reading = reading
        self.text = reading.text
        self.spans = spans
        self.acts = acts
        self.scopes = scopes
        self.references = references
        self.shown = shown
        self.vocabulary = reader.vocabulary
        self.values: list[tuple[Span, Value, str]] = []

    def run(self) -> None:
        """Fill the reading."""
        for span in self.spans:
            handler = getattr(self, f"_on_{span.kind}", None)
            if handler is not None:
                handler(span)
        self._point()
        self._group_values()
        self._free()
        self._finish_titles()
        self.reader.leftovers.report(self.reading, self.spans, self.acts, self.scopes, self.references)

    # --- polarity --------------------------------------------------------------------------------

    def scope(self, span: Span) -> Scope | None:
        """The negation that the span stands under, if any."""
        for scope in self.scopes:
            if scope.start <= span.start < scope.end:
                return scope
            if scope.cue <= span.start and span.end <= scope.start:
                return None
        return None

    def polarity(self, span: Span) -> str:
        """ "+" wanted, "-" excluded, "~" rather not, "ok" allowed but not asked for."""
        scope = self.scope(span)
        if scope is None:
            return "ok" if self._allowed(span) else "+"
        if scope.soft or (span.kind in ("value", "compound") and self._modified(span, scope)):
            return "~"
        return "-"

    def _modified(self, span: Span, scope: Scope) -> bool:
        """Whether the excluded kind carries a description ("stupid comedy", "the mix of horror")."""
        between = self.text.words[scope.start : span.start]
        readings = {i for other in self.spans if other.kind in ("value", "item", "person", "compound", "title") for i in range(other.start, other.end)}
        stop = self.reader.lexicon.stop | self.reader.items
        return any(
            word not in stop and (scope.start + i) not in readings and word not in ("want", "watching", "see", "watch", "interested", "genre", "recommend", "suggest")
            for i, word in enumerate(between)
        )

    def _allowed(self, span: Span) -> bool:
        return any(act.name == "fine" and 0 <= act.start - span.end <= 1 for act in self.acts) and any(
            scope.end <= span.start for scope in self.scopes
        )

    # --- kinds of spans --------------------------------------------------------------------------

    def _on_value(self, span: Span) -> None:
        values: tuple[Value, ...] = span.data
        columns = [c for size in (3, 2, 1) for c in self.vocabulary.cues.get(self.text.phrase(max(0, span.start - size), span.start), ())]
        value = self.vocabulary.best(values, columns)
        self.values.append((span, value, self.polarity(span)))

    def _on_compound(self, span: Span) -> None:
        compound: Compound = span.data
        polarity = self.polarity(span)
        typed = self.text.as_typed(span.start, span.end)
        pairs = self.vocabulary.pairs(compound.wish)
        if polarity in ("-", "~"):
            found = pairs or self.vocabulary.pairs(compound.all)
            self.reading.wishes.append(Wish(typed, found, "" if found else typed, AVOID))
            return
        found_values = [v[0] for name in compound.all if (v := self.vocabulary.named(name))]
        for value in found_values:
            self.values.append((span, value, polarity))
        if pairs or not found_values:
            self.reading.wishes.append(Wish(typed, pairs, "" if pairs or found_values else typed))

    def _on_person(self, span: Span) -> None:
        person: Person = span.data
        if self.reading.question and self.reading.question.kind == "attribute" and any(s.kind == "title" for s in self.spans):
            return
        value = self.reader.people.column_for(person, self.text, span.start, span.end)
        self.values.append((span, value, self.polarity(span)))

    def _on_mood(self, span: Span) -> None:
        mood: Mood = span.data
        typed = self.text.as_typed(span.start, span.end)
        values = self.vocabulary.pairs(mood.values)
        search = mood.search or ("" if values else typed.lower())
        if self.polarity(span) in ("-", "~"):
            weight = AVOID if self.polarity(span) == "-" else LESS
            self.reading.wishes.append(Wish(typed, self._narrow(values), search, weight))
            return
        self.reading.wishes.append(Wish(typed, values, search))
        against = self.vocabulary.pairs(mood.avoid)
        if against:
            self.reading.wishes.append(Wish(f"not against {typed}", against, "", LESS))
        for name, weight in mood.weights.items():
            self.reading.weights[name] = weight

    def _narrow(self, values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """What to avoid: never a whole broad kind because of a mood."""
        broad = {c.name for c in self.reader.schema.with_role(Role.CATEGORIES)}
        narrow = tuple(pair for pair in values if pair[0] not in broad)
        return narrow or values[:1]

    def _on_quality(self, span: Span) -> None:
        quality: Quality = span.data
        polarity = self.polarity(span)
        if self.reading.question and self.reading.question.kind == "attribute":
            return
        comparative = self.text.phrase(span.start, span.end)
        year = self.reader.schema.one(Role.YEAR)
        if self.shown and year is not None and self._compared(comparative, year):
            return
        sign = 1.0 if polarity in ("+", "ok") else -1.0
        for name, weight in quality.weights:
            self.reading.weights[name] = round(sign * weight, 2)
        if sign > 0 and (pairs := self.vocabulary.pairs(quality.values)):
            self.reading.wishes.append(Wish(self.text.as_typed(span.start, span.end), pairs, "", 0.5))

    def _compared(self, phrase: str, year: Column) -> bool:
        """Something older or newer than what was shown."""
        lexicon = self.reader.lexicon
        if phrase not in lexicon.older and phrase not in lexicon.newer:
            return False
        numbers = self.reader.catalog.numbers(year.name)[list(self._reference_rows())]
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return False
        middle = float(np.median(known)) if known.max() - known.min() > 15 else None
        if phrase in lexicon.older:
            limit = int(middle if middle is not None else known.min()) - 1
            self.reading.conditions.append(Condition(year.name, "..", (None, float(limit))))
        else:
            limit = int(middle if middle is not None else known.max()) + 1
            self.reading.conditions.append(Condition(year.name, "..", (float(limit), None)))
        return True

    def _reference_rows(self) -> list[int]:
        rows = [row for ref in self.references for row in pointed(ref, self.shown) if not (len(ref.places) == 1 and ref.places == (0,))]
        return rows or list(self.shown)

    def _on_audience(self, span: Span) -> None:
        audience: Audience = span.data
        column = self.reader.schema.one(Role.AUDIENCE)
        typed = self.text.as_typed(span.start, span.end)
        if self.scope(span) is not None:
            return
        if column is not None and column.order:
            place = round(audience.level * (len(column.order) - 1))
            op = "=" if audience.level == 1.0 else "<="
            self.reading.conditions.append(Condition(column.name, op, (column.order[place],)))
        elif audience.level == 0.0 and (kinds := self._kinds_of(audience.values)):
            self.reading.conditions.append(Condition(kinds[0].column, "has", tuple(k.value for k in kinds)))
        if pairs := self.vocabulary.pairs(audience.values):
            self.reading.wishes.append(Wish(typed, pairs, "", 0.5))
        if pairs := self.vocabulary.pairs(audience.avoid):
            self.reading.wishes.append(Wish(f"not against {typed}", pairs, "", AVOID))

    def _kinds_of(self, names: Sequence[str]) -> list[Value]:
        found: dict[str, Value] = {}
        for name in names:
            for value in self.vocabulary.named(name):
                if value.role is Role.CATEGORIES and fold(value.value) in {fold(n) for n in names}:
                    found.setdefault(value.value, value)
        return list(found.values())

    def _on_period(self, span: Span) -> None:
        period: Period = span.data
        column = self.reader.schema.one(Role.YEAR)
        assert column is not None  # noqa: S101 - period spans exist only beside a year column
        typed = self.text.as_typed(span.start, span.end)
        if period.setting:
            values = self.vocabulary.values.get(fold(typed.split()[-1]), ())
            pairs = tuple(v.pair for v in values if v.role is Role.TAGS)
            self.reading.wishes.append(Wish(f"set in {typed}", pairs, "" if pairs else typed))
            return
        low = None if period.low is None else float(period.low)
        high = None if period.high is None else float(period.high)
        if self.polarity(span) in ("-", "~"):
            if low is None and high is not None:
                low, high = high + 1, None
            elif high is None and low is not None:
                low, high = None, low - 1
            else:
                self.reading.limits.append(f"I cannot leave a period out of the middle ({typed}).")
                return
        if low is not None and low == high:
            self.reading.conditions.append(Condition(column.name, "=", (low,)))
        else:
            self.reading.conditions.append(Condition(column.name, "..", (low, high)))

    def _on_number(self, span: Span) -> None:
        wanted: NumberRange = span.data
        if self.reading.question and self.reading.question.kind == "attribute":
            return
        numbers = self.reader.catalog.numbers(wanted.column)
        if wanted.how != "range":
            condition = self._relative(wanted, numbers)
        elif wanted.low is not None and wanted.high is not None:
            condition = Condition(wanted.column, "..", (wanted.low, wanted.high))
        elif wanted.high is not None:
            condition = Condition(wanted.column, "<" if wanted.strict else "<=", (wanted.high,))
        else:
            condition = Condition(wanted.column, ">" if wanted.strict else ">=", (wanted.low,))
        if condition is not None:
            self.reading.conditions.append(condition)

    def _relative(self, wanted: NumberRange, numbers: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Condition | None:
        known = numbers[~np.isnan(numbers)]
        if wanted.how in ("below", "above") and self.shown:
            there = numbers[self._reference_rows()]
            there = there[~np.isnan(there)]
            if len(there):
                return Condition(wanted.column, "<" if wanted.how == "below" else ">", (float(np.median(there)),))
        if not len(known):
            return None
        small = wanted.how in ("low", "below")
        limit = float(np.round(np.quantile(known, 0.3 if small else 0.7)))
        return Condition(wanted.column, "<=" if small else ">=", (limit,))

    def _on_count(self, span: Span) -> None:
        self.reading.count = span.data

    def _on_nation(self, span: Span) -> None:
        typed = self.text.as_typed(span.start, span.end)
        self.reading.limits.append(
            f"This catalog does not know where its {self.reader.schema.items} come from; I looked for {typed!r} in the text."
        )
        self.reading.wishes.append(Wish(typed, (), typed.lower(), AVOID if self.scope(span) else 1.0))

    # --- names -----------------------------------------------------------------------------------

    def _on_title(self, span: Span) -> None:
        title: Title = span.data
        typed = self.text.as_typed(span.start, span.end)
        mention = self.reader.mention(typed, title.row, title.score)
        if title.score < 100:
            self.reading.limits.append(f"I took {typed!r} for {mention.title}.")
        self._place(mention, span)

    def _on_name(self, span: Span) -> None:
        """A name in quotes, or after a cue, that is no title of this catalog as it stands."""
        typed: str = span.data
        match, sure = self.reader.titles.near(typed)
        if match is not None and sure:
            mention = self.reader.mention(typed, match.row, match.score)
            if fold(match.title) != fold(typed):
                self.reading.limits.append(f"I took {typed!r} for {mention.title}.")
            self._place(mention, span)
            return
        near = self.reader.catalog.label(match.row) if match is not None and match.score >= 75 else ""
        mention = Mention(typed, None, near, match.score if match and near else 0.0)
        self._place(mention, span)
        if self.polarity(span) in ("-", "~"):
            return
        where = f"{typed!r} is not in this catalog"
        self.reading.limits.append(f"{where}; the nearest title is {near}." if near else f"{where}.")
        if match is not None and match.score >= 84 and not self.reading.clarify:
            self.reading.clarify = f"Did you mean {near}?"
            self.reading.options = (near, "no, something else")

    def _place(self, mention: Mention, span: Span) -> None:
        """Put a mention where the words around it say."""
        reading = self.reading
        if reading.question is not None and reading.question.kind == "attribute":
            reading.about.append(mention)
            return
        acts = self._acts_near(span)
        if self.polarity(span) in ("-", "~") or "blame" in acts:
            reading.disliked.append(mention)
            return
        if "not_seen" in acts and "taste" not in acts:
            reading.about.append(mention)
            return
        if "accept" in acts and not acts & {"request", "taste", "similar"}:
            reading.about.append(mention)
            return
        if "seen" in acts:
            reading.seen.append(mention)
            if not acts & {"taste", "praise", "similar"} and "praise" not in reading.acts and "taste" not in reading.acts:
                return
        reading.liked.append(mention)

    def _acts_near(self, span: Span) -> set[str]:
        """Acts of the span's clause: in its sentence, not beyond a "but" or a new "I"."""
        sentence = self.text.tokens[span.start].sentence
        near: set[str] = set()
        for act in self.acts:
            if self.text.tokens[act.start].sentence != sentence:
                continue
            low, high = min(act.end, span.end), max(act.start, span.start)
            between = self.text.words[low:high]
            if "but" in between or "though" in between:
                continue
            if act.start > span.start and any(w in ("i", "we", "im", "ive") for w in between):
                continue
            near.add(act.name)
        return near

    def _finish_titles(self) -> None:
        reading = self.reading
        outside = [
            w for i, w in enumerate(self.text.words)
            if not any(s.start <= i < s.end for s in self.spans if s.kind in ("title", "name"))
        ]
        named = any(s.kind in ("title", "name") for s in self.spans)
        reading.bare = named and all(w in self.reader.lexicon.stop or w in self.reader.items for w in outside)

    # --- references ------------------------------------------------------------------------------

    def _point(self) -> None:
        reading = self.reading
        if any(act.name == "among" for act in self.acts) and self.shown:
            reading.among = True
        for reference in self.references:
            rows = pointed(reference, self.shown)
            if not rows:
                if reference.places not in ((), (0,)) and self.shown:
                    reading.limits.append("The list I showed is not that long.")
                continue
            self._point_at(reference, rows)

    def _point_at(self, reference: Reference, rows: list[int]) -> None:
        reading = self.reading
        typed = self.text.as_typed(reference.start, reference.end)
        span = Span(reference.start, reference.end, "reference", rows, 1.0)
        definite = self._definite(reference)
        named_one = bool(reading.liked or reading.seen or reading.about or reading.disliked)
        if not definite and (named_one or reading.among):
            return  # "it" after a title means that title
        reading.pointed = True
        before = self.text.words[max(0, reference.start - 2) : reference.start]
        mentions = [self.reader.mention(typed, row) for row in rows]
        acts = self._acts_near(span)
        if reading.question is not None and reading.question.kind == "attribute":
            if definite or len(rows) == 1 or reference.plural:
                reading.about.extend(m for m in mentions if m not in reading.about)
        elif self.scope(span) is not None or acts & {"blame"} or ("reject" in acts and definite):
            if not reference.plural or acts & {"blame"}:
                reading.disliked.extend(mentions)
        elif "seen" in acts:
            reading.seen.extend(mentions)
            if acts & {"praise", "taste"}:
                reading.liked.extend(mentions)
        elif before and before[-1] in ("like", "to", "as", "resembling") or acts & {"praise", "taste"}:
            reading.liked.extend(mentions)
        elif definite:
            reading.about.extend(mentions)

    def _definite(self, reference: Reference) -> bool:
        word = self.text.words[reference.start]
        return reference.end - reference.start > 1 or word.isdigit() or word in ("former", "latter")

    # --- values into conditions ------------------------------------------------------------------

    def _group_values(self) -> None:
        wanted: list[tuple[Span, Value]] = []
        for span, value, polarity in self.values:
            typed = self.text.as_typed(span.start, span.end)
            if polarity == "ok":
                continue
            if polarity == "~":
                self.reading.wishes.append(Wish(typed, (value.pair,), "", AVOID))
            elif polarity == "-":
                self.reading.conditions.append(Condition(value.column, "lacks", (value.value,)))
            elif not self.vocabulary.fits_condition(value) or self._preferred(span):
                self.reading.wishes.append(Wish(typed, (value.pair,), typed.lower()))
                if value.role is Role.TAGS and not self._preferred(span):
                    self.reading.search.append(typed.lower())
            else:
                wanted.append((span, value))
        self._join(wanted)

    def _preferred(self, span: Span) -> bool:
        before = self.text.words[max(0, span.start - 3) : span.start]
        return any(w in ("preferably", "ideally", "maybe", "possibly", "bonus") for w in before)

    def _join(self, wanted: list[tuple[Span, Value]]) -> None:
        """One condition a value (all must hold), or one for several joined by "or"."""
        groups: list[list[tuple[Span, Value]]] = []
        for span, value in wanted:
            last = groups[-1][-1] if groups else None
            if last and last[1].column == value.column and last[0] != span and self._either(last[0], span):
                groups[-1].append((span, value))
            else:
                groups.append([(span, value)])
        for group in groups:
            values = tuple(dict.fromkeys(value.value for _, value in group))
            condition = Condition(group[0][1].column, "has", values)
            if condition not in self.reading.conditions:
                self.reading.conditions.append(condition)

    def _either(self, first: Span, second: Span) -> bool:
        """Whether two values are alternatives: "or", a comma, a slash, or plurals joined by "and"."""
        between = self.text.words[first.end : second.start]
        gap = self.text.gap(second.start if not between else first.end)
        if len(between) > 4:
            return False
        if "or" in between:
            return True
        if first.kind == "person" or second.kind == "person":
            return False
        if not between:
            return "," in gap or "/" in gap
        plural = all(self.text.words[s.end - 1].endswith("s") for s in (first, second))
        return "and" in between and plural

    # --- what is taken back ----------------------------------------------------------------------

    def _free(self) -> None:
        """ "any year is fine", "no matter the genre", "I don't care how long"."""
        words = self.text.words
        for act in self.acts:
            if act.name != "dont_care":
                continue
            reach = range(max(0, act.start - 3), min(len(words), act.end + 3))
            for i in reach:
                column = self.vocabulary.columns.get(words[i]) or self.vocabulary.columns.get(words[i].removesuffix("s"))
                if column is None and words[i] in ("year", "years", "decade", "period", "era", "time", "old", "age", "new"):
                    column = self.reader.schema.one(Role.YEAR)
                if column is None and words[i] in ("long", "length"):
                    column = next((c for c in self.reader.schema.with_role(Role.NUMBER) if "long" in c.high), None)
                if column is None and words[i] in ("actor", "actors", "director", "cast", "who"):
                    column = self.reader.schema.one(Role.PEOPLE)
                if column is not None and self.text.tokens[i].sentence == self.text.tokens[act.start].sentence:
                    self.reading.freed.add(column.name)
