"""The parser: an utterance, what was said before, and the catalog's words give a typed request."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean

from ..brain import PastTurn
from ..request import Intent, Request
from .choices import OTHER, chosen, given_up, number_alone, said_instead
from .focus import in_focus
from .lexicon import Lexicon, lexicon
from .reader import Reader
from .reading import Reading
from .refusals import refusal
from .state import EMPTY, NO_STATE, alone, carried, merge, starts_afresh, take_back
from .tokens import Text, tokenize
from .vocabulary import Vocabulary

MAX_CHARS = 20_000
MAX_HISTORY = 8
"""Earlier turns that are read again where their request was not kept."""


def _this_year() -> int:
    return datetime.datetime.now(tz=datetime.UTC).year


class Parser:
    """Reads utterances against one catalog. Deterministic: no model, no network.

    Args:
        catalog: whose titles, people and words are understood.
        year: the present year, for "the last ten years".
    """

    def __init__(self, catalog: Catalog, *, year: Callable[[], int] = _this_year) -> None:
        self._catalog = catalog
        self._reader = Reader(catalog, lexicon(), year)

    def parse(
        self, utterance: str, history: Sequence[PastTurn] = (), *, shown: Sequence[int] = ()
    ) -> Request:
        """Read one utterance.

        Args:
            utterance: as typed; any string will do.
            history: earlier turns of the session, oldest first; their constraints carry on until
                changed, taken back or started over.
            shown: rows of the list last shown, in order; by default those of the last turn that
                showed any.

        Returns:
            The request with what still holds from earlier turns merged in.
        """
        last = list(shown) or next(
            (list(turn.shown) for turn in reversed(history) if turn.shown), []
        )
        text = tokenize(clean(utterance, MAX_CHARS))
        if (answer := self._answer(text, history, last)) is not None:
            return answer
        focus = self._focus(history)
        reading = self._reader.read(text, last, focus, self._offered(history, focus))
        before = self._counted(history, reading) or self._state(history)
        before = take_back(text, reading, before, self._catalog)
        reading.refused = reading.refused or refusal(self._reader, reading)
        intent = _intent(reading, before, bool(last))
        request = self._request(reading, before, intent, bool(last))
        return self._last_resort(request, reading)

    def _answer(
        self, text: Text, history: Sequence[PastTurn], shown: Sequence[int]
    ) -> Request | None:
        """The request where the turn answers our question, or is the number of an item shown."""
        if not history:
            return None
        last, number = history[-1], number_alone(text.raw)
        if not last.options:
            if number is None or not 0 < number <= len(last.shown):
                return None
            return self.parse(f"number {number}", history, shown=shown)
        place = chosen(text, last.options, self.lexicon)
        if place is None:
            return None
        option = last.options[place]
        if option == OTHER:
            before = carried(self._state(history[:-1]), Intent.CHIT_CHAT)
            return replace(before, clarify="Then name it once more, or say what it is like.")
        if (request := given_up(place, last, self._catalog)) is not None:
            return request
        return self.parse(said_instead(option, last), history[:-1], shown=shown)

    @property
    def vocabulary(self) -> Vocabulary:
        """The catalog's words."""
        return self._reader.vocabulary

    @property
    def lexicon(self) -> Lexicon:
        """The general words."""
        return self._reader.lexicon

    def read(self, text: Text, shown: Sequence[int] = ()) -> Reading:
        """What one turn says by itself, with the stretches it was read from."""
        return self._reader.read(text, shown)

    def _state(self, history: Sequence[PastTurn]) -> Request:
        """The request that holds before this turn."""
        for turn in reversed(history):
            if turn.request is None:
                return self._read_again(history)
            if turn.request.intent not in NO_STATE:
                return EMPTY if turn.request.intent is Intent.CLOSING else turn.request
        return EMPTY

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
        return self._state(known)

    def _request(self, reading: Reading, before: Request, intent: Intent, shown: bool) -> Request:
        if intent in NO_STATE:
            request = alone(reading, intent)
            listed = reading.question is not None and reading.question.kind == "list"
            return replace(request, conditions=(), search="") if listed else request
        if intent is Intent.CLOSING:
            return Request(intent)
        if not reading.refused and starts_afresh(reading, before, shown):
            before = EMPTY
            intent = Intent.RECOMMEND if intent in (Intent.REFINE, Intent.MORE) else intent
        if intent is Intent.CHIT_CHAT:
            return replace(carried(before, intent), clarify=reading.clarify)
        request = merge(reading, before, intent, shown, self._catalog)
        again = shown and not reading.wants_something and _asks_the_same(request, before)
        return replace(request, exclude_shown=again or _excludes_shown(reading, intent, shown))

    def _last_resort(self, request: Request, reading: Reading) -> Request:
        """Words that nothing knows are looked for in the catalog's text before giving up."""
        if request.intent is not Intent.UNCLEAR or not reading.unused:
            return request
        found = self._reader.leftovers.findable(reading.unused[:4])
        if not found:
            return request
        rest = tuple(word for word in reading.unused if word not in found)
        words = " ".join(found).lower()
        return replace(request, intent=Intent.RECOMMEND, search=words, unused=rest)


