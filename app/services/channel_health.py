"""How a channel account is: what came in, what went out, and what its vendor says when it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.channels.port import Channel, Http, HttpLostError, HttpUnreachableError
from app.domain.channel import Account, Limits, VendorReport
from app.errors import ConfigurationError
from app.services.accounts import Accounts, StoredAccount
from app.services.clock import Clock
from realtime.ports import CommandError

ASK_S = 6.0  # a vendor that takes longer is "not reached"
EXPIRES_SOON = timedelta(days=7)


class Signature(StrEnum):
    """What the last requests that named an account were worth."""

    OK = "ok"
    REFUSED = "refused"
    UNSEEN = "unseen"


class Trouble(StrEnum):
    """What is wrong with an account; `is_bad` when messages are lost or not sent because of it."""

    SECRETS_UNREADABLE = "secrets_unreadable"
    CREDENTIALS_REFUSED = "credentials_refused"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_EXPIRES_SOON = "token_expires_soon"
    NOT_SUBSCRIBED = "not_subscribed"
    FIELDS_MISSING = "fields_missing"
    SIGNATURE_REFUSED = "signature_refused"
    SENDING_FAILED = "sending_failed"
    VENDOR_NOT_REACHED = "vendor_not_reached"

    @property
    def is_bad(self) -> bool:
        return self not in (Trouble.TOKEN_EXPIRES_SOON, Trouble.SENDING_FAILED, Trouble.VENDOR_NOT_REACHED)


MEND: Mapping[Trouble, str] = {
    Trouble.SECRETS_UNREADABLE: "stored under another ASSISTIFY_SECRET_KEY: enter them again, or restore that key",
    Trouble.CREDENTIALS_REFUSED: "the vendor refuses the credentials: enter new ones",
    Trouble.TOKEN_EXPIRED: "the access token has expired: enter a new one",
    Trouble.TOKEN_EXPIRES_SOON: "the access token expires soon: enter a new one",
    Trouble.NOT_SUBSCRIBED: "the vendor does not send events here: subscribe the webhook",
    Trouble.FIELDS_MISSING: "the subscription lacks events: subscribe again",
    Trouble.SIGNATURE_REFUSED: "the last request was signed with another secret, or for another address",
    Trouble.SENDING_FAILED: "the last message was not taken: see its error",
    Trouble.VENDOR_NOT_REACHED: "the vendor did not answer in time: try again",
}


@dataclass(frozen=True, slots=True)
class Traces:
    """What is stored of an account's traffic."""

    last_event_at: datetime | None = None
    last_refused_at: datetime | None = None  # a request with a wrong signature
    last_sent_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None


class TraceLog(Protocol):
    """Reads the traffic of accounts."""

    async def traces(self, account: UUID) -> Traces: ...


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """How an account is. `report` is None for a channel whose vendor is not asked, and when it did not answer."""

    account: StoredAccount
    signature: Signature
    traces: Traces
    limits: Limits | None
    report: VendorReport | None
    troubles: Sequence[Trouble]
    checked_at: datetime

    @property
    def state(self) -> str:
        """`off`, `broken`, `warning` or `ok`."""
        if not self.account.active:
            return "off"
        if any(one.is_bad for one in self.troubles):
            return "broken"
        return "warning" if self.troubles else "ok"


class ChannelHealth:
    """Checks accounts. `channels` by kind."""

    def __init__(
        self,
        accounts: Accounts,
        log: TraceLog,
        channels: Mapping[str, Channel],
        http: Http,
        clock: Clock,
        *,
        public_url: str,
        ask_s: float = ASK_S,
    ) -> None:
        self._accounts = accounts
        self._log = log
        self._channels = channels
        self._http = http
        self._clock = clock
        self._public_url = public_url
        self._ask_s = ask_s

    async def of_account(self, shop: UUID, account: UUID) -> AccountHealth:
        """Check one account; the vendor is asked, for at most `ask_s`.

        Raises: CommandError `not_found`.
        """
        stored = next((one for one in await self._accounts.of_shop(shop) if one.id == account), None)
        if stored is None:
            raise CommandError("not_found", "there is no such account")
        return await self._check(stored)

    async def of_shop(self, shop: UUID) -> Sequence[AccountHealth]:
        """Check all accounts of a shop at once."""
        return await asyncio.gather(*(self._check(one) for one in await self._accounts.of_shop(shop)))

    async def _check(self, stored: StoredAccount) -> AccountHealth:
        traces, troubles = await self._log.traces(stored.id), []
        signature, report = _signature(traces), None
        channel = self._channels.get(stored.kind)
        if stored.active and channel is not None:
            try:
                account = await self._accounts.find(stored.id)
            except ConfigurationError:
                account = None
                troubles.append(Trouble.SECRETS_UNREADABLE)
            if account is not None:
                report = await self._ask(channel, account)
                if report is None and channel.upkeep is not None:
                    troubles.append(Trouble.VENDOR_NOT_REACHED)
            if report is not None and report.token_expires_at is None:
                report = replace(report, token_expires_at=stored.token_expires_at)
            troubles += self._troubles(stored, signature, traces, report)
        limits = None if channel is None or channel.sender is None else channel.sender.limits
        return AccountHealth(stored, signature, traces, limits, report, troubles, self._clock.now())

    async def _ask(self, channel: Channel, account: Account) -> VendorReport | None:
        url = channel.webhook_url(self._public_url)
        if channel.upkeep is None or url is None:
            return None
        try:
            async with asyncio.timeout(self._ask_s):
                return await channel.upkeep.inspect(account, url, self._http)
        except (TimeoutError, HttpLostError, HttpUnreachableError):
            return None

    def _troubles(
        self, stored: StoredAccount, signature: Signature, traces: Traces, report: VendorReport | None
    ) -> list[Trouble]:
        told = report or VendorReport()
        expires = told.token_expires_at
        now = self._clock.now()
        is_expired = expires is not None and expires <= now
        is_refused = told.credentials_good is False or stored.problem is not None
        is_failing = traces.last_error_at is not None and (
            traces.last_sent_at is None or traces.last_error_at > traces.last_sent_at
        )
        checks = (
            (Trouble.TOKEN_EXPIRED, is_expired),
            (Trouble.CREDENTIALS_REFUSED, is_refused and not is_expired),
            (Trouble.NOT_SUBSCRIBED, told.subscribed is False),
            (Trouble.SIGNATURE_REFUSED, signature is Signature.REFUSED),
            (Trouble.FIELDS_MISSING, bool(told.missing)),
            (Trouble.TOKEN_EXPIRES_SOON, expires is not None and now < expires <= now + EXPIRES_SOON),
            (Trouble.SENDING_FAILED, is_failing),
        )
        return [trouble for trouble, is_so in checks if is_so]


def _signature(traces: Traces) -> Signature:
    good, bad = traces.last_event_at, traces.last_refused_at
    if bad is not None and (good is None or bad > good):
        return Signature.REFUSED
    return Signature.UNSEEN if good is None else Signature.OK
