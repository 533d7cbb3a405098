"""Weights learned on dialogues: a softmax over items, linear in what speaks for each of them.

The model is p(item | dialogue) ~ exp(hand-made score + sum of weight x part + words of the dialogue
x B x profile of the item): what is learned is how to mend the score by hand. B says which kinds a
word asks for ("slasher": Horror). Fitted on the items that the score by hand puts first and on a
sample of the others, which counts for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
FIRST = 200
"""Items put first that are all looked at; of the others `OTHERS` stand for the rest."""
OTHERS = 200
WORDS_FROM = 6
"""Dialogues that must hold a word before anything is learned of it."""
SHRINK_PARTS = 1e-4
SHRINK_WORDS = 0.001
STEPS = 30


@dataclass(frozen=True)
class Task:
    """What is to be learned from; n dialogue turns, m items.

    Attributes:
        by_hand: float32 [n, m], the score that is to be mended.
        parts: by name, float32 [n, m], what gets a weight beside it.
        profile: float32 [m, q], what items are.
        words: of each turn.
        named: bool [n, m], items that must not come.
        turns, targets: the turn and the item of each recommendation.
        groups: int [n], the dialogue of each turn.
    """

    by_hand: Floats
    parts: Mapping[str, Floats]
    profile: Floats
    words: Sequence[frozenset[str]]
    named: NDArray[np.bool_]
    turns: NDArray[Any]
    targets: NDArray[Any]
    groups: NDArray[Any]


def learned(task: Task, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> Floats:
    """Scores float32 [test turns, m] by weights fitted to the turns of `train`.

    Args:
        task: parts, words and targets.
        train, test: bool [n].
    """
    from scipy.optimize import minimize

    vocabulary = _vocabulary(task, train)
    chosen = np.flatnonzero(train & (np.bincount(task.turns, minlength=len(train)) > 0))
    problem = _Problem(task, chosen, vocabulary)
    start = np.zeros(len(task.parts) + len(vocabulary) * task.profile.shape[1])
    found = minimize(problem.loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    weights, of_words = problem.split(found)
    asked = np.flatnonzero(test)
    told = _word_table(task.words, asked, vocabulary) @ of_words @ task.profile.T
    total = task.by_hand[asked] + told.astype(np.float32)
    for weight, part in zip(weights, task.parts.values(), strict=True):
        total += np.float32(weight) * part[asked]
    return total


def _vocabulary(task: Task, train: NDArray[np.bool_]) -> dict[str, int]:
    """Words that enough dialogues of the training turns hold."""
    holding: dict[str, set[int]] = {}
    for turn in np.flatnonzero(train):
        for word in task.words[turn]:
            holding.setdefault(word, set()).add(int(task.groups[turn]))
    kept = sorted(word for word, groups in holding.items() if len(groups) >= WORDS_FROM)
    return {word: place for place, word in enumerate(kept)}


def _word_table(
    words: Sequence[frozenset[str]], turns: NDArray[Any], vocabulary: Mapping[str, int]
) -> Floats:
    """Which turn holds which word, rows of length 1; float32 [turns, v]."""
    table = np.zeros((len(turns), len(vocabulary)), dtype=np.float32)
    for place, turn in enumerate(turns):
        table[place, [vocabulary[word] for word in words[turn] if word in vocabulary]] = 1
    return table / np.maximum(np.sqrt(table.sum(axis=1, keepdims=True)), 1)


class _Problem:
    """The loss over a sample of items for each turn."""

    def __init__(self, task: Task, chosen: NDArray[Any], vocabulary: Mapping[str, int]) -> None:
        n = len(chosen)
        self.items, stands_for = _sample(task.by_hand[chosen])
        rows = chosen[:, None]
        barred = task.named[rows, self.items]
        self.base = np.where(barred, -np.inf, stands_for + task.by_hand[rows, self.items])
        place = np.full(len(task.named), -1)
        place[chosen] = np.arange(n)
        mine = place[task.turns] >= 0
        self.turns, self.targets = place[task.turns[mine]], task.targets[mine]
        self.count = np.bincount(self.turns, minlength=n).astype(np.float32)
        at = chosen[self.turns], self.targets
        self.right = float(task.by_hand[at].sum())
        self.sampled = [part[rows, self.items] for part in task.parts.values()]
        self.found = np.array([float(part[at].sum()) for part in task.parts.values()])
        self.scale = np.array([max(float(part.std()), 1e-6) for part in self.sampled])
        self.words = _word_table(task.words, chosen, vocabulary)
        self.theirs = task.profile[self.items]
        pulled = np.zeros((n, task.profile.shape[1]), dtype=np.float32)
        np.add.at(pulled, self.turns, task.profile[self.targets])
        self.pulled = pulled
        self.shape = len(vocabulary), task.profile.shape[1]

    def split(self, values: NDArray[Any]) -> tuple[NDArray[Any], Floats]:
        """Weights of the parts, and of the words."""
        parts = len(self.scale)
        return values[:parts] / self.scale, values[parts:].reshape(self.shape).astype(np.float32)

    def loss(self, values: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Mean negative logarithm of the targets' probability, with its gradient."""
        weights, of_words = self.split(values)
        size, parts = len(self.turns), len(weights)
        direction = self.words @ of_words
        scores = self.base + (self.theirs @ direction[:, :, None])[:, :, 0]
        for weight, part in zip(weights, self.sampled, strict=True):
            scores += np.float32(weight) * part
        top = scores.max(axis=1, keepdims=True)
        chance = np.exp(scores - top)
        total = chance.sum(axis=1, keepdims=True)
        logs = float((top + np.log(total))[self.turns].sum())
        right = self.right + float(weights @ self.found) + float((direction * self.pulled).sum())
        loss = (logs - right) / size
        expected = (chance / total * self.count[:, None]).astype(np.float32)
        slope = np.array([float((expected * part).sum()) for part in self.sampled]) - self.found
        pull = (expected[:, None, :] @ self.theirs)[:, 0, :] - self.pulled
        loss += SHRINK_PARTS * float((values[:parts] ** 2).sum())
        loss += SHRINK_WORDS * float((of_words.astype(np.float64) ** 2).sum())
        gradient = np.concatenate(
            [
                slope / size / self.scale + 2 * SHRINK_PARTS * values[:parts],
                (self.words.T @ pull / size + 2 * SHRINK_WORDS * of_words).ravel(),
            ]
        )
        return loss, gradient.astype(np.float64)