def _asks_the_same(request: Request, before: Request) -> bool:
    """Whether a list is asked for and nothing changed: the same list would be no answer."""
    if request.intent is not Intent.REFINE or request.among:
        return False
    return all(
        getattr(request, name) == getattr(before, name)
        for name in ("conditions", "liked", "disliked", "seen", "wishes", "weights", "search")
    ) and request.count in (before.count, None)


_NO = frozenset(("no", "no no", "nothing", "neither", "none"))
_SHORT_ANSWERS = _NO | {"yes", "ok", "okay", "yeah", "yep", "sure", "fine", "good", "great", "cool"}
"""What says nothing alone; of a list shown it is a verdict."""
_MANNERS = frozenset(("greet", "smalltalk", "thanks", "bye"))


def wants_list(request: Request) -> bool:
    """Whether the right answer is a list."""
    if request.intent in (Intent.RECOMMEND, Intent.REFINE, Intent.MORE):
        return True
    return request.intent is Intent.FEEDBACK and request.exclude_shown


def _excludes_shown(reading: Reading, intent: Intent, shown: bool) -> bool:
    if intent is Intent.MORE:
        return True
    if intent is Intent.FEEDBACK:
        if not shown:
            return False
        if reading.acts & {"accept", "not_seen"} and not reading.acts & {"reject", "more"}:
            return False
        if reading.text.joined in _NO:
            return True
        return bool(reading.acts & {"reject", "seen", "praise", "taste", "blame"}) or bool(
            reading.liked or reading.disliked
        )
    return shown and bool(reading.acts & {"more", "reject", "seen"}) and not reading.among


