"""`recagent profile`: what is known of you, corrected, taken back and forgotten.

A further command is a function in a room of its own beside this one, and a line in `MEMBERS`.
"""

from __future__ import annotations

from importlib import import_module

import typer

HELP = "See what is known of you, and where it comes from; correct it, take it back, forget it."
MEMBERS = (
    ("show", "profile_show", "show"),
    ("why", "profile_show", "why"),
    ("set", "profile_change", "set_"),
    ("undo", "profile_change", "undo"),
    ("pause", "profile_change", "pause"),
    ("resume", "profile_change", "resume"),
    ("forget", "profile_forget", "forget"),
    ("export", "profile_export", "export"),
    ("import", "profile_import", "command"),
)
"""Name, module and function of each command."""
NUMBERS = {"ignore_unknown_options": True}
"""For commands that take weights: -1 is no option."""

app = typer.Typer(help=HELP, no_args_is_help=True)
for _name, _module, _function in MEMBERS:
    _command = getattr(import_module(f"{__package__}.{_module}"), _function)
    app.command(_name, context_settings=NUMBERS if _name == "set" else None)(_command)
app.add_typer(import_module(f"{__package__}.profile_pending").app, name="pending")
