"""How a customer feels: three labels, one signed value, and the trend of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nlp.classification import Prediction

STARTER = Path(__file__).parent / "starter" / "sentiment"

SENTIMENTS: Final[dict[str, str]] = {
    "negative": "unhappy, annoyed or disappointed",
    "neutral": "a question or a statement without feeling, or both sides in balance",
    "positive": "happy, pleased or grateful",
}

TREND_DECAY = 0.6  # weight of each message relative to the next one


def valence(prediction: Prediction) -> float:
    """Return the feeling as one number from -1 (negative) to 1 (positive)."""
    shares = dict(prediction.ranking) or {prediction.label: prediction.score}
    return shares.get("positive", 0.0) - shares.get("negative", 0.0)


def trend(valences: Sequence[float]) -> float:
    """Return how the feeling moves, -2 to 2: the last message against the earlier ones, recent ones counting more.

    Below zero the conversation is getting worse; 0 for fewer than two messages.
    """
    if len(valences) < 2:
        return 0.0
    earlier = valences[:-1]
    weights = [TREND_DECAY**age for age in range(len(earlier) - 1, -1, -1)]
    return valences[-1] - sum(w * v for w, v in zip(weights, earlier, strict=True)) / sum(weights)
