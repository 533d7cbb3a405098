"""A model of static embeddings made by hand: a few words, each with a direction of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64", "int8": "I8"}


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """A safetensors file."""
    header: dict[str, Any] = {"__metadata__": {"format": "np"}}
    body: bytes = b""
    for name, tensor in tensors.items():
        raw = tensor.tobytes()
        header[name] = {
            "dtype": DTYPES[str(tensor.dtype)],
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def write_tokenizer(path: Path, words: Sequence[str]) -> None:
    """A tokenizer of whole words; number 0 is the unknown one."""
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *words])}
    body: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    path.write_text(json.dumps(body), encoding="utf-8")


def write_model(
    folder: Path, words: Mapping[str, Sequence[float]], *, dtype: str = "float32", **more: Any
) -> Path:
    """A folder with such a model, each word with its row; `more` are further tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    width = len(next(iter(words.values())))
    rows = np.array([[9.0] * width, *words.values()], dtype=dtype)
    write_tokenizer(folder / "tokenizer.json", list(words))
    write_tensors(folder / "model.safetensors", {"embeddings": rows, **more})
    (folder / "config.json").write_text('{"normalize": true}', encoding="utf-8")
    return folder
