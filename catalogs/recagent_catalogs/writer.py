"""Writes a catalog's directory: aside into a temporary sibling, synced, then renamed into place."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import arrays, bursts, search
from .data import InteractionTable, ItemTable
from .place import aside
from .schema import LIST_ROLES, NUMBER_ROLES, WORD_ROLES, Column, Role, dump_schema
from .sorting import Sorted, write_sorted
from .store import FORMAT
from .sums import write_sums
from .text import fold
from .title_index import write_titles
from .words import write_words

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is done (0-1)."""

MIN_COUNT = 5
"""Statistics of an item with fewer interactions are null: they would tell about single persons."""
ROW_GROUP = 122_880
"""Rows that DuckDB keeps together."""
DUCKDB_MEMORY = "128MB"


def silent(step: str, done: float) -> None:
    """A progress that nobody watches."""


def write_catalog(
    destination: Path,
    items: ItemTable,
    interactions: InteractionTable | None,
    report: dict[str, Any],
    progress: Progress = silent,
    *,
    notes: Mapping[str, str] | None = None,
    beside: Iterable[Path] = (),
) -> str:
    """Write the whole directory and put it in the place of what was there.

    Args:
        destination: the catalog's directory; its parent is made where it is missing.
        items: at least one.
        interactions: or None; what is large in it is forgotten as soon as it is written.
        report: the body of the data report; the fingerprint is added, and here as there
            `look_alikes`.
        progress: told of each step.
        notes: small text files to stand beside the data, by name.
        beside: files that are moved in as they are.

    Returns:
        The fingerprint.

    Raises:
        BadInput: the directory cannot be written.
    """
    with aside(destination) as directory:
        folder = directory / "arrays"
        folder.mkdir()
        progress("sorting interactions", 0.45)
        data, users = None, []
        if interactions is not None and len(interactions):
            data, users = write_sorted(folder, interactions, len(items)), list(interactions.users)
            interactions.forget()
        fingerprint = _fingerprint(items, data, users)
        report["look_alikes"] = _look_alikes(items, data, users)
        progress("writing arrays", 0.5)
        _write_columns(folder, items)
        popularity, mean = _write_interactions(folder, len(items), data, interactions)
        write_titles(folder, _titles(items), popularity)
        progress("writing the search index", 0.65)
        _write_sqlite(directory / "search.sqlite", items, users)
        progress("writing tables", 0.8)
        _write_duckdb(directory, items, data, interactions, popularity, mean, users)
        dump_schema(items.schema, directory / "catalog.toml")
        _write_json(directory / "report.json", {**report, "fingerprint": fingerprint})
        _write_meta(folder, items, data, interactions, users, fingerprint)
        for note, text in (notes or {}).items():
            (directory / note).write_text(text, encoding="utf-8")
        for path in beside:
            shutil.move(path, directory / path.name)
        progress("checking", 0.97)
        write_sums(directory)
    progress("done", 1.0)
    return fingerprint


def _fingerprint(items: ItemTable, data: Sorted | None, users: list[str]) -> str:
    digest = hashlib.sha256()
    for column in items.schema.columns:
        digest.update(f"{column.name}:{column.role}\0".encode())
        digest.update(json.dumps(items.cells[column.name]).encode())
        digest.update(json.dumps(items.weights.get(column.name)).encode())
    if data is not None:
        digest.update("\n".join(users).encode("utf-8", "replace"))
        for name in ("user", "item", "value", "time"):
            for piece in data.raw(name):
                digest.update(piece)
    return digest.hexdigest()[:16]


def _look_alikes(items: ItemTable, data: Sorted | None, users: list[str]) -> list[bursts.Told]:
    """Users who look alike and push an item; nobody in drawn interactions."""
    if data is None or items.schema.simulated:
        return []
    item = np.load(data.files["item"], mmap_mode="r", allow_pickle=False)
    return bursts.told(bursts.groups(item, data.indptr, len(items)), items, users, data)


def _write_columns(folder: Path, items: ItemTable) -> None:
    for column in items.schema.columns:
        cells = items.cells[column.name]
        if column.role in NUMBER_ROLES:
            numbers = np.array([np.nan if c is None else c for c in cells], dtype=np.float32)
            arrays.save(folder, f"num.{column.name}", numbers)
        elif column.role in WORD_ROLES:
            lists = cells if column.is_list else [[c] if c else [] for c in cells]
            write_words(folder, column.name, lists, items.weights.get(column.name))


