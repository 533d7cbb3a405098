"""Words for lists that were shown and for named sets: "undo", "save as weekend", "add the first".

A whole clause must say it, from its first word to its last: "a film about going back in time" is
no step back. What a name means is known only while the program runs, so the names are given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from recagent_tools.operations import OperationKind

from ...request import Operation
from ..words.lexicon import Lexicon
from ..words.patterns import Pattern, needs_of
from ..words.tables import load
from ..words.tokens import Text, whole
from .setnames import key_of_set, name_of_set, quoted, set_named, slip_of_set
from .trail import Trail

MAX_WORDS = 16
"""Words of the longest clause that can be about lists."""
MAX_STEPS = 20
_JOINTS = frozenset(("and", "then", "but"))
_OF_LIST = r"(?:list|answer|results?|selection|recommendations?)"
_JOINING = frozenset(
    ("diff", "union2", "minus2", "intersect2", "union", "minus", "intersect", "both", "drop")
)
"""Sentences that say nothing where no list was shown and no set is saved."""
_WEAK_KINDS = frozenset(("union", "minus", "show_set", "union2", "minus2", "forget"))
"""Sentences that may as well speak of a kind or a title: "without horror", "show Heat"."""


@dataclass(frozen=True)
class Known:
    """What the words are read against.

    Attributes:
        sets: names of the saved sets, as they were given.
        trail: the lists shown and the steps between them.
        shown: rows of the list that stands, in order.
        titles: how the titles in it may be written, folded, to their rows.
    """

    sets: tuple[str, ...]
    trail: Trail
    shown: tuple[int, ...]
    titles: Mapping[str, int]


@dataclass(frozen=True)
class Placed:
    """What a turn says to lists and sets.

    Attributes:
        operations: in the order said.
        dropped: rows of the list shown that are to be left out of it.
        beyond: whether places were named that the list does not have.
        rest: what else the turn says, as typed; empty for nothing.
    """

    operations: tuple[Operation, ...] = ()
    dropped: tuple[int, ...] = ()
    beyond: bool = False
    rest: str = ""


@dataclass(frozen=True)
class _Target:
    """A list or a set; `sure` where words beside the name say that it is one."""

    name: str = ""
    number: int = 0
    sure: bool = False


class PlaceReader:
    """Reads what is said to lists and sets.

    Args:
        lexicon: ordinals and numbers.
        items: words for items in general.
        means: what a folded phrase means in the catalog: "kind", "title" or "".
    """

    def __init__(
        self, lexicon: Lexicon, items: frozenset[str], means: Callable[[str], str]
    ) -> None:
        self._lexicon = lexicon
        self._means = means
        self._data = _tables()
        self._patterns = _compiled(tuple(sorted(items - {"one"})))

    def may_speak(self, text: Text, sets: Sequence[str], *, lists: bool) -> bool:
        """Whether the turn has a word that speaks of lists at all, or a set's name.

        Args:
            text: the turn.
            sets: names of the saved sets.
            lists: whether a list was shown.
        """
        words = set(text.words[: 3 * MAX_WORDS])
        if words & self._data.cues or (lists or sets) and words & self._data.joins:
            return True
        return any(words.issuperset(key.split()) for key in map(key_of_set, sets))

    def read(self, text: Text, known: Known) -> Placed | None:
        """What the turn says to lists and sets, and the rest; None where it says nothing."""
        if (alone := self._name_alone(text, known)) is not None:
            return alone
        operations: list[Operation] = []
        dropped: list[int] = []
        beyond, rest_at = False, 0
        start = self._past_manners(text, 0)
        while start < len(text.words):
            found = self._clause(text, start, known)
            if found is None:
                break
            made, end = found
            operations += made.operations
            dropped += made.dropped
            beyond |= made.beyond
            rest_at, start = end, self._past_manners(text, end)
        if not (operations or dropped or beyond):
            return None
        while rest_at < len(text.words) and text.words[rest_at] in _JOINTS:
            rest_at += 1
        goes_on = start < len(text.tokens)  # more than manners
        rest = text.raw[text.tokens[rest_at].start :] if goes_on else ""
        return Placed(tuple(operations), tuple(dict.fromkeys(dropped)), beyond, rest)

    # --- where a clause begins and ends ----------------------------------------------------------

    def _past_manners(self, text: Text, start: int) -> int:
        """Past "and then", and past a piece that is nothing but manners: "Thanks!"."""
        while start < len(text.words):
            match = self._data.before.match(f"{text.phrase(start, start + 4)} ")
            size = len(match[0].split()) if match else 0
            plain_no = text.words[start] in ("no", "nope") and "," in text.gap(start + 1)
            if not size and (plain_no or text.words[start] in _JOINTS):
                size = 1
            if not size:
                break
            start += size
        return start

    def _ends(self, text: Text, start: int) -> list[int]:
        """Where the clause may end, the longest first."""
        last = min(len(text.words), start + MAX_WORDS)
        ends = [
            i
            for i in range(start + 1, last)
            if text.begins_sentence(i) or "," in text.gap(i) or text.words[i] in _JOINTS
        ]
        return [*([last] if last == len(text.words) else []), *reversed(ends)]

    def _clause(self, text: Text, start: int, known: Known) -> tuple[Placed, int] | None:
        for end in self._ends(text, start):
            last = end
            while match := self._data.after.search(text.phrase(start, last)):
                last -= len(match[0].split())
            for stop in dict.fromkeys((last, end)):
                if stop > start and (made := self._said(text, start, stop, known)) is not None:
                    return made, end
        return None

    # --- one clause ------------------------------------------------------------------------------

    def _said(self, text: Text, start: int, end: int, known: Known) -> Placed | None:
        phrase = text.phrase(start, end)
        if end - start > 1 and self._is_title(phrase):
            return None  # "Back to the Future"
        if '"' in text.gap(start) and end - start == 1:
            return None
        split = any(text.begins_sentence(i) for i in range(start + 1, end))
        joinable = bool(known.sets or known.trail.last or known.shown)
        for kind, patterns in self._patterns.items():
            if split and kind != "drop":
                continue
            if kind in _JOINING and not joinable and kind != "diff":
                continue
            for pattern in patterns:
                match = pattern.fullmatch(phrase)
                if match is None:
                    continue
                made = self._made(kind, match, text, start, known)
                if made is not None:
                    return made
        return None

    def _made(
        self, kind: str, match: re.Match[str], text: Text, start: int, known: Known
    ) -> Placed | None:
        parts = match.groupdict()
        if kind == "drop":
            return self._dropped(parts["d"], text, known)
        if kind in ("undo", "redo"):
            return self._steps(kind, parts.get("n"), text, known)
        if kind == "save":
            return self._saved(match, text, start)
        if kind == "sets":
            return Placed((Operation("sets"),))
        if kind == "both":
            return self._in_both(known)
        if kind == "diff" and not parts.get("r"):
            changed = "changed" in text.words
            return Placed((Operation("diff"),)) if known.shown or changed else None
        if kind == "list":
            return self._to_list(parts["l"], match[0], known.trail)
        weak = kind in _WEAK_KINDS
        targets = [
            # "what is in comedies" speaks of a set, "without comedies" may as well of the kind.
            self._target(parts[name], text, known, weak and not _inside(match, name))
            for name in ("r", "q")
            if parts.get(name)
        ]
        found = [target for target in targets if target is not None]
        if not found or len(found) < len(targets):
            return None
        return _joined(kind, found)

    def _to_list(self, phrase: str, said: str, trail: Trail) -> Placed | None:
        number = self._list_number(phrase, trail)
        if number is None:
            return None
        if number == -1 and trail.standing == trail.last and "back" in said.split():
            return Placed((Operation("undo"),))  # it stands already: the one before is meant
        return Placed((Operation("list", number=number),))

    def _steps(self, kind: str, times: str | None, text: Text, known: Known) -> Placed | None:
        phrase = text.joined
        if not known.trail.last and not known.shown and len(text.words) < 3:
            # Nothing was shown: one word may as well be a title, and "back" says nothing then.
            if phrase == "back" or phrase == "forward" or self._is_title(phrase):
                return None
        count = 1 if times is None else self._number(times) or 0
        if not 0 < count <= MAX_STEPS:
            return None
        back: OperationKind = "undo" if kind == "undo" else "redo"
        return Placed((Operation(back),) * count)

    def _saved(self, match: re.Match[str], text: Text, start: int) -> Placed | None:
        words = match.groupdict().get("name")
        if words is None:
            return Placed((Operation("save"),))
        first = start + match.string[: match.start("name")].count(" ")
        last = first + len(words.split())
        inside = range(first + 1, last)
        name = quoted(text, words)
        if not name:
            goes_on = any(
                text.begins_sentence(i)
                or "," in text.gap(i)
                or (text.words[i - 1] in _JOINTS and text.words[i] in self._data.begins)
                for i in inside
            )
            if goes_on or text.words[first] in self._data.no_name:
                return None
            name = text.as_typed(first, last)
        return Placed((Operation("save", name=name_of_set(name)),))

    def _in_both(self, known: Known) -> Placed | None:
        """In both: the one set there is, or the list before this one."""
        if len(known.sets) == 1:
            return Placed((Operation("intersect", name=known.sets[0]),))
        before = known.trail.before
        return Placed((Operation("intersect", number=before),)) if before else None

    # --- what is pointed at ----------------------------------------------------------------------

    def _dropped(self, phrase: str, text: Text, known: Known) -> Placed | None:
        """The items of the list that are to be left out of it: "the second", "2 and 4", "Heat"."""
        if not known.shown:
            return None
        words = phrase.split()
        rows: list[int] = []
        beyond, at = False, 0
        while at < len(words):
            if at and words[at] in ("and", "or", "nor", "but", "not"):
                at += 1
                continue
            found = self._title_at(words, at, known) or self._place_at(words, at, known)
            if found is None:
                return None
            size, places = found
            inside = [p for p in places if -len(known.shown) <= p < len(known.shown)]
            rows += [known.shown[p] for p in inside]
            beyond |= len(inside) < len(places)
            at += size
        if words[0].isdigit() and "no " + words[0] in text.joined:
            return None  # "no 2" is number two
        return Placed(dropped=tuple(rows), beyond=beyond) if rows or beyond else None

    def _title_at(
        self, words: Sequence[str], at: int, known: Known
    ) -> tuple[int, list[int]] | None:
        for end in range(len(words), at, -1):
            row = known.titles.get(" ".join(words[at:end]))
            if row is not None and row in known.shown:
                return end - at, [known.shown.index(row)]
        return None

    def _place_at(
        self, words: Sequence[str], at: int, known: Known
    ) -> tuple[int, list[int]] | None:
        """Places in the list, from 0, and how many words say them."""
        size = 0
        while at + size < len(words) and words[at + size] in _LEADS:
            size += 1
        word = words[at + size] if at + size < len(words) else ""
        after = words[at + size + 1] if at + size + 1 < len(words) else ""
        place = self._lexicon.ordinals.get(word)
        if place is None and (counted := _COUNTED.fullmatch(word)):
            place = int(counted[1])
        if place is None:
            number = whole(word)
            if number is None and size:
                number = self._lexicon.numbers.get(word) if words[at] in _LEADS - {"the"} else None
            return (size + 1, [number - 1]) if number and number < 1_000 else None
        count = self._number(after) or 0
        if word in ("first", "last", "final") and 1 < count < 20:
            places = list(range(count)) if word == "first" else list(range(-count, 0))
            return self._with_noun(words, at, size + 2), places
        if not place:
            return None
        return self._with_noun(words, at, size + 1), [place - 1 if place > 0 else place]

    def _with_noun(self, words: Sequence[str], at: int, size: int) -> int:
        noun = at + size < len(words) and words[at + size] in _NOUNS
        return size + noun

    def _number(self, word: str) -> int | None:
        if word in ("a couple of", "twice", "both"):
            return 2
        return self._lexicon.numbers.get(word, whole(word))

    def _target(self, phrase: str, text: Text, known: Known, weak: bool) -> _Target | None:
        """The list or the set that a phrase names."""
        number = self._list_number(phrase, known.trail)
        if number is not None:
            return _Target(number=number, sure=True)
        for pattern, sure in _SET_FORMS:
            match = pattern.fullmatch(phrase)
            if match is None:
                continue
            words = match["name"]
            typed = quoted(text, words)
            name = set_named(words, known.sets)
            if name:
                if sure or typed or not (weak and self._means_else(name, words, text, known)):
                    return _Target(name, sure=sure)
            elif typed or pattern is _CALLED:
                return _Target(name_of_set(typed or words), sure=True)
            elif not self._means(words) and (near := slip_of_set(words, known.sets)):
                return _Target(near, sure=True)
        return None

    def _means_else(self, name: str, words: str, text: Text, known: Known) -> bool:
        """Whether the words rather mean a kind, or a title of the list or written as one."""
        meaning = self._means(words)
        if meaning != "title":
            return meaning == "kind"
        if words in known.titles:
            return True
        return text.mixed_case and not name[:1].isupper() and f" {words.title()}" in text.raw

    def _name_alone(self, text: Text, known: Known) -> Placed | None:
        """A turn that is a set's name and nothing else."""
        if len(text.words) > 8 or '"' in text.raw:
            return None
        name = set_named(text.joined, known.sets)
        if not name or self._means(text.joined):
            return None
        return Placed((Operation("load", name=name),))

    def _list_number(self, phrase: str, trail: Trail) -> int | None:
        """The number of the list that a phrase names; -1 for the last one."""
        if match := _NUMBERED.fullmatch(phrase):
            word = match["n"] or match["o"]
            place = self._lexicon.ordinals.get(word) or self._number(word)
            if place and place > -2:
                return place
        if _FIRST.fullmatch(phrase):
            return 1
        if _LAST.fullmatch(phrase):
            return -1
        if _BEFORE.fullmatch(phrase):
            return trail.before or None
        return None

    def _is_title(self, phrase: str) -> bool:
        return self._means(phrase) == "title"


