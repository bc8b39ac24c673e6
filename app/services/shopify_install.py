"""Connecting a Shopify shop by signing in there: OAuth's authorization code grant, and taking the app out again.

Source: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from app.channels import shopify, signatures
from app.channels.shopify_admin import AdminError, AdminRefusedError, App, Grant, ShopifyAdmin
from app.domain.channel import Account, Record
from app.domain.job import Lane, NewJob
from app.services.accounts import AccountDesk, Accounts
from app.services.clock import Clock
from app.services.jobs import JobQueue
from app.services.ports import Store, WaitingEvent
from realtime.ports import CommandError

log = structlog.get_logger(__name__)

STATE_S = 600.0
STATE_BYTES = 32
UNINSTALLED = "app/uninstalled"
SUBSCRIBE_KIND = "shopify.subscribe"
CALLBACK_PATH = "/api/channels/shopify/install/callback/"
REFUSED = "this is not an answer to an installation that you began here within the last ten minutes"


@dataclass(frozen=True, slots=True)
class PendingInstall:
    """An installation that was begun: by whom, from which session, for which of Shopify's shops."""

    shop: UUID
    user: UUID
    session: str  # its hash
    domain: str


class PendingInstalls(Protocol):
    """Keeps what was begun, under the hash of its state."""

    async def add(self, state: str, pending: PendingInstall, ttl_s: float) -> None:
        """Insert, and forget those that ran out."""

    async def find(self, state: str) -> PendingInstall | None:
        """Return one that has not run out."""

    async def take(self, state: str) -> bool:
        """Remove; false when somebody else did."""


class InstalledAccounts(Protocol):
    """What an installation changes in the row of its account, each under the row's lock."""

    async def renew(self, account: UUID, used: str, grant: Grant) -> bool:
        """Write renewed tokens; false when the refresh token that was used is not the stored one any more."""

    async def uninstall(self, account: UUID, told_at: datetime) -> bool:
        """Drop the tokens and keep the client secret; false when the app was installed after `told_at`."""

    async def allow_origins(self, shop: UUID, origins: Sequence[str]) -> None:
        """Let pages of these origins embed the widget."""


