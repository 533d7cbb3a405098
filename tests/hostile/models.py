"""What can be done to a catalog's models on disk, and what must hold afterwards."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Damage = Callable[[Path], None]
MOST_NOTES = 1


def answered(code: int, out: str, err: str, *, noted: bool = True) -> Iterator[str]:
    """What is wrong with how `ask --format ids` went in spite of the models."""
    if code != 0:
        yield f"exit code {code}"
    if not out.split():
        yield "no answer"
    notes = [line for line in err.splitlines() if line.startswith("note:")]
    told = [line for line in notes if "model" in line or "ranker" in line]
    if noted and len(told) != MOST_NOTES:
        yield f"{len(told)} notices: {err[-200:]!r}"
    if "Traceback" in err or "our own fault" in err:
        yield f"traceback: {err[-200:]!r}"


def current_build(models: Path) -> Path:
    """The directory of the build that the pointer names."""
    return models / str(json.loads((models / "current").read_bytes())["build"])


def files_of(build: Path) -> list[Path]:
    """The files of a build that say something."""
    return sorted(path for path in build.iterdir() if path.name != "checked.json")


def sum_anew(models: Path) -> None:
    """Write manifest and pointer anew, as whoever edits a model can."""
    build = current_build(models)
    manifest = json.loads((build / "manifest.json").read_bytes())
    for name in manifest["files"]:
        content = (build / name).read_bytes()
        told = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        manifest["files"][name] = told
    point_anew(models, manifest)


def point_anew(models: Path, manifest: Any) -> None:
    """Write a manifest of the current build, and its sum into the pointer."""
    raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    (current_build(models) / "manifest.json").write_bytes(raw)
    pointer = json.loads((models / "current").read_bytes())
    pointer["manifest"] = hashlib.sha256(raw).hexdigest()
    (models / "current").write_text(json.dumps(pointer))


def damages(other: Path) -> dict[str, Damage]:
    """Ways to damage one file; `other` is another file of the same build."""

    def cut(share: float) -> Damage:
        return lambda path: os.truncate(path, int(path.stat().st_size * share))

    def flip(share: float) -> Damage:
        def flipped(path: Path) -> None:
            content = bytearray(path.read_bytes())
            content[min(int(len(content) * share), len(content) - 1)] ^= 0x10
            path.write_bytes(content)

        return flipped

    def replaced(make: Damage) -> Damage:
        def damaged(path: Path) -> None:
            path.unlink()
            make(path)

        return damaged

    return {
        **{f"cut at {share:.0%}": cut(share) for share in (0, 0.01, 0.5, 0.99)},
        "one byte short": lambda path: os.truncate(path, path.stat().st_size - 1),
        "one byte more": lambda path: path.open("ab").write(b"\0") and None,
        **{f"a bit at {share:.0%}": flip(share) for share in (0, 0.3, 0.7, 1)},
        "missing": replaced(lambda path: None),
        "another file's": lambda path: shutil.copyfile(other, path) and None,
        "a folder": replaced(Path.mkdir),
        "a pipe": replaced(os.mkfifo),
        "a link to nothing": replaced(lambda path: path.symlink_to("/nowhere/at/all")),
        "a link to itself": replaced(lambda path: path.symlink_to(path.name)),
        "a device": replaced(lambda path: path.symlink_to("/dev/zero")),
        "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)) and None,
    }


def _sub(text: bytes, pattern: str, by: str, count: int = 1) -> bytes:
    edited, found = re.subn(pattern.encode(), by.encode(), text, count=count, flags=re.M)
    assert found, pattern
    return edited


def _sized(text: bytes) -> bytes:
    """The sizes of the trees written anew, so that only the edit itself is wrong."""
    trees = text[text.index(b"Tree=0") : text.index(b"end of trees")]
    starts = [found.start() for found in re.finditer(rb"^Tree=", trees, re.M)] + [len(trees)]
    sizes = " ".join(str(b - a) for a, b in zip(starts, starts[1:], strict=False))
    return _sub(text, r"^tree_sizes=.*$", f"tree_sizes={sizes}")


def text_edits(text: bytes) -> dict[str, bytes]:
    """Ways to edit a LightGBM text so that what it says of itself no longer holds."""

    def row(key: str, value: str) -> bytes:
        return _sized(_sub(text, rf"^{key}=.*$", f"{key}={value}"))

    def first(key: str, value: str, count: int = 1) -> bytes:
        return _sized(_sub(text, rf"^{key}=\S+", f"{key}={value}", count))

    deep = 3_000
    chain = {
        "num_leaves": str(deep + 1),
        "split_feature": " ".join("0" * deep),
        "split_gain": " ".join("1" * deep),
        "threshold": " ".join("0" * deep),
        "decision_type": " ".join("2" * deep),
        "left_child": " ".join(str(n) for n in (*range(1, deep), -deep - 1)),
        "right_child": " ".join(str(-n - 1) for n in range(deep)),
        "leaf_value": " ".join("1" * (deep + 1)),
    }
    long = text
    for key, value in chain.items():
        long = _sub(long, rf"^{key}=.*$", f"{key}={value}")
    half = text[: len(text) // 2]
    return {
        "cut in a tree": half,
        "cut in the header": text[:300],
        "cut after a tree": text[: text.index(b"Tree=1\n")],
        "no trees": _sub(text, r"^tree_sizes=.*$", "tree_sizes="),
        "sizes too large": _sub(text, r"^tree_sizes=\d+", "tree_sizes=99999999"),
        "sizes below zero": _sub(text, r"^tree_sizes=\d+", "tree_sizes=-5"),
        "sizes too small": _sub(text, r"^tree_sizes=\d+", "tree_sizes=7"),
        "too many sizes": _sub(text, r"^tree_sizes=", "tree_sizes=900 900 900 900 "),
        "leaves huge": first("num_leaves", "2000000000"),
        "leaves none": first("num_leaves", "0"),
        "leaves below zero": first("num_leaves", "-3"),
        "leaves more than told": first("num_leaves", "14"),
        "leaves no number": first("num_leaves", "many"),
        "categories": first("num_cat", "3"),
        "linear": first("is_linear", "1"),
        "feature out of range": first("split_feature", "99999"),
        "feature below zero": first("split_feature", "-7"),
        "child out of range": first("left_child", "4000"),
        "leaf out of range": first("right_child", "-4000"),
        "child is its parent": first("left_child", "0"),
        "children change places": row("left_child", "0 0 0 0 0 0 0"),
        "threshold nan": first("threshold", "nan"),
        "threshold infinite": first("threshold", "1e999"),
        "leaf nan": first("leaf_value", "nan"),
        "leaf huge": first("leaf_value", "1e300"),
        "too few leaf values": row("leaf_value", "1"),
        "too few thresholds": row("threshold", "1"),
        "too few children": row("left_child", "-1"),
        "kind of split": first("decision_type", "9"),
        "kind of split out of range": first("decision_type", "1000"),
        "a number of digits without end": first("num_leaves", "9" * 5_000),
        "3,000 levels deep": _sized(long),
        "features renamed": _sub(text, r"^feature_names=\S+ \S+", "feature_names=a"),
        "features many": _sub(text, r"^max_feature_idx=\d+", "max_feature_idx=100000000"),
        "features few": _sub(text, r"^max_feature_idx=\d+", "max_feature_idx=1"),
        "classes": _sub(text, r"^num_class=1", "num_class=100000000"),
        "trees an iteration": _sub(text, r"^num_tree_per_iteration=1", "num_tree_per_iteration=0"),
        "shrinkage": first("shrinkage", "1e308"),
        "zero bytes": text.replace(b"threshold", b"thr\0shold", 1),
        "no text": bytes(range(256)) * 40,
        "another format": b'{"tree_info": []}',
    }


def array_edits(content: bytes) -> dict[str, bytes]:
    """Ways to write an array whose numbers, type or shape no model has, readable as such."""
    array = np.load(io.BytesIO(content), allow_pickle=False)

    def written(made: Any, pickled: bool = False) -> bytes:
        out = io.BytesIO()
        np.save(out, made, allow_pickle=pickled)
        return out.getvalue()

    def headed(shape: str, descr: str = array.dtype.str) -> bytes:
        text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
        head = text.ljust(117) + "\n"
        return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + bytes(64)

    edits = {
        "shape huge": headed("(4000000000000000000,)"),
        "shape overflows": headed("(4294967296, 4294967296)"),
        "shape below zero": headed("(-1,)"),
        "shape of 40 dimensions": headed("(" + "1, " * 30 + ")"),
        "header nested": headed("(" * 30),
        "a pickle": written(np.array([{"a": 1}], dtype=object), pickled=True),
        "another type": written(array.astype("<f8" if array.dtype.str != "<f8" else "<f4")),
        "other order of bytes": written(array.astype(array.dtype.newbyteorder(">"))),
        "half as long": written(array[: len(array) // 2]),
        "empty": written(array[:0]),
    }
    if array.dtype.kind == "f" and array.size:
        for name, value in (("nan", np.nan), ("inf", np.inf), ("huge", 3e38)):
            some = array.copy()
            some.flat[array.size // 2] = value
            edits[f"one {name}"] = written(some)
    if array.dtype.kind == "i" and array.size:
        for name, number in (("large", 2**31 - 1), ("below zero", -5)):
            some = array.copy()
            some.flat[-1 if array.size == 1 else array.size // 2] = number
            edits[f"one {name}"] = written(some)
    return edits


def manifests(manifest: dict[str, Any]) -> dict[str, Any]:
    """Ways to write a manifest that is no manifest of ours."""
    files = manifest["files"]
    some = next(iter(files.values()))
    return {
        "a file above": {**manifest, "files": {**files, "../../etc/passwd": some}},
        "an absolute file": {**manifest, "files": {**files, "/etc/passwd": some}},
        "a device": {**manifest, "files": {**files, "/dev/zero": some}},
        "a hidden file": {**manifest, "files": {**files, ".lock": some}},
        "files a list": {**manifest, "files": list(files)},
        "files nothing": {**manifest, "files": None},
        "files none": {**manifest, "files": {}},
        "a size below zero": {**manifest, "files": dict.fromkeys(files, {**some, "bytes": -1})},
        "sums no text": {**manifest, "files": dict.fromkeys(files, {**some, "sha256": 7})},
        "retrievers unknown": {**manifest, "retrievers": ["os.system"]},
        "retrievers a number": {**manifest, "retrievers": 7},
        "retrievers none": {**manifest, "retrievers": []},
        "data a list": {**manifest, "data": []},
        "settings nothing": {**manifest, "settings": None},
        "the usual length nan": {**manifest, "data": {**manifest["data"], "usual_length": "x"}},
        "ratings' scale no numbers": {**manifest, "data": {**manifest["data"], "ratings": ["a"]}},
        "a list": [],
        "a number": 7,
        "nested": b"[" * 100_000,
        "no text": b"\xff\xfe\x00",
        "empty": b"",
    }


POINTERS = {
    "empty": b"",
    "a list": b"[]",
    "no text": b"\xff\xfe\x00\x01",
    "a path above": b'{"build": "../../../etc", "manifest": "0"}',
    "an absolute path": b'{"build": "/etc", "manifest": "0"}',
    "a build that is not there": b'{"build": "0123456789abcdef", "manifest": "0"}',
    "a number": b'{"build": 7, "manifest": 7}',
    "nested": b"[" * 100_000,
    "large": b" " * (1 << 17),
}
