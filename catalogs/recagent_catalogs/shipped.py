"""Which catalogs come with recagent, and which version of them. Light: asked at every start."""

from __future__ import annotations

import zlib
from importlib import resources
from importlib.resources.abc import Traversable

PREFERRED = ("movies", "games")
GENERATION = 2
"""How the shipped files become a catalog. Raise it by one with every change of `simulate.py`,
`tastes.py` or `bundled.py` that gives other data, or of the arrays that are written: what was
installed before is then made anew."""
MARKER = "bundled.txt"
"""The file of an installed catalog that says which version of the shipped files it was made of."""


def bundled_names() -> list[str]:
    """The names of the bundled catalogs that have items, the default one first."""
    root = resources.files("recagent_catalogs")
    names = [
        entry.name
        for entry in root.iterdir()
        if entry.is_dir() and (entry / "catalog.toml").is_file() and item_files(entry)
    ]
    return sorted(names, key=lambda n: (PREFERRED.index(n) if n in PREFERRED else 99, n))


def item_files(folder: Traversable) -> list[Traversable]:
    """The CSV files of a bundled catalog, by name."""
    items = folder / "items"
    if not items.is_dir():
        return []
    return sorted((f for f in items.iterdir() if f.name.endswith(".csv")), key=lambda f: f.name)


def bundled_version(name: str) -> str:
    """A text that changes with whatever an installed bundled catalog depends on.

    The layout on disk, `GENERATION`, and a checksum over names and contents of the shipped files:
    1.3 MB in 1.5 ms. Times are not looked at; a wheel does not keep them.
    """
    from .store import FORMAT

    folder = resources.files("recagent_catalogs") / name
    checksum = 0
    for file in (folder / "catalog.toml", folder / "tastes.toml", *item_files(folder)):
        if file.is_file():
            checksum = zlib.crc32(file.read_bytes(), zlib.crc32(file.name.encode(), checksum))
    return f"{name} {FORMAT}.{GENERATION} {checksum:08x}"
