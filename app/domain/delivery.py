"""What becomes of a message on an external channel: one delivery per part, in order; statuses that only go forward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.message import SenderKind


class DeliveryStatus(StrEnum):
    """`sending`: handed to the provider, whose answer is not stored yet; `unknown`: it will not be learnt any more."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it here."""
        return self in (DeliveryStatus.QUEUED, DeliveryStatus.SENDING)

    @property
    def may_be_resent(self) -> bool:
        """Whether a person may have it sent again."""
        return self in (DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN)

    @property
    def reached_provider(self) -> bool:
        return self in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ)


_NEXT: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    DeliveryStatus.QUEUED: frozenset({DeliveryStatus.SENDING, DeliveryStatus.FAILED, DeliveryStatus.CANCELED}),
    DeliveryStatus.SENDING: frozenset(
        {
            DeliveryStatus.SENT,
            DeliveryStatus.DELIVERED,
            DeliveryStatus.READ,
            DeliveryStatus.FAILED,
            DeliveryStatus.UNKNOWN,
        }
    ),
    DeliveryStatus.UNKNOWN: frozenset(
        {DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ, DeliveryStatus.FAILED}
    ),
    DeliveryStatus.SENT: frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.READ, DeliveryStatus.FAILED}),
    DeliveryStatus.DELIVERED: frozenset({DeliveryStatus.READ}),
    DeliveryStatus.READ: frozenset(),
    DeliveryStatus.FAILED: frozenset(),
    DeliveryStatus.CANCELED: frozenset(),
}


def advance(current: DeliveryStatus, reported: DeliveryStatus) -> DeliveryStatus:
    """Return the status after a report. Reports come late, twice and out of order: one that leads back is ignored."""
    return reported if reported in _NEXT[current] else current


# What a person must know of first. Of those that go well the one least far is the message's.
_SEVERITY = (
    DeliveryStatus.FAILED,
    DeliveryStatus.UNKNOWN,
    DeliveryStatus.CANCELED,
    DeliveryStatus.QUEUED,
    DeliveryStatus.SENDING,
    DeliveryStatus.SENT,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.READ,
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One part of a message. `end` is where the part ends in the message's text, in UTF-8 bytes; `attempt` counts the
    calls of the provider; `epoch` is that of the conversation, under which alone a part of the bot may be sent."""

    id: UUID
    shop: UUID
    conversation: UUID
    message: UUID
    account: UUID
    part: int
    sender: SenderKind
    epoch: int
    text: str
    end: int
    content: dict[str, Any] = field(default_factory=dict)
    status: DeliveryStatus = DeliveryStatus.QUEUED
    attempt: int = 0
    provider_id: str | None = None
    error: str | None = None
    retry_at: datetime | None = None
    sending_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageDelivery:
    """What became of a message as a whole; `to` is how much of its text went out, in UTF-8 bytes, when not all did."""

    status: DeliveryStatus
    error: str | None = None
    to: int | None = None


def summarize(parts: Sequence[Delivery]) -> MessageDelivery:
    """Return what became of a message of these parts, at least one."""
    worst = min(parts, key=lambda part: _SEVERITY.index(part.status))
    if worst.status is DeliveryStatus.SENDING:
        return MessageDelivery(DeliveryStatus.QUEUED)  # a moment that nobody needs to be told of
    to = None
    if worst.status in (DeliveryStatus.CANCELED, DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN):
        to = max((part.end for part in parts if part.status.reached_provider), default=0)
    return MessageDelivery(worst.status, worst.error, to)
