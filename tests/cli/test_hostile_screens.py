"""Strangers' texts through every renderer; what must hold is told by `tests.hostile.screens`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from tests.conftest import RunCommand
from tests.hostile.renderers import Screens, printed
from tests.hostile.screens import HOSTILE, LEGIT, faults, kept_faults

MANNERS = ("more than four marks", "a mark over", "joiner", "selector U+FE0F")
"""What only `clean` sees to: they spoil a line, and make a terminal do nothing."""
CLI = Path(__file__).parents[2] / "recagent_cli"


@pytest.fixture(scope="module")
def screens(films: Catalog) -> Screens:
    return Screens(films)


@pytest.mark.parametrize("name", Screens.names())
def test_no_renderer_lets_a_stranger_write_on_the_screen(name: str, screens: Screens) -> None:
    fallen = {ascii(text): screens.faults(name, text) for text in (*HOSTILE, "[REC]")}
    assert not {text: told for text, told in fallen.items() if told}


@pytest.mark.parametrize("name", ["answer, list in columns", "answer as md", "rows as csv"])
def test_what_people_write_stays(name: str, screens: Screens) -> None:
    for text in LEGIT:
        screens.faults(name, text)
        shown = screens.printed(name, text)
        assert text in shown.replace("\\", "") or "\\" in text, ascii(text)


def test_the_console_lets_nothing_through_that_nobody_cleaned() -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    for text in HOSTILE:
        table = Table(title=Text(text))
        table.add_column(text)
        table.add_row(text)
        link = Text(text, style="link https://x.invalid")
        shown = printed([text, Text(text), Padding(Text(text), 1), table, link])
        found = faults(shown, ["\x1b[0m", "\x1b[1m", "\x1b[3m"])
        assert not [told for told in found if not told.startswith(MANNERS)], ascii(text)
        assert not list(kept_faults(shown, text))


def test_a_name_that_no_file_can_have_is_bad_input(home: Path, recagent: RunCommand) -> None:
    ran = recagent("profile", "export", "x" * 5_000)
    assert ran.code == 4 and "cannot be written" in ran.err and len(ran.err) < 1_000


# -- the source ---------------------------------------------------------------------------------

MADE = ("from_markup", "from_ansi", "HTML", "ANSI", "render_markup", "secho", "set_title")
"""Names that turn text into markup, escapes or a window's title, or print past our console."""
STRINGS = ("clean", "str", "cell_text", "escaped")
SHOWN = ("print", "add_row", "add_column", "show")


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("ui", "commands"):
        for path in sorted((CLI / folder).glob("*.py")):
            yield f"{folder}/{path.name}", ast.parse(path.read_text(encoding="utf-8"))


def test_screens_are_made_of_texts_not_of_strings() -> None:
    """What is printed is a `Text`, a constant, or a name: no string put together on the way."""
    fallen = []
    for name, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in SHOWN:
                given = [*node.args, *(word.value for word in node.keywords)]
                for one in given:
                    called = isinstance(one, ast.Call) and ast.unparse(one.func)
                    if isinstance(one, ast.JoinedStr | ast.BinOp) or called in STRINGS:
                        fallen.append(f"{name}:{one.lineno}: {ast.unparse(one)}")
    assert not fallen


def test_no_markup_and_no_console_but_ours() -> None:
    fallen = []
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute):
                called = node.id if isinstance(node, ast.Name) else node.attr
                if called in MADE:
                    fallen.append(f"{name}:{node.lineno}: {called}")
            elif isinstance(node, ast.keyword) and node.arg in ("markup", "rich_markup_mode"):
                if not (isinstance(node.value, ast.Constant) and not node.value.value):
                    fallen.append(f"{name}: {node.arg}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("Console", "print"):
                    fallen.append(f"{name}:{node.lineno}: {node.func.id}")
    assert not fallen
