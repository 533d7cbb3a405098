"""Speed of a parse, of opening what it needs, and of finding titles written with slips.

    python benchmarks/parsing.py [FOLDER] [--items 1000000] [--runs 5] [--set DIR] [--json]

FOLDER is a dataset that `recagent catalog add` reads (default: ml-latest-small of
$RECAGENT_BENCH_DATA/datasets). It is measured as it is, and as a catalog of `--items` titles that
are put together from its words, with people and tags of the same size. Utterances are the real
turns of DIR (default: $RECAGENT_BENCH_DATA/requests). Candidates for titles with slips are compared
with a rapidfuzz scan over all titles and with SQLite's FTS5 trigram index, alternating in one run:
a ratio is the median of the runs' ratios, with its range.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_catalogs.titles import canonical
from recagent_cli.agent.builtin.parse import Parser

KINDS = ("exact", "1 typo", "2 typos", "last word cut")
EACH = 12
"""Titles a kind and run."""
TOP = 5
PIECES = """
from pathlib import Path
from recagent_catalogs.store import Catalog
catalog = Catalog.open(Path({path!r}))
catalog.item(0)
{more}
"""
STEPS = {
    "catalog": "",
    "title index": "catalog.titles.exact('nothing')",
    "parser": "from recagent_cli.agent.builtin.parse import Parser; parser = Parser(catalog)",
    "parser and a parse": "from recagent_cli.agent.builtin.parse import Parser\n"
    "Parser(catalog).parse('90s movies like {title}, but no horror')",
}
"""What a cold process does after opening the catalog and reading an item."""

Find = Callable[[str], Sequence[int]]


# --- a large catalog -----------------------------------------------------------------------------


def enlarge(catalog: Catalog, items: int, folder: Path, seed: int = 0) -> Path:
    """A catalog of so many titles, made of the words and lengths of a real one's."""
    rng = random.Random(seed)
    titles = [item.title for item in catalog.items(range(catalog.n_items))]
    words = [word for title in titles for word in title.split() if word.isalpha()]
    rare = list(dict.fromkeys(words))
    names = [invented(rare, rng) for _ in range(max(200, items // 25))]
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["id", "title", "year", "genres", "cast", "tags"])
        for number in range(items):
            size = len(rng.choice(titles).split())
            drawn = (
                invented(rare, rng) if rng.random() < 0.12 else rng.choice(words)
                for _ in range(size)
            )  # fmt: skip
            people = (f"{_skewed(names, rng)} {_skewed(names, rng)}" for _ in range(3))
            tags = (_skewed(rare, rng).lower() for _ in range(2))
            genres = f"Kind {int(20 * rng.random() ** 2)}"
            year = 1930 + int(95 * rng.random() ** 0.5)
            cells = [" ".join(drawn), year, genres, "|".join(people), "|".join(tags)]
            out.writerow([number, *cells])
    return folder / "items.csv"


def invented(words: Sequence[str], rng: random.Random) -> str:
    """A word that is none: the head of one and the tail of another."""
    head, tail = rng.choice(words), rng.choice(words)
    return (head[: max(2, len(head) // 2)] + tail[len(tail) // 2 :]).capitalize()


def _skewed(names: Sequence[str], rng: random.Random) -> str:
    return names[int(len(names) * rng.random() ** 3)]


# --- a parse, and opening ------------------------------------------------------------------------


def parses(catalog: Catalog, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds of a parse in a warm process; no text was parsed before in it."""
    found = []
    for half in (0, 1):
        parser = Parser(catalog, year=lambda: 2026)
        for text in texts[1 - half :: 2]:
            parser.parse(text)
        for text in texts[half::2]:
            begin = time.perf_counter()
            parser.parse(text)
            found.append(1000 * (time.perf_counter() - begin))
        catalog = Catalog.open(catalog.path)  # nothing remembered of this half
    p95 = round(float(np.quantile(found, 0.95)), 3)
    return {"median_ms": round(median(found), 3), "p95_ms": p95}


def opening(catalog: Catalog, runs: int) -> dict[str, Any]:
    """CPU milliseconds of cold processes, beyond those of one that only opens the catalog."""
    title = catalog.item(int(np.argmax(catalog.popularity))).title.replace("'", "")
    taken: dict[str, list[float]] = {name: [] for name in STEPS}
    for _ in range(runs + 1):
        for name, more in STEPS.items():
            code = PIECES.format(path=str(catalog.path), more=more.replace("{title}", title))
            taken[name].append(cpu(code))
    base = taken.pop("catalog")[1:]
    found: dict[str, Any] = {"catalog_ms": round(1000 * median(base), 1)}
    for name, seconds in taken.items():
        added = sorted(
            1000 * (ours - theirs) for ours, theirs in zip(seconds[1:], base, strict=True)
        )
        found[f"{name} adds_ms"] = round(median(added), 1)
        found[f"{name} adds_range"] = [round(added[0], 1), round(added[-1], 1)]
    return found


def cpu(code: str) -> float:
    """CPU seconds of a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


# --- candidates ----------------------------------------------------------------------------------


def spoiled(title: str, kind: str, rng: random.Random) -> str:
    """A title as somebody types it who slips."""
    if kind == "exact":
        return title
    words = title.split()
    if kind == "last word cut":
        return " ".join(words[:-1])
    for _ in range(int(kind[0])):
        place = rng.randrange(len(title))
        letter = rng.choice("abcdefghijklmnopqrstuvwxyz")
        title = rng.choice(
            (
                title[:place] + title[place + 1 :],
                title[:place] + letter + title[place:],
                title[:place] + letter + title[place + 1 :],
            )
        )
    return title


def scan(catalog: Catalog) -> Find:
    """Peer: rapidfuzz over all titles."""
    from rapidfuzz import fuzz, process

    forms = [canonical(folded) for folded in _folded(catalog)]

    def find(text: str) -> Sequence[int]:
        hits = process.extract(
            canonical(text), forms, scorer=fuzz.ratio, limit=TOP, score_cutoff=60
        )
        return [place for _, _, place in hits]

    return find


def trigrams(catalog: Catalog, path: Path) -> Find:
    """Peer: SQLite's FTS5 with trigrams; the best 50 by its rank, ordered by rapidfuzz."""
    from rapidfuzz import fuzz, process

    connection = sqlite3.connect(path)
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(title, tokenize='trigram')")
    forms = [canonical(folded) for folded in _folded(catalog)]
    connection.executemany("INSERT INTO t (rowid, title) VALUES (?, ?)", enumerate(forms, 1))
    connection.commit()
    counts: dict[str, int] = {}
    for form in forms:
        for run in {form[i : i + 3] for i in range(len(form) - 2)}:
            counts[run] = counts.get(run, 0) + 1

    def find(text: str) -> Sequence[int]:
        wanted = canonical(text)
        runs = {wanted[i : i + 3] for i in range(len(wanted) - 2)}
        rarest = sorted((r for r in runs if r in counts), key=lambda run: counts[run])[:6]
        if not rarest:
            return []
        asked = " OR ".join(f'"{run}"' for run in rarest)
        query = "SELECT rowid - 1, title FROM t WHERE t MATCH ? ORDER BY rank LIMIT 50"
        found = dict(connection.execute(query, (asked,)).fetchall())
        hits = process.extract(wanted, found, scorer=fuzz.ratio, limit=TOP)
        return [place for _, _, place in hits]

    return find


def _folded(catalog: Catalog) -> list[str]:
    from recagent_catalogs.text import fold

    return [fold(item.title) for item in catalog.items(range(catalog.n_items))]


def candidates(catalog: Catalog, work: Path, runs: int) -> dict[str, Any]:
    """Recall of the title in the top five, milliseconds, and the ratios to the peers."""
    titles = _folded(catalog)
    long = [row for row, title in enumerate(titles) if len(title) >= 8 and " " in title]
    index = catalog.titles
    ours: Find = lambda text: [m.row for m in index.find(text, limit=TOP, cutoff=60.0)]  # noqa: E731
    finders = {
        "ours": ours,
        "rapidfuzz scan": scan(catalog),
        "fts5 trigram": trigrams(catalog, work),
    }
    rng = random.Random(1)
    hits = {name: dict.fromkeys(KINDS, 0) for name in finders}
    taken: dict[str, list[list[float]]] = {name: [] for name in finders}
    ours(titles[long[0]] + "x")
    for _ in range(runs):
        asked = [(kind, row) for kind in KINDS for row in rng.sample(long, EACH)]
        typed = [(kind, row, spoiled(titles[row], kind, rng)) for kind, row in asked]
        for name, find in finders.items():
            taken[name].append([])
            for kind, row, text in typed:
                begin = time.perf_counter()
                found = find(text)
                taken[name][-1].append(1000 * (time.perf_counter() - begin))
                same = {titles[place] for place in found}
                hits[name][kind] += titles[row] in same
    return {
        name: {
            "recall": {kind: round(n / (EACH * runs), 3) for kind, n in hits[name].items()},
            "median_ms": round(median(sum(taken[name], [])), 3),
            "p95_ms": round(float(np.quantile(sum(taken[name], []), 0.95)), 3),
            **_ratio(taken["ours"], taken[name]),
        }
        for name in finders
    }


def _ratio(ours: list[list[float]], theirs: list[list[float]]) -> dict[str, Any]:
    ratios = sorted(sum(peer) / sum(mine) for mine, peer in zip(ours, theirs, strict=True))
    return {"times": round(median(ratios), 2), "range": [round(ratios[0], 2), round(ratios[-1], 2)]}


# --- all -----------------------------------------------------------------------------------------


def measure(catalog: Catalog, texts: Sequence[str], work: Path, runs: int) -> dict[str, Any]:
    size = sum(f.stat().st_size for f in (catalog.path / "arrays").glob("titles.*"))
    return {
        "items": catalog.n_items,
        "index_mb": round(size / 1e6, 1),
        "parse": parses(catalog, texts),
        "opening": opening(catalog, runs),
        "candidates": candidates(catalog, work / f"{catalog.n_items}.sqlite", runs),
    }


def utterances(folder: Path) -> list[str]:
    path = folder / "requests.jsonl"
    if not path.exists():
        return ["90s sci-fi like Alien, but no horror", "who directed the matrix?", "someting funy"]
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines() if line]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("RECAGENT_BENCH_DATA", "."))
    arguments.add_argument(
        "folder", type=Path, nargs="?", default=data / "datasets" / "ml-latest-small"
    )
    arguments.add_argument("--set", type=Path, default=data / "requests")
    arguments.add_argument("--items", type=int, default=1_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    texts = utterances(options.set)
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        ingest(options.folder, work / "real", name="real")
        real = Catalog.open(work / "real")
        found = [measure(real, texts, work, options.runs)]
        if options.items:
            table = enlarge(real, options.items, work)
            begin = time.perf_counter()
            ingest(table, work / "large", name="large")
            seconds = round(time.perf_counter() - begin, 1)
            found.append(measure(Catalog.open(work / "large"), texts, work, options.runs))
            found[-1]["ingest_s"] = seconds
    print(json.dumps({"load": os.getloadavg()[0], "catalogs": found}, indent=1))


if __name__ == "__main__":
    main()
