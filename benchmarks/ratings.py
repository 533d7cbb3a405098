"""Predicted ratings: how far off, and how often the interval holds, beside the usual baselines.

    python benchmarks/ratings.py [FOLDER ...] [--folds 5] [--newcomers 0.2] [--seed 0] [--json]

FOLDER is anything with ratings that `recagent catalog add` reads (default: ml-100k and
ml-latest-small of $RECAGENT_BENCH_DATA/datasets). Everything is fitted on the training part alone.

    random      every rating falls into one of `--folds` parts, each held back once
    newest      the newest fifth of everybody's ratings is held back (data with times only)
    newcomers   a fifth of the people is unknown at the fit; of each 5 or 10 of their ratings are
                known, drawn at random, and all others are asked for

Peers, each fitted on the same ratings: `mean`, the mean of all; `biases`, mean + user + item bias
with shrinkage (Koren, "Factor in the neighbors", 2010), alternating to convergence, the two
constants chosen from 1, 2, 5, 10, 25 on a tenth of the training part; `knn`, item neighbours on
what these biases leave (40 neighbours, correlations shrunken by 100: Koren's kNN with baseline; up
to 12,000 items). A newcomer's bias is found in closed form from their ratings.

RMSE and MAE are over all ratings asked for, predictions clipped to the scale. Differences (ours -
peer) and ratios (ours / peer) have paired 95 % intervals by 1,000 resamples of the people.
`coverage` is how often the interval holds the rating, `width` its mean width in points.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402 - files beside this one must not shadow a library's import
from numpy.typing import NDArray  # noqa: E402

from recagent_catalogs.errors import RecagentError  # noqa: E402
from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_tools.models.rating_fit import fit_ratings  # noqa: E402
from recagent_tools.models.retriever import Setting  # noqa: E402
from recagent_tools.models.sequences import Sequences  # noqa: E402

SCHEMA = "recagent.bench.ratings/1"
OURS = "recagent"
DRAWS = 1_000
SHRINK = (1.0, 2.0, 5.0, 10.0, 25.0)
ROUNDS = 20
NEIGHBOURS, NEIGHBOUR_SHRINK, MOST_ITEMS = 40, 100.0, 12_000
KNOWN = (5, 10)
LEVELS = (0.5, 0.8, 0.95)
Values = NDArray[np.float64]
Known = dict[int, float]


# -- peers ----------------------------------------------------------------------------------------


class Mean:
    """The mean of all ratings."""

    def __init__(self, train: Sequences) -> None:
        self.mean = float(rated(train).mean())

    def predict(self, known: Known, rows: NDArray[Any]) -> Values:
        """The same for everybody."""
        return np.full(len(rows), self.mean)


class Biases:
    """Mean, user bias and item bias, shrunken."""

    def __init__(self, train: Sequences, shrink: tuple[float, float] | None = None) -> None:
        self.of_user, self.of_item = shrink or chosen(train)
        value, user, item = rated(train), train.user, train.item
        self.mean = float(value.mean())
        of_users, of_items = np.bincount(user), np.bincount(item, minlength=train.n_items)
        users = np.zeros(len(of_users))
        for _ in range(ROUNDS):
            rest = value - self.mean - users[user]
            self.items = np.bincount(item, rest, minlength=train.n_items)
            self.items /= self.of_item + of_items
            rest = value - self.mean - self.items[item]
            users = np.bincount(user, rest) / (self.of_user + of_users)

    def bias(self, known: Known) -> float:
        """A person's, by their ratings."""
        rest = [value - self.mean - self.items[row] for row, value in known.items()]
        return float(sum(rest) / (self.of_user + len(rest)))

    def predict(self, known: Known, rows: NDArray[Any]) -> Values:
        """Mean and both biases."""
        return np.asarray(self.mean + self.bias(known) + self.items[rows], dtype=np.float64)


