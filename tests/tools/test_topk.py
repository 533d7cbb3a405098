"""Exact largest scores: the same rows as sorting everything, whatever the scores look like."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from recagent_tools.models import topk
from recagent_tools.models.topk import FactorIndex, largest, true_rows

Array = NDArray[np.float32]
N = 20_000
COARSE = st.sampled_from([-np.inf, -1.5, -0.0, 0.0, 0.25, 0.5, 2.0, 3.0e38])


def by_sorting(scores: Array, k: int) -> NDArray[np.int64]:
    return np.argsort(-scores, kind="stable")[: max(k, 0)]


def small_steps() -> pytest.MonkeyPatch:
    """Thresholds, blocks and samples small enough for small arrays to go through all of them."""
    patch = pytest.MonkeyPatch()
    for name, value in (("SHORT", 8), ("STEP", 4), ("BLOCK", 16)):
        patch.setattr(topk, name, value)
    return patch


@given(
    scores=hnp.arrays(
        np.float32,
        st.integers(0, 400),
        elements=COARSE | st.floats(-8, 8, width=32),
        fill=COARSE,
    ),
    k=st.integers(-1, 420),
)
def test_largest_is_a_stable_sort(scores: Array, k: int) -> None:
    patch = small_steps()
    with patch.context():
        found = largest(scores, k)
    patch.undo()
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, by_sorting(scores, k))


def misleading() -> dict[str, Array]:
    """Scores whose every 64th says little or nothing of the others."""
    rng = np.random.default_rng(1)
    normal = rng.standard_normal(N).astype(np.float32)
    high, low, late, spike = normal.copy(), normal.copy(), normal.copy(), normal.copy()
    high[::64] += 100
    low[::64] -= 100
    late[-5_000:] += 50
    spike[:] = -np.inf
    spike[17::4_001] = 1
    return {
        "normal": normal,
        "rising": np.sort(normal),
        "falling": np.sort(normal)[::-1],
        "sample too high": high,
        "sample too low": low,
        "all at the end": late,
        "few values": np.round(normal),
        "saw": (np.arange(N) % 64).astype(np.float32),
        "equal": np.zeros(N, np.float32),
        "nothing": np.full(N, -np.inf, np.float32),
        "five of them": spike,
        "strided": np.repeat(normal, 2)[::2],
    }


@pytest.mark.parametrize("name", misleading())
@pytest.mark.parametrize("k", [1, 10, 500, 4_000, N - 1, N, N + 9])
def test_largest_is_not_misled_by_its_sample(name: str, k: int) -> None:
    scores = misleading()[name]
    np.testing.assert_array_equal(largest(scores, k), by_sorting(scores, k))


@pytest.mark.parametrize("share", [0, 1e-4, 0.005, 0.1, 0.7, 1])
@pytest.mark.parametrize("n", [0, 7, 5_000, 40_003])
def test_true_rows(share: float, n: int) -> None:
    mask = np.random.default_rng(2).random(n) < share
    np.testing.assert_array_equal(true_rows(mask), np.flatnonzero(mask))
    np.testing.assert_array_equal(true_rows(mask[::2]), np.flatnonzero(mask[::2]))
    np.testing.assert_array_equal(true_rows(mask[1:]), np.flatnonzero(mask[1:]))


def factors(rng: np.random.Generator, n: int, size: int, kind: str) -> Array:
    """Long-tailed lengths; or many equal factors, or whole numbers, so that scores tie."""
    if kind == "whole":
        return rng.integers(-2, 3, (n, size)).astype(np.float32)
    made = (rng.standard_normal((n, size)) * rng.lognormal(0, 1.5, (n, 1))).astype(np.float32)
    return made[rng.integers(0, max(1, n // 20), n)] if n and kind == "equal" else made


@settings(max_examples=300)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 300),
    size=st.integers(1, 9),
    kind=st.sampled_from(["tailed", "equal", "whole"]),
    k=st.integers(0, 60),
    share=st.sampled_from([None, 0.0, 0.05, 0.3, 1.0]),
    known=st.integers(0, 12),
    zero=st.booleans(),
)
def test_top_is_brute_force(
    seed: int, n: int, size: int, kind: str, k: int, share: float | None, known: int, zero: bool
) -> None:
    rng = np.random.default_rng(seed)
    made = factors(rng, n, size, kind)
    x = np.zeros(size, np.float32) if zero else rng.standard_normal(size).astype(np.float32)
    mask = None if share is None else rng.random(n) < share
    without = rng.permutation(n)[:known].astype(np.int32)
    allowed = np.ones(n, dtype=bool) if mask is None else mask.copy()
    allowed[without] = False
    scores = np.vecdot(made, x) if n else np.empty(0, np.float32)
    want = np.flatnonzero(allowed)[by_sorting(scores[allowed], k)]

    patch = small_steps()
    with patch.context():
        rows, best = FactorIndex.of_factors(made).top(x, k, mask, without)
    patch.undo()
    assert rows.dtype == np.int32 and best.dtype == np.float32
    np.testing.assert_array_equal(rows, want)
    np.testing.assert_array_equal(best, scores[want])


@pytest.mark.parametrize("share", [None, 0.001, 0.05, 0.2, 0.9])
def test_top_is_brute_force_with_real_blocks(share: float | None) -> None:
    rng = np.random.default_rng(3)
    made = factors(rng, 50_000, 32, "tailed")
    x = rng.standard_normal(32).astype(np.float32)
    mask = None if share is None else rng.random(len(made)) < share
    scores = np.vecdot(made, x)
    if mask is not None:
        scores[~mask] = -np.inf
    want = by_sorting(scores, 40)
    rows, best = FactorIndex.of_factors(made).top(x, 40, mask)
    np.testing.assert_array_equal(rows, want)
    np.testing.assert_array_equal(best, scores[want])


def test_what_is_out_of_reach_is_not_read() -> None:
    rng = np.random.default_rng(4)
    read = topk.FIRST * topk.BLOCK
    made = rng.standard_normal((read + 2 * topk.BLOCK, 8)).astype(np.float32)
    made[1_000:] *= np.float32(1e-3)
    index = FactorIndex.of_factors(made)
    x = np.ones(8, np.float32)
    want = index.top(x, 20)
    index.factors[read:] = 1e6
    for rows, scores in (index.top(x, 20), index.top(x, 20, np.ones(len(made), dtype=bool))):
        np.testing.assert_array_equal(rows, want[0])
        np.testing.assert_array_equal(scores, want[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topk, "GATHERED", 1.0)
        everything = np.ones(len(made), dtype=bool)
        np.testing.assert_array_equal(index.top(x, 20, everything)[0], want[0])


def test_memory_does_not_grow_with_the_catalog() -> None:
    equal = np.ones((100 * topk.BLOCK, 4), np.float32)
    index = FactorIndex.of_factors(equal)
    tracemalloc.start()
    rows, _ = index.top(np.ones(4, np.float32), 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(rows, np.arange(100))
    assert peak < equal.nbytes / 4


def test_scores_of_rows_agree_with_the_best_ones() -> None:
    rng = np.random.default_rng(5)
    made = factors(rng, 3_000, 64, "equal")
    index, x = FactorIndex.of_factors(made), rng.standard_normal(64)
    rows, scores = index.top(x.astype(np.float32), 50)
    np.testing.assert_array_equal(index.of(x.astype(np.float32), rows), scores)
    np.testing.assert_array_equal(index.dense(x.astype(np.float32))[rows], scores)
    np.testing.assert_array_equal(index.vectors(np.array([7, 0, 7])), made[[7, 0, 7]])
    np.testing.assert_allclose(index.of(x.astype(np.float32), rows), made[rows] @ x, rtol=1e-4)
    assert (len(index), index.size) == (3_000, 64)


@pytest.mark.parametrize("n", [0, 1, 10_000])
def test_written_blockwise_or_saved_it_loads_the_same(n: int, tmp_path: Path) -> None:
    made = factors(np.random.default_rng(6), n, 5, "tailed")
    FactorIndex.write(made, tmp_path, "als")
    FactorIndex.of_factors(made).save(tmp_path, "same")
    for part in topk.PARTS:
        written = (tmp_path / f"als.{part}.npy").read_bytes()
        assert written == (tmp_path / f"same.{part}.npy").read_bytes()
    index = FactorIndex.load(tmp_path, "als", n)
    np.testing.assert_array_equal(index.vectors(np.arange(n)), made)
    x = np.ones(5, np.float32)
    np.testing.assert_array_equal(index.top(x, 9)[0], FactorIndex.of_factors(made).top(x, 9)[0])


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    made = factors(np.random.default_rng(7), 30, 4, "tailed")
    FactorIndex.write(made, tmp_path, "als")
    with pytest.raises(ValueError, match="not one row an item"):
        FactorIndex.load(tmp_path, "als", 31)
    np.save(tmp_path / "als.rows.npy", np.arange(29, dtype=np.int32))
    with pytest.raises(ValueError, match="als.rows.npy"):
        FactorIndex.load(tmp_path, "als", 30)
    (tmp_path / "als.norms.npy").unlink()
    (tmp_path / "als.rows.npy").unlink()
    with pytest.raises(OSError):
        FactorIndex.load(tmp_path, "als", 30)
