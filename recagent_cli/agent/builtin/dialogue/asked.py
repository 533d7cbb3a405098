"""What our last turn asked, and what a plain yes or no to it says."""

from __future__ import annotations

import re

from recagent_catalogs.text import fold

from ..words.patterns import Pattern
from ..words.tokens import Text

_TALK = 600
"""So much of the end of our last turn is looked at: a question stands last."""
_LISTED = re.compile(r"^ *\d+[.)] .*$", re.MULTILINE)
"""A line of a list: its title's question mark asks nothing."""
_BEGINS = Pattern(
    r"(?:have|did|do) you (?:ever |already )?(?:seen|see|heard|watch|like)|(?:how|what) about"
)
"""A question without its mark."""
_KNOWN = r"(?:seen|see|watched|watch|heard|played|play|read|tried|caught|catch)"
_TAKES = r"(?:watch|see|try|check|play|read|watching|seeing)"
_ASKED = (
    ("more", r"\b(?:any|some|more|another|other|anything|something)\b.*"
             r"\b(?:recommend\w*|suggest\w*|more|else)\b"),
    ("try", r"\b(?:would|do|will|did) you (?:like|want|care|be interested)\b"
            rf".{{0,12}}\b{_TAKES}\b.{{0,20}}\b(?:it|this|that|trailer|one)\b"),
    ("seen", rf"\b(?:have|had|did|do|ever) (?:you|u|ya)\b.{{0,24}}\b{_KNOWN}\b"),
    ("seen", rf"\byou(?: ever| have| already| probably)? ?{_KNOWN}\b"),
    ("liked", r"\b(?:do|did|dont|didnt) (?:you|u|ya)\b.{0,16}\b(?:like|love|enjoy|prefer)\b"),
    ("liked", r"\b(?:are|were) you (?:a |into)|\byou (?:like|love|enjoy)\b"),
    ("offer", r"\b(?:would|do|are|can|could|may|might|shall|should|will) (?:you|i|we)\b.{0,24}"
              r"\b(?:like|want|need|looking|recommend|suggest|help|show|assist|interested|open)\b"),
    ("try", r"\b(?:how|what) about\b|\bwhat do you think\b|"
            r"\bsounds? (?:good|ok|okay|interesting|fun)\b|"
            rf"\b(?:will|would|could|going to|gonna)(?: you)?\b.{{0,24}}\b{_TAKES}\b"),
    ("how", r"\bhow (?:are|have|is|r|do) (?:you|u|ya|it|things|your)\b|\bhows\b|\bwhats up\b"),
)  # fmt: skip
_OPEN = Pattern(
    r"\b(?:what|which|who|any|how old|describe|tell me)\b.{0,40}\b(?:kind|kinds|type|types|sort|"
    r"sorts|genre|genres|movies?|films?|games?|books?|music|songs?|actors?|actress|director|"
    r"authors?|mood|looking|favou?rites?|like|want|watch|play|read|preference|in mind)\b|"
    r"\b(?:how|what) (?:can|may|could) i\b|\blooking for\b"
)
_PATTERNS = tuple((name, Pattern(pattern)) for name, pattern in _ASKED)
_YES = Pattern(
    r"^(?:(?:oh|well|hmm?|um|lol|ha|haha|hell|heck|ah|ooh|omg|and) )*"
    r"(?:yes|yeah|yea|yep|yup|yess+|yah|ya|ye|sure|of course|definitely|absolutely|totally|indeed|"
    r"certainly|exactly|correct|please|very much|i (?:sure |really |certainly )?"
    r"(?:do|did|have|am|was|would)(?= (?:and|but|seen|watched|played|heard|it|that|too|actually|"
    r"indeed|love|like|a while|many|once|twice|years)\b|$)|both|affirmative|ok sure|okay sure|"
    r"you bet|who hasnt|who doesnt|many times)\b"
)
_NO = Pattern(
    r"^(?:(?:oh|well|hmm?|um|lol|actually|sorry|sadly|ah|unfortunately|ok|okay|and) )*"
    r"(?:no|nope|nah|naw|not really|not yet|never|not at all|not particularly|not that i|negative|"
    r"neither|i (?:dont|do not|didnt|did not|havent|have not|am not|wouldnt|would not|never|"
    r"sadly havent)|havent|dont think so|afraid not|im afraid not|sadly i havent)\b"
)


def asked(said: str) -> str:
    """What our last turn asked.

    Returns:
        "seen" (whether something is known), "liked", "try" (an offer of one item), "offer" (of
        recommending at all), "more" (of recommending on), "open" (what is looked for), "how"
        (how the person is), or "" where it asked nothing.
    """
    told = _LISTED.sub("", said[-_TALK:])
    for piece in reversed(re.split(r"(?<=[?!.])\s+", told)):
        words = fold(piece)
        if "?" not in piece and not _BEGINS.match(words):
            continue
        if _OPEN.search(words) and not re.match(r"^(?:have|did|do|are|would) you\b", words):
            return "open"
        for name, pattern in _PATTERNS:
            if pattern.search(words):
                return name
        if _OPEN.search(words):
            return "open"
    return ""


def answer(text: Text) -> str:
    """Whether the turn begins with "yes" or "no"; empty where with neither."""
    first = next((i for i in range(1, len(text.words)) if _ends(text, i)), len(text.words))
    words = text.phrase(0, first)
    if _NO.match(words) or _NO.match(text.joined):
        return "no"
    return "yes" if _YES.match(words) or _YES.match(text.joined) else ""


def _ends(text: Text, index: int) -> bool:
    """Whether a clause ends before the word."""
    return text.begins_sentence(index) or "," in text.gap(index)


_SAYS = {
    ("seen", "yes"): "seen",
    ("seen", "no"): "not_seen",
    ("liked", "yes"): "praise",
    ("liked", "no"): "reject",
    ("try", "yes"): "accept",
    ("try", "no"): "reject",
    ("offer", "yes"): "request",
    ("more", "yes"): "more",
    ("more", "no"): "bye",
}


CONTRARY = {
    "seen": frozenset(("not_seen",)),
    "not_seen": frozenset(("seen",)),
    "praise": frozenset(("blame", "reject", "not_seen")),
    "reject": frozenset(("not_seen", "praise", "accept")),
    "accept": frozenset(("not_seen", "seen", "reject", "praise")),
}
"""Acts that a yes or no to our question is outdone by: "no, never seen it" rejects nothing."""


def says(question: str, text: Text) -> str:
    """The act that a yes or no to our question does; empty where it does none."""
    return _SAYS.get((question, answer(text)), "")
