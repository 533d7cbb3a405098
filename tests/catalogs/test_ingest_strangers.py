"""What a new user's own files look like: no ids, dates for years, bad rows, wrong paths."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput, ExitCode
from recagent_catalogs.formats.delimited import DelimitedTable
from recagent_catalogs.formats.files import SourceFile
from recagent_catalogs.formats.records import JsonTable
from recagent_catalogs.ingest import Overrides, ingest
from recagent_catalogs.report import Log, Report

from .helpers import movielens_folder, read

BOOKS = (
    "Book Title,Author,Published,Pages\n"
    '"Hobbit, The",J. R. R. Tolkien,1937,310\n'
    "Dune,Frank Herbert,1965,412\n"
    "Emma,Jane Austen,1815,474\n"
    "Persuasion,Jane Austen,1817,249\n"
)
GOOD = "id,title,genres\na,Ann,x\nb,Bob,y\n"


def left_out(report: Report) -> dict[str, list[int]]:
    return {entry.reason: entry.lines for entry in report.dropped}


# Files without ids


def test_without_ids_the_hint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column of ids") as caught:
        read(tmp_path, BOOKS)
    assert caught.value.hint == (
        'name it with --id-column; a column of unique titles will do: --id-column "Book Title"'
    )


def test_the_hint_names_only_what_is_unique_in_the_whole_file(tmp_path: Path) -> None:
    rows = "".join(f"Book {n},Writer {n}\n" for n in range(3_000)) + "Book 7,Writer 3000\n"
    with pytest.raises(BadInput) as caught:
        read(tmp_path, "Book Title,Author\n" + rows)
    assert '--id-column "Author"' in caught.value.hint
    with pytest.raises(BadInput) as caught:
        read(tmp_path, "Book Title,Author\n" + rows + "B,Writer 9\n")
    assert "--id-column NAME" in caught.value.hint and '"' not in caught.value.hint


def test_the_hint_is_given_for_a_header_nobody_knows_too(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no header line is recognised") as caught:
        read(tmp_path, "wijn,land\nMerlot A,FR\nMerlot B,FR\n")
    assert '--id-column "wijn"' in caught.value.hint


TAKEN = "person,thing,stars,when,shop\n" + "".join(
    f"p{n % 7},t{n % 11},{n % 5 + 1},{1_500_000_000 + n},s{n % 2}\n" for n in range(70)
)


def test_who_took_what_is_not_sent_after_ids(tmp_path: Path) -> None:
    named = "--user-column person --item-column thing --value-column stars --time-column when"
    with pytest.raises(BadInput) as caught:
        read(tmp_path, TAKEN)
    assert caught.value.hint.endswith(named)
    with pytest.raises(BadInput) as caught:
        read(tmp_path, GOOD, TAKEN)
    assert caught.value.hint.endswith(named)


def test_columns_of_interactions_that_nobody_reads_are_told(tmp_path: Path) -> None:
    pairs = "user,item,liked,shop,mood\nu,a,1,x,y\nu,b,0,x,y\n"
    _, report = read(tmp_path, GOOD, pairs)
    assert [w.message for w in report.warnings if "not used" in w.message] == [
        "columns not used: shop, mood"
    ]


@pytest.mark.parametrize("title", [None, "Book Title", "book title"])
def test_a_column_of_titles_may_be_the_ids_too(tmp_path: Path, title: str | None) -> None:
    said = Overrides(id_column="Book Title", title_column=title)
    catalog, report = read(tmp_path, BOOKS, overrides=said)
    item = catalog.item(0)
    assert (item.id, item.label) == ("Hobbit, The", "The Hobbit (1937)")
    roles = [(guess.column, guess.role) for guess in report.roles if guess.source == "Book Title"]
    assert roles == [("id", "id"), ("title", "title")]
    assert report.warnings == []


def test_ids_that_read_like_titles_are_the_titles(tmp_path: Path) -> None:
    wines = "wijn,land\nChâteau A,FR\nChâteau B,FR\n"
    catalog, report = read(tmp_path, wines, overrides=Overrides(id_column="wijn"))
    assert catalog.item(1).title == "Château B" and report.warnings == []


def test_ids_that_are_codes_are_no_titles(tmp_path: Path) -> None:
    _, report = read(tmp_path, "nr,land\nx1,FR\nx2,FR\n", overrides=Overrides(id_column="nr"))
    assert "no column of titles" in str(report.warnings[0])


def test_ids_and_another_column_of_titles(tmp_path: Path) -> None:
    said = Overrides(id_column="label")
    catalog, _ = read(tmp_path, "label,title\na b,Ann\nc d,Bob\n", overrides=said)
    assert (catalog.item(1).id, catalog.item(1).title) == ("c d", "Bob")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("user,song,tune,plays", Overrides(id_column="tune")),
        ("user,x,tune,plays", Overrides(item_column="tune")),
        ("who,x,tune,plays", Overrides(item_column="tune", user_column="who")),
    ],
)
def test_the_ids_of_a_table_of_plays_may_be_said(
    tmp_path: Path, columns: str, said: Overrides
) -> None:
    plays = f"{columns}\nu,A b,1,3\nv,A b,1,2\nv,C d,2,1\n"
    catalog, report = read(tmp_path, plays, overrides=said)
    assert catalog.ids([0, 1]) == ["1", "2"] and report.interactions == 3


def test_a_repeated_id_is_told_with_the_place_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"csv:3:2: column id: repeated id"):
        read(tmp_path, "title,id\nA,1\nB,1\n")


def test_one_column_is_not_the_title_and_the_year(tmp_path: Path) -> None:
    said = Overrides(id_column="Author", title_column="Pages", year_column="pages")
    with pytest.raises(BadInput, match="'pages' cannot be both --title-column and --year-column"):
        read(tmp_path, BOOKS, overrides=said)


# Years


YEAR_NAMES = [
    "Published", "Publication Year", "Release Date", "released", "date", "Year Published",
    "Original Publication Date", "First Published", "yearReleased", "Year of first edition",
    "release_dt_year", "Premiere date", "Aired", "Vintage", "Copyright", "US release",
]  # fmt: skip
YEAR_VALUES = [
    ("1937", "1965"),
    ("1937-09-21", "1965-08-01"),
    ("21/09/1937", "8/1/1965"),
    ("Sep 21, 1937", "c. 1965"),
    ("1937.0", "1965.0"),
    ("19370921", "1965-08-01T00:00:00Z"),
]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (name, YEAR_VALUES[(number + step) % len(YEAR_VALUES)])
        for number, name in enumerate(YEAR_NAMES)
        for step in (0, 1, 3)  # every name in three ways, every way under eight names
    ],
)
def test_years_are_known_by_many_names(tmp_path: Path, name: str, values: tuple[str, str]) -> None:
    items = f"id\ttitle\t{name}\tpages\na\tAnn\t{values[0]}\t300\nb\tBob\t{values[1]}\t1400\n"
    catalog, report = read(tmp_path, items, suffix=".tsv")
    assert [catalog.item(row).year for row in (0, 1)] == [1937, 1965]
    roles = {guess.source: guess.role for guess in report.roles}
    assert roles[name] == "year" and roles["pages"] == "number"


def test_columns_of_dates_without_a_known_name_are_the_year(tmp_path: Path) -> None:
    items = "id,title,jour\na,Ann,1937-09-21\nb,Bob,1965-08-01\n"
    catalog, _ = read(tmp_path, items)
    assert catalog.item(0).year == 1937


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Date Added", ("2020-01-02", "2021-01-02")),
        ("last_updated", ("2020-01-02", "2021-01-02")),
        ("Released", ("yes", "no")),
        ("Years in print", ("12", "40")),
        ("amount", ("1937", "1965")),
        ("Published by", ("Allen", "Chilton")),
        ("release revenue", ("350000000", "410000000")),
        ("release price", ("1299.5", "1499.5")),
    ],
)
def test_what_is_no_year_is_not_taken_for_one(
    tmp_path: Path, name: str, values: tuple[str, str]
) -> None:
    items = f"id,title,{name}\na,Ann,{values[0]}\nb,Bob,{values[1]}\n"
    _, report = read(tmp_path, items)
    assert {guess.source: guess.role for guess in report.roles}[name] != "year"


def test_the_better_name_is_the_year(tmp_path: Path) -> None:
    items = "id,title,Date,Published,Original Publication Year\na,A,2020-01-01,1999,1937\n"
    catalog, _ = read(tmp_path, items)
    assert catalog.item(0).year == 1937


@pytest.mark.parametrize(
    ("cell", "year"), [("375 BC", -375), ("44 BCE", -44), ("1089936000000", 2004), ("-750", -750)]
)
def test_odd_years(tmp_path: Path, cell: str, year: int) -> None:
    catalog, _ = read(tmp_path, f"id,title,year\na,A,{cell}\nb,B,1999\n")
    assert catalog.item(0).year == year


# Bad rows

RAGGED = GOOD + "c\nd,D,w\n"


def test_lines_that_are_no_json_are_left_out(tmp_path: Path) -> None:
    lines = '{"id": 1, "title": "A"}\n{"id": \n[1]\n\n{"id": 2, "title": "B"}\nnull\n'
    catalog, report = read(tmp_path, lines, suffix=".jsonl", skip_bad_rows=True)
    assert catalog.ids([0, 1]) == ["1", "2"]
    assert left_out(report) == {"no valid JSON": [2], "an object was expected, found list": [3],
                                "an object was expected, found NoneType": [6]}  # fmt: skip
    assert report.dropped[0].rows == [{"line": 2, "text": '{"id":'}]
    with pytest.raises(BadInput, match=r"jsonl:2: .*no valid JSON") as caught:
        read(tmp_path, lines, suffix=".jsonl")
    assert "--skip-bad-rows" in caught.value.hint


def test_the_first_line_may_be_the_bad_one(tmp_path: Path) -> None:
    lines = 'not json\n{"id": 1, "title": "A"}\n{"id": 2, "title": "B"}\n'
    catalog, report = read(tmp_path, lines, suffix=".jsonl", skip_bad_rows=True)
    assert catalog.n_items == 2 and left_out(report) == {"no valid JSON": [1]}


def test_a_file_of_nothing_but_bad_lines(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no usable rows"):
        read(tmp_path, "x\ny\n", suffix=".jsonl", skip_bad_rows=True)


def test_bad_entries_of_a_json_array_are_left_out(tmp_path: Path) -> None:
    records = json.dumps([{"id": 1, "title": "A"}, 7, {"id": 2, "title": "B"}])
    catalog, report = read(tmp_path, records, suffix=".json", skip_bad_rows=True)
    assert catalog.n_items == 2
    assert left_out(report) == {"an object was expected, found int": [2]}


def test_python_and_json_lines_may_be_mixed(tmp_path: Path) -> None:
    lines = (
        "{'id': 1, 'title': u'It\\'s'}\n"
        '{"id": 2, "title": "B", "new": true, "year": null}\n'
        "{'id': 3, 'title': \"D'Or\", 'new': False, 'year': None}\n"
        "{'id': 4, 'title': 'say \"hi\"', 'new': True, 'year': 1999}\n"
        "{'id': 5, 'title': 'a' 'b', 'year': (1999)}\n"
    )
    catalog, _ = read(tmp_path, lines, suffix=".json")
    titles = ["It's", "B", "D'Or", 'say "hi"', "ab"]
    assert [catalog.item(row).title for row in range(5)] == titles
    assert [catalog.item(row).year for row in range(5)] == [None, None, None, 1999, 1999]


SCALARS = st.none() | st.booleans() | st.integers() | st.text("aéu'\"\\\n\tNone, :{[]}", max_size=8)
RECORDS = st.dictionaries(
    st.text("ku' N", min_size=1, max_size=3), SCALARS | st.lists(SCALARS, max_size=3), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_python_records_are_read_as_python_reads_them(records: list[dict[str, object]]) -> None:
    lines = [repr({"k": 1}), *map(repr, records)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl")
        path.write_text("\n".join(lines), encoding="utf-8")
        table = JsonTable(SourceFile(path), Log())
        rows = [dict(zip(table.columns, cells, strict=True)) for _, cells in table.rows()]
    wanted = [ast.literal_eval(line) for line in lines]
    assert rows == [{key: record.get(key) for key in table.columns} for record in wanted]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.text('ab",\n ', min_size=1, max_size=9)] * 3), max_size=8),
    st.booleans(),
)
def test_of_a_well_formed_table_no_row_is_left_out(
    rows: list[tuple[str, str, str]], skip: bool
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("id", "title", "genres"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        log = Log(skip_bad_rows=skip)
        table = DelimitedTable(SourceFile(path), log)
        assert [tuple(cells) for _, cells in table.rows()] == rows
    assert log.dropped == [] and table.left_out == 0


@pytest.mark.parametrize(
    ("bad", "lines"),
    [
        ('c,"open,z\n', [4]),
        ('"c,C,z\n', [4]),
        ('c,C,"open\nd,D,"w\n', [4, 5]),
        ('c,"open,z\nd,D,w\ne,"open,z\n', [4, 6]),
    ],
)
@pytest.mark.parametrize("after", ['x,X,w\ny,"Y",v\n', "x,X,w\ny,Y,v\n", 'x,"X",w\ny,"Y, Y",v\n'])
def test_rows_with_unclosed_quotes_are_left_out(
    tmp_path: Path, bad: str, lines: list[int], after: str
) -> None:
    catalog, report = read(tmp_path, GOOD + bad + after, skip_bad_rows=True)
    kept = {"a", "b", "x", "y"} | ({"d"} if "d,D,w" in bad else set())
    assert set(catalog.ids(range(catalog.n_items))) == kept
    assert left_out(report) == {"a quote is opened and never closed": lines}
    with pytest.raises(BadInput, match=r"csv:4: .*a quote is opened and never closed"):
        read(tmp_path, GOOD + bad + after)


def test_an_unclosed_quote_in_the_last_row(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, GOOD + 'c,"open,z\n', skip_bad_rows=True)
    assert catalog.n_items == 2
    assert left_out(report) == {"a quote is opened and never closed": [4]}


def test_an_unclosed_quote_is_refused_where_the_row_cannot_be_told(tmp_path: Path) -> None:
    prose = "".join("and so it goes on, line by line, without an end, never\n" for _ in range(9))
    with pytest.raises(BadInput, match=r"csv:4: .*never closed.*cannot be told") as caught:
        read(tmp_path, GOOD + 'c,"it begins\n' + prose, skip_bad_rows=True)
    assert "line 4" in caught.value.hint


def test_a_field_of_several_lines_with_quotes_inside_is_kept(tmp_path: Path) -> None:
    items = GOOD + 'c,"two\nlines of ""it""",z\nd,D,w\n'
    catalog, report = read(tmp_path, items, skip_bad_rows=True)
    assert catalog.item(2).title == 'two lines of "it"' and report.dropped == []


