"""Name, version and licence of everything that recagent needs to run, from what is installed.

    python .ci/licences.py [--json]

Exits with 1 if a licence is not on the list of permissive and weak copyleft ones, or is not told.
Offline: it reads pyproject.toml and the metadata of installed distributions.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PERMISSIVE = frozenset(
    "0BSD Apache-2.0 BSD BSD-2-Clause BSD-3-Clause CC0-1.0 CNRI-Python HPND ISC MIT MIT-0 "
    "MIT-CMU NCSA PSF-2.0 Python-2.0 Unlicense Zlib".split()
)
WEAK_COPYLEFT = frozenset(
    "LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MPL-2.0".split()
)
EXCEPTIONS = frozenset(("GPL-3.0-or-later WITH GCC-exception-3.1",))
"""Run-time libraries of a compiler, which may be passed on with any program."""
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
}
WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "bsd license": "BSD",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
}


class Licensed(NamedTuple):
    """An installed distribution; the licence is empty if none is told."""

    name: str
    version: str
    licence: str


def direct() -> list[Requirement]:
    """The requirements of pyproject.toml: to run, and of the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    return [Requirement(line) for lines in lists for line in lines]


def installed(wanted: list[Requirement]) -> list[Licensed]:
    """Everything that the requirements bring with them, by name; what is not installed is left."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    queue = [(requirement, "") for requirement in wanted]
    while queue:
        requirement, parent_extra = queue.pop()
        marker = requirement.marker
        if marker is not None and not marker.evaluate({"extra": parent_extra}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:
                continue
            queue += [(Requirement(line), extra) for line in found[name].requires or ()]
    return [Licensed(name, found[name].version, licence_of(found[name])) for name in sorted(found)]


def licence_of(package: Distribution) -> str:
    """As an SPDX expression, from License-Expression, the classifiers, or the words of License."""
    meta = package.metadata
    if expression := meta.get("License-Expression"):
        return str(expression)
    kinds = [
        line.rpartition(" :: ")[2]
        for line in meta.get_all("Classifier") or ()
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    if kinds:
        return " OR ".join(CLASSIFIERS.get(kind, kind) for kind in kinds)
    words = (meta.get("License") or "").strip().split("\n")[0]
    return WORDS.get(words.lower(), words)


def allowed(licence: str) -> bool:
    """Whether an expression can be met by licences on the list; with parentheses all have to be."""
    for exception in EXCEPTIONS:
        licence = licence.replace(exception, "MIT")
    choices = [licence] if "(" in licence else re.split(r"\s+OR\s+", licence)
    return any(
        all(
            part in PERMISSIVE | WEAK_COPYLEFT
            for part in re.split(r"\s+(?:AND|OR)\s+|[() ]+", choice)
            if part
        )
        for choice in choices
        if choice
    )


def main() -> int:
    """Print the table; 1 if something is not on the list."""
    rows = installed(direct())
    bad = [row for row in rows if not allowed(row.licence)]
    if "--json" in sys.argv[1:]:
        told = [{**row._asdict(), "allowed": allowed(row.licence)} for row in rows]
        print(json.dumps({"packages": told}, indent=1))
    else:
        for row in rows:
            print(f"{row.name:28} {row.version:12} {row.licence or '?'}")
    for row in bad:
        print(f"not on the list: {row.name} {row.version}: {row.licence or '?'}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
