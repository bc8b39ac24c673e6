"""Deliveries, files and what is stored of accounts, on both databases: each part begun once, and in order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.channels.registry import BY_KIND
from app.db import models
from app.db.account_traces import SqlAccountStates, SqlAccountTraces
from app.db.channel_accounts import SqlChannelAccounts
from app.db.files import SqlFiles
from app.db.vault import Vault
from app.domain.channel import Accepted, Echo, Media, MessageReceived, RefusalKind, Refused
from app.domain.job import Lane
from app.domain.message import SenderKind
from app.services.accounts import AccountDesk
from app.services.attachments import Attachments, FileLinks, Incoming, keep_incoming
from app.services.change import Change, Changes
from app.services.deliver import Deliver, Sending
from app.services.fetched_files import FetchedFiles
from app.services.ids import new_id
from app.services.inbox import Arrival, Inbox
from app.services.outbox import Outbox
from app.services.receipts import Receipts, UnknownDeliveryError
from app.services.receiving import Receiving
from app.services.sending import Sending as AgentSending
from tests.integration.db.world import World

URL = "https://shop.example"
APP = "1784"
PAGE = {
    "page_id": "1001",
    "page_token": "page-token",
    "app_secret": "app-secret",
    "verify_token": "verify-me",
    "app_id": APP,
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Post:
    """One page, one customer who has written, and all that sends to her, up to the vendor."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vault = Vault("a key")
        self.accounts = SqlChannelAccounts(world.database, self.vault)
        limits = {kind: one.sender.limits for kind, one in BY_KIND.items() if one.sender is not None}
        self.changes = Changes(world.store, world.live, world.publisher, world.clock, Outbox(limits, URL))
        self.links = FileLinks("a key", URL, world.clock)
        self.deliver = Deliver(world.store, self.changes, self.accounts, BY_KIND, self.links, public_url=URL)
        self.agents = AgentSending(self.changes, self.links)
        self.account: UUID
        self.conversation: UUID

    async def begin(self) -> None:
        self.account = await AccountDesk(self.accounts, BY_KIND).add(self.world.shop, "messenger", PAGE)
        account = await self.accounts.find(self.account)
        assert account is not None
        event = MessageReceived(key="m1", account="1001", address="2001", text="Hello?")
        await Inbox(self.world.store, self.world.publisher).accept("messenger", [Arrival(account, event, b"{}")], {})
        (job,) = await self.world.jobs.claim(Lane.RECEIVE, self.world.worker, 9)
        await Receiving(self.world.store, self.changes, self.world.clock)(job)
        (row,) = await self.world.all_of(models.Conversation)
        assert isinstance(row, models.Conversation)
        self.conversation = row.id

    async def say(self, text: str, **more: object) -> UUID:
        sent = await self.agents.send(self.world.ada, self.conversation, str(uuid4()), text, **more)  # type: ignore[arg-type]
        return sent.message

    async def next(self) -> Sending:
        found = await self.deliver.begin(self.conversation)
        assert found is not None
        return found

    async def hear(self, echo: Echo) -> None:
        receiving = Receiving(self.world.store, self.changes, self.world.clock)
        receiving.handle({Echo: Receipts(self.world.store, self.changes, self.deliver, receiving, BY_KIND).echo})
        account = await self.accounts.find(self.account)
        assert account is not None
        await Inbox(self.world.store, self.world.publisher).accept("messenger", [Arrival(account, echo, b"{}")], {})
        (job,) = await self.world.jobs.claim(Lane.RECEIVE, self.world.worker, 9)
        await receiving(job)

    async def statuses(self) -> list[str]:
        rows = [row for row in await self.world.all_of(models.Delivery) if isinstance(row, models.Delivery)]
        return [row.status for row in sorted(rows, key=lambda row: row.id)]


@pytest.fixture
async def post(world: World) -> Post:
    post = Post(world)
    await post.begin()
    return post


