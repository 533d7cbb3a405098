"""What an import did, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean

from ..memory.imports.entries import Entry
from ..memory.imports.gathering import Unsure
from ..memory.imports.importing import FEWEST_PLAYED, History, Written
from ..memory.imports.ours import OwnHistory

_FEW = 5
_MOST_JSON = 1_000
_WORDS = {
    "rated": "rated", "liked": "liked", "disliked": "disliked", "seen": "seen",
    "wanted": "for the watchlist", "imported": "owned or listed, without a verdict",
}  # fmt: skip
_HEADER = ("outcome", "title", "year", "file", "line", "how", "id", "catalog_title", "catalog_year",
           "may_be")  # fmt: skip


def label(title: str, year: int | None) -> str:
    """A title of a history with its year."""
    return clean(title, 100) + (f" ({year})" if year is not None else "")


def question(unsure: Unsure, catalog: Catalog, place: int, of: int) -> list[str]:
    """A doubtful title and what it may be, numbered."""
    entry = unsure.entry
    people = f" by {clean(', '.join(entry.people[:2]), 80)}" if entry.people else ""
    lines = [f"{place}/{of}  {label(entry.title, entry.year)}{people}: which one?"]
    for number, row in enumerate(unsure.match.rows, start=1):
        lines.append(f"  {number}  {catalog.label(row)}{_makers(catalog, row)}")
    return lines


def _makers(catalog: Catalog, row: int) -> str:
    from recagent_catalogs.schema import Role

    item = catalog.item(row)
    for column in catalog.schema.with_role(Role.PEOPLE):
        if names := item.columns.get(column.name):
            return f", {clean(', '.join(names[:2]), 60)}"
    return ""


def import_lines(history: History, written: Written, dry_run: bool, *, told: bool) -> Iterator[str]:
    """The report for people.

    Args:
        history: what was read.
        written: what came of it.
        dry_run: whether nothing was written.
        told: whether all titles went to a file of their own.
    """
    catalog, gathered = history.catalog, history.gathered
    yield from _file_lines(history)
    kinds = Counter(fact.kind for fact in history.facts())
    of_kind = ", ".join(f"{count:,} {_WORDS.get(kind, kind)}" for kind, count in _sorted(kinds))
    yield f"matched   {history.items:>6,}" + (f"  {of_kind}" if of_kind else "")
    if gathered.doubtful:
        yield f"doubtful  {len(gathered.doubtful):>6,}  left out; --accept-doubtful takes the first"
        for unsure in list(gathered.doubtful.values())[:_FEW]:
            rows = " or ".join(catalog.label(row) for row in unsure.match.rows)
            yield f"    {label(unsure.entry.title, unsure.entry.year)}: {rows}?"
    if gathered.n_missing:
        hint = "; --report FILE names all" if gathered.n_missing > _FEW and not told else ""
        yield f"missing   {gathered.n_missing:>6,}  not in {catalog.name}{hint}"
        for missed in list(gathered.missing.values())[:_FEW]:
            yield f"    {label(missed.title, missed.year)}"
    yield ""
    yield from _outcome(written, dry_run)
    if written.new and not dry_run:
        verb = catalog.schema.verb
        name = "" if catalog.path.name == "movies" else f" -c {catalog.path.name}"
        yield f'your next list uses it: recagent ask{name} "something to {verb} tonight"'


def _sorted(kinds: Counter[str]) -> list[tuple[str, int]]:
    order = list(_WORDS)
    return sorted(kinds.items(), key=lambda p: order.index(p[0]) if p[0] in order else len(order))


def _file_lines(history: History) -> Iterator[str]:
    gathered = history.gathered
    for file in gathered.files:
        if not file.left_out:
            family = "" if file.family == "table" else f"{file.family}, "
            used = "" if file.used == file.rows else f", {file.used:,} used"
            rows = "1 row" if file.rows == 1 else f"{file.rows:,} rows"
            yield f"{file.short}: {family}{rows}{used}"
            yield from (f"    {clean(note, 200)}" for note in _notes(history, file))
    if gathered.kinds:
        kinds = ", ".join(f"{count:,} of {kind}s" for kind, count in gathered.kinds.most_common())
        yield f"left out: rows of other things ({kinds})"
    left_out = [file for file in gathered.files if file.left_out]
    if left_out:
        why = Counter(file.left_out for file in left_out)
        for reason, count in why.most_common(4):
            names = ", ".join(f.short.rsplit("!", 1)[-1] for f in left_out if f.left_out == reason)
            yield (
                f"left out: {clean(names, 120)} ({count} × {reason})"
                if count > 3
                else (f"left out: {clean(names, 160)} ({reason})")
            )


def _notes(history: History, file: Any) -> list[str]:
    from ..memory.imports.importing import scale_of_file

    notes = list(file.notes)
    if file.highest and not file.scale:
        notes.append(f"ratings are read as out of {scale_of_file(file):g} (--scale MAX)")
    if file.family == "Steam":
        enough = len(history.gathered.minutes) >= FEWEST_PLAYED
        hours = max(history.median_minutes, 120.0) / 60
        notes.append(
            f"liked: played for {hours:.1f} hours or more, your median of those played"
            if enough
            else "too few were played to say which ones you like: they count as seen"
        )
    if history.gathered.only_exact:
        notes.append("so many titles that the last ones were looked for by exact title only")
    return notes


def _outcome(written: Written, dry_run: bool) -> Iterator[str]:
    new = sum(written.new.values())
    facts = "1 fact" if new == 1 else f"{new:,} facts"
    known = f", {written.known:,} known already" if written.known else ""
    if dry_run:
        yield f"would write {facts}{known}; nothing was written"
    elif new:
        it = "it" if new == 1 else "them"
        yield f"{facts} written{known}; take {it} back: recagent profile undo --batch " + (
            written.batch
        )
    else:
        yield "nothing new: all of it is known already" if known else "nothing was written"


def own_lines(history: OwnHistory, written: Written, dry_run: bool) -> Iterator[str]:
    """The report of an export of ours, for people."""
    yield f"{history.source.short}: a profile of recagent, {len(history.events):,} facts"
    if history.moved:
        yield f"    {history.moved:,} found again by their titles"
    if history.lost:
        yield f"    {history.lost:,} of items that the catalog does not have; kept for when it has"
    yield from _outcome(written, dry_run)


def own_json(history: OwnHistory, written: Written, dry_run: bool) -> dict[str, Any]:
    """The body of the report of an export of ours."""
    return {
        **_written_json(written, dry_run),
        "files": [{"file": history.source.name, "format": "recagent", "rows": len(history.events)}],
        "by_title": history.moved,
        "missing": history.lost,
    }


def _written_json(written: Written, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "batch": written.batch or None,
        "new": dict(written.new),
        "known": written.known,
    }


def import_json(history: History, written: Written, dry_run: bool) -> dict[str, Any]:
    """The body of the report."""
    gathered, catalog = history.gathered, history.catalog
    return {
        "catalog": catalog.name,
        **_written_json(written, dry_run),
        "files": [
            {
                "file": file.name, "format": file.family, "rows": file.rows, "used": file.used,
                "left_out": file.left_out or None, "notes": [*file.notes],
            }
            for file in gathered.files
        ],
        "rows": gathered.rows,
        "matched": history.items,
        "doubtful": len(gathered.doubtful),
        "missing": gathered.n_missing,
        "other": dict(gathered.kinds),
        "doubtful_titles": [
            {**_said(unsure.entry), "how": unsure.match.how, "may_be": _options(unsure, catalog)}
            for unsure in list(gathered.doubtful.values())[:_MOST_JSON]
        ],
        "missing_titles": [
            {"title": missed.title, "year": missed.year}
            for missed in list(gathered.missing.values())[:_MOST_JSON]
        ],
    }  # fmt: skip


def _said(entry: Entry) -> dict[str, Any]:
    return {"title": clean(entry.title, 200), "year": entry.year}


def _options(unsure: Unsure, catalog: Catalog) -> list[dict[str, Any]]:
    items = catalog.items(unsure.match.rows)
    return [{"id": item.id, "title": item.title, "year": item.year} for item in items]


def report_rows(history: History) -> Iterator[Sequence[Any]]:
    """The rows of `--report`: a header, then every title, what is missing first."""
    gathered, catalog = history.gathered, history.catalog
    yield _HEADER

    def where(file: int) -> str:
        return gathered.files[file].short

    for missed in gathered.missing.values():
        yield ("missing", missed.title, missed.year, where(missed.file), missed.line, missed.how,
               "", "", "", "")  # fmt: skip
    for unsure in gathered.doubtful.values():
        labels = " | ".join(catalog.label(row) for row in unsure.match.rows)
        entry = unsure.entry
        yield ("doubtful", entry.title, entry.year, where(unsure.file), unsure.line,
               unsure.match.how, "", "", "", labels)  # fmt: skip
    rows = list(gathered.how)
    for (how, missed), item in zip(gathered.how.values(), catalog.items(rows), strict=True):
        yield ("matched", missed.title, missed.year, where(missed.file), missed.line, how,
               item.id, item.title, item.year, "")  # fmt: skip
