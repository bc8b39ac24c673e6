"""What use cases need of the database. One transaction is one `Transaction`; nothing is seen outside until commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from app.domain.conversation import Conversation
from app.domain.job import ClaimedJob, Lane, NewJob
from app.domain.message import Message, Score
from app.domain.reply import Frozen, Outcome, Reply, ReplyStatus
from app.domain.shop import ShopRules
from app.services.attachments import MessageFiles
from app.services.notifying import NotificationLog
from app.services.outbox import Deliveries
from realtime.ports import LogPage
from realtime.protocol import shapes


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """An event as the log stores it; `body` is the wire JSON."""

    conversation: UUID
    seq: int
    shop: UUID
    type: str
    staff: bool
    epoch: int  # that begins with a control.changed, else 0
    message: UUID | None
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A visitor's record: the address at a channel and the customer behind it."""

    id: UUID
    shop: UUID
    customer: UUID
    account: UUID
    verified: bool
    name: str | None
    channel: str = "web"
    is_blocked: bool = False  # the shop takes nothing from this customer


class MessageKey(NamedTuple):
    """What a message is sent under: once in a conversation, by a sender."""

    conversation: UUID
    sender: UUID
    client_id: str


class NeedsDatabaseError(Exception):
    """A part of a common transaction asked for what it was not told: it needs a transaction of its own."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a worker has of a reply."""

    reply: UUID
    attempt: int
    text: str
    ids: tuple[int, ...]


class Conversations(Protocol):
    """Conversations, under their lock."""

    async def lock(self, conversation: UUID) -> Conversation | None:
        """Read and lock the row until the transaction ends; None when there is none."""

    async def find_open(self, identity: UUID) -> UUID | None: ...

    async def find_last(self, identity: UUID) -> UUID | None:
        """Return the identity's newest conversation, open or closed."""

    async def add(self, conversation: Conversation) -> bool:
        """Insert; false, and nothing changed, when the identity has an open one already."""

    async def save(self, conversation: Conversation, before: Conversation) -> None:
        """Write the fields that are not as they were before."""

    async def summaries(self, conversations: Sequence[UUID]) -> Sequence[shapes.Summary]:
        """Read the lines of the console's lists, in any order."""


class Messages(Protocol):
    """Messages of conversations."""

    async def find(self, conversation: UUID, message: UUID) -> Message | None: ...

    async def find_by_key(self, conversation: UUID, sender: UUID, client_id: str) -> Message | None: ...

    async def place_of(
        self, identity: UUID, client_id: str, *, also_of_others: bool = False
    ) -> tuple[UUID, UUID] | None:
        """Return (conversation, message) of what the customer at an address wrote under this key, or what another
        inbox said to them."""

    async def redact(self, message: Message) -> None:
        """Wipe what was said, wherever it stands: its row, its events (they become tombstones), prompts, the inbox."""

    async def add(self, message: Message) -> None: ...

    async def set_scores(self, message: UUID, intent: Score, sentiment: Score) -> None: ...

    async def set_reaction(self, message: UUID, emoji: str | None) -> None:
        """Store the customer's reaction, or that there is none."""

    async def set_attachments(self, message: UUID, attachments: Sequence[Mapping[str, Any]]) -> None:
        """Store the files of a message as it shows them from now on."""

    async def add_recommendations(self, message: Message, model: str | None) -> None:
        """Insert a row for each product of the message; ids are those the message shows."""


class EventLog(Protocol):
    """The log of events."""

    async def append(self, row: LoggedRow) -> None: ...

    async def body_at(self, conversation: UUID, seq: int) -> str | None: ...

    async def page(self, conversation: UUID, after: int, limit: int) -> LogPage: ...

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]: ...


