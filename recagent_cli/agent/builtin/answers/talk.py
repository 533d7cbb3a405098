"""What is said where no list and no fact is wanted: greetings, thanks, verdicts, what I can do."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold

from ...brain import TurnView
from ...request import Intent
from ..meaning.acts import find_acts
from ..told import labels_told
from ..words.lexicon import lexicon
from ..words.tokens import tokenize
from .wording import join, lower_kind, noted

MOST_NAMED = 3


def talk_answer(view: TurnView) -> str:
    """The answer to a turn that wants no list."""
    request, catalog = view.request, view.context.catalog
    if request.clarify:
        return request.clarify
    acts = {act.name for act in find_acts(tokenize(view.utterance), lexicon(), ())}
    if "abuse" in acts:
        return f"I am only a program, and sorry to be of no use. {what_i_can(catalog)}"
    if "sorrow" in acts:
        return f"I am sorry to hear that. Whenever you like: {_wanted(catalog)}"
    if request.intent is Intent.CLOSING:
        return "You're welcome. Enjoy!" if "thanks" in acts else "Goodbye, and enjoy!"
    if request.intent is Intent.FEEDBACK:
        if not view.context.remembered and (lost := _never_there(view)):
            return lost
        if not view.context.shown and not request.about and not view.context.remembered:
            return f"What would you like to {catalog.schema.verb}? {_try(catalog)}"
        return _feedback(view)
    if "what_can" in acts:
        return _help(catalog)
    if request.intent is Intent.OUT_OF_SCOPE:
        return f"I cannot help with that. {what_i_can(catalog)}"
    question = f"What would you like to {catalog.schema.verb}? {_try(catalog)}"
    if "smalltalk" in acts and ("?" in view.utterance or "you" in fold(view.utterance).split()):
        return f"I am only a program. {question}"
    return f"Hello! {question}" if "greet" in acts else question


def _wanted(catalog: Catalog) -> str:
    return f"what would you like to {catalog.schema.verb}?"


def _feedback(view: TurnView) -> str:
    """What to say to a verdict on what was shown, and to what was put on the watchlist."""
    request, catalog = view.request, view.context.catalog
    told = labels_told(view)
    kept = bool(request.want or request.unwant)
    titles = [] if kept else [m.title for m in request.about if m.id is not None]
    acts = {act.name for act in find_acts(tokenize(view.utterance), lexicon(), ())}
    if titles and "not_seen" in acts and "accept" not in acts:
        return _unseen(titles[0], catalog)
    first = f"Enjoy {join(titles[:MOST_NAMED])}!" if titles else noted(told) or "Good."
    further = f'Say "more" for further {catalog.schema.items}, or what to change.'
    if kept:
        further = 'Say "what\'s on my watchlist" to see it, "from my watchlist" to choose from it.'
    elif not view.context.shown:
        return first
    return f"{first} {further}"


def _unseen(title: str, catalog: Catalog) -> str:
    """What can be said of an item that the person says not to know."""
    about = f' "What is {title} about?" tells more.' if _has(catalog, Role.TEXT) else ""
    return f'"Put {title} on my watchlist" keeps it for later.{about}'


def _never_there(view: TurnView) -> str:
    """Which items should come off the watchlist and are not on it."""
    held = set(view.context.catalog.ids([*map(int, view.context.profile.wanted)]))
    names = [m.title for m in view.request.unwant if m.id is not None and m.id not in held]
    be = "is" if len(names) == 1 else "are"
    return f"{join(names[:MOST_NAMED])} {be} not on your watchlist." if names else ""


def _help(catalog: Catalog) -> str:
    """What can be said here."""
    return (
        f"{what_i_can(catalog)}\n"
        'After a list: "more", "the second one", "something older", "no horror", "start over". '
        if _has(catalog, Role.YEAR)
        else f'{what_i_can(catalog)}\nAfter a list: "more", "the second one", "start over".'
    ).strip()


def _has(catalog: Catalog, role: Role) -> bool:
    return catalog.schema.one(role) is not None


def not_understood(catalog: Catalog) -> str:
    """The question back where nothing was understood."""
    if not _describes(catalog):
        return (
            f"I did not understand that: of its {catalog.schema.items} this catalog knows only who "
            f"took which, no titles and no kinds. Name one that you like."
        )
    return f"I did not understand that. What kind of {catalog.schema.item} would you like?"


def _describes(catalog: Catalog) -> bool:
    """Whether the catalog says anything of its items beside their ids."""
    roles = (Role.CATEGORIES, Role.TAGS, Role.PEOPLE, Role.TEXT, Role.YEAR, Role.NUMBER, Role.FACET)
    first = catalog.label(0) if catalog.n_items else ""
    return any(_has(catalog, role) for role in roles) or first != (catalog.ids([0]) or [""])[0]


def examples(catalog: Catalog) -> tuple[str, ...]:
    """Three or four requests that this catalog can answer."""
    schema, made = catalog.schema, []
    kinds = schema.one(Role.CATEGORIES)
    known = [lower_kind(v) for v in catalog.words(kinds.name).values[:2]] if kinds else []
    if known:
        when = " from the 90s" if _has(catalog, Role.YEAR) else ""
        made.append(f"{known[0]}{when}" + (f", no {known[1]}" if len(known) > 1 else ""))
    best = catalog.label(int(np.argmax(catalog.popularity))) if catalog.n_items else ""
    if best:
        made.append(f"something like {best}")
    people = schema.one(Role.PEOPLE)
    if people and (names := catalog.words(people.name).values):
        cue = people.cues[0] if people.cues else "with"
        full = next((name for name in names[:20] if " " in name), names[0])
        made.append(f"{schema.items} {cue} {full}")
    if best and _has(catalog, Role.TEXT):
        made.append(f"what is {best} about?")
    return tuple(made)


def what_i_can(catalog: Catalog) -> str:
    """What can be asked here, with examples of this catalog."""
    return f"I recommend {catalog.schema.items} out of {catalog.n_items:,}. {_try(catalog)}"


def _try(catalog: Catalog) -> str:
    shown = " · ".join(f'"{text}"' for text in examples(catalog))
    return f"Try: {shown}" if shown else ""
