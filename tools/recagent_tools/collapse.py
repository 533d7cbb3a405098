"""No more than n items of one series, or by one person, in a ranked list.

What a series is tells a column of the catalog (role group), where it has one; else the titles do:
"Toy Story 2", "Kill Bill: Vol. 1" and "The Godfather Part III" bear the name of the others with
something behind it; "Solo: A Star Wars Story" names it behind its colon. A remake bears the same
name too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Rows
from recagent_catalogs.schema import WORD_ROLES, Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold

SERIES = "series"
HEAD = 1_000
"""So many of the best are looked at: nobody sees more of a list."""
MOST_IN_A_SERIES = 25
"""More of the best than this bear no name of a series but titles that only differ by a number."""
MOST_ADDED = 2
"""Words that a sequel has behind the whole name of another item: "The Matrix Reloaded"."""
ALIKE = 0.5
"""Share of common kinds from which on it is believed to be one."""
MAX_SEQUEL = 30
ARTICLES = frozenset(("a", "an", "the"))
_COUNTED = frozenset(
    "ii iii iv v vi vii viii ix x xi xii xiii two three four five six seven eight nine ten eleven "
    "twelve thirteen".split()
)
_TELLING = frozenset("story stories movie film tale tales".split())
_Traits = tuple[frozenset[str], frozenset[str]]
_PARTS = frozenset(("part", "chapter", "episode", "volume", "vol", "book", "season"))
_BEHIND = re.compile(r":| [-–—] |\(")
_RAISED = re.compile("([¹²³⁴-⁹])")
_FIRST_OF_TWO = re.compile(r"^(\S+ \S+.*?)\s(?:and|&)\sthe\s", re.I)


def parse_limits(texts: Sequence[str], catalog: Catalog) -> dict[str, int]:
    """Read `column=n` texts: the column's name ("series" is the franchise), and how many.

    Raises:
        ToolError: no such column, a column without words, or no number from 1.
    """
    limits: dict[str, int] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not value.strip().isascii() or not value.strip().isdigit() or int(value) < 1:
            raise ToolError(f"{text!r} needs a number from 1", hint="series=1, directors=2")
        limits[_column_name(name, catalog)] = min(int(value), 1_000)
    return limits


def _column_name(name: str, catalog: Catalog) -> str:
    if fold(name) in (SERIES, "franchise"):
        return SERIES
    column = catalog.schema.find(name)
    if column is None or column.role not in WORD_ROLES:
        known = [c.name for c in catalog.schema.columns if c.role in WORD_ROLES]
        raise ToolError(
            f"at_most: no column of words {name.strip()!r}", hint=", ".join([SERIES, *known])
        )
    return column.name


def collapsed(
    rows: Rows, limits: Mapping[str, int], catalog: Catalog
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split a ranked list into what stays and what would be too many of a value.

    Args:
        rows: int32 [m], best first.
        limits: how many may share a value, by column, as `parse_limits` gives them.
        catalog: whose words and titles tell.

    Returns:
        Places in `rows`: of what stays, in order, with all behind the head; and of the others.
    """
    head = rows[:HEAD]
    keys = {name: _keys(name, head, catalog) for name in limits}
    counted: Counter[tuple[str, str]] = Counter()
    stays: list[int] = []
    surplus: list[int] = []
    for place in range(len(head)):
        own = [(name, key) for name in limits for key in keys[name][place]]
        if any(counted[key] >= limits[key[0]] for key in own):
            surplus.append(place)
            continue
        counted.update(own)
        stays.append(place)
    rest = np.arange(len(head), len(rows))
    return np.concatenate([np.array(stays, dtype=np.intp), rest]), np.array(surplus, dtype=np.intp)


def told_limits(
    limits: Mapping[str, int], catalog: Catalog, say: Callable[[int], str] = str
) -> str:
    """The limits for the funnel: "at most 1 of a series, 2 of one director"; `say` a number."""
    if not limits:
        return ""
    parts = []
    for name, most in limits.items():
        if name == SERIES:
            parts.append(f"{say(most)} of a series")
        else:
            column = catalog.schema.column(name)
            parts.append(f"{say(most)} of one {column.label or column.name.replace('_', ' ')}")
    return "at most " + ", ".join(parts)


