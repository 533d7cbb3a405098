"""kill -9, full disks, Ctrl-C, odd environments, terminals that go away; everything opens again.

On the sixteen invented films of the tests, in forks of one process; for systems that can fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.hostile import faults as checks
from tests.hostile import forked

from . import terminals
from .at_once import Unit, at_once
from .models import DATA, Films
from .trials import Corpora, Trial, tried

KILLED = "kill -9 at any moment: {}"
AT_CALL = "kill -9 at the n-th write, rename, sync or statement: {}"
STOPPED = "Ctrl-C at any moment"
ENDED = "SIGTERM at any moment"
FULL = "a full disk"
READ_ONLY = "read only: data, home, everything"
STREAMS = "closed streams and pipes"
ODD = "odd environments"
CLOCKS = "odd clocks"
ORPHANS = "no process outlives its parent"
SECONDS = 40.0
NEW_NAMESPACE = 0x00020000

ADD = [
    *("catalog", "add", "new", str(DATA / "films.csv")),
    *("--interactions", str(DATA / "films-ratings.csv"), "--replace"),
]
WRITERS: dict[str, tuple[list[str], bytes]] = {
    "ingest": (ADD, b""),
    "build": (["build", "films"], b""),
    "facts": (["ask", "I loved Paper Lanterns and I hate westerns"], b""),
    "profile": (["profile", "set", "Blue Static", "like"], b""),
    "chat": (["chat", "-q"], b"sci-fi\nI loved Paper Lanterns\nno horror\n/undo\nmore\n"),
}
READERS: tuple[list[str], ...] = (
    ["ask", "sci-fi"],
    ["ask", "sci-fi", "--json"],
    ["ask", "sci-fi", "--format", "csv"],
    ["ask", "sci-fi", "--format", "md"],
    ["recommend"],
    ["recommend", "--format", "jsonl"],
    ["similar", "Paper Lanterns"],
    ["why", "1"],
    ["why-not", "Paper Lanterns"],
    ["query", "SELECT * FROM items"],
    ["query", "SELECT * FROM items", "--format", "jsonl"],
    ["parse", "90s sci-fi"],
    ["catalog", "list"],
    ["catalog", "show", "films"],
    ["profile", "show"],
    ["profile", "export"],
    ["session", "list"],
    ["trace", "list"],
    ["bus", "show"],
    ["config", "show"],
    ["tools", "list"],
    ["paths"],
    ["doctor"],
    ["--help"],
    ["batch"],
)
BATCH = b'{"text": "sci-fi"}\n{"text": "westerns"}\n' * 5


class Home(Films):
    """The films' home and what is known of how long its commands take."""

    def fresh(self) -> Path:
        return self.copy(known=True, alone=False)[0]

    def ran(self, home: Path, words: list[str], **more: Any) -> forked.Ran:
        env = {**self.env(home), **more.pop("env", {})}
        return forked.run(words, home / "ran", env=env, **{"seconds": SECONDS, **more})


