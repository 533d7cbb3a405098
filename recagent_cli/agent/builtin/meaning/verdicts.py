"""Verdicts on items: whether this person states one of this item, and which.

What is noted of a person stays, so it is strict: what others say ("my husband loved Titanic", "I
hear it is good"), what is asked, hoped or was once ("did I like it?", "I used to like it") states
nothing, and a negated dislike ("I didn't hate it", "not bad") is no verdict at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal

from ..words.tokens import Text

Verdict = Literal["liked", "disliked", "none", ""]
"""What is stated; "none": nothing, whatever else was read; "": these words do not say."""

ITEM = "*"
"""Stands for an item in the clauses that the patterns see."""

_ADVERBS = frozenset(
    "really absolutely just also generally usually mostly always still do did totally truly simply "
    "especially particularly quite so very too much all both even ever personally honestly "
    "actually kinda sorta lowkey definitely certainly rather secretly obviously clearly "
    "completely utterly genuinely only already finally once".split()
)
_HAVE = frozenset("have ve had".split())
_ME = frozenset("i we ive weve".split())
_LIKES = (
    r"(?:love|loved|luv|luved|like|liked|enjoy|enjoyed|adore|adored|dig|dug|"
    r"loves|likes|enjoys|adores|cares? for|cared for|care about|cared about)"
)
_HATES = (
    r"(?:hate|hated|h8|dislike|disliked|detest|detested|loathe|loathed|despise|despised|"
    r"hates|dislikes|detests|loathes|despises|regret|regretted)"
)
_FILL = (
    r"(?: (?:watching|seeing|playing|reading|the|a|movie|film|game|book|show|number|one|both|all|"
    r"of|that|this|really|also|much|a lot))*$"
)
_NO = (
    r"(?:dont|do not|didnt|did not|never|no longer|not|havent|have not|doesnt|does not|cant|"
    r"can not|cannot|couldnt|could not|wouldnt|would not|wont|hardly|barely)"
)
_ADVERB = rf"(?:(?:{'|'.join(sorted(_ADVERBS))}) )*"
_VERB = re.compile(rf"(?:^|(?<= ))(?P<verb>{_LIKES}|{_HATES}){_FILL}")
_PART = re.compile(
    rf"(?:^|.* )(?:{_LIKES}|{_HATES}) .*\b(?:of|in|than|about|from|by|during|with|at|on|when)$"
)
"""A verdict on a part of it, or on something else: "hated the ending of", "liked X more than"."""
_BARE = frozenset(
    "love loved luv liked enjoyed adore adored hate hated h8 dislike disliked detest loathe "
    "loathed despise despised".split()
)
"""Verbs that need no "I": "loved Heat"; not "like Heat"."""
_STANDS = re.compile(
    rf"(?:^|.* )(?P<who>\w+) {_ADVERB}(?:cant|can not|cannot|couldnt|could not) {_ADVERB}"
    rf"(?:stand|bear|abide){_FILL}"
)
_NO_FAN = re.compile(
    rf"(?:^|.* )(?:im|i am|i was|were|we are) {_ADVERB}(?:not|no|never) {_ADVERB}(?:an? )?"
    rf"(?:(?:big|huge|great|real) )?(?:into|fond of|keen on|(?:fan|fans|lover|friend) of){_FILL}"
)
_NEGATED = re.compile(rf"(?:^|.* ){_NO} {_ADVERB}$")
_TURNED = re.compile(r"(?:^|.* )(?:used|want|wanted|tried|trying|going|supposed|hoping|hope) to .*")
_BEFORE = frozenset(
    "and but because cause coz since as so well yes yeah yep no nope ok okay also though hi hello "
    "hey although while oh please sorry thanks then plus fyi btw basically wow ugh lol haha hmm "
    "damn wait look by way the for record tbh yea ya ah or nor now after".split()
) | (_ADVERBS - {"do", "did"})
_THINKS = frozenset(
    "think thought guess suppose believe know say admit remember realise realize find found feel "
    "felt reckon mean swear confess".split()
)
"""After "I" these leave what follows one's own."""
_TOLD = frozenset("remember know note noted mind hate love admit think sure say confess".split())
_OTHERS = re.compile(
    r"\b(?:he|she|they|hes|shes|theyre|who|everyone|everybody|people|someone|somebody|nobody|"
    r"critics?|friends?|wife|husband|son|daughter|kids?|children|child|mom|mum|mother|dad|father|"
    r"brother|sister|partner|girlfriend|boyfriend|family|reviews?|reviewers?|you|most|many|others|"
    r"folks|guys|colleagues?|boss|teacher|neighbou?rs?|audiences?|roommates?|cousins?|uncle|aunt|"
    r"grandma|grandpa|gf|bf)\b"
)
_REPORTED = re.compile(
    r"\b(?:hear|heard|told|says|saying|tells|claims?|thinks|reads? that|read (?:that|it)|"
    r"apparently|supposedly|reportedly|allegedly|rumou?r|rumou?red|wonder|wondering|hope|hoping|"
    r"wish|bet|assume|doubt|expect|imagine|suspect|pretend|if|whether|unless|forget|"
    r"according to|sounds?|seems?|looks?|dont (?:know|think|believe|say|tell)|not sure)\b"
)
_AFTERWARDS = re.compile(
    r"\b(?:according to|apparently|supposedly|reportedly|allegedly|"
    r"(?:i|ive|we|weve) (?:hear|heard)|(?:i|ive) (?:been|was) told|"
    r"(?:they|people|critics|friends?|he|she|you|everyone|everybody|wife|husband|kids|son|daughter|"
    r"brother|sister|mom|mum|dad|partner|girlfriend|boyfriend)(?: all| always| just)? "
    r"(?:says?|said|thinks?|thought|tells?|told|claims?|claimed|loves?|loved|likes?|liked|hates?|"
    r"hated|enjoys?|enjoyed|reckons?))\b"
)
_IS = r"(?:is|was|are|were|its|it is|it was|thats|that is|that was)"
_ISNT = r"(?:isnt|wasnt|arent|werent|aint|(?:is|was|are|were) (?:not|never|hardly|far from))"
_BAD = (
    r"(?:bad|terrible|awful|boring|overrated|horrible|dull|garbage|trash|crap|rubbish|disappointing|"
    r"lame|stupid|dreadful|tedious|atrocious|a mess|a letdown|a disappointment|a waste|a snooze|"
    r"a bore|unwatchable|meh|the worst)"
)
_GOOD = (
    r"(?:good|great|gr8|awesome|amazing|excellent|fantastic|funny|hilarious|brilliant|fun|wonderful|"
    r"perfect|incredible|superb|the best|lovely|terrific|outstanding|a masterpiece|a classic|"
    r"a delight|a gem|for me|my (?:thing|cup of tea|kind of thing|style|type|favou?rite))"
)
_TO_ME = r"(?:bores|bored|annoys|annoyed|irritates|irritated|disappointed|put) (?:me|us)\b"
_MUCH = r"(?:(?:at all|that|so|too|all that|half|really|very|any|much) )*"
_SO = (
    r"(?:(?:was|is|were|are) )?(?:(?:really|so|just|pretty|kinda|a bit|a little|too|rather|very|"
    r"totally|absolutely) )*"
)
_FAVOURITE = r"(?:my|our|his|her|their|your) \w+s? (?:all time )?(?:favou?rites?|faves?|favs?)"
_NOT_ABOUT_IT = r"ass|guy|guys|boys|moms|teacher"
"""Words of titles such as "Bad Boys"."""


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts))


