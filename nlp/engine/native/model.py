"""A T5 in int8 whose passes are compiled C. See t5.h for what each call does, and model.py of the engine for the same
in torch, which runs where these kernels cannot."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterator
from collections.abc import Sequence as Items

import torch
from torch import Tensor
from torch.nn import functional

from nlp.engine.cache import Rows
from nlp.engine.config import ACTIVATIONS, T5Config
from nlp.engine.model import PIECE_ROWS, Weights, distance_bias, encoder_bias
from nlp.engine.native.loading import Shape


class NativeModel:
    """Weights, cache and passes of one model. Close it: that ends its threads and frees its memory."""

    def __init__(
        self,
        library: ctypes.CDLL,
        config: T5Config,
        weights: Weights,
        *,
        slots: int,
        max_tokens: int,
        window: int,
        threads: int,
    ) -> None:
        self.config = config
        self._library = library
        self._max_tokens, self._window, self._slots = max_tokens, window, slots
        shape = Shape(
            vocabulary=config.vocab_size,
            d_model=config.d_model,
            d_kv=config.d_kv,
            d_ff=config.d_ff,
            heads=config.heads,
            encoder_layers=config.encoder_layers,
            decoder_layers=config.decoder_layers,
            activation=ACTIVATIONS.index(config.activation),
            gated=config.gated,
            slots=slots,
            max_tokens=max_tokens,
            window=window,
            threads=threads,
            epsilon=config.epsilon,
        )
        self._handle = _allocated(library.t5_new(ctypes.byref(shape)))
        self._finalizer = weakref.finalize(self, library.t5_free, self._handle)
        # At the interpreter's end a thread may still be in a pass; the system frees the memory.
        self._finalizer.atexit = False
        self._embedding = weights["shared.weight"].clone()  # a view would keep the whole file of weights in memory
        self._pack(weights)
        self._set_tables(weights)

    def decode(self, rows: Rows) -> Tensor:
        """Run the rows through the decoder. Returns the logits [W, V] of the wanted rows, in fp32.

        Raises ValueError for rows outside the cache, RuntimeError after close.
        """
        if max(rows.positions) >= self._max_tokens or max(rows.slots) >= self._slots:
            raise ValueError("a row lies outside the cache: its slot or its position is too large")
        logits = torch.empty(len(rows.wanted), self.config.vocab_size)
        tokens, slots, positions, wanted = (
            _ints(numbers) for numbers in (rows.tokens, rows.slots, rows.positions, rows.wanted)
        )
        self._call("t5_decode", len(rows.tokens), tokens, slots, positions, len(rows.wanted), wanted, _pointer(logits))
        return logits

    def encode(self, prompts: Items[Items[int]], slots: Items[int]) -> NativePass:
        """Begin an encoder pass over several prompts, which fills the cross-attention cache of their slots."""
        if max(len(prompt) for prompt in prompts) > self._window or max(slots) >= self._slots:
            raise ValueError("a prompt does not fit the cache: it is longer than the window, or its slot is too large")
        return NativePass(self, prompts, slots)

    def torch_threads(self, threads: int) -> int:
        """Return one: torch's helpers would spin where the threads of these kernels want to run."""
        return 1

    def close(self) -> None:
        """End the threads and free the memory; a second call does nothing."""
        self._finalizer()

    def seconds(self) -> tuple[float, float, float]:
        """Return the time that products, attention and quantising (with norms and activations) have taken so far."""
        found = (ctypes.c_double * 3)()
        self._library.t5_seconds(self._handle, found)
        return found[0], found[1], found[2]

    def embed(self, tokens: Items[int]) -> Tensor:
        """Return the embeddings [N, D] of tokens."""
        return functional.embedding(torch.tensor(tokens), self._embedding)

    def project(self, layer: int, x: Tensor) -> Tensor:
        """Return queries, keys and values [N, 3 * H * K] of an encoder layer."""
        qkv = torch.empty(len(x), 3 * self.config.heads * self.config.d_kv)
        self._call("t5_encode_project", layer, _pointer(x), len(x), _pointer(qkv))
        return qkv

    def attend(self, qkv: Tensor, items: Items[tuple[int, int, int, int]], mixed: Tensor) -> None:
        """Attend within prompts; items are (first row, length, first query, queries). Writes into mixed [N, H * K]."""
        columns = [_ints(column) for column in zip(*items, strict=True)]
        self._library.t5_encode_attend(self._handle, _pointer(qkv), len(items), *columns, _pointer(mixed))

    def finish(self, layer: int, x: Tensor, mixed: Tensor) -> None:
        """Do the rest of an encoder layer, in the memory of x [N, D]."""
        self._call("t5_encode_finish", layer, _pointer(x), _pointer(mixed), len(x))

    def store(self, layer: int, x: Tensor, slots: Items[int], positions: Items[int]) -> None:
        """Keep what a decoder layer attends to of encoder outputs x [N, D] before their norm."""
        self._call("t5_store_prompt", layer, _pointer(x), len(x), _ints(slots), _ints(positions))

    def set_prompt_length(self, slot: int, length: int) -> None:
        """Say how many positions of a slot's prompt there are."""
        self._library.t5_set_prompt_length(self._handle, slot, length)

    def _call(self, name: str, *arguments: object) -> None:
        if not self._finalizer.alive:
            raise RuntimeError("the model is closed: its memory is gone")
        if getattr(self._library, name)(self._handle, *arguments):
            raise MemoryError(f"{name}: no memory left")

    def _pack(self, weights: Weights) -> None:
        config = self.config
        number = 0
        for i in range(config.encoder_layers):
            for names, norm in encoder_matrices(config, i):
                self._set(number, weights, names, norm)
                number += 1
        for i in range(config.decoder_layers):
            for names, norm in decoder_matrices(config, i):
                self._set(number, weights, names, norm)
                number += 1
        scale = config.d_model**-0.5 if config.scale_outputs else 1.0
        last = weights["decoder.final_layer_norm.weight"] * scale
        self._set_matrix(number, weights["lm_head.weight"], last)

    def _set(self, number: int, weights: Weights, names: Items[str], norm: str | None) -> None:
        whole = torch.cat([weights[f"{name}.weight"] for name in names])
        self._set_matrix(number, whole, None if norm is None else weights[f"{norm}.weight"])

    def _set_matrix(self, number: int, weight: Tensor, norm: Tensor | None) -> None:
        weight = weight.float().contiguous()
        norm = None if norm is None else norm.float().contiguous()
        pointers = _pointer(weight), None if norm is None else _pointer(norm)
        self._call("t5_set_matrix", number, *weight.shape, *pointers)

    def _set_tables(self, weights: Weights) -> None:
        name = "{}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        own = distance_bias(self.config, weights[name.format("decoder")], self._max_tokens).T.contiguous()
        prompt = encoder_bias(self.config, weights[name.format("encoder")], self._window)
        tables = (_pointer(table) for table in (self._embedding, own, prompt))
        self._library.t5_set_tables(self._handle, *tables)


