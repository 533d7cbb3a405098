"""What must hold of everything that is printed, told from its characters alone.

Nothing here uses recagent's own cleaning: what a terminal obeys, what nobody sees, and what turns
text round is told by Unicode's categories and by lists of its own. `BENIGN` is what a renderer is
given to compare with: the same screen with a harmless text has the same lines and the same colours.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Collection, Iterator

BENIGN = "Plain"
MOST_MARKS = 4
MOST_CHARS = 60_000
"""Of one screen with one text; a longer one was not capped."""
SHORT = 40
"""Texts up to this length wrap nowhere, so that lines can be counted."""

_NO_ASCII = re.compile("[^\n -~]")
SGR = re.compile(r"\x1b\[[0-9;:]*m")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_EMOJI = re.compile(
    "[#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u23ff\u2460-\u27ff\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)


def sgr_of(printed: str) -> frozenset[str]:
    """The colours and styles that stand in it."""
    return frozenset(SGR.findall(printed))


def faults(
    printed: str, styles: Collection[str] = (), *, tabs: bool = False, data: bool = False
) -> Iterator[str]:
    """What a terminal would obey, and what nobody would see, in what was printed.

    Args:
        printed: all of it.
        styles: SGR sequences that are ours; any other one is a fault.
        tabs: whether they part columns.
        data: whether it is JSON, which tells texts as they are: neither capped nor thinned out.
    """
    bare = SGR.sub(lambda found: "" if found[0] in styles else found[0], printed)
    told: set[str] = set()
    marks, last = 0, -1
    for found in _NO_ASCII.finditer(bare):
        place, char = found.start(), found[0]
        category = unicodedata.category(char)
        is_mark = category in ("Mn", "Me") and not _SELECTORS.match(char)
        marks = (marks + 1 if place == last + 1 else 1) if is_mark else 0
        last = place
        if marks > MOST_MARKS and not data:
            told.add("more than four marks over one letter")
        if marks == 1 and (not place or bare[place - 1].isspace()):
            told.add("a mark over nothing")
        if tabs and char == "\t" or (wrong := _wrong(char, category, bare, place)) == "":
            continue
        told.add(f"{wrong} U+{ord(char):04X}")
    yield from sorted(told)
    if len(bare) > MOST_CHARS and not data:
        yield f"{len(bare):,} characters: not capped"


def _wrong(char: str, category: str, text: str, place: int) -> str:
    if category == "Cc":
        return "control"
    if char in _BLANK:
        return "blank"
    before = text[place - 1] if place else ""
    after = text[place + 1] if place + 1 < len(text) else ""
    if _SELECTORS.match(char):
        return "" if char == "\ufe0f" and _EMOJI.match(before) else "selector"
    if char == "\u200d":
        behind = before == "\ufe0f" or bool(_EMOJI.match(before))
        return "" if behind and _EMOJI.match(after) and not after.isdigit() else "joiner"
    if category in ("Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return {"Cf": "hidden", "Cs": "surrogate", "Co": "private", "Cn": "unassigned"}.get(
            category, "line"
        )
    return ""


def line_faults(printed: str, benign: str, text: str) -> Iterator[str]:
    """Whether a short text made lines that the harmless one does not.

    A comma or semicolon parts a reason into facts, of which those told beside the title are not
    told again below it.
    """
    is_short = len(text) <= SHORT and not {*",;"} & {*text}
    if is_short and printed.count("\n") > benign.count("\n"):
        yield f"{printed.count(chr(10))} lines, not {benign.count(chr(10))}"


def kept_faults(printed: str, text: str) -> Iterator[str]:
    """Whether what everybody may see is still there: letters, signs and brackets as they were."""
    if is_plain(text) and text not in printed:
        yield f"{text!r} is not there as it was"


def is_plain(text: str) -> bool:
    """Whether a text is short, and of nothing but what a keyboard writes."""
    return 0 < len(text) <= SHORT and text.isascii() and text.isprintable() and text.strip() == text


def json_faults(printed: str, documents: int = 1) -> Iterator[str]:
    """Whether it is so much JSON, a document a line where there are several."""
    try:
        told = (
            [json.loads(printed)] if documents == 1 else list(map(json.loads, printed.splitlines()))
        )
    except ValueError as error:
        yield f"no JSON: {error}"
        return
    if len(told) != documents:
        yield f"{len(told)} documents, not {documents}"


def table_faults(printed: str, separator: str, numbers: Collection[str]) -> Iterator[str]:
    """Whether a file of csv or tsv has its columns in each row, and no formulas.

    Args:
        printed: with its header.
        separator: of the columns.
        numbers: names of columns that hold numbers, which may begin with a sign.
    """
    rows = list(csv.reader(io.StringIO(printed), delimiter=separator, strict=True))
    for row in rows:
        if len(row) != len(rows[0]):
            yield f"a row of {len(row)} cells, not {len(rows[0])}"
        for name, cell in zip(rows[0], row, strict=False):
            signed = name in numbers and re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)
            if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not signed:
                yield f"a formula: {cell[:20]!r}"
            if "\n" in cell or "\r" in cell:
                yield f"a line break in a cell: {cell[:20]!r}"


_AUTOLINK = re.compile(r"(?<![\\\w])(?:https?://|www\.|mailto:)|\w@\w", re.IGNORECASE)


def markdown_faults(printed: str, benign: str) -> Iterator[str]:
    """Whether a page has the parts of the harmless one, no more: no link, picture, code, HTML."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def parts(page: str) -> list[str]:
        told = []
        for token in reader.parse(page):
            inner = [child.type for child in token.children or ()]
            told += [token.type, *(name for name in inner if name != "text")]
        return told

    wanted = {*parts(benign), "softbreak", "hardbreak"}
    if more := sorted({*parts(printed)} - wanted):
        yield f"other parts than a plain text has: {', '.join(more)}"
    if found := _AUTOLINK.search(printed):
        yield f"an address that is live: {found[0]!r}"


