"""What comes in from a channel and what goes out to one, in our own words. Pure data; vendors' words stay in channels.

A channel's kind is a plain string ("whatsapp", "messenger", "web"): the registry in app/channels is the one list of
them, so that another channel needs no change here. Addresses are opaque: stored and compared as they came, never taken
apart (a WhatsApp address need not be a telephone number).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.split import TextLimit, Unit

WEB = "web"  # the widget: the one channel without a vendor


@dataclass(frozen=True, slots=True)
class Account:
    """A shop's account at a vendor. `fields` may be shown; `secrets` never. Both by the names the channel declares."""

    id: UUID
    shop: UUID
    kind: str
    external_id: str
    fields: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


# What comes in.


class Media(Struct, frozen=True, kw_only=True):
    """A file that the vendor holds. `kind` is image, video, audio, file or sticker, or a vendor's own (share, reel)."""

    kind: str
    url: str
    media_type: str | None = None
    name: str | None = None


class Inbound(Struct, frozen=True, kw_only=True):
    """One event of a vendor.

    `key` is the vendor's id of the event, or made of what identifies it; with channel and account it is unique, and a
    second one with the same key is a duplicate. `account` is the vendor's reference to the account, one of those the
    channel reads. `at` is the vendor's clock: shown, never used for order. `address` is the person's, empty where the
    event concerns nobody. `standby`: another app has this thread; store it, never answer.
    """

    key: str
    account: str
    at: datetime | None = None
    address: str = ""
    standby: bool = False


class Story(Struct, frozen=True, kw_only=True):
    """A story of the shop; `url` where the vendor has it, for a short while."""

    url: str | None = None


class Referral(Struct, frozen=True, kw_only=True):
    """The advertisement or link that brought the customer. `source` is the vendor's word for its kind."""

    source: str | None = None
    headline: str | None = None
    url: str | None = None


class MessageReceived(Inbound, frozen=True, tag="message", kw_only=True):
    """The customer wrote. `reply_to` is the vendor's id of the message answered, `story` the one answered, `referral`
    what led here; `unsupported`: the vendor could not pass on what it was. `context` holds what else came with it."""

    text: str = ""
    name: str | None = None
    phone: str | None = None  # E.164, where the vendor vouches for it
    attachments: tuple[Media, ...] = ()
    reply_to: str | None = None
    story: Story | None = None
    referral: Referral | None = None
    unsupported: bool = False
    context: dict[str, Any] = msgspec.field(default_factory=dict)


class MessageDeleted(Inbound, frozen=True, tag="deleted", kw_only=True):
    """The customer took a message back: our copy is to go. `message` is the vendor's id of it."""

    message: str


class Postback(Inbound, frozen=True, tag="postback", kw_only=True):
    """The customer pressed a button: `title` is what it said, `payload` what we had put behind it, `referral` what led
    here."""

    title: str
    payload: str = ""
    referral: Referral | None = None


class ReceiptStatus(StrEnum):
    """What a vendor tells about something we sent."""

    SENT = "sent"  # the vendor has it, whatever it calls that (accepted, queued, sending, sent)
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Receipt(Inbound, frozen=True, tag="receipt", kw_only=True):
    """News of what we sent: of one message (`message`, the vendor's id), or of all up to `until` (a watermark).

    `delivery` is our own id where it came back, in the callback's address. `error` is the vendor's code."""

    status: ReceiptStatus
    message: str | None = None
    until: datetime | None = None
    delivery: UUID | None = None
    error: str | None = None


class Echo(Inbound, frozen=True, tag="echo", kw_only=True):
    """Something was said for the shop: by us (`metadata` is then our delivery's id), or by another app or person.

    `address` is the customer's, `message` the vendor's id, `app` that of the app that sent it, where told."""

    message: str
    text: str = ""
    attachments: tuple[Media, ...] = ()
    app: str | None = None
    metadata: str | None = None


class Reaction(Inbound, frozen=True, tag="reaction", kw_only=True):
    """The customer reacted to `message` (the vendor's id); `emoji` None takes it back."""

    message: str
    emoji: str | None = None


