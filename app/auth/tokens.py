"""Signed tokens (JWT, RFC 7519, HS256): access and refresh for staff and programs, visitor tokens for the widget."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import jwt

ALGORITHM = "HS256"
ISSUER = "assistify"


class TokenKind(StrEnum):
    """What a token is good for; one kind is never accepted as another."""

    ACCESS = "access"
    REFRESH = "refresh"
    VISITOR = "visitor"


class TokenRejectedError(Exception):
    """A token that is expired, forged, of another kind or of another server."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. `identity` is the shop's own id of a verified visitor, `said` what it went on to say in
    its hello; times are Unix seconds."""

    kind: TokenKind
    subject: UUID
    shop: UUID
    token_id: UUID
    expires_at: float
    issued_at: float = 0.0
    generation: int = 0
    identity: str | None = None
    said: Mapping[str, Any] | None = None


class Tokens:
    """Issues and checks tokens; `now` returns Unix seconds."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._now = now

    def issue(
        self,
        kind: TokenKind,
        subject: UUID,
        shop: UUID,
        *,
        ttl_s: float,
        generation: int = 0,
        identity: str | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a signed token. `generation` is the user's: raising it revokes all earlier tokens."""
        now = self._now()
        payload: dict[str, Any] = {
            "iss": ISSUER,
            "kind": kind.value,
            "sub": str(subject),
            "shop": str(shop),
            "jti": str(uuid4()),
            "iat": int(now),
            "exp": int(now + ttl_s),
            "gen": generation,
        }
        if identity is not None:
            payload["identity"] = identity
        if said:
            payload["said"] = dict(said)
        return jwt.encode(payload, self._secret, algorithm=ALGORITHM)

    def check(self, token: str, kind: TokenKind) -> Claims:
        """Return what the token says.

        Raises: TokenRejectedError.
        """
        try:
            payload = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                # The clock is ours, so that tests and nodes agree; expiry is checked below.
                options={"require": ["exp", "sub", "jti", "iat"], "verify_exp": False, "verify_iat": False},
            )
            claims = Claims(
                kind=TokenKind(payload["kind"]),
                subject=UUID(payload["sub"]),
                shop=UUID(payload["shop"]),
                token_id=UUID(payload["jti"]),
                expires_at=float(payload["exp"]),
                issued_at=float(payload["iat"]),
                generation=int(payload.get("gen", 0)),
                identity=payload.get("identity"),
                said=payload.get("said"),
            )
        except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
            raise TokenRejectedError("the token is not one of this server's") from error
        if claims.kind is not kind:
            raise TokenRejectedError(f"expected a token for {kind.value}, got one for {claims.kind.value}")
        if claims.expires_at <= self._now():
            raise TokenRejectedError("the token has expired: get a new one")
        return claims
