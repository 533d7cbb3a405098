"""Kinds, tags and other words of the catalog's vocabularies, said of an item."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recagent_catalogs.schema import Column, Role
from recagent_catalogs.text import fold

from ..builtin.words.lexicon import key_of, lexicon, opposites
from .fault import Fault
from .sentences import Sentence, Word
from .subjects import Subject, Subjects
from .titles import Named
from .world import World

_NOT = frozenset(
    "not no never without isnt arent wasnt doesnt dont left avoid avoided excluded skipped except "
    "hardly neither nor less lacks rather nothing".split()
)
_INSTEAD = re.compile(
    r"\b(?:rather than|instead of|less|more than|unlike|other than|away from)\s+"
    r"(?:an?\s+|the\s+)?$",
    re.IGNORECASE,
)
_WISHED = re.compile(
    r"\b(?:if|whether|should) you\b|\b(?:you|your|fans?|lovers?|anyone|people|someone|"
    r"who)\b[^.;:,]*"
    r"\b(?:like|likes|liked|love|loves|loved|enjoy|enjoys|asked|ask|want|wanted|prefer|"
    r"mood|taste|fans?|"
    r"request|look(?:ed|ing))\b|\b(?:read|took|understood)\s+['’\"“]|\b(?:would|do|did) you\b"
    r"|\blook(?:ed|ing) for\b",
    re.IGNORECASE,
)
"""What the person may like is said of nobody's row."""
_FANS = re.compile(r"[\s-]*(?:\w+\s+){0,2}(?:fans?|lovers?|buffs?)\b", re.IGNORECASE)
_HEADS = frozenset(
    "film films movie movies picture game games book books story tale title classic epic item pick "
    "choice one series album song product romp adventure thriller drama ride journey affair "
    "experience piece masterpiece entry sequel gem".split()
)
_LINKS = frozenset(
    "is are was were its it's feels feel remains stays turns gets be been very quite really rather "
    "truly so too pure deeply also both equally more most highly always tagged".split()
)
_ARTICLES = frozenset("a an the this that another one these those our".split())
_SEP = re.compile(r"[\s,;/·&-]*(?:and|but|yet)?[\s,;/·&-]*")
_LONGEST = 4
_KIDS = re.compile(
    r"\b(?:(?:great|good|fine|fun|suitable|perfect|safe|made|ideal|okay|ok) for|"
    r"for) (?:small |young "
    r"|little |the )?(?:kids|children|toddlers|the whole family|whole family|all ages|"
    r"everyone in the"
    r" family)\b|\b(?:kid|child|family)[- ]friendly\b|\bchildren['’]s\b",
    re.IGNORECASE,
)


def value_faults(
    sentence: Sentence, named: Sequence[Named], subjects: Subjects, world: World
) -> Iterator[Fault]:
    """The words of a vocabulary that a sentence says of an item which has them not."""
    free = [w for w in sentence.words if not any(o.start <= w.start < o.end for o in named)]
    taken: set[int] = set()
    for length in range(min(_LONGEST, len(free)), 0, -1):
        for first in range(len(free) - length + 1):
            part = free[first : first + length]
            if taken & {w.start for w in part} or not _adjacent(part, sentence):
                continue
            claim = _claim(part, world)
            if claim is None:
                if length == 1:
                    yield from _contrary(part, sentence, subjects, world)
                continue
            taken |= {w.start for w in part}
            subject = subjects.at(part[0].start)
            yield from _judge(part, claim, sentence, subject, world)
    yield from _audience(sentence, subjects, world)


def _adjacent(part: Sequence[Word], sentence: Sentence) -> bool:
    gaps = (
        sentence.text[a.end - sentence.start : b.start - sentence.start]
        for a, b in zip(part, part[1:], strict=False)
    )
    return all(re.fullmatch(r"[\s'’&-]{0,3}", gap) for gap in gaps)


def _claim(part: Sequence[Word], world: World) -> list[tuple[Column, str]] | None:
    """The columns and values that the words may mean; None where they mean none."""
    text = " ".join(word.folded for word in part)
    if len(part) == 1 and (len(text) < 3 or text in lexicon().stop):
        return None
    found = []
    for column in world.schema.with_role(Role.CATEGORIES, Role.TAGS, Role.FACET):
        words = world.catalog.words(column.name)
        if column.role is Role.FACET and len(part) == 1:
            code = words.code_of(text)
            if code is None and not part[0].capital:
                continue
        value = words.resolve(text)
        if value is not None:
            found.append((column, value))
    return found or None


