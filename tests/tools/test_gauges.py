"""Fit and novelty between 0 and 1: known answers, and what weights leave as it is."""

from __future__ import annotations

import numpy as np
import pytest

from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.filter import FilterArguments, filter_candidates
from recagent_tools.gauges import gauges
from recagent_tools.rank import RankArguments, rank, scored_parts
from recagent_tools.toolbox import ToolContext


def _ranked(context: ToolContext, **arguments: object) -> list[int]:
    context.bus = CandidateBus(context.catalog.n_items, context.catalog.fingerprint)
    filter_candidates(context, FilterArguments(where=["genres has Sci-Fi"]))
    rank(context, RankArguments.model_validate(arguments))
    return [int(row) for row in context.bus.rows()]


def test_fit_is_measured_from_the_middle_to_the_best(context: ToolContext) -> None:
    rows = _ranked(context)
    scores = {row: s for row, s in zip(rows, context.bus.scores()["score"], strict=True)}
    best, last = max(scores.values()), min(scores.values())
    told = gauges(rows, context)
    assert told[0].fit == 1.0 and told[-1].fit == 0.0, "of few the last one is zero"
    assert [g.fit for g in told] == pytest.approx(
        [(scores[row] - last) / (best - last) for row in rows], abs=1e-5
    )


def test_the_weight_of_an_aspect_moves_the_list_but_no_fit(context: ToolContext) -> None:
    rows = _ranked(context)
    plain = dict(zip(rows, gauges(rows, context), strict=True))
    turned = _ranked(context, weights=["novelty=3", "popularity=-1"])
    assert turned != rows
    for row, gauge in zip(turned, gauges(turned, context), strict=True):
        assert gauge.fit == pytest.approx(plain[row].fit, abs=1e-4)
        assert gauge.novelty == plain[row].novelty


def test_novelty_grows_as_fewer_people_took_it(context: ToolContext, films: Catalog) -> None:
    rows = sorted(range(films.n_items), key=lambda row: -int(films.popularity[row]))
    told = [gauge.novelty or 0.0 for gauge in gauges(rows, context)]
    assert told == sorted(told) and told[0] == 0.0 and 0 < told[-1] <= 1
    taken, most = films.popularity[rows[-1]], films.popularity.max()
    bits = np.log2((most + 1) / (taken + 1)) / np.log2(most + 1)
    assert told[-1] == pytest.approx(float(bits), abs=1e-6)


def test_what_is_not_known_is_none(context: ToolContext) -> None:
    everything = range(context.catalog.n_items)
    assert all(gauge.fit is None for gauge in gauges(everything, context)), "nothing was ranked"
    rank(context, RankArguments())
    best = [int(row) for row in context.bus.rows()]
    assert all(g.fit is None for g in gauges(best, context)), "nothing known, nothing asked"
    kept = _ranked(context, top=2)
    assert all(gauge.fit is None for gauge in gauges(kept, context)), "the others are lost"


def test_after_a_narrowing_it_is_still_the_fit_of_the_ranking(context: ToolContext) -> None:
    rows = _ranked(context)
    before = gauges(rows, context)
    context.bus.drop("candidates", {}, [rows[0]])
    assert len(scored_parts(context, context.bus.rows(), RankArguments()).total) == len(rows) - 1
    assert gauges(rows[1:], context) == before[1:]
