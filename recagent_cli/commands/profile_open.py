"""What the commands of `recagent profile` share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import UsageError

if TYPE_CHECKING:
    from ..memory.event_rows import StoredEvent
    from ..profiles import Profiles
    from ..targets import Target
    from .run import Run


def open_profiles(run: Run) -> Profiles:
    """The profile of this run."""
    from ..memory.store import UserStore
    from ..paths import find_paths
    from ..profiles import Profiles
    from .opening import open_library

    name = run.profile_name
    return Profiles(UserStore(find_paths().store), name, open_library(run), run.learning)


def find_target(run: Run, profiles: Profiles, text: str) -> Target:
    """What a person means; on a terminal it is asked which, where it may be several.

    Raises:
        NotFound: nothing is called so.
        BadInput: it may be several.
    """
    from ..targets import Ambiguous, Targets

    targets = Targets.among(profiles, run.catalog, run.catalog_name)
    if run.catalog is not None:
        profiles.library.open(run.catalog)
    elif profiles.catalog(run.catalog_name) is None:
        profiles.library.open(run.catalog_name)
        profiles.forget_open(run.catalog_name)
    try:
        return targets.find(text)
    except Ambiguous as error:
        chosen = choose(run, f"{text!r} may be several; which?", error.options)
        if chosen is None:
            raise
        return error.targets[chosen]


def is_asked(run: Run) -> bool:
    """Whether a question reaches a person."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not run.quiet and run.form == "table"


def choose(run: Run, question: str, options: Sequence[str]) -> int | None:
    """The place of the option that a person chooses; None where nobody is asked or answers."""
    if not is_asked(run):
        return None
    for place, option in enumerate(options, start=1):
        run.say(f"  {place}. {option}")
    answer = _answer(f"{question} [1-{len(options)}] ")
    return int(answer) - 1 if answer.isdigit() and 0 < int(answer) <= len(options) else None


def confirm(run: Run, question: str, *, yes: bool) -> bool:
    """Whether the person wants it: by `--yes`, or by their answer on a terminal.

    Raises:
        UsageError: nobody can be asked.
    """
    if yes:
        return True
    if not is_asked(run):
        raise UsageError("nothing was done: it needs your word", hint="the same with --yes")
    return _answer(f"{question} [y/N] ").casefold() in ("y", "yes")


def _answer(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def print_done(run: Run, done: str, facts: Sequence[StoredEvent], profiles: Profiles) -> None:
    """Tell what was done with facts: a line each on stderr, or as JSON."""
    from ..ui.profile import fact_text
    from ..ui.render import report_text

    if run.form != "table":
        told: dict[str, Any] = {"done": done, "facts": [profiles.fact_json(f) for f in facts]}
        run.out(report_text("profile_change", told, run.form))
        return
    for fact in facts[:20]:
        number = f"#{fact.id} " if fact.id else ""
        run.say(f"{done}: {number}{fact_text(fact, profiles)}")
    if len(facts) > 20:
        run.say(f"{done}: {len(facts) - 20:,} more")
