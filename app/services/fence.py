"""The fence around one change: cuts over the live reply before the commit, again after it, or taken back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog

from app.services.ids import new_id
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
class _Cut:
    id: UUID
    epoch: int
    message: UUID | None


class Fence:
    """The cuts of one change of one conversation."""

    def __init__(self, live: LiveReply, conversation: UUID) -> None:
        self._live = live
        self._conversation = conversation
        self._cuts: list[_Cut] = []
        self._is_reported = False

    async def cut(self, epoch: int, message: UUID | None = None) -> CutResult:
        """Write a cut; every one written here must be followed by `confirm` or `take_back`.

        Within its budget it is tried again: what is written before the fence stands is beyond the text that stays.
        """
        cut = _Cut(new_id(), epoch, message)
        self._cuts.append(cut)
        return await self._write(cut, retries=True)

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
