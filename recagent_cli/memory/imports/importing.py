"""From a history to facts: the files are read, matched, put on the catalog's scale, written."""

from __future__ import annotations

import contextlib
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.errors import BadInput
from recagent_catalogs.formats.roles import bare
from recagent_catalogs.locks import locked
from recagent_catalogs.schema import CatalogSchema, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold

from ...paths import make_dir
from ..backups import back_up
from ..event_rows import StoredEvent
from ..store import UserStore
from ..tastes import SAYS, in_time
from .anytable import any_table
from .books import goodreads
from .companions import with_companions
from .entries import Family, Given, Reader, Shape
from .films import imdb, letterboxd, trakt
from .games import steam
from .gathering import FileRead, Gathering, Told, missed
from .matching import Matcher
from .movielens import movielens
from .sources import Source
from .tables import HistoryTable, open_table

FAMILIES: tuple[Family, ...] = (letterboxd, imdb, trakt, goodreads, steam, movielens)
LIKED_FROM, DISLIKED_TO = 0.7, 0.4
"""Shares of the highest rating, for catalogs whose ratings are no scale."""
FEWEST_PLAYED, LEAST_MINUTES = 5, 120.0
"""A game counts as liked from the person's median time of play on, where so many were played, and
two hours at least: the time within which most shops take a game back."""
_FEWEST_VALUES = 3

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Fact:
    """One fact about an item, as it is to be written.

    Attributes:
        row: the item.
        kind: of the event.
        value: points on the catalog's scale; else None.
        time: seconds since 1970; 0 where the history has no date.
        source: the file.
    """

    row: int
    kind: str
    value: float | None
    time: float
    source: str


@dataclass
class History:
    """A history that was read whole, and is not yet written.

    Attributes:
        catalog: that it was matched to.
        gathered: what the files say.
        scale: lowest and highest rating of the catalog; None where it has no ratings on a scale.
    """

    catalog: Catalog
    gathered: Gathering
    scale: tuple[float, float] | None

    def accept(self, key: object, row: int) -> None:
        """Take a doubtful title for an item."""
        unsure = self.gathered.doubtful.pop(key)
        self.gathered.accept(row, unsure.told)
        how = f"{unsure.match.how}, taken by you"
        self.gathered.how[row] = (how, missed(unsure.entry, unsure.file, unsure.line))

    @property
    def items(self) -> int:
        """How many items of the catalog something is said of."""
        return len({row for row, _ in self.gathered.told})

    def facts(self) -> list[Fact]:
        """What is to be written, the oldest first; a verdict says that the item was seen, too."""
        found: dict[tuple[int, str], Fact] = {}
        for (row, _), told in self.gathered.told.items():
            fact = self._fact(row, told)
            held = found.get((row, fact.kind))
            if held is None or fact.time >= held.time:
                found[row, fact.kind] = fact
        judged = {row for row, kind in found if kind in ("rated", "liked", "disliked")}
        seen = judged | {row for row, kind in found if kind == "seen"}
        kept = [
            fact
            for fact in found.values()
            if not (fact.kind == "seen" and fact.row in judged)
            and not (fact.kind == "imported" and fact.row in seen)
        ]
        return sorted(kept, key=lambda fact: (fact.time, fact.row, fact.kind))

    def _fact(self, row: int, told: Told) -> Fact:
        file = self.gathered.files[told.file]
        said = told.said
        kind, value = said.kind, None
        if said.kind == "played":
            kind = self._played(said.value or 0.0)
        elif said.kind == "rated":
            share = min((said.value or 0.0) / scale_of_file(file), 1.0)
            kind, value = self._rated(share)
        return Fact(row, kind, value, said.time, file.short)

    def _played(self, minutes: float) -> str:
        """What time of play says: liked from the person's own median on; unplayed says nothing."""
        if minutes <= 0:
            return "imported"
        played = self.gathered.minutes
        enough = len(played) >= FEWEST_PLAYED
        liked = enough and minutes >= max(self.median_minutes, LEAST_MINUTES)
        return "liked" if liked else "seen"

    @property
    def median_minutes(self) -> float:
        """Of the games that were played at all."""
        minutes = self.gathered.minutes
        if "_median" not in self.__dict__ and minutes:
            self.__dict__["_median"] = statistics.median(minutes)
        return float(self.__dict__.get("_median", 0.0))

    def _rated(self, share: float) -> tuple[str, float | None]:
        if self.scale is not None:
            low, high = self.scale
            return "rated", round(max(low, share * high), 2)
        if share >= LIKED_FROM:
            return "liked", None
        return ("disliked", None) if share <= DISLIKED_TO else ("seen", None)