_AFTER: tuple[tuple[re.Pattern[str], Verdict], ...] = (
    (
        _pattern(
            r"(?:all )?(?:says?|said|thinks?|thought|tell|told)\b",
            rf"{_IS} (?:said|supposed|meant|reputed|rumou?red|considered|called|thought)\b",
            rf"{_IS} {_FAVOURITE}\b",
            rf"{_IS} (?:everyones|everybodys|his|her|their|your) ",
            rf"{_ISNT} {_MUCH}{_BAD}\b",
            r"(?:might|may|could|should|would|will|must|can|looks?|sounds?|seems?)\b",
        ),
        "none",
    ),
    (
        _pattern(
            rf"{_ISNT} {_MUCH}{_GOOD}\b",
            rf"(?:(?:really|just|always|totally|simply) )*{_TO_ME}",
            rf"{_SO}(?:{_BAD}|sucks|sucked)(?! (?:{_NOT_ABOUT_IT}))\b",
        ),
        "disliked",
    ),
    (_pattern(rf"{_SO}(?:{_GOOD}|rocks|rocked)\b"), "liked"),
)


def verdict_at(text: Text, start: int, end: int, items: Collection[range]) -> Verdict:
    """What the person states of an item.

    Args:
        text: the turn.
        start: number of the first word that names the item.
        end: number of the word after the last.
        items: the words of all items named or pointed at, this one among them.

    Returns:
        What is stated, "none" where the words say that nothing is, "" where they say nothing.
    """
    first, last = start, end
    number = text.tokens[start].sentence
    while first and text.tokens[first - 1].sentence == number:
        first -= 1
    while last < len(text.words) and text.tokens[last].sentence == number:
        last += 1
    at = {word: place for place in reversed([*items]) for word in place}
    before, after = _words(text, first, start, at), _words(text, end, last, at)
    clause = _clause(before)
    if text.words[start:end] == ("they",) and not re.match(_IS, " ".join(after)):
        return "none"  # "they all loved it"
    if _AFTERWARDS.search(" ".join(after).replace(ITEM, "")):
        return "none"
    if stated := _before(clause, before):
        return stated
    return _behind(text, clause, end, after)


