"""How many items may share a value: "no more than two by the same director", "one per series".

Such a phrase says nothing of what is wanted: it is taken out of the text before the rest is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from recagent_catalogs.schema import WORD_ROLES, CatalogSchema, Role
from recagent_tools.collapse import SERIES

_NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
}
_SERIES_NOUNS = ("franchise", "franchises", "series", "saga", "sagas")
_MAKERS = ("creator", "creators", "maker", "makers", "person", "people")
_STRANGE = tuple(
    f"{noun}{end}"
    for noun in "director author artist actor developer publisher studio writer band".split()
    for end in ("", "s")
)
"""Nouns that some catalog has a column for; where this one has none, it is said."""
_N = r"(?P<n>\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)"
_MOST = r"(?:no more than|not more than|at (?:the )?most|max(?:imum)?(?: of)?|up to|only|just)"
_MANY = (
    r"(?:all|everything|every one|several|many|multiple|too many|so many|more than one|\d+|two|"
    r"three|four|five|six|ten)"
)
_NOT = r"(?:not|dont give me|don't give me|don't want|dont want|no)"
_OF = r"(?:from|by|of|in|with|out of)"
_SAME = r"(?:the same|the very same|one|a single|any one|any single|one single)"
_EACH = r"(?:per|(?:from|by|of|for) (?:each|every|any))"
_LEAD = r"(?:^|(?<=[\s,;.:!?(]))(?:(?:and|but|with|please|also|just)\s+)*"


@dataclass(frozen=True)
class Shares:
    """What a text says of it.

    Attributes:
        at_most: number of items by column.
        rest: the text without the phrases.
        unknown: nouns that this catalog has no column for.
    """

    at_most: Mapping[str, int]
    rest: str
    unknown: tuple[str, ...] = ()


@dataclass
class _Taking:
    at_most: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def read_shares(text: str, schema: CatalogSchema) -> Shares:
    """Find the phrases and take them out; a text without any comes back as it is."""
    if not re.search(r"\b(?:same|one|per|each|every|any|single|different)\b", text, re.I):
        return Shares({}, text)
    nouns = _nouns(schema)
    noun = "(?P<noun>" + "|".join(sorted(map(re.escape, nouns), key=len, reverse=True)) + r")\b"
    items = {schema.item, schema.items, *schema.aliases, "item", "items", "one", "ones", "thing"}
    named = "|".join(sorted(map(re.escape, items), key=len, reverse=True))
    middle = rf"(?:\s+(?:{named}|of them))?"
    people = {SERIES, *(c.name for c in schema.with_role(Role.PEOPLE)), ""}
    differing = "|".join(re.escape(word) for word, column in nouns.items() if column in people)
    patterns = (
        rf"{_MOST}\s+{_N}{middle}\s+(?:{_OF}\s+{_SAME}|{_EACH})\s+{noun}",
        rf"{_N}{middle}\s+(?:{_EACH}|for each)\s+{noun}",
        rf"{_NOT}\s+{_MANY}{middle}\s+{_OF}\s+{_SAME}\s+{noun}",
        rf"(?:(?:all|each)\s+)?(?:(?:from|by|of|with)\s+)?different\s+(?P<noun>{differing})\b",
    )
    taking = _Taking()
    for pattern in patterns:

        def take(match: re.Match[str]) -> str:
            number = match.groupdict().get("n") or "one"
            most = _NUMBERS.get(number.lower()) or int(number)
            word = match["noun"].lower()
            if column := nouns[word]:
                taking.at_most[column] = max(1, most)
            else:
                taking.unknown.append(word)
            return ","

        text = re.sub(_LEAD + pattern, take, text, flags=re.I)
    if not taking.at_most and not taking.unknown:
        return Shares({}, text)
    rest = re.sub(r"(?:\s*[,;]\s*)+", ", ", text).strip(" ,;.")
    return Shares(taking.at_most, rest, tuple(taking.unknown))


def _nouns(schema: CatalogSchema) -> dict[str, str]:
    """The column that a noun means; "" where the catalog has none."""
    nouns = dict.fromkeys(_STRANGE, "")
    people = schema.with_role(Role.PEOPLE)
    nouns |= dict.fromkeys(_MAKERS, people[0].name if people else "")
    for column in schema.columns:
        if column.role not in WORD_ROLES:
            continue
        for word in (column.name.replace("_", " "), column.label, *column.aliases):
            if word:
                nouns |= {word.lower(): column.name, f"{word.lower()}s": column.name}
    return nouns | dict.fromkeys(_SERIES_NOUNS, SERIES)
