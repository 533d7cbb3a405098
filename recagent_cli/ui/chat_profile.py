"""Slash commands for what is known of the person: `/profile`, `/profile why 2`, `/incognito`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput

from .chat_command import ChatCommand
from .said_here import said_here

if TYPE_CHECKING:
    from ..profiles import Profiles
    from ..targets import Target
    from .chat import Chat

PARTS = ("all", "why", "set", "undo", "pending", "pause", "resume", "forget")
DECIDED = {"accept": "accepted", "refuse": "refused"}
HINT = "/profile why N · /profile set genres=Horror -1 · /profile undo N · /profile all"
NOT_HERE = "incognito: the profile is not looked at here (/incognito off)"


def _profile(chat: Chat, rest: str) -> None:
    if chat.assistant.incognito:
        raise BadInput(NOT_HERE)
    word, _, rest = rest.partition(" ")
    parts = {"": _show, "show": _show, "all": _show_all, "why": _why, "set": _set, "undo": _undo,
             "pending": _pending, "pause": _pause, "resume": _resume,
             "forget": _forget}  # fmt: skip
    if word not in parts:
        raise BadInput(f"/profile {word}?", hint=f"/profile, /profile {' · '.join(PARTS)}")
    parts[word](chat, rest.strip())


def _profiles(chat: Chat) -> Profiles:
    from ..profiles import Profiles

    assistant = chat.assistant
    return Profiles(assistant.store, assistant.profile_name, assistant.library, assistant.learning)


def _show(chat: Chat, rest: str, *, everything: bool = False) -> None:
    from .profile import profile_renderables

    profiles = _profiles(chat)
    known = profiles.known(chat.assistant.catalog.path.name)
    chat.show(
        *profile_renderables(
            profiles, known, everything=everything, ascii_only=chat.ascii_only, hint=HINT
        )
    )


def _show_all(chat: Chat, rest: str) -> None:
    _show(chat, rest, everything=True)


def _meant(chat: Chat, profiles: Profiles, text: str) -> Target:
    from ..targets import Targets

    return Targets.among(profiles, chat.assistant.catalog.path.name, "").find(text)


def _why(chat: Chat, rest: str) -> None:
    from .profile import why_renderables

    if not rest:
        raise BadInput("/profile why what?", hint="a fact's number, a title, genres=Horror")
    profiles = _profiles(chat)
    origin = profiles.origin(_meant(chat, profiles, rest))
    chat.show(*why_renderables(origin, profiles, said=said_here))


def _set(chat: Chat, rest: str) -> None:
    from .profile import fact_text

    named, _, weight = rest.rpartition(" ")
    if not named:
        raise BadInput("/profile set what to which weight?", hint="/profile set genres=Horror -1")
    profiles = _profiles(chat)
    made = profiles.set_weight(_meant(chat, profiles, named), weight, source="chat /profile set")
    chat.note(f"noted: #{made.id} {fact_text(made, profiles)}")


def _undo(chat: Chat, rest: str) -> None:
    from ..memory.undoing import take_back
    from .profile import fact_text

    profiles = _profiles(chat)
    word, _, batch = rest.partition(" ")
    numbers = () if word == "--batch" else _numbers(rest.split())
    batch = batch.strip() if word == "--batch" else ""
    for fact in take_back(profiles.store, profiles.name, numbers, batch=batch):
        chat.note(f"taken back: #{fact.id} {fact_text(fact, profiles)}")


def _numbers(words: Sequence[str]) -> list[int]:
    plain = [word.removeprefix("#") for word in words]
    if any(not (word.isascii() and word.isdigit()) for word in plain):
        raise BadInput("which fact?", hint="/profile shows their numbers")
    return [int(word[:18]) for word in plain]


def _pending(chat: Chat, rest: str) -> None:
    from ..memory.undoing import decide, pending
    from .profile import fact_text, pending_table

    profiles = _profiles(chat)
    waiting = pending(profiles.store, profiles.name, chat.assistant.catalog.path.name)
    if not rest and waiting:
        chat.show(pending_table(waiting, profiles))
        chat.note("/profile pending accept N · refuse N · accept all")
        return
    if not rest:
        chat.note("nothing waits for your word")
        return
    word, *named = rest.split()
    if word not in DECIDED or not named:
        raise BadInput("accept or refuse which?", hint="/profile pending accept N")
    numbers = [event.id for event in waiting] if named == ["all"] else _numbers(named)
    for fact in decide(profiles.store, profiles.name, numbers, accept=word == "accept"):
        chat.note(f"{DECIDED[word]}: {fact_text(fact, profiles)}")


def _pause(chat: Chat, rest: str, *, resume: bool = False) -> None:
    from ..memory.pausing import pause

    assistant = chat.assistant
    source = "chat /profile resume" if resume else "chat /profile pause"
    news = pause(assistant.store, assistant.profile_name, source=source, resume=resume)
    chat.look_up()
    already = "" if news else "already "
    if resume:
        chat.note(f"{already}noting: what you say and are shown is kept again")
    else:
        chat.note(f"{already}paused: nothing new is noted; /profile resume ends it")


def _resume(chat: Chat, rest: str) -> None:
    _pause(chat, rest, resume=True)


def _forget(chat: Chat, rest: str) -> None:
    """Say how: it removes conversations as well, this one may be among them."""
    named = f'"{rest}"' if rest and not rest.startswith("-") else rest or "TITLE"
    profile = chat.assistant.profile_name
    whose = "" if profile == "me" else f" --as {profile}"
    chat.note("forgetting removes conversations, too, perhaps this one; leave the chat and type:")
    chat.note(f"recagent profile forget {named}{whose}")


def _incognito(chat: Chat, rest: str) -> None:
    """On and off. What was said on the one side never comes to the other."""
    wanted = {"": not chat.assistant.incognito, "on": True, "off": False}.get(rest.casefold())
    if wanted is None:
        raise BadInput(f"/incognito {rest}?", hint="/incognito, /incognito off")
    if wanted == chat.assistant.incognito:
        chat.note("already incognito" if wanted else "not incognito")
        return
    chat.assistant.incognito = wanted
    before, chat.session = chat.session, chat.aside or chat.assistant.new_session()
    chat.aside = before if wanted else None
    if wanted:
        chat.note("incognito, a new conversation: nothing is known of you and nothing is kept")
        chat.note("/incognito off goes back to the one before")
    else:
        chat.note("no longer incognito: what was said meanwhile is gone")


def _of_profile(chat: Chat) -> Sequence[str]:
    return PARTS


KNOWN = "what is known of you, and why"
PROFILE: tuple[ChatCommand, ...] = (
    ChatCommand("/profile", _profile, "[why 12]", KNOWN, _of_profile),
    ChatCommand(
        "/incognito", _incognito, "[off]", "keep nothing from here on", lambda chat: ("off",)
    ),
)
