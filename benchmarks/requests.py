"""How well the built-in brain understands real requests, on other people's labels.

    python benchmarks/requests.py [--set DIR] [--catalog DIR] [--models DIR] [--only SET …]
        [--json] [--misses N]

DIR holds any of `mit_movie_slots.jsonl`, `sgd_slots.jsonl`, `iard_dialogue_acts.jsonl`,
`requests.jsonl`, `crs_redial_*.jsonl`; default: $RECAGENT_BENCH_DATA/requests. `--catalog` is a
catalog's directory or a folder that `recagent catalog add` reads (default:
$RECAGENT_BENCH_DATA/datasets/ml-latest-small). Every figure has a 95 % interval by bootstrap over
rows (over dialogues where there are some).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

import numpy as np  # noqa: E402 - this file's name must not shadow a library's import

from recagent_catalogs.schema import Role  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_catalogs.text import bare_title, clean, fold  # noqa: E402
from recagent_cli.agent.brain import PastTurn  # noqa: E402
from recagent_cli.agent.builtin.parse import Parser, wants_list  # noqa: E402
from recagent_cli.agent.builtin.reading import Reading  # noqa: E402
from recagent_cli.agent.builtin.tokens import tokenize  # noqa: E402
from recagent_cli.agent.request import Intent, Mention, Request  # noqa: E402
from recagent_tools.conditions import parse_condition  # noqa: E402

Row = dict[str, Any]
Counts = tuple[int, int, int]
"""True positives, false positives, false negatives."""
YEAR_OF_THE_SETS = 2026
DRAWS = 1_000

# What a set's row gave: counts by score name, kept apart by group (dialogue) for the intervals.
Scores = dict[str, list[tuple[str, Counts]]]
Misses = list[str]


def f1(counts: np.ndarray[Any, Any]) -> float:
    right, false, missed = counts
    return float(2 * right / max(2 * right + false + missed, 1))


def interval(
    rows: Sequence[tuple[str, Sequence[float]]], score: Callable[[np.ndarray[Any, Any]], float]
) -> tuple[float, list[float]]:
    """The score of the sums over all rows, and its 95 % interval by bootstrap over groups."""
    groups: dict[str, np.ndarray[Any, Any]] = {}
    for group, values in rows:
        groups[group] = groups.get(group, np.zeros(len(values))) + np.asarray(values, dtype=float)
    if not groups:
        return float("nan"), [float("nan")] * 2
    table = np.stack(list(groups.values()))
    rng = np.random.default_rng(0)
    drawn = [
        score(table[rng.integers(0, len(table), len(table))].sum(axis=0)) for _ in range(DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(score(table.sum(axis=0)), 4), [round(float(low), 4), round(float(high), 4)]


def compare(wanted: Iterable[Any], got: Iterable[Any]) -> Counts:
    """Counts of two bags of hashable things."""
    left, right = list(wanted), 0
    false = 0
    for thing in got:
        if thing in left:
            left.remove(thing)
            right += 1
        else:
            false += 1
    return right, false, len(left)


# --- MIT movie queries: spans --------------------------------------------------------------------

_TYPE_OF = {
    "period": "YEAR", "audience": "RATING", "compound": "GENRE", "mood": "PLOT", "title": "TITLE",
    "name": "TITLE",
}  # fmt: skip
_ARTICLES = ("the ", "a ", "an ", "about ", "in ", "from ", "of ", "during ", "rated ", "set in ")
_TIMES = frozenset("last past this next previous twenties thirties forties fifties sixties".split())


def mit_slots(reading: Reading, parser: Parser) -> list[tuple[str, int, int]]:
    """The spans of one query as (type, first word, end)."""
    words, found = reading.text.words, []
    for span in reading.spans:
        kind, start, end = _TYPE_OF.get(span.kind, ""), span.start, span.end
        if span.kind == "value":
            kind = _kind_of_value(span, words, parser)
        elif span.kind == "quality" and "recency" not in dict(span.data.weights):
            kind = "RATINGS_AVERAGE"
        if span.kind == "item":
            continue
        if span.kind in ("person", "stranger") or kind == "PERSON":
            before, after = (
                " ".join(words[max(0, start - 3) : start]),
                " ".join(words[end : end + 2]),
            )
            directs = "direct" in before + after or before.endswith(" by")
            kind = "DIRECTOR" if directs else "ACTOR"
        if kind == "YEAR":
            while start < end - 1 and not (words[start] in _TIMES or words[start][0].isdigit()):
                start += 1
        if kind == "RATING":
            end -= end - start > 1 and words[end - 1] == "rated"
            start += end - start > 1 and words[start] == "rated"
        if kind in ("RATINGS_AVERAGE", "PLOT") and end - start > 1 and words[start] == "the":
            start += 1
        if kind:
            found.append((kind, start, end))
    return found + [("PLOT", start, end) for start, end in reading.topics]


def _kind_of_value(span: Any, words: Sequence[str], parser: Parser) -> str:
    """A kind, a person who stands only among tags, or a topic."""
    roles = {value.role for value in span.data}
    if Role.CATEGORIES in roles:
        return "GENRE"
    name = span.data[0].value.split()
    if Role.TAGS in roles and len(name) > 1 and all(part[:1].isupper() for part in name):
        return "PERSON"
    after = words[span.end] if span.end < len(words) else ""
    noun = after in parser.vocabulary.items or after in parser.lexicon.generic
    listed = any(" ".join(words[span.start : span.end]) in group for group in parser.lexicon.kinds)
    before = words[max(0, span.start - 2) : span.start]
    topic = any(word in ("about", "involving", "with", "on", "featuring") for word in before)
    return "GENRE" if not topic and (noun or listed) else "PLOT"


def mit(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """Strict spans, and values without articles and with REVIEW and RATINGS merged."""
    scores: Scores = {"span_f1": [], "value_f1": []}
    for row in rows:
        text, starts = row["text"], []
        place = 0
        for token in row["tokens"]:
            place = text.index(token, place)
            starts.append(place)
            place += len(token)
        reading = parser.read(tokenize(clean(text)))
        ours = {
            (
                kind,
                _token_at(starts, reading.text.tokens[start].start),
                _token_at(starts, reading.text.tokens[end - 1].start) + 1,
            )
            for kind, start, end in mit_slots(reading, parser)
        }
        theirs = set(_bio_spans(row["bio"]))
        scores["span_f1"].append((row["id"], compare(sorted(theirs), sorted(ours))))
        words = row["tokens"]
        loose = [
            sorted({(_merged(kind), _loose(" ".join(words[a:b]))) for kind, a, b in spans})
            for spans in (theirs, ours)
        ]
        scores["value_f1"].append((row["id"], compare(*loose)))
        if ours != theirs:
            named = [sorted((k, " ".join(words[a:b])) for k, a, b in s) for s in (theirs, ours)]
            misses.append(f"mit {row['id']} {text!r}\n    wanted {named[0]}\n    got    {named[1]}")
    return scores


def _token_at(starts: list[int], place: int) -> int:
    return int(np.searchsorted(starts, place, side="right")) - 1


def _bio_spans(tags: list[str]) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], i, i + 1))
        elif tag.startswith("I-") and found:
            found[-1] = (found[-1][0], found[-1][1], i + 1)
    return found


def _merged(kind: str) -> str:
    return "RATINGS_AVERAGE" if kind == "REVIEW" else kind


def _loose(text: str) -> str:
    changed = True
    while changed:
        changed = False
        for article in _ARTICLES:
            if text.startswith(article):
                text, changed = text[len(article) :], True
    return text.removesuffix(" stars").removesuffix(" movies").removesuffix(" movie").strip()


# --- dialogues -----------------------------------------------------------------------------------


def offered(text: str, parser: Parser) -> tuple[int, ...]:
    """Rows that the other side named."""
    reading = parser.read(tokenize(clean(text)))
    rows = [span.data.row for span in reading.spans if span.kind == "title"]
    return tuple(dict.fromkeys(rows))


def history_of(context: Sequence[Row], parser: Parser) -> list[PastTurn]:
    """Earlier turns as the parser takes them: what the user said, what was then offered."""
    history: list[PastTurn] = []
    for turn in context:
        if turn["role"] == "user":
            request = parser.parse(turn["text"], history)
            history.append(PastTurn(turn["text"], "", (), request))
        else:
            rows = offered(turn["text"], parser)
            if not history:
                history.append(PastTurn("", "", rows, Request(Intent.CHIT_CHAT)))
            elif rows:
                last = history[-1]
                history[-1] = PastTurn(last.utterance, turn["text"], rows, last.request)
    return history


def _people(request: Request, catalog: Catalog, roles: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for text in request.conditions:
        condition = parse_condition(text, catalog)
        column = catalog.schema.column(condition.column)
        if column.role is Role.PEOPLE and column.label in roles and condition.operator == "has":
            found.update(fold(str(value)) for value in condition.values)
    return found


def _genres(request: Request, catalog: Catalog, operator: str = "has") -> set[str]:
    found: set[str] = set()
    for text in request.conditions:
        condition = parse_condition(text, catalog)
        role = catalog.schema.column(condition.column).role
        if role is Role.CATEGORIES and condition.operator == operator:
            found.update(genre(str(value)) for value in condition.values)
    return found


_SAME_GENRE = {
    "science fiction": "sci-fi", "children": "family", "childrens": "family", "kids": "family",
    "animated": "animation", "biographical": "biography", "comedy drama": "comedy",
    "suspense": "thriller",
}  # fmt: skip


def genre(name: str) -> str:
    """One spelling for a genre."""
    name = name.strip().lower().replace("children's", "children")
    return _SAME_GENRE.get(name, name)


SGD_SCHEMA = """
schema = "recagent.catalog/1"
name = "named"
item = "movie"
items = "movies"
aliases = ["film", "films"]
verb = "watch"
[columns.id]
role = "id"
[columns.title]
role = "title"
[columns.genres]
role = "categories"
[columns.directors]
role = "people"
label = "director"
cues = ["directed by", "director", "by", "from", "made by"]
[columns.cast]
role = "people"
label = "actor"
cues = ["with", "starring", "stars", "acted by", "featuring", "acts in"]
"""


def named_catalog(rows: list[Row], work: Path) -> Catalog:
    """A catalog of the titles, people and genres that the set's own labels name."""
    from recagent_catalogs.ingest import Overrides, ingest

    lines = [["id", "title", "genres", "directors", "cast"]]
    for number, row in enumerate(rows):
        state: dict[str, list[str]] = {}
        for frame in row["frames"]:
            state.update(frame["state_unified"])
        one = {slot: values[0] for slot, values in state.items() if values[0] != "dontcare"}
        title = one.get("title", f"Untitled number {number}")
        kinds = [genre(one["genre"]).title()] if "genre" in one else []
        cells = [
            str(number),
            title,
            "|".join(kinds),
            one.get("director", ""),
            one.get("starring", ""),
        ]
        if title not in {line[1] for line in lines}:
            lines.append(cells)
        elif len(one) > 1:
            lines.append([cells[0], f"Untitled number {number}", *cells[2:]])
    items = work / "items.csv"
    with items.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    (work / "schema.toml").write_text(SGD_SCHEMA, encoding="utf-8")
    ingest(items, work / "named", name="named", overrides=Overrides(schema=work / "schema.toml"))
    return Catalog.open(work / "named")


