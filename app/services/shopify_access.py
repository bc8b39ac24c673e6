"""A shop's admin, asked with the token of its account, which is renewed before it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from app.channels.shopify_admin import AdminRefusedError, App, Reply, ShopifyAdmin
from app.domain.channel import Account
from app.services.accounts import Accounts
from app.services.clock import Clock
from app.services.notifying import tell_account_broken
from app.services.ports import Store
from app.services.publish import Publisher
from app.services.shopify_install import InstalledAccounts, time_of

log = structlog.get_logger(__name__)

RENEW_BEFORE = timedelta(minutes=5)


class ShopifyAccess:
    """Asks for one account at a time."""

    def __init__(
        self,
        accounts: Accounts,
        installed: InstalledAccounts,
        admin: ShopifyAdmin,
        store: Store,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._installed = installed
        self._admin = admin
        self._store = store
        self._publisher = publisher
        self._clock = clock

    async def account(self, account: UUID) -> Account | None:
        """Return an account that may ask; None when the app is not installed (any more)."""
        found = await self._accounts.find(account)
        return found if found is not None and found.secrets.get("access_token") else None

    async def ask(self, account: UUID, document: str, variables: Mapping[str, Any]) -> Reply:
        """Run a GraphQL document; a token that has ended is renewed once.

        Raises: AdminRefusedError, after the account was marked when it is its credentials that are refused; AdminError,
        ThrottledError, TooMuchError.
        """
        found = await self._usable(account)
        for is_last in (False, True):
            try:
                return await self._admin.ask(found.external_id, found.secrets["access_token"], document, variables)
            except AdminRefusedError as error:
                if not error.is_credentials:
                    raise
                if is_last or not found.secrets.get("refresh_token"):
                    await self._stop(found, error)
                    raise
                found = await self._renewed(found)
        raise AssertionError("the second try returns or raises")

    async def _usable(self, account: UUID) -> Account:
        found = await self.account(account)
        if found is None:
            raise AdminRefusedError("the app is not installed")
        expires_at = time_of(found.fields.get("token_expires_at"))
        ends_soon = expires_at is not None and expires_at - self._clock.now() < RENEW_BEFORE
        return await self._renewed(found) if ends_soon and found.secrets.get("refresh_token") else found

    async def _renewed(self, found: Account) -> Account:
        """Renew the token, or take the one that another worker has renewed meanwhile."""
        used = found.secrets["refresh_token"]
        app = App(found.fields.get("client_id", ""), found.secrets.get("client_secret", ""))
        try:
            grant = await self._admin.renew(found.external_id, app, used, self._clock.now())
        except AdminRefusedError as error:
            now = await self.account(found.id)
            if now is not None and now.secrets.get("refresh_token") != used:
                return now
            await self._stop(found, error)
            raise AdminRefusedError(str(error), is_credentials=True) from error
        await self._installed.renew(found.id, used, grant)
        log.info("shopify token renewed", action="shopify_token_renewed", account=str(found.id))
        now = await self.account(found.id)
        if now is None:
            raise AdminRefusedError("the app is not installed")
        return now

    async def _stop(self, account: Account, error: AdminRefusedError) -> None:
        async with self._store.write() as tx:
            await tx.deliveries.stop_account(account.id, str(error))
            told = await tell_account_broken(tx, account.shop, account.id, self._clock.now())
            await tx.commit()
        await self._publisher.publish(told)
