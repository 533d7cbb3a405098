"""Models on disk: damaged, edited with fitting checksums, of another machine; `ask` goes on.

The catalog is the sixteen invented films of the tests, so that what has to be trained anew is
trained in a moment.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.hostile import forked
from tests.hostile import models as attacks

from .at_once import Unit, at_once
from .trials import Corpora, Trial, tried

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"
SLACK_S = 5.0
"""So much longer than usual may an answer take."""
DAMAGED = "models: a damaged file, the build before is there"
ALONE = "models: a damaged file, no other build"
EDITED = "models: trees edited, sums written anew"
NUMBERS = "models: numbers edited, sums written anew"
TOLD = "models: manifest or pointer edited"
FOREIGN = "models: whole, of another machine"
WORDS = ["ask", "sci-fi films I could like", "--format", "ids"]


class Films:
    """A home with a trained catalog, and its copies."""

    def __init__(self, place: Path) -> None:
        self.place, self.home = place, place / "home"

    def make(self) -> None:
        """Ingest, learn a taste, build twice."""
        env = self.env(self.home)
        source = [str(DATA / "films.csv"), "--interactions", str(DATA / "films-ratings.csv")]
        for words in (
            ["catalog", "add", "films", *source],
            ["build", "films"],
            ["ask", "I loved Paper Lanterns"],
        ):
            ran = forked.run(words, self.place / "setup", env=env, seconds=300)
            if ran.code:
                raise RuntimeError(f"{words}: {ran.err[-300:]}")
        self._build_again(self.home / "data" / "models" / "films")
        started = forked.run(WORDS, self.place / "setup", env=env)
        self.usual_s = started.seconds

    @staticmethod
    def _build_again(models: Path) -> None:
        """One more build of the same numbers, so that there is one before it."""
        from recagent_tools.models.artefacts import write_build

        first = attacks.current_build(models)
        manifest = json.loads((first / "manifest.json").read_bytes())
        parts = list(manifest.pop("files"))
        manifest["settings"]["again"] = True

        def copied(place: Path) -> None:
            for name in parts:
                shutil.copyfile(first / name, place / name)

        write_build(models, copied, manifest)

    @staticmethod
    def env(home: Path) -> dict[str, str | None]:
        """Of a command in that home."""
        return {"RECAGENT_HOME": str(home), "RECAGENT_CATALOG": "films", "COLUMNS": "80"}

    def copy(self, *, known: bool, alone: bool) -> tuple[Path, Path]:
        """A home of its own and its models.

        Args:
            known: whether the models count as made there.
            alone: whether only the current build is there.
        """
        from recagent_tools.models.artefacts import trust

        home = Path(tempfile.mkdtemp(prefix="copy", dir=self.place)) / "home"
        shutil.copytree(self.home, home)
        models = home / "data" / "models" / "films"
        for manifest in models.glob("*/manifest.json"):
            if alone and manifest.parent != attacks.current_build(models):
                shutil.rmtree(manifest.parent)
            elif known:
                trust(manifest.parent, json.loads(manifest.read_bytes())["files"])
        return home, models


def run(corpora: Corpora) -> Iterable[Trial]:
    """Every kind of damage to every file of a build."""
    forked.warm_up()
    films = Films(corpora.folder("models"))
    films.make()
    yield from at_once(list(_units(films)), films.place)


def _units(films: Films) -> Iterator[Unit]:
    models = films.home / "data" / "models" / "films"
    names = [path.name for path in attacks.files_of(attacks.current_build(models))]
    for place, name in enumerate(names):
        other = attacks.current_build(models) / names[place - 1]
        for number, (kind, damage) in enumerate(attacks.damages(other).items()):
            if name.endswith(".npy") and (number + place) % 3:
                continue  # an array is read as any other: each kind on every third
            yield _unit(films, DAMAGED, f"{name}: {kind}", _file(name, damage))
            if (
                place % 6 == 0
                and kind in ("missing", "cut at 50%", "a pipe")
                or (kind == "cut at 50%" and name.startswith("ranker"))
            ):
                yield _unit(films, ALONE, f"{name}: {kind}", _file(name, damage), alone=True)
    for place, name in enumerate(names):
        content = (attacks.current_build(models) / name).read_bytes()
        if name.endswith(".txt"):
            for kind, edited in attacks.text_edits(content).items():
                yield _unit(films, EDITED, f"{name}: {kind}", _summed(name, edited), foreign=True)
        elif name.endswith(".npy"):
            for number, (kind, edited) in enumerate(attacks.array_edits(content).items()):
                if (number + place) % 3 and not kind.startswith("one"):
                    continue
                yield _unit(
                    films, NUMBERS, f"{name}: {kind}", _summed(name, edited), foreign=True,
                    noted=False,
                )  # fmt: skip
    manifest = json.loads((attacks.current_build(models) / "manifest.json").read_bytes())
    for kind, told in attacks.manifests(manifest).items():
        yield _unit(
            films, TOLD, f"manifest: {kind}", lambda m, told=told: attacks.point_anew(m, told),
            foreign=True, noted=kind not in ("retrievers none",),
        )  # fmt: skip
    for kind, content in attacks.POINTERS.items():
        yield _unit(
            films, TOLD, f"pointer: {kind}",
            lambda m, content=content: (m / "current").write_bytes(content),
        )  # fmt: skip
    yield _unit(films, FOREIGN, "copied", lambda models: None, foreign=True, noted=False)


def _unit(films: Films, row: str, id: str, damage: Callable[[Path], object], **more: bool) -> Unit:
    return row, lambda: [_tried(films, row, id, damage, **more)]


def _file(name: str, damage: attacks.Damage) -> Callable[[Path], object]:
    return lambda models: damage(attacks.current_build(models) / name)


def _summed(name: str, content: bytes) -> Callable[[Path], object]:
    def edit(models: Path) -> None:
        (attacks.current_build(models) / name).write_bytes(content)
        attacks.sum_anew(models)

    return edit


def _tried(
    films: Films,
    row: str,
    id: str,
    damage: Callable[[Path], object],
    *,
    alone: bool = False,
    foreign: bool = False,
    noted: bool = True,
) -> Trial:
    home, models = films.copy(known=not foreign, alone=alone)

    def check() -> Iterator[str]:
        damage(models)
        ran = forked.run(WORDS, home / "ran", env=films.env(home), seconds=30)
        yield from attacks.answered(ran.code, ran.out, ran.err, noted=noted)
        if ran.seconds > films.usual_s + SLACK_S:
            yield f"{ran.seconds:.1f} s"

    trial = tried(row, id, check)
    shutil.rmtree(home.parent, ignore_errors=True)
    return trial
