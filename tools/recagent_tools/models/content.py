"""Content neighbours: TF-IDF over an item's words, by role. It serves items nobody has taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold

from .facts import ItemFacts, WordPart
from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import Best, Mask, Scores, nothing, rooted, unseen
from .sparse import SparseRows, load_array
from .topk import largest

LAST = 50
HALF_LIFE = 10.0
SHORTEST_WORD = 3
COMMON = 0.1
"""Prose words in more than this share of the items say nothing."""
SAMPLED = 2_048
MOST_READ = 20_000
"""Entries of the inverted lists read for one history."""
GROUPS = ("categories", "people", "tags", "text")
"""What affinities are told apart by; `ROLE_GROUPS` puts every role into one of them."""
ROLE_GROUPS = {
    Role.CATEGORIES: 0,
    Role.PEOPLE: 1,
    Role.TAGS: 2,
    Role.FACET: 2,
    Role.AUDIENCE: 2,
    Role.GROUP: 2,
    Role.TITLE: 3,
    Role.TEXT: 3,
}
ROLE_WEIGHTS = {
    Role.CATEGORIES: 1.0,
    Role.PEOPLE: 0.8,
    Role.TAGS: 1.3,
    Role.FACET: 0.3,
    Role.AUDIENCE: 0.3,
    Role.GROUP: 1.0,
    Role.TITLE: 0.4,
    Role.TEXT: 0.6,
}


@dataclass(frozen=True)
class Words:
    """The words of some items: columns and values one after the other, and whose they are."""

    columns: Rows
    values: Floats
    place: NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, forward: SparseRows, rows: Rows) -> Words:
        """Gathered."""
        columns, values, lengths = forward.gather(rows)
        return cls(columns, values, np.repeat(np.arange(len(rows)), lengths), len(rows))

    def products(self, profile: Floats) -> Floats:
        """Inner products of a profile with each item, float32 [count]."""
        weighted = self.values * profile[self.columns]
        return np.bincount(self.place, weighted, minlength=self.count).astype(np.float32)


class ContentScores(Scores):
    """Likeness of items to a profile of words."""

    def __init__(self, content: Content, profile: Floats, seen: Rows) -> None:
        """Profile float32 [n_terms]."""
        super().__init__(content.n_items, seen)
        self.content, self.profile = content, profile

    def of(self, rows: Rows) -> Floats:
        """From the words of these items."""
        return rooted(Words.of(self.content.forward, rows).products(self.profile))

    def top(self, k: int, mask: Mask | None = None) -> Best:
        """The best of those that are best by the profile's most telling words."""
        rows, partial = self._reached
        if mask is not None:
            allowed = mask[rows]
            rows, partial = rows[allowed], partial[allowed]
        near = rows[largest(partial, 2 * k)]
        near.sort()
        values = self.of(near)
        good = values > 0
        near, values = near[good], values[good]
        chosen = largest(values, k)
        return near[chosen], values[chosen]

    def moments(self) -> tuple[float, float]:
        """Of evenly spaced items, `SAMPLED` at most: to standardise by, that is exact enough."""
        rows, words = self.content.sample
        values = rooted(words.products(self.profile))[unseen(rows, self.seen)]
        return (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)

    @cached_property
    def _reached(self) -> Best:
        """Unseen items with a word of the profile, and their scores by its rarest words alone."""
        terms = np.flatnonzero(self.profile)
        sizes = self.content.inverted.indptr[terms + 1] - self.content.inverted.indptr[terms]
        rarest = np.argsort(sizes, kind="stable")
        read = np.cumsum(sizes[rarest]) <= max(MOST_READ, int(sizes.min(initial=0)))
        terms = terms[rarest[read]]
        rows, values = self.content.inverted.combined(terms, self.profile[terms])
        keep = unseen(rows, self.seen)
        return rows[keep], values[keep]


