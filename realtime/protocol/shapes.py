"""Objects inside server frames: messages, people, snapshots, summaries.

An optional field that equals its default is left out of the JSON.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from realtime.protocol.commands import Priority

Controller = Literal["bot", "agent", "queue"]
Status = Literal["open", "snoozed", "closed"]
FinishReason = Literal["stop", "length", "stopped", "taken_over", "error"]
DeliveryStatus = Literal["queued", "sending", "sent", "delivered", "read", "failed", "canceled", "unknown"]

NoSuggestion = Literal["no_question", "needs_a_person", "unfounded", "failed"]
"""Why there is no suggested answer: nobody asked anything, the assistant would hand off too, or it went wrong."""

NotificationKind = Literal[
    "assigned",
    "mention",
    "handoff",
    "waiting",
    "csat_low",
    "delivery_failed",
    "channel_broken",
    "channel_policy",
    "job_dead",
    "model_broken",
]


class Shape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all objects inside frames."""


class Sender(Shape, frozen=True, kw_only=True):
    """Who wrote a message."""

    kind: Literal["customer", "bot", "agent", "system"]
    id: UUID | None = None
    name: str | None = None


class UserRef(Shape, frozen=True, kw_only=True):
    """A member of staff, as others see them."""

    id: UUID
    name: str


class Participant(Shape, frozen=True, kw_only=True):
    """Somebody in a conversation."""

    kind: Literal["customer", "agent", "bot"]
    id: UUID
    name: str | None = None


class PresentParticipant(Shape, frozen=True, kw_only=True):
    """Somebody who has the conversation open."""

    kind: Literal["customer", "agent"]
    id: UUID
    state: Literal["online", "away"]
    name: str | None = None


class ReplyEnd(Shape, frozen=True, kw_only=True):
    """How a bot's message ended; `to` is the length of its text in UTF-8 bytes."""

    finish_reason: FinishReason
    to: int


class Attachment(Shape, frozen=True, kw_only=True):
    """A file in a message; `size` in bytes. One that is `waiting` is still at the vendor, who said name and type; why
    it was `refused`, or could not be fetched (`failed`: it can be tried again), is in `reason`."""

    id: UUID
    name: str
    media_type: str
    size: int
    url: str
    state: Literal["stored", "waiting", "refused", "failed"] = "stored"
    reason: str | None = None


class RecommendedProduct(Shape, frozen=True, kw_only=True):
    """A product shown under a reply; `price` in the minor unit of `currency`."""

    id: UUID
    title: str
    price: int
    currency: str
    reason: str
    recommendation: UUID
    image_url: str | None = None
    url: str | None = None


class OrderState(Shape, frozen=True, kw_only=True):
    """How far an order is; `state` in the shop's words, `arrives` the day it is expected."""

    number: str
    state: str
    carrier: str | None = None
    tracking: str | None = None
    tracking_url: str | None = None
    arrives: date | None = None


class Source(Shape, frozen=True, kw_only=True):
    """Where a fact of a reply comes from; with `order` when that is an order, to be shown as a card."""

    title: str
    url: str | None = None
    order: OrderState | None = None


class Story(Shape, frozen=True, kw_only=True):
    """A story on a channel; `url` is that of the file that was kept of it."""

    url: str | None = None


class Referral(Shape, frozen=True, kw_only=True):
    """The advertisement or link that led a customer here; `source` is the channel's word for its kind."""

    source: str | None = None
    headline: str | None = None
    url: str | None = None


class Refers(Shape, frozen=True, kw_only=True):
    """What a message refers to. `message` is another message, which may be of an earlier conversation; its text is
    not repeated, so that nothing of it stays when it is redacted."""

    message: UUID | None = None
    story: Story | None = None
    referral: Referral | None = None


