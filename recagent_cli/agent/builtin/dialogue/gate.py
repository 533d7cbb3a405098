"""The gate: what kind of turn this is, and so whether a list is wanted.

The rules stand in `RULES` in the order in which they are asked; the first that knows decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ...request import Intent, Request
from ..meaning.acts import asks_me
from ..meaning.reading import Reading
from .state import EMPTY

_MANNERS = frozenset(("greet", "smalltalk", "asks_back", "thanks", "bye", "ack"))
_NO = frozenset(("no", "no no", "nothing", "neither", "none"))
_FORGETS = frozenset(("forget", "ignore", "clear", "reset"))
_LEAVES = frozenset(("surprise", "unsure"))
"""Acts of somebody who leaves the choice to us."""
_VERDICTS = frozenset(("seen", "praise", "taste", "blame", "reject"))


@dataclass(frozen=True)
class Facts:
    """What the rules look at.

    Attributes:
        reading: the turn by itself.
        before: the request that held before.
        shown: whether a list was shown.
        said: whether we said anything before.
        asked: what our last turn asked; see `asked.asked`.
    """

    reading: Reading
    before: Request
    shown: bool
    said: bool
    asked: str

    @cached_property
    def acts(self) -> set[str]:
        """The turn's acts."""
        return self.reading.acts

    @cached_property
    def content(self) -> bool:
        """Whether the turn names a wish beside titles."""
        return self.reading.wants_something or self.reading.count is not None

    @cached_property
    def wish(self) -> bool:
        """Whether the turn names a wish or a title to go by."""
        return self.content or bool(self.reading.liked)

    @cached_property
    def asks(self) -> bool:
        """Whether the turn asks for something, in words."""
        return bool(self.acts & {"request", "similar"})

    @cached_property
    def stateful(self) -> bool:
        """Whether there is a request to go on from."""
        held = self.before
        return self.shown or (
            held is not EMPTY
            and bool(held.conditions or held.liked or held.wishes or held.weights or held.search)
        )

    @cached_property
    def opens(self) -> bool:
        """Whether nothing was said before and the turn is about items: it can close nothing."""
        reading = self.reading
        told = reading.disliked or reading.seen or reading.limits or reading.named_items
        return not (self.stateful or self.said or "bye" in self.acts) and bool(told)

    @cached_property
    def question_mark(self) -> bool:
        """Whether the turn has a question mark."""
        return "?" in self.reading.text.raw

    @property
    def go_on(self) -> Intent:
        """A new request, or a change of the one that holds."""
        return Intent.REFINE if self.stateful else Intent.RECOMMEND


def intent_of(facts: Facts) -> Intent:
    """The kind of turn."""
    for rule in RULES:
        if (intent := rule(facts)) is not None:
            return intent
    return Intent.UNCLEAR


def excludes_shown(reading: Reading, intent: Intent, shown: bool) -> bool:
    """Whether what was shown must not come again; for feedback, whether a list is due at all."""
    acts = reading.acts
    if intent is Intent.MORE:
        return True
    if intent is Intent.FEEDBACK:
        if acts & {"accept", "not_seen"} and not acts & {"reject", "more", "unknown_too"}:
            return False
        if shown and reading.text.joined in _NO:
            return True
        said = bool(acts & (_VERDICTS | {"unknown_too"}))
        return said or reading.faults or bool(shown and (reading.liked or reading.disliked))
    return shown and bool(acts & {"more", "reject", "seen"}) and not reading.among


# --- rules ---------------------------------------------------------------------------------------


def _nothing_said(facts: Facts) -> Intent | None:
    return None if facts.reading.text.words else Intent.UNCLEAR


def _cannot_be_met(facts: Facts) -> Intent | None:
    """Contradictions, years the catalog has none of, other languages."""
    reading = facts.reading
    if not reading.refused:
        return None
    reading.clarify = reading.refused
    return Intent.CHIT_CHAT


def _question(facts: Facts) -> Intent | None:
    """Asks about items or the catalog."""
    reading = facts.reading
    if reading.question is None or reading.asks_on and reading.question.kind == "attribute":
        return None
    if reading.question.kind in ("why_not", "compare"):
        return Intent.ITEM_INFO
    if reading.question.kind not in ("attribute", "why"):
        return Intent.AGGREGATE
    if reading.about or reading.pointed:
        return Intent.ITEM_INFO
    if facts.wish and (facts.asks or "taste" in facts.acts or not facts.said):
        return None
    reading.clarify = reading.clarify or "Which one do you mean?"
    return Intent.ITEM_INFO


