"""Every one of the 66 things that a brain must survive has a test that carries its number."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

CASES = range(1, 67)
PURE = frozenset((64,))
"""Cases that need no model at the other end."""
AWAITED = frozenset((58, 60, 63, 64))
"""Cases whose tests are being written; empty this as they come."""


def numbered() -> dict[int, list[tuple[str, bool]]]:
    """The tests of each case, and whether their file talks to a server through sockets."""
    found: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        wired = "FakeServer" in text or "import ask" in text or " ask," in text
        for name in re.findall(r"^ *def (test_\w+)\(", text, re.M):
            numbers = re.match(r"test_((?:\d\d_)+)", name)
            for number in re.findall(r"\d\d", numbers.group(1)) if numbers else ():
                found[int(number)].append((f"{path.stem}::{name}", wired))
    return found


def test_every_case_has_a_test_and_no_other_number_is_used() -> None:
    found = numbered()
    assert sorted(set(CASES) - found.keys() - AWAITED) == []
    assert sorted(found.keys() - set(CASES)) == []


def test_every_case_is_tested_through_sockets() -> None:
    """Rules of text can be tested alone; that they are kept at the wire has to be seen, too."""
    wired = {number for number, tests in numbered().items() if any(at for _, at in tests)}
    assert sorted(set(CASES) - wired - PURE - AWAITED) == []
