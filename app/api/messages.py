"""Messages for programs: send one and get, or stream, the answer; read pages of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

import msgspec
from msgspec import Meta, Struct
from starlette.responses import StreamingResponse

from app.api.conversations import staff_of
from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.domain.people import Visitor
from app.live.program import ProgramReader, reading
from app.services.program import State
from realtime.bus.frame import Kind
from realtime.ports import Principal
from realtime.protocol import shapes

TAG = "messages"
ANSWER_TIMEOUT_S = 60.0
ANALYSIS_TIMEOUT_S = 3.0
PAGE = 50
REPLAYED_EVENTS = 200
LOOK_AGAIN_S = 2.0


class Ask(Struct, frozen=True):
    """A customer's message. `customer` is the shop's own id; with neither it nor a conversation, a new visitor asks.

    The same `client_id` again gives the same message and answer.
    """

    text: str
    conversation_id: UUID | None = None
    customer: str | None = None
    client_id: UUID | None = None


class Answered(Struct, frozen=True):
    """The message as understood, and the answer; `response` is null when a person answers instead."""

    conversation_id: UUID
    message: shapes.Message
    intent: shapes.Scored | None
    sentiment: shapes.Scored | None
    response: shapes.Message | None
    recommendations: list[shapes.RecommendedProduct]
    controller: str


class PageQuery(Struct, frozen=True):
    """A page of a conversation: messages with seq below `before`, at most `limit` of them."""

    conversation_id: UUID
    before: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = PAGE


class MessagePage(Struct, frozen=True):
    """Messages, oldest first; `before` continues with older ones, null at the beginning."""

    messages: list[shapes.Message]
    before: int | None


class _Sent(Struct, frozen=True):
    conversation: UUID
    message: UUID
    seq: int


async def process_message(call: Call) -> Any:
    """Send a message as a customer. With `Accept: text/event-stream` the answer is streamed as live frames."""
    body: Ask = call.body
    visitor, conversation = await _conversation(call, body)
    staff = staff_of(call)
    principal = Principal(kind="user", id=staff.id, shop=staff.shop, name=staff.name, role=staff.role.value)
    if "text/event-stream" in call.request.headers.get("accept", ""):
        frames = _stream(call, body, visitor, conversation, principal)
        acknowledged = await anext(frames)  # what is refused is refused before the answer has a status
        return StreamingResponse(
            _from(acknowledged, frames),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
    async with reading(call.context.hub, principal, conversation) as reader:
        sent = await _send(call, body, visitor, conversation)
        state = await _settled(call, reader, sent)
    return _answered(state, sent)


async def _conversation(call: Call, body: Ask) -> tuple[Visitor, UUID]:
    """Find out who asks, and where."""
    ingest, shop = call.context.cases.ingest, call.staff.shop
    if body.conversation_id is not None:
        return await call.context.programs.visitor(staff_of(call), body.conversation_id), body.conversation_id
    if body.customer is not None:
        identity = await ingest.verify_visitor(shop, body.customer)
        visitor = Visitor(identity.id, shop, identity.name, verified=True)
    else:
        # The same key is the same visitor: a repeated request finds the message that it sent before.
        visitor = Visitor(uuid5(shop, str(body.client_id)) if body.client_id is not None else uuid4(), shop)
    return visitor, await ingest.open_conversation(visitor)


async def _send(call: Call, body: Ask, visitor: Visitor, conversation: UUID) -> _Sent:
    client_id = str(body.client_id or uuid4())
    sent = await call.context.cases.ingest.receive_message(visitor, conversation, client_id, body.text)
    return _Sent(conversation, sent.message, sent.seq)


async def _settled(call: Call, reader: ProgramReader, sent: _Sent) -> State:
    """Wait until the message has its outcome, and its analysis if that is not much later."""
    staff, programs = staff_of(call), call.context.programs
    state = await programs.state(staff, sent.conversation)
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while not state.is_settled(sent.seq):
                await _next_event(reader)
                state = await programs.state(staff, sent.conversation)
    except TimeoutError:
        raise Problem(503, "unavailable", "the message is stored, its answer takes longer: read it later") from None
    with suppress(TimeoutError):
        async with asyncio.timeout(ANALYSIS_TIMEOUT_S):
            while (message := state.message(sent.message)) is not None and message.intent is None:
                await _next_event(reader)
                state = await programs.state(staff, sent.conversation)
    return state


async def _next_event(reader: ProgramReader) -> None:
    """Return once something was logged, or after a while: a frame may be lost, the log is not."""
    while (frame := await reader.next(LOOK_AGAIN_S)) is not None and frame.kind is not Kind.EVENT:
        pass


async def _from(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for one in rest:
            yield one


async def _stream(
    call: Call, body: Ask, visitor: Visitor, conversation: UUID, principal: Principal
) -> AsyncGenerator[bytes, None]:
    """Yield the acknowledgement, then what happens until the message has its outcome."""
    staff, programs = staff_of(call), call.context.programs
    clock = asyncio.get_running_loop().time
    async with reading(call.context.hub, principal, conversation) as reader:
        deadline, sent = clock() + ANSWER_TIMEOUT_S, await _send(call, body, visitor, conversation)
        yield _event({"type": "ack", "conversation": conversation, "message": sent.message, "seq": sent.seq})
        seen = sent.seq
        while clock() < deadline:
            # Looked at before each wait: it may have been sent, and answered, before; and a frame may be lost.
            if (await programs.state(staff, conversation)).is_settled(sent.seq):
                async for left in _rest(call, reader, conversation, seen):
                    yield left
                return
            while (frame := await reader.next(LOOK_AGAIN_S)) is not None:
                yield _data(frame.body)
                if frame.kind is Kind.EVENT:
                    seen = max(seen, frame.seq)
                    break
        yield _event({"type": "error", "code": "unavailable", "message": "the answer takes longer: read it later"})


async def _rest(call: Call, reader: ProgramReader, conversation: UUID, seen: int) -> AsyncIterator[bytes]:
    """Yield what came and was not read, then what the log has beyond it."""
    for frame in reader.queued():
        yield _data(frame.body)
        seen = max(seen, frame.seq)
    for frame in (await call.context.cases.reads.read_log(conversation, seen, REPLAYED_EVENTS)).frames:
        yield _data(frame.body)


def _event(body: Mapping[str, Any]) -> bytes:
    return _data(msgspec.json.encode(body))


def _data(body: bytes) -> bytes:
    return b"data: " + body + b"\n\n"


def _answered(state: State, sent: _Sent) -> Answered:
    message = state.message(sent.message)
    if message is None:
        raise Problem(409, "conflict", "the message is stored, but many newer ones follow: read the conversation")
    response = state.answer_after(sent.seq)
    return Answered(
        conversation_id=sent.conversation,
        message=message,
        intent=message.intent,
        sentiment=message.sentiment,
        response=response,
        recommendations=list(response.products) if response is not None else [],
        controller=state.record.control.controller.value,
    )


async def get_conversation_messages(call: Call) -> MessagePage:
    """Read a page of messages."""
    query: PageQuery = call.query
    page = await call.context.cases.reads.messages(
        staff_of(call), query.conversation_id, before=query.before, limit=query.limit
    )
    return MessagePage(list(page.messages), page.before)


OPERATIONS = (
    Operation("POST", "/api/messages/process_message/", process_message, "Send a message and get the answer", TAG,
              Permission.WRITE_CONVERSATIONS, Ask, None, Answered, errors=(404, 409, 503)),
    Operation("GET", "/api/messages/get_conversation_messages/", get_conversation_messages, "Read messages", TAG,
              Permission.READ_CONVERSATIONS, None, PageQuery, MessagePage, errors=(404,)),
)  # fmt: skip
