"""How well titles of a history are matched to a catalog: precision and recall, by what was done.

    python benchmarks/history_import.py [FOLDER] [--titles 2000] [--hidden .15] [--seed 0] [--json]

FOLDER is a data set of MovieLens with movies.csv (default: ml-latest-small of
$RECAGENT_BENCH_DATA/datasets). A part of its films is hidden from the catalog; their titles must
come out as missing. Of the others each title is written as people and other sites write it: without
its article or with it in front, in capitals without punctuation, without its year, with a year off
by one, without its subtitle, with slips. All is written to a csv, read by `recagent profile import`
and compared with the truth; two films of one title and year count as one.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_catalogs.titles import split_title
from recagent_cli.memory.imports.entries import Given
from recagent_cli.memory.imports.importing import read_history
from recagent_cli.memory.imports.sources import opened

_ROMAN = {"2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI"}


@dataclass(frozen=True)
class Film:
    """A film of the data: its title as the file has it, taken apart, and its year."""

    raw: str
    title: str
    year: int
    others: tuple[str, ...]

    @property
    def label(self) -> tuple[str, int]:
        """By which it is told from others."""
        return fold(self.title), self.year


Write = Callable[[Film, random.Random], tuple[str, int | None] | None]
"""The title and year as somebody else has them; None where this cannot be done to the film."""


def _slip(title: str, rng: random.Random) -> str | None:
    letters = [n for n, c in enumerate(title) if c.isalpha() and n]
    if len(letters) < 5:
        return None
    at = rng.choice(letters[:-1])
    kind = rng.randrange(3)
    if kind == 0:
        return title[:at] + title[at + 1 :]
    if kind == 1:
        return title[:at] + title[at + 1] + title[at] + title[at + 2 :]
    return title[:at] + rng.choice("aeiorstn") + title[at + 1 :]


def _slipped(film: Film, rng: random.Random, count: int) -> str | None:
    title: str | None = film.title
    for _ in range(count):
        title = _slip(title, rng) if title else None
    return title if title and fold(title) != fold(film.title) else None


def _plain(title: str) -> str:
    return re.sub(r"[^\w\s]", "", title).upper()


def _no_article(film: Film) -> str | None:
    match = re.match(r"(?:The|A|An) (.+)", film.title)
    return match[1] if match and len(match[1]) > 3 else None


def _no_subtitle(film: Film) -> str | None:
    head, mark, _ = film.title.partition(": ")
    return head if mark else None


def _numerals(film: Film) -> str | None:
    match = re.search(r"(?<=\s)([2-6])(?=$|:)", film.title)
    if match is None:
        return None
    return film.title[: match.start()] + _ROMAN[match[1]] + film.title[match.end() :]


def _with(title: str | None, year: int | None) -> tuple[str, int | None] | None:
    return None if title is None else (title, year)


KINDS: dict[str, Write] = {
    "as in the file": lambda f, r: (f.raw, None),
    "article in front": lambda f, r: (f.title, f.year),
    "no article": lambda f, r: _with(_no_article(f), f.year),
    "capitals, no punctuation": lambda f, r: (_plain(f.title), f.year),
    "another title of it": lambda f, r: (r.choice(f.others), f.year) if f.others else None,
    "roman numerals": lambda f, r: _with(_numerals(f), f.year),
    "no year": lambda f, r: (f.title, None),
    "year off by one": lambda f, r: (f.title, f.year + r.choice((-1, 1))),
    "no subtitle": lambda f, r: _with(_no_subtitle(f), f.year),
    "no subtitle, no year": lambda f, r: _with(_no_subtitle(f), None),
    "one slip": lambda f, r: _with(_slipped(f, r, 1), f.year),
    "two slips": lambda f, r: _with(_slipped(f, r, 2), f.year),
    "one slip, no year": lambda f, r: _with(_slipped(f, r, 1), None),
}
HIDDEN: dict[str, Write] = {
    "not in the catalog": lambda f, r: (f.title, f.year),
    "not in the catalog, no year": lambda f, r: (f.title, None),
}
COLUMNS = ("right", "wrong", "doubtful: first", "doubtful: among", "doubtful: wrong", "missing")


def films_of(folder: Path) -> list[Film]:
    """The films with a year."""
    found = []
    with (folder / "movies.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            split = split_title(row["title"])
            if split.year is not None:
                found.append(Film(row["title"], split.title, split.year, split.aliases))
    return found


def catalog_without(folder: Path, hidden: set[str], place: Path) -> Catalog:
    """A catalog of the data set without the films of these titles."""
    source = place / "source"
    source.mkdir()
    with (folder / "movies.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    with (source / "movies.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(row for row in rows if row[1] not in hidden)
    if (folder / "ratings.csv").exists():
        (source / "ratings.csv").symlink_to((folder / "ratings.csv").resolve())
    ingest(source, place / "catalog", name="catalog")
    return Catalog.open(place / "catalog")


def measure(
    catalog: Catalog, rows: list[tuple[str, Film, str, int | None]], place: Path
) -> tuple[dict[str, Counter[str]], float]:
    """By kind, how many rows came out how; and the seconds that reading and matching took."""
    path = place / "seen.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("title", "year"))
        writer.writerows((title, "" if year is None else year) for _, _, title, year in rows)
    # Each row by its own: two writings of one film must not help each other.
    begun = time.perf_counter()
    with opened(str(path)) as sources:
        gathered = read_history(sources, catalog, Given()).gathered
    seconds = time.perf_counter() - begun
    outcomes: dict[str, Counter[str]] = {}
    matcher = gathered.matcher
    from recagent_cli.memory.imports.entries import Entry

    for kind, film, title, year in rows:
        match = matcher.match(Entry(title, year=year))
        labels = [(fold(item.title), item.year) for item in catalog.items(match.rows)]
        right = [label == film.label for label in labels]
        if match.outcome == "missing":
            outcome = "missing"
        elif match.outcome == "matched":
            outcome = "right" if right[0] else "wrong"
        else:
            place_ = "first" if right[0] else "among" if any(right) else "wrong"
            outcome = f"doubtful: {place_}"
        outcomes.setdefault(kind, Counter())[outcome] += 1
    return outcomes, seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = Path(os.environ.get("RECAGENT_BENCH_DATA", ".")) / "datasets" / "ml-latest-small"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--titles", type=int, default=2000, help="rows of each kind, at most")
    parser.add_argument("--hidden", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", default="", help="print the rows of this outcome")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    films = films_of(arguments.folder)
    rng.shuffle(films)
    cut = int(len(films) * arguments.hidden)
    kept_labels = {film.label for film in films[cut:]}
    hidden = [film for film in films[:cut] if film.label not in kept_labels]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        catalog = catalog_without(arguments.folder, {film.raw for film in hidden}, place)
        rows = [
            (kind, film, *written)
            for kinds, some in ((KINDS, films[cut:]), (HIDDEN, hidden))
            for kind, write in kinds.items()
            for film, written in _written(write, some, rng, arguments.titles)
        ]
        outcomes, seconds = measure(catalog, rows, place)
        if arguments.show:
            _show(catalog, rows, arguments.show)
    _print(outcomes, seconds, len(rows), arguments.json)


def _written(
    write: Write, films: list[Film], rng: random.Random, most: int
) -> list[tuple[Film, tuple[str, int | None]]]:
    pairs = ((film, write(film, rng)) for film in films)
    found = [(film, written) for film, written in pairs if written and written[0].strip()]
    return found[:most]


def _show(catalog: Catalog, rows: list[tuple[str, Film, str, int | None]], outcome: str) -> None:
    from recagent_cli.memory.imports.entries import Entry
    from recagent_cli.memory.imports.matching import Matcher

    matcher = Matcher(catalog)
    for kind, film, title, year in rows:
        match = matcher.match(Entry(title, year=year))
        items = catalog.items(match.rows)
        right = [(fold(item.title), item.year) == film.label for item in items]
        wrong = match.outcome == "matched" and not right[0]
        if wrong if outcome == "wrong" else match.outcome == outcome and not any(right):
            found = " | ".join(item.label for item in items)
            print(f"{kind}: {title} ({year}), {film.raw} -> {found} [{match.how}]", file=sys.stderr)


def _print(outcomes: dict[str, Counter[str]], seconds: float, n_rows: int, as_json: bool) -> None:
    total: Counter[str] = sum(outcomes.values(), Counter())
    dated: Counter[str] = sum((c for k, c in outcomes.items() if "no year" not in k), Counter())
    present = sum(sum(c.values()) for kind, c in outcomes.items() if kind in KINDS)
    figures = {
        "rows": n_rows,
        "seconds": round(seconds, 2),
        "ms_per_row": round(seconds / n_rows * 1e3, 3),
        "precision_with_year": round(dated["right"] / max(dated["right"] + dated["wrong"], 1), 4),
        "precision": round(total["right"] / max(total["right"] + total["wrong"], 1), 4),
        "recall": round(total["right"] / present, 4),
        "recall_with_first_of_doubtful": round(
            (total["right"] + total["doubtful: first"]) / present, 4
        ),
        "recall_with_doubtful_asked": round(
            (total["right"] + total["doubtful: first"] + total["doubtful: among"]) / present, 4
        ),
    }
    if as_json:
        kinds = {kind: dict(counts) for kind, counts in outcomes.items()}
        print(json.dumps({**figures, "kinds": kinds}, indent=2))
        return
    print(f"{'':28} {'rows':>6} " + " ".join(f"{name.split(': ')[-1]:>8}" for name in COLUMNS))
    for kind, counts in outcomes.items():
        rows = sum(counts.values())
        print(f"{kind:28} {rows:>6} " + " ".join(f"{counts[n] / rows:>8.3f}" for n in COLUMNS))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
