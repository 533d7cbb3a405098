"""What passes between a brain and a language model, in our own types.

The brain (`llm.py`) builds `Message`s and reads `Reply`s; a `ModelClient` carries them. The client
that ships is `litellm_adapter.LiteLLMClient`; tests and plug-ins may bring their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .picture import Picture

RoleName = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class WireCall:
    """A tool call as a model wrote it.

    Attributes:
        name: as written; perhaps unknown or prefixed.
        arguments: JSON text as written; perhaps malformed.
        id: as given; perhaps empty or a duplicate.
        extra: the provider's own data (a thought signature), handed back unchanged.
        whole: False where the answer broke off inside the call: it must not run.
    """

    name: str
    arguments: str
    id: str = ""
    extra: dict[str, Any] | None = None
    whole: bool = True


@dataclass(frozen=True)
class Message:
    """One message of the conversation.

    Attributes:
        role: who speaks.
        content: the text; of a tool message JSON.
        calls: of an assistant message, the calls it made. Their ids are unique and not empty.
        call_id, name: of a tool message, the call which it answers.
        extra: of an assistant message, the provider's own data (thinking blocks), handed back.
        images: of a user message, the pictures that the person shows.
    """

    role: RoleName
    content: str = ""
    calls: tuple[WireCall, ...] = ()
    call_id: str = ""
    name: str = ""
    extra: dict[str, Any] | None = None
    images: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class ToolSchema:
    """A tool as a model is told of it: name, description, JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]

    def to_wire(self) -> dict[str, Any]:
        """The shape of OpenAI's `tools`, which litellm turns into every other dialect."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True)
class Reply:
    """One answer of a model.

    Attributes:
        text: its prose, think tags and all.
        calls: its native tool calls, in order.
        finish: the provider's finish word, or "" where none came. It lies: look at `calls`.
        thought: reasoning that came beside the text.
        complete: False where the stream broke off.
        prompt_tokens, completion_tokens: None where the provider sent no usage.
        cached_tokens: those of the prompt that the provider had in its cache; None where it does
            not tell.
        cost_usd: None where the price is unknown.
        extra: the provider's own data of the message, handed back unchanged.
        answers: how many answers the tokens and the cost are of: one that was of no use, and asked
            again, is paid as well.
    """

    text: str = ""
    calls: tuple[WireCall, ...] = ()
    finish: str = ""
    thought: str = ""
    complete: bool = True
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cost_usd: float | None = None
    extra: dict[str, Any] | None = None
    answers: int = 1


class ModelClient(Protocol):
    """Carries messages to one model."""

    @property
    def model(self) -> str:
        """The model's name, as the person gave it."""
        ...

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        may_call: bool = True,
        on_text: Callable[[str], None] | None = None,
        seconds: float | None = None,
    ) -> Reply:
        """One answer of the model.

        Args:
            messages: the whole conversation, every call answered directly after its message.
            tools: native tools; none in text mode.
            may_call: False asks the model for text although tools are listed.
            on_text: takes the pieces of the text as they arrive.
            seconds: what is left of the turn's time, retries included; None for the client's own.

        Raises:
            ModelError: nothing usable came; its reason says why.
        """
        ...
