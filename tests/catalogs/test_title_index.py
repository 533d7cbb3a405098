"""The title index against looking at every title, and what it does with catalogs without arrays."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from recagent_catalogs.hashes import block_of, hash_deletes, hash_stretches, hash_texts
from recagent_catalogs.near import NearTexts
from recagent_catalogs.postings import Postings
from recagent_catalogs.text import fold
from recagent_catalogs.textblock import TextBlock
from recagent_catalogs.title_index import TitleIndex, write_titles
from recagent_catalogs.titles import (
    FULL,
    NEAR,
    PART,
    STRENGTH,
    canonical,
    marked_forms,
    title_forms,
)

WORDS = (
    "amber river quiet harbour lantern winter garden paper engine silver orchard wolf music tower "
    "letter summer shadow mirror bridge captain velvet window thunder meadow island rocky night"
).split()


def _titles(count: int, seed: int = 3) -> list[tuple[str, list[str]]]:
    rng = random.Random(seed)
    found: list[tuple[str, list[str]]] = []
    for number in range(count):
        words = [rng.choice(WORDS).capitalize() for _ in range(rng.randint(1, 4))]
        title = rng.choice(("The ", "A ", "", "")) + " ".join(words)
        title += rng.choice(("", "", " II", " Part 3", ": The Return", " & Co."))
        found.append((title, [f"{words[0]} Alias {number % 7}"] if number % 9 == 0 else []))
    return found


def _index(folder: Path, titles: list[tuple[str, list[str]]], scan_up_to: int) -> TitleIndex:
    popularity = np.arange(len(titles), dtype=np.int32)[::-1] % 17
    write_titles(folder, titles, popularity.astype(np.int32), scan_up_to=scan_up_to)
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE items (row INTEGER PRIMARY KEY, title TEXT)")
    connection.executemany("INSERT INTO items VALUES (?, ?)", enumerate(t for t, _ in titles))
    return TitleIndex(folder, connection, popularity.astype(np.int32), None)


@pytest.fixture(scope="module")
def titles() -> list[tuple[str, list[str]]]:
    return _titles(600)


@pytest.fixture(scope="module", params=["scan", "arrays"])
def index(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    titles: list[tuple[str, list[str]]],
) -> TitleIndex:
    folder = tmp_path_factory.mktemp(request.param)
    return _index(folder, titles, 10_000 if request.param == "scan" else 0)


def _by_hand(titles: list[tuple[str, list[str]]]) -> dict[str, set[int]]:
    """Each form to the rows that have it."""
    rows: dict[str, set[int]] = {}
    for row, (title, others) in enumerate(titles):
        for form, _ in title_forms(title, others):
            rows.setdefault(form, set()).add(row)
    return rows


def test_every_form_of_every_title_is_found(
    index: TitleIndex, titles: list[tuple[str, list[str]]]
) -> None:
    rows = _by_hand(titles)
    for row, (title, others) in enumerate(titles):
        for form, kind in title_forms(title, others):
            found = dict(index.exact_kinds(form))
            assert found[row] <= kind
            assert set(found) == rows[form] | rows.get(canonical(form), set())


def test_whole_titles_come_first_then_the_best_known(index: TitleIndex) -> None:
    for word in WORDS:
        found = index.exact_kinds(word)
        keys = [(kind == PART, -(int(index._popularity[row])), row) for row, kind in found]
        assert keys == sorted(keys)


@given(
    words=st.lists(
        st.sampled_from([*WORDS, "the", "a", "ii", "part", "3", "two", "i", "and"]), max_size=14
    )
)  # noqa: E501
def test_stretches_are_those_that_look_up_finds(index: TitleIndex, words: list[str]) -> None:
    found = index.stretches(words, 6)
    asked = [
        (start, end)
        for start in range(len(words))
        for end in range(min(start + 6, len(words)), start, -1)
    ]
    expected = [place for place in asked if index.exact(" ".join(words[slice(*place)]))]
    mine = {place for place in expected if "i" not in words[slice(*place)]}
    assert mine <= set(found) <= set(expected) and found == sorted(found, key=asked.index)


@given(st.lists(st.text(max_size=30), max_size=12))
def test_any_words_may_be_asked_for(index: TitleIndex, texts: list[str]) -> None:
    words = fold(" ".join(texts)).split()
    assert all(0 <= start < end <= len(words) for start, end in index.stretches(words, 10))


@given(number=st.integers(0, 599), place=st.integers(0, 40), letter=st.sampled_from("abcxyz "))
def test_one_slip_is_found_as_a_scan_finds_it(
    index: TitleIndex, titles: list[tuple[str, list[str]]], number: int, place: int, letter: str
) -> None:
    text = fold(titles[number][0])
    at = place % len(text)
    for typed in (text[:at] + text[at + 1 :], text[:at] + letter + text[at + 1 :]):
        wanted = canonical(fold(typed))
        scores = {
            row: max(
                fuzz.ratio(wanted, form)
                for form, kind in marked_forms(title, others)
                if kind & NEAR and kind & STRENGTH != PART
            )
            for row, (title, others) in enumerate(titles)
            if sorted(filter(str.isdigit, wanted.split()))
            == sorted(filter(str.isdigit, canonical(fold(title)).split()))
        }
        best = max(scores.values(), default=0.0)
        if best < 90 or len(wanted) < 8:
            continue
        found = index.find(typed, limit=5)
        one_slip = 100.0 * (1.0 - 1.0 / len(wanted))
        assert found and found[0].score >= min(best, 99.0, one_slip) - 0.06


def test_catalogs_without_arrays_open(
    tmp_path: Path, titles: list[tuple[str, list[str]]], index: TitleIndex
) -> None:
    old = _index(tmp_path, titles, 10_000)
    for path in tmp_path.glob("titles.hash.*"):
        path.unlink()
    (tmp_path / "titles.forms.ends.npy").unlink()
    forms = np.load(tmp_path / "titles.forms.npy")
    np.save(tmp_path / "titles.forms.npy", forms[:-1])
    np.save(tmp_path / "titles.kinds.npy", np.load(tmp_path / "titles.kinds.npy") & 3)
    for word in WORDS:
        assert old.exact_kinds(word) == index.exact_kinds(word)
    for title, _ in titles[:40]:
        if not title.endswith(("II", "3")):
            found, wanted = old.find(title + "x"), index.find(title + "x")
            assert found == wanted, title


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    for scan_up_to in (0, 10):
        empty = _index(tmp_path, [("", [])], scan_up_to)
        assert empty.exact("x") == [] and empty.find("anything") == []
        assert empty.stretches(["any", "thing"], 5) == []


@given(st.lists(st.text(alphabet="abcdé 日", max_size=12), min_size=1, max_size=8))
def test_hashes_do_not_depend_on_their_neighbours(texts: list[str]) -> None:
    together = hash_texts(texts).tolist()
    assert together == [hash_texts([text])[0] for text in texts]
    assert len(set(together)) == len(set(texts))


@given(st.text(alphabet="abc", min_size=1, max_size=9))
def test_deletes_are_the_hashes_of_the_shorter_texts(text: str) -> None:
    found, owner = hash_deletes(*block_of([text]))
    shorter = [text[:i] + text[i + 1 :] for i in range(len(text))]
    assert found.tolist() == hash_texts(shorter).tolist() and not owner.any()


@given(st.lists(st.text(alphabet="abcé", min_size=1, max_size=6), min_size=1, max_size=9))
def test_stretches_have_the_hashes_of_their_words(words: list[str]) -> None:
    starts, ends, hashes = hash_stretches(words, 4)
    phrases = [" ".join(words[s:e]) for s, e in zip(starts, ends, strict=True)]
    assert hashes.tolist() == hash_texts(phrases).tolist()


def test_postings_keep_the_order_of_entries() -> None:
    keys = np.array([5, 3, 5, 9, 3, 5], dtype=np.uint64)
    found = Postings.of(keys, np.array([4, 1, 0, 7, 2, 9], dtype=np.int32))
    assert found.find(5).tolist() == [4, 0, 9] and found.find(3).tolist() == [1, 2]
    assert found.find(4).tolist() == [] and found.places(keys[:2]).tolist() == [1, 0]


def test_words_and_letters_find_what_they_should() -> None:
    texts = TextBlock.of(["amber river", "quiet harbour", "the wolf", "wolf island 2", ""])
    near = NearTexts.of(texts, np.arange(5, dtype=np.int32), large=True)
    assert near.near("quite harbour", 80, 3)[0][0] == 1
    assert near.near("qiet hrbour", 80, 3)[0][0] == 1
    assert near.near("ambrriver", 80, 3)[0][0] == 0
    assert near.holding(["wolf"], 9) == [2, 3] and near.holding(["wolf", "river"], 9) == []
    assert near.knows("island") and not near.knows("isle")


def test_kinds_are_told(tmp_path: Path) -> None:
    index = _index(tmp_path, [("Amber River: The Long Way", []), ("Amber River", [])], 10)
    assert index.exact_kinds("amber river") == [(1, FULL), (0, PART)]


def test_titles_that_hold_words(index: TitleIndex, titles: list[tuple[str, list[str]]]) -> None:
    for words in (["amber"], ["wolf", "tower"], ["nothing"]):
        wanted = {
            row
            for row, (title, others) in enumerate(titles)
            if any(set(words) <= set(fold(text).split()) for text in (title, *others))
        }
        assert set(index.holding(words, 10_000)) == wanted
