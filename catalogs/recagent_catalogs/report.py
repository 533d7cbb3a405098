"""The data report of an ingest: what was read, kept, dropped and why, and what was guessed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import BadInput
from .rejects import Rejects
from .text import clean

MAX_WARNINGS = 60
MAX_LINES = 5
MAX_REJECTS = 200
"""Rejected rows handed back for one reason,"""
REJECT_CAP = 300
FEW_BAD = 6
"""Fewer bad rows than this are never too many of a file."""
"""and characters of each."""


class BadRow(BadInput):
    """A row that `--skip-bad-rows` would leave out; `reason` is what such rows have in common."""

    reason = ""


@dataclass(frozen=True)
class Warned:
    """Something a careful person would want to know; the file was accepted nevertheless.

    Attributes:
        message: one line.
        file: which file, or "".
        line: the first line it holds for, or None.
        column: the column's name in the file, or "".
    """

    message: str
    file: str = ""
    line: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part)
        column = f"column {self.column}: " if self.column else ""
        return f"{place}: {column}{self.message}" if place else f"{column}{self.message}"


@dataclass
class Dropped:
    """Rows left out for one reason.

    Attributes:
        reason: why.
        file: where they stand.
        column: the name of the column that is wrong in the first of them, or "".
        count: how many.
        lines: of the first `MAX_LINES`.
        rows: the first `MAX_REJECTS` as {"line", "text"}, of what `--skip-bad-rows` rejects: the
            line as it stands in the file, or its cells as JSON. Rows that are well-formed but not
            needed (the same row twice, an unknown item) are only counted.
    """

    reason: str
    file: str
    column: str = ""
    count: int = 0
    lines: list[int] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class GuessedRole:
    """What a column of the source was taken for.

    Attributes:
        source: the column's name in the file; "" where it was made (a year out of the title).
        column: its name in the catalog.
        role: the role.
        how: "format" (a known format), "name", "values", "given" (by the person), or "made".
        separator: what divides the values in a cell, for list roles in text files.
    """

    source: str
    column: str
    role: str
    how: str
    separator: str = ""


@dataclass
class Report:
    """The data report. `to_json` gives the body of `recagent.report/1`.

    Attributes:
        name: the catalog's name.
        format: which format was recognised.
        files: one object a file: name, encoding, rows read and kept.
        items, users, interactions: how many the catalog has.
        density: share of the user-item pairs that are filled, or None without interactions.
        feedback: "ratings", "verdicts" (0 and 1), "strengths" (plays, purchases), "pairs", or
            "none".
        order: "time", "order" or "none": what is known about the order of the interactions.
        values: {min, max, mean} of ratings or strengths, or None.
        time: {first, last} as ISO dates, or None.
        roles: what the columns were taken for.
        dropped: rows left out and why.
        rejects: how many rows `--skip-bad-rows` left out; all of them stand in `rejects.csv`.
        warnings: what else to know.
        look_alikes: groups of users who look alike and push an item (`bursts.told`).
        simulated: whether the interactions were drawn by a generator.
        seconds: how long it took.
        fingerprint: of the data.
    """

    name: str
    format: str
    files: list[dict[str, Any]] = field(default_factory=list)
    items: int = 0
    users: int = 0
    interactions: int = 0
    density: float | None = None
    feedback: str = "none"
    order: str = "none"
    values: dict[str, float] | None = None
    time: dict[str, str] | None = None
    roles: list[GuessedRole] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    rejects: int = 0
    warnings: list[Warned] = field(default_factory=list)
    look_alikes: list[dict[str, Any]] = field(default_factory=list)
    simulated: bool = False
    seconds: float = 0.0
    fingerprint: str = ""

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values, without the `schema` key."""
        return asdict(self)


@dataclass
class Log:
    """Collects warnings and dropped rows while files are read.

    Attributes:
        skip_bad_rows: drop a row that cannot be used, instead of ending with an error.
        rejects: takes the rows that are left out so.
    """

    skip_bad_rows: bool = False
    rejects: Rejects | None = None
    warnings: list[Warned] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    silenced: int = 0

    def warn(self, message: str, file: str = "", line: int | None = None, column: str = "") -> None:
        """Note something to know."""
        if len(self.warnings) >= MAX_WARNINGS:
            self.silenced += 1
            return
        self.warnings.append(Warned(clean(message, 500), file, line, clean(column, 80)))

    def drop(
        self, reason: str, file: str, line: int | None, row: object = None, *, name: str = ""
    ) -> None:
        """Count a row that is left out.

        Args:
            reason: why.
            file: where it stands.
            line: at which line.
            row: its text or its cells, where it is a reject.
            name: of the column that is wrong.
        """
        for entry in self.dropped:
            if entry.reason == reason and entry.file == file:
                break
        else:
            entry = Dropped(reason, file, clean(name, 80))
            self.dropped.append(entry)
        entry.count += 1
        if line is not None and len(entry.lines) < MAX_LINES:
            entry.lines.append(line)
        if row is not None and len(entry.rows) < MAX_REJECTS:
            text = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False, default=str)
            entry.rows.append({"line": line, "text": clean(text, REJECT_CAP)})
        if row is not None and self.rejects is not None:
            text = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False, default=str)
            self.rejects.add(file, line, name, reason, text)

    def read(self, entry: dict[str, Any]) -> None:
        """A file has been read to its end; `entry` is its object in the report.

        Raises:
            BadInput: most of its rows were bad, so that something else is wrong.
        """
        self.files.append(entry)
        bad = [d for d in self.dropped if d.file == entry["name"] and d.rows]
        count = sum(d.count for d in bad)
        if count >= FEW_BAD and count * 2 > entry["read"]:
            most = max(bad, key=lambda d: d.count)
            raise BadInput(
                f"{count:,} of {entry['read']:,} rows are bad, most for this: {most.reason}",
                path=entry["name"], line=most.lines[0] if most.lines else None,
                hint="so many are not left out: is it the right file, the right delimiter?",
            )  # fmt: skip

    def bad_row(
        self,
        message: str,
        *,
        file: str,
        line: int | None,
        column: int | None = None,
        name: str = "",
        hint: str = "",
        row: object = None,
    ) -> None:
        """A row that cannot be used: dropped with `skip_bad_rows`, else an error.

        Raises:
            BadInput: with file, line, and number of the column.
        """
        if self.skip_bad_rows:
            self.drop(message.split(":", 1)[0], file, line, row, name=name)
            return
        where = f"column {clean(name, 80)}: " if name else ""
        bad = BadRow(
            clean(f"{where}{message}", 500),
            hint=hint or "mend the row, or leave such rows out with --skip-bad-rows",
            path=file,
            line=line,
            column=column,
        )
        bad.reason = message.split(":", 1)[0]
        raise bad
