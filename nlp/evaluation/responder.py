"""Score a responder on held-out shops, products and ways of asking.

*Faithful* is the share of answers whose literals all come from their facts, with the pointer constraint and without;
*right fact* the share that name the fact the reference answer names first, *all facts* the share that name exactly the
reference's facts; *consistent* the share made only of sentences that the facts allow (words such as "sold out" count);
*perplexity* is per answer token of the reference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from tokenizers import Tokenizer
from transformers import LogitsProcessor, LogitsProcessorList, T5ForConditionalGeneration

from nlp.engine.sentences import PieceBook, SentenceConstraint
from nlp.engine.vocabulary import Vocabulary
from nlp.grounding import POINTERS, SENTINEL, Fact, fill, sentinel, unfounded_literals
from nlp.prompt import facts_in, mood_of, question_of
from nlp.sentences import Allowed, Sentences, is_made_of

_KEYS = {number: key for key, number in POINTERS.items()}
_BATCH = 32
_MAX_TOKENS = 96


@dataclass(frozen=True, slots=True)
class Case:
    """One held-out example: `reference` holds sentinels, `literals` what they stand for."""

    situation: str
    prompt: str
    reference: str
    literals: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said to a case, with sentinels and with their literals."""

    case: Case
    raw: str
    text: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares between 0 and 1, and the perplexity."""

    cases: int
    faithful: float  # with the constraint
    faithful_unconstrained: float
    right_fact: float
    all_facts: float
    consistent: float
    perplexity: float

    def as_dict(self) -> dict[str, float]:
        """Return the scores by name."""
        return asdict(self)


class OnlyPointersOfPrompt(LogitsProcessor):
    """Forbid every piece with a digit and every sentinel that its prompt does not hold."""

    def __init__(self, tokenizer: Tokenizer, literals: Sequence[Mapping[int, str]], width: int) -> None:
        self._allowed = torch.ones(len(literals), width, dtype=torch.bool)
        for token, number in tokenizer.get_vocab().items():
            if number < width and any(character.isdigit() for character in token):
                self._allowed[:, number] = False
        for row, known in enumerate(literals):
            for pointer in known:
                self._allowed[row, tokenizer.token_to_id(sentinel(pointer))] = True

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Return scores [batch, vocabulary] with minus infinity where a token is forbidden."""
        return torch.where(self._allowed, scores, -torch.inf)  # type: ignore[return-value]


