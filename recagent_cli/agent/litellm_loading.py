"""Importing litellm: late, in a thread, quiet and offline.

It takes seconds to import, prints banners, fetches a price list and reads a `.env` unless it is
told not to.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os
import re
import sys
import threading
import warnings
from typing import Any

from recagent_catalogs.errors import ModelError

from .model_errors import redact

MIN_VERSION = (1, 91)
CUT_WORDS = ("model_length", "model_context_window_exceeded")
"""Finish words of Mistral and Anthropic for "cut" which litellm takes for a good end."""
_LOCK = threading.Lock()
_loaded: Any = None


def load() -> Any:
    """Import litellm, quiet and offline.

    Raises:
        ModelError: it is missing, broken or too old (reason "missing").
    """
    global _loaded
    with _LOCK:
        if _is_loaded():
            return _loaded
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        os.environ["LITELLM_MODE"] = "PRODUCTION"
        os.environ.setdefault("LITELLM_LOG", "CRITICAL")
        _check_version()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                litellm = importlib.import_module("litellm")
                _quiet(litellm)
        # A half-installed litellm fails in any way there is: in its own imports, in pydantic's.
        except Exception as error:
            told = " ".join(redact(str(error)).split())
            raise _missing(f"litellm cannot be imported: {type(error).__name__}: {told}") from error
        # Its first call builds pydantic models that warn of themselves.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"pydantic\.")
        _loaded = litellm
        return litellm


def warm() -> threading.Thread:
    """Import litellm in a thread, while the person types; errors show at the first answer."""

    def work() -> None:
        try:
            load()
        except ModelError:
            pass

    thread = threading.Thread(target=work, name="litellm-import", daemon=True)
    thread.start()
    return thread


def wait(seconds: float) -> Any:
    """litellm, imported in a thread, so that the wait for it has an end and Ctrl-C is instant.

    Args:
        seconds: how long to wait at most.

    Raises:
        ModelError: it is missing (reason "missing"), or not there in time (reason "timeout").
    """
    if not _is_loaded():
        thread = warm()
        thread.join(seconds)
        if thread.is_alive():
            raise ModelError(
                f"litellm was not loaded in {seconds:.3g} s",
                reason="timeout",
                hint="try again; the first time after an installation takes longest",
            )
    return load()


def _is_loaded() -> bool:
    return _loaded is not None and sys.modules.get("litellm") is _loaded


def _check_version() -> None:
    try:
        text = importlib.metadata.version("litellm")
    except importlib.metadata.PackageNotFoundError:
        return  # the import itself says what is missing
    numbers = tuple(int(part) for part in re.findall(r"\d+", text)[:2])
    if numbers < MIN_VERSION:
        wanted = ".".join(map(str, MIN_VERSION))
        raise _missing(f"litellm {text} is too old: {wanted} or newer is needed")


def _missing(message: str) -> ModelError:
    hint = (
        "install it anew: pip install 'litellm>=1.91,<1.106'; without a model recagent still works"
    )
    return ModelError(message[:300], reason="missing", hint=hint)


def _quiet(litellm: Any) -> None:
    """No banners, no telemetry, no downloaded tokenizers, no hidden retries."""
    for name, value in (
        ("suppress_debug_info", True),
        ("telemetry", False),
        ("disable_token_counter", True),
        ("disable_hf_tokenizer_download", True),
        ("disable_streaming_logging", True),
        ("num_retries", 0),
        ("callbacks", []),
        ("success_callback", []),
        ("failure_callback", []),
    ):
        setattr(litellm, name, value)
    litellm.completion  # noqa: B018  (a broken install has the package and not the function)
    _ask_no_ollama()
    words = getattr(litellm.litellm_core_utils.core_helpers, "_FINISH_REASON_MAP", None)
    if isinstance(words, dict):
        words.update(dict.fromkeys(CUT_WORDS, "length"))
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx", "openai"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _ask_no_ollama() -> None:
    """Let no price or size of a model be looked up at an Ollama server.

    litellm would do so twice an answer, at its own idea of the address, with `OLLAMA_API_KEY`.
    """
    from litellm.llms.ollama import common_utils
    from litellm.llms.ollama.completion import transformation

    def unknown(self: Any, model: str, *rest: Any, **more: Any) -> None:
        return None

    for module, name in ((common_utils, "OllamaModelInfo"), (transformation, "OllamaConfig")):
        owner: Any = getattr(module, name, None)
        if hasattr(owner, "get_model_info"):
            owner.get_model_info = unknown
