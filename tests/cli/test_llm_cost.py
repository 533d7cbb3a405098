"""`benchmarks/llm_cost.py`: that its dialogue still goes as written, not what it measures."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from recagent_cli.library import Library
from recagent_cli.paths import Paths

from ..conftest import DATA
from .llm_bench import LITELLM_WARNS, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
SCRIPT = DATA.parents[1] / "benchmarks" / "llm_cost.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("benchmark_llm_cost", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_the_dialogue_goes_as_written(script: ModuleType, tmp_path: Path) -> None:
    """A call that fails, or an answer that is sent back, would end the run."""
    home = Paths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")
    assert Library(home).open("movies").n_items > 1_000
    ways = {
        way: [
            vars(turn)
            for turn in script.measure("movies", home, way, script.DIALOGUE, "o200k_base")
        ]
        for way in ("react, native", "plan")
    }
    native, plan = ways.values()
    assert [len(turn["sent"]) for turn in native] == [2, 2, 2, 2, 1]
    assert [len(turn["sent"]) for turn in plan] == [1, 1, 1, 2, 1]
    for found in ways.values():
        assert {turn["fixed"] for turn in found} == {found[0]["fixed"]}
        assert all(sum(turn["again"]) >= turn["fixed"] for turn in found[1:])
