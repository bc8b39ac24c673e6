"""Fine-tune any T5 directory on a shop's own conversations, with pointers for the literals of the facts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import T5ForConditionalGeneration

from nlp.encoder import ModelFilesError
from nlp.engine.loader import load_directory
from nlp.engine.request import ModelLoadError
from nlp.grounding import sentinel
from nlp.training.epochs import Epoch, train_epochs
from nlp.training.examples import ExamplesError

CARD = "README.md"
_FEWEST = 10
_BARE = re.compile(r"\d|https?://|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that a person gave or approved: the prompt as it was frozen, and the literal behind each sentinel."""

    prompt: str
    answer: str
    literals: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class FineTuneSettings:
    """How a responder is fine-tuned. `tokens_per_batch` counts prompt and answer with padding."""

    epochs: int = 8
    patience: int = 2  # epochs without a better held-out loss before it ends
    tokens_per_batch: int = 2_048
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    held_out: float = 0.1
    prompt_tokens: int = 512
    answer_tokens: int = 128
    seed: int = 20


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What came of it: losses are nats per token of held-out answers."""

    examples: int
    dropped: int  # answers with a number or link that is in no fact
    loss_before: float
    loss_after: float


def pointered(told: Told) -> str | None:
    """Return the answer with its literals as sentinels; None when a number or link in it is in no fact.

    Such an answer would teach the model to make numbers up.
    """
    answer = told.answer
    for number, literal in sorted(told.literals.items(), key=lambda pair: -len(pair[1])):
        answer = re.sub(rf"(?<!\w){re.escape(literal)}(?!\w)", sentinel(number), answer)
    said = re.sub(r"<extra_id_\d+>", "", answer)
    return None if _BARE.search(said) else answer


def fine_tune_responder(
    directory: Path,
    told: Sequence[Told],
    out: Path,
    progress: Callable[[Epoch], None] = lambda epoch: None,
    settings: FineTuneSettings | None = None,
) -> FineTuned:
    """Fine-tune the T5 in `directory`, and write the best epoch and a model card into `out`.

    Raises:
        ModelFilesError: `directory` holds no T5, or its tokenizer has no sentinels.
        ExamplesError: too few answers could be used.
    """
    settings = settings or FineTuneSettings()
    model, tokenizer, eos = _open(directory, settings.seed)
    pairs = [(one.prompt, answer) for one in told if (answer := pointered(one)) is not None]
    if len(pairs) < _FEWEST:
        raise ExamplesError(
            f"{len(pairs)} of {len(told)} answers can be trained on, and at least {_FEWEST} are needed: answers by "
            "agents and answers that customers liked count, when every number in them is in the facts"
        )
    rows = _encode(tokenizer, pairs, eos, settings)
    order = np.random.default_rng(settings.seed).permutation(len(rows))
    count = max(1, round(len(rows) * settings.held_out))
    test, train = [rows[index] for index in order[:count]], [rows[index] for index in order[count:]]
    before = _loss(model, test, settings)

    def batches(generator: np.random.Generator) -> Iterator[list[_Row]]:
        return _batches([train[index] for index in generator.permutation(len(train))], settings.tokens_per_batch)

    after = train_epochs(
        model, batches, lambda some: _forward(model, some), lambda: _loss(model, test, settings), progress, settings,
        before,
    )  # fmt: skip
    model.save_pretrained(out)
    shutil.copyfile(directory / "tokenizer.json", out / "tokenizer.json")
    result = FineTuned(len(pairs), len(told) - len(pairs), before, after)
    _write_card(out, directory, result, settings)
    return result


def _open(directory: Path, seed: int) -> tuple[T5ForConditionalGeneration, Tokenizer, int]:
    """Return the model, its tokenizer and the id of the end mark."""
    torch.manual_seed(seed)
    try:
        files = load_directory(directory)
        model = T5ForConditionalGeneration.from_pretrained(
            directory, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (ModelLoadError, OSError, ValueError) as error:
        raise ModelFilesError(f"cannot fine-tune {directory}: {error}") from error
    if files.tokenizer.token_to_id(sentinel(0)) is None:
        raise ModelFilesError(f"the tokenizer of {directory} has no {sentinel(0)}: it is not that of a T5")
    return model, files.tokenizer, files.config.eos_id


@dataclass(frozen=True, slots=True)
class _Row:
    prompt: list[int]
    answer: list[int]


def _encode(tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], eos: int, settings: FineTuneSettings) -> list[_Row]:
    def ids(text: str, limit: int) -> list[int]:
        found: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return [*found[: limit - 1], eos]

    return [_Row(ids(prompt, settings.prompt_tokens), ids(answer, settings.answer_tokens)) for prompt, answer in pairs]


def _batches(rows: list[_Row], tokens: int) -> Iterator[list[_Row]]:
    group: list[_Row] = []
    widest = 0
    for row in rows:
        width = max(widest, len(row.prompt) + len(row.answer))
        if group and width * (len(group) + 1) > tokens:
            yield group
            group, width = [], len(row.prompt) + len(row.answer)
        group.append(row)
        widest = width
    if group:
        yield group


def _forward(model: T5ForConditionalGeneration, rows: list[_Row]) -> torch.Tensor:
    """Return the mean loss over the answers' tokens of a batch."""
    ids = _padded([row.prompt for row in rows], 0)
    mask = _padded([[1] * len(row.prompt) for row in rows], 0)
    labels = _padded([row.answer for row in rows], -100)
    loss: torch.Tensor = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    return loss


def _padded(rows: list[list[int]], padding: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [padding] * (width - len(row)) for row in rows])


@torch.inference_mode()
def _loss(model: T5ForConditionalGeneration, rows: list[_Row], settings: FineTuneSettings) -> float:
    torch.nn.Module.train(model, False)
    total = count = 0.0
    for group in _batches(rows, settings.tokens_per_batch):
        tokens = sum(len(row.answer) for row in group)
        total += float(_forward(model, group)) * tokens
        count += tokens
    return total / count


def _write_card(out: Path, base: Path, result: FineTuned, settings: FineTuneSettings) -> None:
    lines = [
        f"# Fine-tuned responder: {out.name}",
        "",
        f"- Base model: `{base.name}`",
        f"- Answers by people, or liked by customers: {result.examples} used, {result.dropped} left out because a "
        f"number or link in them is in no fact; {settings.held_out:.0%} held out",
        "- Names, addresses, e-mail addresses and telephone numbers were masked before the training",
        f"- At most {settings.epochs} epochs, patience {settings.patience}, {settings.tokens_per_batch} tokens a "
        f"batch, learning rate {settings.learning_rate}, seed {settings.seed}",
        f"- Held-out loss, nats per token: {result.loss_before:.3f} before, {result.loss_after:.3f} after",
        "- Literals are pointers: set ASSISTIFY_RESPONDER_POINTERS=true, or add it with `models add --pointers`",
    ]
    (out / CARD).write_text("\n".join(lines) + "\n", encoding="utf-8")
