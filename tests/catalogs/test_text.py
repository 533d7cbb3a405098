from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.text import _PLAIN, clean, fold, harmless, is_hidden
from tests.hostile.screens import HOSTILE, LEGIT, faults


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Amélie", "amelie"),
        ("Fast & Furious", "fast and furious"),
        ("Ocean's Eleven", "oceans eleven"),
        ("𝚨lpha", "αlpha"),
        ("Sci-Fi", "sci fi"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
    ],
)
def test_known_foldings(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=60), st.booleans(), st.integers(3, 40))
def test_what_is_cleaned_has_nothing_hidden_and_is_clean(
    text: str, newlines: bool, cap: int
) -> None:
    cleaned = clean(text, cap, newlines=newlines)
    assert not list(faults(cleaned))
    assert clean(cleaned, cap, newlines=newlines) == cleaned
    assert len(cleaned) <= cap and (newlines or "\n" not in cleaned)


_ODD = "".join(HOSTILE) + "".join(LEGIT) + "\u200d\ufe0f\u0336\u20e3[;mc\x1b\x9b\x9d\\"


@given(st.text(_ODD, max_size=40))
def test_so_it_is_with_what_strangers_send(text: str) -> None:
    cleaned = clean(text)
    assert not list(faults(cleaned))
    assert clean(cleaned) == cleaned
    assert not any(is_hidden(char) for char in harmless(text) if char not in "\u200d\ufe0f")


@pytest.mark.parametrize("text", LEGIT)
def test_what_people_write_stays(text: str) -> None:
    assert clean(text) == text == harmless(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("می\u200cخواهم", "میخواهم"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4"),
        ("x\u200dy", "xy"),
        ("葛\U000e0100城", "葛城"),
        ("a\u0336\u200b\u0336\u200b\u0336\u200b\u0336\u200b\u0336", "a\u0336\u0336\u0336\u0336"),
        ("title\x1b]0;x\nmore", "title more"),
        ("a\u00a0\u2009b", "a b"),
    ],
)
def test_what_is_lost(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_what_passes_at_once_is_plain() -> None:
    passing = [chr(n) for n in range(0x30000) if _PLAIN.fullmatch(chr(n))]
    assert not {char for char in passing if unicodedata.category(char)[0] in "CMZ"} - {" "}
