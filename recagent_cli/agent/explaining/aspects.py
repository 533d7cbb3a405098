"""The four aspects an explanation is checked on: factual, personal, coherent, concise."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from recagent_catalogs.errors import NotFound
from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.store import Item
from recagent_catalogs.text import bare_title, fold
from recagent_tools.predict import PredictedRating, predicted_rating
from recagent_tools.toolbox import ToolContext

from ..critic import Fault, World, check, plain
from ..request import Request

MAX_WORDS = {"fit": 30, "facts": 35, "short": 9}
MAX_SENTENCES = {"fit": 2, "facts": 3, "short": 1}
_STRONG = re.compile(
    r"\b(?:perfect(?:ly)?|ideal(?:ly)?|exactly (?:what|right)|best (?:match|fit|choice)|"
    r"you(?:['’]ll| will) "
    r"(?:love|adore)|must[- ](?:see|play|watch|read|have)|made for you|just right|cannot go wrong|"
    r"spot on|tailor[- ]made|the one for you|closest)\b",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(?:may not|might not|won['’]?t|will not|probably not) (?:be )?(?:like|love|enjoy|"
    r"for you|your|"
    r"suit)|\b(?:not (?:quite|really|exactly|for you|your|a (?:good|great) (?:fit|match))|"
    r"a stretch|"
    r"long shot|weak(?:est|er)? (?:match|fit|pick|choice)|far from what|a gamble|least fitting|"
    r"doubtful|not recommended|skip (?:it|this))\b",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"\b(?:(?:a )?great choice|you can['’]?t go wrong(?: with (?:it|this))?|without a doubt|"
    r"highly recommend(?:ed)?|i (?:really |highly |would )?recommend (?:it|this)|look no further|"
    r"trust me|what more could you (?:want|ask for)|give it a (?:try|go|shot)|"
    r"don['’]t miss (?:it|out)|"
    r"enjoy|hope you (?:like|enjoy) (?:it|this)|needless to say|as you know)\b[!.]?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?](?:\s|$)")


@dataclass(frozen=True)
class Scene:
    """What a list's explanations are checked against.

    Attributes:
        rows: the list, best first; empty where an explanation stands alone.
        context: catalog, bus, profile.
        request: what was asked.
        style: "fit", "facts" or "short".
    """

    rows: Sequence[int]
    context: ToolContext
    request: Request
    style: str = "fit"

    @cached_property
    def world(self) -> World:
        """What is known of the person; the rows are those of the list."""
        return World(self.rows, self.context, self.request)

    def place(self, row: int) -> int | None:
        """Place in the list, from 1; None without one."""
        return self.rows.index(row) + 1 if row in self.rows else None

    def predicted(self, row: int) -> PredictedRating | None:
        """What the person would rate an item; None where that cannot be told of this person."""
        try:
            found = predicted_rating(row, self.context)
        except NotFound:
            return None
        return found if found.known else None

    def too_strong(self, row: int) -> str:
        """Why words of strong liking are out of place; "" where they are in place.

        They are in the upper third of the list, or without a list for what is predicted above the
        person's mean; never for what is predicted below it.
        """
        place, predicted = self.place(row), self.predicted(row)
        if predicted is not None and predicted.rating < predicted.usual:
            return _told(predicted)
        if place is None:
            return "there is no list" if predicted is None else ""
        return "" if place <= math.ceil(len(self.rows) / 3) else self._place_told(place)

    def too_weak(self, row: int) -> str:
        """Why words of doubt are out of place; "" where they are in place.

        They are in the lower half of the list, or without a list for what is predicted below the
        person's mean.
        """
        place = self.place(row)
        if place is not None:
            return "" if place > math.ceil(len(self.rows) / 2) else self._place_told(place)
        predicted = self.predicted(row)
        if predicted is None:
            return "there is no list"
        return "" if predicted.rating < predicted.usual else _told(predicted)

    def _place_told(self, place: int) -> str:
        return f"place {place} of {len(self.rows)}"


def _told(predicted: PredictedRating) -> str:
    return f"{predicted.rating:.1f} predicted, {predicted.usual:.1f} is usual"


def faults_in(text: str, item: Item, scene: Scene, said: Sequence[str] = ()) -> list[Fault]:
    """What is wrong with an explanation: factual, personal, coherent, concise, in this order.

    Args:
        text: the explanation.
        item: what it explains.
        scene: the list and the person.
        said: explanations of other items, which must not be repeated.
    """
    told = plain(text)
    found = [
        replace(fault, aspect="coherent") if fault.kind == "rank" else fault
        for fault in check(
            text,
            rows=scene.rows,
            context=scene.context,
            about=item.row,
            request=scene.request,
        )
    ]
    order = {"factual": 0, "personal": 1, "coherent": 2, "concise": 3}
    found += [
        *_personal(told, item, scene),
        *_coherent(told, item, scene),
        *_concise(told, item, scene, said),
    ]
    return sorted(found, key=lambda fault: order[fault.aspect])


def _personal(text: str, item: Item, scene: Scene) -> Iterator[Fault]:
    """Style `fit` cites what this person said or did, where anything is known."""
    if scene.style != "fit" or not scene.world.knows_person or cites(text, item, scene.world):
        return
    truth = "it says nothing of what was asked for or liked"
    yield Fault("personal", "missing", "", len(text), len(text), "", truth)


def cites(text: str, item: Item, world: World) -> bool:
    """Whether a text names a like, a wish, a condition or something seen."""
    told = f" {fold(text)} "
    for row in world.named - {item.row}:
        title = fold(world.item(row).title)
        if f" {title} " in told or f" {bare_title(title)} " in told:
            return True
    if any(f" {value} " in told for value in world.asked if len(value) > 2):
        return True
    return any(fold(value) in world.asked for value in _meant(told, world))


def _meant(told: str, world: World) -> Iterator[str]:
    """The values that words of a text mean: "scary" is Horror in some catalogs."""
    words = told.split()
    for column in world.schema.columns:
        if column.role not in WORD_ROLES:
            continue
        resolve = world.catalog.words(column.name).resolve
        for length in (1, 2, 3):
            for first in range(len(words) - length + 1):
                value = resolve(" ".join(words[first : first + length]))
                if value is not None:
                    yield value


def _coherent(text: str, item: Item, scene: Scene) -> Iterator[Fault]:
    """Words of strength agree with the place in the list and the predicted liking."""
    for pattern, misplaced in ((_STRONG, scene.too_strong), (_WEAK, scene.too_weak)):
        for match in pattern.finditer(text):
            if truth := misplaced(item.row):
                start, end = match.span()
                kind = "liking" if "predicted" in truth else "place"
                yield Fault("coherent", kind, match[0], start, end, match[0], truth)


def _concise(text: str, item: Item, scene: Scene, said: Sequence[str]) -> Iterator[Fault]:
    """Short enough, nothing said twice, no filler."""
    words, most = len(text.split()), MAX_WORDS[scene.style]
    sentences = len(_SENTENCE.findall(text.rstrip("."))) + 1
    if words > most:
        yield Fault("concise", "length", text, 0, len(text), f"{words} words", f"at most {most}")
    elif sentences > MAX_SENTENCES[scene.style] or (scene.style == "short" and ";" in text):
        told = f"{sentences} sentences"
        yield Fault("concise", "length", text, 0, len(text), told, "fewer")
    head = re.compile(
        rf"^\W*{re.escape(item.title)}\W*(?:\({item.year}\))?\s*(?=[:,–—-])|\({item.year}\)"
    )
    for match in head.finditer(text):
        if match[0].strip():
            yield Fault("concise", "repeated", match[0], *match.span(), match[0].strip())
    if any(fold(text) == fold(other) for other in said) and len(text.split()) > 3:
        yield Fault("concise", "repeated", text, 0, len(text), text, "said of another item")
    for match in _FILLER.finditer(text):
        yield Fault("concise", "filler", match[0], *match.span(), match[0])
