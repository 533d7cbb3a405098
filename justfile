# House chores in three words.

check:
    uv run ruff check .
    uv run ruff format --check .
    uv run mypy
    uv run lint-imports

test:
    uv run pytest

bench:
    uv run python benchmarks/startup.py
    uv run python benchmarks/training.py

# What hostile models, hostile files and kill -9 can do; with RECAGENT_BENCH_DATA also over its corpora.
trust:
    uv run python benchmarks/trust.py

# A new DuckDB: which kinds of node its syntax trees have.
trees:
    uv run python -m tests.hostile.syntax_trees
