"""What a model consumed: for one turn, and for several together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .brain import PastTurn


@dataclass(frozen=True)
class Usage:
    """What a model consumed.

    Attributes:
        model: its name.
        calls: its answers.
        prompt_tokens, completion_tokens: None where one of the answers came without.
        cost_usd: None where the price of one of them is unknown.
        cached_tokens: those of the prompts that the provider had in its cache, as far as it told;
            None where it never did.
    """

    model: str
    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True)
class Spent:
    """A sum over the answers that a model gave.

    Attributes:
        answers: how many.
        calls: how often a model was asked for them.
        prompt_tokens, completion_tokens: None where an answer came without figures.
        cached_tokens: those of the prompts that a provider had in its cache, as far as told; None
            where none was.
        cost_usd: None where the price of an answer is unknown.
        cost_at_least_usd: of those whose price is known; None where no price is.
        cost_unknown: how many answers have no known price.
    """

    answers: int
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    cost_usd: float | None
    cost_at_least_usd: float | None
    cost_unknown: int

    def to_json(self) -> dict[str, Any]:
        """The sum as every JSON output has it."""
        return asdict(self)


def spent(usages: Iterable[Usage]) -> Spent | None:
    """The sum; one unknown figure makes its sum unknown, never too small. None without a model."""
    told = list(usages)
    if not told:
        return None
    costs = [one.cost_usd for one in told if one.cost_usd is not None]
    cached = [one.cached_tokens for one in told if one.cached_tokens is not None]
    unknown = len(told) - len(costs)
    return Spent(
        len(told),
        sum(one.calls for one in told),
        _sum([one.prompt_tokens for one in told]),
        _sum([one.completion_tokens for one in told]),
        sum(cached) if cached else None,
        None if unknown else sum(costs),
        sum(costs) if costs else None,
        unknown,
    )


def usages_of(turns: Sequence[PastTurn]) -> list[Usage]:
    """What the models of these turns consumed, turn by turn; nothing of the built-in brain's."""
    return [turn.kept.usage for turn in turns if turn.kept.usage is not None]


def usage_from_json(data: Any) -> Usage | None:
    """Read what `dataclasses.asdict` made of a usage.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    if data is None:
        return None
    counts = ("prompt_tokens", "completion_tokens", "cached_tokens")
    told = {name: None if data.get(name) is None else int(data[name]) for name in counts}
    cost = data.get("cost_usd")
    known = None if cost is None else float(cost)
    return Usage(str(data["model"]), int(data["calls"]), cost_usd=known, **told)


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
