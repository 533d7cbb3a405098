"""Plans as they are written: what is refused before it runs, and what a reference fills in."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean, fold
from recagent_cli.agent.brain import Call, Observation
from recagent_cli.agent.plan_values import VALUE_CHARS, BadReference, Results
from recagent_cli.agent.wire import WireCall
from recagent_cli.agent.written_plan import (
    ANSWER_SCHEMA,
    PlanError,
    PlannedCall,
    read_plan,
    resolved,
)
from recagent_tools.conditions import parse_condition
from recagent_tools.registry import load_toolbox

TOOLS = list(load_toolbox(plugins=False))
SCHEMAS = {tool.name: tool.schema() for tool in TOOLS} | {"answer": ANSWER_SCHEMA}
SHOW = ("present", {"count": 2})
ROWS = [
    {"id": "f01", "title": "Alien", "year": 1979, "genres": ["Horror", "Sci-Fi"], "share": 0.5},
    {"id": "f02", "title": "Heat", "year": 1995, "genres": ["Crime"], "share": None},
]


def wired(*made: tuple[str, Any] | tuple[str, Any, str]) -> list[WireCall]:
    return [WireCall(one[0], json.dumps(one[1]), *one[2:]) for one in made]


def given_rows(rows: list[dict[str, Any]], id: str = "") -> Results:
    results = Results()
    results.add(id, Observation(Call("look_up", {}), "", rows))
    return results


def fill(tool: str, field: str, value: Any, results: Results) -> Any:
    call = PlannedCall(tool, {field: value})
    return resolved(call, results, SCHEMAS[tool])[field]


def problems(*made: Any, results: Results | None = None) -> str:
    with pytest.raises(PlanError) as caught:
        read_plan(wired(*made), TOOLS, results)
    return str(caught.value)


def test_61_a_plan_is_a_list_in_order_with_near_names() -> None:
    made = read_plan(
        wired(("functions.Filter", {"Where": "year > 1990"}), ("popular", None), SHOW), TOOLS
    )
    assert [call.name for call in made] == ["filter", "popular", "present"]
    assert made[0].arguments == {"where": "year > 1990"}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (("similar", {"liked": ["$2.id"]}), "$2.id refers to itself"),
        (("similar", {"liked": ["$3.id"]}), "$3.id refers to a later call"),
        (("similar", {"liked": ["$4.id"]}), "$4.id refers to no call"),
        (("similar", {"liked": ["$0.id"]}), "$0.id refers to no call"),
        (("similar", {"liked": ["$later.id"]}), "$later.id refers to no call"),
        (("similar", {"liked": 5.5, "x": 1}), "no field 'x'"),
        (("similar", {}), "'liked' is missing"),
        (("rank", {"by": "taste"}), "'by' must be one of"),
        (("rank", {"top": "many"}), "'top' must be a whole number"),
        (("filter", {"where": ["year > 1990"], "enough": 0}), "enough"),
        (("present", {"count": 3}), "call 2 (present) ends the turn; nothing may follow it"),
        (("nothing_like_it", {}), "no tool 'nothing_like_it'"),
        (("filter", {"where": ["$1"]}), "not all of it"),
        (("look_up", {"sql": "$1.sql"}), "not all of it"),
        (("look_up", {"sql": "select 'like $1.title'"}), "within quotes"),
        (("look_up", {"sql": 'select "$1.title"'}), "within quotes"),
        (("look_up", {"sql": "select $1.title -- so"}), "no comments"),
        (("look_up", {"sql": "select $1.title, 'open"}), "open quotes"),
        (("look_up", {"sql": "select $$ $1.title $$"}), "no other $"),
        (("look_up", {"sql": "select e'$1.title'"}), "within quotes"),
    ],
)
def test_61_what_is_refused(call: Any, reason: str) -> None:
    info = ("item_info", {"items": ["Alien"]})
    assert reason in problems(info, call, SHOW)


def test_61_an_end_is_needed_and_a_look_is_one() -> None:
    assert "nothing ends it" in problems(("popular", {}))
    assert problems() == "it has no calls"
    for last in ("item_info", "explain", "compare"):
        assert read_plan(wired((last, {"items": ["a", "b"]})), TOOLS)
    assert read_plan(wired(("ask_person", {"question": "Old or new?"})), TOOLS)
    assert read_plan(wired(("final.answer", {"text": "Hello."})), TOOLS)
    assert "'text' is missing" in problems(("answer", {}))


def test_61_sixteen_calls_and_no_more() -> None:
    narrow: list[Any] = [("popular", {})] * 15
    assert len(read_plan(wired(*narrow, SHOW), TOOLS)) == 16
    assert "17 calls; at most 16" in problems(*narrow, ("popular", {}), SHOW)


def test_61_a_cut_call_and_unreadable_arguments() -> None:
    with pytest.raises(PlanError, match="broke off"):
        read_plan([WireCall("popular", "{", whole=False), *wired(SHOW)], TOOLS)
    with pytest.raises(PlanError, match="not valid JSON"):
        read_plan([WireCall("popular", "}{"), *wired(SHOW)], TOOLS)


def test_62_the_rest_counts_on_and_refers_back() -> None:
    before = given_rows(ROWS, "a")
    good = wired(("similar", {"liked": ["$1.id", "$a[1].id"]}), SHOW)
    assert len(read_plan(good, TOOLS, before)) == 2
    assert "call 2 (similar): $2.id refers to itself" in problems(
        ("similar", {"liked": ["$2.id"]}), SHOW, results=before
    )


def test_61_an_id_names_one_call_of_a_plan() -> None:
    look = ("item_info", {"items": ["Alien"]}, "a")
    assert "the id 'a' is given 2 times" in problems(look, look, SHOW)


def test_62_the_rest_may_give_an_id_anew() -> None:
    """It means the newest call before: the old one up to the new one, which then shadows it."""
    results = given_rows(ROWS, "a")
    rest = wired(
        ("similar", {"liked": ["$a.id"]}),
        ("item_info", {"items": ["Heat"]}, "a"),
        ("similar", {"liked": ["$a.id"]}),
        SHOW,
    )
    first, _, second, _ = read_plan(rest, TOOLS, results)
    assert resolved(first, results, SCHEMAS["similar"]) == {"liked": ["f01"]}
    results.add("", None)
    results.add("a", Observation(Call("item_info", {}), "", ROWS[1:]))
    assert resolved(second, results, SCHEMAS["similar"]) == {"liked": ["f02"]}
    results.repeat("a", 1)
    assert resolved(second, results, SCHEMAS["similar"]) == {"liked": ["f01"]}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$1", "f01"),
        ("$1.title", "Alien"),
        ("$1[1].title", "Heat"),
        ("$1.rows[1].title", "Heat"),
        ("$a.Title", "Alien"),
        ("$1.year", 1979),
        ("$1[*].title", ["Alien", "Heat"]),
        ("$1[*]", ["f01", "f02"]),
        ("$1.genres", ["Horror", "Sci-Fi"]),
        ("$1.genres[1]", "Sci-Fi"),
        ("$1[*].genres", ["Horror", "Sci-Fi", "Crime"]),
        ("$1[*].share", [0.5]),
        ("about $1.title ($1.year), $1.genres", "about Alien (1979), Horror, Sci-Fi"),
        ("under $20", "under $20"),
        ("$20", "$20"),
        ("$9.99", "$9.99"),
        ("A$AP.Rocky and $$1.title", "A$AP.Rocky and $$1.title"),
        ("$cash", "$cash"),
    ],
)
def test_what_a_reference_means(written: str, meant: Any) -> None:
    results = given_rows(ROWS, "a")
    if written == "$20":
        with pytest.raises(BadReference, match="no result"):
            fill("answer", "text", written, results)
        return
    assert fill("answer", "text", written, results) == meant


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("$1[2].title", "gave 2 rows"),
        ("$1.director", "no such field; there are: id, title"),
        ("$1[1].share", "is empty"),
        ("$1.genres[2]", "2 entries"),
        ("$2.title", "gave no result"),
        ("$b.title", "gave no result"),
    ],
)
def test_62_a_reference_to_nothing(written: str, why: str) -> None:
    with pytest.raises(BadReference, match=why):
        fill("answer", "text", written, given_rows(ROWS, "a"))


def test_rows_of_a_result_that_only_shows_them() -> None:
    results = Results()
    text = '2 candidates:\n{"id": "f01", "title": "Alien"}\n{"id": "f02"}\n{cut'
    results.add("", Observation(Call("search", {}), text, {"left": 2}))
    results.add("", Observation(Call("search", {}), text, {"left": 2}, error=True))
    assert fill("similar", "liked", ["$1[*]", "Heat"], results) == ["f01", "f02", "Heat"]
    assert fill("answer", "text", "$1.left left", results) == "2 left"
    with pytest.raises(BadReference, match="no such field"):
        fill("answer", "text", "$1[*].title", results)
    with pytest.raises(BadReference, match="gave no result"):
        fill("answer", "text", "$2", results)


def test_a_list_joins_a_list_and_stays_a_list_where_one_is_wanted() -> None:
    results = given_rows([{"title": '["x"]'}])
    assert fill("similar", "liked", "$1.title", results) == ['["x"]']
    assert fill("present", "items", ["$1[*].title", "f09"], results) == ['["x"]', "f09"]


SQL = duckdb.connect()


def run_sql(sql: str) -> list[Any]:
    return [row[0] for row in SQL.execute(sql).fetchall()]


ANY = st.text(max_size=60).map(lambda text: clean(text, VALUE_CHARS)).filter(bool)
NASTY = st.sampled_from(
    ["'; drop table items --", "''", "$1.title", 'x" | "Horror', "\\'", "a'b\"c", "/*", "$$"]
)


@settings(max_examples=40)
@given(st.lists(ANY | NASTY, min_size=1, max_size=3, unique=True))
def test_59_in_sql_a_text_is_one_literal_whatever_it_holds(values: list[str]) -> None:
    results = given_rows([{"title": value} for value in values])
    for written in ("select $1.title as x, 'it''s' as y", "select '$1.title' as x, 1 as y"):
        sql = fill("look_up", "sql", written, results)
        assert run_sql(sql)[0] == values[0]
    sql = fill("look_up", "sql", "select unnest([$1[*].title])", results)
    assert run_sql(sql) == values


@given(value=ANY | NASTY)
def test_59_in_a_condition_a_text_is_one_value(films: Catalog, value: str) -> None:
    results = given_rows([{"title": value}])
    plain = value.replace('"', "").strip()
    if not fold(plain):
        return
    for written in ('title ~ "$1.title"', "title ~ $1.title"):
        condition = parse_condition(fill("filter", "where", [written], results)[0], films)
        assert condition.operator == "~" and str(condition.values[0]).strip() == plain
    several = fill("filter", "where", ["genres has $1.title | Drama"], results)[0]
    assert several == f'genres has "{value.replace(chr(34), "")}" | Drama'


@given(value=ANY | NASTY)
def test_what_is_filled_in_is_not_read_again(value: str) -> None:
    results = given_rows([{"title": value}])
    assert fill("answer", "text", "$1.title/$1.title", results) == f"{value}/{value}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = st.sampled_from(["$1.a", "$1", "$1[*].b", "$1[0].c[0]", "$x.y", "$2.a", "x $1.a y"])
NAMES = st.sampled_from([*SCHEMAS, "Filter", "find"])


@given(
    made=st.lists(
        st.tuples(NAMES, st.dictionaries(st.text(max_size=6) | st.just("items"), JSON | PATHS)),
        max_size=4,
    ),
    data=JSON,
)
def test_any_plan_is_refused_or_can_be_filled_in(made: list[Any], data: Any) -> None:
    results = Results()
    results.add("x", Observation(Call("look_up", {}), str(data), data))
    try:
        plan = read_plan(wired(*made), TOOLS, results)
    except PlanError as error:
        assert error.problems
        return
    for call in plan:
        try:
            resolved(call, results, SCHEMAS[call.name])
        except BadReference as error:
            assert str(error)


def test_references_are_found_in_linear_time() -> None:
    text = "$1" * 10_000 + "$a[" * 10_000 + "'" * 10_001 + "$1.rows[" * 5_000
    assert fill("answer", "text", text, given_rows(ROWS)) == text
    assert fill("look_up", "sql", text, given_rows(ROWS)) == text
