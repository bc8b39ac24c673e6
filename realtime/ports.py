"""What live sessions need from the product. `app` implements it; realtime knows no database, model or channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from msgspec import UNSET, UnsetType

from realtime.bus.frame import Frame
from realtime.protocol.commands import AgentHello, Command, NotificationCursor, Page, VisitorHello
from realtime.protocol.events import Notification

UNREAD_MAX = 100  # notifications of one member that are compared
LOOKED_AT_MAX = 500  # notifications in one call


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a connection comes from, as the transport saw it."""

    address: str
    origin: str | None
    host: str | None
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a connection acts for."""

    kind: Literal["visitor", "user"]
    id: UUID
    shop: UUID
    name: str | None = None
    role: str | None = None
    verified: bool = False
    customer: UUID | None = None  # of a visitor, once there is a customer record
    session: str | None = None  # of staff: what the sign-in is known by, to end its connections alone
    address: str = ""  # of the connection's other end
    generation: int = 0  # of staff: of the account; a higher one has ended all earlier sign-ins
    locale: str | None = None  # of a visitor, as hello said
    page: Page | None = None  # likewise

    @property
    def is_staff(self) -> bool:
        return self.kind == "user"


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The answer to a good hello; `token` is what a visitor keeps (None for staff)."""

    principal: Principal
    token: str | None
    expires_at: float | None = None  # Unix seconds; the session must be refreshed or closed then


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events of one conversation after a position, in order, as they went to the bus (frames of kind EVENT)."""

    log: str
    last_seq: int  # of the conversation, at the time of reading
    frames: Sequence[Frame]
    epoch: int  # of the conversation, likewise
    running: UUID | UnsetType | None = UNSET  # the reply that is being made; unset: not told


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A conversation as a reader may see it. `body` is the wire snapshot without `live`."""

    log: str
    seq: int
    epoch: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Missed:
    """What a console lacks: `notifications`, oldest first; `unread`: which of those it holds unread still are."""

    notifications: Sequence[Notification]
    unread: Sequence[UUID] | None = None  # None: it holds nothing


class CommandError(Exception):
    """A refused command or hello: becomes an `error` frame (protocol.md, Errors). `fields` are added to the frame."""

    def __init__(
        self, code: str, message: str, *, retry_after_ms: int | None = None, fields: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.fields = dict(fields or {})


class Sessions(Protocol):
    """The product behind a gateway. Every method raises CommandError for what a client did wrong."""

    async def authenticate_visitor(self, hello: VisitorHello, peer: Peer) -> Authenticated:
        """Check widget key, origin, identity hash and token. Errors here close the socket with 4501."""

    def stream_token(self, authenticated: Authenticated) -> str:
        """Return the token that opens a stream after a visitor's hello, on whichever node, with its page and locale."""

    async def open_stream(self, token: str, peer: Peer) -> Authenticated:
        """Check the token and origin of a visitor whose hello was answered before, and count the connection."""

    async def check_visitor(self, token: str, peer: Peer) -> Principal:
        """Check the token and origin of a visitor's request beside an open stream."""

    async def authenticate_user(self, hello: AgentHello, peer: Peer) -> Authenticated:
        """Check the JWT or the session cookie, and the origin."""

    async def admit(self, principal: Principal, command: Command) -> None:
        """Count a command before it is carried out; raises `rate_limited` with the time to wait."""

    async def refresh(self, principal: Principal, token: str) -> Authenticated:
        """Check a newer token of the same principal (token.refresh)."""

    async def are_valid(self, principals: Sequence[Principal]) -> Sequence[bool]:
        """Say of each whether they may still be here: signed in, and not blocked; at most 1,000 a call."""

    async def check_watch(self, principal: Principal, conversation: UUID) -> None:
        """Raise `not_found` unless this principal may read the conversation."""

    async def read_log(self, conversation: UUID, after: int, limit: int) -> LogPage:
        """Read events with seq > `after`, at most `limit`, from the primary."""

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]:
        """Return (log, last seq) of each conversation that exists; at most 1,000 ids a call."""

    async def snapshot(self, principal: Principal, conversation: UUID) -> Snapshot:
        """Read the conversation with its last 50 messages, for this principal's eyes."""

    async def inbox(self, principal: Principal, queue: str) -> Sequence[Mapping[str, Any]]:
        """Read the first page of summaries of a queue: mine, unassigned, bot, all."""

    async def missed(self, principal: Principal, cursor: NotificationCursor | None) -> Missed:
        """Read what a member of staff was told and a console with this cursor lacks."""

    async def unread(self, users: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """Return the newest UNREAD_MAX unread notifications of each of the staff who has any; at most 1,000 a call."""

    async def notified(self, principal: Principal, notifications: Sequence[UUID]) -> Sequence[Notification]:
        """Read those of these that are the member's own and still there, oldest first; at most LOOKED_AT_MAX a call."""

    async def summaries(self, conversations: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        """Read the summaries of conversations that an inbox has shown; at most 1,000 a call."""

    async def execute(self, principal: Principal, connection: UUID, command: Command) -> Mapping[str, Any]:
        """Carry out a command of protocol.md's table that changes something; return the fields of its ack."""
