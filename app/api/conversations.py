"""Conversations for staff and programs."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from msgspec import Struct
from starlette.responses import Response

from app.api.operation import Call, Operation
from app.auth.roles import Permission
from app.domain.people import Role, Staff, Visitor
from app.services.digest import Digest
from nlp.labels import INTENTS
from realtime.protocol import shapes

TAG = "conversations"
LIMIT = 50


class NewConversation(Struct, frozen=True):
    """Whom the conversation is with: a customer by the shop's own id, made when unknown."""

    customer: str
    name: str | None = None
    email: str | None = None


class Opened(Struct, frozen=True):
    """The conversation that is open with this customer now."""

    id: UUID


class ListQuery(Struct, frozen=True):
    """A page of a queue; `cursor` is that of the page before."""

    queue: Literal["mine", "unassigned", "bot", "all"] = "all"
    status: Literal["open", "closed"] | None = None
    q: str | None = None
    cursor: str | None = None
    limit: int = LIMIT


class ConversationList(Struct, frozen=True):
    """Conversations, the latest activity first; `cursor` continues, null at the end."""

    conversations: list[shapes.Summary]
    cursor: str | None


class Closed(Struct, frozen=True):
    """The position of conversation.closed in the conversation's log."""

    seq: int


class Correction(Struct, frozen=True):
    """A message of a customer, and what it is really about: a label of `GET /api/intents/`."""

    message: UUID
    intent: str


class Intent(Struct, frozen=True):
    """Something customers want, and its meaning in words."""

    label: str
    meaning: str


class IntentList(Struct, frozen=True):
    """All intents there are."""

    intents: list[Intent]


def staff_of(call: Call) -> Staff:
    """Return the signed-in member as the use cases know them."""
    member = call.staff
    return Staff(id=member.id, shop=member.shop, name=member.name, role=Role(member.role))


async def create_conversation(call: Call) -> Opened:
    """Return the open conversation with a customer; begin one when there is none."""
    body: NewConversation = call.body
    identity = await call.context.cases.ingest.verify_visitor(
        call.staff.shop, body.customer, name=body.name, email=body.email
    )
    visitor = Visitor(identity.id, identity.shop, identity.name, verified=True)
    return Opened(await call.context.cases.ingest.open_conversation(visitor))


async def list_conversations(call: Call) -> ConversationList:
    """List conversations of a queue."""
    query: ListQuery = call.query
    page = await call.context.cases.reads.conversations(
        staff_of(call), queue=query.queue, status=query.status, q=query.q, cursor=query.cursor, limit=query.limit
    )
    return ConversationList(list(page.conversations), page.cursor)


async def close_conversation(call: Call) -> Closed:
    """Close a conversation; closing a closed one is acknowledged again."""
    seq = await call.context.cases.control.close(staff_of(call), call.request.path_params["id"])
    return Closed(seq)


async def correct_intent(call: Call) -> Response:
    """Correct the intent of a message; the correction is kept to train on."""
    body: Correction = call.body
    await call.context.cases.desk.correct_intent(
        staff_of(call), call.request.path_params["id"], body.message, body.intent
    )
    return Response(status_code=204)


async def conversation_digest(call: Call) -> Digest:
    """Return a conversation in short, from its records: wishes, orders, what was told and promised, the mood."""
    return await call.context.digests.of(staff_of(call), call.request.path_params["id"])


async def list_intents(call: Call) -> IntentList:
    """List the intents that messages are sorted into."""
    return IntentList([Intent(label, meaning) for label, meaning in INTENTS.items()])


OPERATIONS = (
    Operation("POST", "/api/conversations/create_conversation/", create_conversation, "Open a conversation", TAG,
              Permission.WRITE_CONVERSATIONS, NewConversation, None, Opened, 201),
    Operation("GET", "/api/conversations/list/", list_conversations, "List conversations", TAG,
              Permission.READ_CONVERSATIONS, None, ListQuery, ConversationList),
    Operation("POST", "/api/conversations/{id:uuid}/close_conversation/", close_conversation, "Close a conversation",
              TAG, Permission.WRITE_CONVERSATIONS, None, None, Closed),
    Operation("POST", "/api/conversations/{id:uuid}/correct_intent/", correct_intent, "Correct a message's intent", TAG,
              Permission.WRITE_CONVERSATIONS, Correction, None, None, 204, (409,)),
    Operation("GET", "/api/conversations/{id:uuid}/summary/", conversation_digest, "A conversation in short", TAG,
              Permission.READ_CONVERSATIONS, response=Digest),
    Operation("GET", "/api/intents/", list_intents, "The intents there are", TAG, Permission.READ_CONVERSATIONS,
              response=IntentList),
)  # fmt: skip
