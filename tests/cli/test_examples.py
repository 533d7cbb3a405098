"""The first screen: what it proposes can be said, in whatever catalog."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from recagent_catalogs.ingest import ingest
from recagent_cli.assistant import Assistant
from recagent_cli.library import Library
from recagent_cli.paths import find_paths
from recagent_cli.ui.examples import examples, first_screen, further


def answered(assistant: Assistant) -> None:
    """Every example gets a list, and what follows it another one."""
    for first in examples(assistant.catalog):
        session = assistant.new_session()
        for said in (first, *further(assistant.catalog)):
            turn = assistant.ask(said, session=session, keep=False)
            assert turn.items or "nothing more" in turn.text, (first, said, turn.text)
            told = [text for kind, text in turn.notices if kind in ("unused", "limit")]
            assert not told, (said, told)


@pytest.mark.parametrize("name", ["movies", "games"])
def test_examples_of_the_bundled_catalogs(
    name: str, bundled_home: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))
    with Assistant(name, incognito=True) as assistant:
        assert first_screen(assistant, False) == snapshot
        answered(assistant)


def test_examples_of_ids_alone(tmp_path: Path) -> None:
    reads = tmp_path / "reads.csv"
    pairs = [f"u{user},x{(user * step) % 17}" for user in range(1, 15) for step in (1, 3, 5)]
    reads.write_text("user,item\n" + "\n".join(pairs) + "\n", encoding="utf-8")
    items = tmp_path / "things.csv"
    items.write_text("id\n" + "\n".join(f"x{n}" for n in range(17)) + "\n", encoding="utf-8")
    library = Library(find_paths())
    library.paths.catalogs.mkdir(parents=True)
    ingest(items, library.directory("things"), name="things", interactions=reads)
    with Assistant("things", incognito=True, build=False) as assistant:
        told = first_screen(assistant, False)
        assert "something like x" in told[1] and "surprise me" in told[1]
        answered(assistant)


def test_whoever_comes_back_sees_what_was_said(home: Path) -> None:
    with Assistant("films") as assistant:
        assert len(first_screen(assistant, False)) == 4
        session = assistant.new_session()
        assistant.ask("westerns", session=session)
        assistant.ask(f"no drama {'please ' * 20}", session=session)
        told = first_screen(assistant, False)[3]
        assert told.startswith("last time you said “no drama please") and told.endswith("/continue")
        assert len(told) < 80
        assert len(first_screen(assistant, True)) == 4, "not where it goes on anyway"
    with Assistant("films", profile="ana") as other:
        assert len(first_screen(other, False)) == 4
    with Assistant("films", incognito=True) as assistant:
        lines = first_screen(assistant, False)
        assert len(lines) == 4 and "incognito" in lines[0]
