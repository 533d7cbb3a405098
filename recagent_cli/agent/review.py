"""What is wrong with a whole answer, held against request, bus and profile before it is shown.

The request is the built-in parser's reading of the person's words. A condition counts as hard where
that reading is sure: nothing has to be asked back, and either every word found its use or the
condition stands in the person's words as the catalog writes it. What had to be given up because
nothing meets all of it counts no longer: the ways out are those of the bus, or counted anew.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from recagent_catalogs.errors import BadCondition, ToolError
from recagent_catalogs.schema import NUMBER_ROLES, WORD_ROLES
from recagent_catalogs.text import clean, fold
from recagent_tools.conditions import Condition, Mask, evaluate, parse_condition, short
from recagent_tools.filter import relaxation_report, relaxations
from recagent_tools.personal import ALL_SEEN, ALL_SEEN_BY_SOME, is_chosen, rows_with
from recagent_tools.references import preview
from recagent_tools.relaxation import MAX_CONDITIONS, Census, Relaxation, changed
from recagent_tools.rowset import RowSet
from recagent_tools.together import rules_of
from recagent_tools.toolbox import ToolContext

from .builtin.answers.relax import applied_text, changes_text
from .builtin.parse import wants_list
from .critic import Fault, check, ground_question
from .request import GOING, MAKING, Mention, Request

Kind = Literal["dropped", "empty", "unfit", "few", "many", "untrue", "question"]
FACTS = frozenset(
    ("title", "year", "number", "person", "value", "count", "rank", "address", "code")
)
"""Kinds of fault that are worth another answer; style is struck, and what is known put right."""
SEEN, NEVER = "you have seen it", "you never want"
MOST_TOLD = 6
"""So many items and sentences are told one by one."""
MOST_HELD = 5
"""So many candidates that fit are told of."""
MOST_WAYS = 3
"""So many ways out, where nothing fits."""
MOST_REPORTED = 1_200
"""Characters of what the conditions leave, where nothing is left."""
MOST_SAID = 400
"""Words of the person that are looked through for a value."""
LONGEST_NAME = 4
_PUBLIC = {
    "dropped": "an item that is no candidate",
    "untrue": "a sentence that is not so",
    "question": "a question that cannot be asked so",
}
_DECADES = re.compile(r"\b(?:twen|thir|for|fif|six|seven|eigh|nine)ties\b")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: "dropped": named and no candidate; "empty": nothing at all; "unfit": an item that must
            not be shown; "few", "many": not as many as were asked for; "untrue": a sentence;
            "question": a question back or its options.
        told: what it is, for the model.
        row: the item, of "unfit".
        why: of "unfit", for the person.
        columns: of "unfit", of the conditions that it does not meet.
    """

    kind: Kind
    told: str
    row: int | None = None
    why: str = ""
    columns: tuple[str, ...] = ()

    @property
    def ruled_out(self) -> bool:
        """Whether it is an item that the person has seen or never wants."""
        return self.why.startswith((SEEN, NEVER))

    @property
    def public(self) -> str:
        """The same without words of the model, which nobody checked."""
        if self.kind in ("dropped", "untrue", "question"):
            return _PUBLIC[self.kind]
        return self.told


