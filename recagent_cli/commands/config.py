"""`recagent config`: the settings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .run import Run, plain

app = typer.Typer(help="Show and change settings.", no_args_is_help=True)


@app.command("show")
@plain
def show(run: Run) -> None:
    """Show every setting, its value and where it comes from."""
    from ..settings import SETTINGS
    from ..ui.render import report_text, rows_table

    run.lenient = True
    settings = run.settings
    if run.settings_problem:
        run.say(f"note: left out: {run.settings_problem}")
    if run.form != "table":
        body = {
            "settings": {
                s.name: {
                    "value": _told(s.name, settings[s.name]),
                    "source": settings.source[s.name],
                }
                for s in SETTINGS
            }
        }
        run.out(report_text("config", body, run.form))
        return
    rows = [
        [s.name, str(_told(s.name, settings[s.name])), settings.source[s.name], s.about]
        for s in SETTINGS
    ]
    run.show(rows_table(["setting", "value", "from", "what for"], rows))


def _told(name: str, value: Any) -> Any:
    """A value as it may be shown: an address from the environment may hold a password."""
    from ..agent.hosts import without_secrets

    return without_secrets(str(value)) if name == "api_base" and value else value


@app.command("set")
@plain
def set_(
    run: Run,
    name: Annotated[str, typer.Argument(help="Name of the setting.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
) -> None:
    """Change a setting for good. Keys of providers are no settings; they stay in the shell."""
    from recagent_catalogs.errors import NotFound

    from ..library import Library
    from ..paths import find_paths
    from ..settings import set_setting

    paths = find_paths()
    if name == "catalog" and value not in ("", *Library(paths).names()):
        raise NotFound(f"no catalog {value!r}", hint="recagent catalog list")
    if name == "api_base" and value:
        from ..agent.hosts import check_address, check_no_secret

        check_address(value)
        check_no_secret(value)
    if name == "semantic.model" and value:
        from recagent_tools.models.static_model import StaticModel

        from ..whole_file import typed_path

        StaticModel(typed_path(value).absolute())
    checked = set_setting(paths, name, value)
    run.say(f"{name} = {checked!r} in {paths.settings}")
    if name == "semantic.model" and value:
        run.say("note: `recagent build` puts it to use, a catalog at a time")
