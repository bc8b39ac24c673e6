"""The network of all-MiniLM-L6-v2 in plain tensor operations: texts of any lengths at once, without padding.

The tokens of all texts stand one below the other. Only attention and the mean look at a text as a whole; texts of one
length share them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nlp.digits import DigitsLinear

DIM = 384
LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12  # of the layer norms
_EMBEDDINGS = "embeddings"

Linear = Callable[[Tensor], Tensor]
Weights = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, (DIM,), self.weight, self.bias, _EPSILON)


@dataclass(frozen=True, slots=True)
class _Layer:
    qkv: Linear  # queries, keys and values in one product
    out: Linear
    norm: _Norm
    wide: Linear
    narrow: Linear
    last_norm: _Norm


@dataclass(frozen=True, slots=True)
class _Dense:
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)


class MiniLm:
    """Six layers of BERT with the published weights, by their published names."""

    def __init__(self, weights: Weights, *, int8: bool) -> None:
        """Build the network in fp32 or with int8 weights; the latter gives a text the same vectors in every batch."""
        self._make: Callable[[Tensor, Tensor], Linear] = DigitsLinear if int8 else _Dense
        self._words = weights[f"{_EMBEDDINGS}.word_embeddings.weight"]
        # A single sentence is all of token type 0, so that every position has that vector added to it.
        positions = weights[f"{_EMBEDDINGS}.position_embeddings.weight"]
        self._positions = positions + weights[f"{_EMBEDDINGS}.token_type_embeddings.weight"][0]
        self._norm = _norm(weights, f"{_EMBEDDINGS}.LayerNorm")
        self._layers = [self._layer(weights, f"encoder.layer.{number}") for number in range(LAYERS)]

    def _layer(self, weights: Weights, name: str) -> _Layer:
        attention = f"{name}.attention"
        return _Layer(
            qkv=self._linear(weights, *(f"{attention}.self.{part}" for part in ("query", "key", "value"))),
            out=self._linear(weights, f"{attention}.output.dense"),
            norm=_norm(weights, f"{attention}.output.LayerNorm"),
            wide=self._linear(weights, f"{name}.intermediate.dense"),
            narrow=self._linear(weights, f"{name}.output.dense"),
            last_norm=_norm(weights, f"{name}.output.LayerNorm"),
        )

    def _linear(self, weights: Weights, *names: str) -> Linear:
        weight = torch.cat([weights[f"{name}.weight"] for name in names])
        return self._make(weight, torch.cat([weights[f"{name}.bias"] for name in names]))

    @torch.inference_mode()
    def means(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return the mean over the tokens of each layer's output, [N, 6, 384]; texts of one length stand together."""
        shapes = [(len(list(same)), length) for length, same in itertools.groupby(map(len, texts))]
        tokens = torch.tensor([token for text in texts for token in text])
        places = torch.cat([torch.arange(length).repeat(count) for count, length in shapes])
        x = self._norm(self._words[tokens].add_(self._positions[places]))
        found = []
        for layer in self._layers:
            x = layer.norm(layer.out(_attend(layer.qkv(x), shapes)).add_(x))
            x = layer.last_norm(layer.narrow(functional.gelu(layer.wide(x))).add_(x))
            found.append(torch.cat([part.view(*shape, DIM).mean(1) for part, shape in _texts(x, shapes)]))
        return torch.stack(found, dim=1)


def _norm(weights: Weights, name: str) -> _Norm:
    return _Norm(weights[f"{name}.weight"], weights[f"{name}.bias"])


def _texts(x: Tensor, shapes: Sequence[tuple[int, int]]) -> list[tuple[Tensor, tuple[int, int]]]:
    """Return the rows of the texts of each length, with how many they are and how long."""
    return list(zip(torch.split_with_sizes(x, [count * length for count, length in shapes]), shapes, strict=True))


def _attend(qkv: Tensor, shapes: Sequence[tuple[int, int]]) -> Tensor:
    """Let the tokens of every text look at each other, [T, 3 * 384] -> [T, 384]."""
    seen = []
    for part, (count, length) in _texts(qkv, shapes):
        q, k, v = part.view(count, length, 3, _HEADS, DIM // _HEADS).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(q, k, v)
        seen.append(found.transpose(1, 2).reshape(count * length, DIM))
    return torch.cat(seen) if len(seen) > 1 else seen[0]