@dataclass
class Review:
    """Holds answers of one turn against what was asked.

    Attributes:
        context: bus, catalog, profile and what the turn's tools left.
        request: as the built-in parser read it.
        said: what the person said in this session, the newest last.
        counted, told: what the information tools of the turn counted, and the rows they told of.
        given: whether the request was not read out of words.
    """

    context: ToolContext
    request: Request
    said: Sequence[str] = ()
    counted: Collection[float] = ()
    told: Collection[int] = ()
    given: bool = False
    _masks: dict[str, Mask] = field(default_factory=dict)

    # what is looked for

    def of_list(self, rows: Sequence[int], text: str, dropped: Sequence[str] = ()) -> list[Problem]:
        """What is wrong with a list and the words that come with it.

        Args:
            rows: the items, best first.
            text: the model's words.
            dropped: what it named that is no candidate.
        """
        found = [Problem("dropped", f"{clean(one, 60)!r} is no candidate") for one in dropped]
        if self.lists and rows:
            found += self._unfit(rows)
            found += self._number(rows, {p.row for p in found if p.row is not None})
        return [*found, *self._untrue(rows, text)]

    def of_nothing(self) -> list[Problem]:
        """What is wrong with a list of no items: it is no answer, whatever was asked."""
        left = len(self.context.bus)
        of = f"of {left:,} candidates none may be shown" if left else "there are no candidates"
        return [Problem("empty", f"{of}, so this list is empty and no answer")]

    def of_question(self) -> list[Problem]:
        """What is wrong with the question back that stands in the context."""
        if self.context.question is None:
            return []
        question, options = self.context.question
        _, struck = ground_question(question, options, self.context, request=self.request)
        return [Problem("question", line) for line in struck]

    @property
    def lists(self) -> bool:
        """Whether a list was asked for, so that the conditions are those of its items."""
        question = self.request.question
        works = question is not None and question.kind == "items"
        return wants_list(self.request) or bool(works and self.request.conditions)

    @cached_property
    def hard(self) -> tuple[Condition, ...]:
        """The conditions that an item must meet."""
        request = self.request
        going = any(op.op in (*GOING, *MAKING) for op in request.operations)
        if going or request.clarify or request.options:
            return ()
        found: dict[Condition, None] = {}
        for text in request.conditions:
            try:
                condition = parse_condition(text, self.context.catalog)
            except BadCondition:  # of data that have changed
                continue
            if self.given or not request.unused or self._is_said(condition):
                found[condition] = None
        return tuple(found)

    def _is_said(self, condition: Condition) -> bool:
        """Whether a condition's values stand in the person's words of this turn."""
        words = fold(self.said[-1] if self.said else "").split()[:MOST_SAID]
        column = self.context.catalog.schema.column(condition.column)
        if column.role in NUMBER_ROLES:
            numbers = [int(float(value)) for value in condition.values if value is not None]
            starts = {str(n) for n in numbers} | {f"{n % 100}s" for n in numbers if n > 100}
            stands = any(word == s or word.startswith(s) for word in words for s in starts)
            return stands or bool(_DECADES.search(" ".join(words)))
        values = {str(value) for value in condition.values}
        if column.role not in WORD_ROLES:
            return any(fold(value) in " ".join(words) for value in values)
        known = self.context.catalog.words(column.name)
        return any(
            known.resolve(" ".join(words[at : at + length])) in values
            for length in range(1, LONGEST_NAME + 1)
            for at in range(len(words) - length + 1)
        )

    # items

    @cached_property
    def barred(self) -> dict[int, str]:
        """Rows that must not be shown whatever they meet, and why, in words for the person."""
        context, request = self.context, self.request
        found: dict[int, str] = {}
        if any(op.op in (*GOING, *MAKING) for op in request.operations):
            return found
        chosen = is_chosen(context.bus.path())
        if context.user is None:
            rules, all_seen = rules_of(context), {ALL_SEEN, ALL_SEEN_BY_SOME}
            if not (context.seen_too or chosen or any(t in all_seen for _, t in context.notices)):
                found |= dict.fromkeys(map(int, rules.seen), SEEN)
            for column, value in () if chosen else context.profile.never_values:
                if (column, value) not in context.asked:
                    rows = rows_with(context.catalog, column, value).tolist()
                    found |= dict.fromkeys(rows, f"{NEVER} {value}")
            found |= dict.fromkeys(map(int, rules.never), f"{NEVER} it")
        if request.exclude_shown and not request.base:
            shown = (*context.shown, *context.shown_before)
            found |= dict.fromkeys(map(int, shown), "it was shown before")
        if not request.among:
            found |= self._named(request.liked, "you named it yourself")
        found |= self._named(request.disliked, "you do not want it")
        if not request.seen_too:
            found |= self._named(request.seen, SEEN)
        return found

    def _named(self, mentions: Iterable[Mention], why: str) -> dict[int, str]:
        rows = (self.context.catalog.row_of(m.id) for m in mentions if m.id is not None)
        return {row: why for row in rows if row is not None}

    @cached_property
    def _within(self) -> Mask:
        """Rows that may be shown but for the conditions: bool [n_items]."""
        context = self.context
        mask = context.bus.everything.mask().copy()
        if self.request.among and context.shown and not self.request.exclude_shown:
            mask[:] = False
            mask[list(context.shown)] = True
        if context.only_wanted and context.user is None and context.profile.wanted:
            wanted = np.zeros_like(mask)
            wanted[list(map(int, context.profile.wanted))] = True
            mask &= wanted
        mask[list(self.barred)] = False
        return mask

    def _mask(self, text: str) -> Mask:
        """Which rows meet a condition: bool [n_items]."""
        if text not in self._masks:
            catalog = self.context.catalog
            self._masks[text] = evaluate(parse_condition(text, catalog), catalog)
        return self._masks[text]

    def _meeting(self, conditions: Iterable[str]) -> Mask:
        mask = self._within.copy()
        for text in conditions:
            mask &= self._mask(text)
        return mask

    @cached_property
    def fit(self) -> Mask:
        """Rows that may be shown: bool [n_items]."""
        return self._meeting(map(str, self.hard))

    def way(self, rows: Sequence[int]) -> Relaxation | None:
        """The way out by which the most of these rows that do not fit may yet be shown.

        One that the bus told in this turn; where too little meets all conditions, one that is
        counted here.
        """
        failing = [row for row in rows if not self.fit[row]]
        best, most = None, 0
        for way in self._ways if failing else ():
            mask = self._meeting(changed([str(c) for c in self.hard], way.changes))
            count = int(mask[failing].sum())
            if count > most:
                best, most = way, count
        return best

    @cached_property
    def _ways(self) -> list[Relaxation]:
        context = self.context
        told = [context.relaxed] if context.relaxed is not None else list(context.relaxations)
        wanted, left = self.request.count or 1, int(self.fit.sum())
        if not 0 < len(self.hard) <= MAX_CONDITIONS or left >= wanted:
            return told
        base = RowSet.of_mask(self._within)
        return told + relaxations(Census(self.hard, context.catalog, base), wanted)

    def may_show(self, rows: Sequence[int]) -> Mask:
        """The rows that may be shown beside these: those that fit, and those of their way out."""
        way = self.way(rows)
        if way is None:
            return self.fit
        return self.fit | self._meeting(changed([str(c) for c in self.hard], way.changes))

    def _unfit(self, rows: Sequence[int]) -> list[Problem]:
        allowed, found = self.may_show(rows), list[Problem]()
        for row in rows:
            if not allowed[row]:
                label = self.context.catalog.label(row)
                unmet = [] if row in self.barred else self._unmet(row)
                why = self._why(row, unmet, str)
                read = self._why(row, unmet, lambda c: short(c, self.context.catalog.schema))
                columns = tuple(condition.column for condition in unmet)
                found.append(Problem("unfit", f"{label}: {why}", row, read, columns))
        return found

    def _why(self, row: int, unmet: Sequence[Condition], word: Callable[[Condition], str]) -> str:
        """Why a row must not be shown: for a model in its grammar, else in words of a funnel."""
        if row in self.barred:
            return self.barred[row]
        if unmet:
            told = ", ".join(map(word, unmet))
            return f"not {told}" if word is str else f"you asked for {told}"
        return "not in the list that was meant" if self.request.among else "not on the watchlist"

    def _unmet(self, row: int) -> list[Condition]:
        """The conditions that a row does not meet."""
        return [c for c in self.hard if not self._mask(str(c))[row]]

    def _number(self, rows: Sequence[int], unfit: Collection[int]) -> list[Problem]:
        """Whether as many are shown as were asked for, where the candidates hold so many."""
        wanted, kept = self.request.count, [row for row in rows if row not in unfit]
        if wanted is None:
            return []
        if len(kept) > wanted:
            return [Problem("many", f"{wanted} were asked for, {len(kept)} are named")]
        more = len(self.more(kept, len(self.context.bus)))
        if len(kept) < wanted and more:
            told = f"{wanted} were asked for; {len(kept)} that fit are named, {more:,} more fit"
            return [Problem("few", told)]
        return []

    def more(self, rows: Sequence[int], most: int) -> list[int]:
        """Candidates besides these rows that fit, in the order of the bus."""
        ordered = np.asarray(self.context.bus.rows())
        mask = self.may_show(rows).copy()
        mask[list(rows)] = False
        return [int(row) for row in ordered[mask[ordered]][:most]]

    # words

    def _untrue(self, rows: Sequence[int], text: str) -> list[Problem]:
        """What the words state that is not so, and that cannot simply be put right."""
        if not text:
            return []
        faults = check(
            text,
            rows=rows,
            context=self.context,
            request=self.request,
            counted=self.counted,
            told=self.told,
        )
        return [Problem("untrue", fault_text(f)) for f in faults if f.kind in FACTS and not f.mend]

    # what is done about it

    def reasons(self, problems: Sequence[Problem], rows: Sequence[int]) -> str:
        """What a model is told: what is wrong, and what the candidates still hold."""
        lines = [f"- {problem.told}" for problem in problems[:MOST_TOLD]]
        if len(problems) > MOST_TOLD:
            lines.append(f"- and {len(problems) - MOST_TOLD:,} more")
        if any(p.kind in ("dropped", "unfit", "few") for p in problems):
            lines.append(self._held(problems, rows))
        if any(p.kind == "empty" for p in problems):
            lines.append(self.ways_out())
        return "\n".join(lines)

    def reasons_unread(self, problems: Sequence[Problem], rows: Sequence[int]) -> str:
        """The same without a word of any item or model: conditions that were asked for, counts."""
        unmet: Counter[str] = Counter()
        for row in (problem.row for problem in problems if problem.row is not None):
            why = [f"does not meet: {clean(one, 80)}" for one in self._unmet(row)]
            unmet.update(["may not be shown"] if row in self.barred or not why else why)
        told = [f"{count} of the items {why}" for why, count in unmet.items()]
        told += dict.fromkeys(problem.public for problem in problems if problem.row is None)
        bad = {problem.row for problem in problems}
        kept = [row for row in rows if row not in bad]
        more = len(self.more(kept, len(self.context.bus)))
        return "; ".join([*told[:MOST_TOLD], f"{more:,} more fit"])

    def ways_out(self) -> str:
        """How to come to candidates that may be shown, for the model."""
        bus = self.context.bus
        emptied = [stage.number for stage in bus.stages if stage.after == 0]
        if len(bus) or not emptied:
            return self._held((), ())
        with contextlib.suppress(ToolError):  # too much was left out of the history
            return relaxation_report(self.context, emptied[-1])[:MOST_REPORTED]
        return self._held((), ())

    def _held(self, problems: Sequence[Problem], rows: Sequence[int]) -> str:
        """The candidates that fit and are not in the list, or how to come to some."""
        bad = {problem.row for problem in problems}
        kept = [row for row in rows if row not in bad]
        more = self.more(kept, len(self.context.bus))
        if more:
            first = preview(self.context, MOST_HELD, more)
            return f"{len(more):,} more candidates fit, first:\n{first}"
        left = int(self.fit.sum())
        if not left and self._ways:
            told = "; or ".join(f"{way.text()}: {way.left:,}" for way in self._ways[:MOST_WAYS])
            return f"nothing in the catalog meets all of it; smallest changes: {told}"
        if not left or not self.hard:
            return "no other candidate fits"
        where = "; ".join(map(str, self.hard))
        return f"no other candidate fits; in the catalog {left:,} do: start anew, filter {where}"

    def mended(self, rows: Sequence[int]) -> tuple[list[int], list[str]]:
        """The list without what must not be shown, filled up from the bus; and what was done."""
        if not (self.lists and rows):
            return list(rows), []
        unfit = {p.row: p for p in self._unfit(rows) if p.row is not None}
        wanted = self.request.count or len(rows)
        kept = [row for row in rows if row not in unfit][:wanted]
        added = self.more(kept, wanted - len(kept)) if len(kept) < wanted else []
        label, by_why = self.context.catalog.label, dict[str, list[str]]()
        for row, problem in unfit.items():
            by_why.setdefault(problem.why, []).append(label(row))
        told = [f"left out {_few(names)}: {why}" for why, names in by_why.items()]
        if cut := len(rows) - len(unfit) - len(kept):
            told.append(f"left out the last {cut}: {wanted} were asked for")
        if added:
            ranked = ", in the order of the ranking" * (self.context.bus.now.order is not None)
            told.append(f"put in{ranked}: {_few([*map(label, added)])}")
        return [*kept, *added], told

    def given_up(self, rows: Sequence[int]) -> str:
        """What of the conditions the list does without; "" where nothing."""
        way, catalog = self.way(rows) if self.lists else None, self.context.catalog
        if way is None:
            return ""
        left = int(self.fit.sum())
        if not left or way in (self.context.relaxed, *self.context.relaxations):
            return applied_text(way, catalog)
        what = catalog.schema.item if left == 1 else catalog.schema.items
        fits = "fits" if left == 1 else "fit"
        return f"Only {left:,} {what} {fits} all of it; others: {changes_text(way, catalog)}."


def _few(names: Sequence[str]) -> str:
    """Names in a row; of many the first ones."""
    more = f" and {len(names) - MOST_TOLD:,} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more


def fault_text(fault: Fault) -> str:
    """A fault of the text in words for the model."""
    right = f"; {clean(fault.truth, 80)}" if fault.truth else ""
    return f"the text: {clean(fault.told, 60)!r} ({fault.kind}) is not so{right}"
