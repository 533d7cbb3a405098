"""Input that nobody means: numbers beyond all use, odd digits, very long words and texts."""

from __future__ import annotations

import pytest

from recagent_catalogs.store import Catalog
from recagent_catalogs.title_index import TitleIndex, TitleMatch
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words import caches, lexicon
from recagent_cli.agent.builtin.words.tokens import whole
from tests.cli import builtin_catalogs

NINES = "9" * 5_000
MOST_LOOKED_UP = 100_000
"""Letters of all that is looked up among the titles in one text: far above what is (800), far
below what it is where each cut of a long word is looked up (400 million)."""
MOST_NEAR = 12
"""Near spellings looked for in one text: each costs milliseconds."""

ODD = (
    f"{NINES} films",
    "፩ films",
    "² films",
    "the first ² please",
    "last ፩ # ፩ #²",
    f"my {NINES} year old",
    f"films of the last {NINES} years",
    f"number {NINES}",
    f"the first {NINES}",
    f"about {'9' * 400} minutes",
    f"films under {'9' * 400} minutes or over {'9' * 400} hours",
    f"rated {NINES} out of 10",
    f"{NINES}0s films",
)

LONG = {
    "one word": "a" * 20_000,
    "no spaces": "\u4e00" * 18_000,
    "long words": ("abcdefghij" * 4 + " ") * 480,
    "quotes": " ".join(f'"{chr(97 + i % 26) * 7}{i}"' for i in range(400)),
    "names": "with Tom Hanks " * 1_000,
    "likes": "like Heat " * 2_000,
}


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> list[Catalog]:
    return [
        getattr(builtin_catalogs, name)(tmp_path_factory.mktemp(name))
        for name in ("films", "plain_films", "books")
    ]


def test_odd_numbers_are_read(catalogs: list[Catalog]) -> None:
    for catalog in catalogs:
        parser = Parser(catalog)
        for text in ODD:
            request = parser.parse(text)
            assert request.count is None or 0 < request.count < 10**9, text
            assert not any(
                odd in said for said in request.conditions for odd in ("inf", "nan", "99")
            )


@pytest.mark.parametrize("name", LONG)
def test_long_input_is_little_work(
    catalogs: list[Catalog], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[int] = []
    near: list[str] = []
    exact, find = TitleIndex.exact, TitleIndex.find

    def counting_exact(index: TitleIndex, folded: str) -> list[int]:
        looked_up.append(len(folded))
        return exact(index, folded)

    def counting_find(
        index: TitleIndex, text: str, limit: int = 5, cutoff: float = 84.0
    ) -> list[TitleMatch]:
        near.append(text)
        return find(index, text, limit, cutoff)

    monkeypatch.setattr(TitleIndex, "exact", counting_exact)
    monkeypatch.setattr(TitleIndex, "find", counting_find)
    for catalog in catalogs:
        looked_up.clear()
        near.clear()
        Parser(catalog).parse(LONG[name][:20_000])
        assert sum(looked_up) < MOST_LOOKED_UP
        assert len(near) <= MOST_NEAR


def test_odd_digits_choose_no_option(catalogs: list[Catalog]) -> None:
    parser = Parser(catalogs[0])
    for text in (NINES, "²", "፩"):
        last = PastTurn("something odd", "", (), options=("Heat (1995)", "Alien (1979)"))
        assert not parser.parse(text, [last]).about


def test_answers_to_many_questions(catalogs: list[Catalog]) -> None:
    parser = Parser(catalogs[0])
    asked = [PastTurn("1", "", (), parser.parse("films"), ("comedies", "dramas"))] * 1_500
    request = parser.parse("2", asked)
    assert request.conditions == ("genres has Drama",)


def test_whole_numbers() -> None:
    assert whole("12") == 12
    assert [whole(word) for word in ("", "²", "፩", "1.5", "-1", "x", "1" * 10)] == [None] * 7


def test_long_texts_are_not_kept() -> None:
    asked: list[str] = []

    @caches.cached(10)
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    assert [length("x" * 80), length("x" * 80)] == [80, 80] and len(asked) == 1
    assert [length("x" * 81), length("x" * 81)] == [81, 81] and len(asked) == 3


def test_comparison_keys_of_long_texts() -> None:
    assert lexicon.key_of("Ghost " * 20 + "Stories").endswith("ghost story")
