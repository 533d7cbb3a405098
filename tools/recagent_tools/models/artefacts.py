"""Builds on disk: `models_dir/<hash>/` with plain arrays and a manifest, and the pointer `current`.

A build is written into a temporary directory beside its place, fsynced, renamed; the pointer is
replaced last, and one process at a time does so. Readers take no lock: the build they were pointed
to stays until the second build after it.

Nothing is unpickled, ever, and nothing is parsed before its size and checksum were verified: a
truncated LightGBM text ends the interpreter. Checksums say that a build is as it was written, not
who wrote it: one that was not made here, which `checked.json` knows by inodes and times, is tried
in another process first (`trial.py`). Where the current build cannot be used the one before it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recagent_catalogs.arrays import open_regular
from recagent_catalogs.errors import RecagentError
from recagent_catalogs.locks import locked

EXPOSURE = "exposure.npy"
"""float32 [n_items], in how many measured people's top ten an item stood."""
HELD_BACK = "held_back.npy"
"""float64 [m, 2]: each measured user of the data and the NDCG@10 of their held-back item."""
SCHEMA = "recagent.models/3"
MANIFEST = "manifest.json"
CURRENT = "current"
CHECKED = "checked.json"
LOCK = ".lock"
STALE_S = 24 * 3600
"""What a killed build left aside is removed once it is older."""
LOOKS = 3
"""How often a reader looks again where the pointer changed under its eyes."""
ALWAYS_HASHED = (".txt",)
"""Read in full and hashed every time: the models that LightGBM parses."""
RANKERS = re.compile(r"ranker\.[a-z]+\.txt")
"""What a build can do without: its retrievers rank as well."""
BUILD = re.compile(r"[0-9a-f]{16}")
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""Names of files in a build; none leads out of it."""
OURS = (MANIFEST, CHECKED)
MOST_BYTES = {CURRENT: 1 << 16, CHECKED: 1 << 22, MANIFEST: 1 << 24}
ODD = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What comes of JSON that says something else than it should."""
Verdict = dict[str, str]
"""What is wrong with the retrievers, and with the rankers; "" where nothing is."""
Trial = Callable[[Path, bool, int], Verdict]
"""Tries a build: its directory, whether its rankers are to be tried, its size in bytes."""


class ArtefactError(Exception):
    """A build cannot be used; the text says why, in one line, for the person."""


class OutdatedError(ArtefactError):
    """It is whole, but of another version or of other data."""


@dataclass(frozen=True)
class Build:
    """A build that can be used.

    Attributes:
        directory: its files.
        manifest: what it says of itself.
        without: why its rankers cannot be used; "" if they can.
        instead: what is wrong with the current build where this is the one before; else "".
    """

    directory: Path
    manifest: dict[str, Any]
    without: str = ""
    instead: str = ""


