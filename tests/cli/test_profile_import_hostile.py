"""Broken and hostile histories: one clear line, exit code 4, and nothing is written."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput
from recagent_catalogs.store import Catalog
from recagent_cli.memory.imports import gathering, sources
from recagent_cli.memory.imports.entries import Entry, Given
from recagent_cli.memory.imports.importing import History, read_history
from recagent_cli.memory.imports.matching import Matcher
from recagent_cli.memory.imports.sources import opened
from recagent_cli.memory.imports.values import isbn, moment, year_of
from recagent_cli.memory.store import UserStore
from recagent_cli.paths import find_paths

from ..conftest import RunCommand

HEAD = "title,year,rating\n"
GOOD = HEAD + "Blue Static,2008,4\n"


def read(place: Path, catalog: Catalog, given: Given | None = None) -> History:
    with opened(str(place)) as found:
        return read_history(found, catalog, given or Given(), place=str(place))


BROKEN = {
    "empty": (b"", "the file is empty"),
    "a header alone": (HEAD.encode(), "no rows"),
    "a NUL": (GOOD.encode() + b"It\0,2010,4\n", ":3: column title: a NUL byte"),
    "no rating": (GOOD.encode() + b"It,2010,great\n", ":3: column rating: 'great' is no number"),
    "too few fields": (GOOD.encode() + b"It\nIt,2010,4\n", ":3: row with another number of fields"),
    "cut short": (GOOD.encode() + b"It,20", ":3: the last row is cut short"),
    "an open quote": (GOOD.encode() + b'"It,2010,4\nMore,2010,4\nMore,2011,4\n', ":3"),
    "no title": (b"a,b\n1,2\n", ":1: no column of titles or ids; columns: a, b"),
    "html": (b"<html><body>Log in</body></html>\n", "HTML or XML"),
    "a spreadsheet": (b"PK\x03\x04" + b"\0" * 40, "a spreadsheet or a zip archive"),
    "json cut short": (b'[{"title": "It"}, {"title": "Bl', ":1:"),
    "json that is none": (b'{"title": }', "no valid JSON"),
    "json without a list": (b'{"status": 15}', "no list of items in this JSON; its keys: status"),
    "json of endless digits": (
        b'[{"title": "It", "rating": ' + b"9" * 5_000 + b"}]",
        "a number of too many digits",
    ),
    "json too deep": (b"[" * 100_000, "nested too deep"),
    "numbers for objects": (b"[1, 2, 3]", "an object was expected, found int"),
    "a negative rating": (GOOD.encode() + b"It,2010,-4\n", ":3: column rating: a rating below 0"),
    "several people": (b"userId,movieId,rating\n1,f01,3\n2,f02,4\n", "rows of several people"),
    "ids of another site": (b"userId,movieId,rating\n1,77,3\n1,78,4\n", "only 0 of 2 ids"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file(films: Catalog, tmp_path: Path, kind: str) -> None:
    raw, told = BROKEN[kind]
    path = tmp_path / ("x.json" if kind.startswith(("json", "numbers")) else "x.csv")
    path.write_bytes(raw)
    with pytest.raises(BadInput) as error:
        read(path, films)
    assert str(path) in error.value.message and told in error.value.message
    assert "--skip-bad-rows" not in error.value.hint


@pytest.mark.usefixtures("home")
def test_nothing_is_written_unless_all_was_read(recagent: RunCommand, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "a.csv").write_text(GOOD)
    (folder / "b.csv").write_text(GOOD + "It,2010,great\n")
    ran = recagent("profile", "import", str(folder))
    assert ran.code == 4 and not find_paths().store.exists() and not ran.out
    assert ran.err.splitlines()[0].endswith("b.csv:3: column rating: 'great' is no number")
    body = json.loads(recagent("profile", "import", str(folder), "--json").out)
    assert (body["schema"], body["exit_code"]) == ("recagent.error/1", 4)
    for words in (("--means", "loved"), ("--accept-doubtful", "--skip-doubtful")):
        assert recagent("profile", "import", str(folder), *words).code == 2
    ran = recagent("profile", "import", str(folder / "a.csv"), "--title", "nam\x1b[31m")
    assert ran.code == 4 and "columns: title, year, rating" in ran.err and "\x1b" not in ran.err
    assert recagent("profile", "import", str(folder / "none.csv")).code == 4


def test_archives_lead_nowhere(films: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../outside.csv", GOOD)
        archive.writestr("/etc/absolute.csv", GOOD)
        archive.writestr("__MACOSX/._a.csv", b"\0\1\2")
        archive.writestr("pictures/a.png", b"\x89PNG")
    assert read(path, films).items == 1
    assert not (tmp_path.parent / "outside.csv").exists()


def test_links_in_a_folder_are_not_followed(films: Catalog, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(GOOD)
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "seen.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(BadInput, match="no table in this folder"):
        read(folder, films)


def test_what_unpacks_to_too_much(films: Catalog, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", HEAD + "x" * (9 << 20))
    with pytest.raises(BadInput, match="unpacks to more than"):
        read(bomb, films)
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress((HEAD + "It,2010,4\n" * 2_000_000).encode()))
    with pytest.raises(BadInput, match="unpacks to more than"):
        read(packed, films)


def test_a_history_has_bounds(
    films: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + "It,2010,4\n" * 30)
    monkeypatch.setattr(gathering, "MAX_ROWS", 20)
    with pytest.raises(BadInput, match=r":22: more than 20 rows"):
        read(path, films)
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    with pytest.raises(BadInput, match="a history may have"):
        read(path, films)
    with pytest.raises(BadInput, match="a history may have"), opened("-", io.BytesIO(b"x" * 200)):
        pass


@pytest.mark.usefixtures("home")
def test_doubtful_titles_are_asked_one_by_one(
    recagent: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recagent_cli.commands import profile_import

    monkeypatch.setattr(profile_import, "_may_ask", lambda run: True)
    path = tmp_path / "liked.csv"
    path.write_text("title\nThe Long Field\nBlue Statik\nPaper Lantern\nLaughing Stok\n")
    ran = recagent("profile", "import", str(path), stdin="7\n2\n\nq\n")
    assert ran.code == 0 and "1/4  The Long Field: which one?" in ran.err
    second = re.search(r"  2  The Long Field \((\d+)\), (.*)", ran.err)
    assert second is not None and "1 to 2, Enter, a or q" in ran.err
    wanted = {"1978": "f10", "2012": "f11"}[second[1]]
    events = UserStore(find_paths().store).events("me")
    assert [(e.item, e.kind) for e in events] == [(wanted, "liked")]
    ran = recagent("profile", "import", str(path), stdin="a\n")
    assert len(UserStore(find_paths().store).events("me")) >= 4


@pytest.mark.usefixtures("home")
def test_games_are_not_looked_for_among_films(recagent: RunCommand, tmp_path: Path) -> None:
    path = tmp_path / "games.csv"
    path.write_text("appid,name,hours\n1,Night Harbour,50\n")
    ran = recagent("profile", "import", str(path))
    assert ran.code == 4 and "Steam has games, films has films" in ran.err
    assert "-c games" in ran.err and not find_paths().store.exists()
    assert recagent("profile", "import", str(path), "-c", "films").code == 0


@pytest.mark.usefixtures("home")
def test_ids_of_other_sites_in_the_catalog(recagent: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "shelf.csv").write_text(
        "id,title,imdbId,isbn13\n"
        "a,Ash,0114709,9780306406157\nb,Ash and After,113497,9783161484100\n"
    )
    assert recagent("catalog", "add", "shelf", str(tmp_path / "shelf.csv")).code == 0
    (tmp_path / "r.csv").write_text(
        "Const,Your Rating,Date Rated,Title,Year\ntt0113497,9,2020-01-01,Another Name of It,1995\n"
    )
    (tmp_path / "b.csv").write_text(
        "Title,Author,ISBN,ISBN13,My Rating,Exclusive Shelf\n"
        'Cinders,Somebody,"=""0306406152""","=""""",5,read\n'
    )
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "links.csv").write_text("movieId,imdbId,tmdbId\n901,0114709,1\n")
    (tmp_path / "beside" / "ratings.csv").write_text("userId,movieId,rating\n1,901,1\n")
    for name, words in (("r.csv", ()), ("b.csv", ()), ("beside/ratings.csv", ("--as", "ana"))):
        ran = recagent("profile", "import", str(tmp_path / name), "-c", "shelf", *words)
        assert ran.code == 0 and "matched        1" in ran.out, ran.out + ran.err
    store = UserStore(find_paths().store)
    assert {(e.item, e.kind) for e in store.events("me")} == {("b", "liked"), ("a", "liked")}
    assert {(e.item, e.kind) for e in store.events("ana")} == {("a", "disliked")}


# --- matching ------------------------------------------------------------------------------------


def test_the_number_in_a_title_tells_items_apart(films: Catalog) -> None:
    matcher = Matcher(films)
    second = films.row_of("f04")
    assert matcher.match(Entry("Orbit of Ash 2", year=1999)).row == second
    assert matcher.match(Entry("Orbit of Ash III", year=1999)).outcome == "missing"
    assert matcher.match(Entry("Orbit of Ash", year=1999)).row is None


def test_year_and_people_tell_remakes_apart(films: Catalog) -> None:
    matcher = Matcher(films)
    old, new = films.row_of("f10"), films.row_of("f11")
    assert matcher.match(Entry("The Long Field", year=1978)).row == old
    assert matcher.match(Entry("Long Field, The", year=2013)).row == new
    assert matcher.match(Entry("the long field", people=("Nora Vance",))).row == new
    assert matcher.match(Entry("The Long Field", year=1990)).outcome == "missing"
    both = matcher.match(Entry("The Long Field"))
    assert both.outcome == "doubtful" and set(both.rows) == {old, new}
    stranger = Entry("Laughing Stock", people=("Nobody Known",), loose_year=True)
    assert matcher.match(stranger).outcome == "missing"


def test_a_game_of_a_film_is_not_the_film(films: Catalog) -> None:
    assert Matcher(films).match(Entry("Blue Static", year=2008, form="game")).outcome == "missing"


def test_a_number_of_another_site_needs_its_title(films: Catalog) -> None:
    matcher = Matcher(films)
    assert matcher.match(Entry("It", ids={"tmdb": "f01"})).row == films.row_of("f09")
    assert matcher.match(Entry("Night Harbour", ids={"own": "f01"})).row == films.row_of("f01")


@settings(max_examples=40)
@given(st.integers(0, 15), st.sampled_from([str.upper, str.lower, str.title]), st.booleans())
def test_writing_changes_nothing(films: Catalog, row: int, form: object, behind: bool) -> None:
    item = films.item(row)
    title = item.title
    if behind and title.startswith("The "):
        title = f"{title[4:]}, The"
    assert callable(form)
    assert Matcher(films).match(Entry(form(title), year=item.year)).row == row


@settings(max_examples=40)
@given(st.text(max_size=60), st.none() | st.integers(-5, 3000))
def test_any_title_has_an_outcome(films: Catalog, title: str, year: int | None) -> None:
    match = Matcher(films).match(Entry(title, year=year, ids={"own": title, "imdb": title}))
    assert (match.outcome == "missing") == (not match.rows)


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text: str) -> None:
    assert 0.0 <= moment(text, now=2e9) <= 2e9
    assert year_of(text) is None or 1000 <= (year_of(text) or 0) <= 2200
    assert len(isbn(text)) in (0, 13)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2020-02-03", 1580731200),
        ("2020/02/03", 1580731200),
        ("03.02.2020", 1580731200),
        ("02/03/2020", 1580731200),
        ("13/02/2020", 1581595200),
        ("3 Feb 2020", 1580731200),
        ("February 3, 2020", 1580731200),
        ("Mon Feb 03 00:00:00 2020", 1580731200),
        ("2020-02-03T12:00:00.000Z", 1580731200),
        ("1580731200", 1580731200),
        ("1580731200000", 1580731200),
        ("2999-01-01", 1.9e9),
        ("2020-13-45", 0),
        ("soon", 0),
    ],
)
def test_dates(text: str, seconds: float) -> None:
    assert moment(text, now=1.9e9) == seconds
