"""Frames of the server: logged events (gapless `seq`), live frames and answers; and how they become bus frames.

The JSON of an event is made once, by `encode`; those bytes are stored, published and written to every socket.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.json import Decoder, Encoder

from realtime.bus.frame import NO_MESSAGE, Audience, Frame, Kind
from realtime.protocol.commands import Priority
from realtime.protocol.shapes import (
    Attachment,
    Controller,
    Customer,
    Cut,
    DeliveryStatus,
    Message,
    NoSuggestion,
    Note,
    NotificationKind,
    Participant,
    PresentParticipant,
    Scored,
    Summary,
    UserRef,
)

_encoder = Encoder()


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A logged event of a conversation."""

    audience: ClassVar[Audience] = Audience.ALL

    conversation: UUID
    seq: int
    at: datetime


class MessageCreated(Event, frozen=True, kw_only=True, omit_defaults=True, tag="message.created"):
    """A message was written, or a reply ended (same id as its live frames, full text). `replaces` as in Cut."""

    message: Message
    replaces: bool = False


class MessageAnalyzed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="message.analyzed"):
    """Intent and sentiment of a message are known (staff)."""

    audience: ClassVar[Audience] = Audience.STAFF

    message: UUID
    intent: Scored
    sentiment: Scored


class ControlChanged(Event, frozen=True, kw_only=True, omit_defaults=True, tag="control.changed"):
    """Somebody else may speak now; live frames of a lower epoch are void. `cut` becomes a message of the bot."""

    controller: Controller
    epoch: int
    user: UserRef | None = None
    cut: Cut | None = None


class ConversationAssigned(Event, frozen=True, kw_only=True, omit_defaults=True, tag="conversation.assigned"):
    """The conversation is somebody's, or nobody's (null)."""

    user: UserRef | None


class ConversationClosed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="conversation.closed"):
    """The conversation was closed; without `user` by the customer or the system."""

    user: UserRef | None = None


class ConversationReopened(Event, frozen=True, kw_only=True, omit_defaults=True, tag="conversation.reopened"):
    """The conversation is open again."""

    user: UserRef | None = None


class NoteCreated(Event, frozen=True, kw_only=True, omit_defaults=True, tag="note.created"):
    """Staff wrote a note (staff)."""

    audience: ClassVar[Audience] = Audience.STAFF

    note: Note


class ReceiptChanged(Event, frozen=True, kw_only=True, omit_defaults=True, tag="receipt"):
    """Somebody received or read everything up to a seq."""

    participant: Participant
    delivered: int | None = None
    read: int | None = None


class DeliveryChanged(Event, frozen=True, kw_only=True, omit_defaults=True, tag="delivery.changed"):
    """A message moved on an external channel; `to` as in its `delivery`."""

    message: UUID
    status: DeliveryStatus
    error: str | None = None
    to: int | None = None


class MessageReacted(Event, frozen=True, kw_only=True, omit_defaults=True, tag="message.reacted"):
    """The customer reacted to a message on an external channel; null takes the reaction back."""

    message: UUID
    emoji: str | None


class AttachmentChanged(Event, frozen=True, kw_only=True, omit_defaults=True, tag="attachment.changed"):
    """A file of a message was fetched from its vendor, is fetched again, or will not be here: this is what it is."""

    message: UUID
    attachment: Attachment


class CsatRequested(Event, frozen=True, kw_only=True, omit_defaults=True, tag="csat.requested"):
    """The customer is asked for a rating."""


class CsatRated(Event, frozen=True, kw_only=True, omit_defaults=True, tag="csat.rated"):
    """The customer rated the conversation."""

    score: int
    comment: str | None = None


class ConversationUpdated(Event, frozen=True, kw_only=True, omit_defaults=True, tag="conversation.updated"):
    """Labels, priority and the like changed; a field that is not there stays as it was (staff)."""

    audience: ClassVar[Audience] = Audience.STAFF

    labels: list[str] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    snooze_until: datetime | UnsetType | None = UNSET
    draft: str | UnsetType | None = UNSET


class CustomerUpdated(Event, frozen=True, kw_only=True, omit_defaults=True, tag="customer.updated"):
    """The customer's record changed (staff). `merge`: another one was joined with it just now, for `reason` (agent,
    phone or email); POST /api/merges/{merge}/undo/ takes them apart."""

    audience: ClassVar[Audience] = Audience.STAFF

    customer: Customer
    merge: UUID | None = None
    reason: str | None = None


class MessageRedacted(Event, frozen=True, kw_only=True, omit_defaults=True, tag="message.redacted"):
    """The text of a message was removed for good."""

    message: UUID


class ReplyFailed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="reply.failed"):
    """A reply ended without a message."""

    message: UUID
    reason: str


LoggedEvent = (
    MessageCreated
    | MessageAnalyzed
    | ControlChanged
    | ConversationAssigned
    | ConversationClosed
    | ConversationReopened
    | NoteCreated
    | ReceiptChanged
    | DeliveryChanged
    | CsatRequested
    | CsatRated
    | ConversationUpdated
    | CustomerUpdated
    | MessageRedacted
    | MessageReacted
    | AttachmentChanged
    | ReplyFailed
)


