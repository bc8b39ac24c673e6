"""Keeps channel accounts working: subscribed, with tokens that last, and with no message left at the vendor.

Daily for every account, after an account is connected, and when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog

from app.channels.port import Channel, Http, HttpLostError, HttpUnreachableError
from app.domain.channel import Account, VendorReport
from app.domain.job import ClaimedJob, Lane, NewJob
from app.errors import ConfigurationError
from app.services.accounts import Accounts
from app.services.clock import Clock
from app.services.ids import new_id
from app.services.inbox import Arrival, Inbox
from app.services.jobs import JobQueue
from realtime.ports import CommandError

RECONCILE_KIND = "channels.reconcile"
RECONCILE_ALL_KIND = "channels.reconcile_all"
LOOK_BACK = timedelta(days=2)  # for missed messages: longer than the day between two looks
RENEW_BEFORE = timedelta(days=30)
PATIENCE_S = 5.0  # of somebody who waits for an answer over HTTP

log = structlog.get_logger(__name__)


class AccountStates(Protocol):
    """What vendors last told of accounts; each call is one transaction."""

    async def ids(self) -> Sequence[tuple[UUID, UUID]]:
        """Return (shop, account) of all active accounts of vendors."""

    async def connected_at(self, account: UUID) -> datetime | None: ...

    async def state(self, account: UUID) -> Mapping[str, Any]: ...

    async def note(self, account: UUID, state: Mapping[str, Any]) -> None: ...

    async def renew(self, account: UUID, secret: str, value: str, state: Mapping[str, Any]) -> None:
        """Put a secret in the place of the one that is stored, and note the state with it."""

    async def heal(self, account: UUID) -> None:
        """Forget that the vendor refused the credentials: it takes them."""


@dataclass(frozen=True, slots=True)
class MissedRecords:
    """A walk through a shop's records at the vendor: `state` is running, done or failed; `counts` as in SyncRun, by
    kind; `unreadable` are the kinds that the token may not read."""

    state: str
    counts: Mapping[str, Mapping[str, int]]
    unreadable: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was done about an account. `report` is None when the vendor was not reached; `fetched` counts messages
    whose webhooks had never come; `topics` are those that had to be subscribed again, where the vendor has them, and
    `detail` why that was not done; `token_until` is the end of a token that is renewed by itself."""

    report: VendorReport | None
    subscribed_again: bool = False
    renewed: bool = False
    fetched: int = 0
    topics: tuple[str, ...] = ()
    detail: str = ""
    token_until: datetime | None = None
    records: MissedRecords | None = None

    @property
    def has_mended(self) -> bool:
        """Whether anything had to be made good."""
        counts = self.records.counts.values() if self.records is not None else ()
        records = any(one.get("taken") or one.get("removed") for one in counts)
        return self.subscribed_again or self.renewed or bool(self.fetched) or records


class Keeper(Protocol):
    """Looks after accounts of a channel whose vendor has more than messages."""

    async def keep(self, account: Account, webhook_url: str, http: Http, patience_s: float) -> Reconciled:
        """Do all that is to be done; what takes longer than `patience_s` goes on by itself.

        Raises: HttpLostError, HttpUnreachableError.
        """


