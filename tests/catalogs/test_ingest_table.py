from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from recagent_catalogs.errors import BadInput
from recagent_catalogs.ingest import Overrides, ingest
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog

from .helpers import read, table

PROSE = "A long enough sentence about what happens in this book as catalogs have it."
BOOKS = table(
    [
        "isbn book_title authors genres pages price language series description".split()
        + ["cover_url", "publication_date"],
        ["0007", "The Hobbit", "J. R. R. Tolkien", "Fantasy;Adventure", 310, "$9.99", "English"]
        + ["Middle-earth", PROSE, "https://x/1", "1937-09-21"],
        ["0008", "Dune", "Frank Herbert", "Science Fiction", 412, "free", "English", "Dune"]
        + [PROSE, "https://x/2", 1965],
    ]
)


def test_roles_are_guessed_by_name(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, BOOKS)
    roles = {guess.source: guess.role for guess in report.roles}
    assert roles == {
        "isbn": "id", "book_title": "title", "authors": "people", "genres": "categories",
        "pages": "number", "price": "number", "language": "facet", "series": "group",
        "description": "text", "cover_url": "url", "publication_date": "year",
    }  # fmt: skip
    item = catalog.item(0)
    assert item.id == "0007" and item.year == 1937
    assert item.columns["genres"] == ["Fantasy", "Adventure"]
    assert item.columns["price"] == pytest.approx(9.99)
    assert catalog.item(1).columns["price"] is None
    assert (catalog.schema.item, catalog.schema.verb) == ("book", "read")
    assert catalog.schema.column("pages").low[0] == "short"
    assert catalog.words("genres").resolve("sci-fi") == "Science Fiction"


def test_roles_are_guessed_by_values(tmp_path: Path) -> None:
    rows = [["code", "name", "acidity", "zone", "www", "remark"]]
    rows += [
        [f"x{n}", f"Wine {n}", f"{n / 7:.2f}", "AB"[n % 2], f"http://w/{n}", "long prose " * 7]
        for n in range(30)
    ]
    _, report = read(tmp_path, table(rows))
    assert {guess.source: guess.role for guess in report.roles} == {
        "code": "id", "name": "title", "acidity": "number", "zone": "facet", "www": "url",
        "remark": "text",
    }  # fmt: skip


def test_the_person_may_say_what_the_columns_are(tmp_path: Path) -> None:
    items = "alpha,beta,gamma\n1,Die Hard,1988\n2,Heat,1995\n"
    said = Overrides(id_column="ALPHA", title_column="beta", year_column="gamma")
    catalog, report = read(tmp_path, items, overrides=said)
    assert catalog.item(1).label == "Heat (1995)"
    assert {guess.how for guess in report.roles} == {"given"}
    with pytest.raises(BadInput, match="no column 'delta'.*--title-column.*alpha, beta, gamma"):
        read(tmp_path, items, overrides=Overrides(id_column="alpha", title_column="delta"))