class Replies(Protocol):
    """Replies of the bot."""

    async def find(self, reply: UUID) -> Reply | None: ...

    async def find_active(self, conversation: UUID) -> Reply | None: ...

    async def find_by_job(self, job: UUID) -> Reply | None: ...

    async def add(self, reply: Reply) -> None: ...

    async def take_in(self, reply: UUID, question: UUID, covers_seq: int) -> None:
        """Let a queued reply answer a newer question."""

    async def start(self, reply: UUID, attempt: int, now: datetime) -> None:
        """Note that a worker has it."""

    async def freeze(self, reply: UUID, attempt: int, frozen: Frozen, now: datetime) -> bool:
        """Store what decides the text, once; false when it is no longer this worker's."""

    async def end(
        self,
        reply: UUID,
        status: ReplyStatus,
        now: datetime,
        *,
        text: str,
        ids: Sequence[int] | None = None,
        finish_reason: str | None = None,
        failure: str | None = None,
        outcome: Outcome | None = None,
    ) -> None: ...

    async def checkpoint(self, checkpoints: Sequence[Checkpoint]) -> set[UUID]:
        """Store texts and ids of running replies in one statement; return those still owned by the attempt given."""


class Jobs(Protocol):
    """The jobs table. Times are the database's."""

    async def add(self, job: NewJob) -> UUID | None:
        """Insert; None, and nothing changed, when (cause, kind) is there already."""

    def enqueue(self, job: NewJob) -> UUID:
        """Insert with the transaction's next statement, unless (cause, kind) is there already; return the new id.

        For jobs of whose presence nobody needs to know.
        """

    async def claim(self, lane: Lane, worker: UUID, limit: int, lease_s: float) -> Sequence[ClaimedJob]:
        """Lease due jobs, fair between shops; also those whose lease has run out."""

    async def end(self, job: UUID, *, attempt: int | None = None, error: str | None = None) -> bool:
        """Complete a job, or with `error` bury it (dead letter); false when it is not active or has another attempt."""

    async def retry(self, job: UUID, attempt: int, error: str, pause_s: float) -> bool: ...

    async def release(self, job: UUID, attempt: int) -> bool:
        """Give it back at once, and do not count the try."""

    async def forgive(self, lost: Sequence[ClaimedJob]) -> None:
        """Do not count these tries: their worker lives, and could do nothing about it. Ended jobs stay as they are."""

    async def renew(self, worker: UUID, jobs: Sequence[UUID], lease_s: float) -> None:
        """Lease the jobs this worker holds a while longer."""

    async def holds(self, job: UUID, attempt: int) -> bool: ...

    async def add_scheduled(self, name: str, due_at: datetime, job: NewJob) -> bool:
        """Insert the job of one due time; false when another node was first."""


class People(Protocol):
    """Shops, staff and customers, as far as conversations need them."""

    async def set_blocked(self, shop: UUID, customer: UUID, at: datetime | None) -> Sequence[UUID] | None:
        """Block a customer, or with None take from them again; return their visitors, None for no such customer."""

    async def blocked_since(self, since: datetime) -> Sequence[UUID]:
        """Return the visitors of customers that were blocked after `since`, and still are."""

    async def rules(self, shop: UUID) -> ShopRules: ...

    async def user(self, user: UUID, shop: UUID) -> shapes.UserRef | None: ...

    async def identity(self, identity: UUID) -> Identity | None: ...

    async def ensure_identity(
        self,
        shop: UUID,
        address: str,
        *,
        identity: UUID | None,
        external_id: str | None,
        name: str | None,
        email: str | None,
        locale: str | None,
    ) -> Identity:
        """Find or insert the widget identity at `address`, with its customer. With `external_id` it is verified."""

    async def identity_at(self, account: UUID, address: str) -> Identity | None:
        """Return who writes from an address, if anybody has."""

    async def ensure_address(
        self, shop: UUID, account: UUID, address: str, name: str | None, phone: str | None = None
    ) -> Identity:
        """Find or insert the identity at an account of a vendor. With a `phone` that the vendor vouches for it is that
        of the shop's one customer with this number; else the customer is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A row of the webhook log: an event, or a request that brought none. `waits` until it is processed."""

    id: UUID
    post: UUID
    channel: str
    status: str
    shop: UUID | None = None
    account: UUID | None = None
    account_ref: str | None = None
    provider_id: str | None = None
    kind: str | None = None
    address: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    event: str | None = None
    error: str | None = None
    waits: bool = True


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An accepted event that nobody has processed yet; `event` is JSON."""

    id: UUID
    shop: UUID
    account: UUID
    channel: str
    event: str


class InboxLog(Protocol):
    """The webhook log."""

    async def add(self, rows: Sequence[InboxRow]) -> set[UUID]:
        """Insert those whose (channel, account, provider id) is new, in the order given; return their ids."""

    async def waiting(self, post: UUID, account: UUID) -> Sequence[WaitingEvent]:
        """Return the unprocessed events of a request, and the earlier ones of the same people, oldest first."""

    async def finish(
        self, event: UUID, *, message: UUID | None = None, error: str | None = None, status: str | None = None
    ) -> bool:
        """Note that an event is processed and what message it became, or with `error` that it is given up (or `status`
        that it was not wanted); false when it was processed before."""

    async def app_of(self, account: UUID) -> str | None:
        """Return the vendor's id of the app that is ours at an account; None where nobody has told it."""


