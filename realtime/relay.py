"""Commands for event streams that live on another node: they find the stream on its topic, the answer comes back.

Whoever holds the stream says so at once, so that a stream that is nowhere is known soon; a long command may follow.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID, uuid4

import msgspec

from realtime.bus.frame import Audience, Frame, Kind
from realtime.bus.topic import connection_topic, node_topic
from realtime.hub import Hub, Listening
from realtime.ports import CommandError

Order = TypeVar("Order")


class Stream(Protocol):
    """An open stream, as far as commands need it."""

    @property
    def id(self) -> UUID: ...

    @property
    def owner(self) -> UUID: ...

    async def command(self, text: str | None) -> bytes:
        """Carry out a command and return its answer."""


class _Ask(msgspec.Struct, frozen=True, tag_field="type", tag="relay.ask"):
    """A command of `visitor`; answers go to `node`. `text` is None for bytes that are no text."""

    id: UUID
    node: UUID
    visitor: UUID
    text: str | None


class _Found(msgspec.Struct, frozen=True, tag_field="type", tag="relay.found"):
    """The stream is here (and the visitor's own, unless not `is_owner`)."""

    id: UUID
    is_owner: bool


class _Answer(msgspec.Struct, frozen=True, tag_field="type", tag="relay.answer"):
    """What the command gave, as wire JSON."""

    id: UUID
    body: msgspec.Raw


_asks = msgspec.json.Decoder(_Ask)
_replies = msgspec.json.Decoder(_Found | _Answer)


@dataclass(frozen=True, slots=True)
class _Pending:
    found: asyncio.Future[bool]
    answer: asyncio.Future[bytes]


class Relay:
    """Both sides of one node: asks for others' streams, and answers for its own."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._node = uuid4()
        self._listening: Listening | None = None
        self._pending: dict[UUID, _Pending] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def expose(self, stream: Stream) -> Listening:
        """Let the other nodes reach a stream until the listening is given back to `Hub.unlisten`."""

        def listener(topic: str, frame: Frame) -> None:
            ask = _decoded(_asks, frame)
            if ask is not None:
                task = asyncio.get_running_loop().create_task(self._serve(stream, ask))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        listening = self._hub.listen(connection_topic(stream.id), listener)
        await self._hub.heard(listening)
        return listening

    async def ask(self, connection: UUID, visitor: UUID, text: str | None) -> bytes:
        """Have a command carried out where its stream is; return the answer.

        Raises: CommandError `unavailable` when no node has this stream of this visitor, or it does not answer.
        """
        await self._listen()
        loop = asyncio.get_running_loop()
        ask = _Ask(uuid4(), self._node, visitor, text)
        pending = self._pending[ask.id] = _Pending(loop.create_future(), loop.create_future())
        try:
            await self._hub.publish(connection_topic(connection), _frame(ask))
            async with asyncio.timeout(self._hub.settings.stream_found_s):
                is_owner = await pending.found
            if not is_owner:
                raise _nowhere()
            async with asyncio.timeout(self._hub.settings.stream_answer_s):
                return await pending.answer
        except TimeoutError:
            raise _nowhere() from None
        finally:
            del self._pending[ask.id]

    def close(self) -> None:
        """Let go of the bus, and of what is being answered."""
        if self._listening is not None:
            self._hub.unlisten(self._listening)
        for task in self._tasks:
            task.cancel()

    async def _serve(self, stream: Stream, ask: _Ask) -> None:
        is_owner = stream.owner == ask.visitor
        await self._hub.publish(node_topic(ask.node), _frame(_Found(ask.id, is_owner)))
        if is_owner:
            answer = _Answer(ask.id, msgspec.Raw(await stream.command(ask.text)))
            await self._hub.publish(node_topic(ask.node), _frame(answer))

    async def _listen(self) -> None:
        if self._listening is None:
            self._listening = self._hub.listen(node_topic(self._node), self._on_reply)
        await self._hub.heard(self._listening)

    def _on_reply(self, topic: str, frame: Frame) -> None:
        reply = _decoded(_replies, frame)
        pending = None if reply is None else self._pending.get(reply.id)
        if pending is None:
            return
        if isinstance(reply, _Answer) and not pending.answer.done():
            pending.answer.set_result(bytes(reply.body))
        elif isinstance(reply, _Found) and not pending.found.done():
            pending.found.set_result(reply.is_owner)


def _nowhere() -> CommandError:
    return CommandError("unavailable", "there is no such stream of this visitor: open a new one")


def _frame(order: _Ask | _Found | _Answer) -> Frame:
    return Frame(kind=Kind.CONTROL, body=msgspec.json.encode(order), audience=Audience.STAFF)


def _decoded(decoder: msgspec.json.Decoder[Order], frame: Frame) -> Order | None:
    if frame.kind is not Kind.CONTROL:
        return None
    try:
        return decoder.decode(frame.body)
    except msgspec.DecodeError:
        return None