@dataclass(frozen=True)
class Written:
    """What came of an import.

    Attributes:
        batch: by which all of it is taken back; "" where nothing was new.
        new: facts by kind.
        known: facts that were there already.
    """

    batch: str
    new: Counter[str]
    known: int


def read_history(
    sources: Sequence[Source],
    catalog: Catalog,
    given: Given,
    *,
    place: str = "",
    progress: Progress = lambda text, share: None,
) -> History:
    """Read the files of a history whole, and match them to the catalog.

    Args:
        sources: the files, as `sources.opened` gives them.
        catalog: that its items are looked for in.
        given: what the person said of its columns.
        place: how the whole is called in messages.
        progress: told of the rows that were read.

    Raises:
        BadInput: a file that is broken, not known or too large; with the line.
    """
    gathered = Gathering(Matcher(catalog))
    plans = _plans(sources, catalog, given)
    total = max(sum(table.length for _, table, reader in plans if not reader.left_out), 1)

    def told(rows: int) -> None:
        progress(f"reading your history: {rows:,} rows", min(rows / total, 1.0))

    for source, table, reader in plans:
        if reader.left_out:
            file = FileRead(source.name, source.short, reader.family, table.length)
            file.left_out = reader.left_out
            gathered.files.append(file)
        else:
            gathered.read(source, table, reader, given.user, told)
    _require_use(gathered, place)
    return History(catalog, gathered, rating_scale(catalog))


def _plans(
    sources: Sequence[Source], catalog: Catalog, given: Given
) -> list[tuple[Source, HistoryTable, Reader]]:
    """How each file is read, in the order in which they are."""
    tables = [(source, open_table(source)) for source in sources]
    ids = catalog.schema.one(Role.ID)
    own_id = bare(ids.name) if ids else ""
    plans = []
    for source, table in tables:
        beside = {other.inside: held.columns for other, held in tables if other is not source}
        shape = Shape(source.name, source.inside, table.columns, table.titles, beside)
        reader = _reader(shape, table, given, own_id, alone=len(tables) == 1)
        if reader.family == "MovieLens" and not reader.left_out:
            reader = with_companions(reader, source, sources)
        plans.append((source, table, reader))
    return sorted(plans, key=lambda plan: plan[2].rank)


def _reader(shape: Shape, table: HistoryTable, given: Given, own_id: str, *, alone: bool) -> Reader:
    if not given.columns:
        for family in FAMILIES:
            reader = family(shape, given)
            if reader is not None:
                return reader
    try:
        return any_table(shape, given, own_id)
    except BadInput:
        if alone:
            raise
        return Reader("table", lambda cells: None, left_out="no column of titles or ids")


def _require_use(gathered: Gathering, place: str) -> None:
    """End where no file could be used, or no row says anything."""
    read = [file for file in gathered.files if not file.left_out]
    if not read:
        why = "; ".join(dict.fromkeys(f"{f.short}: {f.left_out}" for f in gathered.files))
        raise BadInput(f"nothing to import ({why[:300]})", path=place)
    if not any(file.rows for file in read):
        raise BadInput("no rows", path=place)


