"""The whole comparison on data whose answers are known by construction."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.interactions import Rows
from recagent_catalogs.store import Catalog
from recagent_cli.evaluation import peers
from recagent_cli.evaluation.compare import Options, evaluate
from recagent_cli.evaluation.lists import Pool
from recagent_cli.evaluation.ours import Ours
from recagent_cli.evaluation.plot import plot
from recagent_cli.evaluation.report import OURS, Report
from recagent_cli.evaluation.splits import Plan
from recagent_tools.models.facts import ItemFacts
from recagent_tools.models.history import History
from recagent_tools.models.retriever import Setting
from recagent_tools.models.sequences import Sequences

from ..tools.models_data import make_catalog

ENGINES = {OURS, "popularity", "als", "cooccurrence", "ease"}
TASTE = ENGINES - {"popularity"}
WORDS = "amber birch cedar delta ember fable grove heron islet jetty knoll larch maple north"


class Untrained:
    """Stands in for our engine where its training is beside the point: the pool in its order."""

    notices = ("nothing was trained",)

    def __init__(self, *_: ItemFacts | Sequences | Setting | object) -> None:
        pass

    def top(self, histories: list[History], k: int, pool: Pool, progress: object) -> list[Rows]:
        """The first unseen rows of the pool."""
        return [pool.rows[~np.isin(pool.rows, history.rows)][:k] for history in histories]


@pytest.fixture(autouse=True)
def _one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer settings of ALS to choose from; the choice itself is tested apart."""
    monkeypatch.setattr(peers.ALS, "grid", peers.ALS.grid[7:9])


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("__init__", "top", "notices"):
        monkeypatch.setattr(Ours, name, getattr(Untrained, name), raising=False)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Even users take even items, odd users odd ones."""
    return make_catalog(tmp_path_factory.mktemp("board"))


def catalog_of(directory: Path, histories: list[list[int]], n_items: int) -> Catalog:
    """Bare items with titles that say nothing, taken in this order."""
    directory.mkdir(parents=True, exist_ok=True)
    words = WORDS.split()
    titles = [f"{words[row % 14]} {words[row // 14]}" for row in range(n_items)]
    items = ["id,title", *(f"i{row},{title}" for row, title in enumerate(titles))]
    taken = ["user,item,timestamp"]
    for user, rows in enumerate(histories):
        taken += [f"u{user},i{row},{1_500_000_000 + 1000 * n}" for n, row in enumerate(rows)]
    (directory / "items.csv").write_text("\n".join(items))
    (directory / "taken.csv").write_text("\n".join(taken))
    place = directory / "catalog"
    ingest(directory / "items.csv", place, name="bare", interactions=directory / "taken.csv")
    return Catalog.open(place)


def test_taste_is_found_and_popularity_has_none(board: Catalog) -> None:
    report = evaluate(board, Options(Plan("k-items", k=5), cutoffs=(5, 10)))
    assert set(report.engines) == ENGINES
    assert report.users == 12 and report.items == 20
    for engine in TASTE:
        # five unseen items of the right kind are left, and three of them are relevant
        assert report.engines[engine]["recall@5"] == 1.0, engine
    assert report.engines["popularity"]["recall@5"] < 0.7
    mean, low, high = report.diffs["popularity"]["recall@5"] or [0, 0, 0]
    assert mean > 0.3 and 0 < low < mean < high


def test_what_is_only_ever_taken_last_is_never_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    histories = [[*rng.permutation(30)[:6].tolist(), 30 + user % 5] for user in range(60)]
    report = evaluate(catalog_of(tmp_path, histories, 35), Options(cutoffs=(10,)))
    assert report.users == 60
    for engine, figures in report.engines.items():
        assert figures["hr@10"] == 0.0, engine


def test_what_always_follows_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    histories = []
    for _ in range(60):
        first = rng.permutation(20)[:4]
        # item n is followed by 20 + n
        histories.append([row for one in first.tolist() for row in (one, 20 + one)])
    report = evaluate(catalog_of(tmp_path, histories, 40), Options(cutoffs=(1,)))
    assert report.engines[OURS]["hr@1"] > 0.5 > report.engines["popularity"]["hr@1"]
    assert report.verdict("popularity") == "better"


def test_the_whole_of_it_is_repeatable(board: Catalog) -> None:
    options = Options(cutoffs=(3,), seed=4)
    first, second = (evaluate(board, options).to_json() for _ in range(2))
    assert {**first, "seconds": {}} == {**second, "seconds": {}}


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("protocol", ["leave-last-out", "global-time", "k-items", "strong"])
def test_every_protocol_is_repeatable(board: Catalog, protocol: str) -> None:
    options = Options(Plan(protocol, k=3), cutoffs=(3,), seed=4)
    first, second = (evaluate(board, options).to_json() for _ in range(2))
    assert {**first, "seconds": {}} == {**second, "seconds": {}}
    assert first["users"] >= 5


@pytest.mark.usefixtures("untrained")
def test_rare_items_are_left_out_for_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    histories = [rng.permutation(12)[:6].tolist() for _ in range(40)]
    histories[0] += [12, 13]
    catalog = catalog_of(tmp_path, histories, 15)
    all_of_them = evaluate(catalog, Options(cutoffs=(20,)))
    common = evaluate(catalog, Options(cutoffs=(20,), min_item_count=2))
    assert (all_of_them.items, common.items) == (14, 12)
    assert common.interactions == all_of_them.interactions - 2
    for engine, figures in common.engines.items():
        # six of twelve are unseen, and lists of 20 show all of them
        assert figures["hr@20"] == 1.0 and figures["coverage@20"] == 1.0, engine


@pytest.mark.usefixtures("untrained")
def test_people_are_counted_over_all_folds(board: Catalog) -> None:
    report = evaluate(board, Options(Plan("k-items", k=5, folds=2), cutoffs=(5,)))
    assert report.users == 60
    assert [len(rounds) for rounds in report.settings.values()] == [2, 2]


@pytest.mark.usefixtures("untrained")
def test_figures_agree_with_each_other(board: Catalog) -> None:
    report = evaluate(board, Options(cutoffs=(10, 3)))
    assert report.leading == "ndcg@10"
    for figures in report.engines.values():
        assert figures["hr@10"] == figures["recall@10"] >= figures["hr@3"]
        assert figures["truncated_recall@10"] == figures["recall@10"]  # one target each
        for name in ("ndcg@10", "mrr", "novelty@3", "diversity@10"):
            low, high = figures[f"{name}_ci"]
            assert low <= figures[name] <= high
    for peer, found in report.diffs.items():
        mean = report.engines[OURS]["ndcg@10"] - report.engines[peer]["ndcg@10"]
        assert (found["ndcg@10"] or [9])[0] == pytest.approx(mean, abs=2e-6)


@pytest.mark.usefixtures("untrained")
def test_where_implicit_is_missing_the_rest_goes_on(
    board: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "implicit.cpu.als", None)
    report = evaluate(board, Options(cutoffs=(5,)))
    assert set(report.engines) == ENGINES - {"als"}
    assert any("als is left out" in notice for notice in report.notices)


def a_report(*, name: str = "films", diff: list[float] | None = None, users: int = 100) -> Report:
    """A made-up comparison with one peer."""
    found = {"ndcg@10": 0.3, "ndcg@10_ci": [0.2, 0.4], "hr@10": 0.5, "hr@10_ci": [0.4, 0.6]}
    options = {"k": None, "folds": 1, "seed": 0}
    return Report(
        name,
        "strong",
        100,
        1000,
        (10,),
        options,
        users=users,
        engines={OURS: found, "als": {**found, "ndcg@10": 0.25}},
        diffs={"als": {"ndcg@10": diff or [0.05, 0.03, 0.07]}},
    )


def test_a_few_people_prove_nothing() -> None:
    report = a_report(diff=[0.05, 0.03, 0.07], users=8)
    assert report.verdict("als") == "too few people to tell"
    assert report.reading() == "8 people are too few to tell engines apart; 30 would do"


@pytest.mark.parametrize(
    ("diff", "verdict", "said"),
    [
        ([0.05, 0.03, 0.07], "better", "better than als, the best of the others, by 0.0500 [0.03"),
        ([-0.05, -0.07, -0.03], "worse", "als is better than recagent by 0.0500 [0.0300, 0.0700]"),
        ([0.01, -0.02, 0.04], "no difference shown", "no difference that this data can show"),
    ],
)
def test_the_reading_says_no_more_than_the_interval(
    diff: list[float], verdict: str, said: str
) -> None:
    report = a_report(diff=diff)
    assert report.verdict("als") == verdict and said in report.reading()


def test_the_plot_is_valid_xml_with_a_bar_and_an_interval_an_engine() -> None:
    tree = ElementTree.fromstring(plot(a_report(name="<b>&\"'\x1b[2J evil </svg>")))
    svg = "{http://www.w3.org/2000/svg}"
    texts = [text.text or "" for text in tree.iter(f"{svg}text")]
    assert any("<b>&\"'" in text and "\x1b" not in text for text in texts)
    assert {"recagent", "als", "NDCG@10", "HR@10", "0.3000", "0.2500"} <= set(texts)
    assert len(list(tree.iter(f"{svg}rect"))) == 1 + 2 * 2
    assert len(list(tree.iter(f"{svg}path"))) == 2 * 2


def test_bars_are_as_long_as_their_figures() -> None:
    tree = ElementTree.fromstring(plot(a_report()))
    bars = list(tree.iter("{http://www.w3.org/2000/svg}rect"))[1:3]
    ours, als = (float(bar.attrib["width"]) for bar in bars)
    assert als / ours == pytest.approx(0.25 / 0.3, rel=0.01)
