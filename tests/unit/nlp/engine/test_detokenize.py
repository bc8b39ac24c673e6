"""Joined deltas are the whole text; literals stand with the right spaces; stop strings never show."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from nlp.engine.detokenize import Detokenizer
from nlp.engine.vocabulary import Vocabulary
from tests.unit.nlp.engine.conftest import VOCAB, make_tokenizer

PLAIN = make_tokenizer()
BYTES = make_tokenizer(byte_fallback=True)
LITERALS = {3: "AB-1234", 7: "12 March 2025"}
TEXTS = st.text(st.sampled_from("abc de日本é👍🚚½ß…ñ🇩🇪 .,!") | st.characters(exclude_categories=["Cs"]), max_size=30)


def make(tokenizer: Tokenizer, literals: dict[int, str] | None = None, stop: tuple[str, ...] = ()) -> Detokenizer:
    return Detokenizer(Vocabulary.of(tokenizer, VOCAB, 1), literals or {}, stop)


def token_id(tokenizer: Tokenizer, piece: str) -> int:
    found = tokenizer.token_to_id(piece)
    assert found is not None, piece
    return found


def stream(detokenizer: Detokenizer, ids: list[int]) -> list[str]:
    deltas = []
    length = 0
    for step in [*(lambda token=token: detokenizer.push(token) for token in ids), detokenizer.flush]:
        deltas.append(step())
        length += len(deltas[-1].encode())
        assert detokenizer.end == length
    return deltas


@settings(max_examples=60)
@given(st.lists(st.integers(0, VOCAB - 1), max_size=40))
def test_any_ids_join_to_the_full_decode(ids: list[int]) -> None:
    assert "".join(stream(make(PLAIN), ids)) == PLAIN.decode(ids, skip_special_tokens=True)


@settings(max_examples=60)
@given(TEXTS)
def test_a_text_in_bytes_joins_to_the_full_decode_in_whole_characters(text: str) -> None:
    ids = BYTES.encode(text.replace("▁", ""), add_special_tokens=False).ids
    deltas = stream(make(BYTES), ids)
    assert "".join(deltas) == BYTES.decode(ids, skip_special_tokens=True)
    assert "�" not in "".join(deltas) or "�" in text


def test_half_a_character_waits_and_a_broken_one_is_marked() -> None:
    detokenizer = make(BYTES)
    ids = [token_id(BYTES, f"<0x{value:02X}>") for value in "👍".encode()]
    assert [detokenizer.push(token) for token in ids] == ["", "", "", "👍"]
    assert detokenizer.push(ids[0]) == ""
    assert detokenizer.flush() == "�"


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ("▁your ▁code ▁is <3> .", "your code is AB-1234."),
        ("▁your ▁code ▁is ▁ <3> ▁ .", "your code is AB-1234."),
        ("▁code <3> ▁and <7> !", "code AB-1234 and 12 March 2025!"),
        ("▁code ▁ <3> , ▁by <7> ▁ ,", "code AB-1234, by 12 March 2025,"),
        ("<3> ▁is ▁on", "AB-1234 is on"),
        ("<3> i s ▁on", "AB-1234 is on"),
        ("▁code ▁ ( <3> ) ▁and", "code (AB-1234) and"),
        ("▁order ▁ # <3> ▁on", "order #AB-1234 on"),
        ("<3> <7>", "AB-1234 12 March 2025"),
        ("▁by <7> ' s ▁way", "by 12 March 2025's way"),
        ('▁is ▁ " <3> " ▁by', 'is "AB-1234" by'),
        ("▁code <4> ▁and", "code and"),
        ("▁code : <3>", "code: AB-1234"),
        ("▁code <3> ▁ ▁and", "code AB-1234 and"),
        ("▁code <3> ▁", "code AB-1234 "),
    ],
)
def test_literals_stand_with_the_right_spaces(pieces: str, text: str) -> None:
    names = [f"<extra_id_{name[1:-1]}>" if len(name) == 3 and name[0] == "<" else name for name in pieces.split()]
    ids = [token_id(PLAIN, name) for name in names]
    deltas = stream(make(PLAIN, LITERALS), ids)
    assert "".join(deltas) == text


EXACT = make_tokenizer(prepend="first")


@pytest.mark.parametrize(
    "text",
    [
        "your code is <extra_id_3>.",
        "<extra_id_3> is on",
        "code (<extra_id_3>) and <extra_id_7>, #<extra_id_3> - <extra_id_7>",
        'by <extra_id_7> "back" and <extra_id_3> <extra_id_7>',
        "code <extra_id_3> , and: <extra_id_7>",
    ],
)
def test_a_tokenizer_that_keeps_spaces_is_followed_to_the_letter(text: str) -> None:
    """The pieces that a training target was split into come back as that target with its literals filled in."""
    filled = text.replace("<extra_id_3>", LITERALS[3]).replace("<extra_id_7>", LITERALS[7])
    ids = EXACT.encode(text, add_special_tokens=False).ids
    assert "".join(stream(make(EXACT, LITERALS), ids)) == filled


def test_a_literal_never_grows_together_with_a_word() -> None:
    ids = [token_id(EXACT, piece) for piece in ("▁code", "<extra_id_3>", "a")]
    assert "".join(stream(make(EXACT, LITERALS), ids)) == "code AB-1234 a"


@settings(max_examples=60)
@given(TEXTS, st.lists(st.text("abc de.,", min_size=1, max_size=4), max_size=3))
def test_text_ends_before_the_first_stop_string_and_none_of_it_shows(text: str, stop: list[str]) -> None:
    ids = PLAIN.encode(text, add_special_tokens=False).ids
    full = "".join(stream(make(PLAIN), ids))
    shown = ""
    detokenizer = make(PLAIN, stop=tuple(stop))
    for token in ids:
        shown += detokenizer.push(token)
        if detokenizer.stopped:
            break
    shown += detokenizer.flush()
    first = min((place for s in stop if (place := full.find(s)) >= 0), default=None)
    assert detokenizer.stopped == (first is not None)
    # A stop string may be complete before a longer one that began earlier: what counts is the text until then.
    assert full.startswith(shown)
    assert not any(s in shown for s in stop)
    if len(stop) == 1:
        assert shown == full[:first]


def test_text_that_cannot_become_a_stop_string_is_not_held_back() -> None:
    detokenizer = make(PLAIN, stop=("back to",))
    pieces = ["▁thanks", "▁back", "▁by", "▁back", "▁to", "▁you"]
    assert [detokenizer.push(token_id(PLAIN, piece)) for piece in pieces[:4]] == ["thanks", " ", "back by", " "]
    assert detokenizer.push(token_id(PLAIN, pieces[4])) == ""
    assert detokenizer.stopped
    assert detokenizer.push(token_id(PLAIN, pieces[5])) == ""
