"""The product behind the gateway: realtime.ports.Sessions by the use cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from app.auth.staff import SESSION_COOKIE, SignIn, SignInRefusedError, StaffAuth, secret_hash
from app.domain.conversation import Controller
from app.domain.people import Actor, Role, Staff, Visitor
from app.domain.staff import StaffMember
from app.live.limits import Limits
from app.live.visitors import Visitors
from app.services.blocking import Blocking
from app.services.control import ControlDesk, Taken
from app.services.deliver import Deliver
from app.services.desk import DeskWork
from app.services.ingest import Ingest
from app.services.notifications import Notifications
from app.services.reads import Reads
from app.services.sending import Sending
from app.services.signs import Signs
from app.services.suggesting import Suggestions
from realtime.ports import Authenticated, CommandError, LogPage, Missed, Peer, Principal, Snapshot
from realtime.protocol import commands as wire
from realtime.protocol.events import Notification


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases that commands call."""

    ingest: Ingest
    sending: Sending
    control: ControlDesk
    desk: DeskWork
    reads: Reads
    suggestions: Suggestions
    deliver: Deliver
    blocking: Blocking
    notifications: Notifications
    signs: Signs


class LiveSessions:
    """Authenticates, reads and carries out commands for live sessions."""

    def __init__(
        self, cases: UseCases, visitors: Visitors, staff: StaffAuth, limits: Limits, *, public_url: str
    ) -> None:
        self._cases = cases
        self._visitors = visitors
        self._staff = staff
        self._limits = limits
        self._public_host = urlsplit(public_url).netloc

    async def authenticate_visitor(self, hello: wire.VisitorHello, peer: Peer) -> Authenticated:
        """See realtime.ports.Sessions."""
        await self._limits.connect(peer.address)
        return await self._connected(await self._visitors.authenticate(hello, peer), peer)

    def stream_token(self, authenticated: Authenticated) -> str:
        """See realtime.ports.Sessions."""
        return self._visitors.stream_token(authenticated)

    async def open_stream(self, token: str, peer: Peer) -> Authenticated:
        """See realtime.ports.Sessions."""
        await self._limits.connect(peer.address)
        return await self._connected(await self._visitors.to_stream(token, peer), peer)

    async def check_visitor(self, token: str, peer: Peer) -> Principal:
        """See realtime.ports.Sessions."""
        return (await self._visitors.known(token, peer)).principal

    async def authenticate_user(self, hello: wire.AgentHello, peer: Peer) -> Authenticated:
        """See realtime.ports.Sessions."""
        await self._limits.connect(peer.address)
        if peer.origin is not None and urlsplit(peer.origin).netloc not in (self._public_host, peer.host):
            raise CommandError("unauthorized", "the console connects from the server's own pages only")
        try:
            if hello.token is not None:
                member, expires_at = await self._staff.check_access(hello.token)
                signed_in = Authenticated(principal=_principal(member), token=None, expires_at=expires_at)
                return await self._connected(signed_in, peer)
            cookie = peer.cookies.get(SESSION_COOKIE, "")
            member = await self._staff.check_session(cookie)
        except SignInRefusedError as error:
            raise CommandError("unauthorized", str(error)) from error
        signed_in = Authenticated(principal=_principal(member, session=secret_hash(cookie)), token=None)
        return await self._connected(signed_in, peer)

    async def admit(self, principal: Principal, command: wire.Command) -> None:
        """See realtime.ports.Sessions."""
        await self._limits.command(principal)

    async def are_valid(self, principals: Sequence[Principal]) -> Sequence[bool]:
        """See realtime.ports.Sessions."""
        staff = [one for one in principals if one.is_staff]
        blocked = await self._cases.blocking.lately() if len(staff) < len(principals) else set()
        valid = iter(await self._staff.are_valid([SignIn(one.id, one.generation, one.session) for one in staff]))
        return [next(valid) if one.is_staff else one.id not in blocked for one in principals]

    async def refresh(self, principal: Principal, token: str) -> Authenticated:
        """See realtime.ports.Sessions."""
        if not principal.is_staff:
            return await self._visitors.refresh(principal, token)
        try:
            member, expires_at = await self._staff.check_access(token)
        except SignInRefusedError as error:
            raise CommandError("unauthorized", str(error)) from error
        if member.id != principal.id:
            raise CommandError("unauthorized", "the token is another user's")
        return Authenticated(principal=_principal(member), token=None, expires_at=expires_at)

    async def check_watch(self, principal: Principal, conversation: UUID) -> None:
        """See realtime.ports.Sessions."""
        await self._cases.reads.check_watch(actor_of(principal), conversation)

    async def read_log(self, conversation: UUID, after: int, limit: int) -> LogPage:
        """See realtime.ports.Sessions."""
        return await self._cases.reads.read_log(conversation, after, limit)

    async def last_seqs(self, conversations: Sequence[UUID]) -> Mapping[UUID, tuple[str, int]]:
        """See realtime.ports.Sessions."""
        return await self._cases.reads.last_seqs(conversations)

    async def snapshot(self, principal: Principal, conversation: UUID) -> Snapshot:
        """See realtime.ports.Sessions."""
        return await self._cases.reads.snapshot(actor_of(principal), conversation)

    async def inbox(self, principal: Principal, queue: str) -> Sequence[Mapping[str, Any]]:
        """See realtime.ports.Sessions."""
        return await self._cases.reads.inbox(staff_of(principal), queue)

    async def missed(self, principal: Principal, cursor: wire.NotificationCursor | None) -> Missed:
        """See realtime.ports.Sessions."""
        return await self._cases.notifications.missed(principal.id, cursor)

    async def unread(self, users: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """See realtime.ports.Sessions."""
        return await self._cases.notifications.unread(users)

    async def notified(self, principal: Principal, notifications: Sequence[UUID]) -> Sequence[Notification]:
        """See realtime.ports.Sessions."""
        return await self._cases.notifications.own(principal.id, notifications)

    async def summaries(self, conversations: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        """See realtime.ports.Sessions."""
        return await self._cases.reads.summaries(conversations)

    async def execute(self, principal: Principal, connection: UUID, command: wire.Command) -> Mapping[str, Any]:
        """See realtime.ports.Sessions."""
        if principal.is_staff:
            if isinstance(command, wire.SuggestRequest):
                await self._cases.suggestions.ask(staff_of(principal), command.conversation, connection)
                return {}
            return await self._execute_staff(staff_of(principal), command)
        if isinstance(command, wire.ConversationOpen):
            return {"conversation": await self._open(principal, command.page or principal.page)}
        return await self._execute_visitor(visitor_of(principal), command)

    async def _open(self, principal: Principal, page: wire.Page | None) -> UUID:
        shown = msgspec.to_builtins(page) if page is not None else None
        return await self._cases.ingest.open_conversation(
            visitor_of(principal), shown, locale=principal.locale, admit=lambda: self._limits.conversation(principal)
        )

    async def _execute_visitor(self, visitor: Visitor, command: wire.Command) -> Mapping[str, Any]:
        match command:
            case wire.MessageSend():
                sent = await self._cases.ingest.receive_message(
                    visitor, command.conversation, str(command.client_id), command.text, files=command.attachments
                )
                return {"message": sent.message, "seq": sent.seq}
            case wire.HandoffRequest():
                await self._cases.control.request_handoff(visitor, command.conversation)
                return {}
            case wire.ReplyFeedback():
                await self._cases.desk.give_feedback(visitor, command.conversation, command.message, command.value)
                return {}
            case wire.CsatRate():
                await self._cases.desk.rate(visitor, command.conversation, command.score, command.comment)
                return {}
        return await self._execute_either(visitor, command)

    async def _execute_staff(self, staff: Staff, command: wire.Command) -> Mapping[str, Any]:
        match command:
            case wire.MessageSend():
                sent = await self._cases.sending.send(
                    staff, command.conversation, str(command.client_id), command.text, files=command.attachments
                )
                return {"message": sent.message, "seq": sent.seq}
            case wire.ControlTake():
                taken = await self._cases.control.take(staff, command.conversation)
                return {"epoch": taken.epoch, "cut": taken.cut, **_in_flight(taken)}
            case wire.ControlRelease():
                epoch = await self._cases.control.release(staff, command.conversation, Controller(command.to))
                return {"epoch": epoch}
            case wire.ConversationAssign():
                await self._cases.control.assign(staff, command.conversation, command.user)
                return {}
            case wire.ConversationReopen():
                return {"seq": await self._cases.control.reopen(staff, command.conversation, seen=command.seq)}
            case wire.DeliveryResend():
                await self._cases.deliver.resend(staff, command.conversation, command.message, command.client_id)
                return {}
            case wire.NoteAdd():
                note = await self._cases.desk.add_note(staff, command.conversation, command.client_id, command.text)
                return {"note": note.message, "seq": note.seq}
            case wire.ConversationUpdate():
                await self._cases.desk.update(
                    staff,
                    command.conversation,
                    labels=command.labels,
                    priority=command.priority,
                    snooze_until=command.snooze_until,
                    draft=command.draft,
                )
                return {}
            case wire.NotificationRead():
                await self._cases.notifications.mark_read(staff.id, command.ids)
                return {}
        return await self._execute_either(staff, command)

    async def _execute_either(self, actor: Actor, command: wire.Command) -> Mapping[str, Any]:
        match command:
            case wire.Typing() if isinstance(actor, Staff):
                await self._cases.signs.typing(actor, command.conversation)
                return {}
            case wire.Read():
                await self._cases.desk.mark_read(actor, command.conversation, command.seq)
                return {}
            case wire.ReplyStop():
                return {"text": await self._cases.control.stop(actor, command.conversation, command.message)}
            case wire.ConversationClose():
                return {"seq": await self._cases.control.close(actor, command.conversation, seen=command.seq)}
        raise CommandError("unavailable", "this server does not offer this command yet")

    async def _connected(self, authenticated: Authenticated, peer: Peer) -> Authenticated:
        principal = replace(authenticated.principal, address=peer.address)
        await self._limits.connected(principal)
        return replace(authenticated, principal=principal)


def actor_of(principal: Principal) -> Actor:
    """Return who acts, as the use cases know them."""
    return staff_of(principal) if principal.is_staff else visitor_of(principal)


def staff_of(principal: Principal) -> Staff:
    """Return the member of staff.

    Raises: CommandError `forbidden` for a visitor.
    """
    if not principal.is_staff or principal.role is None:
        raise CommandError("forbidden", "this is for staff")
    return Staff(id=principal.id, shop=principal.shop, name=principal.name or "", role=Role(principal.role))


def visitor_of(principal: Principal) -> Visitor:
    """Return the visitor."""
    return Visitor(id=principal.id, shop=principal.shop, name=principal.name, verified=principal.verified)


def _principal(member: StaffMember, session: str | None = None) -> Principal:
    return Principal(
        kind="user",
        id=member.id,
        shop=member.shop,
        name=member.name,
        role=member.role,
        session=session,
        generation=member.generation,
    )


def _in_flight(taken: Taken) -> Mapping[str, Any]:
    """Return the field of the acknowledgement, where there is something to say."""
    if not taken.in_flight:
        return {}
    return {"in_flight": [{"message": one.message, "part": one.part, "text": one.text} for one in taken.in_flight]}
