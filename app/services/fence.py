"""The fence around one change: cuts over the live reply before the commit, again after it, or taken back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from app.domain.reply import Reply, longest
from app.services.ids import new_id
from realtime.bus.frame import Frame
from realtime.control import AskShown, ask_frame
from realtime.live_reply.port import CutText, LiveReply, LiveReplyUnavailableError

CUT_BUDGET_S = 0.25
RETRY_S = 0.05  # a store that restarts is back within a few of these
UNCONFIRMED_ACK_S = 2.5  # a worker that cannot reach the database stops by itself within 2 s

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CutResult:
    """What a cut found; unconfirmed when the store did not answer in time."""

    is_confirmed: bool
    found: CutText | None = None


@dataclass(frozen=True, slots=True)
class HeldText:
    """What a process has shown of a live reply."""

    message: UUID
    text: str


@dataclass(frozen=True, slots=True)
class KeptText:
    """The text that stays of a reply that was cut; `replaces`: somebody may have been shown more."""

    text: str
    replaces: bool


class Question(Protocol):
    """A question to all processes: what have you shown?"""

    @property
    def frame(self) -> Frame: ...

    async def answers(self, listeners: int) -> tuple[list[HeldText], bool]:
        """Return what so many processes answered within a bounded time, and whether all did."""

    def close(self) -> None:
        """Take no more answers."""


class Shown(Protocol):
    """What live sessions, here and in other processes, have shown of a conversation's reply in progress."""

    def held(self, conversation: UUID) -> HeldText | None:
        """Return what this process has shown; None when nobody here follows it."""

    def ask(self) -> Question:
        """Begin a question to all processes."""


class _Unheard:
    """A question of a process that hears no answers: it knows what was shown when nobody listens."""

    frame = ask_frame(AskShown(new_id(), new_id()))

    async def answers(self, listeners: int) -> tuple[list[HeldText], bool]:
        return [], listeners == 0

    def close(self) -> None:
        pass


class NoSessions:
    """Shown, of a process without live sessions."""

    def held(self, conversation: UUID) -> HeldText | None:
        """Return None."""
        return None

    def ask(self) -> Question:
        """Begin a question that nobody answers."""
        return _Unheard()


@dataclass(frozen=True, slots=True)
class _Cut:
    id: UUID
    epoch: int
    message: UUID | None


class Fence:
    """The cuts of one change of one conversation."""

    def __init__(self, live: LiveReply, conversation: UUID, shown: Shown, held: HeldText | None = None) -> None:
        self._live = live
        self._conversation = conversation
        self._shown = shown
        self._held = held
        self._cuts: list[_Cut] = []
        self._is_reported = False

    async def cut(self, epoch: int, message: UUID | None = None) -> CutResult:
        """Write a cut; every one written here must be followed by `confirm` or `take_back`.

        Within its budget it is tried again: what is written before the fence stands is beyond the text that stays.
        """
        cut = _Cut(new_id(), epoch, message)
        self._cuts.append(cut)
        return await self._write(cut, retries=True)

    async def kept_of(self, reply: Reply, cut: CutResult) -> KeptText:
        """Return the text that stays of a reply that was cut: the longest that anybody has.

        It is known for sure when the store confirmed the cut, has had the whole text, and every process that shows
        the conversation has told what it has shown.
        """
        told, is_sure = await self._ask(reply.id) if cut.is_confirmed else ([], False)
        own = self._held or self._shown.held(self._conversation)
        texts = [one.text for one in (*told, own) if one is not None and one.message == reply.id]
        if cut.found is not None and cut.found.message == reply.id:
            texts.append(cut.found.text)
        return KeptText(longest([reply.text, *texts]), replaces=not is_sure)

    async def _ask(self, message: UUID) -> tuple[list[HeldText], bool]:
        """Return what all processes have shown, and whether that is all there is to know."""
        question = self._shown.ask()
        try:
            async with asyncio.timeout(CUT_BUDGET_S):
                asked = await self._live.ask(self._conversation, message, question.frame)
            told, is_all = await question.answers(asked.listeners or 0)
        except (TimeoutError, LiveReplyUnavailableError) as error:
            self._report(error)
            return [], False
        finally:
            question.close()
        return told, is_all and asked.is_whole and asked.listeners is not None

    async def confirm(self) -> bool:
        """Write all cuts again, after the commit; false when one is unconfirmed."""
        return all([(await self._write(cut)).is_confirmed for cut in self._cuts])

    async def take_back(self) -> None:
        """Undo the cuts of a change that was rolled back. What cannot be undone now, the reply's worker undoes."""
        for cut in self._cuts:
            try:
                async with asyncio.timeout(CUT_BUDGET_S):
                    await self._live.uncut(self._conversation, cut.id)
            except (TimeoutError, LiveReplyUnavailableError):
                log.warning("uncut failed", action="uncut_failed", conversation=str(self._conversation))

    async def _write(self, cut: _Cut, *, retries: bool = False) -> CutResult:
        try:
            async with asyncio.timeout(CUT_BUDGET_S):
                while True:
                    try:
                        found = await self._live.cut(self._conversation, cut.epoch, cut.id, message=cut.message)
                        return CutResult(is_confirmed=True, found=found)
                    except LiveReplyUnavailableError:
                        if not retries:
                            raise
                        await asyncio.sleep(RETRY_S)
        except (TimeoutError, LiveReplyUnavailableError) as error:
            self._report(error)
            return CutResult(is_confirmed=False)

    def _report(self, error: Exception) -> None:
        """Log the first of the failures of a change."""
        if not self._is_reported:
            self._is_reported = True
            fields = {"conversation": str(self._conversation), "error": type(error).__name__}
            log.warning("cut unconfirmed", action="cut_unconfirmed", **fields)
