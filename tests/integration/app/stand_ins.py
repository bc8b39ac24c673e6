"""The product connected to stand-ins of its vendors over real sockets; their webhooks come through the application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from app.channels.registry import BY_KIND
from app.db import models
from app.db.files import SqlFiles
from app.db.merges import SqlMerges
from app.domain.channel import Echo, Receipt
from app.domain.job import ClaimedJob, Lane
from app.domain.message import FinishReason
from app.domain.people import Role, Staff
from app.services.accounts import AccountDesk
from app.services.attachments import FETCH_GIVEN_UP_KIND, FETCH_KIND
from app.services.clock import SystemClock
from app.services.deliver import CHECK_KIND
from app.services.fetched_files import FetchedFiles
from app.services.ids import new_id
from app.services.inbox import RECEIVE_KIND
from app.services.merging import JOIN_KIND, Merging
from app.services.outbox import DELIVER_KIND
from app.services.receipts import Receipts
from app.services.receiving import Receiving
from app.services.replies import Finished
from app.services.signs import READ_KIND, TYPING_KIND
from app.services.worker.delivering import CheckDelivery, DeliverMessages, ShowSign
from app.services.worker.fetching import FetchFile
from app.services.worker.lane import Handler
from app.simulate.loopback import Outgoing, serving
from app.simulate.meta import MetaStandIn
from app.simulate.twilio import TwilioStandIn
from tests.integration.app.rig import ORIGIN, Product
from tests.integration.db.world import make_due

NUMBER = "+14155550199"
ANA_PHONE = "whatsapp:+14155550101"
ANA_ID = "9901"
ACCOUNT_SID = "AC" + "0" * 32


@dataclass
class Connected:
    """One account, its stand-in, and the customer who writes there."""

    rig: Product
    account: UUID
    kind: str
    stand_in: TwilioStandIn | MetaStandIn
    base: str

    @property
    def webhook(self) -> str:
        return f"{ORIGIN}/api/webhooks/{BY_KIND[self.kind].path}/"

    @property
    def twilio(self) -> TwilioStandIn:
        assert isinstance(self.stand_in, TwilioStandIn)
        return self.stand_in

    @property
    def meta(self) -> MetaStandIn:
        assert isinstance(self.stand_in, MetaStandIn)
        return self.stand_in

    async def write(self, text: str) -> None:
        """Let Ana write; it must be taken."""
        if isinstance(self.stand_in, TwilioStandIn):
            status = await self.stand_in.write(self.webhook, text, address=ANA_PHONE, to=f"whatsapp:{NUMBER}")
        else:
            status = await self.stand_in.write(text, person=ANA_ID)
        assert status == 200

    async def conversation(self) -> UUID:
        """Return Ana's newest conversation here."""
        rows = await self.rig.rows(models.Conversation, channel=self.kind, shop_id=self.rig.mine.shop.id)
        found: UUID = max(rows, key=lambda row: row.created_at).id
        return found

    async def deliveries(self) -> list[Any]:
        """Return the delivery rows of this account, oldest first."""
        rows = await self.rig.rows(models.Delivery, account_id=self.account)
        return sorted(rows, key=lambda row: (row.created_at, row.part))

    async def statuses(self) -> list[str]:
        return [row.status for row in await self.deliveries()]

    async def until(self, statuses: list[str], timeout_s: float = 15.0) -> None:
        """Wait until the deliveries have these statuses."""

        async def there() -> bool:
            return await self.statuses() == statuses

        await self.rig.until(await self.conversation(), there, timeout_s)

    def texts(self) -> list[str]:
        return self.stand_in.texts()


@asynccontextmanager
async def connected(
    rig: Product, kind: Literal["whatsapp", "messenger", "instagram"], *, setup: str = "facebook"
) -> AsyncIterator[Connected]:
    """Connect an account of the first shop to a stand-in."""
    async with rig.client() as http:

        async def post(url: str, headers: dict[str, str], body: bytes) -> int:
            return (await http.post(url, headers=headers, content=body)).status_code

        stand_in = _stand_in(kind, setup, Outgoing(post))
        async with serving(stand_in.app) as base:
            stand_in.base = base
            desk = AccountDesk(rig.core.accounts, BY_KIND)
            account = await desk.add(rig.mine.shop.id, kind, {**_fields(kind, setup, stand_in), "api_base": base})
            yield Connected(rig, account, kind, stand_in, base)
            await stand_in.outgoing.idle()


