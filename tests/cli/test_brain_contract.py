"""What every brain has to keep to; both of ours do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recagent_cli import Assistant
from recagent_cli.agent.brain import Brain, Step, Usage
from recagent_cli.agent.events import Event, ModelAnswered, Notice, TextDelta, Thought
from recagent_cli.agent.session import Session
from recagent_cli.testing import Answer, FakeCall, FakeServer, Received

REQUEST = "sci-fi from the 90s, but no horror"


class BrainContract:
    """Subclass it and give an assistant whose brain is to be tested."""

    @pytest.fixture
    def assistant(self, home: Path) -> Iterator[Assistant]:
        raise NotImplementedError

    def steps(self, assistant: Assistant, text: str) -> tuple[list[Step], list[Event]]:
        """The steps that the brain takes, with every call really run."""
        taken: list[Step] = []
        events: list[Event] = []
        brain = assistant.agent.brain
        inner = brain.next_step

        class Watched:
            name = brain.name

            def next_step(self, view, emit):  # type: ignore[no-untyped-def]
                before = len(view.context.bus.stages)

                def tell(event: Event) -> None:
                    events.append(event)
                    emit(event)

                step = inner(view, tell)
                assert len(view.context.bus.stages) == before, "only tools change the bus"
                assert {call.name for call in step.calls} <= {tool.name for tool in view.tools}
                taken.append(step)
                return step

            def usage(self) -> Usage | None:
                return brain.usage()

        watched: Brain = Watched()
        assistant.agent.brain = watched
        self.turn = assistant.ask(text)
        assistant.agent.brain = brain
        return taken, events

    def test_it_has_a_name(self, assistant: Assistant) -> None:
        assert assistant.agent.brain.name

    def test_a_request_ends_in_a_list_that_meets_it(self, assistant: Assistant) -> None:
        taken, _ = self.steps(assistant, REQUEST)
        assert [item.id for item in self.turn.items] == ["f04"]
        assert 1 <= len(taken) <= assistant.agent.max_steps
        assert taken[-1].calls[-1].name == "present"

    def test_it_emits_only_what_a_brain_may(self, assistant: Assistant) -> None:
        _, events = self.steps(assistant, REQUEST)
        may = Thought | TextDelta | Notice | ModelAnswered
        assert all(isinstance(event, may) for event in events)

    def test_usage_is_what_it_says(self, assistant: Assistant) -> None:
        self.steps(assistant, REQUEST)
        usage = assistant.agent.brain.usage()
        assert usage is None or (usage.calls >= 1 and usage.model == assistant.agent.brain.name)

    def test_a_second_turn_starts_clean(self, assistant: Assistant) -> None:
        session: Session = assistant.new_session()
        first = assistant.ask(REQUEST, session=session)
        second = assistant.ask(REQUEST, session=session)
        assert [i.id for i in first.items] == [i.id for i in second.items]
        assert (
            second.usage is None or first.usage is None or second.usage.calls == first.usage.calls
        )


class TestBuiltinBrain(BrainContract):
    @pytest.fixture
    def assistant(self, home: Path) -> Iterator[Assistant]:
        with Assistant("films") as made:
            yield made


def model(request: Received) -> Answer:
    """A model of two steps: narrow and rank; then, once it has seen the result, present."""
    since = [m["role"] for m in request.messages]
    if since[-1] == "tool":
        return Answer(calls=(FakeCall("present", {"count": 3, "text": "Here."}),))
    where = ["genres has Sci-Fi", "year 1990..1999", "genres lacks Horror"]
    calls = (
        FakeCall("candidates", {"op": "start"}),
        FakeCall("filter", {"where": where}),
        FakeCall("rank", {}),
    )
    return Answer(calls=calls)


class TestLLMBrain(BrainContract):
    @pytest.fixture
    def assistant(self, home: Path) -> Iterator[Assistant]:
        with (
            FakeServer(*[model] * 8) as server,
            Assistant("films", model="openai/any", api_base=server.url, fallback=False) as made,
        ):
            yield made
