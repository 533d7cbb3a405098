"""Why an item is in the list, in words: plan, draft, check, refine.

After RefineX and PC-CRS: what is to be said is planned from the evidence, drafted by templates or
by the model, checked by code on four aspects, and what fails is rewritten, at most twice, before
the template takes its place. Rows, order and scores go in and come out as they are.
"""

from __future__ import annotations

from .aspects import Scene, faults_in
from .plan import STYLES, Plan, Point, Style, plans
from .refine import Explained, Rewrite, explain

__all__ = [
    "STYLES",
    "Explained",
    "Plan",
    "Point",
    "Rewrite",
    "Scene",
    "Style",
    "explain",
    "faults_in",
    "plans",
]
