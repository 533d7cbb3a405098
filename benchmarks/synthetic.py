"""Catalogs of any size for speed measurements, after the likeness of a real one.

How they are made: item r of n by popularity takes the factor of the real item at the same share of
the real ranking by length, its direction jittered, so that lengths keep the real distribution, tail
and all. (That is the hard case: a real catalog that grows gets a longer tail.) Interaction counts
fall with 1 / rank; a popular item has 200 neighbours, the last ones 2, about 20 in the mean. Each
item has two of 20 categories, two of n / 5 people and two of 2,000 tags. 20,000 users are kept for
the nearest ones, with as many items as the model keeps, popular ones oftener. Persons are real
users' first 5 to 20 items, at the places where those items ended up, as likes without an order.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_tools.models.als import ALS
from recagent_tools.models.content import Content
from recagent_tools.models.cooccurrence import CoOccurrence
from recagent_tools.models.features import FirstStage, feature_names
from recagent_tools.models.history import History
from recagent_tools.models.lightgbm_library import NativeBooster
from recagent_tools.models.ranker import Ranker
from recagent_tools.models.recommender import Recommender
from recagent_tools.models.retriever import Retriever, Setting, TrainingData
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.sparse import SparseRows
from recagent_tools.models.stats import ItemStats, Popularity
from recagent_tools.models.topk import FactorIndex
from recagent_tools.models.user_knn import MOST_ENTRIES, MOST_USERS, UserKNN

NEIGHBOURS = 200
CHUNK = 250_000
JITTER = 0.3
TREES = 100


@dataclass(frozen=True)
class Real:
    """What is taken from a real dataset: its ALS and some users' items, oldest first."""

    name: str
    model: ALS
    histories: list[Rows]

    @property
    def factors(self) -> Floats:
        """float32 [n_items, f], by item."""
        return self.model.index.vectors(np.arange(self.model.n_items))

    def persons(self) -> list[History]:
        """The users' first items as named likes."""
        ones = [np.ones(len(rows), np.float32) for rows in self.histories]
        return [History(*pair) for pair in zip(self.histories, ones, strict=True)]


def real(folder: Path, seed: int = 0) -> Real:
    """Read a dataset folder and fit our ALS on it."""
    from recagent_catalogs.ingest import ingest
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.facts import ItemFacts

    with tempfile.TemporaryDirectory() as place:
        ingest(folder, Path(place) / "catalog", name="real")
        catalog = Catalog.open(Path(place) / "catalog")
        if catalog.interactions is None:
            raise SystemExit(f"{folder}: no interactions to fit factors on")
        sequences = Sequences.of(catalog.interactions)
        data = TrainingData(sequences, ItemFacts(catalog.n_items))
        model = ALS.fit(data, Setting(seed=seed, threads=2))
        rng = np.random.default_rng(seed)
        ends = catalog.interactions.indptr
        long = np.flatnonzero(np.diff(ends) >= 20)
        histories = [
            np.array(catalog.interactions.item[ends[u] : ends[u] + rng.integers(5, 21)])
            for u in rng.permutation(long)[:32]
        ]
    return Real(folder.name, model, [np.unique(rows).astype(np.int32) for rows in histories])


