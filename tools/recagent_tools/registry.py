"""The door through which tools enter: our own and those of plug-ins, by one entry point group."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from recagent_catalogs.errors import UsageError

from . import (
    candidates,
    compare,
    dialogue,
    draw,
    explain,
    filter,
    look_up,
    personal,
    predict,
    rank,
    retrieve,
    why_not,
)
from .toolbox import Tool, Toolbox

GROUP = "recagent.tools"
OWN = "recagent_tools.registry:register"


def register(add: Callable[[Tool], None]) -> None:
    """Register the tools that come with recagent."""
    for module in (
        look_up,
        filter,
        retrieve,
        rank,
        draw,
        explain,
        why_not,
        predict,
        compare,
        candidates,
        personal,
        dialogue,
    ):
        for tool in module.TOOLS:
            add(tool)


def load_toolbox(*, plugins: bool = True) -> Toolbox:
    """The toolbox with our own tools, then those of installed plug-ins in order of their names.

    Raises:
        UsageError: a plug-in cannot be loaded, or takes a name that is taken.
    """
    toolbox = Toolbox()
    register(toolbox.add)
    if plugins:
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            if point.value != OWN:
                _enter(point, toolbox)
    return toolbox


def _enter(point: EntryPoint, toolbox: Toolbox) -> None:
    try:
        door: Callable[[Callable[[Tool], None]], None] = point.load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"the plug-in {point.name!r} ({point.value}) cannot be loaded: {error}",
            hint="uninstall it, or install what it needs",
        ) from error
    door(toolbox.add)