class NativePass:
    """Several prompts on their way through the encoder, piece by piece, so that decoding may go on in between.

    The prompts are packed without padding; attention runs per prompt.
    """

    def __init__(self, model: NativeModel, prompts: Items[Items[int]], slots: Items[int]) -> None:
        self._model = model
        self._prompts = list(zip(slots, (len(prompt) for prompt in prompts), strict=True))
        self._x = model.embed([token for prompt in prompts for token in prompt])
        self._pieces = self._run()

    def advance(self) -> bool:
        """Go on by one piece. Returns whether it was the last."""
        return next(self._pieces, True)

    def _run(self) -> Iterator[bool]:
        """Yield False after every piece but the last."""
        model, config = self._model, self._model.config
        mixed = self._x.new_empty(len(self._x), config.heads * config.d_kv)
        for layer in range(config.encoder_layers):
            for _ in self._layer(layer, mixed):
                yield False
        slots = [slot for slot, length in self._prompts for _ in range(length)]
        positions = [place for _, length in self._prompts for place in range(length)]
        for layer in range(config.decoder_layers):
            if layer:
                yield False
            model.store(layer, self._x, slots, positions)
        for slot, length in self._prompts:
            model.set_prompt_length(slot, length)

    def _layer(self, layer: int, mixed: Tensor) -> Iterator[None]:
        """Change x in place. Yields at the end, and on the way after every PIECE_ROWS rows when there are more."""
        model, many = self._model, len(self._x) > PIECE_ROWS
        qkv = []
        for part in torch.split(self._x, PIECE_ROWS):
            qkv.append(model.project(layer, part))
            if many:
                yield
        whole = torch.cat(qkv)
        for items in self._attention():
            model.attend(whole, items, mixed)
            if many:
                yield
        for part, own in zip(torch.split(self._x, PIECE_ROWS), torch.split(mixed, PIECE_ROWS), strict=True):
            model.finish(layer, part, own)
            yield

    def _attention(self) -> Iterator[list[tuple[int, int, int, int]]]:
        """Yield pieces of about PIECE_ROWS queries: first row and length of a prompt, first query and their number."""
        piece: list[tuple[int, int, int, int]] = []
        start = rows = 0
        for _, length in self._prompts:
            for first in range(0, length, PIECE_ROWS):
                count = min(PIECE_ROWS, length - first)
                if rows and rows + count > PIECE_ROWS:
                    yield piece
                    piece, rows = [], 0
                piece.append((start, length, first, count))
                rows += count
            start += length
        yield piece


