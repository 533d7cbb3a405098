"""Spans that name items, and words that point at them: what the person says of each."""

from __future__ import annotations

import re

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold
from recagent_tools.conditions import Condition, evaluate

from ...request import Mention
from ..dialogue.choices import OTHER
from ..readers.extras import Extra
from ..readers.linking import Title
from ..readers.spans import Span
from ..words.lexicon import key_of
from .clauses import Clauses
from .references import Reference, pointed

_TOPICAL = frozenset(("with", "about", "no", "without", "any", "featuring"))
_TELLS = frozenset("i we ive weve my loved liked hated love enjoyed yes yeah oh wow".split())
_TASTES = frozenset("stand like enjoy love hate hated dislike disliked despise".split())
_OTHERS = re.compile(
    r"\b(?:many|most|everyone|everybody|people|they|critics|friends|somebody|someone|others|all|"
    r"reddit|the internet)(?: (?!i\b|we\b|my\b)\w+){0,3} (?:recommend|suggest|mention|push)"
    r"(?:s|ed|ing)?\b(?!.*\bi\b)"
)
_RATHER = re.compile(r"\b(?:but|however) i\b|\bi (?:like|want|prefer|need|would|d|am|m)\b|\bim\b")
_SERIES = frozenset(("ones", "series", "franchise", "saga", "trilogy", "stuff"))
_MAKER = re.compile(
    r"\b(?:by|from|with) (?:the |whoever )?(?:same )?(?P<who>\w+)s? (?:of|as|behind|from|who \w+)"
    r"(?: the)?(?: (?:film|movie|book|novel|game))?(?: in| on)?$"
)
"""Before a title of whose maker is spoken."""
MOST_PARTLY = 12
"""More items than this are not meant by a part of a title."""
MOST_SOUGHT = 10
"""Of so many names of a turn near spellings are looked for: each takes milliseconds."""
MOST_HOLDING = 400
"""So many titles that hold the words are looked at."""


