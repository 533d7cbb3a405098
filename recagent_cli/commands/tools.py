"""`recagent tools`: the tools a brain has; run one by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from .run import Run, common

if TYPE_CHECKING:
    from recagent_tools.toolbox import Tool

app = typer.Typer(help="List the tools of a brain, or call one.", invoke_without_command=True)


@app.callback()
def _tools(context: typer.Context) -> None:
    """List the tools of a brain, or call one."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
@common
def list_(run: Run) -> None:
    """List the tools with their arguments."""
    from recagent_tools.registry import load_toolbox

    from ..ui.render import report_text, rows_table

    tools = list(load_toolbox())
    if run.form != "table":
        told = [
            {"name": t.name, "group": t.group, "description": t.description, "schema": t.schema()}
            for t in tools
        ]
        run.out(report_text("tools", {"tools": told}, run.form))
        return
    rows = [[t.name, t.group, _arguments(t), t.description] for t in tools]
    run.show(rows_table(["tool", "group", "arguments", "what it does"], rows))


def _arguments(tool: Tool) -> str:
    """`where: array, top: integer` – what may be left out in brackets."""
    schema = tool.schema()
    told = []
    for name, part in schema["properties"].items():
        kind = "|".join(part["enum"]) if "enum" in part else part["type"]
        told.append(f"{name}: {kind}" if name in schema["required"] else f"[{name}: {kind}]")
    return ", ".join(told)


@app.command("call")
@common
def call(
    run: Run,
    name: Annotated[str, typer.Argument(help="Name of the tool.")],
    args: Annotated[str, typer.Option("--args", help="Arguments as a JSON object.")] = "{}",
    session: Annotated[
        str | None, typer.Option("--session", help="On this session's candidates.")
    ] = None,
) -> None:
    """Run one tool and print what a brain would see."""
    from recagent_catalogs.errors import BadInput, NotFound
    from recagent_catalogs.text import clean

    from ..ui.render import report_text

    try:
        arguments = json.loads(args)
    except (ValueError, RecursionError) as error:
        told = "too deep, or a number of too many digits"
        if isinstance(error, json.JSONDecodeError):
            told = f"{error.msg} at character {error.pos + 1}"
        raise BadInput(
            f"--args: no JSON: {told}",
            hint="""recagent tools call filter --args '{"where": ["year 1990..1999"]}'""",
        ) from error
    if not isinstance(arguments, dict):
        raise BadInput("--args must be a JSON object")
    run.at_session(session)
    assistant = run.assistant(build=False)
    if name not in assistant.toolbox:
        known = ", ".join(tool.name for tool in assistant.toolbox)
        raise NotFound(f"no tool {name!r}", hint=f"tools: {known}")
    held = assistant.load_session(session) if session is not None else assistant.new_session()
    assert held is not None
    ran = assistant.call_tool(name, arguments, held)
    if run.form != "table":
        body = {
            "tool": name,
            "before": ran.before,
            "after": ran.after,
            "error": ran.error,
            "text": ran.result.text,
            "data": ran.result.data,
        }
        run.out(report_text("tool", body, run.form))
    else:
        run.out(clean(ran.result.text, 4_000, newlines=True))
    if ran.error:
        failed = BadInput(f"{name} did not run", hint=clean(ran.result.text, 300))
        failed.in_report = run.form != "table"
        raise failed