def chosen(train: Sequences) -> tuple[float, float]:
    """The constants that are best on a tenth of the training part."""
    held = np.random.default_rng(1).random(len(train)) < 0.1
    inner, asked = train.take(~held), train.take(held)
    best, found = np.inf, (5.0, 5.0)
    for of_user in SHRINK:
        for of_item in SHRINK:
            model = Biases(inner, (of_user, of_item))
            errors = [
                model.predict(ratings(inner, user), asked.item[part]) - rated(asked)[part]
                for user, part in people(asked)
            ]
            rmse = float(np.sqrt((np.concatenate(errors) ** 2).mean()))
            if rmse < best:
                best, found = rmse, (of_user, of_item)
    return found


class Neighbours:
    """Item neighbours on what the biases leave."""

    def __init__(self, train: Sequences, biases: Biases) -> None:
        self.biases = biases
        rest = np.zeros((train.n_users, train.n_items), dtype=np.float32)
        there = np.zeros_like(rest)
        for user, part in people(train):
            mine = ratings(train, user)
            rest[user, train.item[part]] = rated(train)[part] - biases.predict(
                mine, train.item[part]
            )
            there[user, train.item[part]] = 1
        both = there.T @ there
        squares = (rest**2).T @ there
        alike = rest.T @ rest / np.sqrt(np.maximum(squares * squares.T, 1e-9))
        self.alike = alike * np.maximum(both - 1, 0) / (np.maximum(both - 1, 0) + NEIGHBOUR_SHRINK)
        np.fill_diagonal(self.alike, 0)

    def predict(self, known: Known, rows: NDArray[Any]) -> Values:
        """The biases, and the weighted mean of what they left of the nearest known items."""
        base = self.biases.predict(known, rows)
        if not known:
            return base
        mine = np.fromiter(known, np.int64)
        rest = np.fromiter(known.values(), np.float64) - self.biases.predict(known, mine)
        weight = np.maximum(self.alike[np.ix_(rows, mine)], 0).astype(np.float64)
        if len(mine) > NEIGHBOURS:
            cut = np.partition(weight, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS]
            weight[weight < cut[:, None]] = 0
        return np.asarray(base + weight @ rest / np.maximum(weight.sum(axis=1), 1e-9))


# -- data -----------------------------------------------------------------------------------------


def rated(part: Sequences) -> Values:
    """The ratings, float64."""
    if part.rating is None:
        sys.exit("this catalog has no ratings")
    return part.rating.astype(np.float64)


def people(part: Sequences) -> Iterator[tuple[int, slice]]:
    """Everybody who rated, and where their ratings stand."""
    for user in np.flatnonzero(part.lengths()).tolist():
        yield user, slice(int(part.indptr[user]), int(part.indptr[user + 1]))


def ratings(part: Sequences, user: int) -> Known:
    """A user's, by row."""
    mine = slice(int(part.indptr[user]), int(part.indptr[user + 1]))
    if part.rating is None:
        return {}
    return dict(zip(part.item[mine].tolist(), part.rating[mine].tolist(), strict=True))


def newest(everything: Sequences) -> NDArray[np.bool_]:
    """The newest fifth of everybody's ratings."""
    lengths = everything.lengths()
    place = np.arange(len(everything)) - np.repeat(everything.indptr[:-1], lengths)
    return np.asarray(place >= np.repeat(np.ceil(lengths * 0.8), lengths))


# -- measuring ------------------------------------------------------------------------------------


@dataclass
class Found:
    """What one protocol found; one entry a rating asked for.

    Attributes:
        user: who.
        value: what they gave.
        told: predictions by engine.
        bounds: (lowest, highest) of ours by level.
        seconds: of fitting ours; of asking it for one person.
    """

    user: list[Values] = field(default_factory=list)
    value: list[Values] = field(default_factory=list)
    told: dict[str, list[Values]] = field(default_factory=dict)
    bounds: dict[float, list[NDArray[Any]]] = field(default_factory=dict)
    fit: list[float] = field(default_factory=list)
    ask: list[float] = field(default_factory=list)

    def ask_for(self, engines: dict[str, Any], user: int, known: Known, asked: Known) -> None:
        """Ask every engine for one person."""
        rows = np.fromiter(asked, np.int64)
        self.user.append(np.full(len(rows), user, dtype=np.float64))
        self.value.append(np.fromiter(asked.values(), np.float64))
        for name, engine in engines.items():
            if name != OURS:
                self.told.setdefault(name, []).append(engine.predict(known, rows))
                continue
            started = time.perf_counter()
            person = engine.fold_in(known)
            self.told.setdefault(name, []).append(engine.predict(person, rows)[0])
            self.ask.append(time.perf_counter() - started)
            for level in LEVELS:
                _, low, high = engine.predict(person, rows, level)
                self.bounds.setdefault(level, []).append(np.stack((low, high)))