HOSTILE = (
    "\x1b]52;c;c2VjcmV0\x07",
    "\x1b]8;;https://shop.invalid\x1b\\here\x1b]8;;\x1b\\",
    "a\x1b]0;owned",
    "\x1b[2J\x1b[1;31mred",
    "\x1bP1$r0m\x1b\\q\x1b_x\x1b\\",
    "\x9b2J\x90a\x9c\x85b",
    "99%\r100%\b\b\x7f\x00",
    "two\nlines\u2028three",
    "\u202egnp.exe\u202c\u2066x",
    "pay\u200bpal\u2060\ufeff\u00ad",
    "x\U000e0068\U000e0069\U000e01ef\ufe0f",
    "\ue000\U000f0000\ufdd0\U0001fffe\ufff9a\ufffb",
    "\u115f\u3164\u2800\u00a0",
    "\u0336o" + "\u0336" * 30 + "\u200b\u0336" * 9,
    "\U0001f468\u200d" * 200,
    "\ud800x\udc00",
    "[link=file:///etc/passwd]x[/link]",
    "[/] [bold red",
    "![x](https://x.invalid) <img src=x> www.x.invalid a@x.invalid",
    '=HYPERLINK("https://x.invalid")',
    "\t=1+1",
    "| --- | `x` | # h",
    "1. ---",
    "w\uff37" * 2_000,
)
"""Of each kind one: escapes, controls, hidden and blank characters, marks, markup, formulas."""

LEGIT = (
    "[REC]",
    ":bomb: & co. 100% {x} \\o/",
    "Amélie",
    "Việt Nam, ở đây",
    unicodedata.normalize("NFD", "Việt Nam ở đây"),
    "สวัสดีที่นี่",
    "क्षत्रिय नमस्ते",
    "שָׁלוֹם עוֹלָם",
    "سلام دنیا",
    "千と千尋\u3000神隠し",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fd",
    "\U0001f3f3\ufe0f\u200d\U0001f308",
    "\U0001f1eb\U0001f1f7",
    "1\ufe0f\u20e3",
)
"""What stays as it is: brackets, accents, scripts with marks or from the right, emoji."""
