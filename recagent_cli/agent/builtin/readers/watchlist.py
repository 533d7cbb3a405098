"""Words about the watchlist, and whether what was seen may be offered; the rest is read as ever.

"Add the second to my watchlist", "what's on my watchlist", "a comedy from my watchlist", "also what
I have seen". A set that the person saved under such a name is theirs, and no watchlist.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from recagent_catalogs.text import fold

from ..words.patterns import Pattern

_SURE = (
    r"(?:(?:my|the) (?:(?:watch|wish|reading|read|play|playing|shopping|"
    r"(?:to|want)[- ]?(?:to[- ])?(?:watch|read|play|see|do|try))[- ]?list|backlog|queue))"
)
_LIST = rf"(?:{_SURE}|my list(?! of\b)(?: for (?:later|some ?day))?)"
_PLEASE = r"(?:please )?(?:(?:can|could|would|will) you )?(?:please )?"
_WHAT = r"((?:(?!\. )[^;!?\n]){1,80}?)"
_END = (
    r"(?: for (?:later|some ?day|next time))?(?: as well| too| again| please)?"
    r"\s*(?=$|[,;.!?]|\band\b|\bbut\b|\bthen\b)"
)
_ADD = Pattern(
    rf"\b{_PLEASE}(?:(?:i(?:'ll|'d like to| want to| will)|let'?s) )?"
    rf"(?:add|put|save|stick|throw|place|note|keep|queue) {_WHAT} "
    rf"(?:to|on|onto|in|into) {_LIST}{_END}"
    rf"|\b{_PLEASE}(?:save|keep|note|bookmark) {_WHAT} for (?:later|some ?day)"
    rf"(?: on {_LIST})?\s*(?=$|[,;.!?]|\band\b|\bbut\b)"
    rf"|^{_WHAT} (?:goes|should go|belongs) (?:to|on|onto|in) {_LIST}{_END}"
    r"|^(?!(?:what|which|who|why|is|are|how|some\w*|any\w*|no\w*|every\w*|only|just|if|show|an?)\b)"
    rf"{_WHAT}(?<! that)(?<! which)(?: is|'s|’s| are) (?:already |also |now )?on {_LIST}{_END}",
    needs=(("list", "backlog", "queue", "later", "some"),),
)
_TAKE_OFF = Pattern(
    rf"\b{_PLEASE}(?:take|remove|delete|drop|strike|cross|get|clear) {_WHAT} "
    rf"(?:off(?: of)?|from|out of) {_LIST}{_END}"
    rf"|^(?!(?:what|which|who)\b){_WHAT} (?:is|are) no longer on {_LIST}{_END}"
    rf"|^{_WHAT} (?:isn'?t|is not|aren'?t|are not) on {_LIST} any ?more\s*(?=$|[,.!])",
    needs=(("list", "backlog", "queue"),),
)
_ASK = Pattern(
    rf"\b(?:what(?:'?s| is| are| do i have| have i (?:put|got|saved))(?: there)?|which \w+ are|"
    rf"(?:can i see|let me see|show(?: me)?|list|see|open|read me)(?: (?:what(?:'s| is)|all|"
    rf"everything|the (?:things|\w+))(?: i have)?)?) (?:(?:on|in) )?{_LIST}\s*(?=$|[?.!])",
    needs=(("list", "backlog", "queue"),),
)
_BEYOND = Pattern(
    rf"\b(?:not (?:only|just)|(?:and )?(?:also )?(?:beyond|outside(?: of)?)|"
    rf"(?:forget|never ?mind|drop) (?:about )?)(?: (?:from|out of|on|off))? ?{_LIST}",
    needs=(("list", "backlog", "queue"),),
)
_FROM = Pattern(
    rf"(?:\b(?:only|just|but only) )?\b(?:things? |ones? |something |anything |what(?:'s| is) )?"
    rf"(?:from|out of|on|in|among|off|of) {_LIST}(?: only)?",
    needs=(("list", "backlog", "queue"),),
)
_SEE = r"(?:seen|watched|played|read|finished|heard|tried|been to|had|cooked)"
_ONES = r"(?:what|whatever|those|ones|the ones|things|everything|any|anything|all|\w+s)"
_I_SAW = rf"(?:that |which )?(?:i|we)(?:['’]?ve| have)? (?:already |previously )?{_SEE}"
_ALREADY = r"(?: (?:already|before|too|as well|once|again))*"
_SEEN_TOO = Pattern(
    rf",? ?(?:\b(?:also|and also|even|including|include|incl|with also|not only new \w+,? but)) "
    rf"(?:show (?:me )?)?{_ONES} {_I_SAW}{_ALREADY}"
    rf"|\b{_ONES} {_I_SAW}{_ALREADY} (?:is|are|would be) "
    rf"(?:also )?(?:fine|ok|okay|allowed|welcome|good)(?: too| as well)?"
    rf"|\b(?:it )?(?:can|may|could) (?:also )?be (?:something|one|things|ones) {_I_SAW}{_ALREADY}"
    rf"|,? ?\b(?:already )?{_SEE} (?:ones|things|\w+s) (?:are|is) "
    rf"(?:also )?(?:fine|ok|okay|allowed|welcome)(?: too| as well)?"
    rf"|,? ?\beven if (?:i|we)(?:['’]?ve| have)? (?:already )?{_SEE}"
    rf"(?: (?:it|them|some|those))?{_ALREADY}"
    r"|,? ?\b(?:including |include |also |even )?(?:rewatch\w*|re-?reads?|replays?|repeats?)"
    r" (?:are |is )?(?:fine|ok|okay|allowed|welcome|too|included)"
    r"|,? ?\b(?:including|include|also) (?:rewatch\w*|re-?reads|replays|repeats)"
    r"|\b(?:i |we )?(?:do not|don['’]?t|wouldn['’]?t) mind "
    r"(?:re-?watch\w*|re-?read\w*|replay\w*|repeats"
    r"|(?:seeing|watching|playing|reading) (?:it|them|something|things|one) again)"
)
_UNSEEN = Pattern(
    rf"\b(?:nothing|not|none|no \w+|without|except|leave out|skip)[^,;.!?]{{0,25}}? {_I_SAW}"
    r"|\b(?:only|just) (?:new ones|unseen)"
)
_CUES = Pattern(
    r"list\b|\bbacklog\b|\bqueue\b|\bfor later\b|\bfor some ?day\b|"
    r"\b(?:have|i['’]?ve|we['’]?ve|i|we) (?:already |previously )?"
    r"(?:seen|watched|played|read|finished|heard|tried|had|cooked)\b"
    r"|\brewatch|\bre-?read|\bseen \w+ (?:is|are)\b|\breplay|\brepeats\b|\bagain\b"
    r"|\bunseen\b|\bnew ones\b"
)
_SEAMS = re.compile(r"^[\s,;.!?:–—-]*(?:(?:and|but|then|also|please|ok|okay)\b[\s,;.!?:-]*)*")
_LAST = re.compile(r"(?:[\s,;:–—-]|\b(?:and|but|then|also|please|only|just))*[\s.!?]*$", re.I)


@dataclass(frozen=True)
class Watch:
    """What a turn says of the watchlist and of what was seen.

    Attributes:
        rest: the turn without it, as typed; "" where nothing else was said.
        add, take_off: words for items: to be put on the watchlist, or taken off it.
        asks: whether it is asked what is on it.
        only: whether only the watchlist is meant; False where no longer, None where nothing is
            said of it.
        seen_too: whether what was seen may be offered; as `only`.
    """

    rest: str
    add: tuple[str, ...] = ()
    take_off: tuple[str, ...] = ()
    asks: bool = False
    only: bool | None = None
    seen_too: bool | None = None

    @property
    def says_something(self) -> bool:
        """Whether anything was found."""
        told = self.only is not None or self.seen_too is not None
        return bool(self.add or self.take_off or self.asks or told)


def read_watchlist(raw: str, sets: Sequence[str] = ()) -> Watch:
    """What a turn says of the watchlist.

    Args:
        raw: as typed.
        sets: names of the saved sets.
    """
    low = raw.lower().replace("’", "'")
    if len(low) != len(raw) or not _CUES.search(low):
        return Watch(raw)
    found: dict[str, list[str]] = {"add": [], "take_off": []}
    named = any("list" in fold(name) or fold(name) in ("queue", "backlog") for name in sets)
    if not named:
        for key, pattern in (("take_off", _TAKE_OFF), ("add", _ADD)):
            for match in pattern.finditer(low):
                span = next(match.span(i) for i in range(1, match.re.groups + 1) if match[i])
                found[key].append(raw[slice(*span)])
                low, raw = _cut(low, *match.span()), _cut(raw, *match.span())
    asks = only = None
    seen_too: bool | None = None
    if not named:
        low, raw, asks = _take(_ASK, low, raw)
        low, raw, beyond = _take(_BEYOND, low, raw)
        low, raw, within = _take(_FROM, low, raw)
        only = True if within or asks else False if beyond else None
    low, raw, again = _take(_SEEN_TOO, low, raw)
    if again:
        seen_too = True
    elif _UNSEEN.search(low):
        seen_too = False
    return Watch(
        _trimmed(raw),
        tuple(found["add"]),
        tuple(found["take_off"]),
        bool(asks),
        only,
        seen_too,
    )


def _take(pattern: Pattern, low: str, raw: str) -> tuple[str, str, bool]:
    """Both texts without the first match, and whether there was one."""
    match = pattern.search(low)
    if match is None:
        return low, raw, False
    return _cut(low, *match.span()), _cut(raw, *match.span()), True


def _cut(text: str, start: int, end: int) -> str:
    """The text with blanks in place of a stretch, so that places stay the same."""
    return text[:start] + " " * (end - start) + text[end:]


def _trimmed(raw: str) -> str:
    """What is left, without the words and marks that joined it to what was cut."""
    if not re.search(r"\w", raw):
        return ""
    left = _SEAMS.sub("", " ".join(raw.split()))
    left = _LAST.sub("", left) if not left.rstrip().endswith("?") else left
    return left if re.search(r"\w", left) else ""
