"""Train the starter responder: resumable, with averaged weights, and a rate that falls only at the end.

The rate stays constant until the last part (warm-up, stable, decay), so a run can be continued on better data or for
more steps from any checkpoint before the decay, and the averaged weights are usable at any time.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import T5Config, T5ForConditionalGeneration

from nlp.training.responder.dataset import Batch, Dataset
from nlp.training.responder.recipe import SIZES, Settings

_AVERAGE_EVERY = 10  # steps between two updates of the averaged weights


@dataclass(frozen=True, slots=True)
class Progress:
    """How the training stands after a step."""

    step: int
    steps: int
    loss: float  # mean over the last report's steps, in nats per answer token
    examples_per_s: float


def new_model(settings: Settings, tokenizer: Tokenizer) -> T5ForConditionalGeneration:
    """Make an untrained model of the size for this vocabulary."""
    size = SIZES[settings.size]
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(), d_model=size.d_model, d_kv=size.d_kv, d_ff=size.d_ff,
        num_layers=size.encoder_layers, num_decoder_layers=size.decoder_layers, num_heads=size.heads,
        relative_attention_num_buckets=32, relative_attention_max_distance=128, dropout_rate=settings.dropout,
        feed_forward_proj="gated-gelu", pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    config.decoder_start_token_id = 0
    torch.manual_seed(settings.seed)
    return T5ForConditionalGeneration(config)


class Trainer:
    """Own model, optimiser and averaged weights of one run, and keep them in `folder`."""

    def __init__(self, settings: Settings, tokenizer: Tokenizer, folder: Path) -> None:
        self._settings = settings
        self._checkpoint = folder / "checkpoint.pt"
        self.model = new_model(settings, tokenizer)
        self._optimiser = torch.optim.AdamW(self._groups(), betas=(0.9, 0.98), fused=True)
        self._average = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.step = 0

    def _groups(self) -> list[dict[str, Any]]:
        settings = self._settings
        rates = {"wide": settings.embedding_rate, "query": settings.query_rate, "rest": settings.rate}
        members: dict[str, list[nn.Parameter]] = {kind: [] for kind in rates}
        for name, parameter in self.model.named_parameters():
            members[_kind(name)].append(parameter)
        return [
            {"params": members[kind], "lr": rate, "full": rate, "weight_decay": 0.0 if kind == "wide" else 0.01}
            for kind, rate in rates.items()
        ]

    def resume(self) -> bool:
        """Load the last checkpoint; return False when there is none."""
        if not self._checkpoint.exists():
            return False
        state = torch.load(self._checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._average = state["average"]
        self.step = state["step"]
        return True

    def save(self) -> None:
        """Write a checkpoint; the old one stays until the new one is whole."""
        partial = self._checkpoint.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "average": self._average,
                "step": self.step,
                "settings": json.dumps(asdict(self._settings)),
            },
            partial,
        )
        partial.replace(self._checkpoint)

    def averaged(self) -> T5ForConditionalGeneration:
        """Return a copy of the model with the averaged weights."""
        model = T5ForConditionalGeneration(self.model.config)
        model.load_state_dict(self._average)
        model.train(mode=False)
        return model

    def run(self, data: Dataset, report: Callable[[Progress], None], every: int = 50) -> None:
        """Train up to the settings' steps, with a checkpoint now and then."""
        self.model.train()
        batches = _endless(data, self._settings, self.step)
        total, count, examples, since = 0.0, 0, 0, time.monotonic()
        while self.step < self._settings.steps:
            batch = next(batches)
            total += self._one(batch)
            count, examples = count + 1, examples + len(batch.ids)
            if self.step % every == 0:
                seconds = time.monotonic() - since
                report(Progress(self.step, self._settings.steps, total / count, examples / seconds))
                total, count, examples, since = 0.0, 0, 0, time.monotonic()
            if self.step % self._settings.checkpoint_every == 0:
                self.save()
        self.save()

    def _one(self, batch: Batch) -> float:
        rate = self._rate(self.step)
        for group in self._optimiser.param_groups:
            group["lr"] = group["full"] * rate
        loss = self.model(input_ids=batch.ids, attention_mask=batch.mask, labels=batch.labels).loss
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self._settings.clip)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.step += 1
        if self.step % _AVERAGE_EVERY == 0:
            self._update_average()
        return float(loss.detach())

    def _rate(self, step: int) -> float:
        """Return the share of the full rate at this step."""
        settings = self._settings
        fall = int(settings.steps * (1 - settings.decay_share))
        if step < settings.warmup:
            return (step + 1) / settings.warmup
        return 1.0 if step < fall else max(0.02, (settings.steps - step) / (settings.steps - fall))

    @torch.no_grad()
    def _update_average(self) -> None:
        # Early weights are forgotten quickly: the average is over at most a third of the steps so far.
        keep = min(self._settings.average, 1 - 3 / (self.step + 3)) ** _AVERAGE_EVERY
        for name, tensor in self.model.state_dict().items():
            self._average[name].lerp_(tensor, 1 - keep)


def _kind(name: str) -> str:
    """Name the group of a weight, by the scale it starts at."""
    if "shared" in name or "layer_norm" in name:
        return "wide"
    return "query" if name.endswith(".q.weight") else "rest"


def _endless(data: Dataset, settings: Settings, step: int) -> Iterator[Batch]:
    """Yield batches for ever. A resumed run draws from a new order rather than reading again up to its place."""
    for epoch in itertools.count():
        yield from data.batches(settings.seed * 1_000_003 + step * 101 + epoch, settings.tokens_per_batch)