def _stand_in(kind: str, setup: str, outgoing: Outgoing) -> TwilioStandIn | MetaStandIn:
    if kind == "whatsapp":
        return TwilioStandIn(ACCOUNT_SID, "a-token", {f"whatsapp:{NUMBER}"}, contents={"HX1"}, outgoing=outgoing)
    platform: Literal["page", "instagram"] = "page" if kind == "messenger" else "instagram"
    account = "1001" if kind == "messenger" else "17840001"
    return MetaStandIn(
        platform,
        account,
        "a-page-token",
        "an-app-secret",
        webhook=f"{ORIGIN}/api/webhooks/{BY_KIND[kind].path}/",
        node="me" if setup == "instagram" else "1001",
        outgoing=outgoing,
    )


def _fields(kind: str, setup: str, stand_in: TwilioStandIn | MetaStandIn) -> dict[str, str]:
    if isinstance(stand_in, TwilioStandIn):
        return {"account_sid": ACCOUNT_SID, "auth_token": stand_in.auth_token, "number": NUMBER}
    app = {"app_secret": stand_in.app_secret, "verify_token": "verify"}
    if kind == "messenger":
        return {"page_id": "1001", "page_token": stand_in.token, **app}
    page = {"page_id": "1001"} if setup == "facebook" else {}
    return {"ig_id": "17840001", "access_token": stand_in.token, "setup": setup, **page, **app}


def agent_of(rig: Product) -> Staff:
    """Return an agent of the first shop."""
    return rig.mine.staff[Role.AGENT]


class Hands:
    """Does the jobs of channels one by one, without models and without waiting: what a worker does, step by step."""

    def __init__(self, rig: Product) -> None:
        self.rig = rig
        parts = rig.parts
        deliver, http, clock = parts.cases.deliver, rig.core.http, SystemClock()
        receiving = Receiving(parts.store, parts.changes, clock)
        receipts = Receipts(parts.store, parts.changes, deliver, receiving, BY_KIND)
        receiving.handle({Receipt: receipts.receipt, Echo: receipts.echo})
        files = SqlFiles(rig.core.database)
        fetch = FetchFile(files, FetchedFiles(parts.changes, files), rig.core.accounts, BY_KIND, http)
        self.handlers: dict[str, Handler] = {
            RECEIVE_KIND: receiving,
            DELIVER_KIND: DeliverMessages(deliver, http),
            CHECK_KIND: CheckDelivery(deliver, http),
            TYPING_KIND: ShowSign(deliver, http, clock, types=True),
            READ_KIND: ShowSign(deliver, http, clock, types=False),
            FETCH_KIND: fetch,
            FETCH_GIVEN_UP_KIND: fetch.give_up,
            JOIN_KIND: Merging(SqlMerges(rig.core.database), parts.changes, parts.store).join,
        }
        self.worker = new_id()

    async def work(self, *lanes: Lane) -> int:
        """Do what is due, in these lanes or all, and what that brings; return how many jobs."""
        done = 0
        while True:
            found = [
                job
                for lane in lanes or (Lane.RECEIVE, Lane.DELIVER, Lane.SYNC)
                for job in await self.rig.parts.queue.claim(lane, self.worker, 20)
            ]
            if not found:
                return done
            for job in found:
                await self.handlers[job.kind](job)
                await self.rig.parts.queue.done(job)
                done += 1

    async def work_until_failing(self, kind: str) -> None:
        """Do what is due, with the jobs of a kind at their last try."""
        usual = self.handlers[kind]

        async def last(job: ClaimedJob) -> None:
            await usual(replace(job, tries=job.max_tries))

        self.handlers[kind] = last
        await self.work()
        self.handlers[kind] = usual

    async def later(self, kind: str) -> None:
        """Let the pauses of these jobs be over, and do them."""
        await make_due(self.rig.core.database, kind)
        await self.work()

    async def answer(self, text: str, **finished: Any) -> None:
        """Let the bot answer the one question that waits."""
        (claim,) = await self.rig.parts.replies.claim(self.worker, 1)
        live = self.rig.core.live
        begun = await live.begin(claim.conversation.id, claim.reply.id, claim.reply.epoch, claim.attempt)
        await live.append(
            claim.conversation.id,
            claim.reply.id,
            claim.reply.epoch,
            claim.attempt,
            start=begun.end,
            text=text,
            ids=(1,),
        )
        await live.finish(claim.conversation.id, claim.reply.id, claim.reply.epoch, claim.attempt)
        whole = Finished(text=text, ids=(1,), finish_reason=FinishReason.STOP, **finished)
        await self.rig.parts.replies.finish(claim, whole)
