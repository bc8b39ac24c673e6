"""A trained linear head on the sentence encoder: the classifiers that ship."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from nlp.classification import Prediction, Probabilities, predictions
from nlp.encoder import Encoder, Encoding, ModelFilesError
from nlp.lexical import ngram_features
from nlp.lexicon import lexicon_features
from nlp.minilm import DIM, LAYERS

WEIGHTS_FILE = "head.safetensors"
FORMAT = "assistify-head-1"


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """What a head reads and how its scores are turned into probabilities."""

    labels: tuple[str, ...]
    encoder_version: str
    layers: tuple[int, ...] = (3, 4, 5)  # upper half: phrasing and word choice are not all in the last one
    ngram_buckets: int = 4096
    ngram_weight: float = 0.5
    lexicon_weight: float = 0.0  # of words of praise and blame
    temperature: float = 1.0  # above 1: less sure than the raw scores
    scope_bias: float = 0.0  # added to the score of `out_of_scope`


def head_features(config: HeadConfig, texts: Sequence[str], encoding: Encoding) -> NDArray[np.float32]:
    """Return what a head reads of each text: chosen layers, each of length 1, hashed n-grams, lexicon, [N, F]."""
    layers = encoding.layers.reshape(len(texts), LAYERS, DIM)[:, list(config.layers)]
    norms = np.maximum(np.linalg.norm(layers, axis=2, keepdims=True), 1e-9)
    scale = np.float32(1 / np.sqrt(len(config.layers)))
    parts = [(layers / norms * scale).reshape(len(texts), len(config.layers) * DIM)]
    if config.ngram_buckets:
        parts.append(ngram_features(texts, config.ngram_buckets) * np.float32(config.ngram_weight))
    if config.lexicon_weight:
        parts.append(lexicon_features(texts) * np.float32(config.lexicon_weight))
    return np.concatenate(parts, axis=1).astype(np.float32)


class Head:
    """Multinomial logistic regression with calibrated confidence."""

    def __init__(
        self, config: HeadConfig, weight: NDArray[np.float32], bias: NDArray[np.float32], version: str = "unsaved"
    ) -> None:
        self.config = config
        self.labels = config.labels
        self.version = version
        self.weight = weight  # [F, K]
        self.bias = bias  # [K]

    @classmethod
    def load(cls, directory: Path, encoder_version: str) -> Head:
        """Load a head saved by `save`.

        Raises:
            ModelFilesError: no such head, another format, or made for another encoder.
        """
        path = directory / WEIGHTS_FILE
        try:
            content = path.read_bytes()
            with safetensors.safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
            tensors = safetensors.numpy.load(content)
        except (OSError, safetensors.SafetensorError) as error:
            raise ModelFilesError(f"cannot read the head {path}: {error}") from error
        if FORMAT not in metadata:
            raise ModelFilesError(f"{path} holds {sorted(metadata) or 'no description'}, expected {FORMAT}")
        config = _config_from_json(metadata[FORMAT])
        if config.encoder_version != encoder_version:
            raise ModelFilesError(f"{path} was made for {config.encoder_version}, the encoder is {encoder_version}")
        version = f"head-{hashlib.sha256(content).hexdigest()[:12]}"
        return cls(config, tensors["weight"].astype(np.float32), tensors["bias"].astype(np.float32), version)

    def save(self, directory: Path) -> None:
        """Write the head as safetensors; weights are kept in half precision."""
        directory.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, NDArray[Any]] = {
            "weight": self.weight.astype(np.float16),
            "bias": self.bias.astype(np.float32),
        }
        # One entry: safetensors writes several in an order that changes from run to run, and the bytes are hashed.
        metadata = {FORMAT: _config_to_json(self.config)}
        (directory / WEIGHTS_FILE).write_bytes(safetensors.numpy.save(tensors, metadata))

    def probabilities(self, texts: Sequence[str], encoding: Encoding) -> Probabilities:
        """Return calibrated probabilities, [N, K]."""
        logits = head_features(self.config, texts, encoding) @ self.weight + self.bias
        return calibrated(self.config, logits)

    def predict(self, texts: Sequence[str], encoding: Encoding) -> list[Prediction]:
        """Return one prediction per text from vectors that were computed before."""
        return predictions(self.labels, self.probabilities(texts, encoding))


def calibrated(config: HeadConfig, logits: NDArray[np.float32]) -> Probabilities:
    """Return softmax of the scores [N, K] after scope bias and temperature."""
    scores = logits.astype(np.float64)
    if "out_of_scope" in config.labels:
        scores[:, config.labels.index("out_of_scope")] += config.scope_bias
    scores /= config.temperature
    scores -= scores.max(axis=1, keepdims=True)
    exponents = np.exp(scores)
    probabilities: Probabilities = (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


class HeadClassifier:
    """A head with its encoder, for use on its own."""

    def __init__(self, head: Head, encoder: Encoder) -> None:
        self.head = head
        self.labels = head.labels
        self.version = head.version
        self._encoder = encoder

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text, in their order."""
        return self.head.predict(texts, self._encoder.encode_layers(texts))


def _config_to_json(config: HeadConfig) -> str:
    fields = {name: getattr(config, name) for name in HeadConfig.__slots__}
    return json.dumps(fields, sort_keys=True)


def _config_from_json(text: str) -> HeadConfig:
    fields = json.loads(text)
    return HeadConfig(**{**fields, "labels": tuple(fields["labels"]), "layers": tuple(fields["layers"])})