def _judge(
    part: Sequence[Word],
    claim: list[tuple[Column, str]],
    sentence: Sentence,
    subject: Subject,
    world: World,
) -> Iterator[Fault]:
    rows = subject.rows or world.rows
    if not rows or _is_wished(part, sentence):
        return
    text = sentence.text
    start, end = part[0].start - sentence.start, part[-1].end - sentence.start
    column = _stated(part, claim, sentence, world)
    if column is None or _INSTEAD.search(text[:start]):
        return
    negated = bool(_NOT & set(sentence.before(part[0].start, 4)))
    test = all if subject.rows else any
    folded = " ".join(word.folded for word in part)
    has = test(_has(row, claim, folded, world) for row in rows)
    if negated:
        named = [value for c, value in claim if c.role is Role.CATEGORIES]
        wrong = (
            bool(named)
            and subject.one is not None
            and bool(set(named) & set(world.values(subject.one, Role.CATEGORIES)))
        )
        has = not wrong
    if has:
        return
    truth, mend = "", ""
    if subject.one is not None and not negated:
        own = world.cell(subject.one, column.name)
        truth = ", ".join(own[:4])
        if column.role is Role.CATEGORIES and len(own) == 1:
            capital = part[0].capital
            mend = own[0] if capital or not own[0].istitle() else own[0].lower()
            if re.search(r"\ban?\s+$", text[:start], re.IGNORECASE):
                mend = "" if (mend[0].lower() in "aeiou") != (folded[0] in "aeiou") else mend
    told = ("not " if negated else "") + text[start:end]
    at = sentence.start
    yield Fault("factual", "value", text[start:end], at + start, at + end, told, truth, mend)


def _is_wished(part: Sequence[Word], sentence: Sentence) -> bool:
    """Whether the words are of what somebody may like, not of an item: "if you like horror"."""
    text = sentence.text
    if text.rstrip().endswith("?"):
        return True
    head = text[: part[0].start - sentence.start]
    behind = text[part[-1].end - sentence.start :]
    return _WISHED.search(_clause(head)) is not None or _FANS.match(behind) is not None


def _clause(head: str) -> str:
    """The clause that a beginning of a sentence ends in; a list of words is one clause."""
    pieces = re.split(r"[;:]|,(?=\s+(?:so|but|this|it|here|while|and\s+(?:this|it))\b)", head)
    clause = pieces[-1]
    comma = clause.rfind(",")
    # "Since you liked Alien, a horror film": what follows the comma is said of the item.
    begun = re.match(r"\s*(?:since|because|as|given|if)\b", clause, re.IGNORECASE)
    return clause[comma + 1 :] if begun and comma >= 0 else clause


def _stated(
    part: Sequence[Word], claim: list[tuple[Column, str]], sentence: Sentence, world: World
) -> Column | None:
    """The column, where the words are said of an item and are no ordinary noun; else None."""
    by_role = {column.role: column for column, _ in reversed(claim)}
    folded = " ".join(word.folded for word in part)
    place = _position(part, sentence, world)
    category = by_role.get(Role.CATEGORIES)
    if category is not None:
        plain_noun = folded in _nouns() or part[0].folded in _nouns() and len(part) == 1
        if (
            not plain_noun
            or place in ("head", "is", "list")
            or part[0].capital
            and _inside(part, sentence)
        ):
            return category
        return None
    facet = by_role.get(Role.FACET)
    if facet is not None and (part[0].capital or len(part) > 1 or place in ("head", "is")):
        return facet
    tags = by_role.get(Role.TAGS)
    if tags is not None and (len(part) > 1 or place in ("head", "is", "about")):
        vocabulary = world.schema.vocabularies.get(tags.name)
        closed = vocabulary is not None and vocabulary.closed
        if closed or place == "about" or _is_contrary(folded, sentence, world):
            return tags
    return None


def _contrary(
    part: Sequence[Word], sentence: Sentence, subjects: Subjects, world: World
) -> Iterator[Fault]:
    """A mood that no column has, but whose opposite the item is tagged with."""
    word = part[0]
    against = opposites().get(key_of(word.folded), frozenset())
    if not against or _is_wished(part, sentence):
        return
    one = subjects.at(word.start).one
    if one is None or _NOT & set(sentence.before(word.start, 4)):
        return
    found = [tag for tag in world.values(one, Role.TAGS) if key_of(tag) in against]
    if found and _position(part, sentence, world) in ("head", "is"):
        yield Fault("factual", "value", word.text, word.start, word.end, word.text, found[0])


def _is_contrary(folded: str, sentence: Sentence, world: World) -> bool:
    """In an open vocabulary a missing tag says nothing; an opposite one does."""
    against = opposites().get(key_of(folded), frozenset())
    rows = world.rows if world.about is None else (world.about,)
    return any(key_of(tag) in against for row in rows for tag in world.values(row, Role.TAGS))


