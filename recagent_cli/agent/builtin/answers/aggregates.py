"""Questions on the catalog that want values or a mean: "list the genres", "average length"."""

from __future__ import annotations

import re

from recagent_catalogs.schema import WORD_ROLES, Column, Role
from recagent_catalogs.text import fold

from ...request import Question
from ..words.lexicon import key_of, singular
from ..words.vocabulary import Vocabulary

RATING = "rating"
"""Stands for what people gave, in questions; no catalog needs a column of that name."""
_POLITE = r"(?:and|so|ok|okay|hi|hello|hey|well|but|please|can you|could you|would you) "
_LEAD = rf"^(?:{_POLITE})*"
_LIST = re.compile(
    _LEAD + r"(?:list|show(?: me)?|name|tell me|give me|what|which|whats)(?: are| is)?(?: all)?"
    r"(?: of)?(?: (?:the|your|available|different|possible|various))* (?P<rest>.+)$"
)
_KINDS = frozenset(("kinds", "types", "sorts", "categories"))
_AFTER = frozenset(
    "do did have has are there you got exist available is here can could i we choose pick from in "
    "the this your catalog catalogue collection database know offer of all please search by".split()
)
_MEAN = re.compile(
    _LEAD + r"(?:(?:what|whats|tell me|give me|show me|find)(?: is| was| are)? )?(?:the |an )?"
    r"(?:average|mean|median|typical) (?P<what>.+)$"
)
_HOW = re.compile(r"\bhow (?P<what>\w+) (?:is|are|was|were) .+ (?:on average|usually|typically)$")
_RATED = frozenset(("rating", "ratings", "score", "scores", "rated", "stars"))


def catalog_question(words: str, vocabulary: Vocabulary) -> Question | None:
    """A question for the values of a column, or for a mean; None where none is asked."""
    if (match := _LIST.match(words)) and (column := _listed(match["rest"], vocabulary)):
        return Question("list", column.name)
    if (match := _MEAN.match(words)) and (name := _measured(match["what"], vocabulary)):
        return Question("average", name)
    if (match := _HOW.search(words)) and (name := _gradable(match["what"], vocabulary)):
        return Question("average", name)
    return None


def _listed(rest: str, vocabulary: Vocabulary) -> Column | None:
    """The column of words whose values are asked for, if nothing else is said."""
    said = rest.split()
    if said[0] in _KINDS and said[1:2] == ["of"] and set(said[2:]) <= vocabulary.items | _AFTER:
        return vocabulary.schema.one(Role.CATEGORIES)
    for size in (2, 1):
        name = " ".join(said[:size])
        column = vocabulary.columns.get(key_of(name))
        plural = singular(said[size - 1]) != said[size - 1] if len(said) >= size else False
        if (
            column is not None
            and plural
            and column.role in WORD_ROLES
            and set(said[size:]) <= vocabulary.items | _AFTER
        ):
            return column
    return None


def _measured(what: str, vocabulary: Vocabulary) -> str:
    """The column of numbers that a mean is asked of; "" where the words name none."""
    said = what.split()
    for size in (2, 1):
        column = vocabulary.columns.get(key_of(" ".join(said[:size])))
        following = said[size : size + 1]
        if (
            column is not None
            and column.role in (Role.NUMBER, Role.YEAR)
            and (not following or following[0] in ("of", "for", "in", "by", "per"))
        ):
            return column.name
    asked = said[0] in _RATED and said[1:2] in ([], ["of"], ["for"], ["in"])
    return RATING if asked else ""


def _gradable(word: str, vocabulary: Vocabulary) -> str:
    """The column of numbers that an adjective measures: "long", "expensive"."""
    for column in vocabulary.schema.with_role(Role.NUMBER):
        if word in {fold(said) for said in (*column.low, *column.high)}:
            return column.name
    return RATING if word in ("rated", "good", "popular") else ""
