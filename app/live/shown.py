"""What the live sessions of all processes have shown of a reply that is about to be cut."""

from __future__ import annotations

from uuid import UUID

from app.services.fence import HeldText
from realtime.bus.frame import Frame
from realtime.hub import Hub
from realtime.mirror import MirroredReply
from realtime.shown import Question, ShownElsewhere


class ShownBySessions:
    """services.fence.Shown, by the hub of this process and the bus."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._elsewhere = ShownElsewhere(hub)

    def held(self, conversation: UUID) -> HeldText | None:
        """See the port."""
        reply = self._hub.held(conversation)
        return None if reply is None else _held(reply)

    def ask(self) -> _Asked:
        """See the port."""
        return _Asked(self._elsewhere.ask())


class _Asked:
    def __init__(self, question: Question) -> None:
        self._question = question

    @property
    def frame(self) -> Frame:
        return self._question.frame

    async def answers(self, listeners: int) -> tuple[list[HeldText], bool]:
        told, is_all = await self._question.answers(listeners)
        return [_held(one) for one in told], is_all

    def close(self) -> None:
        self._question.close()


def _held(reply: MirroredReply) -> HeldText:
    return HeldText(reply.message, reply.text)
