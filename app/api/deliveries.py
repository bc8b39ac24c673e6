"""What becomes of messages on channels: failed ones are sent again."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from starlette.responses import Response

from app.api.conversations import staff_of
from app.api.operation import Call, Operation
from app.auth.roles import Permission

TAG = "channels"


class Resend(Struct, frozen=True, forbid_unknown_fields=True):
    """A message whose delivery failed or is unknown; the same `client_id` again sends nothing more."""

    message: UUID
    client_id: UUID


async def resend_message(call: Call) -> Response:
    """Send the parts of a message again that failed, or whose fate is unknown."""
    body: Resend = call.body
    await call.context.cases.deliver.resend(
        staff_of(call), call.request.path_params["id"], body.message, body.client_id
    )
    return Response(status_code=204)


OPERATIONS = (
    Operation("POST", "/api/conversations/{id:uuid}/resend/", resend_message, "Send a failed message again", TAG,
              Permission.WRITE_CONVERSATIONS, Resend, None, None, 204, (409,)),
)  # fmt: skip
