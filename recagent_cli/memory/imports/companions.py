"""Files beside ratings by number, which tell titles and ids: movies.csv, links.csv."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from recagent_catalogs.formats.files import SourceFile

from .entries import Cells, Entry, Reader
from .sources import Source
from .tables import open_table
from .values import imdb_id

_FILES = ("movies.csv", "links.csv")
_MOST = 300_000


@dataclass(frozen=True)
class _Named:
    """What stands beside a number: a title, ids."""

    title: str = ""
    imdb: str = ""
    tmdb: str = ""


def with_companions(reader: Reader, source: Source, sources: Sequence[Source]) -> Reader:
    """The same reader, whose entries have the titles and ids that other files give the numbers."""
    known: dict[str, _Named] = {}
    for companion in _beside(source, sources):
        table = open_table(companion)
        if "movieid" not in table.columns:
            continue
        for _, cells in islice(table.rows(), _MOST):
            code = cells.get("movieid", "").strip()
            held = known.get(code, _Named())
            known[code] = _Named(
                cells.get("title", held.title),
                _imdb(cells.get("imdbid", "")) or held.imdb,
                cells.get("tmdbid", held.tmdb),
            )
    if not known:
        return reader
    return replace(reader, read=_naming(reader.read, known))


def _naming(
    read: Callable[[Cells], Entry | None], known: dict[str, _Named]
) -> Callable[[Cells], Entry | None]:
    def named(cells: Cells) -> Entry | None:
        entry = read(cells)
        if entry is None:
            return None
        told = known.get(entry.ids.get("own", ""), _Named())
        ids = {"imdb": told.imdb, "tmdb": told.tmdb, **entry.ids}
        return replace(
            entry, title=entry.title or told.title, ids={k: v for k, v in ids.items() if v}
        )

    return named


def _imdb(text: str) -> str:
    """MovieLens writes the number alone, with its zeros in front."""
    return imdb_id(text) or (f"tt{text.strip().zfill(7)}" if text.strip().isdigit() else "")


def _beside(source: Source, sources: Sequence[Source]) -> list[Source]:
    """movies.csv and links.csv of the same folder, in the export or on disk."""
    folder = source.inside.rpartition("/")[0]
    wanted = {f"{folder}/{name}".lstrip("/") for name in _FILES}
    found = [other for other in sources if other.inside in wanted and other is not source]
    if found or source.file.member or len(sources) > 1 or source.name == "-":
        return found
    paths = [source.file.path.parent / name for name in _FILES]
    return [Source(SourceFile(p), str(p), p.name) for p in paths if _is_file(p)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
