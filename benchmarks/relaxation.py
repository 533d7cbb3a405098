"""Twelve conditions that leave nothing: all minimal relaxations, beside two other ways to count.

    python benchmarks/relaxation.py [--sizes 10000,100000,1000000] [--rounds 7] [--json]

Peers, on the same items, with the same answer (checked in every round):

- `duckdb`: one scan in SQL that groups the items by their state under the twelve conditions and
  their wider forms (two threads, a table of the same values, lists as LIST), then our arithmetic.
- `numpy`: what `answers/relax.py` did before: one mask for each condition, and for each set of
  changes the masks of all conditions combined and counted, smallest sets first, no set that holds
  one already found.

Data: n items with a year (5 % unknown), a runtime, a rating, a price, one to four of 20 kinds drawn
unevenly and each oftener with the next one, two of n / 5 people, one of 40 countries, one of three
audiences; seed 0, memory-mapped as every catalog. The conditions are chosen so that nothing meets
all of them. `masks` is what of ours goes into reading the masks of the conditions and of their
wider forms; `cpu` the processor time of ours, which a busy machine does not stretch.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recagent_catalogs import arrays
from recagent_catalogs.schema import CatalogSchema, Column, Role, dump_schema
from recagent_catalogs.store import Catalog
from recagent_catalogs.words import write_words
from recagent_tools.conditions import Condition, evaluate, parse_condition
from recagent_tools.relaxation import REMOVE, Census, minimal_levels
from recagent_tools.rowset import RowSet
from recagent_tools.widening import widen

KINDS = [f"Kind {letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
AUDIENCE = ("all", "teen", "adult")
CONDITIONS = (
    "year 1990..1999", "runtime <= 90", "rating >= 8", "price <= 10", "kinds has Kind C",
    "kinds has Kind H | Kind K", "kinds lacks Kind A", "kinds lacks Kind D | Kind E",
    "people has {person}", "countries has Country 3 | Country 4", "countries lacks Country 1",
    "audience <= teen",
)  # fmt: skip
SCHEMA = CatalogSchema(
    "bench",
    (
        Column("id", Role.ID),
        Column("title", Role.TITLE),
        Column("year", Role.YEAR),
        Column("runtime", Role.NUMBER, unit="min"),
        Column("rating", Role.NUMBER),
        Column("price", Role.NUMBER),
        Column("kinds", Role.CATEGORIES),
        Column("people", Role.PEOPLE),
        Column("countries", Role.FACET),
        Column("audience", Role.AUDIENCE, order=AUDIENCE),
    ),
)


def make(n: int, place: Path) -> tuple[Catalog, dict[str, Any]]:
    """A catalog of n items, and its columns."""
    rng = np.random.default_rng(0)
    folder = place / "arrays"
    folder.mkdir(parents=True)
    dump_schema(SCHEMA, place / "catalog.toml")
    meta = {"format": 1, "n_items": n, "n_users": 0, "fingerprint": "bench"}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    year = np.floor(2026 - rng.exponential(25, n)).clip(1900).astype(np.float32)
    year[rng.random(n) < 0.05] = np.nan
    columns: dict[str, Any] = {
        "year": year,
        "runtime": rng.normal(105, 25, n).clip(20).round().astype(np.float32),
        "rating": rng.normal(6.5, 1.2, n).clip(0, 10).round(1).astype(np.float32),
        "price": rng.gamma(2, 10, n).round(2).astype(np.float32),
    }
    for name, numbers in columns.items():
        arrays.save(folder, f"num.{name}", numbers)
    drawn = rng.choice(len(KINDS), size=(n, 4), p=_falling(len(KINDS)))
    beside = rng.random((n, 3)) < 0.4  # kinds go together: each with the next one
    drawn[:, 1:][beside] = ((drawn[:, :1] + 1) % len(KINDS)).repeat(3, axis=1)[beside]
    many = rng.integers(1, 5, n)
    columns["kinds"] = [
        [KINDS[k] for k in dict.fromkeys(row[:m])]
        for row, m in zip(drawn.tolist(), many.tolist(), strict=True)
    ]
    people = np.sort(rng.integers(0, max(2, n // 5), (n, 2)), axis=1).tolist()
    columns["people"] = [[f"Person {p}" for p in dict.fromkeys(pair)] for pair in people]
    columns["countries"] = [[f"Country {c}"] for c in rng.choice(40, n, p=_falling(40)).tolist()]
    columns["audience"] = [[AUDIENCE[a]] for a in rng.choice(3, n, p=(0.2, 0.5, 0.3)).tolist()]
    for name in ("kinds", "people", "countries", "audience"):
        write_words(folder, name, columns[name])
    return Catalog.open(place), columns


def _falling(n: int) -> np.ndarray[Any, Any]:
    share = 1 / np.arange(1, n + 1)
    return np.asarray(share / share.sum())


Answer = set[tuple[tuple[int, ...], int]]


def ours(conditions: list[Condition], catalog: Catalog) -> Answer:
    """The engine, from conditions to the sorted relaxations."""
    census = Census(conditions, catalog, RowSet.all(catalog.n_items))
    place = {str(c): i for i, c in enumerate(census.conditions)}
    found: Answer = set()
    for relaxation in census.relaxations():
        levels = [0] * len(conditions)
        for change in relaxation.changes:
            levels[place[change.condition]] = REMOVE if change.becomes is None else 1
        if len({c.becomes for c in relaxation.changes if c.becomes}) == sum(
            c.becomes is not None for c in relaxation.changes
        ):  # the peers know no alternatives
            found.add((tuple(levels), relaxation.left))
    return found


def masks_alone(conditions: list[Condition], catalog: Catalog) -> None:
    """Only what the engine reads: the mask of each condition and of its wider form."""
    for condition in conditions:
        evaluate(condition, catalog)
        if (wide := widen(condition, catalog)) is not None:
            evaluate(wide, catalog)


def numpy_masks(conditions: list[Condition], catalog: Catalog) -> Answer:
    """Masks combined anew for every set of changes, smallest first."""
    wider = [widen(condition, catalog) for condition in conditions]
    masks = [evaluate(condition, catalog) for condition in conditions]
    wide = [None if w is None else evaluate(w, catalog) for w in wider]
    found: list[tuple[tuple[int, ...], int]] = []
    size = len(conditions)
    sets = (
        tuple(dict(zip(places, how, strict=True)).get(i, 0) for i in range(size))
        for changes in range(4)
        for places in itertools.combinations(range(size), changes)
        for how in itertools.product((1, 2), repeat=changes)
    )
    for levels in sorted(sets, key=sum):
        if any(level == 1 and wide[i] is None for i, level in enumerate(levels)):
            continue
        if any(all(a <= b for a, b in zip(f, levels, strict=True)) for f, _ in found):
            continue
        left = np.ones(catalog.n_items, dtype=bool)
        for i, level in enumerate(levels):
            if level == 0:
                left &= masks[i]
            elif level == 1:
                left &= wide[i]
        if count := int(np.count_nonzero(left)):
            found.append((levels, count))
    return set(found)


def sql_of(condition: Condition) -> str:
    """The condition as DuckDB's SQL."""
    name, op, values = condition.column, condition.operator, condition.values
    if op in ("has", "lacks"):
        named = ", ".join(f"'{value}'" for value in values)
        told = f"list_has_any({name}, [{named}])"
        return told if op == "has" else f"NOT {told}"
    if name == "audience":
        place = AUDIENCE.index(str(values[0]))
        held = AUDIENCE[: place + 1] if op == "<=" else AUDIENCE[place:]
        return f"list_has_any(audience, [{', '.join(map(repr, held))}])"
    if op == "..":
        ends = [f"{name} >= {values[0]}"] * (values[0] is not None)
        ends += [f"{name} <= {values[1]}"] * (values[1] is not None)
        return f"coalesce({' AND '.join(ends)}, false)"
    return f"coalesce({name} {op} {values[0]}, false)"