def _sample(by_hand: Floats) -> tuple[NDArray[Any], Floats]:
    """Items to look at for each turn, and the logarithm of how many each stands for."""
    rng = np.random.default_rng(0)
    n, m = by_hand.shape
    kept = min(FIRST, m)
    best = np.argpartition(-by_hand, kept - 1, axis=1)[:, :kept]
    others = rng.integers(0, m, (n, OTHERS))
    among = np.zeros((n, m), dtype=bool)
    np.put_along_axis(among, best, True, axis=1)
    stands_for = np.full((n, kept + OTHERS), np.log(m / OTHERS), dtype=np.float32)
    stands_for[:, :kept] = 0
    stands_for[:, kept:][np.take_along_axis(among, others, axis=1)] = -np.inf
    return np.concatenate([best, others], axis=1), stands_for


def counts_elsewhere(
    mentions: Sequence[Sequence[int]], groups: NDArray[Any], train: NDArray[np.bool_], m: int
) -> Floats:
    """Logarithm of how many training dialogues name each item, one's own left out; [n, m].

    Args:
        mentions: the items that each turn's dialogue named up to then, with its targets.
        groups: the dialogue of each turn.
        train: bool [n], the turns that may be counted.
        m: how many items.
    """
    by_group: dict[int, Counter[int]] = {}
    for turn in np.flatnonzero(train):
        own = by_group.setdefault(int(groups[turn]), Counter())
        own.update(dict.fromkeys(set(mentions[turn]) - set(own), 1))
    total = np.zeros(m, dtype=np.float32)
    for own in by_group.values():
        total[list(own)] += 1
    found = np.empty((len(mentions), m), dtype=np.float32)
    for turn, group in enumerate(groups):
        found[turn] = total
        if int(group) in by_group:
            found[turn, list(by_group[int(group)])] -= 1
    return np.asarray(np.log1p(found), dtype=np.float32)
