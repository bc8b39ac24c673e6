"""A program as a reader of one conversation: the REST call that waits for, or streams, an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from app.services.ids import new_id
from realtime.bus.frame import Frame, Kind
from realtime.hub import Hub
from realtime.outbox import Burst, Packet
from realtime.ports import Principal

QUEUED_FRAMES = 4096  # far more than one answer has


@dataclass(slots=True)
class ProgramReader:
    """Collects the frames of one conversation, in their healed order."""

    id: UUID = field(default_factory=new_id)
    is_staff: bool = True
    _frames: asyncio.Queue[Frame] = field(default_factory=lambda: asyncio.Queue(QUEUED_FRAMES))

    def deliver(self, packet: Packet) -> None:
        """Take a frame of the conversation; notices are of no use to a program."""
        frame = packet.frame
        if frame is not None and frame.kind is not Kind.NOTICE and not self._frames.full():
            self._frames.put_nowait(frame)

    def deliver_burst(self, burst: Burst, now: float) -> None:
        """Take some at once."""
        for packet in burst.packets:
            self.deliver(packet)

    async def next(self, timeout_s: float) -> Frame | None:
        """Wait for the next frame; None when none came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._frames.get()
        except TimeoutError:
            return None

    def queued(self) -> list[Frame]:
        """Return the frames that came and were not waited for."""
        return [self._frames.get_nowait() for _ in range(self._frames.qsize())]


@asynccontextmanager
async def reading(hub: Hub, principal: Principal, conversation: UUID) -> AsyncIterator[ProgramReader]:
    """Follow a conversation within the body: every frame from now on is delivered.

    Raises: CommandError `not_found`.
    """
    reader = ProgramReader()
    prepared = await hub.prepare(reader, principal, conversation, None)
    try:
        hub.open_watch(prepared)
        yield reader
    finally:
        hub.unwatch(reader, conversation)
