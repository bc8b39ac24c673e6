"""The T5 forward pass: an encoder over packed prompts, and a decoder over rows of the slot cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Items
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from nlp.engine.bag_cache import BagCache, BagStep
from nlp.engine.cache import CacheStep, Rows, SlotCache
from nlp.engine.config import T5Config
from nlp.engine.graph import Graph
from nlp.engine.grid_cache import GridCache, softmax
from nlp.engine.quantize import Dtype, Linear, Norm, make_linear, rms_norm, use_int8_kernels

# An encoder pass over more tokens than this is interrupted inside its layers too. Measured with T5-base shapes and a
# prompt of 512 tokens: pieces of at most 10 ms of one core, where whole layers took 45 to 65, and no longer in all.
PIECE_ROWS = 128

Weights = Mapping[str, Tensor]
Activation = Callable[[Tensor], Tensor]

_ACTIVATIONS: dict[str, Activation] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "silu": functional.silu,
}


class T5Model:
    """Weights and forward passes of one model; the cache is the caller's."""

    def __init__(
        self, config: T5Config, weights: Weights, dtype: Dtype, max_tokens: int, window: int, device: torch.device
    ) -> None:
        if dtype == "int8":
            use_int8_kernels()
        self.config = config
        self.device = device
        self.float_type = torch.bfloat16 if dtype == "bf16" else torch.float32
        self._dtype = dtype
        make = partial(make_linear, dtype=dtype, device=device)
        # Copies: a view would keep the whole file of weights in memory.
        dense = partial(torch.Tensor.to, device=device, dtype=self.float_type, copy=True)
        self.embedding = dense(weights["shared.weight"])
        self.encoder = [EncoderLayer(config, weights, i, make) for i in range(config.encoder_layers)]
        self.decoder = [DecoderLayer(config, weights, i, make) for i in range(config.decoder_layers)]
        self._encoder_norm = dense(weights["encoder.final_layer_norm.weight"]), config.epsilon
        scale = config.d_model**-0.5 if config.scale_outputs else 1.0
        self._head = make(
            weights["lm_head.weight"], (weights["decoder.final_layer_norm.weight"] * scale, config.epsilon)
        )
        bias = "{}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        self._encoder_bias = dense(encoder_bias(config, weights[bias.format("encoder")], window))
        self._decoder_bias = dense(decoder_bias(config, weights[bias.format("decoder")], max_tokens))
        self._graph = self._make_graph() if dtype == "int8" else None

    def decode(self, rows: Rows, cache: SlotCache) -> Tensor:
        """Run the rows through the decoder. Returns the logits [W, V] of the wanted rows, in fp32."""
        step = cache.step(rows, self._decoder_bias)
        tokens, wanted = (torch.tensor(ids, dtype=torch.long, device=self.device) for ids in (rows.tokens, rows.wanted))
        if self._graph is not None and isinstance(step, BagStep):
            return self._graph(tokens, wanted, *step.tensors)
        return self._decode(tokens, wanted, step)

    def _decode(self, tokens: Tensor, wanted: Tensor, step: CacheStep) -> Tensor:
        x = functional.embedding(tokens, self.embedding)  # [R, D]
        for layer in self.decoder:
            x = layer(x, step)
        return self._head.normed(x.index_select(0, wanted)).float()

    def _make_graph(self) -> Graph:
        """Record a decoder pass with a cache as small as can be."""
        cache = BagCache(self.config, 1, 1, 1)
        cache.prompt_lengths[0] = 1
        step = cache.step(Rows([0], [0], [0], [0]), self._decoder_bias)
        packed = [*self._head.packed(), *(weight for layer in self.decoder for weight in layer.packed())]
        zero = torch.zeros(1, dtype=torch.long)
        return Graph(
            lambda tokens, wanted, *tensors: self._decode(tokens, wanted, BagStep(*tensors)),
            packed,
            (zero, zero, *step.tensors),
        )

    def make_cache(self, slots: int, max_tokens: int, window: int) -> SlotCache:
        """Make the cache that this model's attention reads fastest."""
        if self._dtype == "int8":
            return BagCache(self.config, slots, max_tokens, window)
        return GridCache(self.config, slots, max_tokens, window, self.float_type, self.device)

    def encode(self, prompts: Items[Items[int]], slots: Items[int], cache: SlotCache) -> EncoderPass:
        """Begin an encoder pass over several prompts, which fills the cross-attention cache of their slots."""
        return EncoderPass(self, prompts, slots, cache)

    def prompt_bias(self, length: int) -> Tensor:
        """Return the encoder's position bias [H, S, S] for one length."""
        places = torch.arange(length, device=self.device)
        middle = self._encoder_bias.shape[1] // 2
        return self._encoder_bias[:, places[None] - places[:, None] + middle]

    def finish_encoder(self, x: Tensor) -> Tensor:
        """Apply the encoder's last norm."""
        return rms_norm(x, *self._encoder_norm)


