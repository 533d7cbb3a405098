"""Opens catalogs for the commands that need neither models nor a brain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .progress import PREPARING

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from ..library import Library
    from .run import Run


def open_library(run: Run, once: str = PREPARING) -> Library:
    """The catalogs of this user, with progress on stderr.

    Args:
        run: the command.
        once: what is said without a terminal where it takes a while.
    """
    from ..agent.events import Progress
    from ..library import Library
    from ..paths import find_paths
    from .progress import Watcher

    watcher = run.stack.enter_context(Watcher(quiet=run.quiet, verbose=run.verbose, once=once))
    return Library(find_paths(), lambda text, share: watcher(Progress(text, share)), run.semantic)


def open_catalog(run: Run, name: str | None = None) -> Catalog:
    """The catalog named, else that of --catalog, the settings, or the bundled movies.

    Raises:
        NotFound: there is none of that name.
    """
    from recagent_catalogs.errors import NotFound

    try:
        return open_library(run).open(name or run.catalog_name)
    except NotFound as error:
        raise (error if name else run.explain_missing(error)) from error
