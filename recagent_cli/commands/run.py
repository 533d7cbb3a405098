"""One run of a command: what its options and the settings come to, and how it prints."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from recagent_catalogs.errors import BadInput, ExitCode, NotFound, RecagentError, UsageError

from .for_whom import said_for, shown_for
from .options import COMMON, MODEL, PLAIN

if TYPE_CHECKING:
    from recagent_tools.evidence import Evidence

    from ..agent.explaining import Explained
    from ..agent.plan import Plan
    from ..agent.turn import ShownItem, Turn
    from ..assistant import Assistant
    from ..memory.profile import Learning
    from ..settings import Settings


MOST_TYPED = 1_000_000
"""Characters of what stands for an argument on standard input."""


@dataclass
class Run:
    """One run of a command: the common options, the settings, and the printing.

    Made by `common`; a command gets it as its first argument.
    """

    catalog: str | None = None
    format_: str | None = None
    json_: bool = False
    as_: str | None = None
    seed: int | None = None
    quiet: bool = False
    verbose: bool = False
    strict: bool = False
    no_color: bool = False
    debug: bool = False
    plain: bool = False
    lenient: bool = False
    """Whether a broken settings file is reported by the command itself, not the end of it."""
    settings_problem: str = ""
    model_flags: dict[str, Any] = field(default_factory=dict)
    """Those of `MODEL` that were given, by name."""
    stack: ExitStack = field(default_factory=ExitStack)
    _settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force, without flags."""
        if self._settings is None:
            from ..paths import find_paths
            from ..settings import Settings, default_settings, load_settings

            try:
                self._settings = load_settings(find_paths())
            except BadInput as error:
                if not self.lenient:
                    raise
                self._settings, self.settings_problem = default_settings(), error.message
            flags = {"color": False} if self.no_color else {}
            flags |= {"plain": True} if self.plain else {}
            if flags:
                values = {**self._settings.values, **flags}
                self._settings = Settings(values, self._settings.source)
        return self._settings

    @property
    def in_sentences(self) -> bool:
        """Whether a terminal gets sentences, without columns and anything that moves."""
        return bool(self.settings["plain"]) or os.environ.get("TERM") == "dumb"

    @property
    def form(self) -> str:
        """The output format.

        Raises:
            UsageError: there is no such format.
        """
        from ..settings import FORMATS

        form = "json" if self.json_ else self.format_ or str(self.settings["format"])
        if form not in FORMATS:
            raise UsageError(f"no format {form!r}", hint="formats: " + ", ".join(FORMATS))
        return form

    def assistant(self, name: str | None = None, **options: Any) -> Assistant:
        """An assistant for that catalog, or the one in use; ended with this run."""
        from ..assistant import Assistant
        from .progress import Watcher

        settings = self.settings
        watcher = Watcher(
            quiet=self.quiet,
            verbose=self.verbose,
            color=bool(settings["color"]),
            draws=not self.in_sentences,
        )
        self.stack.enter_context(watcher)
        merged = {
            "profile": self.profile_name,
            "seed": self.seed if self.seed is not None else int(settings["seed"]),
            "count": int(settings["count"]) or 5,
            "style": str(settings["style"]),
            "semantic": self.semantic,
            "semantic_threshold": float(settings["semantic.threshold"]),
            "on_event": watcher,
            "learning": self.learning,
            "rules": str(self.settings["rules"]),
            **options,
        }
        try:
            assistant = Assistant(name or self.catalog_name, **merged)
        except NotFound as error:
            raise self.explain_missing(error) from error
        self.stack.enter_context(assistant)
        watcher.stop()
        return assistant

    @property
    def learning(self) -> Learning:
        """How fast the profile moves and forgets, by the settings."""
        from ..memory.profile import Learning

        settings = self.settings
        return Learning(
            float(settings["profile.eta"]),
            float(settings["profile.half_life_days"]),
            float(settings["profile.mood_hours"]),
            float(settings["repeat_days"]),
        )

    @property
    def profile_name(self) -> str:
        """Whose profile is used: --as, else the settings.

        Raises:
            UsageError: no profile can be called so.
        """
        from ..memory.names import check_profile

        return check_profile(str(self.settings["as"]) if self.as_ is None else self.as_)

    @property
    def other_profile(self) -> str | None:
        """The profile named by --as, where another one is usual; None for the usual one."""
        named = self.as_
        return None if named is None or named == str(self.settings["as"]) else named

    @property
    def catalog_name(self) -> str:
        """The catalog named by --catalog, else by the settings, else the bundled movies."""
        return self.catalog or str(self.settings["catalog"]) or "movies"

    def at_session(self, session: str | None) -> None:
        """Use the catalog that a session is about, where the session is named and no catalog is.

        Raises:
            NotFound: this profile has no such session.
        """
        if session is not None and self.catalog is None:
            from ..memory.store import UserStore
            from ..paths import find_paths

            self.catalog = UserStore(find_paths().store).catalog_of(session, self.profile_name)

    @property
    def semantic(self) -> Path | None:
        """The folder of sentence embeddings that the settings name."""
        return Path(folder) if (folder := str(self.settings["semantic.model"])) else None

    def explain_missing(self, error: NotFound) -> NotFound:
        """The same error, saying that the name comes from the settings where it does."""
        source = self.settings.source.get("catalog", "default")
        if self.catalog or source == "default" or self.settings["catalog"] not in error.message:
            return error
        hint = f"{source} names it; recagent catalog use movies. {error.hint}"
        return NotFound(error.message, hint=hint)

    @property
    def names_model(self) -> bool:
        """Whether a model is named on the command line: then it is that one or an error."""
        return "model" in self.model_flags

    def brain_options(self) -> dict[str, Any]:
        """The options of `Assistant` that say who answers; `builtin` overrules the settings.

        Raises:
            UsageError: there is no such strategy or mode.
        """
        from ..agent.budget import Limits
        from ..agent.options import ModelOptions

        chosen = str(self._model_value("model"))
        options = ModelOptions(
            self._model_choice("strategy"),
            self._model_choice("mode"),
            int(self._model_value("max_steps")),
            Limits(
                tokens=int(self._model_value("max_tokens")) or None,
                cost_usd=float(self._model_value("max_cost")) or None,
                seconds=float(self._model_value("timeout_s")) or None,
            ),
            bool(self._model_value("critic")),
        )
        return {
            "model": chosen if chosen not in ("", "builtin") else None,
            "api_base": str(self._model_value("api_base")) or None,
            "model_options": options,
        }

    def _model_value(self, name: str) -> Any:
        return self.model_flags.get(name, self.settings[name])

    def _model_choice(self, name: str) -> Any:
        from ..settings import known

        value, choices = self._model_value(name), known(name).choices
        if value not in choices:
            raise UsageError(f"no --{name} {value!r}", hint=", ".join(choices))
        return value

    def style_option(self, style: str | None) -> dict[str, str]:
        """The option of `Assistant` that says how items are explained; none for the settings'.

        Raises:
            UsageError: there is no such style.
        """
        from ..settings import known

        choices = known("style").choices
        if style is not None and style not in choices:
            raise UsageError(f"no style {style!r}", hint="styles: " + ", ".join(choices))
        return {} if style is None else {"style": style}

    def company_options(
        self, names: Sequence[str] | None, together: str | None, user: str | None
    ) -> dict[str, Any]:
        """The options of `Assistant` that say who else a list is for, and how that is chosen.

        Raises:
            UsageError: there is no such way, or a user of the data is named as well.
        """
        from ..settings import known

        choices = known("together").choices
        if together is not None and together not in choices:
            raise UsageError(f"no --together {together!r}", hint=", ".join(choices))
        if names and user is not None:
            raise UsageError("a user of the data has no profile to go with", hint="--as, --with")
        join = together or str(self.settings["together"])
        return {"company": names or (), "together": join}

    def repeats_option(self, days: float | None) -> dict[str, Any]:
        """The option of `Assistant` that says what is a repeat; none for the settings'."""
        if days is None:
            return {}
        from dataclasses import replace

        return {"learning": replace(self.learning, repeat_days=days)}

    def out(self, text: str) -> None:
        """Write data to stdout; nothing that a terminal would obey passes."""
        from recagent_catalogs.text import harmless

        sys.stdout.write(harmless(text) + "\n" if text else "")
        sys.stdout.flush()

    def show(self, *parts: Any) -> None:
        """Write what is for people to stdout, as the terminal takes it."""
        from ..ui.render import make_console

        settings = self.settings
        console = make_console(color=bool(settings["color"]), width=int(settings["width"]))
        for part in parts:
            console.print(shown_for(part, self.other_profile))

    def say(self, text: str) -> None:
        """Tell the person something on stderr, unless --quiet."""
        if not self.quiet:
            from recagent_catalogs.text import clean

            sys.stderr.write(clean(said_for(text, self.other_profile)) + "\n")

    def print_turn(self, turn: Turn, assistant: Assistant) -> None:
        """Print a turn in the format asked for; notices go to stderr."""
        from ..ui.render import explained_lines, turn_renderables, turn_text

        schema = assistant.catalog.schema
        if self.form == "table":
            self.show(*turn_renderables(turn, schema, plain=self.in_sentences))
        else:
            self.out(turn_text(turn, self.form, schema))
        if self.form in ("csv", "tsv", "ids"):
            self.say(turn.text)
        for _, text in turn.notices:
            self.say(f"note: {text}")
        if self.verbose:
            self._say_usage(turn)
            if turn.items:
                self.say(turn.funnel)
            for line in explained_lines(turn):
                self.say(line)
        if turn.cut and self.strict:
            raise typer.Exit(ExitCode.CUT)

    def _say_usage(self, turn: Turn) -> None:
        """What a model consumed for a turn, and for its session where that is more."""
        from ..ui.lines import spent_line, usage_line

        if turn.usage is not None:
            self.say(usage_line(turn.usage))
        if turn.spent is not None and (turn.usage is None or turn.spent.answers > 1):
            self.say(f"this session: {spent_line(turn.spent)}")

    def print_plan(self, plan: Plan, assistant: Assistant) -> None:
        """Print what a request would do, as a table or as JSON."""
        from recagent_catalogs.text import clean

        from ..agent.plan import plan_rows, read_as
        from ..ui.render import report_text, rows_table

        for _, text in plan.notices:
            self.say(f"note: {text}")
        if plan.brain != "builtin":
            self.say(f"note: {plan.brain} decides; this is what the built-in brain would do")
        if self.form != "table":
            body = {"catalog": assistant.catalog.name, **plan.to_json()}
            self.out(report_text("plan", body, self.form))
            return
        if plan.request is not None:
            self.out(f"read as: {clean(read_as(plan.request))}")
        if plan.steps:
            self.show(rows_table(("tool", "with", "candidates"), plan_rows(plan)))
        schema = assistant.catalog.schema
        if plan.question:
            self.out("would ask: " + clean(" · ".join((plan.question, *plan.options))))
        elif plan.shown:
            noun = schema.item if plan.shown == 1 else schema.items
            self.out(
                f"would show {plan.shown} {noun}" + (f": {clean(plan.text)}" * bool(plan.text))
            )
        elif plan.text:
            self.out(f"would say: {clean(plan.text, newlines=True)}")
        else:
            self.out("nothing would be left to show")

    def print_answer(
        self,
        assistant: Assistant,
        table: Callable[[], Iterable[Any]],
        text: Callable[[str], str],
    ) -> None:
        """Print an answer, for people or as text of the format asked for; notices go to stderr."""
        for _, notice in assistant.take_notices():
            self.say(f"note: {notice}")
        if self.form == "table":
            self.show(*table())
        else:
            self.out(text(self.form))

    def print_items(self, items: Sequence[ShownItem], assistant: Assistant) -> None:
        """Print a list of items in the format asked for."""
        from ..ui.render import items_table, items_text
        from ..ui.together import together_lines

        catalog = assistant.catalog
        self.print_answer(
            assistant,
            lambda: (items_table(items, catalog.schema), *together_lines(items)),
            lambda form: items_text(items, form, catalog.schema, catalog=catalog.name),
        )

    def print_evidence(
        self, kind: str, evidence: Evidence, told: Explained, assistant: Assistant
    ) -> None:
        """Print why an item is in a list, in words and figures, in the format asked for."""
        from ..ui.evidence import evidence_renderables, evidence_text

        self.print_answer(
            assistant,
            lambda: evidence_renderables(evidence, told, assistant.catalog),
            lambda form: evidence_text(kind, evidence, told, form, assistant.catalog),
        )


