"""What a model is asked beside the steps of a turn: other words, and its judgement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from .text_protocol import strip_thinking
from .verdict import VERDICT, Verdict, read_verdict, task_of
from .wire import Reply, ToolSchema


class Beside(ABC):
    """A brain that answers such questions; they count against the budget of its turn."""

    @property
    @abstractmethod
    def mode(self) -> str:
        """How the model is asked: "native" or "text"."""

    @abstractmethod
    def _beside(
        self, what: str, task: str, material: str, tools: Sequence[ToolSchema] = ()
    ) -> Reply | None:
        """The answer to a task on some material; None where it fails or may cost no more.

        What it cost is told as an event, `ModelAnswered`, with `what` ("rewrite", "review") as its
        mode, so that the events of a turn tell of every answer that its usage counts.
        """

    def rewrite(self, task: str, material: str) -> str:
        """The model's answer to a task; "" where it fails or the budget is spent."""
        reply = self._beside("rewrite", task, material)
        return strip_thinking(reply.text) if reply else ""

    def judge(self, material: str) -> Verdict | None:
        """The model's verdict on an answer; None where there is none that can be read."""
        text_mode = self.mode == "text"
        tools = () if text_mode else (VERDICT,)
        reply = self._beside("review", task_of(text_mode=text_mode), material, tools)
        return read_verdict(reply) if reply else None
