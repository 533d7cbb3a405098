"""Words that titles are to hold: "with the word river in the title", "with moon in its name"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..words.tokens import Text
from .spans import Span

_FRAME = re.compile(
    r"(?<!\S)(?P<cue>(?:with|that (?:have|has)|have|has|having|had|contain(?:s|ing)?|"
    r"includ(?:es|ing))(?: the)?(?: words?| names?| phrase)?) (?P<x>(?!the |a )\S+(?: \S+){0,2}?) "
    r"(?P<tail>in (?:the|its|their|it s) (?:title|name)s?)(?!\S)"
)
SCORE = 9.3
"""Above every other reading: the sentence says what the words are."""


def titled_spans(text: Text) -> Iterator[Span]:
    """Every stretch that titles are to hold; data is the words as typed."""
    for match in _FRAME.finditer(text.joined):
        cue = text.starts[match.start("cue")]
        first, tail = text.starts[match.start("x")], text.starts[match.start("tail")]
        if any(text.begins_sentence(i) for i in range(cue + 1, tail)):
            continue
        yield Span(first, tail, "titled", text.as_typed(first, tail), SCORE)
        end = tail + len(match["tail"].split())
        for i in (*range(cue, first), *range(tail, end)):
            yield Span(i, i + 1, "lead", None, SCORE)
