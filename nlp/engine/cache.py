"""Keys and values of every running reply, in slots made once: no step allocates or moves them."""

from __future__ import annotations

from collections import Counter
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

    Several rows may belong to one slot (a prefix that is primed, guesses that are verified); `wanted` are the rows
    whose logits are read.
    """

    tokens: Items[int]
    slots: Items[int]
    positions: Items[int]
    wanted: Items[int]


class SlotCache:
    """Keys and values of self-attention (length T) and cross-attention (length S).

    Values are [layers, slots, H, T, K], keys are transposed, [layers, slots, H, K, T]: the form in which both products
    of attention read rows of the cache from end to end.
    """

    def __init__(
        self, config: T5Config, slots: int, max_tokens: int, window: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.device = device
        self.max_tokens = rounded(max_tokens)
        # Zeros, because masked positions are multiplied by 0 and must be finite; the pages are touched when used.
        stores = []
        for length in (self.max_tokens, rounded(window)):
            heads = (config.decoder_layers, slots, config.heads)
            stores.append(torch.zeros(*heads, config.d_kv, length, dtype=dtype, device=device))
            stores.append(torch.zeros(*heads, length, config.d_kv, dtype=dtype, device=device))
        self.keys, self.values, self.cross_keys, self.cross_values = stores
        self.prompt_lengths = [0] * slots

    def write_prompt(self, layer: int, slot: int, keys: Tensor, values: Tensor) -> None:
        """Store the cross-attention keys and values [S, H, K] of a prompt."""
        length = keys.shape[0]
        self.cross_keys[layer, slot, :, :, :length] = keys.permute(1, 2, 0)
        self.cross_values[layer, slot, :, :length] = values.transpose(0, 1)
        self.prompt_lengths[slot] = length

    def step(self, rows: Rows) -> CacheStep:
        """Prepare one decoder pass over these rows."""
        return CacheStep(self, rows)


class CacheStep:
    """The part of the cache that one decoder pass reads and writes, and the grid in which attention sees its rows.

    The grid has G slots with M rows each. Slots that lie together are read in place, holes between them computed and
    thrown away: that is cheaper than copying what is read. Only when most would be holes, slots are gathered.
    """

    def __init__(self, cache: SlotCache, rows: Rows) -> None:
        self._cache = cache
        self._rows = rows
        device = cache.device
        count = Counter(rows.slots)
        self._width = max(count.values())  # M
        first, last = min(count), max(count)
        members = list(range(first, last + 1))
        self._gather: Tensor | None = None
        if len(members) > 2 * len(count):
            members = sorted(count)
            self._gather = torch.tensor(members, device=device)
        self._first, self._size = first, len(members)  # G
        places = self._places(members)
        straight = places == list(range(self._size * self._width))
        self._at = None if straight else torch.tensor(places, device=device)
        positions = [0] * (self._size * self._width)
        for place, position in zip(places, rows.positions, strict=True):
            positions[place] = position
        self._positions = torch.tensor(positions, device=device)  # [G*M]
        self.length = rounded(max(rows.positions) + 1)  # T of this pass
        lengths = [cache.prompt_lengths[slot] for slot in members]
        self.prompt_length = rounded(max(lengths[place // self._width] for place in places))  # S of this pass
        self.prompt_mask = self._mask(lengths)
        heads = torch.arange(cache.keys.shape[2], device=device)
        self._place = (
            torch.tensor(rows.slots, device=device)[:, None],
            heads,
            torch.tensor(rows.positions, device=device)[:, None],
        )

    def _places(self, members: list[int]) -> list[int]:
        """Return the place of each row in the grid: the rows of a slot follow one another."""
        index = {slot: i for i, slot in enumerate(members)}
        seen: Counter[int] = Counter()
        places = []
        for slot in self._rows.slots:
            places.append(index[slot] * self._width + seen[slot])
            seen[slot] += 1
        return places

    def _mask(self, lengths: list[int]) -> Tensor | None:
        """Make the additive mask [G, 1, 1, S] of prompts that are shorter than S; None when none is."""
        if all(length >= self.prompt_length for length in lengths):
            return None
        device = self._cache.device
        beyond = torch.arange(self.prompt_length, device=device) >= torch.tensor(lengths, device=device)[:, None]
        zeros = torch.zeros(beyond.shape, dtype=self._cache.keys.dtype, device=device)
        return zeros.masked_fill_(beyond, -torch.inf)[:, None, None]

    def bias(self, table: Tensor) -> Tensor:
        """Take the position bias [G, H, M, T] of the rows from a table [T, H, T]."""
        bias = table[self._positions, :, : self.length]
        return bias.view(self._size, self._width, *bias.shape[1:]).transpose(1, 2)

    def write(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Store the new keys and values [R, H, K] at their positions."""
        own_keys, own_values = self._cache.keys[layer], self._cache.values[layer]
        if len(self._rows.slots) == 1:
            slot, position = self._rows.slots[0], self._rows.positions[0]
            own_keys[slot, :, :, position] = keys[0]
            own_values[slot, :, position] = values[0]
            return
        slots, heads, positions = self._place
        own_keys[slots, heads, :, positions] = keys
        own_values[slots, heads, positions] = values

    def own(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return self-attention keys [G*H, K, T] and values [G*H, T, K]."""
        keys, values = self._read(self._cache.keys[layer]), self._read(self._cache.values[layer])
        return keys[:, :, : self.length], values[:, : self.length]

    def cross(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return cross-attention keys [G*H, K, S] and values [G*H, S, K]."""
        keys, values = self._read(self._cache.cross_keys[layer]), self._read(self._cache.cross_values[layer])
        return keys[:, :, : self.prompt_length], values[:, : self.prompt_length]

    def grid(self, rows: Tensor) -> Tensor:
        """Lay out rows [R, H, K] as [G*H, M, K]."""
        heads, width = rows.shape[1:]
        if self._at is not None:
            rows = rows.new_zeros(self._size * self._width, heads, width).index_copy_(0, self._at, rows)
        if self._width > 1:
            rows = rows.view(self._size, self._width, heads, width).transpose(1, 2)
        return rows.reshape(self._size * heads, self._width, width)

    def by_slot(self, scores: Tensor) -> Tensor:
        """View [G*H, M, L] as [G, H, M, L]."""
        return scores.view(self._size, -1, *scores.shape[1:])

    def rows(self, grid: Tensor) -> Tensor:
        """Undo `grid`: [G*H, M, K] to [R, H*K]."""
        if self._width > 1:
            grid = self.by_slot(grid).transpose(1, 2)
        rows = grid.reshape(self._size * self._width, -1)
        return rows if self._at is None else rows.index_select(0, self._at)

    def _read(self, store: Tensor) -> Tensor:
        if self._gather is not None:
            store = store.index_select(0, self._gather)
        else:
            store = store.narrow(0, self._first, self._size)
        return store.flatten(0, 1)
