"""What a row of somebody's history says: of which item, and what of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Cells = Mapping[str, str]
"""The cells of a row that are not empty, by the bare name of their column ("yourrating")."""

MEANINGS = ("seen", "wanted", "liked", "disliked", "imported")
"""What a row without a verdict may mean; `imported` is "in the history", without more."""


@dataclass(frozen=True)
class Said:
    """One thing that a row says of an item.

    Attributes:
        kind: rated, seen, wanted, liked, disliked, imported; or played, for minutes of play.
        value: points on the scale of the file, or minutes; else None.
        time: seconds since 1970 (UTC); 0 where the row has no date.
    """

    kind: str
    value: float | None = None
    time: float = 0.0


@dataclass(frozen=True)
class Entry:
    """One row: what tells the item, and what is said of it.

    Attributes:
        title: as the file has it; "" where there are only ids.
        others: other titles: the original one.
        year: of release, or None.
        people: makers, as the file writes them.
        ids: by the site that they are of: {"imdb": "tt0000001"}; "own" is the catalog's own.
        form: what it is, where it may be of another kind than the catalog's items: "game",
            "episode", "season"; else "".
        loose_year: whether the year may be another than the catalog's (of an edition).
        said: what the row says; nothing for rows that are only counted.
    """

    title: str = ""
    others: tuple[str, ...] = ()
    year: int | None = None
    people: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    form: str = ""
    loose_year: bool = False
    said: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Given:
    """What the person said about the file on the command line; "" and 0 for nothing.

    Attributes:
        title, year, rating, date, people, id: names of columns.
        scale: the highest rating that can be given.
        means: what a row without a verdict means, one of `MEANINGS`.
        user: whose rows, in a file of several people.
    """

    title: str = ""
    year: str = ""
    rating: str = ""
    date: str = ""
    people: str = ""
    id: str = ""
    scale: float = 0.0
    means: str = ""
    user: str = ""

    @property
    def columns(self) -> bool:
        """Whether columns were named, so that the file is read as a plain table."""
        named = (self.title, self.year, self.rating, self.date, self.people, self.id)
        return any(named)


@dataclass(frozen=True)
class Shape:
    """What a family recognises its files by.

    Attributes:
        name: how the file is called in messages.
        inside: its path within the export, lower case: "likes/films.csv".
        columns: their bare names.
        titles: the columns as the file writes them, by bare name.
        companions: bare names of columns of the other files of the export, by their path.
    """

    name: str
    inside: str
    columns: frozenset[str]
    titles: Mapping[str, str]
    companions: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The file's name without folders and ending: "ratings"."""
        return self.inside.rsplit("/", 1)[-1].split(".", 1)[0]


class WrongCell(ValueError):
    """A cell that cannot be read; the caller knows file and line.

    Attributes:
        column: the bare name of its column.
        hint: what to do.
    """

    def __init__(self, column: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.column, self.hint = column, hint


@dataclass(frozen=True)
class Reader:
    """How the rows of one file are read.

    Attributes:
        family: "Letterboxd"; "table" for any other.
        read: the row's cells to an entry; None for a row that says nothing.
        scale: the highest rating that can be given; 0 where only the ratings tell.
        rank: files of higher rank are read later: of equal dates the last one holds.
        left_out: why the file is left out as a whole; "" if it is read.
        user: column of the users, where rows are of several people.
        about: what it has, as catalogs call it ("film", "movie"); nothing for any other.
        notes: what to tell of how the file was read.
    """

    family: str
    read: Callable[[Cells], Entry | None]
    scale: float = 0.0
    rank: int = 0
    left_out: str = ""
    user: str = ""
    notes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


class Family(Protocol):
    """A site whose exports are known."""

    def __call__(self, shape: Shape, given: Given) -> Reader | None:
        """The reader of a file of this family; None where it is none."""


def skipped(family: str, why: str) -> Reader:
    """The reader of a file that is left out."""
    return Reader(family, lambda cells: None, left_out=why)


def meaning_of(shape: Shape, given: Given) -> str:
    """What rows without a verdict mean: as the person said, or as the file's name says; else ""."""
    if given.means:
        return given.means
    joined = "-".join(re.split(r"[^a-z]+", shape.inside.rsplit(".", 1)[0]))
    for kind, words in _NAMES:
        # "likes" begins with "like", but "spreadsheet" has no word that begins with "read".
        if any(f"-{word}" in f"-{joined}" for word in words):
            return kind
    return ""


_NAMES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("wanted", ("watchlist", "wishlist", "wish-list", "to-read", "toread", "backlog", "want")),
    ("disliked", ("dislike", "hated")),
    ("liked", ("like", "love", "favorite", "favourite")),
    ("seen", ("watched", "seen", "history", "diary", "read", "played", "finished", "check-in",
              "checkin")),
)  # fmt: skip
