from __future__ import annotations

import gzip
import json
import os
import zipfile
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput
from recagent_catalogs.formats import files
from recagent_catalogs.ingest import ingest

from .helpers import read

GOOD = "id,title,genres\na,Ann,x\nb,Bob,y\n"


@pytest.mark.parametrize(
    ("items", "line", "says"),
    [
        ("", None, "empty"),
        (" \n\n", None, "empty"),
        ("id,title\n", 1, "no usable rows"),
        ("foo,bar\n1,2\n", 1, "no header line"),
        ("title,year\nA,1999\n", 1, "no column of ids .*title, year"),
        (GOOD + "c\n", 4, "number of fields: 1 where 3"),
        (GOOD + "c,d,e,f\n", 4, "number of fields: 4 where 3"),
        (GOOD + ",Cid,z\n", 4, "column id: empty id"),
        (GOOD + "a,Other,z\n", 4, "repeated id: 'a'"),
        (GOOD + 'c,"open,z\nd,D,w\n', 4, "column title: a quote is opened"),
        (GOOD + "c,nul\0,z\n", 4, "column title: a NUL byte"),
        ("<html><body>\n", 1, "HTML"),
        ('{"id": 1}\n', 1, "JSON"),
        ("PAR1....", None, "Parquet"),
        ("BZh9\0\0", None, "packed by bzip2"),
        (GOOD + f"{'i' * 2000},C,z\n", 4, "column id: id of more than 1,000 characters"),
    ],
)
def test_what_cannot_be_read_says_where(
    tmp_path: Path, items: str, line: int | None, says: str
) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        read(tmp_path, items)
    assert caught.value.line == line
    assert str(tmp_path / "items.csv") in caught.value.message


@pytest.mark.parametrize(
    ("items", "says", "rows"),
    [
        ("\ufeff" + GOOD, "byte order mark", 2),
        (GOOD.replace(",", ";"), "divided by ';'", 2),
        (GOOD + "a,Ann,x\n", ":4: column id: the same row twice", 2),
        (GOOD + "\nc,C,z\n", ":4: blank lines", 3),
        ("# made today\n" + GOOD, ":1: comment line", 2),
        (GOOD + 'c,The "Best",z\n', ":4: column title: stray quotes", 3),
        (GOOD + 'c,"say \\"hi\\"",z\n', ":4: column title: quotes escaped", 3),
        (GOOD + "c,cut", "cut short", 2),
        (GOOD + "A,Ann,x\n", "upper and lower case", 3),
        (GOOD + " c ,C,z\n", "spaces", 3),
        (GOOD.replace("\n", "\r\n", 1), "line ends", 2),
        (GOOD + f"c,{'x' * 5000},z\n", ":4: column title: cut to 300", 3),
        (GOOD + "c,form\x0cfeed,z\n", ":4: column title: control or hidden", 3),
        (GOOD + f"c,C,{'|'.join(map(str, range(300)))}\nd,D,x|y\n", "only the first 200", 4),
        (GOOD.replace("title", "ti\u200btle"), ":1: hidden characters in column names", 2),
        (GOOD.replace("genres", "Title"), ":1: column Title: a column name that stands twice", 2),
        ("id,title,,x\na,A,1,2\n", ":1: column column_3: a column without a name", 1),
        ("sep=;\n" + GOOD.replace(",", ";"), ":1: a line for spreadsheets", 2),
        (GOOD + GOOD.replace("a,", "c,").replace("b,", "d,"), ":4: the header once more", 4),
        (GOOD + "# a note\nc,C,z\n", ":4: comment line", 3),
        (GOOD + "\u00e9,A,x\ne\u0301,B,x\n", ":5: column id: ids that differ only", 4),
    ],
)
def test_what_can_be_read_is_read_and_told(
    tmp_path: Path, items: str, says: str, rows: int
) -> None:
    catalog, report = read(tmp_path, items)
    assert catalog.n_items == rows
    assert any(says in str(warning) for warning in report.warnings), report.warnings


def test_latin_1_is_one_decision(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, GOOD.encode() + "c,Été,z\n".encode("latin-1"))
    assert catalog.item(2).title == "Été"
    assert report.files[0]["encoding"] == "cp1252"
    assert str(report.warnings[0]).endswith(":4: column title: not UTF-8, read as cp1252")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-32-le"])