def test_rows_with_nul_bytes_are_left_out(tmp_path: Path) -> None:
    items = GOOD + "c,nul\0,z\nd,D,w\n"
    catalog, report = read(tmp_path, items, skip_bad_rows=True)
    assert catalog.ids(range(3)) == ["a", "b", "d"]
    assert left_out(report) == {"a NUL byte": [4]}
    assert report.dropped[0].rows == [{"line": 4, "text": "c,nul,z"}]
    lines = '{"id": 1, "title": "A"}\n{"id": 2, "title": "\0"}\n{"id": 3, "title": "C"}\n'
    catalog, report = read(tmp_path, lines, suffix=".jsonl", skip_bad_rows=True)
    assert catalog.n_items == 2 and left_out(report) == {"a NUL byte": [2]}


def test_nul_bytes_in_the_header_are_no_text_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a NUL byte"):
        read(tmp_path, "id,tit\0le\na,b\n", skip_bad_rows=True)


def test_movielens_rows_may_be_left_out_too(tmp_path: Path) -> None:
    folder = movielens_folder(tmp_path / "ml")
    with (folder / "movies.csv").open("a", encoding="utf-8") as file:
        file.write('98,"open (1999),Drama\n99,Closed (1999),Drama\n')
    with (folder / "ratings.csv").open("a", encoding="utf-8") as file:
        file.write("u0,1\0,4,5\nu0,99,4,900000001\n")
    report = ingest(folder, tmp_path / "out", name="c", skip_bad_rows=True)
    assert report.items == 11
    assert left_out(report) == {"a quote is opened and never closed": [12], "a NUL byte": [14]}


