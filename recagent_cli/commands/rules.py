"""`recagent rules`: the rules of the house that hold here, and what each keeps out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .run import Run, common

if TYPE_CHECKING:
    from recagent_tools.house import Compiled

WRITTEN_SO = "docs/rules.md shows how they are written"


@common
def command(
    run: Run,
    every: Annotated[
        bool, typer.Option("--all", help="Also the rules for other profiles and catalogs.")
    ] = False,
) -> None:
    """Show the rules of the house for this profile and catalog, and how many items each keeps out.

    recagent rules --as kids -c games
    """
    from ..paths import find_paths
    from ..rules import house_rules, whole
    from ..ui.render import report_text, rows_table
    from .opening import open_library

    library = open_library(run, whole=True)
    rules = house_rules(library, str(run.settings["rules"]), run.profile_name)
    catalog = whole(library.open(run.catalog_name))
    held = rules.holding(catalog, (run.profile_name,))
    seen = rules.seen_by(catalog, (run.profile_name,))
    hidden = 0 if seen.hidden is None else int(seen.hidden.sum())
    others = [rule for rule in rules.house.rules if all(one.rule != rule for one in held)]
    if run.form != "table":
        body = {
            "profile": run.profile_name,
            "catalog": catalog.path.name,
            "files": [str(path) for path in rules.house.files],
            "profiles": list(rules.house.profiles),
            "rules": [_told(one) for one in held],
            "others": [{"rule": rule.name} for rule in others],
            "items": catalog.n_items,
            "kept_out": hidden,
        }
        run.out(report_text("rules", body, run.form))
        return
    if not held:
        where = find_paths().config / "rules.toml"
        run.say(f"no rule holds for {run.profile_name} and {catalog.path.name}")
        if not rules.house.files:
            run.say(f"rules of the house are written in {where}; {WRITTEN_SO}")
    else:
        run.show(rows_table(["rule", "what", "keeps out", "why"], [_row(one) for one in held]))
        noun = catalog.schema.items
        run.say(f"{hidden:,} of {catalog.n_items:,} {noun} are kept out of the lists here")
    for one in held:
        for condition, why in one.unmet:
            run.say(f"note: the rule '{one.rule.name}' does not apply here: {why} ({condition})")
    if every and others:
        run.show(
            rows_table(
                ["other rule", "what", "profiles", "catalogs"],
                [
                    [
                        rule.name,
                        _what(rule.never, rule.only),
                        ", ".join(rule.profiles) or "all",
                        ", ".join(rule.catalogs) or "all",
                    ]
                    for rule in others
                ],
            )
        )
    for path in rules.house.files if run.verbose else ():
        run.say(f"from {path}")


def _what(never: tuple[str, ...], only: tuple[str, ...]) -> str:
    parts = [f"never {text}" for text in never] + [f"only {text}" for text in only]
    return "; ".join(parts)


def _row(one: Compiled) -> list[str]:
    rule = one.rule
    return [rule.name, _what(rule.never, rule.only), f"{one.ruled.count:,}", rule.reason]


def _told(one: Compiled) -> dict[str, Any]:
    rule = one.rule
    return {
        "rule": rule.name,
        "never": list(rule.never),
        "only": list(rule.only),
        "missing": rule.missing or None,
        "reason": rule.reason,
        "kept_out": one.ruled.count,
        "does_not_apply": [{"condition": text, "why": why} for text, why in one.unmet],
    }
