"""What all nodes have shown of a reply: whoever cuts it asks them, behind the last delta that was published.

What somebody was shown must be the text that stays, also when the store of live replies has lost it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from realtime.bus.frame import Frame
from realtime.bus.topic import node_topic
from realtime.control import AskShown, ask_frame, read_told
from realtime.hub import Hub
from realtime.mirror import MirroredReply

ANSWER_S = 0.15  # a node that is frozen or parted must not hold a takeover up


@dataclass(slots=True)
class Question:
    """One question under way; `frame` is to be published on the conversation's topic."""

    frame: Frame
    can_hear: bool
    _forget: Callable[[], object]
    _told: dict[UUID, MirroredReply] = field(default_factory=dict)  # by node: one may be asked twice
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def answers(self, listeners: int, timeout_s: float = ANSWER_S) -> tuple[list[MirroredReply], bool]:
        """Wait for the answers of so many nodes; return them, and whether all came."""
        try:
            async with asyncio.timeout(timeout_s if self.can_hear else 0):
                while len(self._told) < listeners:
                    await self._more.wait()
                    self._more.clear()
        except TimeoutError:
            return list(self._told.values()), False
        return list(self._told.values()), True

    def take(self, teller: UUID, shown: MirroredReply) -> None:
        """Note an answer."""
        self._told[teller] = shown
        self._more.set()

    def close(self) -> None:
        """Take no more answers; idempotent."""
        self._forget()


class ShownElsewhere:
    """The asking side of one node."""

    def __init__(self, hub: Hub) -> None:
        self._node = uuid4()
        self._questions: dict[UUID, Question] = {}
        self._listening = hub.listen(node_topic(self._node), self._on_frame)

    def ask(self) -> Question:
        """Begin a question; whoever asked closes it."""
        ask = AskShown(uuid4(), self._node)
        can_hear = self._listening.subscription is not None
        question = Question(ask_frame(ask), can_hear, lambda: self._questions.pop(ask.id, None))
        self._questions[ask.id] = question
        return question

    def _on_frame(self, topic: str, frame: Frame) -> None:
        told = read_told(frame)
        question = None if told is None else self._questions.get(told.id)
        if told is not None and question is not None:
            question.take(told.teller, MirroredReply(frame.message, told.text))