class EncoderPass:
    """Several prompts on their way through the encoder, piece by piece, so that decoding may go on in between.

    The prompts are packed without padding: linear layers see all tokens as rows, and attention runs per prompt at
    its own length, so that a prompt's result does not depend on its companions.
    """

    def __init__(self, model: T5Model, prompts: Items[Items[int]], slots: Items[int], cache: SlotCache) -> None:
        self._model = model
        self._slots = slots
        self._lengths = [len(prompt) for prompt in prompts]
        tokens = torch.tensor([token for prompt in prompts for token in prompt], device=model.device)
        self._x = functional.embedding(tokens, model.embedding)  # [N, D]
        self._pieces = self._run(cache)

    def advance(self) -> bool:
        """Go on by one piece: a layer, or a part of one when there are many tokens. Returns whether it was the last."""
        return next(self._pieces, True)

    def _run(self, cache: SlotCache) -> Iterator[bool]:
        """Yield False after every piece but the last."""
        model = self._model
        biases = [model.prompt_bias(length) for length in self._lengths]
        for layer in model.encoder:
            for _ in layer.run(self._x, self._lengths, biases):
                yield False
        self._x = model.finish_encoder(self._x)
        for index in range(len(model.decoder)):
            if index:
                yield False
            self._project(index, cache)

    def _project(self, layer: int, cache: SlotCache) -> None:
        keys, values = self._model.decoder[layer].project(self._x)  # [N, H, K]
        parts = torch.split(keys, self._lengths), torch.split(values, self._lengths)
        packed = zip(self._slots, *parts, strict=True)
        for slot, own_keys, own_values in packed:
            cache.write_prompt(layer, slot, own_keys, own_values)


class Make(Protocol):
    """Makes the layer of a weight; see `make_linear`."""

    def __call__(self, weight: Tensor, norm: Norm | None = None, *, many_rows: bool = False) -> Linear: ...


class FeedForward:
    """Norm, one or two input matrices, activation, output matrix, residual: [N, D] -> [N, D]."""

    def __init__(self, config: T5Config, weights: Weights, prefix: str, make: Make, *, many_rows: bool) -> None:
        inner = f"{prefix}.DenseReluDense"
        norm = weights[f"{prefix}.layer_norm.weight"], config.epsilon
        self._gated = config.gated
        first = torch.cat([weights[f"{inner}.{name}.weight"] for name in config.feed_inputs])
        self._wi = make(first, norm, many_rows=many_rows)
        self._wo = make(weights[f"{inner}.wo.weight"], many_rows=many_rows)
        self.layers = (self._wi, self._wo)
        self._relu = not config.gated and config.activation == "relu"
        self._activation = _ACTIVATIONS[config.activation]

    def __call__(self, x: Tensor) -> Tensor:
        if self._relu:
            return self._wo.add_relu(x, self._wi)
        h = self._wi.normed(x)
        if self._gated:
            gate, linear = h.chunk(2, dim=-1)
            return self._wo.add(x, self._activation(gate).mul_(linear))
        return self._wo.add(x, self._activation(h))


class EncoderLayer:
    """Self-attention per prompt and a feed-forward over packed prompts [N, D]."""

    def __init__(self, config: T5Config, weights: Weights, index: int, make: Make) -> None:
        prefix = f"encoder.block.{index}.layer"
        attention = f"{prefix}.0.SelfAttention"
        norm = weights[f"{prefix}.0.layer_norm.weight"], config.epsilon
        self._qkv = make(torch.cat([weights[f"{attention}.{p}.weight"] for p in "qkv"]), norm, many_rows=True)
        self._o = make(weights[f"{attention}.o.weight"], many_rows=True)
        self._feed = FeedForward(config, weights, f"{prefix}.1", make, many_rows=True)
        self._split = (3, config.heads, config.d_kv)

    def run(self, x: Tensor, lengths: list[int], biases: list[Tensor]) -> Iterator[None]:
        """Change x in place. Yields at the end, and on the way after every PIECE_ROWS rows when there are more."""
        many = x.shape[0] > PIECE_ROWS
        projected = []
        for part in torch.split(x, PIECE_ROWS):
            projected.append(self._qkv.normed(part))
            if many:
                yield
        mixed = []
        for qkv, bias in zip(torch.split(torch.cat(projected).view(-1, *self._split), lengths), biases, strict=True):
            queries, keys, values = qkv.permute(1, 2, 0, 3).contiguous()  # each [H, S, K]
            for some, near in zip(torch.split(queries, PIECE_ROWS, 1), torch.split(bias, PIECE_ROWS, 1), strict=True):
                scores = torch.baddbmm(near, some, keys.transpose(1, 2))  # T5 does not scale by K**-0.5
                weights = softmax(scores).to(values.dtype)
                mixed.append(torch.bmm(weights, values).transpose(0, 1).flatten(1))  # [Q, H*K]
                if many:
                    yield
        for part, own in zip(torch.split(x, PIECE_ROWS), torch.split(torch.cat(mixed), PIECE_ROWS), strict=True):
            self._feed(self._o.add(part, own))
            yield


