"""The examples of the README that need no key are run as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from .conftest import RunCommand

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
CONSOLE = [
    line[2:]
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def _home(bundled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))


def test_the_readme_has_examples() -> None:
    assert len(CONSOLE) > 6 and PYTHON


@pytest.mark.parametrize("line", CONSOLE)
def test_a_console_example_runs(line: str, recagent: RunCommand) -> None:
    left, _, right = line.rpartition(" | ")
    stdin = ""
    if left:
        words = shlex.split(left)
        assert words[:2] == ["printf", "%s\\n"]
        stdin = "\n".join(words[2:]) + "\n"
    words = shlex.split(right)
    assert words[0] == "recagent"
    ran = recagent(*words[1:], stdin=stdin)
    assert ran.code == 0, ran.err
    assert ran.out.strip()
    if "--json" in words:
        json.loads(ran.out)


@pytest.mark.parametrize("code", PYTHON)
def test_a_python_example_runs(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_the_first_two_commands_are_those_of_ci() -> None:
    first, second = re.findall(r"```\n(.*?)```", README, re.DOTALL)[0].strip().splitlines()
    script = (Path(__file__).parent.parent / ".ci" / "run").read_text(encoding="utf-8")
    assert first.partition("&& ")[2] in script
    assert f"\n{second}\n" in script
