"""Judges SQL on DuckDB's own syntax tree: one SELECT over allowed tables, and nothing else.

Everything is a list of what is known to be harmless; what stands on none is refused, so that a
newer DuckDB with new syntax or functions is refused, not obeyed. Imports the standard library only,
and duckdb when it is called.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MAX_SQL_CHARS = 20_000
MAX_DEPTH = 800
"""Steps from the root of the tree to a leaf; some ten for a level of parentheses."""

EXPRESSIONS = {
    "CASE": "CASE_EXPR",
    "CAST": "OPERATOR_CAST",
    "COLLATE": "COLLATE",
    "COLUMN_REF": "COLUMN_REF",
    "COMPARISON": "COMPARE_EQUAL COMPARE_NOTEQUAL COMPARE_LESSTHAN COMPARE_GREATERTHAN "
    "COMPARE_LESSTHANOREQUALTO COMPARE_GREATERTHANOREQUALTO COMPARE_DISTINCT_FROM "
    "COMPARE_NOT_DISTINCT_FROM",
    "BETWEEN": "COMPARE_BETWEEN",
    "CONJUNCTION": "CONJUNCTION_AND CONJUNCTION_OR",
    "CONSTANT": "VALUE_CONSTANT",
    "FUNCTION": "FUNCTION",
    "LAMBDA": "LAMBDA",
    "OPERATOR": "OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE "
    "OPERATOR_NULLIF OPERATOR_TRY OPERATOR_UNPACK COMPARE_IN COMPARE_NOT_IN ARRAY_EXTRACT "
    "ARRAY_SLICE STRUCT_EXTRACT ARRAY_CONSTRUCTOR GROUPING_FUNCTION",
    "POSITIONAL_REFERENCE": "POSITIONAL_REFERENCE",
    "STAR": "STAR",
    "SUBQUERY": "SUBQUERY",
    "TYPE": "TYPE",
    "WINDOW": "WINDOW_AGGREGATE WINDOW_RANK WINDOW_RANK_DENSE WINDOW_PERCENT_RANK WINDOW_CUME_DIST "
    "WINDOW_NTILE WINDOW_ROW_NUMBER WINDOW_FIRST_VALUE WINDOW_LAST_VALUE WINDOW_NTH_VALUE "
    "WINDOW_LEAD WINDOW_LAG WINDOW_FILL",
}
"""Classes of expressions, and the types that each may be of."""
_EXPRESSIONS = {name: frozenset(types.split()) for name, types in EXPRESSIONS.items()}
NODES = frozenset(
    """
    SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE
    ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER
    BASE_TABLE JOIN SUBQUERY SHOW_REF EXPRESSION_LIST TABLE_FUNCTION EMPTY PIVOT COLUMN_DATA
    ASCENDING DESCENDING ORDER_DEFAULT
    LIST_TYPE_INFO STRUCT_TYPE_INFO ARRAY_TYPE_INFO ENUM_TYPE_INFO DECIMAL_TYPE_INFO
    STRING_TYPE_INFO USER_TYPE_INFO UNBOUND_TYPE_INFO GENERIC_TYPE_INFO INTEGER_LITERAL_TYPE_INFO
    """.split()
)
"""Kinds of the other nodes: queries, sources, orders; and types, as trees before 2.0 have them."""
ALL_TABLES = frozenset(("items", "item_stats", "interactions", "users"))
"""Every table that a catalog has."""
RESERVED_PREFIXES = ("duckdb_", "pg_", "sqlite_", "pragma_", "information_schema")
"""System views; DuckDB finds them without their schema."""
OTHER_SCHEMAS = frozenset(("temp", "system", "memory", "information_schema"))
"""Besides `main` and `pg_catalog`, which DuckDB before 2.0 writes before functions itself."""
ABOUT_THE_SESSION = frozenset(
    "current_catalog current_database current_query current_role current_schema current_schemas "
    "current_user session_user user".split()
)
"""Names that DuckDB takes for functions where no column is called so."""
TABLE_FUNCTIONS = frozenset(("range", "generate_series", "unnest"))
SHOWS = frozenset(("DESCRIBE", "SUMMARY", "SHOW"))
FUNCTIONS = frozenset(
    """
    abs acos acosh add age aggregate ago alias any_value apply approx_count_distinct
    approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_max_nulls_last arg_min
    arg_min_null arg_min_nulls_last argmax argmin array_agg array_aggr array_aggregate array_append
    array_apply array_cat array_concat array_contains array_cosine_distance array_cosine_similarity
    array_cross_product array_distance array_distinct array_dot_product array_extract array_filter
    array_grade_up array_has array_has_all array_has_any array_indexof array_inner_product
    array_intersect array_length array_negative_dot_product array_negative_inner_product
    array_pop_back array_pop_front array_position array_prepend array_push_back array_push_front
    array_reduce array_resize array_reverse array_reverse_sort array_select array_slice array_sort
    array_to_json array_to_string array_transform array_unique array_value array_where array_zip
    ascii asin asinh atan atan2 atanh avg bar base64 bin binom bit_and bit_count bit_length bit_or
    bit_position bit_xor bitstring_agg bool_and bool_or can_cast_implicitly cardinality
    cast_to_type cbrt ceil ceiling century char_length character_length chr coalesce concat
    concat_ws constant_or_null contains corr cos cosh cot count count_if count_star countif
    covar_pop covar_samp cume_dist current_date current_localtime current_localtimestamp
    current_time current_timestamp damerau_levenshtein date_add date_diff date_part date_sub
    date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear
    days_in_month decade decimal_average decode degrees dense_rank divide editdist3 element_at
    encode ends_with entropy enum_code enum_first enum_last enum_range enum_range_boundary epoch
    epoch_ms epoch_ns epoch_us equi_width_bins era error even exp extract factorial favg fdiv fill
    filter first first_value flatten floor fmod format format_bytes formatreadabledecimalsize
    formatreadablesize from_base64 from_binary from_hex from_json from_json_strict fsum gamma gcd
    gen_random_uuid generate_series generate_subscripts geomean geometric_mean get_bit
    get_current_time get_current_timestamp get_type grade_up greatest greatest_common_divisor
    group_concat grouping grouping_id hamming hash hex histogram histogram_exact hour if ifnull
    ilike_escape instr is_histogram_other_bin isfinite isinf isnan isodow isoyear jaccard
    jaro_similarity jaro_winkler_similarity json json_array json_array_length json_contains
    json_deep_merge json_exists json_extract json_extract_path json_extract_path_text
    json_extract_string json_group_array json_group_object json_group_structure json_insert
    json_keys json_merge_patch json_normalize json_object json_pretty json_quote json_remove
    json_replace json_set json_strip_nulls json_structure json_transform json_transform_strict
    json_type json_valid json_value julian kahan_sum kurtosis kurtosis_pop lag last last_day
    last_value lcase lcm lead least least_common_multiple left left_grapheme len length
    length_grapheme levenshtein lgamma like_escape list list_aggr list_aggregate list_any_value
    list_append list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or
    list_bit_xor list_bool_and list_bool_or list_cat list_concat list_contains list_cosine_distance
    list_cosine_similarity list_count list_distance list_distinct list_dot_product list_element
    list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all
    list_has_any list_histogram list_indexof list_inner_product list_intersect list_kurtosis
    list_kurtosis_pop list_last list_mad list_max list_mean list_median list_min list_mode
    list_negative_dot_product list_negative_inner_product list_pack list_position list_prepend
    list_product list_reduce list_resize list_reverse list_reverse_sort list_select list_sem
    list_skewness list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum
    list_transform list_unique list_value list_var_pop list_var_samp list_where list_zip listagg ln
    localtimestamp log log10 log2 lower lpad ltrim lttb mad make_date make_time make_timestamp
    make_timestamp_ms make_timestamp_ns make_timestamptz map map_concat map_contains
    map_contains_entry map_contains_value map_entries map_extract map_extract_value
    map_from_entries map_keys map_values max max_by md5 md5_number md5_number_lower
    md5_number_upper mean median microsecond millennium millisecond min min_by minute mismatches
    mod mode month monthname multiply nanosecond nextafter nfc_normalize normalized_interval
    not_ilike_escape not_like_escape now nth_value ntile nullif octet_length ord ordinality overlay
    parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path percent_rank
    percentile_cont percentile_disc pg_size_pretty pg_typeof pi position pow power prefix printf
    product quantile quantile_cont quantile_disc quarter radians random range rank rank_dense
    reduce regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table regr_avgx regr_avgy regr_count
    regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reservoir_quantile
    reverse right right_grapheme round round_even roundbankers row row_number row_to_json rpad
    rtrim second sem set_bit setseed sha1 sha256 sign signbit sin sinh skewness split split_part
    sqrt starts_with stddev stddev_pop stddev_samp str_split str_split_regex strftime string_agg
    string_split string_split_regex string_to_array strip_accents strlen strpos strptime
    struct_concat struct_contains struct_extract struct_extract_at struct_has struct_indexof
    struct_insert struct_keys struct_pack struct_position struct_update struct_values substr
    substring substring_grapheme subtract suffix sum sum_no_overflow sumkahan switch tan tanh
    time_bucket timezone timezone_hour timezone_minute to_base to_base64 to_binary to_centuries
    to_days to_decades to_hex to_hours to_json to_microseconds to_millennia to_milliseconds
    to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years today
    transaction_timestamp translate trim trunc try try_strptime typeof ucase unbin unhex unicode
    union_extract union_tag union_value unnest unpivot_list upper url_decode url_encode uuid
    uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 var_pop var_samp variance wavg week
    weekday weekofyear weighted_avg xor year yearweek
    ! !__postfix !~~ !~~* % & && * ** + - -> ->> / // <#> <-> << <=> <@ >> @ @> ^ ^@ | || ~ ~~
    ~~* ~~~
    """.split()
)
"""Functions and operators that see their arguments only: nothing of settings, files, environment,
session or other tables, and that change nothing (`setseed` decides what `random` gives next)."""


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
        relations: names of all tables and views of the database, lower case; those of a catalog if
            None.

    Raises:
        Refused: too long, a NUL, several statements, no SELECT, a table, function or kind of node
            that is not on the lists. Unknown kinds of node fail closed.
    """
    tree = syntax_tree(sql, parser)
    _check_select(tree, tables, ALL_TABLES if relations is None else relations)