class Content(Retriever):
    """Each column of words is one TF-IDF block of length 1 times its role's weight.

    An item with more columns filled can so agree with another in more ways; a rare actor cannot
    drown the genres.
    """

    name: ClassVar[str] = "content"

    def __init__(
        self, forward: SparseRows, inverted: SparseRows, groups: NDArray[np.uint8]
    ) -> None:
        self.forward, self.inverted, self.groups = forward, inverted, groups
        self.n_items = forward.n_rows

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """From the facts of the items; interactions play no part."""
        return cls.of(data.facts)

    @classmethod
    def of(cls, facts: ItemFacts) -> Self:
        """From the facts of the items; NumPy only."""
        parts = list(facts.parts)
        for role, prose in ((Role.TITLE, facts.titles), (Role.TEXT, facts.texts)):
            if len(prose):
                parts.append(_words(role, prose))
        blocks = [_block(part, facts.n_items) for part in parts]
        forward = _side_by_side(blocks, facts.n_items)
        groups = [
            np.full(block.n_columns, ROLE_GROUPS[part.role], dtype=np.uint8)
            for part, block in zip(parts, blocks, strict=True)
        ]
        joined = np.concatenate(groups) if groups else np.empty(0, np.uint8)
        return cls(forward, forward.transposed(), joined)

    def profile(self, history: History) -> Floats:
        """float32 [n_terms], the weighted mean of the history's items."""
        recent = history.last(LAST)
        weights = recent.faded(HALF_LIFE)
        total = float(np.abs(weights).sum())
        if not total:
            return np.zeros(self.forward.n_columns, dtype=np.float32)
        return self.forward.weighted_sum(recent.rows, weights / np.float32(total))

    def score(self, history: History) -> Scores:
        """Root of the inner product of the profile with each item."""
        profile = self.profile(history)
        if not profile.any():
            return nothing(self.n_items, history.rows)
        return ContentScores(self, profile, history.rows)

    @cached_property
    def sample(self) -> tuple[Rows, Words]:
        """Evenly spaced rows, and their words."""
        step = max(1, self.n_items // SAMPLED)
        rows = np.arange(step // 2, self.n_items, step, dtype=np.int32)
        return rows, Words.of(self.forward, rows)

    def affinities(self, history: History, rows: Rows) -> Floats:
        """The score of each row split by `GROUPS`, float32 [len(rows), 4]."""
        profile = self.profile(history)
        columns, values, lengths = self.forward.gather(rows)
        place = np.repeat(np.arange(len(rows)), lengths) * len(GROUPS) + self.groups[columns]
        size = len(rows) * len(GROUPS)
        parts = np.bincount(place, values * profile[columns], minlength=size)
        return parts.reshape(len(rows), len(GROUPS)).astype(np.float32)

    def shares(self, row: int, history: History) -> Floats:
        """Inner product of the item with each item of the history, float32 [k]."""
        wanted = np.zeros(self.forward.n_columns, dtype=np.float32)
        columns, values = self.forward.row(row)
        wanted[columns] = values
        entries, weights, lengths = self.forward.gather(history.rows)
        place = np.repeat(np.arange(len(history)), lengths)
        return np.bincount(place, weights * wanted[entries], minlength=len(history)).astype(
            np.float32
        )

    def save(self, directory: Path) -> None:
        """`content.*.npy`, by item and by term."""
        self.forward.save(directory, "content.items")
        self.inverted.save(directory, "content.terms")
        np.save(directory / "content.groups.npy", self.groups, allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""
        groups = load_array(directory / "content.groups.npy", np.uint8)
        forward = SparseRows.load(directory, "content.items", len(groups))
        inverted = SparseRows.load(directory, "content.terms", n_items)
        if forward.n_rows != n_items or inverted.n_rows != len(groups):
            raise ValueError("content: not one row an item")
        return cls(forward, inverted, groups)


def _words(role: Role, texts: Sequence[str]) -> WordPart:
    """Prose as words that stand in two items or more, and not in too many."""
    found = [sorted({w for w in fold(t).split() if len(w) >= SHORTEST_WORD}) for t in texts]
    counts: dict[str, int] = {}
    for words in found:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    most = max(2.0, COMMON * len(texts))
    codes = {w: n for n, w in enumerate(sorted(w for w, c in counts.items() if 2 <= c <= most))}
    kept = [[codes[word] for word in words if word in codes] for words in found]
    indptr = np.concatenate(([0], np.cumsum([len(words) for words in kept]))).astype(np.int64)
    flat = np.fromiter((code for words in kept for code in words), np.int32, int(indptr[-1]))
    return WordPart(role, indptr, flat)


def _block(part: WordPart, n_items: int) -> SparseRows:
    """One column as TF-IDF rows of the role's length."""
    n_terms = int(part.codes.max()) + 1 if len(part.codes) else 0
    documents = np.bincount(part.codes, minlength=n_terms)
    rarity = np.log1p((n_items - documents + 0.5) / (documents + 0.5))
    data = rarity[part.codes]
    if part.weights is not None:
        data = data * (1 + np.log(np.maximum(part.weights, 1)))
    row = np.repeat(np.arange(n_items), np.diff(part.indptr))
    length = np.sqrt(np.bincount(row, data**2, minlength=n_items))
    data = data / np.maximum(length, 1e-9)[row] * ROLE_WEIGHTS[part.role]
    indptr = np.asarray(part.indptr, np.int64)
    return SparseRows(indptr, np.asarray(part.codes), data.astype(np.float32), n_terms)


def _side_by_side(blocks: Sequence[SparseRows], n_items: int) -> SparseRows:
    """Blocks of columns joined; the entries of an item keep the order of the blocks."""
    if not blocks:
        nothing = np.zeros(n_items + 1, dtype=np.int64)
        return SparseRows(nothing, np.empty(0, np.int32), np.empty(0, np.float32), 0)
    offsets = np.concatenate(([0], np.cumsum([block.n_columns for block in blocks])))
    indices = np.concatenate([b.indices + offsets[n] for n, b in enumerate(blocks)])
    data = np.concatenate([block.data for block in blocks])
    rows = [np.repeat(np.arange(n_items), np.diff(block.indptr)) for block in blocks]
    order = np.argsort(np.concatenate(rows), kind="stable")
    indptr = np.sum([block.indptr for block in blocks], axis=0).astype(np.int64)
    return SparseRows(indptr, indices[order].astype(np.int32), data[order], int(offsets[-1]))
