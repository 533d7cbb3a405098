"""Start-up and whole-process speed against named peers, alternating in one run.

    python benchmarks/speed.py [--data FOLDER] [--runs 7] [--json]

FOLDER holds `ml-latest-small`; default: $RECAGENT_BENCH_DATA/datasets. Figures are CPU seconds
(user + system) of whole processes; a ratio is the median over pairs of runs that alternate, with
its range.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

RECAGENT = [sys.executable, "-m", "recagent_cli"]
HELLO = "import typer; app = typer.Typer(); app.command()(lambda: print('hi')); app(['--help'])"


def cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr.decode()[-500:]}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def compare(
    ours: list[str], peer: list[str], runs: int, environment: dict[str, str]
) -> dict[str, object]:
    cpu_seconds(ours, environment), cpu_seconds(peer, environment)
    pairs = [(cpu_seconds(ours, environment), cpu_seconds(peer, environment)) for _ in range(runs)]
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    middle = runs // 2
    return {
        "ours_s": round(sorted(mine for mine, _ in pairs)[middle], 4),
        "peer_s": round(sorted(theirs for _, theirs in pairs)[middle], 4),
        "ratio": round(ratios[middle], 2),
        "range": [round(ratios[0], 2), round(ratios[-1], 2)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data = options.data or Path(os.environ.get("RECAGENT_BENCH_DATA", "")) / "datasets"
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "RECAGENT_HOME": home}
        cases = [
            ("--version / python -c pass", [*RECAGENT, "--version"], [*python, "pass"], 3.0),
            ("--help / a typer hello's --help", [*RECAGENT, "--help"], [*python, HELLO], 1.5),
        ]
        imports = [*python, "import numpy, duckdb"]
        ask = [*RECAGENT, "ask", "-q", "90s sci-fi like Alien, but no horror"]
        cpu_seconds(ask, environment)
        cases.append(("ask, bundled / import numpy, duckdb", ask, imports, 3.0))
        if (data / "ml-latest-small").is_dir():
            add = [*RECAGENT, "catalog", "add", "-q", "ml", str(data / "ml-latest-small")]
            cpu_seconds(add, environment)
            built = cpu_seconds([*RECAGENT, "build", "-q", "ml"], environment)
            print(f"build ml-latest-small: {built:.1f} s of CPU", file=sys.stderr)
            ask = [*RECAGENT, "ask", "-q", "-c", "ml", "like Heat, from before 1990, 7 of them"]
            cases.append(("ask, ml-latest-small / import numpy, duckdb", ask, imports, 3.0))
        else:
            print("skipped ml-latest-small: no such folder in --data", file=sys.stderr)
        results = {
            name: {**compare(ours, peer, options.runs, environment), "goal": goal}
            for name, ours, peer, goal in cases
        }
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, result in results.items():
        low, high = result["range"]  # type: ignore[misc]
        print(
            f"{name:<46} {result['ours_s']:>7} s / {result['peer_s']:>7} s = {result['ratio']}"
            f" [{low}, {high}] (goal <= {result['goal']})"
        )


if __name__ == "__main__":
    main()