def syntax_tree(sql: str, parser: Any) -> dict[str, Any]:
    """The tree of one SELECT, as `json_serialize_sql` writes it.

    Raises:
        Refused: too long, a NUL, not one statement, no SELECT, or it cannot be read.
    """
    import duckdb

    if len(sql) > MAX_SQL_CHARS:
        raise Refused(f"longer than {MAX_SQL_CHARS:,} characters; ask for less at a time")
    if "\0" in sql:
        raise Refused("it holds a NUL character")
    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused(first_line(error)) from None
    if len(statements) > 1 and "pivot" in sql.lower() and ";" not in sql:  # three, before 2.0
        raise Refused(_instead("MULTI"))
    if len(statements) != 1:
        raise Refused(f"one SELECT statement is needed, not {len(statements)}")
    if (kind := _kind_of(statements[0])) != "SELECT":
        raise Refused(_instead(kind))
    row = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    tree: dict[str, Any] = json.loads(row[0])
    if tree.get("error"):
        raise Refused(str(tree.get("error_message", "it cannot be read"))[:300])
    return tree


def _kind_of(statement: Any) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # a kind that DuckDB's Python module has no name for: UPDATE EXTENSIONS
        return "this"


def _instead(kind: str) -> str:
    """What to do in place of a statement that is no SELECT."""
    if kind == "MULTI":  # what a PIVOT is that has to look first which values there are
        return "PIVOT must name its values: PIVOT … ON column IN (value, …) USING …; or GROUP BY"
    if kind == "EXPLAIN":
        return "EXPLAIN is not run; send the SELECT itself"
    return f"only SELECT may be run, not {kind}: nothing here can be changed or set"


