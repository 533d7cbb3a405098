"""Several people who want one list: whose fits are joined, how, and how each one fares.

Each one's fit comes from the ranker for that one's own history; what was asked for (conditions,
wishes, likeness to items named) is common. The strategies are those of Masthoff, "Group recommender
systems" (Recommender Systems Handbook, 2011): the average, the least misery (the fit of whoever
likes an item least), the most pleasure (of whoever likes it most). What one of them has seen,
dislikes or never wants is left out for all, so that the average is one without misery.
`benchmarks/together.py` measures them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.store import Catalog

from .bus import CandidateBus
from .provenance import provenance
from .stages import Stage
from .toolbox import EmptyProfile, ProfileView, ToolContext

Strategy = Literal["average", "least-misery", "most-pleasure"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
WORDS: dict[Strategy, str] = {
    "average": "by the average",
    "least-misery": "by the least misery",
    "most-pleasure": "by the most pleasure",
}
FIT, PLACE = "fit of ", "place of "
"""Before a name, in the score columns of a ranking for several people."""


@dataclass(frozen=True)
class With:
    """With whom a list is wanted besides the person who asks: names of profiles; nobody if none."""

    names: tuple[str, ...] = ()
    by: Strategy = "average"


@dataclass(frozen=True)
class Companion:
    """Another person, of whose profile the ranking knows and nothing is told."""

    name: str
    profile: ProfileView


@dataclass(frozen=True)
class Company:
    """The people for whom a list is made.

    Attributes:
        me: name of the profile of the person who asks.
        others: the others, each once, in the order of their names.
        by: how the fits are joined.
    """

    me: str
    others: tuple[Companion, ...]
    by: Strategy = "average"

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the person who asks first."""
        return (self.me, *(one.name for one in self.others))

    @property
    def together(self) -> With:
        """Who they are, without what is known of them."""
        return With(self.names[1:], self.by)

    @cached_property
    def digest(self) -> str:
        """What is known of the others, as 16 hexadecimal digits that do not tell it."""
        known = [[one.name, _known(one.profile)] for one in self.others]
        return hashlib.blake2b(json.dumps(known).encode(), digest_size=8).hexdigest()


def _known(profile: ProfileView) -> list[Any]:
    rows = (profile.liked, profile.disliked, profile.seen, profile.never)
    told: list[Any] = [[*map(int, some)] for some in rows]
    told.append(sorted((int(row), float(value)) for row, value in profile.ratings.items()))
    told.append(sorted((c, v, round(w, 4)) for c, v, w in profile.wishes))
    return [*told, sorted(map(list, profile.never_values))]


def each(context: ToolContext) -> list[tuple[str, ToolContext]]:
    """Every one of the people with a context that knows of that one alone, who asks first."""
    company = context.company
    if company is None:
        return []
    alone = replace(context, company=None)
    # What the person who asks does not know is nothing of the others.
    theirs = replace(alone, unknown=())
    others = [(one.name, replace(theirs, profile=one.profile)) for one in company.others]
    return [(company.me, alone), *others]


def joined(fits: Mapping[str, NDArray[np.floating]], by: Strategy) -> NDArray[np.float64]:
    """The fits of several people as one, float64 [m]; the order of the people does not matter.

    Args:
        fits: [m] by name, at least one.
        by: their mean, the smallest, or the largest.
    """
    stacked = np.stack([np.asarray(fits[name], dtype=np.float64) for name in sorted(fits)])
    if by == "average":
        return cast("NDArray[np.float64]", stacked.mean(axis=0))
    extreme = stacked.min(axis=0) if by == "least-misery" else stacked.max(axis=0)
    return cast("NDArray[np.float64]", extreme)


