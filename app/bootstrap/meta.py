"""Signing in at Facebook and at Instagram, for the web role."""

from __future__ import annotations

from app.bootstrap.core import Core, Parts
from app.bootstrap.upkeep import open_reconciling
from app.channels.instagram_login import InstagramLogin
from app.channels.meta_login import MetaApp, MetaLogin
from app.channels.registry import BY_KIND
from app.db.account_traces import SqlAccountStates
from app.db.shopify_accounts import SqlPendingInstalls
from app.db.vault import Vault
from app.services import instagram_connect, meta_connect
from app.services.accounts import AccountDesk
from app.services.clock import SystemClock
from app.services.instagram_connect import InstagramConnect
from app.services.meta_connect import MetaConnect
from app.services.sign_ins import SignIns


def open_meta_connect(core: Core, parts: Parts) -> MetaConnect:
    """Wire what connects pages."""
    settings = core.settings
    app = MetaApp(settings.meta_app_id, settings.meta_app_secret.get_secret_value()) if settings.meta_app_id else None
    return MetaConnect(
        None if app is None else MetaLogin(core.http, app, stand_in=settings.meta_stand_in),
        app,
        SignIns(SqlPendingInstalls(core.database), meta_connect.VENDOR),
        AccountDesk(core.accounts, BY_KIND),
        open_reconciling(core, parts),
        scopes=settings.meta_scopes.replace(" ", ""),
        verify_token=settings.verify_token.get_secret_value(),
        public_url=settings.resolved_public_url,
        stand_in=settings.meta_stand_in,
    )


def open_instagram_connect(core: Core, parts: Parts, pages: MetaConnect) -> InstagramConnect:
    """Wire what connects Instagram accounts without a page; `pages` has the app's webhooks set where it can."""
    settings = core.settings
    secret = settings.instagram_app_secret.get_secret_value()
    app = MetaApp(settings.instagram_app_id, secret) if settings.instagram_app_id else None

    async def listen(verify_token: str) -> None:
        await pages.listen(verify_token, ["instagram"])

    return InstagramConnect(
        None if app is None else InstagramLogin(core.http, app, stand_in=settings.meta_stand_in),
        app,
        SignIns(SqlPendingInstalls(core.database), instagram_connect.VENDOR),
        AccountDesk(core.accounts, BY_KIND),
        SqlAccountStates(core.database, Vault(settings.resolved_secret_key())),
        open_reconciling(core, parts),
        SystemClock(),
        scopes=settings.instagram_scopes.replace(" ", ""),
        verify_token=settings.verify_token.get_secret_value(),
        public_url=settings.resolved_public_url,
        listen=listen if pages.is_set else None,
        stand_in=settings.meta_stand_in,
    )
