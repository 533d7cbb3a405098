"""Ratings that the person gives in words: "I gave Heat 5 stars", "Heat: 4/5", "I'd give it 2".

Such a sentence says that something was seen, and whether it was liked. It is put as a plain verdict
before the rest is read; what was given is kept beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from recagent_catalogs.text import fold

LIKED, DISLIKED = 0.7, 0.4
"""Shares of the scale from which on something is liked, and up to which it is not."""
_NUMBERS = {
    word: number
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
}
_N = rf"(?<!\S)(?P<n>\d{{1,3}}(?:[.,]\d)?|{'|'.join(_NUMBERS)})(?P<half>\s*½|\s+and a half)?"
_BEST = r"\s*(?:/|\bout of\b|\bof\b)\s*(?P<best>100|20|10|5|five|ten)\b"
_UNIT = rf"(?:{_BEST}(?:[\s-]*(?:stars?|points?))?|[\s-]*(?:stars?|points?)\b|\s*%|\s*[★⭐]️?)"
_SIGNS = r"(?P<signs>[★⭐]️?(?:\s?[★⭐]️?){0,9})"
_GRADE = rf"(?:{_N}(?P<unit>{_UNIT})?|{_SIGNS})"
_SURE = rf"(?:{_N}(?P<unit>{_UNIT})|{_SIGNS})"
"""A grade that can be nothing else."""
_END = (
    r"(?=\s*(?:[.;!?)](?:\s|$)|,|$|\b(?:and|but|while|though|although|because|as|since|so|from me|"
    r"for me|on)\b))"
)
_NAME = r"(?P<name>[^\s,;!?][^\n;!?]{0,70}?)"
_WHO = r"(?:^|(?<=[\s,;.:!?(]))(?:i|we)(?:['’]?d|['’]ll|['’]ve|\s+(?:would|will|have|did))?"
_GAVE = (
    rf"{_WHO}(?:\s+(?:\w+ly|only|just|have|even|also))?\s+"
    r"(?:gave|give|given|rated?|scored?|graded?)"
)
_JOINT = r"(?:(?:at|as|with|about|only|just|an?|solid|full|perfect|a\s+rating\s+of)\s+)*"
_STATED = re.compile(rf"{_GAVE}\s+{_NAME}\s+{_JOINT}{_GRADE}{_END}", re.I)
_TURNED = re.compile(
    rf"(?:{_GAVE}\s+|^|(?<=[.;!?]\s)){_JOINT}{_SURE}\s+(?:to|for)\s+{_NAME}{_END}", re.I
)
_NOTED = re.compile(
    rf"(?:^|(?<=[\n,;]))\s*(?:and\s+)?{_NAME}(?:\s*[:=–—]\s*|\s+-\s+|\s+){_SURE}{_END}", re.I
)
_GOES_ON = re.compile(
    rf"\s*(?:,\s*(?:and|but)?|;|\band|\bbut)\s+{_NAME}\s+{_JOINT}{_GRADE}{_END}", re.I
)
_POINTS = re.compile(
    r"(?:it|that|this|them|both|(?:that|this|the)(?: \w+)? (?:one|film|movie|book|game)"
    r"|the (?:first|second|third|fourth|fifth|last)|(?:(?:number|no\.?|#)\s?)?\d{1,2})$",
    re.I,
)


@dataclass(frozen=True)
class Given:
    """What was given to one item.

    Attributes:
        name: the item as typed, a title or "it".
        value: the rating in the person's own points.
        best: the top of the scale that was meant.
    """

    name: str
    value: float
    best: float

    @property
    def share(self) -> float:
        """The rating as a share of its scale, 0-1."""
        return min(max(self.value / self.best, 0.0), 1.0)


@dataclass(frozen=True)
class Ratings:
    """The ratings of a text.

    Attributes:
        given: in the order said.
        rest: the text with plain verdicts instead: "I loved "Heat"."
    """

    given: tuple[Given, ...]
    rest: str


def read_given(text: str, is_title: Callable[[str], object]) -> Ratings:
    """Find the ratings; a text without any comes back as it is.

    Args:
        text: the turn as typed.
        is_title: whether a folded phrase is a title of the catalog.
    """
    if not re.search(r"\d|★|⭐|\b(?:stars?|points?|out of|gave|give|rated?|scored?)\b", text, re.I):
        return Ratings((), text)
    if re.match(r"\s*(?:what|how|which|would|if|do|does|should|can|could)\b", text, re.I):
        return Ratings((), text)
    given: list[Given] = []
    out, at = "", 0
    while (found := _next(text, at, bool(given), is_title)) is not None:
        match, one = found
        given.append(one)
        before = text[at : match.start()].strip(" ,;")
        out = f"{out} {before}".rstrip()
        out += ("." if out and out[-1] not in ".!?\n" else "") + f" {_verdict(one)}"
        at = match.end()
    if not given:
        return Ratings((), text)
    rest = re.sub(r"^[\s,;.]*(?:(?:and|but|so)\s+|(?:from|for) me\b[\s,;.]*)?", "", text[at:])
    return Ratings(tuple(given), f"{out} {rest}".strip())


def _next(
    text: str, at: int, begun: bool, is_title: Callable[[str], object]
) -> tuple[re.Match[str], Given] | None:
    """The next rating from a place in the text on."""
    if begun and (match := _GOES_ON.match(text, at)) and _known(match["name"], is_title):
        return match, _given(match)
    for pattern in (_STATED, _TURNED, _NOTED):
        for match in pattern.finditer(text, at):
            known = _known(match["name"], is_title)
            sure = pattern is not _NOTED and (match["unit"] or match["signs"])
            if (known or sure) and not _POINTS_AT_NOTHING.search(match["name"]):
                return match, _given(match)
    return None


_POINTS_AT_NOTHING = re.compile(r"^(?:up|in|away|out|back|me|you|us|him|her|my|your|a|an)\b", re.I)


def _known(name: str, is_title: Callable[[str], object]) -> bool:
    return bool(_POINTS.match(name) or is_title(fold(name.strip(" \"“”'‘’"))))


def _given(match: re.Match[str]) -> Given:
    name = match["name"].strip(" \"“”'‘’:")
    if match["signs"]:
        return Given(name, float(len(re.findall(r"[★⭐]", match["signs"]))), 5.0)
    said = match["n"].lower().replace(",", ".")
    value = float(_NUMBERS.get(said, said)) + (0.5 if match["half"] else 0.0)
    if "%" in (match["unit"] or ""):
        return Given(name, value, 100.0)
    if best := match["best"]:
        return Given(name, value, float(_NUMBERS.get(best.lower(), best)))
    # Without a scale four is four stars of five.
    return Given(name, value, next(top for top in (5.0, 10.0, 100.0, 1000.0) if value <= top))


def given_to(name: str, ratings: Ratings) -> Given | None:
    """What was given to an item that was mentioned so; "it" is whichever was pointed at."""
    for one in ratings.given:
        if fold(one.name) == fold(name):
            return one
    pointed = [one for one in ratings.given if _POINTS.match(one.name)]
    return pointed[0] if len(ratings.given) == len(pointed) == 1 else None


def _verdict(one: Given) -> str:
    name = one.name if _POINTS.match(one.name) else f'"{one.name}"'
    if one.share >= LIKED:
        return f"I loved {name}."
    return f"I hated {name}." if one.share <= DISLIKED else f"I have seen {name}."
