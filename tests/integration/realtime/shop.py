"""A whole product in memory behind the `Sessions` port: one gapless log per conversation, publish after commit.

It keeps the port's promises the way the real one does (idempotent sends, rights per principal, fences around the
change of control), so that what the gateway is tested against behaves like the product.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from realtime.bus.frame import Frame
from realtime.bus.port import Bus, BusUnavailableError
from realtime.bus.topic import conversation_topic, inbox_topic
from realtime.live_reply.port import LiveReply
from realtime.ports import UNREAD_MAX, Authenticated, CommandError, LogPage, Missed, Peer, Principal, Snapshot
from realtime.protocol.commands import (
    AgentHello,
    Command,
    ControlRelease,
    ControlTake,
    ConversationClose,
    ConversationOpen,
    MessageSend,
    NoteAdd,
    NotificationCursor,
    Read,
    ReplyStop,
    Typing,
    VisitorHello,
)
from realtime.protocol.events import (
    ControlChanged,
    ConversationClosed,
    InboxChanged,
    LoggedEvent,
    MessageCreated,
    NoteCreated,
    Notification,
    ReceiptChanged,
    encode,
    event_frame,
    frame_of_logged,
    summary_frame,
)
from realtime.protocol.shapes import (
    Controller,
    Customer,
    Cut,
    Message,
    Note,
    Participant,
    ReplyEnd,
    Sender,
    Status,
    Summary,
    UserRef,
)

WIDGET_KEY = "wk_test"
ORIGIN = "https://shop.example"


@dataclass
class Conversation:
    id: UUID
    customer: Customer
    visitor: UUID
    log: str = "log-1"
    status: Status = "open"
    controller: Controller = "bot"
    holder: UserRef | None = None
    epoch: int = 0
    bodies: list[tuple[Frame, bytes]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    sent: dict[tuple[UUID, UUID], Mapping[str, Any]] = field(default_factory=dict)
    first_kept: int = 1

    @property
    def seq(self) -> int:
        return len(self.bodies)


class MemoryShop:
    """Sessions for one shop. `reads` counts log reads; `broken` makes every storage call fail."""

    def __init__(self, bus: Bus, live_reply: LiveReply) -> None:
        self.id = uuid4()
        self.bus = bus
        self.live_reply = live_reply
        self.conversations: dict[UUID, Conversation] = {}
        self.visitors: dict[str, Principal] = {}
        self.staff: dict[str, Principal] = {}
        self.expires_at: float | None = None
        self.reads = 0
        self.broken = False
        self.notifications: list[Notification] = []
        self.asked = asyncio.Event()  # what is unread
        self.before_missed: Callable[[], Awaitable[None]] = _nothing

    def add_staff(self, name: str, shop: UUID | None = None) -> str:
        token = f"jwt-{name}"
        self.staff[token] = Principal(kind="user", id=uuid4(), shop=shop or self.id, name=name, role="agent")
        return token

    # Sessions

    async def authenticate_visitor(self, hello: VisitorHello, peer: Peer) -> Authenticated:
        self._check_storage()
        if hello.widget_key != WIDGET_KEY:
            raise CommandError("unauthorized", "unknown widget key")
        if peer.origin not in (None, ORIGIN):
            raise CommandError("unauthorized", "this origin is not on the shop's list")
        token = hello.token or f"visitor-{uuid4()}"
        if hello.token is not None and hello.token not in self.visitors:
            raise CommandError("unauthorized", "unknown token")
        visitor = self.visitors.setdefault(token, Principal(kind="visitor", id=uuid4(), shop=self.id))
        return Authenticated(visitor, token, self.expires_at)

    def stream_token(self, authenticated: Authenticated) -> str:
        assert authenticated.token is not None
        return authenticated.token

    async def open_stream(self, token: str, peer: Peer) -> Authenticated:
        return Authenticated(await self.check_visitor(token, peer), token, self.expires_at)

    async def check_visitor(self, token: str, peer: Peer) -> Principal:
        self._check_storage()
        if peer.origin not in (None, ORIGIN) or token not in self.visitors:
            raise CommandError("unauthorized", "unknown token, or an origin that is not on the shop's list")
        return self.visitors[token]

    async def authenticate_user(self, hello: AgentHello, peer: Peer) -> Authenticated:
        self._check_storage()
        user = self.staff.get(hello.token or peer.cookies.get("session", ""))
        if user is None:
            raise CommandError("unauthorized", "sign in first")
        return Authenticated(user, None, self.expires_at)

    async def admit(self, principal: Principal, command: Command) -> None:
        pass

    async def refresh(self, principal: Principal, token: str) -> Authenticated:
        if self.staff.get(token) != principal and self.visitors.get(token) != principal:
            raise CommandError("unauthorized", "this token is somebody else's")
        return Authenticated(principal, None, self.expires_at)

    async def are_valid(self, principals: Sequence[Principal]) -> Sequence[bool]:
        self._check_storage()
        return [not one.is_staff or one in self.staff.values() for one in principals]

    async def check_watch(self, principal: Principal, conversation: UUID) -> None:
        self._find(principal, conversation)

    async def read_log(self, conversation: UUID, after: int, limit: int) -> LogPage:
        self._check_storage()
        self.reads += 1
        found = self.conversations[conversation]
        rows = [
            frame_of_logged(frame.audience, frame.seq, frame.epoch, body)
            for frame, body in found.bodies
            if frame.seq > after and frame.seq >= found.first_kept
        ]
        return LogPage(found.log, found.seq, rows[:limit], found.epoch)

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]:
        self._check_storage()
        known = [self.conversations[one] for one in conversations if one in self.conversations]
        return {one.id: (one.log, one.seq) for one in known}

    async def missed(self, principal: Principal, cursor: NotificationCursor | None) -> Missed:
        self._check_storage()
        await self.before_missed()
        if cursor is None:
            return Missed([one for one in self.notifications if not one.read])
        still = [one.id for one in self.notifications if one.id in cursor.unread and not one.read]
        lacking = [one for one in self.notifications if one.id not in cursor.unread and not one.read]
        return Missed(lacking, still)

    async def snapshot(self, principal: Principal, conversation: UUID) -> Snapshot:
        found = self._find(principal, conversation)
        body = {
            "id": found.id,
            "log": found.log,
            "status": found.status,
            "controller": found.controller,
            "epoch": found.epoch,
            "seq": found.seq,
            "customer": found.customer,
            "channel": "web",
            "messages": found.messages[-50:],
        }
        return Snapshot(found.log, found.seq, found.epoch, body)

    async def inbox(self, principal: Principal, queue: str) -> Sequence[Mapping[str, Any]]:
        self._check_storage()
        return [msgspec.to_builtins(self._summary(one)) for one in self.conversations.values() if one.status == "open"]

    async def unread(self, users: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        self.asked.set()
        self._check_storage()
        unread = [one.id for one in reversed(self.notifications) if not one.read][:UNREAD_MAX]
        return dict.fromkeys(users, unread)

    async def notified(self, principal: Principal, notifications: Sequence[UUID]) -> Sequence[Notification]:
        self._check_storage()
        return [one for one in self.notifications if one.id in notifications]

    async def summaries(self, conversations: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        self._check_storage()
        return [msgspec.to_builtins(self._summary(self.conversations[one])) for one in conversations]

    async def execute(self, principal: Principal, connection: UUID, command: Command) -> Mapping[str, Any]:
        self._check_storage()
        if isinstance(command, ConversationOpen):
            return {"conversation": {"id": self._open(principal).id}}
        conversation: UUID = command.conversation  # type: ignore[union-attr, assignment]
        found = self._find(principal, conversation)
        match command:
            case MessageSend():
                return await self._send(principal, found, command)
            case ControlTake():
                return await self._take(principal, found)
            case ControlRelease():
                return await self._release(found, command)
            case ReplyStop():
                return await self._stop(found, command)
            case NoteAdd():
                return await self._note(principal, found, command)
            case ConversationClose():
                found.status = "closed"
                await self.log(found, ConversationClosed(conversation=found.id, seq=found.seq + 1, at=now()))
                return {"seq": found.seq}
            case Read():
                who = Participant(kind="agent" if principal.is_staff else "customer", id=principal.id)
                event = ReceiptChanged(
                    conversation=found.id, seq=found.seq + 1, at=now(), participant=who, read=command.seq
                )
                await self.log(found, event)
                return {}
            case Typing():
                return {}
        raise CommandError("unavailable", "not sold here")

    # the rest of the product

    async def log(self, conversation: Conversation, event: LoggedEvent) -> None:
        """Commit one event, then publish it."""
        assert event.seq == conversation.seq + 1
        frame = event_frame(event)
        conversation.bodies.append((frame, encode(event)))
        if isinstance(event, MessageCreated):
            conversation.messages.append(event.message)
        summary = InboxChanged(summary=self._summary(conversation))
        with contextlib.suppress(BusUnavailableError):  # readers find it in the log
            await self.bus.publish(conversation_topic(conversation.id), frame)
            await self.bus.publish(inbox_topic(self.id), summary_frame(summary))

    async def say(
        self,
        conversation: Conversation,
        text: str,
        sender: Sender | None = None,
        *,
        message: UUID | None = None,
        reply: ReplyEnd | None = None,
        client_id: UUID | None = None,
    ) -> Message:
        """Commit and publish one message."""
        created = Message(
            id=message or uuid4(),
            seq=conversation.seq + 1,
            at=now(),
            sender=sender or Sender(kind="customer"),
            text=text,
            reply=reply,
            client_id=client_id,
        )
        await self.log(
            conversation,
            MessageCreated(conversation=conversation.id, seq=created.seq, at=created.at, message=created),
        )
        return created

    async def finish_reply(self, conversation: Conversation, message: UUID, text: str, reason: str = "stop") -> None:
        """End a reply whole: the live record first, then the event."""
        await self.live_reply.finish(conversation.id, message, conversation.epoch, 1)
        end = ReplyEnd(finish_reason=reason, to=len(text.encode()))  # type: ignore[arg-type]
        await self.say(conversation, text, Sender(kind="bot"), message=message, reply=end)

    def _open(self, principal: Principal) -> Conversation:
        for found in self.conversations.values():
            if found.visitor == principal.id and found.status == "open":
                return found
        conversation = Conversation(uuid4(), Customer(id=uuid4(), verified=False), principal.id)
        self.conversations[conversation.id] = conversation
        return conversation

    async def _send(self, principal: Principal, found: Conversation, command: MessageSend) -> Mapping[str, Any]:
        key = (principal.id, command.client_id)
        if key not in found.sent:
            if principal.is_staff and found.controller != "agent":
                await self._take(principal, found)
            sender = Sender(kind="agent" if principal.is_staff else "customer", id=principal.id, name=principal.name)
            created = await self.say(found, command.text, sender, client_id=command.client_id)
            found.sent[key] = {"message": created.id, "seq": created.seq}
        return found.sent[key]

    async def _take(self, principal: Principal, found: Conversation) -> Mapping[str, Any]:
        holder = UserRef(id=principal.id, name=principal.name or "")
        if found.controller == "agent":
            if found.holder != holder:
                raise CommandError("conflict", "somebody else has it", fields={"holder": found.holder})
            return {"epoch": found.epoch, "cut": None}
        cut = await self._change_control(found, "agent", holder)
        return {"epoch": found.epoch, "cut": cut}

    async def _release(self, found: Conversation, command: ControlRelease) -> Mapping[str, Any]:
        await self._change_control(found, command.to, None)
        return {"epoch": found.epoch}

    async def _change_control(self, found: Conversation, to: Controller, holder: UserRef | None) -> Cut | None:
        ran = await self.live_reply.cut(found.id, found.epoch + 1, uuid4())
        found.epoch += 1
        found.controller, found.holder = to, holder
        cut = None if ran is None else Cut(message=ran.message, text=ran.text)
        event = ControlChanged(
            conversation=found.id,
            seq=found.seq + 1,
            at=now(),
            controller=to,
            epoch=found.epoch,
            user=holder,
            cut=cut,
        )
        if cut is not None:
            end = ReplyEnd(finish_reason="taken_over", to=len(cut.text.encode()))
            found.messages.append(
                Message(id=cut.message, seq=event.seq, at=event.at, sender=Sender(kind="bot"), text=cut.text, reply=end)
            )
        await self.log(found, event)
        return cut

    async def _stop(self, found: Conversation, command: ReplyStop) -> Mapping[str, Any]:
        ran = await self.live_reply.cut(found.id, found.epoch, uuid4(), message=command.message)
        if ran is None:
            raise CommandError("not_found", "this reply does not run")
        end = ReplyEnd(finish_reason="stopped", to=len(ran.text.encode()))
        await self.say(found, ran.text, Sender(kind="bot"), message=ran.message, reply=end)
        return {"text": ran.text}

    async def _note(self, principal: Principal, found: Conversation, command: NoteAdd) -> Mapping[str, Any]:
        author = UserRef(id=principal.id, name=principal.name or "")
        note = Note(id=uuid4(), seq=found.seq + 1, at=now(), author=author, text=command.text)
        await self.log(found, NoteCreated(conversation=found.id, seq=note.seq, at=note.at, note=note))
        return {"note": note.id, "seq": note.seq}

    def _find(self, principal: Principal, conversation: UUID) -> Conversation:
        self._check_storage()
        found = self.conversations.get(conversation)
        is_own = found is not None and found.visitor == principal.id
        if found is None or not ((principal.is_staff and principal.shop == self.id) or is_own):
            raise CommandError("not_found", "there is no such conversation")
        return found

    def _summary(self, conversation: Conversation) -> Summary:
        return Summary(
            id=conversation.id,
            seq=conversation.seq,
            status=conversation.status,
            controller=conversation.controller,
            epoch=conversation.epoch,
            customer=conversation.customer,
            channel="web",
            updated_at=now(),
        )

    def _check_storage(self) -> None:
        if self.broken:
            raise OSError("the database is away")


async def _nothing() -> None:
    pass


def now() -> datetime:
    return datetime.now(UTC)
