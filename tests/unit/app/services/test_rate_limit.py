"""Rate limits: at the limit, and without the server that counts."""

from __future__ import annotations

from app.services.rate_limit import PROOF_ATTEMPTS_PER_HOUR, RateLimiter


async def test_the_limit_is_reached_at_the_limit() -> None:
    limiter = RateLimiter()
    assert [await limiter.retry_after_ms("x", "me", per_minute=3) for _ in range(3)] == [None] * 3
    wait = await limiter.retry_after_ms("x", "me", per_minute=3)
    assert wait is not None
    assert 0 < wait <= 60_000
    assert await limiter.retry_after_ms("x", "you", per_minute=3) is None
    assert await limiter.retry_after_ms("y", "me", per_minute=3) is None


async def test_guesses_of_orders_are_few() -> None:
    limiter = RateLimiter()
    assert [await limiter.allow("visitor:1") for _ in range(PROOF_ATTEMPTS_PER_HOUR + 1)] == [
        *[True] * PROOF_ATTEMPTS_PER_HOUR,
        False,
    ]


async def test_without_its_server_everything_passes() -> None:
    limiter = RateLimiter("redis://127.0.0.1:1/0")
    assert [await limiter.retry_after_ms("x", "me", per_minute=1) for _ in range(3)] == [None] * 3


async def test_without_its_server_guesses_of_orders_stay_few() -> None:
    limiter = RateLimiter("redis://127.0.0.1:1/0")
    allowed = [await limiter.allow("order:1") for _ in range(PROOF_ATTEMPTS_PER_HOUR + 2)]
    assert allowed == [*[True] * PROOF_ATTEMPTS_PER_HOUR, False, False]
    assert await limiter.allow("order:2")
    await limiter.aclose()