def common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all common options; it gets them as a `Run`, its first argument.

    The options of all commands are so written once, and mean the same everywhere.
    """
    return _with_options(command, tuple(COMMON))


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """The common options, and those of a command that may ask a language model."""
    return _with_options(command, (*MODEL, *COMMON))


def plain(command: Callable[..., None]) -> Callable[..., None]:
    """The common options of a command that opens no catalog and draws no numbers."""
    return _with_options(command, PLAIN)


def _with_options(command: Callable[..., None], names: tuple[str, ...]) -> Callable[..., None]:
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        run = Run(**{name: arguments.pop(name, COMMON[name][1]) for name in COMMON})
        if "model" in names:
            given = {name: arguments.pop(name) for name in MODEL}
            run.model_flags = {n: v for n, v in given.items() if v != MODEL[n][1]}
        if run.debug:
            os.environ["RECAGENT_DEBUG"] = "1"
        with run.stack:
            try:
                command(run, **arguments)
            except RecagentError as error:
                error.hint = error.hint and said_for(error.hint, run.other_profile)
                raise

    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in {**MODEL, **COMMON}.items()
        if name in names
    ]
    mine = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    # functools.wraps would let typer read the annotations of the undecorated function.
    del wrapper.__wrapped__
    wrapper.__signature__ = inspect.Signature([*mine, *shared])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in (*mine, *shared)}
    return wrapper


def read_text(argument: str) -> str:
    """The argument; for `-`, what stands on standard input.

    Raises:
        BadInput: that has no end, or nearly none.
    """
    from recagent_catalogs.errors import BadInput

    if argument != "-":
        return argument
    text = sys.stdin.read(MOST_TYPED + 1)
    if len(text) > MOST_TYPED:
        raise BadInput(f"-: more than {MOST_TYPED:,} characters on standard input")
    return text.strip()
