"""Everything that is kept, verified: `recagent doctor --verify`. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

from ..memory.backups import copies_of
from ..memory.store_file import StoreFile
from ..paths import Paths
from .catalog_check import check_catalogs, check_models
from .file_check import check_cache, check_digests, check_leftovers, check_private, check_settings
from .findings import Checked, Finding, Watch, unwatched
from .rules_check import check_rules
from .store_check import check_store, look_at, told_counts


def verify(paths: Paths, watch: Watch = unwatched) -> Iterator[Checked]:
    """Look at everything, one part after the other.

    Args:
        paths: where everything is kept.
        watch: is told what is being looked at.
    """
    yield check_store(paths.store, _part(watch, 0, 0.4))
    yield check_backups(paths, _part(watch, 0.4, 0.6))
    yield from check_catalogs(paths, _part(watch, 0.6, 0.8))
    yield from check_models(paths, _part(watch, 0.8, 1.0))
    yield check_settings(paths)
    yield check_rules(paths)
    yield check_digests(paths)
    yield check_cache(paths)
    yield check_private(paths)
    yield check_leftovers(paths)


def _part(watch: Watch, begin: float, end: float) -> Watch:
    """Tells of a part of all that is done as of that part of the whole."""
    return lambda what, share: watch(what, begin + (end - begin) * share)


def check_backups(paths: Paths, watch: Watch = unwatched) -> Checked:
    """Whether each copy of the store opens, and all its rows are whole."""
    copies = copies_of(StoreFile(paths.store))
    found = []
    newest = ""
    for copy in copies:
        watch(f"backup {copy.name}", 0.0)
        look = look_at(copy, copy=True)
        if look.whole:
            newest = f"; the newest has {told_counts(look.counts)}"
            continue
        where, text = look.wrong[0] if look.wrong else ("file", "made by a newer recagent")
        hint = "it is never used; delete it, or wait until newer ones have taken its place"
        found.append(Finding("backup", f"{copy}: {where}", text, hint))
    count = f"{len(copies)} of the last days" if copies else "none yet: one a day is made"
    return Checked("backups", count + newest, tuple(found))