def test_wide_encodings_are_read_with_and_without_a_mark(tmp_path: Path, encoding: str) -> None:
    catalog, report = read(tmp_path, (GOOD + "c,Été,z\n").encode(encoding))
    assert catalog.item(2).title == "Été" and report.files[0]["encoding"] == encoding
    assert f"not UTF-8, read as {encoding}" in str(report.warnings[0])


def test_a_damaged_byte_does_not_spoil_the_rest(tmp_path: Path) -> None:
    rows = "c,Été,z\nd,Œuvre naïve,z\n".encode() + b"e,caf\xc3,z\n"
    catalog, report = read(tmp_path, GOOD.encode() + rows)
    assert [catalog.item(row).title for row in (2, 3, 4)] == ["Été", "Œuvre naïve", "caf\ufffd"]
    assert ":6: column title: not UTF-8, bytes" in str(report.warnings[0])


PAIRS = "user,item,rating,time\nu,a,1,1500000000\n"


@pytest.mark.parametrize(
    ("pairs", "says", "line"),
    [
        (PAIRS + "v,a,2,1500000000\nu,a,3,1500000000\n", "repeated pairs", 4),
        (PAIRS + "v,zz,2,1500000000\nv,a,-2,1500000000\n", "negative values", 4),
        (PAIRS + "v,a,2,\nv,b,3,99999999999\n", "in the future", 4),
        (PAIRS + "v,a,2,\n", "without a time", 3),
        (PAIRS + "v,zz,2,\n", "not in the catalog", 3),
        (PAIRS + 'v,b,2,\nv,a,"2,5",1500000000\n', "decimal commas", 4),
        (PAIRS + "v,a,999,1500000000\nv,b,2,1500000000\n", "one scale", 3),
        (PAIRS + "v,a,2,2019-03-04\n", "several ways", 3),
        (PAIRS.replace("000\n", "000000\n") + "v,a,2,1500000000\n", "another unit", 3),
    ],
)
def test_warnings_of_interactions_name_the_first_line(
    tmp_path: Path, pairs: str, says: str, line: int
) -> None:
    _, report = read(tmp_path, GOOD, pairs)
    assert [w.line for w in report.warnings if says in w.message] == [line]


def test_what_is_dropped_names_its_column(tmp_path: Path) -> None:
    _, report = read(tmp_path, GOOD + "a,Ann,x\n", PAIRS + "v,a,,1500000000\n")
    assert [(d.column, d.lines) for d in report.dropped] == [("id", [4]), ("rating", [3])]


def test_a_quoted_field_may_hold_line_ends(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, GOOD + 'c,"two\nlines",z\n' + "d,D,w\n")
    assert catalog.item(2).title == "two lines" and report.warnings == []
    with pytest.raises(BadInput, match=r"items\.csv:6: "):
        read(tmp_path, GOOD + 'c,"two\nlines",z\n' + "d\n")


def test_bad_rows_may_be_left_out(tmp_path: Path) -> None:
    bad = GOOD + "c\n,D,z\na,Again,z\ne,Eve,z\n"
    catalog, report = read(tmp_path, bad, skip_bad_rows=True)
    assert [item.title for item in catalog.items(range(3))] == ["Ann", "Bob", "Eve"]
    assert sorted(line for entry in report.dropped for line in entry.lines) == [4, 5, 6]


@pytest.mark.parametrize(
    ("pairs", "place", "says"),
    [
        ("user,item,rating\nu,a,five\n", (2, 3), "not a number: 'five'"),
        ("user,item,rating\nu,a,inf\n", (2, 3), "not a finite number"),
        ("user,item,rating\nu,a,1\nu,a,1e39\n", (3, 3), "not a finite number: 1e39"),
        ("user,item,rating\nu,a,1\nu,a,1_0\n", (3, 3), "not a number: '1_0'"),
        ('user,item,rating\nu,a,"1,234"\n', (2, 3), "not a number: '1,234'"),
        ("user,item,rating\n", (1, None), "no usable rows"),
        ("user,item,timestamp\nu,a,1\nu,b,yesterday\n", (3, 3), "not a time: 'yesterday'"),
        ("user,item\n,a\n", (2, 1), "empty user id"),
        ("user,item\nu,zz\n", (2, 2), "none of its ids.*zz.*in the catalog: a, b"),
        ("item,rating\na,1\n", (1, None), "no column of users; columns: item, rating"),
        ("user,stars\na,1\n", (1, None), "no column of items"),
    ],
)
def test_bad_interactions(
    tmp_path: Path, pairs: str, place: tuple[int, int | None], says: str
) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        read(tmp_path, GOOD, pairs)
    assert (caught.value.line, caught.value.column) == place


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "movies_list.csv").write_text(GOOD)
    with pytest.raises(BadInput, match="no such file") as caught:
        ingest(tmp_path / "movie_list.csv", tmp_path / "out", name="c")
    assert "movies_list.csv" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(BadInput, match="no regular file"):
        ingest(tmp_path / "pipe.csv", tmp_path / "out", name="c")


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FREE_BYTES", 1 << 16)
    monkeypatch.setattr(files, "_CHUNK", 1 << 14)
    path = tmp_path / "items.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode() + b"c,C,z\n" * 1_000_000))
    with pytest.raises(BadInput, match="unpacks to more"):
        ingest(path, tmp_path / "out", name="c")


