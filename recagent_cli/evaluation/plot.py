"""The comparison as a picture: bars with intervals, SVG written by hand."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean

from .report import OURS, Report

WIDTH = 640
LEFT = 130
BAR = 22
STEP = 32
HEAD = 46
LINE = 18
COLUMNS = 88
"""Letters of a line of text that fit the picture."""
PANEL_HEAD = 40
SCALE = 400
"""Pixels of the longest bar or interval."""
FONT = "font-family='system-ui, sans-serif'"
COLOURS = {True: "#1f6feb", False: "#9aa4b2"}


def check_place(path: Path) -> None:
    """Whether a file can be written there; better asked before the work than after it.

    Raises:
        BadInput: it is a folder, or in none.
    """
    if path.suffix.lower() != ".svg":
        raise BadInput("the picture is an SVG; name it .svg", path=path)
    if path.is_dir():
        raise BadInput("is a folder; the picture needs a file's name", path=path)
    if not path.absolute().parent.is_dir():
        raise BadInput("no such folder", path=path.parent)


def write_plot(report: Report, path: Path) -> None:
    """Write `plot` into a file.

    Raises:
        BadInput: the file cannot be written.
    """
    try:
        path.write_text(plot(report), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot be written: {error.strerror or error}", path=path) from error


def plot(report: Report) -> str:
    """An SVG picture: NDCG and hit rate at the leading cut-off, one bar an engine."""
    metrics = (report.leading, report.leading.replace("ndcg", "hr"))
    panel = PANEL_HEAD + STEP * len(report.engines)
    said = textwrap.wrap(clean(report.reading()), COLUMNS)
    head = HEAD + LINE * len(said)
    height = head + panel * len(metrics) + 16
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' "
        f"width='{WIDTH}' height='{height}' {FONT} font-size='13' role='img'>",
        f"<title>{_text(report.headline())}</title>",
        f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
        f"<text x='16' y='28' font-size='15' font-weight='600'>{_text(report.headline())}</text>",
        *(
            f"<text x='16' y='{HEAD + 4 + LINE * n}' fill='#57606a'>{_text(line)}</text>"
            for n, line in enumerate(said)
        ),
    ]
    for number, metric in enumerate(metrics):
        lines.extend(_panel(report, metric, head + number * panel))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _panel(report: Report, metric: str, top: int) -> Iterator[str]:
    """One metric: its name, then a bar, an interval and a figure for every engine."""
    yield f"<text x='16' y='{top + 22}' font-weight='600'>{_text(metric.upper())}</text>"
    highs = [(figures[f"{metric}_ci"] or [0, 0])[1] for figures in report.engines.values()]
    scale = SCALE / (max(highs) or 1.0)
    for place, (engine, figures) in enumerate(report.engines.items()):
        y = top + PANEL_HEAD + STEP * place
        value = figures[metric] or 0.0
        low, high = figures[f"{metric}_ci"] or (value, value)
        middle = y + BAR / 2
        yield f"<text x='{LEFT - 8}' y='{y + 16}' text-anchor='end'>{_text(engine)}</text>"
        yield (
            f"<rect x='{LEFT}' y='{y}' width='{value * scale:.1f}' height='{BAR}' "
            f"fill='{COLOURS[engine == OURS]}'/>"
        )
        yield _whisker(LEFT + low * scale, LEFT + high * scale, middle)
        yield f"<text x='{LEFT + high * scale + 8:.1f}' y='{y + 16}'>{value:.4f}</text>"


def _whisker(left: float, right: float, y: float) -> str:
    """An interval: a line with two ends."""
    ends = "".join(f" M{x:.1f} {y - 5:.1f} V{y + 5:.1f}" for x in (left, right))
    return f"<path d='M{left:.1f} {y:.1f} H{right:.1f}{ends}' stroke='#24292f' fill='none'/>"


def _text(text: str, longest: int = 90) -> str:
    """Text for XML: no markup, nothing that a terminal or a browser would obey."""
    return escape(clean(text, longest), {"'": "&apos;", '"': "&quot;"})