def engines_on(train: Sequences, seed: int, found: Found) -> dict[str, Any]:
    """Ours and the peers, fitted on the same ratings."""
    started = time.perf_counter()
    ours = fit_ratings(train, Setting(seed=seed))
    found.fit.append(time.perf_counter() - started)
    if ours is None:
        sys.exit("there are no ratings on a scale to learn from")
    biases = Biases(train)
    engines = {OURS: ours[0], "mean": Mean(train), "biases": biases}
    if train.n_items <= MOST_ITEMS:
        engines["knn"] = Neighbours(train, biases)
    return engines


def held_back(everything: Sequences, masks: Sequence[NDArray[np.bool_]], seed: int) -> Found:
    """Every mask's ratings are asked for, all others known."""
    found = Found()
    for held in masks:
        train, asked = everything.take(~held), everything.take(held)
        engines = engines_on(train, seed, found)
        for user, _ in people(asked):
            found.ask_for(engines, user, ratings(train, user), ratings(asked, user))
    return found


def newcomers(everything: Sequences, share: float, seed: int) -> dict[int, Found]:
    """People whom nothing was learnt from, by a few of their ratings."""
    rng = np.random.default_rng(seed)
    new = rng.random(everything.n_users) < share
    found = {k: Found() for k in KNOWN}
    engines = engines_on(everything.of_users(~new), seed, found[KNOWN[0]])
    for user in np.flatnonzero(new).tolist():
        mine = list(ratings(everything, user).items())
        if len(mine) <= max(KNOWN):
            continue
        order = rng.permutation(len(mine)).tolist()
        for k in KNOWN:
            known = dict(mine[place] for place in order[:k])
            asked = dict(mine[place] for place in order[max(KNOWN) :])
            found[k].ask_for(engines, user, known, asked)
    return found


def report(found: Found, protocol: str, scale: tuple[float, float]) -> dict[str, Any]:
    """The figures of one protocol."""
    user = np.unique(np.concatenate(found.user), return_inverse=True)[1]
    value, many = np.concatenate(found.value), int(user.max()) + 1
    counts = np.bincount(user).astype(np.float64)
    drawn = np.random.default_rng(0).multinomial(many, np.full(many, 1 / many), size=DRAWS)
    weights = np.vstack((np.ones(many), drawn))
    squares, sizes = {}, {}
    for name, parts in found.told.items():
        error = np.clip(np.concatenate(parts), *scale) - value
        squares[name] = np.sqrt(weights @ np.bincount(user, error**2) / (weights @ counts))
        sizes[name] = weights @ np.bincount(user, np.abs(error)) / (weights @ counts)
    engines: dict[str, Any] = {}
    for name in found.told:
        engines[name] = {"rmse": spread(squares[name]), "mae": spread(sizes[name])}
        if name != OURS:
            engines[name] |= {
                "rmse_diff": spread(squares[OURS] - squares[name]),
                "rmse_ratio": spread(squares[OURS] / squares[name]),
                "mae_diff": spread(sizes[OURS] - sizes[name]),
                "mae_ratio": spread(sizes[OURS] / sizes[name]),
            }
    intervals = []
    for level, parts in found.bounds.items():
        low, high = np.concatenate(parts, axis=1)
        # a rating in the data is a float32 of a decimal number
        inside = (low - 1e-6 <= value) & (value <= high + 1e-6)
        coverage = weights @ np.bincount(user, inside) / (weights @ counts)
        width = float((high - low).mean())
        intervals.append({"level": level, "coverage": spread(coverage), "width": round(width, 3)})
    return {
        "protocol": protocol,
        "people": many,
        "ratings": len(value),
        "engines": engines,
        "intervals": intervals,
        "fit_s": round(float(np.mean(found.fit)), 2) if found.fit else None,
        "ask_ms": round(1000 * float(np.mean(found.ask)), 3),
    }