def test_a_cut_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "items.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode())[:-9])
    with pytest.raises(BadInput, match="damaged"):
        ingest(path, tmp_path / "out", name="c")


def test_an_archive_of_other_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../evil.csv", GOOD)
    with pytest.raises(BadInput, match=r"no MovieLens data set.*evil\.csv"):
        ingest(path, tmp_path / "out", name="c")
    assert not (tmp_path.parent / "evil.csv").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"id": 1, "title": "A"}\n{"id": \n', ":2: no valid JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"id": 1, "title": "A"}\n[1]\n', ":2: an object was expected"),
        ("", "empty"),
        ('{"id": 1, "title": "A", "n": ' + "9" * 5000 + "}", ":1: a number of too many digits"),
        ('{"id": {"a": 1}, "title": "A"}', ":1:1: column id: id that is neither text"),
        (json.dumps({f"k{n}": n for n in range(6000)}), ":1: more than 5,000 different keys"),
    ],
)
def test_bad_json(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read(tmp_path, text, suffix=".jsonl")


def test_nan_in_json_is_told(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, '{"id": 1, "title": "A", "year": NaN}\n', suffix=".jsonl")
    assert catalog.item(0).year is None
    assert str(report.warnings[0]).endswith(
        ":1: column year: NaN or Infinity is no JSON: left empty"
    )


def test_keys_that_stand_twice_are_told(tmp_path: Path) -> None:
    lines = '{"id": 1, "title": "A"}\n{"id": 2, "title": "B", "title": "C"}\n'
    catalog, report = read(tmp_path, lines, suffix=".jsonl")
    assert catalog.item(1).title == "C"
    assert ":2: column title: a key stands twice" in str(report.warnings[0])


def test_lists_among_interactions_are_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"user": "u", "item": ["a"], "rating": [1]}\n')
    (tmp_path / "i.csv").write_text(GOOD)
    with pytest.raises(BadInput, match=":1:2: column item: item id that is neither"):
        ingest(tmp_path / "i.csv", tmp_path / "o", name="c", interactions=tmp_path / "p.jsonl")


def test_days_written_as_numbers_are_dates(tmp_path: Path) -> None:
    _, report = read(tmp_path, GOOD, "user,item,date\nu,a,20190304\nv,b,20200229\n")
    assert report.time == {"first": "2019-03-04", "last": "2020-02-29"}


def test_a_broken_link_says_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("nowhere.csv")
    with pytest.raises(BadInput, match="a link to 'nowhere.csv', where nothing stands"):
        ingest(tmp_path / "link.csv", tmp_path / "out", name="c")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system has no /proc")
def test_what_proc_calls_a_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the file is empty"):
        ingest(Path("/proc/self/environ"), tmp_path / "out", name="c")


def test_an_archive_with_two_sets_of_films_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ml.zip", "w") as archive:
        for folder in ("a", "b"):
            archive.writestr(f"{folder}/movies.csv", "movieId,title,genres\n1,A (1999),Drama\n")
    with pytest.raises(BadInput, match="two files called movies.csv: a/movies.csv, b/movies.csv"):
        ingest(tmp_path / "ml.zip", tmp_path / "out", name="c")


@pytest.mark.parametrize("raw", [b"", b"PAR1", b"PAR1" + b"x" * 90, b"id,title\n"])
def test_bad_parquet(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(BadInput):
        read(tmp_path, raw, suffix=".parquet")
