"""A worker's pen: merges tokens, and carries one reply over lost records, lost answers, cuts and outages.

It keeps the whole text and all ids in memory, so that nothing depends on the store remembering them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from realtime.live_reply.port import (
    Begun,
    FencedError,
    LiveReply,
    LiveReplyUnavailableError,
    UnknownReplyError,
)

COALESCE_MS = 40


class ReplyEnded(Exception):
    """The reply is not this worker's any more: taken over, stopped, or claimed by another attempt. Not an error."""

    def __init__(self, cut_id: UUID | None) -> None:
        super().__init__("the reply ended or has another owner")
        self.cut_id = cut_id


class StoreIsAhead(Exception):
    """The store holds more of this reply than this worker had sent: go on from `begun`, in the same try. Not an error.

    Who could not reach the store at its own begin knows only the checkpoint; and a worker whose claim ran out may make
    a lost record again with what it alone had sent, before it learns of the newer claim.
    """

    def __init__(self, begun: Begun) -> None:
        super().__init__(f"the store has {begun.end} bytes of the reply")
        self.begun = begun


class StoredTextDiffersError(RuntimeError):
    """The store's text does not go on where the text ends that it confirmed to this worker."""


class ReplyWriter:
    """Appends one reply: the first token at once, later ones merged for `coalesce_ms`.

    revalidate: reads (epoch, attempt) in the database under the lock; true while this attempt runs the reply.
    fenced: is asked about a cut (None: a newer owner); true when the row says that this attempt still runs the reply,
        so that the cut belongs to a transaction that rolled back.
    valid: true while the worker's last successful check of its replies is young enough; nothing is sent otherwise.
    backoff_s: first and longest wait (s) before a step on an unreachable store is tried again.
    """

    def __init__(
        self,
        live: LiveReply,
        conversation: UUID,
        message: UUID,
        epoch: int,
        attempt: int,
        begun: Begun,
        coalesce_ms: float = COALESCE_MS,
        *,
        revalidate: Callable[[], Awaitable[bool]],
        fenced: Callable[[UUID | None], Awaitable[bool]],
        valid: Callable[[], bool],
        backoff_s: tuple[float, float] = (0.05, 0.5),
    ) -> None:
        self._live = live
        self._conversation = conversation
        self._owner = (message, epoch, attempt)
        self._coalesce_s = coalesce_ms / 1000
        self._revalidate = revalidate
        self._fenced = fenced
        self._valid = valid
        self._backoff_s = backoff_s
        self._text = begun.text
        self._ids = list(begun.ids)
        self._stored = (len(begun.text), len(begun.ids))  # characters and ids that the store confirmed
        self._chunk = self._stored  # where the append under way ends: a retry must be the same append
        self._end = begun.end
        self._needs_begin = False
        self._fence: UUID | None = None  # a cut that rolled back and is still to be taken away
        self._sent_at = float("-inf")
        self._hurry = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    @property
    def text(self) -> str:
        """The whole text so far, also what is not sent yet."""
        return self._text

    @property
    def ids(self) -> tuple[int, ...]:
        """All ids so far."""
        return tuple(self._ids)

    @property
    def end(self) -> int:
        """How many bytes the store confirmed."""
        return self._end

    @property
    def confirmed(self) -> tuple[str, tuple[int, ...]]:
        """Text and ids that the store confirmed, and readers may have: what a checkpoint is made of."""
        characters, ids = self._stored
        return self._text[:characters], tuple(self._ids[:ids])

    async def write(self, text: str, ids: Sequence[int]) -> None:
        """Take a token; ids without text wait for the next text. Does not wait for the store.

        Raises: ReplyEnded, StoreIsAhead, and whatever a callback raised, once an earlier token met it.
        """
        self._check()
        self._text += text
        self._ids.extend(ids)
        if self._sender is None and self._has_unsent():
            self._hurry.clear()
            self._sender = asyncio.create_task(self._send())

    async def flush(self) -> None:
        """Return once the store has all text.

        Raises: as `write`.
        """
        self._hurry.set()
        while self._sender is not None:
            await asyncio.wait([self._sender])
        self._check()

    async def finish(self) -> None:
        """Flush, and end the live reply; afterwards the end may be committed.

        Raises: as `write`.
        """
        await self.flush()
        await self._persist(lambda: self._live.finish(self._conversation, *self._owner))

    def end_now(self) -> None:
        """Stop at once: the worker learnt elsewhere that the reply ended. `write` and `flush` raise from now on."""
        self._failure = self._failure or ReplyEnded(None)
        if self._sender is not None:
            self._sender.cancel()

    async def aclose(self) -> None:
        """Stop the sender without sending what is left; idempotent."""
        self.end_now()
        if self._sender is not None:
            await asyncio.wait([self._sender])

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _has_unsent(self) -> bool:
        return self._stored[0] < len(self._text)

    async def _send(self) -> None:
        """Send until nothing is left, at most once per window."""
        try:
            while self._has_unsent():
                await self._wait_for_window()
                self._chunk = (len(self._text), len(self._ids))
                await self._persist(self._append)
                self._sent_at = asyncio.get_running_loop().time()
        except Exception as error:
            self._failure = error
        finally:
            self._sender = None

    async def _wait_for_window(self) -> None:
        left_s = self._sent_at + self._coalesce_s - asyncio.get_running_loop().time()
        if left_s > 0:
            try:
                async with asyncio.timeout(left_s):
                    await self._hurry.wait()
            except TimeoutError:
                return

    async def _append(self) -> None:
        (first, first_id), (last, last_id) = self._stored, self._chunk
        if first >= last:  # a repeated `begin` found it stored
            return
        self._end = await self._live.append(
            self._conversation,
            *self._owner,
            start=self._end,
            text=self._text[first:last],
            ids=self._ids[first_id:last_id],
        )
        self._stored = self._chunk

    async def _persist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Carry out one step on the store, however often it takes.

        Raises: ReplyEnded, StoreIsAhead.
        """
        wait_s, cap_s = self._backoff_s
        while True:
            while not self._valid():  # noqa: ASYNC110 - the worker's answer changes with the clock
                await asyncio.sleep(wait_s)
            try:
                await self._repair()
                return await step()
            except UnknownReplyError:
                if not await self._revalidate():
                    raise ReplyEnded(None) from None
                self._needs_begin = True
            except FencedError as error:
                if not await self._fenced(error.cut_id):
                    raise ReplyEnded(error.cut_id) from None
                self._fence = error.cut_id
                self._needs_begin = self._needs_begin or error.cut_id is None
            except LiveReplyUnavailableError:
                await asyncio.sleep(random.uniform(0, wait_s))
                wait_s = min(2 * wait_s, cap_s)

    async def _repair(self) -> None:
        """Do what an earlier refusal asked for: take a rolled back cut away, make the record again."""
        if self._fence is not None:
            await self._live.uncut(self._conversation, self._fence)
            self._fence = None
        if self._needs_begin:
            text, ids = self._text[: self._stored[0]], self._ids[: self._stored[1]]
            begun = await self._live.begin(self._conversation, *self._owner, text=text, ids=ids)
            if not begun.text.startswith(text):
                raise StoredTextDiffersError("expected what was confirmed, and more")
            if not self._text.startswith(begun.text):
                raise StoreIsAhead(begun)
            self._stored = (len(begun.text), len(begun.ids))
            self._end = begun.end
            self._needs_begin = False
