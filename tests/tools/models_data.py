"""Small data with known answers for the tests of the models."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recagent_catalogs.ingest import ingest
from recagent_catalogs.interactions import Interactions
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_tools.models.facts import ItemFacts, WordPart
from recagent_tools.models.retriever import TrainingData
from recagent_tools.models.sequences import Sequences

ITEMS = 20
START = 1_600_000_000


def interactions(
    histories: list[list[int]], n_items: int, *, timed: bool = True, rated: bool = False
) -> Interactions:
    """Users with these items, oldest first; everybody's n-th one is at START + 100 n."""
    lengths = [len(history) for history in histories]
    item = np.array([row for history in histories for row in history], dtype=np.int32)
    turn = np.concatenate([np.arange(length) for length in lengths]).astype(np.int64)
    return Interactions(
        user=np.repeat(np.arange(len(histories), dtype=np.int32), lengths),
        item=item,
        value=(1 + item % 5).astype(np.float32) if rated else None,
        time=START + 100 * turn if timed else None,
        indptr=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        n_items=n_items,
        explicit=rated,
    )


def checkerboard(users: int = 60, n_items: int = ITEMS, *, timed: bool = True) -> Interactions:
    """Even users took even items, odd users odd ones, two missing each, in a shuffled order."""
    rng = np.random.default_rng(7)
    histories = []
    for user in range(users):
        mine = rng.permutation(np.arange(user % 2, n_items, 2))
        histories.append(mine[:-2].tolist())
    return interactions(histories, n_items, timed=timed)


def facts(n_items: int = ITEMS) -> ItemFacts:
    """Word 0 on even items, word 1 on odd ones, and a word of its own for each pair (0,1)."""
    parity, pair = np.arange(n_items) % 2, 2 + np.arange(n_items) // 2
    codes = np.stack((parity, pair), axis=1).ravel().astype(np.int32)
    indptr = np.arange(0, 2 * n_items + 1, 2).astype(np.int64)
    year = (1980 + np.arange(n_items)).astype(np.float32)
    return ItemFacts(n_items, [WordPart(Role.CATEGORIES, indptr, codes)], year=year)


def training_data(source: Interactions | None = None) -> TrainingData:
    """The checkerboard, or other interactions, ready to be learnt from."""
    source = checkerboard() if source is None else source
    return TrainingData(Sequences.of(source), facts(source.n_items))


def make_catalog(directory: Path, *, users: int = 60, name: str = "board") -> Catalog:
    """A checkerboard catalog on disk; without users, one without interactions."""
    directory.mkdir(parents=True, exist_ok=True)
    items = directory / "items.csv"
    rows = ["id,title,year,genres,runtime"]
    for row in range(ITEMS):
        genre = "Drama|Quiet" if row % 2 == 0 else "Comedy|Loud"
        rows.append(f"i{row:02},Film {row},{1980 + row},{genre},{90 + row}")
    items.write_text("\n".join(rows) + "\n", encoding="utf-8")
    taken = None
    if users:
        taken = directory / "taken.csv"
        lines = ["user,item,timestamp"]
        board = checkerboard(users)
        assert board.time is not None
        for user, item, time in zip(board.user, board.item, board.time, strict=True):
            lines.append(f"u{user},i{item:02},{START + (int(time) - START) * 864}")
        taken.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(items, directory / "catalog", name=name, interactions=taken)
    return Catalog.open(directory / "catalog")
