"""What the buses of one process have in common: who hears which topic, delivery in order, and who is called back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from realtime.bus.frame import Frame
from realtime.bus.port import BusUnavailableError, EncodedListener, Listener, OnMissed

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


async def confirmed(
    subscription: LocalSubscription, confirmation: asyncio.Future[None], timeout_s: float, who: str
) -> LocalSubscription:
    """Return the subscription once `who` has confirmed it; what is not confirmed is closed.

    Raises: BusUnavailableError, also for what the confirmation ends with.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.shield(confirmation)
    except TimeoutError:
        subscription.close()
        raise BusUnavailableError(f"{who} did not confirm the subscription in time") from None
    except asyncio.CancelledError:
        subscription.close()
        if confirmation.cancelled():
            raise BusUnavailableError("the bus is closed") from None
        raise
    except BaseException:
        subscription.close()
        raise
    return subscription


class Callbacks:
    """Who is told that frames may have been missed; one that raises is logged and keeps nobody else from it."""

    def __init__(self) -> None:
        self._callbacks: list[OnMissed] = []

    def add(self, callback: OnMissed) -> None:
        """Call it from now on."""
        self._callbacks.append(callback)

    def call(self, topics: Collection[str]) -> None:
        """Tell all of them these topics."""
        for callback in self._callbacks:
            try:
                callback(topics)
            except Exception:
                log.exception("reconnect callback failed", extra={"action": "bus_callback_failed"})
