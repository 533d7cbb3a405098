"""Parquet files from strangers are read by a process of their own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import duckdb
import pytest

from recagent_catalogs.errors import BadInput
from recagent_catalogs.formats import parquet
from recagent_catalogs.formats.files import SourceFile
from recagent_catalogs.formats.parquet import ParquetTable
from recagent_catalogs.report import Log


def written(folder: Path, select: str, name: str = "t.parquet", options: str = "") -> SourceFile:
    path = folder / name
    text = str(path).replace("'", "''")
    duckdb.connect().execute(f"COPY ({select}) TO '{text}' (FORMAT PARQUET{options})")
    return SourceFile(path)


def test_types_of_all_kinds_come_as_plain_values(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "SELECT 'a' AS id, '2020-02-03 04:05:06+02'::TIMESTAMPTZ AS at, 'x'::BLOB AS raw, "
        "1.50::DECIMAL(9,2) AS price, ['p', NULL] AS tags, {'n': 1} AS own, 'nan'::DOUBLE AS no",
        name="odd [1]*?'.parquet",
    )
    table = ParquetTable(file, Log())
    assert table.columns == ["id", "at", "raw", "price", "tags", "own", "no"]
    for _ in range(2):  # a second pass is another process
        [(number, cells)] = list(table.rows())
        assert (number, cells[:6]) == (
            1, ["a", "2020-02-03 02:05:06", "x", "1.50", ["p", None], {"n": 1}],
        )  # fmt: skip
        assert cells[6] != cells[6]


def test_what_ends_the_reader_is_one_clear_line(tmp_path: Path) -> None:
    table = ParquetTable(written(tmp_path, "SELECT i AS id FROM range(300000) t(i)"), Log())
    rows = table.rows()
    next(rows)
    reader = rows.gi_frame.f_locals["reader"]  # type: ignore[attr-defined]
    os.kill(reader._process.pid, signal.SIGSEGV)
    with pytest.raises(BadInput, match=r"damaged Parquet file: it ended its reader \(signal 11\)"):
        list(rows)


def test_a_reader_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "STUCK_S", 0.2)
    table = ParquetTable.__new__(ParquetTable)
    table.file = written(tmp_path, "SELECT 1 AS id")
    reader = parquet._Reader(table.file)
    os.kill(reader._process.pid, signal.SIGSTOP)
    with pytest.raises(BadInput, match="came to no end within 0.2 s"):
        reader.next()


def test_what_unpacks_to_too_much_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "FREE_BYTES", 1 << 16)
    select = "SELECT i AS id, repeat('x', 9999) AS title FROM range(3000) t(i)"
    table = ParquetTable(written(tmp_path, select, options=", COMPRESSION ZSTD"), Log())
    with pytest.raises(BadInput, match="unpacks to more than"):
        list(table.rows())


def test_more_rows_than_bytes_are_not_believed(tmp_path: Path) -> None:
    file = written(tmp_path, "SELECT 1 AS id FROM range(1100000)", options=", COMPRESSION ZSTD")
    with pytest.raises(BadInput, match="says it has 1,100,000 rows in"):
        ParquetTable(file, Log())


def test_the_reader_may_open_no_other_file(tmp_path: Path) -> None:
    """A path that is a pattern for other files is taken as it stands."""
    written(tmp_path, "SELECT 2 AS other", name="b.parquet")
    table = ParquetTable(written(tmp_path, "SELECT 1 AS id", name="[ab].parquet"), Log())
    assert list(table.rows()) == [(1, [1])]


@pytest.mark.parametrize("place", [4, 60, -60, -200])
def test_flipped_bytes_are_told_or_do_no_harm(tmp_path: Path, place: int) -> None:
    file = written(tmp_path, "SELECT 'i' || i AS id FROM range(50) t(i)")
    raw = bytearray(file.path.read_bytes())
    raw[place] ^= 0xFF
    file.path.write_bytes(bytes(raw))
    try:
        rows = list(ParquetTable(file, Log()).rows())
    except BadInput as error:
        assert "damaged Parquet file" in error.message or "Parquet" in error.message
    else:
        assert len(rows) == 50
