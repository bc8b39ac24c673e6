"""Listeners of one process: who hears which topic, and delivery in order."""

from __future__ import annotations

import logging
from collections.abc import Callable

from realtime.bus.frame import Frame
from realtime.bus.port import EncodedListener, Listener

log = logging.getLogger(__name__)


class LocalSubscription:
    """A listener on one topic; `on_close` runs once, at the first close."""

    def __init__(self, topic: str, listener: Listener, on_close: Callable[[LocalSubscription], None]) -> None:
        self._topic = topic
        self.listener = listener
        self.take: Callable[[bytes], bool] = listener.take if isinstance(listener, EncodedListener) else _take_nothing
        self.closed = False
        self._on_close = on_close

    @property
    def topic(self) -> str:
        return self._topic

    def close(self) -> None:
        """Stop listening; idempotent."""
        if not self.closed:
            self.closed = True
            self._on_close(self)


def _take_nothing(data: bytes) -> bool:
    return False


def deliver(subscriptions: list[LocalSubscription], topic: str, frame: Frame) -> None:
    """Call every listener; one that raises is logged and keeps nobody else from the frame."""
    for subscription in tuple(subscriptions) if len(subscriptions) > 1 else subscriptions:
        if subscription.closed:  # closed by a listener before it
            continue
        try:
            subscription.listener(topic, frame)
        except Exception:
            log.exception("bus listener failed", extra={"action": "bus_listener_failed", "topic": topic})
