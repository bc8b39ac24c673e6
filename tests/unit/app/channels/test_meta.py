"""Messenger and Instagram: what each kind of event becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.channels.meta import INSTAGRAM, MESSENGER, MetaReceiver
from app.channels.port import BodyError, RawRequest
from app.channels.text import hashed_key
from app.domain.channel import (
    Echo,
    Handover,
    Ignored,
    InboundEvent,
    MessageDeleted,
    MessageReceived,
    PolicyEnforced,
    Postback,
    Reaction,
    Receipt,
    ReceiptStatus,
    Referral,
    Story,
)

RECEIVER = MetaReceiver("page")
CHALLENGE = {"hub.mode": "subscribe", "hub.verify_token": "known", "hub.challenge": "1158201444"}


def request(body: bytes) -> RawRequest:
    return RawRequest("POST", "https://shop.example/api/webhooks/facebook/", {}, (), body)


def payload(*events: dict[str, Any], field: str = "messaging", page: object = "1001") -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": page, "time": 1, field: list(events)}]}).encode()


def event(sender: object = "2001", **fields: Any) -> dict[str, Any]:
    about = {"sender": {"id": sender}, "recipient": {"id": "1001"}, "timestamp": 1760000000000}
    return {**about, **fields}


def read(body: bytes) -> list[InboundEvent]:
    return [parsed.event for parsed in RECEIVER.parse(request(body))]


def one(field: str = "messaging", **fields: Any) -> InboundEvent:
    (found,) = read(payload(event(**fields), field=field))
    return found


def test_a_message() -> None:
    found = one(message={"mid": "m_1", "text": "Do you ship to Spain?", "reply_to": {"mid": "m_0"}})
    assert isinstance(found, MessageReceived)
    assert (found.key, found.account, found.address, found.text) == ("m_1", "1001", "2001", "Do you ship to Spain?")
    assert found.reply_to == "m_0"
    assert found.at is not None
    assert found.at.isoformat() == "2025-10-09T08:53:20+00:00"


def test_what_a_message_answers_or_came_from() -> None:
    story = {"url": "https://lookaside.test/story", "id": "s1"}
    told = one(message={"mid": "m_1", "text": "Nice!", "reply_to": {"story": story}})
    assert isinstance(told, MessageReceived)
    assert (told.story, told.reply_to, told.referral) == (Story(url="https://lookaside.test/story"), None, None)
    shown = {"ad_title": "Warm\ncoats", "photo_url": "javascript:alert(1)"}
    led = one(message={"mid": "m_2", "text": "Hi", "referral": {"source": "ADS", "ads_context_data": shown}})
    assert isinstance(led, MessageReceived)
    assert led.referral == Referral(source="ADS", headline="Warm coats")
    pressed = one(postback={"mid": "m_4", "title": "Get started", "referral": {"source": "SHORTLINK", "type": "OPEN"}})
    assert isinstance(pressed, Postback)
    assert pressed.referral == Referral(source="SHORTLINK")
    for wrong in ({"source": 7, "ads_context_data": []}, "ADS", {}):
        odd = one(message={"mid": "m_3", "text": "Hi", "referral": wrong, "reply_to": {"story": "s1"}})
        assert isinstance(odd, MessageReceived)
        assert (odd.referral, odd.story) == (None, None)


def test_every_event_of_every_entry_of_every_page() -> None:
    entries = [
        {"id": "1001", "messaging": [event(message={"mid": "a", "text": "1"}), event(message={"mid": "b"})]},
        {"id": 1002, "messaging": [event(postback={"mid": "c", "title": "Track", "payload": "T"})]},
        {"id": "1001", "standby": [event(message={"mid": "d", "text": "2"})]},
        {"id": "1001", "changes": [{"field": "feed", "value": {"item": "post"}}], "messaging": None},
    ]
    found = read(json.dumps({"object": "page", "entry": entries}).encode())
    assert [(one.account, type(one)) for one in found] == [
        ("1001", MessageReceived),
        ("1001", MessageReceived),
        ("1002", Postback),
        ("1001", MessageReceived),
        ("1001", Ignored),
    ]
    assert [one.standby for one in found] == [False, False, False, True, False]
    assert RECEIVER.references(request(json.dumps({"object": "page", "entry": entries}).encode())) == [
        ["1001"],
        ["1002"],
    ]


def test_a_sticker_next_to_its_image_is_one_file() -> None:
    files = [
        {"type": "image", "payload": {"url": "https://cdn.example/1", "sticker_id": 369}},
        {"type": "sticker", "payload": {"url": "https://cdn.example/1", "sticker_id": 369}},
        {"type": "file", "payload": {"url": "https://cdn.example/2"}},
    ]
    found = one(message={"mid": "m", "attachments": files})
    assert isinstance(found, MessageReceived)
    assert [media.kind for media in found.attachments] == ["sticker", "file"]
    assert not found.unsupported


def test_deleted_and_unsupported() -> None:
    deleted = one(message={"mid": "m", "is_deleted": True})
    assert isinstance(deleted, MessageDeleted)
    assert (deleted.message, deleted.key) == ("m", "m:deleted")
    unsupported = one(message={"mid": "m", "is_unsupported": True})
    assert isinstance(unsupported, MessageReceived)
    assert unsupported.unsupported


def test_an_echo_is_the_customers_conversation() -> None:
    body = payload(
        {
            "sender": {"id": "1001"},
            "recipient": {"id": "2001"},
            "timestamp": 1,
            "message": {"mid": "e", "is_echo": True, "app_id": 263902037430900, "metadata": "ours", "text": "Hi"},
        }
    )
    (found,) = read(body)
    assert isinstance(found, Echo)
    assert (found.address, found.app, found.metadata, found.text) == ("2001", "263902037430900", "ours", "Hi")


def test_receipts() -> None:
    delivered = one(delivery={"mids": ["a", "b"], "watermark": 1760000000500})
    assert isinstance(delivered, Receipt)
    assert (delivered.status, delivered.message) == (ReceiptStatus.DELIVERED, None)
    assert delivered.key == hashed_key("delivery", "2001:1760000000500")
    assert one(delivery={"mids": ["c"], "watermark": 1760000000500}).key == delivered.key
    assert one(delivery={"watermark": 1760000000501}).key != delivered.key
    seen = one(read={"watermark": 1760000000500})
    assert isinstance(seen, Receipt)
    assert seen.status is ReceiptStatus.READ
    seen_on_instagram = one(read={"mid": "m_5"})
    assert isinstance(seen_on_instagram, Receipt)
    assert (seen_on_instagram.message, seen_on_instagram.until) == ("m_5", None)
    assert isinstance(one(read={"watermark": 10**30}), Ignored)


def test_reactions_and_handovers() -> None:
    reaction = one(reaction={"mid": "m", "action": "react", "emoji": "❤", "reaction": "love"})
    taken_back = one(reaction={"mid": "m", "action": "unreact"})
    assert isinstance(reaction, Reaction)
    assert isinstance(taken_back, Reaction)
    assert (reaction.emoji, taken_back.emoji) == ("❤", None)
    handover = one(pass_thread_control={"new_owner_app_id": 123, "metadata": "x"})
    assert isinstance(handover, Handover)
    assert (handover.action, handover.app) == ("pass", "123")
    taken = one(take_thread_control={"previous_owner_app_id": 123, "new_owner_app_id": "9"})
    assert isinstance(taken, Handover)
    assert (taken.action, taken.app) == ("take", "9")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"message": None},
        {"message": {"text": "no id"}},
        {"message": "text"},
        {"optin": {"ref": "x"}},
        {"game_play": {}},
        {"delivery": {}},
        {"sender": None, "message": {"mid": "m"}},
        {"sender": {"id": True}, "message": {"mid": "m"}},
    ],
)
def test_what_is_unknown_is_kept(fields: dict[str, Any]) -> None:
    body = payload({**event(), **fields})
    (found,) = read(body)
    assert isinstance(found, Ignored)
    assert read(body)[0].key == found.key


@pytest.mark.parametrize("raw", ["1", "null", '"x"', "[[]]"])
def test_an_event_that_is_no_object_does_not_cost_the_others(raw: str) -> None:
    good = json.dumps(event(message={"mid": "m", "text": "Hi"}))
    found = read(f'{{"object":"page","entry":[{{"id":"1001","messaging":[{raw},{good}]}}]}}'.encode())
    assert [type(one) for one in found] == [Ignored, MessageReceived]


def test_bytes_that_are_no_text_do_not_cost_the_batch() -> None:
    (found,) = read(payload(event(message={"mid": "m", "text": "X"})).replace(b'"X"', b'"\xff!"'))
    assert isinstance(found, MessageReceived)
    assert found.text == "\N{REPLACEMENT CHARACTER}!"


def test_half_a_surrogate_pair_and_nul_do_not_cost_the_batch() -> None:
    body = payload(event(message={"mid": "m", "text": "X"})).replace(b'"X"', rb'"a\ud83db\u0000\ud83d\ude00 \\ud83d"')
    (found,) = read(body)
    assert isinstance(found, MessageReceived)
    assert found.text == "a\N{REPLACEMENT CHARACTER}b\N{GRINNING FACE} \\ud83d"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"not json",
        b"{}",
        b'{"object":"page"}',
        b'{"object":"page","entry":{}}',
        b'{"object":"instagram","entry":[]}',
        b'{"object":"page","entry":[{"id":"1","messaging":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
    ],
    ids=range(9),
)
def test_bodies_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BodyError):
        read(body)
    assert RECEIVER.references(request(body)) in ([], [["1"]])


@pytest.mark.parametrize("channel", [MESSENGER, INSTAGRAM])
def test_handshake(channel: Any) -> None:
    good = channel.receiver.handshake(CHALLENGE, ["other", "known"])
    assert (good.status, good.body) == (200, b"1158201444")
    for wrong in ({}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": "known "}, {"hub.verify_token": "ünï"}):
        query = {**CHALLENGE, **wrong} if wrong else {}
        assert channel.receiver.handshake(query, ["other", "known"]).status == 403
    assert channel.receiver.handshake({**CHALLENGE, "hub.verify_token": ""}, [""]).status == 403


@pytest.mark.parametrize("name", ["policy_enforcement", "policy-enforcement"])
def test_a_policy_that_is_enforced_is_about_the_page_and_nobody_else(name: str) -> None:
    told = {
        "recipient": {"id": "1001"},
        "timestamp": 1760000000000,
        name: {"action": "block", "reason": "Spam.\n Stop"},
    }
    (found,) = read(payload(told))
    assert isinstance(found, PolicyEnforced)
    assert (found.action, found.reason, found.account, found.address) == ("block", "Spam. Stop", "1001", "")
    (odd,) = read(payload({"recipient": {"id": "1001"}, name: {"action": 7}}))
    assert isinstance(odd, PolicyEnforced)
    assert (odd.action, odd.reason) == ("enforced", "")
