"""The MovieLens formats: 100K (`u.item`), 1M and 10M (`::`), and the CSV family; folder or zip."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .. import hidden
from ..data import InteractionTable, ItemTable
from ..errors import BadInput
from ..report import GuessedRole, Log
from ..schema import CatalogSchema, Column, Role, Vocabulary
from ..text import TITLE_CAP, clean, fold
from ..titles import split_title
from .delimited import DelimitedTable
from .files import SourceFile, require_regular
from .pairs import PairColumns, file_entry, read_pairs

FORMATS = {
    "movielens-csv": ("movies.csv", "ratings.csv"),
    "movielens-1m": ("movies.dat", "ratings.dat"),
    "movielens-100k": ("u.item", "u.data"),
}
"""Format -> the files that it is known by: items, interactions."""
_KNOWN_NAMES = frozenset(name for pair in FORMATS.values() for name in pair)
_GENRES_100K = (
    "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy "
    "Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western"
).split()
_U_ITEM = [
    "movie id",
    "movie title",
    "release date",
    "video release date",
    "IMDb URL",
    *_GENRES_100K,
]
_NO_GENRES = frozenset(("no genres listed", "unknown", ""))
MAX_TAGS = 60
"""Tags an item keeps: those given most often."""

Read = tuple[ItemTable, InteractionTable | None, list[GuessedRole]]


def files_of(source: Path) -> dict[str, SourceFile]:
    """The files of a folder (one level) or a zip archive, by lower-case base name.

    Raises:
        BadInput: a folder or an archive that cannot be read.
    """
    # `Path.is_dir` and `is_file` raise where a folder above may not be searched.
    if os.path.isdir(source):
        try:
            paths = sorted(source.iterdir())
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror}", path=source) from None
        if paths and not any(os.path.exists(path) for path in paths):
            raise BadInput("the files in this folder cannot be read", path=source)
        return {f.base: f for f in map(SourceFile, paths) if os.path.isfile(f.path)}
    if source.suffix.lower() == ".zip":
        require_regular(source)
        try:
            with zipfile.ZipFile(source) as archive:
                names = [info.filename for info in archive.infolist() if not info.is_dir()]
                _refuse_twins(names, source)
        except (zipfile.BadZipFile, OSError) as error:
            raise BadInput(f"damaged or no zip archive: {error}", path=source) from error
        # Members are read through the archive and never unpacked to a path of their own choosing.
        return {f.base: f for f in (SourceFile(source, name) for name in sorted(names))}
    return {}


def _refuse_twins(names: list[str], source: Path) -> None:
    """An archive with two sets of files: nobody can tell which is meant."""
    seen: dict[str, str] = {}
    for name in sorted(names):
        base = name.rsplit("/", 1)[-1].lower()
        if base in _KNOWN_NAMES and seen.setdefault(base, name) != name:
            raise BadInput(
                f"two files called {base}: {clean(seen[base], 100)}, {clean(name, 100)}",
                path=source, hint="unpack it, and name the folder with the one that is meant",
            )  # fmt: skip


def detect(files: dict[str, SourceFile]) -> str | None:
    """Which MovieLens format these files are, or None."""
    for name, (items, _) in FORMATS.items():
        if items in files:
            return name
    return None


def read_movielens(
    kind: str,
    files: dict[str, SourceFile],
    name: str,
    log: Log,
    progress: Callable[[str, float], None],
) -> Read:
    """Read a MovieLens data set.

    Args:
        kind: as `detect` gave it.
        files: as `files_of` gave them.
        name: the catalog's name.
        log: where warnings and dropped rows go.
        progress: told of each step.

    Raises:
        BadInput: with file, line and column.
    """
    items_file, pairs_file = (files.get(base) for base in FORMATS[kind])
    assert items_file is not None
    progress("reading items", 0.02)
    items = _read_items(kind, items_file, name, log)
    if "tags.csv" in files or "tags.dat" in files:
        progress("reading tags", 0.08)
        _add_tags(items, _tag_table(files, log), log)
    pairs = None
    if pairs_file is None:
        log.warn(f"no {FORMATS[kind][1]}: a catalog without interactions", items_file.name)
    else:
        progress("reading ratings", 0.1)
        pairs = read_ratings(kind, pairs_file, items, log, progress)
    return items, pairs, _roles(items)


def read_ratings(
    kind: str,
    file: SourceFile,
    items: ItemTable,
    log: Log,
    progress: Callable[[str, float], None],
) -> InteractionTable:
    """Read the ratings file of a MovieLens data set."""
    header = None if kind == "movielens-csv" else ["userId", "movieId", "rating", "timestamp"]
    mark = {"movielens-1m": "::", "movielens-100k": "\t"}.get(kind, "")
    table = DelimitedTable(file, log, header=header, delimiter=mark)
    names = {fold(column).replace(" ", ""): column for column in table.columns}
    try:
        columns = PairColumns(
            names["userid"], names["movieid"], names.get("rating"), names.get("timestamp"), True
        )
    except KeyError as error:
        found = ", ".join(table.columns)
        raise BadInput(
            f"no column {error.args[0]}; columns: {found}", path=file.name, line=1
        ) from None
    rows_of = {id: row for row, id in enumerate(items.ids)}

    def report(rows: int) -> None:
        progress(f"reading ratings: {rows:,}", 0.1 + 0.35 * rows / max(file.facts.lines, 1))

    return read_pairs(table, columns, rows_of, log, report)


def _schema(name: str, *, tags: bool, links: bool) -> CatalogSchema:
    columns = [
        Column("id", Role.ID),
        Column("title", Role.TITLE),
        Column("original_title", Role.ALIAS),
        Column("year", Role.YEAR),
        Column("genres", Role.CATEGORIES, aliases=("genre", "kind")),
    ]
    if tags:
        columns.append(Column("tags", Role.TAGS, aliases=("tag", "mood", "theme")))
    if links:
        columns.append(Column("url", Role.URL))
    return CatalogSchema(
        name=name,
        columns=tuple(columns),
        item="film",
        items="films",
        aliases=("movie", "movies", "film", "films", "picture", "pictures", "flick", "flicks"),
        verb="watch",
        description="MovieLens data of GroupLens; see their terms of use.",
        vocabularies={"genres": Vocabulary()},
    )


def _read_items(kind: str, file: SourceFile, name: str, log: Log) -> ItemTable:
    table = _items_table(kind, file, log)
    cells: dict[str, list[Any]] = {
        key: [] for key in ("id", "title", "original_title", "year", "genres", "url")
    }
    seen: dict[str, str] = {}
    read = unseen = first = 0
    for line, row in table.rows():
        read += 1
        id, raw = row[0].strip(), row[1]
        if not _new_id(id, raw, seen, line, file, log):
            continue
        cleaned = clean(raw, TITLE_CAP)
        if count := hidden.removed(raw, cleaned):
            unseen, first = unseen + count, first or line
        title = split_title(cleaned)
        cells["id"].append(id)
        cells["title"].append(title.title or id)
        cells["original_title"].append(" / ".join(title.aliases) or None)
        cells["year"].append(title.year)
        cells["genres"].append(_genres(kind, row))
        cells["url"].append(row[4] if kind == "movielens-100k" else None)
    if not cells["id"]:
        raise BadInput("the file has no rows", path=file.name)
    log.read(file_entry(table, read, len(seen)))
    if unseen:
        log.warn(f"{hidden.MESSAGE} ({unseen:,}×)", file.name, first, "title")
    schema = _schema(name, tags=False, links=kind == "movielens-100k")
    return ItemTable(schema, {column.name: cells[column.name] for column in schema.columns})


def _new_id(
    id: str, title: str, seen: dict[str, str], line: int, file: SourceFile, log: Log
) -> bool:
    if not id:
        log.bad_row(
            "empty id", file=file.name, line=line, column=1, name="movieId", row=[id, title]
        )
        return False
    if id in seen:
        if seen[id] != title:
            log.bad_row(
                f"repeated id: {clean(id, 80)!r} stands for different rows",
                file=file.name, line=line, column=1, name="movieId", row=[id, title],
            )  # fmt: skip
        else:
            log.drop("the same row twice", file.name, line)
        return False
    seen[id] = title
    return True


def _items_table(kind: str, file: SourceFile, log: Log) -> DelimitedTable:
    if kind == "movielens-100k":
        return DelimitedTable(file, log, header=_U_ITEM, delimiter="|", quiet_encoding=True)
    if kind == "movielens-1m":
        header = ["movieId", "title", "genres"]
        return DelimitedTable(file, log, header=header, delimiter="::", quiet_encoding=True)
    table = DelimitedTable(file, log)
    if [fold(c).replace(" ", "") for c in table.columns[:3]] != ["movieid", "title", "genres"]:
        found = ", ".join(table.columns)
        raise BadInput(
            f"expected the columns movieId,title,genres; found {clean(found, 200)}",
            path=file.name,
            line=table.first_line,
        )
    return table


def _genres(kind: str, row: list[str]) -> list[str]:
    if kind == "movielens-100k":
        named = [g for g, flag in zip(_GENRES_100K, row[5:], strict=True) if flag.strip() == "1"]
    else:
        named = [genre.strip() for genre in row[2].split("|")]
    return list(dict.fromkeys(clean(g, 80) for g in named if fold(g) not in _NO_GENRES))


def _tag_table(files: dict[str, SourceFile], log: Log) -> DelimitedTable:
    if "tags.csv" in files:
        return DelimitedTable(files["tags.csv"], log)
    header = ["userId", "movieId", "tag", "timestamp"]
    return DelimitedTable(files["tags.dat"], log, header=header, delimiter="::")


def _add_tags(items: ItemTable, table: DelimitedTable, log: Log) -> None:
    """Users' tags become a tag column whose counts say how many users gave the tag."""
    rows_of = {id: row for row, id in enumerate(items.ids)}
    names = [fold(column).replace(" ", "") for column in table.columns]
    try:
        user, item, tag = (names.index(key) for key in ("userid", "movieid", "tag"))
    except ValueError:
        log.warn("tags without the columns userId,movieId,tag are left out", table.file.name, 1)
        return
    given: dict[tuple[int, str], set[str]] = {}
    spellings: dict[str, dict[str, int]] = {}
    read = kept = 0
    for line, row in table.rows():
        read += 1
        text = clean(row[tag], 80).strip()
        folded, place = fold(text), rows_of.get(row[item].strip())
        if place is None or not folded:
            log.drop("no tag, or item not in the catalog", table.file.name, line)
            continue
        kept += 1
        given.setdefault((place, folded), set()).add(row[user])
        counts = spellings.setdefault(folded, {})
        counts[text] = counts.get(text, 0) + 1
    log.read(file_entry(table, read, kept))
    _attach_tags(items, given, {f: max(c, key=lambda t: c[t]) for f, c in spellings.items()})


def _attach_tags(
    items: ItemTable, given: dict[tuple[int, str], set[str]], shown: dict[str, str]
) -> None:
    by_row: list[list[tuple[int, str]]] = [[] for _ in range(len(items))]
    for (row, folded), users in given.items():
        by_row[row].append((-len(users), shown[folded]))
    kept = [sorted(entries)[:MAX_TAGS] for entries in by_row]
    links = any(column.role is Role.URL for column in items.schema.columns)
    items.schema = _schema(items.schema.name, tags=True, links=links)
    items.cells["tags"] = [[tag for _, tag in entries] for entries in kept]
    items.weights["tags"] = [[float(-count) for count, _ in entries] for entries in kept]


def _roles(items: ItemTable) -> list[GuessedRole]:
    made: Iterable[str] = ("year", "original_title")
    return [
        GuessedRole(
            "" if c.name in made else c.name,
            c.name,
            str(c.role),
            "made" if c.name in made else "format",
        )
        for c in items.schema.columns
    ]
