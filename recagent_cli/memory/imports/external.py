"""Ids of other sites in a catalog's own columns: imdbId, tmdb_id, isbn13, an address."""

from __future__ import annotations

from functools import cached_property

from recagent_catalogs.formats.roles import bare
from recagent_catalogs.schema import Column, Role
from recagent_catalogs.store import Catalog

from .values import imdb_id, isbn

_SITES = {
    "imdb": ("imdb", "imdbid", "tconst", "const", "imdburl"),
    "tmdb": ("tmdb", "tmdbid"),
    "trakt": ("trakt", "traktid"),
    "isbn": ("isbn", "isbn13", "isbn10"),
    "steam": ("steam", "steamid", "appid", "steamappid"),
}
_LOOKED_AT = frozenset((Role.OTHER, Role.URL, Role.NUMBER, Role.ALIAS, Role.TEXT, Role.FACET))


class ExternalIds:
    """The rows of a catalog by the ids of other sites; read when the first one is asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._rows: dict[str, dict[str, int]] = {}

    def row(self, site: str, value: str) -> int | None:
        """The row of the item with that id, where the catalog has ids of the site."""
        wanted = normal(site, value)
        if not wanted or site not in self.columns:
            return None
        if site not in self._rows:
            self._rows[site] = self._read(site)
        return self._rows[site].get(wanted)

    @cached_property
    def columns(self) -> dict[str, tuple[Column, ...]]:
        """The columns with ids, by site."""
        found: dict[str, tuple[Column, ...]] = {}
        for site, known in _SITES.items():
            columns = tuple(
                column
                for column in self._catalog.schema.columns
                if column.role in _LOOKED_AT
                and any(bare(name) in known for name in (column.name, *column.aliases))
            )
            if columns:
                found[site] = columns
        return found

    def _read(self, site: str) -> dict[str, int]:
        connection = self._catalog.connect()
        try:
            rows: dict[str, int] = {}
            for column in self.columns[site]:
                cell = f'"{column.name}"'
                if column.role is Role.NUMBER:
                    cell = f"CAST({cell} AS BIGINT)"
                query = f"SELECT id, CAST({cell} AS VARCHAR) FROM items WHERE {cell} IS NOT NULL"
                result = connection.execute(query)
                while batch := result.fetchmany(10_000):
                    for id, text in batch:
                        if (wanted := normal(site, text)) and wanted not in rows:
                            row = self._catalog.row_of(id)
                            if row is not None:
                                rows[wanted] = row
            return rows
        finally:
            connection.close()


def normal(site: str, text: str) -> str:
    """An id as it is compared: imdb without "tt" and zeros in front, ISBNs with 13 digits."""
    text = text.strip()
    if site == "isbn":
        return isbn(text)
    if site == "imdb":
        text = imdb_id(text).removeprefix("tt") or text.removeprefix("tt")
    text = text.removesuffix(".0")
    return text.lstrip("0") if text.isdigit() else ""
