"""What a vendor's event becomes, on both databases: once, in order, in the one conversation of its sender."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.channels.registry import BY_KIND
from app.db import models
from app.db.channel_accounts import SqlChannelAccounts
from app.db.vault import Vault
from app.domain.channel import (
    Account,
    Handover,
    InboundEvent,
    Media,
    MessageDeleted,
    MessageReceived,
    PolicyEnforced,
    Postback,
    Reaction,
)
from app.domain.conversation import Controller
from app.domain.job import ClaimedJob, Lane
from app.services.accounts import AccountDesk
from app.services.inbox import Arrival, Inbox
from app.services.receiving import OTHER_APP, UNSUPPORTED, Receiving
from tests.integration.db.world import World

APP = "1784"
PAGE = {
    "page_id": "1001",
    "page_token": "page-token",
    "app_secret": "app-secret",
    "verify_token": "verify-me",
    "app_id": APP,
}


class Mail:
    """The inbox of one page, and the worker that empties it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = SqlChannelAccounts(world.database, Vault("a key"))
        self.inbox = Inbox(world.store, world.publisher)
        self.receiving = Receiving(world.store, world.changes, world.clock)
        self.account: Account

    async def connect(self) -> None:
        account = await AccountDesk(self.accounts, BY_KIND).add(self.world.shop, "messenger", PAGE)
        found = await self.accounts.find(account)
        assert found is not None
        self.account = found

    async def post(self, *events: InboundEvent) -> int:
        arrivals = [Arrival(self.account, event, b"{}") for event in events]
        return await self.inbox.accept("messenger", arrivals, {})

    async def claim(self) -> list[ClaimedJob]:
        return list(await self.world.jobs.claim(Lane.RECEIVE, self.world.worker, 100))

    async def work(self) -> None:
        for job in await self.claim():
            await self.receiving(job)
            await self.world.jobs.done(job)

    async def said(self) -> list[models.Message]:
        rows: list[Any] = await self.world.all_of(models.Message)
        return sorted(rows, key=lambda row: row.id)

    async def conversations(self) -> list[Any]:
        rows: list[Any] = await self.world.all_of(models.Conversation)
        return sorted(rows, key=lambda row: row.id)

    async def waiting(self) -> list[Any]:
        return [row for row in await self.world.all_of(models.WebhookLog, processed_at=None)]


@pytest.fixture
async def mail(world: World) -> Mail:
    mail = Mail(world)
    await mail.connect()
    return mail


def message(key: str, text: str = "Where is my order?", address: str = "2001", **fields: Any) -> MessageReceived:
    return MessageReceived(key=key, account="1001", address=address, text=text, **fields)


async def test_a_message_is_the_customers_and_the_bots_to_answer(mail: Mail) -> None:
    assert await mail.post(message("m1", name="Ana Demo")) == 1
    await mail.work()
    (said,) = await mail.said()
    (conversation,) = await mail.conversations()
    assert (said.text, said.sender_kind, said.sender_name, said.client_id) == (
        "Where is my order?",
        "customer",
        "Ana Demo",
        "m1",
    )
    assert (conversation.channel, conversation.controller, conversation.identity_id) == (
        "messenger",
        "bot",
        said.sender_id,
    )
    assert await mail.world.active_reply(conversation.id) is not None
    assert await mail.world.types(conversation.id) == ["message.created"]
    (log,) = await mail.world.all_of(models.WebhookLog)
    assert isinstance(log, models.WebhookLog)
    assert log.message_id == said.id


async def test_the_same_event_again_changes_nothing(mail: Mail) -> None:
    await mail.post(message("m1"))
    assert await mail.post(message("m1"), message("m1")) == 0
    (job,) = await mail.claim()
    await mail.receiving(job)
    await mail.receiving(job)  # its worker died before it could say that it was done
    assert len(await mail.said()) == 1


