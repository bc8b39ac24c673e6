"""The stand-ins refuse what the vendors' documents do not allow."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from app.simulate.meta_body import BodyRefusedError, check_body
from app.simulate.twilio import TwilioStandIn

ANA = "whatsapp:+14155550101"
OURS = "whatsapp:+15005550006"
TEXT: dict[str, Any] = {"recipient": {"id": "1"}, "messaging_type": "RESPONSE", "message": {"text": "Hello"}}


def refused(platform: str = "page", **changes: Any) -> bool:
    try:
        check_body(json.dumps({**TEXT, **changes}).encode(), platform)
    except BodyRefusedError:
        return True
    return False


@pytest.mark.parametrize(
    "changes",
    [
        {"unlisted": 1},
        {"recipient": {"id": "1", "phone": "2"}},
        {"messaging_type": "MESSAGE_TAG"},
        {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"},
        {"tag": "HUMAN_AGENT"},
        {"message": {"text": "x" * 2001}},
        {"message": {"text": ""}},
        {"message": {"text": "x", "attachment": {}}},
        {"message": {"text": "x", "unlisted": 1}},
        {"sender_action": "typing_on"},
    ],
)
def test_meta_refuses(changes: dict[str, Any]) -> None:
    assert refused(**changes)


def test_meta_takes_what_is_listed() -> None:
    assert not refused()
    assert not refused(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    assert not refused("instagram", message={"text": "x" * 1000, "metadata": "ours"})
    assert refused("instagram", message={"text": "ä" * 501})


async def post(form: dict[str, str], **options: Any) -> httpx2.Response:
    stand_in = TwilioStandIn("AC1", "token", {OURS}, messages_per_s=1)
    transport = httpx2.ASGITransport(stand_in.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.test", auth=("AC1", "token")) as http:
        return await http.post("/2010-04-01/Accounts/AC1/Messages.json", data=form, **options)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Unlisted": "1"}, 20001),
        ({"To": "+14155550101"}, 21211),
        ({"From": "whatsapp:+19"}, 21606),
        ({"Body": "x" * 1601}, 21617),
        ({"Body": ""}, 21619),
        ({"ContentSid": "HX1"}, 21619),
    ],
)
async def test_twilio_refuses(form: dict[str, str], code: int) -> None:
    answer = await post({"To": ANA, "From": OURS, "Body": "Hello", **form})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_twilio_checks_who_asks_and_takes_what_is_listed() -> None:
    form = {"To": ANA, "From": OURS, "Body": "Hello"}
    assert (await post(form, auth=("AC1", "wrong"))).status_code == 401
    assert (await post(form)).status_code == 201
