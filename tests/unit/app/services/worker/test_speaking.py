"""The parts of one reply, one after the other."""

from __future__ import annotations

from typing import Any

from app.domain.reply import Frozen
from app.services.worker.speaking import NEXT_PART, facts_of, requests_of, speak
from nlp.engine.request import Chunk, Finished, FinishReason
from tests.integration.app.responder import ScriptedResponder

FIRST, SECOND = "It is on its way.", "You have a month to return it."


def frozen(*, two: bool = True) -> Frozen:
    then: dict[str, Any] = {
        "then": {"prompt": "second", "literals": {"7": "30 days"}, "facts": {"policy.return_window": "30 days"},
                 "forbidden": ["never"]}
    }  # fmt: skip
    return Frozen(
        prompt="first", facts={"order.number": "#1042"}, literals={"40": "#1042"}, model="m", model_hash="h",
        tokenizer_hash="t", decoding={"pointers": True, "max_tokens": 64, **(then if two else {})}, seed=3,
    )  # fmt: skip


def responder(**more: Any) -> ScriptedResponder:
    return ScriptedResponder(script=lambda request: FIRST if request.prompt == "first" else SECOND, **more)


async def said(engine: ScriptedResponder, prefix: tuple[int, ...] = ()) -> tuple[list[Chunk], Finished]:
    items = [item async for item in speak(engine, requests_of(frozen(), "r", "shop"), prefix)]
    assert isinstance(items[-1], Finished)
    return [item for item in items if isinstance(item, Chunk)], items[-1]


async def test_the_second_answer_follows_the_first() -> None:
    engine = responder()
    chunks, finished = await said(engine)
    assert "".join(chunk.text for chunk in chunks) == f"{FIRST} {SECOND}"
    assert chunks[-1].end == len(f"{FIRST} {SECOND}".encode())
    assert finished.reason is FinishReason.STOP
    assert [dict(request.literals) for request in engine.requests] == [{40: "#1042"}, {7: "30 days"}]
    assert [request.seed for request in engine.requests] == [3, 3]


async def test_a_reply_goes_on_in_the_part_it_was_in() -> None:
    engine = responder()
    chunks, _ = await said(engine)
    ids = [one for chunk in chunks for one in chunk.ids]
    assert ids.count(NEXT_PART) == 1
    for cut in range(len(ids) + 1):
        again, finished = await said(engine, tuple(ids[:cut]))
        before = "".join(chunk.text for chunk in chunks[:cut])
        assert before + "".join(chunk.text for chunk in again) == f"{FIRST} {SECOND}"
        assert [*ids[:cut], *(one for chunk in again for one in chunk.ids)] == ids
        assert finished.reason is FinishReason.STOP


async def test_a_failed_first_part_is_not_followed_by_the_second() -> None:
    chunks, finished = await said(responder(fails_after=2))
    assert finished.reason is FinishReason.ERROR
    assert NEXT_PART not in [one for chunk in chunks for one in chunk.ids]


def test_one_question_is_one_request_and_facts_of_both_are_checked() -> None:
    assert len(requests_of(frozen(two=False), "r", "shop")) == 1
    assert [fact.key for fact in facts_of(frozen())] == ["order.number", "policy.return_window"]
