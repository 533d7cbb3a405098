from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs import sums
from recagent_catalogs.errors import BadInput, NotFound
from recagent_catalogs.store import Catalog

from .helpers import read


def test_items_come_in_the_order_asked_for(movielens: Catalog) -> None:
    items = movielens.items([2, 0, 2])
    assert [item.label for item in items] == ["Rocky II (1979)", "Alien (1979)", "Rocky II (1979)"]
    assert items[1].columns == {
        "original_title": None,
        "genres": ["Horror", "Sci-Fi"],
        "tags": ["space", "scary"],
    }
    assert items[1].id == "1" and items[1].row == 0


def test_ids_are_text(movielens: Catalog) -> None:
    assert movielens.row_of("007") == 9
    assert movielens.row_of("7") == 6
    assert movielens.row_of("nothing") is None
    assert movielens.row_of("\ud800") is None
    assert movielens.ids([9, 0]) == ["007", "1"]


def test_a_row_outside_is_an_index_error(movielens: Catalog) -> None:
    for call in (movielens.item, movielens.label, lambda row: movielens.ids([row])):
        with pytest.raises(IndexError):
            call(10)


def test_numbers_are_nan_where_missing(movielens: Catalog) -> None:
    years = movielens.numbers("year")
    assert years.dtype == np.float32 and years[1] == 1999 and math.isnan(years[8])
    with pytest.raises(KeyError):
        movielens.numbers("genres")
    with pytest.raises(KeyError):
        movielens.words("year")


def test_popularity_and_ratings(movielens: Catalog) -> None:
    assert movielens.popularity.tolist() == [6, 5, 1, 0, 0, 0, 0, 0, 0, 0]
    assert movielens.mean_rating[0] == pytest.approx((1 + 2 + 3 + 4 + 5 + 1) / 6)
    assert math.isnan(movielens.mean_rating[2])  # one rating tells about one person


def test_interactions_are_sorted_by_user_and_time(movielens: Catalog) -> None:
    data = movielens.interactions
    assert data is not None and data.time is not None and data.value is not None
    assert len(data) == 12 and data.n_users == movielens.n_users == 6 and data.explicit
    index = movielens.user_index("u0")
    assert index is not None and movielens.user_id(index) == "u0"
    assert data.item[data.history(index)].tolist() == [2, 0, 1]
    for user in range(data.n_users):
        times = data.time[data.history(user)]
        assert (np.diff(times) >= 0).all()
    assert movielens.user_index("nobody") is None
    with pytest.raises(IndexError):
        movielens.user_id(6)


def test_sql_tables(movielens: Catalog) -> None:
    with movielens.connect() as connection:
        stats = connection.execute("SELECT * EXCLUDE (first_time, last_time) FROM item_stats")
        rows = stats.fetchall()
        assert rows[0] == ("1", 6, pytest.approx(2.6667))
        assert rows[2] == ("3", None, None)  # fewer than five: null
        dated = connection.execute("SELECT count(first_time), count(*) FROM item_stats").fetchone()
        assert dated == (2, 10)
        items = connection.execute("SELECT id, rowid FROM items ORDER BY rowid").fetchall()
        assert items == [(id, row) for row, id in enumerate(movielens.ids(range(10)))]
        pairs = connection.execute('SELECT "user", item, value, time FROM interactions').fetchall()
        assert len(pairs) == 12
        with pytest.raises(Exception, match="read-only"):
            connection.execute("DELETE FROM items")
        with pytest.raises(Exception, match="disabled"):
            connection.execute("SELECT * FROM read_text('/etc/hostname')")
        with pytest.raises(Exception, match="locked"), movielens.connect() as second:
            second.execute("SET enable_external_access = true")


def test_text_conditions_want_whole_words(movielens: Catalog) -> None:
    assert movielens.rows_with_text("title", "rocky").tolist() == [2, 3]
    assert movielens.rows_with_text("title", "ROCKY ii").tolist() == [2]
    assert movielens.rows_with_text("title", "aliens").tolist() == []
    assert movielens.rows_with_text("original_title", "enfants perdus").tolist() == [4]
    assert movielens.rows_with_text("title", '"*:').tolist() == []
    with pytest.raises(KeyError):
        movielens.rows_with_text("genres", "drama")


def test_search_reads_title_tags_and_alias(movielens: Catalog) -> None:
    assert movielens.search("space", 5)[0].tolist() == [0]
    assert movielens.search("the enfants", 5)[0].tolist() == [4]
    rows, scores = movielens.search("rocky alien", 5)
    assert set(rows.tolist()) == {0, 2, 3} and scores.dtype == np.float32
    assert (np.diff(scores) <= 0).all()
    assert len(movielens.search("rocky", 1)[0]) == 1
    assert len(movielens.search("rocky", 0)[0]) == 0


