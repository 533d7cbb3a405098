"""What the project depends on: bounded ranges with reasons, licences that are on a list."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def requirements() -> list[str]:
    read = tomllib.loads(TEXT)
    lists = [
        read["build-system"]["requires"],
        read["project"]["dependencies"],
        *read["project"]["optional-dependencies"].values(),
        *read["dependency-groups"].values(),
    ]
    return [line for lines in lists for line in lines]


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences", ROOT / ".ci" / "licences.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_range_has_both_bounds_and_a_reason() -> None:
    assert len(requirements()) > 25
    for line in requirements():
        operators = {one.operator for one in Requirement(line).specifier}
        assert operators == {">=", "<"}, line
        assert re.search(rf'^.*"{re.escape(line)}"\]?,? +# \S.{{8,}}$', TEXT, re.M), line


def test_what_is_installed_is_within_the_ranges() -> None:
    for line in requirements():
        wanted = Requirement(line)
        with contextlib.suppress(PackageNotFoundError):
            assert version(wanted.name) in wanted.specifier, line


def test_licences_of_what_is_installed_are_on_the_list(licences: ModuleType) -> None:
    rows = licences.installed(licences.direct())
    names = {row.name for row in rows}
    assert {"duckdb", "litellm", "markupsafe", "prompt-toolkit"} <= names, "also what they need"
    assert not names & {"pytest", "mypy"}, "nothing of development"
    assert [row for row in rows if not licences.allowed(row.licence)] == []


@pytest.mark.parametrize(
    ("licence", "good"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND (MIT OR GPL-3.0-only)", False),
        ("GPL-3.0-only OR MIT", True),
        ("MPL-2.0 AND MIT", True),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("AGPL-3.0-only", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_only_what_is_on_the_list_passes(licences: ModuleType, licence: str, good: bool) -> None:
    assert licences.allowed(licence) is good