class Desk(Protocol):
    """What stands beside the messages."""

    async def find_note(self, conversation: UUID, user: UUID, client_id: str) -> tuple[UUID, int] | None: ...

    async def add_note(self, shop: UUID, conversation: UUID, note: shapes.Note) -> None: ...

    async def rate(
        self, shop: UUID, conversation: UUID, user: UUID | None, score: int, comment: str | None
    ) -> None: ...

    async def set_feedback(self, message: Message, author: UUID, value: str) -> None:
        """Store what a person thinks of a message: a thumb, or the intent of a customer's; the last one counts."""


class Views(Protocol):
    """Reads for people's eyes."""

    async def snapshot(self, conversation: UUID, *, staff: bool) -> tuple[shapes.Snapshot, Conversation] | None: ...

    async def messages(self, conversation: UUID, *, before: int | None, limit: int) -> Sequence[Message]:
        """Return messages with seq < `before`, oldest first, the newest `limit` of them."""

    async def summaries(
        self,
        shop: UUID,
        *,
        queue: str,
        user: UUID | None,
        status: str | None,
        q: str | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[shapes.Summary]: ...

    async def owners(self, conversation: UUID) -> tuple[UUID, UUID] | None:
        """Return (shop, identity) of a conversation."""


class Erasure(Protocol):
    """Wipes a person; each call returns the rows touched by table."""

    async def wipe_conversation(self, conversation: UUID) -> Mapping[str, int]:
        """Wipe all that was said and shown. Call under the conversation's lock, after its reply has ended."""

    async def wipe_customer(self, customer: UUID) -> Mapping[str, int]:
        """Wipe the record, addresses, interactions, what links orders to it, and what vendors sent about the person."""

    async def wipe_orders(self, shop: UUID, external_ids: Sequence[str]) -> Mapping[str, int]: ...

    async def wipe_webhooks(self, shop: UUID, needles: Sequence[bytes], addresses: Sequence[str] = ()) -> int: ...


class Transaction(Protocol):
    """One transaction: rolled back unless committed."""

    conversations: Conversations
    messages: Messages
    events: EventLog
    replies: Replies
    jobs: Jobs
    people: People
    desk: Desk
    views: Views
    inbox: InboxLog
    deliveries: Deliveries
    files: MessageFiles
    notifications: NotificationLog
    erasure: Erasure

    async def commit(self) -> None: ...


class Together(Protocol):
    """Several conversations, under their locks, in one transaction: rolled back unless committed."""

    @property
    def conversations(self) -> Mapping[UUID, Conversation]:
        """Those that there are and that nobody else had locked, by id."""

    @property
    def known(self) -> Set[MessageKey]:
        """The keys that have a message."""

    @property
    def replies(self) -> Mapping[UUID, Reply]:
        """The queued or running replies by conversation."""

    def part(self, key: MessageKey) -> Transaction:
        """Return what a message with a new key writes with; all but this raises NeedsDatabaseError."""

    async def commit(self, parts: Sequence[Transaction]) -> None:
        """Make what these parts wrote durable and visible; the others' is forgotten."""


class Store(Protocol):
    """The database."""

    def together(self, keys: Sequence[MessageKey]) -> AbstractAsyncContextManager[Together]:
        """Lock the conversations of some keys, each of another one; wait for none that is locked."""

    def write(self, *, urgent: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that may write. Urgent is what somebody outside waits for: it goes before what waits."""

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that reads one consistent state."""

    async def lines(self, conversations: Sequence[UUID]) -> Sequence[shapes.Summary]:
        """Read the lines of the console's lists, as they are now, in any order."""
