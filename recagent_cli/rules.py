"""Rules of the house: the files that hold them, read; and which hold for whom, on a catalog.

`rules.toml` beside the settings always holds; the setting `rules` can add a file, never take one
away. A file that is there and cannot be read, or is wrong, ends the command: no list without rules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from recagent_catalogs.errors import BadInput, RecagentError, UsageError
from recagent_catalogs.text import clean
from recagent_catalogs.toml_text import parse_toml

from .memory.names import check_profile

if TYPE_CHECKING:
    from recagent_catalogs.ruled import RuledCatalog
    from recagent_catalogs.schema import CatalogSchema
    from recagent_catalogs.store import Catalog
    from recagent_tools.house import Compiled, House, Rule

    from .library import Library
    from .paths import Paths

FILE = "rules.toml"
KEYS = ("name", "profile", "catalog", "never", "only", "missing", "reason")
HOUSE_KEYS = ("profiles",)
MOST_RULES = 200
MOST_CONDITIONS = 50
MOST_BYTES = 1_000_000
NAME_CAP = 40
HINT = "docs/rules.md shows how it is written; until it is right there are no lists"


def load_house(paths: Paths, extra: str = "") -> House:
    """All rules of this house.

    Args:
        paths: where the settings are; `rules.toml` there always holds.
        extra: another file, whose rules hold as well.

    Raises:
        BadInput: a file cannot be read or is wrong, with its line and column.
    """
    named = [(paths.config / FILE, False), *([(Path(extra).expanduser(), True)] if extra else [])]
    texts = [(path, _text(path, needed)) for path, needed in named]
    found = [(path, text) for path, text in texts if text is not None]
    from recagent_tools.house import House

    if not found:
        return House()
    rules, profiles = list[Any](), list[str]()
    for path, text in found:
        more, allowed = _read(path, text)
        rules += more
        # Two files that name profiles: only those that both allow.
        both = [name for name in profiles if name in allowed]
        if profiles and allowed and not both:
            raise BadInput("no profile is allowed by both files of rules", path=path, hint=HINT)
        profiles = both if profiles and allowed else profiles or allowed
    if len({rule.name for rule in rules}) < len(rules):
        names = [rule.name for rule in rules]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"two rules are called '{twice}'", path=found[-1][0], hint=HINT)
    return House(tuple(rules), tuple(profiles), tuple(path for path, _ in found))


def _text(path: Path, needed: bool) -> str | None:
    """A file's text; None where there is none and none is needed.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        if not needed and not os.path.lexists(path):
            os.stat(path.parent)  # a directory that may not be searched hides what is in it
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    try:
        if not path.is_file():
            what = "no such file" if not path.exists() else "no regular file"
            raise _unreadable(path, what)
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise _unreadable(path, f"more than {MOST_BYTES:,} bytes")
        return body.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise _unreadable(path, told or str(error)) from error


def _unreadable(path: Path, why: str) -> BadInput:
    return BadInput(f"the rules of this house cannot be read: {why}", path=path, hint=HINT)


