"""WhatsApp through Twilio: what its forms become."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import pytest

from app.channels.port import BodyError, RawRequest
from app.channels.twilio_whatsapp import WHATSAPP, TwilioReceiver
from app.domain.channel import (
    Account,
    Ignored,
    InboundEvent,
    MessageReceived,
    Postback,
    Receipt,
    ReceiptStatus,
    Referral,
)

RECEIVER = TwilioReceiver()
FIELDS = {"account_sid": "AC1", "number": "whatsapp:+14155550199", "messaging_service_sid": "MG1"}
ACCOUNT = Account(UUID(int=1), UUID(int=2), "whatsapp", "AC1/+14155550199", FIELDS, {"auth_token": "token"})
INBOUND = {
    "MessageSid": "SM1",
    "AccountSid": "AC1",
    "From": "whatsapp:+14155550101",
    "To": "whatsapp:+14155550199",
    "Body": "Where is my order?",
    "NumMedia": "0",
    "ProfileName": "Ana",
}
STATUS = {
    "MessageSid": "SM9",
    "AccountSid": "AC1",
    "From": "whatsapp:+14155550199",
    "To": "whatsapp:+14155550101",
    "MessageStatus": "delivered",
}


def request(form: dict[str, str], query: str = "", method: str = "POST") -> RawRequest:
    url = f"https://shop.example/api/webhooks/whatsapp/{'?' if query else ''}{query}"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return RawRequest(method, url, headers, parse_qsl(query, keep_blank_values=True), urlencode(form).encode())


def parse(query: str = "", **form: str) -> InboundEvent:
    (parsed,) = RECEIVER.parse(request(form, query))
    return parsed.event


def test_a_message() -> None:
    event = parse(**INBOUND)
    assert event == MessageReceived(
        key="SM1",
        account="AC1/+14155550199",
        address="whatsapp:+14155550101",
        text="Where is my order?",
        name="Ana",
        phone="+14155550101",
    )


def test_media_without_text() -> None:
    media = {"MediaUrl0": "https://api.twilio.com/m0", "MediaContentType0": "image/jpeg", "NumMedia": "2"}
    event = parse(**{**INBOUND, **media, "Body": "", "MediaUrl1": "https://api.twilio.com/m1"})
    assert isinstance(event, MessageReceived)
    assert [(one.kind, one.url) for one in event.attachments] == [
        ("image", "https://api.twilio.com/m0"),
        ("file", "https://api.twilio.com/m1"),
    ]
    assert not event.unsupported


@pytest.mark.parametrize("count", ["", "-1", "9" * 500, "two", "１"])
def test_a_wrong_number_of_media_costs_nothing_else(count: str) -> None:
    event = parse(**{**INBOUND, "NumMedia": count})
    assert isinstance(event, MessageReceived)
    assert event.text == INBOUND["Body"]


def test_addresses_are_opaque() -> None:
    event = parse(**{**INBOUND, "From": "whatsapp:US.13491208655302741918"})
    assert isinstance(event, MessageReceived)
    assert (event.address, event.phone) == ("whatsapp:US.13491208655302741918", None)


def test_a_place_can_be_read() -> None:
    event = parse(**{**INBOUND, "Body": "", "Latitude": "41.38", "Longitude": "2.17", "Label": "Shop"})
    assert isinstance(event, MessageReceived)
    assert event.text == "Location: Shop (41.38, 2.17)"
    assert event.context["Latitude"] == "41.38"


def test_what_a_message_answers_or_came_from() -> None:
    advertised = {"ReferralSourceType": "ad", "ReferralHeadline": "Warm coats", "ReferralSourceUrl": "https://fb.me/1"}
    event = parse(**{**INBOUND, **advertised, "OriginalRepliedMessageSid": "SM0"})
    assert isinstance(event, MessageReceived)
    assert event.referral == Referral(source="ad", headline="Warm coats", url="https://fb.me/1")
    assert event.reply_to == "SM0"
    plain = parse(**{**INBOUND, "ReferralSourceUrl": "file:///etc/passwd"})
    assert isinstance(plain, MessageReceived)
    assert plain.referral is None


def test_nothing_to_show_is_unsupported() -> None:
    event = parse(**{**INBOUND, "Body": "", "MessageType": "contacts"})
    assert isinstance(event, MessageReceived)
    assert event.unsupported
    assert event.context == {"MessageType": "contacts"}


def test_a_button() -> None:
    event = parse(**INBOUND, ButtonText="Track order", ButtonPayload="TRACK")
    assert isinstance(event, Postback)
    assert (event.title, event.payload) == ("Track order", "TRACK")


@pytest.mark.parametrize(
    ("told", "status"),
    [("queued", "sent"), ("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("undelivered", "failed")],
)
def test_news_of_what_we_sent(told: str, status: str) -> None:
    delivery = UUID(int=7)
    event = parse(f"delivery={delivery}", **{**STATUS, "MessageStatus": told, "ErrorCode": "63016"})
    assert isinstance(event, Receipt)
    assert (event.key, event.account, event.address) == (f"SM9:{told}", "AC1/+14155550199", "whatsapp:+14155550101")
    assert (event.status, event.message, event.delivery) == (ReceiptStatus(status), "SM9", delivery)
    assert event.error == ("63016" if status == "failed" else None)


def test_an_unknown_status_is_kept() -> None:
    assert isinstance(parse(**{**STATUS, "MessageStatus": "teleported"}), Ignored)


def test_a_form_without_a_message_is_no_event() -> None:
    with pytest.raises(BodyError):
        RECEIVER.parse(request({"AccountSid": "AC1"}))


def test_references_and_their_fallbacks() -> None:
    assert list(WHATSAPP.references(FIELDS)) == ["AC1/+14155550199", "MG1"]
    assert RECEIVER.references(request({**INBOUND, "MessagingServiceSid": "MG1"})) == [["AC1/+14155550199", "MG1"]]
    assert RECEIVER.references(request(STATUS)) == [["AC1/+14155550199"]]
    assert RECEIVER.references(request({"MessagingServiceSid": "MG1"})) == [["MG1"]]


def test_the_signature_of_a_get_covers_the_address_alone() -> None:
    query = "MessageSid=SM1&AccountSid=AC1&From=whatsapp%3A%2B1&To=whatsapp%3A%2B14155550199&Body=Hi"
    by_get = request({}, query, "GET")
    signature = _sign(by_get.url, {})
    signed = RawRequest("GET", by_get.url, {"x-twilio-signature": signature}, by_get.query, b"")
    assert RECEIVER.verify(signed, ACCOUNT, datetime.now(UTC))
    (parsed,) = RECEIVER.parse(signed)
    assert parsed.event.address == "whatsapp:+1"
    assert RECEIVER.references(signed) == [["AC1/+14155550199"]]


def test_a_body_of_one_more_byte_is_refused() -> None:
    good = request(INBOUND)
    headers = {**good.headers, "x-twilio-signature": _sign(good.url, INBOUND)}
    assert RECEIVER.verify(RawRequest("POST", good.url, headers, (), good.body), ACCOUNT, datetime.now(UTC))
    assert not RECEIVER.verify(RawRequest("POST", good.url, headers, (), good.body + b"!"), ACCOUNT, datetime.now(UTC))


def test_a_json_body_is_its_accounts_and_signed_by_its_hash() -> None:
    body = json.dumps({**INBOUND, "NumMedia": 0, "Extra": {"a": [1]}, "MessagingServiceSid": None}).encode()
    good = as_json(body)
    assert RECEIVER.references(good) == [["AC1/+14155550199"]]
    assert RECEIVER.verify(good, ACCOUNT, datetime.now(UTC))
    (parsed,) = RECEIVER.parse(good)
    assert parsed.event == parse(**INBOUND)
    assert parsed.raw == body
    other = RawRequest("POST", good.url, good.headers, (), body.replace(b"my order", b"my money"))
    assert not RECEIVER.verify(other, ACCOUNT, datetime.now(UTC))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"To": 1e999}', b"[" * 100_000, b"9" * 5000, b'{"MessageSid": {}}']
)
def test_json_that_names_nobody_is_nobodys(body: bytes) -> None:
    assert RECEIVER.references(as_json(body)) == [[]]
    with pytest.raises(BodyError):
        RECEIVER.parse(as_json(body))


def test_too_many_fields_are_none() -> None:
    json_body = json.dumps({**INBOUND, **{str(number): "1" for number in range(500)}}).encode()
    assert RECEIVER.references(as_json(json_body)) == [[]]
    many = RawRequest("POST", "https://shop.example/", request({}).headers, (), b"a=1&" * 5000)
    assert RECEIVER.references(many) == [[]]


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/SM1/Media/ME1", True),
        ("http://api.twilio.com/media", False),
        ("https://api.twilio.com.evil.example/media", False),
        ("https://eviltwilio.com/media", False),
        ("https://api.twilio.com@evil.example/media", False),
    ],
)
def test_credentials_go_to_twilio_alone(url: str, is_ours: bool) -> None:
    assert bool(RECEIVER.media_headers(url, ACCOUNT)) is is_ours


def as_json(body: bytes) -> RawRequest:
    url = f"https://shop.example/api/webhooks/whatsapp/?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"content-type": "application/json", "x-twilio-signature": _sign(url, {})}
    return RawRequest("POST", url, headers, (), body)


def _sign(url: str, form: dict[str, str]) -> str:
    message = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(b"token", message.encode(), hashlib.sha1).digest()).decode()