def test_rows_of_a_single_table_of_plays_are_counted_once(tmp_path: Path) -> None:
    plays = "user,item,plays\nu,a,5\nu\nv,,2\nv,b,many\nv,a,1\n"
    _, report = read(tmp_path, plays, skip_bad_rows=True)
    assert {entry.reason: (entry.count, entry.lines) for entry in report.dropped} == {
        "row with another number of fields": (1, [3]),
        "empty item id": (1, [4]),
        "not a number": (1, [5]),
    }
    assert report.interactions == 2


def test_every_row_is_kept_or_left_out(tmp_path: Path) -> None:
    items = GOOD + 'c\n,D,z\na,Again,z\nb,Bob,y\ne,"E,z\nf,F,w\ng,\0,w\n'
    _, report = read(tmp_path, items, skip_bad_rows=True)
    file = report.files[0]
    assert file["read"] == 9 and file["kept"] == 3
    assert file["read"] == file["kept"] + sum(entry.count for entry in report.dropped)


def test_the_rejects_are_handed_back_within_bounds(tmp_path: Path) -> None:
    items = GOOD + "".join(f"{n},{'x' * 900}\n" for n in range(500))
    items += "".join(f"{n},x,y\n" for n in range(500))
    _, report = read(tmp_path, items, skip_bad_rows=True)
    (entry,) = report.dropped
    assert entry.count == 500 and entry.lines == [4, 5, 6, 7, 8]
    assert [row["line"] for row in entry.rows] == list(range(4, 204))
    assert all(len(row["text"]) <= 300 for row in entry.rows)