class DecoderLayer:
    """Self-attention, cross-attention and feed-forward over decoder rows [R, D]."""

    def __init__(self, config: T5Config, weights: Weights, index: int, make: Make) -> None:
        prefix = f"decoder.block.{index}.layer"
        own, cross = f"{prefix}.0.SelfAttention", f"{prefix}.1.EncDecAttention"
        norms = [(weights[f"{prefix}.{i}.layer_norm.weight"], config.epsilon) for i in range(2)]
        self._index = index
        self._own_qkv = make(torch.cat([weights[f"{own}.{p}.weight"] for p in "qkv"]), norms[0])
        self._own_o = make(weights[f"{own}.o.weight"])
        self._cross_q = make(weights[f"{cross}.q.weight"], norms[1])
        self._cross_kv = make(torch.cat([weights[f"{cross}.{p}.weight"] for p in "kv"]), many_rows=True)
        self._cross_o = make(weights[f"{cross}.o.weight"])
        self._feed = FeedForward(config, weights, f"{prefix}.2", make, many_rows=False)
        self._heads = (config.heads, config.d_kv)
        self._width = config.heads * config.d_kv

    def packed(self) -> list[Any]:
        """Return the packed weights of a decoder pass."""
        layers = (self._own_qkv, self._own_o, self._cross_q, self._cross_o, *self._feed.layers)
        return [weight for layer in layers for weight in layer.packed()]

    def project(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Return the cross-attention keys and values [N, H, K] of encoder outputs [N, D]."""
        keys, values = self._cross_kv(encoded).view(-1, 2, *self._heads).unbind(1)
        return keys, values

    def __call__(self, x: Tensor, step: CacheStep) -> Tensor:
        queries, keys, values = self._own_qkv.normed(x).view(-1, 3, *self._heads).unbind(1)
        x = self._own_o.add(x, step.attend_own(self._index, queries, keys, values).view(-1, self._width))
        queries = self._cross_q.normed(x).view(-1, *self._heads)
        x = self._cross_o.add(x, step.attend_cross(self._index, queries).view(-1, self._width))
        return self._feed(x)


def encoder_bias(config: T5Config, weight: Tensor, window: int) -> Tensor:
    """Make the table [H, 2*window - 1] of the bias by distance key - query, -(window-1) first."""
    distance = torch.arange(1 - window, window)
    buckets = config.buckets // 2
    bucket = (distance > 0).long() * buckets + _bucket(distance.abs(), buckets, config.max_distance)
    return weight[bucket].T.contiguous()


def decoder_bias(config: T5Config, weight: Tensor, max_tokens: int) -> Tensor:
    """Make the table [T, H, T] of the bias by query and key position; keys after the query get -inf."""
    places = torch.arange(max_tokens)
    distance = places[:, None] - places
    bias = distance_bias(config, weight, max_tokens)[distance.clamp(min=0)]  # [T, T, H]
    return bias.masked_fill((distance < 0)[..., None], -torch.inf).permute(0, 2, 1).contiguous()


def distance_bias(config: T5Config, weight: Tensor, max_tokens: int) -> Tensor:
    """Make the table [T, H] of the decoder's bias by the distance from a query back to a key."""
    return weight[_bucket(torch.arange(max_tokens), config.buckets, config.max_distance)]


def _bucket(distance: Tensor, buckets: int, max_distance: int) -> Tensor:
    """Sort distances >= 0 into buckets: exact up to half of them, then logarithmic up to max_distance."""
    exact = buckets // 2
    ratio = torch.log(distance.clamp(min=1).float() / exact) / math.log(max_distance / exact)
    large = (exact + (ratio * (buckets - exact)).long()).clamp(max=buckets - 1)
    return torch.where(distance < exact, distance, large)
