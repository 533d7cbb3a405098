"""The one checker of words that a model wrote: `check` names what is not so, `ground` mends it.

It recognises claims in free text and holds them against bus and catalog: titles, years, numbers,
names, words of the vocabularies, places and praise, what is said of the person, addresses and code.
Everything else of this room is behind these four functions.
"""

from __future__ import annotations

from .check import check
from .fault import Aspect, Fault
from .ground import ground, ground_question
from .sentences import plain
from .world import World, numbers_in

__all__ = ["Aspect", "Fault", "World", "check", "ground", "ground_question", "numbers_in", "plain"]
