"""Who is looking: keeps the presence of this node's connections fresh and tells the conversations what changed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from realtime.bus.topic import conversation_topic
from realtime.hub import Hub
from realtime.outbox import Packet
from realtime.presence import People, Presence, PresenceUnavailableError
from realtime.protocol.events import PresenceChanged, TypingChanged, encode, notice_frame
from realtime.protocol.shapes import Participant, PresentParticipant
from realtime.watch import Reader

logger = logging.getLogger(__name__)

SPREAD = 0.5  # of the interval: somebody's next turn may come so much later, and must come before they are forgotten
AT_ONCE = 8
SLACK_S = 0.5  # after the grace time, so that the store has seen it end too

PresenceState = Literal["online", "away"]


class Attendance:
    """Presence and typing of the connections of one node. Nothing here raises: presence may always be missing."""

    def __init__(self, presence: Presence, hub: Hub) -> None:
        self._presence = presence
        self._hub = hub
        self._after_grace_s = hub.settings.presence_grace_s + SLACK_S
        self._here: dict[tuple[UUID, UUID], PresentParticipant] = {}  # (conversation, connection)
        self._away: set[UUID] = set()  # connections whose page is hidden
        self._typing: dict[tuple[UUID, UUID], PresentParticipant | Participant] = {}  # (conversation, connection)
        self._later: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[object]] = set()

    def enter(self, conversation: UUID, reader: Reader, participant: PresentParticipant) -> None:
        """A connection follows a conversation now: it is told who is there, and the others when that is news."""
        if reader.id in self._away:
            participant = replace(participant, state="away")
        self._here[conversation, reader.id] = participant
        self._spawn(self._welcome(conversation, reader))

    def look(self, connection: UUID, state: PresenceState) -> None:
        """Say whether somebody looks at what the connection will follow from now on; "online" forgets it."""
        (self._away.add if state == "away" else self._away.discard)(connection)

    def look_at(self, conversation: UUID, connection: UUID, state: PresenceState) -> None:
        """Say whether somebody looks at a conversation that the connection follows."""
        participant = self._here.get((conversation, connection))
        if participant is not None and participant.state != state:
            self._here[conversation, connection] = replace(participant, state=state)
            self._spawn(self._look(conversation, connection))

    async def leave(self, conversation: UUID, connection: UUID) -> None:
        """A connection follows a conversation no more; it is missed only after the grace time."""
        typist = self._typing.get((conversation, connection))
        if typist is not None:
            await self.typing(conversation, connection, typist, on=False)
        if self._here.pop((conversation, connection), None) is None:
            return
        try:
            await self._presence.leave(conversation, connection)
        except PresenceUnavailableError:
            return
        handle = asyncio.get_running_loop().call_later(
            self._after_grace_s, lambda: self._spawn(self._settle(conversation))
        )
        self._later.add(handle)

    async def gone(self, connection: UUID) -> None:
        """A connection is over: it hides no page and types nowhere, not even where it did not follow."""
        self._away.discard(connection)
        for conversation in [where for where, who in self._typing if who == connection]:
            await self.leave(conversation, connection)

    async def typing(
        self, conversation: UUID, connection: UUID, participant: PresentParticipant | Participant, *, on: bool
    ) -> None:
        """Tell the conversation that somebody types or stopped."""
        if on:
            self._typing[conversation, connection] = participant
        else:
            self._typing.pop((conversation, connection), None)
        try:
            await self._presence.set_typing(conversation, participant.id, on)
        except PresenceUnavailableError:
            logger.debug("typing not stored", extra={"action": "presence_failed"})
        who = Participant(kind=participant.kind, id=participant.id, name=participant.name)
        frame = notice_frame(TypingChanged(conversation=conversation, participant=who, on=on), origin=connection)
        await self._hub.publish(conversation_topic(conversation), frame)

    async def run(self) -> None:
        """Refresh for as long as this node runs."""
        loop, every_s = asyncio.get_running_loop(), self._hub.settings.presence_refresh_s
        while True:
            next_at = loop.time() + every_s
            self._later = {handle for handle in self._later if handle.when() > loop.time()}
            with contextlib.suppress(
                PresenceUnavailableError
            ):  # one timeout is enough: the rest would wait as long each
                await self._refresh_all(every_s * SPREAD)
            await asyncio.sleep(max(0.0, next_at - loop.time()))

    async def _refresh_all(self, within_s: float) -> None:
        """Refresh everybody, some at a time: all at once would hold up what is live.

        Raises: PresenceUnavailableError.
        """
        here = list(self._here)
        for number, (conversation, connection) in enumerate(here):
            if number and number % AT_ONCE == 0:
                await asyncio.sleep(within_s * AT_ONCE / len(here))
            await self._refresh(conversation, connection)

    def close(self) -> None:
        """Forget what was to be told later."""
        for handle in self._later:
            handle.cancel()
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[None, None, object]) -> None:
        """Do it in the background: nobody waits for presence."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _welcome(self, conversation: UUID, reader: Reader) -> None:
        try:
            if await self._refresh(conversation, reader.id):
                return  # the newcomer hears it with all others
            people = await self._presence.participants(conversation)
        except PresenceUnavailableError:
            return
        reader.deliver(Packet(encode(PresenceChanged(conversation=conversation, participants=list(people)))))

    async def _refresh(self, conversation: UUID, connection: UUID) -> bool:
        """Enter or refresh a connection; return whether it was news for the conversation, and told.

        Raises: PresenceUnavailableError.
        """
        participant = self._here.get((conversation, connection))
        if participant is None:
            return False
        return await self._tell(conversation, await self._presence.touch(conversation, connection, participant))

    async def _look(self, conversation: UUID, connection: UUID) -> None:
        with contextlib.suppress(PresenceUnavailableError):  # the next refresh tells it
            await self._refresh(conversation, connection)

    async def _settle(self, conversation: UUID) -> None:
        """Somebody's grace time has ended: tell who is left, unless they came back."""
        try:
            people = await self._presence.settle(conversation)
        except PresenceUnavailableError:
            return
        await self._tell(conversation, people)

    async def _tell(self, conversation: UUID, people: People | None) -> bool:
        if people is None:
            return False
        frame = notice_frame(PresenceChanged(conversation=conversation, participants=list(people)))
        await self._hub.publish(conversation_topic(conversation), frame)
        return True
