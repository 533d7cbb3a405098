"""Another brain in the middle of a conversation."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput

if TYPE_CHECKING:
    from .agent.llm import LLMBrain
    from .assistant import Assistant

BUILTIN = ("builtin", "built-in", "none")
PRICES = "model_prices_and_context_window_backup.json"


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


def check_start(name: str, api_base: str | None) -> None:
    """See, before anything is asked, that a model can be meant; quick where it surely can.

    Raises:
        BadInput: it is no name, or holds a key.
        ModelError: there is no provider of that name, or it must not be asked.
    """
    from .agent.hosts import OBEYS, check_address, check_provider

    check_model(name)
    check_address(api_base)
    if name in BUILTIN:
        return
    head, slash, _ = name.partition("/")
    if not api_base:
        check_provider(name, None)
    if (not slash or head in OBEYS) if api_base else _is_listed(name):
        return
    from .agent.model_names import check_name  # seconds: it imports litellm

    check_name(name, api_base)


def _is_listed(name: str) -> bool:
    """Whether litellm's price list, a file, has the model or its provider."""
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return False
    place = Path(spec.submodule_search_locations[0]) / PRICES
    try:
        listed = place.read_text(encoding="utf-8")
    except OSError:
        return False
    head, slash, _ = name.partition("/")
    return f'"{name}": {{' in listed or bool(slash) and f'"litellm_provider": "{head}"' in listed


def take_brain(assistant: Assistant, name: str) -> None:
    """Let another brain answer from the next turn on; the conversation stays as it is.

    Args:
        assistant: whose brain; a model gets its address and patience, and the built-in brain as
            its fallback.
        name: of a model, as litellm has it, or "builtin".

    Raises:
        BadInput: it is no name.
        ModelError: there is no provider of that name, or it must not be asked; the brain stays.
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

    known = KnownModels(assistant.paths.models_known, writes=lambda: not assistant.incognito)
    return open_brain(
        name, api_base=assistant.api_base, options=assistant.model_options, known_modes=known
    )
