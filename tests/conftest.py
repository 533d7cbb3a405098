"""Offline by construction: no socket but loopback, no home but a temporary one, no keys."""

from __future__ import annotations

import gc
import io
import ipaddress
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from recagent_catalogs.ingest import ingest
from recagent_catalogs.locks import locked
from recagent_catalogs.store import Catalog

DATA = Path(__file__).parent / "data"
FEW_FILES = 3
WITH_LITELLM = (
    "test_assistant",
    "test_brain_contract",
    "test_explaining",
    "test_images",
    "test_known_models",
    "test_lessons",
    "test_lying_brain",
    "test_refine",
    "test_review",
    "test_testing_docs",  # by its name among the last: by then another has trained `bundled_home`
)
"""Files that ask a model on a local server, beside those called so."""

# A busy machine is no reason to fail. Every run draws other examples, so few a run are many a week;
# HYPOTHESIS_PROFILE=thorough draws many in one.
settings.register_profile(
    "untimed", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("untimed"), max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "untimed"))

_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo


class NetworkRefused(RuntimeError):
    """A test tried to leave this machine."""


def _is_loopback(host: object) -> bool:
    if host in ("localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
        raise NetworkRefused(f"connect to {address}")
    _connect(self, address)


def _guarded_getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if not _is_loopback(name):
        # What a machine without a network answers.
        raise socket.gaierror(socket.EAI_NONAME, f"refused by the tests: {name}")
    return _getaddrinfo(host, *arguments, **options)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """None for the suite and its folders: a worker a core; a few tests end before workers start."""
    chosen = {str(word).partition("::")[0] for word in config.args}
    few = len(chosen) <= FEW_FILES and all(Path(name).is_file() for name in chosen)
    narrowed = any(config.getoption(name, None) for name in ("keyword", "lf"))
    return 0 if few or narrowed else None


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """A file to a worker, as `--dist=loadfile`; and one worker for most that need litellm.

    It takes seconds to be imported and called for the first time.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "litellm" if "/test_llm_" in file or Path(file).stem in WITH_LITELLM else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """`ByFile` where files are what is given out."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-xdist's workers, which start later, not fight for the cores nor compile again.

    Where the environment forbids compiled files, each of the suite's hundreds of processes would
    read and rewrite every source anew.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if config.getoption("tx", None):
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of collected tests are no garbage: none is sought among them, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Free what is left in the usual order, as extension modules want it."""
    gc.unfreeze()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A directory that only the first of pytest-xdist's workers to ask for it makes."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    place, whole = base / name, base / f"{name}.whole"
    with locked(base / f"{name}.lock"):
        if not whole.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            whole.touch()
    return place


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", _guarded_getaddrinfo)
    for name in list(os.environ):
        if name.startswith("RECAGENT_") and name != "RECAGENT_BENCH_DATA":
            monkeypatch.delenv(name)
        elif name.endswith(("_API_KEY", "_API_BASE", "_PROXY", "_proxy")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RECAGENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Sixteen invented films with people, tags and ratings: `tests/data/films.csv`."""
    place = tmp_path_factory.mktemp("films") / "films"
    ingest(DATA / "films.csv", place, name="films", interactions=DATA / "films-ratings.csv")
    return Catalog.open(place)


@pytest.fixture(scope="session")
def films_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds the catalog `films`, with its models; for tests that copy it."""
    from recagent_cli.library import Library
    from recagent_cli.paths import Paths
    from recagent_tools.models.training import build

    def make(home: Path) -> None:
        library = Library(Paths(home / "data", home / "config", home / "cache"))
        library.paths.catalogs.mkdir(parents=True)
        ingest(
            DATA / "films.csv",
            library.directory("films"),
            name="films",
            interactions=DATA / "films-ratings.csv",
        )
        build(Catalog.open(library.directory("films")), library.paths.models / "films", threads=1)

    return made_once(tmp_path_factory, "films-home", make)


@pytest.fixture(scope="session")
def bundled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds the bundled films and games, trained; shared, so read it only."""
    from recagent_cli.library import Library
    from recagent_cli.paths import Paths
    from recagent_tools.models.training import build

    def make(home: Path) -> None:
        library = Library(Paths(home / "data", home / "config", home / "cache"))
        for name in ("movies", "games"):
            build(library.open(name), library.paths.models / name, threads=2, quick=True)

    return made_once(tmp_path_factory, "bundled-home", make)


def copy_models(source: Path, target: Path) -> None:
    """Copy a catalog's models as if they had been trained there: others are tried in a child."""
    from recagent_tools.models.artefacts import MANIFEST, trust

    shutil.copytree(source, target, dirs_exist_ok=True)
    for manifest in target.glob(f"*/{MANIFEST}"):
        trust(manifest.parent, json.loads(manifest.read_bytes())["files"])


def copy_home(source: Path, target: Path) -> None:
    """Copy a home that holds catalogs and models."""
    shutil.copytree(source, target)
    for models in (target / "data" / "models").iterdir():
        copy_models(source / "data" / "models" / models.name, models)


@pytest.fixture
def home(films_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own that holds `films`, which is the catalog in use."""
    mine = tmp_path / "home"
    copy_home(films_home, mine)
    monkeypatch.setenv("RECAGENT_HOME", str(mine))
    monkeypatch.setenv("RECAGENT_CATALOG", "films")
    return mine


@dataclass(frozen=True)
class Ran:
    """What a command line printed and ended with."""

    code: int
    out: str
    err: str


RunCommand = Callable[..., Ran]


@pytest.fixture
def recagent(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Runs a command line in this process."""
    from recagent_cli.main import run

    def call(*words: str, stdin: str | bytes = "") -> Ran:
        raw = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        capsys.readouterr()
        code = run(list(words))
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def bench_data() -> Iterator[Path]:
    """The folder of real data sets, where there is one."""
    folder = os.environ.get("RECAGENT_BENCH_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RECAGENT_BENCH_DATA names no folder with the real data sets")
    yield Path(folder)


def heeds_ctrl_c() -> None:
    """In a new process: obey SIGINT, which shells let their background jobs ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
