"""Offline scores of recommendations, against what sells and against chance, and data to measure them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.encoder import Vectors
from nlp.recommender import Recommender
from nlp.training.recommender import Interaction, Item

K = 10

Scorer = Callable[[str], Vectors]


@dataclass(frozen=True, slots=True)
class RankingScores:
    """Means over users, between 0 and 1; `coverage` is the share of items that someone was shown."""

    users: int
    precision_at_10: float
    recall_at_10: float
    auc: float
    coverage: float


def compare(
    recommender: Recommender, train: Sequence[Interaction], test: Sequence[Interaction], *, seed: int = 20
) -> dict[str, RankingScores]:
    """Return the scores of the model, of popularity and of chance, on interactions held out from training."""
    items = recommender.model.item_ids
    generator = np.random.default_rng(seed)
    counts = np.zeros(len(items), dtype=np.float32)
    rows = {item: row for row, item in enumerate(items)}
    for one in train:
        counts[rows[one.item_id]] += 1

    def model(user: str) -> Vectors:
        scores = recommender.user_scores(user)
        return counts if scores is None else scores

    return {
        "model": score_ranking(model, items, train, test),
        "popularity": score_ranking(lambda _: counts, items, train, test),
        "random": score_ranking(lambda _: generator.random(len(items), dtype=np.float32), items, train, test),
    }


def score_ranking(
    scorer: Scorer, item_ids: Sequence[str], train: Sequence[Interaction], test: Sequence[Interaction]
) -> RankingScores:
    """Score a ranking of all items that the user has not met in training.

    Raises:
        ValueError: no held-out interactions.
    """
    rows = {item: row for row, item in enumerate(item_ids)}
    seen = _rows_by_user(train, rows)
    wanted = {user: found - seen.get(user, set()) for user, found in _rows_by_user(test, rows).items()}
    wanted = {user: found for user, found in wanted.items() if found}
    if not wanted:
        raise ValueError("expected held-out interactions, got none")
    precisions, recalls, areas = [], [], []
    shown: set[int] = set()
    for user, positives in wanted.items():
        scores = scorer(user).astype(np.float64)
        scores[list(seen.get(user, ()))] = -np.inf
        order = np.argsort(-scores, kind="stable")[: len(scores) - len(seen.get(user, ()))]
        hits = np.isin(order, list(positives))
        shown.update(order[:K].tolist())
        precisions.append(hits[:K].mean())
        recalls.append(hits[:K].sum() / len(positives))
        areas.append(_area(hits))
    return RankingScores(
        users=len(wanted),
        precision_at_10=float(np.mean(precisions)),
        recall_at_10=float(np.mean(recalls)),
        auc=float(np.mean(areas)),
        coverage=len(shown) / len(item_ids),
    )


def _area(hits: np.typing.NDArray[np.bool_]) -> float:
    """Return the share of (wanted, unwanted) pairs that are in the right order; `hits` is by rank."""
    wanted = int(hits.sum())
    unwanted = len(hits) - wanted
    if not unwanted:
        return 1.0
    unwanted_before = np.cumsum(~hits)[hits].sum()
    return float(1 - unwanted_before / (wanted * unwanted))


def _rows_by_user(interactions: Sequence[Interaction], rows: dict[str, int]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for one in interactions:
        if one.item_id in rows:
            found.setdefault(one.user_id, set()).add(rows[one.item_id])
    return found


def hold_out(
    interactions: Sequence[Interaction], *, share: float = 0.2, seed: int = 20
) -> tuple[list[Interaction], list[Interaction]]:
    """Split what a shop knows into a part to train on and a part to ask for; what one customer did with one product
    stays together."""
    generator = np.random.default_rng(seed)
    pairs = dict.fromkeys((one.user_id, one.item_id) for one in interactions)
    drawn = {pair: bool(generator.random() < share) for pair in pairs}
    train = [one for one in interactions if not drawn[one.user_id, one.item_id]]
    return train, [one for one in interactions if drawn[one.user_id, one.item_id]]


@dataclass(frozen=True, slots=True)
class RatingData:
    """Items with genres, and interactions split at random."""

    items: list[Item]
    train: list[Interaction]
    test: list[Interaction]


def movielens_like(
    *, users: int = 300, items: int = 240, per_user: int = 40, test_share: float = 0.25, seed: int = 20
) -> RatingData:
    """Make data with the shape of MovieLens: few genres, tastes that differ, a long tail of popularity."""
    generator = np.random.default_rng(seed)
    genres = 12
    # Each item has one to three genres; a few items are known to all (the long tail, as in MovieLens).
    belongs = np.zeros((items, genres))
    for row in belongs:
        row[generator.choice(genres, size=generator.integers(1, 4), replace=False)] = 1
    fame = -0.5 * np.log(generator.permutation(items) + 1)
    taste = generator.normal(size=(users, genres)) * 1.5
    quality = belongs / belongs.sum(1, keepdims=True)
    appeal = taste @ quality.T + fame + generator.gumbel(size=(users, items))
    train: list[Interaction] = []
    test: list[Interaction] = []
    for user in range(users):
        for row in np.argsort(-appeal[user])[:per_user]:
            one = Interaction(f"user-{user}", f"item-{row}", bought=True)
            (test if generator.random() < test_share else train).append(one)
    catalogue = [
        Item(f"item-{row}", f"Film {row}", tuple(f"genre:{genre}" for genre in np.flatnonzero(belongs[row])))
        for row in range(items)
    ]
    return RatingData(catalogue, train, test)
