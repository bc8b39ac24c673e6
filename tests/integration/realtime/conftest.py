"""Fixtures of several suites here."""

from tests.fixtures.jump import jump
from tests.fixtures.redis_server import own_redis_server, redis_server

__all__ = ["jump", "own_redis_server", "redis_server"]