def _check_select(tree: dict[str, Any], tables: frozenset[str], relations: frozenset[str]) -> None:
    ctes = frozenset(_cte_names(tree, 0))
    # The names of a WITH hold in their own scope only; here they are taken together. So none of
    # them may be a name that exists: it would open that table elsewhere in the statement.
    known = relations | tables
    if shadowed := sorted(name for name in ctes if name in known):
        raise Refused(f"a WITH may not be called like a table: {', '.join(shadowed)}; rename it")
    if reserved := sorted(name for name in ctes if _is_reserved(name)):
        raise Refused(f"a WITH may not be called {reserved[0][:80]!r}; use plain letters")
    _Walk(tables, ctes, frozenset(_given_names(tree))).over(tree, 0)


def _is_reserved(name: str) -> bool:
    """Whether a FROM could find something by the name: a system view, a file, an address."""
    plain = name.replace(" ", "").replace("-", "")
    return name.startswith(RESERVED_PREFIXES) or not plain.replace("_", "").isalnum()


def first_line(error: Exception) -> str:
    """What DuckDB says, with the names that it proposes, on one line."""
    lines = str(error).strip().split("\n")
    near = [line for line in lines[1:] if line.startswith(("Candidate bindings", "Did you mean"))]
    return " ".join([lines[0][:300], *(line[:200] for line in near[:1])])


def _below(node: Any) -> Iterator[Any]:
    children = node.values() if isinstance(node, dict) else node
    return (child for child in children if isinstance(child, dict | list))


