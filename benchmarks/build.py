"""Training: how long, and how good, beside implicit alone on the same data.

    python benchmarks/build.py [--data FOLDER] [--runs 5] [--json]

FOLDER holds `ml-latest-small`; default: $RECAGENT_BENCH_DATA/datasets. Each run trains our whole
engine (retrievers, two rankers, measuring included) and then implicit's ALS alone on the same
matrix, alternating, in processes of their own; CPU seconds and wall seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

IMPLICIT = """
import csv, sys
import numpy as np, scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
with open(sys.argv[1]) as file:
    rows = [(r["userId"], r["movieId"]) for r in csv.DictReader(file)]
users = {u: i for i, u in enumerate(dict.fromkeys(u for u, _ in rows))}
items = {m: i for i, m in enumerate(dict.fromkeys(m for _, m in rows))}
matrix = sp.csr_matrix(
    (np.ones(len(rows), np.float32), ([users[u] for u, _ in rows], [items[m] for _, m in rows]))
)
AlternatingLeastSquares(64, iterations=15, random_state=0).fit(matrix, show_progress=False)
"""


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, float, bytes]:
    """CPU seconds, wall seconds and stdout of a command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr.decode()[-800:]}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, wall, done.stdout


def spread(values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    return {
        "median": round(ordered[len(ordered) // 2], 2),
        "range": [round(ordered[0], 2), round(ordered[-1], 2)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data = options.data or Path(os.environ.get("RECAGENT_BENCH_DATA", "")) / "datasets"
    source = data / "ml-latest-small"
    if not source.is_dir():
        sys.exit("no ml-latest-small: give --data FOLDER or set RECAGENT_BENCH_DATA")
    ours, peer, report = [], [], {}
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "RECAGENT_HOME": home,
            "OMP_WAIT_POLICY": "passive",
            "OPENBLAS_NUM_THREADS": "1",
        }
        recagent = [sys.executable, "-m", "recagent_cli"]
        measure([*recagent, "catalog", "add", "ml", str(source), "-q"], environment)
        for _ in range(options.runs):
            *timing, out = measure([*recagent, "build", "ml", "--json"], environment)
            report = json.loads(out)
            ours.append(timing)
            alone = [sys.executable, "-c", IMPLICIT, str(source / "ratings.csv")]
            peer.append(measure(alone, environment)[:2])
    result = {
        "engine_wall_s": spread([wall for _, wall in ours]),
        "engine_cpu_s": spread([cpu for cpu, _ in ours]),
        "implicit_alone_wall_s": spread([wall for _, wall in peer]),
        "implicit_alone_cpu_s": spread([cpu for cpu, _ in peer]),
        "wall_ratio": spread([a[1] / b[1] for a, b in zip(ours, peer, strict=True)]),
        "goal": "engine_wall_s <= 20",
        "metrics": report["metrics"],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