def _write_interactions(
    folder: Path, n_items: int, data: Sorted | None, table: InteractionTable | None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    popularity = np.zeros(n_items, dtype=np.int32)
    mean = np.full(n_items, np.nan, dtype=np.float32)
    if data is not None and table is not None:
        popularity = data.popularity
        if table.explicit:
            enough = popularity >= MIN_COUNT
            mean[enough] = data.sums[enough] / popularity[enough]
        arrays.save(folder, "inter.indptr", data.indptr)
    arrays.save(folder, "popularity", popularity)
    arrays.save(folder, "mean_rating", mean)
    return popularity, mean


def _titles(items: ItemTable) -> Iterator[tuple[str, list[str]]]:
    title = next(c.name for c in items.schema.columns if c.role is Role.TITLE)
    aliases = [c.name for c in items.schema.with_role(Role.ALIAS)]
    for row, text in enumerate(items.cells[title]):
        cells = (items.cells[name][row] for name in aliases)
        # Several other titles stand in one cell, divided as the format module wrote them.
        yield text, [part for cell in cells if cell for part in cell.split(" / ")]


def _write_sqlite(path: Path, items: ItemTable, users: list[str]) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192;"
            "CREATE TABLE items (row INTEGER PRIMARY KEY, id TEXT, title TEXT, year INTEGER,"
            " rest TEXT);"
            "CREATE TABLE users (idx INTEGER PRIMARY KEY, id TEXT);"
        )
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)", _item_rows(items))
        connection.executemany("INSERT INTO users VALUES (?, ?)", enumerate(users))
        search.create_index(connection, items.schema)
        columns = search.indexed(items.schema)
        marks = ", ".join("?" * (len(columns) + 1))
        names = ", ".join(search.index_name(column) for column in columns)
        connection.executemany(
            f"INSERT INTO text_index (rowid, {names}) VALUES ({marks})", _index_rows(items, columns)
        )
        connection.executescript(
            "CREATE UNIQUE INDEX items_id ON items (id);"
            "CREATE UNIQUE INDEX users_id ON users (id);"
            "INSERT INTO text_index (text_index) VALUES ('optimize');"
        )
        connection.commit()
    finally:
        connection.close()


def _item_rows(items: ItemTable) -> Iterator[tuple[Any, ...]]:
    schema, cells = items.schema, items.cells
    title = next(c.name for c in schema.columns if c.role is Role.TITLE)
    year = schema.one(Role.YEAR)
    shown = [cells[column.name] for column in schema.shown]
    for row, id in enumerate(items.ids):
        rest = json.dumps([values[row] for values in shown], ensure_ascii=False)
        yield row, id, cells[title][row], cells[year.name][row] if year else None, rest


def _index_rows(items: ItemTable, columns: tuple[Column, ...]) -> Iterator[tuple[Any, ...]]:
    for row in range(len(items)):
        texts = (items.cells[column.name][row] for column in columns)
        yield (row, *(fold(" ".join(t) if isinstance(t, list) else t or "") for t in texts))


def _write_duckdb(
    directory: Path,
    items: ItemTable,
    data: Sorted | None,
    table: InteractionTable | None,
    popularity: NDArray[np.int32],
    mean: NDArray[np.float32],
    users: list[str],
) -> None:
    import duckdb

    connection = duckdb.connect(str(directory / "catalog.duckdb"), config={"threads": 2})
    try:
        _load_items(connection, directory, items)
        _load_texts(connection, directory, "users", "idx", users)
        _load_stats(connection, items, data, table, popularity, mean)
        _load_interactions(connection, items.ids_name, data, table)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def _duck_type(column: Column) -> str:
    if column.role in LIST_ROLES:
        return "VARCHAR[]"
    return {Role.YEAR: "INTEGER", Role.NUMBER: "DOUBLE"}.get(column.role, "VARCHAR")


def _load_items(connection: duckdb.DuckDBPyConnection, directory: Path, items: ItemTable) -> None:
    # Through a file: DuckDB reads JSON lines with lists at file speed, Python rows one by one.
    lines = directory / "items.jsonl"
    types = {column.name: _duck_type(column) for column in items.schema.columns}
    columns = list(zip(types, (items.cells[name] for name in types), strict=True))
    with lines.open("w", encoding="utf-8", errors="replace") as file:
        for row in range(len(items)):
            file.write(json.dumps({name: cells[row] for name, cells in columns}) + "\n")
    connection.execute(
        "CREATE TABLE items AS SELECT * FROM read_json(?, format = 'newline_delimited', "
        "columns = ?, maximum_object_size = 268435456)",
        [str(lines), types],
    )
    lines.unlink()


