"""What speaks for each item in each dialogue: one number a dialogue and item.

The parts are those that the product ranks by: how well an item fits what was named, how alike it
is, its kinds and its name (`recagent_tools.kin`), the kinds, tags and years asked for, and what is
known of it anyway: how often it was taken, lately and ever, and how new it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_tools.conditions import evaluate, parse_condition
from recagent_tools.kin import Names, name_words
from recagent_tools.models.blend import standardised
from recagent_tools.models.engine import Engine
from recagent_tools.models.history import History

from .talks import Kind, Talk

Floats = NDArray[np.float32]
Part = NDArray[Any]
MOST_ITEMS = 5_000
"""Items that are ranked, the most taken; of the others nobody knows enough to rank them."""
RANKED = 1_000
NEW_YEARS = 6
"""Over so many years newness rises, up to the year of the catalog's newest items."""
BOUND = np.float32(4)
PRIOR = 3.0
"""Users added to both sides of a lift: one shared user is no evidence."""
USUAL_KINDS = 2.0


class TalkFeatures:
    """The features of dialogues against one catalog; n dialogues, m items.

    Attributes:
        items: int32 [m], the rows that are ranked.
        parts: float32 [n, m] by name.
        named: bool [n, m], what was named and must not come again.
    """

    def __init__(
        self,
        talks: Sequence[Talk],
        catalog: Catalog,
        engine: Engine,
        weights: Mapping[str, float],
    ) -> None:
        """Compute all parts.

        Args:
            talks: the dialogues.
            catalog, engine: the items and the models.
            weights: of the parts, which choose the items that the ranker looks at.
        """
        self.talks, self.catalog, self.engine = talks, catalog, engine
        taken = engine.popularity("all")
        best = np.argsort(-taken, kind="stable")[:MOST_ITEMS]
        self.items = np.sort(best[taken[best] >= PRIOR]).astype(np.int32)
        self._place = {int(row): place for place, row in enumerate(self.items)}
        self._kinds = self._kind_table()
        self.named = np.zeros((len(talks), len(self.items)), dtype=bool)
        for n, talk in enumerate(talks):
            self.named[n, [p for row in talk.rows if (p := self._place.get(row)) is not None]] = (
                True
            )
        self.parts: dict[str, Floats] = {
            **self._known(),
            **self._of_the_named(),
            **self._of_the_words(),
        }
        self.parts["fit"] = self._fit(weights)

    def place(self, row: int | None) -> int | None:
        """Where an item stands among those ranked."""
        return None if row is None else self._place.get(row)

    def profile(self) -> Floats:
        """What items are: kinds and newness, float32 [m, q]; for what words tell of."""
        new = self._new()[:, None]
        return np.concatenate([self._kinds[0], new], axis=1).astype(np.float32)

    # --- what is known of the items anyway -------------------------------------------------------

    def _known(self) -> dict[str, Floats]:
        ever = standardised(np.log1p(self.engine.popularity("all")))[self.items]
        lately = standardised(np.log1p(self.engine.popularity("recent")))[self.items]
        rows = {"ever": ever, "lately": lately, "new": self._new()}
        shape = (len(self.talks), len(self.items))
        return {name: np.broadcast_to(values, shape) for name, values in rows.items()}

    def _years(self) -> Floats:
        column = self.catalog.schema.one(Role.YEAR)
        if column is None:
            return np.zeros(len(self.items), dtype=np.float32)
        years = np.asarray(self.catalog.numbers(column.name)[self.items], dtype=np.float32)
        return np.where(np.isnan(years), np.nanmean(years), years)

    def _new(self) -> Floats:
        years = self._years()
        newest = years.max(initial=0)
        return np.clip((years - (newest - NEW_YEARS)) / NEW_YEARS, 0, 1).astype(np.float32)

    # --- what was named --------------------------------------------------------------------------

    def _of_the_named(self) -> dict[str, Floats]:
        found = {name: self._empty() for name in ("alike", "kin", "lift", "series")}
        table, weight = self._kinds
        weighted = table * weight
        units = weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-9)
        centred = units - units.mean(axis=0)
        alike: dict[int, Floats] = {}
        lifts = self._lifts()
        for n, talk in enumerate(self.talks):
            found["series"][n] = self._series(talk)
            rows = talk.rows
            if not rows:
                continue
            for row in rows:
                if row not in alike:
                    alike[row] = self.engine.likeness(History.of([row]), self.items)
            found["alike"][n] = _bounded(np.mean([alike[row] for row in rows], axis=0))
            found["lift"][n] = np.mean([lifts[row] for row in rows], axis=0)
            mine = [units[p] for row in rows if (p := self._place.get(row)) is not None]
            if mine:
                found["kin"][n] = centred @ (np.mean(mine, axis=0) - units.mean(axis=0))
        return found

    def _fit(self, weights: Mapping[str, float]) -> Floats:
        """How well the items that the other parts put first fit what was named; the rest as badly.

        The ranker takes most of the time: it is asked for these only.
        """
        found = self._empty()
        for n, talk in enumerate(self.talks):
            if not talk.rows:
                continue
            rest = np.zeros(len(self.items), dtype=np.float32)
            for name, part in self.parts.items():
                rest += np.float32(weights.get(name, 0.0)) * part[n]
            first = np.sort(np.argsort(-rest, kind="stable")[:RANKED])
            history = History.of(talk.rows, ordered=True)
            fit = standardised(self.engine.rank(self.items[first], history))
            found[n] = fit.min(initial=0)
            found[n, first] = fit
        return found

    def _lifts(self) -> Mapping[int, Floats]:
        """Logarithm of how much oftener than by chance two items were taken by one user."""
        from scipy import sparse

        taken = self.catalog.interactions
        named = sorted({row for talk in self.talks for row in talk.rows})
        if taken is None:
            return {row: np.zeros(len(self.items), np.float32) for row in named}
        matrix = sparse.csr_matrix(
            (np.ones(len(taken.item), np.float32), (taken.user[:], taken.item[:])),
            shape=(taken.n_users, self.catalog.n_items),
        )
        matrix.data[:] = 1
        counts = np.asarray(matrix.sum(axis=0)).ravel()
        both = (matrix[:, named].T @ matrix[:, self.items]).toarray()
        chance = np.outer(counts[named], counts[self.items]) / taken.n_users
        lifts = np.log((both + PRIOR) / (chance + PRIOR)).astype(np.float32)
        return dict(zip(named, lifts, strict=True))

    def _series(self, talk: Talk) -> Floats:
        titles = {item.title for item in talk.named}
        total = np.zeros(len(self.items), dtype=np.float32)
        for title in titles:
            if title not in self._same_name:
                self._same_name[title] = self._names.alike(name_words(title))
            total = np.maximum(total, self._same_name[title])
        return total

    # --- what was said ---------------------------------------------------------------------------

    def _of_the_words(self) -> dict[str, Floats]:
        names = ("kinds", "asked", "last", "tags", "years", "age")
        found = {name: self._empty() for name in names}
        table = self._kinds[0]
        entire = np.clip(USUAL_KINDS / np.maximum(table.sum(axis=1), 1), 0, 2)
        when = standardised(self._years())
        for n, talk in enumerate(self.talks):
            found["kinds"][n] = self._share(talk.kinds) * entire
            found["asked"][n] = self._share(talk.asked)
            found["last"][n] = self._share(talk.last)
            for column, value, weight in talk.tags:
                found["tags"][n] += weight * self._tagged(column, value)
            for condition in talk.request.conditions:
                read = parse_condition(condition, self.catalog)
                if self.catalog.schema.column(read.column).role is Role.YEAR:
                    found["years"][n] += evaluate(read, self.catalog)[self.items]
            found["age"][n] = dict(talk.request.weights).get("recency", 0.0) * when
        found["tags"] = np.clip(found["tags"], -2, 2)
        return found

    def _kind_table(self) -> tuple[Floats, Floats]:
        """Which item has which kind, float32 [m, kinds], and how rare each kind is."""
        self._kind_places: dict[Kind, int] = {}
        columns = []
        for column in self.catalog.schema.with_role(Role.CATEGORIES):
            words = self.catalog.words(column.name)
            for value in words.values:
                self._kind_places[column.name, value] = len(columns)
                columns.append(words.mask([value]))
        table = np.stack(columns, axis=1) if columns else np.zeros((self.catalog.n_items, 1))
        rare = np.log(len(table) / np.maximum(table.sum(axis=0), 1))
        self._same_name: dict[str, Floats] = {}
        titles = [item.title for item in self.catalog.items(self.items.tolist())]
        self._names = Names([name_words(title) for title in titles])
        self._carriers: dict[tuple[str, str], Floats] = {}
        return table[self.items].astype(np.float32), rare.astype(np.float32)

    def _share(self, kinds: frozenset[Kind]) -> Floats:
        """The share of these kinds that each item has."""
        places = [self._kind_places[kind] for kind in kinds if kind in self._kind_places]
        if not places:
            return np.zeros(len(self.items), dtype=np.float32)
        return np.asarray(self._kinds[0][:, places].mean(axis=1), dtype=np.float32)

    def _tagged(self, column: str, value: str) -> Floats:
        key = column, value
        if key not in self._carriers:
            mask = self.catalog.words(column).mask([value])[self.items]
            self._carriers[key] = mask.astype(np.float32)
        return self._carriers[key]

    def _empty(self) -> Floats:
        return np.zeros((len(self.talks), len(self.items)), dtype=np.float32)


def _bounded(values: Floats) -> Floats:
    return np.asarray(BOUND * np.tanh(values / BOUND), dtype=np.float32)
