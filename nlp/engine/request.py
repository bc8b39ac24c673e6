"""The boundary of the engine: what goes in and what comes out, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FinishReason(StrEnum):
    """Why a sequence ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One reply to generate.

    `literals` maps the number k of a sentinel `<extra_id_k>` of the prompt to the text it stands for. When
    `pointers` is true, only these sentinels may be emitted, the detokenizer writes the literal in place of the
    sentinel, and no vocabulary piece that holds a digit may be emitted. When it is false and there are literals (a
    model not trained with pointers), numbers, addresses and links may be spelled only as one of the literals.

    With `sentences`, groups of texts with sentinels, the answer consists of these, of each group one at the most, the
    first group first.

    `prefix_ids` are ids already emitted by an earlier attempt: generation goes on after them, and the whole answer
    (prefix and rest) equals the one of an uninterrupted request with the same seed.
    """

    id: str
    prompt: str
    literals: Mapping[int, str] = field(default_factory=dict)
    pointers: bool = False
    max_tokens: int = 160  # tokens, the prefix counted in
    min_tokens: int = 0
    temperature: float = 0.0  # 0 is greedy
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    sentences: tuple[tuple[str, ...], ...] = ()
    seed: int = 0
    prefix_ids: tuple[int, ...] = ()
    deadline_s: float | None = None  # seconds from submission
    tenant: str = ""  # fairness key: the shop
    speculate: bool = True  # guess ahead from this shop's recent answers and remember this one; the text is the same


@dataclass(frozen=True, slots=True)
class Chunk:
    """New tokens of one reply. `text` is what they add; `end` is the length of the whole answer so far in UTF-8
    bytes, the prefix counted in: a continued request never repeats text that its prefix already showed."""

    ids: tuple[int, ...]
    text: str
    end: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The last item of a stream; `prompt_tokens` and `tokens` are counts, `ttft_ms` is from submission."""

    reason: FinishReason
    prompt_tokens: int
    tokens: int
    ttft_ms: float
    total_ms: float


class EngineOverloadedError(RuntimeError):
    """The waiting queue is full: the caller should try again after `retry_after_ms`."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(f"the engine's queue is full, retry in {retry_after_ms} ms")
        self.retry_after_ms = retry_after_ms


class EngineClosedError(RuntimeError):
    """A request came after shutdown."""


class PromptTooLongError(ValueError):
    """The prompt has more tokens than the window."""

    def __init__(self, tokens: int, window: int) -> None:
        super().__init__(f"the prompt has {tokens} tokens, the window is {window}: shorten the prompt")
        self.tokens = tokens
        self.window = window


class ModelLoadError(ValueError):
    """A model directory cannot be used; the message says what is missing and what to do."""
