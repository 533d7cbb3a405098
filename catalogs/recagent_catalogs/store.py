"""A catalog on disk, opened read-only.

One directory a catalog: `catalog.toml` (schema), `catalog.duckdb` (tables for SQL), `search.sqlite`
(items by row, titles, full text), `arrays/` (numbers, words, interactions; memory-mapped, by row
number = position in the items table), `report.json`. Opening reads two small files; everything else
waits until it is asked for, and nothing but `connect` needs DuckDB.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import arrays, search, sums
from .errors import BadInput, NotFound
from .interactions import Floats, Interactions, Rows
from .schema import NUMBER_ROLES, WORD_ROLES, CatalogSchema, Role, Vocabulary, load_schema
from .text import TITLE_CAP, clean, fold
from .title_index import TitleIndex
from .words import WordColumn

if TYPE_CHECKING:
    import duckdb

    from .ruled import Ruled

FORMAT = 1
_LOCKED = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}
"""A catalog may come from a stranger, views and all: no file, extension or variable is reached."""
"""Version of the directory's layout; a catalog of another version is added again."""


@dataclass(frozen=True)
class Item:
    """One item as it is shown.

    Attributes:
        row: row number in the catalog.
        id: the catalog's own id.
        title: cleaned for the terminal.
        year: or None.
        columns: the schema's `shown` columns in order; lists as list[str], numbers as float,
            missing values as None (empty lists for list columns).
    """

    row: int
    id: str
    title: str
    year: int | None
    columns: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The title with its year: "Alien (1979)"."""
        return self.title if self.year is None else f"{self.title} ({self.year})"


class Catalog:
    """Items, their words and numbers, and who took what. Open one with `Catalog.open`.

    Attributes:
        path: the directory.
        schema: what the columns mean.
        n_items: number of items.
        n_users: number of users with interactions.
        fingerprint: 16 hex digits over the data; models and sessions name it.
        rules: what keeps items out for whoever looks now; of a `RuledCatalog` only.
        hidden: bool [n_items], true for what they keep out; None where nothing is.
    """

    rules: tuple[Ruled, ...] = ()
    hidden: NDArray[np.bool_] | None = None

    def __init__(self, path: Path, schema: CatalogSchema, meta: dict[str, Any]) -> None:
        self.path = path
        self.schema = schema
        self.n_items = int(meta["n_items"])
        self.n_users = int(meta["n_users"])
        self.fingerprint = str(meta["fingerprint"])
        self._meta = meta
        self._arrays = path / "arrays"
        self._words: dict[str, WordColumn] = {}
        self._numbers: dict[str, Floats] = {}

    @classmethod
    def open(cls, directory: Path, *, proved: bool = True) -> Catalog:
        """Open a catalog's directory.

        Args:
            directory: its path.
            proved: whether files that changed since they were proved are held against their sums.

        Raises:
            NotFound: there is no catalog.
            BadInput: it is damaged, or of another version.
        """
        directory = Path(directory)
        meta_path = directory / "arrays" / "meta.json"
        if not (directory / "catalog.toml").is_file():
            raise NotFound(f"no catalog at {directory}", hint="recagent catalog list")
        try:
            meta = json.loads(meta_path.read_text(encoding="utf-8"))
            version, _ = meta["format"], (meta["n_items"], meta["n_users"], meta["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise arrays.damaged(meta_path) from error
        if version != FORMAT:
            raise BadInput(
                f"catalog of layout {version}, this program reads {FORMAT}",
                path=directory,
                hint="add the catalog again from its source files",
            )
        if proved:
            sums.check(directory)
        return cls(directory, load_schema(directory / "catalog.toml"), meta)

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self.schema.name

    @cached_property
    def report(self) -> dict[str, Any]:
        """The data report of the ingest: the body of `recagent.report/1`."""
        path = self.path / "report.json"
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise arrays.damaged(path) from error
        return dict(body)

    # --- items -----------------------------------------------------------------------------------

    @cached_property
    def _sqlite(self) -> sqlite3.Connection:
        path = self.path / "search.sqlite"
        if not path.is_file():
            raise arrays.damaged(path)
        # immutable: no lock files, so a catalog in a read-only directory opens too.
        uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
        return sqlite3.connect(uri, uri=True, check_same_thread=False)

    def items(self, rows: Sequence[int]) -> list[Item]:
        """The items of these rows, in that order.

        Raises:
            IndexError: a row outside the catalog.
        """
        wanted = [int(row) for row in rows]
        found: dict[int, Item] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            query = f"SELECT row, id, title, year, rest FROM items WHERE row IN ({marks})"
            for row, *cells in self._sqlite.execute(query, part):
                found[row] = self._item(row, *cells)
        try:
            return [found[row] for row in wanted]
        except KeyError as error:
            raise IndexError(f"row {error.args[0]} of {self.n_items}") from None

    def _item(self, row: int, id: str, title: str, year: int | None, rest: str) -> Item:
        cells = json.loads(rest)
        columns = {c.name: _shown(cell) for c, cell in zip(self.schema.shown, cells, strict=True)}
        return Item(row, clean(id, TITLE_CAP), clean(title, TITLE_CAP), year, columns)

    def item(self, row: int) -> Item:
        """The item of one row."""
        return self.items([row])[0]

    def ids(self, rows: Sequence[int]) -> list[str]:
        """The ids of these rows, in that order."""
        return [self._cell("id", row) for row in rows]

    def all_ids(self) -> list[str]:
        """The ids of all items, in the order of the rows."""
        return [str(row[0]) for row in self._sqlite.execute("SELECT id FROM items ORDER BY row")]

    def label(self, row: int) -> str:
        """The title of one row with its year: "Alien (1979)"."""
        title = clean(self._cell("title", row), TITLE_CAP)
        year = self._cell("year", row)
        return title if year is None else f"{title} ({year})"

    def _cell(self, name: str, row: int) -> Any:
        query = f"SELECT {name} FROM items WHERE row = ?"
        found = self._sqlite.execute(query, (int(row),)).fetchone()
        if found is None:
            raise IndexError(f"row {row} of {self.n_items}")
        return found[0]

    def row_of(self, id: str) -> int | None:
        """The row of the item with exactly this id, or None."""
        query = "SELECT row FROM items WHERE id = ?"
        try:
            found = self._sqlite.execute(query, (id,)).fetchone()
        except UnicodeEncodeError:
            return None  # a lone surrogate stands in no id
        return int(found[0]) if found else None

    def rows_of(self, ids: Iterable[str]) -> dict[str, int]:
        """The rows of the items with exactly these ids, looked up at once; without the unknown."""
        wanted = json.dumps([id for id in ids if id.isascii() or _is_text(id)])
        query = "SELECT id, row FROM items WHERE id IN (SELECT value FROM json_each(?))"
        return {str(id): int(row) for id, row in self._sqlite.execute(query, (wanted,))}

    # --- columns ---------------------------------------------------------------------------------

    def numbers(self, name: str) -> Floats:
        """A number column: float32 [n_items], NaN where missing.

        Raises:
            KeyError: there is no number column of that name.
        """
        if name not in self._numbers:
            if self.schema.column(name).role not in NUMBER_ROLES:
                raise KeyError(name)
            self._numbers[name] = arrays.load(self._arrays, f"num.{name}")
        return self._numbers[name]

    def words(self, name: str) -> WordColumn:
        """A column with a vocabulary.

        Raises:
            KeyError: there is no such column.
        """
        if name not in self._words:
            column = self.schema.column(name)
            if column.role not in WORD_ROLES:
                raise KeyError(name)
            vocabulary = self.schema.vocabularies.get(name, Vocabulary())
            self._words[name] = WordColumn(self._arrays, column, vocabulary, self.n_items)
        return self._words[name]

    def rows_with_text(self, column: str, words: str) -> Rows:
        """The rows in whose cell the words stand side by side, folded; ascending int32.

        For title, alias and text columns.

        Raises:
            KeyError: there is no such column.
        """
        wanted = self.schema.column(column)
        if wanted.role not in (Role.TITLE, Role.ALIAS, Role.TEXT):
            raise KeyError(column)
        folded = fold(words)
        rows = search.rows_with_phrase(self._sqlite, wanted, folded.split()) if folded else []
        # The index stems ("alien" finds "aliens"), a condition does not.
        kept = [item.row for item in self.items(rows) if _holds(_text_of(item, wanted), folded)]
        return np.array(kept, dtype=np.int32)

    # --- interactions ----------------------------------------------------------------------------

    @cached_property
    def popularity(self) -> Rows:
        """int32 [n_items]: number of interactions; zeros where the catalog has none."""
        return arrays.load(self._arrays, "popularity")

    @cached_property
    def mean_rating(self) -> Floats:
        """float32 [n_items]: mean rating, NaN where unknown (fewer than 5, or no ratings)."""
        return arrays.load(self._arrays, "mean_rating")

    @cached_property
    def verdicts(self) -> bool:
        """Whether the ratings are mere verdicts, 0 and 1: their mean is a share, no rating."""
        taken = self.interactions
        if taken is None or not taken.explicit or taken.value is None:
            return False
        return all(
            bool(((part == 0) | (part == 1)).all())
            for part in (taken.value[:10_000], taken.value)  # most catalogs show it at once
        )

    @cached_property
    def interactions(self) -> Interactions | None:
        """Who took what, when; None where the catalog has no interactions."""
        if not self._meta.get("n_interactions"):
            return None

        def optional(name: str) -> Any:
            present = arrays.exists(self._arrays, name)
            return arrays.load(self._arrays, name) if present else None

        return Interactions(
            user=arrays.load(self._arrays, "inter.user"),
            item=arrays.load(self._arrays, "inter.item"),
            value=optional("inter.value"),
            time=optional("inter.time"),
            indptr=arrays.load(self._arrays, "inter.indptr"),
            n_items=self.n_items,
            explicit=bool(self._meta.get("explicit")),
        )

    @property
    def time_kind(self) -> str:
        """What `interactions.time` counts: "seconds" since 1970, "order", or "" (nothing known)."""
        return str(self._meta.get("time") or "")

    def user_index(self, id: str) -> int | None:
        """The index of the user with this id in the interactions, or None."""
        try:
            found = self._sqlite.execute("SELECT idx FROM users WHERE id = ?", (id,)).fetchone()
        except UnicodeEncodeError:
            return None
        return int(found[0]) if found else None

    def user_id(self, index: int) -> str:
        """The id of a user.

        Raises:
            IndexError: no such index.
        """
        query = "SELECT id FROM users WHERE idx = ?"
        found = self._sqlite.execute(query, (int(index),)).fetchone()
        if found is None:
            raise IndexError(f"user {index} of {self.n_users}")
        return str(found[0])

    # --- finding ---------------------------------------------------------------------------------

    @cached_property
    def titles(self) -> TitleIndex:
        """Finds items by title."""
        return self.new_titles()

    def new_titles(self) -> TitleIndex:
        """The same, of its own."""
        year = self.schema.one(Role.YEAR)
        years = self.numbers(year.name) if year else None
        return TitleIndex(self._arrays, self._sqlite, self.popularity, years)

    # --- what rules keep out ---------------------------------------------------------------------

    def ruled_by(self, row: int) -> str:
        """The first rule that keeps an item out; "" for none."""
        return ""

    def names_hidden(self, text: str) -> str:
        """The rule that keeps out what a text is the title or the id of; "" where none does."""
        return ""

    def told_absent(self, text: str) -> str:
        """That there is nothing of this name here, or which rule keeps it out."""
        rule = self.names_hidden(text)
        return (
            f"{text!r} is kept out by the rule '{rule}'"
            if rule
            else f"{text!r} is not in this catalog"
        )

    def hidden_in(self, words: Sequence[str]) -> list[tuple[int, int, int]]:
        """Titles of kept out items in folded words: first word, the one after the last, row."""
        return []

    def search(self, text: str, limit: int) -> tuple[Rows, Floats]:
        """The items whose title, people, tags or text hold the words; rows int32, bm25 float32."""
        return search.search(self._sqlite, self.schema, text, limit)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A read-only, locked DuckDB connection for our own SQL; others' runs in the sandbox."""
        import duckdb

        path = self.path / "catalog.duckdb"
        if not path.is_file():
            raise arrays.damaged(path)
        return duckdb.connect(str(path), read_only=True, config=dict(_LOCKED))

    def verify(self) -> list[str]:
        """The files that are missing or differ from what was written; reads all of them."""
        return sums.prove(self.path)

    def close(self) -> None:
        """Close what was opened; the memory maps go with their last reader."""
        if "_sqlite" in self.__dict__:
            self._sqlite.close()
            del self.__dict__["_sqlite"]


def _is_text(text: str) -> bool:
    """Whether it can be encoded: a lone surrogate stands in no id."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(cell: Any) -> Any:
    if isinstance(cell, str):
        return clean(cell)
    if isinstance(cell, list):
        return [clean(value, TITLE_CAP) for value in cell]
    return cell


def _text_of(item: Item, column: Any) -> str:
    cell = item.title if column.role is Role.TITLE else item.columns.get(column.name)
    return " ".join(cell) if isinstance(cell, list) else str(cell or "")


def _holds(cell: str, folded: str) -> bool:
    return f" {folded} " in f" {fold(cell)} "
