"""How providers write answers on the wire; used by `recagent_cli.testing.FakeServer`."""

from __future__ import annotations

from typing import Any

from .answer import KINDS, Answer, FakeCall
from .anthropic import Anthropic
from .cohere import Cohere
from .gemini import Gemini
from .ollama import Ollama
from .openai_like import (
    VLLM,
    Azure,
    DeepSeek,
    Groq,
    LlamaCpp,
    LMStudio,
    Mistral,
    OpenAI,
    OpenRouter,
)
from .speaker import Speaker

__all__ = ["KINDS", "PROVIDERS", "Answer", "FakeCall", "Speaker", "dialect_of", "wants_stream"]

PROVIDERS: dict[str, Speaker] = {
    "openai": OpenAI(),
    "azure": Azure(),
    "groq": Groq(),
    "deepseek": DeepSeek(),
    "mistral": Mistral(),
    "openrouter": OpenRouter(),
    "vllm": VLLM(),
    "llamacpp": LlamaCpp(),
    "lmstudio": LMStudio(),
    "anthropic": Anthropic(),
    "gemini": Gemini(),
    "ollama": Ollama(),
    "cohere": Cohere(),
}
"""Those that can be played, by name."""


def dialect_of(path: str) -> str:
    """The dialect spoken at a path: openai, anthropic, gemini, ollama, cohere, or "" for none."""
    path = path.partition("?")[0]
    if path.endswith("/chat/completions"):
        return "openai"
    if path.endswith("/messages"):
        return "anthropic"
    if path.endswith((":generateContent", ":streamGenerateContent")):
        return "gemini"
    if path.endswith("/v2/chat"):
        return "cohere"
    return "ollama" if path.endswith("/api/chat") else ""


def wants_stream(path: str, body: dict[str, Any]) -> bool:
    """Whether a request asks for a stream."""
    return bool(body.get("stream")) or ":streamGenerateContent" in path
