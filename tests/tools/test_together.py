"""Lists for several people: how fits are joined, what is left out, and how each one fares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recagent_catalogs.interactions import Rows
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import bus_from_bytes, bus_to_bytes
from recagent_tools.dropped import lost_at
from recagent_tools.models.history import History
from recagent_tools.personal import left_out_text
from recagent_tools.rank import RankArguments, scored_parts
from recagent_tools.replay import replay, situation
from recagent_tools.tastes import of_part
from recagent_tools.together import (
    STRATEGIES,
    Companion,
    Company,
    Strategy,
    With,
    fares_of,
    joined,
    places,
    together_json,
)
from recagent_tools.toolbox import EmptyProfile, Toolbox, ToolContext
from recagent_tools.why import evidence_of
from recagent_tools.why_not import reason_text, why_not

from .why_not_lists import ids, run

# Of five items, how each of three people likes them.
MATRIX = {
    "ana": np.array([3.0, 1.0, 2.0, -2.0, 0.0]),
    "ben": np.array([-3.0, 1.0, 2.0, 4.0, 0.0]),
    "cleo": np.array([3.0, 1.0, -1.0, 1.0, 0.0]),
}


@pytest.mark.parametrize(
    ("by", "known", "order"),
    [
        ("average", [1.0, 1.0, 1.0, 1.0, 0.0], [0, 1, 2, 3, 4]),
        ("least-misery", [-3.0, 1.0, -1.0, -2.0, 0.0], [1, 4, 2, 3, 0]),
        ("most-pleasure", [3.0, 1.0, 2.0, 4.0, 0.0], [3, 0, 2, 1, 4]),
    ],
)
def test_known_answers(by: Strategy, known: list[float], order: list[int]) -> None:
    found = joined(MATRIX, by)
    np.testing.assert_allclose(found, known)
    assert np.argsort(-found, kind="stable").tolist() == order
    assert np.argsort(places(found)).tolist() == order


numbers = st.floats(-5, 5, allow_nan=False)
groups = st.integers(1, 4).flatmap(
    lambda n: st.integers(1, 12).flatmap(
        lambda m: st.lists(st.lists(numbers, min_size=m, max_size=m), min_size=n, max_size=n)
    )
)


@given(groups, st.sampled_from(STRATEGIES), st.randoms(use_true_random=False))
def test_laws_of_joining(rows: list[list[float]], by: Strategy, random: object) -> None:
    fits = {f"p{n}": np.array(row) for n, row in enumerate(rows)}
    found = joined(fits, by)
    shuffled = list(fits.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert joined(dict(shuffled), by).tolist() == found.tolist()  # the order is no matter
    if len(fits) == 1:
        assert found.tolist() == rows[0]  # one person alone is as that person
    least, most = np.min(rows, axis=0), np.max(rows, axis=0)
    assert (found >= least - 1e-9).all() and (found <= most + 1e-9).all()  # a mean is rounded


@given(groups, st.integers(1, 5))
def test_the_least_misery_spares_whoever_fares_worst(rows: list[list[float]], k: int) -> None:
    fits = {f"p{n}": np.array(row) for n, row in enumerate(rows)}
    worst = np.min(rows, axis=0)

    def least(by: Strategy) -> float:
        return float(worst[np.argsort(places(joined(fits, by)))[:k]].min())

    assert least("least-misery") >= max(least("average"), least("most-pleasure"))


def company(context: ToolContext, by: Strategy = "average", **others: EmptyProfile) -> ToolContext:
    members = tuple(Companion(name, others[name]) for name in sorted(others))
    return replace(context, company=Company("me", members, by))


def fresh(context: ToolContext) -> CandidateBus:
    return CandidateBus(context.catalog.n_items, context.catalog.fingerprint)


row_lists = st.lists(st.integers(0, 15), max_size=4, unique=True).map(tuple)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row_lists, row_lists, row_lists, st.sampled_from(STRATEGIES))
def test_the_ranking_is_that_of_each_one_joined(
    context: ToolContext,
    mine: tuple[int, ...],
    first: tuple[int, ...],
    second: tuple[int, ...],
    by: Strategy,
) -> None:
    context = replace(context, profile=EmptyProfile(liked=mine), bus=fresh(context))
    others = {"ana": EmptyProfile(liked=first), "ben": EmptyProfile(disliked=second)}
    rows, arguments = context.bus.rows(), RankArguments()
    alone = {
        name: scored_parts(replace(context, profile=profile), rows, arguments)
        for name, profile in {"me": context.profile, **others}.items()
    }
    together = scored_parts(company(context, by, **others), rows, arguments)
    np.testing.assert_allclose(
        together.aspects["fit"],
        joined({name: one.aspects["fit"] for name, one in alone.items()}, by),
        atol=1e-5,
    )
    # With people who are all alike the list is the list of one.
    same = company(context, by, ana=EmptyProfile(liked=mine))
    np.testing.assert_allclose(scored_parts(same, rows, arguments).total, alone["me"].total)
    turned = replace(context, profile=others["ana"])
    turned = replace(
        turned, company=Company("ana", (Companion("me", EmptyProfile(liked=mine)),), by)
    )
    there = scored_parts(company(context, by, ana=others["ana"]), rows, arguments)
    np.testing.assert_array_equal(scored_parts(turned, rows, arguments).total, there.total)


def ranked(toolbox: Toolbox, context: ToolContext, *, seen_too: bool = False) -> ToolContext:
    context.seen_too = seen_too
    run(toolbox, context, "personal")
    run(toolbox, context, "for_user")
    run(toolbox, context, "rank")
    run(toolbox, context, "present", count=5)
    context.bus.show(context.presented or [])
    return context


def test_what_any_of_them_rules_out_is_out(toolbox: Toolbox, context: ToolContext) -> None:
    liked, seen, never, disliked, own = ids(context, "f01", "f02", "f03", "f04", "f05")
    ben = EmptyProfile(
        liked=(liked,),
        seen=(seen, never, disliked, liked, own),
        never=(never,),
        disliked=(never, disliked, own),
        never_values=(("genres", "Comedy"),),
    )
    mine = EmptyProfile(liked=ids(context, "f05"), seen=ids(context, "f05"))
    comedies = set(np.flatnonzero(context.catalog.words("genres").mask(["Comedy"])).tolist())
    assert comedies
    for seen_too in (False, True):
        fit = company(replace(context, profile=mine, bus=fresh(context)), ben=ben)
        fit = ranked(toolbox, fit, seen_too=seen_too)
        left = {*fit.bus.rows().tolist()}
        assert not left & ({never, disliked} | comedies)
        assert (seen in left) == seen_too == (liked in left)
        for row in range(context.catalog.n_items):
            assert why_not(row, fit).kind == lost_at(row, fit).kind
        assert not lost_at(own, fit).others  # who asks knows why
        told = {row: reason_text(lost_at(row, fit), fit) for row in {seen, never} - left}
        for row, text in told.items():
            assert lost_at(row, fit).others and "you have" not in text and "you never" not in text
            assert ("has seen it" in text) == (row == seen)
    fit.seen_too = False
    told_of = {left_out_text(fit, [f"year {year}..{year}"]) for year in (1994, 1996)}
    assert told_of == {
        'One of you has seen each of the 2 films that fit. Say "also what I have seen" to have '
        "those as well.",
        "One of you does not want the 1 film that fits.",
    }
    funnel = fit.bus.funnel()
    assert "Comedy" not in funnel and "ben" not in funnel


def test_each_one_fares_as_in_a_list_of_their_own(toolbox: Toolbox, context: ToolContext) -> None:
    tastes = (("genres", "Drama", 1.0), ("genres", "Comedy", -1.0))
    ben = EmptyProfile(liked=ids(context, "f02", "f03"), wishes=tastes)
    mine = EmptyProfile(liked=ids(context, "f05"))
    context.wishes = [("genres", "Thriller", 2.0), ("tags", "rain", 2.0)]
    both = company(replace(context, profile=mine, bus=fresh(context)), "least-misery", ben=ben)
    both.unknown = ids(context, "f11")  # to the person who asks
    run(toolbox, both, "rank")
    both.bus.show([int(row) for row in both.bus.rows()[:4]])
    fares = fares_of(both.bus.shown, both.bus)
    for name, profile in (("me", mine), ("ben", ben)):
        alone = replace(context, profile=profile, bus=fresh(context), company=None)
        alone.unknown = both.unknown if name == "me" else ()
        rows = alone.bus.rows()
        scored = scored_parts(alone, rows, RankArguments())
        own = sum((p for n, p in scored.parts.items() if n == "fit" or of_part(n)), np.zeros(1))
        # Alone and together the parts are brought to the same deviation only where it is above 1.
        level = scored_parts(both, rows, RankArguments()).level
        asked = scored_parts(both, rows, RankArguments())
        whole = own * scored.level / level + asked.total - asked.parts["fit"]
        order = rows[np.lexsort((rows, -whole))].tolist()
        fits = dict(zip(rows.tolist(), (own * scored.level).tolist(), strict=True))
        for row, one in zip(both.bus.shown, fares, strict=True):
            assert one is not None and one.by == "least-misery" and one.of == len(order)
            fare = next(person for person in one.people if person.name == name)
            assert fare.place == order.index(row) + 1
            assert fare.fit == pytest.approx(fits[row], abs=1e-5)
    told = together_json(fares)
    assert told is not None and [p["name"] for p in told["people"]] == ["me", "ben"]
    evidence = evidence_of(both.bus.shown[1], both)
    assert evidence.fares == fares[1] and not evidence.recomputed
    assert sum(part.share for part in evidence.parts) == pytest.approx(evidence.score, abs=1e-4)
    # A list for one tells of nobody.
    assert together_json(fares_of(alone.bus.rows()[:3].tolist(), alone.bus)) is None


def test_the_figures_outlive_the_process_and_a_stage_is_made_again_truthfully(
    toolbox: Toolbox, context: ToolContext
) -> None:
    ben = EmptyProfile(liked=ids(context, "f02", "f03"), seen=ids(context, "f09"))
    both = company(replace(context, bus=fresh(context)), ben=ben)
    both = ranked(toolbox, both)
    fares = fares_of(both.bus.shown, both.bus)
    bus = bus_from_bytes(bus_to_bytes(both.bus), context.catalog.n_items)
    assert fares_of(bus.shown, bus) == fares and fares[0] is not None

    number = bus.cursor
    whole = bus.stages[number]
    assert str([*ben.liked]).replace(" ", "") not in situation(both)  # no fact of ben's
    now = replace(context, bus=bus, company=None)
    for known, made in ((ben, True), (replace(ben, liked=()), False), (None, False)):
        bus.stages[number] = replace(whole, candidates=None, order=None, scores={})

        def opened(wanted: With, known: EmptyProfile | None = known) -> Company | None:
            assert wanted == With(("ben",), "average")
            return None if known is None else Company("me", (Companion("ben", known),), wanted.by)

        assert replay(bus, toolbox, replace(now, open_company=opened)) == made
        if made:
            assert bus.rows().tolist() == whole.rows().tolist()
            assert fares_of(bus.shown, bus) == fares


def test_of_whom_nothing_is_known_counts_as_nobody_in_particular(context: ToolContext) -> None:
    mine = EmptyProfile(liked=ids(context, "f05"))
    both = company(replace(context, profile=mine, bus=fresh(context)), new=EmptyProfile())
    rows = both.bus.rows()
    nobody = replace(context, profile=EmptyProfile(), bus=both.bus, company=None)
    found = scored_parts(both, rows, RankArguments()).people["new"]
    np.testing.assert_allclose(found, scored_parts(nobody, rows, RankArguments()).parts["fit"])


def test_each_ones_best_are_looked_for(
    toolbox: Toolbox, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recagent_tools.retrieve.KEEP", 4)
    asked: list[list[int]] = []
    found = context.engine.retrieve

    def spied(history: History, k: int, mask: NDArray[np.bool_]) -> Rows:
        asked.append(history.rows.tolist())
        return found(history, k, mask)

    monkeypatch.setattr(context.engine, "retrieve", spied)
    mine, ben = EmptyProfile(liked=ids(context, "f05")), EmptyProfile(liked=ids(context, "f03"))
    both = company(replace(context, profile=mine, bus=fresh(context)), ben=ben)
    run(toolbox, both, "for_user")
    assert asked == [[*mine.liked], [*ben.liked]] and 4 < len(both.bus) <= 8
    assert not {*mine.liked, *ben.liked} & {*both.bus.rows().tolist()}
