"""Offline by construction: no socket but loopback, no home but a temporary one, no keys."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog

DATA = Path(__file__).parent / "data"
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
    ingest(
        DATA / "films.csv", place, name="films", interactions=DATA / "films-ratings.csv"
    )
    return Catalog.open(place)


@pytest.fixture(scope="session")
def bench_data() -> Iterator[Path]:
    """The folder of real data sets, where there is one."""
    folder = os.environ.get("RECAGENT_BENCH_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RECAGENT_BENCH_DATA names no folder with the real data sets")
    yield Path(folder)
