"""The process that runs SQL written by a model: gate, locked connection, limits.

It is started as a script with an empty environment and imports nothing but duckdb and the standard
library. One JSON object a line on stdin ({"sql", "tables", "max_rows", "max_bytes"}) and on stdout.
The settings and the gate were measured against 212 attacks: see SECURITY in `docs/architecture.md`.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

MAX_SQL_CHARS = 20_000
MAX_CELL_CHARS = 2_000
MAX_DEPTH = 200

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
    "SET max_execution_time=3000",
    "SET operator_memory_limit='256MB'",
    "SET enable_external_access=false",
    "SET disabled_filesystems='LocalFileSystem'",
    "SET lock_configuration=true",
)

EXPRESSIONS = frozenset(
    "COLUMN_REF CONSTANT FUNCTION STAR COMPARISON CONJUNCTION CAST TYPE OPERATOR SUBQUERY BETWEEN "
    "WINDOW LAMBDA CASE COLLATE POSITIONAL_REFERENCE".split()
)
NODES = frozenset(
    "SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE ORDER_MODIFIER LIMIT_MODIFIER "
    "LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER BASE_TABLE JOIN SUBQUERY SHOW_REF EXPRESSION_LIST "
    "TABLE_FUNCTION EMPTY ASCENDING DESCENDING ORDER_DEFAULT".split()
)
ALL_TABLES = frozenset(("items", "item_stats", "interactions", "users"))
"""Every table that a catalog has."""
RESERVED_PREFIXES = ("duckdb_", "pg_", "sqlite_", "pragma_", "information_schema")
"""System views; DuckDB finds them without their schema."""
TABLE_FUNCTIONS = frozenset(("range", "generate_series", "unnest"))
SHOWS = frozenset(("DESCRIBE", "SUMMARY"))
FUNCTIONS = frozenset(
    """
    abs acos add age any_value apply approx_count_distinct approx_quantile approx_top_k arbitrary
    arg_max arg_max_null arg_min arg_min_null argmax argmin array_aggr array_aggregate array_append
    array_apply array_cat array_concat array_contains array_distinct array_extract array_filter
    array_has array_has_all array_has_any array_indexof array_intersect array_length array_position
    array_prepend array_push_back array_reduce array_reverse array_reverse_sort array_select
    array_slice array_sort array_to_string array_transform array_unique array_value array_where
    ascii asin atan atan2 avg bar bin bit_and bit_count bit_length bit_or bit_xor bool_and bool_or
    cardinality cbrt ceil ceiling century char_length character_length chr coalesce concat
    concat_ws constant_or_null contains corr cos cot count count_if count_star countif covar_pop
    covar_samp cume_dist current_date damerau_levenshtein date_add date_diff date_part date_sub
    date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear
    decade degrees dense_rank divide editdist3 element_at ends_with entropy epoch epoch_ms era
    error even exp extract factorial favg fdiv filter first first_value flatten floor fmod format
    formatreadabledecimalsize formatreadablesize fsum gamma gcd generate_series greatest
    group_concat grouping grouping_id hamming hash histogram hour if ifnull instr isfinite isinf
    isnan isodow isoyear jaccard jaro_similarity jaro_winkler_similarity julian kahan_sum kurtosis
    kurtosis_pop lag last last_day last_value lcase lcm lead least left left_grapheme len length
    length_grapheme levenshtein lgamma like_escape list list_aggr list_aggregate list_any_value
    list_append list_apply list_avg list_cat list_concat list_contains list_count list_distance
    list_distinct list_element list_extract list_filter list_first list_has list_has_all
    list_has_any list_histogram list_indexof list_intersect list_last list_max list_mean
    list_median list_min list_mode list_pack list_position list_prepend list_product list_reduce
    list_reverse list_reverse_sort list_select list_slice list_sort list_stddev_pop
    list_stddev_samp list_string_agg list_sum list_transform list_unique list_value list_var_pop
    list_var_samp list_where list_zip ln log log10 log2 lower lpad ltrim mad make_date make_time
    make_timestamp map map_contains map_entries map_extract map_from_entries map_keys map_values
    max max_by md5 mean median microsecond millennium millisecond min min_by minute mod mode month
    monthname multiply nfc_normalize not_ilike_escape not_like_escape nth_value ntile nullif ord
    ordinality percent_rank percentile_cont percentile_disc pi position pow power prefix printf
    product quantile quantile_cont quantile_disc quarter radians random range rank rank_dense
    regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy repeat replace reverse right right_grapheme round round_even roundbankers row
    row_number rpad rtrim second sem setseed sha256 sign signbit sin skewness split split_part sqrt
    starts_with stddev stddev_pop stddev_samp str_split str_split_regex strftime string_agg
    string_split string_split_regex string_to_array strip_accents strlen strpos strptime
    struct_extract struct_insert struct_pack substr substring substring_grapheme subtract suffix
    sum sum_no_overflow sumkahan tan timezone_hour timezone_minute to_centuries to_days to_decades
    to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_seconds
    to_timestamp to_weeks to_years today translate trim trunc try try_strptime typeof ucase unicode
    union_extract union_tag union_value unnest unpivot_list upper uuid var_pop var_samp variance
    week weekday weekofyear year yearweek now get_current_timestamp current_timestamp + - * / // %
    ^ ** & | << >> || ~ ~~ !~~ ~~* !~~* ~~~ @ ! ^@ @> <@ && <-> <=> <#> xor
    """.split()
)


class Refused(Exception):
    """The gate refuses the statement; the text says what a writer of SQL can do about it."""


def check(
    sql: str, tables: frozenset[str], parser: Any, relations: frozenset[str] | None = None
) -> None:
    """Refuse everything but one SELECT over the allowed tables, judged on DuckDB's own syntax tree.

    Args:
        sql: the statement.
        tables: names that may stand after FROM, lower case.
        parser: a private in-memory DuckDB connection.
        relations: names of all tables and views of the database, lower case; `tables` if None.

    Raises:
        Refused: too long, a NUL, several statements, no SELECT, a table, function or kind of node
            that is not on the lists. Unknown kinds of node fail closed.
    """
    relations = (relations or frozenset()) | tables | ALL_TABLES
    if len(sql) > MAX_SQL_CHARS:
        raise Refused(f"longer than {MAX_SQL_CHARS:,} characters")
    if "\0" in sql:
        raise Refused("it holds a NUL character")
    import duckdb

    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused(_first_line(error)) from None
    if len(statements) != 1:
        raise Refused(f"one SELECT statement is needed, not {len(statements)}")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise Refused(f"only SELECT may be run, not {statements[0].type.name}")
    row = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    tree = json.loads(row[0])
    if tree.get("error"):
        raise Refused(str(tree.get("error_message", "cannot be read")))
    ctes = frozenset(_cte_names(tree, 0))
    # The names of a WITH hold in their own scope only; here they are taken together. So none of
    # them may be a name that exists: it would open that table elsewhere in the statement.
    if shadowed := sorted(name for name in ctes if name in relations or _is_reserved(name)):
        raise Refused(f"a WITH may not be called like a table: {', '.join(shadowed)}")
    _walk(tree, tables | ctes, 0)


def _is_reserved(name: str) -> bool:
    return name.startswith(RESERVED_PREFIXES) or not name.isidentifier()


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]


def _cte_names(node: Any, depth: int) -> Any:
    if depth > MAX_DEPTH * 4:
        raise Refused("nested too deeply")
    if isinstance(node, dict):
        for entry in (node.get("cte_map") or {}).get("map", ()):
            yield str(entry.get("key", "")).lower()
        if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE"):
            yield str(node.get("cte_name", node.get("ctename", ""))).lower()
        children: Any = node.values()
    elif isinstance(node, list):
        children = node
    else:
        return
    for child in children:
        if isinstance(child, dict | list):
            yield from _cte_names(child, depth + 1)


def _walk(node: Any, tables: frozenset[str], depth: int) -> None:
    if depth > MAX_DEPTH * 4:
        raise Refused("nested too deeply")
    if isinstance(node, list):
        for child in node:
            _walk(child, tables, depth + 1)
        return
    if not isinstance(node, dict):
        return
    _check_kind(node)
    _check_names(node, tables)
    for child in node.values():
        if isinstance(child, dict | list):
            _walk(child, tables, depth + 1)


def _check_kind(node: dict[str, Any]) -> None:
    if "class" in node:
        if node["class"] not in EXPRESSIONS:
            raise Refused(f"{node['class']} is not allowed")
    elif isinstance(node.get("type"), str) and node["type"] not in NODES:
        raise Refused(f"{node['type']} is not allowed")


def _check_names(node: dict[str, Any], tables: frozenset[str]) -> None:
    kind = node.get("class", node.get("type"))
    if kind in ("BASE_TABLE", "SHOW_REF"):
        _check_table(node, tables)
    elif kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            raise Refused(f"the table function {name} is not allowed")
    elif kind in ("FUNCTION", "WINDOW"):
        name = str(node.get("function_name", "")).lower()
        if name not in FUNCTIONS:
            raise Refused(f"the function {name} is not allowed")
        _unqualified(node, name)
    elif kind == "TYPE":
        _unqualified(node, "a type")


def _check_table(node: dict[str, Any], tables: frozenset[str]) -> None:
    name = str(node.get("table_name", "")).lower()
    if node.get("type") == "SHOW_REF":
        if node.get("show_type") not in SHOWS:
            raise Refused("only DESCRIBE and SUMMARIZE of a table are allowed")
        if not name and node.get("query"):
            return
        name = name.strip('"')
    if name not in tables:
        raise Refused(f"no table {name!r} here; tables: {', '.join(sorted(tables))}")
    _unqualified(node, name)
    if node.get("at_clause"):
        raise Refused("AT is not allowed")


def _unqualified(node: dict[str, Any], name: str) -> None:
    path = (node.get("qualified_name") or {}).get("path", [""])
    named = (
        node.get("schema"),
        node.get("schema_name"),
        node.get("catalog"),
        node.get("catalog_name"),
    )
    if len(path) > 1 or any(named):
        raise Refused(f"{name}: write it without schema or catalog")


def limit_process(memory_bytes: int = 3 << 30, cpu_s: int = 60) -> None:
    """Set the process's own limits, where the system has them."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        for limit, value in (
            (resource.RLIMIT_AS, memory_bytes),
            (resource.RLIMIT_CPU, cpu_s),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, 64),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(limit, (value, value))


