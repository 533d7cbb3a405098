"""Any other table: what its columns are, by their names or as the person says."""

from __future__ import annotations

from recagent_catalogs.errors import BadInput
from recagent_catalogs.formats.roles import bare
from recagent_catalogs.text import clean

from .entries import Cells, Entry, Given, Reader, Said, Shape, meaning_of
from .values import imdb_id, isbn, moment, names, points, year_of

_NAMES = {
    "title": ("title", "name", "movie", "film", "game", "book", "booktitle", "movietitle",
              "filmtitle", "gametitle", "gamename", "moviename", "primarytitle", "itemtitle",
              "itemname", "product", "album", "show", "series"),
    "year": ("year", "releaseyear", "yearreleased", "yearpublished", "publicationyear",
             "originalpublicationyear", "startyear", "released", "releasedate"),
    "rating": ("rating", "myrating", "yourrating", "userrating", "starrating", "stars", "score",
               "myscore", "userscore", "rate", "grade", "points", "rating10", "rating5"),
    "date": ("date", "daterated", "ratedat", "watcheddate", "datewatched", "watchedat",
             "dateread", "lastdateread", "dateplayed", "lastplayed", "timestamp", "time",
             "datefinished", "finished", "created", "createdat", "dateadded", "added"),
    "people": ("author", "authors", "director", "directors", "developer", "developers", "artist",
               "creator", "creators", "by", "brand", "studio", "publisher"),
    "status": ("status", "readstatus", "shelf", "exclusiveshelf", "list", "state", "progress"),
    "liked": ("liked", "like", "loved", "favorite", "favourite", "isfavorite", "verdict",
              "recommend", "recommended", "thumbs"),
    "user": ("userid", "user", "username", "member", "reader", "player"),
}  # fmt: skip
_STATUS = {
    "seen": ("read", "watched", "seen", "completed", "complete", "finished", "played", "beaten",
             "done", "mastered"),
    "wanted": ("to-read", "toread", "want", "wanttoread", "wanttowatch", "wanttoplay", "planned",
               "plantowatch", "plantoread", "plantoplay", "wishlist", "watchlist", "backlog"),
    "imported": ("currentlyreading", "reading", "watching", "playing", "onhold", "paused",
                 "dropped", "didnotfinish", "dnf", "abandoned", "owned"),
}  # fmt: skip
_KIND_OF_STATUS = {bare(word): kind for kind, words in _STATUS.items() for word in words}
_YES = ("like", "liked", "love", "loved", "yes", "y", "true", "1", "up", "good", "favorite", "x")
_NO = ("dislike", "disliked", "hate", "hated", "down", "bad")


def any_table(shape: Shape, given: Given, own_id: str = "") -> Reader:
    """The reader of a file that no family knows.

    Args:
        shape: of the file.
        given: columns that the person named.
        own_id: the bare name of the catalog's column of ids.

    Raises:
        BadInput: a column that was named is not there, or neither titles nor ids are.
    """
    found = {part: _first(shape, names) for part, names in _NAMES.items()}
    for part in ("title", "year", "rating", "date", "people"):
        if wanted := getattr(given, part):
            found[part] = _named(shape, wanted, part)
    ids = _named(shape, given.id, "id") if given.id else _id_column(shape, own_id)
    if not found["title"] and not ids:
        columns = clean(", ".join(shape.titles.values()), 300)
        raise BadInput(
            f"no column of titles or ids; columns: {columns}", path=shape.name, line=1,
            hint="name it: --title COLUMN, or --id COLUMN for the catalog's own ids",
        )  # fmt: skip
    scale = given.scale
    plain = meaning_of(shape, given) or "imported"

    def read(cells: Cells) -> Entry:
        when = moment(cells.get(found["date"], ""))
        code = imdb_id(cells.get("imdbid", "") or cells.get("const", "") or cells.get("tconst", ""))
        book = isbn(cells.get("isbn13", "")) or isbn(cells.get("isbn", ""))
        codes = {"own": cells.get(ids, "").strip(), "imdb": code, "isbn": book}
        return Entry(
            cells.get(found["title"], ""),
            (cells["originaltitle"],) if "originaltitle" in cells else (),
            year_of(cells.get(found["year"], "")),
            names(cells.get(found["people"], "")),
            {site: value for site, value in codes.items() if value},
            said=tuple(_said(cells, found, scale, plain, given, when)),
        )

    user = found["user"] if ids or found["rating"] else ""
    return Reader("table", read, scale, user=user, notes=_notes(shape, found, ids, plain, given))


def _said(
    cells: Cells, found: dict[str, str], scale: float, plain: str, given: Given, when: float
) -> list[Said]:
    said = []
    value = points(cells, found["rating"], scale) if found["rating"] else None
    # Many sites write 0 for "not rated"; where 0 is a rating, the scale is named.
    if value is not None and (value or given.scale):
        said.append(Said("rated", value, when))
    word = bare(cells.get(found["liked"], ""))
    if word in _YES or word in _NO:
        said.append(Said("liked" if word in _YES else "disliked", None, when))
    kind = "" if given.means else _KIND_OF_STATUS.get(bare(cells.get(found["status"], "")), "")
    if kind and not (said and kind in ("seen", "imported")):
        said.append(Said(kind, None, when))
    return said or [Said(plain, None, when)]


def _notes(
    shape: Shape, found: dict[str, str], ids: str, plain: str, given: Given
) -> tuple[str, ...]:
    """How the columns were read, for the person."""
    told = {part: shape.titles.get(found[part], "") for part in ("title", "year", "rating", "date")}
    told["id"] = shape.titles.get(ids, "")
    read = ", ".join(f"{part} = {column}" for part, column in told.items() if column)
    notes = [f"columns: {read}"]
    if not found["rating"] and not found["status"] and not found["liked"]:
        known = "as you said" if given.means else "--means seen, wanted or liked to say otherwise"
        notes.append(f"no ratings: every row is {_PLAIN[plain]} ({known})")
    return tuple(notes)


_PLAIN = {
    "seen": "one you have seen",
    "wanted": "one for the watchlist",
    "liked": "one you liked",
    "disliked": "one you disliked",
    "imported": "in your history, without a verdict",
}


def _first(shape: Shape, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in shape.columns), "")


def _id_column(shape: Shape, own_id: str) -> str:
    for name in (own_id, "itemid", "id", "movieid", "productid", "asin", "gameid", "bookid"):
        if name and name in shape.columns:
            return name
    return ""


def _named(shape: Shape, wanted: str, part: str) -> str:
    """The bare name of a column that the person named.

    Raises:
        BadInput: there is none of that name.
    """
    name = bare(wanted)
    if name not in shape.columns:
        columns = clean(", ".join(shape.titles.values()), 300)
        raise BadInput(
            f"no column {clean(wanted, 80)!r}, named with --{part}; columns: {columns}",
            path=shape.name, line=1,
        )  # fmt: skip
    return name
