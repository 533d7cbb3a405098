"""Rules of the house: no way out shows what they keep out, and each names the rule."""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.ruled import KEPT_OUT, Ruled, RuledCatalog
from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.brain import Call, Step
from recagent_cli.agent.request import Operation
from recagent_cli.agent.ruled import hidden_titles
from recagent_cli.paths import find_paths
from recagent_cli.rules import load_house
from recagent_cli.testing import ScriptedBrain
from recagent_tools.house import House, Rule, compiled
from recagent_tools.models.engine import Engine

from ..conftest import RunCommand
from ..hostile.rules import attack, attacked, names_in, shows_kept_out

KIDS = """
[[rule]]
name = "kids"
profile = "kids"
never = ["genres has Sci-Fi", "directors has Ada Quill"]
reason = "they had nightmares"
"""
# Night Harbour, The Glass Orchard, Orbit of Ash, Orbit of Ash II, Blue Static, Signal at Dawn,
# Knives in the Rain
KEPT = {0, 1, 2, 3, 7, 12, 13}


def write(home: Path, text: str) -> Path:
    path = home / "config" / "rules.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def ruled(home: Path) -> Path:
    return write(home, KIDS)


WAYS: tuple[tuple[str, ...], ...] = (
    ("ask", "sci-fi"),
    ("ask", "something from the 90s", "--json"),
    ("ask", "like Café Lumen", "-n", "20", "--format", "csv"),
    ("ask", "films by Ada Quill"),
    ("ask", "which film has most tags?"),
    ("ask", "films from 1994", "--dry-run"),
    ("recommend", "-n", "50", "--format", "ids"),
    ("recommend", "--where", "genres has Sci-Fi | Drama", "-n", "20"),
    ("recommend", "--user", "u1", "-n", "20", "--format", "md"),
    ("similar", "Café Lumen", "-n", "20"),
    ("start", "--items", "f05,f12", "--json"),
    ("tools", "call", "filter", '{"where": ["year 1990..1999"]}'),
    ("tools", "call", "item_info", '{"items": ["f01", "f03"]}'),
    ("tools", "call", "search", '{"text": "space alien"}'),
    ("parse", "like blue static"),
    ("digest",),
)


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
def test_no_way_out_shows_what_a_rule_keeps_out(
    words: tuple[str, ...], ruled: Path, films: Catalog, recagent: RunCommand
) -> None:
    ran = recagent(*words, "--as", "kids")
    assert not [*names_in(ran.out + ran.err, films, KEPT)]
    assert not any(f"f{row + 1:02}" in ran.out for row in KEPT)


def test_the_same_is_shown_to_whom_no_rule_holds_for(ruled: Path, recagent: RunCommand) -> None:
    assert "f03" in recagent("recommend", "-n", "50", "--format", "ids").out
    assert "Orbit of Ash" in recagent("ask", "sci-fi").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("ask", "tell me about Blue Static"), 0),
        (("ask", "something like Blue Static"), 0),
        (("ask", "sci-fi"), 0),
        (("similar", "Blue Static"), 3),
        (("why-not", "f08"), 3),
        (("compare", "Blue Static", "Café Lumen"), 3),
        (("query", "SELECT title FROM items"), 4),
        (("recommend", "--all-users", "--format", "csv"), 4),
        (("rules",), 0),
        (("doctor",), 0),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_is_asked_for_is_told_by_the_name_of_the_rule(
    words: tuple[str, ...], code: int, ruled: Path, recagent: RunCommand
) -> None:
    recagent("ask", "a comedy", "--as", "kids")
    ran = recagent(*words, "--as", "kids")
    assert ran.code == code
    assert "kids" in ran.out + ran.err


def test_a_turn_tells_which_rules_held(ruled: Path, recagent: RunCommand) -> None:
    told = json.loads(recagent("ask", "a drama", "--as", "kids", "--json").out)
    assert told["rules"] == [{"rule": "kids", "kept_out": 7}]
    assert told["funnel"].startswith("16 → 9 (rule kids)")
    asked = json.loads(recagent("ask", "sci-fi", "--as", "kids", "--json").out)
    assert ["rule", "the rule 'kids' keeps Sci-Fi from this list"] in [
        [one["kind"], one["text"]] for one in asked["notices"]
    ]
    shown = json.loads(recagent("rules", "--as", "kids", "--json").out)
    assert shown["kept_out"] == 7 and shown["rules"][0]["reason"] == "they had nightmares"


