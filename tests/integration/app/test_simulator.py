"""Customers that are played from the console: signed events to the own server, and faults of the vendors."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.db import models
from app.domain.people import Role
from app.main import create_app
from tests.fixtures.port import free_port
from tests.integration.app.rig import PASSWORD, Product, product, serving
from tests.integration.app.stand_ins import Hands, agent_of


@dataclass
class Stage:
    rig: Product
    client: httpx2.AsyncClient  # of an admin, in demo mode

    async def play(self, kind: str, **event: Any) -> dict[str, Any]:
        answer = await self.client.post(f"/api/simulate/{kind}/", json=event)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def switch(self, kind: str, fault: str, *, on: bool) -> list[str]:
        answer = await self.client.post(f"/api/simulate/{kind}/faults/", json={"fault": fault, "on": on})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["faults"])

    async def lines(self, kind: str) -> list[tuple[str, str]]:
        channels = (await self.client.get("/api/simulate/")).json()["channels"]
        (found,) = (one for one in channels if one["kind"] == kind)
        return [(line["by"], line["text"]) for line in found["lines"]]

    async def say(self, text: str) -> models.Message:
        """Let an agent answer in the one conversation; return the message, after its delivery."""
        (conversation,) = await self.rig.rows(models.Conversation)
        sent = await self.rig.parts.cases.sending.send(agent_of(self.rig), conversation.id, text, text)
        await Hands(self.rig).work()
        (row,) = await self.rig.rows(models.Message, id=sent.message)
        found: models.Message = row
        return found


@pytest.fixture
async def stage(folder: Path) -> AsyncIterator[Stage]:
    port = free_port()
    async with product(folder, port=port) as rig, serving(rig, port):
        transport = httpx2.ASGITransport(create_app(rig.web, demo=True), raise_app_exceptions=False)
        headers = await rig.bearer(Role.ADMIN)
        async with httpx2.AsyncClient(
            transport=transport, base_url=f"http://127.0.0.1:{port}", headers=headers
        ) as client:
            yield Stage(rig, client)
        await rig.web.context.simulator.aclose()


async def test_the_console_is_told_that_customers_can_be_played(stage: Stage) -> None:
    credentials = {"email": stage.rig.mine.email(Role.ADMIN), "password": PASSWORD}
    assert (await stage.client.post("/api/auth/session/", json=credentials)).json()["demo"] is True


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_a_customer_writes_and_sees_the_answer(stage: Stage, kind: str) -> None:
    assert (await stage.play(kind, text="Where is my parcel?"))["status"] == 200
    await Hands(stage.rig).work()
    await stage.say("On its way")
    assert await stage.lines(kind) == [("customer", "Where is my parcel?"), ("shop", "On its way")]
    assert (await stage.play(kind, event="read"))["status"] == 200
    health = (await stage.client.get("/api/channels/health/")).json()
    assert [one["state"] for one in health] == ["ok"]


async def test_what_the_server_refuses_is_not_on_the_phone(stage: Stage) -> None:
    await stage.play("messenger", text="Hello?")
    (account,) = await stage.rig.rows(models.ChannelAccount, kind="messenger")
    await stage.rig.web.context.account_desk.change(stage.rig.mine.shop.id, account.id, {"app_secret": "another"})
    assert (await stage.play("messenger", text="Anybody?"))["status"] == 403
    assert await stage.lines("messenger") == [("customer", "Hello?")]


async def test_faults_are_switched_on_and_off(stage: Stage) -> None:
    await stage.play("messenger", text="Hello?")
    await Hands(stage.rig).work()
    assert await stage.switch("messenger", "server_error", on=True) == ["server_error"]
    assert (await stage.say("One")).delivery == {"status": "queued"}
    assert await stage.switch("messenger", "server_error", on=False) == []
    assert await stage.switch("messenger", "closed_window", on=True) == ["closed_window"]
    (conversation,) = await stage.rig.rows(models.Conversation)
    await Hands(stage.rig).later("deliver")
    (message,) = await stage.rig.rows(models.Message, sender_kind="agent")
    assert message.delivery == {"status": "failed", "error": "window_closed", "to": 0}
    await stage.switch("messenger", "closed_window", on=False)
    path = f"/api/conversations/{conversation.id}/resend/"
    again = {"message": str(message.id), "client_id": "6f0d4c9e-6f53-4bd5-9bb2-2a1f6f3f0a11"}
    assert [(await stage.client.post(path, json=again)).status_code for _ in range(2)] == [204, 204]
    await Hands(stage.rig).work()
    assert await stage.lines("messenger") == [("customer", "Hello?"), ("shop", "One")]


async def test_lost_callbacks_leave_a_message_as_sent(stage: Stage) -> None:
    await stage.play("whatsapp", text="Hello?", person="whatsapp:+15550100")
    await Hands(stage.rig).work()
    await stage.switch("whatsapp", "lost_callback", on=True)
    assert (await stage.say("One")).delivery == {"status": "sent"}


async def test_shopify_tells_of_an_order(stage: Stage) -> None:
    assert (await stage.play("shopify", text="#2001"))["status"] == 200
    (row,) = await stage.rig.rows(models.WebhookLog, channel="shopify")
    assert (row.status, row.kind) == ("accepted", "record")


async def test_what_cannot_be_played(stage: Stage) -> None:
    async def status(path: str, body: dict[str, Any]) -> int:
        return (await stage.client.post(f"/api/simulate/{path}", json=body)).status_code

    assert await status("fax/", {"text": "Hello"}) == 404
    assert await status("whatsapp/", {"text": " "}) == 422
    assert await status("shopify/", {"text": "no number"}) == 422
    assert await status("telegram/", {"text": "Hello", "person": "\f"}) == 422
    assert await status("whatsapp/", {"text": "Hello", "person": "9901001"}) == 422
    assert await status("whatsapp/faults/", {"fault": "fire", "on": True}) == 422
    await stage.play("whatsapp", text="Mine")
    stage.client.headers.update(await stage.rig.bearer(Role.OWNER, stage.rig.other))
    assert await status("whatsapp/", {"text": "Theirs"}) == 409
    assert await stage.lines("whatsapp") == []
    stage.client.headers.update(await stage.rig.bearer(Role.AGENT))
    assert await status("whatsapp/", {"text": "Hello"}) == 403


async def test_a_stand_in_leaves_the_loggers_of_the_process_alone(stage: Stage) -> None:
    errors = logging.getLogger("uvicorn.error")
    before = errors.level, errors.propagate, list(errors.handlers)
    await stage.play("telegram", text="Hello")
    assert (errors.level, errors.propagate, list(errors.handlers)) == before
    assert errors.isEnabledFor(logging.ERROR)


async def test_without_the_demo_there_is_no_simulator(rig: Product) -> None:
    async with await rig.signed_in(Role.OWNER) as client:
        assert (await client.get("/api/simulate/")).status_code == 404
