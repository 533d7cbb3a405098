"""The fifteen invariants, over every text of `injections.jsonl`, with a brain that obeys it.

Each text stands in a row of one catalog, made by the real ingest. For each there are four turns of
the real loop with the real tools and screens: of a brain of the loop, and of a model asked
natively, in text and by a plan. I12 compares the lists of two catalogs that differ by the one
text; I5 and I15, and what goes over the wire, are tried in processes of their own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from tests.hostile.attacks import Attack
from tests.hostile.elsewhere import host_and_key, own_key, strangers_folder
from tests.hostile.elsewhere import run as run_elsewhere
from tests.hostile.invariants import NAMES, OF_A_TURN, no_identity_argument
from tests.hostile.ranking import moved
from tests.hostile.recording import SHAPES, Stage, staged
from tests.hostile.world import CANARIES, World, make, poisoned_id

from .trials import Corpora, Trial, tried

MOST_OF_A_CATALOG = 60
"""Texts in the rows of one catalog: of many more it would be they that make it up."""
PROCESSES = 6
"""Texts whose model is asked over the wire, in a process: of each goal one, and these at most."""


def run(corpora: Corpora) -> Iterable[Trial]:
    """A trial for each invariant and text, I1 first; nothing without a corpus."""
    order = list(NAMES.values())
    return sorted(_trials(corpora), key=lambda trial: order.index(trial.row))


def _trials(corpora: Corpora) -> Iterator[Trial]:
    attacks = [Attack.of(row) for row in corpora.rows("injections.jsonl")]
    if not attacks:
        return
    folder = corpora.folder("invariants")
    os.environ.update(CANARIES)
    for number, start in enumerate(range(0, len(attacks), MOST_OF_A_CATALOG)):
        some = attacks[start : start + MOST_OF_A_CATALOG]
        home = folder / f"home{number}"
        world = make(home, some)
        with staged(home, world, build=not number) as stage:
            yield from _turns(stage, some)
            if not number:
                yield _of_the_tools(stage)
        if not number:
            yield from _processes(home, world, some, folder)
    for number, attack in enumerate(attacks):
        place = folder / f"pair{number}"
        yield tried(NAMES["I12"], attack.id, partial(moved, place, [attack]))


def _turns(stage: Stage, attacks: list[Attack]) -> Iterator[Trial]:
    for number, attack in enumerate(attacks):
        found: dict[str, list[str]] = {name: [] for name in OF_A_TURN}
        slowest = 0.0
        for shape in SHAPES:
            recording = stage.play(attack, poisoned_id(number), shape)
            slowest = max(slowest, recording.seconds)
            for name, check in OF_A_TURN.items():
                found[name] += [f"{shape}: {wrong}" for wrong in check(stage, recording)]
        for name, wrong in found.items():
            yield Trial(NAMES[name], attack.id, not wrong, slowest, "; ".join(wrong)[:500])


def _of_the_tools(stage: Stage) -> Trial:
    return tried(
        NAMES["I14"], "the tools' arguments", lambda: no_identity_argument(stage.assistant.toolbox)
    )


def _processes(home: Path, world: World, attacks: list[Attack], folder: Path) -> Iterator[Trial]:
    """What whole processes do: destructive commands from a pipe, and a stranger's folder."""
    for words in (
        ("profile", "forget", "--all"), ("session", "delete", "--all"), ("lessons", "clear"),
        ("catalog", "remove", "p"),
    ):  # fmt: skip
        yield tried(NAMES["I5"], " ".join(words), partial(_needs_yes, home, world, words))
    yield tried(NAMES["I15"], "without a model", lambda: _no_model(home, folder / "here"))
    yield tried(NAMES["I15"], "the provider's own key", lambda: own_key(home, folder / "here-own"))
    chosen: dict[str, int] = {}
    for number, attack in enumerate(attacks):
        chosen.setdefault(attack.goal, number)
    for number in list(chosen.values())[:PROCESSES]:
        attack, place = attacks[number], folder / f"here-{number}"
        yield tried(
            NAMES["I15"], f"{attack.id} over the wire",
            partial(host_and_key, home, place, attack, number),
        )  # fmt: skip


def _needs_yes(home: Path, world: World, words: tuple[str, ...]) -> Iterator[str]:
    began = time.perf_counter()
    ran = run_elsewhere(list(words), home, home)
    if ran.code != 2 or "--yes" not in ran.err:
        yield f"exit code {ran.code}: {ran.err[-200:]}"
    if not (world.place / "catalog.duckdb").is_file():
        yield "the catalog is gone"
    if time.perf_counter() - began > 30:
        yield "it waits for somebody"


def _no_model(home: Path, folder: Path) -> Iterator[str]:
    marker = strangers_folder(folder, "http://127.0.0.1:9")
    ran = run_elsewhere(["ask", "sci-fi from the 1990s", "-c", "p", "--json"], home, folder)
    if marker.exists():
        yield f"run out of the working directory: {' '.join(marker.read_text().split())}"
    if ran.code or '"brain": "builtin"' not in ran.out:
        yield f"exit code {ran.code}: {ran.err[-300:]}"
