"""What comes in from customers: first contact, and their messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.conversation import Control, Conversation, Status
from app.domain.job import Lane, NewJob
from app.domain.message import MESSAGE_CHARS, Message, SenderKind, check_text
from app.domain.people import Visitor
from app.domain.reply import ReplyStatus
from app.domain.shop import DoubleTexting
from app.services import transitions
from app.services.attachments import FileLinks, take_uploads
from app.services.change import Change, Changes
from app.services.clock import Clock
from app.services.fence import HeldText
from app.services.gathering import Gathering
from app.services.ids import new_id
from app.services.ports import Identity, MessageKey, Store
from app.services.rights import check_conversation
from realtime.ports import CommandError

ANALYZE_KIND = "analyze_message"
EXTERNAL_ID_CHARS = 255
HINT_CHARS = 255
LOCALE_CHARS = 35  # RFC 5646, 4.4.1

SendLimit = Callable[[UUID], Awaitable[int | None]]
"""Counts a message of a sender: None when it is allowed, else the milliseconds to wait."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The stored message: the same for the same key."""

    message: UUID
    seq: int


class Ingest:
    """Use cases of the customer's side."""

    def __init__(
        self,
        store: Store,
        changes: Changes,
        clock: Clock,
        links: FileLinks,
        *,
        limit: SendLimit | None = None,
        message_chars: int = MESSAGE_CHARS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._links = links
        self._changes = changes
        self._gathering = Gathering(store, changes)
        self._limit = limit
        self._message_chars = message_chars

    async def verify_visitor(
        self,
        shop: UUID,
        external_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        locale: str | None = None,
    ) -> Identity:
        """Find or insert the identity of a customer whose id the shop has signed; `id` is the visitor's.

        `name` and `email` are unsigned hints: stored with a new customer, never changing a known one.
        """
        check_text(external_id, EXTERNAL_ID_CHARS)
        return await self._ensure(shop, f"customer:{external_id}", None, external_id, name, email, locale)

    async def find_visitor(self, visitor: UUID) -> Identity | None:
        """Return the record of a visitor who has written before, or was verified."""
        async with self._store.read() as tx:
            return await tx.people.identity(visitor)

    async def open_conversation(
        self,
        visitor: Visitor,
        page: Mapping[str, Any] | None = None,
        *,
        locale: str | None = None,
        admit: Callable[[], Awaitable[None]] | None = None,
    ) -> UUID:
        """Return the visitor's open conversation; begin one when there is none and `admit` does not raise.

        Raises: CommandError `unauthorized` when a verified visitor is unknown here, `forbidden` for a blocked one.
        """
        identity = await self.find_visitor(visitor.id)
        if identity is None and visitor.verified:
            raise CommandError("unauthorized", "the visitor is unknown")
        if identity is not None and identity.is_blocked:
            raise blocked()
        if admit is not None and (identity is None or await self._open_of(identity) is None):
            await admit()
        if identity is None:
            address = f"visitor:{visitor.id}"
            identity = await self._ensure(visitor.shop, address, visitor.id, None, visitor.name, None, locale)
        if identity.shop != visitor.shop:
            raise CommandError("unauthorized", "the visitor is unknown")
        async with self._store.write() as tx:
            found = await tx.conversations.find_open(identity.id)
            if found is not None:
                return found
            conversation = new_conversation(identity, self._clock.now(), page)
            if await tx.conversations.add(conversation):
                await tx.commit()
                return conversation.id
        return await self.open_conversation(visitor, page, locale=locale)  # another connection was faster

    async def _open_of(self, identity: Identity) -> UUID | None:
        async with self._store.read() as tx:
            return await tx.conversations.find_open(identity.id)

    async def _ensure(
        self,
        shop: UUID,
        address: str,
        visitor: UUID | None,
        external_id: str | None,
        name: str | None,
        email: str | None,
        locale: str | None,
    ) -> Identity:
        async with self._store.write() as tx:
            identity = await tx.people.ensure_identity(
                shop,
                address,
                identity=visitor,
                external_id=external_id,
                name=_hint(name, HINT_CHARS),
                email=_hint(email, HINT_CHARS),
                locale=_hint(locale, LOCALE_CHARS),
            )
            await tx.commit()
            return identity

    async def receive_message(
        self,
        visitor: Visitor,
        conversation: UUID,
        client_id: str,
        text: str,
        *,
        files: Sequence[UUID] = (),
        held: HeldText | None = None,
    ) -> Sent:
        """Store a customer's message once per `client_id`, with `files` that they uploaded, and see to its analysis and
        answer.

        Raises: CommandError `bad_frame`, `too_large`, `not_found`, `forbidden`, `rate_limited`, `closed`.
        """

        is_counted = False  # of the limit: the step may be run again, by itself

        async def step(change: Change) -> Sent:
            nonlocal is_counted
            check_conversation(visitor, change.conversation)
            known = await change.tx.messages.find_by_key(conversation, visitor.id, client_id)
            if known is not None:
                return Sent(known.id, known.seq)
            if change.conversation.is_blocked:
                raise blocked()
            if not files or text:
                check_text(text, self._message_chars)
            if not is_counted:
                await self._check_limit(visitor.id)
                is_counted = True
            await reopen_if_closed(change)
            message_id = new_id()
            attachments = await take_uploads(change, None, message_id, files, self._links)
            await make_room(change)
            message = await change.say(
                SenderKind.CUSTOMER,
                text,
                message=message_id,
                sender_id=visitor.id,
                sender_name=visitor.name,
                client_id=client_id,
                attachments=attachments,
            )
            await change.add_job(analysis_of(message))
            return Sent(message.id, message.seq)

        if files:
            return await self._changes.run(conversation, step, held=held, waits=False, urgent=True)
        sent: Sent = await self._gathering.run(MessageKey(conversation, visitor.id, client_id), step, held)
        return sent

    async def _check_limit(self, sender: UUID) -> None:
        retry_after_ms = None if self._limit is None else await self._limit(sender)
        if retry_after_ms is not None:
            raise CommandError("rate_limited", "too many messages", retry_after_ms=retry_after_ms)


def blocked() -> CommandError:
    """Return the refusal of a customer whom the shop has blocked."""
    return CommandError("forbidden", "the shop takes no messages from you", fields={"reason": "blocked"})


def new_conversation(identity: Identity, now: datetime, page: Mapping[str, Any] | None = None) -> Conversation:
    """Return the record of a conversation that begins, for the bot to answer."""
    return Conversation(
        id=new_id(),
        shop=identity.shop,
        customer=identity.customer,
        identity=identity.id,
        channel=identity.channel,
        created_at=now,
        last_activity_at=now,
        control=Control(),
        page=None if page is None else {key: value for key, value in page.items() if _is_storable(value)},
    )


def analysis_of(message: Message) -> NewJob:
    """Return the job that finds intent and sentiment of a message."""
    return NewJob(
        lane=Lane.ANALYZE,
        kind=ANALYZE_KIND,
        cause=str(message.id),
        shop=message.shop,
        conversation=message.conversation,
        payload={"message": str(message.id)},
    )


async def reopen_if_closed(change: Change) -> None:
    """Let an inbound message reopen a conversation that was closed a short while ago.

    Raises: CommandError `closed` when a new conversation has to begin.
    """
    if change.conversation.control.status is Status.OPEN:
        return
    rules = await change.rules()
    is_recent = change.conversation.may_reopen(change.now, rules.reopen_within)
    if not is_recent or await change.tx.conversations.find_open(change.conversation.identity) is not None:
        raise CommandError("closed", "the conversation is closed: open a new one")
    await transitions.reopen(change, None)


async def make_room(change: Change) -> None:
    """Stop a running reply when the shop wants a newer question answered together with the older one."""
    reply = await change.tx.replies.find_active(change.conversation.id)
    if reply is None or reply.status is not ReplyStatus.RUNNING:
        return
    if (await change.rules()).double_texting is DoubleTexting.MERGE:
        await change.stop_reply(reply)


def _is_storable(value: object) -> bool:
    """A NUL or half a surrogate pair in a page's title must not cost the conversation."""
    return not isinstance(value, str) or value.isprintable()


def _hint(value: str | None, max_chars: int) -> str | None:
    return value[:max_chars] if value and _is_storable(value) else None