def _inside(match: re.Match[str], name: str) -> bool:
    """Whether "in" stands before the name."""
    return match.string[: match.start(name)].split()[-1:] == ["in"]


_LEADS = frozenset("the number numbers nr item items no".split()) | {
    "film",
    "movie",
    "book",
    "game",
}
_NOUNS = frozenset(
    "one ones item items film films movie movies book books game games title".split()
)
_NUMBERED = re.compile(
    rf"(?:(?:the|my|your|that) )?(?:very )?(?P<o>\w+) {_OF_LIST}"
    r"(?: (?:again|you (?:gave|showed) me|from before))?"
    r"|(?:the )?(?:list|answer) (?:number |no |nr )?(?P<n>\w+)"
)
_COUNTED = re.compile(r"(\d{1,3})(?:st|nd|rd|th)")
_FIRST = re.compile(
    rf"(?:the |my |your )?(?:original|initial|starting|oldest|very first) {_OF_LIST}"
)
_LAST = re.compile(rf"(?:the |my |your )?(?:latest|newest|most recent) {_OF_LIST}")
_BEFORE = re.compile(
    rf"(?:the |my |your )?(?:previous|prior|former|earlier) {_OF_LIST}"
    r"|(?:the )?list before(?: that| this| it)?"
)
_CALLED = re.compile(
    r"(?:(?:the|my|our|a) )?(?:saved )?(?:set|list) (?:called |named )?(?P<name>.+)"
)
_SET_FORMS = (
    (_CALLED, True),
    (re.compile(r"(?:(?:the|my|our|that) )?(?:saved )?(?P<name>.+) (?:set|list)"), True),
    (re.compile(r"(?:my|our)(?: saved)? (?P<name>.+)"), True),
    (re.compile(r"(?:the )?(?P<name>.+)"), False),
)


