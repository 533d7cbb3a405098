"""`recommend --all-users`: the lists of single calls, resumed after any end, one line a misuse."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from recagent_catalogs.errors import RecagentError
from recagent_cli import Assistant, recommend_all, recommend_pool
from recagent_cli.recommend_all import Job, Parts, refused

from ..conftest import RunCommand

Row = tuple[Any, ...]
ALL = ("recommend", "--all-users", "-n", "3", "--threads", "1")


def parquet(file: Path) -> list[Row]:
    """The rows of a Parquet file, in its own order."""
    return duckdb.read_parquet(str(file)).fetchall()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four users, so that the small catalog has several."""
    monkeypatch.setattr(recommend_all, "PART_USERS", 4)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Ctrl-C comes in the third part; the numbers of the parts that were begun."""
    begun: list[int] = []
    make = recommend_all.make_part

    def stop(engine: Any, job: Job, number: int) -> Any:
        begun.append(number)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return make(engine, job, number)

    monkeypatch.setattr(recommend_all, "make_part", stop)
    yield begun


# -- the lists ------------------------------------------------------------------------------------


def test_lists_are_those_of_single_calls(home: Path, recagent: RunCommand, tmp_path: Path) -> None:
    out = tmp_path / "lists.parquet"
    ran = recagent(*ALL, "--out", str(out))
    assert (ran.code, ran.out) == (0, "")
    rows = parquet(out)
    with Assistant("films", build=False, incognito=True) as assistant:
        users = [assistant.catalog.user_id(n) for n in range(assistant.catalog.n_users)]
        alone = [
            (user, item.rank, item.id, item.title, item.year, pytest.approx(item.score, abs=1e-5))
            for user in users
            for item in assistant.recommend(user=user, count=3)
        ]
    assert len(rows) == 3 * len(users) and f"{len(rows)} rows" in ran.err
    assert rows == alone  # so also: ordered by (user index, rank)


def test_columns_of_parquet(home: Path, recagent: RunCommand, tmp_path: Path) -> None:
    out = tmp_path / "lists.parquet"
    recagent(*ALL, "--out", str(out))
    relation = duckdb.read_parquet(str(out))
    assert relation.columns == ["user", "rank", "id", "title", "year", "score"]
    assert [str(kind) for kind in relation.types] == [
        *("VARCHAR", "INTEGER", "VARCHAR", "VARCHAR", "INTEGER", "FLOAT")
    ]


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_text_formats_hold_the_same(
    form: str, home: Path, recagent: RunCommand, tmp_path: Path
) -> None:
    recagent(*ALL, "--out", str(tmp_path / "lists.parquet"))
    recagent(*ALL, "--out", str(tmp_path / f"lists.{form}"))
    text = (tmp_path / f"lists.{form}").read_text(encoding="utf-8")
    assert recagent(*ALL, "--format", form).out == text
    told: list[dict[str, Any]]
    if form == "jsonl":
        told = [json.loads(line) for line in text.splitlines()]
    else:
        told = list(csv.DictReader(text.splitlines(), delimiter="," if form == "csv" else "\t"))
    wanted = parquet(tmp_path / "lists.parquet")
    assert [[str(cell) for cell in list(line.values())[:5]] for line in told] == [
        [str(cell) for cell in row[:5]] for row in wanted
    ]
    assert [float(line["score"]) for line in told] == [round(row[5], 4) for row in wanted]


def test_a_catalog_that_was_never_trained(home: Path, recagent: RunCommand, tmp_path: Path) -> None:
    for path in sorted((home / "data" / "models").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    out = tmp_path / "lists.csv"
    ran = recagent(*ALL, "--out", str(out), "--no-build")
    assert ran.code == 0 and len(out.read_text().splitlines()) > 1


def test_several_processes_make_the_same(
    home: Path,
    recagent: RunCommand,
    tmp_path: Path,
    small_parts: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recagent(*ALL, "--out", str(tmp_path / "one.csv"))
    monkeypatch.setattr(recommend_pool, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(recommend_all, "make_part", None)  # not in this process
    ran = recagent(*ALL, "--out", str(tmp_path / "two.csv"), "--threads", "2")
    assert ran.code == 0
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_parquet_goes_through_a_pipe(home: Path, tmp_path: Path) -> None:
    code = "from recagent_cli.main import main; main()"
    path = os.pathsep.join(part for part in sys.path if part)
    command = [sys.executable, "-c", code, *ALL, "--format", "parquet"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=True
    )
    (tmp_path / "lists.parquet").write_bytes(done.stdout)
    assert parquet(tmp_path / "lists.parquet")[0][1] == 1
    assert not list((home / "cache" / "lists").iterdir())


# -- resuming -------------------------------------------------------------------------------------


def test_ctrl_c_keeps_what_is_done(
    home: Path,
    recagent: RunCommand,
    tmp_path: Path,
    small_parts: None,
    stopped: list[int],
) -> None:
    out = tmp_path / "lists.csv"
    ran = recagent(*ALL, "--out", str(out))
    assert ran.code == 130 and not out.exists()
    assert "8 of " in ran.err and "the same call goes on there" in ran.err
    again = recagent(*ALL, "--out", str(out))
    assert again.code == 0 and "going on: 8 of " in again.err
    # the third part twice, no other one
    assert stopped == [0, 1, 2, *range(2, max(stopped) + 1)]
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["lists.csv"]
    whole = recagent(*ALL, "--out", str(tmp_path / "whole.csv"))
    assert whole.code == 0 and out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_kill_9_loses_one_part(
    home: Path, recagent: RunCommand, tmp_path: Path, small_parts: None
) -> None:
    out = tmp_path / "lists.csv"
    code = (
        "import os, signal\n"
        "from recagent_cli import recommend_all\n"
        "from recagent_cli.main import main\n"
        "make = recommend_all.make_part\n"
        "def killed(engine, job, number):\n"
        "    if number == 2:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return make(engine, job, number)\n"
        "recommend_all.make_part, recommend_all.PART_USERS = killed, 4\n"
        "main()\n"
    )
    path = os.pathsep.join(part for part in sys.path if part)
    command = [sys.executable, "-c", code, *ALL, "--out", str(out)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL and not out.exists()
    ran = recagent(*ALL, "--out", str(out))
    assert ran.code == 0 and "going on: 8 of " in ran.err and out.exists()
    assert not (tmp_path / ".lists.csv.parts").exists()


@pytest.mark.parametrize(
    ("words", "what"), [(["-n", "2"], "count"), (["--format", "jsonl"], "format")]
)
def test_another_job_starts_anew(
    words: list[str],
    what: str,
    home: Path,
    recagent: RunCommand,
    tmp_path: Path,
    small_parts: None,
    stopped: list[int],
) -> None:
    out = tmp_path / "lists.csv"
    recagent(*ALL, "--out", str(out))
    stopped[:] = [0] * 5  # no further Ctrl-C
    ran = recagent(*ALL, *words, "--out", str(out))
    assert ran.code == 0
    assert f"note: {what} changed since the last call; starting anew" in ran.err
    assert "going on" not in ran.err
    alone = recagent(*ALL, *words, "--out", str(tmp_path / "alone.csv"))
    assert alone.code == 0 and out.read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_another_build_or_catalog_starts_anew(tmp_path: Path) -> None:
    job = Job("data", "models", 10, 3, "csv", part_users=4)
    place = tmp_path / "parts"
    with Parts(place, job).opened() as changed:
        assert changed == []
        Parts(place, job).write(0, np.zeros(0, recommend_all.ENTRY))
        assert Parts(place, job).missing() == [1, 2]
    for other, field in (
        (Job("data", "newer", 10, 3, "csv", part_users=4), "build"),
        (Job("other", "newer", 10, 3, "csv", part_users=4), "catalog"),
    ):
        with Parts(place, other).opened() as changed:
            assert changed == [field]
            assert Parts(place, other).missing() == [0, 1, 2]


def test_a_damaged_part_is_made_again(tmp_path: Path) -> None:
    job = Job("data", "models", 10, 3, "csv", part_users=4)
    parts = Parts(tmp_path / "parts", job)
    entries = np.zeros(2, recommend_all.ENTRY)
    with parts.opened():
        for number in range(3):
            entries["user"] = 4 * number
            parts.write(number, entries)
        assert parts.missing() == []
        file = parts.place / "00000001.npy"
        file.write_bytes(file.read_bytes()[:-3])
        (parts.place / "00000002.npy").write_bytes(b"")
        assert parts.missing() == [1, 2]
        entries["user"] = 0  # of another part
        parts.write(2, entries)
        assert parts.missing() == [1, 2]


def test_a_directory_of_somebody_else_is_left_alone(
    home: Path, recagent: RunCommand, tmp_path: Path
) -> None:
    place = tmp_path / ".lists.csv.parts"
    place.mkdir()
    (place / "diary.txt").write_text("mine", encoding="utf-8")
    ran = recagent(*ALL, "--out", str(tmp_path / "lists.csv"))
    assert ran.code == 4 and "not one of ours" in ran.err
    assert (place / "diary.txt").read_text(encoding="utf-8") == "mine"


def test_two_jobs_do_not_share_an_output(home: Path, recagent: RunCommand, tmp_path: Path) -> None:
    place = tmp_path / ".lists.csv.parts"
    with Parts(place, Job("data", "", 1, 1, "csv")).opened():
        ran = recagent(*ALL, "--out", str(tmp_path / "lists.csv"))
    assert ran.code == 4 and "another recagent writes this output now" in ran.err


# -- misuse ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--all-users", "--user", "u1", "--out", "x.csv"], 2, "takes no --user"),
        (["--all-users", "--like", "Orbit of Ash", "--out", "x.csv"], 2, "takes no --like"),
        (["--all-users", "--where", "year 1990..1999", "--out", "x.csv"], 2, "takes no --where"),
        (["--all-users"], 2, "needs a format"),
        (["--all-users", "--out", "lists.xlsx"], 2, "needs a format"),
        (["--all-users", "--format", "table", "--out", "x.csv"], 2, "not table"),
        (["--all-users", "--format", "xml"], 2, "parquet, csv, tsv or jsonl"),
        (["--all-users", "--out", "no/such/place/x.csv"], 4, "no such directory"),
        (["--all-users", "--out", ".", "--format", "csv"], 4, "a directory"),
        (["--all-users", "--out", os.devnull, "--format", "csv"], 4, "no regular file"),
        (["--user", "u1", "--out", "x.csv"], 2, "--out goes with --all-users"),
        (["--user", "u1", "--threads", "2"], 2, "--threads goes with --all-users"),
        (["--user", "u1", "--format", "parquet"], 2, "parquet"),
    ],
)
def test_misuse_is_one_line(
    words: list[str],
    code: int,
    said: str,
    home: Path,
    recagent: RunCommand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = recagent("recommend", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err.splitlines()[0]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_parquet_is_nothing_for_a_terminal(
    home: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recagent_cli.commands.all_users.sys.stdout.isatty", lambda: True)
    ran = recagent(*ALL, "--format", "parquet")
    assert ran.code == 2 and "parquet is nothing for a terminal" in ran.err


def test_a_catalog_without_users(home: Path, recagent: RunCommand, tmp_path: Path) -> None:
    source = tmp_path / "things.csv"
    source.write_text("id,title\na,One\nb,Two\n", encoding="utf-8")
    recagent("catalog", "add", "things", str(source), "-q")
    ran = recagent(*ALL, "-c", "things", "--out", str(tmp_path / "x.csv"))
    assert ran.code == 3 and "the catalog things has no users" in ran.err


def test_a_full_disk_is_one_line(
    home: Path, recagent: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "lists.csv"
    with monkeypatch.context() as patch:
        patch.setattr("recagent_cli.recommend_all.os.fsync", full)
        ran = recagent(*ALL, "--out", str(out))
    assert ran.code == 1 and "the disk is full" in ran.err and "goes on" in ran.err
    assert recagent(*ALL, "--out", str(out)).code == 0


def test_what_the_system_refuses(tmp_path: Path) -> None:
    full, denied = refused(tmp_path, True, "x"), refused(tmp_path, False, "Permission denied")
    assert isinstance(full, RecagentError) and int(full.exit_code) == 1
    assert int(denied.exit_code) == 4 and "Permission denied" in denied.message


def test_an_output_that_is_there_is_replaced_and_links_are_followed(
    home: Path, recagent: RunCommand, tmp_path: Path
) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    assert recagent(*ALL, "--out", str(link)).code == 0
    assert link.is_symlink() and real.read_text().startswith("user,rank,id,title,year,score\n")
