"""`recagent lessons`: what language models got wrong and mended, as they are told the next time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from .run import Run, common

if TYPE_CHECKING:
    from ..memory.store import UserStore

app = typer.Typer(
    help="List and remove what models learned from their mistakes, a line each.",
    invoke_without_command=True,
)


@app.callback()
@common
def main(run: Run, context: typer.Context) -> None:
    """List and remove what models learned from their mistakes, a line each.

    They are kept by catalog and profile, 20 at most, and told to a model with a request.
    """
    if context.invoked_subcommand is None:
        _list(run)


@app.command("list")
@common
def list_(run: Run) -> None:
    """List the lessons, those met last first; with --catalog those about that catalog."""
    _list(run)


def _list(run: Run) -> None:
    from ..conversation import moment
    from ..memory.lesson_rows import lessons_of
    from ..ui.recap import when_told
    from ..ui.render import report_text, rows_table

    store = _store()
    lessons = lessons_of(store, run.profile_name, run.catalog)
    if store.damaged:
        run.say(f"note: damaged rows were left out: {', '.join(store.damaged[:5])}")
    if run.form != "table":
        told = [
            {
                "id": lesson.id,
                "catalog": lesson.catalog,
                "text": lesson.text,
                "session": lesson.session,
                "met": moment(lesson.created),
            }
            for lesson in lessons
        ]
        run.out(report_text("lessons", {"lessons": told}, run.form))
        return
    if not lessons:
        run.say("no lessons: they come from turns in which a language model mended a mistake")
        return
    now = time.time()
    rows = [[one.id, when_told(one.created, now), one.catalog, one.text] for one in lessons]
    run.show(rows_table(["number", "met", "catalog", "lesson"], rows))


@app.command("remove")
@common
def remove(
    run: Run,
    number: Annotated[int, typer.Argument(help="As the list has it.", show_default=False)],
) -> None:
    """Remove one lesson."""
    from ..memory.lesson_rows import remove_lesson

    remove_lesson(_store(), run.profile_name, number)
    run.say(f"removed lesson {number}")


@app.command("clear")
@common
def clear(
    run: Run,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove all lessons; with --catalog those about that catalog."""
    from ..memory.lesson_rows import clear_lessons
    from .profile_open import confirm

    about = f" about {run.catalog}" if run.catalog else ""
    if not confirm(run, f"Remove all lessons{about}?", yes=yes):
        run.say("kept")
        return
    gone = clear_lessons(_store(), run.profile_name, run.catalog)
    run.say(f"removed {gone} lesson{'s' * (gone != 1)}")


def _store() -> UserStore:
    from ..memory.store import UserStore
    from ..paths import find_paths

    return UserStore(find_paths().store)
