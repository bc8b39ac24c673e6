"""The compiled kernels against exact references, at sizes that fill no vector, panel or block."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlp.engine.backend import TorchBackend, make_backend
from nlp.engine.cache import Rows
from nlp.engine.config import ACTIVATIONS
from nlp.engine.loader import load_directory
from nlp.engine.native import loading
from nlp.engine.native.model import NativeModel
from nlp.engine.settings import EngineSettings

Floats = NDArray[np.float32]
STORE, ADD, RELU = range(3)


@pytest.fixture(scope="module")
def kernels() -> ctypes.CDLL:
    found = loading.load()
    if found is None:
        pytest.skip("the kernels were not built, or do not run on this processor")
    return found


def numbers(seed: int, *shape: int) -> Floats:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def address(array: Floats | None) -> int | None:
    return None if array is None else array.ctypes.data


def linear(
    kernels: ctypes.CDLL, x: Floats, weight: Floats, norm: Floats | None, mode: int, threads: int, out: Floats
) -> None:
    rows, (outputs, inputs) = len(x), weight.shape
    pointers = address(x), address(weight), address(norm), 1e-6, address(out)
    assert kernels.t5_check_linear(rows, outputs, inputs, mode, threads, *pointers) == 0


def exact_linear(x: Floats, weight: Floats, norm: Floats | None) -> NDArray[np.float64]:
    """Quantise as documented, in the same steps, then sum in integers."""
    scale = np.abs(weight).max(1, keepdims=True) / np.float32(127)
    whole = np.rint(weight / scale).astype(np.int64)
    root = np.float32(np.sqrt(np.float32(weight.shape[1])))
    h = x if norm is None else x * (norm * root)
    largest = np.maximum(np.abs(h).max(1, keepdims=True), np.float32(1e-20))
    rows = np.rint(h * (np.float32(127) / largest)).astype(np.int64)
    product: NDArray[np.float64] = (rows @ whole.T) * scale.T.astype(np.float64) * (largest.astype(np.float64) / 127)
    if norm is not None:
        product /= np.sqrt((x.astype(np.float64) ** 2).sum(1, keepdims=True) + 1e-6 * x.shape[1])
    return product


@settings(max_examples=60)
@given(
    st.integers(1, 40),
    st.integers(1, 200),
    st.integers(1, 300),
    st.sampled_from([STORE, ADD, RELU]),
    st.booleans(),
    st.integers(1, 3),
)
def test_products_are_exact(
    kernels: ctypes.CDLL, rows: int, outputs: int, inputs: int, mode: int, normed: bool, threads: int
) -> None:
    x = numbers(rows, rows, inputs) * np.logspace(-3, 3, rows, dtype=np.float32)[:, None]
    weight = numbers(outputs, outputs, inputs)
    norm = np.abs(numbers(inputs, inputs)) if normed else None
    before = numbers(7, rows, outputs)
    out = before.copy()
    linear(kernels, x, weight, norm, mode, threads, out)
    expected = exact_linear(x, weight, norm)
    if mode == ADD:
        expected = before + expected
    elif mode == RELU:
        expected = np.maximum(expected, 0)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(expected).max())) / 100)


@settings(max_examples=30)
@given(st.integers(2, 70), st.sampled_from([31, 48, 130]), st.sampled_from([64, 100]), st.integers(1, 3))
def test_a_row_does_not_see_the_others(
    kernels: ctypes.CDLL, rows: int, outputs: int, inputs: int, threads: int
) -> None:
    """To the bit, in every number of rows that a kernel takes together."""
    x, weight, norm = numbers(1, rows, inputs), numbers(2, outputs, inputs), np.abs(numbers(3, inputs))
    together, alone = (np.zeros((rows, outputs), np.float32) for _ in range(2))
    linear(kernels, x, weight, norm, STORE, threads, together)
    for row in range(rows):
        linear(kernels, x[row : row + 1], weight, norm, STORE, 1, alone[row : row + 1])
    assert np.array_equal(together, alone)


def test_rows_and_weights_of_zeros_stay_zero(kernels: ctypes.CDLL) -> None:
    out = np.ones((2, 5), np.float32)
    linear(kernels, np.zeros((2, 9), np.float32), numbers(1, 5, 9), np.ones(9, np.float32), STORE, 1, out)
    assert not out.any()
    out[:] = 1
    linear(kernels, numbers(1, 2, 9), np.zeros((5, 9), np.float32), None, STORE, 1, out)
    assert not out.any()


def rounded_rows(rows: Floats) -> NDArray[np.float64]:
    """Return rows as 8 bits with a scale keep them."""
    scale = np.abs(rows).max(1, keepdims=True)
    rounded: NDArray[np.float64] = np.rint(rows * (np.float32(127) / scale)) * (scale.astype(np.float64) / 127)
    return rounded


def attention(scores: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    mixed: NDArray[np.float64] = weights @ values / weights.sum(-1, keepdims=True)
    return mixed


@settings(max_examples=60)
@given(st.integers(1, 140), st.integers(1, 90), st.booleans())
def test_attention_to_a_store_is_that_of_its_rounded_rows(
    kernels: ctypes.CDLL, length: int, width: int, biased: bool
) -> None:
    query, keys, values = numbers(1, width), numbers(2, length, width), numbers(3, length, width)
    bias = numbers(4, length + 16) if biased else None
    out = np.zeros(width, np.float32)
    pointers = (address(array) for array in (query, keys, values, bias, out))
    assert kernels.t5_check_store(width, length, *pointers) == 0
    scores = rounded_rows(keys) @ query.astype(np.float64)
    scores = scores if bias is None else scores + bias[:length]
    np.testing.assert_allclose(out, attention(scores, rounded_rows(values)), rtol=1e-4, atol=2e-5)


@settings(max_examples=60)
@given(st.integers(1, 150), st.integers(1, 90), st.data())
def test_attention_within_a_prompt_is_exact(kernels: ctypes.CDLL, length: int, width: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, length - 1))
    count = data.draw(st.integers(1, length - first))
    qkv, bias = numbers(1, length, 3 * width), numbers(2, 2 * length - 1)
    out = np.full((length, width), 9, np.float32)
    pointers = (address(array) for array in (qkv, bias, out))
    assert kernels.t5_check_prompt(width, length, first, count, *pointers) == 0
    queries, keys, values = (qkv[:, i * width : (i + 1) * width].astype(np.float64) for i in range(3))
    distance = np.arange(length) - np.arange(length)[:, None] + length - 1
    expected = attention(queries @ keys.T + bias[distance], values)
    expected[:first] = expected[first + count :] = 9  # the others are not touched
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@torch.inference_mode()
def test_every_activation_is_near_the_torch_path(
    kernels: ctypes.CDLL, relu_tied: Path, gated_untied: Path, activation: str, gated: bool
) -> None:
    """Both are int8 of the same weights, so that they are nearer to each other than either is to fp32."""
    files = load_directory(gated_untied if gated else relu_tied)
    object.__setattr__(files.config, "activation", activation)
    weights = {n: w * (0.1 if n.endswith(".q.weight") else 1.0) for n, w in files.weights.items()}
    found = []
    for native in (True, False):
        each = EngineSettings(dtype="int8", slots=2, native=native)
        backend = make_backend(files.config, weights, each, max_tokens=64, window=30, threads=2)
        assert isinstance(backend, NativeModel if native else TorchBackend)
        work = backend.encode([list(range(3, 28)), [5, 9, 1]], [1, 0])
        while not work.advance():
            pass
        steps = [backend.decode(Rows([7 + i, 30 + i], [0, 1], [i, i], [0, 1])) for i in range(12)]
        found.append(torch.stack(steps))
        backend.close()
    ours, torchs = found
    assert (ours - torchs).norm() < 0.05 * torchs.norm()


@torch.inference_mode()
def test_a_closed_model_and_rows_outside_the_cache_are_refused(kernels: ctypes.CDLL, relu_tied: Path) -> None:
    files = load_directory(relu_tied)
    model = NativeModel(kernels, files.config, files.weights, slots=2, max_tokens=8, window=8, threads=2)
    for slots, positions in (([2], [0]), ([0], [8])):
        with pytest.raises(ValueError, match="outside the cache"):
            model.decode(Rows([3], slots, positions, [0]))
    with pytest.raises(ValueError, match="does not fit"):
        model.encode([[3] * 9], [0])
    model.close()
    model.close()
    with pytest.raises(RuntimeError, match="closed"):
        model.decode(Rows([3], [0], [0], [0]))


@pytest.mark.parametrize("origin", [None, "/dev/null"])
def test_without_kernels_torch_computes(
    relu_tied: Path, origin: str | None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """As on a machine without a compiler, and with a file of another system."""

    class Spec:
        pass

    Spec.origin = origin  # type: ignore[attr-defined]
    monkeypatch.setattr(loading, "find_spec", lambda name: Spec)
    loading.load.cache_clear()
    request.addfinalizer(loading.load.cache_clear)
    files = load_directory(relu_tied)
    backend = make_backend(
        files.config, files.weights, EngineSettings(dtype="int8"), max_tokens=64, window=8, threads=1
    )
    assert isinstance(backend, TorchBackend)