def run(corpora: Corpora) -> Iterable[Trial]:
    """All kinds, each row a kind."""
    forked.warm_up()
    films = Home(corpora.folder("faults"))
    films.make()
    rng = random.Random(corpora.seed)
    units = [
        *_killed(films, rng, corpora.kills),
        *_interrupted(films, rng, max(1, corpora.kills // 4)),
        *_full(films),
        *_read_only(films),
        *_streams(films),
        *_odd(films),
        *_clocks(films),
        *_orphans(films, rng),
        *terminals.units(films, rng),
    ]
    yield from at_once(units, films.place)


# -- kill -9 ---------------------------------------------------------------------------------


def _killed(films: Home, rng: random.Random, kills: int) -> Iterator[Unit]:
    each = max(1, kills // (2 * len(WRITERS)))
    for name, (words, stdin) in WRITERS.items():
        home = films.fresh()
        counted = home / "calls"
        usual = films.ran(home, words, stdin=stdin, prepare=partial(forked.count_calls, counted))
        calls = int(counted.read_text()) if counted.exists() else 1
        shutil.rmtree(home.parent, ignore_errors=True)
        for number in range(each):
            moment = rng.random() * usual.seconds
            of = KILLED.format(name), f"{number}: {moment:.3f} s", name, moment
            yield of[0], partial(_kill, films, *of)
            call = rng.randint(1, calls)
            at = AT_CALL.format(name), f"{number}: {call} of {calls}", name, call
            yield at[0], partial(_kill, films, *at)


def _kill(films: Home, row: str, id: str, name: str, when: float) -> Iterator[Trial]:
    words, stdin = WRITERS[name]
    home = films.fresh()

    def check() -> Iterator[str]:
        before = checks.facts(home)
        place = home / "ran"
        place.mkdir(exist_ok=True)
        at_call = isinstance(when, int)
        prepare = partial(forked.die_at, int(when)) if at_call else forked.nothing
        started = time.perf_counter()
        child = forked.begin(words, place, env=films.env(home), prepare=prepare, stdin=stdin)
        if not at_call:
            time.sleep(when)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        ran = forked.wait(child, place, started, SECONDS)
        yield from checks.kept(home, before, name, ran.out, ran.code)
        after = films.ran(home, ["ask", "more sci-fi", "--format", "ids"])
        yield from checks.went_well(after)
        again = films.ran(home, words, stdin=stdin)
        yield from checks.went_well(again, what="the same again", answer=False)
        checks.age(home)
        films.ran(home, words, stdin=stdin)
        if name in ("ingest", "build"):
            yield from checks.leftovers(home)
        yield from checks.doctor_is_content(films.ran(home, ["doctor", "--json"]))

    yield tried(row, id, check)
    shutil.rmtree(home.parent, ignore_errors=True)


# -- Ctrl-C and SIGTERM ----------------------------------------------------------------------


def _interrupted(films: Home, rng: random.Random, count: int) -> Iterator[Unit]:
    commands = [*WRITERS.values(), *((words, BATCH) for words in READERS if words[0] != "--help")]
    for number in range(count):
        words, stdin = commands[number % len(commands)]
        shares = rng.random(), rng.random()
        yield STOPPED, partial(_signals, films, number, words, stdin, shares)


def _signals(
    films: Home, number: int, words: list[str], stdin: bytes, shares: tuple[float, float]
) -> Iterator[Trial]:
    home = films.fresh()
    usual = films.ran(home, words, stdin=stdin).seconds
    for (row, sent), share in zip(
        ((STOPPED, signal.SIGINT), (ENDED, signal.SIGTERM)), shares, strict=True
    ):
        moment = share * usual

        def check(sent: int = sent, moment: float = moment) -> Iterator[str]:
            before = checks.facts(home)
            place = home / "ran"
            started = time.perf_counter()
            child = forked.begin(words, place, env=films.env(home), stdin=stdin)
            time.sleep(moment)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, sent)
            ran = forked.wait(child, place, started, SECONDS)
            yield from checks.stopped(ran, sent)
            yield from checks.kept(home, before, "", "", ran.code)
            yield from checks.went_well(films.ran(home, ["ask", "sci-fi", "--format", "ids"]))
            if left := checks.processes_of(home, wait_s=3.0):
                yield f"still there: {left}"

        yield tried(row, f"{number}: {' '.join(words)[:50]} at {moment:.3f} s", check)
    shutil.rmtree(home.parent, ignore_errors=True)


# -- disks -----------------------------------------------------------------------------------


def _mounted(films: Home, megabytes: int, inside: Callable[[Path], list[str]]) -> list[str] | None:
    """What is wrong, told from a namespace with a small disk mounted; None if that cannot be."""
    place = Path(tempfile.mkdtemp(prefix="disk", dir=films.place))
    reader, writer = os.pipe()

    def told() -> None:
        forked.as_parent()
        wrong: list[str] | None = None
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            private, source = 1 << 18, b"tmpfs"
            if (
                libc.unshare(NEW_NAMESPACE) == 0
                and libc.mount(b"none", b"/", None, private | 16384, None) == 0
                and libc.mount(source, os.fsencode(place), source, 0, f"size={megabytes}m".encode())
                == 0
            ):
                wrong = inside(place)
        except Exception as error:
            wrong = [f"{type(error).__name__}: {error}"]
        os.write(writer, json.dumps(wrong)[:60_000].encode())

    child = forked.apart(told)
    os.close(writer)
    with open(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    found: list[str] | None = json.loads(text or '["it ended without a word"]')
    return found


def _full(films: Home) -> Iterator[Unit]:
    commands = {**WRITERS, "ask": (["ask", "sci-fi"], b""), "doctor": (["doctor"], b"")}
    for name, (words, stdin) in commands.items():
        for left in (0, 8, 64, 300, 1500):
            yield FULL, partial(_filled, films, name, words, stdin, left)


def _filled(films: Home, name: str, words: list[str], stdin: bytes, left: int) -> Iterator[Trial]:
    place = Path(tempfile.mkdtemp(prefix="full", dir=films.place))

    def inside(disk: Path) -> list[str]:
        home = disk / "home"
        shutil.copytree(films.home, home)
        before = checks.facts(home)
        _fill(disk, left)
        more: dict[str, Any] = {"env": films.env(home), "seconds": SECONDS}
        ran = forked.run(words, place, stdin=stdin, **more)
        told = list(checks.refused_or_done(ran))
        (disk / "filler").unlink()
        told += checks.kept(home, before, "", "", ran.code)
        again = forked.run(words, place, stdin=stdin, **more)
        told += checks.went_well(again, what="with room again", answer=False)
        told += checks.doctor_is_content(forked.run(["doctor", "--json"], place, **more))
        return told

    started = time.perf_counter()
    if (wrong := _mounted(films, 60, inside)) is not None:
        took = time.perf_counter() - started
        yield Trial(FULL, f"{name}, {left} kB left", not wrong, took, "; ".join(wrong)[:500])


def _fill(disk: Path, kilobytes: int) -> None:
    """Leave so much room."""
    with (disk / "filler").open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        file.truncate(max(0, file.tell() - kilobytes * 1024))


def _powerless() -> None:
    """In a child of root: the rights of everybody."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)  # of what it starts
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())


def _read_only(films: Home) -> Iterator[Unit]:
    commands = [*((words, BATCH) for words in READERS), *WRITERS.values()]
    for words, stdin in commands:
        yield READ_ONLY, partial(_unwritable, films, words, stdin)
    for variable in ("RECAGENT_HOME", "HOME"):
        yield READ_ONLY, partial(_bundled, films, variable)


def _unwritable(films: Home, words: list[str], stdin: bytes) -> Iterator[Trial]:
    home = films.fresh()
    films.ran(home, ["ask", "sci-fi"])
    (home / "ran").mkdir(exist_ok=True)
    place = home.parent / "ran"

    def check() -> Iterator[str]:
        checks.writable(home, False)
        ran = forked.run(
            words, place, env=films.env(home), stdin=stdin, prepare=_powerless, seconds=SECONDS
        )
        yield from checks.refused_or_done(ran)
        if ran.code and words in READERS[:-1]:  # of a batch some lines may fail
            yield f"exit code {ran.code}: {ran.err[-200:]!r}"
        if "could not be kept" in ran.err and "note: noted" in ran.err:
            yield f"noted, and not kept: {ran.err[-300:]!r}"

    yield tried(READ_ONLY, f"data: {' '.join(words)[:60]}", check)
    checks.writable(home, True)
    shutil.rmtree(home.parent, ignore_errors=True)


def _bundled(films: Home, variable: str) -> Iterator[Trial]:
    empty = Path(tempfile.mkdtemp(prefix="empty", dir=films.place))
    place = Path(tempfile.mkdtemp(prefix="ran", dir=films.place))
    empty.chmod(0o555)
    env: dict[str, str | None] = {
        **dict.fromkeys(("RECAGENT_HOME", "RECAGENT_CATALOG", "XDG_DATA_HOME")),
        variable: str(empty / "x"),
    }
    for words in (["ask", "sci-fi"], ["recommend"], ["similar", "Alien"], ["catalog", "list"]):

        def check(words: list[str] = words) -> Iterator[str]:
            ran = forked.run(words, place, env=env, prepare=_powerless, seconds=SECONDS)
            yield from checks.went_well(ran)

        yield tried(READ_ONLY, f"{variable}: {' '.join(words)}", check)


# -- streams, environments, clocks -----------------------------------------------------------


def _closed(*descriptors: int) -> Callable[[], None]:
    """Streams as Python makes them where whoever started it had closed them."""

    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)
            setattr(sys, ("stdin", "stdout", "stderr")[descriptor], None)

    return close


def _broken(descriptor: int) -> Callable[[], None]:
    """A pipe whose reader has gone."""

    def break_() -> None:
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, descriptor)
        os.close(writer)

    return break_


def _full_device(descriptor: int) -> Callable[[], None]:
    def fill() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), descriptor)

    return fill


def _streams(films: Home) -> Iterator[Unit]:
    kinds: dict[str, Callable[[], object]] = {
        "stdin closed": _closed(0),
        "stdout closed": _closed(1),
        "stderr closed": _closed(2),
        "all closed": _closed(0, 1, 2),
        "| head -0": _broken(1),
        "2>| head -0": _broken(2),
        "> /dev/full": _full_device(1),
        "2> /dev/full": _full_device(2),
    }
    for kind, prepare in kinds.items():
        yield STREAMS, partial(_streamed, films, kind, prepare)


def _streamed(films: Home, kind: str, prepare: Callable[[], object]) -> Iterator[Trial]:
    home = films.fresh()
    films.ran(home, ["ask", "sci-fi"])
    for words in READERS:

        def check(words: list[str] = words) -> Iterator[str]:
            ran = films.ran(home, words, prepare=prepare, stdin=BATCH)
            yield from checks.refused_or_done(ran)
            if ran.code and "/dev/full" not in kind:
                yield f"exit code {ran.code}: {ran.err[-200:]!r}"
            if kind == "| head -0" and "roken" in ran.err:
                yield f"it complains: {ran.err[-200:]!r}"

        yield tried(STREAMS, f"{kind}: {' '.join(words)[:60]}", check)
    shutil.rmtree(home.parent, ignore_errors=True)


def _coded(encoding: str) -> Callable[[], None]:
    def encode() -> None:
        for number, name in ((1, "stdout"), (2, "stderr")):
            stream = open(number, "w", encoding=encoding, errors="strict", closefd=False)
            setattr(sys, name, stream)

    return encode


def _limited(descriptors: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


def _odd(films: Home) -> Iterator[Unit]:
    def in_deleted() -> None:
        gone = Path(tempfile.mkdtemp(prefix="gone", dir=films.place))
        os.chdir(gone)
        gone.rmdir()

    def in_unwritable() -> None:
        os.chdir("/proc/self")

    kinds: dict[str, tuple[Callable[[], object], dict[str, str | None], tuple[str, ...]]] = {
        "20 open files": (_limited(20), {}, ()),
        "umask 000": (lambda: os.umask(0), {}, ()),
        "umask 777": (lambda: os.umask(0o777), {}, ()),
        "ASCII": (_coded("ascii"), {"LANG": "C", "LC_ALL": "C"}, ()),
        "Latin-1": (_coded("latin-1"), {"LANG": None, "LC_ALL": None}, ()),
        "a deleted folder": (in_deleted, {}, ()),
        "a folder of the system": (in_unwritable, {}, ()),
        "no TMPDIR": (forked.nothing, {"TMPDIR": "/nowhere/at/all"}, ()),
        "no HOME": (forked.nothing, {"HOME": None}, ()),
        "HOME nowhere": (forked.nothing, {"HOME": "/nowhere/at/all"}, ()),
        "TERM unknown": (forked.nothing, {"TERM": "nonsense", "COLUMNS": "-5"}, ()),
        "COLUMNS 1": (forked.nothing, {"COLUMNS": "1"}, ()),
        "lone surrogates": (forked.nothing, {}, ("\udcff\udc80",)),
        "a zero byte's worth": (forked.nothing, {}, ("a\x01b\x1b[31m",)),
    }
    for kind, (prepare, env, more) in kinds.items():
        for some in (READERS[::2], READERS[1::2]):
            yield ODD, partial(_oddly, films, kind, prepare, env, more, some)
    for kind, env in ODD_HOMES.items():
        yield ODD, partial(_odd_home, films, kind, env)


def _oddly(
    films: Home,
    kind: str,
    prepare: Callable[[], object],
    env: dict[str, str | None],
    more: tuple[str, ...],
    commands: tuple[list[str], ...],
) -> Iterator[Trial]:
    home = films.fresh()
    films.ran(home, ["ask", "sci-fi"])
    for words in commands:

        def check(words: list[str] = words) -> Iterator[str]:
            ran = films.ran(home, [*words, *more], prepare=prepare, env=env, stdin=BATCH)
            yield from checks.refused_or_done(ran)
            if ran.code and not more:
                yield f"exit code {ran.code}: {ran.err[-200:]!r}"

        yield tried(ODD, f"{kind}: {' '.join(words)[:60]}", check)
    checks.writable(home, True)
    shutil.rmtree(home.parent, ignore_errors=True)


ODD_HOMES: dict[str, dict[str, str | None]] = {
    "XDG relative": {"XDG_DATA_HOME": "relative/path"},
    "XDG empty": {"XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""},
    "XDG a file": {"XDG_DATA_HOME": "/etc/passwd"},
    "XDG a device": {"XDG_DATA_HOME": "/dev/null"},
    "RECAGENT_HOME a file": {"RECAGENT_HOME": "/etc/passwd"},
    "RECAGENT_HOME empty": {"RECAGENT_HOME": " "},
    "RECAGENT_HOME nobody's": {"RECAGENT_HOME": "~nobody-at-all/x"},
}


def _odd_home(films: Home, kind: str, env: dict[str, str | None]) -> Iterator[Trial]:
    odd = Path(tempfile.mkdtemp(prefix="odd", dir=films.place))
    there = {"RECAGENT_HOME": None, "HOME": str(odd), **env}
    for words in (["paths"], ["catalog", "list"], ["profile", "show"], ["ask", "sci-fi"]):

        def check(words: list[str] = words) -> Iterator[str]:
            ran = forked.run(
                words, odd / "ran", env=there, seconds=SECONDS, prepare=partial(os.chdir, odd)
            )
            yield from checks.refused_or_done(ran)

        yield tried(ODD, f"{kind}: {' '.join(words)}", check)


def _at(moment: float) -> Callable[[], None]:
    def turn() -> None:
        started, real = time.time(), time.time
        shift = moment - started
        time.time = lambda: real() + shift
        time.time_ns = lambda: int((real() + shift) * 1e9)

    return turn


def _clocks(films: Home) -> Iterator[Unit]:
    now = time.time()
    moments = {
        "1970": 1.0,
        "a year ago": now - 365 * 86400,
        "an hour ago": now - 3600,
        "2038": 2.0**31 + 5,
        "2106": 2.0**32 + 5,
        "the year 9999": 253402300000.0,
    }
    for kind, moment in moments.items():
        yield CLOCKS, partial(_clocked, films, kind, moment)


def _clocked(films: Home, kind: str, moment: float) -> Iterator[Trial]:
    """Commands with a wrong clock, each with one of our days after it, in one home."""
    home = films.fresh()
    ours = checks.facts(home)
    for words, stdin in (
        *WRITERS.values(),
        (["ask", "sci-fi", "--json"], b""),
        (["session", "list"], b""),
        (["profile", "show"], b""),
        (["doctor"], b""),
    ):

        def check(words: list[str] = words, stdin: bytes = stdin) -> Iterator[str]:
            before = checks.facts(home)
            ran = films.ran(home, words, prepare=_at(moment), stdin=stdin)
            yield from checks.went_well(ran, answer=False)
            yield from checks.kept(home, before, "", "", ran.code)
            now = films.ran(home, ["ask", "--continue", "more", "--format", "ids"])
            # of sixteen films all may have been shown
            yield from checks.went_well(now, what="back in our days", answer=False)
            yield from checks.kept(home, ours, "", "", now.code)

        yield tried(CLOCKS, f"{kind}: {' '.join(words)[:50]}", check)
    shutil.rmtree(home.parent, ignore_errors=True)


# -- processes -------------------------------------------------------------------------------

HEAVY = (
    "SELECT count(*) FROM items a, items b, items c, items d, items e, items f, items g, items h"
)


def _orphans(films: Home, rng: random.Random) -> Iterator[Unit]:
    commands = (
        ["query", HEAVY],
        ["build", "films"],
        ["recommend", "--all-users", "--format", "jsonl"],
        ["ask", "sci-fi"],
    )
    for words in commands:
        for number in range(4):
            yield ORPHANS, partial(_orphaned, films, words, number, rng.uniform(0.2, 1.5))


def _orphaned(films: Home, words: list[str], number: int, moment: float) -> Iterator[Trial]:
    home = films.fresh()
    if words[0] == "ask":  # trained elsewhere: a child tries them
        for checked in home.glob("data/models/*/*/checked.json"):
            checked.unlink()

    def check() -> Iterator[str]:
        place = home / "ran"
        place.mkdir(exist_ok=True)
        started = time.perf_counter()
        child = forked.begin(words, place, env=films.env(home))
        time.sleep(moment)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        forked.wait(child, place, started, SECONDS)
        if left := checks.processes_of(home, wait_s=8.0, kill=True):
            yield f"still there: {left}"

    yield tried(ORPHANS, f"{' '.join(words)[:40]}, {number}", check)
    shutil.rmtree(home.parent, ignore_errors=True)
