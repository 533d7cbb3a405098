"""Exports of Letterboxd, IMDb and Trakt."""

from __future__ import annotations

from .entries import Cells, Entry, Given, Reader, Said, Shape, meaning_of, skipped
from .values import imdb_id, moment, names, points, year_of

FILMS = ("film", "movie")
LETTERBOXD = {"name", "year", "letterboxduri"}
_NOT_NOW = ("deleted/", "orphaned/")
_DIARY = ("diary", "reviews")


def letterboxd(shape: Shape, given: Given) -> Reader | None:
    """ratings, watched, diary, reviews, watchlist, likes/films; 0.5 to 5 stars."""
    if shape.inside.split("/", 1)[-1].startswith(_NOT_NOW) or shape.inside.startswith(_NOT_NOW):
        return (
            skipped("Letterboxd", "what you deleted there") if LETTERBOXD & shape.columns else None
        )
    if not shape.columns >= LETTERBOXD:
        return None
    base = shape.base
    means = given.means
    if not means:
        means = meaning_of(shape, given) if base not in ("films", "ratings") else ""
    liked = base == "films" and not means
    dated = "watcheddate" in shape.columns
    rated = "rating" in shape.columns
    if not (liked or means or dated or rated):
        return skipped(
            "Letterboxd",
            "its name does not say what it is: --means seen, wanted or liked",
        )

    def read(cells: Cells) -> Entry:
        logged = moment(cells.get("date", ""))
        said = []
        stars = points(cells, "rating", given.scale or 5.0)
        if stars:
            said.append(Said("rated", stars, logged))
        if dated or base in _DIARY:
            said.append(Said("seen", None, moment(cells.get("watcheddate", "")) or logged))
        elif liked:
            said.append(Said("liked", None, logged))
        elif means:
            said.append(Said(means, None, logged))
        return Entry(cells.get("name", ""), year=year_of(cells.get("year", "")), said=tuple(said))

    return Reader(
        "Letterboxd", read, given.scale or 5.0, rank=2 if base == "ratings" else 1, about=FILMS
    )


def imdb(shape: Shape, given: Given) -> Reader | None:
    """Ratings, watchlist and lists, with the present names of columns and those before 2017."""
    if "const" not in shape.columns or not shape.columns & {"title", "yourrating", "yourated"}:
        return None
    rating = "yourrating" if "yourrating" in shape.columns else "yourated"
    a_list = "position" in shape.columns
    means = meaning_of(shape, given) if a_list or rating not in shape.columns else ""
    if not means and rating not in shape.columns:
        return skipped("IMDb", "a list says neither seen nor wanted: --means seen, wanted or liked")

    def read(cells: Cells) -> Entry:
        said = []
        given_points = points(cells, rating, given.scale or 10.0)
        if given_points:
            when = moment(cells.get("daterated", "")) or moment(cells.get("created", ""))
            said.append(Said("rated", given_points, when))
        elif means:
            said.append(Said(means, None, moment(cells.get("created", ""))))
        code = imdb_id(cells.get("const", ""))
        original = cells.get("originaltitle", "")
        return Entry(
            cells.get("title", ""),
            (original,) if original else (),
            year_of(cells.get("year", "")),
            names(cells.get("directors", "")),
            {"imdb": code} if code else {},
            _imdb_form(cells.get("titletype", "")),
            said=tuple(said),
        )

    notes: tuple[str, ...] = ()
    if a_list and not means:
        notes = ("of a list only the rated titles count; --means wanted takes the others too",)
    return Reader(
        "IMDb", read, given.scale or 10.0, rank=0 if a_list else 1, notes=notes, about=FILMS
    )


def _imdb_form(kind: str) -> str:
    """What a title of IMDb is: "game", "episode"; "" for what may be a film or a series."""
    bare = kind.lower().replace(" ", "").replace("-", "")
    return {
        "videogame": "game", "tvepisode": "episode", "podcastepisode": "episode",
        "podcastseries": "podcast", "musicvideo": "music video",
    }.get(bare, "")  # fmt: skip


_TRAKT_DATES = ("ratedat", "watchedat", "lastwatchedat", "listedat", "collectedat", "createdat")
_TRAKT_KINDS = ("movie", "show", "episode", "season")


def trakt(shape: Shape, given: Given) -> Reader | None:
    """JSON of ratings, watched, history, watchlist, favourites, collection; and the csv of them."""
    nested = any(f"{kind}idstrakt" in shape.columns for kind in _TRAKT_KINDS)
    flat = bool({"traktid", "traktrating"} & shape.columns) and "title" in shape.columns
    if not (nested or flat):
        return None
    rating = next((c for c in ("rating", "yourrating") if c in shape.columns), "")
    means = meaning_of(shape, given) or _trakt_means(shape.columns)
    if not means and not rating:
        return skipped(
            "Trakt", "a list says neither seen nor wanted: --means seen, wanted or liked"
        )

    def read(cells: Cells) -> Entry:
        kind = cells.get("type", "") or next(
            (k for k in _TRAKT_KINDS if f"{k}title" in cells or f"{k}idstrakt" in cells), ""
        )
        when = next((t for c in _TRAKT_DATES if (t := moment(cells.get(c, "")))), 0.0)
        of = kind if nested else ""
        code = imdb_id(cells.get(f"{of}idsimdb", "") or cells.get("imdbid", ""))
        said = []
        if rating and (given_points := points(cells, rating, given.scale or 10.0)):
            said.append(Said("rated", given_points, when))
        elif means:
            said.append(Said(means, None, when))
        ids = {"imdb": code} if code else {}
        if tmdb := cells.get(f"{of}idstmdb", "") or cells.get("tmdbid", ""):
            ids["tmdb"] = tmdb
        return Entry(
            cells.get(f"{of}title", ""),
            year=year_of(cells.get(f"{of}year", "") or cells.get("released", "")),
            ids=ids,
            form=kind if kind in ("episode", "season") else "",
            said=tuple(said),
        )

    return Reader("Trakt", read, given.scale or 10.0, rank=1 if rating else 0, about=FILMS)


def _trakt_means(columns: frozenset[str]) -> str:
    """What the dates of a file say: when it was watched, listed, or collected."""
    if columns & {"watchedat", "lastwatchedat", "plays"}:
        return "seen"
    if "collectedat" in columns:
        return "imported"
    return ""
