"""Names of saved sets: how they are kept, compared and recognised."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from recagent_catalogs.text import clean, fold

from ..words.tokens import Text
from .quoted import QUOTED

MAX_NAME = 60
NEAR = 80.0
"""From this likeness of spelling on a word is taken for a slip in the name of a set."""
_ARTICLE = re.compile(r"^(?:(?:the|my|our|a|an) )+(?=\S)")
_NOUN = re.compile(r"(?<=\S) (?:set|list)$")


def key_of_set(name: str) -> str:
    """By what names of sets are compared: folded, without "the", "my" and "list"."""
    return _NOUN.sub("", _ARTICLE.sub("", fold(name))) or fold(name)


def name_of_set(typed: str) -> str:
    """A set's name as it is kept: clean, one line, not longer than `MAX_NAME`."""
    return " ".join(clean(typed).strip(" \t\"'“”„‘’.,!?").split())[:MAX_NAME].strip()


def set_named(words: str, sets: Sequence[str]) -> str:
    """The set of that name, as it is kept; empty where there is none."""
    key = key_of_set(words)
    return next((name for name in sets if key_of_set(name) == key), "")


def slip_of_set(words: str, sets: Sequence[str]) -> str:
    """The words, where they are a slip in the name of a set; else nothing."""
    key = key_of_set(words)
    if len(key) < 4:
        return ""
    known = (key_of_set(name) for name in sets)
    alike = (k for k in known if k.count(" ") == key.count(" ") and fuzz.ratio(key, k) >= NEAR)
    return words if any(alike) else ""


def quoted(text: Text, words: str) -> str:
    """The words as they stand in the text within quotes; empty where they do not."""
    found = (match[1] or match[2] for match in QUOTED.finditer(text.raw))
    return next((typed for typed in found if fold(typed) == words), "")
