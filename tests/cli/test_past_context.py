"""The context of the turn that made a list, for the tools that explain it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.errors import ToolError
from recagent_cli import Assistant


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def test_a_list_has_its_context_back(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("something like Orbit of Ash", session=session)
    second = assistant.ask("westerns", session=session, user="u1")
    then = assistant.context_of_list(session, 1)
    assert assistant.catalog.ids(then.liked) == [m.id for m in first.request.liked] != []
    assert then.shown == () and then.shown_before == () and then.user is None
    assert then.bus.shown == first.rows and then.bus.funnel() in first.funnel
    later = assistant.context_of_list(session, 2)
    assert later.shown == first.rows and set(later.shown_before) == set(first.rows)
    assert later.user == assistant.user_index("u1") and later.bus.shown == second.rows


def test_zero_is_the_list_that_stands(assistant: Assistant) -> None:
    session = assistant.new_session()
    with pytest.raises(ToolError, match="no list"):
        assistant.context_of_list(session)
    first = assistant.ask("westerns", session=session)
    assistant.ask("comedies", session=session)
    session.bus.undo()
    assert assistant.context_of_list(session).bus.shown == first.rows
    assert assistant.context_of_list(session, -1).bus.shown != first.rows


def test_what_is_done_on_it_leaves_the_session_as_it_is(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("westerns", session=session)
    stages, rows = len(session.bus.stages), session.bus.rows()
    then = assistant.context_of_list(session)
    then.bus.start()
    then.bus.save_as("mine")
    then.liked.append(1)
    assert len(session.bus.stages) == stages and not session.bus.saved
    assert np.array_equal(session.bus.rows(), rows)
    assert assistant.context_of_list(session).liked == []


def test_it_ranks_as_it_did_then(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("something like Orbit of Ash", session=session)
    assistant.ask("comedies", session=session)
    then = assistant.context_of_list(session, 1)
    before = then.bus.rows()
    ran = assistant.toolbox.run("rank", dict(then.bus.now.arguments), then)
    assert not ran.error
    assert np.array_equal(then.bus.rows(), before)