async def test_two_workers_at_one_job_do_it_once(mail: Mail) -> None:
    await mail.post(*(message(f"m{number}", str(number)) for number in range(5)))
    (job,) = await mail.claim()
    await asyncio.gather(*(mail.receiving(job) for _ in range(3)))
    assert [one.text for one in sorted(await mail.said(), key=lambda one: one.seq)] == ["0", "1", "2", "3", "4"]
    assert await mail.waiting() == []


async def test_two_first_messages_at_once_are_one_customer_and_one_conversation(mail: Mail) -> None:
    for number in range(6):
        await mail.post(message(f"m{number}"))
    jobs = await mail.claim()
    assert len(jobs) == 6
    await asyncio.gather(*(mail.receiving(job) for job in jobs))
    assert len(await mail.said()) == 6
    assert len(await mail.conversations()) == 1
    assert len(await mail.world.all_of(models.Customer)) == 1
    assert len(await mail.world.all_of(models.ChannelIdentity)) == 1


async def test_a_later_request_waits_for_an_earlier_one_of_the_same_person(mail: Mail) -> None:
    await mail.post(message("m1", "first"), message("o1", "other", address="2002"))
    await mail.post(message("m2", "second"))
    first, second = sorted(await mail.claim(), key=lambda job: job.cause)
    await mail.receiving(second)
    assert [one.text for one in await mail.said()] == ["first", "second"]
    await mail.receiving(first)
    assert len(await mail.said()) == 3


async def test_one_bad_event_does_not_stop_the_others(mail: Mail) -> None:
    async def fails(row: object, event: object) -> None:
        raise ValueError("cannot")

    mail.receiving.handle({Postback: fails})
    await mail.post(message("m1"), Postback(key="p1", account="1001", address="2001", title="Track"), message("m2"))
    (job,) = await mail.claim()
    with pytest.raises(ValueError, match="cannot"):
        await mail.receiving(job)
    assert len(await mail.said()) == 2
    assert len(await mail.waiting()) == 1
    last = ClaimedJob(**{name: getattr(job, name) for name in ClaimedJob.__slots__} | {"tries": job.max_tries})
    with pytest.raises(ValueError, match="cannot"):
        await mail.receiving(last)
    (row,) = await mail.world.all_of(models.WebhookLog, status="failed")
    assert isinstance(row, models.WebhookLog)
    assert row.error == "ValueError"


async def test_a_closed_conversation_comes_back_or_another_begins(mail: Mail) -> None:
    await mail.post(message("m1"))
    await mail.work()
    (first,) = await mail.conversations()
    await mail.world.control.close(mail.world.ada, first.id)
    mail.world.clock.advance(hours=2)
    await mail.post(message("m2"))
    await mail.work()
    assert [one.status for one in await mail.conversations()] == ["open"]
    await mail.world.control.close(mail.world.ada, first.id)
    mail.world.clock.advance(hours=25)
    await mail.post(message("m3"))
    await mail.work()
    assert [one.status for one in await mail.conversations()] == ["closed", "open"]
    assert len(await mail.world.all_of(models.Customer)) == 1


async def test_an_agent_gets_what_is_written_to_them(mail: Mail) -> None:
    await mail.post(message("m1"))
    await mail.work()
    (conversation,) = await mail.conversations()
    await mail.world.control.take(mail.world.ada, conversation.id)
    await mail.post(message("m2"))
    await mail.work()
    assert await mail.world.active_reply(conversation.id) is None
    assert (await mail.world.record(conversation.id)).waiting_since is not None


async def test_files_come_with_or_without_text(mail: Mail) -> None:
    files = (
        Media(kind="image", url="https://cdn.example/1.jpg", media_type="image/jpeg"),
        Media(kind="file", url="javascript:alert(1)"),
    )
    await mail.post(message("m1", "", attachments=files))
    await mail.work()
    (said,) = await mail.said()
    assert said.text == ""
    (shown,) = said.attachments
    assert (shown["url"], shown["media_type"]) == (f"/api/attachments/{shown['id']}/", "image/jpeg")


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
async def test_what_cannot_be_shown_is_said_to_be_there(mail: Mail, text: str) -> None:
    await mail.post(message("m1", text, unsupported=True))
    await mail.work()
    assert [one.text for one in await mail.said()] == [UNSUPPORTED]