class Synthetic:
    """A catalog of `n` items; its models lie in `directory`, memory-mapped as when serving."""

    def __init__(self, source: Real, n: int, directory: Path, seed: int = 0) -> None:
        self.n, self.rng, self.source = n, np.random.default_rng(seed), source
        self.item_of_rank = self.rng.permutation(n).astype(np.int32)
        self.rank = np.empty(n, dtype=np.int64)
        self.rank[self.item_of_rank] = np.arange(n)
        self.histories = self._persons()
        self.als = self._als(directory)

    def _source_order(self) -> NDArray[np.int64]:
        return np.argsort(-np.linalg.norm(self.source.factors, axis=1), kind="stable")

    def _persons(self) -> list[History]:
        """Each real item stands where its share of the ranking has come to lie."""
        order = self._source_order()
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        found = []
        for rows in self.source.histories:
            spot = (place[rows] + self.rng.random(len(rows))) / len(order)
            items = self.item_of_rank[np.minimum((spot * self.n).astype(np.int64), self.n - 1)]
            found.append(History.of(items.tolist()))
        return found

    def _als(self, directory: Path) -> ALS:
        originals = self.source.factors[self._source_order()]
        lengths = np.linalg.norm(originals, axis=1)
        factors = np.lib.format.open_memmap(
            directory / "items.npy", "w+", np.float32, (self.n, originals.shape[1])
        )
        for begin in range(0, self.n, CHUNK):
            share = self.rank[begin : begin + CHUNK] / self.n
            origin = (share * len(originals)).astype(np.int64)
            made = originals[origin]
            spread = JITTER * lengths[origin, None] / np.sqrt(made.shape[1], dtype=np.float32)
            made = made + spread * self.rng.standard_normal(made.shape, dtype=np.float32)
            wanted = np.interp(share * (len(lengths) - 1), np.arange(len(lengths)), lengths)
            made *= (wanted / np.maximum(np.linalg.norm(made, axis=1), 1e-12))[:, None]
            factors[begin : begin + CHUNK] = made
        FactorIndex.write(factors, directory, "als")
        fold = self.source.model.fold
        fold = replace(fold, gram=fold.gram * (self.n / len(originals)))
        model = ALS(FactorIndex.load(directory, "als", self.n), fold)
        del factors
        (directory / "items.npy").unlink()
        return model

    def recommender(self) -> Recommender:
        """All retrievers and a ranker of `TREES` trees."""
        counts = (1 + self.n / (1.0 + self.rank) / 4).astype(np.float32)
        known = self.rng.random((2, self.n), dtype=np.float32)
        stats = replace(
            ItemStats.of_counts(counts.astype(np.int32)), recent=counts * known[0], age=known[0]
        )
        year = np.floor(1950 + 75 * known[1] ** np.float32(0.5)).astype(np.float32)
        retrievers: list[Retriever] = [
            self.als,
            self._users(),
            CoOccurrence(self._neighbours()),
            self._content(),
            Popularity(stats),
        ]
        first = FirstStage({each.name: each for each in retrievers}, year)
        text = ranker_text()
        ranker = Ranker(NativeBooster(text), text)
        return Recommender(first, lambda kind: ranker)

    def _neighbours(self) -> SparseRows:
        """Rows of 2 to `NEIGHBOURS` columns, ascending, with heavy-tailed weights."""
        head = 0.02 * self.n / (1.0 + self.rank)
        lengths = np.clip(NEIGHBOURS * head, 2, min(NEIGHBOURS, self.n // 4)).astype(np.int64)
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        indices = np.empty(indptr[-1], dtype=np.int32)
        data = np.empty(indptr[-1], dtype=np.float32)
        for begin in range(0, self.n, CHUNK):
            ends = indptr[begin : begin + CHUNK + 1]
            part, own = slice(ends[0], ends[-1]), lengths[begin : begin + CHUNK]
            offset = np.arange(ends[-1] - ends[0]) - np.repeat(ends[:-1] - ends[0], own)
            width = self.n // np.repeat(own, own)
            within = self.rng.random(len(offset)) * width
            indices[part] = offset * width + within.astype(np.int64)
            data[part] = self.rng.pareto(2.0, len(offset)).astype(np.float32) * np.float32(0.01)
        return SparseRows(indptr, indices, data, self.n)

    def _users(self) -> UserKNN:
        user = np.repeat(np.arange(MOST_USERS), MOST_ENTRIES // MOST_USERS)
        rank = (self.n ** self.rng.random(len(user))).astype(np.int64)
        pairs = np.unique(user * self.n + self.item_of_rank[np.minimum(rank, self.n - 1)])
        lengths = np.bincount(pairs // self.n, minlength=MOST_USERS)
        indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        ones = np.ones(len(pairs), dtype=np.float32)
        items_of = SparseRows(indptr, (pairs % self.n).astype(np.int32), ones, self.n)
        return UserKNN(items_of, items_of.transposed())

    def _content(self) -> Content:
        sizes, groups = (20, max(1, self.n // 5), 2_000), (0, 1, 2)
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        codes = np.empty((self.n, 6), dtype=np.int32)
        for column in range(6):
            kind = column // 2
            drawn = sizes[kind] * self.rng.random(self.n, dtype=np.float32) ** 2
            codes[:, column] = offsets[kind] + np.minimum(drawn.astype(np.int32), sizes[kind] - 1)
        terms = np.repeat(np.asarray(groups, dtype=np.uint8), sizes)
        data = np.tile(np.asarray([0.7, 0.7, 0.56, 0.56, 0.9, 0.9], np.float32), self.n)
        indptr = np.arange(0, 6 * self.n + 1, 6, dtype=np.int64)
        forward = SparseRows(indptr, codes.ravel(), data, len(terms))
        return Content(forward, forward.transposed(), terms)


def ranker_text(seed: int = 0) -> bytes:
    """A ranker of likes in text form: `TREES` trees of 15 leaves, grown on noise with gaps."""
    import lightgbm

    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((8_000, len(feature_names("likes")))).astype(np.float32)
    label = (matrix[:, :4].sum(axis=1) + rng.standard_normal(len(matrix)) > 2).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    options = {"objective": "lambdarank", "num_leaves": 15, "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(matrix, label=label, group=[100] * 80)
    booster = lightgbm.train(options, data, num_boost_round=TREES)
    return str(booster.model_to_string()).encode()
