"""Holds LightGBM's text form against its own counts before the library sees it.

The library believes what it reads: an index out of range ends the interpreter, children that lead
back to their parents never end. Only what `Ranker.train` writes is let pass: numeric splits, one
class, one tree an iteration.
"""

from __future__ import annotations

import math
import re

MOST_TREES, MOST_LEAVES = 5_000, 4_096
MOST_BYTES = 1 << 26
LARGEST = 1e12
"""No threshold and no leaf of a real model comes near it."""
HEADER = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
}
KEYS = frozenset(
    (
        *("num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type"),
        *("left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count"),
        *("internal_value", "internal_weight", "internal_count", "is_linear", "shrinkage"),
    )
)
INNER_INTEGERS = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
INNER_NUMBERS = ("split_gain", "threshold", "internal_value", "internal_weight")
DECISIONS = frozenset(range(0, 16, 2))
"""Numeric splits: default side and kind of missing value; the lowest bit would mean categories."""


def fault(text: bytes, n_features: int) -> str:
    """What is wrong with the text of a model of so many features; "" if nothing is."""
    if len(text) > MOST_BYTES:
        return "it is too large"
    try:
        _check(text, n_features)
    except (ValueError, KeyError, OverflowError) as error:
        return str(error) or "it is no model"
    return ""


def _check(text: bytes, n_features: int) -> None:
    if b"\0" in text:
        raise ValueError("it holds a zero byte")
    whole = text.decode("utf-8")
    head, _, rest = whole.partition("\n\n")
    lines = head.split("\n")
    if lines[:1] != ["tree"]:
        raise ValueError("it does not begin as a model does")
    header = _pairs(lines[1:])
    for key, value in HEADER.items():
        if header.get(key) != value:
            raise ValueError(f"its {key} is another")
    if _whole(header["max_feature_idx"]) != n_features - 1:
        raise ValueError("it is of other features")
    for key in ("feature_names", "feature_infos"):
        if len(header[key].split(" ")) != n_features:
            raise ValueError(f"not one of its {key} a feature")
    sizes = [_whole(word) for word in header["tree_sizes"].split(" ") if word]
    if not 0 < len(sizes) <= MOST_TREES:
        raise ValueError("a model cannot have so many trees")
    _check_trees(rest, sizes, n_features)


def _check_trees(rest: str, sizes: list[int], n_features: int) -> None:
    begin = 0
    for number, size in enumerate(sizes):
        block = rest[begin : begin + size]
        if not block.startswith(f"Tree={number}\n") or not 0 < size == len(block):
            raise ValueError(f"tree {number} does not stand where its size says")
        _check_tree(block.rstrip("\n").split("\n")[1:], number, n_features)
        begin += size
    if not rest[begin:].startswith("end of trees\n"):
        raise ValueError("its trees do not end where their sizes say")


def _check_tree(lines: list[str], number: int, n_features: int) -> None:
    tree = _pairs(lines)
    if not set(tree) <= KEYS:
        raise ValueError(f"tree {number} holds what ours do not")
    leaves = _whole(tree["num_leaves"])
    if not 1 <= leaves <= MOST_LEAVES or tree["num_cat"] != "0" or tree["is_linear"] != "0":
        raise ValueError(f"tree {number} has another shape")
    _numbers(tree, "leaf_value", leaves)
    if not 0 <= _number(tree["shrinkage"]) <= 1:
        raise ValueError(f"tree {number}: shrinkage out of range")
    if leaves == 1:
        return
    for key in ("leaf_weight", "leaf_count"):
        _numbers(tree, key, leaves)
    inner = leaves - 1
    for key in INNER_NUMBERS:
        _numbers(tree, key, inner)
    whole = {key: _integers(tree, key, inner) for key in INNER_INTEGERS}
    if not all(0 <= feature < n_features for feature in whole["split_feature"]):
        raise ValueError(f"tree {number} splits by a feature that there is not")
    if not set(whole["decision_type"]) <= DECISIONS:
        raise ValueError(f"tree {number} decides by what ours do not")
    _check_shape(whole["left_child"], whole["right_child"], number)


def _check_shape(left: list[int], right: list[int], number: int) -> None:
    """Every node but the root and every leaf hangs from one node, which stands before it."""
    inner = len(left)
    seen: set[int] = set()
    for node, children in enumerate(zip(left, right, strict=True)):
        for child in children:
            # leaves are written as -1, -2, …; a node after its parent can lead back to none
            if child in seen or not (node < child < inner or -inner - 1 <= child < 0):
                raise ValueError(f"tree {number} is no tree")
            seen.add(child)
    if len(seen) != 2 * inner:
        raise ValueError(f"tree {number} is no tree")


def _pairs(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and key in found:
            raise ValueError(f"it says {key[:40]} twice")
        found[key] = value
    return found


def _whole(word: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,10}", word):
        raise ValueError(f"{word[:40]!r} is no whole number")
    return int(word)


def _number(word: str) -> float:
    number = float(word)
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise ValueError(f"{word[:40]} is out of range")
    return number


def _integers(tree: dict[str, str], key: str, count: int) -> list[int]:
    found = [_whole(word) for word in tree[key].split(" ")]
    if len(found) != count:
        raise ValueError(f"not one {key} a node")
    return found


def _numbers(tree: dict[str, str], key: str, count: int) -> None:
    if len([_number(word) for word in tree[key].split(" ")]) != count:
        raise ValueError(f"not one {key} a node")
