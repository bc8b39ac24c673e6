"""A reply's int8 results are bit-equal whatever else is in the batch, and however its prefix enters."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nlp.engine.bag_cache import BagCache
from nlp.engine.cache import Rows, SlotCache
from nlp.engine.loader import load_directory
from nlp.engine.model import PIECE_ROWS, T5Model
from nlp.engine.quantize import Dtype, Int8Linear, PinnedKernel, PromptKernel, RowKernel, use_int8_kernels

CPU = torch.device("cpu")
LENGTHS = [5, 90, 31, 32, 33, 64, 1, 150]


def make(directory: Path, dtype: Dtype = "int8", *, calm: bool = False) -> tuple[T5Model, SlotCache]:
    files = load_directory(directory)
    # Random attention without a scale picks single tokens, and so makes large errors of small ones.
    scale = {name: 0.1 if calm and name.endswith(".q.weight") else 1.0 for name in files.weights}
    weights = {name: weight * scale[name] for name, weight in files.weights.items()}
    model = T5Model(files.config, weights, dtype, 128, 160, CPU)
    return model, model.make_cache(len(LENGTHS), 128, 160)


def make_int8(directory: Path) -> tuple[T5Model, BagCache]:
    model, cache = make(directory)
    assert isinstance(cache, BagCache)
    return model, cache


def encode(model: T5Model, cache: SlotCache, slots: Iterable[int]) -> None:
    chosen = list(slots)
    work = model.encode([[(7 * slot + i) % 390 + 3 for i in range(LENGTHS[slot])] for slot in chosen], chosen)
    while not work.advance(cache):
        pass


def answers(slot: int) -> list[int]:
    return [0, *((11 * slot + 5 * i) % 390 + 3 for i in range(100))]


def decode(model: T5Model, cache: SlotCache, rows: list[tuple[int, int]]) -> Tensor:
    """Decode (slot, position) rows; return the logits of all."""
    tokens = [answers(slot)[position] for slot, position in rows]
    slots, positions = zip(*rows, strict=True)
    return model.decode(Rows(tokens, slots, positions, range(len(rows))), cache)


@torch.inference_mode()
def test_encoded_and_decoded_alone_or_together_is_bit_equal(gated_untied: Path) -> None:
    """Slots of other lengths and at other positions, in order and with holes, change nothing."""
    model, together = make_int8(gated_untied)
    _, alone = make_int8(gated_untied)
    encode(model, together, range(len(LENGTHS)))
    for slot in range(len(LENGTHS)):
        encode(model, alone, [slot])
    assert torch.equal(together.cross.keys, alone.cross.keys)
    assert torch.equal(together.cross.values, alone.cross.values)
    for step in range(70):
        # Each slot is 9 positions behind the one before it, so lengths differ and slots come in one by one.
        rows = [(slot, step - 9 * slot) for slot in range(len(LENGTHS)) if step >= 9 * slot and (step + slot) % 5]
        if rows:
            batch = decode(model, together, rows)
            single = torch.cat([decode(model, alone, [row]) for row in rows])
            assert torch.equal(batch, single)


@torch.inference_mode()
def test_a_long_prompt_is_encoded_in_more_pieces_than_layers(gated_untied: Path) -> None:
    """So that running replies go on inside a layer; a short one takes one piece per layer."""
    model, cache = make(gated_untied)
    for length, per_layer in ((PIECE_ROWS, 1), (PIECE_ROWS + 1, 6)):
        work, pieces = model.encode([[5] * length], [0]), 1
        while not work.advance(cache):
            pieces += 1
        assert pieces == per_layer * len(model.encoder) + len(model.decoder)


@torch.inference_mode()
def test_a_prefix_in_one_pass_is_bit_equal_to_step_by_step(gated_untied: Path) -> None:
    model, cache = make_int8(gated_untied)
    encode(model, cache, range(3))
    stepwise = torch.cat([decode(model, cache, [(1, position)]) for position in range(70)])
    cache.own.keys.zero_()
    cache.own.values.zero_()
    decode(model, cache, [(2, 0)])
    primed = decode(model, cache, [*((1, position) for position in range(70)), (2, 1)])
    assert torch.equal(primed[:-1], stepwise)
    nothing = model.decode(Rows([answers(1)[70]], [1], [70], []), cache)
    assert nothing.shape == (0, primed.shape[1]), "a part of a prefix that chooses nothing yet"


@torch.inference_mode()
def test_the_graph_of_a_pass_is_bit_equal_to_its_operations_one_by_one(
    gated_untied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more rows, blocks and prompt lengths than the example it was recorded with."""
    model, cache = make(gated_untied)
    encode(model, cache, range(len(LENGTHS)))
    rows = [(slot, position) for position in range(70) for slot in range(len(LENGTHS))]
    graph = decode(model, cache, rows)
    monkeypatch.setattr(model, "_graph", None)
    assert torch.equal(graph, decode(model, cache, rows))


