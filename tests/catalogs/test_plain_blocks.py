"""Plain rows are read by column; that must not tell from reading row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput
from recagent_catalogs.formats import delimited
from recagent_catalogs.formats.delimited import DelimitedTable
from recagent_catalogs.formats.files import SourceFile
from recagent_catalogs.formats.pairs import PairColumns, read_pairs
from recagent_catalogs.report import Log

COLUMNS = PairColumns("userId", "itemId", "rating", "timestamp")
CELL = st.sampled_from(["1", "2", "77", "3.5"] * 6 + ["", "é", '"q"', '"a,b"', '"two\nlines"', "x"])
LINE = st.lists(CELL, min_size=4, max_size=4) | st.lists(CELL, min_size=1, max_size=5)
END = st.sampled_from(["\n"] * 20 + ["\r\n", "\r", "\n\n"])


def outcome(table: DelimitedTable, log: Log, *, fast: bool) -> Any:
    """Everything that reading tells: rows, warnings, what was left out; or the error."""
    rows: list[tuple[int, list[Any]]] = []
    try:
        if fast:
            for line, block in table.plain_blocks():
                cells = zip(*block, strict=True)
                rows += [(line + n, list(row)) for n, row in enumerate(cells)]
        rows += table.rows_after() if fast else table.rows()
    except BadInput as error:
        return str(error)
    return rows, table.left_out, log.warnings, log.dropped


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(st.tuples(LINE, END), max_size=12),
    mark=st.sampled_from([",", "\t", "::"]),
    head=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    skip=st.booleans(),
    cut=st.integers(0, 2),
)
def test_the_same_rows_warnings_and_errors(
    lines: list[tuple[list[str], str]],
    mark: str,
    head: bool,
    encoding: str,
    skip: bool,
    cut: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["userId", "itemId", "rating", "timestamp"]
    text = (mark.join(names) + "\n") * head
    text += "".join(mark.join(cells) + end for cells, end in lines)
    path = tmp_path / "ratings.csv"
    path.write_bytes((text[: len(text) - cut] or "1").encode(encoding))
    header = None if head else names
    results = []
    with monkeypatch.context() as patch:
        patch.setattr(delimited, "_CHUNK", 24)
        for fast in (True, False):
            log = Log(skip)
            try:
                table = DelimitedTable(SourceFile(path), log, header=header, delimiter=mark)
            except BadInput as error:
                results.append(str(error))
            else:
                results.append(outcome(table, log, fast=fast))
    assert results[0] == results[1]


def pairs_of(text: str, tmp_path: Path, *, skip: bool = False) -> tuple[Any, Log]:
    """The interactions of a ratings file over the items 1 to 9."""
    path, log = tmp_path / "ratings.csv", Log(skip)
    path.write_text("userId,itemId,rating,timestamp\n" + text, encoding="utf-8")
    rows_of = {str(n): n - 1 for n in range(1, 10)}
    return read_pairs(DelimitedTable(SourceFile(path), log), COLUMNS, rows_of, log), log


def test_users_are_numbered_as_they_come_and_unknown_items_dropped(tmp_path: Path) -> None:
    table, log = pairs_of("b,1,3,100000001\na,99,3,100000002\nc,2,4,100000003\n", tmp_path)
    assert table.users == ["b", "c"]
    assert table.user.tolist() == [0, 1] and table.item.tolist() == [0, 1]
    assert log.dropped[0].count == 1 and log.dropped[0].lines == [3]


@pytest.mark.parametrize("bad", ["a,,3,1", ",1,3,1", "a,1,x,1", "a,1,3,soon", "a,1,inf,1"])
def test_a_bad_row_among_plain_ones_is_told_with_its_line(bad: str, tmp_path: Path) -> None:
    good = "".join(f"u{n},{n % 9 + 1},4,{100_000_000 + n}\n" for n in range(50))
    with pytest.raises(BadInput, match=r":52\b"):
        pairs_of(good + bad + "\n" + good, tmp_path)
    table, log = pairs_of(good + bad + "\n" + good, tmp_path, skip=True)
    assert len(table) == 100 and log.dropped[0].lines == [52]


def test_a_time_beyond_64_bits_is_a_bad_row(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a time"):
        pairs_of("a,1,3,1\na,2,3," + "9" * 30 + "\n", tmp_path)
