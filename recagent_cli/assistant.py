"""The Python API, and the one place where everything is wired."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput, ToolError
from recagent_catalogs.ruled import RuledCatalog
from recagent_catalogs.sandbox import (
    PERSON_CAPS,
    PERSON_TABLES,
    TIMEOUT_S,
    NotStarted,
    Rows,
    Sandbox,
)
from recagent_catalogs.store import Catalog
from recagent_tools.comparison import Comparison
from recagent_tools.evidence import Evidence, WhyNot
from recagent_tools.models.engine import Engine
from recagent_tools.predict import PredictedRating
from recagent_tools.registry import load_toolbox
from recagent_tools.together import With
from recagent_tools.toolbox import Ran, ToolContext

from .agent.brain import Brain
from .agent.builtin.brain import BuiltinBrain
from .agent.builtin.parse import Parser
from .agent.events import Notice, Progress
from .agent.explaining import Explained
from .agent.explaining.alone import Explanation, refine_alone
from .agent.loop import Agent
from .agent.options import ModelOptions
from .agent.picture import WITHOUT_WORDS, open_pictures
from .agent.plan import Plan, apart
from .agent.recalled import Recalled
from .agent.request import Intent, Operation, Request
from .agent.session import Session
from .agent.tracing import Trace
from .agent.turn import ShownItem, Turn, scores_of, shown_items
from .contexts import Contexts
from .direct import Direct, Wanted, told_items
from .explained import ItemAnswers
from .library import DEFAULT_CATALOG, FIRST_ANSWER_S, Library
from .memory.names import check_profile
from .memory.profile import Learning, Profile
from .memory.store import UserStore
from .named import resolve_title, user_index
from .paths import Paths, Unwritable, find_paths
from .recalling import recall
from .rules import house_rules, unseen_by_sql
from .semantic import THRESHOLD
from .sessions import Sessions
from .together import strangers, told_strangers, with_whom
from .traces import Traces
from .turns import EventFunction, Turns, ignore

if TYPE_CHECKING:
    from recagent_tools.house import House

    from .replays import Replay


class Assistant:
    """A catalog, its models, a brain and a person's memory: ask, recommend, look up.

    Args:
        catalog: name of a catalog; the bundled movies where none is named.
        model: a language model as litellm names it; None for the built-in brain.
        api_base: address of an OpenAI-compatible server, for `model`.
        model_options: how the model is asked, and what a turn of it may cost.
        profile: whose profile is used.
        fallback: whether the built-in brain answers where the model fails.
        build: whether models are trained first where there are none.
        incognito: whether nothing of the turns is kept.
        seed: seed of everything random; with 0, "surprise me" changes by the day.
        count: how many items an answer shows where nobody said.
        style: how items are explained: "fit" (why it fits this person), "facts" or "short".
        semantic: folder of a model of sentence embeddings, by which moods that no word list knows
            are read as the nearest tags; none by default.
        semantic_threshold: the cosine from which on a tag is near.
        learning: how fast the profile moves and forgets; by default as `Learning` has it.
        rules: rules of the house that hold besides those of `rules.toml`: a file, or as `House`.
        company: other profiles for whom lists are, too; see `go_with`.
        together: how what fits each of them is joined, one of `STRATEGIES`.
        paths: where things are kept; by default as `RECAGENT_HOME` or the platform has it.
        on_event: takes every event of every turn, and progress.

    Raises:
        NotFound: there is no such catalog.
        BadInput: a rule of the house is wrong, or does not allow this profile.
    """

    def __init__(
        self,
        catalog: str = DEFAULT_CATALOG,
        *,
        model: str | None = None,
        api_base: str | None = None,
        profile: str = "me",
        fallback: bool = True,
        build: bool = True,
        incognito: bool = False,
        seed: int = 0,
        count: int = 5,
        style: str = "fit",
        model_options: ModelOptions | None = None,
        semantic: str | Path | None = None,
        semantic_threshold: float = THRESHOLD,
        learning: Learning | None = None,
        rules: str | Path | House | None = None,
        company: Sequence[str] = (),
        together: str = "average",
        paths: Paths | None = None,
        on_event: EventFunction = ignore,
    ) -> None:
        self.learning = learning or Learning()
        self.paths = paths or find_paths()
        self.on_event = on_event
        self.profile_name = check_profile(profile)
        self.incognito = incognito
        self.count = count
        self.seed = seed
        self.notices: list[tuple[str, str]] = []
        started = time.monotonic()
        self.library = Library(
            self.paths,
            lambda text, share: self.on_event(Progress(text, share)),
            Path(semantic).absolute() if semantic else None,
        )
        self.rules = house_rules(self.library, rules, self.profile_name)
        try:
            self.catalog: Catalog = self.library.open(catalog)
        except Unwritable as error:
            self.library, build = self.library.elsewhere(catalog), False
            self.catalog = self.library.open(catalog)
            self._notice(
                "catalog", f"{error.message}; so the catalog is made anew each time, without models"
            )
        self.engine: Engine = self.library.ready_engine(
            self.catalog, build, started + FIRST_ANSWER_S, self._notice
        )
        self.store = UserStore(self.paths.store)
        self.sandbox = Sandbox(self.catalog.path / "catalog.duckdb")
        self.toolbox = load_toolbox()
        self.parser = Parser(
            self.catalog,
            matcher=self.library.matcher(
                self.catalog, semantic_threshold, lambda text: self._notice("catalog", text)
            ),
        )
        self.builtin = BuiltinBrain()
        self.api_base = api_base
        self.model_options = model_options or ModelOptions()
        brain: Brain = self.builtin
        if model:
            from .brains import open_model

            brain = open_model(self, model)
        self.agent = Agent(
            self.toolbox,
            brain,
            self._read,
            fallback=self.builtin if model and fallback else None,
            default_count=count,
            max_steps=self.model_options.max_steps,
            style=style,
            recall=lambda: Recalled() if self.incognito else recall(self._sessions),
            critic=self.model_options.critic,
        )
        self.together: With | None = None
        self.join = together
        if company:
            self.go_with(company)

    # -- opening ---------------------------------------------------------------------------------

    @property
    def _sessions(self) -> Sessions:
        """What is kept, in the store of now."""
        return Sessions(
            self.store,
            self.profile_name,
            self.catalog,
            self.engine,
            self.toolbox,
            self.sandbox,
            self._notice,
            self.learning,
        )

    @property
    def keeps(self) -> bool:
        """Whether anything of the person is written down: they are not incognito, nor paused."""
        return not self.incognito and not self._sessions.paused

    @property
    def _contexts(self) -> Contexts:
        return Contexts(self._sessions, self.incognito, self.seed, self.together, self._govern)

    def _govern(self, names: Sequence[str]) -> None:
        """Let the rules hold for the profile and these people, with whom the next list is made."""
        if isinstance(self.catalog, RuledCatalog):
            self.rules.put_on(self.catalog, (self.profile_name, *names))

    def _turns(self, keep: bool, on_event: EventFunction | None = None) -> Turns:
        return Turns(
            self.agent,
            self.builtin,
            self.parser,
            self._sessions if keep and self.keeps else None,
            self.count,
            on_event or self.on_event,
            self._notice,
            self.take_notices,
        )

    @property
    def _answers(self) -> ItemAnswers:
        return ItemAnswers(self.load_session, self.new_session, self.context)

    @property
    def _direct(self) -> Direct:
        return Direct(self.toolbox, self.agent.style, self._notice)

    def _notice(self, kind: str, text: str) -> None:
        self.notices.append((kind, text))
        self.on_event(Notice(kind, text))

    def take_notices(self) -> list[tuple[str, str]]:
        """What the person should be told and was not yet, each once, as (kind, text).

        The next turn takes them by itself into its notices; for commands that make none.
        """
        taken = list(dict.fromkeys(self.notices))
        self.notices.clear()
        return taken

    def close(self) -> None:
        """End the SQL worker."""
        self.sandbox.close()

    def __enter__(self) -> Assistant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- asking ----------------------------------------------------------------------------------

    def new_session(self) -> Session:
        """A session whose bus holds the whole catalog."""
        return self._sessions.new()

    def ask(
        self,
        text: str,
        *,
        session: Session | None = None,
        user: str | None = None,
        like: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int | None = None,
        seen_too: bool = False,
        only_wanted: bool = False,
        images: Sequence[str | Path | bytes] = (),
        keep: bool = True,
        on_event: EventFunction | None = None,
    ) -> Turn:
        """Answer one utterance.

        Args:
            text: in the person's own words.
            session: the session it belongs to; a new one where None.
            user: a user of the catalog's data, for whom to answer.
            like: further liked items, by title or id.
            weights: aspects of `rank` with their weight, as in `recommend`; they count before
                those that the words ask for.
            count: how many items.
            seen_too: whether what the person has seen may be among them.
            only_wanted: whether only the watchlist is meant.
            images: pictures (files or bytes) for a model that can look at them; with them the
                text may be empty.
            keep: whether turn, session and facts are stored.
            on_event: takes the events of this turn; by default the assistant's own.

        Raises:
            BadInput: nothing was said, a weight or a picture is wrong, or no model answers that
                could look at one.
            NotFound: no such user or item.
            ModelError: the model failed and there is no fallback, or cannot look at pictures.
            Cancelled: Ctrl-C.
        """
        pictures = open_pictures(images, self.agent.brain.name)
        text = text.strip() or WITHOUT_WORDS if pictures else text
        session = session or self.new_session()
        context = self._contexts.asked(text, session, user, like, weights, seen_too, only_wanted)
        self.agent.default_count = count or self.count
        return self._turns(keep, on_event).run(text, session, context, pictures=pictures)

    def operate(
        self,
        operations: Sequence[Operation] = (),
        *,
        session: Session,
        drop: Sequence[str] = (),
        where: Sequence[str] = (),
        user: str | None = None,
        count: int | None = None,
        keep: bool = True,
        on_event: EventFunction | None = None,
    ) -> Turn:
        """Go to a list, join sets, save one, drop items: without words that have to be read.

        The built-in brain does it, whichever brain talks. It is a turn like any other, which
        `undo` takes back. Where something fails nothing is done.

        Args:
            operations: what to do with lists and sets, in order.
            session: the session it belongs to.
            drop: items to leave out of what stands then: ids, titles, or "#2" of the list.
            where: conditions that the candidates must meet besides, in the grammar of `filter`.
            user: a user of the catalog's data, for whom to rank.
            count: how many items of another set are shown; by default as many as stand now.
            keep: whether turn and session are stored.
            on_event: takes the events of this turn; by default the assistant's own.

        Raises:
            NotFound: no such list, set, item or user.
            BadInput: a condition is wrong, there is nothing to undo, or nothing to do.
        """
        context = self.context(session, user)
        return self._turns(keep, on_event).operate(
            operations, session, context, drop=drop, where=where, count=count
        )

    def plan(
        self,
        text: str,
        *,
        session: Session | None = None,
        user: str | None = None,
        like: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int | None = None,
        seen_too: bool = False,
        only_wanted: bool = False,
    ) -> Plan:
        """What `ask` would do: the calls of the built-in brain and how many items they leave.

        Conditions and retrievers run, so the counts are exact; nothing is shown or kept, ranked
        only where a limit needs the order, and no model is called. Arguments are those of `ask`.

        Raises:
            BadInput: nothing was said, or a weight is wrong.
            NotFound: no such user or item.
        """
        held = session or self.new_session()
        trial = Session(held.catalog, apart(held.bus), held.id, list(held.turns))
        context = self._contexts.asked(text, trial, user, like, weights, seen_too, only_wanted)
        return self._turns(False).plan(text, trial, context, count)

    def _read(self, utterance: str, session: Session) -> Request:
        return self.parser.parse(
            utterance, session.turns, shown=session.shown, sets=tuple(session.bus.saved)
        )

    def context(self, session: Session, user: str | None) -> ToolContext:
        """What the tools may touch in a turn of this session."""
        return self._contexts.of(session, user)

    def context_of_list(self, session: Session, number: int = 0) -> ToolContext:
        """What the tools could touch in the turn that made a list, on a bus that stands there.

        The profile and the models are those of now. 0 is the list that stands, -1 the last one.

        Raises:
            ToolError: there is no such list.
        """
        return self._contexts.of_list(session, number)

    def go_with(self, names: Sequence[str], together: str = "") -> With:
        """Make lists for other people of this machine, too, from now on; for nobody else if none.

        Without this a session goes on with those of its last turn. Their profiles are read to
        rank; nothing is written into them.

        Args:
            names: of profiles; commas may stand between several.
            together: how what fits each of them is joined; as before if "".

        Raises:
            NotFound: there is no such profile.
            BadInput: there is no such way to join, or there are too many.
        """
        join = together or self.join
        self.together = with_whom(names, join, self.profile_name, self.store)
        self.join = join
        company = self._contexts.company(self.together)
        if company is not None and (told := told_strangers(strangers(company), self.catalog.name)):
            self._notice("limit", told)
        return self.together

    def with_now(self, session: Session) -> With:
        """With whom the next list of a session is made."""
        return self._contexts.with_now(session)

    def user_index(self, user: str | None) -> int | None:
        """The index of a user of the catalog's data.

        Raises:
            NotFound: there is none of that id.
        """
        return user_index(user, self.catalog)

    def profile(self) -> Profile:
        """What is known of the person, in rows of this catalog."""
        return self._contexts.profile()

    def note(
        self,
        kind: str,
        rows: Sequence[int] = (),
        *,
        values: Sequence[tuple[str, str]] = (),
        value: float | None = None,
        source: str,
        session: Session | None = None,
    ) -> None:
        """Write a fact down, of items or of ("column", "value"): liked, seen, never, rated, wanted.

        Args:
            kind: one of `memory.event_rows.EVENT_KINDS`.
            rows: of items.
            values: of the catalog's columns.
            value: points of a rating, or a weight.
            source: where it comes from, for the person.
            session: whose list a verdict is on, to learn from it; the fact goes with it.

        Raises:
            BadInput: nothing is to be noted now.
        """
        if not self.keeps:
            raise BadInput(
                "not noted: "
                + ("this is incognito" if self.incognito else "the profile is paused"),
                hint="" if self.incognito else "recagent profile pause --resume",
            )
        before = self.context(session, None) if session is not None and session.shown else None
        kept = self._sessions.note(
            kind, rows, values=values, value=value, source=source, session=session
        )
        if before is not None and session is not None:
            self._sessions.learn(kept, session.shown, before)

    # -- sessions --------------------------------------------------------------------------------

    def load_session(self, session_id: str | None = None) -> Session | None:
        """The session of that id, or the one used last; None where there is no last one.

        Raises:
            NotFound: there is no session of that id, or it is another profile's.
            BadInput: it is damaged.
        """
        return self._sessions.load(session_id)

    @property
    def _traces(self) -> Traces:
        return Traces(self.store, self.profile_name)

    def traces(self) -> list[Trace]:
        """What was written down of the profile's turns about this catalog, newest first."""
        return self._traces.list(self.catalog.path.name)

    def trace(self, reference: int | str = "last") -> Trace:
        """A trace by its number; "last" is the newest one.

        Raises:
            NotFound: there is none.
            BadInput: it is damaged.
        """
        return self._traces.get(str(reference))

    def replay(self, reference: int | str = "last") -> Replay:
        """Run the tools of a trace again, without a model, and compare; nothing is written.

        Raises:
            NotFound: there is none, or it is about another catalog.
            BadInput: it is damaged.
        """
        from .replays import Replays  # few ask for it

        return Replays(self._sessions, self.agent, self._traces).replay(str(reference))

    def why_not(
        self, reference: str, *, session: Session | str | None = None, number: int = 0
    ) -> tuple[WhyNot, ToolContext]:
        """Why an item of the catalog is not in a list of a session, and what would bring it in.

        Args:
            reference: its title or its id; "#2" is the second of the list that stands.
            session: the session or its id; the one used last where None.
            number: of the list; 0 is the one that stands, else the last one.

        Returns:
            The answer, and the context of the turn that made the list.

        Raises:
            NotFound: no such session, list or item.
        """
        return self._answers.why_not(reference, session, number)

    def why(self, reference: str, *, session: Session | str | None = None) -> Evidence:
        """Why an item is in a list of a session: the evidence, in figures.

        Args:
            reference: its place in the list that stands ("2"), its title or its id.
            session: the session or its id; the one used last where None.

        Raises:
            NotFound: no such session, item or place, or an item that is in none of its lists.
        """
        return self._answers.why(reference, session)

    def standing(self, session: Session) -> tuple[ShownItem, ...]:
        """The list that stands, as it was shown; empty where none does."""
        number = session.bus.standing
        if not number:
            return shown_items(items := self.catalog.items(session.shown), [None] * len(items), {})
        context = self.context_of_list(session, number)
        request = session.request_of(number) or Request(Intent.RECOMMEND)
        scores = scores_of(session.shown, context.bus)
        return told_items(session.shown, scores, context, request, self.agent.style)

    def candidates(self, session: Session, count: int | None = None) -> tuple[ShownItem, ...]:
        """The candidates of a session, best first where they are ranked; all without `count`."""
        rows = [int(row) for row in session.bus.rows()[:count]]
        return shown_items(self.catalog.items(rows), scores_of(rows, session.bus), {})

    def compare(
        self,
        references: Sequence[str],
        *,
        session: Session | str | None = None,
        user: str | None = None,
    ) -> tuple[Comparison, ToolContext]:
        """Two to five items side by side, and what sets them apart for the person.

        Args:
            references: titles or ids; with a session also "#2" of the list that stands.
            session: a session or its id, by the likes of whose list they are compared too.
            user: a user of the catalog's data, for whom to compare.

        Returns:
            The comparison, and the context that it was made in.

        Raises:
            NotFound: no such session, user or item.
            BadInput: fewer than two different items, or more than five.
        """
        return self._answers.compare(references, session, user)

    def because(
        self, evidence: Evidence, *, session: Session | None = None, style: str = ""
    ) -> Explained:
        """The evidence for an item of a list in a few clauses, each checked against the data.

        Args:
            evidence: from `why`.
            session: which it was of; the one used last where None.
            style: "fit", "facts" or "short"; else this assistant's.

        Raises:
            NotFound: no session, or the list is not its.
        """
        return self._answers.because(evidence, session, style or self.agent.style)

    # -- without words ---------------------------------------------------------------------------

    def recommend(
        self,
        *,
        user: str | None = None,
        like: Sequence[str] = (),
        unlike: Sequence[str] = (),
        where: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int = 10,
        seen_too: bool = False,
        only_wanted: bool = False,
    ) -> tuple[ShownItem, ...]:
        """Items for a user of the data, for likes, for the profile, or the popular ones.

        Args:
            user: a user of the catalog's data.
            like: liked items, by title or id.
            unlike: disliked ones.
            where: conditions in the grammar of `filter`.
            weights: aspects of `rank` with their weight: "novelty=.5", "popularity=-1".
            count: how many items.
            seen_too: whether what the person has seen may be among them.
            only_wanted: whether only the watchlist is meant.

        Raises:
            NotFound: no such user or item.
            BadInput: a condition or a weight is wrong, or the watchlist is empty.
        """
        context = self._contexts.fresh(user, weights)
        wanted = Wanted.named(context, like, unlike, where, weights, count, seen_too, only_wanted)
        return self._direct.ranked(context, wanted)

    def plan_recommend(
        self,
        *,
        user: str | None = None,
        like: Sequence[str] = (),
        unlike: Sequence[str] = (),
        where: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int = 10,
        seen_too: bool = False,
        only_wanted: bool = False,
    ) -> Plan:
        """What `recommend` would do, as `plan` tells it. The arguments are those of `recommend`.

        Raises:
            NotFound: no such user or item.
            BadInput: a condition or a weight is wrong.
        """
        context = self._contexts.fresh(user, weights)
        wanted = Wanted.named(context, like, unlike, where, weights, count, seen_too, only_wanted)
        steps = self._direct.planned(context, wanted)
        shown = min(count, len(context.bus))
        return Plan(None, steps, shown, notices=tuple(self.take_notices()))

    def similar(self, title: str, *, count: int = 10) -> tuple[ShownItem, ...]:
        """Items like one item, whoever asks; but what the person never wants is not among them.

        Raises:
            NotFound: no such item.
        """
        context = self._contexts.fresh()
        known = self.profile()
        context.profile = Profile(
            never=known.never, never_values=known.never_values, never_by=known.never_by
        )
        return self._direct.ranked(context, Wanted([resolve_title(title, context)], count=count))

    def predict_rating(
        self, reference: str, *, user: str | None = None, session: Session | None = None
    ) -> PredictedRating:
        """What a person would rate an item, by their ratings, likes and dislikes of others.

        Args:
            reference: id or title, or "#2" of the list that the session shows.
            user: a user of the catalog's data; None: the own profile.
            session: to whose list "#2" refers.

        Raises:
            NotFound: no such item or user, no ratings to learn from, or models without them.
        """
        return self._answers.rating(reference, session, user)

    def refine(
        self, item: str, text: str, *, user: str | None = None, liked: Sequence[str] = ()
    ) -> Explanation:
        """Check an explanation that was written elsewhere, and mend it.

        Args:
            item: what it explains, by title or id.
            text: the explanation.
            user: a user of the catalog's data, to whom it is told.
            liked: what they like, by title or id.

        Raises:
            NotFound: no such item or user.
        """
        context = self._contexts.fresh(user)
        row = resolve_title(item, context)
        context.liked.extend(resolve_title(title, context) for title in liked)
        return refine_alone(row, text, context, self.agent.style, self.agent.brain)

    def call_tool(self, name: str, arguments: dict[str, object], session: Session) -> Ran:
        """Run one tool by hand on a session's candidates; nothing is stored."""
        context = self.context(session, None)
        context.shown, context.shown_before = session.shown, session.shown_before
        return self.toolbox.run(name, arguments, context)

    def query(self, sql: str, *, max_rows: int = 1_000_000, timeout_s: float = TIMEOUT_S) -> Rows:
        """One SELECT over items, item_stats and interactions, in the sandbox.

        Raises:
            BadInput: refused, wrong, or stopped at the timeout; or rules of the house hold.
            NotStarted: there is no process that could run it.
        """
        unseen_by_sql(self.catalog)
        try:
            return self.sandbox.query(
                sql,
                tables=PERSON_TABLES,
                caps=replace(PERSON_CAPS, rows=max_rows),
                timeout_s=timeout_s,
            )
        except NotStarted:
            raise
        except ToolError as error:
            raise BadInput(error.message, hint=error.hint) from error
