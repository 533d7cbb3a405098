"""Words about memory itself: forget this, stop noting, are you keeping that.

They name items and tastes ("forget that I liked Heat") but state none and wish for none: whatever
stands in such a sentence is no fact about the person and makes no list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold

from ...request import Request
from ..words.patterns import Pattern

Kind = Literal[
    "known", "why", "forget", "forget_all", "forget_last", "watchlist", "stop", "resume", "state"
]

_CUES = Pattern(
    r"forg[eo]t|delet|eras|wip(?:e|ing)|clear|remov|reset|empty|track|stor|sav|record|remember|"
    r"learn|"
    r"memor|know|log|privacy|private|incognito|paus|profile|\bdata\b|history|\btak(?:e|ing|"
    r"ook)\b.*\bback\b|\btook\b|"
    r"unsay|mean|think|assum|see this|like|lov|hate|enjoy|\bhave i\b|who (?:is|are)|whos\b|"
    r"collect|resume|watch ?list|not(?:e|ing)"
)
_LEAD = (
    r"^(?:(?:ok|okay|no|oh|hey|hi|well|so|wait|sorry|and|but|now|then|actually|please|pls|just|"
    r"could you|can you|can u|would you|will you|you can|you should|you may|i want you to|"
    r"id like you to|i would like you to|i need you to|lets) )*"
)
_END = (
    r"(?: (?:please|pls|now|then|for good|forever|completely|entirely|ok|okay|thanks|thank you))*$"
)
_WIPE = r"(?:forget|delete|erase|wipe|clear|remove|reset|purge|destroy|drop)(?: out)?"
_NOTE = (
    r"(?:sav(?:e|ing)|stor(?:e|ing)|remember(?:ing)?|record(?:ing)?|keep(?:ing)?|log(?:ging)?|"
    r"track(?:ing)?|learn(?:ing)?|not(?:e|ing)(?: down)?|memori[sz](?:e|ing)|collect(?:ing)?|"
    r"writ(?:e|ing) down)"
)
_FEEL = (
    r"(?:(?:really |ever |once |also |even |still |just )*(?:dont |do not |didnt |did not |cant |"
    r"never )?"
    r"(?:really |ever )?(?:like|liked|love|loved|enjoy|enjoyed|hate|hated|dislike|disliked|adore|"
    r"adored|"
    r"detest|loathe|saw|seen|have seen|ve seen|watched|played|read|want|wanted|prefer|"
    r"am into|m into|was into|into|a (?:big |huge )?fan of|fond of|stand|"
    r"said(?: that)? i (?:like|liked|love|loved|hate|hated)|"
    r"told you about|"
    r"mentioned|rated))"
)
_MINE = (
    r"(?:my (?:whole |entire |full |complete |taste |viewing |personal |user )?"
    r"(?:profile|data|history|memory|memories|tastes?|preferences|account|likes and dislikes|"
    r"likes))"
)
_KNOWN = (
    r"(?:(?:about )?me|(?:everything|all|anything|whatever|what|all that|everything that|"
    r"all the things)"
    r"(?: (?:that )?(?:(?:you|u)(?: (?:have|ve|may))? "
    r"(?:know|remember|learned|learnt|noted|stored|saved|have|collected|keep|got)|"
    r"i(?: (?:have|ve))?(?: ever| just)? (?:told|said|tell)(?: to)?(?: you| u)?))?"
    r"(?: (?:about|of|on|from) (?:me|us))?|your (?:memory|notes)(?: (?:of|about|on) me)?)"
)
_ALL = (
    Pattern(rf"{_LEAD}{_WIPE} (?:all |all of )?{_MINE}{_END}"),
    Pattern(
        rf"{_LEAD}{_WIPE} (?=.*\b(?:me|know|told|noted|learned|learnt|stored|saved|remember|memory|"
        rf"said to you)\b){_KNOWN}{_END}"
    ),
)
_LAST = (
    Pattern(rf"{_LEAD}(?:forget|ignore|delete|erase) (?:what|that) i "
            rf"(?:just |ever |have |ve )*(?:said|told you|mentioned|wrote|typed)"
            rf"(?: (?:that|it|about (?:it|that)))?{_END}"),
    # Without "I" it is a step back among the lists.
    Pattern(rf"{_LEAD}i (?:take|took|am taking) (?:that|it|this) back{_END}"),
    Pattern(rf"{_LEAD}(?:i )?(?:take|took|taking) (?:what i said|all that) back{_END}"),
    Pattern(rf"{_LEAD}(?:i )?take back what i (?:just )?said{_END}"),
    Pattern(rf"{_LEAD}i (?:didnt|did not|dont|do not) mean (?:that|it|to say (?:that|it)){_END}"),
    Pattern(rf"{_LEAD}(?:dont|do not) (?:note|remember|save|store|record) what i just said{_END}"),
)  # fmt: skip
_WATCHLIST = (
    Pattern(rf"{_LEAD}(?:{_WIPE}|empty) (?:all of |everything (?:on|from|off) )?(?:my|the) "
            rf"(?:watch|wish|reading|play|to watch|to play|to read) ?list{_END}"),
)  # fmt: skip
_FORGET = (
    Pattern(rf"{_LEAD}(?:forget|unlearn|delete|erase|dont remember|do not remember|"
            rf"stop remembering|"
            rf"stop thinking|stop assuming|dont note|do not note|dont save|dont store)"
            rf"(?: about)?(?: the fact)?(?: that)? i(?:ve| have|m|"
            rf" am)? (?:ever )?{_FEEL} (?P<what>.+)$"),
    Pattern(rf"{_LEAD}i (?:dont|do not|didnt|never) (?:want|wanted)(?: for)? you to "
            rf"(?:know|remember|think|note|save|store|believe)(?: that)? i(?:ve| have)? {_FEEL} "
            rf"(?P<what>.+)$"),
    Pattern(rf"{_LEAD}(?:i )?(?:take|took|taking) back (?:what i (?:just )?said (?:about|of|on)|"
            rf"(?:that )?i(?:ve| have)? {_FEEL}|my (?:like|dislike|rating|verdict|opinion)s? "
            rf"(?:of|on|about|for)) (?P<what>.+)$"),
    Pattern(rf"{_LEAD}(?:forget|delete|erase|remove|ignore)(?: everything| all)? "
            rf"(?:what i (?:just )?(?:said|told you)|"
            rf"my (?:like|dislike|rating|verdict|opinion)s?) (?:about|of|on|for) (?P<what>.+)$"),
    Pattern(rf"{_LEAD}(?:remove|delete|erase|take|drop|strike|get|wipe) (?P<what>.+?) "
            rf"(?:from|off|out of) (?:my (?:profile|history|likes|dislikes|tastes?|memory|data)|"
            rf"your memory|what you know(?: about me)?){_END}"),
    Pattern(rf"{_LEAD}(?:i )?(?:take|took) (?:what i said (?:about|of)) (?P<what>.+?) back{_END}"),
)  # fmt: skip
_THINGS = (
    r"(?:this|that|it|these|those|me|us|anything|everything|things|stuff|any of (?:this|that|it)|"
    r"my (?:words|data|tastes?|history|chats?|conversations?|activity|preferences|answers|likes)|"
    r"what i (?:say|said|tell you|like|watch|play|do|type)|our (?:chat|conversation|talk)s?|"
    r"this (?:chat|conversation|one|talk|session)|data|notes|track of (?:me|this|what i (?:say|"
    r"like|watch)))"
)
_MORE = (
    r"(?: (?:about|on|of|from) (?:me|us|this|that|here|my (?:tastes?|likes)))?"
    r"(?: (?:that )?i (?:say|tell you|like|do|watch|type))?(?: to you)?"
    r"(?: (?:from (?:now|here) on|any ?more|any longer|for now|from now|at all|here|today|down|"
    r"for (?:a while|later|me)))*"
)
_STOP = (
    Pattern(rf"{_LEAD}(?:stop|quit|no|no more|cease|end) {_NOTE}(?: {_THINGS})?{_MORE}{_END}",
            needs=(("stop", "quit", "no", "cease", "end"),)),
    Pattern(rf"{_LEAD}(?:dont|do not|never|you shouldnt|you should not|you must not|not) (?:you )?"
            rf"{_NOTE} {_THINGS}{_MORE}{_END}"),
    Pattern(rf"{_LEAD}i (?:dont|do not) want (?:you to {_NOTE}|(?:this|that|it|my \w+) "
            rf"(?:to be )?(?:saved|stored|recorded|tracked|remembered|kept|noted))"
            rf"(?: {_THINGS})?{_MORE}{_END}"),
    Pattern(rf"{_LEAD}i (?:dont|do not) want to be (?:tracked|recorded|remembered|followed|"
            rf"profiled){_END}"),
    Pattern(rf"{_LEAD}(?:turn|switch) (?:off|your|the|my)(?: (?:the|your|my))? "
            rf"?(?:memory|tracking|learning|history|profile|recording|remembering)(?: off)?{_END}"),
    Pattern(rf"{_LEAD}(?:turn|switch) (?:the |your |my )?(?:memory|tracking|learning|history|"
            rf"profile) off{_END}"),
    Pattern(rf"{_LEAD}(?:disable|deactivate|pause|suspend|stop)(?: (?:the|your|my))? "
            rf"(?:memory|tracking|learning|history|profile|recording|noting|remembering){_END}"),
    Pattern(rf"{_LEAD}(?:go|be|switch to|turn on|use|start|enable|begin)(?: the)? "
            rf"(?:incognito|private)(?: mode| chat| session)?{_END}"),
    Pattern(rf"{_LEAD}(?:pause|incognito(?: mode| please)?|private mode|keep this (?:private|"
            rf"between us)|"
            rf"off the record|this is off the record|(?:keep|this is) (?:it )?(?:private|"
            rf"off the record)){_END}"),
)  # fmt: skip
_RESUME = (
    Pattern(rf"{_LEAD}(?:resume|unpause|(?:start|begin|go on|continue|resume) {_NOTE}(?: me|"
            rf" things)?"
            rf"(?: again)?|remember (?:things |me )?again|(?:turn|switch) (?:on )?(?:the |your |"
            rf"my )?"
            rf"(?:memory|tracking|learning)(?: back)?(?: on)?(?: again)?|(?:leave|end|exit|quit|"
            rf"stop) "
            rf"(?:the )?incognito(?: mode)?){_END}"),
)  # fmt: skip
_STATE = (
    Pattern(rf"{_LEAD}(?:are|r) (?:you|u) (?:still |always |also |even |really )*{_NOTE}"
            rf"(?: {_THINGS})?{_MORE}{_END}"),
    Pattern(rf"{_LEAD}(?:do|will|would|did|have|does it|is it|is this|does this) (?:(?:you|u|app|"
            rf"thing|tool|"
            rf"program) )?(?:just |still |always |also |even |ever )*(?:{_NOTE}|saved|stored|"
            rf"recorded|kept|noted|"
            rf"tracked|remembered|logged) {_THINGS}{_MORE}{_END}"),
    Pattern(rf"{_LEAD}(?:is|are|was|will|does) (?:this|that|it|my (?:data|profile|history|words)|"
            rf"(?:this|our|the) (?:chat|conversation)|any of (?:this|it)|anything(?: i say)?|"
            rf"everything(?: i say)?|"
            rf"what i (?:say|said|type))"
            rf"(?: (?:being|be|still|get|getting|gets))* (?:saved|stored|recorded|private|kept|"
            rf"tracked|logged|noted|"
            rf"remembered|incognito|safe|secret|anonymous|paused|confidential){_END}"),
    Pattern(rf"{_LEAD}(?:am i|are we|is this)(?: (?:still|now))?(?: (?:in|on))?(?: an?)? ?"
            rf"(?:incognito|private|tracked|paused|being (?:tracked|recorded|watched)|anonymous)"
            rf"(?: mode| chat| session)?{_END}"),
    Pattern(rf"{_LEAD}is (?:the |your |my )?(?:memory|tracking|learning|incognito|profile|noting)"
            rf"(?: mode)?(?: still| now)? (?:on|off|paused|active|enabled|disabled|running){_END}"),
    Pattern(rf"{_LEAD}(?:what about (?:my )?|and (?:my )?|my )?(?:privacy|data protection)"
            rf"(?: policy| settings)?{_END}"),
    Pattern(rf"{_LEAD}(?:where|how|how long|why|what) (?:do|are|is|will) (?:you|my data|this|it|"
            rf"my profile)"
            rf"(?: (?:being|be))? (?:keep(?:ing)?|stor(?:e|ing|ed)|sav(?:e|ing|ed)|kept|"
            rf"do(?:ing)?(?= with my))"
            rf"(?: (?:my (?:data|profile|history|tastes)|with my (?:data|profile)|this|it|that|"
            rf"about me)){_MORE}{_END}"),
    Pattern(rf"{_LEAD}(?:where|how long) is (?:my data|my profile|this|it) (?:kept|stored|"
            rf"saved){_END}"),
    Pattern(rf"{_LEAD}(?:who|whos|who is|who are)(?: is)? (?:this|these|it|that) (?:for|"
            rf"profile){_END}"),
    Pattern(rf"{_LEAD}(?:whose|which|what|whos) profile (?:is|are|am)(?: (?:this|it|you|i))?"
            rf"(?: (?:using|in|on))?{_END}"),
    Pattern(rf"{_LEAD}who (?:can|could) (?:see|read) (?:this|it|that|my (?:data|profile|"
            rf"words)){_END}"),
)  # fmt: skip
_POINTED = r"(?!(?:it|that|this|them|these|those|all|any|some|enough|one|both|every)\b)"
_WHY = (
    Pattern(rf"{_LEAD}(?:(?:why|how come)(?: do)? (?:you|u)|what makes (?:you|u)) (?:think|"
            rf"believe|say|assume)"
            rf"(?: that)? i(?: am|m)? ?(?:into |{_FEEL} ){_POINTED}(?P<what>.+)$"),
    Pattern(rf"{_LEAD}(?:how|why) (?:do|did) (?:you|u) (?:know|learn)(?: (?:that|this|it|"
            rf"all that))?"
            rf"(?: about me)?{_END}"),
    Pattern(rf"{_LEAD}how (?:do|did) (?:you|u) (?:know|learn)(?: that)? i (?:{_FEEL}) "
            rf"{_POINTED}(?P<what>.+)$"),
)  # fmt: skip
_ASKED = (
    Pattern(rf"{_LEAD}(?:do|did) i (?:really |still |ever |even )?(?:like|love|hate|dislike|enjoy) "
            rf"{_POINTED}(?P<what>.+)$"),
    Pattern(rf"{_LEAD}have i (?:ever |already |really |even )?(?:seen|watched|played|read|rated|"
            rf"liked)"
            rf" {_POINTED}(?P<what>.+?)(?: (?:already|before|yet|once))*$"),
)  # fmt: skip
_ACTS: tuple[tuple[Kind, tuple[Pattern, ...]], ...] = (
    ("forget_last", _LAST),
    ("watchlist", _WATCHLIST),
    ("forget_all", _ALL),
    ("stop", _STOP),
    ("resume", _RESUME),
    ("state", _STATE),
    ("forget", _FORGET),
    ("why", _WHY),
    ("known", _ASKED),
)
_MARKS = re.compile(r"[^\w' #:&-]+")
_SENTENCE = re.compile(r"[.!?;]+(?=\s|$)")
_TAIL = re.compile(_END.removesuffix("$") + r"(?: any ?more| any longer)?$")
_TITLE = re.compile(r"^(?:please )?forget (?:about )?([^,;]+?)(?: please)?[.!]*$", re.I)
_MOST = 200
"""So many characters at most may such a sentence have."""


@dataclass(frozen=True)
class MemoryAct:
    """What a turn says of memory.

    Attributes:
        kind: "forget" something, ask whether it is "known" or "why", "forget_all", "forget_last"
            (what was just said), the "watchlist" (empty it), "stop" noting, "resume" it, or ask
            for the "state".
        what: of "forget", the words that name it, folded.
    """

    kind: Kind
    what: str = ""


@lru_cache(maxsize=16)
def read_memory(raw: str) -> MemoryAct | None:
    """What a turn says of memory itself; None where it says anything else.

    Args:
        raw: as typed.
    """
    if len(raw) > _MOST:
        return None
    low = raw.lower().replace("’", "'")
    if not _CUES.search(low):
        return None
    parts = [part for part in _SENTENCE.split(low) if part.strip()]
    found = [act for part in parts if (act := _of_sentence(part)) is not None]
    # Beside another sentence it is a wish as well, unless it forbids to note what that one says.
    return found[0] if found and (len(found) == len(parts) or found[0].what) else None


def memory_of(raw: str, catalog: Catalog, before: Request) -> MemoryAct | None:
    """`read_memory`; "forget Alien" too, where no list is like it: then the request is meant.

    Args:
        raw: as typed.
        catalog: whose titles are known.
        before: the request that held.
    """
    if (act := read_memory(raw)) is not None:
        return act
    match = _TITLE.search(raw.strip())
    if match is None or len(raw) > _MOST:
        return None
    rows = catalog.titles.exact(fold(match[1]))
    ids = set(catalog.ids([int(row) for row in rows]))
    if not ids or ids & {mention.id for mention in before.liked}:
        return None
    return MemoryAct("forget", fold(match[1]))


def _of_sentence(sentence: str) -> MemoryAct | None:
    said = " ".join(_MARKS.sub(" ", sentence).replace("'", "").split())
    for kind, patterns in _ACTS:
        for pattern in patterns:
            match = pattern.search(said)
            if match is not None:
                what = match.groupdict().get("what") or ""
                return MemoryAct(kind, _TAIL.sub("", what).strip())
    return None
