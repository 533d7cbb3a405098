"""The copy of the lexicons' data files: quick to read, never trusted, never needed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import recagent_cli
from recagent_cli.agent.builtin.words import tables as module
from recagent_cli.agent.builtin.words.tables import NAME, Tables, tables

SAID = "i really dont want to see that one again thanks".split()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the copy belongs; nothing is remembered of other tests, or of this one."""
    monkeypatch.setenv("RECAGENT_HOME", str(tmp_path))
    tables.cache_clear()
    yield tmp_path / "cache"
    tables.cache_clear()


def anew() -> Tables:
    tables.cache_clear()
    return tables()


def without_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, making the tables anew fails: only a copy will do."""

    def never(sources: dict[str, bytes]) -> Tables:
        raise AssertionError("read from TOML")

    monkeypatch.setattr(module, "_made", never)


def same(one: Tables, other: Tables) -> bool:
    walks = [
        [list(t.acts.walk(SAID, i, 10)) for i in range(len(SAID))] for t in (one, other)
    ]  # fmt: skip
    whole = one.acts.to_json() == other.acts.to_json()
    return whole and walks[0] == walks[1] and one.files == other.files


def test_a_copy_is_kept_and_says_the_same(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tables()
    assert [path.name for path in cache.iterdir()] == [NAME]
    without_copies(monkeypatch)
    again = anew()
    assert again is not made and same(made, again)
    assert list(again.files["words"]) == list(made.files["words"])


def damaged(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"not"', b'"nut"', 1).replace(b"horror", b"horrid", 1))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def other_version(path: Path) -> None:
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first.replace(recagent_cli.__version__.encode(), b"0.0.1") + b"\n" + rest)


def other_content(path: Path) -> None:
    first = path.read_bytes().split(b"\n", 1)[0]
    body = json.dumps([1, 2]).encode()
    path.write_bytes(b"\n".join((first, module._sum(body), body)))


def other_content_deep(path: Path) -> None:
    first = path.read_bytes().split(b"\n", 1)[0]
    body = b"[" * 200_000
    path.write_bytes(b"\n".join((first, module._sum(body), body)))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_file(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "harm",
    [damaged, cut, other_version, other_content, other_content_deep, empty, no_file],
)
def test_a_copy_that_is_none_is_made_anew(cache: Path, harm: object) -> None:
    made = tables()
    path = cache / NAME
    whole = path.read_bytes()
    assert callable(harm)
    harm(path)
    assert same(made, anew())
    assert path.is_dir() or path.read_bytes() == whole
    assert [p.name for p in cache.iterdir()] == [NAME]


def test_another_version_makes_its_own(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tables()
    before = (cache / NAME).read_bytes()
    monkeypatch.setattr(recagent_cli, "__version__", "99.0")
    assert same(made, anew())
    assert (cache / NAME).read_bytes() != before
    without_copies(monkeypatch)
    assert same(made, anew())


def test_changed_data_are_read(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables()
    home = tmp_path / "builtin"
    (home / "lexicon").mkdir(parents=True)
    for path in (
        *module._HERE.glob("lexicon/*.toml"),
        *(module._HERE / n for n in module._MADE_BY),
    ):
        (home / path.relative_to(module._HERE)).write_bytes(path.read_bytes())
    talk = home / "lexicon" / "dialogue.toml"
    talk.write_text(talk.read_text("utf-8").replace('skipped = "', 'skipped = "gnarly '), "utf-8")
    monkeypatch.setattr(module, "_HERE", home)
    assert "gnarly" in anew().acts.skipped


def test_it_works_where_nothing_can_be_written(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tables()
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("RECAGENT_HOME", str(tmp_path / "taken"))
    assert same(made, anew())
    monkeypatch.setattr(os, "replace", _refuse)
    monkeypatch.setenv("RECAGENT_HOME", str(tmp_path / "free"))
    assert same(made, anew())
    assert not list((tmp_path / "free" / "cache").iterdir())


def _refuse(*_: object) -> None:
    raise OSError("no space left")
