"""What the person would rate an item, in a sentence; of `Question("rating")` and for `why`."""

from __future__ import annotations

from dataclasses import replace

from recagent_catalogs.errors import NotFound
from recagent_tools.predict import PredictedRating, predicted_rating

from ...brain import TurnView
from ...request import Intent, Question, Request
from ..words.patterns import Pattern
from .answers import MOST_ITEMS, item_answer

FINE = 20
"""On a scale of more points than this, decimals say nothing."""
CLEARLY = 0.3
"""By so many halves of the interval above or below what the person usually gives it is liked, or
not."""
_LIKE = Pattern(r"\b(?:like|enjoy|love|hate)\b")


def rating_answer(view: TurnView) -> str:
    """A line for each item asked about."""
    catalog, request = view.context.catalog, view.request
    liking = bool(_LIKE.search(view.utterance.lower()))
    lines = []
    for mention in request.about[:MOST_ITEMS]:
        row = None if mention.id is None else catalog.row_of(mention.id)
        if row is None:
            lines.append(item_answer(replace(request, about=(mention,)), view))
            continue
        try:
            lines.append(rating_sentence(predicted_rating(row, view.context), liking=liking))
        except NotFound as error:
            alone = Request(Intent.ITEM_INFO, about=(mention,), question=_RECEPTION)
            told = f"{error.message[0].upper()}{error.message[1:]}"
            known = item_answer(alone, view)
            lines.append(known if "no ratings" in known else f"{told}. {known}")
    return "\n".join(lines) or "Which one do you mean? Name it, or say its number in the list."


_RECEPTION = Question("attribute", "rating")


def rating_sentence(found: PredictedRating, *, liking: bool = False) -> str:
    """One or two sentences.

    Args:
        found: what was predicted.
        liking: whether it was asked if the person would like it; then it begins with a verdict.
    """
    best = _points(found.scale[1], found)
    if not found.known:
        if found.given is not None:
            return f"You gave {found.title} {_own(found)}; {_mean(found, 'it')}."
        return f"Nobody knows yet: I know no rating of yours, and {_mean(found, found.title)}."
    told = f"{_points(found.rating, found)} of {best} ({_interval(found)})"
    if found.given is not None:
        return (
            f"You gave {found.title} {_own(found)}; by your other ratings I would have said {told}."
        )
    verdict = f"{_verdict(found)}: you" if liking else "You"
    return f"{verdict} would give {found.title} about {told}."


def _mean(found: PredictedRating, what: str) -> str:
    if found.mean_rating is None:
        return f"too few people have rated {what} to tell"
    mean, best = _points(found.mean_rating, found), _points(found.scale[1], found)
    return f"people gave {what} {mean} of {best} on average"


def _interval(found: PredictedRating) -> str:
    times = "four times of five" if found.level == 0.8 else f"{found.level:.0%} of the time"
    return f"{_points(found.low, found)} to {_points(found.high, found)}, {times}"


def _verdict(found: PredictedRating) -> str:
    """Whether it is liked: what gets more than the person usually gives."""
    distance = found.rating - found.usual
    if abs(distance) < CLEARLY * (found.high - found.low) / 2:
        return "Perhaps"
    return "Probably" if distance > 0 else "Probably not"


def _own(found: PredictedRating) -> str:
    assert found.given is not None  # noqa: S101 - the caller looked
    return f"{found.given:g} of {_points(found.scale[1], found)}"


def _points(value: float, found: PredictedRating) -> str:
    """Points as people write them: 3.9, 4, 78."""
    low, high = found.scale
    if high - low > FINE:
        return f"{value:.0f}"
    return f"{value:.1f}".removesuffix(".0")
