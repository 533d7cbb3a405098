"""Another brain in the middle of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .assistant import Assistant

BUILTIN = ("builtin", "built-in", "none")


def take_brain(assistant: Assistant, name: str) -> None:
    """Let another brain answer from the next turn on; the conversation stays as it is.

    Args:
        assistant: whose brain; a model gets its address and patience, and the built-in brain as
            its fallback.
        name: of a model, as litellm has it, or "builtin".

    Raises:
        ModelError: there is no provider of that name; the brain stays.
    """
    agent = assistant.agent
    if name in BUILTIN:
        agent.brain, agent.fallback = assistant.builtin, None
        return
    from .agent.litellm_adapter import check_name
    from .agent.llm import open_brain

    check_name(name, assistant.api_base)
    brain = open_brain(name, api_base=assistant.api_base, timeout_s=assistant.timeout_s)
    agent.brain, agent.fallback = brain, assistant.builtin
