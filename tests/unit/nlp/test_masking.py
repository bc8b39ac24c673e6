"""What tells who somebody is must not get into training data; what the answer needs must stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to ana.demo+shop@mail.example.co.uk please", "write to [email] please"),
        ("call me on +44 (0)20 7946 0958", "call me on [phone]"),
        ("my number is 555-867-5309.", "my number is [phone]."),
        ("send it to 12b Baker Street instead", "send it to [address] instead"),
        ("Ich wohne in der Hauptstraße 5", "Ich wohne in der [address]"),
        ("My name is Peter Parker, where is it?", "My name is [name], where is it?"),
        ("Hi, this is Ana. Any news?", "Hi, this is [name]. Any news?"),
    ],
)
def test_people_cannot_be_found_again(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "where is my order #1042",
        "order 104233 has not arrived",
        "do you have it in size 42 for 19.99",
        "I am waiting since Monday, 3 days now",
        "it's broken and i'm angry",
        "2 of them are on the way",
        "<extra_id_3> left on <extra_id_7>",
    ],
)
def test_what_the_question_is_about_stays(text: str) -> None:
    assert mask(text) == text


def test_a_capital_where_people_give_their_name_counts_as_one() -> None:
    assert mask("this is Wrong") == "this is [name]"


def test_known_names_and_addresses_go_wherever_they_stand() -> None:
    text = "ANA demo here: ana's parcel went to 5 Rue de Lille, 75007 Paris. Anatomy books"
    masked = mask(text, names=["Ana Demo", None], addresses=["5 Rue de Lille, 75007 Paris"])
    assert masked == "[name] here: [name]'s parcel went to [address]. Anatomy books"


@given(st.text(max_size=80), st.emails())
def test_no_address_survives_and_masking_again_changes_nothing(around: str, email: str) -> None:
    masked = mask(f"{around} {email} {around}")
    assert email not in masked
    assert mask(masked) == masked
