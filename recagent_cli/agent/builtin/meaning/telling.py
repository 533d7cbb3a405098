"""Turns that ask for no items: what is said of us or of oneself, and errands for others."""

from __future__ import annotations

from ...request import Intent
from .reading import Reading

_OF_US = frozenset(("you are", "are you", "youre a", "youre an", "youre so", "u r", "you re"))
_OF_ONESELF = frozenset(
    "am was were had have got went lost ate live work broke slept bought".split()
)
_WE = frozenset(("i", "we"))
_OURS = frozenset(("my", "our"))
_ERRANDS = frozenset(
    "write compose draft calculate compute solve translate explain define draw paint code "
    "program debug compile sing call phone email send text order buy sell install delete "
    "remind wake schedule cook bake fix repair teach summarize summarise proofread".split()
)


def told_only(reading: Reading) -> Intent | None:
    """The kind of turn where nothing asks for items, so that no text is searched; else None."""
    words = reading.text.words
    if reading.named_items or reading.acts & {"request", "similar", "taste", "more"}:
        return None
    if len(words) < 2 or {"something", "anything", "stuff"} & set(words):
        return None
    first, second = words[0], words[1]
    if first in _ERRANDS and len(words) > 2:
        return Intent.OUT_OF_SCOPE
    said_of_us = f"{first} {second}" in _OF_US
    told = first in _OURS or first in _WE and second in _OF_ONESELF or first == "ive"
    return Intent.CHIT_CHAT if said_of_us or told and len(words) > 2 else None
