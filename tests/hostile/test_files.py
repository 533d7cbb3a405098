"""The checks of `benchmarks/hostile/bad_inputs.py`, on a small collection of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .files import Answer, add, manifest_of, not_calm, unpacked, wrong_place, wrong_verdict

GOOD = "id,title,genres\na,Ann,x\nb,Bob,y\n"
ROW = {"file": "bad.csv", "role": "items", "expect": "reject", "line": 4, "column": "id"}


def test_a_file_is_tried_by_the_real_command(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(GOOD + ",C,z\n", encoding="utf-8")
    (tmp_path / "manifest.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    manifest = manifest_of(tmp_path)
    folder = unpacked(tmp_path, tmp_path / "nothing", manifest)
    assert folder == tmp_path
    answer = add(folder / manifest[0]["file"], None, tmp_path / "home")
    for check in (wrong_verdict(answer, ROW), wrong_place(answer, ROW), not_calm(answer)):
        assert list(check) == []
    assert list(wrong_verdict(answer, {**ROW, "expect": "accept_warn"}))
    assert list(wrong_place(answer, {**ROW, "line": 5}))
    assert list(wrong_place(answer, {**ROW, "column": "title"}))


@pytest.mark.parametrize(
    ("code", "errors"),
    [
        (None, ""),
        (1, "recagent: our own fault\n"),
        (4, "Traceback (most recent call last)\n"),
        (4, "recagent: \x1b[31mred\n"),
        (4, "recagent: " + "x" * 2_000),
        (4, "recagent: a\nb\nc\n"),
        (-11, ""),
    ],
)
def test_what_is_not_calm_is_seen(code: int | None, errors: str) -> None:
    assert list(not_calm(Answer(code, {}, errors, 0.1)))
