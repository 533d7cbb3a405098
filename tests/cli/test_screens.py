"""Screens as they look at 40, 80 and 120 columns: why, and a turn of a model."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import Call, Step, Usage
from recagent_cli.agent.explaining import Explained
from recagent_cli.assistant import Assistant
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from recagent_cli.testing import ScriptedBrain
from recagent_cli.ui.chat import Chat
from recagent_cli.ui.evidence import evidence_renderables
from recagent_cli.ui.flow import Flow
from recagent_tools.evidence import (
    Evidence,
    FeatureShare,
    LikeShare,
    ScorePart,
    SharedValue,
    StagePlace,
    Together,
)

from ..conftest import RunCommand

WIDTHS = pytest.mark.parametrize("width", [40, 80, 120])
EVIDENCE = Evidence(
    2,
    number=1,
    place=2,
    of=5,
    candidates=137,
    score=3.362,
    stages=(StagePlace(2, "similar", "", 1, 173), StagePlace(3, "rank", "", 2, 137)),
    conditions=("year 1990..1999", "genres has Sci-Fi"),
    parts=(
        ScorePart("likeness", "likeness to what you named", 2.92),
        ScorePart("fit", "fit to what you like", 0.492),
        ScorePart("kinds", "less purely Sci-Fi than the others", -0.05),
    ),
    likes=(LikeShare(0, 0.43),),
    likes_prior=0.25,
    likes_by="als",
    features=(
        FeatureShare("als", "the taste your likes show", 1.0, 0.54),
        FeatureShare("year_gap", "how near its year is to your likes", 9.0, -0.43),
    ),
    together=(Together(0, 85, 146),),
    shared=(SharedValue(0, "genres", "Thriller"),),
)


def recorded(width: int, parts: list[Any]) -> str:
    console = console_of(width)
    for part in parts:
        console.print(part)
    return text_of(console)


def console_of(width: int) -> Console:
    file = io.StringIO()
    return Console(_environ={}, file=file, width=width, force_terminal=True, color_system=None)


def text_of(console: Console) -> str:
    told = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in told.splitlines())


@WIDTHS
def test_why(width: int, films: Catalog, snapshot: SnapshotAssertion) -> None:
    told = Explained(2, "fit", "template", "of 146 people who rated it, 85 rated this")
    shown = recorded(width, evidence_renderables(EVIDENCE, told, films))
    assert shown == snapshot
    assert all(cell_len(line) <= width for line in shown.splitlines())


def test_why_in_sentences(films: Catalog, snapshot: SnapshotAssertion) -> None:
    told = Explained(2, "fit", "template", "of 146 people who rated it, 85 rated this")
    assert recorded(80, evidence_renderables(EVIDENCE, told, films, plain=True)) == snapshot


NOON = 1_600_000_800.0
"""13 September 2020, 12:40 in Greenwich."""


@WIDTHS
def test_profile(
    width: int,
    home: Path,
    recagent: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    snapshot: SnapshotAssertion,
) -> None:
    monkeypatch.setattr("time.time", lambda: NOON)
    monkeypatch.setenv("RECAGENT_WIDTH", str(width))

    def fact(kind: str, days: int, item: str = "", **more: Any) -> StoredEvent:
        return StoredEvent("me", "films", kind, item, time=NOON - 86400 * days, **more)

    UserStore(home / "data" / "user.sqlite").commit(
        events=[
            fact("disliked", 30, "f05", source="meh"),
            fact("liked", 2, "f05", source="now I love Paper Lanterns"),
            fact("rated", 1, "f01", value=4.5, source="chat /rate"),
            fact("wanted", 1, "f03", value=1.0, source="chat /want"),
            fact("liked", 0, column="genres", text="Drama", source="I love dramas"),
            fact("never", 0, column="genres", text="Horror", source="never horror again"),
            fact("said", 0, text="good answer to: westerns", value=1.0, source="chat /good"),
        ]
    )
    told = "\n".join(line.rstrip() for line in recagent("profile", "show").out.splitlines())
    assert told == snapshot


class Priced(ScriptedBrain):
    """A model that costs something."""

    def usage(self) -> Usage:
        return Usage(self.name, 2, 2104, 162, 0.00213)


STEPS = (
    Step((Call("filter", {"where": ["genres has Western"]}),)),
    Step((Call("rank", {"weights": ["recency=1"]}),)),
    Step((Call("present", {"count": 2, "text": "Two westerns."}),)),
)


@pytest.mark.parametrize(("quiet", "verbose"), [(False, False), (True, False), (False, True)])
def test_what_a_turn_of_a_model_tells(home: Path, quiet: bool, verbose: bool) -> None:
    with Assistant("films", incognito=True) as assistant:
        assistant.agent.brain = Priced(STEPS, name="openai/some-model")
        chat = Chat(assistant, assistant.new_session(), quiet=quiet, verbose=verbose)
        chat.plain = False  # as on a terminal that is not dumb
        chat._console = chat._talk = console_of(80)
        chat._flow = Flow(chat._console)
        chat._handle("westerns")
        lines = text_of(chat._console).splitlines()
    tools = [line.split()[0] for line in lines if line.endswith(" ms")]
    if quiet:
        assert tools == [] and lines[0] == "Two westerns." and not lines[-1].startswith("  openai")
        return
    assert tools == ["filter", "rank", *(["present"] if verbose else [])]
    assert lines[0].split()[:2] == ["filter", "Western"] and "16 → 2" in lines[0]
    assert lines[-1] == "  openai/some-model · 2 calls · 2,104 + 162 tokens · $0.0021"
    assert any("ranked" in line for line in lines) is verbose, "each tool was told already"
