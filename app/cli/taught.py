"""What people taught the models, read from this server's conversations and masked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.bootstrap.core import open_core
from app.settings import get_settings

if TYPE_CHECKING:
    from nlp.training.examples import Example
    from nlp.training.responder.fine_tune import Told


def taught_intents() -> Sequence[Example]:
    """Return the messages whose intent a person corrected, masked."""
    from app.db.training_data import SqlTrainingData
    from nlp.masking import mask
    from nlp.training.examples import Example

    async def run() -> list[Example]:
        async with open_core(get_settings()) as core:
            await core.migrate()
            found = await SqlTrainingData(core.database).intents()
            return [Example(mask(one.text, one.names), one.label) for one in found]

    return asyncio.run(run())


def taught_answers() -> Sequence[Told]:
    """Return the answers that people gave or liked, with their prompts, masked."""
    from app.db.training_data import SqlTrainingData
    from nlp.masking import mask
    from nlp.training.responder.fine_tune import Told

    async def run() -> list[Told]:
        async with open_core(get_settings()) as core:
            await core.migrate()
            found = await SqlTrainingData(core.database).answers()
            return [Told(mask(one.prompt, one.names), mask(one.answer, one.names), one.literals) for one in found]

    return asyncio.run(run())
