"""What several contract suites share."""

from tests.fixtures.redis_cluster import own_redis_cluster, redis_cluster
from tests.fixtures.redis_server import own_redis_server, redis_server

__all__ = ["own_redis_cluster", "own_redis_server", "redis_cluster", "redis_server"]
