"""What was learned of language models, from run to run."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_cli.agent.known import KEPT_S, MOST_KEPT, KnownModels, key_of
from recagent_cli.assistant import Assistant
from recagent_cli.brains import take_brain
from recagent_cli.paths import find_paths
from recagent_cli.testing import Answer, FakeCall, FakeServer

from ..conftest import RunCommand
from .llm_bench import LITELLM_WARNS

pytestmark = LITELLM_WARNS


class Wall:
    """The time of day, which a test sets."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_learned_stays_and_is_forgotten_after_weeks(tmp_path: Path) -> None:
    path, wall = tmp_path / "cache" / "models.json", Wall()
    known = KnownModels(path, wall)
    assert known.get("a") is None and not path.exists()
    known["a"] = "text"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = KnownModels(path, wall)
    assert dict(again) == {"a": "text"} and again.since("a") == wall.now
    wall.now += KEPT_S + 1
    assert dict(again) == {} and again.since("a") is None and "a" not in KnownModels(path, wall)
    again["b"] = "native"
    assert "a" not in json.loads(path.read_text())["models"]
    wall.now -= KEPT_S  # a clock that was put back
    assert "b" not in again


def test_two_runs_at_once_lose_nothing_and_the_file_is_bounded(tmp_path: Path) -> None:
    one, two = (KnownModels(tmp_path / "m.json") for _ in range(2))
    one["a"], two["b"] = "text", "native"
    assert dict(KnownModels(tmp_path / "m.json")) == {"a": "text", "b": "native"}
    del two["a"]
    assert dict(KnownModels(tmp_path / "m.json")) == {"b": "native"}
    wall = Wall()
    many = KnownModels(tmp_path / "n.json", wall)
    for number in range(MOST_KEPT + 5):
        wall.now += 1
        many[f"model {number}"] = "text"
    assert len(many) == MOST_KEPT and "model 4" not in many and "model 5" in many


@given(
    st.binary(max_size=80)
    | st.sampled_from(
        [
            b"[" * 5_000,
            b'{"schema": "recagent.models/1", "models": {"a": ["text"]}}',
            b'{"schema": "recagent.models/1", "models": {"a": ["text", "now"]}}',
            b'{"schema": "recagent.models/1", "models": {"a": [1, 2]}}',
            b'{"schema": "recagent.models/1", "models": []}',
            b'{"schema": "recagent.models/9", "models": {"a": ["text", 1800000000]}}',
        ]
    )
)
def test_a_damaged_file_is_an_empty_one(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.mktemp("known") / "m.json"
    path.write_bytes(raw)
    known = KnownModels(path, Wall())
    assert dict(known) == {}
    known["a"] = "text"
    assert dict(KnownModels(path, Wall())) == {"a": "text"}


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    known = KnownModels(tmp_path / "file" / "m.json")
    known["a"] = "text"
    assert known["a"] == "text"


@pytest.mark.parametrize(
    ("base", "key"),
    [
        (None, "m"),
        ("http://me:sk-secret@Host:8080/v1/?key=sk-other", "m at host:8080/v1"),
        ("http://[::1]:99999/", "m at ::1"),
        ("nonsense", "m at nonsense"),
    ],
)
def test_a_key_names_model_and_address_and_no_secret(base: str | None, key: str) -> None:
    assert key_of("m", base) == key
    assert key_of("m", base, "sees") == f"sees of {key}"


def test_41_a_model_without_tools_is_asked_in_text_by_the_next_run(
    home: Path, recagent: RunCommand
) -> None:
    refused = Answer(status=400, body={"error": {"message": "any does not support tools"}})
    present = Answer(text='```json\n{"tool": "popular", "arguments": {}}\n```')
    shown = Answer(text='```json\n{"tool": "present", "arguments": {"items": ["f10"]}}\n```')
    with FakeServer(refused, present, shown, Answer(text="Hello.")) as server:
        options = ("-m", "openai/any", "--api-base", server.url)
        assert recagent("ask", "westerns", *options).code == 0
        with Assistant("films", api_base=server.url) as other:
            take_brain(other, "openai/any")
            assert other.ask("hello").text == "Hello."
        assert ["tools" in r.body for r in server.requests] == [True, False, False, False]
        key = f"openai/any at 127.0.0.1:{server.port}"
        assert dict(KnownModels(find_paths().models_known)) == {key: "text"}
        server.script(Answer(calls=(FakeCall("note_number", {"number": 7}),)))
        told = json.loads(recagent("doctor", "--json", *options).out)
        assert told["known"]["mode"] == "native" and told["probe"]["calls"] == "native"
        assert KnownModels(find_paths().models_known)[key] == "native"