class LiveFrame(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A frame that is not in the log."""


class HiddenEvent(LiveFrame, frozen=True, kw_only=True, tag="seq"):
    """Stands for an event the reader may not see, so that their count stays gapless."""

    conversation: UUID
    seq: int


class ReplyStarted(LiveFrame, frozen=True, kw_only=True, tag="reply.started"):
    """A reply begins."""

    conversation: UUID
    message: UUID
    epoch: int


class ReplyDelta(LiveFrame, frozen=True, kw_only=True, tag="reply.delta", rename={"start": "from", "end": "to"}):
    """A piece of a reply; `from` and `to` count UTF-8 bytes."""

    conversation: UUID
    message: UUID
    epoch: int
    start: int
    end: int
    text: str


class TypingChanged(LiveFrame, frozen=True, kw_only=True, omit_defaults=True, tag="typing"):
    """Somebody began or stopped typing."""

    conversation: UUID
    participant: Participant
    on: bool


class PresenceChanged(LiveFrame, frozen=True, kw_only=True, omit_defaults=True, tag="presence"):
    """Who has the conversation open, all of them."""

    conversation: UUID
    participants: list[PresentParticipant]


class InboxChanged(LiveFrame, frozen=True, kw_only=True, omit_defaults=True, tag="inbox.changed"):
    """A conversation of the inbox changed (staff)."""

    summary: Summary


class Notification(LiveFrame, frozen=True, kw_only=True, omit_defaults=True, tag="notification"):
    """Something this member of staff should know: stored, and sent once to a console that resumes after its cursor
    (AgentHello); again when it was `read` on another connection (staff)."""

    id: UUID
    kind: NotificationKind
    at: datetime
    conversation: UUID | None = None
    read: bool = False  # marked on one of the user's connections
    customer: str | None = None  # the name of whom the conversation is with
    by: UserRef | None = None  # the colleague behind it


class SuggestionDelta(LiveFrame, frozen=True, kw_only=True, tag="suggestion.delta"):
    """A piece of a suggested answer (staff)."""

    conversation: UUID
    text: str


class SuggestionDone(LiveFrame, frozen=True, kw_only=True, omit_defaults=True, tag="suggestion.done"):
    """A suggested answer is complete; `text` is the whole of it, and empty when there is none: see `reason` (staff)."""

    conversation: UUID
    text: str
    reason: NoSuggestion | None = None


class Drain(LiveFrame, frozen=True, kw_only=True, tag="drain"):
    """This server goes away: reconnect after the given time (ms)."""

    reconnect_after_ms: int


class Resync(LiveFrame, frozen=True, kw_only=True, tag="resync"):
    """Events are missing here: resume this conversation."""

    conversation: UUID


class StreamClosed(LiveFrame, frozen=True, kw_only=True, tag="close"):
    """The last frame of an event stream, which has no close frame of its own: the code a socket would close with."""

    code: int
    reason: str


class Ping(LiveFrame, frozen=True, kw_only=True, tag="ping"):
    """Nothing happened for a while, and the connection is alive."""


class _EndedMessage(Struct, frozen=True):
    id: UUID
    reply: dict[str, object] | None = None


class _EndingCut(Struct, frozen=True):
    message: UUID


class _Ending(Struct, frozen=True):
    type: str
    message: Raw = Raw()
    cut: _EndingCut | None = None


_ending = Decoder(_Ending)
_ended_message = Decoder(_EndedMessage)
_message_id = Decoder(UUID)


def encode(event: LoggedEvent | LiveFrame) -> bytes:
    """Return the wire JSON; the same event gives the same bytes."""
    return _encoder.encode(event)


def event_frame(event: LoggedEvent) -> Frame:
    """Return the bus frame of a logged event."""
    epoch = event.epoch if isinstance(event, ControlChanged) else 0
    return frame_of_logged(type(event).audience, event.seq, epoch, encode(event))


def frame_of_logged(audience: Audience, seq: int, epoch: int, body: bytes) -> Frame:
    """Return the bus frame of an event read back from the log; `epoch` is 0 but for `control.changed`.

    `message` of the frame is the reply that the event ends: readers drop late live frames of it without parsing JSON.
    """
    return Frame(kind=Kind.EVENT, body=body, audience=audience, seq=seq, epoch=epoch, message=ended_reply(body))


def ended_reply(body: bytes) -> UUID:
    """Return the reply that the event with this JSON ends, NO_MESSAGE when none."""
    event = _ending.decode(body)
    match event.type:
        case "message.created":
            created = _ended_message.decode(event.message)
            return NO_MESSAGE if created.reply is None else created.id
        case "reply.failed":
            return _message_id.decode(event.message)
        case _:
            return NO_MESSAGE if event.cut is None else event.cut.message


def started_frame(started: ReplyStarted, attempt: int) -> Frame:
    """Return the bus frame of `reply.started`."""
    return Frame(kind=Kind.STARTED, body=encode(started), epoch=started.epoch, attempt=attempt, message=started.message)


def delta_frame(delta: ReplyDelta, attempt: int) -> Frame:
    """Return the bus frame of `reply.delta`."""
    return Frame(
        kind=Kind.DELTA,
        body=encode(delta),
        epoch=delta.epoch,
        attempt=attempt,
        message=delta.message,
        start=delta.start,
        end=delta.end,
    )


def summary_frame(changed: InboxChanged) -> Frame:
    """Return the bus frame of `inbox.changed`, for staff; `message` is the conversation, to drop older summaries by."""
    summary = changed.summary
    return Frame(kind=Kind.SUMMARY, body=encode(changed), audience=Audience.STAFF, seq=summary.seq, message=summary.id)


def notice_frame(notice: LiveFrame, audience: Audience = Audience.ALL, origin: UUID = NO_MESSAGE) -> Frame:
    """Return the bus frame of a live frame that is neither logged nor ordered; connection `origin` is not sent it."""
    return Frame(kind=Kind.NOTICE, body=encode(notice), audience=audience, message=origin)
