"""Fine-tuning of any DistilBERT, RoBERTa or similar directory into a classifier of this project's labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from nlp.classification import predictions
from nlp.encoder import ModelFilesError
from nlp.evaluation.classifier import ClassifierScores, score_predictions
from nlp.sequence_classifier import MAX_TOKENS
from nlp.training.card import score_lines
from nlp.training.epochs import Epoch, train_epochs
from nlp.training.examples import Example, ExamplesError, examples_hash
from nlp.training.logistic import folds

CARD = "README.md"
_TEMPERATURES = np.geomspace(0.25, 4.0, 81)


@dataclass(frozen=True, slots=True)
class FineTuneSettings:
    """How a model is fine-tuned."""

    epochs: int = 20
    patience: int = 3  # epochs without a better held-out loss before it ends
    batch: int = 16
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    seed: int = 20
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class _Data:
    tokens: list[list[int]]
    targets: NDArray[np.int64]


def fine_tune(
    directory: Path,
    examples: Sequence[Example],
    labels: Sequence[str],
    out: Path,
    progress: Callable[[Epoch], None] = lambda epoch: None,
    settings: FineTuneSettings | None = None,
) -> ClassifierScores:
    """Fine-tune the model in `directory`, write the best epoch and a model card into `out`, return held-out scores.

    A fifth of every label is held out: it decides when to stop and sets the temperature of the confidence.

    Raises:
        ModelFilesError: `directory` holds no model that can classify.
        ExamplesError: a label has fewer than two examples, or an example has an unknown label.
    """
    settings = settings or FineTuneSettings()
    targets = _targets(examples, labels)
    model, tokenizer = _open(directory, labels, settings.seed)
    length = min(MAX_TOKENS, tokenizer.model_max_length)
    tokens = tokenizer([example.text for example in examples], truncation=True, max_length=length)["input_ids"]
    held_out = next(folds(targets, settings.seed))
    train, test = _pick(tokens, targets, ~held_out), _pick(tokens, targets, held_out)
    torch.nn.Module.to(model, settings.device)
    _train(model, tokenizer, train, test, progress, settings)
    logits = _logits(model, tokenizer, test, settings)
    temperature = _temperature(logits, test.targets)
    chances = torch.softmax(torch.from_numpy(logits / temperature), dim=1).numpy()
    scores = score_predictions([labels[target] for target in test.targets], predictions(labels, chances))
    model.config.temperature_calibrated = temperature
    torch.nn.Module.to(model, "cpu")
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    _write_card(out, directory, examples, settings, scores)
    return scores


def _targets(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    unknown = sorted({example.label for example in examples} - set(labels))
    if unknown:
        raise ExamplesError(f"examples have unknown labels: {', '.join(unknown)}")
    targets = np.array([labels.index(example.label) for example in examples], dtype=np.int64)
    few = [label for index, label in enumerate(labels) if (targets == index).sum() < 2]
    if few:
        raise ExamplesError(f"these labels need at least two examples: {', '.join(few)}")
    return targets


def _open(directory: Path, labels: Sequence[str], seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    if not directory.is_dir():
        raise ModelFilesError(
            f"{directory} is not a folder: give one with config.json, model.safetensors, tokenizer.json"
        )
    torch.manual_seed(seed)  # the new classification layer and dropout
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            directory,
            local_files_only=True,
            use_safetensors=True,
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: index for index, label in enumerate(labels)},
            ignore_mismatched_sizes=True,
        )
        return model, AutoTokenizer.from_pretrained(directory, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelFilesError(f"cannot fine-tune {directory}: {error}") from error


def _pick(tokens: list[list[int]], targets: NDArray[np.int64], chosen: NDArray[np.bool_]) -> _Data:
    return _Data([tokens[row] for row in np.flatnonzero(chosen)], targets[chosen])


def _train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: _Data,
    test: _Data,
    progress: Callable[[Epoch], None],
    settings: FineTuneSettings,
) -> None:
    """Train until the held-out loss no longer falls, and leave the model as it was at its best."""
    counts = np.bincount(train.targets)
    balance = torch.tensor(counts.mean() / np.maximum(counts, 1), dtype=torch.float32, device=settings.device)

    def batches(generator: np.random.Generator) -> Iterator[list[int]]:
        return _chunks(generator.permutation(len(train.tokens)).tolist(), settings.batch)

    def loss_of(rows: list[int]) -> torch.Tensor:
        tokens = [train.tokens[row] for row in rows]
        batch = tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(settings.device)
        wanted = torch.from_numpy(train.targets[rows]).to(settings.device)
        return torch.nn.functional.cross_entropy(model(**batch).logits.float(), wanted, weight=balance)

    def held_out_loss() -> float:
        return _loss(_logits(model, tokenizer, test, settings), test.targets)

    train_epochs(model, batches, loss_of, held_out_loss, progress, settings)


def _chunks(rows: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@torch.inference_mode()
def _logits(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, data: _Data, settings: FineTuneSettings
) -> NDArray[np.float32]:
    torch.nn.Module.train(model, False)
    parts = []
    for rows in _chunks(list(range(len(data.tokens))), settings.batch):
        batch = tokenizer.pad({"input_ids": [data.tokens[row] for row in rows]}, return_tensors="pt")
        parts.append(model(**batch.to(settings.device)).logits.float().cpu().numpy())
    return np.concatenate(parts)


def _loss(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    return float(torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(targets)))


def _temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    return float(min(_TEMPERATURES, key=lambda value: _loss((logits / value).astype(np.float32), targets)))


def _write_card(
    out: Path, base: Path, examples: Sequence[Example], settings: FineTuneSettings, scores: ClassifierScores
) -> None:
    lines = [
        f"# Fine-tuned classifier: {out.name}",
        "",
        f"- Base model: `{base.name}`",
        f"- Examples: {len(examples)}, hash `{examples_hash(examples)}`; a fifth held out",
        f"- At most {settings.epochs} epochs, patience {settings.patience}, batch {settings.batch}, "
        f"learning rate {settings.learning_rate}, seed {settings.seed}",
        "",
        *score_lines("Held-out fifth", scores),
    ]
    (out / CARD).write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
