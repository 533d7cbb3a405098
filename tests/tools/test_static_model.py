"""Models of static embeddings: what is read, and what is refused in one line."""

from __future__ import annotations

import builtins
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_tools.models import static_model
from recagent_tools.models.safetensors import read_tensors
from recagent_tools.models.static_model import TENSORS, TOKENIZER, StaticModel, digest

from ..tiny_model import write_model, write_tensors, write_tokenizer

WORDS = {"sad": [1.0, 0.0], "song": [0.0, 1.0], "blue": [0.6, 0.8]}


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_a_text_is_the_mean_of_its_tokens_at_length_one(tmp_path: Path, dtype: str) -> None:
    model = StaticModel(write_model(tmp_path, WORDS, dtype=dtype))
    assert model.width == 2
    assert model.vector("Blue").tolist() == pytest.approx([0.6, 0.8], abs=1e-3)
    assert model.vector("sad, SONG").tolist() == pytest.approx([0.7071, 0.7071], abs=1e-3)
    # a word that the tokenizer does not know counts for nothing
    assert model.vector("sad zither").tolist() == pytest.approx([1, 0])
    assert model.vector("zither").tolist() == model.vector("").tolist() == [0, 0]


def test_weights_and_mapping(tmp_path: Path) -> None:
    folder = write_model(tmp_path, WORDS, weights=np.array([1.0, 3.0, 1.0, 1.0]))
    assert StaticModel(folder).vector("sad song").tolist() == pytest.approx([0.9487, 0.3162], 1e-3)
    rows = np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
    mapping = np.array([0, 1, 1, 0])
    write_tensors(folder / TENSORS, {"embeddings": rows, "mapping": mapping})
    model = StaticModel(folder)
    assert model.vector("song").tolist() == [1, 0] and model.vector("blue").tolist() == [0, 1]


def test_rows_that_are_no_numbers_give_no_direction(tmp_path: Path) -> None:
    model = StaticModel(write_model(tmp_path, {"sad": [np.inf, 1], "song": [np.nan, 0]}))
    assert model.vector("sad").tolist() == model.vector("sad song").tolist() == [0, 0]


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as caught:
        StaticModel(folder)
    assert "\n" not in caught.value.message and str(folder) in caught.value.message
    return caught.value.message


def header(path: Path, body: Any, data: bytes = b"") -> None:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


ENTRY = {"dtype": "F32", "shape": [4, 2], "data_offsets": [0, 32]}


@pytest.mark.parametrize(
    "entry",
    [
        {**ENTRY, "data_offsets": [0, 64]},
        {**ENTRY, "data_offsets": [32, 0]},
        {**ENTRY, "data_offsets": [-32, 0]},
        {**ENTRY, "data_offsets": [0]},
        {**ENTRY, "data_offsets": "0"},
        {**ENTRY, "shape": [2**62, 2**62]},
        {**ENTRY, "shape": [4, True]},
        {**ENTRY, "shape": [4, 2.0]},
        {**ENTRY, "shape": [8, 2]},
        {**ENTRY, "shape": [1] * 40},
        {**ENTRY, "shape": None},
        {**ENTRY, "dtype": 4},
        {"dtype": "F32"},
        [1, 2],
        None,
    ],
)
def test_a_tensor_that_cannot_be_as_described_is_refused(tmp_path: Path, entry: Any) -> None:
    write_model(tmp_path, WORDS)
    header(tmp_path / TENSORS, {"embeddings": entry}, bytes(32))
    assert "cannot be as described" in refused(tmp_path)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"abc",
        bytes(8),
        b"\xff" * 8,
        (100).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"\xff\xfe",
        (200_000).to_bytes(8, "little") + b"[" * 200_000,
        b"\x80\x04\x95 a pickle",
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, raw: bytes) -> None:
    write_model(tmp_path, WORDS)
    (tmp_path / TENSORS).write_bytes(raw)
    assert "no safetensors file" in refused(tmp_path)


