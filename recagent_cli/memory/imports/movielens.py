"""Ratings by number, as MovieLens writes them: userId, movieId, rating, timestamp."""

from __future__ import annotations

from .entries import Cells, Entry, Given, Reader, Said, Shape, skipped
from .values import moment, points

_COMPANIONS = ("movies.csv", "links.csv", "tags.csv", "genome-tags.csv", "genome-scores.csv")


def movielens(shape: Shape, given: Given) -> Reader | None:
    """Ratings by movieId; titles and ids of other sites come from movies.csv, links.csv beside."""
    if "movieid" not in shape.columns:
        return None
    if "rating" not in shape.columns:
        known = shape.inside.rsplit("/", 1)[-1] in _COMPANIONS
        beside = any("rating" in columns for columns in shape.companions.values())
        return (
            skipped("MovieLens", "no ratings: it goes with ratings.csv")
            if known and beside
            else None
        )

    def read(cells: Cells) -> Entry:
        stars = points(cells, "rating", given.scale or 5.0)
        said = () if stars is None else (Said("rated", stars, moment(cells.get("timestamp", ""))),)
        return Entry(ids={"own": cells.get("movieid", "").strip()}, said=said)

    user = "userid" if "userid" in shape.columns else ""
    return Reader("MovieLens", read, given.scale or 5.0, user=user)
