"""Watches the events of a run and talks on stderr: progress, and with --verbose every tool call."""

from __future__ import annotations

import json
import sys
import time
from types import TracebackType
from typing import Any

from recagent_catalogs.text import clean

from ..agent.events import CallRefused, Event, Progress, ToolFinished

SHOW_AFTER_S = 0.7
PREPARING = "preparing catalog and models, this once …"


class Watcher:
    """An event function; a context manager, so that no half-drawn bar is left behind."""

    def __init__(
        self,
        *,
        quiet: bool,
        verbose: bool,
        color: bool = True,
        draws: bool = True,
        once: str = PREPARING,
    ) -> None:
        self._once = once
        self._quiet = quiet
        self._verbose = verbose and not quiet
        self._bar: Any = None
        self._task: Any = None
        self._color = color
        self._since: float | None = None
        self._said = False
        self._draws = draws and not quiet and sys.stderr.isatty()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, ToolFinished) and self._verbose:
            self._tool(event)
        elif isinstance(event, CallRefused) and self._verbose:
            problem = clean(event.problem, 300)
            sys.stderr.write(f"{clean(event.tool, 40)}: refused: {problem}\n")

    def _progress(self, event: Progress) -> None:
        now = time.monotonic()
        self._since = self._since or now
        if self._bar is None and now - self._since < SHOW_AFTER_S:
            return
        if not self._draws:
            self._say_once()
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, description=clean(event.text, 60), completed=event.share)

    def _say_once(self) -> None:
        """Without a terminal one line says why it takes a while."""
        if not self._quiet and not self._said:
            self._said = True
            sys.stderr.write(self._once + "\n")

    def _start(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        from ..ui.render import make_console

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            console=make_console(stderr=True, color=self._color),
            transient=True,
        )
        self._task = self._bar.add_task("", total=1.0)
        self._bar.start()

    def _tool(self, event: ToolFinished) -> None:
        arguments = clean(json.dumps(event.arguments, ensure_ascii=False), 200)
        counts = f"{event.before:,} -> {event.after:,}"
        sys.stderr.write(f"{clean(event.tool, 40)} {arguments}: {counts} ({event.ms:.1f} ms)\n")
        if event.error:
            sys.stderr.write(f"  {clean(event.text, 300)}\n")

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._since = None

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