async def test_of_many_workers_one_begins_a_part_and_the_next_waits_for_it(post: Post) -> None:
    await post.say("One")
    await post.say("Two")
    begun = [one for one in await asyncio.gather(*(post.deliver.begin(post.conversation) for _ in range(5))) if one]
    assert [one.part.text for one in begun] == ["One"]
    await asyncio.gather(*(post.deliver.settle(begun[0].delivery, Accepted("mid.1")) for _ in range(3)))
    assert (await post.next()).part.text == "Two"
    assert await post.statuses() == ["sent", "sending"]


async def test_what_passes_is_queued_again_and_what_does_not_fails(post: Post) -> None:
    message = await post.say("One")
    first = await post.next()
    await post.deliver.settle(first.delivery, Refused(RefusalKind.TEMPORARY, "613"))
    assert await post.statuses() == ["queued"]
    assert await post.deliver.begin(post.conversation) is None  # its pause is not over
    again = await post.deliver.begin(post.conversation, retried=first.delivery.id)
    assert again is not None
    await post.deliver.settle(first.delivery, Accepted("late"))  # of the call before: it changes nothing
    await post.deliver.settle(again.delivery, Refused(RefusalKind.PERMANENT, "551"))
    assert await post.statuses() == ["failed"]
    click = uuid4()
    for _ in range(2):
        await post.deliver.resend(post.world.ada, post.conversation, message, click)
    assert await post.statuses() == ["queued"]
    traces = await SqlAccountTraces(post.world.database).traces(post.account)
    assert traces.last_event_at is not None
    assert traces.last_sent_at is None


async def test_a_takeover_cancels_what_the_bot_has_not_sent(post: Post) -> None:
    async def bot_says(change: Change) -> None:
        await change.say(SenderKind.BOT, "I am a machine.")

    await post.changes.run(post.conversation, bot_says)
    await post.say("I am not.")  # takes over
    assert (await post.next()).part.text == "I am not."
    assert await post.statuses() == ["canceled", "sending"]


async def test_a_file_is_kept_sent_once_and_erased(post: Post) -> None:
    files = SqlFiles(post.world.database)
    uploads = Attachments(files, post.links)
    row = await uploads.upload(post.world.ada, post.conversation, "a.png", "", PNG)
    await post.say("", files=[row.id])
    sending = await post.next()
    assert sending.part.media is not None
    assert sending.part.media.url.startswith(f"{URL}/api/attachments/{row.id}/file/?exp=")
    assert (await uploads.open(post.world.shop, row.id)).content == PNG
    assert await files.prune(datetime.now(UTC) + timedelta(days=1)) == 0
    async with post.world.store.write() as tx:
        counts = await tx.erasure.wipe_conversation(post.conversation)
        await tx.commit()
    assert counts["attachments"] == 1
    assert (await files.find(row.id), await files.content(row.id)) == (None, None)


async def test_an_echo_without_our_id_waits_for_the_answer_of_what_is_being_sent(post: Post) -> None:
    await post.say("On its way")
    sending = await post.next()
    receiving = Receiving(post.world.store, post.changes, post.world.clock)
    receipts = Receipts(post.world.store, post.changes, post.deliver, receiving, BY_KIND)
    receiving.handle({Echo: receipts.echo})
    account = await post.accounts.find(post.account)
    assert account is not None
    echo = Echo(key="mid.1", account="1001", address="2001", message="mid.1", text="On its way")
    await Inbox(post.world.store, post.world.publisher).accept("messenger", [Arrival(account, echo, b"{}")], {})
    (job,) = await post.world.jobs.claim(Lane.RECEIVE, post.world.worker, 9)
    with pytest.raises(UnknownDeliveryError):
        await receiving(job)
    await post.deliver.settle(sending.delivery, Accepted("mid.1"))
    await receiving(job)
    said = [row for row in await post.world.all_of(models.Message) if isinstance(row, models.Message)]
    assert sorted(row.text for row in said) == ["Hello?", "On its way"]
    assert await post.statuses() == ["sent"]


