"""A shop's inbox on this node: summaries to every console that has a list open, each conversation's newest last."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from realtime.bus.frame import Audience, Frame, Kind
from realtime.failure import log_failure
from realtime.outbox import Packet
from realtime.ports import Principal, Sessions
from realtime.watch import Reader

logger = logging.getLogger(__name__)

NEWEST_KEPT = 10_000  # conversations of which the newest summary's seq is remembered
COMPARED = 1000  # of them, the latest, with the database: one statement


@dataclass(slots=True)
class InboxWatch:
    """One console's list. While `buffer` is a list, its first page is being read."""

    reader: Reader
    principal: Principal
    queue: str
    buffer: list[Frame] | None = field(default_factory=list)


class InboxFeed:
    """See the module."""

    def __init__(self) -> None:
        self.watches: dict[UUID, InboxWatch] = {}
        self._newest: OrderedDict[UUID, int] = OrderedDict()

    def on_frame(self, topic: str, frame: Frame) -> None:
        """Take a frame of the inbox topic; older summaries are dropped."""
        if frame.kind is not Kind.SUMMARY or not self._is_newer(frame.message, frame.seq):
            return
        packet = Packet(frame.body)
        for watch in self.watches.values():
            if watch.buffer is not None:
                watch.buffer.append(frame)
            else:
                watch.reader.deliver(packet)

    def open_watch(self, watch: InboxWatch, page: Sequence[Mapping[str, Any]]) -> None:
        """The first page was sent: send what changed since it was read."""
        sent = {_id(summary): int(summary["seq"]) for summary in page}
        buffered, watch.buffer = watch.buffer or [], None
        for frame in buffered:
            if frame.seq > sent.get(frame.message, -1):
                watch.reader.deliver(Packet(frame.body))

    async def reread(self, sessions: Sessions) -> None:
        """Read the open pages again, each once, and send what the bus did not bring: also of conversations that are on
        no page any more, because they were closed or are somebody else's now.
        """
        await self._find_behind(sessions)
        pages: dict[tuple[str, UUID | None], InboxWatch] = {}
        for watch in self.watches.values():
            own = watch.principal.id if watch.queue == "mine" else None
            pages.setdefault((watch.queue, own), watch)
        for watch in pages.values():
            try:
                summaries = await sessions.inbox(watch.principal, watch.queue)
            except Exception as error:
                log_failure(logger, "inbox not read again", "inbox_reread_failed", error)
                continue
            for summary in summaries:
                self._offer(summary)

    async def _find_behind(self, sessions: Sessions) -> None:
        """Compare the conversations that were shown last with their logs."""
        shown = list(self._newest)[-COMPARED:]
        try:
            last = await sessions.last_seqs(shown)
            behind = [one for one in shown if one in last and last[one][1] > self._newest.get(one, 0)]
            for summary in await sessions.summaries(behind) if behind else ():
                self._offer(summary)
        except Exception as error:
            log_failure(logger, "lines not compared", "inbox_check_failed", error)

    def note(self, page: Sequence[Mapping[str, Any]]) -> None:
        """Remember how new the summaries of a page are."""
        for summary in page:
            self._is_newer(_id(summary), int(summary["seq"]))

    def _offer(self, summary: Mapping[str, Any]) -> None:
        conversation, seq = _id(summary), int(summary["seq"])
        if conversation in self._newest and seq <= self._newest[conversation]:
            return
        body = msgspec.json.encode({"type": "inbox.changed", "summary": summary})
        frame = Frame(kind=Kind.SUMMARY, body=body, audience=Audience.STAFF, seq=seq, message=conversation)
        self.on_frame("", frame)

    def _is_newer(self, conversation: UUID, seq: int) -> bool:
        # The same seq may come with other contents (unread counts): only what is older is dropped.
        if seq < self._newest.get(conversation, 0):
            return False
        self._newest[conversation] = seq
        self._newest.move_to_end(conversation)
        while len(self._newest) > NEWEST_KEPT:
            self._newest.popitem(last=False)
        return True


def _id(summary: Mapping[str, Any]) -> UUID:
    value = summary["id"]
    return value if isinstance(value, UUID) else UUID(str(value))
