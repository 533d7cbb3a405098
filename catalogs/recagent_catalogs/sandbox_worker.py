"""The process that runs SQL written by a model: gate, locked connection, limits.

It is started as a script with an empty environment and imports nothing but duckdb, the standard
library and the gate beside it. One JSON object a line on stdin (`sql`, `tables`, `max_rows`,
`max_bytes`, `max_cell`, `cpu_s`); on stdout `{"ok": false, "kind", "message"}`, or
`{"ok": true, "columns"}`, then any number of `{"rows"}`, then `{"end", "cut"}`.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from . import sandbox_gate as gate
else:  # a script in a process of its own, which has no path to the package
    _spec = importlib.util.spec_from_file_location(
        "sandbox_gate", Path(__file__).with_name("sandbox_gate.py")
    )
    gate = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(gate)

BATCH = 100
"""Rows that are turned into Python's and sent at a time."""

BEFORE_OPEN = {
    "python_enable_replacements": "false",
    "python_scan_all_frames": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_persistent_secrets": "false",
    "allow_unredacted_secrets": "false",
    "memory_limit": "512MB",
    "threads": "2",
    "max_temp_directory_size": "0KB",
}
# The order matters: temp_directory before external access goes off, the lock last.
AFTER_OPEN = (
    "SET temp_directory=''",
    "SET max_expression_depth=250",
    "SET pivot_limit=1000",
    "SET max_execution_time={patience_ms}",
    "SET operator_memory_limit='256MB'",
    "SET TimeZone='UTC'",
    "SET lambda_syntax='ENABLE_SINGLE_ARROW'",  # x -> x + 1, as models write it
    "SET enable_external_access=false",
    "SET disabled_filesystems='LocalFileSystem'",
    "SET lock_configuration=true",
)
MAY_BE_UNKNOWN = ("max_execution_time", "operator_memory_limit", "TimeZone", "lambda_syntax")
"""Settings that DuckDB 1.4 and 1.5, or one to come, lack. Without the first two the parent's killer
and the limits of the process hold alone, as they do anyway; every other setting has to be there."""
ADDRESS_SPACE = 3 << 30
ROOM = 640 << 20
"""Bytes of memory that queries may add to those of the started process."""


def limit_process() -> None:
    """Set the process's own limits, where the system has them."""
    with contextlib.suppress(ImportError):
        import resource

        # DuckDB reserves addresses by the number of cores: more of them than the limit on some
        # machines, where nothing could run then.
        addresses, data = _present_bytes()
        for limit, value in (
            (resource.RLIMIT_AS, max(ADDRESS_SPACE, addresses + ROOM)),
            (resource.RLIMIT_DATA, data + ROOM),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, 64),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(limit, (value, value))


def limit_cpu(seconds: float) -> None:
    """End the process when it has computed for so many seconds more, where the system can."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _present_bytes() -> tuple[int, int]:
    """Address space and writable memory of this process; a guess where Linux does not tell."""
    try:
        pages = [int(word) for word in Path("/proc/self/statm").read_text().split()]
    except (OSError, ValueError):
        return 2 << 30, 1 << 30
    return pages[0] * 4096, pages[5] * 4096


class _Utc(datetime.tzinfo):
    """UTC with what DuckDB asks of a zone of pytz."""

    def localize(self, moment: datetime.datetime) -> datetime.datetime:
        return moment.replace(tzinfo=datetime.UTC)

    def utcoffset(self, moment: datetime.datetime | None) -> datetime.timedelta:
        return datetime.timedelta(0)

    def dst(self, moment: datetime.datetime | None) -> datetime.timedelta:
        return datetime.timedelta(0)

    def tzname(self, moment: datetime.datetime | None) -> str:
        return "UTC"


def stand_in_for_pytz() -> None:
    """Give DuckDB the module by which it makes Python's times with a zone; here all are UTC.

    Without it every `now()` fails, and nothing else here needs pytz.
    """
    zones = types.ModuleType("pytz")
    zones.utc = _Utc()  # type: ignore[attr-defined]
    zones.timezone = lambda name: zones.utc  # type: ignore[attr-defined]
    sys.modules["pytz"] = zones


def connect(database: str, patience_ms: int = 3000) -> Any:
    """The locked read-only connection."""
    import duckdb

    connection = duckdb.connect(database, read_only=True, config=dict(BEFORE_OPEN))
    for statement in AFTER_OPEN:
        try:
            connection.execute(statement.format(patience_ms=patience_ms))
        except duckdb.CatalogException:
            if statement[4:].partition("=")[0] not in MAY_BE_UNKNOWN:
                raise
    return connection


def make_parser() -> Any:
    """A private connection that only reads SQL; nothing is run on it but `json_serialize_sql`."""
    import duckdb

    parser = duckdb.connect(":memory:", config={**BEFORE_OPEN, "threads": "1"})
    parser.execute("SELECT json_serialize_sql('SELECT 1')")
    parser.execute("SET enable_external_access=false")
    parser.execute("SET lock_configuration=true")
    return parser


def relations_of(connection: Any) -> frozenset[str]:
    """Names of all tables and views that a FROM of this connection could find."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()"
    ).fetchall()
    return frozenset(str(name).lower() for (name,) in rows)


