"""What the tests of the LLM brain share: real tools and loop over invented films, a fake clock."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import Brain
from recagent_cli.agent.budget import Limits
from recagent_cli.agent.events import Event, TextDelta, ToolStarted
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.llm import LLMBrain, Mode
from recagent_cli.agent.loop import Agent, Reader
from recagent_cli.agent.picture import Picture
from recagent_cli.agent.request import Intent, Request
from recagent_cli.agent.session import Session
from recagent_cli.agent.turn import Turn
from recagent_cli.agent.watchdog import Patience
from recagent_cli.agent.wire import Message
from recagent_cli.testing import Answer, FakeCall, FakeServer
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.registry import load_toolbox
from recagent_tools.toolbox import Toolbox, ToolContext

LITELLM_WARNS = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
"""litellm reads deprecated attributes of pydantic; an error inside it would change its answers."""
HELLO = (Message("user", "hello"),)
PATIENCE = Patience(first_s=30.0, between_s=30.0, total_s=60.0, base_s=0.01)
IMPATIENCE = Patience(first_s=30.0, between_s=0.4, total_s=60.0, base_s=0.01)
"""For answers that never end."""
MODELS = {
    "openai": "openai/fake",
    "anthropic": "anthropic/claude-sonnet-4-20250514",
    "gemini": "gemini/gemini-2.5-flash",
    "ollama": "ollama_chat/llama3.1",
}


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client_of(
    server: FakeServer,
    dialect: str = "openai",
    *,
    stream: bool = True,
    patience: Patience = PATIENCE,
    clock: Clock | None = None,
    model: str = "",
) -> LiteLLMClient:
    clock = clock or Clock()
    return LiteLLMClient(
        model or MODELS[dialect],
        api_base=server.url,
        stream=stream,
        patience=patience,
        clock=clock,
        sleep=clock.sleep,
        rng=random.Random(0),
    )


@dataclass
class Bench:
    """A session over the invented films, with the real tools and the real loop."""

    catalog: Catalog
    engine: Engine
    toolbox: Toolbox = field(default_factory=lambda: load_toolbox(plugins=False))
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = Session(self.catalog.name, CandidateBus(self.catalog.n_items))

    def turn(
        self,
        brain: Brain,
        utterance: str = "something good",
        *,
        fallback: Brain | None = None,
        max_steps: int = 8,
        request: Request | None = None,
        pictures: Sequence[Picture] = (),
        read: Reader | None = None,
    ) -> Turn:
        self.events.clear()
        agent = Agent(
            self.toolbox,
            brain,
            read or (lambda said, session: request or Request(Intent.RECOMMEND)),
            fallback=fallback,
            max_steps=max_steps,
        )
        context = ToolContext(self.catalog, self.engine, self.session.bus)
        return agent.turn(utterance, self.session, context, self.events.append, pictures=pictures)

    def tools_run(self) -> list[tuple[str, dict[str, Any]]]:
        return [(e.tool, e.arguments) for e in self.events if isinstance(e, ToolStarted)]

    def text_shown(self) -> str:
        return "".join(e.text for e in self.events if isinstance(e, TextDelta))


def ask(
    bench: Bench,
    *answers: Answer,
    dialect: str = "openai",
    mode: Mode = "auto",
    stream: bool = True,
    limits: Limits | None = None,
    max_steps: int = 8,
    utterance: str = "something good",
) -> tuple[Turn, FakeServer]:
    """One turn against a fake server which gives these answers."""
    with FakeServer(*answers) as server:
        client = client_of(server, dialect, stream=stream)
        brain = LLMBrain(client, mode=mode, limits=limits)
        turn = bench.turn(brain, utterance, max_steps=max_steps)
    return turn, server


def call(name: str, arguments: Any = None, **rest: Any) -> FakeCall:
    return FakeCall(name, arguments, **rest)


def calls(*made: FakeCall, **rest: Any) -> Answer:
    return Answer(calls=made, **rest)


POPULAR = call("popular", {"window": "all"})
NINETIES = call("filter", {"where": ["year 1990..1999"]})
PRESENT = call("present", {"count": 2, "text": "Two for you."})


@pytest.fixture(scope="session")
def litellm_ready() -> None:
    """Import litellm once, and make it load what it loads with the first call of each dialect."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dialect in MODELS:
            with FakeServer(Answer(text="ok"), Answer(text="ok")) as server:
                patience = Patience(first_s=60.0, between_s=60.0, total_s=120.0)
                client_of(server, dialect, patience=patience).complete(HELLO)


@pytest.fixture
def bench(films: Catalog, tmp_path: Path, litellm_ready: None) -> Bench:
    return Bench(films, Engine.open(films, tmp_path / "models"))


def sent_text(server: FakeServer, number: int = -1) -> str:
    """All that a request held, as text."""
    return str(server.requests[number].body)
