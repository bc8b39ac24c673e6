"""Opening a Channels layer by the name of its class, as Django's settings name it."""

from __future__ import annotations

import importlib

from realtime.bus.channels_layer import ChannelsLayerBus

CAPACITY = 10_000
"""Messages that wait for one process in a layer that stores them. Their default of 100 drops at every busy moment."""


class UnknownLayerError(ValueError):
    """The class cannot be imported, or is no layer on Redis."""


def open_layer(path: str, redis_url: str, **options: float) -> ChannelsLayerBus:
    """Return a bus over the class `path`, such as channels_redis.pubsub.RedisPubSubChannelLayer, on one Redis server.

    `options` go to the bus. Raises: UnknownLayerError.
    """
    module, _, name = path.rpartition(".")
    try:
        layer_class = getattr(importlib.import_module(module), name)
        # A connection that waits for messages must be allowed to wait: redis-py gives up after 5 s by default.
        layer = layer_class(hosts=[{"address": redis_url, "socket_timeout": None}], capacity=CAPACITY)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise UnknownLayerError(f"{path} is no channel layer on Redis: {error}") from error
    # The layer that stores messages has a way to close its connections alone; the one that does not has `flush`.
    close = layer.close_pools if hasattr(layer_class, "close_pools") else layer.flush
    return ChannelsLayerBus(layer, close=close, **options)
