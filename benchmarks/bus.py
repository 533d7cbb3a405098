"""What the operations of the candidate bus cost, beside a list of ids as InteRecAgent's bus holds.

    python benchmarks/bus.py [--sizes 1000,100000,1000000,10000000] [--runs 5] [--json]

Of a catalog of twice as many items, every second one on average is a candidate. `narrow` keeps half
of them by a mask; `order` sorts all by a score; `union`, `minus`, `intersect` and `diff` are with a
named set of half the candidates and as many others; `save` names all; `to bytes` and `from bytes`
are the session's file after all of that, `replay` makes the path again from its recipes, and
`dropped by` is one item's answer. Peer: Python lists and sets of ids, history as a list of lists,
the file as JSON, in the same process on the same rows. Median of the runs, and their least and
most, in milliseconds; `ratio` is the peer's median over ours. Above --peer-most the peer is
skipped: ten million ids take it minutes and gigabytes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import bus_from_bytes, bus_to_bytes
from recagent_tools.diff import difference
from recagent_tools.rowset import RowSet

SHOWN = 10


@dataclass(frozen=True)
class Timing:
    """Median, least and most of the runs, milliseconds; and a size in bytes where there is one."""

    median: float
    least: float
    most: float
    size: int | None = None


def timed(runs: int, make: Callable[[], Any], do: Callable[[Any], Any]) -> Timing:
    """Run `do` on a fresh `make()` each time; making it is not timed."""
    taken = []
    result: Any = None
    for _ in range(runs):
        given = make()
        started = time.perf_counter()
        result = do(given)
        taken.append((time.perf_counter() - started) * 1000)
    size = len(result) if isinstance(result, bytes) else None
    return Timing(statistics.median(taken), min(taken), max(taken), size)


@dataclass(frozen=True)
class Data:
    """The rows of a size: candidates, those a filter keeps, a named set, scores."""

    n_items: int
    candidates: np.ndarray[Any, Any]
    keep: np.ndarray[Any, Any]
    other: np.ndarray[Any, Any]
    scores: np.ndarray[Any, Any]

    @classmethod
    def of(cls, size: int) -> Data:
        """For about `size` candidates."""
        rng = np.random.default_rng(size)
        n_items = 2 * size
        chosen = rng.random(n_items) < 0.5
        keep = rng.random(n_items) < 0.5
        other = np.flatnonzero(rng.random(n_items) < 0.5).astype(np.int32)
        scores = rng.random(n_items).astype(np.float32)
        return cls(n_items, np.flatnonzero(chosen).astype(np.int32), keep, other, scores)


def ours(data: Data, runs: int) -> dict[str, Timing]:
    """The bus."""
    n_items = data.n_items
    candidates, other = (RowSet.of_rows(rows, n_items) for rows in (data.candidates, data.other))

    def bus() -> CandidateBus:
        made = CandidateBus(n_items)
        made.narrow("filter", {"where": ["set"]}, other)
        made.save_as("other")
        made.start()
        made.narrow("filter", {"where": ["candidates"]}, candidates)
        return made

    def order(made: CandidateBus) -> None:
        rows = made.rows()
        scores = data.scores[rows]
        best = np.argsort(-scores, kind="stable")
        made.score("rank", {}, {"score": scores[best]}, order=rows[best])

    def ordered() -> CandidateBus:
        made = bus()
        order(made)
        return made

    def combine(op: Any) -> Callable[[CandidateBus], object]:
        return lambda made: made.combine(op, {}, stage=made.saved["other"])

    def worked() -> CandidateBus:
        made = ordered()
        made.show(made.rows()[:SHOWN].tolist())
        made.start()
        made.combine("minus", {}, stage=made.saved["other"])
        made.combine("intersect", {}, rows=data.candidates[:SHOWN].tolist())
        made.go_to(1)
        return made

    def lean() -> CandidateBus:
        made = bus()
        for op in ("union", "minus", "intersect"):
            made.combine(op, {}, stage=made.saved["other"])  # type: ignore[arg-type]
        made.stages[-3:] = [replace(stage, candidates=None) for stage in made.stages[-3:]]
        return made

    def again(made: CandidateBus) -> None:
        for number in range(len(made.stages) - 3, len(made.stages)):
            stage = made.stages[number]
            assert stage.recipe is not None
            rows, order, scores = made.follow(stage.recipe, made.stages[number - 1])
            made.stages[number] = replace(stage, candidates=rows, order=order, scores=scores)

    def shown() -> CandidateBus:
        made = ordered()
        made.show(made.rows()[:SHOWN].tolist())
        return made

    def dropped() -> CandidateBus:
        made = bus()
        made.narrow("filter", {}, RowSet.of_mask(data.keep))
        return made

    blob = bus_to_bytes(worked())
    row = int(data.candidates[-1])
    return {
        "narrow": timed(runs, bus, lambda made: made.narrow("f", {}, RowSet.of_mask(data.keep))),
        "narrow, ordered": timed(
            runs, ordered, lambda made: made.narrow("f", {}, RowSet.of_mask(data.keep))
        ),
        "order": timed(runs, bus, order),
        "order again": timed(runs, ordered, order),
        "show": timed(runs, ordered, lambda made: made.show(made.rows()[:SHOWN].tolist())),
        "undo": timed(runs, shown, lambda made: made.undo()),
        "save": timed(runs, bus, lambda made: made.save_as("mine")),
        "union": timed(runs, bus, combine("union")),
        "minus": timed(runs, bus, combine("minus")),
        "intersect": timed(runs, bus, combine("intersect")),
        "union, ordered": timed(runs, ordered, combine("union")),
        "diff": timed(
            runs,
            bus,
            lambda made: difference(made.rows(), made.named("other").rows(), ordered=False),
        ),
        "to bytes": timed(runs, worked, bus_to_bytes),
        "from bytes": timed(runs, lambda: blob, bus_from_bytes),
        "replay": timed(runs, lean, again),
        "dropped by": timed(runs, dropped, lambda made: made.dropped_by(row)),
    }


def peer(data: Data, runs: int) -> dict[str, Timing]:
    """Lists and sets of ids."""
    ids, other = data.candidates.tolist(), data.other.tolist()
    keep = np.flatnonzero(data.keep).tolist()
    scores = data.scores.tolist()
    best = sorted(ids, key=scores.__getitem__, reverse=True)

    def narrow(mine: list[int]) -> list[int]:
        kept = set(keep)
        return [item for item in mine if item in kept]

    def order(mine: list[int]) -> list[int]:
        return sorted(mine, key=scores.__getitem__, reverse=True)

    def union(mine: list[int]) -> list[int]:
        known = set(mine)
        return [*mine, *(item for item in other if item not in known)]

    def minus(mine: list[int]) -> list[int]:
        gone = set(other)
        return [item for item in mine if item not in gone]

    def intersect(mine: list[int]) -> list[int]:
        known = set(other)
        return [item for item in mine if item in known]

    def diff(mine: list[int]) -> tuple[list[int], list[int]]:
        then, now = set(other), set(mine)
        return [i for i in mine if i not in then], [i for i in other if i not in now]

    def replay(mine: list[int]) -> list[int]:
        return intersect(minus(union(mine)))

    history = [list(range(data.n_items)), ids, narrow(ids)]
    blob = json.dumps({"history": history, "saved": {"other": other}}).encode()
    row = ids[-1]

    def dropped_by(stages: list[list[int]]) -> int | None:
        return next((n for n, stage in enumerate(stages) if row not in stage), None)

    def mine() -> list[int]:
        return ids

    def ranked() -> list[int]:
        return best

    return {
        "narrow": timed(runs, mine, narrow),
        "narrow, ordered": timed(runs, ranked, narrow),
        "order": timed(runs, mine, order),
        "order again": timed(runs, ranked, order),
        "show": timed(runs, mine, lambda made: made[:SHOWN]),
        "undo": timed(runs, lambda: [ids, best], lambda stack: stack.pop()),
        "save": timed(runs, mine, list),
        "union": timed(runs, mine, union),
        "minus": timed(runs, mine, minus),
        "intersect": timed(runs, mine, intersect),
        "union, ordered": timed(runs, ranked, union),
        "diff": timed(runs, mine, diff),
        "to bytes": timed(
            runs,
            lambda: {"history": history, "saved": {"other": other}},
            lambda made: json.dumps(made).encode(),
        ),
        "from bytes": timed(runs, lambda: blob, json.loads),
        "replay": timed(runs, mine, replay),
        "dropped by": timed(runs, lambda: history, dropped_by),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--sizes", default="1000,100000,1000000,10000000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-most", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    told = []
    for size in (int(text) for text in args.sizes.split(",")):
        data = Data.of(size)
        bus = ours(data, args.runs)
        other = peer(data, args.runs) if size <= args.peer_most else {}
        if not args.json:
            print(f"\n{size:,} candidates of {2 * size:,}, {args.runs} runs" + _skipped(other))
            print(f"{'':16} {'bus: median (least-most) ms':34} {'list: ms':>12} {'ratio':>8}")
        for name, mine in bus.items():
            its = other.get(name)
            told.append(
                {"candidates": size, "operation": name, "bus": vars(mine)}
                | ({"list": vars(its), "ratio": its.median / mine.median} if its else {})
            )
            if not args.json:
                print(_line(name, mine, its))
    if args.json:
        print(json.dumps(told))


def _skipped(other: dict[str, Timing]) -> str:
    return "" if other else "; the list is skipped: it would take minutes and gigabytes"


def _line(name: str, mine: Timing, its: Timing | None) -> str:
    span = f"{mine.median:9.3f} ({mine.least:.3f}-{mine.most:.3f})"
    size = f"  {mine.size / 1e6:.2f} MB" if mine.size else ""
    if its is None:
        return f"{name:16} {span:34}{size}"
    size += f", list {its.size / 1e6:.2f} MB" if its.size else ""
    return f"{name:16} {span:34} {its.median:12.3f} {its.median / mine.median:8.1f}{size}"


if __name__ == "__main__":
    main()