class Naming(Clauses):
    """Puts titles and references where the words around them say."""

    _sought = 0
    """Names for which a title that is spelt nearly so was looked for."""

    def on_title(self, span: Span) -> None:
        """A title of the catalog."""
        title: Title = span.data
        typed = self.text.as_typed(span.start, span.end)
        mention = self.reader.mention(typed, title.row, title.score)
        if self._by_its_maker(span, title.row):
            return
        other = not title.year and title.score == 100 and self._other_than_named(typed, title.row)
        if title.score < 100 or other:
            self.reading.limits.append(f"I took {typed!r} for {mention.title}.")
        self._place(mention, span)
        if self.polarity(span) in ("-", "~"):
            self._exclude_series(span)

    def _by_its_maker(self, span: Span, row: int) -> bool:
        """Whether others by the people of an item are wanted: "by the author of Dune"."""
        match = _MAKER.search(self.text.phrase(0, span.start))
        column = self.vocabulary.columns.get(key_of(match["who"])) if match else None
        if column is None or column.role is not Role.PEOPLE or self.polarity(span) != "+":
            return False
        known = self.reader.catalog.items([row])[0].columns.get(column.name)
        names = tuple(known) if isinstance(known, (list, tuple)) else (known,) if known else ()
        if not names:
            return False
        self.reading.conditions.append(Condition(column.name, "has", names))
        return True

    def _other_than_named(self, typed: str, row: int) -> bool:
        """Whether the item is not the one whose very title was typed ("lord of the rings")."""
        rows = self.reader.catalog.titles.exact(fold(typed))
        return bool(rows) and rows[0] != row

    def _exclude_series(self, span: Span) -> None:
        """Not Resident Evil is none of the series."""
        phrase = self.text.phrase(span.start, span.end)
        before = self.text.words[span.start - 1] if span.start else ""
        topical = before in _TOPICAL and not self.text.tokens[span.start].capital
        for value in self.vocabulary.values.get(key_of(phrase), ()):
            if topical and value.role is Role.TAGS:
                # "nothing with aliens" is hardly about the film of that name alone.
                self.reading.conditions.append(Condition(value.column, "lacks", (value.value,)))
            if value.role is Role.GROUP and fold(value.value) == phrase:
                self.reading.conditions.append(Condition(value.column, "lacks", (value.value,)))

    def on_name(self, span: Span) -> None:
        """A name in quotes, or after a cue, that is no title of this catalog as it stands."""
        typed: str = span.data
        self._sought += 1
        match, sure = None, False
        if self._sought <= MOST_SOUGHT:
            match, sure = self.reader.titles.near(typed)
        if match is not None and sure:
            mention = self.reader.mention(typed, match.row, match.score)
            if fold(match.title) != fold(typed):
                self.reading.limits.append(f"I took {typed!r} for {mention.title}.")
            self._place(mention, span)
            return
        where, near = self.reader.catalog.told_absent(typed), ""
        if match is not None and match.score >= 75 and not self.reader.catalog.names_hidden(typed):
            near = self.reader.catalog.label(match.row)
        mention = Mention(typed, None, near, match.score if match and near else 0.0)
        self._place(mention, span)
        if self.polarity(span) in ("-", "~"):
            return
        self.reading.limits.append(
            f"{where}; the nearest title is {near}." if near else f"{where}."
        )
        if near and not self.reading.clarify:
            found = self.reader.catalog.titles.find(typed, limit=3, cutoff=75.0)
            labels = dict.fromkeys([near, *(self.reader.catalog.label(m.row) for m in found)])
            self.reading.clarify = f"Did you mean {near}?"
            self.reading.options = (*labels, OTHER)

    def on_extra(self, span: Span) -> None:
        """A song, a trailer or the like, which this catalog does not have."""
        extra: Extra = span.data
        named = f" ({extra.name!r})" if extra.name else ""
        limit = f"This catalog has no {extra.what}{named}."
        if limit not in self.reading.limits:
            self.reading.limits.append(limit)

    def exclude_partly_named(self) -> None:
        """Leave out what is meant by a part of its title: "all by Miyazaki except Totoro".

        Only items that meet the rest are looked at, and only words that no reading used.
        """
        used = {
            i
            for s in self.spans
            if s.kind not in ("stranger", "name")
            for i in range(s.start, s.end)
        }
        used |= {i for act in self.acts for i in range(act.start, act.end)}
        # "stupid comedies": the word describes the kind after it.
        used |= {s.start - 1 for s in self.spans if s.kind in ("value", "compound", "item")}
        lexicon = self.reader.lexicon
        for scope in self.scopes:
            words = [
                self.text.words[i]
                for i in range(scope.start, scope.end)
                if i not in used
                and self.text.words[i] not in lexicon.stop
                and self.text.words[i] not in lexicon.filler
                and self.text.words[i] not in self.reader.items
            ]
            rows = self._titled(words) if any(word.isalpha() for word in words) else []
            if not rows or len(rows) > MOST_PARTLY:
                continue
            self.reading.disliked = [m for m in self.reading.disliked if m.id is not None]
            typed = " ".join(words)
            self.reading.disliked.extend(self.reader.mention(typed, row) for row in rows)
            self.partly_named.update(words)

    def _titled(self, words: list[str]) -> list[int]:
        """Rows of items that meet the conditions and whose title holds all the words."""
        catalog = self.reader.catalog
        mask = np.ones(catalog.n_items, dtype=bool)
        for condition in self.reading.conditions:
            mask &= evaluate(condition, catalog)
        rows = catalog.titles.holding(words, MOST_HOLDING)
        wanted = set(words)
        return [
            item.row
            for item in catalog.items([int(row) for row in rows if mask[row]])
            if wanted <= set(fold(item.title).split())
        ]

    def _place(self, mention: Mention, span: Span) -> None:
        """Put a mention where the words around it say."""
        reading = self.reading
        self.named.append((span, mention))
        if reading.question is not None and reading.question.kind == "attribute":
            reading.about.append(mention)
            if not self._verdict_beside(span):
                return
        if self._told_by_others(span):
            reading.disliked.append(mention)  # left out: they know it, and want something else
            return
        acts = self.acts_near(span)
        blamed = "blame" in acts and not self._turned(span) and self._blamed(span)
        if self.polarity(span) in ("-", "~") or blamed:
            reading.disliked.append(mention)
            reading.disliked.extend(self._rest_of_series(mention, span))
            return
        if not acts & {"taste", "similar", "request"} and self.compared(span):
            reading.about.append(mention)
            return
        if "not_seen" in acts and "taste" not in acts:
            reading.about.append(mention)
            return
        if "accept" in acts and not acts & {"request", "taste", "similar"}:
            reading.about.append(mention)
            return
        if "seen" in acts:
            reading.seen.append(mention)
            if (
                not acts & {"taste", "praise", "similar"}
                and not any(a.name == "praise" and not self.lukewarm(a) for a in self.acts)
                and "taste" not in reading.acts
            ):
                return
        reading.liked.append(mention)

    def _blamed(self, span: Span) -> bool:
        """Whether the blame is of this name: "I loved Heat, hated Big" blames only the second."""
        said = [a for a in self.acts if a.name in ("taste", "praise") and a.end <= span.start]
        blames = [a for a in self.acts if a.name == "blame"]
        if not said or any(a.start >= said[-1].end and a.end <= span.start for a in blames):
            return True
        verbs = ("hated", "hate", "disliked", "despised")
        return any(
            a.start >= span.end
            and self.text.words[a.start] not in verbs
            and not any("," in self.text.gap(i) for i in range(span.end, a.start + 1))
            for a in blames
        )

    def _rest_of_series(self, mention: Mention, span: Span) -> list[Mention]:
        """The other items that a name in the plural leaves out: "except the Batman films"."""
        after = self.text.words[span.end : span.end + 1]
        plural = after and (after[0] in _SERIES or after[0] in self.reader.items)
        if not plural or not (after[0].endswith("s") or after[0] in _SERIES):
            return []
        words = self.text.words[span.start : span.end]
        named = self._titled([w for w in words if w not in self.reader.lexicon.stop])
        found = (self.reader.mention(mention.text, row) for row in named[:MOST_PARTLY])
        return [other for other in found if other.id != mention.id]

    def _told_by_others(self, span: Span) -> bool:
        """Whether others recommend it and the person wants something else.

        "Everyone suggests Titanic, but I want …", "People keep recommending Heat. I prefer …".
        """
        start, end = span.start, span.end
        first = start
        while first > 0 and not self.text.begins_sentence(first):
            first -= 1
        before, after = self.text.phrase(first, start), self.text.phrase(end, len(self.text.words))
        return bool(_OTHERS.search(before) and _RATHER.search(after))

    def _verdict_beside(self, span: Span) -> bool:
        """Whether the sentence of a name tells a verdict, and another one asks."""
        text = self.text
        sentence = text.tokens[span.start].sentence
        places = [i for i, token in enumerate(text.tokens) if token.sentence == sentence]
        return (
            text.words[places[0]] in _TELLS
            and "?" not in text.gap(places[-1] + 1)
            and bool(self.acts_near(span) & {"taste", "praise", "blame", "seen"})
        )

    def _turned(self, span: Span) -> bool:
        """Whether blame before a name is over: "I hated Heat, something else like Se7en"."""
        blames = [a.end for a in self.acts if a.name == "blame" and a.end <= span.start]
        return bool(blames) and any(
            act.name in ("similar", "taste", "request")
            and max(blames) <= act.start
            and act.end <= span.start
            for act in self.acts
        )

    # --- references ------------------------------------------------------------------------------

    def point(self) -> None:
        """Resolve the references against the list shown."""
        reading = self.reading
        silent = not (reading.liked or reading.disliked or reading.seen or reading.about)
        if any(act.name == "among" for act in self.acts) and self.shown:
            reading.among = True
        for reference in self.references:
            rows = pointed(reference, self.shown)
            if self.focus is not None and reference.pronoun and not reference.plural:
                rows = [self.focus]
            if not rows:
                if reference.places not in ((), (0,)) and self.shown:
                    reading.limits.append("The list I showed is not that long.")
                    if len(self.spans) <= 1 and not reading.wants_something:
                        reading.refused = (
                            f"The list I showed has only {len(self.shown)} "
                            f"{'entry' if len(self.shown) == 1 else 'entries'}."
                        )
                continue
            self._point_at(reference, rows)
        if silent and not reading.pointed and reading.question is None:
            self._verdict_alone()
        if reading.among and not reading.about and reading.question is not None:
            if reading.question.kind == "attribute":  # "which one is the shortest?"
                reading.about.extend(self.reader.mention("those", row) for row in self.shown)

    def _verdict_alone(self) -> None:
        """A verdict that names nothing is on the one item offered ("very nice film!")."""
        reading, row = self.reading, self.offered
        if row is None or self._asks_for_items():
            return
        mention = self.reader.mention(self.text.raw.strip()[:40], row)
        if "blame" in reading.acts:
            reading.disliked.append(mention)
        elif "not_seen" in reading.acts:
            return
        elif "praise" in reading.acts:
            reading.liked.append(mention)
        elif "accept" in reading.acts and "reject" not in reading.acts:
            reading.about.append(mention)

    def _asks_for_items(self) -> bool:
        acts = self.reading.acts
        spoken = any(
            s.kind not in ("item", "count") and not self.describes(s) and s.kind != "stranger"
            for s in self.spans
        )
        return spoken or bool(acts & {"request", "similar", "more", "start_over", "thanks", "bye"})

    def _point_at(self, reference: Reference, rows: list[int]) -> None:
        reading = self.reading
        typed = self.text.as_typed(reference.start, reference.end)
        span = Span(reference.start, reference.end, "reference", rows, 1.0)
        definite = self._definite(reference)
        asked = reading.question is not None and reading.question.kind == "attribute"
        if reference.pronoun and not reference.plural and self._of_named(span):
            return  # "it" after a title means that title
        named_one = bool(reading.liked or reading.seen or reading.about or reading.disliked)
        first = bool(self.named) and not any(s.end <= span.start for s, _ in self.named)
        if (
            not definite
            and not (first and not asked)
            and (named_one or (reading.among and not (asked and reference.plural)))
        ):
            return
        reading.pointed = True
        mentions = [self.reader.mention(typed, row) for row in rows]
        acts = self.acts_near(span)
        negated = self.scope(span) is not None
        compared = self._compared_to(reference)
        if self._vague(reference, definite) and not asked and not compared:
            return  # of "this is crap" after a list the whole list is meant, and no item of it
        if asked:
            if definite or len(rows) == 1 or reference.plural:
                reading.about.extend(m for m in mentions if m not in reading.about)
        elif self._too_much(reference):
            reading.disliked.extend(mentions if definite and not reference.plural else ())
        elif "not_seen" in acts and "blame" not in acts:
            reading.about.extend(mentions if not reference.plural else ())
        elif negated or acts & {"blame"} or ("reject" in acts and definite):
            if not reference.plural or acts & {"blame"}:
                reading.disliked.extend(mentions)
        elif "seen" in acts:
            reading.seen.extend(m for m in mentions if m.id not in {s.id for s in reading.seen})
            if acts & {"praise", "taste"} and not (reference.plural and self.named):
                reading.liked.extend(mentions)
        elif compared or acts & {"praise", "taste"}:
            reading.liked.extend(mentions)
        elif definite or "accept" in acts and len(mentions) == 1:
            reading.about.extend(mentions)

    def _vague(self, reference: Reference, definite: bool) -> bool:
        """Whether "it" stands after a list of several, none of which was talked of."""
        single = reference.pronoun and not reference.plural and not definite
        return single and len(self.shown) > 1 and self.focus is None and self.offered is None

    def _compared_to(self, reference: Reference) -> bool:
        """Whether likeness to it is wanted: "more like that"."""
        before = self.text.words[max(0, reference.start - 1) : reference.start]
        return before in (("like",), ("to",), ("as",), ("resembling",))

    def _of_named(self, span: Span) -> bool:
        """Whether a pronoun means the title named last before it, whose verdict it may bring."""
        sentence = self.text.tokens[span.start].sentence
        before = [
            (s, m)
            for s, m in self.named
            if s.end <= span.start
            and (len(span) == 1 or self.text.tokens[s.start].sentence == sentence)
        ]
        if not before:
            return False
        mention, reading = before[-1][1], self.reading
        if "blame" in self.acts_near(span) or self.scope(span) is not None and self._hated(span):
            reading.liked = [m for m in reading.liked if m != mention]
            if mention not in reading.disliked:
                reading.disliked.append(mention)
        return True

    def _hated(self, span: Span) -> bool:
        """Whether the negation before a pronoun is a verb of taste ("I can't stand it")."""
        scope = self.scope(span)
        if scope is None or span.start != scope.start:
            return False
        return self.text.words[scope.start - 1] in _TASTES

    def _too_much(self, reference: Reference) -> bool:
        """Whether what is pointed at has too much of something: "the first one is too long"."""
        words, end = self.text.words, reference.end
        return words[end : end + 1] in (("is",), ("was",), ("looks",), ("sounds",), ("s",)) and (
            "too" in words[end + 1 : end + 4]
        )

    def _definite(self, reference: Reference) -> bool:
        word = self.text.words[reference.start]
        return reference.end - reference.start > 1 or word.isdigit() or word in ("former", "latter")
