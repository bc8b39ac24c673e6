"""Which products to show: a LightFM model at rest as numpy arrays, and the reasons in words.

Signals are blended as far as they are known: the customer's own taste, the product on the page, the search of the
message, and what sells. An unknown visitor is served by the last three (cold start).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlp.model_files import Vectors

# How much each signal counts when all are there; search is what the customer just said, so it leads.
WEIGHTS: Final = {"search": 0.6, "page": 0.35, "personal": 0.4, "popularity": 0.1}
POPULAR: Final = "popular right now"
_TOGETHER_FLOOR = 0.2  # share of a product's buyers from which two products are "often bought" together


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A product to show: `score` is between 0 and 1, `reason` completes "we show you this because it is ..."."""

    product_id: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class RecommenderModel:
    """What training leaves: rows of items and users are those of `item_ids` and `user_ids`."""

    item_ids: tuple[str, ...]
    titles: tuple[str, ...]
    consumable: NDArray[np.bool_]  # [I], may be bought again
    popularity: Vectors  # [I], 0 to 1
    item_vectors: Vectors  # [I, D]
    item_biases: Vectors  # [I]
    user_ids: tuple[str, ...]
    user_vectors: Vectors  # [U, D]; no rows when the model is not personal
    together_items: NDArray[np.int32]  # [I, T], rows of the items most often bought with this one
    together_shares: Vectors  # [I, T], share of this item's buyers who bought that one; 0 where there is none
    bought: dict[str, tuple[int, ...]] = field(default_factory=dict)  # user id -> rows of items
    algorithm: str = "lightfm-warp"


@dataclass(slots=True)
class _Signal:
    """One opinion about all products: values between 0 and 1, and its words for one of them."""

    name: str
    values: Vectors  # [I]
    reason: Callable[[int], str]  # of a row


class Recommender:
    """Ranks products; immutable, so that it may be replaced while others still use it."""

    def __init__(self, model: RecommenderModel, version: str) -> None:
        self.model = model
        self.version = version
        self._rows = {item: row for row, item in enumerate(model.item_ids)}
        self._users = {user: row for row, user in enumerate(model.user_ids)}
        lengths = np.linalg.norm(model.item_vectors, axis=1, keepdims=True)
        self._directions = model.item_vectors / np.maximum(lengths, 1e-9)

    @property
    def algorithm(self) -> str:
        """`lightfm-warp`, or `popularity` where LightFM is not installed or there was nothing to learn from."""
        return self.model.algorithm

    @property
    def is_personal(self) -> bool:
        """Whether customers have a taste of their own in this model."""
        return self.model.algorithm == "lightfm-warp"

    def user_scores(self, customer_id: str) -> Vectors | None:
        """Return the raw score of every item for a customer, [I], or None for one the model does not know."""
        row = self._users.get(customer_id)
        if row is None or not self.is_personal:
            return None
        scores: Vectors = self.model.item_vectors @ self.model.user_vectors[row] + self.model.item_biases
        return scores

    def recommend(
        self,
        customer_id: str | None,
        page_product: str | None = None,
        search: Mapping[str, float] | None = None,
        *,
        in_stock: Collection[str] | None = None,
        exclude: Collection[str] = (),
        k: int = 3,
    ) -> list[Recommendation]:
        """Return at most `k` products, best first.

        `search`: products found for the message, with scores from 0 to 1; where there are any, only they are
        candidates. `in_stock`: what may be shown at all; None is everything. What the customer bought is left out
        unless it is used up and bought again; so is the product on the page.
        """
        hidden = {*exclude, *self._owned(customer_id)} | ({page_product} if page_product else set())
        signals = self._signals(customer_id, page_product)
        candidates = [
            item
            for item in (search or self._ranked(signals))
            if item not in hidden and (in_stock is None or item in in_stock)
        ]
        if not search:
            candidates = candidates[:k]
        ranked = [self._judge(item, signals, search) for item in candidates]
        ranked.sort(key=lambda one: -one.score)
        return ranked[:k]

    def _ranked(self, signals: list[_Signal]) -> list[str]:
        """Return all products, best first; arithmetic on arrays, for a shop may have very many."""
        total = np.zeros(len(self._rows))
        for signal in signals:
            total += WEIGHTS[signal.name] * signal.values.astype(np.float64)
        return [self.model.item_ids[row] for row in np.argsort(-total, kind="stable")]

    def _owned(self, customer_id: str | None) -> set[str]:
        rows = self.model.bought.get(customer_id, ()) if customer_id is not None else ()
        return {self.model.item_ids[row] for row in rows if not self.model.consumable[row]}

    def _signals(self, customer_id: str | None, page_product: str | None) -> list[_Signal]:
        signals = [_Signal("popularity", self.model.popularity, lambda _: POPULAR)]
        page = self._rows.get(page_product) if page_product is not None else None
        if page is not None:
            signals.append(self._page_signal(page))
        scores = self.user_scores(customer_id) if customer_id is not None else None
        if scores is not None and customer_id is not None:
            signals.append(self._personal_signal(scores, self.model.bought.get(customer_id, ())))
        return signals

    def _page_signal(self, page: int) -> _Signal:
        alike = np.clip(self._directions @ self._directions[page], 0, 1)
        together = np.zeros(len(self._rows), dtype=np.float32)
        np.maximum.at(together, self.model.together_items[page], self.model.together_shares[page])
        title = self.model.titles[page]

        def reason(row: int) -> str:
            return f"{'often bought with' if together[row] >= _TOGETHER_FLOOR else 'similar to'} {title}"

        return _Signal("page", np.maximum(alike, together), reason)

    def _personal_signal(self, scores: Vectors, bought: tuple[int, ...]) -> _Signal:
        spread = max(float(scores.std()), 1e-9)
        values: Vectors = 1 / (1 + np.exp(-(scores - scores.mean()) / spread))
        if not bought:
            return _Signal("personal", values, lambda _: "picked for you")

        def reason(row: int) -> str:
            closest = int(np.argmax(self._directions[list(bought)] @ self._directions[row]))
            return f"because you bought {self.model.titles[bought[closest]]}"

        return _Signal("personal", values, reason)

    def _judge(self, item: str, signals: list[_Signal], search: Mapping[str, float] | None) -> Recommendation:
        """Blend the signals for one product; one that is newer than the model has its search score alone."""
        row = self._rows.get(item)
        parts = [
            (WEIGHTS[signal.name], float(signal.values[row]), signal.reason(row))
            for signal in signals
            if row is not None
        ]
        if search:
            parts.append((WEIGHTS["search"], search[item], "matches what you asked for"))
        total = sum(weight * value for weight, value, _ in parts)
        best = max(parts, key=lambda part: part[0] * part[1])
        return Recommendation(item, total / sum(weight for weight, _, _ in parts), best[2])
