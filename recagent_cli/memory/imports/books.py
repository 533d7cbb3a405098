"""The library export of Goodreads, which other sites of readers write too."""

from __future__ import annotations

from .entries import Cells, Entry, Given, Reader, Said, Shape
from .values import isbn, moment, names, points, year_of

_SHELVES = {
    "read": "seen",
    "to-read": "wanted",
    "want-to-read": "wanted",
    "currently-reading": "imported",
    "did-not-finish": "imported",
    "dnf": "imported",
    "abandoned": "imported",
}


def goodreads(shape: Shape, given: Given) -> Reader | None:
    """My Rating (1 to 5, 0 for none) and Exclusive Shelf."""
    if "title" not in shape.columns or not shape.columns & {"exclusiveshelf", "myrating"}:
        return None

    def read(cells: Cells) -> Entry:
        added = moment(cells.get("dateadded", ""))
        finished = moment(cells.get("dateread", "")) or added
        said = []
        if stars := points(cells, "myrating", given.scale or 5.0):
            said.append(Said("rated", stars, finished))
        shelf = cells.get("exclusiveshelf", "").strip().lower()
        # A shelf of one's own is no wish: whoever set up one has put the book into a history.
        means = given.means or _SHELVES.get(shelf, "imported" if shelf else "")
        if means and not (stars and means in ("seen", "imported")):
            said.append(Said(means, None, added if means == "wanted" else finished))
        code = isbn(cells.get("isbn13", "")) or isbn(cells.get("isbn", ""))
        year = cells.get("originalpublicationyear", "") or cells.get("yearpublished", "")
        authors = (*names(cells.get("author", "")), *names(cells.get("additionalauthors", "")))
        return Entry(
            cells.get("title", ""),
            year=year_of(year),
            people=authors,
            ids={"isbn": code} if code else {},
            loose_year=True,
            said=tuple(said),
        )

    return Reader("Goodreads", read, given.scale or 5.0, about=("book",))
