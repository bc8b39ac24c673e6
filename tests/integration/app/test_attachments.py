"""Files of messages, both ways: fetched from vendors and served safely; uploaded by agents and handed to vendors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest

from app.api.attachments import asked_range
from app.db import models
from app.db.files import SqlFiles
from app.domain.job import Lane
from app.domain.people import Role
from app.services.attachments import FETCH_KIND, FileLinks
from app.services.clock import SystemClock
from app.services.ids import new_id
from realtime.ports import CommandError
from tests.fixtures.wire_client import StaffClient
from tests.integration.app.rig import ORIGIN, Product, serving
from tests.integration.app.stand_ins import ANA_ID, ANA_PHONE, NUMBER, Connected, Hands, agent_of, connected

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 100
Kind = Literal["whatsapp", "messenger", "instagram"]


async def send_file(channel: Connected, media_type: str, content: bytes) -> None:
    """Let Ana send a file; it must be taken."""
    if channel.kind == "whatsapp":
        sent = channel.twilio.write(
            channel.webhook, "", address=ANA_PHONE, to=f"whatsapp:{NUMBER}", file=(media_type, content)
        )
        assert await sent == 200
    else:
        assert await channel.meta.send_file("image", media_type, content, person=ANA_ID) == 200


async def received(rig: Product) -> tuple[models.Message, dict[str, Any]]:
    """Return the newest message with a file, and the file as the message carries it."""
    rows = [row for row in await rig.rows(models.Message) if row.attachments]
    message = max(rows, key=lambda row: row.seq)
    return message, message.attachments[0]


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_a_customers_picture_is_fetched_and_served_to_staff_alone(rig: Product, kind: Kind) -> None:
    async with connected(rig, kind) as channel:
        await send_file(channel, "image/png", PNG)
        await Hands(rig).work()
    _, shown = await received(rig)  # the vendor is gone: the file is here
    async with await rig.signed_in(Role.VIEWER) as client:
        answer = await client.get(shown["url"])
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline;")
    async with rig.client() as nobody, await rig.signed_in(Role.OWNER, rig.other) as neighbour:
        assert (await nobody.get(shown["url"])).status_code == 401
        assert (await neighbour.get(shown["url"])).status_code == 404
    assert "http" not in str((await rig.rows(models.Attachment))[0].source_url)


@pytest.mark.parametrize(
    ("media_type", "content", "reason"),
    [
        ("image/png", b"<html><script>alert(1)</script>", "type"),
        ("image/svg+xml", b"<svg onload='alert(1)'/>", "type"),
        ("image/png", PNG + b"\0" * 25_000_000, "larger"),
    ],
)
async def test_what_is_no_picture_is_not_kept(rig: Product, media_type: str, content: bytes, reason: str) -> None:
    async with connected(rig, "messenger") as channel:
        await send_file(channel, media_type, content)
        await Hands(rig).work()
    _, shown = await received(rig)
    async with await rig.signed_in() as client:
        answer = await client.get(shown["url"])
    assert answer.status_code == 409
    assert reason in answer.json()["detail"]
    assert await rig.rows(models.AttachmentContent) == []


async def test_an_address_inside_is_not_fetched(rig: Product) -> None:
    async with connected(rig, "messenger") as channel:
        attachment = {"type": "image", "payload": {"url": "https://169.254.169.254/latest/meta-data"}}
        await channel.meta.write("", person=ANA_ID, attachments=[attachment])
        hands = Hands(rig)
        await hands.work_until_failing(FETCH_KIND)
    (row,) = await rig.rows(models.Attachment)
    assert row.state == "failed"
    assert "ForbiddenAddressError" in row.reason


async def test_a_file_whose_job_died_is_not_waited_for_for_ever(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "messenger") as channel, await rig.signed_in() as client:
        await send_file(channel, "image/png", PNG)
        await hands.work(Lane.RECEIVE)
        (job,) = await rig.parts.queue.claim(Lane.SYNC, hands.worker, 1)
        assert await rig.parts.queue.fail(job, "OSError", is_final=True)
        assert await hands.work() == 1
        _, shown = await received(rig)
        assert (shown["state"], shown["reason"]) == ("failed", "something went wrong here")

        again = f"{shown['url']}fetch/"
        assert (await client.post(again)).status_code == 202
        assert (await client.post(again)).status_code == 409  # it is on its way
        assert (await received(rig))[1]["state"] == "waiting"
        assert "reason" not in (await received(rig))[1]
        await hands.work()
        assert (await client.get(shown["url"])).content == PNG
        assert (await client.post(again)).status_code == 409  # it is here
    async with await rig.signed_in(Role.VIEWER) as viewer, await rig.signed_in(Role.OWNER, rig.other) as neighbour:
        assert [(await one.post(again)).status_code for one in (viewer, neighbour)] == [403, 404]


async def test_the_story_that_a_customer_answers_is_kept_as_a_file(rig: Product) -> None:
    async with connected(rig, "instagram") as channel:
        channel.meta.files["s1"] = ("image/jpeg", JPEG)
        story = {"url": f"{channel.base}/cdn/s1", "id": "s1"}
        assert await channel.meta.write("Is it back?", person=ANA_ID, reply_to={"story": story}) == 200
        await Hands(rig).work()
    message, shown = await received(rig)
    assert (message.text, shown["name"], shown["media_type"]) == ("Is it back?", "story", "image/jpeg")
    assert message.refers == {"story": {"url": shown["url"]}}
    async with await rig.signed_in(Role.VIEWER) as client:
        assert (await client.get(shown["url"])).content == JPEG


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (JPEG, {"media_type": "image/jpeg", "size": len(JPEG)}),
        (b"<svg/>", {"state": "refused", "reason": "files of this type are not taken"}),
    ],
)
async def test_what_a_fetched_file_is_comes_to_the_consoles_that_watch(
    rig: Product, content: bytes, shown: dict[str, Any]
) -> None:
    token = (await rig.bearer())["Authorization"].removeprefix("Bearer ")
    async with serving(rig) as url, connected(rig, "messenger") as channel, StaffClient(url, token) as console:
        hands = Hands(rig)
        await send_file(channel, "image/png", content)
        await hands.work(Lane.RECEIVE)
        conversation = await channel.conversation()
        await console.watch(str(conversation))
        (message,) = [one for one in console.view(str(conversation)).messages.values() if "attachments" in one]
        (claimed,) = message["attachments"]
        assert (claimed["state"], claimed["size"]) == ("waiting", 0)
        await hands.work()
        await console.wait_for(lambda: message["attachments"] != [claimed])
        (told,) = message["attachments"]
        assert told == {**{name: claimed[name] for name in ("id", "name", "media_type", "size", "url")}, **shown}
        anew = (await console.command("conversation.watch", conversation=str(conversation)))["snapshot"]["messages"]
        assert [one["attachments"] for one in anew if one["id"] == message["id"]] == [[told]]


async def upload(client: httpx2.AsyncClient, conversation: UUID, content: bytes = PNG, **query: str) -> httpx2.Response:
    path = "/api/attachments/"
    params = {"conversation": str(conversation), "name": "picture.png", **query}
    return await client.post(path, params=params, content=content, headers={"content-type": "image/png"})


async def begun(channel: Connected) -> UUID:
    await channel.write("Hello?")
    await Hands(channel.rig).work()
    return await channel.conversation()


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_an_agents_file_reaches_the_vendor_by_an_address_that_ends(rig: Product, kind: Kind) -> None:
    async with connected(rig, kind) as channel, await rig.signed_in() as client:
        conversation = await begun(channel)
        uploaded = await upload(client, conversation)
        assert uploaded.status_code == 201
        file = UUID(uploaded.json()["id"])
        sent = await rig.parts.cases.sending.send(agent_of(rig), conversation, "k1", "See this", files=[file])
        await Hands(rig).work()
        assert channel.texts()[0] == "See this"
        last = channel.stand_in.messages[-1]
        url = str(last.media[0] if channel.kind == "whatsapp" else last.message["attachment"]["payload"]["url"])  # type: ignore[union-attr]
        assert url.startswith(f"{ORIGIN}/api/attachments/{file}/file/?exp=")
        async with rig.client() as vendor:
            fetched = await vendor.get(url)
            assert (fetched.status_code, fetched.content) == (200, PNG)
            forged = url.replace(str(file), str(new_id()))
            late = url.replace("exp=", "exp=9")
            assert [(await vendor.get(one)).status_code for one in (forged, late, url + "0")] == [404, 404, 404]
        (row,) = await rig.rows(models.Message, id=sent.message)
        assert row.attachments[0]["url"] == f"/api/attachments/{file}/"
        assert (await client.get(row.attachments[0]["url"])).content == PNG
        part = await client.get(row.attachments[0]["url"], headers={"Range": "bytes=1-3"})
        assert (part.status_code, part.content) == (206, PNG[1:4])
        assert part.headers["content-range"] == f"bytes 1-3/{len(PNG)}"
        beyond = await client.get(row.attachments[0]["url"], headers={"Range": f"bytes={len(PNG)}-"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(PNG)}")


@pytest.mark.parametrize(
    ("header", "positions"),
    [
        ("bytes=0-", range(10)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=8-99", range(8, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("bytes=-0", range(10, 10)),
        ("bytes=10-", range(0)),
        ("bytes=4-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("lines=0-1", None),
        ("", None),
    ],
)
def test_the_part_of_a_file_that_is_asked_for(header: str, positions: range | None) -> None:
    assert asked_range(header, 10) == positions


def test_a_signed_address_is_good_for_an_hour() -> None:
    class Later(SystemClock):
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=61)

    file, now, later = new_id(), FileLinks("key", ORIGIN, SystemClock()), FileLinks("key", ORIGIN, Later())
    query = dict(
        one.split("=") for one in urlsplit(now.for_vendor(f"{ORIGIN}/api/attachments/{file}/")).query.split("&")
    )
    assert now.is_good(file, int(query["exp"]), query["sig"])
    assert not later.is_good(file, int(query["exp"]), query["sig"])
    assert not FileLinks("another", ORIGIN, SystemClock()).is_good(file, int(query["exp"]), query["sig"])
    assert now.for_vendor("https://cdn.shop.example/a.png") == "https://cdn.shop.example/a.png"


async def test_on_the_widget_the_customer_has_an_address_without_signing_in(rig: Product) -> None:
    _, conversation = await rig.open()
    async with await rig.signed_in() as client:
        file = UUID((await upload(client, conversation)).json()["id"])
    await rig.parts.cases.sending.send(agent_of(rig), conversation, "k1", "", files=[file])
    _, shown = await received(rig)
    async with rig.client() as visitor:
        assert (await visitor.get(shown["url"])).content == PNG
        assert (await visitor.get(shown["url"].partition("?")[0])).status_code == 422


async def test_what_cannot_be_uploaded_or_sent(rig: Product) -> None:
    async with connected(rig, "instagram") as channel, await rig.signed_in() as client:
        conversation = await begun(channel)
        assert (await upload(client, conversation, b"<svg/>")).status_code == 422
        assert (await upload(client, conversation, PNG + b"\0" * 25_000_000)).status_code == 413
        assert (await upload(client, new_id())).status_code == 404
        webp = UUID((await upload(client, conversation, b"RIFF\0\0\0\0WEBP")).json()["id"])
        big = UUID((await upload(client, conversation, JPEG + b"\0" * 8_000_000)).json()["id"])
        good = UUID((await upload(client, conversation)).json()["id"])
        agent, admin = agent_of(rig), rig.mine.staff[Role.ADMIN]
        for staff, file, code in (
            (agent, webp, "bad_frame"),
            (agent, big, "too_large"),
            (agent, new_id(), "not_found"),
            (admin, good, "not_found"),
        ):
            with pytest.raises(CommandError) as refused:
                await rig.parts.cases.sending.send(staff, conversation, str(file), "", files=[file])
            assert refused.value.code == code
        sent = await rig.parts.cases.sending.send(agent, conversation, "k1", "", files=[good])
        again = await rig.parts.cases.sending.send(agent, conversation, "k1", "", files=[good])
        assert sent == again
        with pytest.raises(CommandError):
            await rig.parts.cases.sending.send(agent, conversation, "k2", "", files=[good])
        await Hands(rig).work()
        assert len(channel.stand_in.messages) == 1


async def test_a_message_that_is_taken_back_takes_its_file_along(rig: Product) -> None:
    async with connected(rig, "messenger") as channel:
        await send_file(channel, "image/png", PNG)
        hands = Hands(rig)
        await hands.work()
        message, shown = await received(rig)
        deleted = {"mid": message.client_id, "is_deleted": True}
        event = {"sender": {"id": ANA_ID}, "recipient": {"id": "1001"}, "timestamp": 1, "message": deleted}
        assert await channel.meta.outgoing.post(channel.webhook, *channel.meta.signed([event])) == 200
        await hands.work()
    assert await rig.rows(models.Attachment) == []
    assert await rig.rows(models.AttachmentContent) == []
    assert not [row for row in await rig.rows(models.Event) if str(shown["url"]) in row.body]
    async with await rig.signed_in() as client:
        assert (await client.get(shown["url"])).status_code == 404


async def test_uploads_that_were_never_sent_are_removed(rig: Product) -> None:
    _, conversation = await rig.open()
    async with await rig.signed_in() as client:
        sent, left = [UUID((await upload(client, conversation)).json()["id"]) for _ in range(2)]
    await rig.parts.cases.sending.send(agent_of(rig), conversation, "k1", "", files=[sent])
    files = SqlFiles(rig.core.database)
    assert await files.prune(datetime.now(UTC) - timedelta(days=1)) == 0
    assert await files.prune(datetime.now(UTC)) == 1
    assert await files.find(sent) is not None
    assert await files.find(left) is None
