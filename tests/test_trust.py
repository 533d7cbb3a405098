"""benchmarks/trust.py itself, over corpora of a few rows: its table, what falls, its exit codes."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "trust.py"
Call = Callable[..., int]
SCREENS = ("answer through a pipe", "answer as csv", "rows, table", "error")
SLOW_S = 30.0
"""Nothing is timed here: that is for the benchmark."""


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with none of the corpora that this machine may have, and no clock."""
    monkeypatch.delenv("RECAGENT_BENCH_DATA", raising=False)
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("benchmark_trust", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sql = importlib.import_module("hostile.sql")
    monkeypatch.setattr(sql, "REFUSAL_S", SLOW_S)
    monkeypatch.setattr(sql, "own", lambda name: [])  # hundreds, tried in tests/hostile
    terminal = importlib.import_module("hostile.terminal")
    monkeypatch.setattr(terminal, "PATIENCE_S", SLOW_S)
    renderers = importlib.import_module("tests.hostile.renderers")
    monkeypatch.setattr(renderers.Screens, "names", lambda: SCREENS)
    for whole in ("_commands", "_typed", "_said_by_models"):  # hundreds of commands
        monkeypatch.setattr(terminal, whole, lambda *given: [])
    return module


@pytest.fixture
def call(trust: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Call:
    def called(*words: object) -> int:
        monkeypatch.setattr("sys.argv", ["trust.py", *map(str, words)])
        return int(trust.main())

    return called


def lines(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def attacks(folder: Path) -> Path:
    import duckdb

    fixture = folder / "sql_fixture"
    fixture.mkdir(parents=True)
    duckdb.execute(
        "COPY (SELECT 'a' AS item_id, 'Ann' AS title, 1990 AS year, ['x'] AS genres) "
        f"TO '{fixture}/items.parquet'"
    )
    lines(
        folder / "sql_attacks.jsonl",
        {"id": "h1", "sql": "FROM read_csv('@CANARY@/secret.csv')", "expect": "reject"},
        {"id": "h2", "sql": "COPY items TO '@OUT@/x.csv'", "category": "write"},
    )
    lines(folder / "sql_legit.jsonl", {"id": "q1", "sql": "SELECT title FROM items", "rows": 1})
    lines(folder / "terminal.jsonl", {"id": "t1", "text": "a\x1b]0;b\x07\u202e[/]"})
    return folder


def bad_inputs(folder: Path, expect: str) -> Path:
    folder.mkdir()
    (folder / "bad.csv").write_text("id,title\na,Ann\n,Bob\n", encoding="utf-8")
    lines(
        folder / "manifest.jsonl",
        {"id": "f1", "file": "bad.csv", "role": "items", "expect": expect, "line": 3},
    )
    return folder


def test_a_table_of_what_was_tried(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = call("--attacks", attacks(tmp_path / "ours"), "--only", "sql", "terminal", "--json")
    table = {row["row"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert code == 0, [row["fell"] for row in table.values() if row["fell"]]
    assert all(row["held"] == row["tried"] and row["slowest_s"] >= 0 for row in table.values())
    assert table["SQL: hostile statements"]["tried"] == 2
    assert table["SQL: legitimate queries"]["slowest"] == "q1"
    assert [name for name in table if name.startswith("terminal: ")] == [
        f"terminal: {name}" for name in SCREENS
    ]


def test_what_falls_is_named_and_ends_with_1(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = bad_inputs(tmp_path / "bad", "accept")
    assert call("--bad-inputs", bad, "--only", "bad_inputs") == 1
    table, _, fallen = capsys.readouterr().out.partition("\nfell: ")
    assert fallen.startswith("files: the expected verdict: f1 bad.csv: reject where accept was")
    assert re.search(r"^files: the expected verdict +1 +0 +1  ", table, re.M)
    for row in ("files: no traceback, no hang, one line", "files: line and column are named"):
        assert re.search(rf"^{row} +1 +1 +0  ", table, re.M)


def test_nothing_to_try_and_no_such_folder_end_with_2(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--attacks", tmp_path, "--only", "terminal", "bad_inputs") == 2
    assert "name --attacks or --bad-inputs" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        call("--attacks", tmp_path / "nowhere")
    assert ended.value.code == 2 and "no such folder" in capsys.readouterr().err
