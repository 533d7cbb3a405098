"""`recagent doctor --verify`: everything that is kept, proved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from recagent_catalogs.errors import ExitCode

from .run import Run

if TYPE_CHECKING:
    from ..care.findings import Checked, Finding


def verify_all(run: Run) -> None:
    """Prove everything and tell what is wrong, one line each; ends with 4 where anything is."""
    from ..agent.events import Progress
    from ..care.verify import verify
    from ..paths import find_paths
    from ..ui.render import report_text
    from .progress import Watcher

    color = bool(run.settings["color"])
    draws = not run.in_sentences
    once = "reading everything that is kept …"
    with Watcher(quiet=run.quiet, verbose=False, color=color, draws=draws, once=once) as watcher:
        parts = list(verify(find_paths(), lambda what, share: watcher(Progress(what, share))))
    findings = [finding for part in parts for finding in part.findings]
    if run.form != "table":
        body = {
            "whole": all(part.whole for part in parts),
            "checks": [{"what": p.what, "ok": p.whole, "text": p.text} for p in parts],
            "findings": [finding.to_json() for finding in findings],
        }
        run.out(report_text("doctor_verify", body, run.form))
    else:
        _show(run, parts, findings)
    if not all(part.whole for part in parts):
        raise typer.Exit(ExitCode.BAD_INPUT)


def _show(run: Run, parts: Sequence[Checked], findings: Sequence[Finding]) -> None:
    from ..ui.render import rows_table

    rows = [[part.what, "ok" if part.whole else "WRONG", part.text] for part in parts]
    run.show(rows_table(["what", "", "how it stands"], rows))
    for finding in findings:
        run.out(in_a_line(finding))


def in_a_line(finding: Finding) -> str:
    """What, where, and what to do next."""
    from recagent_catalogs.text import clean

    told = f"{finding.what}: {finding.where}: {finding.text}"
    return clean(f"{told}; {finding.hint}" if finding.hint else told)
