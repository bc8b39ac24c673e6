"""How channel accounts are: what came in, what went out, and what vendors say when they are asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse

from app.bootstrap.core import open_channel_health
from app.channels.registry import BY_KIND
from app.db import models
from app.db.account_traces import SqlAccountTraces
from app.domain.people import Role
from app.services.accounts import AccountDesk
from app.services.channel_health import AccountHealth, ChannelHealth, Trouble
from app.services.clock import SystemClock
from app.simulate.faults import Fault
from app.simulate.meta_desk import FIELDS
from tests.fixtures.signed import entry, meta, meta_message
from tests.integration.app.rig import Product
from tests.integration.app.stand_ins import Connected, Hands, agent_of, connected
from tests.integration.app.vendors import Vendors

APP_ID = "1784"


async def checked(channel: Connected) -> AccountHealth:
    return await open_channel_health(channel.rig.core).of_account(channel.rig.mine.shop.id, channel.account)


async def test_an_account_that_works(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        channel.twilio.sender_webhook = f"{channel.webhook}#rc=5&rp=all"
        fresh = await checked(channel)
        assert (fresh.state, fresh.signature.value, fresh.traces.last_event_at) == ("ok", "unseen", None)
        await channel.write("Hello?")
        hands = Hands(rig)
        await hands.work()
        await rig.parts.cases.sending.send(agent_of(rig), await channel.conversation(), "k1", "Hi")
        await hands.work()
        found = await checked(channel)
    assert (found.state, found.signature.value, list(found.troubles)) == ("ok", "ok", [])
    assert found.report is not None
    assert (found.report.credentials_good, found.report.subscribed) == (True, True)
    assert found.traces.last_event_at is not None
    assert found.traces.last_sent_at is not None
    assert found.limits is not None
    assert found.limits.window == timedelta(hours=24)


async def test_what_twilio_tells(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        channel.twilio.sender_webhook = "https://elsewhere.example/api/webhooks/whatsapp/"
        assert list((await checked(channel)).troubles) == [Trouble.NOT_SUBSCRIBED]
        channel.twilio.auth_token = "rotated"
        refused = await checked(channel)
    assert (refused.state, list(refused.troubles)) == ("broken", [Trouble.CREDENTIALS_REFUSED])


async def test_what_meta_tells(rig: Product) -> None:
    desk = AccountDesk(rig.core.accounts, BY_KIND)
    async with connected(rig, "messenger") as channel:
        await desk.change(rig.mine.shop.id, channel.account, {"app_id": APP_ID})
        meta_desk = channel.meta.desk
        assert list((await checked(channel)).troubles) == [Trouble.NOT_SUBSCRIBED]
        meta_desk.subscribed = {"messages", "standby"}
        partly = await checked(channel)
        assert list(partly.troubles) == [Trouble.FIELDS_MISSING]
        assert partly.report is not None
        assert "message_echoes" in partly.report.missing
        meta_desk.subscribed = set(FIELDS["page"])
        assert (await checked(channel)).state == "ok"
        soon = datetime.now(UTC) + timedelta(days=2)
        meta_desk.expires_at = int(soon.timestamp())
        expiring = await checked(channel)
        assert (expiring.state, list(expiring.troubles)) == ("warning", [Trouble.TOKEN_EXPIRES_SOON])
        meta_desk.expires_at = 1
        assert list((await checked(channel)).troubles) == [Trouble.TOKEN_EXPIRED]


@pytest.mark.parametrize("setup", ["facebook", "instagram"])
async def test_both_set_ups_of_instagram_are_asked(rig: Product, setup: str) -> None:
    async with connected(rig, "instagram", setup=setup) as channel:
        channel.meta.desk.subscribed = set(FIELDS["instagram"])
        assert (await checked(channel)).state == "ok"


async def test_a_wrong_signature_is_told_until_a_right_one_comes(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        channel.twilio.sender_webhook = channel.webhook
        good, channel.twilio.auth_token = channel.twilio.auth_token, "another"
        assert await channel.twilio.write(channel.webhook, "Hello?", address="whatsapp:+14155550101") == 403
        channel.twilio.auth_token = good
        refused = await checked(channel)
        assert (refused.signature.value, list(refused.troubles)) == ("refused", [Trouble.SIGNATURE_REFUSED])
        await channel.write("Hello again?")
        assert (await checked(channel)).state == "ok"


async def test_a_message_that_was_not_taken_is_a_warning(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        channel.twilio.sender_webhook = channel.webhook
        await channel.write("Hello?")
        hands = Hands(rig)
        await hands.work()
        channel.stand_in.faults.plan(Fault("refuse", JSONResponse({"code": 63013}, 400)))
        await rig.parts.cases.sending.send(agent_of(rig), await channel.conversation(), "k1", "Hi")
        await hands.work()
        found = await checked(channel)
    assert (found.state, list(found.troubles)) == ("warning", [Trouble.SENDING_FAILED])
    assert found.traces.last_error == "63013"


async def test_a_vendor_that_does_not_answer_holds_nobody_up(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        channel.stand_in.faults.plan(Fault("slow", delay_s=30.0))
        health = ChannelHealth(
            rig.core.accounts,
            SqlAccountTraces(rig.core.database),
            BY_KIND,
            rig.core.http,
            SystemClock(),
            public_url="http://127.0.0.1:8000",
            ask_s=0.05,
        )
        (found,) = await health.of_shop(rig.mine.shop.id)
        assert (found.state, list(found.troubles)) == ("warning", [Trouble.VENDOR_NOT_REACHED])
    assert list((await checked(channel)).troubles) == [Trouble.VENDOR_NOT_REACHED]  # its stand-in is gone now


async def test_secrets_of_another_key_are_told(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel:
        async with rig.core.database.write_session() as session:
            row = await session.get_one(models.ChannelAccount, channel.account)
            row.secrets = {"auth_token": "gAAAAA-not-ours"}
            await session.commit()
        found = await open_channel_health(rig.core).of_account(rig.mine.shop.id, channel.account)
    assert (found.state, list(found.troubles)) == ("broken", [Trouble.SECRETS_UNREADABLE])


async def test_over_rest(rig: Product) -> None:
    async with connected(rig, "whatsapp") as channel, await rig.signed_in(Role.ADMIN) as client:
        path = f"/api/channels/accounts/{channel.account}/"
        one: dict[str, Any] = (await client.get(f"{path}health/")).json()
        (listed,) = (await client.get("/api/channels/health/")).json()
        await client.delete(path)
        off = (await client.get(f"{path}health/")).json()
    assert (one["state"], one["asked"], one["subscribed"], one["window_hours"]) == ("broken", True, False, 24.0)
    assert [trouble["code"] for trouble in one["troubles"]] == ["not_subscribed"]
    assert {**listed, "checked_at": None} == {**one, "checked_at": None}
    assert (off["state"], off["troubles"], off["asked"]) == ("off", [], False)


async def test_a_rotated_secret_leaves_the_old_one_good(rig: Product) -> None:
    vendors = Vendors(rig)
    account = await vendors.connect("messenger")
    async with await rig.signed_in(Role.ADMIN) as client:
        path = f"/api/channels/accounts/{account}/rotate/"
        wrong = await client.post(path, json={"secret": "page_id", "value": "x"})
        previous = await client.post(path, json={"secret": "previous_app_secret", "value": "x"})
        rotated = await client.post(path, json={"secret": "app_secret", "value": "newer"})
    assert (wrong.status_code, previous.status_code) == (422, 422)
    assert "previous_app_secret" in rotated.json()["secrets"]
    async with vendors.client:
        answers = [
            (await vendors.post(meta([entry(meta_message(f"m_{secret}", "Hello"))], secret))).status_code
            for secret in ("app-secret", "newer", "neither")
        ]
    assert answers == [200, 200, 403]
