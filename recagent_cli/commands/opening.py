"""Opens catalogs for the commands that need neither models nor a brain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .progress import PREPARING

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from ..library import Library
    from .run import Run


def open_library(run: Run, once: str = PREPARING, *, whole: bool = False) -> Library:
    """The catalogs of this user, with progress on stderr.

    Args:
        run: the command.
        once: what is said without a terminal where it takes a while.
        whole: with what rules of the house keep out, for commands that show no items.

    Raises:
        BadInput: the rules cannot be read or are wrong, or do not allow the profile.
    """
    from ..agent.events import Progress
    from ..library import Library
    from ..paths import find_paths
    from .progress import Watcher

    watcher = run.stack.enter_context(Watcher(quiet=run.quiet, verbose=run.verbose, once=once))
    library = Library(
        find_paths(), lambda text, share: watcher(Progress(text, share)), run.semantic
    )
    if not whole:
        from ..rules import house_rules

        house_rules(library, str(run.settings["rules"]), run.profile_name)
    return library


def open_catalog(run: Run, name: str | None = None, *, whole: bool = False) -> Catalog:
    """The catalog named, else that of --catalog, the settings, or the bundled movies.

    Raises:
        NotFound: there is none of that name.
    """
    from recagent_catalogs.errors import NotFound

    try:
        return open_library(run, whole=whole).open(name or run.catalog_name)
    except NotFound as error:
        raise (error if name else run.explain_missing(error)) from error
