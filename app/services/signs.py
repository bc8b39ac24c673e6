"""Signs of life on a channel: that an answer is being written, that a message was read. Best effort, and never late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.domain.conversation import Controller
from app.domain.job import Lane, NewJob
from app.domain.people import Staff
from app.services.change import Change, Changes
from app.services.clock import Clock

TYPING_KIND: Final = "show_typing"
READ_KIND: Final = "mark_read"
EVERY_S = 8  # how often at most: vendors show the sign for 5 to 25 s
GOOD_FOR = timedelta(seconds=10)  # a sign that comes later says what is no longer so
REMEMBERED = 10_000


class Signs:
    """Passes on that an agent types."""

    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock
        self._told: dict[UUID, int] = {}  # conversation -> when, in units of EVERY_S

    async def typing(self, staff: Staff, conversation: UUID) -> None:
        """Have the customer of a channel see that whoever has the conversation types; only so often.

        Raises: CommandError `not_found`.
        """
        turn = int(self._clock.monotonic() // EVERY_S)
        if self._told.get(conversation) == turn:
            return
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[conversation] = turn

        async def step(change: Change) -> None:
            control = change.conversation.control
            if control.controller is Controller.AGENT and control.holder == staff.id:
                # Of the same moment there is one, whatever process is told of it.
                await show(change, TYPING_KIND, f"{conversation}:{int(change.now.timestamp()) // EVERY_S}")

        await self._changes.run(conversation, step, waits=False)


async def show(change: Change, kind: str, cause: str) -> None:
    """Within a change: have a sign shown on the conversation's channel, once for its cause; none on the widget."""
    if change.outbox.limits(change.conversation.channel) is None:
        return
    await change.add_job(
        NewJob(
            lane=Lane.DELIVER,
            kind=kind,
            cause=cause,
            shop=change.conversation.shop,
            conversation=change.conversation.id,
            payload={"until": (change.now + GOOD_FOR).isoformat()},
        )
    )


def is_late(payload: Mapping[str, str], now: datetime) -> bool:
    """Whether a sign has waited for too long to be true."""
    return "until" in payload and now > datetime.fromisoformat(payload["until"])
