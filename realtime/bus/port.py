"""The bus: fan-out between processes, at most once. What is lost here is found by the reader and read from the log."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, runtime_checkable

from realtime.bus.frame import Frame

Listener = Callable[[str, Frame], None]
"""Called with topic and frame in the event loop; must not block and must not raise."""


OnMissed = Callable[[Collection[str]], None]
"""Called with the topics of which frames may have been missed; others lost nothing."""


@runtime_checkable
class EncodedListener(Protocol):
    """A listener that can tell what to do with some frames before they are decoded."""

    def __call__(self, topic: str, frame: Frame) -> None: ...

    def take(self, data: bytes) -> bool:
        """Take an encoded frame and return true, or do nothing: then it is called with the frame."""


class BusUnavailableError(ConnectionError):
    """The bus cannot be reached now. Nothing is lost: the log has it."""


class Subscription(Protocol):
    """A listener on one topic, until closed."""

    @property
    def topic(self) -> str: ...

    def close(self) -> None:
        """Stop listening, at once for the listener; idempotent. The server-side unsubscribe comes about 1 s later."""


class Bus(Protocol):
    """Publish and subscribe by topic."""

    async def publish(self, topic: str, frame: Frame) -> None:
        """Hand the frame to every subscriber now connected.

        Raises: BusUnavailableError.
        """

    async def subscribe(self, topic: str, listener: Listener) -> Subscription:
        """Listen on a topic; returns once the server confirmed it, so that no later publish is missed.

        Raises: BusUnavailableError when it is not confirmed in time. The subscription is then not held.
        """

    def on_reconnect(self, callback: OnMissed) -> None:
        """Call back each time frames may have been missed (after reconnect and resubscribe), with the topics."""

    def hears(self, topic: str) -> bool:
        """False while what is published on this topic may not arrive here: its part of the bus is away."""

    @property
    def healthy(self) -> bool:
        """False while the end-to-end probe fails or the connection is down, of any part."""

    @property
    def away(self) -> tuple[str, ...]:
        """What cannot be heard now, for operators to read; empty while healthy."""

    async def aclose(self) -> None:
        """Close all subscriptions and connections; idempotent."""
