"""The catalogs of this user: the bundled ones and those added, each with its models."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recagent_catalogs import children
from recagent_catalogs.errors import BadInput, NotFound, RecagentError, UsageError
from recagent_catalogs.locks import is_held, locked
from recagent_catalogs.shipped import MARKER, bundled_names, bundled_version
from recagent_catalogs.store import Catalog

from .paths import Paths, make_dir, unwritable
from .rules import whole

if TYPE_CHECKING:
    from recagent_catalogs.ingest import Overrides
    from recagent_catalogs.report import Report
    from recagent_tools.models.engine import Engine

    from .semantic import SemanticMatcher

DEFAULT_CATALOG = "movies"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
FIRST_ANSWER_S = 20.0
"""A first answer never waits longer for catalog and models than this."""
REPAIR_S = 3.0
"""Nor one after models were found damaged than this: something answers meanwhile."""
BUILDING = ".building"
"""The lock, in a catalog's models directory, of the process that trains them."""
BUSY_S = 0.1
LOOKS = 10
"""How often a catalog that is not there, or not whole, is looked at again during swaps."""
ProgressFunction = Callable[[str, float], None]


def silent(text: str, share: float) -> None:
    """Progress that nobody watches."""


def _worth_training(catalog: Catalog) -> bool:
    interactions = catalog.interactions
    return interactions is not None and len(interactions) > 0


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
    semantic: Path | None = None
    """Folder of the model by which a first training writes the catalog's words as vectors."""
    ruled: Callable[[Catalog], Catalog] | None = None
    """Gives a catalog as whoever looks may see it (`rules.py`); without it all is seen."""
    _temporary: Any = None
    """The folder of `elsewhere`, removed with it."""

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
        """Open a catalog as may be seen of it; a bundled one is installed first.

        Raises:
            NotFound: there is none of that name; the hint names the nearest.
            BadInput: it is damaged, or a rule of the house is wrong.
        """
        found = self.open_whole(name)
        return found if self.ruled is None else self.ruled(found)

    def open_whole(self, name: str) -> Catalog:
        """The same with all that rules keep out."""
        if NAME.fullmatch(name):
            is_bundled = name in bundled_names()
            if is_bundled and not self._bundled_is_current(name):
                self.install(name)
            try:
                found = self._opened(name)
            except BadInput:
                if not is_bundled or self._is_own(name):
                    raise
                self.install(name, anew=True)
                found = self._opened(name)
            if found is not None:
                return found
        from rapidfuzz import process

        names = self.names()
        near = process.extractOne(name.lower(), names, score_cutoff=60)
        hint = f"did you mean {near[0]}? " if near else ""
        raise NotFound(f"no catalog {name!r}", hint=f"{hint}catalogs: {', '.join(names)}")

    def elsewhere(self, name: str) -> Library:
        """A library in a temporary folder, gone with this process, that holds a bundled catalog.

        For where nothing can be written; without models.

        Raises:
            RecagentError: there is none of that name, or no temporary folder either.
        """
        import tempfile

        if name not in bundled_names():
            raise NotFound(f"no catalog {name!r}", hint="recagent catalog list")
        try:
            place = tempfile.TemporaryDirectory(prefix="recagent-")
        except OSError as error:
            raise unwritable(self.paths.catalogs, error) from error
        paths = replace(self.paths, data=Path(place.name))
        library = Library(paths, self.progress, self.semantic, self.ruled)
        library._temporary = place
        library.install(name)
        return library

    def standing(self, name: str) -> Catalog | None:
        """The catalog where it stands ready; None where it would have to be installed first.

        Raises:
            NotFound: there is none of that name.
            BadInput: it is damaged.
        """
        if name in bundled_names() and not self._bundled_is_current(name):
            return None
        return self.open(name)

    def untrained(self, catalog: Catalog, engine: Engine) -> bool:
        """Whether models could be trained of a catalog's data, and are not."""
        return not engine.trained and _worth_training(catalog)

    def _opened(self, name: str) -> Catalog | None:
        """The catalog as it stands on disk; None where there is none.

        Another process may be swapping it: what is not there, or was replaced while it was opened,
        is looked at again.
        """
        directory = self.directory(name)
        for _ in range(LOOKS):
            before = _identity(directory)
            try:
                catalog = Catalog.open(directory)
                if _identity(directory) == before:
                    return catalog
            except (NotFound, BadInput, OSError):
                from recagent_catalogs.place import settle

                settle(directory)
        return Catalog.open(directory) if self.is_installed(name) else None

    def install(self, name: str, *, anew: bool = False) -> None:
        """Write a bundled catalog's data, unless another process did it meanwhile.

        Args:
            name: of a bundled catalog.
            anew: whether what stands there is replaced in any case.

        Raises:
            RecagentError: it cannot be written.
        """
        from recagent_catalogs.bundled import install_bundled

        with self._alone(name):
            if anew or not self._bundled_is_current(name):
                install_bundled(name, self.directory(name), self.progress, 0)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """One process at a time installs, adds or removes a catalog; the others wait."""
        from recagent_catalogs.place import settle

        lock = make_dir(self.paths.catalogs) / f".{name}.work.lock"
        with ExitStack() as stack:
            try:
                stack.enter_context(
                    locked(lock, waiting=lambda: self.progress("waiting for another recagent", 0.0))
                )
            except OSError as error:
                raise unwritable(lock, error) from error
            settle(self.directory(name))
            yield

    def _bundled_is_current(self, name: str) -> bool:
        """Whether this version's data stand there, or a catalog of the person's own."""
        if not self.is_installed(name):
            return False
        try:
            marker = (self.directory(name) / MARKER).read_text(encoding="utf-8")
        except OSError:
            return self._is_own(name)
        return marker == bundled_version(name)

    def _is_own(self, name: str) -> bool:
        """Whether the catalog of a bundled one's name was read from the person's own files."""
        directory = self.directory(name)
        if (directory / MARKER).exists():
            return False
        try:
            report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
            return bool(report["format"] != "bundled")
        except (OSError, ValueError, KeyError, TypeError):
            return True

    def add(
        self,
        source: Path,
        name: str | None,
        *,
        interactions: Path | None,
        overrides: Overrides,
        replace: bool,
        skip_bad_rows: bool = False,
        rejects: Path | None = None,
    ) -> tuple[str, Report]:
        """Read files into a catalog; returns its name and the data report.

        Raises:
            BadInput: the files cannot be read, or the name is taken and `replace` is false.
        """
        from recagent_catalogs.formats.files import no_such_file
        from recagent_catalogs.ingest import ingest

        if not os.path.lexists(source):
            raise no_such_file(source)
        name = check_name(name or name_from(source))
        with self._alone(name):
            if self.is_installed(name) and not replace:
                raise BadInput(
                    f"there is a catalog {name!r} already",
                    hint=f"give another name, or --replace: recagent catalog add NAME {source}",
                )
            report = ingest(
                source,
                self.directory(name),
                name=name,
                interactions=interactions,
                overrides=overrides,
                progress=self.progress,
                skip_bad_rows=skip_bad_rows,
                rejects=rejects,
            )
        return name, report

    def remove(self, name: str) -> None:
        """Delete a catalog and its models.

        Raises:
            NotFound: it is not installed.
            RecagentError: it cannot be deleted.
        """
        from recagent_catalogs.place import remove

        missing = NotFound(f"no catalog {name!r}", hint="recagent catalog list")
        if not self.is_installed(name):
            raise missing
        with self._alone(name):
            if not self.is_installed(name):
                raise missing
            for place in (self.directory(name), self.paths.models / name):
                if place.exists():
                    try:
                        remove(place)
                    except OSError as error:
                        raise unwritable(place, error, "cannot be removed") from error

    def engine(self, catalog: Catalog) -> Engine:
        """The models of a catalog: the current build, or what needs none."""
        from recagent_tools.models.engine import Engine

        # What is learnt and measured is of all items, whoever looks.
        return Engine.open(whole(catalog), self.paths.models / catalog.path.name)

    def ready_engine(
        self,
        catalog: Catalog,
        build: bool,
        deadline: float,
        notice: Callable[[str, str], None],
    ) -> Engine:
        """The models of a catalog, trained first where there are none and there is time.

        Args:
            catalog: whose models.
            build: whether they may be trained.
            deadline: until when that is waited for, by `time.monotonic()`, seconds.
            notice: takes (kind, text) of what was not done.
        """
        engine = self.engine(catalog)
        damaged, told = engine.damaged, ""
        if (damaged or not engine.trained) and build and _worth_training(catalog):
            left = max(0.0, deadline - time.monotonic())
            basis = "the retrievers alone" if engine.trained else "content and popularity"
            try:
                # Who had models is not kept waiting as at the first time.
                if self.build_within(catalog.path.name, min(left, REPAIR_S) if damaged else left):
                    engine = self.engine(catalog)
                    told = "they were trained anew" * bool(damaged)
                else:
                    told = "they are" if damaged else "the models are still being"
                    told += f" trained in the background; this answer comes from {basis}"
            except RecagentError as error:
                told = f"{error.message}; answering from {basis}"
        if told:
            why = damaged.removesuffix("; build again")
            notice("catalog", f"{why}; {told}" if why else told)
        for text in engine.notices:
            if text != damaged or not told:
                notice("catalog", text)
        return engine

    def matcher(
        self, catalog: Catalog, threshold: float, tell: Callable[[str], None]
    ) -> SemanticMatcher | None:
        """What reads moods by the model of `semantic`; None where none is named."""
        if self.semantic is None:
            return None
        from .semantic import SemanticMatcher

        models = self.paths.models / catalog.path.name
        return SemanticMatcher(catalog, models, self.semantic, threshold, tell)

    def build_within(self, name: str, seconds: float = FIRST_ANSWER_S) -> bool:
        """Build in a child process; False where it goes on alone after `seconds`.

        Where another process trains the same models, its end is waited for instead.

        Raises:
            RecagentError: the build failed.
            KeyboardInterrupt: Ctrl-C; the child is ended.
        """
        deadline = time.monotonic() + seconds
        waited = False
        while True:
            if not self.is_building(name):
                if waited and self._usable(name):
                    return True
                outcome = self._train(name, deadline)
                if outcome != "busy":
                    return outcome == "built"
            if time.monotonic() >= deadline:
                return False
            waited = True
            self.progress("another recagent trains the models", 0.0)
            time.sleep(BUSY_S)

    def _usable(self, name: str) -> bool:
        engine = self.engine(Catalog.open(self.directory(name)))
        return engine.trained and not engine.damaged

    def is_building(self, name: str) -> bool:
        """Whether a process trains the models of that catalog now.

        Raises:
            RecagentError: the models directory cannot be written.
        """
        lock = make_dir(self.paths.models / name) / BUILDING
        try:
            return is_held(lock)
        except OSError as error:
            raise unwritable(lock, error) from error

    def _train(self, name: str, deadline: float) -> str:
        """Train in a child process: "built", "busy" (another one does), or "" at the deadline."""
        # -P: `-m` would look for every module in the working directory first, which may hold a
        # stranger's files.
        process = subprocess.Popen(
            [
                *children.python("recagent_cli.build_worker"),
                str(self.directory(name).absolute()),
                str((self.paths.models / name).absolute()),
                *([str(self.semantic)] if self.semantic else []),
            ],
            env=children.environment(),
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
            return watcher.wait(deadline, self.progress)
        except KeyboardInterrupt:
            process.kill()
            raise


def _identity(directory: Path) -> int | None:
    """What tells a directory from the one that takes its place."""
    try:
        return directory.stat().st_ino
    except OSError:
        return None


class _Watcher(threading.Thread):
    """Reads the child's progress lines; the last one says how it went."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.latest: tuple[str, float] = ("starting", 0.0)
        self.outcome: dict[str, Any] | None = None

    def run(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._take(line)
        self.process.wait()

    def _take(self, line: str) -> None:
        try:
            message = json.loads(line)
            if "outcome" in message:
                self.outcome = message
            else:
                self.latest = (str(message["text"]), float(message["share"]))
        except (ValueError, KeyError, TypeError):
            return  # a library that talks on stdout

    def wait(self, deadline: float, progress: ProgressFunction) -> str:
        """The outcome; "" where there is none at the deadline.

        Raises:
            RecagentError: the training failed.
        """
        while self.is_alive():
            self.join(0.05)
            progress(*self.latest)
            if self.is_alive() and time.monotonic() >= deadline:
                return ""
        outcome = self.outcome or {"message": "the process ended without a word"}
        if outcome.get("outcome") not in ("built", "busy"):
            raise RecagentError(
                f"training failed: {outcome['message']}", hint="recagent build shows more"
            )
        return str(outcome["outcome"])
