"""`recagent parse`: how the built-in brain reads an utterance."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common, read_text


@common
def command(
    run: Run,
    text: Annotated[list[str], typer.Argument(help="An utterance; - reads standard input.")],
    context: Annotated[
        typer.FileText | None,
        typer.Option(
            "--context",
            help="Earlier turns, oldest first: utterances, one a line, or JSON (docs/json.md) "
            "that says what was shown after each.",
        ),
    ] = None,
) -> None:
    """Show the typed request that an utterance is read as.

    recagent parse "something funny but not romantic, from the 80s" --json

    recagent parse "how long is the second one?" --context turns.json --json
    """
    from recagent_catalogs.errors import BadInput, UsageError

    from ..agent.builtin.parse import Parser
    from ..agent.context_file import MOST_CHARACTERS, read_context
    from ..library import Library
    from ..paths import find_paths
    from ..ui.clean_json import dumps
    from .opening import open_catalog

    if run.form not in ("table", "json", "jsonl"):
        raise UsageError("parse prints JSON", hint="leave --format out")
    catalog = open_catalog(run)
    threshold = float(run.settings["semantic.threshold"])
    library = Library(find_paths(), semantic=run.semantic)
    matcher = library.matcher(catalog, threshold, lambda why: run.say(f"note: {why}"))
    parser = Parser(catalog, matcher=matcher)
    try:
        earlier = context.read(MOST_CHARACTERS + 1) if context else ""
    except UnicodeDecodeError:
        raise BadInput(
            "the context is no UTF-8 text", path=context.name if context else ""
        ) from None
    history = read_context(earlier, parser, catalog)
    request = parser.parse(read_text(" ".join(text)), history)
    body = {"schema": "recagent.request/1", **request.to_json()}
    run.out(dumps(body, indent=None if run.form == "jsonl" else 2))