def test_a_schema_file_settles_everything(tmp_path: Path) -> None:
    schema = tmp_path / "catalog.toml"
    schema.write_text(
        'schema = "recagent.catalog/1"\nname = "x"\nitem = "wine"\n'
        '[columns.key]\nrole = "id"\n[columns.label]\nrole = "title"\n'
        '[columns.grapes]\nrole = "tags"\n[columns.missing]\nrole = "number"\n'
        '[vocabulary.grapes]\nclosed = true\nvalues = ["Pinot Noir", "Merlot"]\n'
        '[vocabulary.grapes.synonyms]\n"Pinot Noir" = ["spätburgunder"]\n'
    )
    items = "key,label,grapes\n1,A,Merlot|Spatburgunder|Cola\n2,B,pinot noir\n"
    catalog, report = read(tmp_path, items, overrides=Overrides(schema=schema), name="wines")
    assert catalog.name == "wines" and catalog.schema.item == "wine"
    assert catalog.words("grapes").of(0) == ["Merlot", "Pinot Noir"]
    assert catalog.words("grapes").of(1) == ["Pinot Noir"]
    told = " ".join(map(str, report.warnings))
    assert "'missing'" in told and "Cola" in told


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".json", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_items(tmp_path: Path, suffix: str) -> None:
    records = [
        {"id": "007", "title": "Ann", "tags": ["a", "b c"], "year": 1999},
        {"id": "9007199254740993", "title": "Bé", "tags": [], "year": None},
    ]
    path = tmp_path / f"things{suffix}"
    lines = "id,title,tags,year\n007,Ann,a|b c,1999\n9007199254740993,Bé,,\n"
    if suffix == ".json":
        path.write_text(json.dumps(records))
    elif suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, records)))
    elif suffix == ".parquet":
        source = tmp_path / "source.json"
        source.write_text(json.dumps(records))
        with duckdb.connect() as connection:
            types = "{id: 'VARCHAR', title: 'VARCHAR', tags: 'VARCHAR[]', year: 'INTEGER'}"
            connection.execute(
                f"COPY (FROM read_json('{source}', columns={types})) TO '{path}' (FORMAT parquet)"
            )
    elif suffix == ".csv.gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        mark = "\t" if suffix == ".tsv" else ","
        path.write_text(lines.replace(",", mark), encoding="utf-8")
    report = ingest(path, tmp_path / "out" / "c", name="c")
    catalog = Catalog.open(tmp_path / "out" / "c")
    assert [item.label for item in catalog.items([0, 1])] == ["Ann (1999)", "Bé"]
    assert catalog.ids([0, 1]) == ["007", "9007199254740993"]
    assert catalog.words("tags").of(0) == ["a", "b c"] and catalog.words("tags").of(1) == []
    assert report.warnings == []


def test_python_literals_are_read(tmp_path: Path) -> None:
    path = tmp_path / "games.json"
    path.write_text(
        "{u'id': u'1', u'title': u'A', u'price': 'Free'}\n{u'id': u'2', u'title': u'B'}\n"
    )
    report = ingest(path, tmp_path / "out", name="games")
    assert report.items == 2 and "Python literals" in str(report.warnings[0])


def test_tags_as_an_object_keep_their_counts(tmp_path: Path) -> None:
    lines = '{"id": 1, "title": "A", "tags": {"dark": 2, "cosy": 9}}\n{"id": 2, "title": "B"}\n'
    catalog, _ = read(tmp_path, lines, suffix=".jsonl")
    _, _, weights = catalog.words("tags").forward()
    assert catalog.words("tags").of(0) == ["cosy", "dark"]
    assert weights is not None and weights.tolist() == [9.0, 2.0]


ITEMS = "id,title\na,A\nb,B\nc,C\n"
DATED = "user,item,rating,date\nu,b,4,2020-05-01\nu,a,2,2020-04-30\n"
BOUGHT = "user,item,quantity,ts\nu,b,4,1600000000000\nu,a,2,1500000000000\n"


@pytest.mark.parametrize(
    ("pairs", "feedback", "order", "history", "values"),
    [
        ("user,item\nu,b\nu,a\n", "pairs", "none", [1, 0], None),
        ("user,item,position\nu,b,2\nu,a,1\n", "pairs", "order", [0, 1], None),
        ("user,item,plays\nu,b,20\nu,a,1\n", "strengths", "none", [1, 0], [20, 1]),
        (DATED, "ratings", "time", [0, 1], [2, 4]),
        (BOUGHT, "strengths", "time", [0, 1], [2, 4]),
        ("user;item;rating\nu;b;3,5\nu;a;2\n", "ratings", "none", [1, 0], [3.5, 2]),
        ("user,item,recommend\nu,b,True\nu,a,False\n", "verdicts", "none", [1, 0], [1, 0]),
    ],
)  # fmt: skip
def test_kinds_of_interactions(
    tmp_path: Path,
    pairs: str,
    feedback: str,
    order: str,
    history: list[int],
    values: list[float] | None,
) -> None:
    catalog, report = read(tmp_path, ITEMS, pairs)
    data = catalog.interactions
    assert data is not None and (report.feedback, report.order) == (feedback, order)
    assert data.item.tolist() == history
    assert data.explicit is (feedback in ("ratings", "verdicts"))
    assert catalog.verdicts is (feedback == "verdicts")
    assert (data.value is None) if values is None else np.allclose(data.value, values)  # type: ignore[arg-type]
    assert (data.time is None) is (order == "none")
    assert catalog.time_kind == {"time": "seconds", "order": "order", "none": ""}[order]


