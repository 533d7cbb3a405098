"""The pictures of a session: whole files that ask no network for anything, shown where they are."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from recagent_cli.ui.chat_commands import command_named

ROOT = Path(__file__).parent.parent
PICTURES = sorted((ROOT / "docs").glob("*.svg"))


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs/make_pictures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def harmless(picture: str) -> None:
    assert re.findall(r"https?://[^\s\"')]+", picture) == ["http://www.w3.org/2000/svg"]
    for refused in ("@font-face", "url(http", "<script", "<image", "<foreignObject", "href"):
        assert refused not in picture


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_pictures_ask_no_network(path: Path, script: Any) -> None:
    picture = path.read_text(encoding="utf-8")
    harmless(picture)
    told = "".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
    assert "▰" in told and "novelty" in told
    for said in script.SAID:
        assert said in told, "docs/make_pictures.py was changed and not run"
    assert "no command" not in told


def test_pictures_stand_where_they_are_shown() -> None:
    assert len(PICTURES) == 2
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in PICTURES:
        assert f'"docs/{path.name}"' in readme
    assert "(chat-light.svg)" in (ROOT / "docs/chat.md").read_text(encoding="utf-8")


def test_what_is_said_in_the_pictures_can_be_said(script: Any) -> None:
    for said in script.SAID:
        assert not said.startswith("/") or command_named(said.split()[0]) is not None


def test_a_new_picture_has_no_address(script: Any) -> None:
    console = Console(record=True, file=io.StringIO(), width=40, force_terminal=True)
    console.print("[bold]▰▰▱ <b>&[/bold]")
    first, second = (script.svg(console, script.DARK) for _ in range(2))
    harmless(first)
    ElementTree.fromstring(first)
    assert first == second
