"""Read a Hugging Face T5 directory: config.json, safetensors weights, tokenizer.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer

from nlp.engine.config import T5Config
from nlp.engine.request import ModelLoadError

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
_EMBEDDINGS = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """One model as read from disk. The hashes are sha256 over the config and weight files, and of the tokenizer."""

    config: T5Config
    weights: dict[str, torch.Tensor]
    tokenizer: Tokenizer
    model_hash: str
    tokenizer_hash: str


def load_directory(directory: Path) -> ModelFiles:
    """Read a model directory. Weights come back in fp32. Raises ModelLoadError with what is missing."""
    if not directory.is_dir():
        raise ModelLoadError(f"{directory} is not a directory: give one with config.json, {WEIGHTS} and {TOKENIZER}")
    config = T5Config.from_json(_read_json(directory / "config.json"))
    tokenizer = _read_tokenizer(directory / TOKENIZER)
    files = _weight_files(directory)
    weights = _read_weights(files)
    _check(config, weights)
    return ModelFiles(
        config, weights, tokenizer, _sha256([directory / "config.json", *files]), _sha256([directory / TOKENIZER])
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelLoadError(f"{path} is missing: a T5 directory has one") from error
    except ValueError as error:
        raise ModelLoadError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ModelLoadError(f"{path} is not a JSON object")
    return data


def _read_tokenizer(path: Path) -> Tokenizer:
    if not path.is_file():
        raise ModelLoadError(
            f"{path} is missing: save the tokenizer in its fast form "
            "(`AutoTokenizer.from_pretrained(...).save_pretrained(...)` writes it); spiece.model alone is not read"
        )
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust side raises bare Exception
        raise ModelLoadError(f"{path} is not a tokenizer: {error}") from error


def _weight_files(directory: Path) -> list[Path]:
    if (directory / INDEX).is_file():
        shards = _read_json(directory / INDEX).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ModelLoadError(f"{directory / INDEX} has no weight_map")
        # Only the name counts: a shard outside the directory is never opened.
        files = [directory / Path(str(name)).name for name in sorted(set(shards.values()))]
    else:
        files = [directory / WEIGHTS]
    for file in files:
        if not file.is_file():
            raise ModelLoadError(
                f"{file} is missing: weights are read from safetensors only, never from pickle; "
                "convert with `model.save_pretrained(...)`"
            )
    return files


def _read_weights(files: Iterable[Path]) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = {}
    for file in files:
        try:
            weights.update(load_file(file))
        except SafetensorError as error:
            raise ModelLoadError(f"{file} is not a safetensors file: {error}") from error
    weights = {name: tensor.float() for name, tensor in weights.items()}
    for name in _EMBEDDINGS:
        if name in weights:
            weights["shared.weight"] = weights[name]
            break
    if "shared.weight" in weights:
        weights.setdefault("lm_head.weight", weights["shared.weight"])
    return weights


def _check(config: T5Config, weights: dict[str, torch.Tensor]) -> None:
    for name, shape in _expected(config).items():
        if name not in weights:
            raise ModelLoadError(f"the weights have no {name}: the files are not complete, or not of a T5")
        if tuple(weights[name].shape) != shape:
            raise ModelLoadError(
                f"{name} has shape {tuple(weights[name].shape)}, config.json asks for {shape}: "
                "config and weights do not belong together"
            )


def _expected(config: T5Config) -> dict[str, tuple[int, ...]]:
    """Name every tensor the forward pass reads, with its shape."""
    d, inner = config.d_model, config.heads * config.d_kv
    names: dict[str, tuple[int, ...]] = {
        "shared.weight": (config.vocab_size, d),
        "lm_head.weight": (config.vocab_size, d),
    }
    for stack, layers in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        attentions = ("SelfAttention",) if stack == "encoder" else ("SelfAttention", "EncDecAttention")
        names[f"{stack}.final_layer_norm.weight"] = (d,)
        bias = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        names[bias] = (config.buckets, config.heads)
        for i in range(layers):
            for place, attention in enumerate(attentions):
                prefix = f"{stack}.block.{i}.layer.{place}"
                names[f"{prefix}.layer_norm.weight"] = (d,)
                names.update({f"{prefix}.{attention}.{p}.weight": (inner, d) for p in "qkv"})
                names[f"{prefix}.{attention}.o.weight"] = (d, inner)
            feed = f"{stack}.block.{i}.layer.{len(attentions)}"
            names[f"{feed}.layer_norm.weight"] = (d,)
            for part in config.feed_inputs:
                names[f"{feed}.DenseReluDense.{part}.weight"] = (config.d_ff, d)
            names[f"{feed}.DenseReluDense.wo.weight"] = (d, config.d_ff)
    return names


def _sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
