"""The person's message of a turn, as a model gets it: their words, the state, lessons, examples.

It stands behind the system prompt and the turns before, so that these stay the same bytes. It is
made once a turn; examples only where the model writes its calls as text or as a whole plan, for
models with native calls gain nothing from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .brain import TurnView
from .demonstrations import Demonstrations, told
from .recalled import Recalled
from .transcript import opening


@dataclass
class Opening:
    """The opening of one turn.

    Attributes:
        view: the turn at its beginning; None for none.
        examples: where demonstrations come from.
    """

    view: TurnView | None = None
    examples: Demonstrations = field(default_factory=Demonstrations)
    _words: str = ""
    _shown: dict[str, str] = field(default_factory=dict)
    _recalled: Recalled = field(default_factory=Recalled)

    def __post_init__(self) -> None:
        if self.view is not None:
            self._recalled = self.view.recall()
            self._words = opening(self.view, self._recalled.lessons)

    def told(self, form: str) -> str:
        """The message for a model that calls tools so: "native", "text" or "plan"."""
        if self.view is None or form == "native":
            return self._words
        if form not in self._shown:
            near = self.examples.near(self.view, self._recalled.kept())
            self._shown[form] = told([one for one, _ in near], plan=form == "plan")
        return "\n\n".join(part for part in (self._shown[form], self._words) if part)
