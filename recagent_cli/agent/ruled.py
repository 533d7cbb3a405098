"""The last look of the rules of the house at what is told: no title that they keep out, by name.

Titles, lists and reasons of ours come from a catalog in which such items cannot be found. What is
left are words of a model, in its text, its questions and the arguments of its calls.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from recagent_catalogs.ruled import told_kept_out
from recagent_catalogs.schema import WORD_ROLES, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import TITLE_CAP
from recagent_tools.bus import CandidateBus
from recagent_tools.house import rules_against, short_of, told_against
from recagent_tools.toolbox import ToolContext

from .builtin.words.lexicon import lexicon
from .critic.sentences import Sentence, Word, sentences
from .request import Request

_YEAR = re.compile(r"[\"”’'*_]*\s*\((?:18|19|20)\d\d\)")
_SIGN = re.compile(r"[\"“«*'‘_]$")
_LONGEST_NAME = 3


def hidden_titles(text: str, catalog: Catalog) -> list[tuple[int, int, int]]:
    """Titles in a text that rules keep out: where each begins and ends, and its row."""
    if catalog.hidden is None or not text:
        return []
    found: dict[tuple[int, int], int] = {}
    whole = Sentence(text, 0)  # "Faster, Pussycat! Kill! Kill!" is cut into several
    for sentence in (*sentences(text), whole):
        for words in (sentence.whole_words, sentence.words):
            for first, last, row in catalog.hidden_in([word.folded for word in words]):
                if sentence is whole and last - first == 1:
                    continue
                if _reads_as_title(words, first, last, sentence, catalog):
                    found[words[first].start, words[last - 1].end] = row
    longest = sorted(found, key=lambda span: (span[0], -span[1]))
    kept: list[tuple[int, int, int]] = []
    for begin, end in longest:
        if not kept or begin >= kept[-1][1]:
            kept.append((begin, end, found[begin, end]))
    return kept


def _reads_as_title(
    words: Sequence[Word], first: int, last: int, sentence: Sentence, catalog: Catalog
) -> bool:
    """Whether words that are a title stand there as one; ordinary prose may be one by chance."""
    part = words[first:last]
    begin, end = part[0].start - sentence.start, part[-1].end - sentence.start
    if _YEAR.match(sentence.text, end) or _SIGN.search(sentence.text[:begin]):
        return True
    if not (part[0].capital and part[-1].capital):
        return False
    if len(part) > 1:  # of a series, too, which has the title of its first part
        return not _is_value(part, catalog, (Role.PEOPLE,))
    if part[0].text.isdigit() or _is_value(part, catalog):
        return False
    if _within_a_name(words, first, catalog):
        return False
    ordinary = part[0].folded in lexicon().common or part[0].folded in lexicon().stop
    return first > 0 or not ordinary


def _is_value(part: Sequence[Word], catalog: Catalog, roles: Collection[Role] = WORD_ROLES) -> bool:
    """Whether the words are a value of the catalog: a kind, a person, a place."""
    text = " ".join(word.folded for word in part)
    columns = (c for c in catalog.schema.columns if c.role in roles)
    return any(catalog.words(column.name).resolve(text) is not None for column in columns)


def _within_a_name(words: Sequence[Word], at: int, catalog: Catalog) -> bool:
    """Whether a word is part of a longer value, as of somebody's name."""
    for length in range(2, _LONGEST_NAME + 1):
        for first in range(max(0, at - length + 1), at + 1):
            part = words[first : first + length]
            if len(part) == length and all(w.capital for w in part) and _is_value(part, catalog):
                return True
    return False


def scrubbed(value: Any, catalog: Catalog) -> Any:
    """Texts, and texts in lists and tables, without titles that rules keep out."""
    if catalog.hidden is None:
        return value
    if isinstance(value, str):
        for begin, end, row in reversed(hidden_titles(value, catalog)):
            value = value[:begin] + told_kept_out(catalog.ruled_by(row)) + value[end:]
        return value
    if isinstance(value, Mapping):
        return {key: _argument(one, catalog) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_argument(one, catalog) for one in value)
    return value


def _argument(value: Any, catalog: Catalog) -> Any:
    """The same of what stands alone: it names an item however it is written, and by its id."""
    if isinstance(value, str) and len(value) <= TITLE_CAP and (rule := catalog.names_hidden(value)):
        return told_kept_out(rule)
    return scrubbed(value, catalog)


def scrub_notes(bus: CandidateBus, catalog: Catalog, since: int = 0) -> None:
    """Take titles that rules keep out from what the funnel says of the stages from a number on."""
    for number in range(since, len(bus.stages) if catalog.hidden is not None else 0):
        stage = bus.stages[number]
        if (note := scrubbed(stage.note, catalog)) != stage.note:
            bus.stages[number] = replace(stage, note=note)


def struck(text: str, catalog: Catalog) -> tuple[str, list[str]]:
    """A model's text without the sentences that name what rules keep out, and why each went."""
    named = hidden_titles(text, catalog)
    if not named:
        return text, []
    kept, told = list[str](), list[str]()
    for sentence in sentences(text):
        inside = [row for begin, end, row in named if begin < sentence.end and end > sentence.start]
        if inside:
            rule = catalog.ruled_by(inside[0])
            told.append(
                f"struck a sentence of the model: the rule '{rule}' keeps out what it names"
            )
        else:
            kept.append(sentence.text)
    return " ".join(kept), told


def told_at_once(request: Request, said: str, context: ToolContext) -> Iterator[str]:
    """What is asked for that rules keep out, by name.

    Args:
        request: as the words were read.
        said: the person's words.
        context: of the turn.
    """
    catalog = context.catalog
    if catalog.hidden is None:
        return
    if names := rules_against(request.conditions, catalog):
        yield told_against(names, short_of(request.conditions, catalog))
    named = dict.fromkeys(
        (catalog.ruled_by(row), said[begin:end]) for begin, end, row in hidden_titles(said, catalog)
    )
    for rule, text in named:
        yield told_against([rule], f"'{text}'")
