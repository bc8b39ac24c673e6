"""What every id of a SentencePiece vocabulary stands for, looked up once per model."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

from tokenizers import Tokenizer

SPACE = "▁"  # SentencePiece's mark for a space
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SENTINEL = re.compile(r"<extra_id_(\d+)>")


class Vocabulary:
    """Pieces, special ids, bytes and sentinels of one tokenizer.

    `size` is the number of the model's logits, which may be more than the tokenizer has pieces; ids without a piece
    are written as nothing. `keeps_spaces` tells whether the spaces around a sentinel survive encoding.
    """

    def __init__(
        self, pieces: dict[int, str], special: Iterable[int], size: int, eos_id: int, *, keeps_spaces: bool = False
    ) -> None:
        self.keeps_spaces = keeps_spaces
        self.size = size
        self.eos_id = eos_id
        self.pieces = pieces
        self.ids = {piece: token for token, piece in pieces.items()}
        self.bytes = {t: int(m[1], 16) for t, piece in pieces.items() if (m := _BYTE.fullmatch(piece))}
        self.sentinels = {int(m[1]): t for t, piece in pieces.items() if (m := _SENTINEL.fullmatch(piece))}
        self.sentinel_of = {token: k for k, token in self.sentinels.items()}
        self.special = frozenset(special) | self.sentinel_of.keys()
        self.longest = max(map(len, pieces.values()))

    @classmethod
    def of(cls, tokenizer: Tokenizer, size: int, eos_id: int) -> Vocabulary:
        """Read a tokenizer. `size` and `eos_id` are the model's."""
        pieces = {token: piece for piece, token in tokenizer.get_vocab(with_added_tokens=True).items()}
        added = json.loads(tokenizer.to_str())["added_tokens"]
        special = {int(entry["id"]) for entry in added if entry["special"]}
        return cls(pieces, special | {eos_id}, size, eos_id, keeps_spaces=_keeps_spaces(tokenizer))

    def is_numeric(self, token: int) -> bool:
        """Say whether an id can put a digit into the text. Bytes count: a run of them can spell any character."""
        if token in self.special:
            return False
        return token in self.bytes or has_digit(self.pieces.get(token, ""))


def has_digit(text: str) -> bool:
    """Say whether a text holds a numeric character of any script."""
    return any(unicodedata.category(character).startswith("N") for character in text)


def _keeps_spaces(tokenizer: Tokenizer) -> bool:
    """Try whether pieces around a sentinel spell the text as it was. T5's own tokenizer drops and invents spaces."""
    for text in ("a <extra_id_0> b", "a<extra_id_0>b", "a <extra_id_0>.", "a (<extra_id_0>)"):
        tokens = tokenizer.encode(text, add_special_tokens=False).tokens
        if "".join(tokens).replace(SPACE, " ").removeprefix(" ") != text:
            return False
    return True
