"""The catalogs of this user: the bundled ones and those added, each with its models."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import BadInput, NotFound, RecagentError, UsageError
from recagent_catalogs.shipped import bundled_names, bundled_version
from recagent_catalogs.store import Catalog

from .paths import Paths, make_dir

if TYPE_CHECKING:
    from recagent_catalogs.ingest import Overrides
    from recagent_catalogs.report import Report
    from recagent_tools.models.engine import Engine

DEFAULT_CATALOG = "movies"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
FIRST_ANSWER_S = 20.0
"""A first answer never waits longer for models than this."""
ProgressFunction = Callable[[str, float], None]


def silent(text: str, share: float) -> None:
    """Progress that nobody watches."""


def name_from(path: Path) -> str:
    """A catalog's name from a file's: `ml-latest-small.zip` -> `ml-latest-small`."""
    stem = re.sub(
        r"(\.(csv|tsv|txt|json|jsonl|ndjson|parquet|zip|gz|dat))+$", "", path.name.lower()
    )
    return re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-_")[:40] or "catalog"


def check_name(name: str) -> str:
    """The name, if it can be one.

    Raises:
        UsageError: it cannot.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a catalog's name",
            hint="lower-case letters, digits, - and _, a letter or digit first, 40 at most",
        )
    return name


@dataclass
class Library:
    """Finds, adds and removes catalogs, and opens their models."""

    paths: Paths
    progress: ProgressFunction = silent

    def names(self) -> list[str]:
        """All catalogs: the bundled ones and those added, sorted."""
        added = []
        if self.paths.catalogs.is_dir():
            added = [
                path.name
                for path in self.paths.catalogs.iterdir()
                if NAME.fullmatch(path.name) and (path / "catalog.toml").is_file()
            ]
        return sorted({*bundled_names(), *added})

    def directory(self, name: str) -> Path:
        """Where a catalog of that name is or would be."""
        return self.paths.catalogs / check_name(name)

    def is_installed(self, name: str) -> bool:
        """Whether the catalog's data stands on disk."""
        return (self.directory(name) / "catalog.toml").is_file()

    def open(self, name: str) -> Catalog:
        """Open a catalog; a bundled one is installed first.

        Raises:
            NotFound: there is none of that name; the hint names the nearest.
        """
        if NAME.fullmatch(name):
            is_bundled = name in bundled_names()
            if is_bundled and not self._bundled_is_current(name):
                self.install(name)
            if self.is_installed(name):
                return Catalog.open(self.directory(name))
        from rapidfuzz import process

        names = self.names()
        near = process.extractOne(name.lower(), names, score_cutoff=60)
        hint = f"did you mean {near[0]}? " if near else ""
        raise NotFound(f"no catalog {name!r}", hint=f"{hint}catalogs: {', '.join(names)}")

    def install(self, name: str) -> None:
        """Write a bundled catalog's data, and remember from which version."""
        from recagent_catalogs.bundled import install_bundled

        make_dir(self.paths.catalogs)
        install_bundled(name, self.directory(name), self.progress, 0)
        (self.directory(name) / "bundled.txt").write_text(bundled_version(name), encoding="utf-8")

    def _bundled_is_current(self, name: str) -> bool:
        marker = self.directory(name) / "bundled.txt"
        if self.is_installed(name) and not marker.exists():
            return True  # a catalog of the user's own under that name
        try:
            return marker.read_text(encoding="utf-8") == bundled_version(name)
        except OSError:
            return False

    def add(
        self,
        source: Path,
        name: str | None,
        *,
        interactions: Path | None,
        overrides: Overrides,
        replace: bool,
        skip_bad_rows: bool = False,
    ) -> tuple[str, Report]:
        """Read files into a catalog; returns its name and the data report.

        Raises:
            BadInput: the files cannot be read, or the name is taken and `replace` is false.
        """
        from recagent_catalogs.ingest import ingest

        if not source.exists():
            raise BadInput("no such file or folder", path=source)
        name = check_name(name or name_from(source))
        if self.is_installed(name) and not replace:
            raise BadInput(
                f"there is a catalog {name!r} already",
                hint=f"give another name, or --replace: recagent catalog add NAME {source}",
            )
        make_dir(self.paths.catalogs)
        report = ingest(
            source,
            self.directory(name),
            name=name,
            interactions=interactions,
            overrides=overrides,
            progress=self.progress,
            skip_bad_rows=skip_bad_rows,
        )
        return name, report

    def remove(self, name: str) -> None:
        """Delete a catalog and its models.

        Raises:
            NotFound: it is not installed.
        """
        if not self.is_installed(name):
            raise NotFound(f"no catalog {name!r}", hint="recagent catalog list")
        for directory in (self.directory(name), self.paths.models / name):
            if directory.exists():
                doomed = directory.with_name(f".{directory.name}.removed")
                shutil.rmtree(doomed, ignore_errors=True)
                directory.rename(doomed)
                shutil.rmtree(doomed, ignore_errors=True)

    def engine(self, catalog: Catalog) -> Engine:
        """The models of a catalog: the current build, or what needs none."""
        from recagent_tools.models.engine import Engine

        return Engine.open(catalog, self.paths.models / catalog.path.name)

    def build_within(self, name: str, seconds: float = FIRST_ANSWER_S) -> bool:
        """Build in a child process; False where it goes on alone after `seconds`.

        Raises:
            RecagentError: the build failed.
            KeyboardInterrupt: Ctrl-C; the child is ended.
        """
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "recagent_cli.build_worker",
                str(self.directory(name)),
                str(make_dir(self.paths.models) / name),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        watcher = _Watcher(process)
        watcher.start()
        try:
            return watcher.wait(seconds, self.progress)
        except KeyboardInterrupt:
            process.kill()
            raise


class _Watcher(threading.Thread):
    """Reads the child's progress lines; the last one says how it went."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.latest: tuple[str, float] = ("starting", 0.0)
        self.outcome: dict[str, Any] | None = None

    def run(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if "outcome" in message:
                self.outcome = message
            else:
                self.latest = (str(message["text"]), float(message["share"]))

    def wait(self, seconds: float, progress: ProgressFunction) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < deadline:
            self.join(0.05)
            progress(*self.latest)
        if self.is_alive():
            return False
        self.process.wait()
        if self.outcome is None or self.outcome["outcome"] != "built":
            told = self.outcome["message"] if self.outcome else "the process ended without a word"
            raise RecagentError(f"training failed: {told}", hint="recagent build shows more")
        return True
