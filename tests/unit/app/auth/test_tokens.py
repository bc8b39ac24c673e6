from __future__ import annotations

from uuid import uuid4

import jwt
import pytest

from app.auth.tokens import TokenKind, TokenRejectedError, Tokens

SECRET = "a secret for tests that is long enough for HS256"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_says_what_was_put_in() -> None:
    user, shop = uuid4(), uuid4()
    tokens = Tokens(SECRET, Clock())
    claims = tokens.check(
        tokens.issue(TokenKind.VISITOR, user, shop, ttl_s=60, generation=3, identity="c1"), TokenKind.VISITOR
    )
    assert (claims.subject, claims.shop, claims.generation, claims.identity) == (user, shop, 3, "c1")
    assert claims.expires_at == 1_000_060


def test_an_expired_token_is_rejected() -> None:
    clock = Clock()
    tokens = Tokens(SECRET, clock)
    token = tokens.issue(TokenKind.ACCESS, uuid4(), uuid4(), ttl_s=60)
    clock.now += 59
    tokens.check(token, TokenKind.ACCESS)
    clock.now += 1
    with pytest.raises(TokenRejectedError, match="expired"):
        tokens.check(token, TokenKind.ACCESS)


def test_one_kind_is_not_taken_for_another() -> None:
    tokens = Tokens(SECRET)
    with pytest.raises(TokenRejectedError, match="expected a token for access"):
        tokens.check(tokens.issue(TokenKind.REFRESH, uuid4(), uuid4(), ttl_s=60), TokenKind.ACCESS)


@pytest.mark.parametrize("forged", ["", "a.b.c", "\x00", "not a token"])
def test_what_is_no_token_is_rejected(forged: str) -> None:
    with pytest.raises(TokenRejectedError):
        Tokens(SECRET).check(forged, TokenKind.ACCESS)


def test_an_unsigned_or_foreign_token_is_rejected() -> None:
    tokens = Tokens(SECRET)
    payload = jwt.decode(
        tokens.issue(TokenKind.ACCESS, uuid4(), uuid4(), ttl_s=60), options={"verify_signature": False}
    )
    for forged in (jwt.encode(payload, "", algorithm="none"), jwt.encode(payload, SECRET + "x", algorithm="HS256")):
        with pytest.raises(TokenRejectedError):
            tokens.check(forged, TokenKind.ACCESS)
