"""Marks: up to where a person was told what is new in a catalog, and which items it had then.

One small file for each profile and catalog. Of the items it keeps eight bytes each, a hash of the
id: enough to tell which ones came since. It names nothing that the person said or was shown.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.locks import locked
from recagent_catalogs.store import Catalog

from ..paths import make_dir, unwritable, write_private

WAIT_S = 2.0
"""How long another process is waited for that tells the same person what is new."""
UNASKED = ("digest", "suggestion")
"""Sources of facts of the kind `shown`: what showed it without having been asked."""
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Mark:
    """What was known when the person was told last.

    Attributes:
        time: seconds since 1970 (UTC).
        fact: number of the last fact in the store then; 0 for none.
        before: the same of the time before that one, for whoever wants to be told again.
        fingerprint: of the catalog.
        taken_until: time of the last interaction in the data, seconds; None where not known.
        known: uint64 [m], hashes of the ids of its items, ascending.
    """

    time: float
    fact: int
    before: int
    fingerprint: str
    taken_until: int | None
    known: Hashes


@dataclass(frozen=True)
class Marks:
    """The marks of one profile about one catalog.

    Attributes:
        folder: where all marks are.
        profile, catalog: whose, and about which catalog.
    """

    folder: Path
    profile: str
    catalog: str

    def path(self, kind: str) -> Path:
        """The file of a mark: "digest", or "chat" for what the chat suggested."""
        return self.folder / f"{self.profile}.{self.catalog}.{kind}"

    def read(self, kind: str) -> Mark | None:
        """The mark of a kind; None where there is none, or it is damaged."""
        try:
            told: dict[str, Any] = json.loads(self.path(kind).read_text(encoding="utf-8"))
            if told.pop("checksum", None) not in (None, _sum(told)):  # older ones have none
                return None
            raw = base64.b64decode(told["known"], validate=True)
            until = told["taken_until"]
            return Mark(
                float(told["time"]),
                int(told["fact"]),
                int(told["before"]),
                str(told["fingerprint"]),
                None if until is None else int(until),
                np.frombuffer(raw, dtype="<u8").astype(np.uint64),
            )
        except (OSError, ValueError, KeyError, TypeError, binascii.Error):
            return None

    def latest(self) -> Mark | None:
        """The mark of whichever told the person last, the digest or the chat."""
        found = [mark for mark in (self.read("digest"), self.read("chat")) if mark is not None]
        return max(found, key=lambda mark: mark.time, default=None)

    def write(self, kind: str, mark: Mark) -> None:
        """Put a mark in place of the one that is there, whole or not at all.

        Raises:
            RecagentError: it cannot be written.
        """
        make_dir(self.folder, private=True)
        known = base64.b64encode(mark.known.astype("<u8").tobytes()).decode("ascii")
        told = {**vars(mark), "known": known}
        told["checksum"] = _sum(told)
        write_private(self.path(kind), json.dumps(told) + "\n")

    @contextmanager
    def alone(self, seconds: float = WAIT_S) -> Iterator[bool]:
        """One process at a time tells; whether this one may, after so many seconds at most.

        Raises:
            RecagentError: nothing can be written there.
        """
        lock = make_dir(self.folder, private=True) / f".{self.profile}.{self.catalog}.lock"
        with ExitStack() as stack:
            try:
                mine = stack.enter_context(locked(lock, seconds=seconds))
            except OSError as error:
                raise unwritable(lock, error) from error
            yield mine


def _sum(told: dict[str, Any]) -> str:
    """A digest of what a file says."""
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def remove_marks(folder: Path, profile: str, catalog: str | None = None) -> None:
    """Delete the marks of a profile, or those about one catalog."""
    for kind in ("digest", "chat"):
        for path in folder.glob(f"{profile}.{catalog or '*'}.{kind}"):
            path.unlink(missing_ok=True)


def hashed(ids: Iterable[str]) -> Hashes:
    """Eight bytes an id, uint64 [m]; of a million ids two are alike once in 37 million catalogs."""
    raw = b"".join(
        hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest() for id in ids
    )
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64)


def new_rows(catalog: Catalog, mark: Mark) -> NDArray[np.intp]:
    """Rows of items that came into the catalog since a mark, ascending.

    New is what it did not have then; and what it had, but nobody took until the data then ended
    and somebody did since, where the data tell the time in seconds. Of a catalog that has no item
    in common with the one of then nothing is new: it is another one under the same name.
    """
    if catalog.fingerprint == mark.fingerprint:
        return np.empty(0, dtype=np.intp)
    fresh = ~np.isin(hashed(catalog.all_ids()), mark.known)
    if fresh.all():
        return np.empty(0, dtype=np.intp)
    taken = catalog.interactions
    if mark.taken_until is not None and taken is not None and taken.time is not None:
        late = np.asarray(taken.time) > mark.taken_until
        first = np.zeros(catalog.n_items, dtype=bool)
        first[np.asarray(taken.item)[late]] = True
        first[np.asarray(taken.item)[~late]] = False
        fresh |= first
    return np.flatnonzero(fresh)


def taken_until(catalog: Catalog) -> int | None:
    """When the data of a catalog end, seconds since 1970; None where they tell no such time."""
    taken = catalog.interactions
    if catalog.time_kind != "seconds" or taken is None or taken.time is None or not len(taken):
        return None
    return int(np.max(taken.time))