def test_all_rejects_stand_in_a_file_as_they_stood(tmp_path: Path) -> None:
    bad = ['=c,"D', "E\x07\tx", '+e,"E, e"', 'a,"Again, Ann",z']
    items = GOOD + bad[1] + "\n" + bad[2] + "\n" + bad[3] + "\n" + bad[0] + "\n"
    (tmp_path / "i.csv").write_text(items, encoding="utf-8")
    (tmp_path / "p.csv").write_text("user,item,rating\nu,a,5\nv,b,five\n", encoding="utf-8")
    out = tmp_path / "out"
    report = ingest(
        tmp_path / "i.csv", out, name="c", interactions=tmp_path / "p.csv", skip_bad_rows=True,
        rejects=tmp_path / "mine.csv",
    )  # fmt: skip
    text = (out / "rejects.csv").read_text(encoding="utf-8")
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == text
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["file", "line", "column", "reason", "row"]
    width = "row with another number of fields"
    assert [row[1:] for row in rows] == [
        ["4", "", width, "E\tx"],
        ["5", "", width, "'" + bad[2]],
        ["6", "id", "repeated id", bad[3]],
        ["7", "title", "a quote is opened and never closed", "'" + bad[0]],
        ["3", "rating", "not a number", "v,b,five"],
    ]
    assert report.rejects == 5
    assert (tmp_path / "mine.csv").stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput, match=r"mine\.csv: there is such a file already"):
        ingest(tmp_path / "i.csv", out, name="c", rejects=tmp_path / "mine.csv")


