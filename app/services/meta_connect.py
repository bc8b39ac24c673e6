"""Connecting Messenger and Instagram by signing in at Facebook: pages are chosen there, and become accounts here."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import structlog

from app.channels.meta import INSTAGRAM, MESSENGER
from app.channels.meta_login import LoginAwayError, LoginRefusedError, MetaApp, MetaLogin, Page
from app.channels.meta_upkeep import INSTAGRAM_FIELDS, PAGE_FIELDS
from app.channels.port import API_BASE, Channel
from app.services.accounts import AccountDesk
from app.services.reconciling import Reconciling
from app.services.sign_ins import STATE_BYTES, SignIns
from realtime.ports import CommandError

log = structlog.get_logger(__name__)

CALLBACK_PATH = "/api/channels/meta/connect/callback/"
KINDS = (MESSENGER.kind, INSTAGRAM.kind)
VENDOR = "facebook"
NO_APP = "no app is set: give ASSISTIFY_META_APP_ID and ASSISTIFY_META_APP_SECRET, or connect the page by its keys"
OBJECTS: Mapping[str, Sequence[str]] = {"page": PAGE_FIELDS, "instagram": INSTAGRAM_FIELDS}


class MetaConnect:
    """Connects the pages that an admin chooses at Facebook. `app` is that of the settings; None: there is none."""

    def __init__(
        self,
        login: MetaLogin | None,
        app: MetaApp | None,
        sign_ins: SignIns,
        desk: AccountDesk,
        reconciling: Reconciling,
        *,
        scopes: str,
        verify_token: str,
        public_url: str,
        stand_in: str = "",
    ) -> None:
        self._login = login
        self._app = app
        self._sign_ins = sign_ins
        self._desk = desk
        self._reconciling = reconciling
        self._scopes = scopes
        self._verify_token = verify_token
        self._public_url = public_url
        self._stand_in = stand_in

    @property
    def is_set(self) -> bool:
        """Whether there is an app to sign in with."""
        return self._login is not None

    async def begin(self, shop: UUID, user: UUID, session: str) -> str:
        """Return Facebook's page of approval; `session` is the hash of the admin's session.

        Raises: CommandError `bad_frame`.
        """
        login, _ = self._set()
        state = await self._sign_ins.begin(shop, user, session)
        return login.dialog_url(self._scopes, self._public_url + CALLBACK_PATH, state)

    async def finish(self, shop: UUID, user: UUID, session: str, query: Mapping[str, str]) -> Sequence[UUID]:
        """Check the callback, swap its code for the pages' tokens, and keep an account for each and for the Instagram
        accounts behind them.

        Raises: CommandError `forbidden`, `conflict`, `unavailable`.
        """
        login, app = self._set()
        await self._sign_ins.redeem(shop, user, session, query.get("state", ""))
        if not query.get("code"):
            raise CommandError("forbidden", "Facebook was not allowed to: begin again, and approve")
        pages = await self._pages(login, query["code"])
        verify_token = self._verify_token or secrets.token_urlsafe(STATE_BYTES)
        accounts = [one for page in pages for one in await self._keep(shop, app, page, verify_token)]
        for account in accounts:
            await self._reconciling.later(shop, account)  # subscribes the app to the page
        await self.listen(verify_token, OBJECTS)
        log.info("pages connected", action="meta_connected", accounts=len(accounts))
        return accounts

    def _set(self) -> tuple[MetaLogin, MetaApp]:
        if self._login is None or self._app is None:
            raise CommandError("bad_frame", NO_APP)
        return self._login, self._app

    async def _pages(self, login: MetaLogin, code: str) -> Sequence[Page]:
        try:
            pages = await login.pages(await login.exchange(code, self._public_url + CALLBACK_PATH))
        except LoginRefusedError as error:
            raise CommandError("forbidden", f"Facebook says: {error}. Begin again") from error
        except LoginAwayError as error:
            raise CommandError("unavailable", "Facebook cannot be reached now: begin again later") from error
        if not any(page.token for page in pages):
            raise CommandError("forbidden", "no page was chosen at Facebook: begin again, and choose one")
        return [page for page in pages if page.token]

    async def _keep(self, shop: UUID, app: MetaApp, page: Page, verify_token: str) -> list[UUID]:
        common = {"app_id": app.id, "app_secret": app.secret, "verify_token": verify_token, "page_id": page.id}
        if self._stand_in:
            common[API_BASE.name] = self._stand_in
        kept = [await self._desk.put(shop, MESSENGER.kind, {**common, "page_token": page.token}, page.name)]
        if page.instagram is not None:
            own = {"ig_id": page.instagram, "access_token": page.token, "setup": "facebook"}
            kept.append(await self._desk.put(shop, INSTAGRAM.kind, {**common, **own}, page.instagram_name or page.name))
        return kept

    async def listen(self, verify_token: str, kinds: Collection[str]) -> None:
        """Have the app's webhooks of these kinds of object come here; Meta checks the address with the verify token,
        which is stored by now.

        Raises: CommandError `unavailable`.
        """
        login, _ = self._set()
        channels: Mapping[str, Channel] = {"page": MESSENGER, "instagram": INSTAGRAM}
        for kind in kinds:
            url = channels[kind].webhook_url(self._public_url)
            try:
                await login.subscribe(kind, OBJECTS[kind], url or "", verify_token)
            except (LoginAwayError, LoginRefusedError) as error:
                said = f"it is connected, but Meta does not send their events to {url} ({error}): sign in again"
                raise CommandError("unavailable", said) from error
