"""The catalogs that come with recagent: hand-written items, simulated people."""

from __future__ import annotations

import time
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from .data import ItemTable
from .errors import NotFound
from .formats.build import ColumnPlan, build_items
from .formats.delimited import DelimitedTable
from .formats.files import SourceFile
from .ingest import make_report
from .report import GuessedRole, Log, Report
from .schema import CatalogSchema, load_schema
from .shipped import MARKER, bundled_names, bundled_version
from .simulate import simulate
from .tastes import Taste
from .writer import Progress, silent, write_catalog


def install_bundled(
    name: str, destination: Path, progress: Progress = silent, seed: int = 0
) -> Report:
    """Write a bundled catalog as a catalog directory.

    Args:
        name: one of `bundled_names()`.
        destination: the catalog's directory.
        progress: told of each step.
        seed: of the simulated people; the same seed gives the same catalog.

    Raises:
        NotFound: no bundled catalog of that name.
    """
    started = time.perf_counter()
    if name not in bundled_names():
        raise NotFound(
            f"no bundled catalog {name!r}", hint="bundled catalogs: " + ", ".join(bundled_names())
        )
    version = bundled_version(name)
    log = Log(skip_bad_rows=True)
    progress("reading items", 0.05)
    schema, items = read_bundled(name, log)
    progress("drawing simulated people", 0.2)
    tastes = _read_tastes(resources.files("recagent_catalogs") / name, items, log)
    people = simulate(items, tastes, np.random.default_rng(seed))
    roles = [
        GuessedRole(c.name, c.name, str(c.role), "format", "|" if c.is_list else "")
        for c in schema.columns
    ]
    report = make_report(name, "bundled", items, people, roles, log)
    report.seconds = round(time.perf_counter() - started, 3)
    # The marker goes in with the data: a catalog without one is taken for the person's own.
    report.fingerprint = write_catalog(
        destination,
        items,
        people,
        report.to_json(),
        progress,
        notes={MARKER: version},
    )
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def read_bundled(name: str, log: Log) -> tuple[CatalogSchema, ItemTable]:
    """Read the schema and the items of a bundled catalog.

    A row that cannot be used is dropped into the log: one slip in a shipped file must not leave
    anybody without a catalog. A test holds the shipped files to none.
    """
    folder = resources.files("recagent_catalogs") / name
    with resources.as_file(folder) as path:
        schema = load_schema(path / "catalog.toml")
        plan = [ColumnPlan(c.name, c, "|" if c.is_list else "", "format") for c in schema.columns]
        files = sorted((path / "items").glob("*.csv"))
        tables = [DelimitedTable(SourceFile(file), log, delimiter=",") for file in files]
        return schema, build_items(tables, schema, plan, log)


def _read_tastes(folder: Traversable, items: ItemTable, log: Log) -> list[Taste]:
    """The written tastes; none where the file is missing. Ids that are no items are told."""
    file = folder / "tastes.toml"
    if not file.is_file():
        return []
    rows_of = {id: row for row, id in enumerate(items.ids)}
    tastes = []
    for table in tomllib.loads(file.read_text(encoding="utf-8")).get("taste", []):
        known = [rows_of[id] for id in dict.fromkeys(table["items"]) if id in rows_of]
        for id in table["items"]:
            if id not in rows_of:
                log.warn(f"taste {table['name']!r} names no item: {id}", "tastes.toml")
        if known:
            tastes.append(Taste(table["name"], float(table.get("weight", 1.0)), tuple(known)))
    return tastes
