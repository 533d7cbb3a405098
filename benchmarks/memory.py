"""What a person's memory costs a turn, by the number of facts.

    python benchmarks/memory.py [--sizes 10,100,1000,10000] [--runs 7] [--json]

Facts of all kinds over the bundled films: seven of ten about items, the rest about genres. `read`
is the store, checksums proved; `derive` the profile as each turn needs it; `tastes` all weights,
which only a person who looks pays for; `consolidate` what may leave the store (once a day, above
1,000), `left` what stays. Median of the runs in milliseconds. `state` is what `user_info` tells a
model, in characters.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recagent_catalogs.store import Catalog
from recagent_cli.library import Library
from recagent_cli.memory.consolidation import superfluous
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.profile import KINDS, Learning, derive
from recagent_cli.memory.store import UserStore
from recagent_cli.paths import Paths
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.toolbox import ToolContext
from recagent_tools.user_state import user_state

OF_ITEMS = ("liked", "disliked", "rated", "seen", "wanted", "shown", "never")
OF_VALUES = ("liked", "disliked", "said", "learned")
SCALE = (0.5, 5.0)


def made(catalog: Catalog, count: int, now: float) -> list[StoredEvent]:
    """So many facts of the last year."""
    chance, facts = random.Random(11), []
    genres = catalog.words("genres").values
    ids = catalog.ids(range(catalog.n_items))
    for _ in range(count):
        moment = now - chance.random() * 365 * 86_400
        if chance.random() < 0.7:
            kind = chance.choice(OF_ITEMS)
            points = chance.randint(1, 10) / 2 if kind == "rated" else None
            facts.append(StoredEvent("me", "movies", kind, chance.choice(ids), points, time=moment))
        else:
            column, text = "genres", chance.choice(genres)
            kind = chance.choice(OF_VALUES)
            facts.append(StoredEvent("me", "movies", kind, column=column, text=text, time=moment))
    return facts


def median_ms(runs: int, do: Callable[[], Any]) -> tuple[float, Any]:
    """Median of the runs, milliseconds, and what the last one gave."""
    taken, result = [], None
    for _ in range(runs):
        started = time.perf_counter()
        result = do()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken), result


def measured(catalog: Catalog, count: int, runs: int) -> dict[str, float]:
    """The row of a size."""
    now, learning = time.time(), Learning()
    with tempfile.TemporaryDirectory() as folder:
        store = UserStore(Path(folder) / "user.sqlite")
        store.commit(events=made(catalog, count, now))
        read, events = median_ms(runs, lambda: store.events("me", "movies", KINDS))

    def profile() -> Any:
        return derive(events, catalog, learning=learning, now=now, scale=SCALE)

    derived, known = median_ms(runs, profile)
    looked, _ = median_ms(runs, lambda: len(profile().tastes))
    chosen, gone = median_ms(1, lambda: superfluous(events, learning, now=now, scale=SCALE))
    bus = CandidateBus(catalog.n_items, catalog.fingerprint)
    state = user_state(ToolContext(catalog, Engine(catalog, None), bus, profile=known))
    return {
        "facts": count,
        "read_ms": round(read, 2),
        "derive_ms": round(derived, 2),
        "tastes_ms": round(looked - derived, 2),
        "consolidate_ms": round(chosen, 2),
        "left": count - len(gone),
        "state": len(json.dumps(state, ensure_ascii=False)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", default="10,100,1000,10000")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        catalog = Library(Paths(home / "data", home / "config", home / "cache")).open("movies")
        rows = [measured(catalog, int(n), options.runs) for n in options.sizes.split(",")]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(" ".join(f"{name:>14}" for name in rows[0]))
    for row in rows:
        print(" ".join(f"{value:>14}" for value in row.values()))


if __name__ == "__main__":
    main()
