"""Times in a request: years, decades, "before", "since", "the last ten years"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..words.lexicon import Lexicon
from ..words.tokens import Text, whole
from .spans import Span

FIRST_YEAR = 1870


@dataclass(frozen=True)
class Period:
    """Years from `low` to `high`, both included; None where an end is open.

    `setting` is true where the words say when it plays, not when it was made.
    """

    low: int | None
    high: int | None
    setting: bool = False


_YEAR = r"(?:1[89]\d\d|20\d\d)"
_BEFORE = r"(?:before|prior to|pre|earlier than|older than|preceding)"
_UNTIL = (
    r"(?:until|till|up to|up until|not (?:after|newer than|later than)|"
    r"nothing (?:after|newer than|later than)|no later than|no newer than)"
)
_AFTER = r"(?:after|later than|newer than|more recent than|past)"
_SINCE = (
    r"(?:since|post|from|starting|beginning|starting in|not (?:before|older "
    r"than|earlier than)|nothing (?:before|older than|earlier than)|no "
    r"(?:older|earlier) than)"
)
_LATER = (
    r"(?:(?:and|or) (?:later|newer|up|after|onwards?|above|beyond|more "
    r"recent)|onwards?|on|to (?:now|today|present|the present|date))"
)
_EARLIER = r"(?:(?:and|or) (?:earlier|before|older|below))"
_LEAD = (
    r"(?:(?:made |released |came out |filmed |produced |published |written |"
    r"that came out |out |dated )?(?:in |from |of |during |around |circa |"
    r"within |back in |out of )(?:the )?(?:years? )?)?"
)


@lru_cache(maxsize=4)
def _patterns(lexicon: Lexicon) -> tuple[tuple[str, str, float], ...]:
    """Pattern, kind, score; compiled when a text may hold it, as compiling all costs 20 ms."""
    words = "|".join(sorted(lexicon.decades, key=len, reverse=True))
    decade = rf"(?:(?P<%s>(?:early|mid|late) )?(?:the )?(?P<%s>(?:1[89]|20)\d0 ?s|\d0 ?s|{words}))"
    first, second = decade % ("p1", "d1"), decade % ("p2", "d2")
    number = "|".join(sorted(lexicon.numbers, key=len, reverse=True))
    count = rf"(?P<n>\d{{1,3}}|{number}|few|several|couple of)"
    rows = (
        (
            rf"(?:between|from|in|of)? ?(?:the )?(?:years? )?(?P<y1>{_YEAR}) (?:and|to|"
            rf"until|till|through|thru) (?P<y2>{_YEAR})",
            "years",
            6.5,
        ),
        (
            rf"(?:between|from|in|of)? ?(?:the )?(?:years? )?(?P<y1>{_YEAR}) (?P<y2>{_YEAR})",
            "hyphen",
            6.0,
        ),
        (
            rf"(?:between|from|in|of)? ?(?:the )?{first} (?:and|to|until|or|through|"
            rf"thru|the)? ?{second}",
            "decades",
            6.6,
        ),
        (
            rf"(?:from |made |released )?(?:the )?{_BEFORE} (?:the )?(?:year )?(?P<y1>{_YEAR})",
            "before",
            6.0,
        ),
        (rf"(?:from |made |released )?{_UNTIL} (?:the )?(?:year )?(?P<y1>{_YEAR})", "until", 6.0),
        (rf"(?:from |made |released )?{_AFTER} (?:the )?(?:year )?(?P<y1>{_YEAR})", "after", 6.0),
        (
            rf"(?:made |released )?{_SINCE} (?:the )?(?:year )?(?P<y1>{_YEAR}) {_LATER}",
            "since",
            6.8,
        ),
        (rf"(?:made |released )?(?!from){_SINCE} (?:the )?(?:year )?(?P<y1>{_YEAR})", "since", 6.0),
        (rf"(?P<y1>{_YEAR}) {_LATER}", "since", 5.0),
        (rf"{_LEAD}(?P<y1>{_YEAR}) {_EARLIER}", "until", 6.5),
        (rf"(?:from |made |released )?{_BEFORE} (?:the )?{first}", "before_decade", 6.0),
        (rf"(?:from |made |released )?{_AFTER} (?:the )?{first}", "after_decade", 6.0),
        (rf"(?:made |released )?(?!from){_SINCE} (?:the )?{first}", "since_decade", 6.0),
        (rf"(?:from |made |released )?{_UNTIL} (?:the )?{first}", "until_decade", 6.0),
        (rf"{_LEAD}(?:the )?{first} {_LATER}", "since_decade", 6.5),
        (rf"{_LEAD}(?:the )?{first}", "decade", 5.0),
        (
            rf"(?:(?:in|from|of|within|over|during|made in) )?(?:the )?(?:last|past|"
            rf"previous) {count} (?P<u>years?|decades?)",
            "last",
            6.0,
        ),
        (
            rf"(?:not|no|nothing|none) (?:older|earlier) than (?:the )?(?:last |past )?{count} "
            rf"(?P<u>years?|decades?)(?: old| ago)?",
            "last",
            6.5,
        ),
        (
            r"(?:(?:in|from|of|within|over|during|made in) )?(?:the )?(?:last|past) "
            r"(?P<u>decade|century)",
            "last",
            5.5,
        ),
        (
            r"(?:(?:in|from|of|within|over|during|made in) )?(?:the |this )?past (?P<u>year)",
            "last",
            5.5,
        ),
        (r"(?:(?:in|from|of|made|released|within) )?this (?P<u>year|decade|century)", "this", 5.0),
        (r"(?:(?:in|from|of|made|released) )?last (?P<u>year)", "last_year", 5.0),
        (
            r"(?:(?:in|from|of) )?(?:the )?(?P<c>20|21|19|twentieth|twenty "
            r"first)(?:th|st)? century",
            "century",
            5.0,
        ),
        (
            rf"(?:made |released |came out |filmed |published |written )?(?:in|from|of|"
            rf"during|year) (?:the )?(?:year )?(?P<y1>{_YEAR})",
            "year",
            5.0,
        ),
        (rf"(?:around|circa|roughly) (?:the )?(?:year )?(?P<y1>{_YEAR})", "around", 5.2),
        (rf"(?P<y1>{_YEAR})", "year", 3.0),
    )
    return tuple((rf"\b(?:{row})(?!\S)", kind, score) for row, kind, score in rows)


_compiled = lru_cache(maxsize=256)(re.compile)
_FULL_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_SPOKEN = frozenset(("last", "this", "last_year", "century"))


def _kinds(text: Text, lexicon: Lexicon) -> tuple[bool, bool, bool]:
    """Whether years, decades, and words for periods stand in the text."""
    decades = any(
        w in lexicon.decades or (w[0].isdigit() and w.endswith("0s")) or w == "s"
        for w in text.words
    )
    return bool(_FULL_YEAR.search(text.joined)), decades, bool(_UNITS & set(text.words))


_UNITS = frozenset(("year", "years", "decade", "decades", "century"))


_SETTING = frozenset(
    ("set", "sets", "takes", "place", "happens", "happening", "plays", "taking", "era", "life")
)


def period_spans(text: Text, lexicon: Lexicon, year: Callable[[], int]) -> Iterator[Span]:
    """Every reading of a stretch as a time; data is a `Period`."""
    if not any(c.isdigit() for c in text.joined) and not _may_hold(text, lexicon):
        return
    now = year()
    years, decades, spoken = _kinds(text, lexicon)
    for pattern, kind, score in _patterns(lexicon):
        if not (spoken if kind in _SPOKEN else decades if "decade" in kind else years):
            continue
        for match in _compiled(pattern).finditer(text.joined):
            span = _span(text, match, kind, score, lexicon, now)
            if span is not None:
                yield span


def _may_hold(text: Text, lexicon: Lexicon) -> bool:
    return any(
        word in lexicon.decades or word in ("year", "years", "decade", "decades", "century")
        for word in text.words
    )


def _span(
    text: Text, match: re.Match[str], kind: str, score: float, lexicon: Lexicon, now: int
) -> Span | None:
    matched = match[0]
    begin = match.start() + len(matched) - len(matched.lstrip())
    start = text.starts.get(begin)
    if start is None:
        return None
    end = start + len(matched.split())
    if any(text.tokens[i].sentence != text.tokens[start].sentence for i in range(start, end)):
        return None
    ranged = any(mark in text.gap(end - 1) for mark in "-–—/") or matched.split()[0] in (
        "from", "between",
    )  # fmt: skip
    if kind == "hyphen" and not ranged:
        return None
    period = _period(match.groupdict(), kind, lexicon, now)
    if period is None:
        return None
    before = text.words[max(0, start - 3) : start + 1]
    # "set in the 80s", "life in 1920": when it plays, which no year column knows.
    if any(word in _SETTING for word in before) and kind in (
        "year",
        "decade",
        "decades",
        "years",
        "century",
    ):
        period = Period(period.low, period.high, setting=True)
    return Span(start, end, "period", period, score)


def _period(found: dict[str, str | None], kind: str, lexicon: Lexicon, now: int) -> Period | None:
    years = [int(found[name] or 0) for name in ("y1", "y2") if found.get(name)]
    if kind in ("years", "hyphen"):
        return Period(min(years), max(years))
    if years:
        y = years[0]
        return {
            "before": Period(None, y - 1),
            "until": Period(None, y),
            "after": Period(y + 1, None),
            "since": Period(y, None),
            "year": Period(y, y),
            "around": Period(y - 2, y + 2),
        }[kind]
    if kind in ("last", "this", "last_year", "century"):
        return _relative(found, kind, lexicon, now)
    decades = [
        _decade(found.get(f"d{i}"), found.get(f"p{i}"), lexicon)
        for i in (1, 2)
        if found.get(f"d{i}")
    ]
    low, high = min(d[0] for d in decades), max(d[1] for d in decades)
    return {
        "decade": Period(low, high),
        "decades": Period(low, high),
        "before_decade": Period(None, low - 1),
        "after_decade": Period(high + 1, None),
        "since_decade": Period(low, None),
        "until_decade": Period(None, high),
    }[kind]


def _decade(text: str | None, part: str | None, lexicon: Lexicon) -> tuple[int, int]:
    word = (text or "").replace(" ", "")
    start = lexicon.decades.get(word)
    if start is None:
        digits = int(word.rstrip("s"))
        if digits < 100:
            digits += 2000 if digits < 20 else 1900
        start = digits
    length = {"early": (0, 4), "mid": (3, 6), "late": (5, 9)}.get((part or "").strip(), (0, 9))
    return start + length[0], start + length[1]


def _relative(found: dict[str, str | None], kind: str, lexicon: Lexicon, now: int) -> Period | None:
    if kind == "last_year":
        return Period(now - 1, now - 1)
    if kind == "century":
        first = {"20": 1901, "twentieth": 1901, "19": 1801}.get(found["c"] or "", 2001)
        return Period(first, first + 99)
    unit = (found["u"] or "").rstrip("s")
    if kind == "this":
        return {"year": Period(now, now), "decade": Period(now // 10 * 10, None)}.get(
            unit, Period(now // 100 * 100, None)
        )
    word = found.get("n") or "one"
    count = {"few": 4, "several": 5, "couple of": 2}.get(word) or lexicon.numbers.get(word)
    count = whole(word) or 0 if count is None else count
    years = count * {"decade": 10, "century": 100}.get(unit, 1)
    return Period(now - years, None) if 0 < years < 400 else None
