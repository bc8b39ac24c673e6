"""Handlers of the lane that sends: one part at a time per conversation, each handed over once."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

import structlog

from app.channels.port import Http, HttpLostError, HttpUnreachableError
from app.domain.channel import Accepted, RefusalKind, Refused, SendResult
from app.domain.job import ClaimedJob
from app.services.clock import Clock
from app.services.deliver import Deliver, Sending
from app.services.signs import is_late

log = structlog.get_logger(__name__)

UNREACHABLE = "unreachable"
SIGN_S = 3.0


class DeliverMessages:
    """Handler of jobs that send what is queued in a conversation."""

    def __init__(self, deliver: Deliver, http: Http) -> None:
        self._deliver = deliver
        self._http = http

    async def __call__(self, job: ClaimedJob) -> None:
        """Send until nothing is left, or a part's fate has to be found out first."""
        if job.conversation is None:
            raise ValueError(f"the job {job.id} names no conversation")
        retried = UUID(job.payload["retried"]) if "retried" in job.payload else None
        while await self._whole_step(job.conversation, retried):
            retried = None

    async def _whole_step(self, conversation: UUID, retried: UUID | None) -> bool:
        """Send one part; what is with the vendor is settled even when this worker is asked to stop meanwhile."""
        step = asyncio.ensure_future(self._next(conversation, retried))
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            await asyncio.wait([step])
            raise

    async def _next(self, conversation: UUID, retried: UUID | None) -> bool:
        """Send one part; false when there is no more to do."""
        sending = await self._deliver.begin(conversation, retried=retried)
        if sending is None:
            return False
        result = await self._call(sending)
        if result is None:
            return False
        await self._deliver.settle(sending.delivery, result)
        return True

    async def _call(self, sending: Sending) -> SendResult | None:
        """Call the vendor; None when it is not known whether the part arrived."""
        try:
            return await sending.sender.send(sending.part, sending.account, self._http)
        except HttpUnreachableError:
            return Refused(RefusalKind.TEMPORARY, UNREACHABLE)
        except HttpLostError as error:
            fields = {"delivery": str(sending.delivery.id), "reason": str(error)}
            log.warning("a send was not answered", action="send_lost", **fields)
            return None


class CheckDelivery:
    """Handler of jobs that look after a part whose call was not answered."""

    def __init__(self, deliver: Deliver, http: Http) -> None:
        self._deliver = deliver
        self._http = http

    async def __call__(self, job: ClaimedJob) -> None:
        """Look at the vendor; what is not found there is looked for again, and in the end unknown."""
        sending = await self._deliver.unresolved(UUID(job.payload["delivery"]), job.payload["attempt"])
        if sending is None:
            return
        found = await self._find(sending)
        if found is not None:
            await self._deliver.settle(sending.delivery, Accepted(found))
        else:
            await self._deliver.leave(sending.delivery, job.payload["number"])

    async def _find(self, sending: Sending) -> str | None:
        sent_after: datetime | None = sending.delivery.sending_at
        if sent_after is None:
            return None
        known = await self._deliver.known_ids(sending.delivery.conversation)
        try:
            return await sending.sender.find(sending.part, sending.account, sent_after, known, self._http)
        except (HttpLostError, HttpUnreachableError) as error:
            log.warning("a look-up failed", action="delivery_lookup_failed", error=type(error).__name__)
            return None


class ShowSign:
    """Handler of jobs that show the customer that a message was read and, with `types`, that an answer is coming."""

    def __init__(self, deliver: Deliver, http: Http, clock: Clock, *, types: bool) -> None:
        self._deliver = deliver
        self._http = http
        self._clock = clock
        self._types = types

    async def __call__(self, job: ClaimedJob) -> None:
        """Show it once, soon or never, and for no longer than SIGN_S: messages wait for this lane."""
        if job.conversation is None or is_late(job.payload, self._clock.now()):
            return
        found = await self._deliver.reach(job.conversation)
        if found is None or found[0].last_inbound_key is None:
            return
        route, account, sender = found
        try:
            async with asyncio.timeout(SIGN_S):
                await sender.mark_read(route.address, found[0].last_inbound_key, account, self._http)
                if self._types:
                    await sender.show_typing(route.address, found[0].last_inbound_key, account, self._http)
        except (HttpLostError, HttpUnreachableError, TimeoutError) as error:
            log.info("no sign shown", action="sign_failed", error=type(error).__name__)


class SweepDeliveries:
    """Handler of the periodic job that wakes forgotten deliveries."""

    def __init__(self, deliver: Deliver, clock: Clock) -> None:
        self._deliver = deliver
        self._clock = clock

    async def __call__(self, job: ClaimedJob) -> None:
        """Sweep once."""
        if count := await self._deliver.sweep(self._clock.now()):
            log.warning("deliveries had been forgotten", action="deliveries_swept", count=count)