@settings(max_examples=150)
@given(cut=st.integers(0, 400), place=st.integers(0, 400), byte=st.integers(0, 255))
def test_any_damage_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: int, place: int, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("model")
    write_model(folder, WORDS)
    raw = bytearray((folder / TENSORS).read_bytes())
    raw[place % len(raw)] = byte
    (folder / TENSORS).write_bytes(raw[: len(raw) - cut % 40])
    try:
        assert np.isfinite(StaticModel(folder).vector("sad song")).all()
    except BadInput:
        pass


def test_a_model_without_a_matrix_or_with_too_few_rows_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, WORDS)
    write_tensors(tmp_path / TENSORS, {"something": np.zeros((4, 2), dtype=np.float32)})
    assert "no matrix" in refused(tmp_path)
    write_tensors(tmp_path / TENSORS, {"embeddings": np.zeros(8, dtype=np.float32)})
    assert "no matrix" in refused(tmp_path)
    write_tensors(tmp_path / TENSORS, {"embeddings": np.zeros((3, 2), dtype=np.float32)})
    assert "more tokens" in refused(tmp_path)
    write_model(tmp_path, WORDS, weights=np.zeros((4, 1)))
    assert "weights" in refused(tmp_path)
    header(tmp_path / TENSORS, {"embeddings": {**ENTRY, "dtype": "BF16"}}, bytes(32))
    assert "no matrix" in refused(tmp_path)


def test_rows_and_tokens_beyond_the_matrix_are_left_out(tmp_path: Path) -> None:
    rows = np.eye(2, dtype=np.float32)
    write_model(tmp_path, WORDS)
    mapping = np.array([0, 99, -1, 1])
    write_tensors(tmp_path / TENSORS, {"embeddings": rows, "mapping": mapping})
    model = StaticModel(tmp_path)
    assert model.vector("sad song").tolist() == [0, 0] and model.vector("blue").tolist() == [0, 1]
    write_model(tmp_path, WORDS)
    text = (tmp_path / TOKENIZER).read_text().replace('"blue": 3', '"blue": 4000000000')
    (tmp_path / TOKENIZER).write_text(text)
    assert StaticModel(tmp_path).vector("blue").tolist() == [0, 0]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"model": {"type": "Nope"}}', "\0"])
def test_a_wrong_tokenizer_is_refused(tmp_path: Path, text: str) -> None:
    write_model(tmp_path, WORDS)
    (tmp_path / TOKENIZER).write_text(text)
    assert "no tokenizer" in refused(tmp_path)


def test_a_folder_without_a_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no folder with a model" in refused(tmp_path / "nowhere")
    write_tokenizer(tmp_path / TOKENIZER, ["sad"])
    (tmp_path / TENSORS).mkdir()
    assert "no folder with a model" in refused(tmp_path)
    (tmp_path / TENSORS).rmdir()
    write_model(tmp_path, WORDS)
    monkeypatch.setitem(static_model.LARGEST, TENSORS, 10)
    assert "too large" in refused(tmp_path)


def test_without_the_library_the_hint_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "tokenizers":
            raise ImportError(name)
        return usual(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(RecagentError) as caught:
        StaticModel(write_model(tmp_path, WORDS))
    assert "recagent-cli[semantic]" in caught.value.hint


def test_the_digest_is_of_both_files_and_hashes_an_unchanged_model_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, stamps = write_model(tmp_path / "model", WORDS), tmp_path / "stamps.json"
    first = digest(folder, stamps)
    assert first == digest(folder) and len(first) == 64
    with monkeypatch.context() as patched:
        patched.setattr(static_model, "describe", lambda path: pytest.fail("hashed again"))
        assert digest(folder, stamps) == first
    stamps.write_text("[]")
    assert digest(folder, stamps) == first
    tokenizer = folder / TOKENIZER
    tokenizer.write_text(tokenizer.read_text() + " ")
    assert digest(folder, stamps) != first
    os.remove(tokenizer)
    with pytest.raises(BadInput):
        digest(folder, stamps)


def test_tensors_are_mapped_read_only(tmp_path: Path) -> None:
    write_model(tmp_path, WORDS)
    tensor = read_tensors(tmp_path / TENSORS)["embeddings"]
    assert not tensor.flags.writeable and tensor.shape == (4, 2)
