"""The bundled catalogs: how popular is what, whose neighbours are whose, how well models do.

    python benchmarks/bundled.py [--write docs/neighbours.md] [--quick] [--json]

Installs both catalogs in a temporary home and trains them (as `recagent build` does; --quick as a
first answer does). --write puts the two tables of neighbours where it says.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from recagent_catalogs.store import Catalog
from recagent_cli.assistant import Assistant
from recagent_cli.library import Library
from recagent_cli.paths import Paths
from recagent_tools.models.als import ALS
from recagent_tools.models.artefacts import open_build
from recagent_tools.models.training import BuildReport, build

MOVIES = """
alien-1979 toy-story-1995 amelie-2001 heat-1995 the-matrix-1999 the-godfather-1972
spirited-away-2001 pulp-fiction-1994 the-shining-1980 love-actually-2003 stalker-1979
blade-runner-1982 dune-2021 parasite-2019 casablanca-1942 when-harry-met-sally-1989
mad-max-fury-road-2015 get-out-2017 la-la-land-2016 hereditary-2018 john-wick-2014 airplane-1980
seven-samurai-1954 titanic-1997 gladiator-2000 the-silence-of-the-lambs-1991 frozen-2013
memento-2000 in-the-mood-for-love-2000 back-to-the-future-1985 die-hard-1988 halloween-1978
the-lord-of-the-rings-the-fellowship-of-the-ring-2001 the-dark-knight-2008 goldfinger-1964
the-good-the-bad-and-the-ugly-1966 singin-in-the-rain-1952 the-seventh-seal-1957 breathless-1960
double-indemnity-1944
""".split()
GAMES = """
portal-2007 stardew-valley-2016 dark-souls-2011 doom-1993 sid-meiers-civilization-vi-2016
the-witcher-3-wild-hunt-2015 hollow-knight-2017 super-mario-odyssey-2017 hades-2020 minecraft-2011
the-secret-of-monkey-island-1990 tetris-1985 resident-evil-4-2005 the-sims-2000 starcraft-1998
""".split()
HEAD = """# Whose neighbours are whose

The people of the bundled catalogs are simulated: drawn from hand-written lists of what is loved
together ([catalogs.md](catalogs.md)). This table shows what models make of them: for well-known
items the ten nearest by ALS alone (cosine of item factors), and by everything together, which is
what `recagent similar` answers (ALS, co-occurrence, content, ranker). Read it with a critic's eye;
`tests/test_bundled_relations.py` holds the relations that must not get lost. Made by
`python benchmarks/bundled.py --write docs/neighbours.md`.
"""
NEIGHBOURS = 10


def popularity(catalog: Catalog) -> dict[str, float]:
    """How unevenly likes fall on items and people."""
    taken = catalog.interactions
    assert taken is not None
    counts = np.sort(np.bincount(taken.item, minlength=catalog.n_items)).astype(np.float64)
    each = np.bincount(taken.user)
    n = len(counts)
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return {
        "items": n,
        "users": taken.n_users,
        "likes": len(taken.item),
        "gini": round(float(ranks @ counts / (n * counts.sum())), 3),
        "share_of_top_1_percent": round(float(counts[-(n // 100) :].sum() / counts.sum()), 3),
        "median_likes_of_an_item": float(np.median(counts)),
        "least": float(counts[0]),
        "most_share_of_people": round(float(counts[-1] / taken.n_users), 3),
        "median_likes_of_a_person": float(np.median(each)),
    }


def als_of(assistant: Assistant) -> ALS:
    """The item factors of the current build."""
    catalog = assistant.catalog
    found = open_build(assistant.paths.models / catalog.path.name, catalog.fingerprint)
    if found is None:
        sys.exit(f"{catalog.name}: no build")
    return ALS.load(found[0], catalog.n_items)


def table(assistant: Assistant, ids: list[str]) -> list[str]:
    """Lines of Markdown: three columns."""
    catalog, als = assistant.catalog, als_of(assistant)
    lines = ["| item | by ALS | by everything |", "|---|---|---|"]
    for item in ids:
        row = catalog.row_of(item)
        if row is None:
            sys.exit(f"no item {item}")
        cosine = als.similar(row)
        cosine[row] = -np.inf
        nearest = np.argsort(-cosine, kind="stable")[:NEIGHBOURS]
        alone = "; ".join(catalog.label(int(near)) for near in nearest)
        together = "; ".join(shown.label for shown in assistant.similar(item, count=NEIGHBOURS))
        lines.append(f"| **{catalog.label(row)}** | {alone} | {together} |")
    return lines


def against_popularity(report: BuildReport) -> dict[str, dict[str, float]]:
    """NDCG@10 of each model by protocol."""
    found: dict[str, dict[str, float]] = {}
    for row in report.metrics:
        found.setdefault(row["protocol"], {})[row["model"]] = row["ndcg@10"]
    return found


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(paths: Paths, name: str, quick: bool) -> dict[str, Any]:
    """Install and train one catalog."""
    begin, wall = cpu(), time.perf_counter()
    catalog = Library(paths).open(name)
    installed, installed_wall = cpu(), time.perf_counter()
    report = build(catalog, paths.models / name, quick=quick)
    return {
        "popularity": popularity(catalog),
        "ndcg@10": against_popularity(report),
        "install_cpu_s": round(installed - begin, 2),
        "install_wall_s": round(installed_wall - wall, 2),
        "build_cpu_s": round(cpu() - installed, 2),
        "build_wall_s": round(time.perf_counter() - installed_wall, 2),
        "build_steps_s": report.seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, default=None)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        place = Path(home)
        paths = Paths(place / "data", place / "config", place / "cache")
        results = {name: measure(paths, name, options.quick) for name in ("movies", "games")}
        text = HEAD
        for title, name, ids in (("Films", "movies", MOVIES), ("Games", "games", GAMES)):
            assistant = Assistant(name, paths=paths, build=False)
            text += "\n".join(["", f"## {title}", "", *table(assistant, ids), ""])
            assistant.close()
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    elif not options.json:
        print(text)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
