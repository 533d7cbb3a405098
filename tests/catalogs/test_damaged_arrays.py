"""Arrays of a catalog that hold something else than was written: one clear error, no other."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recagent_catalogs.errors import BadInput
from recagent_catalogs.schema import Column, Role, Vocabulary
from recagent_catalogs.title_index import TitleIndex, write_titles
from recagent_catalogs.words import WordColumn, write_words

TITLES = [("Quiet River", []), ("Amber Harbour", ["Harbour"]), ("The Lantern: Part 2", [])]


def _index(folder: Path) -> TitleIndex:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (row INTEGER PRIMARY KEY, title TEXT)")
    connection.executemany("INSERT INTO items VALUES (?, ?)", enumerate(t for t, _ in TITLES))
    return TitleIndex(folder, connection, np.ones(len(TITLES), dtype=np.int32), None)


def _change(folder: Path, name: str, how: str) -> None:
    path = folder / f"{name}.npy"
    array: NDArray[Any] = np.load(path)
    whole = array.astype(np.int64)
    changed: dict[str, NDArray[Any]] = {
        "two dimensions": array.reshape(1, -1),
        "float": array.astype(np.float64),
        "far": whole + 1_000_000,
        "negative": -whole - 5,
        "no text": np.where(array == 10, array, np.uint8(0xFF)) if how == "no text" else array,
        "short": array[:-1],
    }
    np.save(path, changed[how])


def _use(index: TitleIndex) -> None:
    """All that is asked of an index; a damaged one may also answer that it knows nothing."""
    for words in ("quiet river", "harbour", "amber harbor", "the lantern part 2", "qiet rver"):
        index.exact(words)
        index.find(words)
        index.stretches(words.split(), 5)
        index.holding(words.split(), 9)
    assert index.forms


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("titles.forms", "no text"),
        ("titles.forms", "two dimensions"),
        ("titles.forms", "float"),
        ("titles.kinds", "two dimensions"),
        ("titles.kinds", "float"),
        ("titles.kinds", "short"),
        ("titles.rows", "far"),
        ("titles.rows", "negative"),
        ("titles.rows", "float"),
        ("titles.rows", "two dimensions"),
        ("titles.hash.entries", "far"),
        ("titles.hash.entries", "negative"),
        ("titles.hash.entries", "float"),
        ("titles.hash.pointers", "float"),
        ("titles.hash.keys", "two dimensions"),
    ],
)
def test_damaged_titles(tmp_path: Path, name: str, how: str, large: bool) -> None:
    popularity = np.ones(len(TITLES), dtype=np.int32)
    write_titles(tmp_path, TITLES, popularity, scan_up_to=0 if large else 1_000)
    _use(_index(tmp_path))
    _change(tmp_path, name, how)
    with pytest.raises(BadInput, match="damaged"):
        _use(_index(tmp_path))


def test_damaged_rows_of_an_earlier_release(tmp_path: Path) -> None:
    write_titles(tmp_path, TITLES, np.ones(len(TITLES), dtype=np.int32))
    for part in ("keys", "pointers", "entries"):
        (tmp_path / f"titles.hash.{part}.npy").unlink()
    _use(_index(tmp_path))
    _change(tmp_path, "titles.rows", "far")
    with pytest.raises(BadInput, match="damaged"):
        _use(_index(tmp_path))


@pytest.mark.parametrize("part", ["values", "folded"])
@pytest.mark.parametrize("how", ["no text", "two dimensions", "float"])
def test_damaged_words(tmp_path: Path, part: str, how: str) -> None:
    write_words(tmp_path, "kinds", [["Drama"], ["War", "Drama"]])
    _change(tmp_path, f"word.kinds.{part}", how)
    column = WordColumn(tmp_path, Column("kinds", Role.CATEGORIES), Vocabulary(), 2)
    with pytest.raises(BadInput, match="damaged") as caught:
        assert column.resolve("drama") and column.value(0)
    assert caught.value.hint
