"""What Twilio is asked about an account and its WhatsApp number.

Contract: https://www.twilio.com/docs/iam/api/account and https://www.twilio.com/docs/whatsapp/api/senders.
"""

from __future__ import annotations

from urllib.parse import urldefrag, urlencode

from app.channels.port import Http
from app.channels.twilio_send import API, MESSAGING_API, VERSION, api_base, authorization, json_of, own_address
from app.domain.channel import Account, VendorReport

ONLINE = "ONLINE"
PAGE_SIZE = 50


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
