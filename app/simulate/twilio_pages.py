"""What Twilio's pages show of an account: its messages, approved contents, senders, and errors.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, .../content/content-api-resources and
.../whatsapp/api/senders.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

API_VERSION = "2010-04-01"


def new_sid(prefix: str) -> str:
    """Return an id as Twilio makes them: two letters and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex


@dataclass(slots=True)
class SentMessage:
    """A message that was taken."""

    sid: str
    to: str
    sender: str
    body: str
    media: tuple[str, ...]
    content_sid: str | None
    variables: dict[str, str]
    status_callback: str | None
    at: float
    status: str = "queued"
    error_code: int | None = None


def shown(account_sid: str, message: SentMessage) -> dict[str, Any]:
    """Return a message of ours as the list of messages has it."""
    return {
        "sid": message.sid,
        "account_sid": account_sid,
        "to": message.to,
        "from": message.sender,
        "body": message.body,
        "status": message.status,
        "direction": "outbound-api",
        "error_code": message.error_code,
        "num_media": str(len(message.media)),
        "date_created": _dated(message.at),
        "api_version": API_VERSION,
    }


def listed(account_sid: str, sid: str, address: str, own: str, text: str, at: float) -> dict[str, Any]:
    """Return a customer's message as the list of messages has it."""
    return {
        "sid": sid,
        "account_sid": account_sid,
        "messaging_service_sid": None,
        "to": own,
        "from": address,
        "body": text,
        "status": "received",
        "direction": "inbound",
        "error_code": None,
        "num_media": "0",
        "date_created": _dated(at),
        "api_version": API_VERSION,
    }


def account_page(account_sid: str) -> Response:
    """Show the account."""
    return JSONResponse({"sid": account_sid, "status": "active", "type": "Full"})


def content_page(request: Request, account_sid: str, templates: Mapping[str, tuple[str, str]]) -> Response:
    """List templates, by sid their state of approval and text."""
    if set(request.query_params) - {"PageSize", "Page", "PageToken"}:
        return error(400, 20001, "Unknown parameters")
    found = [
        {
            "sid": sid,
            "account_sid": account_sid,
            "friendly_name": f"template_{number}",
            "language": "en",
            "variables": {},
            "types": {"twilio/text": {"body": body}},
            "approval_requests": {"category": "UTILITY", "status": status, "name": f"template_{number}"},
        }
        for number, (sid, (status, body)) in enumerate(templates.items(), 1)
    ]
    return JSONResponse({"contents": found, "meta": {"page": 0, "next_page_url": None, "key": "contents"}})


def sender_page(request: Request, numbers: Collection[str], callback_url: str) -> Response:
    """List senders, with the address that Twilio's console has for them."""
    if request.query_params.get("Channel") != "whatsapp":
        return error(400, 20001, "Channel is required")
    webhook = {"callback_url": callback_url, "callback_method": "POST"} if callback_url else None
    found = [
        {"sid": new_sid("XE"), "status": "ONLINE", "sender_id": number, "webhook": webhook}
        for number in sorted(numbers)
    ]
    return JSONResponse({"senders": found, "meta": {"page": 0, "page_size": 50, "next_page_url": None}})


def error(status: int, code: int, message: str) -> Response:
    """Return an error as Twilio writes it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"code": code, "message": message, "more_info": more, "status": status}, status)


def _dated(at: float) -> str:
    return formatdate(at).replace("-0000", "+0000")
