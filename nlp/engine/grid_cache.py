"""The cache of fp32 and bf16: attention as batched matrix products over a grid of slots."""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor
from torch.nn import functional

from nlp.engine.cache import Rows, rounded
from nlp.engine.config import T5Config


class GridCache:
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

    def step(self, rows: Rows, bias: Tensor) -> GridStep:
        """Prepare one decoder pass over these rows; `bias` [T, H, T] is by query and key position."""
        return GridStep(self, rows, bias)


class GridStep:
    """The part of the cache that one decoder pass reads and writes, and the grid in which attention sees its rows.

    The grid has G slots with M rows each. Slots that lie together are read in place, holes between them computed and
    thrown away: that is cheaper than copying what is read. Only when most would be holes, slots are gathered.
    """

    def __init__(self, cache: GridCache, rows: Rows, bias: Tensor) -> None:
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
        self._length = rounded(max(rows.positions) + 1)  # T of this pass
        lengths = [cache.prompt_lengths[slot] for slot in members]
        self._prompt_length = rounded(max(lengths[place // self._width] for place in places))  # S of this pass
        self._prompt_mask = self._mask(lengths)
        heads = torch.arange(cache.keys.shape[2], device=device)
        self._place = (
            torch.tensor(rows.slots, device=device)[:, None],
            heads,
            torch.tensor(rows.positions, device=device)[:, None],
        )
        self._own_bias = self._bias(bias)

    def attend_own(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Store the rows' keys and values [R, H, K], then attend to their replies so far. Returns [R, H*K]."""
        self._write(layer, keys, values)
        return self._attend(queries, *self._own(layer), self._own_bias)

    def attend_cross(self, layer: int, queries: Tensor) -> Tensor:
        """Attend from rows [R, H, K] to the prompts of their slots. Returns [R, H*K]."""
        return self._attend(queries, *self._cross(layer), self._prompt_mask)

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        """Attend to keys [G*H, K, L] and values [G*H, L, K]; `bias` is additive, [G, H or 1, M or 1, L].

        Two batched products instead of the fused kernel, whose result for a row changes with the padded length
        (measured), and with it the neighbours in the batch would change a reply.
        """
        scores = product(self._grid(queries), keys)
        if bias is not None:
            scores = (self._by_slot(scores) + bias).flatten(0, 1)
        mixed = product(softmax(scores).to(values.dtype), values)
        return self._rows_of(mixed)

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
        if all(length >= self._prompt_length for length in lengths):
            return None
        device = self._cache.device
        beyond = torch.arange(self._prompt_length, device=device) >= torch.tensor(lengths, device=device)[:, None]
        zeros = torch.zeros(beyond.shape, dtype=self._cache.keys.dtype, device=device)
        return zeros.masked_fill_(beyond, -torch.inf)[:, None, None]

    def _bias(self, table: Tensor) -> Tensor:
        """Take the position bias [G, H, M, T] of the rows from a table [T, H, T]."""
        bias = table[self._positions, :, : self._length]
        return bias.view(self._size, self._width, *bias.shape[1:]).transpose(1, 2)

    def _write(self, layer: int, keys: Tensor, values: Tensor) -> None:
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

    def _own(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return self-attention keys [G*H, K, T] and values [G*H, T, K]."""
        keys, values = self._read(self._cache.keys[layer]), self._read(self._cache.values[layer])
        return keys[:, :, : self._length], values[:, : self._length]

    def _cross(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return cross-attention keys [G*H, K, S] and values [G*H, S, K]."""
        keys, values = self._read(self._cache.cross_keys[layer]), self._read(self._cache.cross_values[layer])
        return keys[:, :, : self._prompt_length], values[:, : self._prompt_length]

    def _grid(self, rows: Tensor) -> Tensor:
        """Lay out rows [R, H, K] as [G*H, M, K]."""
        heads, width = rows.shape[1:]
        if self._at is not None:
            rows = rows.new_zeros(self._size * self._width, heads, width).index_copy_(0, self._at, rows)
        if self._width > 1:
            rows = rows.view(self._size, self._width, heads, width).transpose(1, 2)
        return rows.reshape(self._size * heads, self._width, width)

    def _by_slot(self, scores: Tensor) -> Tensor:
        """View [G*H, M, L] as [G, H, M, L]."""
        return scores.view(self._size, -1, *scores.shape[1:])

    def _rows_of(self, grid: Tensor) -> Tensor:
        """Undo `_grid`: [G*H, M, K] to [R, H*K]."""
        if self._width > 1:
            grid = self._by_slot(grid).transpose(1, 2)
        rows = grid.reshape(self._size * self._width, -1)
        return rows if self._at is None else rows.index_select(0, self._at)

    def _read(self, store: Tensor) -> Tensor:
        if self._gather is not None:
            store = store.index_select(0, self._gather)
        else:
            store = store.narrow(0, self._first, self._size)
        return store.flatten(0, 1)


def product(rows: Tensor, stored: Tensor) -> Tensor:
    """Multiply [B, M, I] with [B, I, J], each of the M rows as it would be alone.

    In bf16 (oneDNN) the kernel does not change with M (measured). In fp32 (MKL) it does, so rows go one by one.
    """
    if rows.shape[1] == 1 or rows.dtype is torch.bfloat16:
        return torch.bmm(rows, stored)
    return torch.cat([torch.bmm(row.contiguous(), stored) for row in torch.split(rows, 1, dim=1)], dim=1)


def softmax(scores: Tensor) -> Tensor:
    """Normalise over the last dimension; returns fp32."""
    return functional.softmax(scores, dim=-1, dtype=torch.float32)