def places(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each candidate by its score, from 1; of equal scores the earlier one first."""
    found = np.empty(len(scores), dtype=np.int64)
    found[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return found


# --- what is left out ----------------------------------------------------------------------------


def unwanted_by(profile: ProfileView, catalog: Catalog) -> set[int]:
    """Rows that a person dislikes or never wants, as items or by a value."""
    rows = {*map(int, profile.disliked), *map(int, profile.never)}
    for column, value in profile.never_values:
        described = catalog.schema.find(column)
        if described is not None and described.name == column and described.role in WORD_ROLES:
            rows.update(map(int, np.flatnonzero(catalog.words(column).mask([value]))))
    return rows


def rules_of(context: ToolContext) -> ProfileView:
    """The profile by whose rules a list keeps: of several people what any of them rules out.

    The watchlist, what was shown of late, and what the words of the turn may overrule are those of
    the person who asks alone.
    """
    own, company = context.profile, context.company
    if company is None:
        return own
    seen, never = dict.fromkeys(map(int, own.seen)), dict.fromkeys(map(int, own.never))
    for one in company.others:
        seen.update(dict.fromkeys(map(int, one.profile.seen)))
        never.update(dict.fromkeys(sorted(unwanted_by(one.profile, context.catalog))))
    return EmptyProfile(
        liked=own.liked,
        disliked=own.disliked,
        seen=tuple(seen),
        ratings=own.ratings,
        never=tuple(never),
        wanted=own.wanted,
        recent=own.recent,
        wishes=own.wishes,
        never_values=own.never_values,
        never_by=own.never_by,
        taken=own.taken,
        turned_down=own.turned_down,
    )


def ruled_out_by_others(row: int, context: ToolContext) -> Literal["seen", "disliked"] | None:
    """Why one of the others keeps an item out; None where none does, or nobody else is meant."""
    others = () if context.company is None else context.company.others
    if any(row in unwanted_by(one.profile, context.catalog) for one in others):
        return "disliked"
    return "seen" if any(row in one.profile.seen for one in others) else None


# --- how each one fares --------------------------------------------------------------------------


@dataclass(frozen=True)
class Fare:
    """How one person fares with an item.

    Attributes:
        name: of the profile.
        fit: to what is known of this person, standardised over the candidates that were ranked,
            with that one's lasting tastes.
        place: that the item would have in a list for this person alone, from 1.
    """

    name: str
    fit: float
    place: int


@dataclass(frozen=True)
class Fares:
    """How all of them fare with an item.

    Attributes:
        by: how their fits were joined.
        of: how many candidates were ranked.
        people: one for each, the person who asks first.
    """

    by: Strategy
    of: int
    people: tuple[Fare, ...]

    def to_json(self) -> dict[str, Any]:
        """As `why --json` has it."""
        told = [
            {"name": one.name, "fit": round(one.fit, 4), "place": one.place} for one in self.people
        ]
        return {"by": self.by, "of": self.of, "people": told}


def together_json(fares: Sequence[Fares | None]) -> dict[str, Any] | None:
    """How each person fares with the items of a list, in its order; None for a list for one."""
    known = next((one for one in fares if one is not None), None)
    if known is None:
        return None
    people = [
        {
            "name": person.name,
            "fits": [None if one is None else round(one.people[n].fit, 4) for one in fares],
            "places": [None if one is None else one.people[n].place for one in fares],
        }
        for n, person in enumerate(known.people)
    ]
    return {"by": known.by, "of": known.of, "people": people}


def fares_of(rows: Sequence[int], bus: CandidateBus) -> list[Fares | None]:
    """How each person fares with the items of a list, as it was ranked; None where it was for one.

    Args:
        rows: of the items.
        bus: standing at the list.
    """
    ranking, told = _ranked_together(bus)
    if ranking is None or told is None:
        return [None] * len(rows)
    by, names = told
    at = {int(row): n for n, row in enumerate(ranking.rows())}
    fits = [ranking.scores[FIT + name] for name in names]
    ranked = [ranking.scores[PLACE + name] for name in names]
    return [
        Fares(
            by,
            ranking.before,
            tuple(
                Fare(name, float(fit[at[row]]), int(place[at[row]]))
                for name, fit, place in zip(names, fits, ranked, strict=True)
            ),
        )
        if row in at
        else None
        for row in map(int, rows)
    ]


def _ranked_together(bus: CandidateBus) -> tuple[Stage | None, tuple[Strategy, list[str]] | None]:
    """The stage that ranked the candidates, by what, and for whom; None where it was for one."""
    for stage in reversed(provenance(bus.stages, bus.cursor)):
        if stage.tool != "rank" or "by" not in stage.arguments:
            continue
        names = [name.removeprefix(FIT) for name in stage.scores if name.startswith(FIT)]
        told = known_with(None if stage.inputs is None else bus.inputs[stage.inputs])
        if stage.candidates is None or told is None or len(names) < 2:
            return None, None
        return (stage, (told.by, names)) if all(PLACE + n in stage.scores for n in names) else _NONE
    return None, None


_NONE: tuple[None, None] = (None, None)


# --- what a stage was made with ------------------------------------------------------------------


def situation_with(company: Company) -> dict[str, Any]:
    """What is kept of the people with a stage that is made for them: names, and no facts."""
    names = [one.name for one in company.others]
    return {"names": names, "by": company.by, "known": company.digest}


def known_with(text: str | None) -> With | None:
    """With whom a stage was made, out of what was known then; None for nobody."""
    try:
        told = json.loads(text or "{}").get("with")
        return None if not told else _with(told)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # a file that somebody wrote


def company_then(told: Mapping[str, Any], context: ToolContext) -> Company | None:
    """The people of a stage, if all that is known of them is what was known then.

    Raises:
        ValueError, TypeError, KeyError: it is no such record.
    """
    wanted = _with(told)
    company = context.company
    if company is None or company.together != wanted:
        company = context.open_company(wanted)
    return company if company is not None and company.digest == told["known"] else None


def _with(told: Mapping[str, Any]) -> With:
    if told["by"] not in STRATEGIES:
        raise ValueError(told["by"])
    return With(tuple(map(str, told["names"])), told["by"])
