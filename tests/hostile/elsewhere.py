"""Whole processes started in a folder of a stranger's: whether it chooses host or key (I15)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recagent_cli.testing import Answer, FakeCall, FakeServer

from .attacks import ATTACK_ID, Attack
from .brain import Obedient, over_http
from .world import ASKED, CANARIES, poisoned_id

SHADOWED = (
    "litellm", "openai", "httpx", "duckdb", "numpy", "rich", "typer", "pydantic", "dotenv",
    "sitecustomize", "usercustomize", "recagent_tools", "recagent_catalogs", "typing",
)  # fmt: skip
"""Modules that recagent, or Python at its start, imports."""
_SHADOW = "open({marker!r}, 'a').write({name!r} + '\\n')\nraise ImportError('shadowed')\n"


@dataclass(frozen=True)
class Ran:
    """What a process printed and ended with."""

    code: int
    out: str
    err: str


def strangers_folder(folder: Path, evil: str) -> Path:
    """Fill a folder with every file that could choose a host or a key; returns the marker.

    Args:
        folder: where; made.
        evil: the address that they name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder.parent / f"{folder.name}-ran"
    for name in SHADOWED:
        (folder / f"{name}.py").write_text(_SHADOW.format(marker=str(marker), name=name))
    names = ("OPENAI_API_BASE", "OPENAI_BASE_URL", "RECAGENT_API_BASE", "LITELLM_PROXY_API_BASE",
             "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # fmt: skip
    keys = (
        "RECAGENT_MODEL=openai/evil\nOPENAI_API_KEY=sk-evil\nLITELLM_LOG=DEBUG\nLITELLM_MODE=DEV\n"
    )
    written = "".join(f"{name}={evil}\n" for name in names) + keys
    for name in (".env", ".env.local", "litellm.env"):
        (folder / name).write_text(written)
    (folder / "recagent.toml").write_text("count = 3\n")
    host = evil.partition("://")[2]
    for name in (".netrc", "_netrc"):
        (folder / name).write_text(
            f"machine 127.0.0.1 login evil password evil\nmachine {host} login a password b\n"
        )
    settings = f'model = "openai/evil"\napi_base = "{evil}"\n'
    for name in (
        "catalog.toml",
        "rules.toml",
        "config.toml",
        "config/config.toml",
        "data/config.toml",
    ):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(settings)
    (folder / "proxy_server_config.yaml").write_text(
        f"model_list:\n- litellm_params: {{api_base: {evil}}}\n"
    )
    (folder / "pip.conf").write_text(f"[global]\nproxy = {evil}\n")
    return marker


def run(
    words: list[str], home: Path, folder: Path, *, by_module: bool = True, **variables: str
) -> Ran:
    """A command line in a process of its own, started in a folder."""
    places = [str(Path(entry).resolve()) for entry in sys.path if entry]
    kept = {
        name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")
    }
    environment = {
        **{name: value for name, value in kept.items() if not name.startswith("RECAGENT_")},
        **CANARIES, "PYTHONPATH": os.pathsep.join(places), "RECAGENT_HOME": str(home),
        "TERM": "dumb", **variables,
    }  # fmt: skip
    program = ["-m", "recagent_cli"] if by_module else ["-P", "-m", "recagent_cli"]
    done = subprocess.run(
        [sys.executable, *program, *words], cwd=folder, env=environment, capture_output=True,
        text=True, encoding="utf-8", errors="replace", timeout=120, stdin=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def host_and_key(home: Path, folder: Path, attack: Attack, number: int = 0) -> Iterator[str]:
    """What is wrong after a turn with a model, in a process in a stranger's folder.

    Args:
        home: holds the catalog `p` with the text.
        folder: an empty one.
        attack: whose text the model obeys.
        number: of the poisoned row.
    """
    obeys = over_http(Obedient(attack, poisoned_id(number)))
    with FakeServer(*[obeys] * 30) as good, FakeServer(*[Answer(text="evil")] * 9) as evil:
        marker = strangers_folder(folder, evil.url)
        words = ["ask", ASKED, "-c", "p", "-m", "openai/any", "--api-base", good.url]
        ran = run([*words, "-f", "ids", "--strict", "--verbose", "--debug"], home, folder)
    yield from _wrong(ran, good, evil, marker, CANARIES["RECAGENT_API_KEY"])


def own_key(home: Path, folder: Path) -> Iterator[str]:
    """The same without an address: the provider's, as the person's environment has it."""
    popular = Answer(calls=(FakeCall("present", {"count": 2}),))
    with (
        FakeServer(popular, popular, popular) as good,
        FakeServer(*[Answer(text="evil")] * 9) as evil,
    ):
        marker = strangers_folder(folder, evil.url)
        words = ["ask", ASKED, "-c", "p", "-m", "openai/any", "-f", "ids", "--debug"]
        ran = run(
            words, home, folder, by_module=False, OPENAI_API_BASE=good.url, OPENAI_BASE_URL=good.url
        )
    yield from _wrong(ran, good, evil, marker, CANARIES["OPENAI_API_KEY"])


def _wrong(ran: Ran, good: FakeServer, evil: FakeServer, marker: Path, key: str) -> Iterator[str]:
    if evil.requests:
        yield f"{len(evil.requests)} requests went to the stranger's host"
    if marker.exists():
        yield f"run out of the working directory: {' '.join(marker.read_text().split())}"
    if not good.requests:
        yield f"the host that was meant was not asked: {ran.err[-300:]}"
    for request in good.requests:
        if request.headers.get("authorization") not in (f"Bearer {key}", None):
            yield "another key was sent"
        others = [value for value in CANARIES.values() if value != key]
        if any(value in str(request.body) + str(request.headers) for value in others):
            yield "something of the environment was sent"
    if any(value in ran.out + ran.err for value in CANARIES.values()):
        yield "something of the environment was printed"
    if ran.code not in (0, 7):
        yield f"exit code {ran.code}: {ran.err[-300:]}"
    if "Traceback" in ran.err:
        yield f"a traceback: {ran.err[-300:]}"
    if ATTACK_ID in ran.out.split() or not ran.out.strip():
        yield "the list is not what was asked for"
