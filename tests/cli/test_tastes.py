"""What events add up to: known answers, computed by hand with η = .5, importance 1 unless said."""

from __future__ import annotations

import math

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.profile import KINDS, Learning, Profile, Taste, derive, reach

DAY = 86_400.0
NOW = 1_000 * DAY
SCALE = (1.0, 5.0)


def fact(kind: str, of: str = "", *, days: float = 0.0, **more: object) -> StoredEvent:
    """An event of so many days ago; of an item where `of` is an id, else of a genre."""
    target = {"item": of} if of.startswith("f") else {"column": "genres", "text": of}
    return StoredEvent("me", "films", kind, time=NOW - days * DAY, **(target | more))  # type: ignore[arg-type]


def derived(catalog: Catalog, *events: StoredEvent, **learning: float) -> Profile:
    """With ids from 1 on, in the order given."""
    numbered = [
        StoredEvent(**{**vars(event), "id": event.id or number})
        for number, event in enumerate(events, start=1)
    ]
    return derive(numbered, catalog, learning=Learning(**learning), now=NOW, scale=SCALE)


def taste(profile: Profile, value: str, stance: str = "") -> Taste:
    (found,) = [t for t in profile.tastes if t.value == value and stance in ("", t.stance)]
    return found


@pytest.mark.parametrize(
    ("events", "weight"),
    [
        ([("liked", 0)], 0.5),  # 0 + .5·1·(1 - 0)
        ([("disliked", 0)], -0.5),
        ([("liked", 0), ("liked", 0)], 0.75),  # .5 + .5·(1 - .5)
        ([("liked", 365)], 0.25),  # one half-life ago
        ([("liked", 365), ("liked", 0)], 0.625),  # .25 + .5·(1 - .25)
        ([("liked", 730), ("liked", 365)], 0.3125),  # (.25 + .5·.75)/2
        ([("accepted", 0)], 0.25),  # importance .5
        ([("learned", 0)], 0.15),  # importance .3
        ([("liked", 0), ("learned", 0)], 0.575),  # .5 + .15·(1 - .5)
        ([("liked", 2), ("liked", 1), ("disliked", 0)], -0.5),  # starts again at nought
        ([("liked", 3), ("disliked", 2), ("liked", 0)], 0.5),
        ([("liked", 0), ("rejected", 0)], -0.25),
        ([("never", 3650)], -1.0),
        ([("never", 3650), ("disliked", 0)], -1.0),
        ([("never", 3650), ("liked", 0)], 0.5),
        ([("proposed", 0), ("paused", 0), ("seen", 0), ("wanted", 0)], 0.0),
    ],
)
def test_known_weights(films: Catalog, events: list[tuple[str, float]], weight: float) -> None:
    facts = [fact(kind, "Drama", days=days) for kind, days in events]
    wishes = {value: strong for _, value, strong in derived(films, *facts).wishes}
    assert wishes.get("Drama", 0.0) == pytest.approx(weight, abs=1e-4)


def test_a_weight_that_was_set_stands_and_later_events_move_it(films: Catalog) -> None:
    liked, fixed = fact("liked", "Drama", days=3), fact("set", "Drama", value=0.2, days=2)
    assert derived(films, liked, fixed, half_life_days=0).wishes == (("genres", "Drama", 0.2),)
    later = derived(films, liked, fixed, fact("liked", "Drama"), half_life_days=0)
    assert later.wishes[0][2] == pytest.approx(0.6)  # .2 + .5·(1 - .2)
    none = derived(films, liked, fact("set", "Drama", value=0.0))
    assert none.wishes == () and taste(none, "Drama").against == (1,)


def test_eta_says_how_far_one_event_moves(films: Catalog) -> None:
    facts = [fact("liked", "Drama"), fact("liked", "Drama")]
    assert derived(films, *facts, eta=0.2).wishes[0][2] == pytest.approx(0.36)
    assert derived(films, *facts, eta=1.0).wishes[0][2] == 1.0


def test_overruled_events_stay_visible(films: Catalog) -> None:
    words = ("liked", "disliked", "liked", "disliked")
    found = taste(derived(films, *(fact(kind, "Drama") for kind in words)), "Drama")
    assert (found.stance, found.events, found.against) == ("dislike", (2, 4), (1, 3))
    assert (found.weight, found.confirmed, found.half_life_days) == (-0.5, NOW, 365.0)


def test_what_was_learned_never_overrules_a_word(films: Catalog) -> None:
    said, learned = fact("disliked", "Drama", days=1), fact("learned", "Drama", value=1.0)
    found = taste(derived(films, said, learned), "Drama")
    assert found.stance == "dislike" and found.against == (2,)
    faded = taste(derived(films, fact("disliked", "Drama", days=4000), learned), "Drama")
    assert faded.stance == "like" and faded.weight == pytest.approx(0.15)


