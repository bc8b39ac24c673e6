"""Approved templates, for when a channel's window has closed."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from app.api.conversations import staff_of
from app.api.operation import Call, Operation
from app.auth.roles import Permission

TAG = "channels"


class ApprovedTemplate(Struct, frozen=True):
    """A template that the vendor has approved: `body` has its variables as {{name}}."""

    id: str
    name: str
    language: str
    category: str
    body: str
    variables: list[str]


class TemplateList(Struct, frozen=True):
    """The templates of a conversation's account; none where the channel has no such thing."""

    templates: list[ApprovedTemplate]


class SendTemplate(Struct, frozen=True, forbid_unknown_fields=True):
    """A template with a value for each of its variables; the same `client_id` again sends nothing more."""

    client_id: UUID
    template: str
    variables: dict[str, str] = {}


class TemplateSent(Struct, frozen=True):
    """The message that it became."""

    message: UUID
    seq: int


async def list_templates(call: Call) -> TemplateList:
    """List the approved templates that may be sent in a conversation; the vendor is asked."""
    found = await call.context.templates.available(staff_of(call), call.request.path_params["id"])
    return TemplateList(
        [ApprovedTemplate(one.id, one.name, one.language, one.category, one.body, list(one.variables)) for one in found]
    )


async def send_template(call: Call) -> TemplateSent:
    """Send an approved template, also after the window has closed."""
    body: SendTemplate = call.body
    sent = await call.context.templates.send(
        staff_of(call), call.request.path_params["id"], str(body.client_id), body.template, body.variables
    )
    return TemplateSent(sent.message, sent.seq)


OPERATIONS = (
    Operation("GET", "/api/conversations/{id:uuid}/templates/", list_templates, "Approved templates", TAG,
              Permission.WRITE_CONVERSATIONS, response=TemplateList, errors=(503,)),
    Operation("POST", "/api/conversations/{id:uuid}/send_template/", send_template, "Send a template", TAG,
              Permission.WRITE_CONVERSATIONS, SendTemplate, None, TemplateSent, errors=(409, 503)),
)  # fmt: skip
