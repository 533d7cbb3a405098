"""Evidence as JSON values: rows as ids and titles, all figures."""

from __future__ import annotations

from typing import Any

from recagent_catalogs.store import Catalog

from .evidence import Evidence

DIGITS = 6


def evidence_json(evidence: Evidence, catalog: Catalog) -> dict[str, Any]:
    """The evidence of one item, as `recagent.evidence/1` has it."""
    item = catalog.item(evidence.row)
    return {
        "item": {"id": item.id, "title": item.title, "year": item.year},
        "list": evidence.number,
        "place": evidence.place,
        "of": evidence.of,
        "candidates": evidence.candidates,
        "score": _rounded(evidence.score),
        "order": evidence.order or None,
        "recomputed": evidence.recomputed,
        "stages": [
            {"number": s.number, "tool": s.tool, "note": s.note, "place": s.place, "of": s.of}
            for s in evidence.stages
        ],
        "conditions": list(evidence.conditions),
        "parts": [
            {"name": part.name, "words": part.words, "share": _rounded(part.share)}
            for part in evidence.parts
        ],
        "likes": {
            "by": evidence.likes_by,
            "score": _rounded(evidence.likes_score),
            "prior": _rounded(evidence.likes_prior),
            "shares": [
                {**_named(like.row, catalog), "share": _rounded(like.share)}
                for like in evidence.likes
            ],
        },
        "ranker": _ranker(evidence),
        "together": {
            "verb": taken_verb(catalog),
            "counts": [
                {**_named(told.row, catalog), "both": told.both, "of": told.of}
                for told in evidence.together
            ],
        },
        "shared": [
            {**_named(path.liked, catalog), "column": path.column, "value": path.value}
            for path in evidence.shared
        ],
        "with": None if evidence.fares is None else evidence.fares.to_json(),
        "taken_by": evidence.taken_by,
        "mean_rating": _rounded(evidence.mean_rating),
    }


def _ranker(evidence: Evidence) -> dict[str, Any] | None:
    if not evidence.features:
        return None
    return {
        "score": _rounded(evidence.features_score),
        "base": _rounded(evidence.features_base),
        "features": [
            {
                "name": feature.name,
                "words": feature.words,
                "value": _rounded(feature.value),
                "share": _rounded(feature.share),
            }
            for feature in evidence.features
        ],
    }


def _named(row: int, catalog: Catalog) -> dict[str, Any]:
    item = catalog.item(row)
    return {"id": item.id, "title": item.title}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def taken_verb(catalog: Catalog) -> str:
    """What the people of the data did with an item: "liked", "rated" or "took"."""
    taken = catalog.interactions
    if catalog.verdicts:
        return "liked"
    return "rated" if taken is not None and taken.explicit else "took"
