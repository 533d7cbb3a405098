"""The help pages, as a terminal of 80 columns shows them; and that nothing is undocumented."""

from __future__ import annotations

import re

import pytest
from syrupy.assertion import SnapshotAssertion

from recagent_cli.commands import COMMANDS, GROUPS

from ..conftest import RunCommand

SUB = ("catalog add", "catalog list", "session show", "tools call", "config set")


@pytest.mark.parametrize("page", ["", *COMMANDS, *GROUPS, *SUB])
def test_help(page: str, recagent: RunCommand, snapshot: SnapshotAssertion) -> None:
    ran = recagent(*page.split(), "--help")
    assert ran.code == 0 and ran.err == ""
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert "\n".join(lines).strip() == snapshot


def test_every_command_says_what_it_is_for(recagent: RunCommand) -> None:
    page = recagent("--help").out
    for name in (*COMMANDS, *GROUPS):
        found = re.search(rf"^│ {name} +(\S.*?)│$", page, re.MULTILINE)
        assert found and len(found[1].strip()) > 20, name
