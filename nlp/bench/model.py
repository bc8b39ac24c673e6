"""A model to measure with where there is none: T5-base shapes, random weights, a vocabulary of numbered words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import T5Config, T5ForConditionalGeneration
from transformers.utils import logging as transformers_logging

# https://huggingface.co/google-t5/t5-base/blob/main/config.json
T5_BASE: dict[str, Any] = {
    "vocab_size": 32128,
    "d_model": 768,
    "d_kv": 64,
    "d_ff": 3072,
    "num_layers": 12,
    "num_heads": 12,
    "dropout_rate": 0.0,
    "decoder_start_token_id": 0,
}

SENTINELS = 100  # what every T5 tokenizer has, and readers of T5 directories expect


@dataclass(frozen=True, slots=True)
class Job:
    """One prompt, as text and as ids (the end mark last)."""

    text: str
    ids: tuple[int, ...]


def write_random_model(directory: Path, shape: dict[str, Any] = T5_BASE) -> Path:
    """Write a T5 with random weights as a Hugging Face directory. Takes seconds."""
    torch.manual_seed(0)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    T5ForConditionalGeneration(T5Config.from_dict(shape)).save_pretrained(directory)
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(f"▁w{i}", -10.0) for i in range(shape["vocab_size"] - SENTINELS - len(pieces))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    sentinels = [f"<extra_id_{k}>" for k in range(SENTINELS)]
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>", *sentinels])
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


@contextmanager
def model_directory(given: Path | None) -> Iterator[Path]:
    """Give the directory that was named, or one with random weights that is gone afterwards."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory() as folder:
        yield write_random_model(Path(folder))


def make_jobs(directory: Path, count: int, length: int, seed: int) -> list[Job]:
    """Make prompts of about `length` tokens from words of the vocabulary; of numbered words, exactly that many."""
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    words = sorted(p.removeprefix("▁") for p in tokenizer.get_vocab() if p.startswith("▁") and p[1:].isalnum())
    drawn = random.Random(seed)
    texts = (" ".join(drawn.choices(words, k=length - 1)) for _ in range(count))
    end = tokenizer.token_to_id("</s>")
    if end is None:
        raise ValueError(f"the tokenizer of {directory} has no </s>: it is not of a T5")
    jobs = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids[: length - 1]
        jobs.append(Job(tokenizer.decode(ids), (*ids, end)))
    return jobs
