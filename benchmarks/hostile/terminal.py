"""The terminal: every text of the corpus through every renderer, and through whole commands.

The renderers are given the texts as they are, one at a time (`tests.hostile.renderers`). The
commands run in this process over a catalog whose titles, ids, values and columns carry all texts
at once, and are given each text as what a person types; a model on loopback says them, too.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from .trials import Corpora, Trial, tried

PATIENCE_S = 0.2
TTY = "\x1b[0m \x1b[1m \x1b[2m \x1b[3m \x1b[32m \x1b[33m \x1b[36m \x1b[1;36m \x1b[2;3m".split(" ")
"""The styles that recagent's own screens have."""
FEWEST_ITEMS = 12
"""Of a catalog: lists, comparisons and their steps need some, however few texts there are."""
FORMS = ("table", "json", "jsonl", "csv", "tsv", "md", "ids")
ARCHIVE = ("profile", "export")
"""Tells words as they were said, however long they are."""


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class _Stream(io.StringIO):
    encoding = "utf-8"

    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


def command(words: Sequence[str], *, tty: bool = False) -> Ran:
    """Run a command line in this process."""
    from recagent_cli.main import run

    out, err = _Stream(tty), _Stream(tty)
    with (
        mock.patch("sys.stdout", out),
        mock.patch("sys.stderr", err),
        mock.patch("sys.stdin", io.StringIO()),
    ):
        code = run(list(words))
    return Ran(code, out.getvalue(), err.getvalue())


def run(corpora: Corpora) -> Iterable[Trial]:
    """A row for each renderer, and one for each way of a text into a command."""
    texts = [(str(row["id"]), str(row["text"])) for row in corpora.rows("terminal.jsonl")]
    if not texts:
        return
    home = corpora.folder("terminal")
    surroundings = {"RECAGENT_HOME": str(home / "home"), "TERM": "xterm-256color"}
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, surroundings))
        for name in ("COLUMNS", "NO_COLOR", "RECAGENT_CATALOG", "RECAGENT_FORMAT"):
            os.environ.pop(name, None)
        catalog = _catalog(home, [text for _, text in texts])
        yield from _rendered(catalog, texts)
        yield from _commands()
        yield from _typed(texts)
        yield from _said_by_models(texts)


def _catalog(home: Path, texts: Sequence[str]) -> Path:
    """A catalog that carries every text, in use; its directory."""
    lines = []
    for number in range(max(len(texts), FEWEST_ITEMS)):
        text = texts[number % len(texts)]
        item: dict[str, Any] = {
            "id": f"{number}{text[:60]}",
            "title": f"Film {number} {text}",
            "year": 1980 + number % 40,
            "genres": ["Drama", text, f"kind {text}"],
            "directors": [f"Ann {text}"],
            "description": f"about {text}",
            "runtime": 90 + number % 60,
        }
        if number < 6:
            item[f"col {text[:30]}"] = text
        lines.append(json.dumps(item))
    file = home / "items.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for words in (["catalog", "add", "texts", str(file)], ["catalog", "use", "texts"]):
        ran = command(words)
        if ran.code:
            raise RuntimeError(f"{words}: {ran.err}")
    return home / "home" / "data" / "catalogs" / "texts"


def _rendered(catalog: Path, texts: Sequence[tuple[str, str]]) -> Iterator[Trial]:
    from recagent_catalogs.store import Catalog
    from tests.hostile.renderers import Screens

    screens = Screens(Catalog.open(catalog), patience=PATIENCE_S)
    for name in Screens.names():
        screens.faults(name, "x")  # what is imported at first is not the text's time
        for id, text in texts:
            yield tried(f"terminal: {name}", id, lambda n=name, t=text: screens.faults(n, t))


def _wrong(ran: Ran, form: str, *, tty: bool, archive: bool = False) -> Iterator[str]:
    from tests.hostile.screens import faults, json_faults, table_faults

    styles, data = TTY if tty else (), archive or form in ("json", "jsonl")
    yield from faults(ran.out, styles, tabs=form == "tsv", data=data)
    yield from (f"stderr: {told}" for told in faults(ran.err, styles))
    if ran.code == 1:
        yield f"our own fault: {ran.err[:200]}"
    if form == "json" and ran.out and not archive:
        yield from json_faults(ran.out)
    if form in ("csv", "tsv") and ran.out and ran.code == 0 and not archive:
        yield from table_faults(ran.out, "," if form == "csv" else "\t", _NUMBERS)


_NUMBERS = ("rank", "year", "score", "runtime", "n")