def answer(
    connection: Any, parser: Any, relations: frozenset[str], job: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Run one job; every failure is an answer of one of the kinds of failure."""
    import duckdb

    try:
        gate.check(job["sql"], frozenset(job["tables"]), parser, relations)
    except gate.Refused as refusal:
        yield {"ok": False, "kind": "refused", "message": str(refusal)}
        return
    except (duckdb.OutOfMemoryException, MemoryError):
        yield {"ok": False, "kind": "memory", "message": ""}
        return
    except (duckdb.FatalException, duckdb.InternalException) as error:
        yield {"ok": False, "kind": "fatal", "message": gate.first_line(error)}
        return
    except Exception as error:  # whatever the gate does not understand is refused
        yield {"ok": False, "kind": "refused", "message": gate.first_line(error)}
        return
    try:
        yield from _run(connection, job)
    except duckdb.InterruptException:
        yield {"ok": False, "kind": "stopped", "message": ""}
    except (duckdb.OutOfMemoryException, MemoryError):
        yield {"ok": False, "kind": "memory", "message": ""}
    except (duckdb.FatalException, duckdb.InternalException) as error:
        # After these DuckDB answers no query any more, whatever it is.
        yield {"ok": False, "kind": "fatal", "message": gate.first_line(error)}
    except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
        yield {"ok": False, "kind": "error", "message": gate.first_line(error)}


def _run(connection: Any, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    cursor = connection.execute(job["sql"])
    cap = job["max_cell"]
    yield {"ok": True, "columns": [str(column[0])[:cap] for column in cursor.description]}
    left, size = job["max_rows"], 0
    while rows := cursor.fetchmany(min(BATCH, left + 1)):
        kept: list[list[Any]] = []
        for row in rows[:left]:
            cells = [cell(value, cap) for value in row]
            size += len(json.dumps(cells))
            if size > job["max_bytes"]:
                break
            kept.append(cells)
        left -= len(kept)
        yield {"rows": kept}
        if len(kept) < len(rows):
            yield {"end": True, "cut": True}
            return
    yield {"end": True, "cut": False}


def cell(value: Any, cap: int, depth: int = 0) -> Any:
    """A value as JSON has it: text of at most `cap` characters, lists of a tenth as many parts."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    most = cap // 10
    if isinstance(value, list | tuple) and depth < 4:
        parts = [cell(part, cap, depth + 1) for part in value[:most]]
        return parts if len(value) <= most else [*parts, f"… {len(value) - most:,} more"]
    if isinstance(value, dict) and depth < 4:
        pairs = list(value.items())[:most]
        told = {str(key)[:200]: cell(part, cap, depth + 1) for key, part in pairs}
        return told if len(value) <= most else {**told, "…": f"{len(value) - most:,} more"}
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= cap else text[: cap - 1] + "…"


def main() -> None:
    """Serve jobs until stdin closes."""
    stand_in_for_pytz()
    parser = make_parser()
    connection = connect(sys.argv[1], int(sys.argv[2]))
    relations = relations_of(connection)
    limit_process()
    sys.stdout.write('{"ready": true}\n')
    sys.stdout.flush()
    for line in sys.stdin:
        job = json.loads(line)
        limit_cpu(job["cpu_s"])
        for part in answer(connection, parser, relations, job):
            sys.stdout.write(json.dumps(part) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
