"""Keys and values of every running reply, in slots made once: no step allocates or moves them."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import torch
from torch import Tensor

from nlp.engine.config import T5Config

# Attention reads lengths rounded up to this. Measured on AVX-512: a row's matrix products and softmax are bit-equal
# when masked zeros are appended in multiples of 32, and are not at other lengths. So a long neighbour in the batch
# does not change a reply.
BLOCK = 32


def rounded(length: int) -> int:
    """Round a length up to whole blocks."""
    return -(-length // BLOCK) * BLOCK


@dataclass(frozen=True, slots=True)
class Rows:
    """Decoder inputs of one pass: row r is the token at a position of the reply in a slot.

    Several rows may belong to one slot (a prefix that is primed); `wanted` are the rows whose logits are read.
    """

    tokens: Items[int]
    slots: Items[int]
    positions: Items[int]
    wanted: Items[int]


class SlotCache:
    """Self-attention [layers, slots, H, T, K] and cross-attention [layers, slots, H, S, K] keys and values."""

    def __init__(
        self, config: T5Config, slots: int, max_tokens: int, window: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.device = device
        self.max_tokens = rounded(max_tokens)
        own = (config.decoder_layers, slots, config.heads, self.max_tokens, config.d_kv)
        cross = (*own[:3], rounded(window), config.d_kv)
        # Zeros, because masked positions are multiplied by 0 and must be finite; the pages are touched when used.
        self.keys, self.values = (torch.zeros(own, dtype=dtype, device=device) for _ in range(2))
        self.cross_keys, self.cross_values = (torch.zeros(cross, dtype=dtype, device=device) for _ in range(2))
        self.prompt_lengths = torch.zeros(slots, dtype=torch.long, device=device)

    def write_prompt(self, layer: int, slot: int, keys: Tensor, values: Tensor) -> None:
        """Store the cross-attention keys and values [H, S, K] of a prompt."""
        length = keys.shape[1]
        self.cross_keys[layer, slot, :, :length] = keys
        self.cross_values[layer, slot, :, :length] = values
        self.prompt_lengths[slot] = length

    def step(self, rows: Rows) -> CacheStep:
        """Prepare one decoder pass over these rows."""
        return CacheStep(self, rows)


class CacheStep:
    """The part of the cache that one decoder pass reads and writes."""

    def __init__(self, cache: SlotCache, rows: Rows) -> None:
        self._cache = cache
        self.slots = torch.tensor(rows.slots, device=cache.device)
        self.positions = torch.tensor(rows.positions, device=cache.device)
        self.length = rounded(max(rows.positions) + 1)  # T of this pass
        prompt_lengths = cache.prompt_lengths[self.slots]
        self.prompt_length = rounded(int(prompt_lengths.max()))  # S of this pass
        beyond = torch.arange(self.prompt_length, device=cache.device) >= prompt_lengths[:, None]
        zeros = torch.zeros(beyond.shape, dtype=cache.keys.dtype, device=cache.device)
        self.prompt_mask = zeros.masked_fill_(beyond, -torch.inf)[:, None, None]  # [R, 1, 1, S]
        first = rows.slots[0]
        # Slots in a row are read in place; any other order is gathered, which copies.
        straight = list(rows.slots) == list(range(first, first + len(rows.slots)))
        self._range = (first, len(rows.slots)) if straight else None
        self._heads = torch.arange(cache.keys.shape[2], device=cache.device)

    def write(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Store the new keys and values [R, H, K] at their positions."""
        place = (self.slots[:, None], self._heads, self.positions[:, None])
        self._cache.keys[layer][place] = keys
        self._cache.values[layer][place] = values

    def own(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return the self-attention keys and values [R, H, T, K]."""
        keys, values = self._cache.keys[layer], self._cache.values[layer]
        return self._read(keys, self.length), self._read(values, self.length)

    def cross(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return the cross-attention keys and values [R, H, S, K]."""
        keys, values = self._cache.cross_keys[layer], self._cache.cross_values[layer]
        return self._read(keys, self.prompt_length), self._read(values, self.prompt_length)

    def _read(self, store: Tensor, length: int) -> Tensor:
        view = store[:, :, :length]
        return view.index_select(0, self.slots) if self._range is None else view.narrow(0, *self._range)
