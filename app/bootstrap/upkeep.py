"""What keeps channel accounts working, for every role."""

from __future__ import annotations

from app.bootstrap.core import Core, Parts
from app.bootstrap.shopify import open_shopify
from app.channels.registry import BY_KIND
from app.channels.shopify import SHOPIFY
from app.db.account_traces import SqlAccountStates
from app.db.vault import Vault
from app.services.clock import SystemClock
from app.services.inbox import Inbox
from app.services.reconciling import Reconciling


def open_reconciling(core: Core, parts: Parts) -> Reconciling:
    """Wire what is done daily and at somebody's wish."""
    return Reconciling(
        core.accounts,
        SqlAccountStates(core.database, Vault(core.settings.resolved_secret_key())),
        Inbox(parts.store, parts.publisher),
        parts.queue,
        BY_KIND,
        core.http,
        SystemClock(),
        public_url=core.settings.resolved_public_url,
        keepers={SHOPIFY.kind: open_shopify(core, parts).reconciling},
    )
