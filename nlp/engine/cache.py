"""Keys and values of every running reply, in slots made once: no step allocates or moves them."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

# Attention reads lengths rounded up to this. Measured on AVX-512: a row's matrix products and softmax are bit-equal
# when masked zeros are appended in multiples of 32, and are not at other lengths. So a long neighbour in the batch
# does not change a reply.
BLOCK = 64


def rounded(length: int) -> int:
    """Round a length up to whole blocks."""
    return -(-length // BLOCK) * BLOCK


@dataclass(frozen=True, slots=True)
class Rows:
    """Decoder inputs of one pass: row r is the token at a position of the reply in a slot.

    Several rows may belong to one slot (a prefix that is primed, guesses that are verified); `wanted` are the rows
    whose logits are read.
    """

    tokens: Items[int]
    slots: Items[int]
    positions: Items[int]
    wanted: Items[int]


class SlotCache(Protocol):
    """Keys and values of self-attention and cross-attention of all slots and layers."""

    def write_prompt(self, layer: int, slot: int, keys: Tensor, values: Tensor) -> None:
        """Store the cross-attention keys and values [S, H, K] of a prompt."""
        ...

    def step(self, rows: Rows, bias: Tensor) -> CacheStep:
        """Prepare one decoder pass over these rows; `bias` [T, H, T] is by query and key position."""
        ...


class CacheStep(Protocol):
    """Attention of one decoder pass; T5 does not scale by K**-0.5."""

    def attend_own(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Store the rows' keys and values [R, H, K], then attend to their replies so far.

        Returns [R, H*K], or [R*H, K], which lies in memory alike.
        """
        ...

    def attend_cross(self, layer: int, queries: Tensor) -> Tensor:
        """Attend from rows [R, H, K] to the prompts of their slots. Returns [R, H*K], or [R*H, K]."""
        ...
