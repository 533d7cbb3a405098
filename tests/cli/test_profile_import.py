"""Histories from elsewhere: every format, what is written of it, and that it is taken back."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import NotFound
from recagent_catalogs.store import Catalog
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.export import export_lines
from recagent_cli.memory.imports.entries import Given
from recagent_cli.memory.imports.importing import History, Written, read_history
from recagent_cli.memory.imports.ours import read_ours, write_ours
from recagent_cli.memory.imports.sources import opened
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.undoing import take_back
from recagent_cli.paths import find_paths

from ..conftest import Ran, RunCommand

LETTERBOXD = {
    "ratings.csv": "Date,Name,Year,Letterboxd URI,Rating\n"
    "2021-03-04,Night Harbour,1994,https://boxd.it/a,5\n"
    "2021-03-05,The Glass Orchard,1995,https://boxd.it/b,0.5\n"
    "2021-03-06,Nowhere to Be Found,1990,https://boxd.it/c,3\n",
    "watched.csv": "Date,Name,Year,Letterboxd URI\n"
    "2021-03-04,Night Harbour,1994,https://boxd.it/a\n"
    "2020-01-02,Café Lumen,2014,https://boxd.it/d\n",
    "diary.csv": "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n"
    "2021-03-04,Night Harbour,1994,https://boxd.it/e,3,,,2021-03-01\n",
    "watchlist.csv": "Date,Name,Year,Letterboxd URI\n2022-01-01,Signal at Dawn,2016,https://boxd.it/f\n",
    "likes/films.csv": "Date,Name,Year,Letterboxd URI\n2022-01-01,Blue Static,2008,https://boxd.it/g\n",
    "deleted/diary.csv": "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n"
    "2021-03-04,Laughing Stock,2005,https://boxd.it/h,1,,,2021-03-01\n",
    "profile.csv": "Date Joined,Username\n2020-01-01,somebody\n",
}


def noted(profile: str = "me") -> list[StoredEvent]:
    return UserStore(find_paths().store).events(profile)


def facts(profile: str = "me") -> set[tuple[str, str, float | None]]:
    return {(e.item, e.kind, e.value) for e in noted(profile)}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def imported(recagent: RunCommand, *words: str, stdin: str | bytes = "") -> dict[str, Any]:
    ran = recagent("profile", "import", *words, "--json", stdin=stdin)
    assert ran.code == 0, ran.err
    body = json.loads(ran.out)
    assert (body["schema"], body["kind"]) == ("recagent.report/1", "import")
    return dict(body)


OF_LETTERBOXD = {
    ("f01", "rated", 5.0),
    ("f02", "rated", 2.0),  # 0.5 of 5, and the lowest rating that the catalog knows
    ("f12", "seen", None),
    ("f13", "wanted", None),
    ("f08", "liked", None),
}


@pytest.mark.usefixtures("home")
def test_letterboxd_as_a_zip(recagent: RunCommand, tmp_path: Path) -> None:
    path = tmp_path / "letterboxd-me.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in LETTERBOXD.items():
            archive.writestr(name, text)
    body = imported(recagent, str(path))
    assert facts() == OF_LETTERBOXD
    assert (body["matched"], body["doubtful"], body["missing"]) == (5, 0, 1)
    assert body["missing_titles"] == [{"title": "Nowhere to Be Found", "year": 1990}]
    assert body["new"] == {"rated": 2, "seen": 1, "wanted": 1, "liked": 1}
    assert [e.source for e in noted() if e.item == "f01"] == ["letterboxd-me.zip!ratings.csv"]
    assert {e.batch for e in noted()} == {body["batch"]}
    # Every fact has the date of the file, the oldest first.
    times = [e.time for e in noted()]
    assert times == sorted(times) and times[0] == 1577966400.0


@pytest.mark.usefixtures("home")
def test_a_folder_and_twice(recagent: RunCommand, tmp_path: Path) -> None:
    write(tmp_path / "export", LETTERBOXD)
    imported(recagent, str(tmp_path / "export"))
    assert facts() == OF_LETTERBOXD
    again = imported(recagent, str(tmp_path / "export"))
    assert (again["new"], again["known"], again["batch"]) == ({}, 5, None)
    assert len(noted()) == 5


@pytest.mark.usefixtures("home")
def test_a_dry_run_writes_nothing(recagent: RunCommand, tmp_path: Path) -> None:
    write(tmp_path / "export", LETTERBOXD)
    body = imported(recagent, str(tmp_path / "export"), "--dry-run")
    assert body["dry_run"] and body["batch"] is None and sum(body["new"].values()) == 5
    assert not find_paths().store.exists()


IMDB_NOW = (
    "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),"
    "Year,Genres,Num Votes,Release Date,Directors\n"
    'tt9900001,10,2020-05-06,Night Harbour,Night Harbour,x,Movie,7,102,1994,"Crime, Thriller",9,'
    "1994-02-01,Ada Quill\n"
    "tt9900002,4,2020-05-07,Paper Lanterns,Kami no akari,x,Video Game,7,88,2001,,9,2001,Yuki Hara\n"
    "tt9900003,7,2020-05-08,Long Field,The Long Field,x,Movie,7,138,2012,,9,2012,Nora Vance\n"
)
IMDB_THEN = (
    '"position","const","created","modified","description","Title","Title type","Directors",'
    '"You rated","IMDb Rating","Runtime (mins)","Year","Genres","Num. Votes",'
    '"Release Date (month/day/year)","URL"\n'
    '"1","tt9900001","Sun Nov 11 00:00:00 2012","","","Night Harbour","Feature Film","Ada Quill",'
    '"6","7","102","1994","crime","9","1994-02-01","x"\n'
)
GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,"
    "Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,"
    "Date Added,Bookshelves,Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,"
    "Private Notes,Read Count,Owned Copies\n"
    '1,"Night Harbour (Harbours, #1)",Ada Quill,"Quill, Ada",,"=""0000000000""","=""""",4,3.9,P,'
    "Paperback,102,2011,1994,2020/02/03,2019/01/01,,,read,,,,1,0\n"
    '2,The Glass Orchard: A Novel,Ada Quill,"Quill, Ada",,,,0,3.9,P,Paperback,102,2015,1994,,'
    "2019/01/01,,,to-read,,,,0,0\n"
    '3,Laughing Stock,Somebody Else,"Else, Somebody",,,,5,3.9,P,Paperback,102,2019,1970,,'
    "2019/01/01,,,read,,,,0,0\n"
)
TRAKT_RATINGS = [
    {"rated_at": "2021-01-02T03:04:05.000Z", "rating": 9, "type": "movie",
     "movie": {"title": "Night Harbour", "year": 1994, "ids": {"trakt": 1, "imdb": "tt9900001"}}},
    {"rated_at": "2021-01-02T03:04:05.000Z", "rating": 2, "type": "episode",
     "episode": {"season": 1, "number": 1, "title": "Café Lumen", "ids": {"trakt": 7}},
     "show": {"title": "Café Lumen", "year": 2014, "ids": {"trakt": 2}}},
]  # fmt: skip
TRAKT_WATCHED = [
    {"plays": 2, "last_watched_at": "2022-01-02T03:04:05.000Z",
     "movie": {"title": "Café Lumen", "year": 2014, "ids": {"trakt": 3, "imdb": None}}},
]  # fmt: skip
GAMES = [
    (1, "Night Harbour™", 6000),
    (2, "The Glass Orchard - Game of the Year Edition", 700),
    (3, "CAFÉ LUMEN", 0),
    (4, "Blue Static", 30),
    (5, "Something Else Entirely", 500),
    (6, "It", 3),
]
STEAM = {
    "response": {
        "game_count": len(GAMES),
        "games": [
            {"appid": code, "name": name, "playtime_forever": minutes, "rtime_last_played": 0}
            for code, name, minutes in GAMES
        ],
    }
}

EXPORTS: dict[str, tuple[str, str, set[tuple[str, str, float | None]]]] = {
    "imdb now": ("ratings.csv", IMDB_NOW, {("f01", "rated", 5.0), ("f11", "rated", 3.5)}),
    "imdb then": ("ratings.csv", IMDB_THEN, {("f01", "rated", 3.0)}),
    "imdb watchlist": (
        "WATCHLIST.csv",
        "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,"
        "IMDb Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,"
        "Date Rated\n1,tt9900001,2020-01-01,2020-01-01,,Blue Static,Blue Static,x,Movie,7,1,2008,,"
        "9,2008,Ada Quill,,\n",
        {("f08", "wanted", None)},
    ),
    "goodreads": (
        "goodreads_library_export.csv",
        GOODREADS,
        {("f01", "rated", 4.0), ("f02", "wanted", None)},
    ),
    "trakt ratings": ("ratings-movies.json", json.dumps(TRAKT_RATINGS), {("f01", "rated", 4.5)}),
    "trakt watched": ("watched-movies.json", json.dumps(TRAKT_WATCHED), {("f12", "seen", None)}),
    "trakt csv": (
        "trakt-watchlist.csv",
        "listed_at,type,title,year,trakt_id,imdb_id\n"
        "2021-01-02T03:04:05Z,movie,Blue Static,2008,5,tt1\n",
        {("f08", "wanted", None)},
    ),
    "steam": (
        "games.json",
        json.dumps(STEAM),
        {("f01", "liked", None), ("f12", "imported", None), ("f08", "seen", None),
         ("f09", "seen", None)},
    ),
    "steam csv": ("games.csv", "appid,name,hours\n9,Night Harbour,2.5\n", {("f01", "seen", None)}),
    "movielens": (
        "ratings.csv",
        "userId,movieId,rating,timestamp\n7,f01,4.0,1600000000\n7,f02,2.5,1600000000\n",
        {("f01", "rated", 4.0), ("f02", "rated", 2.5)},
    ),
    "any csv": (
        "my films.csv",
        'What,When made,Points\n"Harbour, Night",1994,80\nCAFE LUMEN,2014,100\n',
        {("f01", "rated", 4.0), ("f12", "rated", 5.0)},
    ),
    "any tsv": ("seen.tsv", "title\tyear\nBlue Static\t2008\n", {("f08", "seen", None)}),
    "any jsonl": (
        "x.jsonl",
        '{"name": "Blue Static", "stars": "★★★½"}\n{"name": "The Long Field", "year": 1978}\n',
        {("f08", "rated", 3.5), ("f10", "imported", None)},
    ),
    "of five": (
        "list.csv",
        "title;rating\nBlue Static;4,5\nIt;1\n",
        {("f08", "rated", 4.5), ("f09", "rated", 2.0)},
    ),
}  # fmt: skip
GIVEN = {"any csv": Given(title="what", year="When Made", rating="points")}


def read(place: str, catalog: Catalog, given: Given, stdin: bytes = b"") -> History:
    with opened(place, io.BytesIO(stdin)) as sources:
        return read_history(sources, catalog, given, place=place)


def told(history: History) -> set[tuple[str, str, float | None]]:
    ids = history.catalog.ids
    return {(ids([fact.row])[0], fact.kind, fact.value) for fact in history.facts()}


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_format(films: Catalog, tmp_path: Path, kind: str) -> None:
    name, text, wanted = EXPORTS[kind]
    (tmp_path / name).write_text(text, encoding="utf-8")
    given = GIVEN.get(kind, Given())
    assert told(read(str(tmp_path / name), films, given)) == wanted
    # The same by a pipe; there no name tells what the rows mean.
    if kind in ("imdb watchlist", "any tsv", "trakt csv"):
        given = Given(means=next(iter(wanted))[1])
    assert told(read("-", films, given, text.encode())) == wanted


def test_what_the_catalog_has_none_of_is_counted_apart(films: Catalog) -> None:
    gathered = read("-", films, Given(), json.dumps(TRAKT_RATINGS).encode()).gathered
    assert (dict(gathered.kinds), gathered.n_missing) == ({"episode": 1}, 0)
    gathered = read("-", films, Given(), IMDB_NOW.encode()).gathered
    assert (dict(gathered.kinds), gathered.n_missing) == ({"game": 1}, 0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_other_encodings(films: Catalog, encoding: str) -> None:
    raw = "title,year\nCafé Lumen,2014\n".encode(encoding)
    assert told(read("-", films, Given(means="seen"), raw)) == {("f12", "seen", None)}


@pytest.mark.usefixtures("home")
def test_a_catalog_without_a_scale_takes_verdicts(recagent: RunCommand, tmp_path: Path) -> None:
    items = write(
        tmp_path, {"plain.csv": "id,title,year\na,Ash,1999\nb,Birch,2000\nc,Cedar,2001\n"}
    )
    assert recagent("catalog", "add", "plain", str(items / "plain.csv")).code == 0
    (tmp_path / "r.csv").write_text("title,rating\nAsh,7\nBirch,4\nCedar,5.5\n")
    imported(recagent, str(tmp_path / "r.csv"), "-c", "plain", "--scale", "10")
    assert facts() == {("a", "liked", None), ("b", "disliked", None), ("c", "seen", None)}


@pytest.mark.usefixtures("home")
def test_what_is_doubtful_is_told_and_taken_when_asked_for(
    recagent: RunCommand, tmp_path: Path
) -> None:
    path = tmp_path / "liked.csv"
    path.write_text("title\nThe Long Field\nBlue Statik\n")
    body = imported(recagent, str(path))
    assert (body["matched"], body["doubtful"]) == (0, 2) and not noted()
    options = {d["title"]: [o["id"] for o in d["may_be"]] for d in body["doubtful_titles"]}
    assert set(options["The Long Field"]) == {"f10", "f11"} and options["Blue Statik"] == ["f08"]
    body = imported(recagent, str(path), "--accept-doubtful")
    assert body["doubtful"] == 0
    assert facts() == {(options["The Long Field"][0], "liked", None), ("f08", "liked", None)}


@pytest.mark.usefixtures("home")
def test_the_report_names_every_title_and_runs_nothing(
    recagent: RunCommand, tmp_path: Path
) -> None:
    path, report = tmp_path / "liked.csv", tmp_path / "report.csv"
    path.write_text('title,year\n"=HYPERLINK(""x"")",1999\nBlue Static,2008\nThe Long Field,\n')
    imported(recagent, str(path), "--report", str(report))
    lines = report.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("outcome,title,year,file,line")
    assert [line.split(",")[0] for line in lines[1:]] == ["missing", "doubtful", "matched"]
    assert "'=HYPERLINK" in lines[1] and ",f08,Blue Static,2008," in lines[3]


@pytest.mark.usefixtures("home")
def test_the_next_list_differs_and_offers_nothing_seen(
    recagent: RunCommand, tmp_path: Path
) -> None:
    def ids() -> list[str]:
        ran: Ran = recagent("ask", "something to watch", "--json")
        return [item["id"] for item in json.loads(ran.out)["items"]]

    before = ids()
    path = tmp_path / "watched.csv"
    path.write_text("id,title\n" + "".join(f"{id},\n" for id in before[:3]))
    imported(recagent, str(path))
    after = ids()
    assert after and not set(after) & set(before[:3])


@pytest.mark.usefixtures("home")
def test_an_export_of_ours_comes_back(recagent: RunCommand, tmp_path: Path) -> None:
    write(tmp_path / "export", LETTERBOXD)
    imported(recagent, str(tmp_path / "export"))
    lines = [
        {"schema": "recagent.profile/1", "profile": "me", "facts": 2},
        {"fact": 4, "catalog": "films", "kind": "liked", "item": "f04", "title": "Orbit of Ash II",
         "year": 1999, "time": "2022-01-01T00:00:00+00:00"},
        {"fact": 5, "catalog": "films", "kind": "liked", "item": "old-9", "title": "Blue Static",
         "year": 2008, "time": "2022-01-02T00:00:00+00:00"},
        {"fact": 6, "catalog": "films", "kind": "learned", "column": "genres", "text": "Drama",
         "value": 0.5, "because": 4, "time": "2022-01-03T00:00:00+00:00"},
    ]  # fmt: skip
    path = tmp_path / "me.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    body = imported(recagent, str(path), "--as", "ben")
    assert body["by_title"] == 1 and body["new"] == {"liked": 2, "learned": 1}
    assert facts("ben") == {("f04", "liked", None), ("f08", "liked", None), ("", "learned", 0.5)}
    first, _, learned = noted("ben")
    assert learned.because == first.id and {e.batch for e in noted("ben")} == {body["batch"]}
    assert imported(recagent, str(path), "--as", "ben")["known"] == 3


def of_letterboxd(recagent: RunCommand, path: Path, day: str, points: str, wish: str = "") -> Any:
    """What an import of one rating of Night Harbour, and one wish for Signal at Dawn, says."""
    head = "Date,Name,Year,Letterboxd URI"
    files = {"ratings.csv": f"{head},Rating\n{day},Night Harbour,1994,https://boxd.it/a,{points}\n"}
    if wish:
        files["watchlist.csv"] = f"{head}\n{wish},Signal at Dawn,2016,https://boxd.it/f\n"
    return imported(recagent, str(write(path / day, files)))["new"]


@pytest.mark.usefixtures("home")
def test_a_rating_that_comes_back_to_what_it_was(recagent: RunCommand, tmp_path: Path) -> None:
    assert of_letterboxd(recagent, tmp_path, "2020-01-01", "5", "2020-01-01") != {}
    assert of_letterboxd(recagent, tmp_path, "2022-01-01", "2") == {"rated": 1}
    UserStore(find_paths().store).commit(
        events=[StoredEvent("me", "films", "wanted", "f13", 0.0, time=1.65e9)]
    )
    for new in ({"rated": 1, "wanted": 1}, {}):  # each time once
        assert of_letterboxd(recagent, tmp_path, "2024-01-01", "5", "2024-01-01") == new
        assert of_letterboxd(recagent, tmp_path, "2020-01-01", "5", "2020-01-01") == {}
    assert [e.value for e in noted() if e.kind == "rated"] == [5.0, 2.0, 5.0]
    last = [e.value for e in noted() if e.kind == "wanted"][-1]
    assert last is None


def test_an_export_that_comes_again(films: Catalog, tmp_path: Path) -> None:
    """Each time with one fact more: causes are found, also those that came before."""
    mine, theirs = UserStore(tmp_path / "a" / "user.sqlite"), UserStore(tmp_path / "b" / "b.sqlite")
    like = StoredEvent("me", "films", "liked", "f01", source="said on one")
    theirs.commit(events=[replace(like, item="f09")])
    mine.commit(events=[like, replace(like, item="f02", batch="B")])

    def sent() -> Written:
        lines = export_lines(mine.events("me", undone=True), "me", lambda *of: ("", None), now=1e9)
        path = tmp_path / "me.jsonl"
        path.write_text("\n".join(lines))
        with opened(str(path)) as (source,):
            return write_ours(read_ours(source, films, "me"), theirs, "me")

    assert sent().new == {"liked": 2} and sent().new == {}
    learned = StoredEvent("me", "films", "learned", column="genres", text="Drama", because=1)
    orphan = replace(learned, text="Western", because=999)
    mine.commit(events=[learned, orphan])
    assert sent().new == {"learned": 1}
    causes = {e.id: e for e in theirs.events("me")}
    (written,) = theirs.events("me", kinds=["learned"])
    assert causes[written.because].item == "f01"
    with pytest.raises(NotFound):
        take_back(theirs, "me", [999])
    assert [e.item for e in take_back(theirs, "me", [1])] == ["f09"]
    # What is taken back by itself stays so; what was taken back whole may come again.
    take_back(theirs, "me", [2])
    assert (sent().new, sent().known) == ({}, 2)
    take_back(theirs, "me", [3])
    assert sent().new == {"liked": 2, "learned": 1} and sent().new == {}
    causes = {e.id: e for e in theirs.events("me")}
    (again,) = theirs.events("me", kinds=["learned"])
    assert causes[again.because].item == "f01"


def test_an_export_of_days_to_come(films: Catalog, tmp_path: Path) -> None:
    """A wrong time beats no later word, and the file comes in once."""
    store, now = UserStore(tmp_path / "user.sqlite"), time.time()
    ahead = StoredEvent("me", "films", "liked", "f01", time=2e11, id=1)
    events = [ahead, replace(ahead, kind="never", time=now - 50, id=2)]
    events += [replace(ahead, item="f02", id=3), replace(ahead, kind="rated", value=1e308, id=4)]
    path = tmp_path / "me.jsonl"
    path.write_text("\n".join(export_lines(events, "me", lambda *of: ("", None), now=now)))
    for new in (4, 0):
        with opened(str(path)) as (source,):
            written = write_ours(read_ours(source, films, "me"), store, "me")
        assert (sum(written.new.values()), written.known) == (new, 4 - new)
    first, never, _, rated = store.events("me")
    assert first.time == never.time and rated.time <= time.time() and rated.value == 5.0


@pytest.mark.usefixtures("home")
def test_for_people(recagent: RunCommand, tmp_path: Path) -> None:
    write(tmp_path / "export", LETTERBOXD)
    ran = recagent("profile", "import", str(tmp_path / "export"))
    assert ran.code == 0 and "matched        5  2 rated, 1 liked, 1 seen, 1 for the" in ran.out
    assert "missing        1  not in films\n    Nowhere to Be Found (1990)\n" in ran.out
    assert "recagent profile undo --batch" in ran.out and "recagent ask -c films" in ran.out
    assert "nothing new" in recagent("profile", "import", str(tmp_path / "export")).out
