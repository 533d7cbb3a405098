"""Which calls of a step run, in their order, and which are answered without having run.

Nothing runs behind the call that ended the turn, nor over the limit of calls. A list that stands
behind a call which was to shape it, and which failed or did not run, is not what its brain meant:
once a turn it is held back, so that the brain can mend the call and show the list again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .brain import Call, Observation, Step, TurnView

ENDED = "not run: the turn ended"
USED_UP = "not run, the calls of this turn are used up"
HELD = "not shown: {name} failed or was not run, and the list was to build on it; mend that first"


@dataclass
class InOrder:
    """Runs the steps of one brain in one turn.

    Attributes:
        run: runs a call.
        most: calls of a turn.
        hold: asked whether a list is held back; yes only where its brain can be asked once more.
        made: calls so far.
        cut: what was not as it was meant when the turn ended, for the person; "" where all was.
    """

    run: Callable[[Call], Observation]
    most: int
    hold: Callable[[], bool]
    made: int = 0
    cut: str = ""
    _over: list[str] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many more calls may be made."""
        return self.most - self.made

    def step(self, step: Step, view: TurnView) -> tuple[list[Observation], bool]:
        """What the calls of a step gave, and whether one of them ended the turn."""
        made: list[Observation] = []
        left, failed, ended = self.left, "", False
        for number, call in enumerate(step.calls):
            ends, shapes = _kind(call, view)
            if ended:
                made.append(_not_run(call, ENDED))
            elif not ends and number >= left:
                self._over.append(call.name)
                failed = failed or call.name * shapes
                made.append(_not_run(call, USED_UP))
            elif call.name == "present" and (lacks := failed or call.behind) and self.hold():
                made.append(_not_run(call, HELD.format(name=lacks)))
            else:
                made.append(self.run(call))
                failed = failed or call.name * (shapes and made[-1].error)
                ended = ends and not made[-1].error
                if ended:
                    self.cut = self.told(view, failed or call.behind)
        self.made += len(made)
        return made, ended

    def told(self, view: TurnView, failed: str = "") -> str:
        """What of the calls was cut, and by what; "" where nothing was.

        Args:
            view: the turn.
            failed: a call on which what ended the turn was to build.
        """
        if self._over:
            names = ", ".join(dict.fromkeys(self._over))
            return f"{self.most} calls are made; not run: {names}"
        if failed and view.spent:
            return f"{view.spent}; not run: {failed}"
        return f"{failed} failed; the answer was made without it" if failed else ""


def _kind(call: Call, view: TurnView) -> tuple[bool, bool]:
    """Whether a call ends the turn, and whether it shapes the candidates."""
    tools = {tool.name: tool for tool in (*view.listed, *view.tools)}
    tool = tools.get(call.name)
    if tool is None:
        return False, True
    return tool.ends_turn, tool.changes_bus


def _not_run(call: Call, why: str) -> Observation:
    return Observation(call, why, error=True)
