"""Adds the rows of a history up: what is said of each item, what is doubtful, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean

from .entries import Entry, Reader, Said, WrongCell
from .matching import FUZZY_UP_TO, Match, Matcher
from .sources import Source
from .tables import HistoryTable, plainly_told

MAX_ROWS = 1_000_000
MAX_DOUBTFUL = 5_000
"""Doubtful titles kept to be asked; more are counted as missing."""
MAX_MISSING = 100_000
"""Missing titles named in the report; more are only counted."""
_EVERY = 500

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Told:
    """What one file said of one item, on the file's own scale."""

    said: Said
    file: int


@dataclass
class Unsure:
    """A title that may mean several items, or none, and what was said of it."""

    entry: Entry
    match: Match
    file: int
    line: int
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class Missed:
    """A title that the catalog does not have."""

    title: str
    year: int | None
    file: int
    line: int
    how: str = ""


@dataclass
class FileRead:
    """One file of the history as it was read.

    Attributes:
        name, short: for messages; for facts.
        family: of its format.
        rows: it has; `used` say something.
        left_out: why it was not read; "" if it was.
        scale: highest rating that can be given; 0 while only the ratings tell.
        highest: the highest rating in it.
        notes: how it was read.
        about: what files of its family have.
    """

    name: str
    short: str
    family: str
    rows: int = 0
    used: int = 0
    left_out: str = ""
    scale: float = 0.0
    highest: float = 0.0
    notes: list[str] = field(default_factory=list)
    about: tuple[str, ...] = ()


@dataclass
class Gathering:
    """All that the files say, by item.

    Attributes:
        matcher: finds the items.
        files: as they were read.
        told: by row and kind, the latest word.
        how: by row, why it was taken.
        minutes: of play, of every game that was played, in the catalog or not.
        doubtful, missing: by the matcher's key.
        more_missing: those that are not kept by name.
        kinds: rows of things that the catalog has none of: episodes, games of films.
        by_id, of_ids: rows known by a number alone, and how many of those the catalog has.
    """

    matcher: Matcher
    files: list[FileRead] = field(default_factory=list)
    told: dict[tuple[int, str], Told] = field(default_factory=dict)
    how: dict[int, tuple[str, Missed]] = field(default_factory=dict)
    minutes: list[float] = field(default_factory=list)
    doubtful: dict[object, Unsure] = field(default_factory=dict)
    missing: dict[object, Missed] = field(default_factory=dict)
    more_missing: set[int] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    by_id: int = 0
    of_ids: int = 0
    _rows: int = 0

    def read(
        self, source: Source, table: HistoryTable, reader: Reader, user: str, progress: Progress
    ) -> None:
        """Read all rows of a file.

        Args:
            source: the file.
            table: its rows.
            reader: what they mean.
            user: whose rows; "" for a file of one person.
            progress: told how many rows were read.

        Raises:
            BadInput: a row cannot be read, rows of several people, too many rows.
        """
        file = FileRead(source.name, source.short, reader.family, scale=reader.scale)
        file.about = reader.about
        file.notes.extend((*reader.notes, *table.warnings))
        self.files.append(file)
        number = len(self.files) - 1
        for line, entry in self._entries(file, table, reader, user, progress):
            if not entry.said:
                continue
            file.used += 1
            self._take(entry, number, line)
        if user and not file.used and file.rows:
            raise BadInput(f"no rows of the user {clean(user, 60)!r}", path=source.name)
        self._check_ids(source)

    def _entries(
        self, file: FileRead, table: HistoryTable, reader: Reader, user: str, progress: Progress
    ) -> Iterator[tuple[int, Entry]]:
        whose = user
        with plainly_told():
            for line, cells in table.rows():
                file.rows += 1
                self._rows += 1
                if self._rows % _EVERY == 0:
                    progress(self._rows)
                if self._rows > MAX_ROWS:
                    raise BadInput(
                        f"more than {MAX_ROWS:,} rows", path=file.name, line=line,
                        hint="is it one person's history? nothing was imported",
                    )  # fmt: skip
                if reader.user:
                    who = cells.get(reader.user, "").strip()
                    if user and who != user:
                        continue
                    whose = whose or who
                    if who != whose:
                        raise _several(file, line, whose, who)
                try:
                    entry = reader.read(cells)
                except WrongCell as error:
                    raise _wrong(error, file, line, table) from None
                if entry is not None:
                    yield line, entry

    def _take(self, entry: Entry, file: int, line: int) -> None:
        key = self.matcher.key(entry)
        match = self.matcher.match(entry, key)
        told = [Told(said, file) for said in entry.said]
        for each in told:
            if each.said.kind == "rated" and each.said.value is not None:
                read = self.files[file]
                read.highest = max(read.highest, each.said.value)
            elif each.said.kind == "played" and each.said.value:
                self.minutes.append(each.said.value)
        if not entry.title and entry.ids:
            self.of_ids += 1
            self.by_id += match.row is not None
        if entry.form and match.how and not match.rows:
            self.kinds[entry.form] += 1
        elif match.row is not None:
            self.accept(match.row, told)
            self.how.setdefault(match.row, (match.how, missed(entry, file, line)))
        elif match.outcome == "doubtful" and (
            key in self.doubtful or len(self.doubtful) < MAX_DOUBTFUL
        ):
            unsure = self.doubtful.setdefault(key, Unsure(entry, match, file, line))
            unsure.told.extend(told[: 8 - len(unsure.told)])
        elif key not in self.missing:
            if len(self.missing) < MAX_MISSING:
                self.missing[key] = missed(entry, file, line, match.how)
            else:
                self.more_missing.add(hash(key))

    def accept(self, row: int, told: Sequence[Told]) -> None:
        """Count what was said for an item; of one kind the latest word holds."""
        for each in told:
            held = self.told.get((row, each.said.kind))
            if held is None or each.said.time >= held.said.time:
                self.told[row, each.said.kind] = each

    def _check_ids(self, source: Source) -> None:
        """Numbers of another site are found by accident: then nothing is believed."""
        if self.of_ids and self.by_id * 2 < self.of_ids:
            raise BadInput(
                f"rows without titles, and only {self.by_id:,} of {self.of_ids:,} ids are ids of "
                "this catalog",
                path=source.name,
                hint="choose the catalog with -c, put movies.csv beside it, or name the column of "
                "the ids with --id, of the titles with --title",
            )

    @property
    def rows(self) -> int:
        """Rows read."""
        return self._rows

    @property
    def n_missing(self) -> int:
        """Different titles that the catalog does not have."""
        return len(self.missing) + len(self.more_missing)

    @property
    def only_exact(self) -> bool:
        """Whether there were so many titles that the last ones were looked for only exactly."""
        return self.matcher.searched >= FUZZY_UP_TO


def missed(entry: Entry, file: int, line: int, how: str = "") -> Missed:
    """How a title is told of in the report."""
    told = entry.title or next(iter(entry.ids.values()), "")
    return Missed(clean(told, 200), entry.year, file, line, how)


def _several(file: FileRead, line: int, first: str, other: str) -> BadInput:
    return BadInput(
        f"rows of several people ({clean(first, 40)!r}, {clean(other, 40)!r}, …)",
        path=file.name, line=line, hint="name the one who is you: --user ID",
    )  # fmt: skip


def _wrong(error: WrongCell, file: FileRead, line: int, table: HistoryTable) -> BadInput:
    column = table.titles.get(error.column, error.column)
    hint = error.hint or "mend or remove that line and try again; nothing was imported"
    return BadInput(f"column {column}: {error}", path=file.name, line=line, hint=hint)
