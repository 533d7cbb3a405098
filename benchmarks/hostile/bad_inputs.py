"""Files from strangers: every file of a collection through `recagent catalog add`."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import Any

from tests.hostile.files import (
    add,
    manifest_of,
    not_calm,
    unpacked,
    wrong_place,
    wrong_verdict,
)

from .trials import Corpora, Trial

VERDICT = "files: the expected verdict"
PLACE = "files: line and column are named"
CALM = "files: no traceback, no hang, one line"


def run(corpora: Corpora) -> Iterable[Trial]:
    """A verdict, a place and a manner for each file of the manifest."""
    if corpora.bad_inputs is None:
        return
    manifest = manifest_of(corpora.bad_inputs)
    folder = unpacked(corpora.bad_inputs, corpora.folder("bad_inputs"), manifest)
    if folder is None:
        return
    # Interactions are read with the first file of items in which nothing is wrong.
    good = next((r["file"] for r in manifest if _is(r, "items", "accept")), None)
    for row in manifest:
        items = None if row["role"] == "items" or good is None else folder / good
        home = corpora.folder("home")
        answer = add(folder / row["file"], items, home)
        shutil.rmtree(home)
        checks: list[tuple[str, Iterable[str]]] = [
            (VERDICT, wrong_verdict(answer, row)),
            (CALM, not_calm(answer)),
        ]
        if row.get("line") is not None or row.get("column") is not None:
            checks.append((PLACE, wrong_place(answer, row)))
        for name, wrong in checks:
            told = list(wrong)
            why = "; ".join(told)[:500]
            yield Trial(name, f"{row['id']} {row['file']}", not told, answer.seconds, why)


def _is(row: dict[str, Any], role: str, expect: str) -> bool:
    return bool(row["role"] == role and row["expect"] == expect)
