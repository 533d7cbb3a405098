"""SECURITY.md names tests and rows of the benchmark that exist, all rows, and every invariant."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
LINES = [
    [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith(("| threat", "|--"))
]
BENCHMARKS = [ROOT / "benchmarks" / "trust.py", ROOT / "benchmarks" / "poisoning.py"]


@functools.cache
def functions(file: str) -> set[str]:
    source = (ROOT / file).read_text(encoding="utf-8")
    return set(re.findall(r"^def (\w+)\(", source, re.M))


def sections() -> tuple[str, ...]:
    """The modules that the benchmark runs."""
    tree = ast.parse(BENCHMARKS[0].read_text(encoding="utf-8"))
    (found,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SECTIONS"
    ]
    return tuple(ast.literal_eval(found)) if found is not None else ()


def constants(tree: ast.Module) -> dict[str, object]:
    """Texts and numbers that a module gives names to."""
    return {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def texts_of(node: ast.AST, known: dict[str, object]) -> str:
    """A text as it stands in the source, `…` where something else is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return re.sub(r"\{\w*\}", "…", str(known.get(node.id, "")))
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            name = ast.unparse(part.value)
            form = texts_of(part.format_spec, known) if part.format_spec else ""
            parts.append(format(known[name], form) if name in known else "…")
        else:
            parts.append(texts_of(part, known))
    return "".join(parts)


def rows_of(section: str) -> set[str]:
    """Rows of a section: what it calls `tried` or `Trial` with, or gives a name and uses."""
    tree = ast.parse((ROOT / "benchmarks" / "hostile" / f"{section}.py").read_text("utf-8"))
    known = constants(tree)
    found = {
        texts_of(node.args[0], known)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("tried", "Trial")
    } | {
        texts_of(node, known)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in known
    }
    return {row for row in found if " " in row.strip() and "\n" not in row and "SELECT" not in row}


def names_of_invariants() -> set[str]:
    tree = ast.parse((ROOT / "tests" / "hostile" / "invariants.py").read_text("utf-8"))
    (found,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAMES"
    ]
    return set(ast.literal_eval(found).values())


def named_rows() -> set[str]:
    cells = {row for line in LINES for row in re.findall(r"`([^`]+)`", line[3])}
    return {row for row in cells if not row.startswith("benchmarks/")}


def test_every_threat_says_what_stops_it_and_where_it_is_tried() -> None:
    assert len(LINES) > 30
    for line in LINES:
        assert len(line) == 4, line
        assert line[1] and re.search(r"`tests/[\w/]+\.py", line[2]), line[0]


def test_the_tests_that_are_named_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)
    assert len(named) > 60
    assert re.findall(r"tests/[\w/]+\.py(?:::\w+)?", TEXT) == [
        "::".join(part for part in pair if part) for pair in named
    ]
    for file, name in named:
        assert any(one.startswith("test_") for one in functions(file)), file
        assert not name or (name.startswith("test_") and name in functions(file)), f"{file} {name}"


def test_the_rows_are_those_of_the_benchmark() -> None:
    modules = (*sections(), "terminals")  # which the section on faults runs
    yielded = {row for module in modules for row in rows_of(module)} | names_of_invariants()
    assert len(yielded) > 40
    assert named_rows() == yielded


def test_the_benchmarks_that_are_named_exist() -> None:
    named = set(re.findall(r"benchmarks/\w+\.py", TEXT))
    assert named == {str(path.relative_to(ROOT)) for path in BENCHMARKS}
    assert all(path.is_file() for path in BENCHMARKS)


def test_all_invariants_stand_in_it() -> None:
    found = re.findall(r"^\| I(\d+) ", TEXT, re.M)
    assert [int(number) for number in found] == list(range(1, 16))
    for line in LINES:
        if number := re.match(r"I\d+ ", line[0]):
            assert f"`{number[0]}" in line[3], line[0]


def test_the_promise_is_that_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    promise = re.search(r"\*\*The promise\.\*\*.*?Nothing else\.", TEXT, re.S)
    assert promise and promise[0] in readme
    assert "(SECURITY.md)" in readme
