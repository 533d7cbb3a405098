"""The hand-written files of the bundled catalogs keep to what they promise."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

NAMES = ("movies", "games")
LEAST = {"movies": (1200, 40, 120), "games": (500, 0, 50)}
"""Items, countries, taste lists."""
SPAN = {"movies": (1902, 2026), "games": (1958, 2026)}
NUMBERS = {"movies": ("runtime", 1, 400), "games": ("hours", 0, 500)}


def folder(name: str) -> Any:
    return files("recagent_catalogs") / name


def rows(name: str) -> list[dict[str, str]]:
    read: list[dict[str, str]] = []
    for file in sorted((folder(name) / "items").iterdir(), key=lambda f: f.name):
        with file.open(encoding="utf-8", newline="") as stream:
            part = list(csv.DictReader(stream))
        assert len(part) <= 200, f"{file.name} is too long to be read as a change"
        read.extend(part)
    return read


def vocabulary(name: str) -> dict[str, Any]:
    told = tomllib.loads((folder(name) / "catalog.toml").read_text(encoding="utf-8"))
    return dict(told["vocabulary"])


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough(name: str) -> None:
    items, countries, _ = LEAST[name]
    read = rows(name)
    assert len(read) >= items
    found = {c for row in read for c in row.get("countries", "").split("|") if c}
    assert len(found) >= countries


@pytest.mark.parametrize("name", NAMES)
def test_ids_and_titles_are_unique(name: str) -> None:
    read = rows(name)
    assert [i for i, n in Counter(row["id"] for row in read).items() if n > 1] == []
    titles = Counter((row["title"].casefold(), row["year"]) for row in read)
    assert [t for t, n in titles.items() if n > 1] == []
    assert [row["id"] for row in read if not row["id"].endswith(row["year"])] == []


@pytest.mark.parametrize("name", NAMES)
def test_words_are_of_the_closed_vocabulary(name: str) -> None:
    for column, words in vocabulary(name).items():
        if words.get("closed"):
            known = set(words["values"])
            used = {w for row in rows(name) for w in row[column].split("|") if w}
            assert used <= known, used - known
            assert set(words.get("synonyms", {})) <= known
    assert {"genres", "tags"} <= {c for c, w in vocabulary(name).items() if w.get("closed")}


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_plausible(name: str) -> None:
    first, last = SPAN[name]
    column, low, high = NUMBERS[name]
    for row in rows(name):
        assert first <= int(row["year"]) <= last, row["id"]
        assert row[column] == "" or low <= float(row[column]) <= high, row["id"]
        assert row["audience"] in ("all", "teen", "adult"), row["id"]


@pytest.mark.parametrize("name", NAMES)
def test_every_item_is_described(name: str) -> None:
    for row in rows(name):
        assert 5 <= len(row["tags"].split("|")) <= 12, row["id"]
        assert 8 <= len(row["about"].split()) <= 20 and row["about"].endswith("."), row["id"]


@pytest.mark.parametrize("name", NAMES)
def test_taste_lists(name: str) -> None:
    text = (folder(name) / "tastes.toml").read_text(encoding="utf-8")
    tastes = tomllib.loads(text)["taste"]
    ids = {row["id"] for row in rows(name)}
    assert len(tastes) >= LEAST[name][2]
    assert len({taste["name"] for taste in tastes}) == len(tastes)
    for taste in tastes:
        items = taste["items"]
        assert set(items) <= ids and len(set(items)) == len(items), taste["name"]
        assert 10 <= len(items) <= 45 and 0 < taste["weight"] <= 3, taste["name"]
