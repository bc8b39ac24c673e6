"""Linear layers: plain, and int8 with scales per output channel and per input row."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional

Dtype = Literal["fp32", "int8", "bf16"]
Norm = tuple[Tensor, float]  # weight [in] and epsilon

# Without VNNI, 8-bit products are added in pairs in 16 bits, which overflows unless activations take 7 bits.
SEVEN_BITS = not torch.cpu._is_vnni_supported()
LEVELS = 63 if SEVEN_BITS else 127  # of an input, on either side of zero

# Shorter than this, a row is taken as zero: dividing by it would overflow.
SMALLEST = 1e-20

# Prompts are filled up to multiples of this many rows: oneDNN makes a kernel for every number of rows it meets.
FILLED_ROWS = 32


class Linear(Protocol):
    """A matrix without bias: [N, in] -> [N, out], with what stands before and after it in a T5."""

    def __call__(self, x: Tensor, /) -> Tensor: ...

    def normed(self, x: Tensor) -> Tensor:
        """Return the product with the normed input; for layers made with a norm."""
        ...

    def add(self, x: Tensor, h: Tensor) -> Tensor:
        """Return x plus the product with h, in the memory of x."""
        ...

    def add_relu(self, x: Tensor, inner: Any) -> Tensor:
        """Return x plus the product with relu(inner.normed(x)), in the memory of x; inner is a layer of one kind."""
        ...

    def packed(self) -> list[Any]:
        """Return the weights that are packed in a way tensors are not."""
        ...


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Root mean square norm without mean or bias (https://arxiv.org/abs/1910.07467)."""
    return functional.rms_norm(x, weight.shape, weight, epsilon)


class DenseLinear:
    """A matrix product in the weight's own floating type."""

    def __init__(self, weight: Tensor, norm: Norm | None) -> None:
        self._weight = weight.contiguous()
        self._norm = norm

    def __call__(self, x: Tensor, /) -> Tensor:
        return functional.linear(x, self._weight)

    def normed(self, x: Tensor) -> Tensor:
        """Return the product with the normed input."""
        return self(x if self._norm is None else rms_norm(x, *self._norm))

    def add(self, x: Tensor, h: Tensor) -> Tensor:
        """Return x plus the product with h, in the memory of x."""
        return x.add_(self(h))

    def add_relu(self, x: Tensor, inner: DenseLinear) -> Tensor:
        """Return x plus the product with relu(inner.normed(x)), in the memory of x."""
        return x.add_(self(inner.normed(x).relu_()))

    def packed(self) -> list[Any]:
        """Return nothing: this weight is a tensor."""
        return []


class Kernel(Protocol):
    """An int8 product that quantises its input over [-1, 1] and so sees no other row."""

    packed: Any

    def __call__(self, x: Tensor, largest: Tensor, *, relu: bool) -> Tensor:
        """Return the product with x / largest, [N, in] / [N, 1] -> [N, out]. May change x."""
        ...


class RowKernel:
    """For few rows: fbgemm, which quantises the input inside the product.

    Measured on Zen 4 with the layers of a T5-base decoder: 6 to 16 ms for 1 to 32 rows, oneDNN 8 to 16.
    """

    def __init__(self, weight: Tensor) -> None:
        ops = torch.ops.quantized
        self.packed = pack_quantized(weight)
        # The overloads themselves: a call of the packet looks at every argument's type in Python first.
        self._plain = ops.linear_with_input_q_dq_qweight_dq_output_fp32.default
        self._relu = ops.linear_with_input_q_dq_qweight_dq_relu_output_fp32.default

    def __call__(self, x: Tensor, largest: Tensor, *, relu: bool) -> Tensor:
        """Return the product with x / largest, in fp32."""
        run = self._relu if relu else self._plain
        product: Tensor = run(x.div_(largest), 1 / LEVELS, LEVELS, self.packed)
        return product


