"""Small data sets whose answers are known."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from recagent_catalogs.ingest import Overrides, ingest
from recagent_catalogs.report import Report
from recagent_catalogs.store import Catalog

MOVIES = """movieId,title,genres
1,Alien (1979),Horror|Sci-Fi
2,"Matrix, The (1999)",Action|Sci-Fi|Thriller
3,Rocky II (1979),Drama
4,Rocky III (1982),Drama
5,"City of Lost Children, The (Cité des enfants perdus, La) (1995)",Adventure|Drama|Fantasy
6,Seven (a.k.a. Se7en) (1995),Mystery|Thriller
7,Star Wars: Episode IV - A New Hope (1977),Action|Adventure|Sci-Fi
8,"Godfather: Part II, The (1974)",Crime|Drama
9,Paterson,(no genres listed)
007,Thing (1982),Horror
"""
TAGS = """userId,movieId,tag,timestamp
a,1,space,1
b,1,Space,2
b,1,scary,3
a,2,Cyberpunk,4
"""


def ratings() -> str:
    """Alien is rated by six, The Matrix by five, Rocky II by one; users come in no order."""
    rows = [f"u{n},1,{n % 5 + 1},{1_000_000_000 + n}" for n in (5, 3, 0, 4, 1, 2)]
    rows += [f"u{n},2,4,{1_100_000_000 - n}" for n in range(5)]
    return "userId,movieId,rating,timestamp\n" + "\n".join([*rows, "u0,3,2.5,900000000"]) + "\n"


def movielens_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "movies.csv").write_text(MOVIES, encoding="utf-8")
    (folder / "tags.csv").write_text(TAGS, encoding="utf-8")
    (folder / "ratings.csv").write_text(ratings(), encoding="utf-8")
    return folder


def read(
    tmp_path: Path,
    items: str | bytes,
    interactions: str | bytes | None = None,
    *,
    suffix: str = ".csv",
    name: str = "tiny",
    overrides: Overrides | None = None,
    skip_bad_rows: bool = False,
) -> tuple[Catalog, Report]:
    """Ingest texts as files."""
    source = tmp_path / f"items{suffix}"
    source.write_bytes(items if isinstance(items, bytes) else items.encode())
    pairs = None
    if interactions is not None:
        pairs = tmp_path / "interactions.csv"
        raw = interactions if isinstance(interactions, bytes) else interactions.encode()
        pairs.write_bytes(raw)
    report = ingest(
        source,
        tmp_path / "out" / name,
        name=name,
        interactions=pairs,
        overrides=overrides or Overrides(),
        skip_bad_rows=skip_bad_rows,
    )
    return Catalog.open(tmp_path / "out" / name), report


def table(rows: Iterable[Iterable[object]]) -> str:
    """A CSV text; no cell may need quotes."""
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def bench_data() -> Path:
    """The folder with the real data sets; skips the test where there is none."""
    root = os.environ.get("RECAGENT_BENCH_DATA")
    if not root or not Path(root, "datasets").is_dir():
        pytest.skip("RECAGENT_BENCH_DATA names no folder with the data sets")
    return Path(root)
