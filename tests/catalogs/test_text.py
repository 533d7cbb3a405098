from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.text import fold


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
