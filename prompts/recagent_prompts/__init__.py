"""What a model is told: templates, and the few lines that render them.

Every template is a file `NAME.j2` beside this one. It begins with a comment that says what it is
for and names its variables; a variable that is not given is an error. The same variables give the
same bytes, so that a provider's prompt cache hits over a whole session.
"""

from __future__ import annotations

import json
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template


def _json(value: Any) -> str:
    """A value as one line of JSON: how text that is not ours goes into a prompt."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja environment: strict undefined, no escaping (prompts are no HTML), `json` filter."""
    made = Environment(
        loader=BaseLoader(),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["json"] = _json
    return made


def names() -> list[str]:
    """The names of all templates, sorted."""
    found = (entry.name for entry in files(__package__).iterdir())
    return sorted(name.removesuffix(".j2") for name in found if name.endswith(".j2"))


def source(name: str) -> str:
    """The text of a template, with its header.

    Raises:
        FileNotFoundError: there is no such template.
    """
    return files(__package__).joinpath(f"{name}.j2").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def demonstrations() -> tuple[dict[str, Any], ...]:
    """The examples of requests and their calls, as their files have them, in order.

    They are the files `demonstrations/*.toml`; `docs/prompts.md` describes them.
    """
    folder = files(__package__).joinpath("demonstrations")
    found: list[dict[str, Any]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            found += tomllib.loads(entry.read_text(encoding="utf-8"))["demonstration"]
    return tuple(found)


@lru_cache(maxsize=32)
def _template(name: str) -> Template:
    return environment().from_string(source(name))


def render(name: str, **variables: Any) -> str:
    """A template with its variables filled in.

    Raises:
        FileNotFoundError: there is no such template.
        jinja2.UndefinedError: a variable is missing.
    """
    return _template(name).render(**variables).strip() + "\n"
