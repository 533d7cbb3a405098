"""The examples of docs/testing.md run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recagent_cli.fake_providers import KINDS
from recagent_cli.testing import PROVIDERS

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("example", re.findall(r"```python\n(.*?)```", TEXT, re.S))
def test_examples(
    example: str, bundled_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "assert " in example
    monkeypatch.setenv("RECAGENT_HOME", str(bundled_home))
    names: dict[str, Any] = {}
    exec(compile(example, "docs/testing.md", "exec"), names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    run: Callable[[], None] = test
    run()


def test_every_provider_and_kind_of_error_is_named() -> None:
    assert all(f"`{name}`" in TEXT for name in (*PROVIDERS, *KINDS))
