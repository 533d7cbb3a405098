"""What a person says in passing: items seen, liked, disliked, taken, kept; tastes of values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..brain import TurnView
from ..request import Intent, Mention
from .dialogue.about_memory import memory_of
from .dialogue.focus import in_focus
from .dialogue.judged import is_vague, named_in, places_of, stated_of
from .dialogue.kept import takes
from .meaning.acts import Act, find_acts
from .meaning.verdicts import of_others
from .readers.given import read_given
from .steps import ids_of, request_before
from .words.lexicon import lexicon
from .words.tokens import Text, tokenize

_HATES = frozenset("hate hates hated dislike dislikes disliked despise detest loathe".split())


_REFUSES = re.compile(r"\b(?:no|not|nope|nah|skip|pass)\b")
"""What only is to be left out ("without the first") says nothing of the item."""
_NEVER = re.compile(
    r"\b(?:never|(?:dont|do not) ever)\b(?! (?:\w+ly )?(?:mind|seen|saw|watched|heard|played|read|"
    r"been|was|liked?|loved?|enjoy|enjoyed|cared?|got|understood|finished|hated?|disliked?|bored)\b)"
    r"|^(?:please |ok |okay |and |now )*(?:hide|ban|block|blacklist)\b"
    r"|\b(?:dont|do not) (?:show|recommend|suggest|offer|give|bring)\b.*"
    r"\b(?:again|ever|any ?more)\b"
)


def told_of(view: TurnView) -> dict[str, list[str]]:
    """What the person says of items and values in this turn, by kind of fact.

    What is only compared with ("like X") or left out ("not X") is no fact about the person; of
    what was shown it says that it was taken or refused.

    Returns:
        Ids of items, and values as "column=value".
    """
    request, before = view.request, request_before(view)
    if memory_of(view.utterance, view.context.catalog, before) is not None:
        return {}  # "forget that I liked Heat" says what is to go
    # A rating in words is a verdict: "Heat: 5/5".
    text = tokenize(read_given(view.utterance, view.context.catalog.titles.exact).rest)
    acts = find_acts(text, lexicon(), ())
    named = named_in(request, text)

    shown = view.context.catalog.ids(list(view.context.shown))
    focus = in_focus(view.history, view.context.catalog)

    def judged(mention: Mention) -> str:
        if is_vague(mention, shown, focus.id if focus is not None else None):
            return ""
        return stated_of(mention, text, named) or _verdict(mention, text, acts)

    def said(mentions: Sequence[Mention], verdicts: frozenset[str]) -> list[str]:
        return ids_of([m for m in mentions if judged(m) in verdicts])

    seen = [id for id in ids_of(request.seen) if id not in set(ids_of(before.seen))]
    liked = said(request.liked, frozenset(("taste", "praise", "liked")))
    disliked = said(request.disliked, frozenset(("blame", "disliked")))
    names = {act.name for act in acts}
    chosen = request.intent is Intent.FEEDBACK and ("accept" in names or takes(text))
    new = [id for id in ids_of(request.disliked) if id not in set(ids_of(before.disliked))]
    refused = "reject" in names or _REFUSES.search(text.joined)
    never = new if _NEVER.search(text.joined) else []
    wanted = ids_of(request.want)
    later = set(shown).difference(wanted)  # what is put by is not taken yet
    held = set(view.context.catalog.ids([*map(int, view.context.profile.wanted)]))
    told = {
        "seen": seen,
        "disliked": [id for id in disliked if id not in never],
        "liked": liked,
        "never": never,
        "accepted": [id for id in ids_of(request.about) if chosen and id in later],
        "rejected": [id for id in new if refused and id in shown and id not in (*disliked, *never)],
        "wanted": wanted,
        "unwanted": [id for id in ids_of(request.unwant) if id not in wanted and id in held],
    }
    for one in request.stated:
        told[one.kind].append(f"{one.column}={one.value}")
    return told


def labels_told(view: TurnView) -> dict[str, list[str]]:
    """What `remember` noted in this turn, by kind of fact, as people write it."""
    context, told = view.context, dict[str, list[str]]()
    for kind, row in context.remembered:
        told.setdefault(kind, []).append(context.catalog.label(row))
    for kind, _, value in context.stated:
        told.setdefault(kind, []).append(value)
    return {kind: list(dict.fromkeys(labels)) for kind, labels in told.items()}


def _own(text: Text, act: Act) -> bool:
    """Whether the sentence of a verdict tells of nobody else: not "my son saw it and loved it"."""
    first = act.start
    while not text.begins_sentence(first):
        first -= 1
    mine = {"i", "we", "ive", "weve"} & set(text.words[first : act.start + 1])
    return bool(mine) or not of_others(text.phrase(first, act.end))


def _verdict(mention: Mention, text: Text, acts: Sequence[Act]) -> str:
    """What the words around a mention say of it: taste, praise, blame, similar, or nothing."""
    place, end = next(((p.start, p.stop) for p in places_of(mention.text, text)), (-1, -1))
    if place < 0:
        return ""
    sentence = text.tokens[place].sentence
    if any(word in _HATES for word in text.words[max(0, place - 4) : place]):
        return "blame"
    after = [
        act
        for act in acts
        if 0 <= act.start - end <= 4
        and act.name in ("praise", "blame", "taste")
        and _own(text, act)
    ]
    before = [
        act
        for act in acts
        if act.end <= place
        and text.tokens[act.start].sentence == sentence
        and act.name in ("taste", "praise", "blame", "similar", "request")
    ]
    # Of acts that end at the same word the longer one counts: "i like" over "like".
    nearest = max(before, key=lambda act: (act.end, act.end - act.start), default=None)
    if nearest is not None and nearest.name in ("taste", "blame"):
        refused = any(
            w in ("dont", "didnt", "not") for w in text.words[max(0, nearest.start - 2) : place]
        )
        return "blame" if refused else nearest.name
    return after[0].name if after else nearest.name if nearest else ""
