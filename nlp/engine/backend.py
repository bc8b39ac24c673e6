"""What computes a model's passes: compiled C for int8 on processors it knows, torch for everything else."""

from __future__ import annotations

from collections.abc import Sequence as Items
from typing import Protocol

import torch
from torch import Tensor

from nlp.engine.cache import Rows, SlotCache
from nlp.engine.config import T5Config
from nlp.engine.model import T5Model, Weights
from nlp.engine.native import loading
from nlp.engine.native.model import NativeModel
from nlp.engine.settings import EngineSettings


class Encoding(Protocol):
    """Several prompts on their way through the encoder."""

    def advance(self) -> bool:
        """Go on by one piece: a layer, or a part of one when there are many tokens. Returns whether it was the last."""
        ...


class Backend(Protocol):
    """A model with its cache. One thread at a time calls it."""

    def encode(self, prompts: Items[Items[int]], slots: Items[int]) -> Encoding:
        """Begin an encoder pass over several prompts, which fills the cross-attention cache of their slots."""
        ...

    def decode(self, rows: Rows) -> Tensor:
        """Run the rows through the decoder. Returns the logits [W, V] of the wanted rows, in fp32."""
        ...

    def torch_threads(self, threads: int) -> int:
        """Say how many of an engine's threads torch should use in the thread that makes the passes."""
        ...

    def close(self) -> None:
        """End the threads of its own. Nothing may run, and nothing may come after."""
        ...


class TorchBackend:
    """Passes by torch: any type, any device."""

    def __init__(self, model: T5Model, cache: SlotCache) -> None:
        self._model = model
        self._cache = cache

    def encode(self, prompts: Items[Items[int]], slots: Items[int]) -> Encoding:
        """Begin an encoder pass over several prompts, which fills the cross-attention cache of their slots."""
        return self._model.encode(prompts, slots, self._cache)

    def decode(self, rows: Rows) -> Tensor:
        """Run the rows through the decoder. Returns the logits [W, V] of the wanted rows, in fp32."""
        return self._model.decode(rows, self._cache)

    def torch_threads(self, threads: int) -> int:
        """Return all of them."""
        return threads

    def close(self) -> None:
        """Do nothing: torch keeps its threads for the thread that used them."""


def make_backend(
    config: T5Config, weights: Weights, settings: EngineSettings, *, max_tokens: int, window: int, threads: int
) -> Backend:
    """Make what computes a model fastest here; lengths in tokens, `max_tokens` a multiple of BLOCK."""
    kernels = loading.load() if settings.dtype == "int8" and settings.native else None
    if kernels is not None:
        sizes = {"slots": settings.slots, "max_tokens": max_tokens, "window": window, "threads": threads}
        return NativeModel(kernels, config, weights, **sizes)
    model = T5Model(config, weights, settings.dtype, max_tokens, window, torch.device(settings.device))
    return TorchBackend(model, model.make_cache(settings.slots, max_tokens, window))
