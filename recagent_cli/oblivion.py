"""Forgets: finds what goes, and removes it from every file that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.text import fold

from .agent.known import names_in
from .forgetting import Finder, Found, Wanted, is_sure
from .memory.backups import aside_folders, copies_of
from .memory.erasing import erase, sweep
from .memory.keeping import alone
from .memory.marks import remove_marks
from .memory.session_rows import StoredSession
from .own_builds import own_builds, retire
from .paths import Paths, write_private
from .profiles import Profiles
from .targets import Target
from .typed_lines import history_without

UNLEARNED = ("shown", "said", "wanted", "proposed", "learned")
"""Facts that no models learn from."""


@dataclass(frozen=True)
class Forgetting:
    """What would go, or went: numbers.

    Attributes:
        facts: events, those `learned` of others among them.
        sessions: conversations, of `of_sessions`.
        reworded: facts that stay without the words they came in.
        rewritten: conversations that stay without having known of it.
        lines: typed in chat.
        traces, lessons: written down of those conversations, or of others that tell of it.
        damaged: facts that cannot be read any more; what they hold cannot be known.
        backups: copies of the store.
        models: catalogs whose models were trained with this person's events.
        language_models: those of which it was kept how they are asked; they go with everything.
    """

    facts: int
    learned: int
    sessions: int
    of_sessions: int
    reworded: int
    rewritten: int
    lines: int
    traces: int
    lessons: int
    damaged: int
    backups: int
    models: tuple[str, ...]
    language_models: int = 0

    @property
    def anything(self) -> bool:
        """Whether there is something to forget."""
        return any(
            (
                self.facts,
                self.sessions,
                self.reworded,
                self.rewritten,
                self.lines,
                self.traces,
                self.lessons,
                self.models,
                self.language_models,
            )
        )

    def to_json(self) -> dict[str, Any]:
        """The numbers by name."""
        return {**vars(self), "models": list(self.models)}

    def text(self) -> str:
        """The same in a sentence."""
        parts = [
            _counted(self.facts, "fact")
            + (f" ({self.learned:,} learned from others)" if self.learned else ""),
            f"{_counted(self.sessions, 'conversation')} of {self.of_sessions:,}",
        ]
        if self.lines:
            parts.append(_counted(self.lines, "line") + " typed in chat")
        for count, noun in ((self.traces, "trace"), (self.lessons, "lesson")):
            if count:
                parts.append(_counted(count, noun))
        if self.damaged:
            parts.append(_counted(self.damaged, "damaged fact") + " that cannot be read")
        if self.reworded:
            parts.append("the words of " + _counted(self.reworded, "further fact"))
        if self.rewritten:
            parts.append(f"what {_counted(self.rewritten, 'further conversation')} knew of it")
        if self.language_models:
            parts.append(f"how {_counted(self.language_models, 'language model')} is asked")
        if self.backups:
            parts.append(_counted(self.backups, "backup") + " (made anew of what is left)")
        return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("s" if count != 1 else "")


@dataclass
class Oblivion:
    """Forgets something of one profile.

    Attributes:
        profiles: whose.
        paths: where everything is kept.
        wanted: what.
    """

    profiles: Profiles
    paths: Paths
    wanted: Wanted

    def look(self) -> Forgetting:
        """What would go.

        Raises:
            NotFound: there is no such session.
        """
        return self._told(self._find())

    def forget(self) -> Forgetting:
        """Remove it; what the counts say has gone.

        Raises:
            NotFound: there is no such session.
            RecagentError: something cannot be written, or another process still reads the store.
        """
        store = self.profiles.store
        with alone(store):
            found = self._find()
            told = self._told(found)
            if store.path.exists():
                erase(store, self.profiles.name, found.doomed)
            self._forget_lines(found)
            if self.wanted.everything or self.wanted.catalog is not None:
                remove_marks(self.paths.digests, self.profiles.name, self.wanted.catalog)
            models = {
                name
                for about in self._learned_from(found)
                for name in retire(self.paths.models, self.profiles.name, about)
            }
            if self.wanted.everything:
                self._forget_language_models()
            self.finish()
        return replace(told, models=tuple(sorted(models)))

    def finish(self) -> None:
        """Overwrite what was deleted in all files of the store.

        Raises:
            RecagentError: something cannot be written, or another process still reads the store.
        """
        if self.profiles.store.path.exists():
            sweep(self.profiles.store)

    def _learned_from(self, found: Found) -> list[str | None]:
        """The catalogs whose models may have learned from what goes; None for all."""
        if self.wanted.everything:
            return [None]
        if self.wanted.catalog is not None:
            return [self.wanted.catalog]
        facts = (event for event in found.facts if event.item and event.kind not in UNLEARNED)
        return [*sorted({event.catalog for event in facts})]

    def _find(self) -> Found:
        profiles = self.profiles
        return Finder(
            profiles.store, profiles.name, self.wanted, self._row_of, profiles.names
        ).find()

    def _row_of(self, session: StoredSession, item: str) -> int | None:
        catalog = self.profiles.catalog(session.catalog)
        if catalog is None or catalog.fingerprint != session.fingerprint:
            return None
        return catalog.row_of(item)

    def _told(self, found: Found) -> Forgetting:
        lines, _ = self._history(found)
        store = self.profiles.store
        copies = [*copies_of(store), *aside_folders(store)]
        models = {
            build.catalog
            for about in self._learned_from(found)
            for build in own_builds(self.paths.models, self.profiles.name, about)
        }
        return Forgetting(
            len(found.facts),
            found.learned,
            len(found.sessions),
            found.of_sessions,
            len(found.doomed.reworded),
            len(found.doomed.rewritten),
            lines,
            found.traces,
            found.lessons,
            found.damaged,
            len(copies),
            tuple(sorted(models)),
            self._language_models(),
        )

    def _language_models(self) -> int:
        """How many language models it is known of how they are asked; it is so of all profiles."""
        if not self.wanted.everything:
            return 0
        return names_in(self.paths.models_known)

    def _forget_language_models(self) -> None:
        path = self.paths.models_known
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise RecagentError(f"{path} cannot be removed: {error.strerror or error}") from error

    def _history(self, found: Found) -> tuple[int, str]:
        path = self.paths.history_of(self.profiles.name)
        return history_without(path, self.wanted, found.said, found.span)

    def _forget_lines(self, found: Found) -> None:
        gone, left = self._history(found)
        path = self.paths.history_of(self.profiles.name)
        if not gone:
            return
        if not left.strip():
            path.unlink(missing_ok=True)
            return
        write_private(path, left)


def wanted_of(targets: Sequence[Target], text: str, profiles: Profiles) -> Wanted:
    """What to forget where these are meant by a text.

    Args:
        targets: facts, values or items; where there are none the text is words that were said.
        text: as the person wrote it.
        profiles: whose catalogs know the titles.
    """
    items: set[tuple[str, str]] = set()
    values: set[tuple[str, str]] = set()
    facts: set[int] = set()
    words: set[str] = set() if targets else {text.strip()}
    lines: set[str] = set()
    for target in targets:
        if target.fact:
            facts.add(target.fact)
        elif target.column:
            values.add((target.column, target.value))
            words.add(target.value)
        else:
            items.add((target.catalog, target.item))
            title, *names = profiles.names(target.catalog, target.item) or [""]
            typed = "" if is_id(text, target.item) else text.strip()
            # A title without its article may be a word of any sentence: "thing", "others".
            words |= {title, *(name for name in names if " " in name)}
            words |= {typed} if is_sure(typed) else set()
            lines |= {fold(name) for name in (title, typed, *names)}
    return Wanted(
        items=frozenset(items),
        values=frozenset(values),
        facts=frozenset(facts),
        words=tuple(sorted(words - {""})),
        lines=frozenset(lines - {""}),
    )


def is_id(text: str, item: str) -> bool:
    """Whether an item was named by its id, which may be a word of any sentence."""
    return text.strip() in (item, f"id:{item}") or "id:" in text
