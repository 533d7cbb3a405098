"""Builds of models that were trained with a person's own events, found and retired.

A build says so itself: `own_events` among the settings of its manifest. It holds no words, but what
was learned of them; when something is forgotten, the build of before goes, and the current one is
marked until it is trained anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recagent_catalogs.locks import locked
from recagent_tools.models.artefacts import CURRENT, LOCK, MANIFEST

STALE = "stale.json"
"""In the models directory of a catalog: the build that was trained with what is forgotten."""


@dataclass(frozen=True)
class OwnBuild:
    """A build that a person's events went into.

    Attributes:
        catalog: whose models it holds.
        place: its directory.
        current: whether it is the one in use.
    """

    catalog: str
    place: Path
    current: bool


def own_builds(models: Path, profile: str, catalog: str | None = None) -> Iterator[OwnBuild]:
    """The builds that were trained with events of this profile.

    Args:
        models: the directory of all models, one of each catalog in it.
        profile: whose events.
        catalog: only of this one.
    """
    for manifest in sorted(models.glob(f"{catalog or '*'}/*/{MANIFEST}")):
        place = manifest.parent
        if holds_events_of(_read(manifest), profile, place.parent.name):
            pointer = _read(place.parent / CURRENT)
            yield OwnBuild(place.parent.name, place, pointer.get("build") == place.name)


def retire(models: Path, profile: str, catalog: str | None = None) -> list[str]:
    """Delete those that are not in use and mark those that are; returns the catalogs of these."""
    marked = []
    for build in list(own_builds(models, profile, catalog)):
        with locked(build.place.parent / LOCK):
            if not build.current:
                shutil.rmtree(build.place, ignore_errors=True)
                continue
            told = json.dumps({"build": build.place.name, "why": "something was forgotten"})
            (build.place.parent / STALE).write_text(told, encoding="utf-8")
            marked.append(build.catalog)
    return marked


def is_stale(models_dir: Path) -> bool:
    """Whether the current build of a catalog was trained with what is forgotten since.

    A build made later is not: the mark names the one that it means.
    """
    told = _read(models_dir / STALE).get("build")
    return told is not None and told == _read(models_dir / CURRENT).get("build")


def clear_stale(models_dir: Path) -> bool:
    """Delete the marked build once another one is current; returns whether it did."""
    told = str(_read(models_dir / STALE).get("build", ""))
    if not told or is_stale(models_dir):
        return False
    with locked(models_dir / LOCK):
        if told == Path(told).name and (models_dir / told / MANIFEST).is_file():
            shutil.rmtree(models_dir / told, ignore_errors=True)
        (models_dir / STALE).unlink(missing_ok=True)
    return True


def digest_of(profile: str, catalog: str) -> str:
    """What a manifest says of whose events it holds: 16 hex digits, of the name and the catalog."""
    return hashlib.blake2b(f"{profile}\0{catalog}".encode(), digest_size=8).hexdigest()


def holds_events_of(manifest: Mapping[str, Any], profile: str, catalog: str) -> bool:
    """Whether a build learnt this profile's own events of this catalog."""
    settings = manifest.get("settings")
    own = settings.get("own_events") if isinstance(settings, dict) else None
    return isinstance(own, dict) and own.get("digest") == digest_of(profile, catalog)


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
