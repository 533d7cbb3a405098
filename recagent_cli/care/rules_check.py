"""Rules of the house, verified: read and compiled as the commands do it that obey them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_catalogs.store import Catalog

from ..library import Library
from ..paths import Paths
from ..rules import FILE, Rules, load_house
from ..settings import load_settings
from .findings import Checked, Finding
from .keys import keys_in


class _Standing(Library):
    """The catalogs as they stand: looking at them makes none anew."""

    def open_whole(self, name: str) -> Catalog:
        return Catalog.open(self.directory(name), proved=False)


def check_rules(paths: Paths) -> Checked:
    """Whether all rules can be read, hold no key, and can be held against each catalog there is."""
    files = [paths.config / FILE]
    with contextlib.suppress(RecagentError):  # told of the settings
        if more := str(load_settings(paths, directory=paths.config)["rules"]):
            files.append(Path(more).expanduser())
    found = [finding for path in files for finding in keys_in(path, "rules")]
    try:
        house = load_house(paths, str(files[1]) if len(files) > 1 else "")
    except BadInput as error:
        return Checked("rules", "not as they should be", (_of(error), *found))
    wrong = {str(error): error for error in _wrong_on_catalogs(Rules(house, _Standing(paths)))}
    found += map(_of, wrong.values())
    count = len(house.rules)
    told = f"{count:,} rule{'s' * (count != 1)}" if count else "none set"
    return Checked("rules", told if not found else "not as they should be", tuple(found))


def _wrong_on_catalogs(rules: Rules) -> Iterator[BadInput]:
    """The first rule of each catalog that cannot be held against it; it ends each command there."""
    if not rules.house.rules:
        return
    for name in rules.library.names():
        if not rules.library.is_installed(name):
            continue
        try:
            catalog = rules.library.open_whole(name)
        except RecagentError:  # told of the catalog
            continue
        with contextlib.closing(catalog):
            try:
                rules.holding(catalog, ())
            except BadInput as error:
                yield error


def _of(error: BadInput) -> Finding:
    place = ":".join(str(p) for p in (error.path, error.line, error.column) if p is not None)
    return Finding("rules", place, error.message.removeprefix(f"{place}: "), error.hint)
