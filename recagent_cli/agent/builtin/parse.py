"""The parser: an utterance, what was said before, and the catalog's words give a typed request."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean
from recagent_tools.conditions import parse_condition

from ..brain import PastTurn
from ..request import Intent, Operation, Question, Request
from .dialogue.about_memory import memory_of
from .dialogue.affirmed import affirmed, take_over
from .dialogue.asked import asked
from .dialogue.choices import OTHER, chosen, given_up, number_alone, said_instead
from .dialogue.focus import in_focus
from .dialogue.gate import Facts, excludes_shown, intent_of
from .dialogue.judged import judged
from .dialogue.kept import of_watchlist, stating, taken
from .dialogue.moves import moves
from .dialogue.places import based, came_to_nothing, left_out, rebased, request_of_places
from .dialogue.state import (
    EMPTY,
    NO_STATE,
    alone,
    carried,
    looks,
    merge,
    starts_afresh,
    take_back,
    with_verdicts,
    without_facts,
)
from .meaning.dislikes import dislikes_on, goes_on
from .meaning.lasting import lasting, may_state
from .meaning.nearness import WishMatcher
from .meaning.own_rating import own_rating, told_before
from .meaning.reader import Reader
from .meaning.reading import Reading
from .meaning.refusals import refusal
from .meaning.telling import told_only
from .readers.given import read_given
from .readers.places import Known, Placed
from .readers.shares import Shares, read_shares
from .readers.trail import trail_of
from .readers.watchlist import read_watchlist
from .words.lexicon import Lexicon, lexicon
from .words.tokens import Text, tokenize
from .words.vocabulary import Vocabulary

MAX_CHARS = 20_000
MOST_WORDS_ON = 6
"""So few words may go on with a question: "and from the 60s?"."""
MAX_HISTORY = 8
"""Earlier turns that are read again where their request was not kept."""


def _this_year() -> int:
    return datetime.datetime.now(tz=datetime.UTC).year


class Parser:
    """Reads utterances against one catalog. Deterministic: no model, no network.

    Args:
        catalog: whose titles, people and words are understood.
        year: the present year, for "the last ten years".
        matcher: reads wishes that no word list knows; None: they stay unread.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        year: Callable[[], int] = _this_year,
        matcher: WishMatcher | None = None,
    ) -> None:
        self._catalog = catalog
        self._reader = Reader(catalog, lexicon(), year, matcher)

    def parse(
        self,
        utterance: str,
        history: Sequence[PastTurn] = (),
        *,
        shown: Sequence[int] = (),
        sets: Sequence[str] = (),
    ) -> Request:
        """Read one utterance.

        Args:
            utterance: as typed; any string will do.
            history: earlier turns of the session, oldest first; their constraints carry on until
                changed, taken back or started over.
            shown: rows of the list last shown, in order; by default those of the last turn that
                showed any.
            sets: names of the saved sets.

        Returns:
            The request with what still holds from earlier turns merged in, and with what the
            words state of the person that lasts.
        """
        said = clean(utterance, MAX_CHARS)
        held = self.state(history)
        if memory_of(said, self._catalog, held) is not None:
            return carried(held, Intent.CHIT_CHAT)
        watch = read_watchlist(said, sets)

        def plainly(text: str) -> Request:
            return self._parse(text, history, shown=shown, sets=sets)

        last = list(shown) or _last_shown(history)
        if watch.says_something:
            focus = self._focus(history)
            request = of_watchlist(said, watch, plainly, held, self._reader, last, focus)
        else:
            request = plainly(utterance)
        text = tokenize(said)
        ids = self._catalog.ids(last)
        request = taken(request, text, lambda: self.state(history), ids)
        focus_on = in_focus(history, self._catalog)
        request = judged(request, text, lambda: self.state(history), ids, focus_on)
        if not may_state(text):
            return request
        titles = self._reader.ways_to_say(last)
        stated = lasting(text, self._reader, self._reader.spans(text, last, titles))
        return stating(request, stated, self._reader.vocabulary)

    def _parse(
        self,
        utterance: str,
        history: Sequence[PastTurn] = (),
        *,
        shown: Sequence[int] = (),
        sets: Sequence[str] = (),
    ) -> Request:
        """`parse`, without what lasts."""
        ratings = read_given(clean(utterance, MAX_CHARS), self._catalog.titles.exact)
        if ratings.given:
            request = self._parse(ratings.rest, history, shown=shown, sets=sets)
            return self._of_nothing(history) if request.intent is Intent.UNCLEAR else request
        last = list(shown) or _last_shown(history)
        if (asked := self._after_a_statement(utterance, history, shown, sets)) is not None:
            return asked
        shares = read_shares(clean(utterance, MAX_CHARS), self._catalog.schema)
        if shares.at_most or shares.unknown:
            return self._sharing(shares, history, shown, sets)
        text = tokenize(clean(utterance, MAX_CHARS))
        if (answer := self._answer(text, history, last, sets)) is not None:
            return answer
        if (placed := self._placed(text, history, last, sets)) is not None:
            return request_of_places(
                placed,
                history,
                last,
                self.state(history),
                self._catalog,
                lambda rest, turns, rows: self._parse(rest, turns, shown=rows, sets=sets),
            )
        facts, request = self._understood(text, history, last)
        if left := left_out(text, facts.reading, request, history, self._catalog):
            state = self.state(history)
            return request_of_places(
                Placed(dropped=left), history, last, state, self._catalog, lambda *_: state
            )
        request = own_rating(rebased(request, history), text)
        if history and history[-1].options and number_alone(text.raw) is not None:
            there = f"There are {len(history[-1].options)} to choose from."
            return replace(request, limits=(*request.limits, there))
        return request

    def operated(
        self,
        operations: Sequence[Operation],
        history: Sequence[PastTurn] = (),
        *,
        shown: Sequence[int] = (),
        dropped: Sequence[int] = (),
        where: Sequence[str] = (),
    ) -> Request:
        """The request of a turn without words: operations, items to leave out, conditions.

        Args:
            operations: what to do with lists and sets.
            history: earlier turns of the conversation, oldest first.
            shown: rows of the list that stands.
            dropped: rows to be left out of the candidates.
            where: conditions that they must meet besides.
        """
        placed, state = Placed(tuple(operations), tuple(dropped)), self.state(history)
        request = request_of_places(
            placed, history, shown, state, self._catalog, lambda rest, turns, rows: state
        )
        if not where:
            return request
        number = history[-1].number if history else 0
        base = request.base or (0 if operations else number)
        met = tuple(dict.fromkeys((*request.conditions, *where)))
        return replace(request, intent=Intent.REFINE, conditions=met, base=base)

    def _of_nothing(self, history: Sequence[PastTurn]) -> Request:
        """Of what is rated nobody knows: "I'd give it 2" where nothing was talked of."""
        asked = "Which one do you mean? Name it, or say its number in the list."
        return replace(carried(self.state(history), Intent.CHIT_CHAT), clarify=asked)

    def _after_a_statement(
        self, utterance: str, history: Sequence[PastTurn], shown: Sequence[int], sets: Sequence[str]
    ) -> Request | None:
        """The question what the person would give, with what was told before it."""
        parts = told_before(utterance)
        if parts is None:
            return None
        request = self._parse(parts[1], history, shown=shown, sets=sets)
        if request.question not in (Question("rating"), Question("compare")):
            return None
        told = self.read(tokenize(parts[0]), list(shown) or _last_shown(history))
        if told.question is not None or not (told.liked or told.disliked or told.seen):
            return None
        return replace(
            request, liked=tuple(told.liked), disliked=tuple(told.disliked), seen=tuple(told.seen)
        )

    def _sharing(
        self, shares: Shares, history: Sequence[PastTurn], shown: Sequence[int], sets: Sequence[str]
    ) -> Request:
        """The request of what else is said, with how many items may share a value."""
        if tokenize(shares.rest).words:
            request = self._parse(shares.rest, history, shown=shown, sets=sets)
        else:
            request = carried(self.state(history), Intent.REFINE if history else Intent.RECOMMEND)
        limits = [f"This catalog knows no {noun.removesuffix('s')}s." for noun in shares.unknown]
        return replace(
            request,
            at_most=tuple({**dict(request.at_most), **shares.at_most}.items()),
            limits=(*request.limits, *limits),
        )

    def moves(
        self, utterance: str, history: Sequence[PastTurn] = (), *, shown: Sequence[int] = ()
    ) -> set[str]:
        """What a turn does to what was offered before: of `moves.MOVES` any."""
        last = list(shown) or _last_shown(history)
        text = tokenize(clean(utterance, MAX_CHARS))
        facts, request = self._understood(text, history, last)
        return moves(facts, request, last, self._catalog)

    def _understood(
        self, text: Text, history: Sequence[PastTurn], last: Sequence[int]
    ) -> tuple[Facts, Request]:
        said = history[-1].text if history else ""
        focus = self._focus(history)
        state = self.state(history)
        liked = (self._catalog.row_of(m.id) for m in state.liked if m.id is not None)
        seeds = [row for row in liked if row is not None]
        offered = self._offered(history, focus)
        reading = self._reader.read(text, last, focus, offered, said, seeds)
        if history and goes_on(text):
            dislikes_on(reading, self.read(tokenize(clean(history[-1].utterance, MAX_CHARS))))
        taken = affirmed(text, said, self.read)
        if taken is not None and reading.question is None:
            take_over(reading, taken)
        before = state
        if (counted := self._counted(history, reading)) is not None:
            before, reading.pointed, reading.about = counted, False, []
        reading.question = reading.question or self._counts_on(history, reading)
        if "more" in reading.acts and not reading.wants_something and before is EMPTY:
            before = self._closed(history)
        before = take_back(text, reading, before, self._catalog)
        reading.refused = reading.refused or refusal(self._reader, reading)
        facts = Facts(reading, before, bool(last), bool(said), asked(said))
        request = self._request(reading, before, intent_of(facts), bool(last))
        return facts, self._last_resort(request, reading, facts)

    def _placed(
        self, text: Text, history: Sequence[PastTurn], shown: Sequence[int], sets: Sequence[str]
    ) -> Placed | None:
        """What the turn says to the lists shown and the saved sets."""
        places = self._reader.places
        if not places.may_speak(text, sets, lists=bool(shown)):
            return None
        titles = self._reader.ways_to_say(shown)
        return places.read(text, Known(tuple(sets), trail_of(history), tuple(shown), titles))

    def _answer(
        self, text: Text, history: Sequence[PastTurn], shown: Sequence[int], sets: Sequence[str]
    ) -> Request | None:
        """The request where the turn answers our question, or is the number of an item shown."""
        if not history:
            return None
        last, number = history[-1], number_alone(text.raw)
        if not last.options:
            if number is None or not 0 < number <= len(last.shown):
                return None
            return self._parse(f"number {number}", history, shown=shown, sets=sets)
        place = chosen(text, last.options, self.lexicon)
        if place is None:
            return None
        option = last.options[place]
        if option == OTHER:
            before = carried(self.state(history[:-1]), Intent.CHIT_CHAT)
            return replace(before, clarify="Then name it once more, or say what it is like.")
        if (request := given_up(place, last)) is not None:
            return request
        # The question is answered: what is said instead answers no question before it.
        earlier = [replace(turn, options=()) for turn in history[:-1]]
        return self._parse(said_instead(option, last), earlier, shown=shown, sets=sets)

    @property
    def catalog(self) -> Catalog:
        """The catalog it reads for."""
        return self._catalog

    @property
    def vocabulary(self) -> Vocabulary:
        """The catalog's words."""
        return self._reader.vocabulary

    @property
    def lexicon(self) -> Lexicon:
        """The general words."""
        return self._reader.lexicon

    def read(self, text: Text, shown: Sequence[int] = (), said: str = "") -> Reading:
        """What one turn says by itself, with the stretches it was read from."""
        return self._reader.read(text, shown, said=said)

    def state(self, history: Sequence[PastTurn]) -> Request:
        """The request that holds after the turns; questions and small talk leave it as it is."""
        held, beside = EMPTY, []
        for turn in reversed(history):
            if turn.request is None:
                return self._read_again(history)
            if came_to_nothing(turn) or looks(turn.request):
                continue
            if turn.request.intent is Intent.ITEM_INFO:
                beside.append(turn.request)
            elif turn.request.intent not in NO_STATE:
                closed = turn.request.intent is Intent.CLOSING
                held = EMPTY if closed else based(without_facts(turn.request), turn)
                break
        for request in reversed(beside):
            if request.liked or request.disliked or request.seen:
                held = with_verdicts(held, request)
        return held

    def _closed(self, history: Sequence[PastTurn]) -> Request:
        """What held before a farewell, which "another one" takes up again."""
        last = history[-1].request if history else None
        closed = last is not None and last.intent is Intent.CLOSING
        return self.state(history[:-1]) if closed else EMPTY

    def _counted(self, history: Sequence[PastTurn], reading: Reading) -> Request | None:
        """The request of a question on the catalog just asked, where this turn takes it up.

        "How many 80s horror films do you have?" "Show me the best five."
        """
        last = history[-1].request if history else None
        if last is None or last.intent is not Intent.AGGREGATE or not last.conditions:
            return None
        if reading.conditions or reading.liked or reading.search or reading.question is not None:
            return None
        if "more" in reading.acts or not ("request" in reading.acts or reading.count):
            return None
        return replace(last, intent=Intent.RECOMMEND, question=None, limits=(), unused=())

    def _counts_on(self, history: Sequence[PastTurn], reading: Reading) -> Question | None:
        """The question of the last turn, where this one only changes what is counted.

        "How many westerns do you have?" "And from the 60s?"
        """
        last = history[-1].request if history else None
        if last is None or last.intent is not Intent.AGGREGATE or last.question is None:
            return None
        brief = len(reading.text.words) <= MOST_WORDS_ON and "?" in reading.text.raw
        if not brief or not reading.conditions or "request" in reading.acts or reading.liked:
            return None
        new = {(c.column, c.operator) for c in reading.conditions}
        kept = [parse_condition(text, self._catalog) for text in last.conditions]
        reading.conditions[:0] = [c for c in kept if (c.column, c.operator) not in new]
        return last.question

    def _focus(self, history: Sequence[PastTurn]) -> int | None:
        """The item that is talked about, which "it" and "that" then mean."""
        focus = in_focus(history, self._catalog)
        return None if focus is None or focus.id is None else self._catalog.row_of(focus.id)

    def _offered(self, history: Sequence[PastTurn], focus: int | None) -> int | None:
        """The one item that the last turn offered or told about."""
        if not history:
            return None
        turn = history[-1]
        if turn.shown:
            return turn.shown[0] if len(turn.shown) == 1 else None
        told = turn.request is not None and turn.request.intent is Intent.ITEM_INFO
        return focus if told else None

    def _read_again(self, history: Sequence[PastTurn]) -> Request:
        known: list[PastTurn] = []
        for turn in history[-MAX_HISTORY:]:
            request = turn.request or self.parse(turn.utterance, known)
            known.append(replace(turn, request=request))
        return self.state(known)

    def _request(self, reading: Reading, before: Request, intent: Intent, shown: bool) -> Request:
        if intent in NO_STATE:
            request = alone(reading, intent)
            if reading.question is not None and reading.question.kind == "list":
                return replace(request, conditions=(), search="")
            if _counts_the_same(reading):
                return replace(request, conditions=before.conditions, search=before.search)
            return request
        if intent is Intent.CLOSING:
            return Request(intent, about=tuple(reading.about or reading.liked))
        if not reading.refused and starts_afresh(reading, before, shown):
            before = EMPTY
            intent = Intent.RECOMMEND if intent in (Intent.REFINE, Intent.MORE) else intent
        if intent is Intent.CHIT_CHAT:
            return replace(carried(before, intent), clarify=reading.clarify)
        request = merge(reading, before, intent, shown, self._catalog)
        again = shown and not reading.wants_something and _asks_the_same(request, before)
        again |= shown and before is EMPTY and "surprise" in reading.acts
        return replace(request, exclude_shown=again or excludes_shown(reading, intent, shown))

    def _last_resort(self, request: Request, reading: Reading, facts: Facts) -> Request:
        """Words that nothing knows are looked for in the catalog's text before giving up.

        What held before still does.
        """
        if request.intent is not Intent.UNCLEAR or not reading.unused:
            return request
        if (told := told_only(reading)) is not None:
            return carried(facts.before, told)
        cues = self.lexicon.hard
        sought = [w for w in reading.unused if w[:1].isalpha() and w.lower() not in cues]
        found = self._reader.leftovers.findable(sought[:4])
        if not found and "request" in reading.acts:
            unknown = ", ".join(f"'{word}'" for word in reading.unused[:3])
            clarify = reading.clarify or f"I know nothing of {unknown} here. What would you like?"
            held = carried(facts.before, facts.go_on)
            return replace(held, clarify=clarify, unused=request.unused)
        if not found:
            return request
        rest = tuple(word for word in reading.unused if word not in found)
        words = " ".join(found).lower()
        held = carried(facts.before, facts.go_on)
        return replace(held, search=words, limits=request.limits, unused=rest)


def _last_shown(history: Sequence[PastTurn]) -> list[int]:
    return next((list(turn.shown) for turn in reversed(history) if turn.shown), [])


def _counts_the_same(reading: Reading) -> bool:
    """Whether it is asked how many there are of what was just talked of: "how many are there?"."""
    if reading.question != Question("count"):
        return False
    return not (reading.wants_something or reading.named_items or reading.liked)


def _asks_the_same(request: Request, before: Request) -> bool:
    """Whether a list is asked for and nothing changed: the same list would be no answer."""
    if request.intent is not Intent.REFINE or request.among:
        return False
    return all(
        getattr(request, name) == getattr(before, name)
        for name in ("conditions", "liked", "disliked", "seen", "wishes", "weights", "search")
    ) and request.count in (before.count, None)


def wants_list(request: Request) -> bool:
    """Whether a recommendation is due."""
    if request.intent in (Intent.RECOMMEND, Intent.REFINE, Intent.MORE):
        return True
    return request.intent is Intent.FEEDBACK and request.exclude_shown
