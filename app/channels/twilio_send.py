"""The sending half of WhatsApp through Twilio.

Contract: https://www.twilio.com/docs/messaging/api/message-resource, .../whatsapp/api/typing-indicators-resource and
.../whatsapp/api/error-code-mapping. There is no idempotency key: what was sent and not answered is looked up in the
list of messages, or learnt from the status callback, whose address carries our delivery's id.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from app.channels.port import Http, HttpAnswer, HttpLostError
from app.domain.channel import (
    Accepted,
    Account,
    Limits,
    OutgoingPart,
    RefusalKind,
    Refused,
    SendResult,
)

API = "https://api.twilio.com"
MESSAGING_API = "https://messaging.twilio.com"
VERSION = "2010-04-01"
DELIVERY_PARAMETER = "delivery"  # our delivery's id, in the address of a status callback
SCHEME = "whatsapp:"
MEGABYTE = 1_000_000
LISTED = 50
CLOCKS_APART = timedelta(seconds=5)
_TEMPORARY = {"20429", "63018"}
_WINDOW = {"63016"}
_CREDENTIALS = {"20003", "20403", "20404"}
# Gateways answer so whether or not what is behind them did its work.
_ANSWERS_OF_OTHERS = (502, 504)


class TwilioSender:
    """See app.channels.port.Sender."""

    limits = Limits(
        text_chars=1600,
        window=timedelta(hours=24),
        media_bytes={"image": 5 * MEGABYTE, "video": 16 * MEGABYTE, "audio": 16 * MEGABYTE, "file": 16 * MEGABYTE},
    )

    async def send(self, part: OutgoingPart, account: Account, http: Http) -> SendResult:
        """Post one message.

        Raises: HttpLostError, HttpUnreachableError.
        """
        form = {"To": part.address, "From": own_address(account), **_content(part)}
        if part.callback_url is not None:
            form["StatusCallback"] = f"{part.callback_url}?{DELIVERY_PARAMETER}={part.delivery}"
        answer = await _post(http, f"{api_base(account, API)}{messages_path(account)}", form, account)
        found = json_of(answer)
        if answer.status in (200, 201) and isinstance(found.get("sid"), str):
            return Accepted(found["sid"])
        if answer.status in _ANSWERS_OF_OTHERS or answer.status < 300:
            raise HttpLostError(f"status {answer.status}")
        return self._refusal(answer, found)

    def _refusal(self, answer: HttpAnswer, found: Mapping[str, Any]) -> Refused:
        code = str(found.get("code", answer.status))
        kind = self.classify(code)
        if answer.status == 429 or answer.status >= 500:
            kind = RefusalKind.TEMPORARY
        elif answer.status in (401, 403):
            kind = RefusalKind.CREDENTIALS
        after = answer.headers.get("retry-after", "")
        return Refused(kind, code, str(found.get("message", ""))[:200], float(after) if after.isdecimal() else None)

    def classify(self, code: str) -> RefusalKind:
        """Say what an error code means."""
        if code in _TEMPORARY:
            return RefusalKind.TEMPORARY
        if code in _WINDOW:
            return RefusalKind.WINDOW_CLOSED
        return RefusalKind.CREDENTIALS if code in _CREDENTIALS else RefusalKind.PERMANENT

    async def find(
        self, part: OutgoingPart, account: Account, sent_after: datetime, known: Collection[str], http: Http
    ) -> str | None:
        """Look in the list of messages for one to this person with this text that is no other part's.

        Raises: HttpLostError, HttpUnreachableError.
        """
        query = urlencode({"To": part.address, "From": own_address(account), "PageSize": LISTED})
        url = f"{api_base(account, API)}{messages_path(account)}?{query}"
        answer = await http.request("GET", url, headers=authorization(account))
        wanted = _content(part)
        for one in json_of(answer).get("messages", []):
            is_same = one.get("body") == wanted.get("Body", "") and one.get("sid") not in known
            if is_same and "ContentSid" not in wanted and is_after(one.get("date_created"), sent_after):
                return str(one["sid"])
        return None

    async def show_typing(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Show that an answer is coming, for 25 s; this marks the message as read, too.

        Raises: HttpLostError, HttpUnreachableError.
        """
        form = {"messageId": last_inbound, "channel": "whatsapp"}
        await _post(http, f"{api_base(account, MESSAGING_API)}/v2/Indicators/Typing.json", form, account)

    async def mark_read(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Nothing here: the typing sign does it, and there is no other way."""


def _content(part: OutgoingPart) -> dict[str, str]:
    """Text, a file or a template: never two of them (files take no captions here)."""
    if part.template is not None:
        variables = {"ContentVariables": json.dumps(dict(part.variables))} if part.variables else {}
        return {"ContentSid": part.template, **variables}
    if part.media is not None:
        return {"MediaUrl": part.media.url}
    return {"Body": part.text}


def is_after(created: object, sent_after: datetime) -> bool:
    """Whether a time as Twilio writes it is after another, as far as clocks can tell."""
    if not isinstance(created, str):
        return False
    try:
        at = parsedate_to_datetime(created)
        return at.replace(tzinfo=at.tzinfo or UTC) >= sent_after - CLOCKS_APART
    except ValueError:
        return False


def own_address(account: Account) -> str:
    """Return the account's own WhatsApp address."""
    return SCHEME + account.fields.get("number", "").replace(" ", "").removeprefix(SCHEME)


def api_base(account: Account, usual: str) -> str:
    """Return where the API is: the account's own address, or the usual one."""
    return (account.fields.get("api_base") or usual).rstrip("/")


def messages_path(account: Account) -> str:
    """Return the path of the account's messages."""
    return f"/{VERSION}/Accounts/{account.fields.get('account_sid', '')}/Messages.json"


def authorization(account: Account) -> dict[str, str]:
    """Return the header that signs in."""
    pair = f"{account.fields.get('account_sid', '')}:{account.secrets.get('auth_token', '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


async def _post(http: Http, url: str, form: Mapping[str, str], account: Account) -> HttpAnswer:
    headers = {**authorization(account), "Content-Type": "application/x-www-form-urlencoded"}
    return await http.request("POST", url, headers=headers, content=urlencode(dict(form)).encode())


def json_of(answer: HttpAnswer) -> dict[str, Any]:
    """Return the object of an answer; an empty one for what is none."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
