"""Signing in at Facebook, for the web role."""

from __future__ import annotations

from app.bootstrap.core import Core, Parts
from app.bootstrap.upkeep import open_reconciling
from app.channels.meta_login import MetaApp, MetaLogin
from app.channels.registry import BY_KIND
from app.db.shopify_accounts import SqlPendingInstalls
from app.services.accounts import AccountDesk
from app.services.meta_connect import MetaConnect


def open_meta_connect(core: Core, parts: Parts) -> MetaConnect:
    """Wire what connects pages."""
    settings = core.settings
    app = MetaApp(settings.meta_app_id, settings.meta_app_secret.get_secret_value()) if settings.meta_app_id else None
    return MetaConnect(
        None if app is None else MetaLogin(core.http, app, stand_in=settings.meta_stand_in),
        app,
        SqlPendingInstalls(core.database),
        AccountDesk(core.accounts, BY_KIND),
        open_reconciling(core, parts),
        scopes=settings.meta_scopes.replace(" ", ""),
        verify_token=settings.verify_token.get_secret_value(),
        public_url=settings.resolved_public_url,
        stand_in=settings.meta_stand_in,
    )
