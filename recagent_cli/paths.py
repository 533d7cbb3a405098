"""Every path that recagent uses. `RECAGENT_HOME` moves everything kept under one folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from recagent_catalogs.errors import RecagentError


class Unwritable(RecagentError):
    """A path of ours that the system refuses."""


@dataclass(frozen=True)
class Paths:
    """Where things are kept.

    Attributes:
        data: catalogs, models, the user store.
        config: the settings file.
        cache: what may be deleted at any time.
    """

    data: Path
    config: Path
    cache: Path

    @property
    def catalogs(self) -> Path:
        """One directory a catalog."""
        return self.data / "catalogs"

    @property
    def models(self) -> Path:
        """One directory a catalog, with its builds."""
        return self.data / "models"

    @property
    def store(self) -> Path:
        """The SQLite file with profile, events and sessions."""
        return self.data / "user.sqlite"

    @property
    def digests(self) -> Path:
        """Up to where each profile was told what is new."""
        return self.data / "digests"

    @property
    def models_known(self) -> Path:
        """What was learned of language models; may be deleted at any time."""
        return self.cache / "language-models.json"

    @property
    def settings(self) -> Path:
        """The user's own settings."""
        return self.config / "config.toml"

    @property
    def history(self) -> Path:
        """Lines typed in chat by whom no name is given."""
        return self.history_of("me")

    def history_of(self, profile: str) -> Path:
        """Lines that a profile typed in chat."""
        return self.data / ("chat-history" if profile == "me" else f"chat-history-{profile}")

    def to_json(self) -> dict[str, str]:
        """The paths by name."""
        return {
            "data": str(self.data),
            "config": str(self.config),
            "cache": str(self.cache),
            "catalogs": str(self.catalogs),
            "models": str(self.models),
            "store": str(self.store),
            "settings": str(self.settings),
            "history": str(self.history),
        }


def find_paths() -> Paths:
    """The paths of this user, by `RECAGENT_HOME`, else as the platform has it.

    Raises:
        RecagentError: there is no home directory to keep anything in.
    """
    home = os.environ.get("RECAGENT_HOME", "").strip()
    if home:
        try:
            base = Path(home).expanduser().absolute()
        except RuntimeError as error:
            raise RecagentError(f"RECAGENT_HOME: no path: {home}") from error
        return Paths(base / "data", base / "config", base / "cache")
    import platformdirs

    try:
        dirs = platformdirs.PlatformDirs("recagent", appauthor=False)
        return Paths(
            Path(dirs.user_data_dir), Path(dirs.user_config_dir), Path(dirs.user_cache_dir)
        )
    except (RuntimeError, KeyError) as error:
        raise RecagentError(
            "there is no home directory", hint="set RECAGENT_HOME to a folder to keep things in"
        ) from error


def make_dir(path: Path, *, private: bool = False) -> Path:
    """Make a directory, and its parents; readable by its owner only if `private`.

    Raises:
        RecagentError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o755)
    except OSError as error:
        raise unwritable(path, error, "cannot be made") from error
    return path


def unwritable(path: Path, error: OSError, what: str = "cannot be written") -> Unwritable:
    """The error for a path of ours that the system refuses."""
    return Unwritable(
        f"{path}: {what}: {error.strerror or error}",
        hint="set RECAGENT_HOME to a folder that you can write to",
    )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all; as it was, if that fails.

    Raises:
        RecagentError: the system refuses.
    """
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        handle = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise RecagentError(
            f"{path}: cannot be written: {error.strerror or error}", hint="choose another place"
        ) from error
