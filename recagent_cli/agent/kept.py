"""What of a turn is kept to be read again: how it looked then, whatever becomes of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .usage import Usage, usage_from_json


@dataclass(frozen=True)
class KeptItem:
    """One line of a list, as it was shown."""

    id: str
    title: str
    year: int | None = None
    reason: str = ""

    @property
    def label(self) -> str:
        """`Alien (1979)`."""
        return f"{self.title} ({self.year})" if self.year is not None else self.title


@dataclass(frozen=True)
class Kept:
    """A turn for its readers; nothing of it is reckoned with.

    Attributes:
        time: when it ended, in seconds since 1970 (UTC); 0 where nobody knows.
        brain: who answered: `builtin`, or the model's name.
        funnel: how the candidates of its list came about.
        items: its list, first to last.
        usage: what a model consumed for it; None without one.
    """

    time: float = 0.0
    brain: str = ""
    funnel: str = ""
    items: tuple[KeptItem, ...] = ()
    usage: Usage | None = None

    def to_json(self) -> dict[str, Any]:
        """It as it is stored: ids of the items stand with the turn."""
        told: dict[str, Any] = {
            "time": self.time,
            "brain": self.brain,
            "funnel": self.funnel,
            "items": [[item.title, item.year, item.reason] for item in self.items],
        }
        return told if self.usage is None else {**told, "usage": asdict(self.usage)}


def kept_from_json(data: Any, ids: Sequence[str]) -> Kept:
    """Read what `Kept.to_json` gave; of turns from before there was any, the ids are left.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    bare = Kept(items=tuple(KeptItem(item, item) for item in ids))
    if data is None:
        return bare
    told = [(str(t), None if y is None else int(y), str(why)) for t, y, why in data["items"]]
    kept = replace(
        bare,
        time=float(data["time"]),
        brain=str(data["brain"]),
        funnel=str(data["funnel"]),
        usage=usage_from_json(data.get("usage")),
    )
    if len(told) != len(ids):
        return kept
    items = tuple(KeptItem(item, *one) for item, one in zip(ids, told, strict=True))
    return replace(kept, items=items)
