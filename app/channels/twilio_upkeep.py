"""What Twilio is asked about an account and its WhatsApp number.

Contract: https://www.twilio.com/docs/iam/api/account and https://www.twilio.com/docs/whatsapp/api/senders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urldefrag, urlencode

from app.channels.port import Http, Parsed
from app.channels.text import clean
from app.channels.twilio_message import message_of
from app.channels.twilio_send import (
    API,
    MESSAGING_API,
    VERSION,
    api_base,
    authorization,
    is_after,
    json_of,
    messages_path,
    own_address,
)
from app.domain.channel import Account, Renewal, VendorReport

ONLINE = "ONLINE"
PAGE_SIZE = 50
MISSED = 200


class TwilioUpkeep:
    """See app.channels.port.Upkeep."""

    async def inspect(self, account: Account, webhook_url: str, http: Http) -> VendorReport:
        """Read the account, then the number among the account's senders.

        Raises: HttpLostError, HttpUnreachableError.
        """
        headers = authorization(account)
        sid = account.fields.get("account_sid", "")
        answer = await http.request("GET", f"{api_base(account, API)}/{VERSION}/Accounts/{sid}.json", headers=headers)
        if answer.status in (401, 403, 404):
            return VendorReport(credentials_good=False, detail=f"status {answer.status}")
        if answer.status != 200:
            return VendorReport(detail=f"the account could not be read: status {answer.status}")
        state = json_of(answer).get("status")
        if state != "active":
            return VendorReport(credentials_good=False, detail=f"the account is {state}")
        query = urlencode({"Channel": "whatsapp", "PageSize": PAGE_SIZE})
        answer = await http.request(
            "GET", f"{api_base(account, MESSAGING_API)}/v2/Channels/Senders?{query}", headers=headers
        )
        if answer.status != 200:
            return VendorReport(credentials_good=True, detail="the number's settings cannot be read with this token")
        return self._of_senders(account, webhook_url, json_of(answer).get("senders") or [])

    def _of_senders(self, account: Account, webhook_url: str, senders: list[dict[str, object]]) -> VendorReport:
        """Compare the number's webhook with ours; a number of a messaging service may have none of its own."""
        own = next((one for one in senders if one.get("sender_id") == own_address(account)), None)
        if own is None:
            return VendorReport(credentials_good=True, detail="the number is not among the account's senders")
        webhook = own.get("webhook")
        called = webhook.get("callback_url") if isinstance(webhook, dict) else None
        is_ours = isinstance(called, str) and urldefrag(called).url.rstrip("/") == webhook_url.rstrip("/")
        is_told = is_ours or not account.fields.get("messaging_service_sid")
        detail = "" if own.get("status") == ONLINE else f"the number is {own.get('status')}"
        return VendorReport(credentials_good=True, subscribed=is_ours if is_told else None, detail=detail)

    async def subscribe(self, account: Account, webhook_url: str, http: Http) -> bool:
        """Nothing here: the number's webhook is set in Twilio's console."""
        return False

    async def missed(self, account: Account, since: datetime, http: Http) -> Sequence[Parsed]:
        """Read the list of messages to our number. Files are not among what it tells.

        Raises: HttpLostError, HttpUnreachableError.
        """
        query = urlencode({"To": own_address(account), "DateSent>": f"{since:%Y-%m-%d}", "PageSize": MISSED})
        answer = await http.request(
            "GET", f"{api_base(account, API)}{messages_path(account)}?{query}", headers=authorization(account)
        )
        listed = json_of(answer).get("messages") if answer.status == 200 else None
        found = [
            one
            for one in listed or []
            if one.get("direction") == "inbound" and is_after(one.get("date_created"), since)
        ]
        return [_as_webhook(one) for one in reversed(found)]

    async def renew(self, account: Account, http: Http) -> Renewal | None:
        """Nothing here: auth tokens do not expire."""
        return None


def _as_webhook(listed: Mapping[str, Any]) -> Parsed:
    """Return a listed message as its webhook would have told it."""
    form = {
        "MessageSid": listed.get("sid"),
        "AccountSid": listed.get("account_sid"),
        "MessagingServiceSid": listed.get("messaging_service_sid"),
        "From": listed.get("from"),
        "To": listed.get("to"),
        "Body": listed.get("body"),
    }
    told = {name: clean(value) for name, value in form.items() if isinstance(value, str)}
    return Parsed(message_of(told), urlencode(told).encode())
