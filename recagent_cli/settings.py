"""Settings: flag > `RECAGENT_*` > the user's file > default; `./recagent.toml` for a few.

A file in the working directory may come from a stranger with the project it lies in, so it may set
only catalog, format, count and display: never a model, a host, rules, plug-ins or paths.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from recagent_catalogs.errors import BadInput, UsageError
from recagent_catalogs.locks import locked
from recagent_catalogs.toml_text import parse_toml, read_toml

from .paths import Paths, make_dir, unwritable
from .whole_file import typed_path

LOCAL_FILE = "recagent.toml"
FORMATS = ("table", "json", "jsonl", "csv", "tsv", "md", "ids")


@dataclass(frozen=True)
class Setting:
    """One setting; `local` says whether ./recagent.toml may set it, `path` whether it is a path."""

    name: str
    default: Any
    about: str
    local: bool = False
    choices: tuple[str, ...] = ()
    path: bool = False

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "RECAGENT_" + self.name.upper().replace(".", "_")


SETTINGS = (
    Setting("catalog", "", "catalog to use where none is named; empty: movies", local=True),
    Setting("model", "", "language model as litellm names it; empty: the built-in brain"),
    Setting("api_base", "", "address of an OpenAI-compatible server"),
    Setting("format", "table", "output format", local=True, choices=FORMATS),
    Setting("count", 5, "how many items an answer shows", local=True),
    Setting(
        "style", "fit", "how items are explained", local=True, choices=("fit", "facts", "short")
    ),
    Setting("seed", 0, 'seed of everything random; with 0, "surprise me" changes by the day'),
    Setting("as", "me", "whose profile is used"),
    Setting(
        "together",
        "average",
        "how a list is chosen that is made with others",
        choices=("average", "least-misery", "most-pleasure"),
    ),
    Setting(
        "color", True, "colours on a terminal; NO_COLOR and --no-color turn them off", local=True
    ),
    Setting(
        "plain",
        False,
        "the chat in lines of plain text, for screen readers; as TERM=dumb",
        local=True,
    ),
    Setting("width", 0, "width of tables; 0: as wide as the terminal", local=True),
    Setting("profile.eta", 0.5, "how far one event moves the profile, 0 to 1"),
    Setting("profile.half_life_days", 365, "days after which a taste has lost half its weight"),
    Setting("profile.mood_hours", 6, "hours after which a passing mood has lost half its weight"),
    Setting("repeat_days", 0, "days in which what was shown is not shown again; 0: no such rule"),
    Setting("proactive", True, "whether the chat may suggest something unasked, once a session"),
    Setting(
        "strategy",
        "react",
        "how a model works: step by step, or a whole plan first",
        choices=("react", "plan"),
    ),
    Setting(
        "mode",
        "auto",
        "how a model calls tools: its own way, as text, or as it shows that it can",
        choices=("auto", "native", "text"),
    ),
    Setting("critic", False, "whether a model reviews its answer before it is shown"),
    Setting("timeout_s", 120, "seconds a model may take for one turn; 0: no limit"),
    Setting("max_steps", 8, "steps a model may take in one turn"),
    Setting("max_tokens", 60_000, "tokens a model may take in one turn; 0: no limit"),
    Setting("max_cost", 0.0, "dollars one turn of a model may cost, as far as known; 0: no limit"),
    Setting(
        "semantic.model",
        "",
        "folder with static sentence embeddings, for moods that no word list knows",
        path=True,
    ),
    Setting("rules", "", "a further file of rules of the house, besides rules.toml", path=True),
    Setting("semantic.threshold", 0.6, "cosine from which on a tag is near a mood, 0 to 1"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """The settings in force; `source` says where each one comes from."""

    values: dict[str, Any]
    source: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def known(name: str) -> Setting:
    """The setting of that name.

    Raises:
        UsageError: there is none; the hint names them all.
    """
    setting = _BY_NAME.get(name)
    if setting is None:
        raise UsageError(f"no setting {name!r}", hint="settings: " + ", ".join(_BY_NAME))
    return setting


def default_settings() -> Settings:
    """The settings that hold where nothing is set."""
    values = {setting.name: setting.default for setting in SETTINGS}
    return Settings(values, dict.fromkeys(values, "default"))


def load_settings(paths: Paths, *, directory: Path | None = None) -> Settings:
    """Read all layers but the flags.

    Raises:
        BadInput: a file is no TOML, or a value is of the wrong kind; the message names the file.
    """
    values = {setting.name: setting.default for setting in SETTINGS}
    source = dict.fromkeys(values, "default")
    local = (directory or _working_directory()) / LOCAL_FILE
    for path, is_local in ((local, True), (paths.settings, False)):
        for name, value in _read(path).items():
            setting = _check_layer(name, path, is_local)
            values[name] = _checked(setting, value, str(path))
            source[name] = str(path)
    for setting in SETTINGS:
        raw = os.environ.get(setting.variable)
        if raw is not None and raw.strip():
            values[setting.name] = _checked(setting, raw, setting.variable)
            source[setting.name] = setting.variable
    return Settings(values, source)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:
        return Path(os.devnull)


def _check_layer(name: str, path: Path, is_local: bool) -> Setting:
    setting = _BY_NAME.get(name)
    if setting is None:
        raise BadInput(f"no setting {name!r}", path=path, hint="settings: " + ", ".join(_BY_NAME))
    if is_local and not setting.local:
        allowed = ", ".join(s.name for s in SETTINGS if s.local)
        raise BadInput(
            f"{name!r} may not be set by a file in the working directory",
            path=path,
            hint=f"this file may set: {allowed}; use `recagent config set {name} …`",
        )
    return setting


def _read(path: Path) -> dict[str, Any]:
    try:
        text = read_toml(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return _flat(parse_toml(text, path))


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """The settings with dotted names: `[semantic]` with `model` is `semantic.model`."""
    flat: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": deep for inner, deep in value.items()}
        else:
            flat[name] = value
    return flat


def _checked(setting: Setting, value: Any, where: str) -> Any:
    """The value in the type of the default."""
    try:
        if isinstance(setting.default, bool):
            value = _boolean(value)
        elif isinstance(setting.default, int):
            value = int(str(value))
            if value < 0:
                raise ValueError("negative")
        elif isinstance(setting.default, float):
            value = float(str(value))
            if not 0 <= value <= 1:
                raise ValueError("beyond 0 and 1")
        elif not isinstance(value, str):
            raise ValueError("not text")
    except ValueError:
        kind = {
            bool: "true or false",
            int: "a whole number of 0 or more",
            float: "a number from 0 to 1",
        }.get(type(setting.default), "text")
        raise BadInput(f"{where}: {setting.name} must be {kind}, not {value!r}") from None
    if setting.choices and value not in setting.choices:
        raise BadInput(
            f"{where}: {setting.name} must be one of {', '.join(setting.choices)}, not {value!r}"
        )
    if setting.path and value:
        value = str(typed_path(value).absolute())
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError(word)


def set_setting(paths: Paths, name: str, value: str) -> Any:
    """Write one setting to the user's file (mode 0600); returns the value as it was understood.

    Raises:
        UsageError, BadInput: unknown setting, wrong value.
        RecagentError: the file cannot be written.
    """
    setting = known(name)
    checked = _checked(setting, value, "config set")
    make_dir(paths.config, private=True)
    try:
        with locked(paths.config / ".lock"):
            _write(paths.settings, {**_read(paths.settings), name: checked})
    except OSError as error:
        raise unwritable(paths.settings, error) from error
    return checked


def _write(path: Path, data: dict[str, Any]) -> None:
    """Replace the file in one step; a temporary name of its own, which only the owner may read."""
    import tempfile

    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(tomli_w.dumps(data).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
