"""Accounts that keep working: subscribed again, tokens renewed, and what no webhook told is fetched."""

from __future__ import annotations

import time
from typing import Literal

import pytest

from app.bootstrap.core import open_channel_health
from app.bootstrap.upkeep import open_reconciling
from app.channels.registry import BY_KIND
from app.db import models
from app.domain.job import Lane
from app.domain.people import Role
from app.services.accounts import AccountDesk
from app.services.ids import new_id
from app.services.reconciling import RECONCILE_KIND, Reconciled
from app.simulate.meta_desk import FIELDS, LONG_LIVED_S
from realtime.ports import CommandError
from tests.integration.app.rig import Product
from tests.integration.app.stand_ins import ANA_ID, ANA_PHONE, NUMBER, Connected, Hands, agent_of, connected

Kind = Literal["whatsapp", "messenger", "instagram"]


async def reconciled(channel: Connected) -> Reconciled:
    rig = channel.rig
    return await open_reconciling(rig.core, rig.parts).now(rig.mine.shop.id, channel.account)


async def texts(rig: Product) -> list[str]:
    rows = await rig.rows(models.Message, sender_kind="customer")
    return [row.text for row in sorted(rows, key=lambda row: row.seq)]


@pytest.mark.parametrize(("kind", "fields"), [("messenger", "page"), ("instagram", "instagram")])
async def test_a_lost_subscription_is_made_again(
    rig: Product, kind: Kind, fields: Literal["page", "instagram"]
) -> None:
    async with connected(rig, kind) as channel:
        first = await reconciled(channel)
        second = await reconciled(channel)
        assert (first.subscribed_again, second.subscribed_again) == (True, False)
        assert channel.meta.desk.subscribed == FIELDS[fields]
        channel.meta.desk.subscribed = {"messages"}
        assert (await reconciled(channel)).subscribed_again
        assert (await open_channel_health(rig.core).of_account(rig.mine.shop.id, channel.account)).state == "ok"


async def write_in_vain(channel: Connected, text: str) -> None:
    """Let Ana write while this server is away."""
    if channel.kind == "whatsapp":
        nowhere = channel.webhook.replace("/api/", "/gone/")
        await channel.twilio.write(nowhere, text, address=ANA_PHONE, to=f"whatsapp:{NUMBER}")
    else:
        webhook, channel.meta.webhook = channel.meta.webhook, channel.webhook.replace("/api/", "/gone/")
        await channel.meta.write(text, person=ANA_ID)
        channel.meta.webhook = webhook


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_what_no_webhook_told_is_fetched_once(rig: Product, kind: Kind) -> None:
    hands = Hands(rig)
    async with connected(rig, kind) as channel:
        await channel.write("This came")
        await hands.work()
        await write_in_vain(channel, "This did not: größer?")
        await write_in_vain(channel, "Nor this")
        fetched = [(await reconciled(channel)).fetched for _ in range(2)]
        await hands.work()
    assert fetched == [2, 0]
    assert await texts(rig) == ["This came", "This did not: größer?", "Nor this"]
    assert {row.status for row in await rig.rows(models.WebhookLog)} == {"accepted"}


async def test_a_late_webhook_of_what_was_fetched_changes_nothing(rig: Product) -> None:
    hands = Hands(rig)
    async with connected(rig, "messenger") as channel:
        await write_in_vain(channel, "Hello?")
        await reconciled(channel)
        ((mid, _, _),) = channel.meta._threads[ANA_ID]
        event = {"sender": {"id": ANA_ID}, "recipient": {"id": "1001"}, "timestamp": int(time.time() * 1000)}
        headers, body = channel.meta.signed([{**event, "message": {"mid": mid, "text": "Hello?"}}])
        assert await channel.meta.outgoing.post(channel.webhook, headers, body) == 200
        await hands.work()
    assert await texts(rig) == ["Hello?"]


async def test_what_was_said_before_the_account_was_connected_stays_there(rig: Product) -> None:
    async with connected(rig, "messenger") as channel:
        channel.meta.clock = lambda: time.time() - 3600
        await write_in_vain(channel, "An hour ago")
        assert (await reconciled(channel)).fetched == 0


async def test_a_token_of_instagram_login_is_renewed_before_its_end(rig: Product) -> None:
    async with connected(rig, "instagram", setup="instagram") as channel:
        desk, old = channel.meta.desk, channel.meta.token
        first = await reconciled(channel)  # its end is not known yet
        assert (first.renewed, desk.token == old) == (True, False)
        assert not (await reconciled(channel)).renewed
        found = await open_channel_health(rig.core).of_account(rig.mine.shop.id, channel.account)
        assert found.report is not None
        assert found.report.token_expires_at is not None
        assert abs(found.report.token_expires_at.timestamp() - time.time() - LONG_LIVED_S) < 60
        await channel.write("Hello?")
        hands = Hands(rig)
        await hands.work()
        await rig.parts.cases.sending.send(agent_of(rig), await channel.conversation(), "k1", "With the new token")
        await hands.work()
        assert channel.texts() == ["With the new token"]


async def test_every_account_is_looked_at_by_a_job_of_its_own(rig: Product) -> None:
    async with connected(rig, "messenger") as channel:
        reconciling, queue, worker = open_reconciling(rig.core, rig.parts), rig.parts.queue, new_id()
        await reconciling.later(rig.mine.shop.id, channel.account)
        (job,) = await queue.claim(Lane.SYNC, worker, 10)
        assert job.kind == RECONCILE_KIND
        await reconciling.reconcile(job)
        assert channel.meta.desk.subscribed
        await reconciling.fan_out(job)
        await reconciling.fan_out(job)  # tried again: the same jobs
        assert [one.kind for one in await queue.claim(Lane.SYNC, worker, 10)] == [RECONCILE_KIND]
        await AccountDesk(rig.core.accounts, BY_KIND).disconnect(rig.mine.shop.id, channel.account)
        await reconciling.reconcile(job)  # nothing to do for it, and no error


async def test_over_rest(rig: Product) -> None:
    async with connected(rig, "messenger") as channel, await rig.signed_in(Role.ADMIN) as client:
        path = f"/api/channels/accounts/{channel.account}/reconcile/"
        done = (await client.post(path)).json()
        assert (done["reached"], done["subscribed_again"], done["fetched"]) == (True, True, 0)
        assert done["health"]["state"] == "ok"
    async with await rig.signed_in(Role.ADMIN) as client:
        gone = (await client.post(path)).json()
    assert (gone["reached"], gone["health"]["state"]) == (False, "warning")
    with pytest.raises(CommandError):
        await open_reconciling(rig.core, rig.parts).now(rig.other.shop.id, channel.account)
