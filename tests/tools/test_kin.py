"""What candidates share with named items: kinds and names; and in what order these were named."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.kin import Names, kin, kinds_alike, name_words, names_alike
from recagent_tools.models.engine import Engine
from recagent_tools.models.history import History
from recagent_tools.rank import RankArguments, rank
from recagent_tools.toolbox import ToolContext


@dataclass
class Remembering:
    """An engine that knows nothing and notes which histories it was asked about."""

    trained: bool = True
    ordered: bool = True
    asked: list[History] = field(default_factory=list)

    def rank(self, rows: Rows, history: History) -> Floats:
        self.asked.append(history)
        return np.zeros(len(rows), dtype=np.float32)


@pytest.fixture
def robbers(tmp_path: Path) -> Catalog:
    lines = [
        "id,title,genres",
        "a,The Vault (1995),Crime|Thriller",
        "b,The Vault II (1999),Crime|Thriller",
        "c,Vault of Laughs (2003),Comedy",
        "d,Night Train (1990),Crime|Thriller",
        "e,Garden Party (1991),Comedy",
        "f,Crooks and Clowns (1992),Crime|Comedy",
        "g,A Quiet Year (1993),Drama",
    ]
    (tmp_path / "robbers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(tmp_path / "robbers.csv", tmp_path / "robbers", name="robbers")
    return Catalog.open(tmp_path / "robbers")


def context_of(catalog: Catalog, engine: Remembering | None = None) -> ToolContext:
    known = cast(Engine, engine or Remembering())
    return ToolContext(catalog, known, CandidateBus(catalog.n_items))


ROWS = np.arange(7, dtype=np.int32)


def test_kinds_are_alike_by_cosine_and_rare_ones_count_more(robbers: Catalog) -> None:
    alike = kinds_alike(ROWS, [0], context_of(robbers))
    assert alike[1] == alike[3] == pytest.approx(1) and alike[4] == alike[6] == 0
    assert 0 < alike[5] < 1
    both = kinds_alike(ROWS, [0, 4], context_of(robbers))
    assert both[3] == both[4] == pytest.approx(0.5), "the mean over the named ones"


def test_names_are_alike_by_words_that_tell_something(robbers: Catalog) -> None:
    alike = names_alike(ROWS, [0], context_of(robbers))
    assert alike[1] > 0.5 and alike[1] > alike[2] > 0
    assert not alike[3:].any()
    assert name_words("The Vault 2: Éclair (1999)") == {"the", "vault", "eclair"}
    assert not Names([frozenset(("up",))]).alike(frozenset()).any()


def test_a_sequel_comes_before_another_of_its_kind_and_a_namesake_does_not(
    robbers: Catalog,
) -> None:
    rows, flat = ROWS[1:], np.zeros(6, dtype=np.float32)
    order = rows[np.argsort(-kin(rows, flat, [0], context_of(robbers)), kind="stable")].tolist()
    assert order[:2] == [1, 3] and order.index(2) > order.index(5)
    assert not kin(rows, flat, [], context_of(robbers)).any()
    assert len(kin(rows[:0], flat[:0], [0], context_of(robbers))) == 0


def test_without_peoples_choices_kinds_are_not_counted_twice(robbers: Catalog) -> None:
    rows, flat = ROWS[1:], np.zeros(6, dtype=np.float32)
    told = kin(rows, flat, [0], context_of(robbers, Remembering(trained=False)))
    assert told[0] > 0 and not told[1:].any()


@pytest.mark.parametrize("ordered", [True, False])
def test_named_items_count_in_their_order_where_the_data_have_one(
    robbers: Catalog, ordered: bool
) -> None:
    engine = Remembering(ordered=ordered)
    context = context_of(robbers, engine)
    context.liked = [4, 0]
    rank(context, RankArguments())
    assert not engine.asked[-1].ordered, "nobody asked for what is like them"
    likeness = {"likeness": np.zeros(7, dtype=np.float32)}
    context.bus.score("similar", {}, likeness, order=ROWS, ms=0.0, note="similar")
    rank(context, RankArguments())
    assert engine.asked[-1].ordered is ordered
    assert engine.asked[-1].rows.tolist() == [4, 0]
