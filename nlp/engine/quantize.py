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


# Inputs of up to this many rows are written into memory that is made once.
KEPT_ROWS = 64


class Linear(Protocol):
    """A matrix without bias: [N, in] -> [N, out], with what stands before and after it in a T5."""

    def __call__(self, x: Tensor, /) -> Tensor: ...

    def normed(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Return the product with the normed input."""
        ...

    def add(self, x: Tensor, h: Tensor) -> Tensor:
        """Return x plus the product with h, in the memory of x."""
        ...


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Root mean square norm without mean or bias (https://arxiv.org/abs/1910.07467)."""
    return functional.rms_norm(x, weight.shape, weight, epsilon)


class DenseLinear:
    """A matrix product in the weight's own floating type."""

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight.contiguous()

    def __call__(self, x: Tensor, /) -> Tensor:
        return functional.linear(x, self._weight)

    def normed(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Return the product with the normed input."""
        return self(rms_norm(x, weight, epsilon))

    def add(self, x: Tensor, h: Tensor) -> Tensor:
        """Return x plus the product with h, in the memory of x."""
        return x.add_(self(h))


class PinnedRows:
    """Memory for the inputs of int8 products: rows, and below them the pin (+1, -1, 0, ...). One per thread of use."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], Tensor] = {}

    def of(self, rows: int, width: int) -> Tensor:
        """Return [rows + 1, width] whose last row is the pin; the others hold anything."""
        found = self._kept.get((rows, width))
        if found is None:
            found = torch.zeros(rows + 1, width)
            found[-1, 0], found[-1, 1] = 1.0, -1.0
            if rows <= KEPT_ROWS:
                self._kept[rows, width] = found
        return found


class Int8Linear:
    """An int8 matrix product in which a row's result depends on that row alone.

    `linear_dynamic` takes one activation scale for the whole input, so that a neighbour in the batch would change a
    reply. Every row is therefore scaled to a maximum of 1, and one extra row (+1, -1) pins the scale: all rows are
    then quantised over [-1, 1], whatever the batch. Accumulation is in integers, so that order does not matter.
    Factors of whole rows (this scale, the one of a norm) are multiplied into the result, once.
    """

    def __init__(self, weight: Tensor, pinned: PinnedRows) -> None:
        scale = (weight.abs().amax(1) / 127).clamp_(min=SMALLEST).double()
        zero = torch.zeros(weight.shape[0], dtype=torch.long)
        with warnings.catch_warnings():
            # Announced for removal (pytorch issue 184982), and the pinned torch has it; the oneDNN successor compiles
            # a kernel per number of rows, which packed prompts change all the time.
            warnings.filterwarnings("ignore", message="torch.quantize_per_tensor", category=UserWarning)
            quantized = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(quantized, None)
        self._pinned = pinned

    def __call__(self, x: Tensor, /) -> Tensor:
        y, scale = self._scaled(x)
        return y.mul_(scale)

    def normed(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Return the product with the normed input."""
        y, scale = self._scaled(x * weight)
        length = torch.linalg.vector_norm(x, 2, -1, True)
        mean = torch.addcmul(length.new_full((1,), epsilon), length, length, value=1 / x.shape[1])
        return y.mul_(mean.rsqrt_().mul_(scale))

    def add(self, x: Tensor, h: Tensor) -> Tensor:
        """Return x plus the product with h, in the memory of x."""
        y, scale = self._scaled(h)
        return x.addcmul_(y, scale)

    def _scaled(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the product of rows scaled to a maximum of 1, and their scales [N, 1]."""
        largest = x.abs().amax(1, keepdim=True).clamp_(min=SMALLEST)
        rows = self._pinned.of(*x.shape)
        torch.div(x, largest, out=rows[:-1])
        # The overload itself: a call of the packet looks at every argument's type in Python first, for microseconds.
        y: Tensor = torch.ops.quantized.linear_dynamic.default(rows, self._packed, SEVEN_BITS)
        return y[:-1], largest


def make_linear(weight: Tensor, dtype: Dtype, device: torch.device, pinned: PinnedRows) -> Linear:
    """Build the layer for a weight [out, in] in fp32."""
    if dtype == "int8":
        return Int8Linear(weight, pinned)
    return DenseLinear(weight.to(device, torch.bfloat16 if dtype == "bf16" else torch.float32))


def use_int8_kernels() -> None:
    """Choose the CPU's int8 kernels: `x86` picks VNNI where the processor has it. Process-wide, idempotent."""
    if "x86" in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = "x86"
