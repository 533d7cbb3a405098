"""recagent: a recommender assistant for the terminal.

>>> from recagent_cli import Assistant  # doctest: +SKIP
>>> Assistant(catalog="movies").ask("90s sci-fi like Alien, but no horror").items  # doctest: +SKIP
"""

from __future__ import annotations

import os
import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
    # `python -m recagent_cli` looks for every module in the working directory first, which may
    # hold a stranger's litellm.py; only where it holds this very package it is meant.
    if os.path.dirname(os.path.dirname(os.path.abspath(__file__))) != sys.path[0]:
        del sys.path[0]

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recagent_catalogs.errors import RecagentError as RecagentError

    from .agent.turn import ShownItem as ShownItem
    from .agent.turn import Turn as Turn
    from .assistant import Assistant as Assistant

__version__ = "0.1.0"
__all__ = ["Assistant", "RecagentError", "ShownItem", "Turn", "__version__"]

_HOMES = {
    "Assistant": "recagent_cli.assistant",
    "RecagentError": "recagent_catalogs.errors",
    "ShownItem": "recagent_cli.agent.turn",
    "Turn": "recagent_cli.agent.turn",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used: `--version` shall import nothing."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
