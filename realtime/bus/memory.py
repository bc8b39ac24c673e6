"""The bus of a single process: listeners are called in the event loop, in the order of the publishes."""

from __future__ import annotations

from realtime.bus.fanout import LocalSubscription, deliver
from realtime.bus.frame import Frame
from realtime.bus.port import BusUnavailableError, Listener, OnMissed


class MemoryBus:
    """Bus within one event loop. It is healthy until closed, and never reconnects."""

    def __init__(self) -> None:
        self._topics: dict[str, list[LocalSubscription]] = {}
        self._closed = False

    async def publish(self, topic: str, frame: Frame) -> None:
        """Call the topic's listeners before returning."""
        self.publish_now(topic, frame)

    def publish_now(self, topic: str, frame: Frame) -> None:
        """Publish without a suspension point, for callers that must change state and publish in one step.

        Raises: BusUnavailableError when the bus is closed.
        """
        if self._closed:
            raise BusUnavailableError("the bus is closed")
        deliver(self._topics.get(topic, []), topic, frame)

    async def subscribe(self, topic: str, listener: Listener) -> LocalSubscription:
        """Listen from now on."""
        if self._closed:
            raise BusUnavailableError("the bus is closed")
        subscription = LocalSubscription(topic, listener, self._forget)
        self._topics.setdefault(topic, []).append(subscription)
        return subscription

    def _forget(self, subscription: LocalSubscription) -> None:
        subscriptions = self._topics.get(subscription.topic, [])
        subscriptions.remove(subscription)
        if not subscriptions:
            self._topics.pop(subscription.topic, None)

    def on_reconnect(self, callback: OnMissed) -> None:
        """Accept the callback; there is no connection that could be lost."""

    def hears(self, topic: str) -> bool:
        """Say whether all is well; there is only one part."""
        return self.healthy

    @property
    def healthy(self) -> bool:
        return not self._closed

    @property
    def away(self) -> tuple[str, ...]:
        return () if self.healthy else ("bus",)

    async def aclose(self) -> None:
        """Close all subscriptions."""
        self._closed = True
        for subscription in [one for topic in self._topics.values() for one in topic]:
            subscription.close()
