"""Which catalogs come with recagent, and which version of them. Light: asked at every start."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

PREFERRED = ("movies", "games")


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
    """A text that changes when the shipped files do: name and size of each file."""
    folder = resources.files("recagent_catalogs") / name
    files = [folder / "catalog.toml", folder / "tastes.toml", *item_files(folder)]
    return " ".join(f"{file.name}:{_size(file)}" for file in files if file.is_file())


def _size(file: Traversable) -> int:
    return file.stat().st_size if isinstance(file, Path) else len(file.read_bytes())
