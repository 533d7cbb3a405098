"""Our own modules in processes of their own."""

from __future__ import annotations

import os
import site
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("recagent_cli", "recagent_tools", "recagent_catalogs", "recagent_prompts")


def python(module: str) -> list[str]:
    """The words that run one of our modules.

    With -P: `-m` would look for every module in the working directory first, which may hold a
    stranger's files.
    """
    return [sys.executable, "-P", "-m", module]


def environment(**more: str) -> dict[str, str]:
    """This process's, with the way to our packages, and more."""
    return {**os.environ, "PYTHONPATH": module_path(), **more}


def end_with_parent(before: Callable[[], object] = lambda: None) -> None:
    """In a child whose standard input is a pipe that nobody writes to: end when it is closed.

    A parent that was killed closes it, too, and has ended nobody.

    Args:
        before: called then, in a thread of its own.
    """

    def wait() -> None:
        # unbuffered: a lock on the buffer would end the process badly, its work done
        os.read(0, 1)
        before()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def module_path() -> str:
    """PYTHONPATH of a child: this one's, and where our packages lie unless Python knows it."""
    known = {*site.getsitepackages(), site.getusersitepackages()}
    roots = []
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            roots.append(str(Path(spec.origin).absolute().parent.parent))
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # An empty part means the working directory.
    parts = [root for root in roots if root not in known]
    parts += [os.path.abspath(part) for part in given if part]
    return os.pathsep.join(dict.fromkeys(parts))
