"""The project's labelled turns: whether a list is wanted, the state, the links."""

from __future__ import annotations

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import bare_title, fold
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.request import Intent, Mention, Request
from recagent_tools.conditions import parse_condition

from .dialogues import genre, genres_of, history_of, people_of
from .scoring import YEAR_OF_THE_SETS, Counts, Misses, Row, Scores, compare


def requests(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """The project's own labelled turns; slots only where the domain is the catalog's."""
    names = (
        "wants_f1",
        "wants_accuracy",
        "intent_accuracy",
        "state_f1_wanted",
        "state_f1_all",
        "linking_f1",
        "closings",
        "false_exclusions",
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
        scores["intent_accuracy"].append((row["id"], (int(_intent_right(request, label)), 1, 0)))
        if label["closing"]:
            scores["closings"].append((row["id"], (int(wants), 1, 0)))
        if wants != wanted:
            misses.append(f"wants {row['id']} {text[:160]!r} wanted {wanted} got {request.intent}")
        if row["domain"] != "movie":
            continue
        state = _wanted_state(label["state"], catalog.schema.one(Role.PEOPLE) is not None)
        # A question on an item stands beside the request that holds.
        asks = request.intent is Intent.ITEM_INFO
        holds = parser.state([*history, PastTurn(text, "", (), request)]) if asks else request
        mine = _our_state(holds, catalog, history)
        excluded = [t for t in mine if t[0] == "not genre" and t not in state]
        scores["false_exclusions"].append((row["id"], (len(excluded), 1, 0)))
        if excluded:
            misses.append(f"excluded {row['id']} {text[:160]!r} {excluded}")
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


def _intent_right(request: Request, label: Row) -> bool:
    """Whether the intent is the label's or one that its author counts as well.

    The labels call "more" a refinement, and mark closings beside the intent.
    """
    if request.intent is Intent.CLOSING and label["closing"]:
        return True
    same = {Intent.MORE: "refine", Intent.CLOSING: "chit_chat"}
    ours = same.get(request.intent, str(request.intent))
    return ours in (label["intent"], *label["intent_also_ok"])


KINDS = frozenset(
    "action adventure animation biography comedy crime documentary drama family fantasy history "
    "horror music musical mystery romance sci-fi short sport thriller war western".split()
)


def _wanted_state(state: Row, people: bool) -> list[tuple[str, str]]:
    """The hard slots; of people the full names only where the catalog knows any."""
    found = [("liked", _title_key(m)) for m in state.get("liked_items", ())]
    found += [("disliked", _title_key(m)) for m in state.get("disliked_or_excluded_items", ())]
    found += [("genre", genre(name)) for name in state.get("genres_include", ())]
    found += [("not genre", genre(name)) for name in state.get("genres_exclude", ())]
    keys = ("name", "surface") if people else ("surface", "name")
    for slot in ("actors", "directors"):
        found += [("person", fold(p.get(keys[0]) or p[keys[1]])) for p in state.get(slot, ())]
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


def _our_state(
    request: Request, catalog: Catalog, history: list[PastTurn]
) -> list[tuple[str, str]]:
    found = [("liked", _mention_key(m)) for m in request.liked]
    found += [("disliked", _mention_key(m)) for m in request.disliked]
    found += [("genre", name) for name in genres_of(request, catalog)]
    found += [("genre", name) for name in _genres_without_column(request, catalog)]
    found += [("not genre", name) for name in genres_of(request, catalog, "lacks")]
    roles = ("director", "actor", "cast")
    found += [("person", name) for name in people_of(request, catalog, roles)]
    earlier = [t.request for t in history if t.request is not None]
    names = {fold(name): None for r in (*earlier, request) for name in _names_in_limits(r)}
    # Names are searched for where no column knows them; what is searched for carries on.
    said = {fold(name) for name in _names_in_limits(request)}
    found += [("person", name) for name in names if name in said or name in fold(request.search)]
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


def _genres_without_column(request: Request, catalog: Catalog) -> list[str]:
    """Kinds that this catalog files nothing under, wished for all the same."""
    columns = catalog.schema.with_role(Role.CATEGORIES)
    known = {genre(value) for column in columns for value in catalog.words(column.name).values}
    wished = [genre(wish.text) for wish in request.wishes if wish.weight > 0]
    return [name for name in wished if name in KINDS and name not in known]


def _names_in_limits(request: Request) -> list[str]:
    """Names that were looked for although the catalog has no people: the limits quote them."""
    return [
        limit.split("'")[1]
        for limit in request.limits
        if "column of people; I looked for" in limit and limit.count("'") >= 2
    ]


def _mention_key(mention: Mention) -> str:
    title = mention.title if mention.id else mention.text
    return bare_title(fold(title.rsplit(" (", 1)[0]))


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
