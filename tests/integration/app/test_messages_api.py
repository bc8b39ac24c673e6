"""Messages over REST: answered whole or streamed, repeated, refused, read in pages."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from app.api import messages as messages_api
from app.db import models
from app.domain.people import Role
from app.live.program import ProgramReader
from tests.integration.app.responder import ANSWER, ScriptedResponder, words
from tests.integration.app.rig import Product, serving, working

PROCESS = "/api/messages/process_message/"
PAGES = "/api/messages/get_conversation_messages/"
STREAM = {"Accept": "text/event-stream"}


def frames(text: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n") if line]


@pytest.fixture(autouse=True)
def patience_with_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_api, "ANALYSIS_TIMEOUT_S", 30.0)


async def test_a_message_gets_its_answer_with_what_was_understood(rig: Product) -> None:
    async with working(rig.worker(ScriptedResponder())), await rig.signed_in() as client:
        answer = await client.post(PROCESS, json={"text": "Where is my order?", "customer": "cust_7"})
    assert answer.status_code == 200
    body = answer.json()
    assert body["message"]["text"] == "Where is my order?"
    assert body["response"]["text"] == ANSWER
    assert body["response"]["reply"]["finish_reason"] == "stop"
    assert body["intent"]["label"] == "order_status"
    assert body["sentiment"]["label"] in ("neutral", "positive", "negative")
    assert (body["controller"], body["recommendations"]) == ("bot", [])


async def test_the_same_key_gives_the_same_message_and_answer(rig: Product) -> None:
    ask = {"text": "Where is my order?", "client_id": str(uuid4())}
    async with working(rig.worker(ScriptedResponder())), await rig.signed_in() as client:
        first = (await client.post(PROCESS, json=ask)).json()
        again = (await client.post(PROCESS, json=ask)).json()
        streamed = await client.post(PROCESS, json=ask, headers=STREAM)
    assert again == first
    assert len(await rig.rows(models.Message, sender_kind="customer")) == 1
    ack, *events = frames(streamed.text)
    assert (ack["type"], ack["message"]) == ("ack", first["message"]["id"])
    assert events[-1]["message"]["id"] == first["response"]["id"]


async def test_a_conversation_goes_on_by_its_id(rig: Product) -> None:
    async with working(rig.worker(ScriptedResponder())), await rig.signed_in() as client:
        first = (await client.post(PROCESS, json={"text": "Hello there"})).json()
        second = (
            await client.post(PROCESS, json={"text": "And my order?", "conversation_id": first["conversation_id"]})
        ).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert second["message"]["seq"] > first["response"]["seq"]
    assert len(await rig.rows(models.Conversation)) == 1


async def test_with_an_agent_in_control_there_is_no_answer_of_the_bot(rig: Product) -> None:
    _, conversation = await rig.open()
    await rig.parts.cases.control.take(rig.mine.staff[Role.AGENT], conversation)
    async with working(rig.worker(ScriptedResponder())), await rig.signed_in() as client:
        ask = {"text": "Is anybody there?", "conversation_id": str(conversation)}
        body = (await client.post(PROCESS, json=ask)).json()
    assert (body["response"], body["controller"]) == (None, "agent")
    assert body["intent"] is not None


async def test_a_conversation_that_is_closed_meanwhile_ends_the_wait(rig: Product) -> None:
    responder = ScriptedResponder(budget=0)
    _, conversation = await rig.open()
    async with working(rig.worker(responder)), await rig.signed_in() as client:
        ask = {"text": "Where is my order?", "conversation_id": str(conversation)}
        asking = asyncio.create_task(client.post(PROCESS, json=ask))
        await responder.until(lambda: responder.requests)
        await rig.parts.cases.control.close(rig.mine.staff[Role.AGENT], conversation)
        answer = await asyncio.wait_for(asking, 30)
    assert answer.status_code == 200
    assert answer.json()["response"] is None


async def test_an_answer_that_takes_too_long_is_said_to_be_stored(
    rig: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages_api, "ANSWER_TIMEOUT_S", 0.3)
    monkeypatch.setattr(messages_api, "LOOK_AGAIN_S", 0.1)
    async with await rig.signed_in() as client:  # no worker
        plain = await client.post(PROCESS, json={"text": "Where is my order?"})
        streamed = await client.post(PROCESS, json={"text": "Where is my order?"}, headers=STREAM)
    assert plain.status_code == 503
    assert "stored" in plain.json()["detail"]
    assert [frame["type"] for frame in frames(streamed.text)][-1] == "error"


@pytest.mark.parametrize("headers", [{}, STREAM])
@pytest.mark.parametrize(
    ("ask", "status"),
    [
        ({"text": ""}, 422),
        ({"text": " \u200b "}, 422),
        ({"text": "a\u0000b"}, 422),
        ({"text": "x" * 4001}, 413),
        ({"text": "hi", "customer": "x" * 256}, 413),
        ({"text": "hi", "customer": ""}, 422),
        ({"text": "hi", "conversation_id": str(UUID(int=7))}, 404),
        ({"text": "hi", "client_id": "seven"}, 422),
        ({"txt": "hi"}, 422),
        ({"text": 7}, 422),
    ],
)
async def test_what_is_refused_is_refused_with_a_status(
    rig: Product, ask: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    async with await rig.signed_in() as client:
        answer = await client.post(PROCESS, json=ask, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert len(answer.json()["detail"]) > 10
    assert await rig.rows(models.Message) == []


async def test_the_answer_is_streamed_while_it_is_made(rig: Product) -> None:
    responder = ScriptedResponder(budget=3)
    async with serving(rig) as url, working(rig.worker(responder)):
        headers = {**await rig.bearer(), **STREAM}
        async with (
            httpx2.AsyncClient(base_url=url, headers=headers, timeout=20) as client,
            client.stream("POST", PROCESS, json={"text": "Where is my order?"}) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            seen: list[dict[str, Any]] = []
            async for line in answer.aiter_lines():
                if not line:
                    continue
                seen.append(json.loads(line.removeprefix("data: ")))
                written = "".join(frame["text"] for frame in seen if frame["type"] == "reply.delta")
                if written == "".join(words(ANSWER)[:3]):
                    responder.allow(None)  # the rest comes only once the beginning was read
    kinds = [frame["type"] for frame in seen]
    assert kinds[0] == "ack"
    assert kinds[-1] == "message.created"
    assert kinds.index("reply.started") < kinds.index("reply.delta")
    assert "".join(frame["text"] for frame in seen if frame["type"] == "reply.delta") == ANSWER
    assert seen[-1]["message"]["text"] == ANSWER
    assert [frame["seq"] for frame in seen if "seq" in frame and frame["type"] != "ack"] == sorted(
        frame["seq"] for frame in seen if "seq" in frame and frame["type"] != "ack"
    )


async def test_an_answer_whose_frames_are_lost_is_found_in_the_log(
    rig: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages_api, "LOOK_AGAIN_S", 0.1)
    monkeypatch.setattr(ProgramReader, "deliver", lambda self, packet: None)
    async with working(rig.worker(ScriptedResponder())), await rig.signed_in() as client:
        plain = await client.post(PROCESS, json={"text": "Where is my order?"})
        streamed = await client.post(PROCESS, json={"text": "Where is my order?"}, headers=STREAM)
    assert plain.json()["response"]["text"] == ANSWER
    said = [frame["message"]["text"] for frame in frames(streamed.text) if frame["type"] == "message.created"]
    assert ANSWER in said


async def test_a_reader_that_leaves_is_not_followed_any_more(rig: Product) -> None:
    responder = ScriptedResponder(budget=1)
    _, conversation = await rig.open()
    async with serving(rig) as url, working(rig.worker(responder)):
        headers = {**await rig.bearer(), **STREAM}
        ask = {"text": "Where is my order?", "conversation_id": str(conversation)}
        async with (
            httpx2.AsyncClient(base_url=url, headers=headers, timeout=20) as client,
            client.stream("POST", PROCESS, json=ask) as answer,
        ):
            async for _ in answer.aiter_lines():
                break
        responder.allow(None)
        assert await rig.answered(conversation) == [ANSWER]
    assert rig.web.context.hub.held(conversation) is None


async def test_messages_are_read_in_pages_by_their_position(rig: Product) -> None:
    visitor, conversation = await rig.open()
    agent = rig.mine.staff[Role.AGENT]
    await rig.parts.cases.control.take(agent, conversation)
    for number in range(7):
        await rig.ask(visitor, conversation, f"message {number}")
    async with await rig.signed_in(Role.VIEWER) as client:
        before: int | None = None
        pages: list[list[str]] = []
        while True:
            query = {"conversation_id": str(conversation), "limit": "3"} | ({"before": str(before)} if before else {})
            page = (await client.get(PAGES, params=query)).json()
            pages.append([message["text"] for message in page["messages"]])
            before = page["before"]
            if before is None:
                break
    assert pages == [
        ["message 4", "message 5", "message 6"],
        ["message 1", "message 2", "message 3"],
        ["message 0"],
    ]


@pytest.mark.parametrize(
    "query",
    [{}, {"limit": "0"}, {"limit": "201"}, {"before": "-1"}, {"before": "9" * 30}, {"conversation_id": "x"}],
)
async def test_bad_pages_are_refused(rig: Product, query: dict[str, str]) -> None:
    given = {"conversation_id": str(uuid4()), **query} if query else {}
    async with await rig.signed_in() as client:
        answer = await client.get(PAGES, params=given)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("query: ")