def sgd(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """The four recommender slots of the state after the turn; joint: all of them right.

    Read against a catalog of the set's own titles, people and genres: no catalog of films holds
    them all, and what a name means is the question here, not whether the catalog has it.
    """
    with tempfile.TemporaryDirectory() as work:
        own = named_catalog(rows, Path(work))
        scores = _sgd(rows, Parser(own, year=lambda: YEAR_OF_THE_SETS), own, misses)
        own.close()
    return scores


def _sgd(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    scores: Scores = {"slot_f1": [], "joint": []}
    for row in rows:
        state: dict[str, list[str]] = {}
        for frame in row["frames"]:
            state.update(frame["state_unified"])
        wanted = [
            (slot, _value(slot, state[slot][0]))
            for slot in ("genre", "director", "starring", "title")
            if slot in state and state[slot][0] != "dontcare"
        ]
        history = history_of(row["context"], parser)
        request = parser.parse(row["text"], history)
        if request.intent in _BESIDE:  # a farewell or a question changes nothing in the state
            kept = (t.request for t in reversed(history) if t.request)
            request = next((r for r in kept if r.intent not in _BESIDE), request)
        named = [m for m in (*request.liked, *request.about) if m.id is not None]
        got = [("genre", value) for value in _genres(request, catalog)]
        got += [("title", _value("title", m.title.rsplit(" (", 1)[0] or m.text)) for m in named]
        got += [("director", name) for name in _people(request, catalog, ("director",))]
        got += [("starring", name) for name in _people(request, catalog, ("actor", "cast"))]
        counts = compare(wanted, got)
        scores["slot_f1"].append((row["id"], counts))
        right = counts[1] == counts[2] == 0
        scores["joint"].append((row["id"], (int(right), 1, 0)))
        if not right:
            misses.append(f"sgd {row['id']} {row['text']!r}\n    wanted {wanted}\n    got    {got}")
    return scores


_BESIDE = (Intent.CLOSING, Intent.CHIT_CHAT, Intent.ITEM_INFO, Intent.UNCLEAR, Intent.OUT_OF_SCOPE)


def _value(slot: str, value: str) -> str:
    return genre(value) if slot == "genre" else bare_title(fold(value))


# --- IARD: dialogue acts -------------------------------------------------------------------------

_ACT_OF = {"SEE": "seen", "REJ": "reject", "ACC": "accept", "INQ": "inquire"}


def iard_acts(request: Request, reading: Reading, shown: bool) -> set[str]:
    """Which of the five acts a turn does."""
    found: set[str] = set()
    acts = reading.acts
    asks = bool(acts & {"request", "similar"})
    if "seen" in acts or (reading.seen and shown):
        found.add("seen")
    if shown and acts & {"praise", "taste"} and not asks and not acts & {"accept", "not_seen"}:
        found.add("seen")  # praise of what was offered comes from those who know it
    if acts & {"reject", "blame"} or (reading.disliked and shown):
        found.add("reject")
    if "accept" in acts and "reject" not in acts:
        found.add("accept")
    if request.intent is Intent.ITEM_INFO and reading.question is not None:
        found.add("inquire")
    narrowed = reading.conditions or reading.weights or reading.wishes
    if shown and narrowed and request.intent is Intent.REFINE:
        found.add("critique")
    return found


def iard(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """Five acts, each with its own counts; the macro average is made of them."""
    names = ("seen", "reject", "accept", "critique", "inquire")
    scores: Scores = {name: [] for name in names}
    for row in rows:
        history: list[PastTurn] = []
        for turn in row["conversation"]:
            text = turn["utterance"]
            if turn["participant"] != "USER":
                rows_named = offered(text, parser)
                last = history[-1] if history else PastTurn("", "", (), Request(Intent.CHIT_CHAT))
                history[-1:] = [PastTurn(last.utterance, text, rows_named, last.request)]
                continue
            shown = history[-1].shown if history else ()
            request = parser.parse(text, history)
            reading = parser.read(tokenize(clean(text)), shown)
            history.append(PastTurn(text, "", (), request))
            labels = {act["intent"] for act in turn["dialogue_acts"]}
            wanted = {_ACT_OF[label] for label in labels if label in _ACT_OF}
            wanted |= {"critique" for label in labels if label.startswith("CRI")}
            got = iard_acts(request, reading, bool(shown))
            for name in names:
                in_both = name in wanted and name in got
                counts = (int(in_both), int(name in got - wanted), int(name in wanted - got))
                scores[name].append((row["id"], counts))
            if wanted != got:
                misses.append(
                    f"iard {row['id']} {text!r} wanted {sorted(wanted)} got {sorted(got)}"
                )
    return scores


# --- requests: wants, state, links ---------------------------------------------------------------


def requests(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """The project's own labelled turns; slots only where the domain is the catalog's."""
    names = (
        "wants_f1",
        "wants_accuracy",
        "state_f1_wanted",
        "state_f1_all",
        "linking_f1",
        "closings",
    )
    scores: Scores = {name: [] for name in names}
    for row in rows:
        label, text = row["label"], row.get("text_noyear") or row["text"]
        history = history_of(row["context"], parser)
        request = parser.parse(text, history)
        wants, wanted = wants_list(request), label["wants_recommendation"]
        counts = (int(wants and wanted), int(wants and not wanted), int(wanted and not wants))
        scores["wants_f1"].append((row["id"], counts))
        scores["wants_accuracy"].append((row["id"], (int(wants == wanted), 1, 0)))
        if label["closing"]:
            scores["closings"].append((row["id"], (int(wants), 1, 0)))
        if wants != wanted:
            misses.append(f"wants {row['id']} {text[:160]!r} wanted {wanted} got {request.intent}")
        if row["domain"] != "movie":
            continue
        state = _wanted_state(label["state"])
        mine = _our_state(request, catalog, parser)
        counts = compare(state, mine)
        scores["state_f1_all"].append((row["id"], counts))
        if wanted:
            scores["state_f1_wanted"].append((row["id"], counts))
            if counts[1] or counts[2]:
                told = f"    wanted {sorted(state)}\n    got    {sorted(mine)}"
                misses.append(f"state {row['id']} {text[:200]!r}\n{told}")
        links = _linked(label, request, catalog, history)
        scores["linking_f1"].append((row["id"], links))
        if links[1] or links[2]:
            titles = [(m.text, m.title if m.id else None) for m in _all(request)]
            misses.append(f"link {row['id']} {text[:200]!r} {links} got {titles}")
    return scores


def _wanted_state(state: Row) -> list[tuple[str, str]]:
    found = [("liked", _title_key(m)) for m in state.get("liked_items", ())]
    found += [("disliked", _title_key(m)) for m in state.get("disliked_or_excluded_items", ())]
    found += [("genre", genre(name)) for name in state.get("genres_include", ())]
    found += [("not genre", genre(name)) for name in state.get("genres_exclude", ())]
    for slot in ("actors", "directors"):
        found += [("person", fold(p.get("name") or p["surface"])) for p in state.get(slot, ())]
    if years := state.get("year_range"):
        found.append(("years", f"{years.get('from')}-{years.get('to')}"))
    if last := state.get("last_n_years"):
        found.append(("years", f"last {last}"))
    if state.get("recency"):
        old = state["recency"] in ("older", "classic", "old")
        found.append(("recency", "old" if old else "new"))
    return list(dict.fromkeys(found))


def _title_key(mention: Row) -> str:
    return bare_title(fold(mention.get("title") or mention["surface"]))


def _our_state(request: Request, catalog: Catalog, parser: Parser) -> list[tuple[str, str]]:
    found = [("liked", _mention_key(m)) for m in request.liked]
    found += [("disliked", _mention_key(m)) for m in request.disliked]
    found += [("genre", name) for name in _genres(request, catalog)]
    found += [("not genre", name) for name in _genres(request, catalog, "lacks")]
    found += [("person", name) for name in _people(request, catalog, ("director", "actor", "cast"))]
    found += [("person", fold(name)) for name in request_people(request)]
    for text in request.conditions:
        condition = parse_condition(text, catalog)
        if catalog.schema.column(condition.column).role is not Role.YEAR:
            continue
        low, high = (*condition.values, *condition.values)[:2]
        years = [None if value is None else int(float(value)) for value in (low, high)]
        if (
            years[1] is None
            and years[0]
            and YEAR_OF_THE_SETS - years[0] in (2, 3, 5, 7, 10, 15, 20)
        ):
            found.append(("years", f"last {YEAR_OF_THE_SETS - years[0]}"))
        else:
            found.append(("years", f"{years[0]}-{years[1]}"))
    recency = dict(request.weights).get("recency", 0.0)
    if recency:
        found.append(("recency", "new" if recency > 0 else "old"))
    return list(dict.fromkeys(found))


def request_people(request: Request) -> list[str]:
    """Names that were looked for although the catalog has no people: the limits quote them."""
    return [
        limit.split("'")[1]
        for limit in request.limits
        if "column of people" in limit and limit.count("'") >= 2
    ]


def _mention_key(mention: Mention) -> str:
    title = mention.title.rsplit(" (", 1)[0] if mention.id else mention.text
    return bare_title(fold(title))


def _linked(label: Row, request: Request, catalog: Catalog, history: list[PastTurn]) -> Counts:
    """Items named in this turn, by the catalog's id."""
    turn = label["turn"]
    slots = ("liked_items", "disliked_or_excluded_items", "seen_items", "target_items")
    wanted = {
        str(m["movielens_id"])
        for slot in slots
        for m in turn.get(slot, ())
        if m.get("movielens_id")
        and m.get("in_turn_text", True)
        and catalog.row_of(str(m["movielens_id"])) is not None
    }
    named_anyway = {
        str(f["movielens_id"]) for f in label.get("feedback", ()) if f.get("movielens_id")
    }
    before = next((t.request for t in reversed(history) if t.request is not None), None)
    earlier = {m.id for m in _all(before)} if before else set()
    got = {m.id for m in _all(request) if m.id and m.id not in earlier}
    shown = {id for turn in history[-1:] for id in catalog.ids(list(turn.shown))}
    got -= (named_anyway | shown) - wanted
    return len(wanted & got), len(got - wanted), len(wanted - got)


def _all(request: Request) -> list[Mention]:
    return [*request.liked, *request.disliked, *request.seen, *request.about]


# --- ReDial next item ----------------------------------------------------------------------------


def crs(rows: list[Row], parser: Parser, catalog: Catalog, models: Path) -> Scores:
    """R@1/10/50 on items that were not named before; targets outside the catalog are misses."""
    from recagent_tools.models.blend import standardised
    from recagent_tools.models.engine import Engine
    from recagent_tools.models.history import History

    engine = Engine.open(catalog, models)
    scores: Scores = {f"r@{k}": [] for k in (1, 10, 50)}
    everything = np.arange(catalog.n_items, dtype=np.int32)
    known = standardised(np.log1p(engine.popularity("all")))
    recent = standardised(np.log1p(engine.popularity("recent")))
    for row in rows:
        targets = [t for t in row["targets"] if not t["already_mentioned"]]
        if not targets:
            continue
        named = [_row_of(m, catalog) for m in row["mentioned"]]
        liked = [r for r in named if r is not None]
        history = History.of(liked, ordered=True)
        # Weights by hand, from four tries on a third of the rows; nothing is learned here.
        total = 0.6 * recent + 0.4 * known
        total = total + 1.5 * _genres_named(row["context"], parser, catalog)
        if liked:
            total = total + standardised(engine.rank(everything, history))
            total = total + 0.7 * standardised(engine.likeness(history, everything))
        total[liked] = -np.inf
        order = np.argsort(-total, kind="stable")
        place = np.empty(catalog.n_items, dtype=np.int64)
        place[order] = np.arange(len(order))
        for target in targets:
            found = _row_of(target, catalog)
            for k in (1, 10, 50):
                hit = found is not None and place[found] < k
                scores[f"r@{k}"].append((row["dialog_id"], (int(hit), 1, 0)))
    return scores


def _row_of(item: Row, catalog: Catalog) -> int | None:
    return catalog.row_of(str(item["movielens_id"])) if item.get("movielens_id") else None


def _genres_named(
    context: Sequence[str], parser: Parser, catalog: Catalog
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Share of the kinds named in the last turns that each item has."""
    genres = {c.name for c in catalog.schema.with_role(Role.CATEGORIES)}
    reading = parser.read(tokenize(clean(" . ".join(map(str, context[-6:])))))
    named = {
        (condition.column, str(value))
        for condition in reading.conditions
        if condition.column in genres and condition.operator == "has"
        for value in condition.values
    }
    total = np.zeros(catalog.n_items)
    for column, value in named:
        total += catalog.words(column).mask([value])
    return total / max(len(named), 1)


# --- all of it -----------------------------------------------------------------------------------


def share(counts: np.ndarray[Any, Any]) -> float:
    return float(counts[0] / max(counts[1], 1))


def amount(counts: np.ndarray[Any, Any]) -> float:
    return float(counts[0])


SHARES = ("joint", "wants_accuracy", "r@1", "r@10", "r@50")
GOALS = {
    "mit_movie_slots": {"span_f1": ".86", "value_f1": ".88"},
    "sgd_slots": {"slot_f1": ".94", "joint": ".88"},
    "iard": {"macro_f1": ".72"},
    "requests": {
        "wants_f1": ".93", "state_f1_wanted": ".88", "state_f1_all": ".78",
        "linking_f1": ".90", "closings_answered": "1",
    },
    "crs_redial": {"r@1": "", "r@10": ".11", "r@50": ""},
}  # fmt: skip


def summary(name: str, scores: Scores) -> dict[str, Any]:
    """Figures of one set, each with its interval."""
    if name == "iard":
        return _macro(scores)
    found: dict[str, Any] = {}
    for key, rows in scores.items():
        if key == "closings":
            value, around = interval(rows, amount)
            found["closings_answered"], found["closings_answered_ci"] = value, around
            continue
        value, around = interval(rows, share if key in SHARES else f1)
        found[key], found[f"{key}_ci"] = value, around
    return found


def _macro(scores: Scores) -> dict[str, Any]:
    joined = [
        (group, [n for name in scores for n in scores[name][i][1]])
        for i, (group, _) in enumerate(scores["seen"])
    ]

    def macro(counts: np.ndarray[Any, Any]) -> float:
        return float(np.mean([f1(part) for part in counts.reshape(-1, 3)]))

    value, around = interval(joined, macro)
    parts = {name: interval(rows, f1)[0] for name, rows in scores.items()}
    return {"macro_f1": value, "macro_f1_ci": around, "parts": parts}


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def open_catalog(path: Path, models: Path | None, work: Path) -> tuple[Catalog, Path]:
    """The catalog at a path, built first where it is a folder of data; and where its models are."""
    if (path / "catalog.duckdb").exists():
        return Catalog.open(path), models or path / "models"
    from recagent_catalogs.ingest import ingest
    from recagent_tools.models.training import build

    ingest(path, work / "catalog", name="benchmark")
    catalog = Catalog.open(work / "catalog")
    build(catalog, work / "models")
    return catalog, work / "models"


def run(
    folder: Path, catalog: Catalog, models: Path, only: Sequence[str]
) -> tuple[dict[str, Any], Misses]:
    """Every set of the folder that is there and asked for."""
    parser = Parser(catalog, year=lambda: YEAR_OF_THE_SETS)
    misses: Misses = []
    found: dict[str, Any] = {}
    sets: tuple[tuple[str, str, Callable[..., Scores]], ...] = (
        ("mit_movie_slots", "mit_movie_slots.jsonl", mit),
        ("sgd_slots", "sgd_slots.jsonl", sgd),
        ("iard", "iard_dialogue_acts.jsonl", iard),
        ("requests", "requests.jsonl", requests),
    )
    for name, file, measure in sets:
        if name in only and (folder / file).exists():
            found[name] = summary(name, measure(read(folder / file), parser, catalog, misses))
    paths = sorted(folder.glob("crs_redial_*.jsonl")) if "crs_redial" in only else []
    for path in paths:
        found["crs_redial"] = summary("crs_redial", crs(read(path), parser, catalog, models))
    return found, misses


def table(found: dict[str, Any]) -> str:
    lines = [f"{'set':<18}{'score':<20}{'value':>8}  {'95 %':<18}goal"]
    for name, figures in found.items():
        for key, value in figures.items():
            if key.endswith("_ci") or key == "parts":
                continue
            low, high = figures[f"{key}_ci"]
            goal = GOALS.get(name, {}).get(key, "")
            lines.append(f"{name:<18}{key:<20}{value:>8.3f}  [{low:.3f}, {high:.3f}]    {goal}")
        for part, value in figures.get("parts", {}).items():
            lines.append(f"{'':<18}  {part:<18}{value:>8.3f}")
    return "\n".join(lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("RECAGENT_BENCH_DATA", "."))
    arguments.add_argument("--set", type=Path, default=data / "requests")
    arguments.add_argument("--catalog", type=Path, default=data / "datasets" / "ml-latest-small")
    arguments.add_argument("--models", type=Path, default=None)
    arguments.add_argument("--only", nargs="*", choices=list(GOALS), help="only these sets")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--misses", type=int, default=0, help="print so many misses a set")
    options = arguments.parse_args()
    if not options.set.is_dir():
        sys.exit(f"requests.py: no folder {options.set}")
    with tempfile.TemporaryDirectory() as work:
        catalog, models = open_catalog(options.catalog, options.models, Path(work))
        found, misses = run(options.set, catalog, models, options.only or list(GOALS))
        catalog.close()
    print(json.dumps(found, indent=1) if options.json else table(found))
    shown: dict[str, int] = {}
    for miss in misses:
        name = miss.split(" ", 1)[0]
        shown[name] = shown.get(name, 0) + 1
        if shown[name] <= options.misses:
            print(miss, file=sys.stderr)


if __name__ == "__main__":
    main()