# -- what a file says ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Finds lines and columns in a file of rules: TOML's parser does not tell them.

    Attributes:
        path: the file.
        text: its text.
    """

    path: Path
    text: str
    starts: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path, text: str) -> _Place:
        heads = re.finditer(r"^[ \t]*\[\[[ \t]*[\"']?rule[\"']?[ \t]*\]\]", text, re.M)
        return cls(path, text, [head.start() for head in heads])

    def within(self, number: int, needle: str) -> tuple[int, int]:
        """Line and column of some text in the rule of that number, else of the rule."""
        begin = self.starts[number] if number < len(self.starts) else 0
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        at = self.text.find(needle, begin, end) if needle else -1
        at = begin if at < 0 else at
        line = self.text.count("\n", 0, at) + 1
        return line, at - (self.text.rfind("\n", 0, at) + 1) + 1

    def wrong(self, number: int, needle: str, message: str, hint: str = HINT) -> BadInput:
        line, column = self.within(number, needle)
        return BadInput(message, path=self.path, line=line, column=column, hint=hint)


def _read(path: Path, text: str) -> tuple[list[Rule], list[str]]:
    """The rules of a file, and the profiles that it allows."""
    data = parse_toml(text, path, HINT)
    place = _Place.of(path, text)
    for key in data:
        if key not in ("rule", "house"):
            raise _unknown(place, key, ("[[rule]]", "[house]"))
    entries = data.get("rule", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise place.wrong(0, "rule", "rules are written as [[rule]]")
    if len(entries) > MOST_RULES:
        raise place.wrong(MOST_RULES, "", f"more than {MOST_RULES} rules")
    rules = [_rule(entry, number, place) for number, entry in enumerate(entries)]
    return rules, _profiles(data.get("house", {}), place)


def _unknown(place: _Place, key: str, known: Sequence[str], number: int = -1) -> BadInput:
    needle = re.search(rf"^[ \t\[]*[\"']?{re.escape(key)}", place.text, re.M)
    where = needle[0].strip() if needle and number < 0 else key
    if number >= 0:
        return place.wrong(number, where, f"no key {clean(key, 60)!r}", f"keys: {', '.join(known)}")
    at = needle.start() + len(needle[0]) - len(needle[0].lstrip()) if needle else 0
    line = place.text.count("\n", 0, at) + 1
    column = at - (place.text.rfind("\n", 0, at) + 1) + 1
    told = f"no key {clean(key, 60)!r}"
    return BadInput(
        told, path=place.path, line=line, column=column, hint=f"keys: {', '.join(known)}"
    )


def _profiles(house: Any, place: _Place) -> list[str]:
    if not isinstance(house, dict):
        raise place.wrong(0, "house", "[house] is a table: profiles = [...]")
    for key in house:
        if key not in HOUSE_KEYS:
            raise _unknown(place, key, HOUSE_KEYS)
    if "profiles" not in house:
        return []
    names = _names(house["profiles"], "profiles", -1, place)
    if not names:
        raise _bad_value(place, -1, "profiles", "names at least one profile")
    return names


def _bad_value(place: _Place, number: int, key: str, message: str) -> BadInput:
    if number >= 0:
        return place.wrong(number, key, f"{key} {message}")
    at = max(place.text.find(key), 0)
    line = place.text.count("\n", 0, at) + 1
    column = at - (place.text.rfind("\n", 0, at) + 1) + 1
    return BadInput(f"{key} {message}", path=place.path, line=line, column=column, hint=HINT)


def _rule(entry: dict[str, Any], number: int, place: _Place) -> Rule:
    from recagent_tools.house import Rule

    for key in entry:
        if key not in KEYS:
            raise _unknown(place, key, KEYS, number)
    name = entry.get("name", f"rule {number + 1}")
    if not isinstance(name, str) or not (name := clean(name, NAME_CAP).strip()):
        raise place.wrong(number, "name", "name is text")
    never = _texts(entry.get("never", []), "never", number, place)
    only = _texts(entry.get("only", []), "only", number, place)
    if not (never or only):
        raise place.wrong(
            number, "", f"the rule '{name}' says nothing", 'never = ["…"] or only = ["…"]'
        )
    catalogs = _texts(entry.get("catalog", []), "catalog", number, place)
    missing = entry.get("missing", "")
    if missing not in ("", "hide", "allow"):
        raise place.wrong(number, "missing", 'missing is "hide" or "allow"')
    reason = entry.get("reason", "")
    if not isinstance(reason, str):
        raise place.wrong(number, "reason", "reason is text")
    return Rule(
        name,
        never,
        only,
        tuple(_names(entry.get("profile", []), "profile", number, place)),
        catalogs,
        clean(reason, 200),
        missing,
        place.path,
        {text: place.within(number, text) for text in (*never, *only, *catalogs)},
    )


def _texts(value: Any, key: str, number: int, place: _Place) -> tuple[str, ...]:
    """A text or a list of texts."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(
        isinstance(text, str) and text.strip() for text in listed
    ):
        raise _bad_value(place, number, key, "is text, or a list of texts")
    if len(listed) > MOST_CONDITIONS:
        raise _bad_value(place, number, key, f"has more than {MOST_CONDITIONS} entries")
    return tuple(dict.fromkeys(text.strip() for text in listed))


def _names(value: Any, key: str, number: int, place: _Place) -> list[str]:
    """Names of profiles.

    A rule for a profile whose name no profile can have would hold for nobody.
    """
    names = []
    for text in _texts(value, key, number, place):
        try:
            names.append(check_profile(text))
        except UsageError as error:
            raise _bad_value(place, number, key, f": {error.message}") from None
    return names


@dataclass(frozen=True)
class _Others:
    """The catalogs of a library beside one; of bundled ones not yet made only the columns."""

    library: Library
    name: str

    def has_column(self, name: str) -> bool:
        """Whether one of them has a column of that name."""
        return any(schema.find(name) is not None for schema in self._schemas())

    def has_value(self, condition: str) -> bool:
        """Whether a condition on a value can be read in one of them."""
        from recagent_tools.conditions import parse_condition

        for other in self._installed():
            try:
                parse_condition(condition, other)
            except BadInput:
                continue
            return True
        return False

    def _installed(self) -> Iterator[Catalog]:
        for name in self.library.names():
            if name != self.name and self.library.is_installed(name):
                try:
                    yield self.library.open_whole(name)
                except RecagentError:
                    continue

    def _schemas(self) -> Iterator[CatalogSchema]:
        from recagent_catalogs.schema import load_schema

        for name in self.library.names():
            place = self.library.directory(name)
            if name != self.name and not self.library.is_installed(name):
                place = Path(str(files("recagent_catalogs"))) / name
            if name != self.name:
                try:
                    yield load_schema(place / "catalog.toml")
                except RecagentError:
                    continue


