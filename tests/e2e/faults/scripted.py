"""Models for volume: at the engine's port a source of scripted tokens, and an analyzer that finds the same in all."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from app.bootstrap.worker import Models
from app.services.worker.reply_run import ResponderModel
from app.settings import Settings
from nlp.analyzer import Analysis, TextAnalyzer
from nlp.classification import Prediction
from nlp.encoder import Encoder, Vectors
from nlp.engine.request import GenerationRequest
from tests.integration.app.responder import ScriptedResponder

INTENT, SENTIMENT = "greeting", "neutral"
SAID = "gern schön größer naïve 送料 👋 bitte heute warm Jacke 🧥 für dich, und dann: «ja»! señor 日本"
WORDS = SAID.split(" ")
SHORTEST, LONGEST = 20, 40
VECTOR = 384


def answer_to(prompt: str) -> str:
    """Return the answer to a prompt: always the same, of characters of one to four bytes."""
    chance = random.Random(zlib.crc32(prompt.encode()))
    return " ".join(chance.choices(WORDS, k=chance.randint(SHORTEST, LONGEST)))


def _script(request: GenerationRequest) -> str:
    return answer_to(request.prompt)


class _SameForAll:
    """Stands for the encoder and for the analyzer."""

    version = "scripted"
    versions: Mapping[str, str] = {"encoder": version, "intent": version, "sentiment": version}

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), VECTOR), dtype=np.float32)
        vectors[:, 0] = 1.0
        return vectors

    def analyze(self, texts: Sequence[str]) -> list[Analysis]:
        found = Prediction(INTENT, 0.99, ((INTENT, 0.99),)), Prediction(SENTIMENT, 0.99, ((SENTIMENT, 0.99),))
        return [Analysis(*found, vector) for vector in self.encode(texts)]


def load_scripted_models(settings: Settings) -> Models:
    """Take the place of `load_models`."""
    same = _SameForAll()
    engine = ScriptedResponder(script=_script, free_slots=settings.engine_slots)
    responder = ResponderModel(engine=engine, name="scripted", has_pointers=True, max_tokens=2 * LONGEST)
    return Models(cast(Encoder, same), cast(TextAnalyzer, same), responder)
