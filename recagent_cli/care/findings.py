"""What a look through everything that is kept has found: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

REPAIR = "recagent doctor --repair"
Watch = Callable[[str, float], None]
"""Is told what is being looked at, and how much of all is done, 0 to 1."""


def unwatched(what: str, share: float) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        what: "store", "backup", "catalog", "models", "settings", "rules", "digest", "cache",
            "permissions", "leftover".
        where: the file, or a row of it.
        text: what is wrong with it.
        hint: what to do next.
        serious: whether something is damaged, lost, or open to others; else only worth knowing.
    """

    what: str
    where: str
    text: str
    hint: str = ""
    serious: bool = True

    def to_json(self) -> dict[str, Any]:
        """All of it by name."""
        return asdict(self)


@dataclass(frozen=True)
class Checked:
    """What was looked at: its name, how much of it there is, and what was found."""

    what: str
    text: str
    findings: tuple[Finding, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing serious was found."""
        return not any(finding.serious for finding in self.findings)
