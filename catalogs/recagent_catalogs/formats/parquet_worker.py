"""The process that reads a stranger's Parquet file: what a damaged one does to it ends only it.

Started as a script with an empty environment; imports nothing but duckdb and the standard library,
may open no other file, write none, and has limits on memory. One JSON value a line on stdout:
{"columns": […], "rows": n}, then lists of rows, then {"end": n}; or {"error": "…"} at any time.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

MEMORY = 3 << 30
"""Bytes it may take besides what DuckDB has reserved when it starts."""
BATCH = 500
"""Rows a line."""
SETTINGS: dict[str, Any] = {
    "threads": "1",
    "memory_limit": "1GB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "python_enable_replacements": "false",
}
_FROM = "FROM read_parquet(?, hive_partitioning=false)"


def main() -> None:
    """Read the file named by the only argument."""
    import duckdb

    path = sys.argv[1]
    connection = duckdb.connect(config=SETTINGS)
    connection.execute("SET allowed_paths=?", [[path]])
    for setting in (
        "temp_directory=''",
        "enable_external_access=false",
        "lock_configuration=true",
    ):
        connection.execute(f"SET {setting}")
    _limit()
    try:
        _tell_rows(connection, path)
    except MemoryError:
        _tell({"error": "it needs more memory than a table of its size may"})
    except (duckdb.Error, UnicodeDecodeError, ValueError, RecursionError) as error:
        _tell({"error": (str(error).splitlines() or ["unreadable"])[0][:400]})


def _limit() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm", encoding="ascii") as told:
            present = int(told.read().split()[0]) * resource.getpagesize()
        for limit, value in (
            (resource.RLIMIT_AS, present + MEMORY),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, 32),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(limit, (value, value))


def _tell_rows(connection: Any, path: str) -> None:
    described = connection.execute(f"DESCRIBE SELECT * {_FROM}", [path]).fetchall()
    counted = connection.execute(f"SELECT count(*) {_FROM}", [path]).fetchone()
    _tell({"columns": [str(row[0]) for row in described], "rows": counted[0]})
    wanted = ", ".join(_expression(str(name), str(kind)) for name, kind, *_ in described)
    result = connection.execute(f"SELECT {wanted} {_FROM}", [path])
    sent = 0
    while rows := result.fetchmany(BATCH):
        sent += len(rows)
        _tell(rows)
    _tell({"end": sent})


def _expression(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if "WITH TIME ZONE" not in kind:
        return quoted
    # Times with a zone would need one more library; as UTC they need none.
    return f"CAST({quoted} AS {'TIMESTAMP' if kind.startswith('TIMESTAMP') else 'VARCHAR'})"


def _tell(value: Any) -> None:
    sys.stdout.write(json.dumps(value, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    """A value that JSON does not know: bytes as text, the rest as Python writes it."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