def _intent(reading: Reading, before: Request, shown: bool) -> Intent:
    """The kind of turn; the gate that knows when a list is not wanted."""
    acts, text = reading.acts, reading.text
    if not text.words:
        return Intent.UNCLEAR
    if reading.refused:
        reading.clarify = reading.refused
        return Intent.CHIT_CHAT
    content = reading.wants_something or reading.count is not None
    stateful = (
        before is not EMPTY
        and bool(
            before.conditions or before.liked or before.wishes or before.weights or before.search
        )
        or shown
    )
    if reading.question is not None:
        if reading.question.kind != "attribute":
            return Intent.AGGREGATE
        if reading.about or reading.pointed:
            return Intent.ITEM_INFO
        if not content and not reading.liked:
            reading.clarify = reading.clarify or "Which one do you mean?"
            return Intent.ITEM_INFO
    if "about_me" in acts:
        return Intent.CHIT_CHAT
    if "start_over" in acts and not content and not reading.liked:
        reading.clarify = "Fine, from the beginning. What are you in the mood for?"
        return Intent.CHIT_CHAT
    asks = bool(acts & {"request", "similar"})
    if (
        "off_topic" in acts
        and not reading.named_items
        and not reading.liked
        and (not content or not asks)
    ):
        return Intent.OUT_OF_SCOPE
    if (
        "what_can" in acts
        and not content
        and not reading.liked
        and not (asks or "surprise" in acts)
    ):
        return Intent.OUT_OF_SCOPE
    if "abuse" in acts and not content:
        return Intent.CHIT_CHAT
    if _closes(reading, content, asks, stateful):
        return Intent.CLOSING
    if "more" in acts and (shown or stateful):
        return Intent.REFINE if content or reading.liked else Intent.MORE
    if (feedback := _feedback(reading, content, asks, shown)) is not None:
        return feedback
    if content or reading.liked or reading.disliked:
        return Intent.REFINE if stateful else Intent.RECOMMEND
    if reading.freed and stateful:
        return Intent.REFINE
    if reading.about or reading.pointed:
        asked = "?" in text.raw or not acts
        return Intent.ITEM_INFO if reading.about and asked else Intent.FEEDBACK
    if reading.named_items and not reading.unused and not acts & _MANNERS:
        return Intent.REFINE if stateful else Intent.RECOMMEND
    if reading.limits and not acts & _MANNERS:
        return Intent.REFINE if stateful else Intent.RECOMMEND
    if asks and not reading.unused:
        return Intent.REFINE if stateful else Intent.RECOMMEND
    if acts & {"more"}:
        return Intent.RECOMMEND
    if asks:
        return Intent.RECOMMEND if not reading.unused else Intent.UNCLEAR
    if acts & {"thanks", "bye"}:
        return Intent.CLOSING
    if "surprise" in acts and not reading.unused:
        return Intent.REFINE if stateful else Intent.RECOMMEND
    if acts & {"greet", "smalltalk"}:
        return Intent.CHIT_CHAT
    if shown and text.joined in _SHORT_ANSWERS:
        return Intent.FEEDBACK
    if not reading.unused and acts & {"praise", "accept"}:
        return Intent.FEEDBACK
    return Intent.UNCLEAR


def _closes(reading: Reading, content: bool, asks: bool, stateful: bool) -> bool:
    acts = reading.acts
    if "similar" in acts and (reading.liked or content):
        return False  # "songs like Time to Say Goodbye"
    if "thanked" in acts and stateful and "?" not in reading.text.raw and "more" not in acts:
        if "request" not in acts or "accept" in acts:
            return True
    if "bye" in acts:
        return not (asks and (content or reading.unused)) and "more" not in acts
    if "thanks" not in acts:
        return False
    if reading.liked and "accept" not in acts and not acts & {"seen", "not_seen"}:
        return False
    if reading.conditions or reading.search or (reading.liked and asks):
        return False
    if content and ("taste" in acts or not stateful):
        return False
    return not asks and not acts & {"more", "reject"} and "?" not in reading.text.raw


def _feedback(reading: Reading, content: bool, asks: bool, shown: bool) -> Intent | None:
    """Feedback on what was shown, if the turn is that and no request."""
    acts = reading.acts
    wished = asks or bool(acts & {"taste", "more", "reject"})
    if (
        not wished
        and acts & {"accept", "not_seen"}
        and not (reading.liked and "accept" not in acts)
    ):
        return Intent.FEEDBACK  # moods in such a turn describe what was offered
    if content or asks and (reading.liked or "request" in acts):
        return None
    if acts & {"accept", "not_seen"} and "reject" not in acts and not reading.liked:
        return Intent.FEEDBACK
    if "reject" in acts and shown:
        return Intent.FEEDBACK
    if "seen" in acts and (reading.seen or shown) and not (reading.liked and not shown):
        return Intent.FEEDBACK
    if reading.disliked and not reading.liked and shown:
        return Intent.FEEDBACK
    if shown and reading.liked and acts & {"taste", "praise"}:
        return Intent.FEEDBACK
    if shown and acts & {"praise", "blame"} and not reading.liked:
        return Intent.FEEDBACK
    return None