def write_build(
    models_dir: Path, write: Callable[[Path], None], manifest: dict[str, Any]
) -> tuple[str, Path]:
    """Write a build and make it the current one.

    Args:
        models_dir: where the builds of a catalog live; made if missing.
        write: writes the files into the directory it is given.
        manifest: what is to be said of the build; `files` and `build` are added.

    Returns:
        The build's name (16 hex digits, the same for the same content) and its directory.

    Raises:
        RecagentError: the disk is full or may not be written.
    """
    aside = models_dir / f".new-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        aside.mkdir(parents=True)
        write(aside)
        files = {path.name: describe(path) for path in sorted(aside.iterdir())}
        name = _name(files, manifest)
        whole = {"schema": SCHEMA, "build": name, **manifest, "files": files}
        text = json.dumps(whole, indent=1, sort_keys=True)
        (aside / MANIFEST).write_text(text, encoding="utf-8")
        for path in aside.iterdir():
            _sync(path)
        _sync(aside)
        with locked(models_dir / LOCK):
            _put(aside, models_dir / name, files)
            trust(models_dir / name, files)
            _forget_old(models_dir, _point(models_dir, name))
    except OSError as error:
        raise RecagentError(
            f"the models could not be written to {models_dir}: {error.strerror or error}",
            hint="check the free space and the permissions of that directory",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return name, models_dir / name


def open_build(
    models_dir: Path, fingerprint: str, *, rankers: bool = True
) -> tuple[Path, dict[str, Any]] | None:
    """The current build, its checksums verified; None if nothing was ever built.

    Args:
        models_dir: where the builds live.
        fingerprint: the catalog's; a build of other data is refused.
        rankers: whether they are verified, too.

    Raises:
        ArtefactError: it is damaged, of another version, or of other data.
    """
    for _ in range(LOOKS):
        pointer = _read_pointer(models_dir)
        if pointer is None:
            return None
        try:
            return _open(models_dir, *_pointed(pointer), fingerprint, rankers)
        except ArtefactError:
            # Another process may have built meanwhile, and forgotten what it pointed to before.
            if _read_pointer(models_dir) == pointer:
                raise
    raise ArtefactError("the models are being replaced over and over; try again")


def open_best(models_dir: Path, fingerprint: str, trial: Trial) -> Build | None:
    """The current build, tried where it was not made here; or the best there is instead of it.

    That is the one before it, if that is whole and of this data; else the current one without its
    rankers, if only they are in the way. None if nothing was ever built.

    Args:
        models_dir: where the builds live.
        fingerprint: the catalog's; a build of other data is refused.
        trial: tries a build in another process.

    Raises:
        ArtefactError: there is none that can be used.
    """
    current: Build | str
    name = ""
    try:
        found = open_build(models_dir, fingerprint, rankers=False)
        if found is None:
            return None
        name = found[0].name
        current = _judged(*found, trial)
    except OutdatedError:
        raise
    except ArtefactError as error:
        current = str(error)
    wrong = current if isinstance(current, str) else current.without
    if isinstance(current, Build) and not wrong:
        return current
    for other in _others(models_dir, name):
        try:
            earlier = _judged(*_open(models_dir, other, None, fingerprint, True), trial)
        except ArtefactError:
            continue
        if isinstance(earlier, Build) and not earlier.without:
            return Build(earlier.directory, earlier.manifest, instead=wrong)
    if isinstance(current, Build):
        return current
    raise ArtefactError(wrong)


def _others(models_dir: Path, current: str) -> list[str]:
    """Builds beside the current one, the one before it first, then the newest."""
    try:
        before = str(json.loads(_read_pointer(models_dir) or b"")["previous"])
    except (ArtefactError, *ODD):
        before = ""
    found = []
    for path in models_dir.iterdir():
        if BUILD.fullmatch(path.name) and path.name != current:
            found.append((path.name == before, _changed(path), path.name))
    return [name for _, _, name in sorted(found, reverse=True)]


def mend(models_dir: Path, fingerprint: str, trial: Trial) -> Build | None:
    """Remove the builds that are damaged, and point to the one that `open_best` uses.

    Every file is read, whatever is known of its stamps. A current build of other data, or of
    another version, stays where it is whole.

    Args:
        models_dir: where the builds live.
        fingerprint: the catalog's.
        trial: tries a build in another process.

    Returns:
        The build that is current now; None if there is none that can be used.

    Raises:
        OSError, RecagentError: the disk refuses.
    """
    with locked(models_dir / LOCK):
        builds = [path for path in models_dir.iterdir() if BUILD.fullmatch(path.name)]
        damaged = {path.name for path in builds if any(wrong_with_build(path))}
        for name in damaged:
            _write_checked(models_dir / name, {**_read_checked(models_dir / name), "files": {}})
        stays = ""
        build = None
        try:
            build = open_best(models_dir, fingerprint, trial)
            stays = build.directory.name if build else ""
        except OutdatedError:
            name, _ = _pointed(_read_pointer(models_dir) or b"")
            stays = "" if name in damaged else name
        except ArtefactError:
            pass
        for name in damaged - {stays}:
            shutil.rmtree(models_dir / name, ignore_errors=True)
        if stays:
            _point(models_dir, stays)
        else:
            (models_dir / CURRENT).unlink(missing_ok=True)
    return build


def pointer_of(models_dir: Path) -> tuple[str, str, str] | None:
    """The current build, its manifest's sha256, and the build before; None if nothing was built.

    Raises:
        ArtefactError: the pointer is damaged.
    """
    text = _read_pointer(models_dir)
    if text is None:
        return None
    name, checksum = _pointed(text)
    before = json.loads(text).get("previous")
    return name, checksum, before if isinstance(before, str) and BUILD.fullmatch(before) else ""


def wrong_with_build(directory: Path, checksum: str = "") -> Iterator[tuple[Path, str]]:
    """The files of a build that are missing or differ; all of them are read.

    Args:
        directory: the build's.
        checksum: sha256 of its manifest, where that is known.
    """
    path = directory / MANIFEST
    try:
        raw = _read_whole(path)
        files = json.loads(raw)["files"]
        _check_files(files)
        odd = sorted(n for n in os.listdir(directory) if PLAIN.fullmatch(n) and n not in files)
    except (OSError, *ODD):
        yield path, "cannot be read"
        return
    if checksum and hashlib.sha256(raw).hexdigest() != checksum:
        yield path, "not as it was written"
        return
    yield from ((directory / name, "is none of its files") for name in odd if name not in OURS)
    for name, told in files.items():
        try:
            now = describe(directory / name)
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            yield directory / name, "missing" if gone else f"cannot be read: {error.strerror}"
            continue
        if now != {"bytes": told["bytes"], "sha256": told["sha256"]}:
            yield directory / name, "not as it was written"


def _judged(directory: Path, manifest: dict[str, Any], trial: Trial) -> Build | str:
    """A build whose retrievers are as they were written, with what is to be thought of the rest.

    Returns:
        The build; or why it cannot be used.
    """
    files = manifest["files"]
    damaged = ""
    try:
        verify(directory, {name: files[name] for name in files if RANKERS.fullmatch(name)})
    except ArtefactError as error:
        damaged = str(error)
    try:
        parts = _parts_of(directory, files, rankers=not damaged)
    except OSError as error:
        return f"the models are damaged ({error.strerror}); build again"
    known = _read_checked(directory)
    trials = known.get("trials")
    trials = trials if isinstance(trials, dict) else {}
    if any(_outcome(trials, part, stamps) is None for part, stamps in parts.items()):
        size = sum(stamp[0] for stamps in parts.values() for stamp in stamps.values())
        verdict = trial(directory, not damaged, size)
        trials = {part: {"stamps": parts[part], "wrong": verdict[part]} for part in parts}
        _write_checked(directory, {**known, "trials": trials})
    if wrong := _outcome(trials, "retrievers", parts["retrievers"]):
        return f"the models cannot be used ({wrong}); build again"
    return Build(directory, manifest, damaged or trials["rankers"]["wrong"])


def _parts_of(
    directory: Path, files: Iterable[str], *, rankers: bool
) -> dict[str, dict[str, list[int]]]:
    """The stamps of the files of each part of a build that is tried by itself."""
    parts: dict[str, dict[str, list[int]]] = {"retrievers": {}, "rankers": {}}
    for name in files:
        part = "rankers" if RANKERS.fullmatch(name) else "retrievers"
        if rankers or part == "retrievers":
            parts[part][name] = _stamp(directory / name)
    return parts if rankers else {"retrievers": parts["retrievers"]}


def _outcome(trials: dict[str, Any], part: str, stamps: dict[str, list[int]]) -> str | None:
    """What a trial of these very files found wrong; "" for nothing, also where they were made here.

    None where they were never tried.
    """
    known = trials.get(part)
    if not isinstance(known, dict) or known.get("stamps") != stamps:
        return None
    return known["wrong"] if isinstance(known.get("wrong"), str) else None


def _read_pointer(models_dir: Path) -> bytes | None:
    """The text that says which build is current; None if nothing was ever built."""
    try:
        return _read_whole(models_dir / CURRENT)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ArtefactError("the models are damaged (the pointer); build again") from error


def _pointed(text: bytes) -> tuple[str, str]:
    """The current build's name and its manifest's sha256."""
    try:
        pointer = json.loads(text)
        name, checksum = pointer["build"], pointer["manifest"]
    except ODD as error:
        raise ArtefactError("the models are damaged (the pointer); build again") from error
    if not isinstance(name, str) or not isinstance(checksum, str) or not BUILD.fullmatch(name):
        raise ArtefactError("the models are damaged (the pointer); build again")
    return name, checksum


def _open(
    models_dir: Path, name: str, checksum: str | None, fingerprint: str, rankers: bool
) -> tuple[Path, dict[str, Any]]:
    """A build by its name, its files verified.

    Args:
        models_dir: where the builds live.
        name: the build's.
        checksum: of its manifest; None where nothing tells: then its name must be what its
            content comes to.
        fingerprint: the catalog's.
        rankers: whether they must be as they were written as well.
    """
    directory = models_dir / name
    try:
        raw = _read_whole(directory / MANIFEST)
    except FileNotFoundError as error:
        raise ArtefactError("the models are damaged (no manifest); build again") from error
    except (OSError, ValueError) as error:
        raise ArtefactError("the models are damaged (the manifest); build again") from error
    if checksum is not None and hashlib.sha256(raw).hexdigest() != checksum:
        raise ArtefactError("the models are damaged (the manifest); build again")
    try:
        manifest = json.loads(raw)
        schema, files, data = manifest["schema"], manifest["files"], manifest["data"]
        found = data["fingerprint"]
        _check_files(files)
        if any(PLAIN.fullmatch(name) for name in {*os.listdir(directory)} - {*files, *OURS}):
            raise ValueError("files that nothing is said of")
        named = checksum is not None or _name(files, manifest) == name
    except (OSError, *ODD) as error:
        raise ArtefactError("the models are damaged (the manifest); build again") from error
    if schema != SCHEMA:
        raise OutdatedError("the models were built by another version; build again")
    if found != fingerprint:
        raise OutdatedError("the catalog has changed since its models were built; build again")
    if not named:
        raise ArtefactError("the models are damaged (the manifest); build again")
    wanted = files if rankers else {n: f for n, f in files.items() if not RANKERS.fullmatch(n)}
    verify(directory, wanted)
    return directory, manifest


def _check_files(files: Any) -> None:
    """What a manifest says of its files can be said of files of ours.

    Raises:
        ValueError, TypeError, KeyError: it cannot.
    """
    for name, told in files.items():
        _plain(name)
        if type(told["bytes"]) is not int or not isinstance(told["sha256"], str):
            raise ValueError(name)


def _plain(name: str) -> str:
    if not PLAIN.fullmatch(name):
        raise ValueError(f"no name of a file of ours: {name[:40]!r}")
    return name


def verify(directory: Path, files: dict[str, dict[str, Any]]) -> None:
    """Hold the files against their sizes and checksums.

    A file that was verified before and whose size, inode and times are the same since is not read
    again; LightGBM's texts always are.

    Raises:
        ArtefactError: a file is missing or differs.
    """
    known = _read_checked(directory)
    seen = known.get("files")
    before = seen if isinstance(seen, dict) else {}
    now: dict[str, list[int]] = {}
    for name, expected in files.items():
        path = directory / name
        try:
            now[name] = _stamp(path)
            if now[name][0] != expected["bytes"]:
                raise ArtefactError(
                    f"the models are damaged ({name} has another size); build again"
                )
            if before.get(name) == now[name] and path.suffix not in ALWAYS_HASHED:
                continue
            found = describe(path)["sha256"]
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            what = "is missing" if gone else f"cannot be read: {error.strerror}"
            raise ArtefactError(f"the models are damaged ({name} {what}); build again") from error
        if found != expected["sha256"]:
            raise ArtefactError(f"the models are damaged ({name}: wrong checksum); build again")
    if any(before.get(name) != now[name] for name in now):
        _write_checked(directory, {**known, "files": {**before, **now}})


def _stamp(path: Path) -> list[int]:
    """Size, inode and times: what changes where a file does.

    Raises:
        OSError: it cannot be looked at.
    """
    stat = path.stat()
    return [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]


def _read_whole(path: Path) -> bytes:
    """A small file of ours.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: it is larger than such a file can be.
    """
    most = MOST_BYTES[path.name]
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path.name} is too large")
    return content


