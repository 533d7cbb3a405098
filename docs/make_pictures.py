"""Make the pictures of a session: real answers of the bundled catalog, as the chat prints them.

    python docs/make_pictures.py

It writes docs/chat.svg (dark) and docs/chat-light.svg. Nothing of it is typed by hand: a temporary
home, the models trained in it, the chat's own commands. The fonts are the reader's; no address of
any network stands in the files.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, TerminalTheme
from rich.text import Text

from recagent_cli.assistant import Assistant
from recagent_cli.paths import Paths
from recagent_cli.ui.chat import Chat
from recagent_cli.ui.examples import first_screen
from recagent_cli.ui.flow import Flow

HERE = Path(__file__).parent
WIDTH = 84
NOON = 1_795_348_800.0
"""22 November 2026 in Greenwich, seconds since 1970."""
SAID = (
    "90s sci-fi like Alien, but no horror",
    "/why-not Blade Runner",
    "the second one, but shorter",
    "/like 2",
    "/profile",
)
DARK = TerminalTheme(
    (24, 26, 31),
    (216, 219, 226),
    [
        (24, 26, 31), (224, 108, 117), (132, 200, 120), (222, 188, 110),
        (97, 160, 235), (198, 140, 220), (96, 190, 205), (200, 204, 212),
    ],
)  # fmt: skip
FONTS = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def recorded() -> Console:
    """The session on a terminal that is only recorded."""
    console = Console(
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        width=WIDTH,
        color_system="standard",
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )
    moment = patch("time.time", return_value=NOON)  # the profile tells days
    with tempfile.TemporaryDirectory() as place, moment:
        home = Path(place)
        paths = Paths(home / "data", home / "config", home / "cache")
        with Assistant("movies", paths=paths, seed=1) as assistant:
            chat = Chat(assistant, assistant.new_session())
            chat._console = chat._talk = console
            chat._flow = Flow(console)
            for line in first_screen(assistant, True):
                console.print(Text(line, style="dim"))
            for said in SAID:
                console.print()
                console.print(Text(f"> {said}", style="bold"))
                chat._handle(said)
    return console


def svg(console: Console, theme: TerminalTheme) -> str:
    """The picture; without the addresses from which rich would have fonts loaded."""
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = re.sub(r"<!--.*?-->", "", form).replace("Fira Code, monospace", FONTS)
    made = console.export_svg(
        title="recagent chat", theme=theme, code_format=form, clear=False, unique_id="recagent"
    )
    return re.sub(r"[ \t]+$", "", made, flags=re.MULTILINE).strip() + "\n"


def main() -> int:
    """Write both pictures."""
    started = time.monotonic()
    console = recorded()
    for name, theme in (("chat.svg", DARK), ("chat-light.svg", DEFAULT_TERMINAL_THEME)):
        (HERE / name).write_text(svg(console, theme), encoding="utf-8")
    sys.stdout.write(console.export_text(clear=False))
    sys.stderr.write(f"two pictures in {time.monotonic() - started:.0f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
