"""Start-up and whole processes against named peers, alternating in one run.

    python benchmarks/startup.py [FOLDER] [--runs 7] [--json]

FOLDER is a dataset that `recagent catalog add` reads (default: ml-latest-small of
$RECAGENT_BENCH_DATA/datasets); without one only the bundled films are asked. Figures are CPU
seconds (user + system) of whole processes: medians over the runs; a ratio is the median of the
ratios of neighbours in time, with its range. At the end stands which heavy libraries a second
`ask`, `recommend` and `similar` import: the run fails if one of those is meant for training only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

RECAGENT = [sys.executable, "-m", "recagent_cli"]
PYTHON = [sys.executable, "-c"]
HELLO = "import typer; app = typer.Typer(); app.command()(lambda: print('hi')); app(['--help'])"
IMPORTS = "import numpy, duckdb"
HEAVY = ("numpy", "duckdb", "scipy", "implicit", "lightgbm", "litellm", "sklearn", "pandas")
TRAINING_ONLY = {"scipy", "implicit", "lightgbm", "litellm", "sklearn", "pandas"}
REPORT = (
    "import sys\nfrom recagent_cli.main import run\ncode = run(sys.argv[1:])\n"
    f"print('heavy:', *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    "sys.exit(code)"
)
TITLE = """
    select title from items join item_stats using (id) order by interactions desc nulls last limit 1
"""
Case = tuple[str, list[str], str, list[str], float]


def cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr.decode()[-500:]}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def compare(case: Case, runs: int, environment: dict[str, str]) -> dict[str, Any]:
    name, ours, peer_name, peer, goal = case
    cpu_seconds(ours, environment), cpu_seconds(peer, environment)
    pairs = [(cpu_seconds(ours, environment), cpu_seconds(peer, environment)) for _ in range(runs)]
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    return {
        "case": name,
        "peer": peer_name,
        "ours_s": round(median(mine for mine, _ in pairs), 4),
        "peer_s": round(median(theirs for _, theirs in pairs), 4),
        "ratio": round(median(ratios), 2),
        "range": [round(ratios[0], 2), round(ratios[-1], 2)],
        "goal": goal,
    }


def cases(folder: Path, environment: dict[str, str]) -> Iterator[Case]:
    """Each is prepared when it is asked for."""
    yield "--version", [*RECAGENT, "--version"], "python -c pass", [*PYTHON, "pass"], 3.0
    yield "--help", [*RECAGENT, "--help"], "a typer hello's --help", [*PYTHON, HELLO], 1.5
    peer: tuple[str, list[str], float] = (f"python -c '{IMPORTS}'", [*PYTHON, IMPORTS], 3.0)
    ask = [*RECAGENT, "ask", "-q", "90s sci-fi like Alien, but no horror"]
    cpu_seconds(ask, environment)
    yield "second ask, bundled films", ask, *peer
    if not folder.is_dir():
        print("no dataset: give its FOLDER or set RECAGENT_BENCH_DATA", file=sys.stderr)
        return
    cpu_seconds([*RECAGENT, "catalog", "add", "-q", "data", str(folder)], environment)
    cpu_seconds([*RECAGENT, "build", "-q", "data"], environment)
    title = asked(TITLE, environment)
    user = asked('select "user" from interactions limit 1', environment)
    ask = [*RECAGENT, "ask", "-q", "-c", "data", f"like {title}, 7 of them"]
    yield f"second ask, {folder.name}", ask, *peer
    recommend = [*RECAGENT, "recommend", "-q", "-c", "data", "--user", user]
    yield f"recommend, {folder.name}", recommend, *peer
    similar = [*RECAGENT, "similar", "-q", "-c", "data", title]
    yield f"similar, {folder.name}", similar, *peer


def asked(sql: str, environment: dict[str, str]) -> str:
    """The one value that a query gives."""
    command = [*RECAGENT, "query", "-q", "-c", "data", "--format", "tsv", sql]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[1]


def imported(command: list[str], environment: dict[str, str]) -> list[str]:
    """The heavy libraries that a command of ours has loaded when it ends."""
    words = command[len(RECAGENT) :]
    done = subprocess.run(
        [*PYTHON, REPORT, *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr.rpartition("heavy:")[2].split()


def measure(folder: Path, runs: int, home: str) -> list[dict[str, Any]]:
    environment = {**os.environ, "RECAGENT_HOME": home}
    rows = []
    for case in cases(folder, environment):
        rows.append(compare(case, runs, environment))
        rows[-1]["imports"] = imported(case[1], environment)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("RECAGENT_BENCH_DATA", ".")) / "datasets" / "ml-latest-small"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        rows = measure(options.folder, options.runs, home)
    if options.json:
        print(json.dumps({"load": os.getloadavg()[0], "rows": rows}, indent=2))
    else:
        for row in rows:
            low, high = row["range"]
            print(
                f"{row['case']:<30} {row['ours_s']:>7} s  {row['peer']:<32} {row['peer_s']:>7} s"
                f"  {row['ratio']:>5} [{low}, {high}] <= {row['goal']}  {' '.join(row['imports'])}"
            )
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    wrong = {name for row in rows for name in row["imports"]} & TRAINING_ONLY
    if wrong:
        sys.exit(f"imported, though meant for training only: {', '.join(sorted(wrong))}")


if __name__ == "__main__":
    main()
