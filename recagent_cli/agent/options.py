"""How a language model is asked, and what a turn of it may cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .budget import Limits

Mode = Literal["auto", "native", "text"]
Strategy = Literal["react", "plan"]
MODES: tuple[Mode, ...] = ("auto", "native", "text")
STRATEGIES: tuple[Strategy, ...] = ("react", "plan")


@dataclass(frozen=True)
class ModelOptions:
    """How a language model is asked.

    Attributes:
        strategy: "react" asks step by step (ReAct: Yao et al., 2023); "plan" asks for the whole
            ordered list of calls first (InteRecAgent's plan-first), and goes on step by step where
            that does not work out.
        mode: calls as the provider's own ("native"), as text in the answer ("text"), or native
            until the model shows that it has none ("auto").
        max_steps: steps of the loop in one turn.
        limits: what a turn may cost; its seconds hold retries, too.
        critic: whether the model reviews each answer before it is shown, after code did.
    """

    strategy: Strategy = "react"
    mode: Mode = "auto"
    max_steps: int = 8
    limits: Limits = field(default_factory=Limits)
    critic: bool = False
