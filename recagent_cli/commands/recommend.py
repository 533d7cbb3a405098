"""`recagent recommend`: a list for a user of the data, for likes, or for the person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recagent_catalogs.errors import UsageError

from .options import (
    DryRunOption,
    NoBuildOption,
    NoRepeatsOption,
    SeenTooOption,
    StyleOption,
    TogetherOption,
    WatchlistOption,
    WeightsOption,
    WithOption,
)
from .run import Run, common, read_text


@common
def command(
    run: Run,
    user: Annotated[
        str | None, typer.Option("--user", help="A user of the catalog's data.")
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option("--like", help="A liked item, by title or id; repeatable; - reads lines."),
    ] = None,
    unlike: Annotated[
        list[str] | None, typer.Option("--unlike", help="A disliked item; repeatable.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help='A condition, as "year 1990..1999"; repeatable.'),
    ] = None,
    weight: WeightsOption = None,
    n: Annotated[int, typer.Option("-n", "--count", min=1, max=1000, help="How many.")] = 10,
    with_: WithOption = None,
    together: TogetherOption = None,
    seen_too: SeenTooOption = False,
    from_watchlist: WatchlistOption = False,
    no_repeats: NoRepeatsOption = None,
    dry_run: DryRunOption = False,
    style: StyleOption = None,
    no_build: NoBuildOption = False,
    all_users: Annotated[
        bool, typer.Option("--all-users", help="A list for every user of the data; resumable.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="With --all-users: a file .parquet, .csv, .tsv or .jsonl."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="With --all-users; default: up to 4.")
    ] = None,
) -> None:
    """Recommend for a user, for likes, or from your own profile.

    recagent recommend -c ml --user 42 -n 10 --format csv · recagent recommend --like "Alien (1979)"
    · recagent recommend --like Heat --weights popularity=-1,diversity=.5
    · recagent recommend -c ml --all-users --out lists.parquet
    """
    if all_users:
        from .all_users import recommend_all

        refused = {"--user": user, "--like": like, "--unlike": unlike, "--where": where}
        refused |= {"--weights": weight, "--with": with_}
        own = {"--dry-run": dry_run, "--seen-too": seen_too, "--from-watchlist": from_watchlist}
        own["--no-repeats"] = no_repeats is not None
        refused |= {option: ["yes"] if given else None for option, given in own.items()}
        recommend_all(run, refused, out=out, count=n, build=not no_build, threads=threads)
        return
    if out is not None or threads is not None:
        option = "--threads" if out is None else "--out"
        raise UsageError(f"{option} goes with --all-users", hint="lists of one user: > FILE")
    if user is not None and (like or unlike):
        raise UsageError(
            "--user goes by that user's own history, without --like and --unlike",
            hint="leave one of them out",
        )
    liked = [
        title for text in like or () for title in read_text(text).splitlines() if title.strip()
    ]
    if user is not None and from_watchlist:
        raise UsageError("a user of the data has no watchlist", hint="leave one of them out")
    assistant = run.assistant(
        build=not (no_build or dry_run),
        **run.style_option(style),
        **run.repeats_option(no_repeats),
        **run.company_options(with_, together, user),
    )
    wanted: dict[str, Any] = {"unlike": unlike or (), "where": where or ()}
    wanted |= {"weights": weight or (), "seen_too": seen_too, "only_wanted": from_watchlist}
    if dry_run:
        plan = assistant.plan_recommend(user=user, like=liked, count=n, **wanted)
        run.print_plan(plan, assistant)
        return
    items = assistant.recommend(user=user, like=liked, count=n, **wanted)
    run.print_items(items, assistant)
