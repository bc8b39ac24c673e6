"""Any system as a channel: signed JSON in, signed JSON out, through the same tables and jobs as the vendors."""

from __future__ import annotations

import hashlib
import hmac
import json
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.channels.registry import BY_KIND
from app.db import models
from app.services.accounts import AccountDesk
from app.simulate.loopback import serving
from tests.integration.app.rig import Product
from tests.integration.app.stand_ins import Hands, agent_of

SECRET = "a-shared-secret"
PATH = "/api/webhooks/webhook/"


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Assistify-Account": "till-7", "X-Assistify-Signature": f"sha256={digest}"}


async def test_a_message_in_and_the_answer_out(rig: Product) -> None:
    hands, taken = Hands(rig), []

    async def take(request: Request) -> Response:
        body = await request.body()
        assert request.headers["x-assistify-signature"] == signed(body)["X-Assistify-Signature"]
        taken.append(json.loads(body))
        return Response(status_code=204)

    async with serving(Starlette(routes=[Route("/out", take, methods=["POST"])])) as base, rig.client() as http:
        desk = AccountDesk(rig.core.accounts, BY_KIND)
        await desk.add(rig.mine.shop.id, "webhook", {"name": "till-7", "url": f"{base}/out", "secret": SECRET})
        body = json.dumps({"id": "m1", "from": "guest 4", "text": "Is it open?"}).encode()
        assert (await http.post(PATH, content=body, headers=signed(body, "another"))).status_code == 403
        for _ in range(2):
            assert (await http.post(PATH, content=body, headers=signed(body))).status_code == 200
        await hands.work()
        (conversation,) = await rig.rows(models.Conversation, channel="webhook")
        assert [row.text for row in await rig.messages(conversation.id)] == ["Is it open?"]
        await rig.parts.cases.sending.send(agent_of(rig), conversation.id, str(uuid4()), "Until six.")
        await hands.work()
        (delivery,) = await rig.rows(models.Delivery, conversation_id=conversation.id)
    assert taken == [{"id": str(delivery.id), "to": "guest 4", "text": "Until six."}]
    assert delivery.status == "sent"
