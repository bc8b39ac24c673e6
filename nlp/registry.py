"""THE table of models: what each task needs, how it is loaded, and which version was loaded.

To add a model: write its module, and one line in MODELS. Locations are arguments; None is the model that ships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from nlp import intent, sentiment
from nlp.analyzer import TextAnalyzer
from nlp.classification import Classifier
from nlp.encoder import Encoder, ModelFilesError
from nlp.engine.engine import Engine
from nlp.engine.settings import EngineSettings
from nlp.head import WEIGHTS_FILE, Head
from nlp.recommender import Recommender
from nlp.recommender_file import load_recommender

STARTER_RESPONDER = Path(__file__).parent / "starter" / "responder"

Labeller = Head | Classifier
Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True)
class Needs:
    """What loaders share: the encoder, loaded once, and how the engine runs."""

    encoder: Encoder
    engine: EngineSettings | None = None


@dataclass(frozen=True)  # no slots: Python 3.11 cannot have them in a frozen generic class
class ModelKind(Generic[Loaded]):
    """One line of the table: `load` raises ModelFilesError (the responder: ModelLoadError) and blocks for seconds."""

    name: str
    purpose: str
    load: Callable[[Path | None, Needs], Loaded]
    version: Callable[[Loaded], str]


class _Versioned(Protocol):
    @property
    def version(self) -> str: ...


def _version(model: _Versioned) -> str:
    return model.version


def _engine_version(engine: Engine) -> str:
    return f"t5-{engine.model_hash[:12]}"


def _shared_encoder(path: Path | None, needs: Needs) -> Encoder:
    if path is not None:
        raise ModelFilesError(f"the encoder comes from an installed distribution, not from {path}")
    return needs.encoder


def _labeller(starter: Path, labels: Iterable[str]) -> Callable[[Path | None, Needs], Labeller]:
    known = tuple(labels)

    def load(path: Path | None, needs: Needs) -> Labeller:
        if path is None or (path / WEIGHTS_FILE).is_file():
            return Head.load(path or starter, needs.encoder.version)
        from nlp.sequence_classifier import SequenceClassifier  # transformers takes seconds to import

        return SequenceClassifier.load(path, known)

    return load


def _engine(path: Path | None, needs: Needs) -> Engine:
    return Engine.load(path or STARTER_RESPONDER, needs.engine)


def _recommender(path: Path | None, needs: Needs) -> Recommender:
    if path is None:
        raise ModelFilesError("no recommender ships: one is trained from the shop's own interactions")
    return load_recommender(path)


# fmt: off
ENCODER = ModelKind[Encoder]("encoder", "vectors of texts", _shared_encoder, _version)
INTENT = ModelKind[Labeller]("intent", "what is wanted", _labeller(intent.STARTER, intent.INTENTS), _version)
SENTIMENT = ModelKind[Labeller]("sentiment", "mood", _labeller(sentiment.STARTER, sentiment.SENTIMENTS), _version)
RESPONDER = ModelKind[Engine]("responder", "the answers", _engine, _engine_version)
RECOMMENDER = ModelKind[Recommender]("recommender", "which products to show", _recommender, _version)
# fmt: on

MODELS: Final[dict[str, ModelKind[Any]]] = {
    kind.name: kind for kind in (ENCODER, INTENT, SENTIMENT, RESPONDER, RECOMMENDER)
}


def load_analyzer(encoder: Encoder, intent_dir: Path | None = None, sentiment_dir: Path | None = None) -> TextAnalyzer:
    """Load intent and sentiment on one encoder; None is the starter, a directory a head or a fine-tuned model.

    Raises:
        ModelFilesError: a model is missing, unreadable, or has labels that are not known here.
    """
    needs = Needs(encoder)
    return TextAnalyzer(encoder, INTENT.load(intent_dir, needs), SENTIMENT.load(sentiment_dir, needs))
