"""The rows that `--skip-bad-rows` leaves out, all of them, in a file to mend them by."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from types import TracebackType
from typing import TextIO

from .errors import BadInput

NAME = "rejects.csv"
"""What it is called in the catalog's directory."""
COLUMNS = ("file", "line", "column", "reason", "row")
ROW_CAP = 100_000
"""Characters of a row that are kept."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Rejects:
    """A CSV file that grows row by row; it is made with the first one.

    Attributes:
        path: where it stands.
        count: rows written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._stream: TextIO | None = None

    def add(self, file: str, line: int | None, column: str, reason: str, row: str) -> None:
        """Write a row.

        Args:
            file: where it stands.
            line: at which line.
            column: the name of the column that is wrong, or "".
            reason: what is wrong.
            row: the row as it stands; control characters are removed, and what a spreadsheet would
                take for a formula gets an apostrophe before it.

        Raises:
            BadInput: the disk cannot be written.
        """
        try:
            if self._stream is None:
                self._stream = self.path.open("x", encoding="utf-8", newline="")
                self.path.chmod(0o600)
                csv.writer(self._stream).writerow(COLUMNS)
            cells = (file, str(line or ""), column, reason, row.rstrip("\r\n"))
            csv.writer(self._stream).writerow([_harmless(cell) for cell in cells])
        except OSError as error:
            raise BadInput(f"cannot write: {error.strerror}", path=self.path) from error
        self.count += 1

    def close(self) -> None:
        """No more rows.

        Raises:
            BadInput: the disk cannot be written.
        """
        try:
            if self._stream is not None:
                self._stream.close()
        except OSError as error:
            raise BadInput(f"cannot write: {error.strerror}", path=self.path) from error

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()


def _harmless(cell: str) -> str:
    text = _CONTROLS.sub("", cell[:ROW_CAP]) + ("…" if len(cell) > ROW_CAP else "")
    return "'" + text if text.startswith(_FORMULA) else text
