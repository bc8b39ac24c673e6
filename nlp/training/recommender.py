"""Training of recommendations: LightFM with WARP on interactions, item features and user features."""

from __future__ import annotations

import importlib.util
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp.model_files import Vectors
from nlp.recommender import RecommenderModel
from nlp.training.recommender_state import FactorState

TOGETHER = 20  # items kept for "often bought with"
WIDEST = 512  # columns of a vector of features: a large shop has thousands of tags
BROADEST = 200  # different items; who bought more buys for others, and says nothing about what goes together
LIGHTFM_INSTALLED = importlib.util.find_spec("lightfm") is not None


@dataclass(frozen=True, slots=True)
class Item:
    """A product: `features` are words such as `category:shoes`; a consumable is bought again."""

    id: str
    title: str
    features: tuple[str, ...] = ()
    consumable: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """A customer and what is known of him, such as `country:de`."""

    id: str
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interaction:
    """A customer viewed, put in the cart or bought a product; the weight says how much that means."""

    user_id: str
    item_id: str
    weight: float = 1.0
    bought: bool = False


@dataclass(frozen=True, slots=True)
class RecommenderSettings:
    """How the model is trained; the same settings and data give the same model."""

    components: int = 32
    epochs: int = 30
    more_epochs: int = 8  # when it goes on from what was learnt before
    learning_rate: float = 0.05
    seed: int = 20


def train_recommender(
    interactions: Iterable[Interaction],
    items: Sequence[Item],
    users: Sequence[User] = (),
    settings: RecommenderSettings | None = None,
    *,
    use_lightfm: bool = LIGHTFM_INSTALLED,
) -> RecommenderModel:
    """Train on what customers did; interactions with products that are not in `items` are left out.

    Without LightFM, or without any interaction, the model knows popularity, what was bought together, and features.

    Raises:
        ValueError: two items have the same id.
    """
    rows = {item.id: row for row, item in enumerate(items)}
    if len(rows) != len(items):
        raise ValueError("expected items with different ids")
    return train_on(interactions, items, users, settings, use_lightfm=use_lightfm)[0]


def train_on(
    interactions: Iterable[Interaction],
    items: Sequence[Item],
    users: Sequence[User] = (),
    settings: RecommenderSettings | None = None,
    *,
    state: FactorState | None = None,
    use_lightfm: bool = LIGHTFM_INSTALLED,
) -> tuple[RecommenderModel, FactorState | None]:
    """Train as `train_recommender` does, going on from `state` (LightFM's `fit_partial`); return what was reached.

    Products and customers that are new since begin from nothing; those that are gone are forgotten.

    Raises:
        ValueError: two items have the same id.
    """
    settings = settings or RecommenderSettings()
    rows = {item.id: row for row, item in enumerate(items)}
    if len(rows) != len(items):
        raise ValueError("expected items with different ids")
    known = [one for one in interactions if one.item_id in rows and one.weight > 0]
    bought = _bought(known, rows)
    reached: FactorState | None = None
    if use_lightfm and known:
        usable = state if state is not None and state.components == settings.components else None
        user_ids, user_vectors, item_vectors, item_biases, reached = _fit(known, items, users, settings, usable)
        algorithm = "lightfm-warp"
    else:
        item_vectors, item_biases = _feature_vectors(items), np.zeros(len(items), dtype=np.float32)
        user_ids, user_vectors = (), np.zeros((0, item_vectors.shape[1]), dtype=np.float32)
        algorithm = "popularity"
    together_items, together_shares = _together(bought, len(items))
    model = RecommenderModel(
        item_ids=tuple(item.id for item in items),
        titles=tuple(item.title for item in items),
        consumable=np.array([item.consumable for item in items], dtype=np.bool_),
        popularity=_popularity(known, rows),
        item_vectors=item_vectors,
        item_biases=item_biases,
        user_ids=user_ids,
        user_vectors=user_vectors,
        together_items=together_items,
        together_shares=together_shares,
        bought=bought,
        algorithm=algorithm,
    )
    return model, reached


