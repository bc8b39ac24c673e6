"""Connecting an Instagram account by signing in at Instagram itself, without a Facebook page."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import structlog

from app.channels.instagram_login import InstagramAccount, InstagramLogin
from app.channels.meta import INSTAGRAM
from app.channels.meta_login import LoginAwayError, LoginRefusedError, MetaApp
from app.channels.port import API_BASE
from app.services.accounts import AccountDesk
from app.services.clock import Clock
from app.services.reconciling import AccountStates, Reconciling
from app.services.sign_ins import STATE_BYTES, SignIns
from realtime.ports import CommandError

log = structlog.get_logger(__name__)

CALLBACK_PATH = "/api/channels/instagram/connect/callback/"
VENDOR = "instagram"
NO_APP = (
    "no app is set: give ASSISTIFY_INSTAGRAM_APP_ID and ASSISTIFY_INSTAGRAM_APP_SECRET, or connect the account by its "
    "keys"
)
NO_TOKEN = (
    "nobody could enter the webhook's verify token at Meta: give ASSISTIFY_VERIFY_TOKEN, or the Meta app as "
    "ASSISTIFY_META_APP_ID and ASSISTIFY_META_APP_SECRET, which then does it"
)

Listen = Callable[[str], Awaitable[None]]
"""Has the app's Instagram webhooks come here, with a verify token. Raises: CommandError `unavailable`."""


class InstagramConnect:
    """Connects the account that an admin signs in to. `app` is the Instagram app of the settings; None: there is none.
    `listen` is None where the webhook's address is set by hand, in the app's dashboard."""

    def __init__(
        self,
        login: InstagramLogin | None,
        app: MetaApp | None,
        sign_ins: SignIns,
        desk: AccountDesk,
        states: AccountStates,
        reconciling: Reconciling,
        clock: Clock,
        *,
        scopes: str,
        verify_token: str,
        public_url: str,
        listen: Listen | None,
        stand_in: str = "",
    ) -> None:
        self._login = login
        self._app = app
        self._sign_ins = sign_ins
        self._desk = desk
        self._states = states
        self._reconciling = reconciling
        self._clock = clock
        self._scopes = scopes
        self._verify_token = verify_token
        self._public_url = public_url
        self._listen = listen
        self._stand_in = stand_in

    @property
    def is_set(self) -> bool:
        """Whether there is an app to sign in with."""
        return self._login is not None

    async def begin(self, shop: UUID, user: UUID, session: str) -> str:
        """Return Instagram's page of approval; `session` is the hash of the admin's session.

        Raises: CommandError `bad_frame`.
        """
        login, _ = self._set()
        state = await self._sign_ins.begin(shop, user, session)
        return login.window_url(self._scopes, self._public_url + CALLBACK_PATH, state)

    async def finish(self, shop: UUID, user: UUID, session: str, query: Mapping[str, str]) -> UUID:
        """Check the callback, swap its code for a token that lasts 60 days, and keep the account; it is subscribed by
        a worker, and its token renewed by the daily look at all accounts.

        Raises: CommandError `forbidden`, `conflict`, `unavailable`.
        """
        login, app = self._set()
        await self._sign_ins.redeem(shop, user, session, query.get("state", ""))
        if not query.get("code"):
            raise CommandError("forbidden", "Instagram was not allowed to: begin again, and approve")
        found = await self._account(login, query["code"])
        verify_token = self._verify_token or secrets.token_urlsafe(STATE_BYTES)
        account = await self._keep(shop, app, found, verify_token)
        await self._reconciling.later(shop, account)
        if self._listen is not None:
            await self._listen(verify_token)
        log.info("instagram connected", action="instagram_connected", account=str(account))
        return account

    def _set(self) -> tuple[InstagramLogin, MetaApp]:
        if self._login is None or self._app is None:
            raise CommandError("bad_frame", NO_APP)
        if self._listen is None and not self._verify_token:
            raise CommandError("bad_frame", NO_TOKEN)
        return self._login, self._app

    async def _account(self, login: InstagramLogin, code: str) -> InstagramAccount:
        try:
            return await login.account(code, self._public_url + CALLBACK_PATH, self._clock.now())
        except LoginRefusedError as error:
            raise CommandError("forbidden", f"Instagram says: {error}. Begin again") from error
        except LoginAwayError as error:
            raise CommandError("unavailable", "Instagram cannot be reached now: begin again later") from error

    async def _keep(self, shop: UUID, app: MetaApp, found: InstagramAccount, verify_token: str) -> UUID:
        fields = {
            "ig_id": found.id,
            "access_token": found.token,
            "setup": "instagram",
            "app_secret": app.secret,
            "verify_token": verify_token,
        }
        if self._stand_in:
            fields[API_BASE.name] = self._stand_in
        account = await self._desk.put(shop, INSTAGRAM.kind, fields, found.name)
        state = await self._states.state(account)
        await self._states.note(account, {**state, "token_expires_at": found.expires_at.isoformat()})
        return account