def _load_texts(
    connection: duckdb.DuckDBPyConnection, directory: Path, table: str, key: str, ids: list[str]
) -> None:
    lines = directory / f"{table}.jsonl"
    with lines.open("w", encoding="utf-8", errors="replace") as file:
        file.writelines(json.dumps({key: n, "id": id}) + "\n" for n, id in enumerate(ids))
    types = {key: "INTEGER", "id": "VARCHAR"}
    if ids:
        connection.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_json(?, format = 'newline_delimited', "
            "columns = ?)",
            [str(lines), types],
        )
    else:
        connection.execute(f"CREATE TABLE {table} ({key} INTEGER, id VARCHAR)")
    lines.unlink()


def _load_stats(
    connection: duckdb.DuckDBPyConnection,
    items: ItemTable,
    data: Sorted | None,
    table: InteractionTable | None,
    popularity: NDArray[np.int32],
    mean: NDArray[np.float32],
) -> None:
    n = len(items)
    first = last = np.zeros(n, dtype=np.int64)
    dated = data is not None and table is not None and table.time_kind == "seconds"
    if dated and data is not None:
        first, last = data.first, data.last
    known = popularity >= MIN_COUNT
    stats = {
        "row": np.arange(n), "interactions": popularity.astype(np.int64), "known": known,
        "mean": np.nan_to_num(mean).astype(np.float64), "rated": known & ~np.isnan(mean),
        "first": np.where(known, first, 0), "last": np.where(known, last, 0),
        "dated": known & dated,
    }  # fmt: skip
    connection.register("stats", stats)
    connection.execute(
        f'CREATE TABLE item_stats AS SELECT i."{items.ids_name}" AS id, '
        "CASE WHEN known THEN interactions END AS interactions, "
        "CASE WHEN rated THEN round(mean, 4) END AS mean_rating, "
        'CASE WHEN dated THEN make_timestamp("first" * 1000000) END AS first_time, '
        'CASE WHEN dated THEN make_timestamp("last" * 1000000) END AS last_time '
        "FROM items i JOIN stats s ON i.rowid = s.row ORDER BY s.row"
    )
    connection.unregister("stats")


def _load_interactions(
    connection: duckdb.DuckDBPyConnection,
    id_name: str,
    data: Sorted | None,
    table: InteractionTable | None,
) -> None:
    connection.execute(
        'CREATE TABLE interactions ("user" VARCHAR, item VARCHAR, value DOUBLE, time TIMESTAMP)'
    )
    if data is None or table is None:
        return
    dated = "time" in data.files and table.time_kind == "seconds"
    value = "p.value" if "value" in data.files else "NULL"
    time = "make_timestamp(p.time * 1000000)" if dated else "NULL"
    # piece by piece and with little of DuckDB's memory, else it takes 100 bytes an interaction
    connection.execute(f"SET memory_limit = '{DUCKDB_MEMORY}'")
    for begin in range(0, len(data), ROW_GROUP):
        pairs = data.read(begin, min(begin + ROW_GROUP, len(data)))
        connection.register("pairs", {"n": np.arange(len(pairs["item"])), **pairs})
        connection.execute(
            f'INSERT INTO interactions SELECT u.id, i."{id_name}", {value}, {time} FROM pairs p '
            'JOIN users u ON u.idx = p."user" JOIN items i ON i.rowid = p.item '
            "WHERE u.idx BETWEEN ? AND ? ORDER BY p.n",
            [int(pairs["user"][0]), int(pairs["user"][-1])],
        )
        connection.unregister("pairs")


def _write_meta(
    folder: Path,
    items: ItemTable,
    data: Sorted | None,
    table: InteractionTable | None,
    users: list[str],
    fingerprint: str,
) -> None:
    meta = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "n_items": len(items),
        "n_users": len(users),
        "n_interactions": 0 if data is None else len(data),
        "explicit": bool(table is not None and table.explicit),
        "time": table.time_kind if table is not None and data is not None else "",
    }
    _write_json(folder / "meta.json", meta)


def _write_json(path: Path, body: dict[str, Any]) -> None:
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
