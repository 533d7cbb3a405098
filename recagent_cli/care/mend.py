"""What else is put right: catalogs that come with recagent, models, marks, copies, permissions."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.locks import locked
from recagent_catalogs.store import Catalog

from ..library import Library
from ..memory.backups import copies_of, folder_of
from ..memory.store_file import StoreFile
from ..paths import Paths, make_dir
from .catalog_check import check_catalogs, check_models, is_bundled
from .file_check import check_digests, check_settings, is_old, leftovers, open_to_others
from .repair import named_aside
from .rules_check import check_rules
from .store_check import look_at


@dataclass(frozen=True)
class Mend:
    """Something that is put right, or that only the person can.

    Attributes:
        what: as in a finding.
        where: the file or folder.
        text: what is wrong and what is done, for people.
        do: does it, and tells what came of it where that differs; None where the person must.
    """

    what: str
    where: str
    text: str
    do: Callable[[], str | None] | None = None


def mends(paths: Paths) -> Iterator[Mend]:
    """All that can be put right besides the store, and what cannot."""
    yield from _copies(paths)
    yield from _catalogs(paths)
    yield from _models(paths)
    for finding in check_digests(paths).findings:
        path = Path(finding.where)
        text = "damaged: moved aside; the next digest begins anew"
        yield Mend("digest", finding.where, text, _moving(paths, [path]))
    for finding in (*check_settings(paths).findings, *check_rules(paths).findings):
        told = f"{finding.text}; {finding.hint}" if finding.hint else finding.text
        yield Mend(finding.what, finding.where, told)
    for path in open_to_others(paths):
        yield Mend("permissions", str(path), "made yours alone", _closing(path))
    now = time.time()
    for path in leftovers(paths):
        if is_old(path, now):
            text = "left by a process that was killed: removed"
            yield Mend("leftover", str(path), text, _removing(path))


def _copies(paths: Paths) -> Iterator[Mend]:
    bad = [copy for copy in copies_of(StoreFile(paths.store)) if look_at(copy, copy=True).wrong]
    for copy in bad:
        text = "a damaged backup: moved aside, so that it counts as none"
        yield Mend("backup", str(copy), text, _moving(paths, [copy]))


def _catalogs(paths: Paths) -> Iterator[Mend]:
    for checked in check_catalogs(paths):
        if checked.whole:
            continue
        name = checked.what.removeprefix("catalog ")
        place = paths.catalogs / name
        if is_bundled(name, place):
            text = "damaged: made anew, as it comes with recagent"
            yield Mend("catalog", str(place), text, _installing(paths, name))
        else:
            hint = checked.findings[0].hint
            files = ", ".join(Path(finding.where).name for finding in checked.findings[:3])
            yield Mend("catalog", str(place), f"damaged ({files}), and kept as it is; {hint}")


def _installing(paths: Paths, name: str) -> Callable[[], None]:
    return lambda: Library(paths).install(name, anew=True)


def _models(paths: Paths) -> Iterator[Mend]:
    for checked in check_models(paths):
        if checked.findings:
            name = checked.what.removeprefix("models ")
            text = "damaged: the build before is used where it is whole, else they are removed"
            folder = paths.models / name
            yield Mend("models", str(folder), text, partial(_mend_models, paths, folder, name))


def _mend_models(paths: Paths, folder: Path, name: str) -> str:
    """Let the best of the builds be the current one, as whoever opens them would choose it.

    Raises:
        RecagentError: nothing tells which one belongs to the catalog, or one is left that cannot
            be used in full.
    """
    from recagent_tools.models.engine import mend_builds

    again = f"recagent build {name} trains them anew"
    try:
        catalog = Catalog.open(paths.catalogs / name)
    except RecagentError as error:
        raise RecagentError(f"the catalog {name} must be put right first") from error
    with contextlib.closing(catalog):
        build = mend_builds(catalog, folder)
    if build is None:
        return f"removed; {again}"
    if build.without:
        raise RecagentError(f"what ranks is left out; {again}")
    if build.instead:
        return f"one that is whole is used; {again}"
    return "the build before was damaged: removed"


def _moving(paths: Paths, files: list[Path]) -> Callable[[], None]:
    def move() -> None:
        folder = make_dir(folder_of(StoreFile(paths.store)), private=True)
        with locked(folder / ".lock"):
            room = Path(tempfile.mkdtemp(prefix=".repair-", dir=folder))
            try:
                for path in files:
                    path.rename(room / path.name)
                named_aside(room, folder)
            finally:
                shutil.rmtree(room, ignore_errors=True)

    return move


def _closing(path: Path) -> Callable[[], None]:
    return lambda: path.chmod(0o700 if path.is_dir() else 0o600)


def _removing(path: Path) -> Callable[[], None]:
    def remove() -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()

    return remove
