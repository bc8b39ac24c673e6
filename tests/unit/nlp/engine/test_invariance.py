"""A reply's int8 results are bit-equal whatever else is in the batch, and however its prefix enters."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nlp.engine.backend import Backend, TorchBackend, make_backend
from nlp.engine.bag_cache import BagCache
from nlp.engine.cache import Rows
from nlp.engine.loader import load_directory
from nlp.engine.model import PIECE_ROWS, T5Model
from nlp.engine.native.model import NativeModel
from nlp.engine.quantize import Dtype, Int8Linear, PinnedKernel, PromptKernel, RowKernel, use_int8_kernels
from nlp.engine.settings import EngineSettings

CPU = torch.device("cpu")
LENGTHS = [5, 90, 31, 32, 33, 64, 1, 150]


def make(directory: Path, dtype: Dtype = "int8", *, native: bool = False, calm: bool = False) -> Backend:
    files = load_directory(directory)
    # Random attention without a scale picks single tokens, and so makes large errors of small ones.
    scale = {name: 0.1 if calm and name.endswith(".q.weight") else 1.0 for name in files.weights}
    weights = {name: weight * scale[name] for name, weight in files.weights.items()}
    settings = EngineSettings(dtype=dtype, slots=len(LENGTHS), native=native)
    backend = make_backend(files.config, weights, settings, max_tokens=128, window=160, threads=2)
    assert isinstance(backend, NativeModel) is native
    return backend


def make_torch(directory: Path) -> tuple[T5Model, BagCache]:
    files = load_directory(directory)
    model = T5Model(files.config, files.weights, "int8", 128, 160, CPU)
    return model, BagCache(files.config, len(LENGTHS), 128, 160)


def encode(backend: Backend, slots: Iterable[int]) -> None:
    chosen = list(slots)
    work = backend.encode([[(7 * slot + i) % 390 + 3 for i in range(LENGTHS[slot])] for slot in chosen], chosen)
    while not work.advance():
        pass


def answers(slot: int) -> list[int]:
    return [0, *((11 * slot + 5 * i) % 390 + 3 for i in range(100))]


def decode(backend: Backend, rows: list[tuple[int, int]]) -> Tensor:
    """Decode (slot, position) rows; return the logits of all."""
    tokens = [answers(slot)[position] for slot, position in rows]
    slots, positions = zip(*rows, strict=True)
    return backend.decode(Rows(tokens, slots, positions, range(len(rows))))


@torch.inference_mode()
def test_encoded_and_decoded_alone_or_together_is_bit_equal(gated_untied: Path, native: bool) -> None:
    """Slots of other lengths and at other positions, in order and with holes, change nothing."""
    together, alone = make(gated_untied, native=native), make(gated_untied, native=native)
    encode(together, range(len(LENGTHS)))
    for slot in range(len(LENGTHS)):
        encode(alone, [slot])
    for step in range(70):
        # Each slot is 9 positions behind the one before it, so lengths differ and slots come in one by one.
        rows = [(slot, step - 9 * slot) for slot in range(len(LENGTHS)) if step >= 9 * slot and (step + slot) % 5]
        if rows:
            batch = decode(together, rows)
            single = torch.cat([decode(alone, [row]) for row in rows])
            assert torch.equal(batch, single)


@torch.inference_mode()
def test_a_long_prompt_is_encoded_in_more_pieces_than_layers(gated_untied: Path, native: bool) -> None:
    """So that running replies go on inside a layer; a short one takes one piece per layer."""
    backend, config = make(gated_untied, native=native), load_directory(gated_untied).config
    for length, per_layer in ((PIECE_ROWS, 1), (PIECE_ROWS + 1, 6)):
        work, pieces = backend.encode([[5] * length], [0]), 1
        while not work.advance():
            pieces += 1
        assert pieces == per_layer * config.encoder_layers + config.decoder_layers


@torch.inference_mode()
def test_a_prefix_in_one_pass_is_bit_equal_to_step_by_step(gated_untied: Path, native: bool) -> None:
    backend = make(gated_untied, native=native)
    encode(backend, range(3))
    stepwise = torch.cat([decode(backend, [(1, position)]) for position in range(70)])
    backend = make(gated_untied, native=native)  # another, that has seen nothing of this prefix
    encode(backend, range(3))
    decode(backend, [(2, 0)])
    primed = decode(backend, [*((1, position) for position in range(70)), (2, 1)])
    assert torch.equal(primed[:-1], stepwise)
    nothing = backend.decode(Rows([answers(1)[70]], [1], [70], []))
    assert nothing.shape == (0, primed.shape[1]), "a part of a prefix that chooses nothing yet"


@torch.inference_mode()
def test_the_graph_of_a_pass_is_bit_equal_to_its_operations_one_by_one(
    gated_untied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more rows, blocks and prompt lengths than the example it was recorded with."""
    model, cache = make_torch(gated_untied)
    backend = TorchBackend(model, cache)
    encode(backend, range(len(LENGTHS)))
    rows = [(slot, position) for position in range(70) for slot in range(len(LENGTHS))]
    graph = decode(backend, rows)
    monkeypatch.setattr(model, "_graph", None)
    assert torch.equal(graph, decode(backend, rows))


SHAPES = [
    [(0, 3), (7, 3)],  # far apart: a grid gathers them
    [(2, 3), (4, 3), (5, 3)],  # a hole: a grid computes it along
    [(1, 3), (1, 4), (1, 5), (2, 3), (4, 3), (4, 4)],  # several rows for some
    [(0, 3), (6, 3), (6, 4)],
]


KINDS: list[tuple[Dtype, bool]] = [("int8", True), ("int8", False), ("fp32", False), ("bf16", False)]


@pytest.mark.parametrize(("dtype", "native"), KINDS, indirect=["native"])
@pytest.mark.parametrize("rows", SHAPES)
@torch.inference_mode()
def test_slots_with_holes_and_several_rows_are_equal_to_single_ones(
    gated_untied: Path, rows: list[tuple[int, int]], dtype: Dtype, native: bool
) -> None:
    """To the bit in int8. In the others, the linear layers themselves differ with the number of rows."""
    backend = make(gated_untied, dtype, native=native, calm=True)
    encode(backend, range(len(LENGTHS)))
    for position in range(3):
        decode(backend, [(slot, position) for slot in range(len(LENGTHS))])
    batch = decode(backend, rows)
    single = torch.cat([decode(backend, [row]) for row in rows])
    if dtype == "int8":
        assert torch.equal(batch, single)
    else:
        assert (batch - single).norm() < (1e-5 if dtype == "fp32" else 0.05) * single.norm()


@pytest.mark.parametrize(("dtype", "native"), [kind for kind in KINDS if kind[0] != "fp32"], indirect=["native"])
@pytest.mark.parametrize("name", ["relu_tied", "gated_untied"])
@torch.inference_mode()
def test_short_types_stay_near_fp32(name: str, dtype: Dtype, native: bool, request: pytest.FixtureRequest) -> None:
    directory: Path = request.getfixturevalue(name)
    logits = []
    kinds: list[tuple[Dtype, bool]] = [("fp32", False), (dtype, native)]
    for each, kernels in kinds:
        backend = make(directory, each, native=kernels, calm=True)
        encode(backend, range(len(LENGTHS)))
        decoded = [decode(backend, [(slot, at) for slot in range(len(LENGTHS))]) for at in range(20)]
        logits.append(torch.stack(decoded))
    exact, near = logits
    assert (near - exact).norm() < 0.1 * exact.norm()


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
