"""Whether `completion(tools=...)` of the litellm of a fresh resolve reaches a server here."""

from __future__ import annotations

import sys
from importlib.metadata import version

from recagent_cli.assistant import Assistant
from recagent_cli.testing import Answer, FakeCall, FakeServer


def main() -> None:
    """Ask the bundled films through litellm and a loopback server."""
    call = FakeCall("present", {"count": 3, "text": "Here are three."})
    with FakeServer(Answer(calls=(call,))) as server:
        options = {"model": "openai/fake", "api_base": server.url, "fallback": False}
        with Assistant("movies", incognito=True, **options) as assistant:
            turn = assistant.ask("three good films")
    if len(turn.items) != 3 or not server.requests or "tools" not in server.requests[0].body:
        sys.exit(f"the model's call did not arrive: {turn.to_json()}")
    shown = ", ".join(item.label for item in turn.items)
    print(f"litellm {version('litellm')}: a tool call came through and showed {shown}")


main()
