"""What Meta is asked about a page or Instagram account: is the app subscribed, and how long is the token good.

Contract: https://developers.facebook.com/docs/graph-api/reference/debug_token and the pages on subscribed_apps of the
Messenger and Instagram platforms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from app.channels.meta_events import read_event
from app.channels.meta_send import MetaNode
from app.channels.port import Http, HttpAnswer, Parsed
from app.domain.channel import Account, Renewal, VendorReport

PAGE_FIELDS = (
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_reactions",
    "messaging_referrals",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
)
INSTAGRAM_FIELDS = (
    "messages",
    "message_reactions",
    "messaging_postbacks",
    "messaging_seen",
    "messaging_referral",
    "standby",
)
THREADS, MESSAGES = 50, 25  # that are read for what was missed
_REFUSED = {102, 190}


class MetaUpkeep:
    """See app.channels.port.Upkeep. `platform` is what the Graph API calls the channel, `wanted` are the
    fields of the subscription."""

    def __init__(self, node: MetaNode, platform: str, wanted: Sequence[str]) -> None:
        self._node = node
        self._platform = platform
        self._wanted = wanted

    async def inspect(self, account: Account, webhook_url: str, http: Http) -> VendorReport:
        """Read the subscription, then what Meta tells of the token to those who know the app's id.

        Raises: HttpLostError, HttpUnreachableError.
        """
        answer = await http.request(
            "GET", self._node.url(account, "subscribed_apps"), headers=self._node.authorization(account)
        )
        report = self._of_subscription(account, answer)
        if account.fields.get("app_id") and account.fields.get("setup") != "instagram":
            return await self._with_token(report, account, http)
        return report

    def _of_subscription(self, account: Account, answer: HttpAnswer) -> VendorReport:
        found = self._node.json(answer)
        if answer.status != 200:
            return _refusal(answer, found)
        fields = self._subscribed(account, found)
        missing = tuple(name for name in self._wanted if name not in fields)
        return VendorReport(credentials_good=True, subscribed=bool(fields), missing=missing if fields else ())

    def _subscribed(self, account: Account, found: Mapping[str, Any]) -> set[str]:
        """Return the fields that our app is subscribed to; without the app's id, any app."""
        app = account.fields.get("app_id")
        apps = [one for one in found.get("data", []) if not app or str(one.get("id")) == app]
        return {str(name) for one in apps for name in one.get("subscribed_fields", [])}

    async def _with_token(self, report: VendorReport, account: Account, http: Http) -> VendorReport:
        token = f"{account.fields['app_id']}|{account.secrets.get('app_secret', '')}"
        query = urlencode({"input_token": self._node.token_of(account)})
        url = f"{self._node.base(account)}/debug_token?{query}"
        answer = await http.request("GET", url, headers={"Authorization": f"Bearer {token}"})
        told = self._node.json(answer).get("data")
        if answer.status != 200 or not isinstance(told, dict):
            return replace(report, detail="the app id or the app secret is wrong")
        return replace(
            report,
            credentials_good=told.get("is_valid") is True,
            token_expires_at=_soonest(told.get("expires_at"), told.get("data_access_expires_at")),
        )

    async def subscribe(self, account: Account, webhook_url: str, http: Http) -> bool:
        """Subscribe the app to the page or account, for all fields that we read. Those it has stay: an Instagram
        account that is linked to a page shares the page's subscription.

        Raises: HttpLostError, HttpUnreachableError.
        """
        known = await http.request(
            "GET", self._node.url(account, "subscribed_apps"), headers=self._node.authorization(account)
        )
        fields = {*self._wanted, *self._subscribed(account, self._node.json(known))}
        query = urlencode({"subscribed_fields": ",".join(sorted(fields))})
        url = f"{self._node.url(account, 'subscribed_apps')}?{query}"
        answer = await http.request("POST", url, headers=self._node.authorization(account))
        return answer.status == 200 and self._node.json(answer).get("success") is True

    async def missed(self, account: Account, since: datetime, http: Http) -> Sequence[Parsed]:
        """Read the newest messages of the newest threads: there is no way to have webhooks sent again.

        Raises: HttpLostError, HttpUnreachableError.
        """
        fields = f"updated_time,messages.limit({MESSAGES}){{id,created_time,from,message}}"
        query = urlencode({"platform": self._platform, "fields": fields, "limit": THREADS})
        url = f"{self._node.url(account, 'conversations')}?{query}"
        answer = await http.request("GET", url, headers=self._node.authorization(account))
        threads = self._node.json(answer).get("data") if answer.status == 200 else None
        said = [
            (at, one)
            for thread in threads or []
            for one in reversed((thread.get("messages") or {}).get("data", []))
            if (at := _graph_time(one.get("created_time"))) is not None and at >= since
        ]
        ordered = sorted(said, key=lambda dated: dated[0])
        return [found for at, one in ordered if (found := _as_webhook(one, at, account.external_id)) is not None]

    async def renew(self, account: Account, http: Http) -> Renewal | None:
        """Refresh a token of Instagram Login, which lives for 60 days; a page's does not need it.

        Raises: HttpLostError, HttpUnreachableError.
        """
        if account.fields.get("setup") != "instagram":
            return None
        query = urlencode({"grant_type": "ig_refresh_token", "access_token": self._node.token_of(account)})
        answer = await http.request("GET", f"{self._node.host(account)}/refresh_access_token?{query}")
        found = self._node.json(answer)
        token, lasts = found.get("access_token"), found.get("expires_in")
        if answer.status != 200 or not isinstance(token, str) or not isinstance(lasts, int):
            return None
        return Renewal(self._node.token, token, datetime.now(UTC) + timedelta(seconds=lasts))


def _refusal(answer: HttpAnswer, found: Mapping[str, Any]) -> VendorReport:
    error = found.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if answer.status == 401 or code in _REFUSED:
        return VendorReport(credentials_good=False, detail=f"error {code or answer.status}")
    return VendorReport(detail=f"the subscription could not be read: error {code or answer.status}")


def _soonest(*told: object) -> datetime | None:
    """Return the earliest of times in Unix seconds; 0 is never."""
    times = [one for one in told if isinstance(one, int) and not isinstance(one, bool) and one > 0]
    return datetime.fromtimestamp(min(times), UTC) if times else None


def _graph_time(value: object) -> datetime | None:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z") if isinstance(value, str) else None
    except ValueError:
        return None


def _as_webhook(listed: Mapping[str, Any], at: datetime, account: str) -> Parsed | None:
    """Return a customer's listed message as its webhook would have told it; None for one of the shop's."""
    sender, mid = (listed.get("from") or {}).get("id"), listed.get("id")
    if not isinstance(sender, str) or not isinstance(mid, str) or sender == account:
        return None
    event = {
        "sender": {"id": sender},
        "recipient": {"id": account},
        "timestamp": int(at.timestamp() * 1000),
        "message": {"mid": mid, "text": str(listed.get("message") or "")},
    }
    return read_event(json.dumps(event).encode(), account)
