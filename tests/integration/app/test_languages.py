"""A message in another language: to a person, or to a model directory that writes it, by one setting."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import T5Config, T5ForConditionalGeneration

from app.bootstrap.worker import Models, build_worker, load_models
from app.db import models
from app.services.worker.worker import Worker
from nlp.training.responder.export import export
from nlp.training.responder.vocabulary import train_vocabulary
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import Product, analyzer, encoder, working

GERMAN = "Wo ist meine Bestellung und wann kommt sie an?"


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 of a few thousand weights whose vocabulary knows German words."""
    folder = tmp_path_factory.mktemp("t5")
    rows = [{"prompt": f"customer: {GERMAN}", "answer": "Ihre Bestellung ist auf dem Weg zu Ihnen."}] * 8
    train_vocabulary(iter(rows), folder / "vocabulary.json")
    tokenizer = Tokenizer.from_file(str(folder / "vocabulary.json"))
    torch.manual_seed(3)
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(), d_model=32, d_kv=16, d_ff=48, num_layers=1, num_decoder_layers=1,
        num_heads=2, dropout_rate=0.0, feed_forward_proj="gated-gelu", pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    config.decoder_start_token_id = 0
    export(T5ForConditionalGeneration(config), tokenizer, {}, folder / "model")
    (folder / "model" / "assistify.json").write_text('{"languages": ["en", "de"], "pointers": true}')
    return folder / "model"


async def situation(rig: Product, worker: Worker) -> models.Response:
    visitor, conversation = await rig.open()
    async with working(worker):
        await rig.ask(visitor, conversation, GERMAN)
        await rig.answered(conversation)
    (reply,) = await rig.rows(models.Response, conversation_id=conversation)
    assert isinstance(reply, models.Response)
    return reply


async def test_what_the_model_does_not_write_goes_to_a_person(rig: Product) -> None:
    reply = await situation(rig, rig.worker(ScriptedResponder()))
    assert reply.intent is not None
    assert reply.intent["situation"] == "any/handoff"


@pytest.mark.parametrize("named", [{}, {"responder_languages": "en, de"}])
async def test_a_multilingual_directory_is_one_setting(rig: Product, multilingual: Path, named: dict[str, str]) -> None:
    changes = {"responder_dir": multilingual} | named
    model = load_models(rig.settings.model_copy(update=changes)).responder
    try:
        reply = await situation(rig, build_worker(rig.core, rig.parts, Models(encoder(), analyzer(), model)))
        assert reply.intent is not None
        assert reply.intent["situation"] != "any/handoff"
        assert reply.model_hash == model.engine.model_hash
        assert GERMAN in (reply.prompt or "")
    finally:
        await model.engine.aclose()
