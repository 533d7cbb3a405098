"""What must hold after a process was killed, stopped, or run where hardly anything works."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CODES = frozenset((0, 1, 2, 3, 4, 5, 6, 7, 130))
ACKNOWLEDGED = {"facts": "", "chat": "Saved"}
OLD_S = 3 * 24 * 3600


def facts(home: Path) -> set[tuple[Any, ...]]:
    """What the store holds, read without our own code; nothing where there is none."""
    path = home / "data" / "user.sqlite"
    if not path.exists():
        return set()
    connection = sqlite3.connect(path, timeout=30)
    try:
        found = connection.execute("SELECT id, time, kind, item, value FROM events").fetchall()
        turns = connection.execute("SELECT session, number FROM turns").fetchall()
    except sqlite3.OperationalError:
        return set()
    finally:
        connection.close()
    return {("fact", *row) for row in found} | {("turn", *row) for row in turns}


def kept(home: Path, before: set[tuple[Any, ...]], name: str, out: str, code: int) -> Iterator[str]:
    """What is lost of what was there before, and of what was acknowledged."""
    path = home / "data" / "user.sqlite"
    if path.exists():
        connection = sqlite3.connect(path, timeout=30)
        try:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                yield "the store is damaged"
        finally:
            connection.close()
    now = facts(home)
    if lost := before - now:
        yield f"{len(lost)} rows are lost: {sorted(map(str, lost))[:2]}"
    if name in ("facts", "chat", "profile") and code == 0 and now == before:
        yield "acknowledged, and not there"
    if name == "facts" and out.count("\n") > 2 and now == before and code == 0:
        yield "answered, and not there"
    if name == "ingest" and code == 0 and not (home / "data" / "catalogs" / "new").is_dir():
        yield "the catalog was acknowledged, and is not there"


def went_well(ran: Any, *, what: str = "the next command", answer: bool = True) -> Iterator[str]:
    """What is wrong with a command that should simply work."""
    yield from refused_or_done(ran, what=what)
    if ran.code:
        yield f"{what}: exit code {ran.code}: {ran.err[-200:]!r}"
    elif answer and not ran.out.strip():
        yield f"{what}: no answer"


def refused_or_done(ran: Any, *, what: str = "it") -> Iterator[str]:
    """What is wrong with a command that may fail, but not in any way."""
    if ran.timed_out:
        yield f"{what}: no end"
    elif ran.code not in CODES:
        yield f"{what}: exit code {ran.code}"
    if "Traceback" in ran.err or "our own fault" in ran.err or "Exception ignored" in ran.err:
        yield f"{what}: {ran.err[-300:]!r}"


def stopped(ran: Any, sent: int) -> Iterator[str]:
    """What is wrong with how a signal was taken."""
    yield from (wrong for wrong in refused_or_done(ran) if "exit code" not in wrong)
    if ran.code not in (0, 128 + sent, -sent):
        yield f"exit code {ran.code}"
    told = [line for line in ran.err.splitlines() if "note:" not in line and line.strip()]
    if ran.code and len([line for line in told if "…" not in line]) > 1:
        yield f"it says {ran.err[-300:]!r}"


def age(home: Path) -> None:
    """Let everything that was left aside be some days old."""
    then = time.time() - OLD_S
    for path in (home / "data").rglob(".*"):
        os.utime(path, (then, then), follow_symlinks=False)


def leftovers(home: Path) -> Iterator[str]:
    """What killed processes left and nobody ever removes."""
    for kind in ("catalogs", "models"):
        for path in (home / "data" / kind).rglob(".*"):
            if path.is_dir() or path.name.startswith((".new-", ".old-", ".current-", ".checked")):
                yield f"left aside: {path.relative_to(home)}"


def doctor_is_content(ran: Any) -> Iterator[str]:
    """What `doctor --json` finds wrong with store and catalogs."""
    try:
        report = json.loads(ran.out)
    except ValueError:
        yield f"doctor: {ran.err[-200:]!r}"
        return
    for check in report.get("checks", report.get("report", {}).get("checks", [])):
        bad = check.get("ok") is False
        if bad and str(check.get("what", "")).startswith(("store", "catalog")):
            yield f"doctor: {check}"


def writable(home: Path, yes: bool) -> None:
    """Give or take the right to write to everything below a folder."""
    home.chmod(0o755)
    for path in sorted(home.rglob("*"), key=lambda path: len(path.parts), reverse=not yes):
        if not path.is_symlink():
            path.chmod((0o755 if path.is_dir() else 0o644) if yes else 0o555)
    home.chmod(0o755 if yes else 0o555)


def processes_of(home: Path, *, wait_s: float = 0.0, kill: bool = False) -> list[str]:
    """Running processes that know that home, once so many seconds have passed or none is left.

    Args:
        home: a folder that stands in their command line or environment, itself or one below it.
        wait_s: how long they may take to end.
        kill: whether those that do not are killed.
    """
    deadline = time.monotonic() + wait_s
    while True:
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if (
                    place.name == str(os.getpid())
                    or place.joinpath("stat").read_text().split()[2] == "Z"
                ):
                    continue
                known = (
                    place.joinpath("cmdline").read_bytes() + place.joinpath("environ").read_bytes()
                )
                if os.fsencode(home) + b"/" in known or known.endswith(os.fsencode(home)):
                    line = place.joinpath("cmdline").read_bytes().replace(b"\0", b" ")
                    found.append((int(place.name), line[:200].decode("utf-8", "replace")))
            except (OSError, IndexError):
                continue
        if not found or time.monotonic() >= deadline:
            for number, _ in found if kill else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            return [line for _, line in found]
        time.sleep(0.05)
