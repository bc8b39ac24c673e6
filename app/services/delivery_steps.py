"""What happens to deliveries within a change of their conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from app import metrics
from app.domain.channel import Limits
from app.domain.conversation import Controller
from app.domain.delivery import Delivery, DeliveryStatus, advance, summarize
from app.domain.message import SenderKind
from app.services.notifying import tell_failed
from app.services.outbox import Route, deliver_job, shown
from realtime.ports import CommandError
from realtime.protocol import events

if TYPE_CHECKING:
    from app.services.change import Change


async def move(change: Change, delivery: Delivery, status: DeliveryStatus, *, error: str | None = None) -> None:
    """Move a delivery forward, show it, and let the next part go; nothing when the report leads back."""
    moved = advance(delivery.status, status)
    kept = replace(delivery, status=moved)
    if moved is not delivery.status:
        metrics.deliveries_total.labels(channel=change.conversation.channel, status=moved.value).inc()
        kept = replace(kept, error=error, retry_at=None)
        if delivery.status is DeliveryStatus.SENDING:
            await change.add_job(deliver_job(delivery, f"{delivery.id}:{delivery.attempt}:next"))
    await change.tx.deliveries.save(kept, change.now)
    await tell(change, delivery.message)


async def tell(change: Change, message: UUID) -> None:
    """Log what became of a message, when that differs from what it shows."""
    summary = summarize(await change.tx.deliveries.of_message(message))
    if await change.tx.deliveries.tell(message, shown(summary)):
        await change.append(
            events.DeliveryChanged,
            about=message,
            message=message,
            status=summary.status.value,
            error=summary.error,
            to=summary.to,
        )
        if summary.status is DeliveryStatus.FAILED:
            await tell_failed(change, message)


async def fence(change: Change, cut: UUID | None) -> None:
    """Within a change of control: after a takeover no queued part of the bot goes out; else they go on."""
    if change.outbox.limits(change.conversation.channel) is None:
        return
    if cut is not None:
        await change.append(events.DeliveryChanged, about=cut, message=cut, status=DeliveryStatus.CANCELED.value, to=0)
    control = change.conversation.control
    if control.controller is not Controller.AGENT:
        await change.tx.deliveries.restamp(change.conversation.id, control.epoch)
        return
    open_parts = await change.tx.deliveries.open_of(change.conversation.id)
    unsent = [one for one in open_parts if one.sender is SenderKind.BOT and one.status is DeliveryStatus.QUEUED]
    for one in unsent:
        await change.tx.deliveries.save(replace(one, status=DeliveryStatus.CANCELED, retry_at=None), change.now)
    for message in dict.fromkeys(one.message for one in unsent):
        await tell(change, message)


async def check_window(change: Change, *, by_human: bool) -> None:
    """Raises: CommandError `closed`, with `reason` and `until`, when the vendor takes no free text any more."""
    limits = change.outbox.limits(change.conversation.channel)
    route = None if limits is None else await change.tx.deliveries.route(change.conversation.id)
    if limits is None or route is None or is_open(limits, route, change.now, by_human=by_human):
        return
    raise window_closed(limits, route)


def is_open(limits: Limits, route: Route, now: datetime, *, by_human: bool) -> bool:
    """Whether free text may be sent to a person now."""
    window = limits.human_window if by_human and limits.human_window is not None else limits.window
    if window is None:
        return True
    return route.last_inbound_at is not None and now - route.last_inbound_at < window


def window_closed(limits: Limits, route: Route) -> CommandError:
    """Return the refusal of a free text after the window."""
    window = limits.human_window or limits.window or timedelta()
    until = None if route.last_inbound_at is None else route.last_inbound_at + window
    hours = int(window.total_seconds() // 3600)
    text = f"the customer wrote more than {hours} hours ago: this channel takes only an approved template now"
    return CommandError("closed", text, fields={"reason": "window", "until": until})
