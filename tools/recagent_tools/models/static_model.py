"""Static sentence embeddings from a folder that the person names, in the layout of model2vec.

`tokenizer.json` cuts a text into tokens, `model.safetensors` holds a row for each of them; a text's
vector is the mean of its tokens' rows. No network, no code of the folder's: two files of data.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_catalogs.text import fold

from .artefacts import describe
from .safetensors import read_tensors

TOKENIZER, TENSORS = "tokenizer.json", "model.safetensors"
FILES = (TOKENIZER, TENSORS)
ROWS = ("embeddings", "embedding.weight")
"""Names of the matrix: model2vec's, sentence-transformers'."""
LARGEST = {TOKENIZER: 1 << 27, TENSORS: 1 << 32}
WIDEST = 8192
HINT = 'recagent config set semantic.model "" turns it off'

Vector = NDArray[np.float32]


def digest(folder: Path, stamps: Path | None = None) -> str:
    """The sha256 of a folder's model: of the names and checksums of its two files.

    Args:
        folder: of the model.
        stamps: a file of ours that remembers what was hashed, so that an unchanged model of
            hundreds of megabytes is hashed once.

    Raises:
        BadInput: a file is missing, too large, or cannot be read.
    """
    paths = [_checked(folder, name) for name in FILES]
    try:
        stats = [path.stat() for path in paths]
        now = [str(folder), *([s.st_size, s.st_ino, s.st_mtime_ns, s.st_ctime_ns] for s in stats)]
        known = _remembered(stamps)
        if known.get("stamps") == now:
            return str(known.get("sha256"))
        sums = [[path.name, describe(path)["sha256"]] for path in paths]
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", path=folder, hint=HINT) from error
    found = hashlib.sha256(json.dumps(sums).encode()).hexdigest()
    if stamps is not None:
        _remember(stamps, {"stamps": now, "sha256": found})
    return found


def _checked(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        what = f"no folder with a model: {' and '.join(FILES)} are needed"
        raise BadInput(what, path=folder, hint=HINT)
    if path.stat().st_size > LARGEST[name]:
        raise BadInput("too large for a static model", path=path, hint=HINT)
    return path


def _remembered(stamps: Path | None) -> dict[str, Any]:
    try:
        found = json.loads(stamps.read_bytes()) if stamps is not None else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(stamps: Path, what: dict[str, Any]) -> None:
    """Written beside and renamed: two processes may do so at once."""
    import secrets

    fresh = stamps.with_name(f".new-{stamps.name}-{secrets.token_hex(4)}")
    try:
        fresh.write_text(json.dumps(what), encoding="utf-8")
        fresh.replace(stamps)
    except OSError:
        fresh.unlink(missing_ok=True)  # it is hashed again next time


class StaticModel:
    """Turns texts into vectors of length 1.

    Args:
        folder: where `tokenizer.json` and `model.safetensors` stand.

    Raises:
        BadInput: there is no such model, or it is damaged.
        RecagentError: the library of tokenizers is not installed.
    """

    def __init__(self, folder: Path) -> None:
        for name in FILES:
            _checked(folder, name)
        self._tokenizer = _tokenizer(folder / TOKENIZER)
        tensors = read_tensors(folder / TENSORS)
        path = folder / TENSORS
        rows = next((tensors[name] for name in ROWS if name in tensors), None)
        if rows is None or rows.ndim != 2 or rows.dtype.kind not in "fi" or rows.shape[1] > WIDEST:
            raise BadInput(
                "no static model: it has no matrix 'embeddings' of numbers", path=path, hint=HINT
            )
        self._rows = rows
        self._row_of = tensors.get("mapping")
        self._weights = tensors.get("weights")
        for extra, kind in ((self._row_of, "i"), (self._weights, "f")):
            if extra is not None and (extra.ndim != 1 or extra.dtype.kind != kind):
                raise BadInput("damaged: weights or mapping are no list", path=path, hint=HINT)
        per_token = (rows if self._row_of is None else self._row_of, self._weights)
        self._n_tokens = min(len(tensor) for tensor in per_token if tensor is not None)
        if self._tokenizer.get_vocab_size() > self._n_tokens:
            raise BadInput(
                "the tokenizer knows more tokens than the model has rows", path=folder, hint=HINT
            )
        unknown = getattr(self._tokenizer.model, "unk_token", None)
        self._unknown = self._tokenizer.token_to_id(unknown) if unknown else None

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self._rows.shape[1])

    def vector(self, text: str) -> Vector:
        """float32 [width] of length 1; zeros where no token is known.

        The mean is brought to length 1 in any case (the `normalize` of a `config.json` would say
        so only sometimes): what is compared are directions.
        """
        ids = self._tokenizer.encode(fold(text), add_special_tokens=False).ids
        ids = [i for i in ids if i != self._unknown and i < self._n_tokens]
        places = np.asarray(ids, dtype=np.int64)
        rows = places if self._row_of is None else np.asarray(self._row_of[places], dtype=np.int64)
        fits = (rows >= 0) & (rows < len(self._rows))
        places, rows = places[fits], rows[fits]
        if not len(rows):
            return np.zeros(self.width, dtype=np.float32)
        taken = self._rows[rows].astype(np.float64)
        with np.errstate(all="ignore"):  # a damaged row may hold infinities
            if self._weights is not None:
                taken = taken * self._weights[places, None]
            mean = taken.mean(axis=0)
            length = float(np.linalg.norm(mean))
        if not np.isfinite(length) or not length:
            return np.zeros(self.width, dtype=np.float32)
        return np.asarray(mean / length, dtype=np.float32)


def _tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise RecagentError(
            "semantic.model needs the library tokenizers",
            hint="pip install 'recagent-cli[semantic]'",
        ) from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.no_truncation()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the library is no Exception
        raise BadInput(f"no tokenizer: {str(error)[:200]}", path=path, hint=HINT) from error
    return tokenizer
