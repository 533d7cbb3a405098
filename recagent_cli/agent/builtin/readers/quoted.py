"""Words within quotes."""

from __future__ import annotations

import re

QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]{1,120})[\"“”„«»]|(?<!\w)['‘]([^'‘’]{2,80})['’](?!\w)")
"""Group 1 or 2 is what stands within the quotes."""