def test_without_bad_rows_there_is_no_file_of_them(tmp_path: Path) -> None:
    _, report = read(tmp_path, GOOD, skip_bad_rows=True)
    assert report.rejects == 0 and not (tmp_path / "out" / "tiny" / "rejects.csv").exists()


def test_a_file_of_mostly_bad_rows_is_refused(tmp_path: Path) -> None:
    items = GOOD + "".join(f"{n};x;y\n" for n in range(9))
    with pytest.raises(
        BadInput, match=r"csv:4: 9 of 11 rows are bad, most for this: row"
    ) as caught:
        read(tmp_path, items, skip_bad_rows=True)
    assert "delimiter" in caught.value.hint


def test_the_first_bad_row_tells_of_the_others(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"csv:4: row with another") as caught:
        read(tmp_path, GOOD + "c\nd,D,w\ne\n,F,w\nf\n")
    assert caught.value.hint.endswith(
        "; 2 more like it: lines 6, 8; 1 more bad row of another kind"
    )


def test_rows_with_unknown_items_are_no_rejects(tmp_path: Path) -> None:
    _, report = read(tmp_path, GOOD, "user,item\nu,a\nu,zz\n")
    assert report.dropped[0].count == 1 and report.dropped[0].rows == []


# Wrong paths


def test_a_schema_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nofile\.toml: no such file"):
        read(tmp_path, GOOD, overrides=Overrides(schema=tmp_path / "nofile.toml"))
    with pytest.raises(BadInput, match="is a folder"):
        read(tmp_path, GOOD, overrides=Overrides(schema=tmp_path))
    folder = movielens_folder(tmp_path / "ml")
    with pytest.raises(BadInput, match="no such file"):
        ingest(folder, tmp_path / "o", name="c", overrides=Overrides(schema=tmp_path / "x.toml"))


