"""Fixtures of several suites here."""

from tests.fixtures.redis_server import own_redis_server, redis_server

__all__ = ["own_redis_server", "redis_server"]