def _about_me(facts: Facts) -> Intent | None:
    return Intent.CHIT_CHAT if "about_me" in facts.acts else None


def _start_over(facts: Facts) -> Intent | None:
    if "start_over" not in facts.acts or facts.wish:
        return None
    words = set(facts.reading.text.words)
    kept = " (what is noted of you stays: recagent profile show)" * bool(_FORGETS & words)
    facts.reading.clarify = f"Fine, from the beginning{kept}. What are you in the mood for?"
    return Intent.CHIT_CHAT


def _off_topic(facts: Facts) -> Intent | None:
    """Weather, recipes, what time it is: even where it sounds like a question of an item."""
    reading = facts.reading
    known = any(m.id is not None for m in (*reading.liked, *reading.about))
    if "off_topic" not in facts.acts or reading.named_items or known:
        return None
    if facts.content and facts.asks:
        return None
    # A name in such a question is no title: nothing is to be said of it.
    reading.clarify, reading.options = "", ()
    reading.liked, reading.about, reading.limits = [], [], []
    return Intent.OUT_OF_SCOPE


def _what_i_can(facts: Facts) -> Intent | None:
    wished = facts.wish or facts.asks or facts.acts & _LEAVES
    return Intent.OUT_OF_SCOPE if "what_can" in facts.acts and not wished else None


def _abuse(facts: Facts) -> Intent | None:
    reading = facts.reading
    asked = facts.asks or reading.named_items or reading.conditions or reading.liked
    return Intent.CHIT_CHAT if "abuse" in facts.acts and not asked else None


def _sorrow(facts: Facts) -> Intent | None:
    """Tells of a loss: no list, unless one is asked for."""
    reading = facts.reading
    asked = facts.asks or reading.named_items or reading.conditions or reading.liked
    return Intent.CHIT_CHAT if "sorrow" in facts.acts and not asked else None


def _asks_back(facts: Facts) -> Intent | None:
    """Asks what we like or know: "which films are your own favourites?"."""
    if "asks_back" not in facts.acts or facts.acts & {"request", "similar", "more", "taste"}:
        return None
    if facts.reading.conditions and asks_me(facts.reading.text):
        return None  # "Comedies, mostly. You?"
    return None if facts.reading.liked or facts.acts & {"thanks", "bye"} else Intent.CHIT_CHAT


def _manners_first(facts: Facts) -> Intent | None:
    """How we are, answered: "not bad, and yourself?"."""
    if facts.asked != "how" or facts.wish or facts.asks or "bye" in facts.acts:
        return None
    return Intent.CHIT_CHAT if facts.acts & {"smalltalk", "asks_back", "thanks", "greet"} else None


def _closing(facts: Facts) -> Intent | None:
    """Thanks or farewell, and no wish beside them."""
    reading, acts = facts.reading, facts.acts
    if not acts & {"thanks", "thanked", "bye"}:
        return None
    if "similar" in acts and facts.wish:
        return None  # "songs like Time to Say Goodbye"
    if facts.wish and reading.wished_at > reading.thanked_at and not acts & {"accept", "bye"}:
        return None  # "thanks. Now some comedies"
    asks_on = "more" in acts or facts.question_mark
    if "thanked" in acts and (facts.stateful or facts.said) and not asks_on:
        if "request" not in acts or "accept" in acts:
            return Intent.CLOSING
    if "bye" in acts:
        wished = facts.asks and (facts.content or bool(reading.unused))
        return None if wished or "more" in acts else Intent.CLOSING
    if asks_on or facts.asks or "reject" in acts:
        return None
    if reading.liked and not acts & {"accept", "seen", "not_seen"}:
        return None
    if reading.conditions or reading.search:
        return None
    if facts.opens or facts.content and ("taste" in acts or not facts.stateful):
        return None
    return Intent.CLOSING


def _more(facts: Facts) -> Intent | None:
    if "more" not in facts.acts or not (facts.shown or facts.stateful or facts.said):
        return None
    return Intent.REFINE if facts.wish else Intent.MORE


