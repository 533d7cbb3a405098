"""Pictures on the way to a model: as a part of a message, and not to one that is known to be blind.

Who can see is found out by trying: litellm's list of models does not know most of them. Only where
pictures would be left aside in silence, so that a model made up what it saw, it is asked first.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from .model_errors import no_images
from .picture import Picture

DROPS_PICTURES = frozenset(("deepseek", "sambanova", "heroku", "docker_model_runner"))
"""Providers for whom litellm makes one text of a message, and leaves its pictures out."""
ASKED = frozenset(("ollama_chat", "ollama"))
"""Servers that leave pictures out themselves, and say what a model can do."""
OLLAMA = "http://localhost:11434"
SHOW_S = 3.0
"""How long an Ollama server may take to say what a model can do."""


def image_part(picture: Picture) -> dict[str, Any]:
    """A picture in OpenAI's shape, which litellm turns into every other dialect."""
    return {"type": "image_url", "image_url": {"url": picture.url}}


def check_sight(litellm: Any, name: str, model: str, provider: str, api_base: str | None) -> None:
    """See that pictures are not left aside in silence; who refuses them says so itself.

    Args:
        litellm: the module.
        name: of the model, as the person gave it.
        model: as litellm has it.
        provider: as litellm has it.
        api_base: address of the person's own server.

    Raises:
        ModelError: they would be (reason "no_images").
    """
    seen = True
    if provider in DROPS_PICTURES:
        # For DeepSeek it keeps them where it knows that a model sees.
        seen = provider == "deepseek" and litellm.supports_vision(model, provider)
    elif provider in ASKED:
        seen = _says_vision(api_base or os.environ.get("OLLAMA_API_BASE") or OLLAMA, model)
    if not seen:
        raise no_images(name)


def _says_vision(base: str, model: str) -> bool:
    """Whether an Ollama server says that a model can see; True where it does not say."""
    import httpx

    with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
        url = f"{base.rstrip('/')}/api/show"
        told = httpx.post(url, json={"model": model}, timeout=SHOW_S, trust_env=False).json()
        able = told.get("capabilities")
        return not isinstance(able, list) or "vision" in able
    return True