def _read_json(path: Path) -> Any:
    return json.loads(_read_whole(path))


def read_verified(path: Path, expected: dict[str, Any]) -> bytes:
    """A whole file, its bytes verified before they are handed out.

    Raises:
        ArtefactError: it is missing or differs.
    """
    try:
        with open_regular(path) as file:
            content = file.read()
    except OSError as error:
        raise ArtefactError(f"the models are damaged ({path.name}: {error.strerror})") from error
    size, checksum = expected.get("bytes"), expected.get("sha256")
    if len(content) != size or hashlib.sha256(content).hexdigest() != checksum:
        raise ArtefactError(f"the models are damaged ({path.name}: wrong checksum); build again")
    return content


def describe(path: Path) -> dict[str, Any]:
    """Size and sha256 of a file."""
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _name(files: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> str:
    """16 hex digits of what was learnt from what; times and metrics play no part."""
    parts = {name: facts["sha256"] for name, facts in files.items()}
    same = json.dumps([parts, manifest.get("data"), manifest.get("settings")], sort_keys=True)
    return hashlib.sha256(same.encode()).hexdigest()[:16]


def _put(aside: Path, place: Path, files: dict[str, dict[str, Any]]) -> None:
    """Rename into place. What stands there already stays if it is whole: somebody may read it."""
    if _is_whole(place, files):
        return
    if place.exists():
        old = place.with_name(f".old-{secrets.token_hex(4)}")
        place.rename(old)
        aside.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        aside.rename(place)


def _is_whole(place: Path, files: dict[str, dict[str, Any]] | None = None) -> bool:
    """Whether every file of a build is as it was written; all of them are read.

    Args:
        place: of the build.
        files: what its files are to be; those that its manifest names where this is None.
    """
    try:
        told = _read_json(place / MANIFEST)["files"]
        if files is not None and told != files:
            return False
        return bool(told) and all(describe(place / _plain(name)) == told[name] for name in told)
    except (OSError, *ODD):
        return False


def trust(place: Path, files: dict[str, dict[str, Any]]) -> None:
    """Remember that a build was made here, so that it need not be tried before it is used.

    Args:
        place: of the build.
        files: its files, by name; they stand there as they were written.
    """
    parts = _parts_of(place, files, rankers=True)
    trials = {part: {"stamps": stamps, "wrong": ""} for part, stamps in parts.items()}
    verified = {**parts["retrievers"], **parts["rankers"]}
    _write_checked(place, {"files": verified, "trials": trials})


def _point(models_dir: Path, name: str) -> set[str]:
    """Replace the pointer, the last step; returns the builds to keep: this one and the one before.

    The pointer names the one before it: times on disk do not tell, a build may come back.
    """
    checksum = describe(models_dir / name / MANIFEST)["sha256"]
    before = _previous(models_dir, name)
    fresh = models_dir / f".{CURRENT}-{secrets.token_hex(4)}"
    pointer = {"build": name, "manifest": checksum, "previous": before}
    fresh.write_text(json.dumps(pointer), encoding="utf-8")
    _sync(fresh)
    fresh.replace(models_dir / CURRENT)
    _sync(models_dir)
    return {name, before}


def _previous(models_dir: Path, name: str) -> str:
    """The build that was current before `name` became so; "" if there is none."""
    try:
        pointer = _read_json(models_dir / CURRENT)
        build, before = str(pointer["build"]), str(pointer.get("previous", ""))
    except (OSError, *ODD):
        return ""
    # one that is damaged is nobody's way back
    if build != name and _is_whole(models_dir / _plain(build)):
        return build
    there = before != name and PLAIN.fullmatch(before) and (models_dir / before / MANIFEST).exists()
    return before if there else ""


def _forget_old(models_dir: Path, kept: set[str]) -> None:
    """Remove all other builds, and what killed processes left aside long ago; the lock is held."""
    for path in list(models_dir.iterdir()):
        if path.name.startswith((".new-", ".old-", f".{CURRENT}-")):
            doomed = _is_stale(path)
        else:
            doomed = path.name not in kept and (path / MANIFEST).is_file()
        if doomed and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif doomed:
            path.unlink(missing_ok=True)


def _is_stale(path: Path) -> bool:
    return 0 < STALE_S < time.time() - _changed(path)


def _changed(path: Path) -> float:
    """When a file was changed, seconds since 1970; never, where a writer was done with it now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _sync(path: Path) -> None:
    """Flush a file or directory to the disk; directories cannot be opened on Windows."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_checked(directory: Path) -> dict[str, Any]:
    """What is known of the files of a build by their stamps."""
    try:
        found = _read_json(directory / CHECKED)
    except (OSError, *ODD):
        return {}
    return found if isinstance(found, dict) else {}


def _write_checked(directory: Path, known: dict[str, Any]) -> None:
    """Remember what was verified; a read-only directory is verified anew each time."""
    fresh = directory / f".{CHECKED}-{secrets.token_hex(4)}"
    try:
        fresh.write_text(json.dumps(known), encoding="utf-8")
        fresh.replace(directory / CHECKED)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
