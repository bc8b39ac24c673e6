"""The live reply: one append-only text in progress per conversation, fenced by (epoch, message, attempt).

Positions and lengths are UTF-8 bytes. The record holds: message, epoch, attempt, text, ids, and the fence
(epoch or message, with its cut id). It can be rebuilt from the database and the worker, so losing it loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Begun:
    """What is stored after `begin`: an adopted reply has text and ids of its earlier owner."""

    text: str
    ids: tuple[int, ...]
    end: int


@dataclass(frozen=True, slots=True)
class LiveText:
    """A reply in progress as read: `text` runs from `start` to `end`. `cut` is true once a fence stands over it."""

    message: UUID
    epoch: int
    attempt: int
    start: int
    end: int
    text: str
    ids: tuple[int, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class CutText:
    """The reply that ran when the fence was written."""

    message: UUID
    text: str
    ids: tuple[int, ...]


class UnknownReplyError(LookupError):
    """The record is missing or does not join on. After it: read the database, then `begin` with the whole text."""


class FencedError(PermissionError):
    """The reply belongs to another owner now, or a cut stands over it. `cut_id` is None when a newer owner took it."""

    def __init__(self, message: str, *, epoch: int, cut_id: UUID | None) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.cut_id = cut_id


class LiveReplyUnavailableError(ConnectionError):
    """The store cannot be reached now."""


class LiveReply(Protocol):
    """The fenced store of replies in progress. `begin` and `append` publish on the conversation's topic."""

    async def begin(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, text: str = "", ids: Sequence[int] = ()
    ) -> Begun:
        """Create the record or adopt the stored one of the same message; publish `reply.started`.

        Call only after a database read of (epoch, attempt). `text` and `ids` are what the caller knows (checkpoint or
        memory): the longer of the stored and the given one is kept when both belong to this message.

        Raises: FencedError when a higher epoch or attempt is stored, or a cut that covers this epoch or message.
        """

    async def append(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, start: int, text: str, ids: Sequence[int]
    ) -> int:
        """Append `text` at byte `start`, publish its delta, return the new end. The same append again is a no-op.

        Raises: UnknownReplyError when the record is missing or `start` does not join on; FencedError.
        """

    async def cut(
        self, conversation: UUID, epoch: int, cut_id: UUID, *, message: UUID | None = None
    ) -> CutText | None:
        """Write the fence, whether or not a reply runs; return the one that ran. Idempotent.

        `epoch` is the epoch that begins (takeover, release, hand-off, close): no begin or append of a lower epoch
        succeeds from now on. With `message` (stop: control does not change hands), only that message is fenced.
        """

    async def uncut(self, conversation: UUID, cut_id: UUID) -> bool:
        """Take the fence back (the transaction rolled back); true when this very cut was stored."""

    async def finish(self, conversation: UUID, message: UUID, epoch: int, attempt: int) -> None:
        """Drop the record of a reply that ended whole; a no-op when it is not this owner's.

        Raises: FencedError when a cut stands over it: the end must not be committed.
        """

    async def read(self, conversation: UUID, start: int = 0) -> LiveText | None:
        """Return the reply in progress from byte `start`; from 0 when `start` is past the end or inside a character."""

    async def aclose(self) -> None:
        """Close connections; idempotent."""
