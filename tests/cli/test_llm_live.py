"""`benchmarks/llm_live.py` with a policy in place of a model: that it runs, not how good any is."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from recagent_cli.testing import Answer, FakeCall, FakeServer, Received

from ..conftest import DATA
from .llm_bench import LITELLM_WARNS, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready", "home")]
SCRIPT = DATA.parents[1] / "benchmarks" / "llm_live.py"
KINDS = re.compile(r"drama|western|sci-fi|horror", re.IGNORECASE)


def policy(request: Received) -> Answer:
    """Plays a model: filters by the kind that the last words name, ranks, presents two."""
    words = [m["content"] for m in request.messages if m["role"] == "user"]
    said = next(row["text"] for row in ROWS if row["text"] in words[-1])
    kind = KINDS.search(said)
    name = kind[0].title() if kind else "Drama"
    steps: list[tuple[str, dict[str, Any]]] = [
        ("candidates", {"op": "start"}),
        ("filter", {"where": [f"genres has {name}"]}),
        ("rank", {}),
    ]
    present: tuple[str, dict[str, Any]] = ("present", {"count": 2})
    if "tools" in request.body:
        seen = any(message["role"] == "tool" for message in request.messages[-3:])
        return Answer(calls=tuple(FakeCall(*one) for one in ([present] if seen else steps)))
    plan = [{"tool": tool, "arguments": given} for tool, given in (*steps, present)]
    return Answer(text=f"```json\n{json.dumps(plan)}\n```")


def asked(id: str, text: str, **state: Any) -> dict[str, Any]:
    label = {"wants_recommendation": True, "state": state}
    return {"id": id, "domain": "movie", "context": [], "text": text, "label": label}


ROWS = [
    asked("r1", "a western please", genres_include=["western"]),
    asked(
        "r2", "a drama of the 90s", genres_include=["drama"], year_range={"from": 1990, "to": 1999}
    ),
    asked("r3", "sci-fi, no horror", genres_include=["science fiction"], genres_exclude=["horror"]),
    asked("none", "something nice", soft_wishes=["nice"]),
]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("benchmark_llm_live", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_a_policy_is_measured_in_every_way_and_the_run_goes_on(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests, out = tmp_path / "requests.jsonl", tmp_path / "out.jsonl"
    requests.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    with FakeServer(*[policy] * 40) as server:
        words = ["-m", "openai/any", "--api-base", server.url, "--catalog", "films", "--json"]
        words += ["--requests", str(requests), "--out", str(out)]
        assert script.main([*words, "--limit", "1"]) == 0
        first = out.read_text()
        assert len(first.splitlines()) == 3 == len(server.requests)
        out.write_text(first + '{"key": "cut in the mid')
        capsys.readouterr()
        assert script.main(words) == 0
        asked = len(server.requests)
        assert script.main(words) == 0 and len(server.requests) == asked, "nothing is asked twice"
        capsys.readouterr()
        assert script.main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert {way: one["asked"] for way, one in told.items()} == dict.fromkeys(script.WAYS, 3)
    assert all(one["failed"] == 0 == one["without_a_list"] for one in told.values())
    assert told["react"]["calls"]["sum"] >= 6 and told["plan"]["calls"]["sum"] >= 3
    assert told["builtin"]["held"][0] == 1.0 and told["builtin"]["calls"]["sum"] == 0
    # It knows kinds only: no years, nothing to be left out; what it misses is mended.
    assert 0.5 <= told["react"]["held"][0] <= 1.0 and told["react"]["held"] == told["plan"]["held"]
    assert told["react"]["beside_builtin"][0] == pytest.approx(told["react"]["held"][0] - 1.0)
    assert told["react"]["cost_usd"]["unknown"] == 3
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    firsts = [line["way"] for line in lines[::3]]
    assert sorted(firsts) == sorted(script.WAYS), "each way comes first once"


def test_where_no_price_is_known_a_limit_of_dollars_ends_it(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    words = ["-m", "openai/any", "--catalog", "films", "--requests", str(requests)]
    words += ["--out", str(tmp_path / "out.jsonl"), "--max-cost", "1", "--ways", "plan"]
    with FakeServer(*[policy] * 9) as server:
        assert script.main([*words, "--api-base", server.url]) == 1
        assert len(server.requests) == 1
    assert "no known price" in capsys.readouterr().err


def test_a_limit_of_dollars_is_a_hard_stop(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    words = ["-m", "gpt-4o-mini", "--catalog", "films", "--requests", str(requests)]
    words += ["--out", str(tmp_path / "out.jsonl"), "--max-cost", "0.00004", "--ways", "plan"]
    with FakeServer(*[policy] * 9) as server:
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")
        assert script.main(words) == 1
        assert len(server.requests) == 2, "100 + 20 tokens cost $0.000027"
        assert script.main(words) == 1 and len(server.requests) == 2
    assert "are spent" in capsys.readouterr().err