# -- a session of before the rule ----------------------------------------------------------------


def test_a_session_of_before_the_rule_is_kept_to_it(home: Path, films: Catalog) -> None:
    with Assistant("films", profile="kids") as before:
        first = before.ask("sci-fi")
        held = before.load_session(first.session)
        assert held is not None
        before.operate([Operation("save", name="mine")], session=held)
        before.ask("a comedy", session=before.load_session(first.session))
    assert KEPT & set(first.rows)
    write(home, KIDS)
    with Assistant("films", profile="kids") as after:
        session = after.load_session(first.session)
        assert session is not None
        for operations in (
            [Operation("undo")],
            [Operation("list", number=1)],
            [Operation("load", name="mine")],
            [Operation("union", name="mine")],
            [Operation("union", name="list 1")],
        ):
            try:
                turn = after.operate(operations, session=session)
            except RecagentError:  # nothing is left of that list
                continue
            assert not [*shows_kept_out(turn, films, KEPT)]
        assert not KEPT & {item.row for item in after.candidates(session)}
        assert not KEPT & {item.row for item in after.standing(session)}
        turn = after.ask("something else", session=session, count=50)
        assert not [*shows_kept_out(turn, films, KEPT)]


def test_rules_of_all_for_whom_a_list_is_hold(home: Path, films: Catalog) -> None:
    write(home, KIDS)
    with Assistant("films", profile="kids") as kids:
        kids.ask("I love Café Lumen")
    with Assistant("films") as mine:
        session = mine.new_session()
        alone = mine.ask("a drama", session=session, count=20)
        assert KEPT & set(alone.rows)
        mine.go_with(["kids"])
        turn = mine.ask("a drama", session=session, count=20)
        assert turn.rules == (("kids", 7),)
        assert turn.items and not KEPT & set(turn.rows)
        mine.go_with([])
        assert KEPT & set(mine.ask("a drama", count=20).rows)


def test_only_some_profiles_may_be_used(home: Path, recagent: RunCommand) -> None:
    write(home, '[house]\nprofiles = ["kids"]\n')
    ran = recagent("ask", "a drama")
    assert ran.code == 4 and "'me'" in ran.err
    assert recagent("ask", "a drama", "--as", "kids").code == 0


# -- it fails closed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ('[[rule]]\nnever = ["genres has Horror"\n', ":3:1:", "TOML"),
        ('[[rule]]\nnever = ["genres has Horror"]\nprofil = "kids"\n', ":3:1:", "profil"),
        ('[[rule]]\nname = "x"\n', ":1:1:", "says nothing"),
        ("[[rule]]\nnever = [3]\n", ":2:1:", "never"),
        ('[[rule]]\nnever = ["genre has Horrror"]\n', ":2:11:", "Horrror"),
        ('[[rule]]\nnever = ["prize <= 3"]\n', ":2:11:", "prize"),
        ('[[rule]]\nonly = ["runtime <= long"]\n', ":2:10:", "long"),
        ('[[rule]]\ncatalog = "films"\nonly = ["price <= 3"]\n', ":3:10:", "price"),
        ('[[rule]]\ncatalog = "film"\nonly = ["year > 3"]\n', ":2:12:", "did you mean films"),
        ('[[rule]]\nprofile = "a b"\nnever = ["genres has War"]\n', ":2:1:", "profile"),
        ('[[rule]]\nnever = ["nonsense"]\n', ":2:11:", "nonsense"),
        ('[rule]\nnever = ["genres has War"]\n', ":", "[[rule]]"),
        ("rules = 3\n", ":1:1:", "rules"),
        ('[[rule]]\nnever="year > 1"\nmissing = "perhaps"\n', ":3:1:", "missing"),
    ],
)
def test_a_wrong_file_ends_the_command(
    text: str, place: str, told: str, home: Path, recagent: RunCommand
) -> None:
    path = write(home, text)
    ran = recagent("recommend")
    assert ran.code == 4 and ran.out == ""
    assert f"{path}{place}" in ran.err and told in ran.err
    assert "Traceback" not in ran.err


