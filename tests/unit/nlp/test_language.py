"""Which language a message is in."""

from __future__ import annotations

import pytest

from nlp.evaluation.classifier import OUT_OF_SCOPE
from nlp.intent import INTENTS
from nlp.language import language_of
from nlp.training.examples import EXAMPLES, read_examples


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wo ist meine Bestellung?", "de"),
        ("ich möchte das Paket zurückschicken", "de"),
        ("Bonjour, où est ma commande ?", "fr"),
        ("je voudrais annuler la commande", "fr"),
        ("¿Dónde está mi pedido?", "es"),
        ("quiero cambiar la talla de mi pedido", "es"),
        ("¿Hacen envíos a España?", "es"),
        ("the jalapeño mug", "en"),
        ("dove è il mio ordine", "it"),
        ("onde está o meu pedido?", "pt"),
        ("waar is mijn bestelling?", "nl"),
        ("gdzie jest moja paczka", "pl"),
        ("Где мой заказ?", "ru"),
        ("注文はどこですか", "ja"),
        ("我的订单在哪里", "zh"),
        ("where is my order", "en"),
        ("wheres my stuff, la la la", "en"),
        ("I want to return the Señorita dress", "en"),
        ("ship it to Rua do Ouro 4, Lisboa please", "en"),
        ("#1042", None),
        ("asap!!", None),
        ("", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_no_english_message_is_taken_for_another_language() -> None:
    texts = [one.text for one in read_examples(EXAMPLES / "intent", tuple(INTENTS)) if one.label != OUT_OF_SCOPE]
    foreign = [text for text in texts if language_of(text) not in ("en", None)]
    assert foreign == []
