"""What a customer wants: the classifier of the intents."""

from __future__ import annotations

from pathlib import Path

from nlp.encoder import Encoder
from nlp.head import Head
from nlp.labels import INTENTS

__all__ = ["INTENTS", "STARTER", "load_starter"]

STARTER = Path(__file__).parent / "starter" / "intent"


def load_starter(encoder: Encoder, directory: Path = STARTER) -> Head:
    """Load the trained intent head.

    Raises:
        ModelFilesError: the head is missing or was made for another encoder.
    """
    return Head.load(directory, encoder.version)
