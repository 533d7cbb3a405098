"""What was learned of models, kept from run to run: how one is asked, and what else it can do.

A cache: a file that is missing, damaged or cannot be written is nothing to speak of. What is old is
forgotten, so that a server that was updated gets another chance.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from recagent_catalogs.errors import RecagentError

from ..paths import make_dir, write_private

KEPT_S = 28 * 86_400.0
MOST_KEPT = 200
MOST_BYTES = 200_000
LONGEST = 300
SCHEMA = "recagent.models/1"


def key_of(model: str, api_base: str | None, what: str = "") -> str:
    """The name of something known of a model at an address.

    Args:
        model: as the person named it.
        api_base: address of the person's own server; of it only host, port and path count.
        what: what is known; "" is how calls are made ("native" or "text").
    """
    try:
        parts = urlsplit(api_base or "")
    except ValueError:
        parts = urlsplit("")
    address = f"{parts.hostname or ''}{f':{_port(api_base)}' if _port(api_base) else ''}"
    place = f" at {address}{parts.path.rstrip('/')}" if address or parts.path else ""
    return f"{what + ' of ' if what else ''}{model}{place}"[:LONGEST]


def _port(api_base: str | None) -> int | None:
    try:
        return urlsplit(api_base or "").port
    except ValueError:
        return None


class KnownModels(MutableMapping[str, str]):
    """Words by key (`key_of`), in one small file that only its owner may read.

    Args:
        path: the file.
        clock: seconds since 1970.
        writes: whether anything may be kept just now; what is learned while it may not is known
            here alone.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        writes: Callable[[], bool] = lambda: True,
    ) -> None:
        self._path = path
        self._clock = clock
        self._writes = writes
        self._aside: dict[str, tuple[str, float]] = {}
        self._held = self._read()

    def __getitem__(self, key: str) -> str:
        word, since = self._all[key]
        if not self._fresh(since):
            raise KeyError(key)
        return word

    def __setitem__(self, key: str, word: str) -> None:
        entry = {key[:LONGEST]: (word[:LONGEST], self._clock())}
        if self._writes():
            self._aside.pop(key[:LONGEST], None)
            self._write(entry, ())
        else:
            self._aside.update(entry)

    def __delitem__(self, key: str) -> None:
        if key not in self._all:
            raise KeyError(key)
        self._aside.pop(key, None)
        if self._held.pop(key, None) and self._writes():
            self._write({}, (key,))

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, (_, since) in self._all.items() if self._fresh(since)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def since(self, key: str) -> float | None:
        """When it was learned, in seconds since 1970; None where it is not known."""
        return self._all[key][1] if key in self else None

    @property
    def _all(self) -> dict[str, tuple[str, float]]:
        return {**self._held, **self._aside}

    def _fresh(self, since: float) -> bool:
        """Not too old, and not of a time to come: a clock may have been put back."""
        return -86_400.0 < self._clock() - since < KEPT_S

    def _read(self) -> dict[str, tuple[str, float]]:
        try:
            with self._path.open("rb") as file:
                found = json.loads(file.read(MOST_BYTES + 1)[:MOST_BYTES])
            entries = found["models"] if found["schema"] == SCHEMA else {}
            return {key: _entry(value) for key, value in list(entries.items())[:MOST_KEPT]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _write(self, new: dict[str, tuple[str, float]], gone: tuple[str, ...]) -> None:
        """Write what others wrote meanwhile, too; where that fails it is known here alone."""
        held = {**self._held, **self._read(), **new}
        fresh = {k: v for k, v in held.items() if k not in gone and self._fresh(v[1])}
        newest = sorted(fresh.items(), key=lambda item: item[1][1])[-MOST_KEPT:]
        self._held = dict(newest)
        text = json.dumps({"schema": SCHEMA, "models": self._held}, ensure_ascii=False, indent=1)
        try:
            make_dir(self._path.parent, private=True)
            write_private(self._path, text + "\n")
        except (RecagentError, ValueError):
            return


def names_in(path: Path) -> int:
    """How many models and addresses a file of `KnownModels` names, however old; 1 if damaged."""
    if not path.exists():
        return 0
    held = KnownModels(path)._held
    return len({key.rpartition(" of ")[2] for key in held}) or 1


def _entry(value: Any) -> tuple[str, float]:
    word, since = value
    if not isinstance(word, str) or isinstance(since, bool) or not isinstance(since, int | float):
        raise ValueError("no entry")
    return word[:LONGEST], float(since)
