"""Files that visitors of the widget send: who may upload what, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from app.db import models
from app.domain.people import Role
from app.services import attachments
from realtime.ports import CommandError, Peer
from realtime.protocol import commands as wire
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import ORIGIN, Product, Tenant, product, working
from tests.integration.app.test_attachments import JPEG, PNG

PDF = b"%PDF-1.7\n" + b"\0" * 100
PATH = "/api/attachments/visitor/"


class Guest:
    """A visitor with a token, as the widget has one."""

    def __init__(self, rig: Product, client: httpx2.AsyncClient, tenant: Tenant | None = None) -> None:
        self.rig, self.client, self._tenant = rig, client, tenant or rig.mine
        self._sessions = rig.web.context.hub.sessions

    async def enter(self) -> UUID:
        """Connect, and open a conversation."""
        peer = Peer(address="192.0.2.1", origin=None, host="127.0.0.1:8000", cookies={})
        hello = wire.VisitorHello(id="1", widget_key=self._tenant.shop.widget_key)
        entered = await self._sessions.authenticate_visitor(hello, peer)
        self.principal, self.token = entered.principal, entered.token or ""
        return await self.open()

    async def open(self) -> UUID:
        opened = await self._sessions.execute(self.principal, uuid4(), wire.ConversationOpen(id="2"))
        return UUID(str(opened["conversation"]))

    async def upload(self, conversation: UUID, content: bytes = PNG, **changes: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}", "content-type": "image/png", **changes.pop("headers", {})}
        params = {"conversation": str(conversation), "name": "../shoe.png", **changes}
        return await self.client.post(PATH, params=params, content=content, headers=headers)

    async def send(self, conversation: UUID, *files: str, text: str = "", key: UUID | None = None) -> UUID:
        command = wire.MessageSend(
            id="3",
            conversation=conversation,
            client_id=key or uuid4(),
            text=text,
            attachments=[UUID(file) for file in files],
        )
        return UUID(str((await self._sessions.execute(self.principal, uuid4(), command))["message"]))


async def test_a_visitors_files_reach_both_sides_and_run_nothing(rig: Product) -> None:
    async with rig.client() as client, await rig.signed_in(Role.VIEWER) as staff:
        guest = Guest(rig, client)
        conversation = await guest.enter()
        picture, document = await guest.upload(conversation), await guest.upload(conversation, PDF, name="bill.pdf")
        assert (picture.status_code, document.status_code) == (201, 201)
        assert (picture.json()["name"], picture.json()["media_type"]) == ("shoe.png", "image/png")
        key = uuid4()
        sent = await guest.send(conversation, picture.json()["id"], document.json()["id"], text="It broke", key=key)
        again = await guest.send(conversation, picture.json()["id"], document.json()["id"], text="It broke", key=key)
        assert again == sent
        (message,) = await rig.messages(conversation)
        assert [one["name"] for one in message.attachments] == ["shoe.png", "bill.pdf"]
        served = [await client.get(one["url"]) for one in message.attachments]
        assert [one.content for one in served] == [PNG, PDF]
        assert [one.headers["content-disposition"].partition(";")[0] for one in served] == ["inline", "attachment"]
        for one in served:
            assert one.headers["x-content-type-options"] == "nosniff"
            assert one.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert (await staff.get(f"/api/attachments/{picture.json()['id']}/")).content == PNG
        with pytest.raises(CommandError, match="no such attachment"):  # a file belongs to one message
            await guest.send(conversation, picture.json()["id"])


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<svg onload='alert(1)'/>", 422),
        (b"<html><script>alert(1)</script>", 422),
        (b"PK\x03\x04 a document", 422),
        (b"OggS a sound", 422),
        (b"MZ a program", 422),
        (PNG + b"\0" * 25_000_000, 413),
    ],
)
async def test_only_pictures_and_pdf_are_taken(rig: Product, content: bytes, status: int) -> None:
    async with rig.client() as client:
        guest = Guest(rig, client)
        refused = await guest.upload(await guest.enter(), content)
    assert refused.status_code == status
    assert await rig.rows(models.Attachment) == []


async def test_nobody_else_uploads_or_takes_the_file(rig: Product) -> None:
    async with rig.client() as client:
        guest, other = Guest(rig, client), Guest(rig, client)
        conversation, elsewhere = await guest.enter(), await other.enter()
        assert (await other.upload(conversation)).status_code == 404
        for headers, status in (
            ({"Authorization": ""}, 401),
            ({"Authorization": "Bearer nonsense"}, 401),
            (await rig.bearer(Role.OWNER), 401),  # a token of staff is none of a visitor
            ({"Origin": "https://evil.example"}, 401),
            ({"Origin": ORIGIN}, 201),
        ):
            assert (await guest.upload(conversation, headers=headers)).status_code == status, headers
        file = (await guest.upload(conversation)).json()["id"]
        for mine in (await other.upload(elsewhere)).json()["id"], str(uuid4()):
            with pytest.raises(CommandError, match="no such attachment"):
                await guest.send(conversation, mine)
        with pytest.raises(CommandError, match="no such attachment"):
            await other.send(elsewhere, file)
        agent = rig.mine.staff[Role.AGENT]
        with pytest.raises(CommandError, match="no such attachment"):
            await rig.parts.cases.sending.send(agent, conversation, "k1", "", files=[UUID(file)])


async def test_a_file_goes_along_when_its_conversation_has_ended(rig: Product) -> None:
    async with rig.client() as client:
        guest = Guest(rig, client)
        first = await guest.enter()
        file = (await guest.upload(first)).json()["id"]
        await rig.parts.cases.control.close(rig.mine.staff[Role.AGENT], first)
        second = await guest.open()
        assert second != first
        await guest.send(second, file)
    (row,) = await rig.rows(models.Attachment)
    assert row.conversation_id == second


async def test_what_a_conversation_holds_has_an_end(rig: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_CUSTOMER_BYTES", len(PNG) + len(JPEG))
    async with rig.client() as client:
        guest = Guest(rig, client)
        conversation = await guest.enter()
        statuses = [(await guest.upload(conversation, one)).status_code for one in (PNG, JPEG, PNG)]
    assert statuses == [201, 201, 413]


async def uploads(rig: Product, addresses: Sequence[str], *, of_one: bool = False, other: bool = False) -> list[int]:
    """Upload from these addresses, as one visitor or as many; return how each was answered."""
    statuses, guest, conversation = [], None, None
    for address in addresses:
        async with rig.client(address=address) as client:
            if guest is None or not of_one:
                guest = Guest(rig, client, rig.other if other else None)
                conversation = await guest.enter()
            guest.client = client
            assert conversation is not None
            answer = await guest.upload(conversation)
            assert answer.status_code != 429 or int(answer.headers["Retry-After"]) >= 1
            statuses.append(answer.status_code)
    return statuses


async def test_uploads_of_one_visitor(folder: Path) -> None:
    async with product(folder, visitor_uploads_per_minute=2) as rig:
        assert await uploads(rig, ["192.0.2.1", "192.0.2.2", "192.0.2.3"], of_one=True) == [201, 201, 429]
        assert await uploads(rig, ["192.0.2.1"]) == [201]


async def test_uploads_from_one_address(folder: Path) -> None:
    async with product(folder, address_uploads_per_minute=2) as rig:
        assert await uploads(rig, ["192.0.2.1"] * 3) == [201, 201, 429]
        assert await uploads(rig, ["192.0.2.2"]) == [201]


async def test_uploads_to_one_shop(folder: Path) -> None:
    async with product(folder, shop_uploads_per_minute=2) as rig:
        assert await uploads(rig, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) == [201, 201, 429]
        assert await uploads(rig, ["192.0.2.1"], other=True) == [201]


async def test_a_picture_without_words_is_for_a_person(rig: Product) -> None:
    responder = ScriptedResponder(script=lambda _: "A colleague will look.")
    async with rig.client() as client, working(rig.worker(responder)):
        guest = Guest(rig, client)
        conversation = await guest.enter()
        await guest.send(conversation, (await guest.upload(conversation)).json()["id"])
        await rig.answered(conversation)
    assert (await rig.record(conversation)).control.controller == "queue"
