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
from nlp import intent, sentiment
from nlp.digits import has_digits_kernel
from nlp.encoder import MAX_TOKENS, Encoder, ModelFilesError, distribution_files, read_verified
from nlp.evaluation.classifier import score_predictions
from nlp.head import Head
from nlp.minilm import MiniLm
from nlp.training.examples import HOLDOUT, read_holdout

TEXTS = ["Where is my order?", "hi", "I would like to return the blue jacket I bought last week, it is too small."]


def read_weights() -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(distribution_files()[0])


def test_the_network_equals_the_original_bert() -> None:
    state = read_weights()
    bert = BertModel(BertConfig(hidden_size=384, num_hidden_layers=6, intermediate_size=1536), add_pooling_layer=False)
    bert.load_state_dict({name: value for name, value in state.items() if name in bert.state_dict()})
    torch.nn.Module.train(bert, False)
    texts = [[101, 2073, 102], [101, 7632, 102], [101, *range(2000, 2040), 102]]
    for ids, means in zip(texts, MiniLm(state, int8=False).means(texts), strict=True):
        with torch.inference_mode():
            states = bert(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states[1:]
        torch.testing.assert_close(means, torch.cat([one.mean(1) for one in states]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("threads", [1, 2])
def test_vectors_have_length_one_and_do_not_depend_on_the_batch(encoder: Encoder, threads: int) -> None:
    texts = [*TEXTS, *(f"{'please ' * number}cancel order #{number}" for number in range(60))]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        together = encoder.encode_layers(texts)
        alone = {row: encoder.encode_layers([texts[row]]) for row in (0, 1, 2, 3, 20, 62)}
    finally:
        torch.set_num_threads(before)
    assert together.pooled.shape == (63, 384)
    assert together.pooled.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together.pooled, axis=1), 1, atol=1e-5)
    tolerance = 0 if has_digits_kernel() else 1e-5
    for row, one in alone.items():
        np.testing.assert_allclose(one.layers[0], together.layers[row], atol=tolerance, rtol=0)
        np.testing.assert_allclose(one.pooled[0], together.pooled[row], atol=tolerance, rtol=0)


@pytest.mark.skipif(not has_digits_kernel(), reason="this processor has no int8 product with a given scale")
@pytest.mark.parametrize(
    ("head", "file", "labels"),
    [
        (intent.STARTER, "intent.txt", tuple(intent.INTENTS)),
        (intent.STARTER, "intent_second.txt", tuple(intent.INTENTS)),
        (sentiment.STARTER, "sentiment.txt", tuple(sentiment.SENTIMENTS)),
        (sentiment.STARTER, "sentiment_second.txt", tuple(sentiment.SENTIMENTS)),
    ],
)
def test_int8_says_the_same_as_fp32(
    encoder: Encoder, exact_encoder: Encoder, head: Path, file: str, labels: tuple[str, ...]
) -> None:
    held_out = read_holdout(HOLDOUT / file, labels)
    texts, truth = [one.text for one in held_out], [one.label for one in held_out]
    model = Head.load(head, encoder.version)
    found, exact = (model.predict(texts, one.encode_layers(texts)) for one in (encoder, exact_encoder))
    assert sum(one.label == other.label for one, other in zip(found, exact, strict=True)) >= 0.99 * len(texts)
    assert max(abs(one.score - other.score) for one, other in zip(found, exact, strict=True)) < 0.05
    ours, theirs = score_predictions(truth, found), score_predictions(truth, exact)
    assert ours.accuracy >= theirs.accuracy - 0.003
    assert (ours.out_of_scope_recall or 0) >= (theirs.out_of_scope_recall or 0) - 0.003
    assert (ours.false_alarms or 0) <= (theirs.false_alarms or 0) + 0.003


@pytest.mark.skipif(not has_digits_kernel(), reason="this processor has no int8 product with a given scale")
def test_int8_vectors_are_close_to_those_in_fp32(encoder: Encoder, exact_encoder: Encoder) -> None:
    near = (encoder.encode(TEXTS) * exact_encoder.encode(TEXTS)).sum(1)
    assert near.min() > 0.9999


@pytest.fixture(scope="module")
def exact_encoder(encoder: Encoder) -> Encoder:
    tokenizer = Tokenizer.from_file(str(distribution_files()[1]))
    return Encoder(MiniLm(read_weights(), int8=False), tokenizer, encoder.version)


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