class Message(Shape, frozen=True, kw_only=True):
    """A message as everybody in the conversation sees it."""

    id: UUID
    seq: int
    at: datetime
    sender: Sender
    text: str
    client_id: UUID | None = None
    reply: ReplyEnd | None = None
    attachments: list[Attachment] = []
    products: list[RecommendedProduct] = []
    sources: list[Source] = []
    redacted: bool = False
    intent: Scored | None = None  # staff only
    sentiment: Scored | None = None  # staff only
    delivery: Delivery | None = None
    refers: Refers | None = None
    reaction: str | None = None  # the customer's, as an emoji or the channel's word for it


class Scored(Shape, frozen=True, kw_only=True):
    """A label of a classifier and its probability."""

    label: str
    score: float


class Delivery(Shape, frozen=True, kw_only=True):
    """What became of a message on an external channel. `to`: how much of its text went out, in UTF-8 bytes, when it
    was canceled, failed or its fate is unknown."""

    status: DeliveryStatus
    error: str | None = None
    to: int | None = None


class Note(Shape, frozen=True, kw_only=True):
    """A note of staff."""

    id: UUID
    seq: int
    at: datetime
    author: UserRef
    text: str
    client_id: UUID | None = None


class Customer(Shape, frozen=True, kw_only=True):
    """The customer of a conversation. Visitors see id, name and verified."""

    id: UUID
    verified: bool
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    locale: str | None = None


class Cut(Shape, frozen=True, kw_only=True):
    """The reply that a change of control ended, with the text that stays.

    `replaces`: the server could not learn how much was shown; a client may have shown more, and takes that back.
    """

    message: UUID
    text: str
    replaces: bool = False


class Receipt(Shape, frozen=True, kw_only=True):
    """How far somebody received and read, as seq."""

    participant: Participant
    delivered: int | None = None
    read: int | None = None


class Live(Shape, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """A reply in progress; `from` and `to` are opaque positions."""

    message: UUID
    epoch: int
    start: int
    end: int
    text: str


class Snapshot(Shape, frozen=True, kw_only=True):
    """A conversation with its last 50 messages, as one reader may see it."""

    id: UUID
    log: str
    status: Status
    controller: Controller
    epoch: int
    seq: int
    customer: Customer
    channel: str
    messages: list[Message]
    assignee: UserRef | None = None
    holder: UserRef | None = None  # who has control, when an agent has
    receipts: list[Receipt] = []
    csat: Csat | None = None
    notes: list[Note] = []  # staff only
    labels: list[str] = []  # staff only
    priority: Priority | None = None  # staff only
    snooze_until: datetime | None = None  # staff only
    draft: str | None = None  # staff only
    more: bool = False  # older messages exist


class Csat(Shape, frozen=True, kw_only=True):
    """Rating of a conversation; `score` is null while only asked for."""

    score: int | None
    comment: str | None = None


class Preview(Shape, frozen=True, kw_only=True):
    """The last message in a list of conversations."""

    at: datetime
    sender: Sender
    text: str


class Summary(Shape, frozen=True, kw_only=True):
    """A conversation in the console's lists; `seq` tells which of two summaries is newer."""

    id: UUID
    seq: int
    status: Status
    controller: Controller
    epoch: int
    customer: Customer
    channel: str
    updated_at: datetime
    assignee: UserRef | None = None
    holder: UserRef | None = None
    last_message: Preview | None = None
    waiting_since: datetime | None = None  # since when a customer waits for an answer
    unread: int = 0
    intent: Scored | None = None
    sentiment: Scored | None = None
    labels: list[str] = []
    priority: Priority | None = None
    snooze_until: datetime | None = None


class Limits(Shape, frozen=True, kw_only=True):
    """What a client may send."""

    frame_bytes: int
    commands_per_minute: int
    message_chars: int


class VisitorSelf(Shape, frozen=True, kw_only=True):
    """The visitor, to themselves."""

    id: UUID
    verified: bool
    name: str | None = None


class UserSelf(Shape, frozen=True, kw_only=True):
    """The member of staff, to themselves."""

    id: UUID
    name: str
    role: str
