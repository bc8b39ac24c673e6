"""Recommendations: who gets what, why, and that learning beats counting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.encoder import ModelFilesError
from nlp.evaluation.recommender import compare, hold_out, movielens_like, score_ranking
from nlp.recommender import Recommender
from nlp.recommender_file import load_recommender, save_recommender
from nlp.training.recommender import (
    BROADEST,
    WIDEST,
    Interaction,
    Item,
    RecommenderSettings,
    User,
    train_on,
    train_recommender,
)
from nlp.training.recommender_state import FactorState

ITEMS = [
    Item("tent", "Trail Tent", ("category:camping",)),
    Item("mat", "Sleeping Mat", ("category:camping",)),
    Item("stove", "Camp Stove", ("category:camping",)),
    Item("gas", "Gas Bottle", ("category:camping",), consumable=True),
    Item("mug", "Red Mug", ("category:kitchen",)),
    Item("pan", "Iron Pan", ("category:kitchen",)),
    Item("knife", "Chef Knife", ("category:kitchen",)),
    Item("beans", "Coffee Beans", ("category:kitchen",), consumable=True),
]
CAMPING, KITCHEN = ("tent", "mat", "stove", "gas"), ("mug", "pan", "knife", "beans")


def shop_history() -> list[Interaction]:
    """Twenty campers and twenty cooks, each of whom bought three of their four things."""
    return [
        Interaction(f"{group[0]}-{index}", item, bought=True)
        for group in (CAMPING, KITCHEN)
        for index in range(20)
        for position, item in enumerate(group)
        if position != index % 4
    ]


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    settings = RecommenderSettings(components=8, epochs=20)
    return Recommender(train_recommender(shop_history(), ITEMS, [User("new", ("country:de",))], settings), "v")


def test_a_customer_gets_what_fits_his_taste(recommender: Recommender) -> None:
    shown = recommender.recommend("tent-1", k=2)  # bought all of camping but the mat, and may need gas again
    assert {one.product_id for one in shown} == {"mat", "gas"}
    assert all(one.reason.startswith("because you bought") for one in shown)


def test_what_was_bought_is_left_out_unless_it_is_used_up(recommender: Recommender) -> None:
    shown = {one.product_id for one in recommender.recommend("tent-1", k=8)}
    assert shown == {"mat", "gas", *KITCHEN}


def test_only_what_is_in_stock_is_shown(recommender: Recommender) -> None:
    shown = recommender.recommend("tent-1", in_stock={"pan", "mug"}, k=8)
    assert {one.product_id for one in shown} == {"pan", "mug"}
    assert recommender.recommend(None, in_stock=(), k=3) == []


def test_an_unknown_visitor_on_a_product_page_gets_what_goes_with_it(recommender: Recommender) -> None:
    shown = recommender.recommend(None, "pan", k=3)
    assert {one.product_id for one in shown} == {"mug", "knife", "beans"}
    assert {one.reason for one in shown} == {"often bought with Iron Pan"}


def test_a_new_product_is_placed_by_its_features() -> None:
    items = [*ITEMS, Item("lamp", "Tent Lamp", ("category:camping",))]
    model = train_recommender(shop_history(), items, settings=RecommenderSettings(components=8, epochs=30))
    recommender = Recommender(model, "v")
    scores = {one.product_id: one for one in recommender.recommend(None, "lamp", k=9)}
    assert min(scores[item].score for item in CAMPING) > max(scores[item].score for item in KITCHEN)
    assert scores["tent"].reason == "similar to Tent Lamp"


def test_search_decides_what_is_shown_and_names_the_reason(recommender: Recommender) -> None:
    shown = recommender.recommend(None, None, {"knife": 0.9, "pan": 0.3, "unknown-yet": 0.8}, k=3)
    assert [one.product_id for one in shown] == ["knife", "unknown-yet", "pan"]
    assert {one.reason for one in shown[:2]} == {"matches what you asked for"}


def test_a_visitor_of_whom_nothing_is_known_gets_what_sells(recommender: Recommender) -> None:
    shown = recommender.recommend("never seen", exclude={"tent"}, k=3)
    assert {one.reason for one in shown} == {"popular right now"}
    assert "tent" not in {one.product_id for one in shown}
    assert all(0 <= one.score <= 1 for one in shown)


def test_a_customer_without_purchases_is_served_by_his_features(recommender: Recommender) -> None:
    assert recommender.user_scores("new") is not None
    assert len(recommender.recommend("new", k=3)) == 3


def test_training_twice_gives_the_same_model() -> None:
    settings = RecommenderSettings(components=8, epochs=5)
    first, second = (train_recommender(shop_history(), ITEMS, settings=settings) for _ in range(2))
    np.testing.assert_array_equal(first.item_vectors, second.item_vectors)
    np.testing.assert_array_equal(first.user_vectors, second.user_vectors)


def test_without_lightfm_it_says_so_and_still_serves() -> None:
    recommender = Recommender(train_recommender(shop_history(), ITEMS, use_lightfm=False), "v")
    assert recommender.algorithm == "popularity"
    assert not recommender.is_personal
    assert {one.product_id for one in recommender.recommend("tent-1", "stove", k=2)} == {"mat", "gas"}


def test_a_shop_without_history_is_served_by_features() -> None:
    recommender = Recommender(train_recommender([], ITEMS), "v")
    assert recommender.algorithm == "popularity"
    assert {one.product_id for one in recommender.recommend(None, "mug", k=3)} == {"pan", "knife", "beans"}


def test_items_with_the_same_id_are_refused() -> None:
    with pytest.raises(ValueError, match="different ids"):
        train_recommender([], [ITEMS[0], ITEMS[0]])


def test_a_saved_model_answers_the_same(recommender: Recommender, tmp_path: Path) -> None:
    saved = save_recommender(recommender.model, tmp_path / "shop" / "recommender.safetensors")
    loaded = load_recommender(tmp_path / "shop" / "recommender.safetensors")
    assert loaded.version == saved.version
    for visitor in ("tent-1", None):
        assert loaded.recommend(visitor, "pan", k=5) == recommender.recommend(visitor, "pan", k=5)


@pytest.mark.parametrize("content", [None, b"not safetensors"])
def test_a_missing_or_foreign_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "recommender.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFilesError, match=r"recommender\.safetensors"):
        load_recommender(path)


def test_lightfm_beats_popularity_clearly_on_ratings() -> None:
    data = movielens_like()
    model = train_recommender(data.train, data.items, settings=RecommenderSettings(components=16, epochs=20))
    scores = compare(Recommender(model, "v"), data.train, data.test)
    assert scores["model"].precision_at_10 > 1.4 * scores["popularity"].precision_at_10
    assert scores["model"].recall_at_10 > 1.4 * scores["popularity"].recall_at_10
    assert scores["model"].auc > scores["popularity"].auc + 0.08
    assert scores["model"].coverage > 5 * scores["popularity"].coverage
    assert scores["random"].auc == pytest.approx(0.5, abs=0.03)


def test_ranking_scores_of_a_known_order() -> None:
    items = [f"i{index}" for index in range(20)]
    train, test = [Interaction("u", "i0")], [Interaction("u", "i1"), Interaction("u", "i15")]
    falling = np.arange(20, 0, -1, dtype=np.float32)
    scores = score_ranking(lambda _: falling, items, train, test)
    assert scores.precision_at_10 == pytest.approx(0.1)
    assert scores.recall_at_10 == pytest.approx(0.5)
    assert scores.auc == pytest.approx(1 - 13 / (2 * 17))  # i1 is before all 17 others, i15 behind 13 of them
    assert scores.coverage == pytest.approx(0.5)
    with pytest.raises(ValueError, match="held-out"):
        score_ranking(lambda _: falling, items, train, train)


def test_training_goes_on_from_what_was_learnt(tmp_path: Path) -> None:
    data = movielens_like(users=120, items=80, per_user=20)
    first, reached = train_on(data.train, data.items)
    assert reached is not None
    reached.save(tmp_path / "state")
    newcomer = Item("item-new", "New film", ("genre:0",))
    seen = [*data.train, Interaction("user-new", "item-new", bought=True)]
    second, again = train_on(seen, [newcomer, *data.items[1:]], state=FactorState.load(tmp_path / "state"))
    assert again is not None
    assert "item-new" in second.item_ids
    assert data.items[0].id not in second.item_ids
    anew, _ = train_on(data.train, data.items, settings=RecommenderSettings(epochs=8))
    scored = [compare(Recommender(one, "1"), data.train, data.test)["model"].auc for one in (first, anew)]
    went_on, _ = train_on(data.train, data.items, state=reached)
    scored.append(compare(Recommender(went_on, "1"), data.train, data.test)["model"].auc)
    assert scored[2] > scored[1]  # eight epochs more are better than eight from the beginning


def test_a_state_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"nonsense")
    assert FactorState.load(tmp_path / "state") is None
    assert FactorState.load(tmp_path / "none") is None


def test_a_hold_out_keeps_pairs_together() -> None:
    seen = [Interaction(f"u{user}", f"i{item}") for user in range(20) for item in range(10)] * 2
    train, test = hold_out(seen)
    assert len(train) + len(test) == len(seen)
    assert not {(one.user_id, one.item_id) for one in train} & {(one.user_id, one.item_id) for one in test}
    assert 0.1 < len(test) / len(seen) < 0.3


def test_who_bought_very_many_items_says_nothing_of_what_goes_together() -> None:
    items = [Item(str(number), f"Item {number}") for number in range(BROADEST + 1)]
    everything = [Interaction("reseller", item.id, bought=True) for item in items]
    pairs = [Interaction(f"user-{number}", item, bought=True) for number in range(5) for item in ("0", "1")]
    model = train_recommender([*everything, *pairs], items, use_lightfm=False)
    assert model.together_items[0][0] == 1
    assert model.together_shares[0][0] == pytest.approx(5 / 6)
    assert not model.together_shares[2].any()


def test_the_best_of_many_are_those_that_judging_all_of_them_finds(recommender: Recommender) -> None:
    for visitor, page in (("tent-1", "pan"), (None, "tent"), ("new", None), (None, None)):
        every = recommender.recommend(visitor, page, k=99)
        assert [one.score for one in every] == sorted((one.score for one in every), reverse=True)
        assert recommender.recommend(visitor, page, k=2) == every[:2]


def test_features_of_a_large_catalogue_stay_narrow_and_still_tell_what_is_alike() -> None:
    items = [Item(f"p{row}", f"P {row}", (f"tag:{row // 2}", "category:all")) for row in range(4 * WIDEST)]
    model = train_recommender([], items)
    assert model.item_vectors.shape == (len(items), WIDEST)
    found = [Recommender(model, "v").recommend(None, f"p{row}", k=1)[0] for row in range(0, 40, 2)]
    assert [one.product_id for one in found] == [f"p{row + 1}" for row in range(0, 40, 2)]
    assert found[0].reason == "similar to P 0"
