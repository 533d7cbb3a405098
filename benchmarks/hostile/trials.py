"""What a section of `benchmarks/trust.py` is given, and what it tells."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Corpora:
    """Where the corpora lie, and a folder of the run's own.

    Attributes:
        attacks: folder with `sql_attacks.jsonl`, `sql_legit.jsonl`, `sql_fixture/`,
            `injections.jsonl`, `terminal.jsonl`, any of them; None if none was named.
        bad_inputs: folder with `manifest.jsonl` and `bad_inputs.tar.xz` (or the files unpacked);
            None if none was named.
        scratch: an empty folder, removed in the end.
        kills: how often a process is killed in the section on faults.
        seed: of everything that is drawn at random.
    """

    attacks: Path | None
    bad_inputs: Path | None
    scratch: Path
    kills: int = 200
    seed: int = 0

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a JSONL file of the attacks; none where it is not there."""
        path = self.attacks / name if self.attacks else None
        if path is None or not path.is_file():
            return []
        lines = path.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line.strip()]

    def folder(self, name: str) -> Path:
        """A folder of a section's own in the scratch folder."""
        path = self.scratch / name
        path.mkdir(parents=True, exist_ok=True)
        return path


@dataclass(frozen=True)
class Trial:
    """One thing that was tried.

    Attributes:
        row: the row of the table it counts in, for instance "I1 shown items were on the bus".
        id: which trial it was, for instance the id of the attack.
        held: whether what must hold did.
        seconds: how long it took.
        why: of one that fell, what happened, in one line.
    """

    row: str
    id: str
    held: bool
    seconds: float
    why: str = ""


def tried(row: str, id: str, check: Callable[[], Iterable[str]]) -> Trial:
    """Run a check, which tells what is wrong, and time it; an exception is a fall, too."""
    started = time.perf_counter()
    try:
        wrong = list(check())
    except Exception as error:
        wrong = [f"{type(error).__name__}: {error}"]
    return Trial(row, id, not wrong, time.perf_counter() - started, "; ".join(wrong)[:500])