SHAPES = [
    [(0, 3), (7, 3)],  # far apart: a grid gathers them
    [(2, 3), (4, 3), (5, 3)],  # a hole: a grid computes it along
    [(1, 3), (1, 4), (1, 5), (2, 3), (4, 3), (4, 4)],  # several rows for some
    [(0, 3), (6, 3), (6, 4)],
]


@pytest.mark.parametrize("dtype", ["int8", "fp32", "bf16"])
@pytest.mark.parametrize("rows", SHAPES)
@torch.inference_mode()
def test_slots_with_holes_and_several_rows_are_equal_to_single_ones(
    gated_untied: Path, rows: list[tuple[int, int]], dtype: Dtype
) -> None:
    """To the bit in int8. In the others, the linear layers themselves differ with the number of rows."""
    model, cache = make(gated_untied, dtype, calm=True)
    encode(model, cache, range(len(LENGTHS)))
    for position in range(3):
        decode(model, cache, [(slot, position) for slot in range(len(LENGTHS))])
    batch = decode(model, cache, rows)
    single = torch.cat([decode(model, cache, [row]) for row in rows])
    if dtype == "int8":
        assert torch.equal(batch, single)
    else:
        assert (batch - single).norm() < (1e-5 if dtype == "fp32" else 0.05) * single.norm()


@pytest.mark.parametrize(("dtype", "bound"), [("int8", 0.1), ("bf16", 0.1)])
@torch.inference_mode()
def test_short_types_stay_near_fp32(gated_untied: Path, dtype: Dtype, bound: float) -> None:
    logits = []
    for each in ("fp32", dtype):
        model, cache = make(gated_untied, each, calm=True)
        encode(model, cache, range(len(LENGTHS)))
        decoded = [decode(model, cache, [(slot, at) for slot in range(len(LENGTHS))]) for at in range(20)]
        logits.append(torch.stack(decoded))
    exact, near = logits
    assert (near - exact).norm() < bound * exact.norm()


KernelType = type[RowKernel | PromptKernel | PinnedKernel]
KERNELS: list[KernelType] = [RowKernel, PromptKernel, PinnedKernel]


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25)
@given(st.integers(1, 100), st.sampled_from([16, 48, 192, 768]), st.integers(0, 2**31))
def test_int8_rows_do_not_see_each_other(kernel: KernelType, rows: int, width: int, seed: int) -> None:
    use_int8_kernels()
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(64, width, generator=generator)
    norm = torch.rand(width, generator=generator)
    layer = Int8Linear(kernel(weight), (norm, 1e-6))
    x = torch.randn(rows, width, generator=generator) * torch.logspace(-3, 3, rows)[:, None]
    batch = torch.cat((layer(x), layer.normed(x), layer.add(x.new_zeros(rows, 64), x.clone())), 1)
    for i in range(rows):
        one = x[i : i + 1]
        single = torch.cat((layer(one), layer.normed(one), layer.add(one.new_zeros(1, 64), one.clone())), 1)
        assert torch.equal(single[0], batch[i])
    exact = torch.cat((x @ weight.T, torch.rms_norm(x, (width,), norm, 1e-6) @ weight.T, x @ weight.T), 1)
    assert ((batch - exact).norm(dim=1) < 0.03 * exact.norm(dim=1)).all()


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_row_of_zeros_stays_zero(kernel: KernelType) -> None:
    use_int8_kernels()
    weight = torch.randn(8, 16, generator=torch.Generator().manual_seed(0))
    layer = Int8Linear(kernel(weight), (torch.ones(16), 1e-6))
    for product in (layer, layer.normed):
        assert torch.equal(product(torch.zeros(2, 16)), torch.zeros(2, 8))


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_relu_between_two_layers_is_that_of_the_plain_ones(kernel: KernelType) -> None:
    use_int8_kernels()
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(64, 32, generator=generator), torch.randn(32, 64, generator=generator)
    norm, x = (torch.rand(32, generator=generator), 1e-6), torch.randn(5, 32, generator=generator)
    exact = x + torch.rms_norm(x, (32,), *norm).matmul(first.T).relu().matmul(second.T)
    found = Int8Linear(kernel(second), None).add_relu(x.clone(), Int8Linear(kernel(first), norm))
    assert (found - exact).norm() < 0.02 * exact.norm()
