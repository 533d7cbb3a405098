"""What must hold of files from strangers: the verdict, the place that is named, calm words.

A file is read by the real command in a process of its own, so that a hang or a crash is a fall and
no end of the run. Used by the benchmark (whole collections) and by the tests.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recagent_catalogs.children import environment, python

TIMEOUT_S = 10.0
"""No file of a few megabytes may take longer than this to be read or refused."""
LONGEST_LINE = 1_000
"""Characters of the one line that says what is wrong."""
_DROP_CAPABILITY = 24  # prctl's PR_CAPBSET_DROP
_READS_ALL = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@dataclass(frozen=True)
class Answer:
    """What came of `recagent catalog add … --format json`.

    Attributes:
        code: exit code; None where it was killed at the timeout.
        report: the data report, where the file was accepted.
        errors: what stood on stderr.
        seconds: how long it took.
    """

    code: int | None
    report: dict[str, Any]
    errors: str
    seconds: float

    @property
    def verdict(self) -> str:
        """As in the manifest: accept, accept_warn or reject; or what happened instead."""
        if self.code is None:
            return "hang"
        if self.code == 4:
            return "reject"
        if self.code:
            return f"exit code {self.code}"
        return "accept_warn" if any(self.told()) else "accept"

    def told(self) -> Iterator[str]:
        """What was told, each with its place."""
        if self.code:
            yield self.errors
        for warning in self.report.get("warnings", ()):
            yield f"{warning['file']}:{warning['line']}: {warning['column']}: {warning['message']}"
        for dropped in self.report.get("dropped", ()):
            lines = " ".join(f":{line}:" for line in dropped["lines"])
            yield f"{dropped['file']} {lines} {dropped.get('column', '')}: {dropped['reason']}"


def manifest_of(folder: Path) -> list[dict[str, Any]]:
    """The trials of a collection; none where it has no manifest."""
    path = folder / "manifest.jsonl"
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]


def unpacked(folder: Path, into: Path, manifest: Sequence[dict[str, Any]]) -> Path | None:
    """Where the files of a collection lie: in a folder already, or out of its archive.

    Pipes, links and modes have to be kept, so an archive is unpacked as `tar xpf` does it.
    """
    for archive in sorted(folder.glob("*.tar*")):
        with tarfile.open(archive) as opened:
            opened.extractall(into, filter="tar")
    places = [into, *sorted(into.glob("*/")), folder, *sorted(folder.glob("*/"))]
    there = {place: sum(_is_there(place / row["file"]) for row in manifest) for place in places}
    best = max(places, key=lambda place: there[place])
    return best if there[best] else None


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def add(path: Path, items: Path | None, home: Path, *more: str) -> Answer:
    """Read a file with the command, with `home` for its data; of interactions with their items."""
    words = [*python("recagent_cli"), "catalog", "add", "--format", "json", *more]
    if items is not None:
        words += [f"--interactions={path}"]
    words += ["--replace", "--", "c", str(items or path)]
    home.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    process = subprocess.Popen(
        words, env=environment(RECAGENT_HOME=str(home), OMP_NUM_THREADS="1"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True, preexec_fn=_as_anybody(path),
    )  # fmt: skip
    try:
        out, errors = process.communicate(timeout=TIMEOUT_S)
        code: int | None = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, errors = process.communicate()
        code = None
    report = json.loads(out) if code == 0 else {}
    return Answer(code, report, errors.decode("utf-8", "replace"), time.perf_counter() - started)


def _as_anybody(path: Path) -> Callable[[], object] | None:
    """Root may read every file: for one that nobody may read, that power is given away first."""
    try:
        forbidden = not path.stat().st_mode & 0o444
    except OSError:
        return None
    if not forbidden or os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return None
    give_away = ctypes.CDLL(None).prctl
    return lambda: [give_away(_DROP_CAPABILITY, power, 0, 0, 0) for power in _READS_ALL]


def wrong_verdict(answer: Answer, row: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a verdict."""
    if answer.verdict != row["expect"]:
        told = "; ".join(answer.told())
        yield f"{answer.verdict} where {row['expect']} was expected ({row.get('why', '')}): {told}"


def wrong_place(answer: Answer, row: dict[str, Any]) -> Iterator[str]:
    """What is not named of the place that the manifest names; nothing of what is only accepted."""
    told = list(answer.told())
    line, column = row.get("line"), row.get("column")
    if row["expect"] == "accept" or not told:
        return
    if line is not None and not any(re.search(rf"(?::|line ){line}\b", text) for text in told):
        yield f"line {line} is not named: {'; '.join(told)}"
    if column is not None and not any(str(column) in text for text in told):
        yield f"column {column} is not named: {'; '.join(told)}"


def not_calm(answer: Answer) -> Iterator[str]:
    """What a person must never see: a traceback, a hang, our own fault, more than a clear line."""
    if answer.code is None:
        yield f"no end after {TIMEOUT_S:g} s"
    elif answer.code not in (0, 4):
        yield f"exit code {answer.code}: {answer.errors[-300:]}"
    if "Traceback" in answer.errors:
        yield "a traceback: " + answer.errors[-300:]
    if answer.code == 4:
        lines = answer.errors.strip().split("\n")
        if len(lines) > 2 or len(lines[0]) > LONGEST_LINE:
            yield f"more than a line and a hint: {answer.errors[:300]!r}"
        if not lines[0].startswith("recagent: ") or re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]",
                                                              answer.errors):  # fmt: skip
            yield f"no clean line: {answer.errors[:300]!r}"
