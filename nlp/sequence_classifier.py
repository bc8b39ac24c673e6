"""Any sequence classification model in a directory: DistilBERT, RoBERTa and their kin."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from nlp.classification import Prediction, predictions
from nlp.encoder import ModelFilesError

MAX_TOKENS = 256
BATCH = 32


class SequenceClassifier:
    """Labels texts with a fine-tuned transformer; labels come from its `id2label`."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, version: str) -> None:
        self.version = version
        self.labels: tuple[str, ...] = tuple(name for _, name in sorted((model.config.id2label or {}).items()))
        # A fine-tune of this project stores the temperature found on its held-out texts.
        self._temperature = float(getattr(model.config, "temperature_calibrated", 1.0))
        self._model = torch.nn.Module.train(model, False)
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, directory: Path, labels: Sequence[str] | None = None) -> SequenceClassifier:
        """Load a model directory; nothing is fetched and no code of it is run.

        `labels`: what the model must know; a model with other labels is refused.

        Raises:
            ModelFilesError: not a readable model directory, or labels that this program does not know.
        """
        if not directory.is_dir():
            raise ModelFilesError(f"cannot load a classifier from {directory}: it is not a folder")
        try:
            model = AutoModelForSequenceClassification.from_pretrained(
                directory, local_files_only=True, use_safetensors=True
            )
            tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelFilesError(f"cannot load a classifier from {directory}: {error}") from error
        classifier = cls(model, tokenizer, directory_version(directory))
        unknown = sorted(set(classifier.labels) - set(labels)) if labels is not None else []
        if unknown:
            raise ModelFilesError(f"{directory} has labels that are not known here: {', '.join(unknown)}")
        return classifier

    @torch.inference_mode()
    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text, in their order."""
        result: list[Prediction] = []
        for start in range(0, len(texts), BATCH):
            batch = self._tokenizer(
                list(texts[start : start + BATCH]),
                truncation=True,
                max_length=min(MAX_TOKENS, self._tokenizer.model_max_length),
                padding=True,
                return_tensors="pt",
            )
            logits = self._model(**batch).logits / self._temperature
            result += predictions(self.labels, torch.softmax(logits.float(), dim=1).numpy())
        return result


def directory_version(directory: Path) -> str:
    """Return a name that changes whenever the weights, the labels or the tokenizer change."""
    digest = hashlib.sha256()
    for path in sorted(directory.glob("*.safetensors")) + sorted(directory.glob("*.json")):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{directory.name}-{digest.hexdigest()[:12]}"
