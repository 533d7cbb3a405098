"""Titles that begin as somebody types, against a look at all of them, in one run.

    python benchmarks/completing.py [--titles 2200000] [--keys 200] [--json]

Titles are drawn from a vocabulary of made-up words, a third with an article. For each prefix (two
letters to a whole word) the best ten are found by `Prefixes` and by a scan of all strings with
`str.startswith`, which is what prompt_toolkit's own `WordCompleter` does at each key. Both must
find the same titles. Times are milliseconds a key.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from recagent_catalogs.prefixes import Prefixes
from recagent_catalogs.textblock import TextBlock

LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
BEST = 10


def made_up(count: int, rng: random.Random) -> list[str]:
    """Titles of one to six words."""
    weights = [1 / (place + 1) for place in range(len(LETTERS))]
    words = [
        "".join(rng.choices(LETTERS, weights, k=rng.randint(3, 9))) for _ in range(count // 40 + 50)
    ]
    return [
        "the " * (rng.random() < 0.3) + " ".join(rng.choices(words, k=rng.randint(1, 6)))
        for _ in range(count)
    ]


def times(find: Callable[[str], list[int]], typed: list[str]) -> tuple[list[float], list[set[int]]]:
    """Milliseconds and findings of each prefix."""
    taken, found = [], []
    for prefix in typed:
        start = time.perf_counter()
        found.append(set(find(prefix)))
        taken.append((time.perf_counter() - start) * 1_000)
    return taken, found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--titles", type=int, default=2_200_000)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng = random.Random(1)
    texts = made_up(options.titles, rng)
    known = np.random.default_rng(1).permutation(len(texts)).astype(np.int64)
    start = time.perf_counter()
    prefixes = Prefixes.of(TextBlock.of(texts))
    sorted_s = time.perf_counter() - start

    def ours(prefix: str) -> list[int]:
        numbers = prefixes.beginning(prefix)
        best = known[numbers]
        if len(numbers) > BEST:
            numbers = numbers[np.argpartition(best, len(best) - BEST)[-BEST:]]
        return [int(number) for number in numbers]

    def scan(prefix: str) -> list[int]:
        found = (n for n, text in enumerate(texts) if text.startswith(prefix))
        return heapq.nlargest(BEST, found, key=known.__getitem__)

    typed = [text[: rng.randint(2, 8)] for text in rng.choices(texts, k=options.keys)]
    mine, one = times(ours, typed)
    few = typed[: max(1, options.keys // 10)]
    theirs, other = times(scan, few)
    told = {
        "titles": len(texts),
        "sorting_s": round(sorted_s, 2),
        "ours_ms": round(median(mine), 3),
        "ours_worst_ms": round(max(mine), 3),
        "scan_ms": round(median(theirs), 1),
        "same": one[: len(few)] == other,
    }
    print(json.dumps(told) if options.json else "\n".join(f"{k:14} {v}" for k, v in told.items()))
    if not told["same"]:
        raise SystemExit("not the same titles")


if __name__ == "__main__":
    main()
