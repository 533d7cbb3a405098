"""A bus as bytes: never over 5 MB, older files open, damaged or hostile ones are refused."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import ToolError
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import MAX_SAVED_ROWS, bus_from_bytes, bus_to_bytes
from recagent_tools.filter import conditions_of
from recagent_tools.rowset import RowSet

LIMIT = 5_000_000
RNG = np.random.default_rng(0)


def some(n: int, count: int) -> np.ndarray[Any, Any]:
    return RNG.choice(n, size=count, replace=False).astype(np.int32)


def random_text(length: int) -> str:
    return RNG.bytes(length).hex()[:length]


def large_orders(bus: CandidateBus) -> None:
    for _ in range(6):
        rows = some(bus.n_items, MAX_SAVED_ROWS)
        bus.start()
        scores = {name: RNG.random(len(rows)).astype(np.float32) for name in "abcdef"}
        bus.score("rank", {}, scores, order=rows)


def many_stages(bus: CandidateBus) -> None:
    for n in range(3_000):
        bus.start()
        where = [f"title ~ {random_text(600)}"]
        bus.narrow("filter", {"where": where}, RowSet.of_rows([n, 2 * n], bus.n_items))


def many_lists(bus: CandidateBus) -> None:
    for _ in range(3_000):
        bus.show(some(bus.n_items, 500).tolist())


def many_sets(bus: CandidateBus) -> None:
    for n in range(100):
        bus.save_as(f"set {n}", some(bus.n_items, 20_000).tolist())


def long_arguments(bus: CandidateBus) -> None:
    for n in range(30):
        arguments = {"op": "drop", "items": [random_text(500_000)]}
        bus.drop("candidates", arguments, some(bus.n_items, 20_000).tolist())
        bus.situated(json.dumps({"profile": [random_text(100_000), n]}))
        bus.score("rank", {}, {"score": np.zeros(len(bus), dtype=np.float32)})


def one_endless_list(bus: CandidateBus) -> None:
    bus.show(range(bus.n_items))


@pytest.mark.parametrize(
    "does",
    [large_orders, many_stages, many_lists, many_sets, long_arguments, one_endless_list],
    ids=lambda does: does.__name__,
)
def test_a_saved_bus_stays_under_five_megabytes(does: Callable[[CandidateBus], None]) -> None:
    bus = CandidateBus(1_000_000)
    bus.narrow(
        "filter", {"where": ["year >= 1990"]}, RowSet.of_rows(some(1_000_000, 50_000), 1_000_000)
    )
    bus.save_as("first")
    does(bus)
    blob = bus_to_bytes(bus)
    assert len(blob) < LIMIT
    back = bus_from_bytes(blob, bus.n_items)
    assert len(back.stages) == len(bus.stages) and back.cursor == bus.cursor
    assert len(back.lists) == len(bus.lists) and back.saved == bus.saved
    if bus.now.after <= MAX_SAVED_ROWS:
        assert back.rows().tolist() == bus.rows().tolist(), "the present stage is kept whole"
    if back.standing:
        assert back.shown == bus.shown
    assert bus_to_bytes(back) == blob or len(bus_to_bytes(back)) < LIMIT


def test_what_is_forgotten_is_said() -> None:
    bus = CandidateBus(1_000_000)
    many_lists(bus)
    back = bus_from_bytes(bus_to_bytes(bus))
    assert back.list_at(-1).rows == bus.list_at(-1).rows
    with pytest.raises(ToolError, match="too long ago"):
        back.go_to(1)
    many_stages(bus)
    back = bus_from_bytes(bus_to_bytes(bus))
    gone = next(stage for stage in back.stages if stage.tool == "forgotten")
    with pytest.raises(ToolError):
        back.whole(gone.number)


def test_a_ranking_of_the_whole_catalog_keeps_its_order() -> None:
    bus = CandidateBus(8)
    order = np.array([3, 1, 2, 0, 7, 6, 5, 4], dtype=np.int32)
    bus.score("rank", {}, {"score": np.linspace(1, 0, 8, dtype=np.float32)}, order=order)
    back = bus_from_bytes(bus_to_bytes(bus))
    assert back.rows().tolist() == order.tolist()
    assert np.array_equal(back.scores()["score"], bus.scores()["score"])


# -- files of an earlier version -----------------------------------------------------------------


def npz(head: Any, **arrays: Any) -> bytes:
    buffer = io.BytesIO()
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    np.savez_compressed(buffer, head=np.frombuffer(text, dtype=np.uint8), **arrays)
    return buffer.getvalue()


def stage(**more: Any) -> dict[str, Any]:
    return {
        "tool": "filter",
        "arguments": {"where": ["genres has Drama"]},
        "kind": "rows",
        "ordered": False,
        "before": 10,
        "after": 3,
        "ms": 0.1,
        "note": "Drama",
        "parent": 0,
        "scores": [],
        **more,
    }


def test_a_bus_of_the_schema_before_opens_without_lists() -> None:
    start = stage(tool="start", kind="all", after=10, note="", parent=None)
    ranked = stage(tool="rank", ordered=True, parent=1, scores=["score"], before=3)
    head = {
        "schema": "recagent.bus/1",
        "n_items": 10,
        "fingerprint": "abc",
        "cursor": 2,
        "saved": {"west": 1},
        "undone": [],
        "stages": [start, stage(), ranked],
    }
    blob = npz(
        head,
        **{
            "1.rows": np.array([1, 4, 7], dtype=np.int32),
            "2.rows": np.array([7, 1, 4], dtype=np.int32),
            "2.score.score": np.array([3, 2, 1], dtype=np.float32),
        },
    )
    bus = bus_from_bytes(blob, 10)
    assert bus.rows().tolist() == [7, 1, 4] and bus.scores()["score"].tolist() == [3, 2, 1]
    assert bus.lists == [] and bus.saved == {"west": 1}
    assert bus.undo() is not None and bus.rows().tolist() == [1, 4, 7]
    assert bus.undo() is not None and len(bus) == 10 and bus.undo() is None
    assert bus_from_bytes(bus_to_bytes(bus)).saved == {"west": 1}


# -- hostile files -------------------------------------------------------------------------------


def good() -> CandidateBus:
    bus = CandidateBus(40, "abc")
    bus.narrow("filter", {"where": ["genres has Drama"]}, RowSet.of_rows(range(3, 20), 40))
    order = np.array([5, 4, 9], dtype=np.int32)
    bus.score("rank", {}, {"score": np.array([3, 2, 1], dtype=np.float32)}, order=order)
    bus.show([5, 4])
    bus.save_as("two", [5, 4])
    bus.combine("union", {"op": "union"}, stage=1)
    bus.drop("candidates", {}, [5, 9])
    bus.show([4, 3])
    bus.undo()
    return bus


def parts(blob: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    with np.load(io.BytesIO(blob)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return json.loads(arrays.pop("head").tobytes()), arrays


HUGE = 2**40
STRANGE: list[Any] = [None, -1, HUGE, 1.5, True, "x", "", [], {}, [0], [0, HUGE], [-1, 2], [[0]], 3]


def all_keys(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, child in inner:
        found.append((*path, key))
        if isinstance(child, (dict, list)):
            found += all_keys(child, (*path, key))
    return found


def check(blob: bytes, catalog: Catalog) -> None:
    """Either a bus that can be used, or a ValueError."""
    try:
        bus = bus_from_bytes(blob)
    except ValueError:
        return
    assert 0 <= bus.cursor < len(bus.stages)
    assert bus_from_bytes(bus_to_bytes(bus)).place == bus.place
    bus.funnel()
    while bus.undo() is not None:
        assert 0 <= bus.cursor < len(bus.stages) and 0 <= bus.standing <= len(bus.lists)
    for name in list(bus.saved):
        bus.named(name)
    for shown in bus.lists:
        assert all(0 <= row < bus.n_items for row in shown.rows)
    for number in range(len(bus.stages)):
        conditions_of(bus.path(number), catalog)


def test_every_value_of_the_head_may_be_anything(films: Catalog) -> None:
    head, arrays = parts(bus_to_bytes(good()))
    for path in all_keys(head):
        for strange in STRANGE:
            changed = json.loads(json.dumps(head))
            place = changed
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = strange
            check(npz(changed, **arrays), films)
        del place[path[-1]]
        check(npz(changed, **arrays), films)


@pytest.mark.parametrize("name", ["rows", "scores", "lists"])
def test_arrays_of_another_kind_are_refused(name: str) -> None:
    head, arrays = parts(bus_to_bytes(good()))
    was = arrays[name]
    for strange in (
        was[:1],
        was.astype(np.int64),
        was.astype("<f8"),
        was.reshape(1, -1),
        was + 1000 if name != "scores" else was[:0],
        -was - 1 if name != "scores" else was[:0],
        np.zeros_like(was) if name != "scores" else was[:0],
        was.astype(">i4"),
    ):
        with pytest.raises(ValueError, match="not a saved bus"):
            bus_from_bytes(npz(head, **{**arrays, name: strange}))
    with pytest.raises(ValueError, match="not a saved bus"):
        bus_from_bytes(npz(head, **{key: a for key, a in arrays.items() if key != name}))


def many_on_one(pool: str, places: list[list[int]]) -> bytes:
    """A file of a million items: a stage or a list for each place, all in the same rows."""
    n = 1_000_000
    rows = np.arange(n // 8, dtype=np.int32)
    start = stage(tool="start", kind="all", before=n, after=n, parent=None, arguments={})
    one = stage(kind="rows", before=n, parent=0, ordered=False, scores={})
    at = [one | {"rows": place, "after": place[1]} for place in places]
    head = {
        "schema": "recagent.bus/2",
        "n_items": n,
        "fingerprint": "",
        "cursor": 0,
        "standing": 0,
        "lists": [[0, place] for place in places] if pool == "lists" else [],
        "done": [],
        "undone": [],
        "saved": {},
        "stages": [start, *(at if pool == "rows" else [])],
    }
    none = np.zeros(0, dtype=np.int32)
    pools = {"rows": none, "lists": none, pool: rows}
    return npz(head, scores=none.astype(np.float32), **pools)


@pytest.mark.parametrize("pool", ["rows", "lists"])
def test_a_small_file_makes_no_large_bus(pool: str) -> None:
    whole = 1_000_000 // 8
    tracemalloc.start()
    bus = bus_from_bytes(many_on_one(pool, [[0, whole]] * 300))
    peak = tracemalloc.get_traced_memory()[1]
    assert peak < 40_000_000
    assert len(bus.lists) == 300 or len(bus.stages) == 301
    with pytest.raises(ValueError, match="not a saved bus"):
        bus_from_bytes(many_on_one(pool, [[n, whole - n] for n in range(300)]))
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()


def test_a_header_that_claims_much_makes_nobody_allocate() -> None:
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (1000000000000,), }"
    header = header.ljust(117) + b"\n"
    raw = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 64
    head, _ = parts(bus_to_bytes(good()))
    buffer = io.BytesIO(npz(head))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("rows.npy", raw)
    with pytest.raises(ValueError, match="not a saved bus"):
        bus_from_bytes(buffer.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("head.npy", b"\0" * 200_000_000)
    assert buffer.tell() < 1_000_000
    with pytest.raises(ValueError, match="too large"):
        bus_from_bytes(buffer.getvalue())


def test_text_that_nests_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="not a saved bus"):
        bus_from_bytes(npz(b"[" * 200_000))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_bytes_are_refused_or_read(films: Catalog, data: st.DataObject) -> None:
    blob = bytearray(bus_to_bytes(good()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(blob) - 1))
        blob[at] = data.draw(st.integers(0, 255))
    check(bytes(blob[: data.draw(st.integers(0, len(blob)))]), films)
    check(bytes(blob), films)


def test_a_bus_of_another_catalog_is_refused() -> None:
    with pytest.raises(ValueError, match="40 items, the catalog has 41"):
        bus_from_bytes(bus_to_bytes(good()), 41)
