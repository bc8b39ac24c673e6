"""Examples as token ids on disk, and batches of similar length drawn from them by seed."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

_POOL = 4_096  # examples sorted by length at a time


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` and `mask` are [batch, prompt]; `labels` is [batch, answer], -100 where there is no token."""

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor


def read_examples(path: Path, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of examples."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            if limit is not None and number >= limit:
                return
            yield json.loads(line)


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def encode(source: Path, tokenizer: Tokenizer, target: Path) -> None:
    """Write the token ids of all examples as flat arrays with offsets."""
    flat: dict[str, list[int]] = {"prompt": [], "answer": []}
    ends: dict[str, list[int]] = {"prompt": [0], "answer": [0]}
    chunk: list[dict[str, str]] = []

    def flush() -> None:
        for field in flat:
            for encoding in tokenizer.encode_batch([row[field] for row in chunk]):
                flat[field].extend(encoding.ids)
                ends[field].append(len(flat[field]))
        chunk.clear()

    for row in read_examples(source):
        chunk.append(row)
        if len(chunk) == 2_000:
            flush()
    flush()
    np.savez(
        target,
        prompt=np.array(flat["prompt"], dtype=np.uint16),
        prompt_ends=np.array(ends["prompt"], dtype=np.int64),
        answer=np.array(flat["answer"], dtype=np.uint16),
        answer_ends=np.array(ends["answer"], dtype=np.int64),
    )


class Dataset:
    """Encoded examples in memory."""

    def __init__(self, path: Path) -> None:
        arrays = np.load(path)
        self._prompt, self._prompt_ends = arrays["prompt"], arrays["prompt_ends"]
        self._answer, self._answer_ends = arrays["answer"], arrays["answer_ends"]

    def __len__(self) -> int:
        return len(self._prompt_ends) - 1

    def lengths(self, index: int) -> tuple[int, int]:
        """Return the tokens of the prompt and of the answer."""
        return (
            int(self._prompt_ends[index + 1] - self._prompt_ends[index]),
            int(self._answer_ends[index + 1] - self._answer_ends[index]),
        )

    def batches(self, seed: int, tokens: int) -> Iterator[Batch]:
        """Yield one epoch of batches of at most `tokens` tokens, padding counted in."""
        rng = random.Random(seed)
        order = list(range(len(self)))
        rng.shuffle(order)
        for start in range(0, len(order), _POOL):
            groups = self._groups(order[start : start + _POOL], tokens)
            rng.shuffle(groups)
            for group in groups:
                yield self._batch(group)

    def _groups(self, pool: list[int], tokens: int) -> list[list[int]]:
        pool.sort(key=lambda index: sum(self.lengths(index)))
        groups: list[list[int]] = []
        group: list[int] = []
        widest = [0, 0]
        for index in pool:
            wider = [max(pair) for pair in zip(widest, self.lengths(index), strict=True)]
            if group and sum(wider) * (len(group) + 1) > tokens:
                groups.append(group)
                group, wider = [], list(self.lengths(index))
            group.append(index)
            widest = wider
        return [*groups, group]

    def _batch(self, group: list[int]) -> Batch:
        prompts = [self._prompt[self._prompt_ends[i] : self._prompt_ends[i + 1]] for i in group]
        answers = [self._answer[self._answer_ends[i] : self._answer_ends[i + 1]] for i in group]
        ids = _padded(prompts, 0)
        mask = _padded([np.ones_like(prompt) for prompt in prompts], 0)
        return Batch(ids, mask, _padded(answers, -100))


def _padded(rows: list[NDArray[np.uint16]], padding: int) -> torch.Tensor:
    table = np.full((len(rows), max(map(len, rows))), padding, dtype=np.int64)
    for at, row in enumerate(rows):
        table[at, : len(row)] = row
    return torch.from_numpy(table)
