"""Catalogs and their models, verified: every file read and held against its sum."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.shipped import MARKER, bundled_names
from recagent_catalogs.store import Catalog

from ..paths import Paths
from .findings import REPAIR, Checked, Finding, Watch, unwatched


def names_of(folder: Path) -> list[str]:
    """Names of what stands in a folder; what begins with a dot is no catalog."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def check_catalogs(paths: Paths, watch: Watch = unwatched) -> Iterator[Checked]:
    """Each catalog that stands on disk."""
    for name in names_of(paths.catalogs):
        place = paths.catalogs / name
        if place.is_dir():
            watch(f"catalog {name}", 0.0)
            yield _check_catalog(name, place)


def _check_catalog(name: str, place: Path) -> Checked:
    hint = REPAIR if is_bundled(name, place) else add_again(name, place)
    try:
        catalog = Catalog.open(place, proved=False)
        with contextlib.closing(catalog):
            wrong = list(_wrong_with(catalog))
        told = f"{catalog.n_items:,} items, {len(wrong) or 'no'} damaged files"
    except RecagentError as error:
        wrong, told = [(str(place), error.message.removeprefix(f"{place}: "))], "not read"
    found = [Finding("catalog", where, text, hint) for where, text in wrong]
    return Checked(f"catalog {name}", told, tuple(found))


def is_bundled(name: str, place: Path) -> bool:
    """Whether it is one that comes with recagent and can be made anew."""
    return name in bundled_names() and (place / MARKER).exists()


def add_again(name: str, place: Path) -> str:
    """What to do of a damaged catalog of the person's own files."""
    try:
        report = json.loads((place / "report.json").read_text(encoding="utf-8"))
        source = str(report.get("source") or "") if isinstance(report, dict) else ""
    except (OSError, ValueError):
        source = ""
    return f"add it again: recagent catalog add {name} {source or 'PATH'} --replace"


def _wrong_with(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """The files that are not as they were written, and counts that do not agree."""
    for file in catalog.verify():
        path = catalog.path / file
        yield str(path), "missing" if not path.exists() else "not as it was written"
    path = catalog.path / "search.sqlite"
    try:
        uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM items").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        yield str(path), "cannot be read"
        return
    if count != catalog.n_items:
        yield str(path), f"has {count:,} items, and the catalog {catalog.n_items:,}"


def check_models(paths: Paths, watch: Watch = unwatched) -> Iterator[Checked]:
    """The builds of each catalog: pointer, manifest, every file."""
    from recagent_tools.models.artefacts import CURRENT

    for name in names_of(paths.models):
        if os.path.lexists(paths.models / name / CURRENT):
            watch(f"models of {name}", 0.0)
            yield _check_models(name, paths.models / name)


def _check_models(name: str, folder: Path) -> Checked:
    from recagent_tools.models.artefacts import CURRENT, ArtefactError, pointer_of, wrong_with_build

    again = f"{REPAIR}, or recagent build {name}"
    try:
        current, sum_, previous = pointer_of(folder) or ("", "", "")
    except ArtefactError:
        wrong = Finding("models", str(folder / CURRENT), "cannot be read", again)
        return Checked(f"models {name}", "not read", (wrong,))
    found = [
        Finding("models", str(path), text, again)
        for path, text in wrong_with_build(folder / current, sum_)
    ]
    if previous:
        found += [
            Finding("models", str(path), f"{text} (the build before)", again, serious=False)
            for path, text in wrong_with_build(folder / previous)
        ]
    told = f"build {current}" + (f", before it {previous}" if previous else "")
    return Checked(f"models {name}", told, tuple(found))