async def test_a_pressed_button_is_a_message(mail: Mail) -> None:
    await mail.post(Postback(key="p1", account="1001", address="2001", title="Track order", payload="TRACK"))
    await mail.work()
    assert [one.text for one in await mail.said()] == ["Track order"]


async def test_standby_is_seen_and_never_answered(mail: Mail) -> None:
    await mail.post(message("m1", standby=True))
    await mail.work()
    (conversation,) = await mail.conversations()
    assert len(await mail.said()) == 1
    assert await mail.world.active_reply(conversation.id) is None
    await mail.post(message("m2"))
    await mail.work()
    assert await mail.world.active_reply(conversation.id) is not None


def handover(key: str, action: str, app: str | None) -> Handover:
    return Handover(key=key, account="1001", address="2001", action=action, app=app)


@pytest.mark.parametrize(("action", "app"), [("pass", "9"), ("take", "9"), ("take", None)])
async def test_a_thread_that_another_app_has_silences_the_bot(mail: Mail, action: str, app: str | None) -> None:
    await mail.post(message("m1"), handover("h1", action, app))
    await mail.work()
    (conversation,) = await mail.conversations()
    record = await mail.world.record(conversation.id)
    assert record.control.controller is Controller.QUEUE
    assert record.handoff_reason == OTHER_APP
    assert await mail.world.active_reply(conversation.id) is None


@pytest.mark.parametrize("action", ["pass", "take"])
async def test_a_thread_that_came_back_is_the_bots_again(mail: Mail, action: str) -> None:
    await mail.post(message("m1"), handover("h1", "take", "9"), message("m2", standby=True))
    await mail.work()
    (conversation,) = await mail.conversations()
    await mail.post(handover("h2", action, APP))
    await mail.work()
    record = await mail.world.record(conversation.id)
    assert (record.control.controller, record.handoff_reason) == (Controller.BOT, None)
    assert await mail.world.active_reply(conversation.id) is None  # what the other app was asked is not ours to answer
    await mail.post(message("m3"))
    await mail.work()
    assert await mail.world.active_reply(conversation.id) is not None


async def test_a_thread_that_came_to_us_leaves_control_as_it_is_otherwise(mail: Mail) -> None:
    await mail.post(handover("h1", "pass", APP))
    await mail.work()
    assert await mail.conversations() == []  # and nobody is made of it
    await mail.post(message("m1"), handover("h2", "pass", APP))
    await mail.work()
    (conversation,) = await mail.conversations()
    assert (await mail.world.record(conversation.id)).control.controller is Controller.BOT
    assert await mail.world.active_reply(conversation.id) is not None
    await mail.world.control.release(mail.world.ada, conversation.id, Controller.QUEUE)
    await mail.post(handover("h3", "pass", APP))
    await mail.work()
    record = await mail.world.record(conversation.id)
    assert (record.control.controller, record.handoff_reason) == (Controller.QUEUE, "agent")
    assert await mail.waiting() == []


async def test_what_is_taken_back_is_wiped(mail: Mail) -> None:
    await mail.post(message("m1", "my card is 4111-needle"))
    await mail.work()
    (conversation,) = await mail.conversations()
    await mail.post(MessageDeleted(key="m1:deleted", account="1001", address="2001", message="m1"))
    await mail.work()
    (said,) = await mail.said()
    assert said.text == ""
    assert said.redacted_at is not None
    assert (await mail.world.types(conversation.id))[-1] == "message.redacted"
    assert await mail.world.active_reply(conversation.id) is None
    snapshot = await mail.world.snapshot(mail.world.ada, conversation.id)
    assert [(one.text, one.redacted) for one in snapshot.messages] == [("", True)]
    for table in (models.Message, models.Event, models.Response, models.WebhookLog, models.Job):
        for row in await mail.world.all_of(table):
            assert not any("needle" in str(value) for value in vars(row).values()), table


