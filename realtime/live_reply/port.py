"""The live reply: one append-only text in progress per conversation, fenced by (epoch, message, attempt).

Positions and lengths are UTF-8 bytes. The record holds: message, epoch, attempt, text, ids, and the fence
(epoch or message, with its cut id). It can be rebuilt from the database and the worker, so losing it loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from realtime.bus.frame import Frame

TTL_S = 15 * 60.0
"""How long a record lives after its last append: longer than the longest reply."""

STOPS_KEPT = 8
"""How many fences of single messages (stop) a conversation remembers; the oldest goes first."""


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


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked what they have shown: `listeners` processes, None when that cannot be told.

    `is_whole`: the stored text has all that was ever published of this reply; false when its beginning was restored
    by a worker, or came from a server that failed, so that readers may have seen more.
    """

    listeners: int | None
    is_whole: bool


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
        memory): the longer of the stored and the given one is kept when both belong to this message. A reply of
        another message and no higher epoch is replaced: the caller's database read says that it ended.
        `reply.started` is published when the record is created or the owner is new, not when a `begin` is repeated.

        Raises: FencedError when a higher epoch or attempt is stored, or a cut that covers this epoch or message.
        """

    async def append(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, start: int, text: str, ids: Sequence[int]
    ) -> int:
        """Append `text` at byte `start`, publish its delta, return the new end. The same append again is a no-op.

        One that its caller gave up is not carried out later: a store that stood still would show text after a takeover
        that was acknowledged meanwhile. `text` is not empty (ValueError): ids that made no character yet go with the
        next text.

        Raises: UnknownReplyError when the record is missing, finished, of an older owner, or `start` does not join on;
        FencedError when a cut stands over it or a newer owner began.
        """

    async def cut(self, conversation: UUID, epoch: int, cut_id: UUID, *, message: UUID | None = None) -> CutText | None:
        """Write the fence, whether or not a reply runs; return the one stored under it. Idempotent.

        `epoch` is the epoch that begins (takeover, release, hand-off, close): no begin or append of a lower epoch
        succeeds from now on. With `message` (stop: control does not change hands), only that message is fenced, and
        `epoch` is its own.

        The text may be of a reply that has ended in the database already (finished, stopped, cut before): use it only
        when its message is the conversation's running reply there.
        """

    async def uncut(self, conversation: UUID, cut_id: UUID) -> bool:
        """Take the fence back (the transaction rolled back); true when this very cut was stored.

        An older fence below it stands again.
        """

    async def ask(self, conversation: UUID, message: UUID, frame: Frame | None) -> Asked:
        """Publish `frame` behind all that was said of a reply that was cut, and return who hears it.

        A process that is called with it has been called with every delta before. None asks nobody: it is for whoever
        only needs to know whether the stored text is whole.
        """

    async def finish(self, conversation: UUID, message: UUID, epoch: int, attempt: int) -> None:
        """Hide a reply that ended whole from `read`; a no-op when it is not this owner's.

        It takes no more text, but a cut still returns it: a takeover may get the row's lock before the end commits.

        Raises: FencedError when a cut stands over it: the end must not be committed.
        """

    async def read(self, conversation: UUID, start: int = 0) -> LiveText | None:
        """Return the reply in progress from byte `start`; from 0 when `start` is past the end or inside a character."""

    async def aclose(self) -> None:
        """Close connections; idempotent."""


def longer_of(stored: tuple[str, tuple[int, ...]], given: tuple[str, tuple[int, ...]]) -> tuple[str, tuple[int, ...]]:
    """Return the one of two (text, ids) that is further on."""
    return max(stored, given, key=lambda known: (len(known[0].encode()), len(known[1])))


def slice_from(text: str, start: int) -> tuple[int, str]:
    """Return (start, text from that byte); from 0 when `start` is past the end or inside a character."""
    data = text.encode()
    inside = start < 0 or start > len(data) or (start < len(data) and data[start] & 0xC0 == 0x80)
    return (0, text) if inside else (start, data[start:].decode())
