"""Dialogue acts: what the phrases around the things that are named do."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from recagent_catalogs.schema import Role

from ..readers.spans import Span
from ..words.lexicon import Lexicon
from ..words.tokens import Text


@dataclass(frozen=True)
class Act:
    """A phrase that does something in the dialogue: a request, thanks, a verdict."""

    name: str
    start: int
    end: int


def find_acts(text: Text, lexicon: Lexicon, blocked: Collection[int]) -> list[Act]:
    """All acts in the order of the text; of overlapping phrases the longest.

    Args:
        text: the request.
        lexicon: the acts' phrases.
        blocked: word numbers that are names and can be no act.
    """
    found: list[Act] = []
    start, words = 0, text.words
    while start < len(words):
        ends = [
            (end, name)
            for end, name in lexicon.acts.walk(words, start, lexicon.longest_act)
            if not any(i in blocked for i in range(start, end)) and one_sentence(text, start, end)
        ]
        longest = max((end for end, _ in ends), default=start + 1)
        found.extend(Act(name, start, end) for end, name in ends if end == longest)
        step = longest - start
        # A longer act may begin inside a short one ("i like" + "like it", "oh nice" + "nice film").
        plain = all(name == "ack" for _, name in ends)
        start += 1 if plain or step <= 2 else step
    return _longest(_not_denied(found))


_CLAUSE_MARKS = re.compile(r"[,;:.!?()\-–—]")
_NOT_TOO = frozenset("not nothing never without isnt arent wasnt dont less nor aint".split())
_NOT_MORE = frozenset(
    "bit little lot much even is was are were no once any way far its thats more the both".split()
)
_OF_WHAT = frozenset("than info information details detail about on or of like".split())


_SORTS = frozenset("kind kinds type types sort sorts style styles genre genres".split())
_POINTERS = frozenset("that it this those".split())
_NOUN_BEFORE = frozenset("your the these those this that and good great nice my of all".split())
_COMPARED = re.compile(
    r"^(?:\w+ ){0,3}(?:is|was|are|isnt|wasnt|arent) (?:it|that|this|they|those)(?: \w+){0,4}$|"
    r"^(?:\w+ )*?(?:it|that|this|they|those|these|he|she|which|movie|film|game|book|one|its|thats)"
    r"(?: \w+)?(?: (?:is|was|are|were|seem|seems|sound|sounds|sounded|look|looks|looked|feels|felt|"
    r"reminds|reminded|might|could|may|isnt|wasnt)\b|(?<=its)|(?<=thats))(?: (?!i\b)\w+){0,6}$"
)


def compares(text: Text, index: int) -> bool:
    """Whether what was offered is compared: "that sounds a lot *like* Alien"."""
    start = index
    while start and not text.begins_sentence(start) and "," not in text.gap(start):
        start -= 1
    return bool(_COMPARED.match(text.phrase(start, index)))


def points(text: Text, act: Act, lexicon: Lexicon) -> bool:
    """Whether the act ends in a word that points ("seen it") or in nothing at all ("I have.")."""
    if act.end >= len(text.words) or text.begins_sentence(act.end) or "," in text.gap(act.end):
        return True
    return any(
        text.phrase(start, act.end) in lexicon.pronouns | lexicon.plural
        for start in range(act.start, act.end)
    )


def empty_act(text: Text, act: Act, spans: Sequence[Span], talking: bool) -> bool:
    """Whether the phrase does not do here what it mostly does.

    Args:
        text: the request.
        act: one of its acts.
        spans: the chosen readings.
        talking: whether we said anything before.
    """
    before = text.words[act.start - 1] if act.start and not text.begins_sentence(act.start) else ""
    if act.name == "more":
        return _intensifies(text, act, spans, before)
    if act.name == "reject" and text.words[act.start] in ("too", "way", "a", "so"):
        return bool(_NOT_TOO & set(text.words[max(0, act.start - 2) : act.start]))
    after = text.words[act.end] if act.end < len(text.words) else ""
    if act.name == "request":  # "thanks for the recommendation"
        if act.end - act.start == 1 and before in _NOUN_BEFORE:
            return True
        return _holds(text.phrase(act.start, act.end), after)
    if act.name == "not_seen":  # "I haven't seen many of his films" is said of none offered
        return bool(_FEW.match(text.phrase(act.end, min(act.end + 4, len(text.words)))))
    if act.name == "praise":  # "i like those kinds of films"
        return after in _SORTS
    if act.name == "accept":  # "something like that would be cool"
        return before in ("like", "as", "to", "than") and text.words[act.start] in _POINTERS
    if act.name == "similar":
        ends = not after or text.begins_sentence(act.end)
        if ends and before in _LIKERS and text.words[act.start] == "like":
            return True  # "some older ones that I like."
        return talking and compares(text, act.start)
    if act.name == "ack":  # "nice." and "good, ...", but not "nice comedies"
        opens = text.begins_sentence(act.start) or "," in text.gap(act.start)
        return not opens or not (
            act.end >= len(text.words) or _CLAUSE_MARKS.search(text.gap(act.end))
        )
    return False


_FEW = re.compile(
    r"(?:(?:seen|watched|read|played|heard) )?(?:"
    r"(?:(?:too|that|very|so|a) )?(?:many|much|most|enough|lot|lots)\b|"
    r"(?:any|all|every\w*) (?:of )?(?:his|her|their|the)\b)"
)
"""What follows a "haven't seen" that speaks of films in general."""
_LIKERS = frozenset("i we he she they you people everyone everybody".split())
_OPINION = frozenset(
    "the it its he hes she shes they theyre there that thats you everyone everybody im i ive we "
    "his her their".split()
)
"""What follows "I feel like" where it says what somebody thinks."""


def _holds(phrase: str, after: str) -> bool:
    """Whether what looks like a request says a view, or keeps what was offered.

    "I feel like the end was rushed", "let's add that one".
    """
    if phrase.endswith("feel like"):
        return after in _OPINION
    return phrase.endswith(("add", "include")) and after in _POINTERS | {"them", "these", "both"}


def asks_me(text: Text) -> bool:
    """Whether the turn ends in a bare "You?"."""
    first = next(
        (i for i in range(len(text.words) - 1, 0, -1) if text.begins_sentence(i)), len(text.words)
    )
    return "?" in text.raw and text.phrase(first, len(text.words)) in _ME


_ME = frozenset(("you", "u", "and you", "and u", "yourself", "and yourself", "yours", "and yours"))


def _intensifies(text: Text, act: Act, spans: Sequence[Span], before: str) -> bool:
    """Whether "more" belongs to a word of manner ("more story") and asks for no more items."""
    if act.end - act.start > 1 or text.words[act.start] not in ("more", "next"):
        return False
    if text.words[act.start] == "next":
        return len(text.words) > 3  # "the next time"
    after = text.words[act.end] if act.end < len(text.words) else ""
    if before in _NOT_MORE and before != "any" or after in _OF_WHAT:
        return True
    return any(
        s.start == act.end
        and (
            s.kind in ("mood", "quality")
            or s.kind == "value"
            and all(v.role is Role.TAGS for v in s.data)
        )
        for s in spans
    )


def _not_denied(acts: list[Act]) -> list[Act]:
    """Without "watched this" out of "we never watched this"."""
    denied = [act for act in acts if act.name == "not_seen"]
    return [
        act
        for act in acts
        if act.name != "seen"
        or not any(d.start <= act.start < d.end or act.end == d.start for d in denied)
    ]


def one_sentence(text: Text, start: int, end: int) -> bool:
    """Whether the words of a stretch stand in one sentence."""
    return text.tokens[start].sentence == text.tokens[end - 1].sentence


_VERDICTS = frozenset(("taste", "praise", "blame", "reject", "accept", "seen"))


def _longest(acts: list[Act]) -> list[Act]:
    """Drops acts that lie wholly inside a longer one of another name."""
    return [
        act
        for act in acts
        if not any(
            other.start <= act.start
            and act.end <= other.end
            and len_(other) > len_(act)
            and act.name not in ("similar", "taste", "dont_care")
            for other in acts
        )
    ]


def len_(act: Act) -> int:
    """Words of an act."""
    return act.end - act.start