@given(text=st.text(max_size=80))
def test_no_query_text_raises(movielens: Catalog, text: str) -> None:
    rows, scores = movielens.search(text, 3)
    assert len(rows) == len(scores) <= 3
    movielens.rows_with_text("title", text)


@pytest.mark.parametrize(
    "text", ['"', "AND", "NEAR(a b)", "title:x", "a*", "-", "\x00", "\ud800", "x" * 9999]
)
def test_query_syntax_is_text(movielens: Catalog, text: str) -> None:
    rows, scores = movielens.search(text, 3)
    assert len(rows) == len(scores) <= 3 and all(0 <= row < movielens.n_items for row in rows)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Catalog.open(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("arrays/meta.json", lambda c: c.n_items),
        ("arrays/popularity.npy", lambda c: c.popularity),
        ("arrays/num.year.npy", lambda c: c.numbers("year")),
        ("arrays/word.genres.values.npy", lambda c: c.words("genres").values),
        ("arrays/titles.forms.npy", lambda c: c.titles.find("the matrx")),
        ("report.json", lambda c: c.report),
        ("search.sqlite", lambda c: c.item(0)),
        ("catalog.duckdb", lambda c: c.connect()),
    ],
)
def test_a_missing_or_cut_file_is_bad_input(
    movielens: Catalog, tmp_path: Path, name: str, use: object
) -> None:
    assert callable(use)
    copy = tmp_path / "copy"
    shutil.copytree(movielens.path, copy)
    if name.endswith((".npy", ".json")):
        (copy / name).write_bytes((copy / name).read_bytes()[:40])
        with pytest.raises(BadInput, match=Path(name).name.replace(".", r"\.")):
            use(Catalog.open(copy))
    (copy / name).unlink()
    with pytest.raises(BadInput):
        use(Catalog.open(copy))


def test_verify_finds_a_flipped_byte(movielens: Catalog, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(movielens.path, copy)
    assert Catalog.open(copy).verify() == []
    file = copy / "arrays" / "inter.item.npy"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(bytes(raw))
    (copy / "report.json").unlink()
    opened = Catalog.open(copy, proved=False)
    assert opened.verify() == ["arrays/inter.item.npy", "report.json"]


@pytest.mark.parametrize("name", ["arrays/inter.item.npy", "search.sqlite", "catalog.duckdb"])
def test_a_flipped_byte_is_found_before_it_answers(
    movielens: Catalog, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(movielens.path, copy)
    assert Catalog.open(copy).n_items  # proved, and remembered
    raw = bytearray((copy / name).read_bytes())
    raw[-1] ^= 1
    (copy / name).write_bytes(bytes(raw))
    with pytest.raises(BadInput, match=Path(name).name):
        Catalog.open(copy)
    (copy / sums.PROVED).write_text("[]")
    with pytest.raises(BadInput, match=Path(name).name):
        Catalog.open(copy)


def test_what_was_proved_is_not_read_again(
    movielens: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(movielens.path, copy)
    read: list[str] = []
    real = sums.file_sha256

    def noted(path: Path) -> str:
        read.append(path.name)
        return real(path)

    monkeypatch.setattr(sums, "file_sha256", noted)
    Catalog.open(copy)
    assert len(read) == len(sums.read_sums(copy))
    read.clear()
    Catalog.open(copy)
    assert read == []
    os.utime(copy / "report.json")
    Catalog.open(copy)
    assert read == ["report.json"]


def test_another_layout_is_refused(movielens: Catalog, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(movielens.path, copy)
    meta = copy / "arrays" / "meta.json"
    meta.write_text(meta.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(BadInput, match="layout 99"):
        Catalog.open(copy)


def test_a_catalog_without_interactions(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, "id,title\na,One\nb,Two\n")
    assert catalog.interactions is None and catalog.n_users == 0
    assert catalog.popularity.tolist() == [0, 0]
    assert np.isnan(catalog.mean_rating).all()
    assert report.feedback == "none" and report.density is None
    with catalog.connect() as connection:
        assert connection.execute("SELECT count(*) FROM interactions").fetchone() == (0,)


def test_the_fingerprint_follows_the_data(tmp_path: Path) -> None:
    prints = []
    for number, title in enumerate(("One", "One", "Other")):
        catalog, _ = read(tmp_path, f"id,title\na,{title}\n", name=f"n{number}")
        assert len(catalog.fingerprint) == 16 and int(catalog.fingerprint, 16) >= 0
        prints.append(catalog.fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_hostile_text_is_cleaned(tmp_path: Path) -> None:
    catalog, report = read(tmp_path, "id,title\na,\x1b[31mRed\x07 \u202eevil\n")
    assert catalog.item(0).title == "Red evil"
    assert any("hidden" in str(warning) for warning in report.warnings)
