"""Messages that wait at the same moment share one transaction: its round trips and its sync are paid once.

A message that comes alone is on its way at once. Of a conversation there is one message in a transaction, and the next
one waits until that is published, so that they keep their order. Whatever a message needs besides its own rows (a reply
to stop, a closed conversation, a key that is there already, a conversation that somebody else has locked), and whatever
fails, is done by itself, and nobody else waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from app.domain.conversation import Status
from app.domain.reply import ReplyStatus
from app.services.change import Change, Changes, Step
from app.services.fence import HeldText
from app.services.ports import MessageKey, NeedsDatabaseError, Store, Together
from app.services.publish import to_the_end
from realtime.ports import CommandError

AT_ONCE = 64  # in one transaction: the row locks of more would be held for long
TRANSACTIONS = 2  # at a time: one is made ready while the other is being synced

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Entry:
    """A message that waits, and who waits for it."""

    key: MessageKey
    step: Step[Any]
    held: HeldText | None
    result: asyncio.Future[Any]


class Gathering:
    """Carries out changes that are each a new message, several at a time."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes
        self._waiting: list[_Entry] = []
        self._busy: dict[UUID, _Entry] = {}  # conversations and the message on its way
        self._open = 0  # transactions
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, key: MessageKey, step: Step[Any], held: HeldText | None = None) -> Any:
        """Run `step` under the conversation's lock; see Changes.run. Cancelling the caller does not stop it.

        `step` may be run twice; what it does besides its transaction must bear that.
        """
        return await to_the_end(self._run(key, step, held))

    async def _run(self, key: MessageKey, step: Step[Any], held: HeldText | None) -> Any:
        entry = _Entry(key, step, held, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._start()
        return await entry.result

    def _start(self) -> None:
        """Open transactions for what waits."""
        while self._open < TRANSACTIONS and (entries := self._next()):
            self._open += 1
            task = asyncio.create_task(self._carry_out(entries))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _next(self) -> list[_Entry]:
        """Take what waits, at most one of each conversation, in the order in which it came."""
        taken: list[_Entry] = []
        rest: list[_Entry] = []
        for entry in self._waiting:
            if entry.key.conversation in self._busy or len(taken) == AT_ONCE:
                rest.append(entry)
            else:
                self._busy[entry.key.conversation] = entry
                taken.append(entry)
        self._waiting = rest
        return taken

    async def _carry_out(self, entries: list[_Entry]) -> None:
        """See entries through; each conversation is free as soon as its own message is."""
        try:
            apart, written = await self._stored(entries)
            self._go_on([entry for entry in entries if entry.result.done()])
            await asyncio.gather(self._settle(written), *(self._alone(entry) for entry in apart))
        finally:
            for entry in entries:
                entry.result.cancel()  # of whoever has no answer: the process ends
                self._free(entry)

    def _go_on(self, entries: Sequence[_Entry]) -> None:
        """Open transactions for what waits, also for what waited for these."""
        for entry in entries:
            self._free(entry)
        self._start()

    def _free(self, entry: _Entry) -> None:
        if self._busy.get(entry.key.conversation) is entry:
            del self._busy[entry.key.conversation]

    async def _stored(self, entries: list[_Entry]) -> tuple[list[_Entry], list[tuple[_Entry, Change, Any]]]:
        try:
            return await self._together(entries)
        except Exception as error:  # whose fault it is shows when each is done by itself
            log.warning("messages not stored together", action="together_failed", error=type(error).__name__)
            return [entry for entry in entries if not entry.result.done()], []  # a refusal holds
        finally:
            self._open -= 1

    async def _together(self, entries: list[_Entry]) -> tuple[list[_Entry], list[tuple[_Entry, Change, Any]]]:
        """Store what can be stored together; return what needs a transaction of its own, and what was stored."""
        async with self._store.together([entry.key for entry in entries]) as found:
            common = [entry for entry in entries if _is_plain(entry.key, found)]
            tried = await asyncio.gather(*(self._step(entry, found) for entry in common))
            written = [one for one in tried if one is not None]
            if written:
                changes = [change for _, change, _ in written]
                await self._changes.commit(changes, partial(found.commit, [change.tx for change in changes]))
        done = {entry for entry, _, _ in written}
        return [entry for entry in entries if entry not in done and not entry.result.done()], written

    async def _step(self, entry: _Entry, found: Together) -> tuple[_Entry, Change, Any] | None:
        """Run a step; refusals are answered, and None is returned when nothing is to be stored here."""
        conversation = found.conversations[entry.key.conversation]
        change = self._changes.begin(found.part(entry.key), conversation, entry.held)
        try:
            result = await entry.step(change)
            await change.complete()
        except CommandError as refusal:
            await change.take_back()
            entry.result.set_exception(refusal)
        except Exception as error:  # whoever waits for it is told when it happens again
            await change.take_back()
            if not isinstance(error, NeedsDatabaseError):
                log.warning("a message is left out", action="together_left_out", error=type(error).__name__)
        else:
            return entry, change, result
        return None

    async def _settle(self, written: Sequence[tuple[_Entry, Change, Any]]) -> None:
        await self._changes.settle([change for _, change, _ in written])
        for entry, _, result in written:
            entry.result.set_result(result)
        self._go_on([entry for entry, _, _ in written])

    async def _alone(self, entry: _Entry) -> None:
        try:
            result = await self._changes.run(
                entry.key.conversation, entry.step, held=entry.held, waits=False, urgent=True
            )
        except Exception as error:
            entry.result.set_exception(error)
        else:
            entry.result.set_result(result)
        self._go_on([entry])


def _is_plain(key: MessageKey, found: Together) -> bool:
    """Whether a message is one of many: a new one, in an open conversation, with no reply to stop."""
    conversation = found.conversations.get(key.conversation)
    if conversation is None or conversation.control.status is not Status.OPEN or key in found.known:
        return False
    reply = found.replies.get(key.conversation)
    return reply is None or reply.status is not ReplyStatus.RUNNING