def _nouns() -> frozenset[str]:
    return lexicon().also_nouns | _ORDINARY


_ORDINARY = frozenset(
    "family war crime music history mystery adventure romance action drama sport sports "
    "party strategy survival children kids puzzle card cards short race racing fantasy memory "
    "simulation solo platform building driving fighting".split()
)


def _inside(part: Sequence[Word], sentence: Sentence) -> bool:
    return part[0] is not sentence.words[0]


def _position(part: Sequence[Word], sentence: Sentence, world: World) -> str:
    """How the words stand: "head" before a noun for items, "is", "list", "about", or ""."""
    words = list(sentence.words)
    first, last = words.index(part[0]), words.index(part[-1])
    nouns = {*_HEADS, fold(world.schema.item), fold(world.schema.items)}
    nouns |= {fold(alias) for alias in world.schema.aliases}
    ahead = words[last + 1 : last + 5]
    for word in ahead:
        if word.folded in nouns:
            return "head"
        if not _describes(word, world):
            break
    behind = [word.folded for word in words[max(0, first - 4) : first]]
    if (
        behind
        and behind[-1] in ("about", "tagged", "in", "featuring")
        and ("set" in behind or behind[-1] in ("about", "tagged"))
    ):
        return "about"
    start = first
    while (
        start
        and not _divided(words[start - 1], words[start], sentence)
        and (
            words[start - 1].folded in _LINKS | _ARTICLES | _NOT
            or _describes(words[start - 1], world)
            or words[start - 1].folded in ("and", "but", "yet")
        )
    ):
        start -= 1
        if words[start].folded in ("is", "are", "was", "its", "feels", "remains", "were"):
            following = words[last + 1].folded if last + 1 < len(words) else ""
            ends = last + 1 == len(words) or not _adjacent(words[last : last + 2], sentence)
            if ends or following in (
                "and",
                "but",
                "with",
                "by",
                "from",
                "that",
                "about",
                "of",
                "in",
                "set",
                "than",
                "yet",
                "to",
                "for",
                "throughout",
            ):
                return "is"
            return ""
    whole = sentence.text
    if re.fullmatch(r"[^.!?]{0,120}", whole) and (first == 0 or last + 1 == len(words)):
        listed = re.split(r"[,;]| and ", whole)
        mine = whole[part[0].start - sentence.start : part[-1].end - sentence.start]
        if any(piece.strip(" .").lower() == mine.lower() for piece in listed):
            return "list"
    return ""


def _divided(one: Word, other: Word, sentence: Sentence) -> bool:
    """Whether a clause ends between two words."""
    gap = sentence.text[one.end - sentence.start : other.start - sentence.start]
    return any(sign in gap for sign in ":;–—(")


def _describes(word: Word, world: World) -> bool:
    """Whether a word is an adjective or a kind, as far as the catalog's words tell."""
    folded = word.folded
    if folded in ("and", "sci", "fi") or folded.endswith(("ing", "ful", "ous", "ive", "ic", "y")):
        return True
    return any(
        world.catalog.words(c.name).resolve(folded) is not None
        for c in world.schema.with_role(Role.CATEGORIES, Role.TAGS)
    )


def _has(row: int, claim: list[tuple[Column, str]], folded: str, world: World) -> bool:
    """Whether the item has one of the values, or says so in its own words."""
    for column, value in claim:
        if value in world.cell(row, column.name):
            return True
    told = world.words(row)
    if f" {folded} " in told or f" {folded}s " in told:
        return True
    stem = folded[:-1] if folded.endswith("s") else folded
    if len(stem) > 3 and re.search(rf" {re.escape(stem)}(?:s|es|ed|ing)? ", told):
        return True
    # "scary" is a kind in one column and a tag in another; either will do.
    own = [*world.values(row, Role.CATEGORIES, Role.TAGS)]
    return key_of(folded) in {key_of(value) for value in own}


def _audience(sentence: Sentence, subjects: Subjects, world: World) -> Iterator[Fault]:
    """`for kids` of what is for adults."""
    column = world.schema.one(Role.AUDIENCE)
    if column is None or not column.order or sentence.text.rstrip().endswith("?"):
        return
    for match in _KIDS.finditer(sentence.text):
        place = sentence.start + match.start()
        if _NOT & set(sentence.before(place, 4)):
            continue
        one = subjects.at(place).one
        if one is None or world.cell(one, column.name) in ([], [column.order[0]]):
            continue
        truth = world.cell(one, column.name)[0]
        yield Fault("factual", "value", match[0], place, place + len(match[0]), match[0], truth)
