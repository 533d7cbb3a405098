"""Records which kinds of node DuckDB's trees of our legitimate queries are made of.

    python -m tests.hostile.syntax_trees      (or: just trees)

writes `tests/data/sql/trees-MAJOR.MINOR.json` for the DuckDB that is installed. What a new version
adds shows in the difference, before anybody lets the gate know it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from recagent_catalogs.sandbox_gate import Refused, syntax_tree

from .sql import OWN, own


def version() -> str:
    """Major and minor number of the installed DuckDB."""
    import duckdb

    return ".".join(duckdb.__version__.split(".")[:2])


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """All objects of a tree that say of which kind they are."""
    if isinstance(tree, dict):
        if isinstance(tree.get("type"), str):
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for child in tree:
            yield from nodes(child)


def kinds(trees: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Types of the expressions by class, and of the other nodes; with the keys that they have."""
    found: dict[str, set[str]] = {"": set(), "keys": set()}
    for tree in trees:
        for node in nodes(tree):
            found.setdefault(node.get("class", ""), set()).add(node["type"])
            found["keys"].update(node)
    return {name: sorted(types) for name, types in sorted(found.items())}


def trees() -> list[dict[str, Any]]:
    """The trees of our legitimate queries that this version can read."""
    import duckdb

    parser = duckdb.connect()
    found = []
    for _, sql in own("legitimate.txt"):
        try:
            found.append(syntax_tree(sql, parser))
        except Refused as refusal:
            print(f"not read: {refusal}: {sql[:80]}")
    parser.close()
    return found


if __name__ == "__main__":
    path = OWN / f"trees-{version()}.json"
    path.write_text(json.dumps(kinds(trees()), indent=1) + "\n", encoding="utf-8")
    print(path)
