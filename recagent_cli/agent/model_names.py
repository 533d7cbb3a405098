"""Names of models, as persons give them and as litellm wants them."""

from __future__ import annotations

import re
from typing import Any

from .hosts import check_provider, host_of
from .litellm_loading import load
from .model_errors import failure

TALKING = ("chat", "responses")
"""What litellm says of models that are asked for an answer."""
_ELSE = re.compile(r"embed|\btts\b|\baudio\b|\bimage\b")


def wire_model(model: str, api_base: str | None) -> str:
    """The name as litellm wants it: Ollama by its chat API, bare names at a base as OpenAI's."""
    if model.startswith("ollama/"):
        return "ollama_chat/" + model.removeprefix("ollama/")
    if api_base and "/" not in model:
        return f"openai/{model}"
    return model


def at_base(model: str, api_base: str | None, litellm: Any) -> str:
    """At the person's own server a name like "meta-llama/Llama-3" holds no provider."""
    head = model.partition("/")[0]
    known = {str(getattr(provider, "value", provider)) for provider in litellm.provider_list}
    return f"openai/{model}" if api_base and head not in known else model


def sends_to(model: str, api_base: str | None) -> str:
    """Where messages go, for the person: a host, or the provider's name."""
    if api_base:
        return host_of(api_base)
    head, slash, _ = wire_model(model, None).partition("/")
    return head if slash else "the provider of " + model


def check_name(model: str, api_base: str | None) -> None:
    """See that there is a provider for a name, which may be asked; nothing is sent.

    Raises:
        ModelError: there is none (reason "not_found"), it is not asked (reason "refused"), or
            litellm is missing.
    """
    litellm = load()
    wire = at_base(wire_model(model, api_base), api_base, litellm)
    check_provider(wire, api_base)
    try:
        litellm.get_llm_provider(wire, api_base=api_base)
    except Exception as error:  # of any class, as all that litellm raises
        told = failure(error, model=model, own_base=api_base is not None).error
        near = suggestions(model) if api_base is None else []
        told.hint = "did you mean " + ", ".join(near) + "?" if near else told.hint
        raise told from None


def suggestions(model: str, limit: int = 3) -> list[str]:
    """Names near this one of models that talk; empty where nothing is near.

    litellm's list names models of pictures, speech, embeddings and ranking as well.
    """
    from rapidfuzz import process, utils

    known = getattr(load(), "model_cost", {})
    names = [name for name, facts in known.items() if _talks(name, facts)]
    found = process.extract(
        model, names, processor=utils.default_process, limit=limit, score_cutoff=75
    )
    return [name for name, _, _ in found if name != model]


def _talks(name: str, facts: Any) -> bool:
    """Whether a model answers in words; some that do not are listed as chats, too."""
    answers = facts.get("supported_output_modalities") or ["text"]
    return facts.get("mode") in TALKING and "text" in answers and not _ELSE.search(name)
