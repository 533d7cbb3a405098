"""What the LLM brain tells a model of a catalog and of the tools, made from the schema."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from recagent_catalogs.interactions import Rows
from recagent_catalogs.schema import (
    LIST_ROLES,
    NUMBER_ROLES,
    WORD_ROLES,
    CatalogSchema,
    Column,
    Role,
)
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean
from recagent_prompts import render
from recagent_tools.toolbox import Tool

from .wire import ToolSchema

SHOWN_VALUES = {Role.CATEGORIES: 24, Role.AUDIENCE: 6, Role.TAGS: 10, Role.FACET: 3, Role.GROUP: 2}
OTHER_VALUES = 1
VALUE_CHARS = 24
_TYPES = {Role.TITLE: "text", Role.ALIAS: "text", Role.TEXT: "text", Role.ID: "text"}


def tool_schemas(tools: Iterable[Tool]) -> list[ToolSchema]:
    """The tools as a model is told of them."""
    return [
        ToolSchema(tool.name, tool.description, _slim(tool.schema(own=False)))
        for tool in tools
        if not tool.own
    ]


def _slim(parameters: dict[str, Any]) -> dict[str, Any]:
    """Without an empty `required`: it says nothing and costs tokens in every request."""
    return {key: value for key, value in parameters.items() if key != "required" or value}


def system_prompt(catalog: Catalog, tools: Sequence[ToolSchema], *, text_mode: bool) -> str:
    """The system prompt: the same bytes for the same catalog, tools and mode."""
    prompt = render("system", **_told_of(catalog))
    return prompt + "\n" + tools_as_text(tools) if text_mode else prompt


def plan_prompt(catalog: Catalog, tools: Sequence[ToolSchema]) -> str:
    """The system prompt of a model that plans a turn; the tools stand in it, none go beside it."""
    return render("plan", **_told_of(catalog), tools=_listed(tools))


def _told_of(catalog: Catalog) -> dict[str, Any]:
    """What a system prompt says of a catalog."""
    schema = catalog.schema
    return {
        "nouns": clean(schema.items, 40),
        "size": f"{catalog.n_items:,}",
        "columns": [_column(catalog, column) for column in _told(schema)],
        "conditions": example_conditions(catalog),
    }


def _told(schema: CatalogSchema) -> list[Column]:
    """The columns worth telling of: what can be asked for."""
    return [c for c in schema.columns if c.role not in (Role.URL, Role.OTHER)]


def _column(catalog: Catalog, column: Column) -> dict[str, Any]:
    values, more = _values(catalog, column)
    return {
        "name": column.name,
        "type": _type(column),
        "unit": column.unit or _range(catalog, column),
        "examples": values,
        "more": more,
    }


def _type(column: Column) -> str:
    if column.role in LIST_ROLES:
        return "list"
    return "number" if column.role in NUMBER_ROLES else "text"


def _range(catalog: Catalog, column: Column) -> str:
    """The years there are; other numbers have a unit."""
    if column.role is not Role.YEAR:
        return ""
    years = catalog.numbers(column.name)
    known = years[~np.isnan(years)]
    return f"{int(known.min())}..{int(known.max())}" if len(known) else ""


def _values(catalog: Catalog, column: Column) -> tuple[list[str], bool]:
    """The commonest values, short ones, and whether there are more."""
    if column.role not in WORD_ROLES:
        return [], False
    values = list(column.order) or common_values(catalog, column)
    limit = SHOWN_VALUES.get(column.role, OTHER_VALUES)
    kept = [clean(value) for value in values if len(value) <= VALUE_CHARS][:limit]
    return kept, len(kept) < len(values)


def common_values(catalog: Catalog, column: Column) -> list[str]:
    """The values of a column, the commonest first; none where it has no words."""
    try:
        return catalog.words(column.name).values
    except KeyError:
        return []


def example_conditions(catalog: Catalog) -> list[str]:
    """Conditions that make sense in this catalog, one of each form."""
    schema = catalog.schema
    found: list[str] = []
    if (column := schema.one(Role.CATEGORIES) or schema.one(Role.TAGS)) is not None:
        values = [v for v in common_values(catalog, column) if len(v) <= VALUE_CHARS][:4]
        if len(values) == 4:
            found.append(f"{column.name} has {values[0]} | {values[1]}")
            found.append(f"{column.name} lacks {values[3]}")
    if (year := schema.one(Role.YEAR)) is not None:
        found.append(f"{year.name} 1990..1999")
    number = schema.one(Role.NUMBER)
    if number is not None:
        found.append(f"{number.name} <= {middle_of(catalog, number.name):g}")
    if (people := schema.one(Role.PEOPLE)) is not None:
        found.append(f'{people.name} has "{(common_values(catalog, people) or ["NAME"])[0]}"'[:60])
    return found


def middle_of(catalog: Catalog, name: str, rows: Rows | None = None) -> float:
    """A round number near the middle of a column, of all items or of some."""
    values = catalog.numbers(name)
    values = values if rows is None else values[rows]
    known = values[~np.isnan(values)]
    middle = float(np.median(known)) if len(known) else 0.0
    if not middle:
        return 0.0
    scale: float = 10 ** max(math.floor(math.log10(abs(middle))) - 1, 0)
    return round(middle / scale) * scale


def tools_as_text(tools: Sequence[ToolSchema]) -> str:
    """How a model without tool calls is told of tools."""
    return render("text_tools", tools=_listed(tools))


def _listed(tools: Sequence[ToolSchema]) -> list[dict[str, Any]]:
    """The tools for the text protocol."""
    return [
        {"name": tool.name, "description": tool.description, "fields": _fields(tool.parameters)}
        for tool in tools
    ]


def _fields(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    required = parameters.get("required", ())
    return [
        {
            "name": name,
            "type": _type_name(part),
            "required": name in required,
            "description": part.get("description", ""),
        }
        for name, part in parameters.get("properties", {}).items()
    ]


def _type_name(part: dict[str, Any]) -> str:
    if options := part.get("enum"):
        return " | ".join(map(str, options))
    if part.get("type") == "array":
        return f"list of {_type_name(part.get('items', {}))}"
    return str(part.get("type", "string"))


def count_tokens(text: str, encoding: str = "o200k_base") -> int:
    """Tokens of a text, by the tiktoken encodings that litellm ships; needs no network.

    Args:
        text: any text; a tool schema is counted as the JSON that goes over the wire.
        encoding: "o200k_base" or "cl100k_base".

    Raises:
        ModuleNotFoundError: tiktoken or litellm is not installed.
    """
    import os

    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("litellm")
    shipped = Path(spec.submodule_search_locations[0]) / "litellm_core_utils" / "tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(shipped)
    import tiktoken

    return len(tiktoken.get_encoding(encoding).encode(text, disallowed_special=()))
