"""Text at the boundary: `clean` what comes from strangers, `fold` what is compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

TITLE_CAP = 300
TEXT_CAP = 2_000

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b\][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, also unterminated: to the line's end
    r"|\x1b[PX^_][^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x9d[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
)
_USUAL = (
    " -~¡-¬®-ˬΆΈ-ΊΌΎ-ΡΣ-ҁҊ-ԯא-ת"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u23ff\u3001-\u3029\u3041-\u3096"
    "\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9ffc\uac00-\ud7a3\uff01-\uff5e"
)
"""What is shown as it is, whatever stands beside it: no mark, no control, no space but one."""
_PLAIN = re.compile(f"[{_USUAL}]*")
_UNUSUAL = re.compile(f"[^\n{_USUAL}]")
_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u23ff\u2460-\u27ff\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_BLANKS = re.compile("[ \u3000]{2,}")
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that look like nothing."""
_EMPTY_MARKS = re.compile(
    "[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0e\U000e0100-\U000e01ef]"
)
_MARKS_IN_A_ROW = 4
_JOINS_IN_A_ROW = 4
ZWJ, AS_EMOJI, KEYCAP = "\u200d", "\ufe0f", "\u20e3"


def clean(text: object, cap: int = TEXT_CAP, *, newlines: bool = False) -> str:
    r"""Make a stranger's text fit for a terminal, a prompt or a file.

    Removes escape sequences, C0/C1 controls, bidirectional overrides, zero-width, tag, private and
    unassigned characters, lone surrogates, variation selectors; what looks like nothing becomes a
    space. Runs of combining marks end at four, and none stands over nothing; the whole ends at
    `cap` characters (an ellipsis marks the cut). Joined emoji and square brackets stay. Line breaks
    and tabs become one space unless `newlines`. Cleaning twice changes nothing.

    Zero-width joiners and non-joiners go from words, also where Persian or an Indic script would
    join or part letters by them: they would hide text and make two names look alike.
    """
    raw = text if isinstance(text, str) else str(text)
    if raw.isascii() and raw.isprintable():
        return raw if len(raw) <= cap else raw[: cap - 1] + "…"
    raw = raw[: cap * 8]
    if _PLAIN.fullmatch(raw) and "  " not in raw:
        return _cut(raw.strip(" "), cap)
    raw = _ANSI.sub("", raw)
    out: list[str] = []
    marks = joins = 0
    for place, char in enumerate(raw):
        kind = _kind(char)
        last = out[-1] if out else " "
        if kind == "mark":
            marks += 1
            if marks <= _MARKS_IN_A_ROW and not last.isspace():
                out.append(char)
            continue
        if char == AS_EMOJI:
            if (
                _EMOJI.match(last)
                or raw[place + 1 : place + 2] == KEYCAP
                and last in "#*0123456789"
            ):
                out.append(char)
            continue
        if char == ZWJ:
            joins += 1
            if joins <= _JOINS_IN_A_ROW and _joins_emoji(last, raw[place + 1 : place + 2]):
                out.append(char)
            continue
        if kind == "hidden":
            continue
        marks = 0
        if last != ZWJ and not _is_tone(char):
            joins = 0
        if kind == "shown":
            out.append(char)
        else:
            out.append("\n" if newlines and kind == "line" else " ")
    return _cut(_BLANKS.sub(" ", "".join(out)).strip(), cap)


def _cut(text: str, cap: int) -> str:
    return text if len(text) <= cap else text[: cap - 1].rstrip(ZWJ) + "…"


@lru_cache(maxsize=16_384)
def _kind(char: str) -> str:
    """What becomes of a character: shown, mark, blank, line (a break) or hidden."""
    if char in "\n\u2028\u2029":
        return "line"
    category = unicodedata.category(char)
    if char in "\r\t\v\f\x85" or char in _FILLERS or category == "Zs" and char != "\u3000":
        return "blank"
    if category[0] == "C" or char == AS_EMOJI or _EMPTY_MARKS.match(char):
        return "hidden"
    return "mark" if category in ("Mn", "Me") else "shown"


def _joins_emoji(before: str, after: str) -> bool:
    """Whether a zero-width joiner between these stands between two emoji."""
    return bool(_EMOJI.match(after)) and (before == AS_EMOJI or bool(_EMOJI.match(before)))


def _is_tone(char: str) -> bool:
    return "\U0001f3fb" <= char <= "\U0001f3ff"


def is_hidden(char: str) -> bool:
    """Whether a character is one that a terminal obeys, or that nobody sees."""
    return _kind(char) == "hidden" or char in "\u2028\u2029\r\v\f\x85" or char in _FILLERS


def harmless(text: str) -> str:
    """The last look at what is printed: without what a terminal would obey or nobody would see.

    Lines, tabs and lengths stay as they are, and so do joined emoji. What strangers wrote has been
    through `clean` before; this holds where somebody forgets it.
    """
    return (
        _UNUSUAL.sub(_let_through, text) if not text.isprintable() or not text.isascii() else text
    )


def _let_through(match: re.Match[str]) -> str:
    char = match[0]
    return char if char in (ZWJ, AS_EMOJI, "\t") or not is_hidden(char) else ""


def escaped_hidden(text: str, escape: Callable[[str], str]) -> str:
    """The text with every hidden character as `escape` writes it; also those that join emoji."""
    return _UNUSUAL.sub(lambda found: escape(found[0]) if is_hidden(found[0]) else found[0], text)


_ASCII = str.maketrans(
    {
        **{chr(code): " " for code in range(128) if not chr(code).isalnum()},
        **{chr(code): chr(code).lower() for code in range(65, 91)},
        "&": " and ",
        "'": None,
    }
)


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Fold for comparison: no case, no accents, `&` is "and", other punctuation is one space."""
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    # Twice: compatibility forms can hide capitals ("𝚨"), and folding case can compose anew.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    bare = bare.replace("&", " and ").replace("'", "").replace("\u2019", "")
    return " ".join(re.sub(r"[^\w]+|_", " ", bare).split())


ARTICLES = frozenset(
    ("the", "a", "an", "le", "la", "les", "l", "il", "lo", "el", "los", "las", "der", "die", "das")
)


def bare_title(folded: str) -> str:
    """A folded title without its leading article ("the thing" -> "thing")."""
    head, _, rest = folded.partition(" ")
    return rest if rest and head in ARTICLES else folded