def _cte_names(node: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise Refused("nested too deeply")
    if isinstance(node, dict):
        for entry in (node.get("cte_map") or {}).get("map", ()):
            yield str(entry.get("key", "")).lower()
        if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE"):
            yield str(node.get("cte_name", node.get("ctename", ""))).lower()
    for child in _below(node):
        yield from _cte_names(child, depth + 1)


def _given_names(node: Any) -> Iterator[str]:
    """Names that the statement itself gives to columns; `_cte_names` has seen how deep it is."""
    if isinstance(node, dict):
        if isinstance(node.get("alias"), str):
            yield node["alias"].lower()
        for key in ("column_name_alias", "aliases"):
            yield from (str(name).lower() for name in node.get(key) or () if isinstance(name, str))
    for child in _below(node):
        yield from _given_names(child)


class _Walk:
    """One way through a tree: every node has to be known."""

    def __init__(self, tables: frozenset[str], ctes: frozenset[str], given: frozenset[str]) -> None:
        self._tables, self._ctes, self._given = tables, ctes, given

    def over(self, node: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Refused("nested too deeply")
        if isinstance(node, dict):
            self._kind(node)
            self._names(node)
        for child in _below(node):
            self.over(child, depth + 1)

    def _kind(self, node: dict[str, Any]) -> None:
        kind = node.get("type")
        if "class" in node:
            if node["class"] == "PARAMETER":
                raise Refused("there are no parameters here; write the value itself")
            if kind not in _EXPRESSIONS.get(node["class"], ()):
                raise Refused(f"{node['class']} {kind} is not allowed; say it in plainer SQL")
        elif isinstance(kind, str) and kind not in NODES:
            raise Refused(f"{kind} is not allowed; say it in plainer SQL")

    def _names(self, node: dict[str, Any]) -> None:
        kind = node.get("class", node.get("type"))
        if kind == "BASE_TABLE":
            self._table(node)
        elif kind == "SHOW_REF":
            self._shown(node)
        elif kind == "TABLE_FUNCTION":
            self._table_function(node.get("function") or {})
        elif kind in ("FUNCTION", "WINDOW"):
            self._function(node)
        elif kind == "COLUMN_REF":
            self._column(node)
        elif kind == "PIVOT" and node.get("pivots"):
            self._pivots(node["pivots"])
        elif kind in ("TYPE", "USER_TYPE_INFO", "UNBOUND_TYPE_INFO"):
            _unqualified(node, "a type")

    def _table(self, node: dict[str, Any]) -> None:
        name = str(node.get("table_name", "")).lower()
        if name not in self._tables | self._ctes:
            raise Refused(f"no table {name[:80]!r} here; {self._offered()}")
        _unqualified(node, name)
        if node.get("at_clause"):
            raise Refused("AT is not allowed; there is one version of the catalog")

    def _shown(self, node: dict[str, Any]) -> None:
        name = str(node.get("table_name", "")).lower()
        if node.get("show_type") not in SHOWS or (name and name not in self._tables):
            raise Refused(f"only DESCRIBE and SUMMARIZE of a table are allowed; {self._offered()}")
        if not name and not node.get("query"):
            raise Refused(f"DESCRIBE needs a table; {self._offered()}")
        _unqualified(node, name)

    def _offered(self) -> str:
        return f"tables: {', '.join(sorted(self._tables))}"

    def _table_function(self, call: dict[str, Any]) -> None:
        name = str(call.get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            raise Refused(f"the table function {name[:80]} is not allowed; {self._offered()}")
        _unqualified(call, name)

    def _function(self, node: dict[str, Any]) -> None:
        name = str(node.get("function_name", "")).lower()
        if name not in FUNCTIONS:
            raise Refused(
                f"the function {name[:80]} is not allowed; only functions of values are, and those "
                "of aggregates and windows"
            )
        # Before the name a column may stand, `title.lower()`.
        if OTHER_SCHEMAS & {str(part).lower() for part in _path(node)[:-1]}:
            raise Refused(f"{name}: write it without schema or catalog")

    def _column(self, node: dict[str, Any]) -> None:
        names = node.get("column_names") or [""]
        name = str(names[0]).lower()
        if len(names) > 1 or name not in ABOUT_THE_SESSION or name in self._given:
            return
        if name == "user" and "interactions" in self._tables:
            return
        raise Refused(f"{name} is not allowed; if it is a column, write table.{name}")

    def _pivots(self, pivots: list[dict[str, Any]]) -> None:
        if any(pivot.get("pivot_enum") or pivot.get("subquery") for pivot in pivots):
            raise Refused(_instead("MULTI"))


def _path(node: dict[str, Any]) -> list[Any]:
    """All names that make up one: catalog, schema, name."""
    path = list((node.get("qualified_name") or {}).get("path") or ())
    keys = ("catalog", "catalog_name", "schema", "schema_name")
    return path if len(path) > 1 else [*(node[key] for key in keys if node.get(key)), ""]


def _unqualified(node: dict[str, Any], name: str) -> None:
    if len(_path(node)) > 1:
        raise Refused(f"{name}: write it without schema or catalog")