def test_a_file_that_cannot_be_read_ends_the_command(
    home: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(home, KIDS)
    path.write_bytes(b"\xff\xfe[[rule]]")
    assert recagent("recommend").code == 4
    path.unlink()
    path.mkdir()
    assert recagent("ask", "a drama").code == 4
    path.rmdir()
    path.symlink_to(home / "nowhere")
    assert recagent("similar", "It").code == 4
    path.unlink()
    if os.geteuid():
        write(home, KIDS).chmod(0)
        assert recagent("recommend").code == 4
        path.unlink()
    assert recagent("recommend").code == 0
    monkeypatch.setenv("RECAGENT_RULES", str(home / "missing.toml"))
    ran = recagent("recommend")
    assert ran.code == 4 and "missing.toml" in ran.err


def test_a_further_file_adds_and_takes_nothing_away(
    ruled: Path, home: Path, monkeypatch: pytest.MonkeyPatch, films: Catalog
) -> None:
    more = home / "more.toml"
    more.write_text('[[rule]]\nname = "short"\nonly = ["runtime <= 100"]\n')
    monkeypatch.setenv("RECAGENT_RULES", str(more))
    house = load_house(find_paths(), str(more))
    assert [rule.name for rule in house.rules] == ["kids", "short"]
    with Assistant("films", profile="kids", rules=more) as assistant:
        rows = {item.row for item in assistant.recommend(count=20)}
    assert rows and not rows & KEPT
    assert rows <= {n for n, x in enumerate(films.numbers("runtime").tolist()) if x <= 100}


@dataclass(frozen=True)
class Nowhere:
    """Other catalogs, which have these columns."""

    columns: tuple[str, ...] = ()

    def has_column(self, name: str) -> bool:
        return name in self.columns

    def has_value(self, condition: str) -> bool:
        return False


# -- masks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "kept_out"),
    [
        (Rule("r", never=("genres has Horror",)), {2, 8}),
        (Rule("r", never=("genres has Horror", "year >= 2020")), {2, 8, 14, 15}),
        (Rule("r", only=("runtime <= 100",)), {0, 1, 2, 3, 5, 7, 9, 10, 12, 13, 15}),
        (Rule("r", only=("runtime <= 100",), missing="allow"), {0, 1, 2, 3, 5, 7, 9, 10, 12, 13}),
        (Rule("r", never=("runtime > 120",)), {1, 3, 5, 9, 10}),
        (Rule("r", never=("runtime > 120",), missing="hide"), {1, 3, 5, 9, 10, 15}),
        (Rule("r", never=("runtime != 104",)), {*range(16)} - {13, 15}),
        (Rule("r", only=("audience <= all",)), {0, 2, 3, 5, 6, 7, 8, 9, 10, 13}),
        (Rule("r", never=('title ~ "orbit"',)), {2, 3}),
    ],
)
def test_what_a_rule_keeps_out(rule: Rule, kept_out: set[int], films: Catalog) -> None:
    mask = compiled(rule, films, Nowhere()).ruled.mask
    assert {row for row in range(films.n_items) if mask[row]} == kept_out


def test_a_column_that_another_catalog_has_does_not_apply_here(films: Catalog) -> None:
    made = compiled(Rule("r", only=("price <= 30",)), films, Nowhere(("price",)))
    assert not made.ruled.count
    assert made.unmet == (("price <= 30", "films has no column price"),)


