"""A directory that cannot be used is refused with what is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from nlp.engine.loader import load_directory
from nlp.engine.request import ModelLoadError


@pytest.fixture
def directory(gated_untied: Path, tmp_path: Path) -> Path:
    return shutil.copytree(gated_untied, tmp_path / "model")


def edit_config(directory: Path, **changes: Any) -> None:
    path = directory / "config.json"
    data = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))


def drop_weight(directory: Path) -> None:
    path = directory / "model.safetensors"
    weights = load_file(path)
    del weights["decoder.block.1.layer.1.EncDecAttention.k.weight"]
    save_file(weights, path)


def only_pickle(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")


BROKEN: list[tuple[Callable[[Path], object], str]] = [
    (lambda d: edit_config(d, model_type="bart"), "'bart'.*'t5' only"),
    (lambda d: edit_config(d, d_kv=None), "no 'd_kv'"),
    (lambda d: edit_config(d, feed_forward_proj="gated-swish"), "gated-swish"),
    (lambda d: edit_config(d, d_ff=128), r"wi_0.*\(96, 48\).*\(128, 48\)"),
    (lambda d: (d / "config.json").write_text("{"), "not JSON"),
    (lambda d: (d / "config.json").write_text("[]"), "not a JSON object"),
    (lambda d: (d / "config.json").unlink(), "config.json is missing"),
    (lambda d: (d / "tokenizer.json").unlink(), "tokenizer.json is missing.*save_pretrained"),
    (lambda d: (d / "tokenizer.json").write_text("{}"), "not a tokenizer"),
    (only_pickle, "safetensors only, never from pickle"),
    (lambda d: (d / "model.safetensors").write_bytes(b"\x80\x04junk"), "not a safetensors file"),
    (drop_weight, r"no decoder.block.1.layer.1.EncDecAttention.k.weight"),
    (lambda d: (d / "model.safetensors.index.json").write_text("{}"), "no weight_map"),
    (shutil.rmtree, "not a directory"),
]


@pytest.mark.parametrize(("damage", "message"), BROKEN)
def test_a_broken_directory_is_refused_with_the_reason(
    directory: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(directory)
    with pytest.raises(ModelLoadError, match=message):
        load_directory(directory)


def test_shards_and_half_precision_load_as_one(directory: Path) -> None:
    whole = load_directory(directory)
    weights = {name: tensor.half() for name, tensor in load_file(directory / "model.safetensors").items()}
    names = sorted(weights)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, members in parts.items():
        save_file({name: weights[name] for name in members}, directory / file)
    (directory / "model.safetensors").unlink()
    index = {"weight_map": {name: file for file, members in parts.items() for name in members}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    sharded = load_directory(directory)
    assert sharded.weights.keys() == whole.weights.keys()
    for name, tensor in sharded.weights.items():
        assert tensor.dtype is torch.float32
        assert torch.allclose(tensor, whole.weights[name], atol=1e-2, rtol=1e-2)


def test_a_shard_outside_the_directory_is_not_read(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory.parent / "outside.safetensors")
    index = {"weight_map": {"shared.weight": "../outside.safetensors"}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelLoadError, match="missing"):
        load_directory(directory)


def test_hashes_tell_models_and_tokenizers_apart(directory: Path, relu_tied: Path) -> None:
    one, other = load_directory(directory), load_directory(relu_tied)
    assert one.model_hash != other.model_hash
    assert one.tokenizer_hash == other.tokenizer_hash
    assert one.model_hash == load_directory(directory).model_hash


@pytest.mark.parametrize(
    ("fields", "scaled"),
    [
        ({"tie_word_embeddings": False}, False),
        ({"tie_word_embeddings": True}, True),
        ({"tie_word_embeddings": None}, True),
        ({"tie_word_embeddings": True, "scale_decoder_outputs": False}, False),
    ],
)
def test_output_scaling_is_read_from_old_and_new_configs(
    directory: Path, fields: dict[str, bool | None], *, scaled: bool
) -> None:
    edit_config(directory, **{"scale_decoder_outputs": None, **fields})
    assert load_directory(directory).config.scale_outputs is scaled
