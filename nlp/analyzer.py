"""Intent, sentiment and search vector of texts, from one forward pass where the models share an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.classification import Classifier, Prediction
from nlp.encoder import Encoder, Encoding, Vectors
from nlp.head import Head


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What one text means: its `vector`, [384], has length 1 and serves search."""

    intent: Prediction
    sentiment: Prediction
    vector: Vectors


class TextAnalyzer:
    """Analyses texts; a head uses the encoder's pass, any other classifier makes its own."""

    def __init__(self, encoder: Encoder, intent: Head | Classifier, sentiment: Head | Classifier) -> None:
        self._encoder = encoder
        self._intent = intent
        self._sentiment = sentiment

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the models, by task."""
        return {
            "encoder": self._encoder.version,
            "intent": self._intent.version,
            "sentiment": self._sentiment.version,
        }

    def analyze(self, texts: Sequence[str]) -> list[Analysis]:
        """Return one analysis per text, in their order."""
        if not texts:
            return []
        encoding = self._encoder.encode_layers(texts)
        intents = _classify(self._intent, texts, encoding)
        sentiments = _classify(self._sentiment, texts, encoding)
        return [Analysis(*one) for one in zip(intents, sentiments, encoding.pooled, strict=True)]


def _classify(model: Head | Classifier, texts: Sequence[str], encoding: Encoding) -> list[Prediction]:
    return model.predict(texts, encoding) if isinstance(model, Head) else model.classify(texts)
