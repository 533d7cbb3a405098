"""SECURITY.md names tests and rows of the benchmark that exist, and leaves no invariant out."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
LINES = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith(("| threat", "|--"))
]


def test_the_tests_that_are_named_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) > 30
    for file, name in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", source, re.M), f"{file}::{name}"


def test_every_threat_has_a_test() -> None:
    for line in LINES:
        assert "::test_" in line[2], line[0]


def test_the_rows_that_are_named_are_rows_of_the_benchmark() -> None:
    places = [*(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "tests" / "hostile").glob("*.py")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in places)
    rows = {row.rstrip("|").strip() for line in LINES for row in line[3:]} - {""}
    assert len(rows) > 3
    assert [row for row in sorted(rows) if f'"{row}"' not in sources] == []


def test_all_invariants_stand_in_it() -> None:
    found = re.findall(r"^\| I(\d+) ", TEXT, re.M)
    assert [int(number) for number in found] == list(range(1, 16))


def test_the_promise_is_that_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    promise = re.search(r"\*\*The promise\.\*\*.*?Nothing else\.", TEXT, re.S)
    assert promise and promise[0] in readme
    assert "(SECURITY.md)" in readme
