"""A responder for volume: at the engine's port a source of scripted tokens, which says the same to the same prompt."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence

from app.bootstrap.worker import Models
from app.domain.model_version import ModelVersion
from app.services.worker.reply_run import ResponderModel
from app.settings import Settings
from nlp.engine.request import GenerationRequest
from tests.fixtures.same_for_all import models_around
from tests.integration.app.responder import ScriptedResponder

SAID = "gern schön größer naïve 送料 👋 bitte heute warm Jacke 🧥 für dich, und dann: «ja»! señor 日本"
WORDS = SAID.split(" ")
SHORTEST, LONGEST = 20, 40


def answer_to(prompt: str) -> str:
    """Return the answer to a prompt: always the same, of characters of one to four bytes."""
    chance = random.Random(zlib.crc32(prompt.encode()))
    return " ".join(chance.choices(WORDS, k=chance.randint(SHORTEST, LONGEST)))


def _script(request: GenerationRequest) -> str:
    return answer_to(request.prompt)


def load_scripted_models(settings: Settings, versions: Sequence[ModelVersion] = ()) -> Models:
    """Take the place of `load_models`."""
    engine = ScriptedResponder(script=_script, free_slots=settings.engine_slots)
    return models_around(ResponderModel(engine=engine, name="scripted", has_pointers=True, max_tokens=2 * LONGEST))
