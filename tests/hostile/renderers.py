"""Every renderer of recagent, each as a function from one text, which stands in all its places.

The texts come to them as strangers wrote them, past the cleaning where files are read: what a
renderer is given may come from a catalog, a store or a model that nobody cleaned.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from recagent_catalogs.errors import BadInput
from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn, Usage
from recagent_cli.agent.critic import Fault
from recagent_cli.agent.events import CallRefused, Progress, ToolFinished
from recagent_cli.agent.explaining import Explained
from recagent_cli.agent.kept import Kept, KeptItem
from recagent_cli.agent.request import Intent, Request
from recagent_cli.agent.session import Session
from recagent_cli.agent.turn import ShownItem, TraceEntry, Turn
from recagent_cli.conversation import conversation
from recagent_tools.bus import CandidateBus
from recagent_tools.together import Fare, Fares, With

from .screens import (
    BENIGN,
    faults,
    json_faults,
    kept_faults,
    line_faults,
    markdown_faults,
    sgr_of,
    table_faults,
)

WIDE = 400
"""Columns of a terminal on which no short text wraps."""
MOST_DATA = 16_000
"""Characters of what JSON is given: it cuts nothing, as that was done where it was read."""
NUMBERS = ("rank", "year", "score", "runtime", "count")


@dataclass
class Screens:
    """The renderers over one catalog, whose schema they go by.

    Attributes:
        catalog: any one.
        patience: seconds that a renderer may take for a text.
        plain: what each renderer prints of the harmless text, by its name.
    """

    catalog: Catalog
    patience: float = 10.0
    plain: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def names() -> list[str]:
        """The renderers: `table`, `list 400`, `csv` and so on."""
        return list(_RENDERERS)

    def faults(self, name: str, text: str) -> list[str]:
        """What is wrong with what a renderer prints of a text."""
        form = _RENDERERS[name][1]
        if name not in self.plain:
            self.plain[name] = self.printed(name, BENIGN)
        benign = self.plain[name]
        if form in ("json", "jsonl"):
            text = text[:MOST_DATA]
        began = time.perf_counter()
        printed = self.printed(name, text)
        lasted = time.perf_counter() - began
        styled = form in ("tty", "wraps", "moves", "flows")
        told = [f"took {lasted:.2f} s"] if lasted > self.patience else []
        styles = sgr_of(benign) if styled else ()
        told += faults(printed, styles, tabs=form == "tsv", data=form in ("json", "jsonl"))
        told += line_faults(printed, benign, text) if form in _BY_LINES else ()
        told += kept_faults(printed, text) if form in ("tty", "text") else ()
        if form == "json":
            told += json_faults(printed)
        elif form == "jsonl":
            told += json_faults(printed, benign.count("\n") + 1)
        elif form in ("csv", "tsv"):
            told += table_faults(printed, "," if form == "csv" else "\t", NUMBERS)
        elif form == "md":
            told += markdown_faults(printed, benign)
        return told

    def printed(self, name: str, text: str) -> str:
        """What a renderer prints of a text."""
        with mock.patch.dict("os.environ", TERM="xterm-256color"):
            return _RENDERERS[name][0](self, text)

    # -- what is rendered ------------------------------------------------------------------------

    def items(self, text: str) -> tuple[ShownItem, ...]:
        """Two items that bear the text wherever they have one."""
        columns = {
            column.name: [text, text] if column.is_list else text
            for column in self.catalog.schema.shown
        }
        fares = Fares("average", 9, (Fare(text, 0.2, 1), Fare(text, 0.9, 2)))
        return tuple(
            ShownItem(place, place - 1, text, text, 1999, -0.5, text, columns, 0.4, 0.6, fares)
            for place in (1, 2)
        )

    def turn(self, text: str) -> Turn:
        """A turn all of whose words are the text."""
        fault = Fault("factual", text, text, 0, 1, text, text)
        return Turn(
            text,
            " ".join(text.splitlines()),  # an answer may have lines
            self.items(text),
            Request(Intent.RECOMMEND, conditions=(text,), unused=(text,)),
            (TraceEntry(text, {text: text, "items": [text]}, 5, 2, 1.0, text),),
            (("limit", text),),
            text,
            Usage(text, 1, 10, 10, 0.1),
            text,
            text,
            question=f"{text}?",
            options=(text, text),
            funnel=text,
            number=1,
            user=text,
            explained=tuple(Explained(n, "fit", text, text, (fault,), 1) for n in (0, 1)),
        )

    def past(self, text: str) -> PastTurn:
        """The same turn as a session keeps it."""
        kept = Kept(1.0, text, text, (KeptItem(text, text, 1999, text),), None)
        request = Request(Intent.RECOMMEND, conditions=(text,))
        lines = " ".join(text.splitlines())  # an answer may have several
        return PastTurn(
            text, lines, (0, 1), request, (text,), 1, text, (), (), (), With((text,)), kept
        )


Renderer = Callable[[Screens, str], str]
_BY_LINES = ("text", "csv", "tsv", "ids", "jsonl", "md", "tty")


def console(width: int, *, tty: bool) -> Any:
    """recagent's console over a text, as `make_console` makes it."""
    from recagent_cli.ui.render import make_console

    class Stream(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return tty

    with mock.patch("sys.stdout", Stream()):
        return make_console(width=width)


def printed(parts: Sequence[Any], width: int = WIDE, *, tty: bool = True) -> str:
    """What is printed of renderables."""
    made = console(width, tty=tty)
    for part in parts:
        made.print(part)
    return str(made.file.getvalue())


def _turn(width: int, *, tty: bool = True, plain: bool = False) -> Renderer:
    def render(screens: Screens, text: str) -> str:
        from recagent_cli.ui.render import explained_lines, turn_renderables

        turn = screens.turn(text)
        parts = turn_renderables(turn, screens.catalog.schema, plain=plain)
        return printed([*parts, *map(_text, explained_lines(turn))], width, tty=tty)

    return render


def _text(line: str) -> Any:
    from rich.text import Text

    return Text(line)


def _machine(form: str) -> Renderer:
    def render(screens: Screens, text: str) -> str:
        from recagent_cli.ui.render import turn_text

        return turn_text(screens.turn(text), form, screens.catalog.schema)

    return render


def _rows(form: str) -> Renderer:
    def render(screens: Screens, text: str) -> str:
        from recagent_cli.ui.render import rows_table, rows_text

        columns = ("id", text, text, "count")
        rows: list[list[Any]] = [[text, text, [text, {text: text}], -5], [text, None, [], -0.5]]
        if form == "table":
            return printed([rows_table(columns, rows)])
        return rows_text(columns, rows, form, cut=False)

    return render


def _error(screens: Screens, text: str) -> str:
    from recagent_cli.main import _tell

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        _tell(BadInput(text, hint=text, path=text, line=1, column=2), [])
    return out.getvalue() + err.getvalue()


def _error_json(screens: Screens, text: str) -> str:
    from recagent_cli.ui.render import error_json

    return error_json(BadInput(text, hint=text, path=text), line=text)


def _tools(screens: Screens, text: str) -> str:
    from recagent_cli.ui.lines import tool_line, usage_line

    lines = []
    for tool, arguments in _CALLS.items():
        filled = {name: [text] if many else text for name, many in arguments.items()}
        for error in (False, True):
            event = ToolFinished("1", tool or text, filled, 9, 3, 2.0, text, error)
            lines += [
                tool_line(event, screens.catalog, 2_000, plain=plain) for plain in (False, True)
            ]
    lines.append(_text(usage_line(Usage(text, 1, 10, 10, 0.1))))
    return printed(lines)


_CALLS: dict[str, dict[str, bool]] = {
    "filter": {"where": True},
    "similar": {"liked": True, "unlike": True},
    "rank": {"by": False, "weights": True, "at_most": True},
    "look_up": {"sql": False},
    "present": {"items": True, "text": False, "reasons": True},
    "remember": {"kind": False, "items": True},
    "": {"op": False, "name": False, "anything": False, "items": True},
}


def _watcher(screens: Screens, text: str) -> str:
    from recagent_cli.commands.progress import Watcher

    err = io.StringIO()
    with contextlib.redirect_stderr(err), Watcher(quiet=False, verbose=True) as watch:
        watch(ToolFinished("1", text, {text: text}, 9, 3, 2.0, text, True))
        watch(CallRefused(text, {}, text))
    return err.getvalue()


def _bar(screens: Screens, text: str) -> str:
    """The bar of what takes long; its own movements are no text."""
    from recagent_cli.commands.progress import Watcher

    made = console(80, tty=True)
    with mock.patch("recagent_cli.ui.render.make_console", return_value=made):
        watch = Watcher(quiet=False, verbose=False)
        watch._draws, watch._since = True, -1e9
        with watch:
            watch(Progress(text, 0.5))
            watch._bar.refresh()
    return _without_moves(str(made.file.getvalue()))


def _without_moves(told: str) -> str:
    import re

    return re.sub(r"\x1b\[(?:\?25[lh]|[0-9]*A|2K|K|1A)|\r", "", told)


def _live(screens: Screens, text: str) -> str:
    from recagent_cli.ui.live import LiveLine

    stream = io.StringIO()
    line = LiveLine(stream, draws=True)
    line._thread = mock.Mock()  # no thread draws: this does
    line.show(text)
    line._since = -1e9
    line._draw(1)
    return _without_moves(stream.getvalue())


def _flow(screens: Screens, text: str) -> str:
    from recagent_cli.ui.flow import Flow

    made = console(WIDE, tty=True)
    flow = Flow(made)
    flow.begin()
    for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
        flow.write(piece)
    flow.end()
    return str(made.file.getvalue())


def _session(form: str) -> Renderer:
    def render(screens: Screens, text: str) -> str:
        from recagent_cli.agent.turn import past_to_json
        from recagent_cli.memory.session_rows import StoredSession
        from recagent_cli.ui.clean_json import dumps
        from recagent_cli.ui.session_text import session_lines, session_markdown
        from recagent_tools.bus_file import bus_to_bytes

        encoded = text.encode("utf-8", "replace").decode()
        bus = bus_to_bytes(CandidateBus(2))
        turns = (past_to_json(screens.past(encoded), [encoded] * 2),)
        stored = StoredSession(text, text, text, "", 1.0, 2.0, bus, turns)
        told = conversation(stored, lambda item: KeptItem(item, encoded, 1999))
        if form == "json":
            return dumps(told)
        return session_markdown(told) if form == "md" else "\n".join(session_lines(told))

    return render


def _recap(screens: Screens, text: str) -> str:
    from recagent_cli.ui.recap import where_one_was

    session = Session(screens.catalog.name, CandidateBus(screens.catalog.n_items))
    session.turns = [screens.past(text)]
    return "\n".join(where_one_was(session, screens.catalog))


_RENDERERS: dict[str, tuple[Renderer, str]] = {
    "answer, list in columns": (_turn(WIDE), "tty"),
    "answer, list at 80 columns": (_turn(80), "wraps"),
    "answer, list at 30 columns": (_turn(30), "wraps"),
    "answer, in sentences": (_turn(WIDE, plain=True), "tty"),
    "answer through a pipe": (_turn(WIDE, tty=False), "text"),
    **{
        f"answer as {form}": (_machine(form), form)
        for form in ("md", "csv", "tsv", "json", "jsonl", "ids")
    },
    "rows, table": (_rows("table"), "tty"),
    **{
        f"rows as {form}": (_rows(form), form)
        for form in ("md", "csv", "tsv", "json", "jsonl", "ids")
    },
    "error": (_error, "lines"),
    "error as json": (_error_json, "json"),
    "lines of tools": (_tools, "tty"),
    "verbose lines": (_watcher, "lines"),
    "progress bar": (_bar, "moves"),
    "live line": (_live, "moves"),
    "answer as it comes": (_flow, "flows"),
    "session": (_session("text"), "lines"),
    "session as md": (_session("md"), "md"),
    "session as json": (_session("json"), "json"),
    "where one was": (_recap, "lines"),
}
"""Name: what renders, and how it is held: `tty` with our styles, `text` without, both by lines;
`wraps`, `moves`, `flows` and `lines` where lines are not counted; or a format."""