def test_what_is_said_of_movielens_columns_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    folder = movielens_folder(tmp_path / "ml")
    said = Overrides(title_column="title")
    report = ingest(folder, tmp_path / "out", name="c", overrides=said)
    assert any("--title-column is not used" in warning.message for warning in report.warnings)


def refused(source: Path, tmp_path: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        ingest(source, tmp_path / "out" / "c", name="c")
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert "\n" not in caught.value.message + caught.value.hint
    assert str(source) in caught.value.message
    assert not (tmp_path / "out").exists()
    return caught.value


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    error = refused(tmp_path / "empty", tmp_path)
    assert "the folder is empty" in error.message
    assert all(name in error.hint for name in ("movies.csv", "u.item", ".csv", ".parquet"))


def test_a_folder_with_unknown_files(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"\x89PNG")
    error = refused(folder, tmp_path)
    assert "no table in this folder (it holds a.png, more/)" in error.message
    assert "movies.csv" in error.hint and ".jsonl" in error.hint


def test_the_data_may_lie_a_folder_deeper(tmp_path: Path) -> None:
    movielens_folder(tmp_path / "up" / "ml-small")
    error = refused(tmp_path / "up", tmp_path)
    assert str(tmp_path / "up" / "ml-small") in error.hint


def test_a_readme_beside_the_table_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "things.csv").write_text(GOOD)
    (folder / "README.txt").write_text("Things\n======\n\nOf all kinds\n")
    (folder / "LICENSE.txt").write_text("")
    assert ingest(folder, tmp_path / "out", name="c").items == 2


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "secret"
    folder.mkdir()

    def forbidden(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    assert "cannot be read: Permission denied" in refused(folder, tmp_path).message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_without_rights(tmp_path: Path) -> None:
    for mode in (0o000, 0o400):
        folder = tmp_path / f"secret{mode}"
        folder.mkdir()
        (folder / "movies.csv").write_text("x")
        folder.chmod(mode)
        try:
            assert "cannot be read" in refused(folder, tmp_path).message
        finally:
            folder.chmod(0o700)


@pytest.mark.parametrize("raw", [b"PAR1", b"PAR1" + b"x" * 90, b"id,title\n1,A\n"])
def test_a_parquet_file_that_is_none(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "items.parquet"
    path.write_bytes(raw)
    error = refused(path, tmp_path)
    assert "Parquet file" in error.message and error.hint


def test_a_zip_with_nothing_known(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photos/a.png", b"\x89PNG")
    error = refused(path, tmp_path)
    assert "no MovieLens data set in this archive (it holds a.png)" in error.message
    assert "looked for u.item, movies.dat or movies.csv" in error.hint
    path.write_bytes(b"no zip at all")
    assert "no zip archive" in refused(path, tmp_path).message


def test_a_locked_zip(tmp_path: Path) -> None:
    path = tmp_path / "ml.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("movies.csv", "movieId,title,genres\n1,A,x\n")
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # the flag "encrypted", in the member's own header
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(raw)
    assert "encrypted" in refused(path, tmp_path).message


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("b.xlsx", b"PK\x03\x04\0\0", "spreadsheet"),
        ("b.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "spreadsheet"),
        ("b.csv", b"\x1f\x8b\x08\0", "gz"),
        ("b.db", b"SQLite format 3\0", "SQLite"),
        ("b.pdf", b"%PDF-1.7\n", "PDF"),
    ],
)
def test_other_files_are_called_by_their_kind(
    tmp_path: Path, name: str, raw: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(raw)
    error = refused(tmp_path / name, tmp_path)
    assert says in error.message and error.hint


def test_progress_grows_with_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text("".join(f'{{"id": {n}, "title": "T {n}"}}\n' for n in range(3_500)))
    told: list[tuple[str, float]] = []
    ingest(path, tmp_path / "out", name="c", progress=lambda step, done: told.append((step, done)))
    reading = [done for step, done in told if step.startswith("reading items: ")]
    assert len(reading) == 3 and len(set(reading)) == 3 and reading == sorted(reading)
