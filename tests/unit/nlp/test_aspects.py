"""Which one thing a question is about."""

from __future__ import annotations

import random

import pytest

from nlp.aspects import aspect_of, compared_aspect
from nlp.situations import SITUATIONS
from nlp.training.responder.dialogues import scenes
from nlp.training.responder.grammar import names_of, pick_alternatives
from nlp.training.responder.worlds import World


@pytest.mark.parametrize(
    ("intent", "text", "aspect"),
    [
        ("order_status", "where is my order", None),
        ("order_status", "whens my parcel gonna be here, by friday?", "when"),
        ("order_status", "can u send me the tracking nr", "tracking"),
        ("order_status", "where is it and when will it arrive", "when"),
        ("order_status", "whats the tracking number and when does it arrive", None),
        ("delivery_options", "how much is shipping", "cost"),
        ("delivery_options", "how much is shipping and how long does it take", None),
        ("delivery_options", "how much is express and how long does it take", "express"),
        ("delivery_options", "when is shipping free", "free"),
        ("delivery_options", "how much is shipping, is it free", "cost"),
        ("delivery_options", "I need it by tomorrow, is there express", "soon"),
        ("delivery_options", "next day delivery", "soon"),
        ("return_or_exchange", "can I swap it", "exchange"),
        ("availability", "how many mugs do you have left", "count"),
        ("availability", "when is the mug back in stock?", "when"),
        ("availability", "is the mug in stock?", None),
        ("refund_policy", "until when can I return it?", "when"),
        ("signup_problem", "I didn't get the activation email", "email"),
        ("signup_problem", "it says my email is already taken", "taken"),
        ("signup_problem", "the form doesn't work", None),
        ("password_reset", "the reset link never arrived", "email"),
        ("password_reset", "I forgot my password", None),
        ("delivery_options", "do u ship to canada", "countries"),
        ("refund_policy", "who pays for return shipping", "cost"),
        ("refund_policy", "how long till i get my money back", "time"),
        ("contact_info", "whats your email address", "email"),
        ("contact_info", "are u open on sundays", "hours"),
        ("product_question", "what colors and sizes does it come in", "sizes"),
        ("product_question", "is it waterproof", None),
        ("password_reset", "how much does it cost", None),
    ],
)
def test_what_is_asked(intent: str, text: str, aspect: str | None) -> None:
    assert aspect_of(intent, text) == aspect


@pytest.mark.parametrize(
    ("intent", "text", "aspect"),
    [
        ("product_question", "what sizzes r there", "sizes"),
        ("order_status", "when was #91217 placde", "placed"),
        ("availability", "how mnay are left", "count"),
        ("order_status", "were is it", None),  # a word of its own
        ("product_question", "is it any good?", "opinion"),
        ("order_place", "can I order by phone", "phone"),
        ("order_place", "how do I order the phone case?", None),
    ],
)
def test_what_is_asked_in_slips_of_the_finger_and_in_other_words(intent: str, text: str, aspect: str | None) -> None:
    assert aspect_of(intent, text) == aspect


def test_only_what_was_delivered_is_lost_and_only_what_travels_has_a_carrier() -> None:
    assert aspect_of("order_status", "I never got my parcel", "delivered") == "lost"
    assert aspect_of("order_status", "I never got my parcel", "shipped") is None
    assert aspect_of("order_status", "which courier has it?", "shipped") == "carrier"
    assert aspect_of("order_status", "which courier has it?", "processing") is None


def test_the_ways_of_asking_in_the_training_data_are_told_apart() -> None:
    rng, right, total = random.Random(1), 0, 0
    words = World(rng, scenes()[0], held_out=False).words()
    for scene in scenes():
        if "asks" not in SITUATIONS[scene.situation].keys:
            continue
        for template in scene.asks:
            text = pick_alternatives(rng, template)
            for name in names_of(text):
                text = text.replace(f"{{{name}}}", words[name])
            total += 1
            is_compared = scene.situation == "product_question/compared"
            found = (
                compared_aspect(text) if is_compared else aspect_of(scene.intent, text, scene.given.get("order.state"))
            )
            right += found == scene.given.get("asks")
    assert right / total > 0.97
