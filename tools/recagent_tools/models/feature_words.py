"""What the ranker's features mean, in words for people; one phrase for all that say the same.

A phrase names what is looked at, not which way it counts: that is the sign of its share.
"""

from __future__ import annotations

from collections.abc import Mapping

ABOUT_YOU = "how much is known of you"
"""Of features that are the same for all candidates."""
TASTE = "the taste your likes show"
ALIKE = "what people like you took"
TOGETHER = "how often it is taken with what you like"
CONTENT = "how alike it is described"
NEXT = "how often it is taken soon after what you like"
BEFORE = "how often it is taken before what you like"
TAKEN = "how many people took it"
LATELY = "how many took it lately"
KNOWN = "how well known it is beside your likes"
YEAR = "how near its year is to your likes"
AVID = "how much its people take"

EXACT: Mapping[str, str] = {
    "content.categories": "kinds in common with your likes",
    "content.people": "people in common with your likes",
    "content.tags": "tags in common with your likes",
    "content.text": "words in common with your likes",
    "popularity.count": TAKEN,
    "popularity.rank": TAKEN,
    "popularity.recent": LATELY,
    "popularity.trend": LATELY,
    "popularity.gap": KNOWN,
    "popularity.rarest_gap": KNOWN,
    "rating": "how it is rated",
    "age": "how long people have been taking it",
    "activity": AVID,
    "activity.gap": AVID,
    "history.length": ABOUT_YOU,
    "history.popularity": ABOUT_YOU,
    "history.spread": ABOUT_YOU,
    "history.activity": ABOUT_YOU,
    "year": "its year",
    "year.gap": YEAR,
    "year.nearest": YEAR,
}
"""By name of the feature."""
FAMILIES: Mapping[str, str] = {
    "als": TASTE,
    "user_knn": ALIKE,
    "ease": TOGETHER,
    "cooccurrence": TOGETHER,
    "content": CONTENT,
    "nearby": NEXT,
    "transitions": NEXT,
    "lag": NEXT,
    "window": NEXT,
    "before": BEFORE,
}
"""By what stands before the point, where the whole name is not above."""


def feature_words(name: str) -> str:
    """What a column of `feature_names` means.

    Raises:
        KeyError: nobody has put it into words.
    """
    return EXACT.get(name) or FAMILIES[name.partition(".")[0]]
