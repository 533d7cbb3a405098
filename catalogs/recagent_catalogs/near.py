"""Texts written nearly like another: found by their words, by words with a slip, by letters.

Up to `SCAN_UP_TO` items all texts are compared, which takes a millisecond. Above, arrays written
with the catalog give the candidates: the texts that share the rarest words (each word stands in
them with one letter left out, too, which finds one slip a word), and only where that finds nothing
near, those that share the rarest runs of three letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .hashes import Bytes, Places, block_of, hash_block, hash_deletes, hash_texts
from .postings import Entries, Postings
from .textblock import TextBlock

SCAN_UP_TO = 40_000
"""So many texts are compared one by one."""
NEAR = 94.0
"""Found by words, texts of this score, or of one slip, spare the look at the letters."""
_SEEDS = 10_000
"""Texts that are looked at of those with a rare word or run of letters."""
_KEPT = 160
"""Candidates that are compared letter by letter."""
_SHORTEST = 4
"""Words with fewer letters are looked up without slips."""
_LONGEST = 40
_RAREST = 8
_CHUNK = 100_000

_CLASSES = np.full(256, 63, dtype=np.uint32)
_CLASSES[10] = 0
_CLASSES[32] = 1
_CLASSES[ord("a") : ord("z") + 1] = np.arange(2, 28)
_CLASSES[ord("0") : ord("9") + 1] = np.arange(28, 38)
_CLASSES[128:] = 38 + np.arange(128) % 25
"""Bytes in 6 bits, so that a run of three fits into 18."""


@dataclass(frozen=True)
class NearTexts:
    """Finds the texts of a block that are written nearly like another.

    Attributes:
        texts: all texts.
        numbers: those of them that are looked for, ascending; None for all.
        words: hash of a word, to the numbers of the texts that hold it.
        slips: hash of a word with one letter less, to the places of the words in `words`.
        letters: run of three letters, to the numbers of the texts.
    """

    texts: TextBlock
    numbers: NDArray[np.int32]
    words: Postings
    slips: Postings | None = None
    letters: Postings | None = None

    @classmethod
    def of(cls, texts: TextBlock, numbers: NDArray[np.int32], *, large: bool) -> NearTexts:
        """Make the arrays; without those for slips and letters unless `large`."""
        words, slips = _words(texts, numbers, slips=large)
        return cls(texts, numbers, words, slips, _letters(texts, numbers) if large else None)

    @classmethod
    def load(cls, directory: Path, name: str, texts: TextBlock, numbers: Entries) -> NearTexts:
        """Open what `save` wrote."""
        parts = [Postings.load(directory, f"{name}.{p}") for p in ("words", "slips", "letters")]
        return cls(texts, numbers, *parts)

    def save(self, directory: Path, name: str) -> None:
        """Write the arrays of a large block."""
        for part in ("words", "slips", "letters"):
            postings: Postings = getattr(self, part)
            postings.save(directory, f"{name}.{part}")

    # --- finding ---------------------------------------------------------------------------------

    def near(self, wanted: str, cutoff: float, limit: int) -> list[tuple[int, float]]:
        """Numbers and scores (0-100) of the texts nearest to a folded one, best first."""
        if self.letters is None:
            return self._compare(wanted, None, cutoff, limit)
        found = self._compare(wanted, self._by_words(wanted), cutoff, limit)
        one_slip = 100.0 * (1.0 - 1.0 / max(len(wanted), 1)) - 0.01
        if found and found[0][1] >= min(NEAR, one_slip):
            return found
        more = self._compare(wanted, self._by_letters(wanted), cutoff, limit)
        best = dict(found) | dict(more)
        return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def holding(self, words: Sequence[str], limit: int) -> list[int]:
        """Numbers of texts that hold all the words, ascending; of very common words not all."""
        places = self.words.places(hash_texts(words))
        if (places < 0).any() or not len(places):
            return []
        parts = sorted((self.words.at(int(place)) for place in places), key=len)
        found = parts[0][:_SEEDS]
        for part in parts[1:]:
            found = found[_is_in(found, part)]
        return [int(number) for number in found[:limit]]

    def knows(self, word: str) -> bool:
        """Whether any text holds this very word."""
        return bool(self.words.places(hash_texts([word]))[0] >= 0)

    @cached_property
    def _all(self) -> list[str]:
        return self.texts.many(self.numbers.tolist())

    def _compare(
        self, wanted: str, among: Entries | None, cutoff: float, limit: int
    ) -> list[tuple[int, float]]:
        from rapidfuzz import fuzz, process

        texts = self._all if among is None else self.texts.many(among.tolist())
        numbers = self.numbers if among is None else among
        # Equal scores come in the order of the numbers.
        found = process.extract(wanted, texts, scorer=fuzz.ratio, score_cutoff=cutoff, limit=limit)
        return [(int(numbers[place]), float(score)) for _, score, place in found]

    def _by_words(self, wanted: str) -> Entries:
        """Candidates that share words with the text, up to a slip in each."""
        parts = [self._alike(word) for word in dict.fromkeys(wanted.split())]
        parts = sorted((part for part in parts if len(part)), key=len)
        if not parts:
            return self.numbers[:0]
        seeds = parts[0][:_SEEDS]
        for part in parts[1:]:
            if len(seeds) + len(part) > _SEEDS:
                break
            seeds = np.union1d(seeds, part)
        score = np.zeros(len(seeds))
        for part in parts:
            score += _is_in(seeds, part) / np.log(len(part) + 2.0)
        return self._best(seeds, score, wanted)

    def _alike(self, word: str) -> Entries:
        """The texts with a word, or with one that differs by a slip."""
        slips = self.slips
        if slips is None or len(word) < _SHORTEST or word.isdigit() or len(word) > _LONGEST:
            places = self.words.places(hash_texts([word]))
        else:
            block, ends = block_of([word])
            variants = np.append(hash_block(block, ends), hash_deletes(block, ends)[0])
            behind = slips.places(variants)
            by_slip = [slips.at(int(place)) for place in behind if place >= 0]
            places = np.unique(np.concatenate([self.words.places(variants), *by_slip]))
        parts = [self.words.at(int(place)) for place in places if place >= 0]
        if len(parts) == 1:
            return parts[0]
        return np.unique(np.concatenate(parts)) if parts else self.numbers[:0]

    def _by_letters(self, wanted: str) -> Entries:
        """Candidates that share the rarest runs of three letters with the text."""
        if self.letters is None:
            return self.numbers[:0]
        block, _ = block_of([wanted])
        codes, _ = _runs(np.append(np.uint8(10), block))
        places = self.letters.places(np.unique(codes))
        places = places[places >= 0]
        pointers = self.letters.pointers
        sizes = pointers[places + 1] - pointers[places]
        parts: list[Entries] = []
        total = 0
        for at in np.argsort(sizes, kind="stable")[:_RAREST]:
            total += int(sizes[at])
            if parts and total > 3 * _SEEDS:
                break
            parts.append(self.letters.at(int(places[at]))[: 3 * _SEEDS])
        if not parts:
            return self.numbers[:0]
        seeds, count = np.unique(np.concatenate(parts), return_counts=True)
        return self._best(seeds, count.astype(np.float64), wanted)

    def _best(self, seeds: Entries, score: NDArray[np.float64], wanted: str) -> Entries:
        """The candidates with the best score of those not much longer or shorter."""
        if len(seeds) > _KEPT:
            size = len(wanted.encode("utf-8", "replace"))
            off = np.abs(self.texts.sizes(seeds) - size) / max(size, 1)
            score = score * (1.0 - np.minimum(off, 1.0))
            kept = np.argpartition(-score, _KEPT)[:_KEPT]
            seeds = np.sort(seeds[kept])
        return seeds


def _is_in(numbers: Entries, among: Entries) -> NDArray[np.bool_]:
    """Which of the numbers are in an ascending array."""
    if not len(among):
        return np.zeros(len(numbers), dtype=bool)
    places = np.searchsorted(among, numbers)
    places[places == len(among)] = 0
    found: NDArray[np.bool_] = among[places] == numbers
    return found


# --- making the arrays ---------------------------------------------------------------------------


def _words(
    texts: TextBlock, numbers: NDArray[np.int32], *, slips: bool
) -> tuple[Postings, Postings | None]:
    keys, entries = [], []
    variants: list[NDArray[np.uint64]] = []
    of_word: list[NDArray[np.uint64]] = []
    for block, ends, owner in _pieces(texts, numbers):
        spaced = np.flatnonzero((block == 10) | (block == 32))
        hashes = hash_block(block, spaced)
        text_of = np.searchsorted(ends, spaced)
        keys.append(hashes)
        entries.append(owner[text_of])
        if slips:
            sizes = np.diff(spaced, prepend=-1) - 1
            _, first = np.unique(hashes, return_index=True)
            first = first[(sizes[first] >= _SHORTEST) & (sizes[first] <= _LONGEST)]
            words = _cut(block, spaced, first)
            made, of = hash_deletes(words.block, words.ends)
            variants.append(made)
            of_word.append(hashes[first][of])
    postings = Postings.of(_joined(keys, np.uint64), _joined(entries, np.int32))
    if not slips:
        return postings, None
    pairs = np.stack([_joined(variants, np.uint64), _joined(of_word, np.uint64)], axis=1)
    places = postings.places(pairs[:, 1]).astype(np.int64)
    order = np.lexsort((places, pairs[:, 0]))
    made, places = pairs[order, 0], places[order]
    new = np.ones(len(made), dtype=bool)
    new[1:] = (made[1:] != made[:-1]) | (places[1:] != places[:-1])
    return postings, Postings.of(made[new], places[new].astype(np.int32))


def _joined(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


def _pieces(texts: TextBlock, numbers: Entries) -> Iterator[tuple[Bytes, Places, Entries]]:
    """The texts of those numbers, piece by piece: block, ends, numbers."""
    for begin in range(0, len(numbers), _CHUNK):
        owner = numbers[begin : begin + _CHUNK]
        piece = _cut(texts.block, texts.ends, owner)
        yield piece.block, piece.ends, owner


def _cut(block: Bytes, ends: Places, numbers: NDArray[Any]) -> TextBlock:
    """A block of some of the texts."""
    stops = ends[numbers]
    starts = np.where(numbers > 0, ends[numbers - 1] + 1, 0)
    sizes = stops - starts + 1
    closing = np.cumsum(sizes) - 1
    offset = np.arange(int(sizes.sum())) - np.repeat(closing - sizes + 1, sizes)
    cut = block[np.repeat(starts, sizes) + offset]
    cut[closing] = 10
    return TextBlock(cut, closing)


def _runs(block: Bytes) -> tuple[NDArray[Any], Places]:
    """The runs of three bytes that do not reach over a line break, and the middle of each."""
    classes = _CLASSES[block]
    codes = (classes[:-2] << 12) | (classes[1:-1] << 6) | classes[2:]
    middle = np.flatnonzero(block[1:-1] != 10)
    return codes[middle], middle + 1


def _letters(texts: TextBlock, numbers: NDArray[np.int32]) -> Postings:
    counts = np.zeros(1 << 18, dtype=np.int64)
    for block, _, _ in _pieces(texts, numbers):
        codes, _ = _runs(np.append(np.uint8(10), block))
        counts += np.bincount(codes, minlength=1 << 18)
    begins = np.cumsum(counts) - counts
    entries = np.empty(int(counts.sum()), dtype=np.int32)
    for block, ends, owner in _pieces(texts, numbers):
        codes, middle = _runs(np.append(np.uint8(10), block))
        numbers_of = owner[np.searchsorted(ends, middle - 1)]
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        sizes = np.diff(np.append(first, len(ordered)))
        place = begins[ordered] + np.arange(len(ordered)) - np.repeat(first, sizes)
        entries[place] = numbers_of[order]
        begins[ordered[first]] += sizes
    keys = np.flatnonzero(counts)
    pointers = np.append(0, np.cumsum(counts[keys])).astype(np.int64)
    return Postings(keys.astype(np.uint32), pointers, entries)
