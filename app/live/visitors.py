"""Who a visitor is: widget key, origin, signed identity, token."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from app.auth.identity import is_identity_genuine
from app.auth.tokens import Claims, TokenKind, TokenRejectedError, Tokens
from app.services.ids import new_id
from app.services.ingest import Ingest, blocked
from app.services.ports import Identity
from app.services.shops import Shops, WidgetShop
from realtime.ports import Authenticated, CommandError, Peer, Principal
from realtime.protocol.commands import Identity as GivenIdentity
from realtime.protocol.commands import Page, VisitorHello

DAY_S = 86_400
SAID_BYTES = 2048  # of page and locale in a token: it travels in a header, of which proxies take 8 KiB
PROOF_S = 600.0  # a stream of a verified customer is opened with a token that a hello gave so lately


class Visitors:
    """Authenticates the widget. `public_url` is the server's own, whose pages may always connect."""

    def __init__(
        self,
        shops: Shops,
        ingest: Ingest,
        tokens: Tokens,
        *,
        public_url: str,
        token_days: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._shops = shops
        self._ingest = ingest
        self._tokens = tokens
        self._public_host = urlsplit(public_url).netloc
        self._token_s = token_days * DAY_S
        self._now = now

    async def authenticate(self, hello: VisitorHello, peer: Peer) -> Authenticated:
        """Return who connects.

        Raises: CommandError `unauthorized` for a wrong key, origin, hash or token, `forbidden` for a blocked customer.
        """
        shop = await self._shops.by_key(hello.widget_key)
        if shop is None:
            raise CommandError("unauthorized", "there is no shop with this widget key")
        self._check_origin(shop, peer)
        claims = None if hello.token is None else self._claims(hello.token, shop.id)
        given = hello.identity
        if given is not None and given.hash is not None:
            return await self._verified(shop, given, hello)
        # A token of a verified customer is worth nothing once the page no longer says who they are.
        known = claims if claims is not None and claims.identity is None else None
        visitor = known.subject if known is not None else new_id()
        token = hello.token if known is not None else self._issue(visitor, shop.id, None)
        record = await self._find(visitor)
        principal = Principal(
            kind="visitor",
            id=visitor,
            shop=shop.id,
            name=record.name if record is not None else None,
            customer=record.customer if record is not None else None,
            locale=hello.locale,
            page=hello.page,
        )
        return self._authenticated(principal, token)

    def stream_token(self, authenticated: Authenticated) -> str:
        """Return the token that opens a stream after this hello, on whichever node: it tells page and locale."""
        principal, token = authenticated.principal, authenticated.token
        if token is None or authenticated.expires_at is None:
            raise ValueError("expected a visitor with a token, got none")
        said = _said(principal)
        if not said:
            return token
        claims = self._tokens.check(token, TokenKind.VISITOR)
        left_s = authenticated.expires_at - self._now()
        return self._tokens.issue(
            TokenKind.VISITOR, principal.id, principal.shop, ttl_s=left_s, identity=claims.identity, said=said
        )

    async def to_stream(self, token: str, peer: Peer) -> Authenticated:
        """Return who opens a stream with a token; a verified customer's is from the hello just before.

        Raises: as `known`; CommandError `unauthorized` for an older one: whoever finds it in a browser is not the
            customer once the page no longer says who they are.
        """
        claims = self._claims(token, None)
        if claims.identity is not None and self._now() > claims.issued_at + PROOF_S:
            raise CommandError("unauthorized", "say hello first, with the identity: the token is of an earlier one")
        return await self.known(token, peer)

    async def known(self, token: str, peer: Peer) -> Authenticated:
        """Return who a token belongs to; the hello that gave it was answered before.

        Raises: CommandError `unauthorized` for a wrong origin or token, `forbidden` for a blocked customer.
        """
        claims = self._claims(token, None)
        shop = await self._shops.by_id(claims.shop)
        if shop is None:
            raise CommandError("unauthorized", "the token is of a shop that is gone")
        self._check_origin(shop, peer)
        record = await self._find(claims.subject)
        principal = Principal(
            kind="visitor",
            id=claims.subject,
            shop=shop.id,
            name=record.name if record is not None else None,
            verified=claims.identity is not None,
            customer=record.customer if record is not None else None,
            **_heard(claims.said or {}),
        )
        return self._authenticated(principal, token)

    async def refresh(self, principal: Principal, token: str) -> Authenticated:
        """Check a newer token of the same visitor.

        Raises: CommandError `unauthorized`.
        """
        claims = self._claims(token, principal.shop)
        if claims.subject != principal.id:
            raise CommandError("unauthorized", "the token is another visitor's")
        return self._authenticated(principal, token)

    async def embedding_origins(self, widget_key: str) -> str:
        """Return the CSP source list of the pages that may embed a shop's widget."""
        shop = await self._shops.by_key(widget_key)
        origins = [origin for origin in shop.origins if _is_origin(origin)] if shop is not None else []
        return " ".join(["'self'", *origins])

    async def _verified(self, shop: WidgetShop, given: GivenIdentity, hello: VisitorHello) -> Authenticated:
        if given.hash is None or not is_identity_genuine(shop.widget_secret, given.id, given.hash, self._now()):
            raise CommandError(
                "unauthorized", "the identity's hash is wrong or too old: hex HMAC-SHA256(widget secret, id)"
            )
        record = await self._ingest.verify_visitor(
            shop.id, given.id, name=given.name, email=given.email, locale=hello.locale
        )
        if record.is_blocked:
            raise blocked()
        principal = Principal(
            kind="visitor",
            id=record.id,
            shop=shop.id,
            name=record.name,
            verified=True,
            customer=record.customer,
            locale=hello.locale,
            page=hello.page,
        )
        return self._authenticated(principal, self._issue(record.id, shop.id, given.id))

    async def _find(self, visitor: UUID) -> Identity | None:
        record = await self._ingest.find_visitor(visitor)
        if record is not None and record.is_blocked:
            raise blocked()
        return record

    def _claims(self, token: str, shop: UUID | None) -> Claims:
        try:
            claims = self._tokens.check(token, TokenKind.VISITOR)
        except TokenRejectedError as error:
            raise CommandError("unauthorized", f"{error}: connect without one for a new one") from error
        if shop is not None and claims.shop != shop:
            raise CommandError("unauthorized", "the token is of another shop")
        return claims

    def _check_origin(self, shop: WidgetShop, peer: Peer) -> None:
        """Browsers always send an Origin; a program that sends none has no cookies or page to abuse."""
        if peer.origin is None or urlsplit(peer.origin).netloc in (self._public_host, peer.host):
            return
        if peer.origin not in shop.origins:
            raise CommandError("unauthorized", "this origin is not in the shop's list")

    def _issue(self, visitor: UUID, shop: UUID, identity: str | None) -> str:
        return self._tokens.issue(TokenKind.VISITOR, visitor, shop, ttl_s=self._token_s, identity=identity)

    def _authenticated(self, principal: Principal, token: str | None) -> Authenticated:
        if token is None:
            raise CommandError("unauthorized", "no token")
        expires_at = self._tokens.check(token, TokenKind.VISITOR).expires_at
        return Authenticated(principal=principal, token=token, expires_at=expires_at)


def _said(principal: Principal) -> Mapping[str, Any]:
    """Return what a hello said of locale and page, as much of it as goes into a token."""
    said: dict[str, Any] = {} if principal.locale is None else {"locale": principal.locale}
    page = principal.page
    if page is None:
        return said
    bare = page.url.partition("#")[0].partition("?")[0]
    for url, title in ((page.url, page.title), (page.url, ""), (bare, ""), ("", "")):
        shorter = {**said, "page": {"url": url, "title": title, "product_id": page.product_id}}
        if len(json.dumps(shorter)) <= SAID_BYTES:  # as a token holds it: what is not ASCII is escaped
            return shorter
    return said


def _heard(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a principal that `_said` made."""
    page = said.get("page")
    return {"locale": said.get("locale"), "page": None if page is None else msgspec.convert(page, Page)}


def _is_origin(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not set(value) & set(" ;,'\"")