# -- who looks at what ---------------------------------------------------------------------------


@dataclass
class Rules:
    """The rules of a house for the catalogs of a library.

    Attributes:
        house: the rules.
        library: the catalogs, without rules.
    """

    house: House
    library: Library
    _compiled: dict[tuple[str, str], Compiled] = field(default_factory=dict)

    def seen_by(self, catalog: Catalog, profiles: Iterable[str]) -> Catalog:
        """A catalog as these profiles together may see it: the same, where no rule is of it.

        Raises:
            BadInput: a rule is wrong.
        """
        from recagent_catalogs.ruled import RuledCatalog

        if not self.house.rules:
            return catalog
        ruled = catalog if isinstance(catalog, RuledCatalog) else RuledCatalog(catalog)
        self.put_on(ruled, profiles)
        return ruled

    def put_on(self, catalog: RuledCatalog, profiles: Iterable[str]) -> None:
        """Let the rules for these profiles hold of a catalog, and no others.

        Raises:
            BadInput: a rule is wrong.
        """
        held = [one.ruled for one in self.holding(catalog.whole, profiles) if one.ruled.count]
        if [id(rule) for rule in catalog.rules] != [id(rule) for rule in held]:
            catalog.keep_out(held)

    def holding(self, catalog: Catalog, profiles: Iterable[str]) -> list[Compiled]:
        """The rules that hold of a whole catalog for these profiles, compiled.

        All rules are compiled, also those for others: what is wrong in one may be anybody's.

        Raises:
            BadInput: a rule is wrong.
        """
        name = catalog.path.name
        for rule in self.house.rules:
            self._check_catalogs(rule)
            if not rule.catalogs or name in rule.catalogs:
                self._of(rule, catalog)
        return [self._of(rule, catalog) for rule in self.house.holding(profiles, name)]

    def _of(self, rule: Rule, catalog: Catalog) -> Compiled:
        from recagent_tools.house import compiled

        key = (rule.name, catalog.fingerprint)
        if key not in self._compiled:
            self._compiled[key] = compiled(rule, catalog, _Others(self.library, catalog.path.name))
        return self._compiled[key]

    def _check_catalogs(self, rule: Rule) -> None:
        """See that the catalogs of a rule are not written wrong: it would hold of none.

        Raises:
            BadInput: one is not there, and is called almost as one that is.
        """
        known = self.library.names() if rule.catalogs else []
        for name in rule.catalogs:
            if name not in known:
                from rapidfuzz import process

                near = process.extractOne(name.lower(), known, score_cutoff=70)
                if near:
                    hint = f"did you mean {near[0]}? catalogs: {', '.join(known)}"
                    raise rule.wrong(name, f"no catalog {name!r}", hint)


def whole(catalog: Catalog) -> Catalog:
    """A catalog with what rules keep out; for models, which are everybody's."""
    return cast("Catalog", getattr(catalog, "whole", catalog))


def house_rules(library: Library, more: str | Path | House | None, profile: str) -> Rules:
    """The rules of a house, put on a library for a profile.

    Args:
        library: opens catalogs as the profile may see them from now on.
        more: a further file of rules, or rules; "" and None for none.
        profile: who looks.

    Raises:
        BadInput: a file is wrong or cannot be read, or the profile may not be used.
    """
    extra = str(more) if isinstance(more, (str, Path)) else ""
    house = load_house(library.paths, extra)
    if more is not None and not isinstance(more, (str, Path)):
        house = replace(more, rules=(*house.rules, *more.rules), files=(*house.files, *more.files))
        house = replace(house, profiles=house.profiles or more.profiles)
    house.check_profile(profile)
    rules = Rules(house, library)
    if house.rules:
        library.ruled = lambda catalog: rules.seen_by(catalog, (profile,))
    return rules


def unseen_by_sql(catalog: Catalog) -> None:
    """See that SQL, which sees all of a catalog, shows nothing that rules keep out.

    Raises:
        BadInput: rules keep something of it out.
    """
    if catalog.rules:
        from recagent_tools.house import told_rules

        told = told_rules([rule.name for rule in catalog.rules])
        raise BadInput(
            f"not with SQL: {told} keep{'s' * (len(catalog.rules) == 1)} items of "
            f"{catalog.path.name} from this profile",
            hint="recagent rules; recagent recommend --where has conditions",
        )