def encoder_matrices(config: T5Config, index: int) -> list[tuple[list[str], str | None]]:
    """Name what an encoder layer multiplies with, in the order of t5.h: the parts of each matrix, and its norm."""
    prefix = f"encoder.block.{index}.layer"
    attention, feed = f"{prefix}.0.SelfAttention", f"{prefix}.1.DenseReluDense"
    return [
        ([f"{attention}.{p}" for p in "qkv"], f"{prefix}.0.layer_norm"),
        ([f"{attention}.o"], None),
        ([f"{feed}.{name}" for name in config.feed_inputs], f"{prefix}.1.layer_norm"),
        ([f"{feed}.wo"], None),
    ]


def decoder_matrices(config: T5Config, index: int) -> list[tuple[list[str], str | None]]:
    """Name what a decoder layer multiplies with, in the order of t5.h: the parts of each matrix, and its norm."""
    prefix = f"decoder.block.{index}.layer"
    own, cross, feed = f"{prefix}.0.SelfAttention", f"{prefix}.1.EncDecAttention", f"{prefix}.2.DenseReluDense"
    return [
        ([f"{own}.{p}" for p in "qkv"], f"{prefix}.0.layer_norm"),
        ([f"{own}.o"], None),
        ([f"{cross}.q"], f"{prefix}.1.layer_norm"),
        ([f"{cross}.{p}" for p in "kv"], "encoder.final_layer_norm"),
        ([f"{cross}.o"], None),
        ([f"{feed}.{name}" for name in config.feed_inputs], f"{prefix}.2.layer_norm"),
        ([f"{feed}.wo"], None),
    ]


def _allocated(handle: int | None) -> int:
    if handle is None:
        raise MemoryError("the model does not fit memory, or there are no threads left")
    return handle


def _ints(numbers: Items[int]) -> ctypes.Array[ctypes.c_int32]:
    return (ctypes.c_int32 * len(numbers))(*numbers)


def _pointer(tensor: Tensor) -> int:
    """Return where a tensor's numbers begin; the caller keeps the tensor as long as they are read."""
    return tensor.data_ptr()
