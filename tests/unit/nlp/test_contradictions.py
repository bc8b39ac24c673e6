"""What an answer may not say beside its facts."""

from __future__ import annotations

from nlp.contradictions import contradictions, forbidden_phrases
from nlp.grounding import ORDER_STATES, WORDS, Fact


def test_a_product_in_stock_is_not_called_sold_out() -> None:
    facts = [Fact("product.1.title", "Trail Cap"), Fact("product.1.stock", "in stock")]
    assert contradictions("The price is €26. Right now we are OUT OF STOCK, though.", facts) == ["out of stock"]
    assert contradictions("Yes, we have the Trail Cap in stock.", facts) == []


def test_every_order_state_forbids_the_sentences_of_the_others_and_not_its_own() -> None:
    said = {
        "awaiting payment": "Your order is waiting for your payment.",
        "processing": "Order #1 is still being packed in our warehouse.",
        "shipped": "Your order #1 is on its way with UPS.",
        "out for delivery": "Your order is out for delivery and should reach you today.",
        "delivered": "Your order #1 was delivered on Monday.",
        "delayed": "Your order #1 is running late, and I'm sorry about that.",
        "cancelled": "Order #1 was cancelled, so nothing will be delivered.",
        "returned": "Order #1 came back to our warehouse.",
        "refunded": "Order #1 has been refunded.",
    }
    assert set(said) == set(ORDER_STATES)
    for state in ORDER_STATES:
        facts = [Fact("order.state", state)]
        for other, sentence in said.items():
            may_be_said = other == state or (state == "delayed" and other == "shipped")
            may_be_said |= state == "out for delivery" and other == "shipped"
            assert bool(contradictions(sentence, facts)) != may_be_said, (state, other)


def test_several_orders_may_have_several_states() -> None:
    facts = [Fact("order.state", "shipped"), Fact("order.2.state", "delivered")]
    assert forbidden_phrases(facts) == ()


def test_phrases_are_lower_case_and_none_is_without_a_word() -> None:
    for key, values in WORDS.items():
        for value in values:
            for phrase in forbidden_phrases([Fact(key, value)]):
                assert phrase == phrase.lower().strip()
                assert len(phrase) >= 5
