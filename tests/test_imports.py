"""What a command imports: heavy libraries wait until they are needed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOREIGN = {"lenskit_peer"}
"""Runs in an environment of its own, by other libraries."""
HEAVY = ("numpy", "duckdb", "scipy", "implicit", "lightgbm", "litellm", "sklearn", "tokenizers")


def imported(code: str) -> set[str]:
    """The heavy modules that are loaded after the code ran in a process of its own."""
    report = f"import sys; print(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    return set(done.stderr.split())


def run(*words: str) -> str:
    return f"from recagent_cli.main import run\nassert run({list(words)!r}) == 0"


def test_version_imports_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from recagent_cli.main import main; main(['--version'])\n"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before}\n"
        "assert new <= {'recagent_cli', 'typing', '__future__', 'collections', 'functools', 're',"
        " 'copyreg', 'contextlib', 'errno',"
        " 'operator', 'keyword', 'reprlib', 'enum', 'types', 'warnings',"
        " 'heapq', 'itertools', '_collections', '_functools', '_operator', '_sre', '_typing'}, new"
    )
    assert imported(code) == set()


def test_help_imports_nothing_heavy() -> None:
    asked = [("--help",), ("ask", "--help"), ("catalog", "--help"), ("eval", "--help")]
    assert imported("\n".join(run(*words) for words in asked)) == set()


def test_paths_and_config_import_nothing_heavy() -> None:
    assert imported(run("paths")) == set()
    assert not imported(run("config", "show")) & {"duckdb", "litellm", "scipy"}


def test_a_wrong_eval_imports_nothing_heavy() -> None:
    code = (
        "from recagent_cli.main import run\n"
        "assert run(['eval', '--protocol', 'nope']) == 2\n"
        "assert run(['eval', '--at', 'ten']) == 2"
    )
    assert not imported(code) & set(HEAVY)


@pytest.mark.usefixtures("home")
def test_an_eval_refused_by_the_data_imports_no_training() -> None:
    code = "from recagent_cli.main import run\nassert run(['eval', '--min-item-count', '999']) == 4"
    assert not imported(code) & {"implicit", "lightgbm", "litellm", "sklearn"}


@pytest.mark.usefixtures("home")
def test_eval_never_loads_what_language_models_need() -> None:
    assert not imported(run("eval", "--at", "5", "--quiet", "--threads", "1")) & {"litellm"}


@pytest.mark.usefixtures("home")
def test_serving_a_trained_catalog_imports_nothing_of_training() -> None:
    asked = [
        ("ask", "like Orbit of Ash, 3 of them", "--quiet"),
        ("recommend", "--user", "u1", "--quiet"),
        ("recommend", "--like", "Orbit of Ash", "--where", "year 1990..2010", "--quiet"),
        ("similar", "Orbit of Ash", "--quiet"),
        ("ask", "like Orbit of Ash, no horror", "--dry-run", "--quiet"),
        ("profile", "set", "Paper Lanterns", "like", "--quiet"),
        ("digest", "--quiet"),
    ]
    assert imported("\n".join(run(*words) for words in asked)) <= {"numpy"}


@pytest.mark.usefixtures("home")
def test_the_bus_imports_nothing_of_training() -> None:
    lists = (run("ask", "sci-fi", "-q"), run("ask", "no horror", "--continue", "-q"))
    asked = [("show", "--all"), ("lists",), ("history",), ("diff", "1"), ("undo",), ("redo",)]
    asked.append(("minus", "list 1"))
    buses = (run("bus", *words, "--quiet") for words in asked)
    assert imported("\n".join((*lists, *buses))) <= {"numpy"}


@pytest.mark.usefixtures("home")
def test_embeddings_are_opened_only_for_a_word_that_needs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RECAGENT_SEMANTIC_MODEL", str(tmp_path))
    assert imported(run("ask", "like Orbit of Ash, something funny", "--quiet")) <= {"numpy"}


SCRIPTS = [path for path in sorted((ROOT / "benchmarks").glob("*.py")) if path.stem not in FOREIGN]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_benchmark_finds_what_it_imports(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(script.parent))
    spec = importlib.util.spec_from_file_location(f"benchmark_{script.stem}", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
