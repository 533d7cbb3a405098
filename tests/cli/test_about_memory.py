# ruff: noqa: E501
"""Words about memory itself: they state nothing, make no list, and tell the true state."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_cli.agent.builtin.dialogue.about_memory import read_memory
from recagent_cli.memory.store import UserStore
from tests.conftest import RunCommand

SAID = {
    "forget_all": [
        "forget everything about me", "delete my profile", "delete everything you know about me",
        "forget everything you know about me", "please wipe my data", "forget all you know about me",
        "can you delete all my data?", "erase everything you have learned about me", "forget me",
        "reset my profile", "clear my history", "forget everything I told you", "forget what you know about me",
        "delete all the things you know about me please",
    ],
    "forget_last": [
        "forget what I said", "I take that back", "forget what I just told you", "I didn't mean that",
        "sorry, I take it back", "forget that I said that",
    ],
    "watchlist": ["clear my watchlist", "empty my watchlist", "please delete everything on my watch list", "wipe my wishlist"],
    "stop": [
        "don't save this", "stop learning", "please stop tracking me", "turn off memory", "stop remembering things",
        "don't remember anything I say from now on", "don't store anything about me", "stop noting what I like",
        "I don't want to be tracked", "I don't want you to remember this", "pause", "go incognito", "switch off tracking",
        "Do not record this conversation.", "no tracking please", "stop recording", "please don't keep my data",
        "off the record", "stop saving my history", "turn the memory off", "I don't want this to be saved",
    ],
    "resume": ["start remembering again", "resume", "turn on memory", "you can start learning again", "turn memory back on"],
    "state": [
        "are you storing this?", "am I in incognito?", "privacy?", "who is this for?", "are you tracking me?",
        "do you save what I say?", "is this private?", "are you still learning?", "is memory on?", "do you remember this?",
        "do you store my data?", "is this being recorded?", "whose profile is this?", "where is my data stored?",
        "is anything I say stored?", "are we incognito", "who can see this?", "do you keep my data?", "is what I say saved?",
        "what do you do with my data?",
    ],
}  # fmt: skip
FORGOTTEN = [
    ("forget that i liked heat", "heat"),
    ("i dont want you to know I like Jaws", "jaws"),
    ("forget that I like sci-fi", "sci-fi"),
    ("Please forget that I ever liked The Birds.", "the birds"),
    ("I take back what I said about Psycho", "psycho"),
    ("take back that i hate shooters", "shooters"),
    ("don't remember that I watched Alien", "alien"),
    ("forget what I said about Alien", "alien"),
    ("remove Heat from my profile", "heat"),
    ("delete Toy Story from my history please", "toy story"),
    ("stop thinking I like musicals", "musicals"),
    ("forget that I don't like horror", "horror"),
    ("I never wanted you to know that I hated Titanic", "titanic"),
    ("I take what I said about Psycho back", "psycho"),
    ("forget I said I like westerns", "westerns"),
    ("stop thinking I'm into farming games", "farming games"),
]
ASKED = [
    ("known", "do i like horror?", "horror"), ("known", "have I seen Toy Story?", "toy story"),
    ("known", "did I like Heat", "heat"), ("known", "have I already watched The Birds before?", "the birds"),
    ("why", "why do you think I like sci-fi?", "sci-fi"), ("why", "how do you know that?", ""),
    ("why", "why do you say that I hate musicals?", "musicals"), ("why", "how do you know I like westerns?", "westerns"),
    ("known", "have I played Portal yet?", "portal"), ("why", "what makes you think I'm into horror?", "horror"),
]  # fmt: skip
OTHERS = [
    "forget it", "forget that", "forget the 90s", "forget Denzel", "forget horror", "start over", "never mind",
    "I forgot the title, it has a shark", "films about memory loss", "something about a man who cannot remember",
    "I loved Heat", "I never want to see Jaws again", "what do you know about me?", "save as weekend",
    "save this list as fun", "clear", "reset", "forget everything", "a film about privacy and surveillance",
    "stop showing me horror", "don't show me this again", "I want something to learn from", "Total Recall",
    "The Forgotten", "Memento", "Eternal Sunshine of the Spotless Mind", "films about tracking a killer",
    "films with people who learn to dance", "history films", "a history of violence", "Stop Making Sense",
    "do you know Heat?", "do I need to see the first one?", "do you remember the film with the shark?", "add Heat to my watchlist", "I want to save money",
    "keep it short", "keep them under two hours", "remember the titans", "don't tell mom the babysitter's dead",
    "no remakes", "stop", "who is in it?", "what do you mean?", "I didn't mean horror, I meant thriller",
    "never let me go", "The Data", "forget about comedies, show me dramas", "remove the second one", "remove Heat",
    "delete horror from the list", "drop the comedies", "is it on Netflix?", "is this a comedy?", "is this for kids?",
    "what is it about?", "do you have anything by Hitchcock?", "have I seen it?", "is that safe for kids?",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in SAID.items() for t in texts])
def test_what_is_said_of_memory_is_read(kind: str, text: str) -> None:
    act = read_memory(text)
    assert act is not None and act.kind == kind


@pytest.mark.parametrize(("text", "what"), FORGOTTEN)
def test_what_is_to_be_forgotten_is_named(text: str, what: str) -> None:
    act = read_memory(text)
    assert act is not None and (act.kind, act.what) == ("forget", what)


@pytest.mark.parametrize(("kind", "text", "what"), ASKED)
def test_what_is_asked_of_what_is_known(kind: str, text: str, what: str) -> None:
    act = read_memory(text)
    assert act is not None and (act.kind, act.what) == (kind, what)


@pytest.mark.parametrize("text", OTHERS)
def test_other_words_are_not_of_memory(text: str) -> None:
    assert read_memory(text) is None


def test_words_of_memory_write_nothing_and_name_the_command(
    home: Path, recagent: RunCommand
) -> None:
    store = UserStore(home / "data" / "user.sqlite")
    every = [text for texts in SAID.values() for text in texts]
    every += [text for text, _ in FORGOTTEN]
    every += ["forget that I liked Blue Static", "forget that I love westerns"]
    lines = ["I loved Paper Lanterns", "forget that I liked lanterns", "forget Blue Static", *every]
    ran = recagent("chat", stdin="\n".join(lines) + "\n")
    told = " ".join((ran.out + ran.err).split())
    assert ran.code == 0
    assert 'recagent profile forget "Paper Lanterns (2001)"' in told
    assert "liked" in told and "forget --all" in told and "profile pause" in told
    assert "Nothing is noted of you about Blue Static" in told
    noted = [(e.kind, e.item) for e in store.events("me") if e.kind not in ("shown", "said")]
    assert noted == [("liked", "f05")]
    assert {e.turn for e in store.events("me", kinds=["shown"])} == {1}
    assert not store.events("me", kinds=["said"])


def test_what_is_asked_of_what_is_known_is_told(home: Path, recagent: RunCommand) -> None:
    asked = [
        "what did you learn about me?", "what can you tell about me", "show me what you know",
        "what's in my profile?", "do you remember what I liked?", "what do you have on me",
    ]  # fmt: skip
    lines = [
        "I loved Paper Lanterns",
        "have I seen Paper Lanterns?",
        "do I like Blue Static?",
        *asked,
    ]
    ran = recagent("chat", stdin="\n".join(lines) + "\n")
    told = " ".join((ran.out + ran.err).split())
    assert 'Noted: Paper Lanterns (2001): liked. Where that comes from: /profile why "Paper' in told
    assert "Nothing is noted of you about Blue Static" in told
    assert told.count("I know that you like Paper Lanterns") == len(asked)


def test_the_profile_is_paused_in_chat(home: Path, recagent: RunCommand) -> None:
    store = UserStore(home / "data" / "user.sqlite")
    lines = ["/profile pause", "are you storing this?", "I loved Paper Lanterns", "/profile pause"]
    lines += ["/profile resume", "I loved Blue Static", "/profile forget Blue Static"]
    ran = recagent("chat", "--as", "lea", stdin="\n".join(lines) + "\n")
    told = " ".join((ran.out + ran.err).split())
    assert "Your profile is paused" in told and "already paused" in told
    assert 'recagent profile forget "Blue Static" --as lea' in told
    assert [e.item for e in store.events("lea", kinds=["liked"])] == ["f07"] or [
        e.item for e in store.events("lea", kinds=["liked"])
    ] == [e.item for e in store.events("lea") if e.kind == "liked"][:1]


def test_the_watchlist_under_its_short_name(home: Path, recagent: RunCommand) -> None:
    store = UserStore(home / "data" / "user.sqlite")
    lines = ["take Blue Static off my list", "Paper Lanterns is on my list", "what's on my list?"]
    lines += ["Paper Lanterns is no longer on my list", "show my list"]
    ran = recagent("chat", stdin="\n".join(lines) + "\n")
    told = " ".join((ran.out + ran.err).split())
    assert "Blue Static (2008) is not on your watchlist" in told
    assert "Paper Lanterns (2001) on your watchlist" in told
    assert "Your watchlist is empty" in told
    wanted = [(e.item, e.value) for e in store.events("me", kinds=["wanted"])]
    assert [item for item, _ in wanted] == ["f05", "f05"] and wanted[-1][1] == 0