def test_a_ruled_catalog_finds_nothing_that_is_kept_out(films: Catalog) -> None:
    ruled = ruled_films(films, KEPT)
    assert ruled.row_of("f01") is None and ruled.rows_of(["f01", "f05"]) == {"f05": 4}
    assert [item.id for item in ruled.items([0, 4])] == [KEPT_OUT, "f05"]
    assert "Night Harbour" not in ruled.label(0) and "'r'" in ruled.label(0)
    assert not ruled.titles.find("Orbit of Ash") and not ruled.titles.exact("orbit of ash")
    assert not KEPT & set(ruled.titles.beginning("o", 20)) and ruled.popularity[0] == 0
    assert ruled.names_hidden("Orbit of Ash (1996)") == "r" and not ruled.names_hidden("It")
    ruled.keep_out([])
    assert ruled.row_of("f01") == 0 and ruled.titles.find("Orbit of Ash")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Watch Orbit of Ash tonight.", ["Orbit of Ash"]),
        ("**Blue Static** (2008) is next", ["Blue Static"]),
        ("A blue static on the screen", []),
        ("a docker at a night harbour (1994)", ["a night harbour"]),
        ("It is raining", []),
    ],
)
def test_titles_in_a_text(text: str, named: list[str], films: Catalog) -> None:
    found = hidden_titles(text, ruled_films(films, KEPT | {8}))
    assert [text[begin:end] for begin, end, _ in found] == named


# -- a hostile brain -----------------------------------------------------------------------------


def ruled_films(films: Catalog, rows: set[int]) -> RuledCatalog:
    import numpy as np

    ruled, mask = RuledCatalog(films), np.zeros(films.n_items, dtype=bool)
    mask[list(rows)] = True
    ruled.keep_out([Ruled("r", mask)])
    return ruled


RULES = (
    Rule("r", never=("genres has Sci-Fi",)),
    Rule("r", never=("directors has Ada Quill", "genres has Horror")),
    Rule("r", only=("audience <= teen", "runtime <= 130")),
    Rule("r", only=("genres has Comedy",)),
    Rule("r", never=("year > 1900",)),
)


@settings(max_examples=12)
@given(rule=st.sampled_from(RULES), seed=st.integers(0, 1 << 40), before=st.booleans())
def test_whatever_a_brain_calls_nothing_kept_out_is_shown(
    films: Catalog, tmp_path_factory: pytest.TempPathFactory, rule: Rule, seed: int, before: bool
) -> None:
    made, rng = compiled(rule, films, Nowhere()).ruled, random.Random(seed)
    rows = [row for row in range(films.n_items) if made.mask[row]]
    engine = Engine.open(films, tmp_path_factory.getbasetemp() / "no-models")
    turns = [attack(rng, films, rows) for _ in range(rng.randint(1, 2))]
    assert not [*attacked(films, engine, made, turns, before=before)]


def test_the_oracle_sees_what_is_shown(films: Catalog, tmp_path: Path) -> None:
    class Blind(Ruled):
        """A rule that is told of and keeps nothing out."""

        count = 0

    mask = compiled(RULES[0], films, Nowhere()).ruled.mask
    turns = [([Call("popular", {})], Call("present", {"count": 16}))]
    engine = Engine.open(films, tmp_path)
    assert [*attacked(films, engine, Blind("r", mask), turns, before=False)]


def test_a_model_that_names_what_is_kept_out_is_struck_and_the_rule_named(
    home: Path, films: Catalog
) -> None:
    write(home, KIDS)
    with Assistant("films", profile="kids") as assistant:
        text = "Two comedies. Blue Static (2008) is better, but they hide it."
        assistant.agent.brain = ScriptedBrain(
            [
                Step(calls=(Call("filter", {"where": ["genres has Sci-Fi"]}),)),
                Step(calls=(Call("candidates", {"op": "start"}),)),
                Step(calls=(Call("filter", {"where": ["genres has Comedy"]}),)),
                Step(calls=(Call("present", {"items": ["f08", "f12"], "text": text}),)),
                Step(calls=(Call("present", {"items": ["f12", "f08"], "text": text}),)),
            ]
        )
        turn = assistant.ask("a comedy")
    assert [item.id for item in turn.items] == ["f12"]
    assert not [*shows_kept_out(turn, films, KEPT)]
    told = [text for kind, text in turn.notices if kind in ("correction", "rule")]
    assert any("the rule 'kids'" in text for text in told)


def test_a_house_of_a_program_holds_too(home: Path) -> None:
    house = House((Rule("short", only=("runtime <= 90",)),))
    with Assistant("films", rules=house) as assistant:
        assert {item.id for item in assistant.recommend(count=20)} == {"f05", "f15"}
