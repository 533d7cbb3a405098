from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput
from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog

from .helpers import MOVIES, bench_data, movielens_folder


def test_the_csv_family(movielens: Catalog) -> None:
    report = movielens.report
    assert (report["format"], report["items"], report["users"]) == ("movielens-csv", 10, 6)
    assert report["interactions"] == 12 and report["feedback"] == "ratings"
    assert report["density"] == pytest.approx(12 / 60)
    assert report["values"] == {"min": 1.0, "max": 5.0, "mean": pytest.approx(38.5 / 12, abs=1e-3)}
    assert report["time"] == {"first": "1998-07-09", "last": "2004-11-09"}
    assert report["order"] == "time" and report["fingerprint"] == movielens.fingerprint
    assert [file["kept"] for file in report["files"]] == [10, 4, 12]
    assert movielens.item(8).columns["genres"] == []
    assert movielens.item(8).year is None


def test_a_zip_gives_the_same_catalog(movielens: Catalog, tmp_path: Path) -> None:
    folder = movielens_folder(tmp_path / "plain")
    archive = tmp_path / "ml.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in folder.iterdir():
            file.write(path, f"ml-tiny/{path.name}")
    report = ingest(archive, tmp_path / "out", name="ml")
    assert report.fingerprint == movielens.fingerprint
    assert report.files[0]["name"].endswith("ml.zip!ml-tiny/movies.csv")


def test_the_1m_format(tmp_path: Path) -> None:
    movies = "1::Toy Story (1995)::Animation|Children's|Comedy\n2::Léon (1994)::Crime\n"
    (tmp_path / "movies.dat").write_bytes(movies.encode("latin-1"))
    (tmp_path / "ratings.dat").write_text(
        "1::1::5::978300760\n2::1::3::978302109\n2::2::4::978301968\n"
    )
    report = ingest(tmp_path, tmp_path / "out" / "c", name="1m")
    catalog = Catalog.open(tmp_path / "out" / "c")
    assert report.format == "movielens-1m" and report.warnings == []
    assert [item.label for item in catalog.items([0, 1])] == ["Toy Story (1995)", "Léon (1994)"]
    assert catalog.words("genres").of(0) == ["Animation", "Children's", "Comedy"]
    assert catalog.interactions is not None and len(catalog.interactions) == 3


def test_the_100k_format(tmp_path: Path) -> None:
    flags = "|".join("1" if n in (1, 5) else "0" for n in range(19))
    unknown = "|".join("1" if n == 0 else "0" for n in range(19))
    rows = f"1|Brazil (1985)|18-Dec-1985||http://x|{flags}\n2|Été (1996)|||http://y|{unknown}\n"
    (tmp_path / "u.item").write_bytes(rows.encode("latin-1"))
    (tmp_path / "u.data").write_text("7\t1\t4\t881250949\n8\t2\t2\t881250950\n")
    report = ingest(tmp_path, tmp_path / "out" / "c", name="100k")
    catalog = Catalog.open(tmp_path / "out" / "c")
    assert report.format == "movielens-100k" and report.warnings == []
    assert catalog.words("genres").of(0) == ["Action", "Comedy"]
    assert catalog.words("genres").of(1) == []
    assert catalog.item(1).label == "Été (1996)"


def test_movies_without_ratings_are_a_catalog(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text(MOVIES, encoding="utf-8")
    report = ingest(tmp_path, tmp_path / "out" / "c", name="c")
    assert report.items == 10 and report.feedback == "none"
    assert "without interactions" in str(report.warnings[0])


def test_a_wrong_header_names_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text("id,title,genres\n1,A,B\n")
    with pytest.raises(BadInput, match=r"movies\.csv:1: expected the columns movieId") as caught:
        ingest(tmp_path, tmp_path / "out" / "c", name="c")
    assert caught.value.line == 1
    assert not (tmp_path / "out" / "c").exists()


def test_a_bad_rating_has_file_line_and_column(tmp_path: Path) -> None:
    folder = movielens_folder(tmp_path / "in")
    with (folder / "ratings.csv").open("a") as file:
        file.write("u1,1,lots,5\n")
    with pytest.raises(BadInput, match=r"ratings\.csv:14:3: column rating: not a number: 'lots'"):
        ingest(folder, tmp_path / "out", name="c")
    report = ingest(folder, tmp_path / "out", name="c", skip_bad_rows=True)
    assert report.interactions == 12 and report.dropped[0].lines == [14]


def test_latest_small_as_grouplens_ships_it(tmp_path: Path) -> None:
    source = bench_data() / "datasets" / "ml-latest-small"
    report = ingest(source, tmp_path / "ml", name="ml")
    assert (report.items, report.users, report.interactions) == (9742, 610, 100836)
    assert report.warnings == [] and report.dropped == []
    catalog = Catalog.open(tmp_path / "ml")
    assert catalog.titles.find("Matrix, The")[0].title == "The Matrix"
    assert catalog.titles.find("the matrix (1999)")[0].exact
    assert catalog.words("genres").resolve("scifi") == "Sci-Fi"
    assert catalog.titles.find("Harry Potter and the Cursed Child") == []
