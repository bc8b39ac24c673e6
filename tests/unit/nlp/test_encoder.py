"""The starter encoder: the right weights, the right vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from nlp import encoder as encoder_module
from nlp.encoder import MAX_TOKENS, Encoder, ModelFilesError, distribution_files, read_verified

TEXTS = ["Where is my order?", "hi", "I would like to return the blue jacket I bought last week, it is too small."]


def test_vectors_equal_those_of_the_original_bert(encoder: Encoder) -> None:
    weights, tokenizer_file = distribution_files()
    bert = BertModel(BertConfig(hidden_size=384, num_hidden_layers=6, intermediate_size=1536), add_pooling_layer=False)
    state = safetensors.torch.load_file(weights)
    bert.load_state_dict({name: value for name, value in state.items() if name in bert.state_dict()})
    torch.nn.Module.train(bert, False)
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    for text, vector in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        with torch.inference_mode():
            tokens = torch.tensor([tokenizer.encode(text).ids])
            mean = bert(input_ids=tokens).last_hidden_state.mean(1)
        np.testing.assert_allclose(vector, torch.nn.functional.normalize(mean, dim=1)[0].numpy(), atol=1e-5)


def test_vectors_have_length_one_and_do_not_depend_on_the_batch(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS * 9)
    assert together.shape == (27, 384)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(encoder.encode([text])[0], together[row], atol=1e-5)


def test_near_meanings_have_near_vectors(encoder: Encoder) -> None:
    parcel, same, weather = encoder.encode(["track my parcel", "where is my package", "it will rain tomorrow"])
    assert float(parcel @ same) > float(parcel @ weather) + 0.2


def test_long_texts_are_cut_and_empty_ones_encoded(encoder: Encoder) -> None:
    long = "order " * MAX_TOKENS
    cut, longer, empty = encoder.encode([long, long + "weather " * 500, ""])
    np.testing.assert_allclose(cut, longer, atol=1e-5)
    assert np.isfinite(empty).all()
    assert encoder.encode([]).shape == (0, 384)


def test_the_number_of_threads_is_left_alone(encoder: Encoder) -> None:
    before = torch.get_num_threads()
    encoder.encode(TEXTS)
    assert torch.get_num_threads() == before


def test_other_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"not the published weights")
    with pytest.raises(ModelFilesError, match="sha256"):
        read_verified(path, encoder_module.WEIGHTS_SHA256)
    with pytest.raises(ModelFilesError, match="cannot read"):
        read_verified(tmp_path / "absent", encoder_module.WEIGHTS_SHA256)


def test_a_missing_distribution_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "DISTRIBUTION", "surely-not-installed")
    with pytest.raises(ModelFilesError, match="install surely-not-installed"):
        distribution_files()
