"""What a reply says, part after part: the answer to a second question follows the first in the same stream.

The ids of the parts stand in one list, with NEXT_PART between them, so that a reply that is taken up again goes on in
the part it was in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from app.domain.reply import Frozen
from app.services.answer.ports import Responder
from nlp.engine.request import Chunk, Finished, FinishReason, GenerationRequest
from nlp.grounding import Fact

NEXT_PART = 0xFFFF_FFFF  # no vocabulary has this id; ids are stored as 32 bits
_COMPLETE = (FinishReason.STOP, FinishReason.LENGTH)


def requests_of(frozen: Frozen, request_id: str, tenant: str) -> list[GenerationRequest]:
    """Return the request of each part, without the ids that were emitted before."""
    decoding = dict(frozen.decoding)
    then: Mapping[str, Any] | None = decoding.pop("then", None)
    shared = {**decoding, "seed": frozen.seed, "tenant": tenant}
    rows = [{**shared, "id": request_id, "prompt": frozen.prompt, "literals": _numbered(frozen.literals)}]
    if then is not None:
        own = {name: then.get(name, ()) for name in ("prompt", "sentences")}
        own["literals"] = _numbered(then["literals"])
        rows.append({**shared, "id": f"{request_id}+", **own})
    return [msgspec.convert(row, GenerationRequest) for row in rows]


def facts_of(frozen: Frozen) -> list[Fact]:
    """Return the facts of all parts."""
    then: Mapping[str, Any] = frozen.decoding.get("then") or {}
    return [Fact(key, value) for facts in (frozen.facts, then.get("facts", {})) for key, value in facts.items()]


async def speak(
    engine: Responder, requests: Sequence[GenerationRequest], prefix_ids: Sequence[int] = ()
) -> AsyncIterator[Chunk | Finished]:
    """Yield the chunks of all parts and one Finished, whose figures are those of all; `prefix_ids` were said before.

    Raises: EngineOverloadedError, EngineClosedError, PromptTooLongError.
    """
    prompt_tokens = tokens = 0
    ttft_ms: float | None = None
    total_ms, end = 0.0, 0
    said = _split(prefix_ids)
    for number in range(len(said) - 1, len(requests)):
        prefix = said[-1] if number == len(said) - 1 else ()
        start = end
        finished: Finished | None = None
        async for item in await engine.submit(replace(requests[number], prefix_ids=prefix)):
            if isinstance(item, Finished):
                finished = item
            else:
                end = start + item.end
                yield Chunk(item.ids, item.text, end)
        if finished is None:
            return
        prompt_tokens, tokens = prompt_tokens + finished.prompt_tokens, tokens + finished.tokens
        ttft_ms = finished.ttft_ms if ttft_ms is None else ttft_ms
        total_ms += finished.total_ms
        if finished.reason not in _COMPLETE or number == len(requests) - 1:
            yield Finished(finished.reason, prompt_tokens, tokens, ttft_ms, total_ms)
            return
        end += 1
        yield Chunk((NEXT_PART,), " ", end)


def cancel(engine: Responder, request_id: str) -> None:
    """End all parts of a reply within one step."""
    engine.cancel(request_id)
    engine.cancel(f"{request_id}+")


def _split(ids: Sequence[int]) -> list[tuple[int, ...]]:
    parts: list[list[int]] = [[]]
    for one in ids:
        if one == NEXT_PART:
            parts.append([])
        else:
            parts[-1].append(one)
    return [tuple(part) for part in parts]


def _numbered(literals: Mapping[str, str]) -> dict[int, str]:
    return {int(number): text for number, text in literals.items()}
