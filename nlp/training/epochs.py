"""The loop of all fine-tuning: epochs until the held-out loss no longer falls; the best one is kept."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from transformers import PreTrainedModel

BatchT = TypeVar("BatchT")


@dataclass(frozen=True, slots=True)
class Epoch:
    """Progress: reported after every epoch."""

    number: int
    of: int
    train_loss: float
    held_out_loss: float
    best: bool


class EpochSettings(Protocol):
    """What the loop has to know; `patience` counts epochs without a better held-out loss before it ends."""

    @property
    def epochs(self) -> int: ...

    @property
    def patience(self) -> int: ...

    @property
    def learning_rate(self) -> float: ...

    @property
    def weight_decay(self) -> float: ...

    @property
    def seed(self) -> int: ...


def train_epochs(
    model: PreTrainedModel,
    batches: Callable[[np.random.Generator], Iterator[BatchT]],
    loss_of: Callable[[BatchT], torch.Tensor],
    held_out_loss: Callable[[], float],
    progress: Callable[[Epoch], None],
    settings: EpochSettings,
    before: float = float("inf"),
) -> float:
    """Train, leave the model as it was at its best, and return that held-out loss; `before` is to be beaten.

    `batches` draws the order of one epoch.
    """
    generator = np.random.default_rng(settings.seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    best, state, since = before, copy.deepcopy(model.state_dict()), 0
    for number in range(1, settings.epochs + 1):
        torch.nn.Module.train(model)
        losses = [_step(model, optimizer, loss_of(batch)) for batch in batches(generator)]
        held_out = held_out_loss()
        better = held_out < best
        if better:
            best, state, since = held_out, copy.deepcopy(model.state_dict()), 0
        else:
            since += 1
        progress(Epoch(number, settings.epochs, float(np.mean(losses)), held_out, better))
        if since == settings.patience:
            break
    model.load_state_dict(state)
    return best


def _step(model: PreTrainedModel, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())