def connect(database: str) -> Any:
    """The locked read-only connection."""
    import duckdb

    connection = duckdb.connect(database, read_only=True, config=dict(BEFORE_OPEN))
    for statement in AFTER_OPEN:
        connection.execute(statement)
    return connection


def _relations(connection: Any) -> frozenset[str]:
    """Names of all tables and views that a FROM of this connection could find."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()"
    ).fetchall()
    return frozenset(str(name).lower() for (name,) in rows)


def answer(
    connection: Any, parser: Any, relations: frozenset[str], job: dict[str, Any]
) -> dict[str, Any]:
    """Run one job; every failure is an answer of the kind refused or error."""
    import duckdb

    try:
        check(job["sql"], frozenset(job["tables"]), parser, relations)
    except Refused as refusal:
        return {"ok": False, "kind": "refused", "message": str(refusal)}
    except (RecursionError, duckdb.Error) as error:
        return {"ok": False, "kind": "refused", "message": _first_line(error)}
    try:
        cursor = connection.execute(job["sql"])
        names = [str(column[0])[:MAX_CELL_CHARS] for column in cursor.description]
        rows = cursor.fetchmany(job["max_rows"] + 1)
    except (duckdb.Error, MemoryError, RuntimeError) as error:
        return {"ok": False, "kind": "error", "message": _first_line(error)}
    return _capped(names, rows, job["max_rows"], job["max_bytes"])


def _capped(names: list[str], rows: list[Any], max_rows: int, max_bytes: int) -> dict[str, Any]:
    kept: list[list[Any]] = []
    size = 0
    for row in rows[:max_rows]:
        cells = [_cell(value) for value in row]
        size += len(json.dumps(cells))
        if size > max_bytes:
            break
        kept.append(cells)
    return {"ok": True, "columns": names, "rows": kept, "cut": len(kept) < len(rows)}


def _cell(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, list | tuple) and depth < 4:
        return [_cell(part, depth + 1) for part in value[:200]]
    if isinstance(value, dict) and depth < 4:
        return {str(key)[:200]: _cell(part, depth + 1) for key, part in list(value.items())[:200]}
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"


def main() -> None:
    """Serve jobs until stdin closes."""
    import duckdb

    parser = duckdb.connect(":memory:", config={"threads": "1"})
    parser.execute("SELECT json_serialize_sql('SELECT 1')")
    connection = connect(sys.argv[1])
    relations = _relations(connection)
    limit_process()
    sys.stdout.write('{"ready": true}\n')
    sys.stdout.flush()
    for line in sys.stdin:
        job = json.loads(line)
        if job.get("quit"):
            return
        sys.stdout.write(json.dumps(answer(connection, parser, relations, job)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