def _joined(kind: str, targets: Sequence[_Target]) -> Placed | None:
    """The operations of a sentence on one or two lists or sets."""

    def operation(op: OperationKind, target: _Target) -> Operation:
        return Operation(op, target.name, target.number)

    first = targets[0]
    begin = operation("list" if first.number else "load", first)
    if kind in ("load", "show_set"):
        return Placed((begin,))
    if kind == "forget":
        return Placed((operation("forget", first),)) if first.name else None
    ops: dict[str, OperationKind] = {
        "diff": "diff", "union": "union", "minus": "minus", "intersect": "intersect",
        "union2": "union", "minus2": "minus", "intersect2": "intersect",
    }  # fmt: skip
    if len(targets) == 1:
        return Placed((operation(ops[kind], first),))
    return Placed((begin, operation(ops[kind], targets[1])))


@dataclass(frozen=True)
class _Tables:
    """The words of `places.toml`."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    cues: frozenset[str]
    joins: frozenset[str]
    begins: frozenset[str]
    no_name: frozenset[str]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    data = load("places")
    return _Tables(
        re.compile(data["before"]),
        re.compile(f"(?:{data['after']})$"),
        *(frozenset(data[name].split()) for name in ("cues", "joins", "begins", "no_name")),
    )


@lru_cache(maxsize=8)
def _compiled(items: tuple[str, ...]) -> dict[str, tuple[Pattern, ...]]:
    """The patterns with the catalog's words for items."""
    data = load("places")
    words = {name: "|".join(rows) for name, rows in data["words"].items()}
    words["items"] = "|".join(map(re.escape, items)) or "items"
    return {
        kind: tuple(_pattern(row, words) for row in rows) for kind, rows in data["patterns"].items()
    }


def _pattern(row: str, words: Mapping[str, str]) -> Pattern:
    while "<" in (opened := re.sub(r"(?<!\?P)<(\w+)>", lambda m: f"(?:{words[m[1]]})", row)):
        if opened == row:
            break
        row = opened
    row = opened
    for sign, group in _GROUPS:
        row = re.sub(rf"(?<![\w\\<]){sign}(?![\w>])", group, row)
    return Pattern(row, needs_of(row))


_GROUPS = (
    ("R", r"(?P<r>\\S.*?)"),
    ("Q", r"(?P<q>\\S.*?)"),
    ("L", r"(?P<l>\\S.*?)"),
    ("D", r"(?P<d>\\S.*?)"),
    ("N", r"(?P<n>\\w+|a couple of)"),
    ("NAME", r"(?P<name>\\S.*)"),
)