def test_what_was_learned_from_an_event_goes_with_it(films: Catalog) -> None:
    liked, learned = fact("liked", "f01", id=7), fact("learned", "Drama", because=7, id=8)
    assert derived(films, liked, learned).wishes[0][2] == pytest.approx(0.15)
    assert derived(films, learned).wishes == ()


def test_a_mood_passes_and_is_no_lasting_wish(films: Catalog) -> None:
    asked = [fact("said", "Drama", days=days) for days in (0.25, 0.0)]
    profile = derived(films, *asked)
    # .25, after six hours .125; .125 + .25·(1 - .125)
    assert taste(profile, "Drama").weight == pytest.approx(0.34375)
    assert taste(profile, "Drama").stance == "expect" and profile.wishes == ()
    assert derived(films, fact("said", "Drama", days=1)).tastes == ()  # 1/4 of 1/16
    both = derived(films, fact("liked", "Drama"), fact("said", "Drama"))
    assert {t.stance for t in both.tastes} == {"like", "expect"}
    ended = derived(films, fact("said", "Drama"), fact("disliked", "Drama"))
    assert [t.stance for t in ended.tastes] == ["dislike"]
    assert derived(films, *asked, mood_hours=0).tastes == ()


def test_never_again_of_a_value(films: Catalog) -> None:
    never = fact("never", "Drama", days=9_000)
    profile = derived(films, never, fact("disliked", "Drama"), fact("learned", "Drama", value=1.0))
    assert profile.never_values == (("genres", "Drama"),)
    assert profile.wishes == (("genres", "Drama", -1.0),)
    assert taste(profile, "Drama").forever and taste(profile, "Drama").half_life_days == math.inf
    assert derived(films, never, fact("liked", "Drama")).never_values == ()


def test_values_that_the_catalog_lost_are_no_wishes(films: Catalog) -> None:
    gone = [fact("liked", "Opera seria"), fact("liked", "x", column="smell", text="lemon")]
    profile = derived(films, *gone)
    assert profile.wishes == () and len(profile.tastes) == 2


# -- items ----------------------------------------------------------------------------------------


def rows(catalog: Catalog, *items: str) -> tuple[int, ...]:
    return tuple(row for item in items if (row := catalog.row_of(item)) is not None)


def test_the_latest_word_on_an_item_holds(films: Catalog) -> None:
    facts = [
        fact("liked", "f01"), fact("liked", "f02"), fact("never", "f03"), fact("disliked", "f03"),
        fact("disliked", "f01"), fact("seen", "f05"), fact("accepted", "f06"), fact("liked", "fx"),
    ]  # fmt: skip
    profile = derived(films, *facts)
    assert profile.liked == rows(films, "f02", "f06")
    assert profile.disliked == rows(films, "f03", "f01")
    assert profile.never == rows(films, "f03")
    assert profile.seen == rows(films, "f01", "f02", "f03", "f05")
    assert taste(profile, "f03").forever


def test_ratings_are_verdicts_but_for_the_middle_of_the_scale(films: Catalog) -> None:
    points = {"f01": 5.0, "f02": 1.0, "f03": 3.0, "f04": 4.0}
    facts = [fact("rated", item, value=value) for item, value in points.items()]
    profile = derived(films, *facts, fact("liked", "f05"), fact("rated", "f05", value=3.0))
    assert profile.liked == rows(films, "f01", "f04", "f05")
    assert profile.disliked == rows(films, "f02")
    assert taste(profile, "f04").weight == pytest.approx(0.25)  # half of (4 - 3)/2
    assert taste(profile, "f05").weight == pytest.approx(0.25)  # .5 + .5·(0 - .5)


def test_a_history_that_was_imported_later_is_of_earlier_days(films: Catalog) -> None:
    said = fact("disliked", "f01", days=1)
    old = fact("rated", "f01", value=5.0, days=700)
    assert derived(films, said, old).disliked == rows(films, "f01")
    future = fact("liked", "f01", days=-9_999)  # a wrong clock
    assert derived(films, future, fact("disliked", "f01")).disliked == rows(films, "f01")


def test_the_watchlist(films: Catalog) -> None:
    facts = [
        fact("wanted", "f01", days=5), fact("wanted", "f02", days=4), fact("wanted", "f03", days=3),
        fact("wanted", "f02", value=0.0, days=2), fact("liked", "f03", days=1),
        fact("seen", "f04", days=2), fact("wanted", "f04", days=1),
    ]  # fmt: skip
    assert derived(films, *facts).wanted == rows(films, "f01", "f04")


def test_what_was_shown_of_late(films: Catalog) -> None:
    facts = [fact("shown", "f01", days=8), fact("shown", "f02", days=6), fact("shown", "f03")]
    assert derived(films, *facts).recent == ()
    assert derived(films, *facts, repeat_days=7).recent == rows(films, "f02", "f03")
    assert reach(Learning(repeat_days=7), NOW)["shown"] == NOW - 7 * DAY
    assert "shown" in KINDS and "proposed" not in KINDS