def _keys(name: str, rows: Rows, catalog: Catalog) -> list[list[str]]:
    """The values that count against a limit, of each row; none where it has no value."""
    if name != SERIES:
        return _values(catalog.schema.column(name), rows, catalog)
    column = catalog.schema.one(Role.GROUP)
    named = _values(column, rows, catalog) if column else [[] for _ in rows]
    by_title = series_by_title(rows, catalog)
    return [own or ([key] if key else []) for own, key in zip(named, by_title, strict=True)]


def _values(column: Column, rows: Rows, catalog: Catalog) -> list[list[str]]:
    words = catalog.words(column.name)
    indptr, codes, _ = words.forward()
    return [[str(int(c)) for c in codes[indptr[row] : indptr[row + 1]]] for row in rows]


# -- series by title -----------------------------------------------------------------------------


def series_by_title(rows: Rows, catalog: Catalog) -> list[str]:
    """What names the series of each item, as its title tells; "" for one that stands alone."""
    titles = [item.title for item in catalog.items(rows.tolist())]
    names = [series_name(title) for title in titles]
    traits = _traits(rows, catalog)
    bearers: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        bearers.setdefault(name, []).append(place)
    for place, name in enumerate(names):
        words = name.split()
        for length in range(max(1, len(words) - MOST_ADDED), len(words)):
            shorter = " ".join(words[:length])
            others = bearers.get(shorter, ())
            if any(_alike(traits[place], traits[other]) for other in others):
                names[place] = shorter
                break
    _join_by_subtitle(names, titles, traits)
    counts = Counter(names)
    return [name if 1 < counts[name] <= MOST_IN_A_SERIES else "" for name in names]


def _join_by_subtitle(names: list[str], titles: Sequence[str], traits: Sequence[_Traits]) -> None:
    """What stands alone and names a series behind its colon joins it: "Solo: A Star Wars Story"."""
    bearers: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        bearers.setdefault(name, []).append(place)
    for place, name in enumerate(names):
        if len(bearers[name]) > 1 or not (behind := named_behind(titles[place])):
            continue
        others = bearers.get(behind, ())
        if len(others) < 2:
            continue
        if any(_alike(traits[place], traits[other]) for other in others):
            names[place] = behind


def named_behind(title: str) -> str:
    """The series that a title names behind its colon, as `series_name` has it; "" for none.

    "Solo: A Star Wars Story" → "star wars".
    """
    _, *behind = _BEHIND.split(title, maxsplit=1)
    words = [word for part in behind for word in fold(part).split()]
    kept = [word for word in words if word not in ARTICLES and word not in _TELLING]
    return series_name(" ".join(kept)) if kept else ""


def series_name(title: str) -> str:
    """What a title has in common with its sequels: "Toy Story 2", "Toy Story: ..." → "toy story".

    An article before a single word stays: "The Thing" is not "Thing".
    """
    before = _BEHIND.split(title, maxsplit=1)[0].strip() or title
    if match := _FIRST_OF_TWO.match(before):
        before = match[1]
    words = fold(_RAISED.sub(r" \1", before)).split()
    whole = list(words)
    while len(words) > 1 and _is_count(words[-1]):
        words.pop()
        while len(words) > 1 and words[-1] in _PARTS:
            words.pop()
    if words and words[0] in ARTICLES and len(words) < 2:
        words = whole
    if words and words[0] in ARTICLES and len(words) > 2:
        words = words[1:]
    if words and len(words[-1]) > 4 and words[-1].endswith("s"):  # Alien, Aliens
        words[-1] = words[-1].removesuffix("s")
    return " ".join(words) or fold(title)


def _is_count(word: str) -> bool:
    return word in _COUNTED or (word.isdigit() and 0 < int(word) <= MAX_SEQUEL)


def _traits(rows: Rows, catalog: Catalog) -> list[_Traits]:
    """Kinds and people of each item."""
    traits = []
    kinds = [_values(c, rows, catalog) for c in catalog.schema.with_role(Role.CATEGORIES)]
    people = [
        [[f"{c.name} {value}" for value in own] for own in _values(c, rows, catalog)]
        for c in catalog.schema.with_role(Role.PEOPLE)
    ]
    for place in range(len(rows)):
        own_kinds = frozenset(value for column in kinds for value in column[place])
        traits.append((own_kinds, frozenset(v for column in people for v in column[place])))
    return traits


def _alike(one: _Traits, other: _Traits) -> bool:
    """Whether two items whose names begin alike may be of one series: shared people or kinds."""
    if one[1] & other[1]:
        return True
    union = one[0] | other[0]
    return bool(union) and len(one[0] & other[0]) / len(union) >= ALIKE
