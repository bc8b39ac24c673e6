"""Where the time of a decoder step goes: the model alone, without event loop, at several numbers of replies."""

from __future__ import annotations

import time
from collections.abc import Sequence as Items
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from nlp.engine.cache import Rows, SlotCache
from nlp.engine.loader import load_directory
from nlp.engine.model import T5Model
from nlp.engine.sampler import likeliest

STEPS = 24
PARTS = ("linear", "attention", "cache", "sampling", "small", "python")

_LINEAR = ("quantized::linear", "onednn::qlinear", "aten::mm", "aten::addmm")
_CACHE = ("aten::put_", "aten::_index_put_impl_", "aten::index_put_", "quantized::embedding_bag_byte_prepack")
_ATTENTION = ("aten::_embedding_bag_forward_only", "quantized::embedding_bag", "aten::_softmax", "aten::bmm")
_SAMPLING = ("aten::argmax",)


def profile_steps(
    directory: Path, streams: Items[int], prompt_tokens: int, threads: int
) -> dict[int, dict[str, float]]:
    """Return for each number of replies the milliseconds of a step (`step`) and of its PARTS, and of encoding.

    `encode` is the encoder pass of all prompts. `small` are norms, scales, activations and casts, and the graph that
    calls them. Parts are measured with a profiler, which makes every operation a little longer; `python` is what is
    left of a step measured without.
    """
    torch.set_num_threads(threads)
    files = load_directory(directory)
    model = T5Model(files.config, files.weights, "int8", STEPS * 3, prompt_tokens, torch.device("cpu"))
    cache = model.make_cache(max(streams), STEPS * 3, prompt_tokens)
    with torch.inference_mode():
        return {n: _profile(model, cache, n, prompt_tokens) for n in streams}


def _profile(model: T5Model, cache: SlotCache, n: int, prompt_tokens: int) -> dict[str, float]:
    prompts = [[3 + (7 * slot + i) % 90 for i in range(prompt_tokens)] for slot in range(n)]
    encoding = []
    for _ in range(3):
        began = time.perf_counter()
        work = model.encode(prompts, list(range(n)))
        while not work.advance(cache):
            pass
        encoding.append(time.perf_counter() - began)
    slots = list(range(n))

    def step(position: int) -> None:
        likeliest(model.decode(Rows([3] * n, slots, [position] * n, slots), cache)).tolist()

    times = []
    for position in range(2 * STEPS):
        began = time.perf_counter()
        step(position)
        times.append(time.perf_counter() - began)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for position in range(STEPS, 2 * STEPS):
            step(position)
    found = {"encode": min(encoding) * 1000, "step": sorted(times)[STEPS] * 1000, **dict.fromkeys(PARTS, 0.0)}
    for event in profiled.key_averages():
        found[_part(event.key)] += event.self_cpu_time_total / 1000 / STEPS
    found["python"] = max(0.0, found["step"] - sum(found[part] for part in PARTS))
    return {name: round(value, 4) for name, value in found.items()}


def _part(operation: str) -> str:
    for part, names in (("linear", _LINEAR), ("cache", _CACHE), ("attention", _ATTENTION), ("sampling", _SAMPLING)):
        if operation.startswith(names):
            return part
    return "small"
