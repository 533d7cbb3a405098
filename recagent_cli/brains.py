"""Another brain in the middle of a conversation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput

if TYPE_CHECKING:
    from .agent.llm import LLMBrain
    from .assistant import Assistant

BUILTIN = ("builtin", "built-in", "none")


_KEY = re.compile(r"\bsk-[\w-]{8,}|\b(?:api_?key|key|token)=", re.IGNORECASE)


def holds_key(text: str) -> bool:
    """Whether a key of a provider seems to stand in a text; it is neither echoed nor kept then."""
    return _KEY.search(text) is not None


def check_model(name: str) -> None:
    """See that a name can be one of a model, and is no key.

    Raises:
        BadInput: it is not; what was given is not repeated.
    """
    if holds_key(name) or re.search(r"[?=\s]", name):
        raise BadInput("that is no name of a model", hint="keys stay in the shell, OPENAI_API_KEY")


def take_brain(assistant: Assistant, name: str) -> None:
    """Let another brain answer from the next turn on; the conversation stays as it is.

    Args:
        assistant: whose brain; a model gets its address and patience, and the built-in brain as
            its fallback.
        name: of a model, as litellm has it, or "builtin".

    Raises:
        BadInput: it is no name.
        ModelError: there is no provider of that name; the brain stays.
    """
    check_model(name)
    agent = assistant.agent
    if name in BUILTIN:
        agent.brain, agent.fallback = assistant.builtin, None
        return
    from .agent.model_names import check_name

    check_name(name, assistant.api_base)
    agent.brain, agent.fallback = open_model(assistant, name), assistant.builtin


def open_model(assistant: Assistant, name: str) -> LLMBrain:
    """A brain that asks a model as the assistant has it, and knows what was learned of it before.

    Args:
        assistant: whose address, options and paths.
        name: of the model, as litellm has it.
    """
    from .agent.known import KnownModels
    from .agent.llm import open_brain

    known = KnownModels(assistant.paths.models_known)
    return open_brain(
        name, api_base=assistant.api_base, options=assistant.model_options, known_modes=known
    )