class ShopifyInstall:
    """Installs the app in a Shopify shop. `app` is the one of the settings, for shops that bring none of their own."""

    def __init__(
        self,
        accounts: Accounts,
        desk: AccountDesk,
        pending: PendingInstalls,
        admin: ShopifyAdmin,
        queue: JobQueue,
        clock: Clock,
        *,
        begin_sync: Callable[[UUID, UUID], Awaitable[object]],
        app: App | None,
        scopes: str,
        public_url: str,
    ) -> None:
        self._accounts = accounts
        self._desk = desk
        self._pending = pending
        self._admin = admin
        self._queue = queue
        self._clock = clock
        self._begin_sync = begin_sync
        self._app = app
        self._scopes = scopes
        self._callback = public_url + CALLBACK_PATH

    async def begin(self, shop: UUID, user: UUID, session: str, domain: str) -> str:
        """Return the page on which the merchant approves; `session` is the hash of the admin's session.

        Raises: CommandError `bad_frame`.
        """
        domain = shopify.shop_domain(domain)
        if not domain:
            raise CommandError("bad_frame", "shop: use the shop's permanent address, name.myshopify.com")
        app = await self._app_of(shop, domain)
        state = secrets.token_urlsafe(STATE_BYTES)
        await self._pending.add(_hash(state), PendingInstall(shop, user, session, domain), STATE_S)
        return self._admin.authorize_url(domain, app, self._scopes, self._callback, state)

    async def finish(self, shop: UUID, user: UUID, session: str, query: signatures.Pairs) -> UUID:
        """Check the callback, swap its code for a token, and keep the account.

        Raises: CommandError `forbidden`, `conflict`, `unavailable`.
        """
        given = dict(query)
        state = _hash(given.get("state", ""))
        pending = await self._pending.find(state)
        domain = shopify.shop_domain(given.get("shop", ""))
        if pending is None or pending != PendingInstall(shop, user, session, domain) or not given.get("code"):
            raise CommandError("forbidden", REFUSED)
        app = await self._app_of(shop, domain)
        if not signatures.shopify_oauth([app.client_secret], query, self._clock.now()):
            raise CommandError("forbidden", "Shopify's signature is wrong or too old: begin again")
        if not await self._pending.take(state):
            raise CommandError("forbidden", REFUSED)
        return await self._keep(shop, domain, app, await self._exchange(domain, app, given["code"]))

    async def _exchange(self, domain: str, app: App, code: str) -> Grant:
        try:
            grant = await self._admin.exchange(domain, app, code, self._clock.now())
        except AdminRefusedError as error:
            raise CommandError("forbidden", "Shopify does not take the code of its answer: begin again") from error
        except AdminError as error:
            raise CommandError("unavailable", "Shopify cannot be reached now: begin again later") from error
        missing = sorted(scope for scope in self._scopes.split(",") if not _is_granted(scope, grant.scopes))
        if missing:
            raise CommandError("forbidden", f"the app lacks the scopes {', '.join(missing)}: they are all needed")
        return grant

    async def _keep(self, shop: UUID, domain: str, app: App, grant: Grant) -> UUID:
        now = self._clock.now()
        values = {
            "shop_domain": domain,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "access_token": grant.token,
            "installed_at": now.isoformat(),
            **grant_fields(grant),
            "refresh_token": grant.refresh,
        }
        known = await self._known(shop, domain)
        before = known.secrets.get("client_secret", "") if known is not None else ""
        if before and before != app.client_secret:
            values["previous_secret"] = before  # Shopify goes on signing with it for up to an hour
        account = await self._desk.put(shop, shopify.KIND, values)
        cause = f"{account}@{now.isoformat()}"
        await self._queue.enqueue(NewJob(Lane.SYNC, SUBSCRIBE_KIND, cause, shop, payload={"account": str(account)}))
        await self._begin_sync(shop, account)
        log.info("shopify installed", action="shopify_installed", account=str(account))
        return account

    async def _app_of(self, shop: UUID, domain: str) -> App:
        """Return the app to install: the one that the shop brought with its account, else that of the settings."""
        known = await self._known(shop, domain)
        own = known.fields.get("client_id", "") if known is not None else ""
        if known is not None and own and (self._app is None or own != self._app.client_id):
            return App(own, known.secrets.get("client_secret", ""))
        if self._app is None:
            raise CommandError(
                "bad_frame",
                "no app is set: give ASSISTIFY_SHOPIFY_CLIENT_ID and ASSISTIFY_SHOPIFY_CLIENT_SECRET, or connect the "
                "shop with the client_id and client_secret of its own app first",
            )
        return self._app

    async def _known(self, shop: UUID, domain: str) -> Account | None:
        for one in await self._accounts.of_shop(shop):
            if (one.kind, one.external_id) == (shopify.KIND, domain):
                return await self._accounts.find(one.id)
        return None


class Uninstalled:
    """What a webhook does that tells that the app was taken out."""

    def __init__(self, accounts: InstalledAccounts, store: Store, clock: Clock) -> None:
        self._accounts = accounts
        self._store = store
        self._clock = clock

    async def record(self, row: WaitingEvent, event: Record) -> None:
        """Drop the tokens. The client secret signs `shop/redact`, which comes two days later, and stays until then."""
        if await self._accounts.uninstall(row.account, event.at or self._clock.now()):
            log.info("shopify uninstalled", action="shopify_uninstalled", account=str(row.account))
        async with self._store.write() as tx:
            await tx.inbox.finish(row.id)
            await tx.commit()


def grant_fields(grant: Grant) -> Mapping[str, str]:
    """Return what is kept of a grant beside its tokens."""
    expires_at = grant.expires_at
    return {
        "scopes": ",".join(sorted(grant.scopes)),
        "token_expires_at": "" if expires_at is None else expires_at.isoformat(),
    }


def time_of(text: str | None) -> datetime | None:
    """Return a time as it is kept in a field of an account; None for none, and for one that somebody wrote by hand."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _is_granted(scope: str, granted: frozenset[str]) -> bool:
    """Whether a scope was given; to write includes to read, and Shopify then leaves the lesser one out."""
    return scope in granted or scope.replace("read_", "write_", 1) in granted


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