class Handover(Inbound, frozen=True, tag="handover", kw_only=True):
    """The vendor moved the thread between apps: `action` is pass, take or request; `app` is the new owner's,
    or of who requests it, where told."""

    action: str
    app: str | None = None


class PolicyEnforced(Inbound, frozen=True, tag="policy", kw_only=True):
    """The vendor enforces its policy on the account: `action` is its word (warning, block, unblock)."""

    action: str
    reason: str = ""


class Record(Inbound, frozen=True, tag="record", kw_only=True):
    """A record of the shop changed at the vendor (an order, a product, a privacy request): `body` as it came."""

    topic: str
    body: dict[str, Any]


class Ignored(Inbound, frozen=True, tag="ignored", kw_only=True):
    """A kind that we do nothing about: kept in the webhook log, never an error."""

    kind: str


InboundEvent = (
    MessageReceived
    | MessageDeleted
    | Postback
    | Receipt
    | Echo
    | Reaction
    | Handover
    | PolicyEnforced
    | Record
    | Ignored
)


# What goes out.


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel takes. `text_chars`: of one part, counted in `text_unit`. `window`: how long after the customer's
    last message we may write freely (None: for ever); `human_window`: how long a person may, where the vendor has such
    a lane. Sizes in bytes by kind of media; a kind that is missing cannot be sent; `media_types`: the only
    types of a kind that can. `cards`: how many products of one
    message are shown as cards (0: as text with links)."""

    text_chars: int
    text_unit: Unit = Unit.UTF16
    window: timedelta | None = None
    human_window: timedelta | None = None
    media_bytes: Mapping[str, int] = field(default_factory=dict)
    media_types: Mapping[str, Collection[str]] = field(default_factory=dict)
    buttons: int = 0  # quick replies of one message
    cards: int = 0

    @property
    def text(self) -> TextLimit:
        return TextLimit(self.text_chars, self.text_unit)


@dataclass(frozen=True, slots=True)
class Card:
    """A product to show."""

    title: str
    subtitle: str
    url: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingMedia:
    """A file to send: `url` is public, for the vendor to fetch."""

    kind: str
    url: str
    media_type: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class OutgoingPart:
    """One part of a message, at most the channel's limit. `delivery` is our id of it: it goes along as metadata or in
    the address of the callback. `template`: the vendor's id of an approved template, with its variables, instead of
    text."""

    delivery: UUID
    address: str
    text: str = ""
    media: OutgoingMedia | None = None
    cards: tuple[Card, ...] = ()
    template: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class HumanPart(OutgoingPart):
    """A part that a person wrote: the only kind that can ask for a vendor's human-only lane, once the window is over.
    What the bot says is never one."""

    after_window: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A text that the vendor has approved; `body` has its variables as {{name}}."""

    id: str
    name: str
    language: str
    body: str
    variables: tuple[str, ...] = ()
    category: str = ""


class RefusalKind(StrEnum):
    """Why a vendor did not take a part, and so what to do."""

    TEMPORARY = "temporary"  # try again, after `retry_after_s` where told
    PERMANENT = "permanent"  # never will: bad text, unknown or blocked person
    WINDOW_CLOSED = "window_closed"  # only a template or a person may write now
    CREDENTIALS = "credentials"  # stop sending for this account; tell the admins


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor has it; `provider_id` is its id there."""

    provider_id: str
    status: ReceiptStatus = ReceiptStatus.SENT


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor surely has not taken it; `code` is the vendor's."""

    kind: RefusalKind
    code: str
    detail: str = ""
    retry_after_s: float | None = None


SendResult = Accepted | Refused


@dataclass(frozen=True, slots=True)
class VendorReport:
    """What a vendor says of an account; None where it has no such thing or does not tell. `missing`: what we need and
    the subscription lacks. `detail` is fit to be shown."""

    credentials_good: bool | None = None
    subscribed: bool | None = None
    missing: tuple[str, ...] = ()
    token_expires_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A token that the vendor has put in the place of an account's secret."""

    secret: str
    value: str = field(repr=False)
    expires_at: datetime | None = None
