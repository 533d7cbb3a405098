"""Ratings said as numbers: "an average rating of seven", "four stars and above", "rated an 8"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..words.lexicon import Lexicon, Quality, key_of
from ..words.patterns import Pattern
from ..words.tokens import Text
from .spans import Span

SCORE = 6.4
"""Above any reading of the number alone, and of "average" or "rating" as words."""
_WELL, _BADLY = 0.7, 0.4
"""Shares of the scale from which on a grade is a good one, and below which it is a bad one."""
_WHOSE = r"(?:(?:viewers?|users?|critics?|critical|audience|imdb|overall|star) )?"
_RATING = r"(?:ratings?|scores?|grades?|reviews?)"
_LEAST = r"(?:(?:at least|no less than|over|above|around|about|an?|higher than|more than|only) )*"
_GOT = r"(?:(?:received|receiving|receives|earned|has|had|have|held|holds) )?"
_RATED = r"(?:rated|scored|scoring|scores|averaging|averages|averaged|graded)"
_LEAD = (
    rf"(?:{_GOT}(?:an? |the )?(?:average )?{_WHOSE}{_RATING} (?:average |score )?"
    rf"(?:(?:is|was|are|were|of|at|being) )*{_LEAST}"
    rf"|(?:an? |the )?average (?:is |was |of )+{_LEAST}|{_RATED} (?:as |at |with )?{_LEAST})"
)
_MORE = (
    r"(?: (?:and|or) (?:above|up|more|better|higher|over)| plus"
    r"| out of (?:5|five|10|ten)| (?:5|10))"
)
_FRACTION = re.compile(r"^ (?:5|10)$")
_AFTER = rf"(?: {_RATING}(?: averages?)?| average(?: {_RATING})?| reviewed| rated)"


class GradeReader:
    """Finds ratings in numbers; what they mean is as the lexicon has it for "highly rated".

    Args:
        lexicon: numbers and words for qualities.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._numbers = lexicon.numbers
        words = "|".join(w for w, n in lexicon.numbers.items() if 0 < n <= 10 and w != "couple")
        number = rf"(?P<n>\d(?:\.\d)?|10|{words})(?: (?:and )?a half)?"
        stars = rf"(?P<stars> stars?)(?P<more>{_MORE})?"
        self._pattern = Pattern(
            rf"(?<!\S)(?P<lead>{_LEAD})?(?:{number}(?:{stars}|(?P<of>{_MORE}))?)"
            rf"(?P<after>{_AFTER})?(?!\S)(?! thumbs)",
            ((*"0123456789", *words.split("|")),),
        )
        self._good, self._middling, self._bad = (
            lexicon.qualities[key_of(word)] for word in ("highly rated", "mediocre", "worst rated")
        )

    def spans(self, text: Text) -> Iterator[Span]:
        """Every rating in numbers: the number as a `Quality`, what leads to it as "lead"."""
        for match in self._pattern.finditer(text.joined):
            if not (match["lead"] or match["stars"] or match["after"] or self._of(match)):
                continue
            start, first = text.starts[match.start()], text.starts[match.start("n")]
            end = text.starts[match.start()] + len(match[0].split())
            last = end - len((match["after"] or "").split())
            if any(text.begins_sentence(i) for i in range(start + 1, end)):
                continue
            if _FRACTION.search(match["of"] or "") and text.gap(last - 1) != "/":
                continue
            yield Span(first, last, "quality", self._quality(match), SCORE)
            if first > start:
                yield Span(start, first, "lead", None, SCORE)
            if end > last:
                yield Span(last, end, "lead", None, SCORE)

    def _of(self, match: re.Match[str]) -> bool:
        return "out of" in (match["of"] or "") or bool(_FRACTION.search(match["of"] or ""))

    def _quality(self, match: re.Match[str]) -> Quality:
        said = match["n"]
        number = float(said) if said[0].isdigit() else float(self._numbers[said])
        scale = (match["of"] or match["more"] or "").rpartition(" ")[2]
        # Without a scale four is good and three is not, as of five stars.
        share = min(number / {"10": 10.0, "ten": 10.0}.get(scale, 5.0), 1.0)
        return self._good if share >= _WELL else self._bad if share < _BADLY else self._middling