def spread(values: Values) -> list[float]:
    """The figure, and the bounds of its 95 % interval."""
    low, high = np.percentile(values[1:], (2.5, 97.5))
    return [round(float(part), 4) for part in (values[0], low, high)]


def reports(catalog: Catalog, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """All protocols that the data can do."""
    if catalog.interactions is None:
        sys.exit(f"{catalog.name}: no interactions")
    everything = Sequences.of(catalog.interactions)
    value = rated(everything)
    scale = (float(value.min()), float(value.max()))
    rng = np.random.default_rng(options.seed)
    part = rng.integers(options.folds, size=len(everything))
    masks = [part == number for number in range(options.folds)]
    yield report(
        held_back(everything, masks, options.seed), f"random, {options.folds} folds", scale
    )
    if everything.ordered:
        found = held_back(everything, [newest(everything)], options.seed)
        yield report(found, "newest fifth", scale)
    for k, one in newcomers(everything, options.newcomers, options.seed).items():
        yield report(one, f"newcomers, {k} ratings known", scale)


# -- telling --------------------------------------------------------------------------------------


def table(name: str, found: dict[str, Any]) -> Iterator[str]:
    """One protocol in Markdown."""
    yield (
        f"{name}, {found['protocol']}: {found['people']:,} people, {found['ratings']:,} ratings; "
        f"one person {found['ask_ms']:.2f} ms"
    )
    yield ""
    yield "| engine | RMSE | 95 % | MAE | ours − it (RMSE) | ours / it (RMSE) |"
    yield "|---|---|---|---|---|---|"
    for engine, figures in found["engines"].items():
        rmse, low, high = figures["rmse"]
        cells = [engine, f"{rmse:.4f}", f"[{low:.4f}, {high:.4f}]", f"{figures['mae'][0]:.4f}"]
        for key, form in (("rmse_diff", "+.4f"), ("rmse_ratio", ".3f")):
            parts = [format(part, form) for part in figures.get(key, ())]
            cells.append(f"{parts[0]} [{parts[1]}, {parts[2]}]" if parts else "")
        yield f"| {' | '.join(cells)} |"
    yield ""
    told = (
        f"{one['level']:.0%}: {one['coverage'][0]:.1%} [{one['coverage'][1]:.1%}, "
        f"{one['coverage'][2]:.1%}], {one['width']:.2f} wide"
        for one in found["intervals"]
    )
    yield f"The interval holds the rating: {'; '.join(told)}."
    yield ""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--newcomers", type=float, default=0.2, help="share of the people")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folders:
        base = os.environ.get("RECAGENT_BENCH_DATA")
        if not base:
            print("skipped: give a FOLDER, or set RECAGENT_BENCH_DATA", file=sys.stderr)
            sys.exit(0)
        data = Path(base) / "datasets"
        options.folders = [data / "ml-100k", data / "ml-latest-small"]
    return options


def main() -> None:
    """Measure, and print Markdown or JSON."""
    options = arguments()
    whole: dict[str, Any] = {
        "schema": SCHEMA,
        "command": shlex.join(["python", "benchmarks/ratings.py", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "machine": {
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "catalogs": {},
    }
    for folder in options.folders:
        name = folder.resolve().name.partition(".")[0]
        with tempfile.TemporaryDirectory() as place:
            ingest(folder, Path(place) / "catalog", name=name)
            found = []
            for one in reports(Catalog.open(Path(place) / "catalog"), options):
                found.append(one)
                if not options.json:
                    print("\n".join(table(name, one)), flush=True)
        whole["catalogs"][name] = found
    if options.json:
        print(json.dumps(whole))


if __name__ == "__main__":
    try:
        main()
    except RecagentError as error:
        sys.exit(f"{error}\n{error.hint}" if error.hint else str(error))
