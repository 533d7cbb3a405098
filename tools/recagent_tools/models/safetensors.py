"""Reads safetensors files with NumPy alone: a length, a JSON header, raw tensors.

Every number of the header is held against the file before it is used; nothing is unpickled.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import BadInput

DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I8": "i1",
}
LONGEST_HEADER = 1 << 23
"""Bytes; a static model has a few hundred, a transformer of a thousand tensors 200,000."""
MOST_DIMENSIONS = 8


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a file by name, memory-mapped and read-only.

    Tensors of a type that NumPy does not know (BF16) are left out.

    Raises:
        BadInput: the file is missing, cut, or says what cannot be.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or not 2 <= length <= min(size - 8, LONGEST_HEADER):
                raise BadInput("no safetensors file: its header has no possible length", path=path)
            header = json.loads(file.read(length))
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror or error}", path=path) from error
    except (ValueError, RecursionError) as error:
        raise BadInput("no safetensors file: its header is no JSON", path=path) from error
    if not isinstance(header, dict):
        raise BadInput("no safetensors file: its header is no JSON object", path=path)
    start, found = 8 + length, {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if not _is_sound(entry, size - start):
            raise BadInput(f"damaged: the tensor {name[:40]!r} cannot be as described", path=path)
        if entry["dtype"] in DTYPES:
            found[name] = _mapped(path, entry, start)
    return found


def _is_sound(entry: Any, room: int) -> bool:
    """Whether type, shape and place of a tensor agree with each other and with the file."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return False
    shape, place = entry.get("shape"), entry.get("data_offsets")
    if not (_are_sizes(shape) and _are_sizes(place)):
        return False
    if len(shape) > MOST_DIMENSIONS or len(place) != 2 or not place[0] <= place[1] <= room:
        return False
    kind = DTYPES.get(entry["dtype"])
    # Python's integers do not overflow: a product of large sizes stays large
    return kind is None or math.prod(shape) * np.dtype(kind).itemsize == place[1] - place[0]


def _are_sizes(numbers: Any) -> TypeGuard[list[int]]:
    # `type`, since True is an int as well
    return isinstance(numbers, list) and all(type(n) is int and n >= 0 for n in numbers)


def _mapped(path: Path, entry: dict[str, Any], start: int) -> NDArray[Any]:
    kind, shape = np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])
    if not math.prod(shape):  # nothing to map
        return np.zeros(0, dtype=kind)
    mapped = np.memmap(path, kind, "r", start + entry["data_offsets"][0], shape)
    return np.asarray(mapped)
