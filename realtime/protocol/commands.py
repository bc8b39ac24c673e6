"""Commands of a client: one class per `type` of the wire protocol.

Unknown fields are ignored, so that a newer client can talk to an older server. A field with UNSET as its default was
not sent; None was sent as null.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

MAX_POSITION = 2**53 - 1  # the largest integer every JSON client holds exactly
MAX_RESUME = 100  # conversations in one hello
MAX_HELD = 500  # notifications that a hello may hold unread

RequestId = Annotated[str, Meta(min_length=1, max_length=64)]
Position = Annotated[int, Meta(ge=0, le=MAX_POSITION)]
Token = Annotated[str, Meta(min_length=1, max_length=8192)]
Queue = Literal["mine", "unassigned", "bot", "all"]
Priority = Literal["low", "normal", "high", "urgent"]


class Request(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every command has; `id` is chosen by the client and comes back in the answer."""

    id: RequestId


class LiveCursor(Struct, frozen=True, kw_only=True):
    """How much of a reply in progress the client holds: `to` as it was in the last delta."""

    message: str
    to: Position


class Cursor(Struct, frozen=True, kw_only=True):
    """Where a client stands in a conversation. A conversation that is not (or no longer) there is no error."""

    conversation: Annotated[str, Meta(max_length=64)]
    log: str | None = None
    seq: Position | None = None
    live: LiveCursor | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """A customer known to the shop; `hash` is hex HMAC-SHA256(widget secret, id), `email` and `name` are hints."""

    id: Annotated[str, Meta(min_length=1, max_length=255)]
    hash: str | None = None
    name: str | None = None
    email: str | None = None


class Page(Struct, frozen=True, kw_only=True):
    """The page of the shop that the visitor is on."""

    url: str = ""
    title: str = ""
    product_id: str | None = None


class VisitorHello(Request, frozen=True, kw_only=True, tag="hello"):
    """First frame on /ws/chat."""

    widget_key: str
    token: str | None = None
    identity: Identity | None = None
    page: Page | None = None
    locale: Annotated[str, Meta(max_length=35)] | None = None  # BCP 47: 35 characters (RFC 5646, 4.4.1)
    resume: Annotated[list[Cursor], Meta(max_length=MAX_RESUME)] = []


class NotificationCursor(Struct, frozen=True, kw_only=True):
    """What a console was told so far: the greatest id, and which of all it holds unread."""

    after: UUID | None = None
    unread: Annotated[list[UUID], Meta(max_length=MAX_HELD)] = []


class AgentHello(Request, frozen=True, kw_only=True, tag="hello"):
    """First frame on /ws/agent; without a token the session cookie counts. Notifications go on after their cursor;
    without one all that are unread are sent."""

    token: str | None = None
    resume: Annotated[list[Cursor], Meta(max_length=MAX_RESUME)] = []
    notifications: NotificationCursor | None = None


class ConversationOpen(Request, frozen=True, kw_only=True, tag="conversation.open"):
    """Visitor: the open conversation, or a new one."""

    page: Page | None = None


class ConversationWatch(Request, frozen=True, kw_only=True, tag="conversation.watch"):
    """Follow a conversation, from a position when one is given."""

    conversation: UUID
    log: str | None = None
    seq: Position | None = None
    live: LiveCursor | None = None


class ConversationUnwatch(Request, frozen=True, kw_only=True, tag="conversation.unwatch"):
    """Stop following a conversation."""

    conversation: UUID


class InboxWatch(Request, frozen=True, kw_only=True, tag="inbox.watch"):
    """Staff: first page of a queue, then `inbox.changed` frames."""

    queue: Queue


class MessageSend(Request, frozen=True, kw_only=True, tag="message.send"):
    """A message of the visitor or of staff; the same `client_id` again changes nothing and is answered the same."""

    conversation: UUID
    client_id: UUID
    text: str
    attachments: Annotated[list[UUID], Meta(max_length=10)] = []


class Typing(Request, frozen=True, kw_only=True, tag="typing"):
    """Typing began or ended."""

    conversation: UUID
    on: bool


class PresenceSet(Request, frozen=True, kw_only=True, tag="presence"):
    """Whether somebody looks: at one conversation, or at all that this connection follows now and later."""

    state: Literal["online", "away"]
    conversation: UUID | None = None