class OnlyTaughtSentences(LogitsProcessor):
    """Hold each row to its sentences, as the engine does."""

    def __init__(self, book: PieceBook, rows: Sequence[Allowed]) -> None:
        self._rows = [SentenceConstraint(None, one.groups, book) if one.groups else None for one in rows]
        self._began = False

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Return scores [batch, vocabulary] with minus infinity where no sentence goes on."""
        for row, (constraint, ids) in enumerate(zip(self._rows, input_ids.tolist(), strict=True)):
            if constraint is None:
                continue
            if self._began:
                constraint.advance(ids[-1])
            scores[row, torch.from_numpy(constraint.banned())] = -torch.inf
        self._began = True
        return scores


class Responder:
    """A model directory, for evaluation only: plain `generate`, no continuous batching."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._model = T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        self._model.train(mode=False)
        self._sentences = Sentences.load(folder)
        self._pieces = PieceBook(Vocabulary.of(self.tokenizer, self._model.config.vocab_size, eos_id=1))

    @property
    def parameters(self) -> int:
        """Return the number of weights."""
        return sum(weight.numel() for weight in self._model.parameters())

    @torch.inference_mode()
    def answer(self, cases: Sequence[Case], *, constrained: bool = True) -> list[Answer]:
        """Answer greedily."""
        answers = []
        for group in _groups(cases):
            ids, mask = self._encode([case.prompt for case in group])
            rules = LogitsProcessorList()
            if constrained:
                literals = [case.literals for case in group]
                rules.append(OnlyPointersOfPrompt(self.tokenizer, literals, self._model.config.vocab_size))
                rules.append(OnlyTaughtSentences(self._pieces, [self._allowed(case) for case in group]))
            out = self._model.generate(  # type: ignore[misc]  # the stub gives `generate` a second self
                input_ids=ids, attention_mask=mask, max_new_tokens=_MAX_TOKENS, do_sample=False, logits_processor=rules
            )
            for case, row in zip(group, cast(torch.Tensor, out).tolist(), strict=True):
                raw = self._decode(row)
                known = dict.fromkeys(range(100), "?") | dict(case.literals)
                answers.append(Answer(case, raw, fill(raw, known)))
        return answers

    def is_consistent(self, answer: Answer) -> bool:
        """Tell whether the answer is made of sentences that its facts allow."""
        return is_made_of(answer.raw, self._allowed(answer.case))

    def _allowed(self, case: Case) -> Allowed:
        return self._sentences.allowed(
            case.situation, _facts(case), mood=mood_of(case.prompt), question=question_of(case.prompt)
        )

    @torch.inference_mode()
    def perplexity(self, cases: Sequence[Case]) -> float:
        """Return the perplexity per token of the references."""
        total, count = 0.0, 0
        for group in _groups(cases):
            ids, mask = self._encode([case.prompt for case in group])
            labels, kept = self._encode([case.reference for case in group])
            labels = labels.masked_fill(kept == 0, -100)
            tokens = int(kept.sum())
            total += float(self._model(input_ids=ids, attention_mask=mask, labels=labels).loss) * tokens
            count += tokens
        return math.exp(total / count)

    def _encode(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        rows = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        return ids, mask

    def _decode(self, row: Sequence[int]) -> str:
        text: str = self.tokenizer.decode([token for token in row if token > 1], skip_special_tokens=False)
        return text


def evaluate(responder: Responder, cases: Sequence[Case]) -> tuple[Scores, list[Answer]]:
    """Score a responder; return the constrained answers too."""
    answers = responder.answer(cases)
    free = responder.answer(cases, constrained=False)
    scores = Scores(
        cases=len(cases),
        faithful=_share(is_faithful(answer) for answer in answers),
        faithful_unconstrained=_share(is_faithful(answer) for answer in free),
        right_fact=_share(names_right_fact(answer) for answer in answers),
        all_facts=_share(pointers(answer.raw) == pointers(answer.case.reference) for answer in answers),
        consistent=_share(responder.is_consistent(answer) for answer in answers),
        perplexity=responder.perplexity(cases),
    )
    return scores, answers


def pointers(text: str) -> set[int]:
    """Return the numbers of the sentinels a text names."""
    return {int(number) for number in SENTINEL.findall(text)}


def is_faithful(answer: Answer) -> bool:
    """Tell whether every literal of the answer stands in a fact of its prompt."""
    if pointers(answer.raw) - set(answer.case.literals):
        return False
    return not unfounded_literals(answer.text, [Fact(_KEYS[n], value) for n, value in answer.case.literals.items()])


def names_right_fact(answer: Answer) -> bool:
    """Tell whether the answer names the reference's main fact, or none where the reference names none.

    The main fact is the first that does not only say what or whom it is about, or where a product is shown.
    """
    aside = {
        POINTERS[key] for key in ("order.number", "customer.name", "shop.name", "product.1.title", "product.1.link")
    }
    named = [int(number) for number in re.findall(SENTINEL, answer.case.reference)]
    main = [number for number in named if number not in aside] or named
    return main[0] in pointers(answer.raw) if main else not pointers(answer.raw)


def _facts(case: Case) -> list[Fact]:
    return facts_in(case.prompt, case.literals)


def _share(facts: Iterator[bool]) -> float:
    values = list(facts)
    return sum(values) / len(values)


def _groups(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    for start in range(0, len(cases), _BATCH):
        yield cases[start : start + _BATCH]
