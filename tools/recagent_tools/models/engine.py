"""The models of a catalog as the tools use them: scores, ranking, retrieval, shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import NotFound
from recagent_catalogs.interactions import Floats, Rows

from .als import ALS
from .artefacts import (
    EXPOSURE,
    HELD_BACK,
    ODD,
    ArtefactError,
    Build,
    OutdatedError,
    Verdict,
    mend,
    open_best,
    read_verified,
)
from .content import Content
from .cooccurrence import CoOccurrence
from .ease import Ease
from .facts import facts_of, year_of
from .features import KINDS, FirstStage, feature_names
from .history import History
from .likeness import likeness
from .nearby import Nearby
from .ranker import Ranker, RankerUnavailable
from .ratings import FILES, LEVEL, RatingModel
from .recommender import Recommender, content_share
from .retriever import Retriever
from .scores import Mask
from .sequences import like_weights
from .sparse import load_array
from .stats import ItemStats, Popularity
from .transitions import Transitions
from .user_knn import UserKNN

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

LOADERS: dict[str, type[Retriever]] = {
    loader.name: loader
    for loader in (ALS, UserKNN, Ease, Nearby, Transitions, CoOccurrence, Content, Popularity)
}
MOST_TOGETHER = 3


def _damaged(error: Exception) -> NotFound:
    return NotFound(f"the models are damaged ({error}); build again", hint="recagent build")


def _unranked(why: str) -> str:
    return f"the ranker cannot run, so the blend of the retrievers ranks: {why}"


def _try(catalog: Path, directory: Path, rankers: bool, size: int) -> Verdict:
    from .trial import try_build

    return try_build(catalog, directory, rankers, size)


def mend_builds(catalog: Catalog, models_dir: Path) -> Build | None:
    """Remove the damaged builds of a catalog and point to the one that `Engine.open` would use.

    Returns:
        It; None if there is none that can be used.

    Raises:
        OSError, RecagentError: the disk refuses.
    """
    return mend(models_dir, catalog.fingerprint, partial(_try, catalog.path))


class Engine:
    """Retrievers and rankers of one catalog, read-only.

    Attributes:
        trained: whether there is a usable build; otherwise content and popularity serve.
        notices: sentences for the person: what is damaged, missing or outdated.
        damaged: the one of them that says why the models should be trained anew; "" if none does.
        manifest: of the build, or None.
    """

    def __init__(
        self,
        catalog: Catalog,
        retrievers: Mapping[str, Retriever] | None = None,
        manifest: dict[str, Any] | None = None,
        directory: Path | None = None,
        notices: Sequence[str] = (),
        damaged: str = "",
    ) -> None:
        self.catalog = catalog
        self.trained = retrievers is not None
        self.notices = [*notices, *([damaged] if damaged else [])]
        self.damaged = damaged
        self.manifest = manifest
        self._directory = directory
        self._retrievers = retrievers
        self._rankers: dict[str, Ranker | None] = {}
        self._users_of: dict[int, NDArray[np.int32]] = {}

    @classmethod
    def open(cls, catalog: Catalog, models_dir: Path) -> Engine:
        """The current build if it is whole and of this data; else an untrained engine.

        Never raises for a damaged build, and is not ended by one: `damaged` or `notices` say what
        is wrong with it.
        """
        try:
            build = open_best(models_dir, catalog.fingerprint, partial(_try, catalog.path))
        except OutdatedError as error:
            return cls(catalog, notices=[str(error)])
        except ArtefactError as error:
            return cls(catalog, damaged=str(error))
        if build is None:
            return cls(catalog)
        try:
            engine = cls.of_build(catalog, build.directory, build.manifest)
        except Exception as error:  # of files that others wrote anything may come
            return cls(catalog, damaged=f"the models are damaged ({error}); build again")
        if build.instead:
            told = build.instead.removesuffix("; build again")
            engine.notices.append(f"{told}; those of the build before are used until you build")
        elif build.without:
            engine.damaged = _unranked(build.without)
            engine.notices.append(engine.damaged)
            engine._rankers = dict.fromkeys(KINDS)
        return engine

    @classmethod
    def of_build(cls, catalog: Catalog, directory: Path, manifest: dict[str, Any]) -> Engine:
        """The models of a build, its checksums verified.

        Raises:
            Exception: whatever is wrong with it.
        """
        retrievers = {
            name: LOADERS[name].load(directory, catalog.n_items) for name in manifest["retrievers"]
        }
        return cls(catalog, retrievers, manifest, directory)

    @cached_property
    def _first(self) -> FirstStage:
        """The retrievers; untrained ones are made from the catalog's arrays."""
        retrievers: dict[str, Retriever] = dict(self._retrievers or {})
        if "content" not in retrievers:
            retrievers["content"] = Content.of(facts_of(self.catalog, prose=False))
        if "popularity" not in retrievers:
            retrievers["popularity"] = Popularity(ItemStats.of_counts(self.catalog.popularity))
        usual = float((self.manifest or {}).get("data", {}).get("usual_length", 0.0))
        return FirstStage(retrievers, year_of(self.catalog), usual)

    def names(self, history: History) -> tuple[str, ...]:
        """The retrievers that are asked for such a history."""
        return self._first.personal(history.kind)

    @property
    def ordered(self) -> bool:
        """Whether the models know what people took after what."""
        return "nearby" in self._first.retrievers

    def scores(self, name: str, history: History, rows: Rows) -> Floats:
        """float32 [len(rows)], what one of `names(history)` says of these items.

        Raises:
            KeyError: there is no such retriever for this kind of history.
        """
        return self.recommender.scored(history).scores[name].of(rows)

    def likeness(self, history: History, rows: Rows) -> Floats:
        """float32 [len(rows)], how alike each item is to the named ones; zero for no history."""
        return likeness(self._first, self.popularity("all"), history, rows)

    def popularity(self, window: Literal["all", "recent"]) -> Floats:
        """float32 [n_items], how many users took each item, in all or in the newest tenth."""
        stats = self.recommender.stats
        return stats.count if window == "all" else stats.recent

    def exposure(self) -> Floats:
        """float32 [n_items], in how many measured people's lists each item stood; 0 if unknown."""
        if self._directory is None or EXPOSURE not in (self.manifest or {}).get("files", {}):
            return np.zeros(self.catalog.n_items, dtype=np.float32)
        return load_array(self._directory / EXPOSURE, np.float32, (self.catalog.n_items,))

    def held_back(self) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
        """The measured users of the data and the NDCG@10 of each; None where nobody was measured.

        Raises:
            OSError, ValueError: the file is damaged.
        """
        if self._directory is None or HELD_BACK not in (self.manifest or {}).get("files", {}):
            return None
        each = load_array(self._directory / HELD_BACK, np.float64)
        if each.ndim != 2 or each.shape[1] != 2 or not (np.abs(each) < 2**53).all():
            raise ValueError(f"{HELD_BACK}: not a user and a figure a row")
        return each[:, 0].astype(np.int64), each[:, 1]

    def user_history(self, user: int) -> History:
        """The history of a user of the catalog's data, each item once, oldest first.

        Raises:
            IndexError: no such user, or no interactions at all.
        """
        taken = self.catalog.interactions
        if taken is None or not 0 <= user < taken.n_users:
            raise IndexError(f"no user {user}")
        part = taken.history(user)
        rows = np.asarray(taken.item[part])
        first = np.sort(np.unique(rows, return_index=True)[1])
        weights = np.ones(len(first), dtype=np.float32)
        if taken.explicit and taken.value is not None:
            weights = like_weights(np.asarray(taken.value[part][first]), self._rating_scale)
        return History(rows[first].astype(np.int32), weights, taken.time is not None)

    def rank(self, rows: Rows, history: History) -> Floats:
        """Score candidates, float32 [len(rows)]: finite, comparable within one call.

        Args:
            rows: int32, the candidates.
            history: the person's likes and dislikes.
        """
        rows = np.asarray(rows, dtype=np.int32)
        return np.nan_to_num(self.recommender.rank(rows, history)).astype(np.float32)

    def retrieve(self, history: History, k: int, mask: Mask | None = None) -> Rows:
        """`Recommender.retrieve`: at most `k` unseen candidates, best place first; int32."""
        return self.recommender.retrieve(history, k, mask)

    @property
    def rates(self) -> bool:
        """Whether this build can predict ratings."""
        files = (self.manifest or {}).get("files", {})
        return self._directory is not None and set(FILES) <= set(files)

    @cached_property
    def ratings(self) -> RatingModel:
        """What predicts ratings.

        Raises:
            NotFound: nobody gave ratings on a scale, or it is not in this build.
        """
        taken = self.catalog.interactions
        if taken is None or not taken.explicit:
            raise NotFound(f"the catalog {self.catalog.name} has no ratings to learn from")
        if self.catalog.verdicts:
            raise NotFound(
                f"people only said yes or no in the catalog {self.catalog.name}; "
                "a rating cannot be told from that"
            )
        if self._directory is None or not self.rates:
            learnt = "ratings" in (self.manifest or {})
            raise NotFound(
                f"there are too few ratings in the catalog {self.catalog.name} to predict others"
                if learnt
                else "these models know nothing of ratings yet; build again",
                hint="" if learnt else "recagent build",
            )
        try:
            return RatingModel.load(self._directory, self.catalog.n_items)
        except (OSError, ValueError) as error:
            raise _damaged(error) from error

    def predict_rating(
        self, rows: Rows, ratings: Mapping[int, float] | History, *, level: float = LEVEL
    ) -> tuple[Floats, Floats, Floats]:
        """What a person would rate items: (expected, lowest, highest), float32 [len(rows)] each.

        Args:
            rows: int32, the items; their own ratings should not be among `ratings`.
            ratings: the person's, by row; a history's likes and dislikes are read as the ratings
                that such verdicts go with.
            level: how often the interval holds the rating.

        Raises:
            NotFound: as `ratings`.
        """
        model = self.ratings
        known = model.ratings_of(ratings) if isinstance(ratings, History) else ratings
        try:
            return model.predict(model.fold_in(known), rows, level)
        except ValueError as error:
            raise _damaged(error) from error

    def user_ratings(self, user: int) -> dict[int, float]:
        """The ratings of a user of the catalog's data, by row, oldest first; of two the first.

        Raises:
            IndexError: no such user.
        """
        taken = self.catalog.interactions
        if taken is None or not 0 <= user < taken.n_users:
            raise IndexError(f"no user {user}")
        if not taken.explicit or taken.value is None:
            return {}
        part = taken.history(user)
        found: dict[int, float] = {}
        for row, value in zip(taken.item[part].tolist(), taken.value[part].tolist(), strict=True):
            found.setdefault(row, value)
        return found

    def ranked_by(self, history: History) -> str:
        """What `rank` uses for this history: "ranker", "blend" or "popularity"."""
        if not history.n_liked:
            return "popularity"
        return "blend" if self.recommender.ranker(history) is None else "ranker"

    @cached_property
    def recommender(self) -> Recommender:
        """Retrieval and ranking over these retrievers."""
        share = content_share(self.catalog.schema)
        return Recommender(self._first, self._ranker, content_share=share)

    @property
    def rating_scale(self) -> tuple[float, float] | None:
        """Lowest and highest rating of the catalog; None where nobody gave any."""
        taken = self.catalog.interactions
        rated = taken is not None and taken.explicit and taken.value is not None
        return self._rating_scale if rated else None

    @cached_property
    def _rating_scale(self) -> tuple[float, float]:
        """Lowest and highest rating of the catalog."""
        kept = (self.manifest or {}).get("data", {}).get("ratings")
        if kept:
            return float(kept[0]), float(kept[1])
        taken = self.catalog.interactions
        assert taken is not None and taken.value is not None
        return float(taken.value.min()), float(taken.value.max())

    def _ranker(self, kind: str) -> Ranker | None:
        """The ranker of a kind; None, with a notice once, where it cannot run."""
        if kind not in self._rankers:
            self._rankers[kind] = self._load_ranker(kind)
        return self._rankers[kind]

    def _load_ranker(self, kind: str) -> Ranker | None:
        if self.manifest is None or self._directory is None:
            return None
        name = f"ranker.{kind}.txt"
        expected = self.manifest["files"].get(name)
        if expected is None:
            return None
        try:
            names = list(feature_names(kind))
            if self.manifest["settings"]["features"].get(kind) != names:
                raise RankerUnavailable("it was trained by another version")
            return Ranker.of_text(read_verified(self._directory / name, expected), len(names))
        except (RankerUnavailable, ArtefactError, *ODD) as error:
            sentence = _unranked(str(error))
            if sentence not in self.notices:
                self.notices.append(sentence)
            return None

    def shares(self, row: int, history: History) -> tuple[str, Floats, float]:
        """What each item of the history adds to the score of `row`.

        Returns:
            "als", float32 [k] and the share of the prior, which sum to its score; where ALS does
            not know the item, "content", the likeness of its words to those of each item, and 0;
            where neither knows it, "", zeros and 0.
        """
        als = self._first.retrievers.get("als")
        if len(history) and isinstance(als, ALS) and np.any(als.index.vectors(np.array([row]))):
            return ("als", *als.contributions(row, history))
        if len(history) and self._first.content is not None:
            return "content", self._first.content.shares(row, history), 0.0
        return "", np.zeros(len(history), dtype=np.float32), 0.0

    def together(self, row: int, liked: History) -> list[tuple[int, int, int]]:
        """(liked row, users who took both, users who took the liked one), most telling first.

        Exact counts, at most three. Of mere verdicts, 0 and 1, those count who liked it.
        """
        model = self._first.cooccurrence
        if model is None or self.catalog.interactions is None:
            return []
        weight = {}
        for seed in liked.rows.tolist():
            columns, values = model.weights.row(seed)
            place = int(np.searchsorted(columns, row))
            if place < len(columns) and int(columns[place]) == row:
                weight[seed] = float(values[place])
        best = sorted(weight, key=lambda seed: -weight[seed])[:MOST_TOGETHER]
        mine = self._takers(row)
        return [
            (seed, len(np.intersect1d(mine, self._takers(seed), assume_unique=True)), count)
            for seed in best
            if (count := len(self._takers(seed)))
        ]

    def _takers(self, row: int) -> NDArray[np.int32]:
        """The users who took an item, ascending, each once."""
        taken = self.catalog.interactions
        if taken is None:
            return np.empty(0, dtype=np.int32)
        if row not in self._users_of:
            where = np.flatnonzero(taken.item == row)
            if self.catalog.verdicts and taken.value is not None:
                where = where[taken.value[where] > 0]
            self._users_of[row] = np.unique(taken.user[where])
        return self._users_of[row]
