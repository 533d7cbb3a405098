"""What earlier sessions left for a language model, read from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recagent_catalogs.errors import RecagentError

from .agent.recalled import Recalled

if TYPE_CHECKING:
    from .agent.demonstrations import Demonstration
    from .sessions import Sessions


def recall(sessions: Sessions) -> Recalled:
    """The lessons of a profile about a catalog, and its kept turns; an answer needs neither."""
    from .memory.lesson_rows import lessons_of  # only language models ask for them

    try:
        lessons = lessons_of(sessions.store, sessions.profile_name, sessions.catalog.path.name)
    except RecagentError as error:
        sessions.notice("catalog", f"earlier lessons could not be read: {error.message}")
        return Recalled()
    return Recalled(tuple(lesson.text for lesson in lessons), lambda: _kept(sessions))


def _kept(sessions: Sessions) -> list[Demonstration]:
    from .agent.kept_examples import kept_example
    from .memory.trace_rows import traces_of
    from .traces import read

    found = []
    name = sessions.catalog.path.name
    for row in traces_of(sessions.store, sessions.profile_name, name, kept=True):
        try:
            trace = read(row)
        except RecagentError:
            continue
        example = kept_example(trace, sessions.catalog, sessions.toolbox)
        if example is not None:
            found.append(example)
    return found
