"""The options that several commands share: written once, and the same everywhere."""

from __future__ import annotations

from typing import Annotated, Any

import typer

NoBuildOption = Annotated[
    bool, typer.Option("--no-build", help="Answer without training models first.")
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the plan and its counts, no list; keep nothing."),
]
StyleOption = Annotated[
    str | None,
    typer.Option("--style", help="How items are explained: fit (why for you), facts or short."),
]
WeightsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weights",
        "--weight",
        metavar="ASPECT=WEIGHT",
        help="Aspects of the ranking, -5 to 5: fit, novelty, recency, popularity, exposure, "
        "rating; -1 to 1: diversity. As novelty=.4,diversity=.3; repeatable.",
    ),
]
SeenTooOption = Annotated[bool, typer.Option("--seen-too", help="Also what you have seen already.")]
WatchlistOption = Annotated[
    bool, typer.Option("--from-watchlist", help="Only what is on your watchlist.")
]
NoRepeatsOption = Annotated[
    float | None,
    typer.Option(
        "--no-repeats",
        metavar="DAYS",
        min=0,
        max=36_500,
        help="Nothing that was shown to you in so many last days; 0: repeats are fine.",
    ),
]
WithOption = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="NAME",
        help="For this profile, too; repeatable. Your own name: you alone.",
    ),
]
TogetherOption = Annotated[
    str | None,
    typer.Option(
        "--together", help="With --with: by average, least-misery or most-pleasure of you all."
    ),
]
ImageOption = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        metavar="FILE",
        help="A picture (a poster, a box, a shelf) for a model that can see; repeatable.",
    ),
]
COMMON: dict[str, tuple[Any, Any]] = {
    "catalog": (
        Annotated[str | None, typer.Option("--catalog", "-c", help="Catalog to use.")],
        None,
    ),
    "format_": (
        Annotated[
            str | None,
            typer.Option("--format", "-f", help="table, json, jsonl, csv, tsv, md or ids."),
        ],
        None,
    ),
    "json_": (Annotated[bool, typer.Option("--json", help="The same as --format json.")], False),
    "as_": (Annotated[str | None, typer.Option("--as", help="Whose profile is used.")], None),
    "seed": (
        Annotated[
            int | None,
            typer.Option(
                "--seed", help="Seed of everything random; with 0, a surprise changes by the day."
            ),
        ],
        None,
    ),
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="Nothing but data.")], False),
    "verbose": (
        Annotated[bool, typer.Option("--verbose", "-v", help="Show every tool call.")],
        False,
    ),
    "strict": (
        Annotated[
            bool, typer.Option("--strict", help="Exit with 7 where a budget or fallback cut in.")
        ],
        False,
    ),
    "no_color": (Annotated[bool, typer.Option("--no-color", help="No colours.")], False),
    "debug": (Annotated[bool, typer.Option("--debug", help="Show tracebacks.")], False),
}

MODEL: dict[str, tuple[Any, Any]] = {
    "model": (
        Annotated[
            str | None,
            typer.Option("--model", "-m", help="Language model, as litellm names it; or builtin."),
        ],
        None,
    ),
    "api_base": (
        Annotated[
            str | None, typer.Option("--api-base", help="Address of an OpenAI-compatible server.")
        ],
        None,
    ),
    "strategy": (
        Annotated[
            str | None,
            typer.Option("--strategy", help="Of a model: react (step by step) or plan (first)."),
        ],
        None,
    ),
    "mode": (
        Annotated[
            str | None, typer.Option("--mode", help="How a model calls tools: auto, native, text.")
        ],
        None,
    ),
    "critic": (
        Annotated[
            bool, typer.Option("--critic", help="Let the model review its answer; one call more.")
        ],
        False,
    ),
    "max_steps": (
        Annotated[
            int | None,
            typer.Option("--max-steps", min=2, max=50, help="Steps a model may take in a turn."),
        ],
        None,
    ),
    "max_tokens": (
        Annotated[
            int | None,
            typer.Option("--max-tokens", min=0, help="Tokens a turn may take; 0: no limit."),
        ],
        None,
    ),
    "max_cost": (
        Annotated[
            float | None,
            typer.Option("--max-cost", min=0, help="Dollars a turn may cost; 0: no limit."),
        ],
        None,
    ),
    "timeout_s": (
        Annotated[
            float | None,
            typer.Option("--timeout", min=0, help="Seconds a model has for a turn; 0: no limit."),
        ],
        None,
    ),
}
"""Options of the commands that may ask a language model."""

PLAIN = ("format_", "json_", "quiet", "no_color", "debug")
