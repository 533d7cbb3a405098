"""Text at the boundary: `clean` what comes from strangers, `fold` what is compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

TITLE_CAP = 300
TEXT_CAP = 2_000

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, also unterminated
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x9d[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
)
_JOINERS = {"\u200d", "\ufe0f", "\ufe0e"}
_MARKS_IN_A_ROW = 4


def clean(text: object, cap: int = TEXT_CAP, *, newlines: bool = False) -> str:
    r"""Make a stranger's text fit for a terminal, a prompt or a file.

    Removes escape sequences, C0/C1 controls, bidirectional overrides, zero-width and tag
    characters, lone surrogates; caps runs of combining marks at four and the whole at `cap`
    characters (an ellipsis marks the cut). Joined emoji and square brackets stay. Line breaks and
    tabs become one space unless `newlines`.
    """
    raw = text if isinstance(text, str) else str(text)
    if raw.isascii() and raw.isprintable():
        return raw if len(raw) <= cap else raw[: cap - 1] + "…"
    raw = _ANSI.sub("", raw[: cap * 8])
    out: list[str] = []
    marks = 0
    for position, char in enumerate(raw):
        category = unicodedata.category(char)
        if category in ("Mn", "Me"):
            marks += 1
            if marks > _MARKS_IN_A_ROW and char not in _JOINERS:
                continue
        else:
            marks = 0
        if char in "\n\r\t\u2028\u2029\v\f\x85":
            kept = "\n" if newlines and char in "\n\u2028\u2029" else " "
            out.append(kept)
        elif category[0] == "C":
            if char in _JOINERS and _joins_emoji(raw, position):
                out.append(char)
        else:
            out.append(char)
    cleaned = "".join(out)
    cleaned = re.sub(r"[ \u00a0]{2,}", " ", cleaned).strip()
    return cleaned if len(cleaned) <= cap else cleaned[: cap - 1] + "…"


def _joins_emoji(text: str, position: int) -> bool:
    """Whether the zero-width joiner at `position` stands between two emoji."""
    if text[position] != "\u200d" or not 0 < position < len(text) - 1:
        return False
    before = text[position - 1]
    return unicodedata.category(text[position + 1]) == "So" and (
        before == "\ufe0f" or unicodedata.category(before) in ("So", "Sk")
    )


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
