"""The wheel holds every file of the packages: data files are lost silently otherwise."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "recagent_cli/": "",
    "tools/recagent_tools/": "tools/",
    "catalogs/recagent_catalogs/": "catalogs/",
    "prompts/recagent_prompts/": "prompts/",
}


def tracked() -> set[str]:
    """The files of the packages, as they have to stand in the wheel."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout to compare the wheel with")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return {
        name.removeprefix(prefix)
        for name in listed
        for start, prefix in FLOORS.items()
        if name.startswith(start) and (ROOT / name).exists()
    }


def test_the_wheel_holds_every_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "build", "*.egg-info", "__pycache__", ".*_cache"
    )
    shutil.copytree(ROOT, copy, ignore=ignored)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == tracked()
    tops = {name.partition("/")[0] for name in packed}
    assert tops == {"recagent_cli", "recagent_tools", "recagent_catalogs", "recagent_prompts"}