def duckdb_peer(columns: dict[str, Any]) -> Callable[[list[Condition], Catalog], Answer]:
    """One grouped scan, then our arithmetic on the groups."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads=2")
    cells = [
        ["|".join(cell) for cell in values] if isinstance(values, list) else values.tolist()
        for values in columns.values()
    ]
    lists = [isinstance(values, list) for values in columns.values()]
    selected = ", ".join(
        f"string_split({name}, '|') AS {name}"
        if is_list
        else f"nullif({name}, 'nan')::FLOAT AS {name}"
        for name, is_list in zip(columns, lists, strict=True)
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "items.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*cells, strict=True))
        read = f"read_csv('{path}', header = true, all_varchar = true)"
        connection.execute(f"CREATE TABLE items AS SELECT {selected} FROM {read}")

    def run(conditions: list[Condition], catalog: Catalog) -> Answer:
        terms = []
        size = len(conditions)
        for place, condition in enumerate(conditions):
            wide = widen(condition, catalog)
            tells = f"WHEN {sql_of(wide)} THEN {3 ** (size - 1 - place)} " if wide else ""
            terms.append(
                f"CASE WHEN {sql_of(condition)} THEN 0 {tells}"
                f"ELSE {2 * 3 ** (size - 1 - place)} END"
            )
        query = f"SELECT {' + '.join(terms)} AS state, count(*) FROM items GROUP BY state"
        counts = np.zeros(3**size, dtype=np.int64)
        for state, count in connection.execute(query).fetchall():
            counts[state] = count
        return set(minimal_levels(counts.reshape((3,) * size), 3, 1))

    return run


def measure(n: int, rounds: int) -> dict[str, Any]:
    """Median milliseconds of alternating rounds at one size."""
    with tempfile.TemporaryDirectory() as place:
        catalog, columns = make(n, Path(place))
        person = catalog.words("people").values[0]
        conditions = [parse_condition(t.format(person=person), catalog) for t in CONDITIONS]
        peer = duckdb_peer(columns)
        del columns
        runs: dict[str, Callable[[], Any]] = {
            "ours": lambda: ours(conditions, catalog),
            "masks": lambda: masks_alone(conditions, catalog),
            "duckdb": lambda: peer(conditions, catalog),
            "numpy": lambda: numpy_masks(conditions, catalog),
        }
        answers = {name: run() for name, run in runs.items()}  # also warms the page cache
        if not answers["ours"] == answers["duckdb"] == answers["numpy"]:
            raise SystemExit("the engines disagree")
        taken: dict[str, list[float]] = {name: [] for name in runs}
        cpu = []
        for _ in range(rounds):
            for name, run in runs.items():
                started, busy = time.perf_counter(), time.process_time()
                run()
                taken[name].append((time.perf_counter() - started) * 1000)
                if name == "ours":
                    cpu.append((time.process_time() - busy) * 1000)
    told: dict[str, Any] = {"items": n, "relaxations": len(answers["ours"])}
    for name, values in {**taken, "cpu": cpu}.items():
        told[name] = {
            "median_ms": statistics.median(values),
            "min": min(values),
            "max": max(values),
        }
    for name in ("duckdb", "numpy"):
        ratios = [p / o for p, o in zip(taken[name], taken["ours"], strict=True)]
        told[f"{name}_ratio"] = [min(ratios), statistics.median(ratios), max(ratios)]
    return told


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = [measure(int(size), arguments.rounds) for size in arguments.sizes.split(",")]
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "results": results}, indent=2))
        return
    print(f"12 conditions, median of {arguments.rounds} alternating rounds, ms [least, most]")
    for told in results:
        print(f"\n{told['items']:,} items, {told['relaxations']} minimal relaxations")
        for name in ("ours", "cpu", "masks", "duckdb", "numpy"):
            m = told[name]
            line = f"  {name:7} {m['median_ms']:9.1f} [{m['min']:.1f}, {m['max']:.1f}]"
            if f"{name}_ratio" in told:
                low, middle, high = told[f"{name}_ratio"]
                line += f"   {middle:.1f} times ours [{low:.1f}, {high:.1f}]"
            print(line)


if __name__ == "__main__":
    main()
