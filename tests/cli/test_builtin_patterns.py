"""Patterns that are compiled late, and not at all for texts that cannot match."""

from __future__ import annotations

import re

import pytest

from recagent_cli.agent.builtin.readers.extras import _extras
from recagent_cli.agent.builtin.readers.frames import _frames
from recagent_cli.agent.builtin.words.patterns import Pattern, needs_of

SENTENCES = [
    "who directed the quiet harbour",
    "who all had wrote the songs for the quiet harbour",
    "whos the villain in lanterns",
    "which actor is in lanterns",
    "what is lanterns about",
    "the plots of lanterns",
    "whats the running time for lanterns",
    "tell me the story of lanterns about a lighthouse",
    "what year lanterns came out",
    "how is lanterns rated",
    "what happens in lanterns",
    "lanterns came released in what",
    "where was lanterns filmed",
    "when did lanterns come",
    "what year did lanterns open",
    "how long is lanterns",
    "is lanterns any good",
    "is lanterns a really good",
    "what do the critics think of lanterns",
    "how many awards did lanterns win",
    "was lanterns out",
    "how does lanterns end",
    "did lanterns win the",
    "the lanterns trailer",
    "lanterns theme songs",
    "is lanterns a film",
    "a film with the song moonlight",
    "is the song called moonlight from lanterns",
    "soundtrack of lanterns",
    "has the famous quote never again",
    "was the line never again in lanterns",
    "show me a clip",
    "previews of lanterns",
    "reviews for lanterns",
    "who plays doctor grey in lanterns",
    "starring as doctor grey",
    "the characters called doctor grey",
    "on netflix or hbo max",
    "amazon prime video",
    "something else entirely",
    "",
]


def test_what_every_match_holds() -> None:
    assert needs_of("(?:the|a)? (?:plots?|story) of X") == (("plot", "story"),)
    assert needs_of("(?:on|at) (?:film|movies?)") == (("on", "at"), ("film", "movie"))
    assert needs_of(r"(?:on |at )*(?:\w+ ){1,3}(?!in )(?P<x>\S.*) done") == ()
    assert needs_of("(?:one|two)|(?:three|four)") == ()
    assert needs_of("(?:a(?:b|c)?d|[xy]z|e)") == ()
    assert needs_of("(?:hbo(?: max| go)?|tubi)") == (("hbo", "tubi"),)
    assert needs_of("(?:(?:an?|the) )?(?:(?:big|small) film|song)(?:s|z){0,2}") == ()


def test_it_finds_what_the_expression_finds() -> None:
    found = 0
    for pattern in frames():
        plain = re.compile(pattern.expression)
        for sentence in SENTENCES:
            match, expected = pattern.search(sentence), plain.search(sentence)
            assert str(match) == str(expected), pattern.expression
            all_found = [m.span() for m in pattern.finditer(sentence)]
            assert all_found == [m.span() for m in plain.finditer(sentence)]
            found += match is not None
    assert found > 40


def test_nothing_is_compiled_for_a_text_that_cannot_match(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = Pattern("(?:plots?|story) of", needs_of("(?:plots?|story) of"))

    def never(*_: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(re, "compile", never)
    assert pattern.search("a heist film") is None
    assert pattern.match("a heist film") is None
    assert pattern.fullmatch("a heist film") is None
    assert list(pattern.finditer("a heist film")) == []


def frames() -> list[Pattern]:
    held = _frames()
    extras = [p for pair in _extras().values() for patterns in pair for p in patterns]
    return [*held.items, *held.any, *held.behind, *extras]
