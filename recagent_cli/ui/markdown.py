"""Strangers' text in Markdown: words only, whatever they hold."""

from __future__ import annotations

import re

from recagent_catalogs.text import clean

_MARKUP = re.compile(r"[\\`*_{}\[\]<>|#!~&$@]")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_BLOCK = re.compile(r"^(?:(?=[-+](?!\d)|=)|(?<!\d)(\d{1,9})(?=[.)](?:\s|$)))")


def escaped(text: str) -> str:
    """Text without meaning for Markdown: no markup, link, address, picture, list, rule or HTML."""
    told = _ADDRESS.sub(r"\\", _MARKUP.sub(r"\\\g<0>", clean(text).strip()))
    return _BLOCK.sub(r"\1\\", told)


def bold(text: str) -> str:
    """Text in bold; nothing for nothing, of which stars would make a rule."""
    told = escaped(text)
    return f"**{told}**" if told else ""


def paragraph(text: str) -> str:
    """Lines of text, each on its own, none of which begins a list, a heading or code."""
    lines = [clean(line).strip() for line in clean(text, newlines=True).split("\n")]
    return "  \n".join(escaped(line) for line in lines if line)