def of_others(words: str) -> bool:
    """Whether folded words tell of somebody else: "my wife loved it", not "they were great"."""
    return _OTHERS.search(re.sub(r"\bthey (?:are|were)\b", "", words)) is not None


def _words(text: Text, start: int, end: int, at: Mapping[int, range]) -> list[str]:
    """The words of a stretch, with items as `ITEM` and commas by themselves.

    `at` has, by the number of a word, the item that it belongs to.
    """
    found: list[str] = []
    for i in range(start, end):
        if i > 0 and re.search(r"[,;:]", text.gap(i)):
            found.append(",")
        within = at.get(i)
        if within is None:
            found.append(text.words[i])
        elif found[-1:] != [ITEM] or i == within.start:
            found.append(ITEM)
    if end < len(text.words) and start < end and re.search(r"[,;:]", text.gap(end)):
        found.append(",")
    return found


def _clause(before: list[str]) -> list[str]:
    """The words of an item's own clause before it; of a list of items, those before the first."""
    words = list(before)
    while words and words[-1] in (",", "and", "or", "nor", "both", ITEM):
        if words[-1] != ITEM and ITEM not in words[-3:]:
            break
        words.pop()
    cuts = [i for i, word in enumerate(words) if word in (",", "but", "because", "since", "though")]
    return words[cuts[-1] + 1 :] if cuts else words


def _before(clause: list[str], before: list[str]) -> Verdict:
    """What a verb before the item says: "I never liked …"."""
    said = " ".join(clause)
    if _TURNED.match(said) and _VERB.search(said):
        return "none"
    if _NO_FAN.match(said):
        return "disliked"
    if match := _STANDS.match(said):
        return "disliked" if match["who"] in _ME else "none"
    match = _VERB.search(said)
    if match is None:
        return "none" if _PART.match(said) else ""
    lead = said[: match.start()].rstrip()
    bad = re.fullmatch(_HATES, match["verb"]) is not None
    negated = _NEGATED.match(f"{lead} ")
    if negated:
        lead = re.sub(rf"(?:^| ){_NO} {_ADVERB}$", "", f"{lead} ").rstrip()
    if not lead and match["verb"] not in _BARE and not negated:
        return ""  # "like Heat"
    if not _own(lead.split(), before):
        return "none"
    if negated:
        return "none" if bad else "disliked"
    return "disliked" if bad else "liked"


def _own(lead: list[str], before: list[str]) -> bool:
    """Whether the verb after these words is the person's own, and told of what is."""
    words = list(lead)
    while words and words[-1] in (_ADVERBS | _HAVE):
        words.pop()
    if not words:
        return True
    if words[-1] in ("and", "but", "or"):
        return (
            bool(_ME & set(words))
            and not _REPORTED.search(" ".join(words))
            or not (_OTHERS.search(" ".join(before)))
        )
    if words[-1] not in _ME:
        return all(word in _BEFORE for word in words)
    return _mine(words[:-1])


def _mine(words: list[str]) -> bool:
    """Whether nothing before "I" makes it a question, a condition, another's word."""
    if not words or words[-1] in _BEFORE or words[-1] in (",", ITEM):
        return not _REPORTED.search(" ".join(words[-2:]))
    if words[-1] == "that" and len(words) > 1:
        return words[-2] in _TOLD and _mine_told(words[:-1])
    if words[-1] in _THINKS:
        return _mine_told(words)
    return words[-1] in _TOLD and _mine_told(words)


def _mine_told(words: list[str]) -> bool:
    """Whether "remember", "I think" and the like are said to us or by the person."""
    if {"dont", "not", "never", "didnt"} & set(words):
        return False  # "I don't want you to know …"
    subject = next((word for word in reversed(words[:-1]) if word not in _ADVERBS), "")
    return subject in ("", "please", "must", "i", "we", "and", "me", "to")


def _behind(text: Text, clause: list[str], end: int, after: list[str]) -> Verdict:
    """What is said behind the item: "… was not bad"."""
    words = list(after)
    while words and words[0] in ("and", "or", ",", ITEM):
        if words[0] != ITEM and ITEM not in words[:2]:
            break
        words.pop(0)
    said = " ".join(words)
    stated: Verdict = next((kind for pattern, kind in _AFTER if pattern.match(said)), "")
    if stated in ("", "none"):
        return stated
    opened = [word for word in clause if word not in _BEFORE and word not in (ITEM, ",", "that")]
    own = not opened or opened in [[who, verb] for who in ("i", "we") for verb in _THINKS]
    return stated if own and not _REPORTED.search(" ".join(clause)) else "none"
