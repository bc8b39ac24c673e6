"""Int8 products with two digits per input and weight."""

from __future__ import annotations

import pytest
import torch

from nlp.digits import DigitsLinear, has_digits_kernel

pytestmark = pytest.mark.skipif(not has_digits_kernel(), reason="this processor has no int8 product of this kind")

INPUTS = torch.randn(9, 64, generator=torch.Generator().manual_seed(1)) * torch.logspace(-3, 3, 9)[:, None]


@pytest.fixture
def weight() -> torch.Tensor:
    """Whole numbers of one scale, which int8 holds exactly: what is off comes of the input alone."""
    whole = torch.randint(-127, 128, (32, 64), generator=torch.Generator().manual_seed(2)).float()
    whole[:, 0] = 127
    return whole / 127


def test_an_input_keeps_fifteen_bits(weight: torch.Tensor) -> None:
    bias = torch.linspace(-1, 1, 32)
    exact = torch.nn.functional.linear(INPUTS, weight, bias)
    off = (DigitsLinear(weight, bias)(INPUTS) - exact).abs().amax(1)
    # Of 64 products each is off by at most half a step of the second digit; in truth they cancel out.
    assert (off < 64 * INPUTS.abs().amax(1) / 2**14).all()
    assert (off / INPUTS.abs().amax(1)).max() < 2e-3


def test_a_weight_keeps_fifteen_bits() -> None:
    fine = torch.randn(32, 64, generator=torch.Generator().manual_seed(3))
    ones = torch.eye(64)
    off = (DigitsLinear(fine, torch.zeros(32))(ones) - fine.T).abs().amax(0)
    # Half a step of the second digit, which is half a step of the first over 127.
    assert (off < fine.abs().amax(1) / 127 / 2 / 127).all()


def test_a_row_does_not_depend_on_the_others(weight: torch.Tensor) -> None:
    linear = DigitsLinear(weight, torch.zeros(32))
    together = linear(INPUTS)
    assert torch.equal(together, torch.cat([linear(row[None]) for row in INPUTS]))


def test_a_row_of_zeros_gives_the_bias(weight: torch.Tensor) -> None:
    bias = torch.linspace(-1, 1, 32)
    assert torch.equal(DigitsLinear(weight, bias)(torch.zeros(2, 64)), bias.expand(2, 32))