def _commands() -> Iterator[Trial]:
    """Screens that show what the catalog, the store and the traces hold."""
    asked = command(["ask", "drama films", "-n", "60", "--json"])
    session = json.loads(asked.out)["session"]
    named = json.loads(asked.out)["items"]
    for item in named[:9]:
        command(["ask", f"I loved {item['title']}", "-q"])
    ids = [f"id:{item['id']}" for item in named[:3]]
    for words in (
        ["ask", "drama films", "-n", "60"],
        ["ask", "drama films", "-n", "60", "-v"],
        ["ask", "drama", "--dry-run"],
        ["recommend", "-n", "60"],
        ["similar", ids[0], "-n", "40"],
        ["why", ids[0]],
        ["why-not", ids[1]],
        ["compare", *ids],
        ["query", "SELECT * FROM items"],
        ["query", 'SELECT title AS "\x1b[31m\u202ex", -5 AS n FROM items'],
        ["catalog", "list"],
        ["catalog", "show"],
        ["session", "list"],
        ["session", "show", session],
        ["trace", "list"],
        ["trace", "show", "1"],
        ["profile", "show"],
        [*ARCHIVE],
        ["lessons", "list"],
        ["digest"],
        ["doctor"],
        ["bus", "show"],
        ["bus", "lists"],
        ["config", "show"],
    ):
        for form, tty in (*((form, False) for form in FORMS), ("table", True)):
            name = f"{' '.join(words)[:50]!a} -f {form}{' on a terminal' * tty}"
            told = [*words, "-f", form]

            def check(
                told: Sequence[str] = told, form: str = form, tty: bool = tty
            ) -> Iterable[str]:
                archive = tuple(told[:2]) == ARCHIVE
                return _wrong(command(told, tty=tty), form, tty=tty, archive=archive)

            yield tried("terminal: screens of a catalog that carries all", name, check)


_TYPED: tuple[tuple[str, ...], ...] = (
    ("ask", "{}"),
    ("ask", "{}", "--json"),
    ("ask", "drama", "-v", "--debug", "--where", "{}"),
    ("similar", "{}"),
    ("compare", "{}", "{}"),
    ("catalog", "add", "x", "{}"),
    ("catalog", "show", "{}"),
    ("session", "show", "{}", "--json"),
    ("query", "{}"),
    ("ask", "drama", "--as", "{}"),
    ("ask", "drama", "-f", "{}"),
    ("config", "set", "{}", "x"),
    ("profile", "set", "genres={}", "1"),
    ("profile", "import", "{}"),
    ("profile", "export", "{}"),
    ("bus", "save", "{}"),
    ("{}",),
)


def _typed(texts: Sequence[tuple[str, str]]) -> Iterator[Trial]:
    """Texts as what a person types, on a terminal: words, names, files, settings, conditions."""
    before = Path.cwd()
    os.chdir(os.environ["RECAGENT_HOME"])  # names of files are among what is typed
    try:
        for form in _TYPED:
            for id, text in texts:
                words = [word.replace("{}", text) for word in form]
                tty = "--json" not in words

                def check(words: Sequence[str] = words, tty: bool = tty) -> Iterable[str]:
                    form = "table" if tty else "json"
                    return _wrong(command(words, tty=tty), form, tty=tty)

                yield tried("terminal: typed by a person", f"{id} in {' '.join(form)}", check)
    finally:
        os.chdir(before)


def _said_by_models(texts: Sequence[tuple[str, str]]) -> Iterator[Trial]:
    """Texts as a model's words, reasons, arguments, names of tools, and a server's errors."""
    from recagent_cli.testing import Answer, FakeCall, FakeServer

    def answers(text: str) -> dict[str, tuple[Answer, ...]]:
        start = Answer(calls=(FakeCall("popular", {"window": "all"}),))
        reasons = {"count": 2, "text": text, "reasons": [text, text]}
        encoded = json.dumps({"error": {"message": text, "type": text, "code": text}})
        return {
            "words and reasons": (start, *[Answer(calls=(FakeCall("present", reasons),))] * 3),
            "plain text": (start, *[Answer(text=text)] * 4),
            "arguments": (start, *[Answer(calls=(FakeCall("filter", {"where": [text]}),))] * 4),
            "an unknown tool": (start, *[Answer(calls=(FakeCall(text, {text: text}),))] * 4),
            "an error": (Answer(status=400, body=encoded),) * 4,
        }

    for id, text in texts:
        for kind, scripted in answers(text).items():

            def check(scripted: Sequence[Answer] = scripted) -> Iterable[str]:
                with FakeServer(*scripted) as server:
                    model = ["-m", server.model, "--api-base", server.api_base]
                    return list(
                        _wrong(command(["ask", "drama", "-v", *model], tty=True), "", tty=True)
                    )

            yield tried("terminal: said by a model", f"{id} as {kind}", check)