class PromptKernel:
    """For many rows: oneDNN. Measured on Zen 4 with 128 and 256 rows: 42 and 81 ms, where fbgemm took 57 and 131."""

    def __init__(self, weight: Tensor) -> None:
        self._scale = row_scale(weight)
        whole = (weight / self._scale[:, None]).round_().to(torch.int8)
        self.packed = torch.ops.onednn.qlinear_prepack(whole, None)
        self._zero = torch.zeros(weight.shape[0], dtype=torch.int32)
        self._middle = torch.tensor(LEVELS + 1.5)  # the cast cuts off, so that one half rounds
        self._run = torch.ops.onednn.qlinear_pointwise.default

    def __call__(self, x: Tensor, largest: Tensor, *, relu: bool) -> Tensor:
        """Return the product with x / largest, in fp32."""
        count = x.shape[0]
        rows = torch.empty(-(-count // FILLED_ROWS) * FILLED_ROWS, x.shape[1], dtype=torch.uint8)
        rows[:count] = torch.addcdiv(self._middle, x, largest, value=LEVELS)
        after = "relu" if relu else "none"
        scales = 1 / LEVELS, LEVELS + 1, self.packed, self._scale, self._zero
        product: Tensor = self._run(rows, *scales, None, 1.0, 0, torch.float32, after, [], "")
        return product[:count]


class PinnedKernel:
    """For processors without fbgemm: the product that finds its own scale, pinned by one more row (+1, -1)."""

    def __init__(self, weight: Tensor) -> None:
        self.packed = pack_quantized(weight)

    def __call__(self, x: Tensor, largest: Tensor, *, relu: bool) -> Tensor:
        """Return the product with x / largest, in fp32."""
        pin = torch.zeros(1, x.shape[1])
        pin[0, 0], pin[0, 1] = 1.0, -1.0
        product: Tensor = torch.ops.quantized.linear_dynamic(torch.cat((x / largest, pin)), self.packed, SEVEN_BITS)
        return product[:-1].relu_() if relu else product[:-1]


class Int8Linear:
    """An int8 matrix product in which a row's result depends on that row alone.

    Every row is scaled to a maximum of 1 and quantised over [-1, 1], so that a neighbour in the batch does not change
    a reply. Accumulation is in integers, so that order does not matter. Factors of whole rows (this scale, the one of
    a norm) are multiplied into the result, once.
    """

    def __init__(self, kernel: Kernel, norm: Norm | None) -> None:
        self._kernel = kernel
        if norm is not None:
            weight, epsilon = norm
            # x / rms(x) = x * sqrt(D) / sqrt(|x|**2 + epsilon * D)
            self._weight = weight * weight.numel() ** 0.5
            self._least = epsilon * weight.numel()

    def __call__(self, x: Tensor, /) -> Tensor:
        largest = longest(x.abs())
        return self._kernel(x.clone(), largest, relu=False).mul_(largest)

    def normed(self, x: Tensor) -> Tensor:
        """Return the product with the normed input."""
        y, scale = self._normed(x, relu=False)
        return y.mul_(scale)

    def add(self, x: Tensor, h: Tensor) -> Tensor:
        """Return x plus the product with h, in the memory of x; h is used up."""
        largest = longest(h.abs())
        return x.addcmul_(self._kernel(h, largest, relu=False), largest)

    def add_relu(self, x: Tensor, inner: Int8Linear) -> Tensor:
        """Return x plus the product with relu(inner.normed(x)), in the memory of x."""
        h, scale = inner._normed(x, relu=True)
        largest = longest(h)
        return x.addcmul_(self._kernel(h, largest, relu=False), largest.mul_(scale))

    def packed(self) -> list[Any]:
        """Return the packed weight, unless it is a tensor."""
        return [] if isinstance(self._kernel.packed, Tensor) else [self._kernel.packed]

    def _normed(self, x: Tensor, *, relu: bool) -> tuple[Tensor, Tensor]:
        """Return the product with the normed input, each row divided by the factor [N, 1] that comes with it."""
        h = x * self._weight
        largest = longest(h.abs())
        y = self._kernel(h, largest, relu=relu)
        # One by one, as each of these is rounded exactly: hypot gives other last bits in a vector than alone.
        length = torch.linalg.vector_norm(x, 2, -1, True).square_().add_(self._least).sqrt_()
        return y, largest.div_(length)


def longest(magnitudes: Tensor) -> Tensor:
    """Return the largest of each row of numbers not below zero, [N, in] -> [N, 1]."""
    return magnitudes.amax(1, keepdim=True).clamp_(min=SMALLEST)


def row_scale(weight: Tensor) -> Tensor:
    """Return what one step of an output channel's weights is worth, [out]."""
    return (weight.abs().amax(1) / 127).clamp_(min=SMALLEST)


def pack_quantized(weight: Tensor) -> Any:
    """Pack a weight [out, in] for the `quantized` products."""
    zero = torch.zeros(weight.shape[0], dtype=torch.long)
    with warnings.catch_warnings():
        # Announced for removal (pytorch issue 184982), and the pinned torch has it; for few rows it is the fastest.
        warnings.filterwarnings("ignore", message="torch.quantize_per_tensor", category=UserWarning)
        quantized = torch.quantize_per_channel(weight, row_scale(weight).double(), zero, 0, torch.qint8)
    return torch.ops.quantized.linear_prepack(quantized, None)


def make_linear(
    weight: Tensor, norm: Norm | None = None, *, dtype: Dtype, device: torch.device, many_rows: bool = False
) -> Linear:
    """Build the layer for a weight [out, in] in fp32; `many_rows` says that it is used on whole prompts."""
    if dtype == "int8":
        return Int8Linear(choose_kernel(many_rows=many_rows)(weight), norm)
    dense = partial(torch.Tensor.to, device=device, dtype=torch.bfloat16 if dtype == "bf16" else torch.float32)
    return DenseLinear(dense(weight), None if norm is None else (dense(norm[0]), norm[1]))


def choose_kernel(*, many_rows: bool) -> type[RowKernel | PromptKernel | PinnedKernel]:
    """Choose the fastest int8 product this processor has."""
    if many_rows and "onednn" in torch.backends.quantized.supported_engines:
        return PromptKernel
    return RowKernel if "fbgemm" in torch.backends.quantized.supported_engines else PinnedKernel


def use_int8_kernels() -> None:
    """Choose the library that packs weights: fbgemm where there is one. Process-wide, idempotent."""
    if "fbgemm" in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = "fbgemm"
