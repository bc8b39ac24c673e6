"""What the shop says reaches customers on channels: once, in order, whole; and what the vendor tells comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from starlette.responses import JSONResponse

from app.channels.registry import BY_KIND
from app.db import models
from app.domain.conversation import Controller
from app.domain.people import Role
from app.services.accounts import AccountDesk
from app.services.deliver import CHECK_KIND
from app.services.outbox import DELIVER_KIND
from app.simulate.faults import Fault
from realtime.ports import CommandError
from tests.integration.app.responder import ANSWER, ScriptedResponder
from tests.integration.app.rig import Product, working
from tests.integration.app.stand_ins import ANA_ID, ANA_PHONE, Connected, Hands, agent_of, connected

DISCLOSURE = "This is an automatic assistant. Ask for a person at any time."
Kind = Literal["whatsapp", "messenger", "instagram"]
KINDS: list[Kind] = ["whatsapp", "messenger", "instagram"]


async def say(rig: Product, conversation: UUID, text: str, key: str | None = None) -> UUID:
    """Let the agent write."""
    sent = await rig.parts.cases.sending.send(agent_of(rig), conversation, key or str(uuid4()), text)
    return sent.message


async def begun(channel: Connected, hands: Hands) -> UUID:
    """Let Ana write first; return the conversation."""
    await channel.write("Hello?")
    await hands.work()
    return await channel.conversation()


async def shown(rig: Product, message: UUID) -> object:
    (row,) = await rig.rows(models.Message, id=message)
    return row.delivery


async def test_an_answer_of_a_whole_worker_goes_out(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        await channel.write("Where is my parcel now?")
        await Hands(rig).work()
        async with working(rig.worker(ScriptedResponder())):
            await channel.until(["delivered", "delivered"])
        assert channel.texts() == [DISCLOSURE, ANSWER]
        assert channel.twilio.typing


@pytest.mark.parametrize("kind", KINDS)
async def test_an_agents_message_goes_out_and_its_ticks_come_back(rig: Product, kind: Kind) -> None:
    hands = Hands(rig)
    async with connected(rig, kind) as channel:
        conversation = await begun(channel, hands)
        message = await say(rig, conversation, "Hello Ana, grüß dich! 👋")
        assert await shown(rig, message) == {"status": "queued"}
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.work()
        assert channel.texts() == ["Hello Ana, grüß dich! 👋"]
        assert await shown(rig, message) == {"status": "sent" if kind == "instagram" else "delivered"}
        if kind == "whatsapp":
            channel.twilio.customer_reads()
        else:
            channel.meta.report("read", ANA_ID)
        await channel.stand_in.outgoing.idle()
        await hands.work()
        assert await shown(rig, message) == {"status": "read"}


async def test_instagram_login_has_its_own_path(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "instagram", setup="instagram") as channel:
        await say(rig, await begun(channel, hands), "Hello")
        await hands.work()
        assert channel.texts() == ["Hello"]


@pytest.mark.parametrize("kind", ["whatsapp", "instagram"])
async def test_a_long_text_arrives_whole_and_in_order(rig: Product, kind: Kind) -> None:
    hands = Hands(rig)
    text = " ".join(f"This is sentence {number} of a long answer." for number in range(99))
    async with connected(rig, kind) as channel:
        await say(rig, await begun(channel, hands), text)
        await hands.work()
        assert len(channel.texts()) > 1
        assert " ".join(channel.texts()) == text


async def test_the_same_send_twice_is_one_delivery(rig: Product) -> None:
    hands, key = Hands(rig), str(uuid4())
    async with connected(rig, "whatsapp") as channel:
        conversation = await begun(channel, hands)
        assert await say(rig, conversation, "Once", key) == await say(rig, conversation, "Once", key)
        await hands.work()
        assert channel.texts() == ["Once"]


async def test_a_refusal_that_passes_is_tried_again_and_order_is_kept(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "whatsapp") as channel:
        conversation = await begun(channel, hands)
        channel.stand_in.faults.plan(
            Fault("refuse", JSONResponse({"code": 20429}, 429)), Fault("refuse", JSONResponse({}, 503)), Fault("die")
        )
        first = await say(rig, conversation, "One")
        await say(rig, conversation, "Two")
        await hands.work()
        assert (channel.texts(), await shown(rig, first)) == ([], {"status": "queued"})
        await hands.later(DELIVER_KIND)
        assert channel.texts() == []
        await hands.later(DELIVER_KIND)  # this one breaks: nothing was taken, and that cannot be known
        assert await channel.statuses() == ["sending", "queued"]
        for _ in range(3):
            await hands.later(CHECK_KIND)
        assert (await channel.statuses())[0] == "unknown"
        assert channel.texts() == ["Two"]


async def test_a_rate_limit_told_by_callback_is_tried_again(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "whatsapp") as channel:
        conversation = await begun(channel, hands)
        channel.twilio.fails_next.append(63018)
        await say(rig, conversation, "Patience")
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.work()
        assert await channel.statuses() == ["queued"]
        await hands.later(DELIVER_KIND)
        await channel.stand_in.outgoing.idle()
        await hands.work()
        assert await channel.statuses() == ["delivered"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_whose_answer_was_lost_is_not_sent_twice(rig: Product, kind: Kind) -> None:
    hands = Hands(rig)
    async with connected(rig, kind) as channel:
        conversation = await begun(channel, hands)
        channel.stand_in.faults.plan(Fault("accept_and_die"))
        if kind == "whatsapp":
            channel.twilio.delivers = False  # no callback tells of it: the list does
        await say(rig, conversation, "Only once")
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.work()
        await hands.later(CHECK_KIND)
        assert (await channel.statuses())[0] in ("sent", "delivered")
        assert channel.texts() == ["Only once"]


async def test_an_unknown_one_is_sent_again_by_one_click_once(rig: Product) -> None:
    hands, click = Hands(rig), uuid4()
    async with connected(rig, "messenger") as channel:
        conversation = await begun(channel, hands)
        channel.stand_in.faults.plan(Fault("die"))
        message = await say(rig, conversation, "Did it arrive?")
        await hands.work()
        for _ in range(3):
            await hands.later(CHECK_KIND)
        assert await shown(rig, message) == {"status": "unknown", "to": 0}
        resend = rig.parts.cases.deliver.resend
        for _ in range(3):
            await resend(agent_of(rig), conversation, message, click)
        await hands.work()
        await resend(agent_of(rig), conversation, message, click)
        await hands.work()
        assert channel.texts() == ["Did it arrive?"]
        with pytest.raises(CommandError, match="nothing to send"):
            await resend(agent_of(rig), conversation, uuid4(), uuid4())
        with pytest.raises(CommandError):
            await resend(rig.other.staff[Role.AGENT], conversation, message, uuid4())


async def test_a_takeover_cancels_what_the_bot_has_not_sent(rig: Product) -> None:
    hands = Hands(rig)
    text = " ".join(f"This is sentence {number} of a long answer." for number in range(99))
    async with connected(rig, "whatsapp") as channel:
        conversation = await begun(channel, hands)
        await hands.answer(text)
        deliver = rig.parts.cases.deliver
        sending = await deliver.begin(conversation)  # the disclosure
        assert sending is not None
        await deliver.settle(sending.delivery, await sending.sender.send(sending.part, sending.account, rig.core.http))
        first = await deliver.begin(conversation)  # the first part of the answer is with the vendor
        assert first is not None
        taken = await rig.parts.cases.control.take(agent_of(rig), conversation)
        assert [(one.part, one.text) for one in taken.in_flight] == [(0, first.part.text)]
        await deliver.settle(first.delivery, await first.sender.send(first.part, first.account, rig.core.http))
        await hands.work()
        rows = [row for row in await channel.deliveries() if row.sender_kind == "bot"]
        assert {row.status for row in rows[1:]} == {"canceled"}
        assert channel.texts() == [DISCLOSURE, first.part.text]
        assert await shown(rig, rows[0].message_id) == {"status": "canceled", "to": len(first.part.text.encode())}
        again = await rig.parts.cases.control.take(agent_of(rig), conversation)
        assert list(again.in_flight) == []


async def test_the_bots_last_words_before_a_hand_off_go_out(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "whatsapp") as channel:
        await begun(channel, hands)
        await hands.answer("I am passing you on.", handoff_reason="customer")
        await hands.work()
        assert channel.texts() == [DISCLOSURE, "I am passing you on."]


async def test_after_the_window_people_may_and_the_bot_may_not(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "messenger") as channel:
        conversation = await begun(channel, hands)
        await hands.answer("Here I am.")
        await _age(rig, 25)
        channel.meta._last_inbound[ANA_ID] -= 25 * 3600
        await hands.work()
        assert await channel.statuses() == ["failed", "failed"]
        assert {row.error for row in await channel.deliveries()} == {"window_closed"}
        await say(rig, conversation, "A person writes")
        await hands.work()
        assert [(one.text, one.tag) for one in channel.meta.messages] == [("A person writes", "HUMAN_AGENT")]
        await _age(rig, 24 * 7)
        with pytest.raises(CommandError) as refused:
            await say(rig, conversation, "Too late")
        assert (refused.value.code, refused.value.fields["reason"]) == ("closed", "window")


async def test_the_window_of_whatsapp_is_kept_by_us_and_told_by_callback(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "whatsapp") as channel:
        conversation = await begun(channel, hands)
        channel.twilio._last_inbound[ANA_PHONE] -= 25 * 3600  # their clock says it is over
        message = await say(rig, conversation, "Hello?")
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.work()
        assert await shown(rig, message) == {"status": "failed", "error": "window_closed", "to": 0}
        await _age(rig, 25)
        with pytest.raises(CommandError, match="approved template"):
            await say(rig, conversation, "Hello again?")


async def test_a_token_that_is_void_is_told_and_not_tried_again(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "messenger") as channel:
        conversation = await begun(channel, hands)
        channel.meta.desk.token = "another"
        message = await say(rig, conversation, "Hello?")
        await hands.work()
        assert await shown(rig, message) == {"status": "failed", "error": "account_broken", "to": 0}
        channel.meta.desk.token = "a-page-token"
        waits = await say(rig, conversation, "Nobody asks the vendor now")
        await hands.work()
        assert (await shown(rig, waits), channel.texts()) == (await shown(rig, message), [])
        desk = AccountDesk(rig.core.accounts, BY_KIND)
        (stored,) = [one for one in await desk.listed(rig.mine.shop.id) if one.kind == "messenger"]
        assert stored.problem == "190/463"
        await desk.change(rig.mine.shop.id, channel.account, {"page_token": "a-page-token"})
        await rig.parts.cases.deliver.resend(agent_of(rig), conversation, message, uuid4())
        await hands.work()
        assert channel.texts() == ["Hello?"]


async def test_a_colleague_in_metas_inbox_silences_the_bot(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "messenger") as channel:
        conversation = await begun(channel, hands)
        assert await channel.meta.colleague_writes("I am on it", person=ANA_ID) == 200
        await hands.work()
        record = await rig.record(conversation)
        assert record.control.controller.value == "queue"
        said = (await rig.messages(conversation))[-1]
        assert (said.sender_kind, said.text, said.delivery) == ("agent", "I am on it", {"status": "sent"})
        assert channel.texts() == []
        assert not record.awaits_reply


async def test_an_echo_that_comes_before_the_answer_makes_no_message(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "messenger") as channel:
        conversation = await begun(channel, hands)
        channel.meta.echoes = "before"
        message = await say(rig, conversation, "Hello")
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.work()
        assert [row.text for row in await rig.messages(conversation)] == ["Hello?", "Hello"]
        assert await shown(rig, message) == {"status": "delivered"}


async def test_the_bot_is_disclosed_at_the_start_and_after_a_person(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "messenger") as channel:
        conversation = await begun(channel, hands)
        await hands.answer("One.")
        await channel.write("And?")
        await hands.work()
        await hands.answer("Two.")
        await hands.work()
        await say(rig, conversation, "A person.")
        staff = agent_of(rig)
        await rig.parts.cases.control.release(staff, conversation, Controller.BOT)
        await channel.write("Who is there?")
        await hands.work()
        await hands.answer("Three.")
        await hands.work()
        assert channel.texts() == [DISCLOSURE, "One.", "Two.", "A person.", DISCLOSURE, "Three."]


@pytest.mark.parametrize("kind", KINDS)
async def test_products_are_cards_or_lines_with_links_whose_opening_counts(rig: Product, kind: Kind) -> None:
    hands = Hands(rig)
    product: dict[str, Any] = {
        "id": str(uuid4()),
        "title": "Summit Shell Jacket",
        "price": 18900,
        "currency": "EUR",
        "reason": "popular",
        "recommendation": str(uuid4()),
        "url": "https://shop.test/jackets/summit",
        "image_url": "https://shop.test/summit.jpg",
    }
    async with rig.core.database.write_session() as session:
        session.add(
            models.Product(
                id=UUID(product["id"]),
                shop_id=rig.mine.shop.id,
                external_id="jkt",
                title=product["title"],
                description="",
                price_minor=18900,
                currency="EUR",
                url=product["url"],
            )
        )
        await session.commit()
    link = rig.web.context.product_links.link(UUID(product["recommendation"]))
    async with connected(rig, kind) as channel:
        await begun(channel, hands)
        await hands.answer("This one may suit you.", products=(product,))
        await hands.work()
        if kind == "whatsapp":
            assert channel.texts()[-1] == f"Summit Shell Jacket, €189.00\n{link}"
        else:
            (element,) = channel.meta.messages[-1].message["attachment"]["payload"]["elements"]
            assert (element["title"], element["subtitle"]) == ("Summit Shell Jacket", "€189.00")
            assert element["default_action"]["url"] == link
    async with rig.client() as client:
        assert (await client.get(urlsplit(link).path)).headers["location"] == product["url"]
    async with await rig.signed_in(Role.OWNER) as client:
        found = (await client.get("/api/analytics/recommendation_stats/")).json()
    assert found["by_channel"] == {kind: {"shown": 1, "clicked": 1, "ordered": 0}}


async def _age(rig: Product, hours: int) -> None:
    """Let the customers' messages be older."""
    async with rig.core.database.write_session() as session:
        for row in await rig.rows(models.Message, sender_kind="customer"):
            at = row.created_at - timedelta(hours=hours)
            await session.execute(update(models.Message).where(models.Message.id == row.id).values(created_at=at))
        await session.commit()
