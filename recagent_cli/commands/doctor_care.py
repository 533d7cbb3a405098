"""`recagent doctor --verify` and `--repair`: everything that is kept, proved and put right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

from recagent_catalogs.errors import ExitCode, RecagentError

from .run import Run

if TYPE_CHECKING:
    from ..care.findings import Checked, Finding
    from ..care.mend import Mend
    from ..care.repair import StoreRepair


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


def repair_all(run: Run, *, yes: bool) -> None:
    """Put right what is damaged, and tell what was lost; ends with 4 where something still is."""
    from ..care.mend import mends
    from ..care.repair import StoreDoctor
    from ..paths import find_paths
    from .profile_open import confirm

    paths = find_paths()
    doctor = StoreDoctor(paths)
    plan, others = doctor.look(), list(mends(paths))
    if plan is None and not others:
        _report(run, None, [], [], "nothing is damaged: nothing was done")
        return
    doable = [mend for mend in others if mend.do is not None]
    said: list[str] = []
    if plan is not None or doable:
        if not yes:
            said = [*(_told_plan(plan) if plan else ()), *map(_line, others)]
        for line in said:
            run.say(line)
        if not confirm(run, "Put this right?", yes=yes):
            _report(run, None, [], others, "nothing was done")
            raise typer.Exit(ExitCode.BAD_INPUT)
        plan = doctor.repair() if plan is not None else None
    done, failed = _do(doable)
    left = [mend for mend in others if mend.do is None] + failed
    _report(run, plan, done, left, "", said)
    if left:
        raise typer.Exit(ExitCode.BAD_INPUT)


def _do(doable: Sequence[Mend]) -> tuple[list[Mend], list[Mend]]:
    """Do each; those that were done, and those that could not be."""
    from dataclasses import replace

    done, failed = [], []
    for mend in doable:
        assert mend.do is not None
        try:
            told = mend.do()
            done.append(replace(mend, text=told) if told else mend)
        except (OSError, RecagentError) as error:
            why = error.message if isinstance(error, RecagentError) else error.strerror
            failed.append(replace(mend, text=f"could not be put right: {why}"))
    return done, failed


def _line(mend: Mend) -> str:
    return f"{mend.what}: {mend.where}: {mend.text}"


MOST_TOLD = 50
"""Rows named on a terminal; `--json` has all."""


def _told_plan(plan: StoreRepair) -> Iterator[str]:
    """What became of the store, a line each."""
    result = plan.result
    for where, text in plan.wrong[:5]:
        yield f"store: {where}: {text}"
    if len(plan.wrong) > 5:
        yield f"store: {len(plan.wrong) - 5:,} more things are wrong"
    yield f"store: kept {_counted(result.kept)} that are whole"
    if plan.note:
        yield f"store: {plan.note}"
    if result.copy is not None:
        yield f"store: {_counted(len(result.from_copy))} from {result.copy}"
    elif result.lost:
        yield "store: there is no good backup"
    for kind, rows in (("from the backup", result.from_copy), ("lost", result.lost)):
        yield from (f"store: {kind}: {row}" for row in rows[:MOST_TOLD])
        if len(rows) > MOST_TOLD:
            yield f"store: {kind}: {len(rows) - MOST_TOLD:,} more (--json names all)"
    if not result.lost and not result.blind:
        yield "store: nothing is lost"


def _counted(rows: int) -> str:
    return f"{rows:,} row{'s' * (rows != 1)}"


def _report(
    run: Run,
    plan: StoreRepair | None,
    done: Sequence[Mend],
    left: Sequence[Mend],
    text: str,
    said: Collection[str] = (),
) -> None:
    """What was done, what was lost, and what is left for the person.

    Args:
        run: of the command.
        plan: what was done with the store; None for nothing.
        done: what else was.
        left: what was not.
        text: of what came to nothing.
        said: lines that the person was asked about; they are not told again.
    """
    from recagent_catalogs.text import clean

    from ..ui.render import report_text

    if run.form != "table":
        body = {
            "store": _plan_json(plan),
            "done": [_mend_json(mend) for mend in done],
            "left": [_mend_json(mend) for mend in left],
            "text": text,
        }
        run.out(report_text("doctor_repair", body, run.form))
        return
    lines = [text] if text else []
    lines += (line for line in (_told_plan(plan) if plan else ()) if line not in said)
    if plan and plan.aside:
        lines.append(f"store: put right; the damaged files lie in {plan.aside}")
    lines += [_line(mend) for mend in done]
    lines += [f"left to you: {_line(mend)}" for mend in left]
    for line in lines:
        run.out(clean(line))


def _plan_json(plan: StoreRepair | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    result = plan.result
    return {
        "wrong": [{"where": where, "text": text} for where, text in plan.wrong],
        "kept": result.kept,
        "backup": str(result.copy) if result.copy else None,
        "from_backup": result.from_copy,
        "lost": result.lost,
        "aside": str(plan.aside) if plan.aside else None,
        "note": plan.note,
    }


def _mend_json(mend: Mend) -> dict[str, str]:
    return {"what": mend.what, "where": mend.where, "text": mend.text}
