"""Linear layers: plain, and int8 with scales per output channel and per input row."""

from __future__ import annotations

import warnings
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional

Dtype = Literal["fp32", "int8", "bf16"]

# Without VNNI, fbgemm adds pairs of 8-bit products in 16 bits, which overflows unless activations take 7 bits.
SEVEN_BITS = not torch.cpu._is_vnni_supported()

# Shorter than this, a row is taken as zero: dividing by it would overflow.
SMALLEST = 1e-20


class Linear(Protocol):
    """A matrix without bias: [N, in] -> [N, out]."""

    def __call__(self, x: Tensor, /) -> Tensor: ...


class DenseLinear:
    """A matrix product in the weight's own floating type."""

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight.contiguous()

    def __call__(self, x: Tensor, /) -> Tensor:
        return functional.linear(x, self._weight)


class Int8Linear:
    """An int8 matrix product in which a row's result depends on that row alone.

    `linear_dynamic` takes one activation scale for the whole input, so that a neighbour in the batch would change a
    reply. Every row is therefore scaled to a maximum of 1, and one extra row (+1, -1) pins the scale: all rows are
    then quantised over [-1, 1], whatever the batch. Accumulation is in integers, so that order does not matter.
    """

    def __init__(self, weight: Tensor) -> None:
        scale = (weight.abs().amax(1) / 127).clamp_(min=SMALLEST).double()
        zero = torch.zeros(weight.shape[0], dtype=torch.long)
        with warnings.catch_warnings():
            # Announced for removal (pytorch issue 184982), and the pinned torch has it; the oneDNN successor compiles
            # a kernel per number of rows, which packed prompts change all the time.
            warnings.filterwarnings("ignore", message="torch.quantize_per_tensor", category=UserWarning)
            quantized = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(quantized, None)
        self._pin = torch.zeros(1, weight.shape[1])
        self._pin[0, 0], self._pin[0, 1] = 1.0, -1.0

    def __call__(self, x: Tensor, /) -> Tensor:
        largest = x.abs().amax(1, keepdim=True).clamp_(min=SMALLEST)
        y: Tensor = torch.ops.quantized.linear_dynamic(torch.cat((x / largest, self._pin)), self._packed, SEVEN_BITS)
        return y[:-1].mul_(largest)


def make_linear(weight: Tensor, dtype: Dtype, device: torch.device) -> Linear:
    """Build the layer for a weight [out, in] in fp32."""
    if dtype == "int8":
        return Int8Linear(weight)
    return DenseLinear(weight.to(device, torch.bfloat16 if dtype == "bf16" else torch.float32))


def use_int8_kernels() -> None:
    """Choose the CPU's int8 kernels: `x86` picks VNNI where the processor has it. Process-wide, idempotent."""
    if "x86" in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = "x86"
