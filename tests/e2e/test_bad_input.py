"""What clients get wrong, or try: each gets its error code, costs nothing, and leaves the socket where it should be."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest

from tests.e2e.demo_shop import LONG_QUESTION, DemoShop
from tests.fixtures.server_process import SECRET_KEY
from tests.fixtures.wire_client import RefusedError, StaffClient, VisitorClient, WireClient

FRAME_BYTES = 64 * 1024
MESSAGE_CHARS = 4000
UNAUTHORIZED, PROTOCOL = 4501, 4500
BAD_FRAMES = 20


async def _refused(client: WireClient, code: str, frame: str | bytes, request: str | None = None) -> None:
    """Send a frame that is no good; its error says why, and names the command where that can be told."""
    known = len(client.of("error"))
    if isinstance(frame, str) and request is not None:
        with pytest.raises(RefusedError):
            await client.raw(frame, request)
    else:
        await client.send(frame)
        await client.wait_for(lambda: len(client.of("error")) > known or client.close_code is not None)
    error = client.of("error")[-1]
    assert (error["code"], error.get("id")) == (code, request), error
    assert error["message"]


async def _final(client: WireClient, code: str, **hello: Any) -> None:
    """Greet; the server says why not, and closes for good."""
    await client.connect_bare()
    with pytest.raises(RefusedError) as refused:
        await client.greet(**hello)
    assert refused.value.code == code
    assert await client.wait_for_close() == UNAUTHORIZED


def _message(conversation: str, text: str, **changes: Any) -> dict[str, Any]:
    fields = {"type": "message.send", "conversation": conversation, "client_id": str(uuid4()), "text": text}
    return {**fields, "id": "m", **changes}


def _expired(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**claims, "exp": int(time.time()) - 60}, SECRET_KEY, algorithm="HS256")


def _forged(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**claims, "sub": str(uuid4())}, "another-key-that-is-as-long-as-it-must-be", algorithm="HS256")


async def test_frames_that_are_no_commands(shop: DemoShop) -> None:
    async with await shop.guest() as visitor:
        conversation = await visitor.open()
        no_text = {key: value for key, value in _message(conversation, "").items() if key != "text"}
        await _refused(visitor, "bad_frame", '{"type": "message.send", "id": "m"')
        await _refused(visitor, "bad_frame", "")
        await _refused(visitor, "bad_frame", "[]")
        await _refused(visitor, "bad_frame", "null")
        await _refused(visitor, "bad_frame", "[" * 30_000)
        await _refused(visitor, "bad_frame", b"\x00\xff")
        await _refused(visitor, "unknown_type", '{"type": "message.sned", "id": "m"}', "m")
        await _refused(visitor, "bad_frame", json.dumps(no_text), "m")
        await _refused(visitor, "bad_frame", json.dumps({"id": "m"}), "m")
        await _refused(visitor, "bad_frame", json.dumps(_message(conversation, "Hi", id=7)))
        await _refused(visitor, "bad_frame", json.dumps(_message(conversation, "Hi", client_id="no UUID")), "m")
        await _refused(visitor, "bad_frame", json.dumps({**visitor.hello(), "type": "hello", "id": "h"}), "h")
        answer = await visitor.ask(conversation, "Hello")
        assert answer["text"]
        assert visitor.view(conversation).texts("customer") == ["Hello"]


async def test_too_much(shop: DemoShop) -> None:
    async with await shop.guest() as visitor:
        conversation = await visitor.open()
        await _refused(visitor, "too_large", json.dumps(_message(conversation, "a" * (MESSAGE_CHARS + 1))), "m")
        await _refused(visitor, "too_large", json.dumps(_message(conversation, "a" * FRAME_BYTES)), "m")
        frame = json.dumps(_message(conversation, "a" * 300_000, type="unheard.of"))
        await _refused(visitor, "too_large", frame, "m")
        longest = "b" * MESSAGE_CHARS
        await visitor.say(conversation, longest)
        await visitor.wait_for(lambda: visitor.view(conversation).texts("customer") == [longest])
        full = json.dumps(_message(conversation, "Just fits", id="fits"))
        await visitor.raw(full[:-1] + " " * (FRAME_BYTES - len(full)) + "}", "fits")


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n", "\u00a0\u2003", "\u200b\u200d\ufeff"])
async def test_a_message_in_which_nothing_is_to_be_seen(shop: DemoShop, text: str) -> None:
    async with await shop.guest() as visitor:
        conversation = await visitor.open()
        await _refused(visitor, "bad_frame", json.dumps(_message(conversation, text)), "m")
        assert await shop.stored(conversation) == {}


async def test_texts_that_cannot_be_stored_are_refused_with_a_reason(shop: DemoShop) -> None:
    async with await shop.guest() as visitor:
        conversation = await visitor.open()
        for text, reason in (("NUL \x00 here", "NUL"), ("half \ud83d here", "surrogate"), ("\udc00", "surrogate")):
            await _refused(visitor, "bad_frame", json.dumps(_message(conversation, text)), "m")
            assert reason in visitor.of("error")[-1]["message"]
        assert await shop.stored(conversation) == {}


async def test_texts_of_all_kinds_are_stored_and_shown_as_they_are(shop: DemoShop) -> None:
    texts = [
        "👩‍👩‍👧‍👦 family, 🇩🇪 flag, 👍🏽 thumb",
        "\u202bשלום, איפה ההזמנה שלי?\u202c",
        "zero\u200bwidth\u200djoiner\ufeff and \u00ad soft",
        "e\u0301 is not \u00e9, \U0010ffff is the last one",
        "<script>alert('x')</script> & \"quotes\" \\u0000 \\",
        "line\none\r\n\ttab\u2028separator",
    ]
    async with await shop.guest() as visitor, await shop.agent() as agent:
        conversation = await visitor.open()
        await agent.watch(conversation)
        await agent.take(conversation)
        for text in texts:
            await visitor.say(conversation, text)
        await agent.wait_for(lambda: len(agent.view(conversation).texts("customer")) == len(texts))
        assert agent.view(conversation).texts("customer") == texts
        await visitor.wait_for(lambda: len(visitor.view(conversation).texts("customer")) == len(texts))
        assert visitor.view(conversation).texts("customer") == texts
        assert [message["text"] for message in (await shop.stored(conversation)).values()] == texts


async def test_a_wrong_key_is_final(shop: DemoShop) -> None:
    await _final(await shop.guest(), "unauthorized", widget_key="wk_nobody")


async def test_a_wrong_origin_is_final(shop: DemoShop) -> None:
    stranger = await shop.guest()
    stranger.origin = "https://elsewhere.example"
    await _final(stranger, "unauthorized")
    agent = await shop.agent()
    agent.origin = "https://elsewhere.example"
    await _final(agent, "unauthorized")
    own = await shop.guest()
    own.origin = shop.url
    async with own:
        assert own.welcome["connection"]


async def test_a_wrong_hash_is_final(shop: DemoShop) -> None:
    ana = await shop.ana()
    assert ana.identity is not None
    for wrong in ("0" * 64, "", ana.identity["hash"][:-1], "ä"):
        await _final(ana, "unauthorized", identity={**ana.identity, "hash": wrong})


async def test_a_stale_or_forged_token_is_final_and_a_fresh_start_is_not(shop: DemoShop) -> None:
    async with await shop.guest() as visitor:
        token = visitor.token
    assert token is not None
    staff_token = await shop.token("ada@demo.test")
    for wrong in (_expired(token), _forged(token), "nonsense", staff_token):
        await _final(VisitorClient(shop.url, visitor.widget_key), "unauthorized", token=wrong)
    for wrong in (_expired(staff_token), _forged(staff_token), "nonsense", token):
        await _final(StaffClient(shop.url, wrong), "unauthorized")
    await _final(StaffClient(shop.url, None), "unauthorized")
    visitor.token = None
    async with visitor:
        assert visitor.token not in (None, token)


async def test_conversations_that_are_not_there_or_not_ones_own(shop: DemoShop) -> None:
    async with await shop.guest() as owner, await shop.guest() as thief:
        theirs = await owner.open()
        await owner.say(theirs, LONG_QUESTION)
        await owner.wait_for(lambda: owner.view(theirs).live is not None)
        live = owner.view(theirs).live
        assert live is not None
        for conversation in (theirs, str(uuid4()), "no UUID"):
            for kind, fields in (
                ("conversation.watch", {}),
                ("message.send", {"client_id": str(uuid4()), "text": "Hello"}),
                ("reply.stop", {"message": live.message}),
                ("handoff.request", {}),
                ("conversation.close", {}),
                ("typing", {"on": True}),
                ("read", {"seq": 1}),
                ("reply.feedback", {"message": live.message, "value": "down"}),
                ("csat.rate", {"score": 1}),
            ):
                with pytest.raises(RefusedError, match="not_found"):
                    await thief.command(kind, conversation=conversation, **fields)
        await thief.drop()
        welcome = await thief.connect()
        assert welcome["conversations"] == []
        gone = {"conversation": theirs, "seq": 0}
        await thief.drop()
        await thief.connect_bare()
        (resumed,) = (await thief.command("hello", **thief.hello(), resume=[gone]))["conversations"]
        assert (resumed["resumed"], resumed["snapshot"]) == (False, None)
        await owner.wait_for(lambda: owner.view(theirs).texts("bot"))
        assert owner.view(theirs).last("bot")["reply"]["finish_reason"] in ("stop", "length")
        assert owner.view(theirs).texts("customer") == [LONG_QUESTION]


async def test_commands_of_the_other_side(shop: DemoShop) -> None:
    async with await shop.guest() as visitor, await shop.agent() as agent:
        conversation = await visitor.open()
        for kind, fields in (
            ("control.take", {}),
            ("control.release", {"to": "bot"}),
            ("conversation.assign", {"user": None}),
            ("note.add", {"client_id": str(uuid4()), "text": "x"}),
            ("conversation.reopen", {}),
            ("conversation.update", {"labels": ["x"]}),
        ):
            with pytest.raises(RefusedError, match="forbidden"):
                await visitor.command(kind, conversation=conversation, **fields)
        with pytest.raises(RefusedError, match="forbidden"):
            await visitor.command("inbox.watch", queue="all")
        with pytest.raises(RefusedError, match="forbidden"):
            await agent.command("handoff.request", conversation=conversation)


async def test_a_command_before_hello_is_refused_and_hello_still_works(shop: DemoShop) -> None:
    visitor = await shop.guest()
    await visitor.connect_bare()
    with pytest.raises(RefusedError, match="unauthorized"):
        await visitor.open()
    await visitor.greet()
    assert await visitor.open()
    await visitor.close()
    visitor.check()


async def test_twenty_bad_frames_in_a_minute_are_the_end_of_the_socket_and_of_nothing_else(shop: DemoShop) -> None:
    visitor = await shop.guest()
    await visitor.connect()
    conversation = await visitor.open()
    await visitor.say(conversation, LONG_QUESTION)
    for _ in range(BAD_FRAMES - 1):
        await _refused(visitor, "bad_frame", "{")
    assert visitor.close_code is None
    await visitor.send("{")
    assert await visitor.wait_for_close() == PROTOCOL
    assert len(visitor.of("error")) == BAD_FRAMES
    async with visitor:
        await visitor.wait_for(lambda: visitor.view(conversation).texts("bot"))
        stored = await shop.stored(conversation)
        assert [message["text"] for message in stored.values()] == [
            LONG_QUESTION,
            visitor.view(conversation).last("bot")["text"],
        ]


async def test_refused_commands_are_not_bad_frames(shop: DemoShop) -> None:
    async with await shop.guest() as visitor:
        await visitor.open()
        for _ in range(BAD_FRAMES + 5):
            with pytest.raises(RefusedError, match="not_found"):
                await visitor.say(str(uuid4()), "Hello")
        assert visitor.close_code is None