def elsewhere(history: History) -> tuple[str, str] | None:
    """The family of a file that is about other things than the catalog, and what they are.

    None where all may be about the same. Titles without years are found by accident among other
    things: "Braid" is a game, and may be a film.
    """
    mine = nouns(history.catalog.schema)
    for file in history.gathered.files:
        if file.about and not mine & set(file.about):
            return file.family, file.about[0]
    return None


def nouns(schema: CatalogSchema) -> frozenset[str]:
    """What a catalog calls its items, folded."""
    return frozenset(fold(word) for word in (schema.item, schema.items, *schema.aliases))


def scale_of_file(file: FileRead) -> float:
    """The highest rating that can be given, guessed from the highest one where nobody said."""
    if file.scale:
        return file.scale
    return next(
        (scale for scale in (1.0, 5.0, 10.0, 20.0, 100.0) if file.highest <= scale), file.highest
    )


def rating_scale(catalog: Catalog) -> tuple[float, float] | None:
    """Lowest and highest rating of the catalog's people; None where they gave none on a scale."""
    taken = catalog.interactions
    if taken is None or taken.value is None or not taken.explicit or catalog.verdicts:
        return None
    if not any(
        len(np.unique(part)) >= _FEWEST_VALUES for part in (taken.value[:10_000], taken.value)
    ):
        return None
    return float(taken.value.min()), float(taken.value.max())


def write(history: History, store: UserStore, profile: str, *, dry_run: bool = False) -> Written:
    """Write the facts that are not there yet, all of them in one transaction.

    Args:
        history: as it was read, doubtful titles accepted or not.
        store: where to.
        profile: whose it is.
        dry_run: only tell what would be written.

    Raises:
        RecagentError: the store cannot be written.
    """
    catalog = history.catalog
    facts = history.facts()
    name = catalog.path.name
    ids = dict(zip(rows, catalog.ids(rows), strict=True)) if (rows := _rows(facts)) else {}
    batch = new_batch()
    with alone(store, dry_run):
        stored = [event for event in store.events(profile, name) if not event.column]
        known, last = {(e.item, e.kind, e.value) for e in stored}, _last_words(stored)
        new = [
            StoredEvent(
                profile, name, fact.kind, ids[fact.row], value=fact.value, source=fact.source,
                time=fact.time, batch=batch,
            )
            for fact in facts
            if (ids[fact.row], fact.kind, fact.value) not in known
            or _changes(fact, last.get((ids[fact.row], fact.kind == "wanted")))
        ]  # fmt: skip
        if new and not dry_run:
            back_up(store)
            store.commit(events=new)
    counted = Counter(event.kind for event in new)
    return Written(batch if new and not dry_run else "", counted, len(facts) - len(new))


def _last_words(stored: Sequence[StoredEvent]) -> dict[tuple[str, bool], StoredEvent]:
    """The verdict that holds on an item, or (with True) whether it is on the watchlist."""
    words = (*SAYS, "rated", "set", "wanted")
    ordered = in_time((event for event in stored if event.kind in words), time.time())
    return {(event.item, event.kind == "wanted"): event for event in ordered}


def _changes(fact: Fact, last: StoredEvent | None) -> bool:
    """Whether a fact that was there before, in these words, came back since the last word."""
    if last is None or fact.time <= last.time or fact.kind in ("seen", "imported"):
        return False
    if fact.kind == "wanted":
        return last.value == 0
    return (fact.kind, fact.value) != (last.kind, last.value)


@contextlib.contextmanager
def alone(store: UserStore, dry_run: bool) -> Iterator[None]:
    """Two imports at once: the second one waits, and finds what the first one wrote."""
    if dry_run:
        yield
        return
    with locked(make_dir(store.path.parent, private=True) / "import.lock"):
        yield


def new_batch() -> str:
    """A name for what comes together: the day, and six hex digits."""
    return f"{time.strftime('%Y%m%d')}-{secrets.token_hex(3)}"


def _rows(facts: Sequence[Fact]) -> list[int]:
    return list(dict.fromkeys(fact.row for fact in facts))
