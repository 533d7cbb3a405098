"""Whether `completion(tools=...)` of the litellm that a fresh resolve gives reaches a server here."""

from __future__ import annotations

import sys

from recagent_cli.testing import FakeServer
from recagent_tools.registry import load_toolbox

from recagent_cli.assistant import Assistant


def main() -> None:
    """Ask the bundled films through litellm and a loopback server."""
    from importlib.metadata import version

    print("litellm", version("litellm"), "tools", len(list(load_toolbox())))
    with FakeServer() as server:
        server.add_tool_calls([("present", {"count": 3, "text": "Here are three."})])
        with Assistant("movies", model="openai/fake", api_base=server.openai_base,
                       fallback=False) as assistant:
            turn = assistant.ask("three good films", keep=False)
    if len(turn.items) != 3 or not server.requests:
        sys.exit(f"the model's call did not arrive: {turn.to_json()}")
    print("a tool call came through:", ", ".join(item.label for item in turn.items))


main()