async def test_a_deletion_of_nothing_and_reactions_are_kept(mail: Mail) -> None:
    await mail.post(
        MessageDeleted(key="m9:deleted", account="1001", address="2001", message="m9"),
        Reaction(key="r1", account="1001", address="2001", message="m9", emoji="❤"),
    )
    await mail.work()
    assert await mail.waiting() == []
    rows: list[Any] = await mail.world.all_of(models.WebhookLog)
    assert {row.kind for row in rows} == {"deleted", "reaction"}
    assert all(row.event for row in rows)


async def test_long_ids_and_texts(mail: Mail) -> None:
    await mail.post(message("m" * 200, "x" * 30_000), message("n" * 200, address="9" * 400))
    await mail.work()
    (said,) = await mail.said()
    assert (len(said.text), len(said.client_id or "")) == (20_000, 64)
    rows: list[Any] = await mail.world.all_of(models.WebhookLog, status="ignored_type")
    assert [row.kind for row in rows] == ["address too long"]


async def test_secrets_are_not_in_the_database(mail: Mail) -> None:
    (row,) = await mail.world.all_of(models.ChannelAccount, kind="messenger")
    assert isinstance(row, models.ChannelAccount)
    assert set(row.secrets or {}) == {"page_token", "app_secret", "verify_token"}
    for secret in ("page-token", "app-secret", "verify-me"):
        assert not any(secret in str(value) for value in vars(row).values())
    assert "app-secret" not in repr(mail.account)


async def test_an_account_belongs_to_one_shop(mail: Mail) -> None:
    other = World(mail.world.database)
    await other.populate()
    desk = AccountDesk(mail.accounts, BY_KIND)
    with pytest.raises(Exception, match="connected already"):
        await desk.add(other.shop, "messenger", PAGE)
    await desk.change(mail.world.shop, mail.account.id, {}, active=False)
    theirs = await desk.add(other.shop, "messenger", PAGE)
    with pytest.raises(Exception, match="connected already"):
        await desk.change(mail.world.shop, mail.account.id, {}, active=True)
    with pytest.raises(Exception, match="connected already"):
        await desk.add(mail.world.shop, "messenger", PAGE)
    await desk.change(other.shop, theirs, {}, active=False)
    assert await desk.add(mail.world.shop, "messenger", PAGE) == mail.account.id
    assert isinstance(mail.account.id, UUID)


async def test_a_message_of_a_blocked_customer_stays_in_the_log_and_nothing_comes_of_it(mail: Mail) -> None:
    await mail.post(message("m1"))
    await mail.work()
    (identity,) = await mail.world.all_of(models.ChannelIdentity)
    assert isinstance(identity, models.ChannelIdentity)
    async with mail.world.store.write() as tx:
        people = await tx.people.set_blocked(mail.world.shop, identity.customer_id, mail.world.clock.now())
        await tx.commit()
    assert people == [identity.id]
    await mail.post(message("m2"))
    await mail.work()
    assert len(await mail.world.all_of(models.Message)) == 1
    rows = [row for row in await mail.world.all_of(models.WebhookLog) if isinstance(row, models.WebhookLog)]
    assert sorted(row.status for row in rows) == ["accepted", "blocked"]
    assert all(row.processed_at is not None for row in rows)


async def test_a_policy_that_is_enforced_is_told_to_those_in_charge(mail: Mail) -> None:
    told = [
        PolicyEnforced(key=f"p{n}", account="1001", action=action, reason="Spam")
        for n, action in enumerate(("block", "unblock"))
    ]
    await mail.post(*told)
    await mail.work()
    notices = [row for row in await mail.world.all_of(models.Notification) if isinstance(row, models.Notification)]
    assert [(row.kind, row.user_id, row.conversation_id) for row in notices] == [
        ("channel_policy", mail.world.boss.id, None)
    ]
    rows = [row for row in await mail.world.all_of(models.WebhookLog) if isinstance(row, models.WebhookLog)]
    assert {(row.status, row.error) for row in rows} == {("accepted", "block: Spam"), ("accepted", "unblock: Spam")}
