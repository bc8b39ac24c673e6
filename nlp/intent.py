"""What a customer wants: the classifier of the intents."""

from __future__ import annotations

from pathlib import Path

from nlp.labels import INTENTS

__all__ = ["INTENTS", "STARTER"]

STARTER = Path(__file__).parent / "starter" / "intent"
