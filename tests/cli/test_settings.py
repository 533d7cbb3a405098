from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput, RecagentError, UsageError
from recagent_catalogs.toml_text import parse_toml
from recagent_cli.paths import find_paths
from recagent_cli.settings import SETTINGS, load_settings, set_setting


def test_home_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAGENT_HOME", str(tmp_path / "elsewhere"))
    for path in find_paths().to_json().values():
        assert path.startswith(str(tmp_path / "elsewhere"))


def test_the_later_layer_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = find_paths()
    assert load_settings(paths, directory=tmp_path)["format"] == "table"
    (tmp_path / "recagent.toml").write_text('format = "csv"\ncount = 3\n')
    set_setting(paths, "format", "json")
    settings = load_settings(paths, directory=tmp_path)
    assert (settings["format"], settings["count"]) == ("json", 3)
    monkeypatch.setenv("RECAGENT_FORMAT", "ids")
    settings = load_settings(paths, directory=tmp_path)
    assert settings["format"] == "ids" and settings.source["format"] == "RECAGENT_FORMAT"


@pytest.mark.parametrize("name", [s.name for s in SETTINGS if not s.local])
def test_a_file_in_the_working_directory_sets_only_harmless_things(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "recagent.toml").write_text(f'{name} = "x"\n')
    with pytest.raises(BadInput, match="working directory"):
        load_settings(find_paths(), directory=tmp_path)


def test_the_settings_file_is_the_owners_alone() -> None:
    paths = find_paths()
    set_setting(paths, "model", "openai/x")
    assert stat.S_IMODE(paths.settings.stat().st_mode) == 0o600


def test_many_processes_set_at_once() -> None:
    code = (
        "import sys\n"
        "from recagent_cli.paths import find_paths\n"
        "from recagent_cli.settings import set_setting\n"
        "for i in range(5): set_setting(find_paths(), sys.argv[1], sys.argv[2])\n"
    )
    wanted = {"count": 7, "seed": 3, "width": 90, "timeout_s": 60, "max_steps": 4, "format": "csv"}
    processes = [
        subprocess.Popen([sys.executable, "-c", code, name, str(value)])
        for name, value in wanted.items()
    ]
    assert [process.wait(60) for process in processes] == [0] * len(wanted)
    paths = find_paths()
    settings = load_settings(paths, directory=paths.config)
    assert {name: settings[name] for name in wanted} == wanted
    assert sorted(path.name for path in paths.config.iterdir()) == [".lock", "config.toml"]


def test_a_settings_file_that_cannot_be_replaced_is_one_clear_line() -> None:
    paths = find_paths()
    set_setting(paths, "count", "3")
    paths.settings.unlink()
    (paths.settings / "below").mkdir(parents=True)
    with pytest.raises((RecagentError, BadInput), match=r"config\.toml"):
        set_setting(paths, "count", "4")
    (paths.settings / "below").rmdir()
    paths.settings.rmdir()
    paths.config.joinpath(".lock").unlink()
    paths.config.joinpath(".lock").mkdir()
    with pytest.raises(RecagentError, match=r"config\.toml: cannot be written"):
        set_setting(paths, "count", "4")


@pytest.mark.parametrize(
    ("name", "value"), [("count", "many"), ("count", "-1"), ("format", "xml"), ("color", "blue")]
)
def test_a_wrong_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=name):
        set_setting(find_paths(), name, value)


def test_an_unknown_setting_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        set_setting(find_paths(), "modell", "x")
    assert "model" in caught.value.hint


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "recagent.toml").write_text("format = [")
    with pytest.raises(BadInput, match=r"recagent\.toml"):
        load_settings(find_paths(), directory=tmp_path)


HOSTILE_TOML = {
    "deep": ("a = " + "[" * 20_000, "nested too deeply"),
    "a number without end": ("count = " + "9" * 5_000, "too many digits"),
    "a key without end": ("\n" + "a." * 9_000 + "b = 1", "too many parts"),
    "quoted parts": ('"a" . ' * 9_000 + "b = 1", "too many parts"),
    "no TOML": ("count = 3\n???", r":2:1: not valid TOML"),
    "too large": ("#" * 4_000_001, "4,000,000 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE_TOML)
def test_a_hostile_file_in_the_working_directory_is_one_clear_error(
    tmp_path: Path, name: str
) -> None:
    text, told = HOSTILE_TOML[name]
    (tmp_path / "recagent.toml").write_text(text)
    with pytest.raises(BadInput, match=told):
        load_settings(find_paths(), directory=tmp_path)


def test_settings_are_read_from_regular_files_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "recagent.toml")  # opening it would wait for ever
    with pytest.raises(BadInput, match="no regular file"):
        load_settings(find_paths(), directory=tmp_path)


def test_text_with_many_points_is_no_long_key(tmp_path: Path) -> None:
    words = " ".join(f"w{number}." for number in range(300))
    assert parse_toml(f'a = "{words}"\nb = {[0.5] * 300}', tmp_path)["a"] == words
