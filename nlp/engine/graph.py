"""A decoder pass as a graph of operations that torch runs by itself.

A pass is a thousand operations of some microseconds each. Called from Python one by one, they took a third of a step at
one reply, and each of them had to get the interpreter's lock back from the event loop. The graph holds the same
operations in the same order, so its results are the same to the bit; the lock is free while it runs.

`torch.jit.trace` is announced to go, as are the products it calls (see `quantize`). `torch.export` has no runtime of
its own without Python, and `torch.compile` needs a compiler on the user's machine.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class Graph:
    """What `run` does with tensors of any sizes, recorded once with an example.

    `run` may not choose by what its tensors hold. `packed` are the packed weights it uses.
    """

    def __init__(self, run: Callable[..., Tensor], packed: Iterable[Any], example: tuple[Tensor, ...]) -> None:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.filterwarnings("ignore", message=".torch.jit.trace", category=DeprecationWarning)
            self._traced: Any = torch.jit.trace(  # type: ignore[no-untyped-call]
                _Holder(run, packed), example, check_trace=False
            )

    def __call__(self, *tensors: Tensor) -> Tensor:
        # Nothing in it can be fused without a compiler, so there is nothing to look for either.
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            result: Tensor = self._traced(*tensors)
        return result


class _Holder(torch.nn.Module):
    """A module, because the packed weights that a trace meets have to be attributes of one."""

    def __init__(self, run: Callable[..., Tensor], packed: Iterable[Any]) -> None:
        super().__init__()
        self._run = run
        for number, weight in enumerate(packed):
            setattr(self, f"packed_{number}", weight)

    def forward(self, *tensors: Tensor) -> Tensor:
        return self._run(*tensors)