class Reconciling:
    """Use cases of admins, and handlers of jobs. `channels` and `keepers` by kind; what keepers do also has
    daily jobs of its own."""

    def __init__(
        self,
        accounts: Accounts,
        states: AccountStates,
        inbox: Inbox,
        queue: JobQueue,
        channels: Mapping[str, Channel],
        http: Http,
        clock: Clock,
        *,
        public_url: str,
        keepers: Mapping[str, Keeper],
    ) -> None:
        self._accounts = accounts
        self._keepers = keepers
        self._states = states
        self._inbox = inbox
        self._queue = queue
        self._channels = channels
        self._http = http
        self._clock = clock
        self._public_url = public_url

    async def later(self, shop: UUID, account: UUID) -> None:
        """Have an account reconciled by a worker, soon."""
        await self._queue.enqueue(_job(shop, account, f"{account}:{new_id()}"))

    async def fan_out(self, job: ClaimedJob) -> None:
        """Handler of the daily job: one job per account, so that one that fails holds up no other."""
        for shop, account in await self._states.ids():
            await self._queue.enqueue(_job(shop, account, f"{job.cause}:{account}"))

    async def reconcile(self, job: ClaimedJob) -> None:
        """Handler of an account's job; an account that is gone meanwhile is none.

        Raises: HttpLostError, HttpUnreachableError: the vendor is asked again later.
        """
        account = None if job.shop is None else await self._active(job.shop, UUID(job.payload["account"]))
        if account is not None:
            await self._do(account)

    async def now(self, shop: UUID, account: UUID, *, patience_s: float = PATIENCE_S) -> Reconciled:
        """Reconcile an account of a shop at once; what takes longer than `patience_s` is left to a worker.

        Raises: CommandError `not_found`.
        """
        found = await self._active(shop, account)
        if found is None:
            raise CommandError("not_found", "there is no such account, or it is switched off")
        try:
            keeper = self._keepers.get(found.kind)
            return await (self._do(found) if keeper is None else self._have_kept(keeper, found, patience_s))
        except (HttpLostError, HttpUnreachableError):
            return Reconciled(None)

    async def _active(self, shop: UUID, account: UUID) -> Account | None:
        if not any(one.id == account and one.active for one in await self._accounts.of_shop(shop)):
            return None
        try:
            return await self._accounts.find(account)
        except ConfigurationError:
            log.warning("secrets unreadable", action="reconcile_skipped", account=str(account))
            return None

    async def _do(self, account: Account) -> Reconciled:
        channel = self._channels.get(account.kind)
        url = None if channel is None else channel.webhook_url(self._public_url)
        if channel is None or channel.upkeep is None or url is None:
            return Reconciled(VendorReport())
        account, is_renewed = await self._renew(channel, account)
        report = await channel.upkeep.inspect(account, url, self._http)
        is_again = False
        if report.credentials_good is not False and (report.subscribed is False or report.missing):
            is_again = await channel.upkeep.subscribe(account, url, self._http)
            if is_again:
                report = await channel.upkeep.inspect(account, url, self._http)
        fetched = 0 if report.credentials_good is False else await self._fetch(channel, account)
        await self._note(account, report)
        if is_again or is_renewed or fetched:
            fields = {"subscribed": is_again, "renewed": is_renewed, "fetched": fetched}
            log.info("account reconciled", action="account_reconciled", account=str(account.id), **fields)
        return Reconciled(report, is_again, is_renewed, fetched)

    async def _have_kept(self, keeper: Keeper, account: Account, patience_s: float) -> Reconciled:
        url = self._channels[account.kind].webhook_url(self._public_url)
        done = await keeper.keep(account, url or "", self._http, patience_s)
        if done.report is not None and done.report.credentials_good:
            await self._states.heal(account.id)
        return done

    async def _renew(self, channel: Channel, account: Account) -> tuple[Account, bool]:
        """Renew a token that has less than RENEW_BEFORE left, or whose end is not known."""
        state = await self._states.state(account.id)
        expires_at, now = token_end(state), self._clock.now()
        if channel.upkeep is None or (expires_at is not None and expires_at - now > RENEW_BEFORE):
            return account, False
        renewal = await channel.upkeep.renew(account, self._http)
        if renewal is None:
            return account, False
        told = {**state, "token_expires_at": None if renewal.expires_at is None else renewal.expires_at.isoformat()}
        await self._states.renew(account.id, renewal.secret, renewal.value, told)
        return replace(account, secrets={**account.secrets, renewal.secret: renewal.value}), True

    async def _fetch(self, channel: Channel, account: Account) -> int:
        """Take in what customers wrote and no webhook told; what is here already is found by its key."""
        connected_at = await self._states.connected_at(account.id)
        if channel.upkeep is None or connected_at is None:
            return 0
        since = max(connected_at, self._clock.now() - LOOK_BACK).replace(microsecond=0)  # vendors tell seconds
        found = await channel.upkeep.missed(account, since, self._http)
        arrivals = [Arrival(account, one.event, one.raw) for one in found]
        return await self._inbox.accept(channel.kind, arrivals, {}, notes_duplicates=False) if arrivals else 0

    async def _note(self, account: Account, report: VendorReport) -> None:
        state = dict(await self._states.state(account.id))
        if report.token_expires_at is not None:
            state["token_expires_at"] = report.token_expires_at.isoformat()
        state["checked_at"] = self._clock.now().isoformat()
        await self._states.note(account.id, state)
        if report.credentials_good:
            await self._states.heal(account.id)


def token_end(state: Mapping[str, Any]) -> datetime | None:
    """Return until when the token is good, as far as that was told."""
    told = state.get("token_expires_at")
    return datetime.fromisoformat(told) if isinstance(told, str) else None


def _job(shop: UUID, account: UUID, cause: str) -> NewJob:
    return NewJob(Lane.SYNC, RECONCILE_KIND, cause, shop=shop, payload={"account": str(account)})