class Read(Request, frozen=True, kw_only=True, tag="read"):
    """Everything up to `seq` has been seen."""

    conversation: UUID
    seq: Position


class ReplyStop(Request, frozen=True, kw_only=True, tag="reply.stop"):
    """End the bot's reply where it is; who is in control stays."""

    conversation: UUID
    message: UUID


class ReplyFeedback(Request, frozen=True, kw_only=True, tag="reply.feedback"):
    """Visitor: thumbs on a reply of the bot."""

    conversation: UUID
    message: UUID
    value: Literal["up", "down"]


class HandoffRequest(Request, frozen=True, kw_only=True, tag="handoff.request"):
    """Visitor: ask for a person."""

    conversation: UUID


class ControlTake(Request, frozen=True, kw_only=True, tag="control.take"):
    """Staff: take over from the bot or the queue."""

    conversation: UUID


class ControlRelease(Request, frozen=True, kw_only=True, tag="control.release"):
    """Staff: give control to the bot or back to the queue."""

    conversation: UUID
    to: Literal["bot", "queue"]


class ConversationAssign(Request, frozen=True, kw_only=True, tag="conversation.assign"):
    """Staff: say whose conversation it is; null is nobody's."""

    conversation: UUID
    user: UUID | None


class NoteAdd(Request, frozen=True, kw_only=True, tag="note.add"):
    """Staff: a note that no visitor sees."""

    conversation: UUID
    client_id: UUID
    text: str


class DeliveryResend(Request, frozen=True, kw_only=True, tag="delivery.resend"):
    """Staff: send the parts of a message again that failed or whose fate is unknown, once per `client_id`."""

    conversation: UUID
    message: UUID
    client_id: UUID


class ConversationClose(Request, frozen=True, kw_only=True, tag="conversation.close"):
    """Close; with `seq`, only when no newer customer message came."""

    conversation: UUID
    seq: Position | None = None


class ConversationReopen(Request, frozen=True, kw_only=True, tag="conversation.reopen"):
    """Staff: open a closed conversation again."""

    conversation: UUID
    seq: Position | None = None


class ConversationUpdate(Request, frozen=True, kw_only=True, tag="conversation.update"):
    """Staff: change labels, priority, snooze time (RFC 3339 or null) or the shared draft (or null)."""

    conversation: UUID
    labels: Annotated[list[str], Meta(max_length=50)] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    snooze_until: str | UnsetType | None = UNSET
    draft: str | UnsetType | None = UNSET


class SuggestRequest(Request, frozen=True, kw_only=True, tag="suggest.request"):
    """Staff: ask for a suggested answer, streamed to this connection."""

    conversation: UUID


class NotificationRead(Request, frozen=True, kw_only=True, tag="notification.read"):
    """Staff: mark notifications as read."""

    ids: Annotated[list[UUID], Meta(max_length=500)]


class CsatRate(Request, frozen=True, kw_only=True, tag="csat.rate"):
    """Visitor: rate the conversation."""

    conversation: UUID
    score: Annotated[int, Meta(ge=1, le=5)]
    comment: str | None = None


class TokenRefresh(Request, frozen=True, kw_only=True, tag="token.refresh"):
    """Replace the token of this session by a newer one of the same visitor or user."""

    token: Token


Command = (
    ConversationOpen
    | ConversationWatch
    | ConversationUnwatch
    | InboxWatch
    | MessageSend
    | Typing
    | PresenceSet
    | Read
    | ReplyStop
    | ReplyFeedback
    | HandoffRequest
    | ControlTake
    | ControlRelease
    | ConversationAssign
    | NoteAdd
    | DeliveryResend
    | ConversationClose
    | ConversationReopen
    | ConversationUpdate
    | SuggestRequest
    | NotificationRead
    | CsatRate
    | TokenRefresh
)
Hello = VisitorHello | AgentHello

VISITOR_ONLY = (ConversationOpen, ReplyFeedback, HandoffRequest, CsatRate)
STAFF_ONLY = (
    InboxWatch,
    ControlTake,
    ControlRelease,
    ConversationAssign,
    NoteAdd,
    DeliveryResend,
    ConversationReopen,
    ConversationUpdate,
    SuggestRequest,
    NotificationRead,
)
