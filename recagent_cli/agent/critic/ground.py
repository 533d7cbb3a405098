"""Mends or strikes what the check finds in a model's words, and says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recagent_catalogs.text import clean
from recagent_tools.toolbox import ToolContext

from ..request import Request
from .check import check_sentences
from .fault import Fault
from .sentences import Sentence, plain, without_marks
from .world import World

MOST_PASSES = 4


def ground(
    text: str,
    rows: Sequence[int],
    context: ToolContext,
    *,
    about: int | None = None,
    request: Request | None = None,
    counted: Collection[float] = (),
    told: Collection[int] = (),
) -> tuple[str, list[str]]:
    """A text without what is not so: a wrong year, number or name mended, the rest struck.

    Args:
        text: what the model wrote.
        rows: the items presented.
        context: catalog, bus and what was shown before.
        about: the one item that the text explains.
        request: what was asked.
        counted: further numbers that tools counted in this turn.
        told: rows that tools told of in this turn; they may be named where no list is shown.

    Returns:
        The text as plain text, and one line per sentence that was mended or struck.
    """
    world = World(rows, context, request, about, counted, told)
    words = plain(text)
    corrections: list[str] = []
    mended = words
    for _, faults in reversed(list(check_sentences(words, world))):
        if faults and all(fault.mend for fault in faults):
            mended = _mended(mended, faults)
    wrong = {x.start: f for x, f in check_sentences(words, world) if f and all(y.mend for y in f)}
    corrections += [_mend_line(faults) for faults in wrong.values()] if mended != words else []
    text, struck = _struck(mended, world)
    corrections += struck
    for _ in range(MOST_PASSES):  # sentences that meet where one was struck may say more together
        text, more = _struck(without_marks(text), world)
        if not more:
            return text, corrections
        corrections += more
    return "", corrections


def _struck(text: str, world: World) -> tuple[str, list[str]]:
    """The text without its sentences that have faults, on one line, and a line for each of them."""
    kept: list[str] = []
    corrections: list[str] = []
    for sentence, faults in check_sentences(text, world):
        if faults:
            corrections.append(_strike_line(sentence, faults))
        else:
            kept.append(sentence.text.strip())
    return " ".join(kept).strip(), corrections


def _mended(text: str, faults: Sequence[Fault]) -> str:
    for fault in reversed(faults):
        text = text[: fault.start] + fault.mend + text[fault.end :]
    return text


def _mend_line(faults: Sequence[Fault]) -> str:
    changes = ", ".join(f"{clean(f.mend, 60)!r}, not {clean(f.text, 60)!r}" for f in faults)
    return f"mended the model's words: {changes}"


def _strike_line(sentence: Sentence, faults: Sequence[Fault]) -> str:
    fault = faults[0]
    told = clean(fault.told, 60)
    if fault.kind == "title":
        return f"struck a sentence of the model that names {told!r}, which is {fault.truth}"
    truth = f" ({clean(fault.truth, 80)})" if fault.truth else ""
    why = {
        "address": "that holds an address",
        "unproven": f"with a word that nothing here bears out: {told!r}",
        "relation": f"with a relation that nothing here proves: {told!r}",
        "code": "that is no sentence to a person",
        "taste": f"that says of you what you did not say: {told!r}",
        "praise": f"that nothing here bears out: {told!r}",
        "rank": f"with a place that is not so: {told!r}{truth}",
    }.get(fault.kind, f"with a wrong {fault.kind}: {told!r}{truth}")
    return f"struck a sentence of the model {why}"


def ground_question(
    question: str,
    options: tuple[str, ...],
    context: ToolContext,
    *,
    request: Request | None = None,
) -> tuple[tuple[str, tuple[str, ...]], list[str]]:
    """A model's question back: what it names must be in the catalog, what it states must be so.

    Returns:
        The question and the options that are left, and one line per thing that was struck.
    """
    struck = []
    told = without_marks(plain(question)).replace("\n", " ")
    if not _may_be_asked(told, context, request):
        told, struck = "What would you like?", ["struck a question that names invented items"]
    plain_options = tuple(without_marks(plain(option)).replace("\n", " ") for option in options)
    kept = tuple(option for option in plain_options if _may_be_asked(option, context, request))
    if len(kept) < len(options):
        count = len(options) - len(kept)
        struck.append(f"struck {count} options that name invented items")
    return (told, kept), struck


def _may_be_asked(text: str, context: ToolContext, request: Request | None) -> bool:
    """Whether a question or an option is free of faults; it may name any item of the catalog."""
    from recagent_catalogs.text import fold

    from .titles import looks_like_a_title, named_in

    world = World(context.shown, context, request)
    for sentence, _ in check_sentences(text, world):
        rows: list[int] = []
        for one in named_in(sentence, world):
            found = [*one.rows, *context.catalog.titles.exact(fold(one.text))]
            if not found:
                return False
            rows.extend(found[:3])
        if not rows and looks_like_a_title(text) and not world.known_value(fold(text)):
            exact = context.catalog.titles.exact(fold(text))
            if not exact:
                return False
            rows.extend(exact[:3])
        shown = World((*context.shown, *rows), context, request)
        if any(faults for _, faults in check_sentences(sentence.text, shown)):
            return False
    return True
