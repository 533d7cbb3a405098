"""Texts by their first letters: as a look at all of them would find, without that look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput
from recagent_catalogs.prefixes import Prefixes
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_catalogs.textblock import TextBlock

SAME = "the very same beginning of all "
TEXTS = st.lists(
    st.builds(str.__add__, st.sampled_from(["", "a", SAME]), st.text("ab é", max_size=6)),
    max_size=30,
)


@given(TEXTS, st.sampled_from(["", "a", "b", "ab", "é", "the very", SAME, SAME + "a", "zz"]))
def test_it_finds_what_begins_so_and_in_order(texts: list[str], prefix: str) -> None:
    found = Prefixes.of(TextBlock.of(texts)).beginning(prefix).tolist()
    assert sorted(found) == [n for n, text in enumerate(texts) if text.startswith(prefix)]
    assert [texts[n] for n in found] == sorted((texts[n] for n in found), key=str.encode)


@given(TEXTS, st.sampled_from(["a", "b", "ab", "é", "same"]))
def test_last_words_are_found_too(texts: list[str], prefix: str) -> None:
    found = Prefixes.of(TextBlock.of(texts), last_words=True).beginning(prefix).tolist()
    wanted = {
        n
        for n, text in enumerate(texts)
        if text.startswith(prefix) or (" " in text and text.split(" ")[-1].startswith(prefix))
    }
    assert set(found) == wanted


def test_what_was_written_is_opened_and_checked(tmp_path: Path) -> None:
    texts = TextBlock.of(["heat", "alien", "aliens", "brazil"])
    Prefixes.of(texts).save(tmp_path, "order")
    assert Prefixes.load(tmp_path, "order", texts).beginning("al").tolist() == [1, 2]
    np.save(tmp_path / "order.npy", np.array([0, 1, 2, 9], dtype=np.int32))
    with pytest.raises(BadInput):
        Prefixes.load(tmp_path, "order", texts)
    assert Prefixes.load(tmp_path, "none", texts).beginning("h").tolist() == [0]


def test_titles_and_values_of_a_catalog(films: Catalog) -> None:
    labels = [films.label(row) for row in films.titles.beginning("orb", 5)]
    assert labels and all(label.startswith("Orbit of Ash") for label in labels)
    known = films.popularity[films.titles.beginning("the", 3)].tolist()
    assert len(known) == 3 and known == sorted(known, reverse=True)
    people = next(c.name for c in films.schema.columns if c.role == "people")
    name = films.words(people).values[0]
    assert name in films.words(people).beginning(fold(name.split()[-1]), 5)
    assert films.titles.beginning("zzz", 5) == [] == films.words(people).beginning("zzz", 5)
