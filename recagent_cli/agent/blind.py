"""How servers say that a model cannot look at pictures, or that they do not take one of them."""

from __future__ import annotations

import re

_NO_IMAGES = re.compile(
    r"(?:(?:do|does|did|can|is|are|was) ?(?:not|n[o']t)|cannot|no|not|only|unable|without|isn't)\b"
    r".{0,60}\b(?:images?|image_url|vision|visual|pictures?|multi-?modal\w*|modalit(?:y|ies))\b"
    r"|\b(?:images?|image_url|vision|visual|multi-?modal\w*|modalit(?:y|ies))\b.{0,60}"
    r"(?:(?:do|does|is|are|was) ?(?:not|n[o']t)|not|isn't|cannot|only)\b.{0,20}"
    r"(?:support|enabled|allowed|available|accept|valid|permitted|\w+ supported)"
    r"|unknown variant `?image|at most 0 image|unsupported.{0,40}(?:image|modalit|content type)"
    r"|content'?\]?\"?:? (?:must|should) be a (?:valid )?string|missing data required for image",
    re.I,
)
"""Words of servers whose model cannot look at pictures."""
_BAD_IMAGE = re.compile(
    r"(?:image|picture).{0,60}(?:exceeds|too (?:large|big|small)|dimension|process|decode|read\b"
    r"|invalid|corrupt|malformed|format)|(?:could ?n[o']t|failed to|cannot|unable to|invalid"
    r"|unsupported) (?:\w+ ){0,3}image",
    re.I,
)
_OTHER = frozenset((401, 402, 403, 408, 429))
"""Statuses that say more than the words."""


def about_pictures(status: int, text: str) -> str:
    """Why the pictures of a request were refused: "no_images", "bad_image"; "" for another error.

    Args:
        status: of HTTP; 0 where there is none.
        text: what the server said. Held against it only where pictures were sent.
    """
    if status in _OTHER:
        return ""
    if _BAD_IMAGE.search(text) and not re.search(r"support|enabled", text, re.I):
        return "bad_image"
    return "no_images" if _NO_IMAGES.search(text) else ""
