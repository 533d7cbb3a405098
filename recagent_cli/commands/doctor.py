"""`recagent doctor`: what is installed, which model, which catalogs, and what is wrong."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .run import Run, common

if TYPE_CHECKING:
    from recagent_catalogs.errors import ModelError

PACKAGES = ("duckdb", "numpy", "scipy", "implicit", "lightgbm", "litellm", "typer", "rich")
KEYS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "DEEPSEEK_API_KEY",
    "OPENROUTER_API_KEY",
    "AZURE_API_KEY",
    "COHERE_API_KEY",
    "TOGETHERAI_API_KEY",
    "XAI_API_KEY",
)


@common
def command(
    run: Run,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Make one tiny tool call to this model.")
    ] = None,
    api_base: Annotated[
        str | None, typer.Option("--api-base", help="Address of an OpenAI-compatible server.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read and prove everything that is kept.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put right what is damaged, from the newest backup.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --repair: do not ask.")] = False,
) -> None:
    """Say what is installed, which model and catalogs are used, and what is wrong."""
    from ..ui.render import report_text, rows_table

    run.lenient = True
    if verify or repair:
        from .doctor_care import repair_all, verify_all

        return repair_all(run, yes=yes) if repair else verify_all(run)
    profile = run.profile_name
    checks = [_settings(run), *_packages(), _openmp(), *_store(profile), *_catalogs(run)]
    checks += [_semantic(run), _rules(run)]
    keys = [name for name in KEYS if os.environ.get(name)]
    chosen = model or str(run.settings["model"])
    base = api_base or str(run.settings["api_base"]) or None
    body: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "model": chosen or "built-in brain",
        "keys": keys,
        "checks": [{"what": what, "ok": ok, "text": text} for what, ok, text in checks],
    }
    failure: ModelError | None = None
    told = [("model", True, chosen or "built-in brain")]
    if model:
        told, failure = _try_model(model, base, body)
    body["known"] = known = _known(chosen, base)
    if known is not None:
        ways = {"native": "by native tool calls", "text": "in plain text"}
        since = f"{ways.get(known['mode'], known['mode'])}, known since {known['since'][:10]}"
        told.append(("model is asked", True, since))
    if run.form != "table":
        run.out(report_text("doctor", body, run.form))
    else:
        stands = ("python", True, f"{body['python']} on {body['platform']}")
        seen = ("keys seen", True, ", ".join(keys) or "none (none is needed without a model)")
        rows = [
            [what, "ok" if ok else "WRONG", text]
            for what, ok, text in (stands, *checks, *told, seen)
        ]
        run.show(rows_table(["what", "", "how it stands"], rows))
    if failure is not None:
        failure.in_report = run.form != "table"
        raise failure


def _packages() -> list[tuple[str, bool, str]]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, True, version(name)))
        except PackageNotFoundError:
            found.append((name, False, f"missing: pip install {name}"))
    return found


def _openmp() -> tuple[str, bool, str]:
    from recagent_tools.models.threads import openmp_problem

    problem = openmp_problem()
    return ("libgomp", problem is None, problem or "loads")


def _settings(run: Run) -> tuple[str, bool, str]:
    return ("settings", not run.settings_problem, run.settings_problem or "can be read")


def _store(profile: str) -> list[tuple[str, bool, str]]:
    from recagent_catalogs.errors import RecagentError

    from ..memory.store import UserStore
    from ..paths import find_paths

    paths = find_paths()
    store = UserStore(paths.store)
    try:
        events = len(store.events(profile))
        sessions = len(store.sessions(profile))
    except RecagentError as error:
        return [("store", False, f"{error.message} ({error.hint})")]
    if store.damaged:
        return [("store", False, f"damaged rows: {', '.join(store.damaged[:5])}")]
    told = f"{sessions:,} session{'s' * (sessions != 1)}"
    return [("store", True, f"{events:,} fact{'s' * (events != 1)}, {told} in {paths.store}")]


def _catalogs(run: Run) -> list[tuple[str, bool, str]]:
    from recagent_catalogs.errors import RecagentError

    from .opening import open_library

    library = open_library(run, whole=True)
    told = []
    for name in library.names():
        if not library.is_installed(name):
            told.append((f"catalog {name}", True, "bundled, made at first use"))
            continue
        try:
            catalog = library.open(name)
            engine = library.engine(catalog)
        except RecagentError as error:
            told.append((f"catalog {name}", False, error.message))
            continue
        damaged = [f"damaged: {file}" for file in catalog.verify()]
        state = "trained" if engine.trained else "not trained"
        problems = [*engine.notices, *damaged]
        told.append(
            (
                f"catalog {name}",
                not problems,
                "; ".join([f"{catalog.n_items:,} items, {state}", *problems]),
            )
        )
    return told


def _semantic(run: Run) -> tuple[str, bool, str]:
    """How the model of sentence embeddings stands for the catalog in use."""
    from recagent_catalogs.errors import RecagentError

    from ..library import Library
    from ..paths import find_paths
    from ..semantic import SemanticMatcher, in_a_line

    folder, name, paths = run.semantic, run.catalog_name, find_paths()
    if folder is None:
        return ("semantic.model", True, "none named (none is needed)")
    try:
        catalog = Library(paths).open(name)
        SemanticMatcher(catalog, paths.models / name, folder).open()
    except RecagentError as error:
        return ("semantic.model", False, in_a_line(error))
    return ("semantic.model", True, f"{folder}, used by {name}")


def _rules(run: Run) -> tuple[str, bool, str]:
    """How the rules of the house stand for the catalog in use."""
    from recagent_catalogs.errors import RecagentError

    from ..rules import house_rules, whole
    from .opening import open_library

    try:
        library = open_library(run, whole=True)
        rules = house_rules(library, str(run.settings["rules"]), run.profile_name)
        count = len(rules.house.rules)
        if not count:
            return ("rules", True, "none (recagent rules)")
        held = rules.holding(whole(library.open(run.catalog_name)), (run.profile_name,))
    except RecagentError as error:
        return ("rules", False, error.message)
    told = f"{count:,} rule{'s' * (count != 1)}, {len(held):,} for {run.profile_name}"
    return ("rules", True, f"{told} and {run.catalog_name}")


def _try_model(
    model: str, api_base: str | None, body: dict[str, Any]
) -> tuple[list[tuple[str, bool, str]], ModelError | None]:
    """What the model can do, in rows and in the report; or why it cannot be told."""
    from recagent_catalogs.errors import ModelError

    from ..agent.known import KnownModels
    from ..agent.probe import probe
    from ..paths import find_paths

    try:
        known = KnownModels(find_paths().models_known)
        found = probe(model, api_base=api_base, known=known)
    except ModelError as error:
        body["probe"] = {"error": error.message, "reason": error.reason, "hint": error.hint}
        return [("model", False, error.message)], error
    body["probe"] = asdict(found)
    return found.rows(), None


def _known(model: str, api_base: str | None) -> dict[str, str] | None:
    """How a model calls tools, as was learned before, and since when; None where it was not."""
    import time

    from ..agent.known import KnownModels, key_of
    from ..paths import find_paths

    known, key = KnownModels(find_paths().models_known), key_of(model, api_base)
    since = known.since(key)
    if since is None:
        return None
    return {"mode": known[key], "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))}
