"""The comparison of `recagent eval` for people: tables of 80 columns, and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import UsageError
from recagent_catalogs.text import clean

from .clean_json import dumps
from .render import rows_text, texts

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from ..evaluation.report import Report

MOST_FURTHER = 3
"""Further cut-offs that fit beside each other."""


def evaluation_text(report: Report, form: str) -> str:
    """A comparison in a machine format or Markdown."""
    if form in ("json", "jsonl"):
        return dumps(report.to_json(), indent=2 if form == "json" else None)
    if form == "ids":
        raise UsageError("--format ids does not fit here", hint="use table, json, csv or md")
    header, rows = report.rows() if form != "md" else _for_markdown(report)
    return rows_text(header, rows, form, cut=False)


def evaluation_renderables(report: Report) -> list[RenderableType]:
    """A comparison for people: figures, differences, what they mean."""
    from rich.text import Text

    first = report.cutoffs[0]
    legend = (
        f"* best · tail: NDCG@{first} within the less popular half of the items · "
        "cover: share of the items in any list · bits: novelty · div: diversity"
    )
    parts: list[RenderableType] = [Text(clean(report.headline())), Text(""), _figures(report)]
    parts += [Text(legend, style="dim"), Text("")]
    if len(report.cutoffs) > 1:
        parts += [_further(report), Text("")]
    if report.diffs:
        parts += [_differences(report), Text("")]
    parts.append(Text(report.reading(), style="bold"))
    return parts


def _for_markdown(report: Report) -> tuple[list[str], list[list[Any]]]:
    """What a page can hold: the leading cut-off, and the difference from each peer."""
    k = report.cutoffs[0]
    names = [f"ndcg@{k}", f"hr@{k}", f"recall@{k}", "mrr", f"tail_ndcg@{k}", f"coverage@{k}"]
    header = ["engine", *(name.replace("_", " ") for name in names), "recagent is better by"]
    rows: list[list[Any]] = []
    for engine, figures in report.engines.items():
        found = report.diffs.get(engine, {}).get(report.leading)
        over = f"{found[0]:+.4f} [{found[1]:+.4f}, {found[2]:+.4f}]" if found else ""
        rows.append([engine, *(figures[name] for name in names), over])
    return header, rows


def _table(*headers: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for place, header in enumerate(headers):
        justify: Any = "right" if place else "left"
        table.add_column(Text(header), justify=justify, no_wrap=True)
    return table


def _figures(report: Report) -> Table:
    """The leading cut-off, with the interval of NDCG."""
    k = report.cutoffs[0]
    table = _table(
        "engine", f"NDCG@{k}", "95 %", f"HR@{k}", f"Rec@{k}", "MRR", "tail", "cover", "bits", "div"
    )
    for engine, figures in report.engines.items():
        low, high = figures[f"ndcg@{k}_ci"] or (0.0, 0.0)
        cells = [
            clean(engine),
            _cell(report, engine, f"ndcg@{k}", 4),
            f"[{_short(low)}, {_short(high)}]",
            *(_cell(report, engine, name, 3) for name in (f"hr@{k}", f"recall@{k}", "mrr")),
            _cell(report, engine, f"tail_ndcg@{k}", 3),
            _cell(report, engine, f"coverage@{k}", 3),
            _cell(report, engine, f"novelty@{k}", 1),
            _cell(report, engine, f"diversity@{k}", 2),
        ]
        table.add_row(*texts(*cells))
    return table


def _further(report: Report) -> Table:
    """The other cut-offs."""
    further = report.cutoffs[1 : 1 + MOST_FURTHER]
    headers = {"ndcg": "NDCG", "hr": "HR", "recall": "Rec"}
    names = [(kind, k) for k in further for kind in headers]
    table = _table("engine", *(f"{headers[kind]}@{k}" for kind, k in names))
    for engine in report.engines:
        cells = (_cell(report, engine, f"{kind}@{k}", 3) for kind, k in names)
        table.add_row(*texts(clean(engine), *cells))
    return table


def _differences(report: Report) -> Table:
    """What recagent has over each peer."""
    table = _table("recagent minus", report.leading.upper(), "95 %", "")
    for peer, found in report.diffs.items():
        mean, low, high = found[report.leading] or (0.0, 0.0, 0.0)
        interval = f"[{low:+.4f}, {high:+.4f}]"
        cells = (clean(peer), f"{mean:+.4f}", interval, report.verdict(peer))
        table.add_row(*texts(*cells))
    return table


def _cell(report: Report, engine: str, metric: str, digits: int) -> str:
    """A figure with a mark, or a blank of its width, behind it."""
    value = report.engines[engine][metric]
    if value is None:
        return "– "
    return f"{value:.{digits}f}" + ("*" if engine in report.best(metric) else " ")


def _short(value: float) -> str:
    """.097: three digits without the zero before the point."""
    return f"{value:.3f}".removeprefix("0")
