"""Where the time of a decoder step goes: the model alone, without event loop, at several numbers of replies."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence as Items
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from nlp.engine.backend import Backend, make_backend
from nlp.engine.cache import Rows, rounded
from nlp.engine.loader import load_directory
from nlp.engine.native.model import NativeModel
from nlp.engine.sampler import likeliest
from nlp.engine.settings import EngineSettings

STEPS = 24
PARTS = ("linear", "attention", "cache", "sampling", "small", "python")

_LINEAR = ("quantized::linear", "onednn::qlinear", "aten::mm", "aten::addmm")
_CACHE = ("aten::put_", "aten::_index_put_impl_", "aten::index_put_", "quantized::embedding_bag_byte_prepack")
_ATTENTION = ("aten::_embedding_bag_forward_only", "quantized::embedding_bag", "aten::_softmax", "aten::bmm")
_SAMPLING = ("aten::argmax",)

Step = Callable[[int], None]


def profile_steps(
    directory: Path, streams: Items[int], prompt_tokens: int, threads: int, *, native: bool = True
) -> dict[int, dict[str, float]]:
    """Return for each number of replies the milliseconds of a step (`step`) and of its PARTS, and of encoding.

    `encode` is the encoder pass of all prompts. `small` are norms, scales, activations and casts. With `native` the
    compiled kernels count their time themselves, the cache's with attention; without, or where they do not run, a
    profiler does, which makes every operation a little longer, and `small` has the graph that calls them in it.
    `python` is what is left of a step measured without profiler.
    """
    torch.set_num_threads(threads)
    files = load_directory(directory)
    settings = EngineSettings(dtype="int8", slots=max(streams), native=native)
    backend = make_backend(
        files.config, files.weights, settings, max_tokens=rounded(2 * STEPS), window=prompt_tokens, threads=threads
    )
    torch.set_num_threads(backend.torch_threads(threads))
    with torch.inference_mode():
        found = {n: _profile(backend, n, prompt_tokens) for n in streams}
    backend.close()
    return found


def _profile(backend: Backend, n: int, prompt_tokens: int) -> dict[str, float]:
    prompts = [[3 + (7 * slot + i) % 90 for i in range(prompt_tokens)] for slot in range(n)]
    encoding = []
    for _ in range(3):
        began = time.perf_counter()
        work = backend.encode(prompts, list(range(n)))
        while not work.advance():
            pass
        encoding.append(time.perf_counter() - began)
    slots = list(range(n))

    def step(position: int) -> None:
        likeliest(backend.decode(Rows([3] * n, slots, [position] * n, slots))).tolist()

    times = []
    for position in range(2 * STEPS):
        began = time.perf_counter()
        step(position)
        times.append(time.perf_counter() - began)
    found = {"encode": min(encoding) * 1000, "step": sorted(times)[STEPS] * 1000, **dict.fromkeys(PARTS, 0.0)}
    found |= _native_parts(backend, step) if isinstance(backend, NativeModel) else _torch_parts(step)
    found["python"] = max(0.0, found["step"] - sum(found[part] for part in PARTS))
    return {name: round(value, 4) for name, value in found.items()}


def _native_parts(model: NativeModel, step: Step) -> dict[str, float]:
    """Return what the kernels say of themselves, and the profiler of what comes after them."""
    before = model.seconds()
    parts = {"sampling": sum(_torch_parts(step).values())}
    spent = zip(("linear", "attention", "small"), before, model.seconds(), strict=True)
    return parts | {name: 1000 * (late - early) / STEPS for name, early, late in spent}


def _torch_parts(step: Step) -> dict[str, float]:
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for position in range(STEPS, 2 * STEPS):
            step(position)
    parts = dict.fromkeys(PARTS, 0.0)
    for event in profiled.key_averages():
        parts[_part(event.key)] += event.self_cpu_time_total / 1000 / STEPS
    return parts


def _part(operation: str) -> str:
    for part, names in (("linear", _LINEAR), ("cache", _CACHE), ("attention", _ATTENTION), ("sampling", _SAMPLING)):
        if operation.startswith(names):
            return part
    return "small"
