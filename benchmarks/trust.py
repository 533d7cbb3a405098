"""What hostile models, hostile files and kill -9 can do to recagent: a corpus in, one table out.

    python benchmarks/trust.py [--attacks DIR] [--bad-inputs DIR] [--only SECTION …] [--json]
        [--kills N] [--seed N]

DIR of `--attacks` holds any of `sql_attacks.jsonl`, `sql_legit.jsonl` (with `sql_fixture/`),
`injections.jsonl`, `terminal.jsonl`; DIR of `--bad-inputs` a `manifest.jsonl` with
`bad_inputs.tar.xz`. Defaults: `attacks` and `bad_inputs` of $RECAGENT_BENCH_DATA. What needs no
corpus (the store, the models, faults) runs with or without; models and faults in four processes at
once, which end with this one. A row tells how many trials there were, how many held and fell, and
the slowest; what fell is listed below. The exit code is 1 if any fell, 2 if nothing could be tried.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# Last in the path: the names of the files here must not shadow a library's import.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != HERE] + [
    str(HERE.parent),
    str(HERE),
]

from hostile.trials import Corpora, Trial  # noqa: E402

SECTIONS: tuple[str, ...] = (
    "sql",
    "invariants",
    "terminal",
    "bad_inputs",
    "storage",
    "models",
    "faults",
    "rules",
)
"""Modules of `benchmarks/hostile`, in the order of the table."""


def summed(trials: list[Trial]) -> list[dict[str, Any]]:
    """A row of the table for each `Trial.row`, in the order of their first trials."""
    rows: dict[str, list[Trial]] = {}
    for trial in trials:
        rows.setdefault(trial.row, []).append(trial)
    return [
        {
            "row": name,
            "tried": len(found),
            "held": sum(trial.held for trial in found),
            "fell": [
                {"id": trial.id, "why": trial.why} for trial in found if not trial.held
            ],
            "slowest_s": round(max(trial.seconds for trial in found), 3),
            "slowest": max(found, key=lambda trial: trial.seconds).id,
        }
        for name, found in rows.items()
    ]  # fmt: skip


def show(rows: list[dict[str, Any]]) -> None:
    wide = max(len(row["row"]) for row in rows)
    print(f"{'':{wide}}  {'tried':>6} {'held':>6} {'fell':>6}  slowest")
    for row in rows:
        counts = f"{row['tried']:>6,} {row['held']:>6,} {len(row['fell']):>6,}"
        print(f"{row['row']:{wide}}  {counts}  {row['slowest_s']:.3f} s  {row['slowest']}")
    for row in rows:
        for fall in row["fell"]:
            print(f"fell: {row['row']}: {fall['id']}: {fall['why']}")


def main() -> int:
    data = os.environ.get("RECAGENT_BENCH_DATA")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--attacks", type=Path, default=Path(data) / "attacks" if data else None)
    parser.add_argument(
        "--bad-inputs", type=Path, default=Path(data) / "bad_inputs" if data else None
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="SECTION")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for folder in (options.attacks, options.bad_inputs):
        if folder is not None and not folder.is_dir():
            parser.error(f"{folder}: no such folder")
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="recagent-trust-") as scratch:
        corpora = Corpora(
            options.attacks, options.bad_inputs, Path(scratch), options.kills, options.seed
        )
        for name in options.only:
            print(f"… {name}", file=sys.stderr)
            trials += importlib.import_module(f"hostile.{name}").run(corpora)
    if not trials:
        print("nothing was tried: name --attacks or --bad-inputs", file=sys.stderr)
        return 2
    rows = summed(trials)
    if options.json:
        print(json.dumps({"rows": rows}, ensure_ascii=False, indent=1))
    else:
        show(rows)
    return 1 if any(row["fell"] for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
