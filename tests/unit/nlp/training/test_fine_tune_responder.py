"""Fine-tuning of a T5 directory on a shop's own answers: a tiny model, made on the spot, that the engine then runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import T5Config, T5ForConditionalGeneration

from nlp.encoder import ModelFilesError
from nlp.engine.engine import Engine
from nlp.engine.request import Chunk, GenerationRequest
from nlp.engine.settings import EngineSettings
from nlp.training.epochs import Epoch
from nlp.training.examples import ExamplesError
from nlp.training.responder.export import export
from nlp.training.responder.fine_tune import FineTuneSettings, Told, fine_tune_responder, pointered
from nlp.training.responder.vocabulary import train_vocabulary

TRACKING, DATE = 7, 9
ASKED = "intent: order_status\ntracking: <extra_id_7>\narrives: <extra_id_9>\ncustomer: where is it"
SAID = "It left with 1Z999 and is with you on 27 November."


def told(number: int, answer: str = SAID) -> Told:
    return Told(f"{ASKED} {number % 7}", answer, {TRACKING: "1Z999", DATE: "27 November"})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 of a few thousand weights with sentinels."""
    folder = tmp_path_factory.mktemp("t5")
    rows = [{"prompt": ASKED, "answer": "It left with <extra_id_7> and is with you on <extra_id_9>."}] * 8
    train_vocabulary(iter(rows), folder / "vocabulary.json")
    tokenizer = Tokenizer.from_file(str(folder / "vocabulary.json"))
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(), d_model=32, d_kv=16, d_ff=48, num_layers=1, num_decoder_layers=1,
        num_heads=2, dropout_rate=0.0, feed_forward_proj="gated-gelu", pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    config.decoder_start_token_id = 0
    torch.manual_seed(3)
    export(T5ForConditionalGeneration(config), tokenizer, {}, folder / "model")
    return folder / "model"


def test_literals_become_pointers_and_what_is_in_no_fact_is_left_out() -> None:
    assert pointered(told(0)) == "It left with <extra_id_7> and is with you on <extra_id_9>."
    assert pointered(told(0, "It costs 12 dollars.")) is None
    assert pointered(told(0, "See https://shop.example")) is None
    assert pointered(told(0, "I am sorry to hear that.")) == "I am sorry to hear that."


async def test_a_fine_tuned_directory_is_better_and_runs_in_the_engine(base: Path, tmp_path: Path) -> None:
    epochs: list[Epoch] = []
    settings = FineTuneSettings(epochs=60, learning_rate=5e-3, patience=60)
    answers = [*(told(number) for number in range(40)), told(0, "Ring 555 0199.")]
    result = fine_tune_responder(base, answers, tmp_path / "tuned", epochs.append, settings)
    assert (result.examples, result.dropped) == (40, 1)
    assert result.loss_after < result.loss_before / 2
    assert epochs[-1].number <= 60
    assert "40 used, 1 left out" in (tmp_path / "tuned" / "README.md").read_text(encoding="utf-8")
    engine = Engine.load(tmp_path / "tuned", EngineSettings(threads=1))
    try:
        request = GenerationRequest(
            id="1", prompt=told(3).prompt, literals=told(3).literals, pointers=True, max_tokens=24
        )
        stream = await engine.submit(request)
        text = "".join([item.text async for item in stream if isinstance(item, Chunk)])
    finally:
        await engine.aclose()
    assert "1Z999" in text


def test_training_ends_early_when_it_no_longer_helps(base: Path, tmp_path: Path) -> None:
    epochs: list[Epoch] = []
    settings = FineTuneSettings(epochs=30, learning_rate=0.0, patience=2)
    result = fine_tune_responder(base, [told(number) for number in range(20)], tmp_path, epochs.append, settings)
    assert len(epochs) == 2
    assert result.loss_after == result.loss_before


def test_too_little_to_learn_from_is_said(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match="9 of 10 answers can be trained on"):
        fine_tune_responder(base, [*(told(n) for n in range(9)), told(9, "Call 0800 1234567")], tmp_path)


def test_a_directory_that_is_no_t5_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match="cannot fine-tune"):
        fine_tune_responder(tmp_path, [told(number) for number in range(20)], tmp_path / "out")