def _fit(
    interactions: Sequence[Interaction],
    items: Sequence[Item],
    users: Sequence[User],
    settings: RecommenderSettings,
    state: FactorState | None,
) -> tuple[tuple[str, ...], Vectors, Vectors, Vectors, FactorState]:
    """Return user ids, user vectors [U, D], item vectors [I, D], item biases [I] and what to go on from."""
    from lightfm import LightFM
    from lightfm.data import Dataset

    by_id = {user.id: user for user in users}
    user_ids = tuple(sorted({*by_id, *(one.user_id for one in interactions)}))
    people = [by_id.get(user, User(user)) for user in user_ids]
    dataset: Any = Dataset()
    dataset.fit(user_ids, [item.id for item in items], _features(people), _features(items))
    item_features = dataset.build_item_features([(item.id, list(item.features)) for item in items])
    user_features = dataset.build_user_features([(user.id, list(user.features)) for user in people])
    weights: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one in interactions:
        weights[one.user_id, one.item_id] += one.weight
    matrix, sample_weight = dataset.build_interactions([(*pair, weight) for pair, weight in sorted(weights.items())])
    model: Any = LightFM(
        no_components=settings.components,
        learning_rate=settings.learning_rate,
        loss="warp",
        random_state=settings.seed,
    )
    _, user_names, _, item_names = ([*mapping] for mapping in dataset.mapping())
    if state is not None:
        state.put_into(model, item_names, user_names)
    # One thread: with more, the same seed gives another model each time.
    model.fit_partial(
        matrix,
        user_features=user_features,
        item_features=item_features,
        sample_weight=sample_weight,
        epochs=settings.epochs if state is None else settings.more_epochs,
        num_threads=1,
    )
    _, user_vectors = model.get_user_representations(user_features)
    item_biases, item_vectors = model.get_item_representations(item_features)
    reached = FactorState.of(model, item_names, user_names)
    return user_ids, _dense(user_vectors), _dense(item_vectors), _dense(item_biases), reached


def _dense(values: Any) -> Vectors:
    return np.ascontiguousarray(values, dtype=np.float32)


def _features(rows: Iterable[Item | User]) -> list[str]:
    return sorted({feature for row in rows for feature in row.features})


def _feature_vectors(items: Sequence[Item]) -> Vectors:
    """Return which features an item has, rare ones counting more, [I, at most WIDEST].

    Of more features several share a column, added or subtracted so that what they have in common evens out (feature
    hashing, Weinberger et al., 2009).
    """
    names = _features(items)
    is_hashed = len(names) > WIDEST
    counts = Counter(feature for item in items for feature in set(item.features))
    places = {
        feature: (crc32(feature.encode()) % WIDEST, 1 - 2 * (crc32(feature[::-1].encode()) & 1))
        if is_hashed
        else (column, 1)
        for column, feature in enumerate(names)
    }
    vectors = np.zeros((len(items), WIDEST if is_hashed else max(len(names), 1)), dtype=np.float32)
    for row, item in enumerate(items):
        for feature in set(item.features):
            column, sign = places[feature]
            vectors[row, column] += sign * np.log(1 + len(items) / counts[feature])
    return vectors


def _bought(interactions: Iterable[Interaction], rows: dict[str, int]) -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for one in interactions:
        if one.bought:
            found[one.user_id].add(rows[one.item_id])
    return {user: tuple(sorted(bought)) for user, bought in sorted(found.items())}


def _popularity(interactions: Iterable[Interaction], rows: dict[str, int]) -> Vectors:
    """Return how much an item is wanted, on a logarithmic scale from 0 to 1, [I]."""
    totals = np.zeros(len(rows), dtype=np.float32)
    for one in interactions:
        totals[rows[one.item_id]] += one.weight
    scaled: NDArray[np.float32] = np.log1p(totals)
    return scaled / max(float(scaled.max(initial=0.0)), 1e-9)


def _together(bought: dict[str, tuple[int, ...]], items: int) -> tuple[NDArray[np.int32], Vectors]:
    """Return the rows of the items most often bought with each, and the share of its buyers, both [I, TOGETHER].

    One more buyer is counted than there was, so that a single basket proves little. Pairs grow with the square of what
    somebody bought, so customers of very many items are left out.
    """
    bought = {user: rows for user, rows in bought.items() if len(rows) <= BROADEST}
    buyers = Counter(row for rows in bought.values() for row in rows)
    shared: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for rows in bought.values():
        for first, second in itertools.permutations(rows, 2):
            shared[first][second] += 1
    found = np.zeros((items, TOGETHER), dtype=np.int32)
    shares = np.zeros((items, TOGETHER), dtype=np.float32)
    for row, counts in shared.items():
        for column, (other, count) in enumerate(
            sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:TOGETHER]
        ):
            found[row, column] = other
            shares[row, column] = count / (buyers[row] + 1)
    return found, shares
