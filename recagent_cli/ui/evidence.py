"""Evidence for people: a sentence, then the figures by name, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recagent_catalogs.errors import UsageError
from recagent_catalogs.text import clean

from .clean_json import dumps
from .together import fares_text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from recagent_catalogs.store import Catalog
    from recagent_tools.evidence import Evidence, StagePlace

    from ..agent.explaining import Explained

EVIDENCE_SCHEMA = "recagent.evidence/1"
NARROW = 60
MOST = 3
MOST_SHARED = 4
SMALLEST = 0.005
"""A part of a score that would be written as 0.00 is not told."""
RETRIEVAL = {
    "similar": "likeness",
    "for_user": "your history",
    "search": "search",
    "popular": "popularity",
    "rank": "ranking",
}
"""Tools that order candidates, as people would say what they go by."""


def evidence_text(
    kind: str, evidence: Evidence, told: Explained, form: str, catalog: Catalog
) -> str:
    """`recagent.evidence/1`; the other formats are for tables and lists."""
    from recagent_tools.evidence_json import evidence_json

    if form not in ("json", "jsonl"):
        raise UsageError(f"--format {form} does not fit here", hint="use table or json")
    body = {
        "schema": EVIDENCE_SCHEMA,
        "kind": kind,
        "catalog": catalog.name,
        "text": told.text,
        "style": told.style,
        **evidence_json(evidence, catalog),
    }
    return dumps(body, indent=2 if form == "json" else None)


def evidence_renderables(
    evidence: Evidence, told: Explained, catalog: Catalog, *, plain: bool = False
) -> list[RenderableType]:
    """The sentence and the table of figures; of the style `short` the sentence alone.

    Args:
        evidence: of one item.
        told: the sentence.
        catalog: whose items are named.
        plain: whether the figures come without columns, for screen readers.
    """
    from rich.text import Text

    head = Text(clean(catalog.label(evidence.row)), style="bold")
    if told.style == "short":
        head.append(f"  {clean(told.text)}", style="not bold")
        return [head]
    if evidence.place is not None:
        head.append(f"  {ordinal(evidence.place)} of {evidence.of}", style="not bold")
        head.append(f" in list {evidence.number}", style="not bold dim")
    sentence = Text(clean(f"{told.text[:1].upper()}{told.text[1:]}."))
    figures = Figures(tuple(evidence_lines(evidence, catalog)), plain)
    parts: list[RenderableType] = [head, sentence, figures]
    if evidence.recomputed:
        parts.append(
            Text("Your profile or the models have changed since: figures of now.", style="dim")
        )
    return parts


@dataclass(frozen=True)
class Figures:
    """Names and what is told of each: beside each other, or below where it is narrow."""

    lines: tuple[tuple[str, str], ...]
    plain: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        if self.plain:
            yield from (Text(f"{name}: {clean(text)}") for name, text in self.lines)
            return
        if options.max_width < NARROW:
            for name, text in self.lines:
                yield Text(name, style="dim")
                yield Padding(Text(clean(text)), (0, 0, 0, 2), expand=False)
            return
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, style="dim")
        table.add_column()
        for name, text in self.lines:
            table.add_row(Text(name), Text(clean(text)))
        yield table


def evidence_lines(evidence: Evidence, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """(name, text) of what there is to say."""
    # Of several stages of one tool the last one holds: `rank` first leaves out what was seen.
    last = {stage.tool: stage for stage in evidence.stages if stage.place is not None}
    if last:
        yield "brought in by", ", ".join(_stage_text(stage) for stage in last.values())
    if evidence.likes:
        yield "your likes", _likes_text(evidence, catalog)
    for told in evidence.together[:1]:
        from recagent_tools.evidence_json import taken_verb

        verb, title = taken_verb(catalog), catalog.item(told.row).title
        yield (
            "together",
            f"of {told.of:,} people who {verb} {title}, {told.both:,} {verb} this",
        )
    grouped = evidence.grouped()
    if good := [pair for pair in grouped if pair[1] > 0][:MOST]:
        yield "counts for it", _signed_text(good)
    if bad := [pair for pair in grouped if pair[1] < 0][:MOST]:
        yield "against it", _signed_text(bad)
    if evidence.score is not None and any(abs(p.share) >= SMALLEST for p in evidence.parts):
        yield "score", _score_text(evidence)
    if evidence.fares is not None:
        yield "each of you", fares_text(evidence.fares)
    if evidence.conditions:
        yield "meets", "; ".join(evidence.conditions)
    if evidence.shared:
        yield "shares", "; ".join(_paths(evidence, catalog))


def _stage_text(stage: StagePlace) -> str:
    by = RETRIEVAL.get(stage.tool, stage.note or stage.tool)
    return f"{by} (place {stage.place:,} of {stage.of:,})"


def _likes_text(evidence: Evidence, catalog: Catalog) -> str:
    """The likes that count most, the rest of them together, and what everybody's taste adds."""
    first = evidence.likes[:MOST]
    told = [(catalog.item(like.row).title, like.share) for like in first]
    rest = evidence.likes[MOST:]
    if rest:
        told.append((f"{len(rest):,} more", sum(like.share for like in rest)))
    if evidence.likes_by == "als":
        told.append(("everybody's taste", evidence.likes_prior))
    return _signed_text(told)


def _score_text(evidence: Evidence) -> str:
    """The parts that matter: `3.33 = 2.92 likeness + …`."""
    shown = [part for part in evidence.parts if abs(part.share) >= SMALLEST]
    shown.sort(key=lambda part: -abs(part.share))
    told = _signed_text([(part.words, part.share) for part in shown[: 2 * MOST]])
    rest = sum(part.share for part in shown[2 * MOST :])
    more = f", the rest {signed(rest)}" if len(shown) > 2 * MOST else ""
    return f"{evidence.score or 0:.2f}: {told}{more}"


def _paths(evidence: Evidence, catalog: Catalog) -> Iterator[str]:
    """`Alien → director Ridley Scott, tag dark`, a liked item at a time."""
    by_liked: dict[int, list[str]] = {}
    for path in evidence.shared[:MOST_SHARED]:
        column = catalog.schema.column(path.column)
        name = column.label or column.name.replace("_", " ").removesuffix("s")
        by_liked.setdefault(path.liked, []).append(f"{name} {path.value}")
    for row, values in by_liked.items():
        yield f"{catalog.item(row).title} → {', '.join(values)}"


def _signed_text(told: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{words} {signed(share)}" for words, share in told)


def signed(share: float) -> str:
    """A share with its sign and two places, or its first digit: `+.31`, `−1.20`, `+.004`."""
    size = abs(share)
    text = f"{size:.2f}" if size >= 0.005 or size < 0.0005 else f"{size:.3f}"
    return ("−" if share < 0 and float(text) else "+") + text.removeprefix("0")


def ordinal(number: int) -> str:
    """`3rd`."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    end = "th" if 10 <= number % 100 <= 20 else ends.get(number % 10, "th")
    return f"{number}{end}"