@pytest.mark.parametrize(("app", "controller"), [(APP, "bot"), ("263902037430900", "queue"), (None, "queue")])
async def test_an_echo_of_our_own_app_silences_nobody_though_its_delivery_is_gone(
    post: Post, app: str | None, controller: str
) -> None:
    await post.hear(
        Echo(key="mid.1", account="1001", address="2001", message="mid.1", text="Hi", app=app, metadata=str(uuid4()))
    )
    record = await post.world.record(post.conversation)
    assert record.control.controller.value == controller
    assert record.handoff_reason == (None if controller == "bot" else "other_app")
    said = [row.text for row in await post.world.all_of(models.Message) if isinstance(row, models.Message)]
    assert sorted(said) == (["Hello?"] if app == APP else ["Hello?", "Hi"])
    assert [row for row in await post.world.all_of(models.WebhookLog, processed_at=None)] == []


async def test_an_echo_of_our_own_app_does_not_bring_back_who_was_erased(post: Post) -> None:
    record = await post.world.record(post.conversation)
    async with post.world.store.write() as tx:
        await tx.erasure.wipe_conversation(post.conversation)
        await tx.erasure.wipe_customer(record.customer)
        await tx.commit()
    before = await post.world.all_of(models.ChannelIdentity, account_id=post.account)
    await post.hear(Echo(key="mid.1", account="1001", address="2001", message="mid.1", text="Hi", app=APP))
    assert len(await post.world.all_of(models.ChannelIdentity, account_id=post.account)) == len(before)
    said = [row.text for row in await post.world.all_of(models.Message) if isinstance(row, models.Message)]
    assert "Hi" not in said


async def test_a_customers_file_is_kept_once_and_not_after_it_was_erased(post: Post) -> None:
    files = SqlFiles(post.world.database)
    fetched = FetchedFiles(post.changes, files)
    kept, erased = [
        Incoming(new_id(), Media(kind="image", url="https://cdn.example/a", media_type="image/*")) for _ in range(2)
    ]

    async def says(change: Change) -> None:
        message = new_id()
        shapes = tuple(one.shape for one in (kept, erased))
        await change.say(SenderKind.CUSTOMER, "", message=message, attachments=shapes)
        await keep_incoming(change, message, post.account, (kept, erased))

    await post.changes.run(post.conversation, says)
    row, other = [await files.find(one.id) for one in (kept, erased)]
    assert row is not None
    assert other is not None
    await asyncio.gather(*(fetched.keep(row, "image/png", PNG) for _ in range(3)))
    assert await files.content(row.id) == PNG
    stored = await files.find(row.id)
    assert stored is not None
    assert (stored.state, stored.size, stored.media_type, stored.source_url) == ("stored", len(PNG), "image/png", None)
    async with post.world.store.write() as tx:
        await tx.erasure.wipe_conversation(post.conversation)
        await tx.commit()
    await fetched.keep(other, "image/png", PNG)
    assert await files.content(other.id) is None
    logged = await post.world.all_of(models.Event)
    assert [one.type for one in logged if isinstance(one, models.Event)].count("attachment.changed") == 1


async def test_a_token_that_was_renewed_is_the_accounts(post: Post) -> None:
    states = SqlAccountStates(post.world.database, post.vault)
    assert (post.world.shop, post.account) in await states.ids()
    assert await states.state(post.account) == {}
    await states.renew(post.account, "page_token", "newer", {"token_expires_at": "2027-01-01T00:00:00+00:00"})
    found = await post.accounts.find(post.account)
    assert found is not None
    assert (found.secrets["page_token"], found.secrets["app_secret"]) == ("newer", "app-secret")
    (stored,) = await post.accounts.of_shop(post.world.shop)
    assert stored.token_expires_at == datetime(2027, 1, 1, tzinfo=UTC)
