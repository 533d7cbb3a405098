"""What the program itself would list in a dialogue: the built-in brain, driven by its own tools."""

from __future__ import annotations

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import Observation, TurnView
from recagent_cli.agent.builtin.brain import BuiltinBrain
from recagent_cli.agent.request import Request
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.registry import load_toolbox
from recagent_tools.toolbox import ToolContext

MOST_STEPS = 5
NOT_HERE = frozenset(("remember", "ask_person"))


class Product:
    """Gives the whole ranking behind the list that `ask` would show for a request."""

    def __init__(self, catalog: Catalog, engine: Engine) -> None:
        self._catalog, self._engine = catalog, engine
        self._toolbox = load_toolbox(plugins=False)

    def ranking(self, request: Request) -> list[int]:
        """Rows, best first; empty where the program would not list anything."""
        context = self._context(request)
        offered = [t for t in self._toolbox.offered(context) if t.name not in NOT_HERE]
        view = TurnView("", request, (), offered, context)
        for _ in range(MOST_STEPS):
            step = BuiltinBrain().next_step(view, lambda event: None)
            done: list[Observation] = []
            for call in step.calls:
                if call.name == "present" and (items := call.arguments.get("items")):
                    found = (self._catalog.row_of(str(id)) for id in items)
                    return [row for row in found if row is not None]
                if call.name == "present":
                    return [int(row) for row in context.bus.rows()]
                ran = self._toolbox.run(call.name, call.arguments, context)
                done.append(Observation(call, ran.result.text, ran.result.data, ran.error))
            if not step.calls:
                return []
            view.steps.append((step, tuple(done)))
        return []

    def _context(self, request: Request) -> ToolContext:
        context = ToolContext(self._catalog, self._engine, CandidateBus(self._catalog.n_items))
        context.wishes = [
            (column, value, wish.weight) for wish in request.wishes for column, value in wish.values
        ]
        for mentions, rows in (
            (request.liked, context.liked),
            (request.disliked, context.disliked),
        ):
            found = (self._catalog.row_of(m.id) for m in mentions if m.id is not None)
            rows.extend(row for row in found if row is not None)
        return context
