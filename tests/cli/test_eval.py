"""`recagent eval` as people type it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import pytest

from recagent_catalogs.errors import ExitCode

from ..conftest import RunCommand
from .test_commands import valid

ENGINES = ["recagent", "popularity", "als", "cooccurrence", "ease"]


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Every test here has a home of its own."""


def test_the_json_is_that_of_its_schema(recagent: RunCommand) -> None:
    ran = recagent("eval", "films", "--json", "--threads", "1", "--at", "5,10")
    body = valid(ran.out)
    assert ran.code == 0 and body["schema"] == "recagent.eval/1"
    assert (body["catalog"], body["protocol"], body["at"]) == ("films", "leave-last-out", [5, 10])
    assert list(body["engines"]) == ENGINES and list(body["diff"]) == ENGINES[1:]
    assert body["diff"]["als"] == body["diffs"]["als"]["ndcg@5"]
    assert body["k"] is None and body["seed"] == 0 and body["threads"] == 1
    assert set(body["engines"]["ease"]) >= {"ndcg@5", "hr@10", "recall@5", "mrr", "coverage@5"}
    assert "intervals are wide" in ran.err and "ease: lambda" in ran.err


def test_the_table_fits_a_narrow_terminal_and_ends_with_a_sentence(recagent: RunCommand) -> None:
    ran = recagent("eval", "--protocol", "k-items", "--k", "2", "--folds", "2")
    assert ran.code == 0, ran.err
    lines = ran.out.rstrip().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("films: k-items, 2 likes named, 2 folds;")
    assert [line.split()[0] for line in lines[3:8]] == ENGINES
    assert "recagent" in " ".join(lines[-2:]) and "NDCG@10" in " ".join(lines[-2:])
    assert "*" in ran.out


def test_rows_for_a_spreadsheet(recagent: RunCommand) -> None:
    ran = recagent("eval", "--protocol", "k-items", "--k", "2", "--at", "3", "-f", "csv", "-q")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["engine"] for row in rows] == ENGINES and ran.err == ""
    for row in rows:
        assert float(row["ndcg@3_low"]) <= float(row["ndcg@3"]) <= float(row["ndcg@3_high"])


def test_the_plot_is_written(recagent: RunCommand, tmp_path: Path) -> None:
    place = tmp_path / "bars.svg"
    ran = recagent("eval", "--plot", str(place), "--at", "5", "--json", "-q")
    assert ran.code == 0 and valid(ran.out)["at"] == [5]
    assert ElementTree.parse(place).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nope"], ExitCode.NOT_FOUND, "catalogs:"),
        (["--protocol", "leave-one-out"], ExitCode.USAGE, "protocols: leave-last-out"),
        (["--k", "3"], ExitCode.USAGE, "k-items"),
        (["--protocol", "global-time", "--folds", "3"], ExitCode.USAGE, "strong"),
        (["--protocol", "k-items", "--k", "0"], ExitCode.USAGE, "--k"),
        (["--at", "ten"], ExitCode.USAGE, "--at 10,20,100"),
        (["--at", "0"], ExitCode.USAGE, "1 to 1,000"),
        (["--at", "10,,20"], ExitCode.USAGE, "whole numbers"),
        (["--users", "0"], ExitCode.USAGE, "--users"),
        (["--format", "ids"], ExitCode.USAGE, "use table"),
        (["--plot", "no/such/folder/x.svg"], ExitCode.BAD_INPUT, "no such folder"),
        (["--plot", "x.png"], ExitCode.BAD_INPUT, "name it .svg"),
        (["--protocol", "k-items", "--k", "15"], ExitCode.BAD_INPUT, "23 or more items"),
        (["--min-item-count", "1000"], ExitCode.BAD_INPUT, "too little to measure on: 0 users"),
    ],
)
def test_mistakes_are_told_before_the_work(
    recagent: RunCommand, words: list[str], code: int, said: str
) -> None:
    ran = recagent("eval", *words)
    assert (ran.code, ran.out) == (code, "") and said in ran.err


def add(recagent: RunCommand, folder: Path, items: str, taken: str = "") -> None:
    (folder / "items.csv").write_text(items)
    words = ["catalog", "add", "mine", str(folder / "items.csv")]
    if taken:
        (folder / "taken.csv").write_text(taken)
        words += ["--interactions", str(folder / "taken.csv")]
    ran = recagent(*words)
    assert ran.code == 0, ran.err


def test_without_interactions_there_is_nothing_to_measure(
    recagent: RunCommand, tmp_path: Path
) -> None:
    add(recagent, tmp_path, "id,title\n1,Dune\n2,Emma\n")
    ran = recagent("eval", "mine")
    assert ran.code == ExitCode.BAD_INPUT and ran.out == "" and "no interactions" in ran.err


def test_three_users_are_too_few(recagent: RunCommand, tmp_path: Path) -> None:
    pairs = [
        f"u{user},{item},{time}" for user in range(3) for item, time in ((1, 5), (2, 6), (3, 7))
    ]
    add(
        recagent,
        tmp_path,
        "id,title\n1,Dune\n2,Emma\n3,Ubik\n",
        "\n".join(["user,item,order", *pairs]),
    )
    ran = recagent("eval", "mine")
    assert ran.code == ExitCode.BAD_INPUT
    assert "3 users with 3 or more items, at least 5 are needed" in ran.err


def test_without_an_order_the_protocols_that_work_are_named(
    recagent: RunCommand, tmp_path: Path
) -> None:
    pairs = [f"u{user},{(user + step) % 9}" for user in range(30) for step in range(6)]
    items = "\n".join(["id,title", *(f"{row},Book {row}" for row in range(9))])
    add(recagent, tmp_path, items, "\n".join(["user,item", *pairs]))
    ran = recagent("eval", "mine", "--json")
    assert ran.code == ExitCode.BAD_INPUT and valid(ran.out)["hint"].endswith("k-items, strong")
    assert valid(recagent("eval", "mine", "--protocol", "strong", "--json").out)["users"] == 6


def test_an_order_without_times_and_items_without_a_table(
    recagent: RunCommand, tmp_path: Path
) -> None:
    lines = [
        " ".join([f"u{user}", *(f"B{(user + step) % 11:03}" for step in range(3 + user % 4))])
        for user in range(40)
    ]
    (tmp_path / "sequences.txt").write_text("\n".join(lines))
    assert recagent("catalog", "add", "seq", str(tmp_path / "sequences.txt")).code == 0
    body = valid(recagent("eval", "seq", "--json", "--at", "5").out)
    assert body["engines"]["recagent"]["diversity@5"] is None
    assert any("diversity is not known" in notice for notice in body["notices"])
    ran = recagent("eval", "seq", "--protocol", "global-time")
    assert ran.code == ExitCode.BAD_INPUT and "leave-last-out" in ran.err


def test_ctrl_c_leaves_nothing_behind(
    recagent: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from recagent_cli.evaluation.peers import EASE

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EASE, "fit", stop)
    ran = recagent("eval", "--json", "--plot", str(tmp_path / "x.svg"))
    assert (ran.code, ran.out) == (ExitCode.INTERRUPTED, "") and "stopped" in ran.err
    assert not (tmp_path / "x.svg").exists()