def _taken(facts: Facts) -> Intent | None:
    """An offer taken, or not known: moods in such a turn describe what was offered."""
    acts = facts.acts
    if not acts & {"accept", "not_seen"} or facts.asks or acts & {"more", "reject"}:
        return None
    if "taste" in acts and "accept" not in acts:
        return None
    if "accept" not in acts and facts.wish and not (facts.said or facts.stateful):
        return None  # nothing was offered: "I haven't seen many westerns"
    return None if facts.reading.liked and "accept" not in acts else Intent.FEEDBACK


def _verdict(facts: Facts) -> Intent | None:
    """A verdict on what was offered, and no wish."""
    reading, acts = facts.reading, facts.acts
    if facts.content or facts.asks and (reading.liked or "request" in acts):
        return None
    offered = facts.shown or facts.said
    if acts & {"accept", "not_seen"} and "reject" not in acts and not reading.liked:
        return Intent.FEEDBACK
    if "reject" in acts and offered:
        return Intent.FEEDBACK
    if "seen" in acts and (reading.seen or offered) and not (reading.liked and not facts.shown):
        return Intent.FEEDBACK
    if reading.disliked and not reading.liked and offered:
        return Intent.FEEDBACK
    if facts.shown and reading.liked and acts & {"taste", "praise"}:
        return Intent.FEEDBACK
    if offered and acts & {"praise", "blame"} and not reading.liked:
        return Intent.FEEDBACK
    return None


def _fault(facts: Facts) -> Intent | None:
    """Only says what is amiss: "that's more of a drama"."""
    return Intent.FEEDBACK if facts.reading.faults and not facts.wish else None


def _wish(facts: Facts) -> Intent | None:
    reading = facts.reading
    freed = reading.freed or reading.allowed
    if facts.wish or reading.disliked or freed and facts.stateful:
        return facts.go_on
    return None


def _unknown_number(facts: Facts) -> Intent | None:
    """Asks, of a list, for more or less of what the catalog has no number of: the list stays."""
    reading = facts.reading
    if not (reading.lacking and facts.shown) or reading.unused:
        return None
    reading.clarify = f"{reading.lacking} The list stays as it is."
    return Intent.CHIT_CHAT


def _points(facts: Facts) -> Intent | None:
    """Only names or points at items."""
    reading = facts.reading
    if not (reading.about or reading.pointed):
        return None
    if reading.asks_on:
        return facts.go_on
    asked = facts.question_mark and not facts.asks or not facts.acts
    return Intent.ITEM_INFO if reading.about and asked else Intent.FEEDBACK


def _anything(facts: Facts) -> Intent | None:
    """Asks for items without saying what kind."""
    reading, acts = facts.reading, facts.acts
    polite = bool(acts & _MANNERS) and not facts.opens
    if (reading.named_items and not reading.unused or reading.limits) and not polite:
        return facts.go_on
    if facts.asks and not reading.unused:
        return facts.go_on
    if "more" in acts:
        return Intent.RECOMMEND
    if facts.asked in ("open", "offer") and "dont_care" in acts:
        return facts.go_on
    return None


def _manners(facts: Facts) -> Intent | None:
    acts = facts.acts
    if facts.asks and facts.question_mark and facts.reading.unused and "bye" not in acts:
        return None  # "thanks, can I have some zydeco now?"
    if acts & {"thanks", "bye"} and not facts.opens:
        return Intent.CLOSING
    if acts & _LEAVES and not facts.reading.unused:
        return facts.go_on
    if acts & {"greet", "smalltalk", "asks_back"}:
        return Intent.CHIT_CHAT
    if facts.shown and facts.reading.text.joined in _NO:
        return Intent.FEEDBACK
    if not facts.reading.unused and acts & {"praise", "accept", "ack"}:
        return Intent.FEEDBACK if facts.shown or facts.said else None
    return None


RULES: tuple[Callable[[Facts], Intent | None], ...] = (
    _nothing_said,
    _cannot_be_met,
    _off_topic,
    _question,
    _about_me,
    _start_over,
    _what_i_can,
    _abuse,
    _sorrow,
    _asks_back,
    _manners_first,
    _closing,
    _more,
    _taken,
    _verdict,
    _fault,
    _wish,
    _unknown_number,
    _points,
    _anything,
    _manners,
)