def test_of_a_repeated_pair_the_last_counts(tmp_path: Path) -> None:
    pairs = "user,item,rating,timestamp\nu,a,1,2000000000\nu,a,5,1900000000\nu,b,3,1800000000\n"
    catalog, report = read(tmp_path, ITEMS, pairs)
    data = catalog.interactions
    assert data is not None and data.value is not None
    assert data.item.tolist() == [1, 0] and data.value.tolist() == [3, 1]
    assert report.interactions == 2


def test_unknown_items_are_dropped_and_counted(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, ITEMS, "user,item\nu,a\nu,zzz\nv,yyy\n")
    assert report.dropped[0].count == 2 and report.dropped[0].lines == [3, 4]
    assert catalog.n_users == 1  # nobody is left of whom nothing is known


def test_one_file_of_plays_gives_the_items_too(tmp_path: Path) -> None:
    plays = "user_id,artist_id,artist_name,plays\nu1,7,Can,5\nu2,7,Can,1\nu1,8,Neu!,2\n"
    catalog, report = read(tmp_path, plays, name="music")
    assert [item.title for item in catalog.items([0, 1])] == ["Can", "Neu!"]
    assert report.interactions == 3 and report.feedback == "strengths"
    assert catalog.schema.verb == "listen to"


def test_sequences_of_one_user_a_line(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, "u1 A B C\nu2 B\nu3 C A\n", suffix=".txt")
    assert (report.items, report.users, report.interactions) == (3, 3, 6)
    assert report.order == "order"
    data = catalog.interactions
    assert data is not None
    assert catalog.ids(data.item[data.history(2)].tolist()) == ["C", "A"]


def test_a_folder_with_one_table_of_each_kind(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "things.csv").write_text(ITEMS)
    (folder / "log.csv").write_text("user,item\nu,a\n")
    report = ingest(folder, tmp_path / "out", name="c")
    assert (report.items, report.interactions) == (3, 1)
    (folder / "more.csv").write_text(ITEMS)
    with pytest.raises(BadInput, match=r"cannot tell.*log\.csv, more\.csv, things\.csv"):
        ingest(folder, tmp_path / "out", name="c")


def test_years_in_titles(tmp_path: Path) -> None:
    catalog, _ = read(tmp_path, 'id,title\n1,"Thing, The (1982)"\n2,Alien (1979)\n')
    assert [item.label for item in catalog.items([0, 1])] == ["The Thing (1982)", "Alien (1979)"]
    assert catalog.numbers("year").tolist() == [1982, 1979]


def test_an_empty_title_takes_the_alias_else_the_id(tmp_path: Path) -> None:
    catalog, _ = read(tmp_path, "id,title,original_title\nx,,Ran\ny,,\nz,Ikiru,\n")
    assert [item.title for item in catalog.items([0, 1, 2])] == ["Ran", "y", "Ikiru"]


def test_a_failed_ingest_leaves_the_old_catalog(tmp_path: Path) -> None:
    catalog, _ = read(tmp_path, ITEMS)
    with pytest.raises(BadInput):
        read(tmp_path, "id,title\n,broken\n")
    assert Catalog.open(catalog.path).item(2).title == "C"
    assert [path.name for path in catalog.path.parent.iterdir() if path.is_dir()] == ["tiny"]


def test_column_names_fit_for_sql(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, 'id,title,Group,"x""); DROP TABLE items;--",2nd\n1,A,p,q,r\n')
    names = {guess.source: guess.column for guess in report.roles}
    assert names["Group"] == "group_" and names["2nd"] == "c_2nd"
    assert names['x"); DROP TABLE items;--'] == "x_drop_table_items"
    with catalog.connect() as connection:
        assert connection.execute("SELECT group_ FROM items").fetchone() is not None


def test_roles_of_the_schema_are_shown_again(tmp_path: Path) -> None:
    catalog, _ = read(tmp_path, BOOKS)
    assert [column.role for column in catalog.schema.columns[:3]] == [
        Role.ID,
        Role.TITLE,
        Role.YEAR,
    ]


def test_progress_ends_at_one(tmp_path: Path) -> None:
    source = tmp_path / "items.csv"
    source.write_text(ITEMS)
    told: list[float] = []
    ingest(source, tmp_path / "out", name="c", progress=lambda step, done: told.append(done))
    assert told == sorted(told) and told[-1] == 1.0
