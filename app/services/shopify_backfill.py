"""Walking through all records of a Shopify shop: what changed since the last time, page by page; then what is gone.

Each step is one page, and one transaction with the place it leads to: a process that dies anywhere leaves the walk
where it was. Of each kind first what changed is pulled, then the ids of all are listed (the first time they were all
pulled), then what is known here and was told of neither way is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

import structlog

from app.channels import shopify_pages as pages
from app.channels.port import BodyError
from app.channels.shopify_admin import AdminError, AdminRefusedError, ThrottledError, TooMuchError
from app.channels.shopify_records import identifier
from app.domain.channel import Account
from app.domain.job import ClaimedJob, Lane, NewJob
from app.services.clock import Clock
from app.services.imports import ImportConflictError
from app.services.jobs import JobQueue
from app.services.shopify_access import ShopifyAccess
from app.services.shopify_install import SUBSCRIBE_KIND
from app.services.shopify_readings import Reading, read_record
from app.services.shopify_sync import SyncedRecords

log = structlog.get_logger(__name__)

SYNC_KIND = "shopify.sync"
SYNC_DUE_KIND = "shopify.sync_due"
KINDS: Final = ("customers", "products", "orders")
SLICE_S = 10.0  # a job's share, then others have their turn
SHORT_WAIT_S = 2.0  # that is not worth another job
OVERLAP = timedelta(minutes=15)  # clocks differ, and a change shows late in a search
RECENT_ORDERS = timedelta(days=59)  # without another scope Shopify lists those of 60 days
SYNC_TRIES = 20
FORGOTTEN_AT_ONCE = 500


class Phase(StrEnum):
    """What is done about a kind."""

    PULL = "pull"
    SWEEP = "sweep"
    FORGET = "forget"


class Status(StrEnum):
    """How a walk is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class LostStepError(Exception):
    """Another worker has done this step."""


@dataclass(frozen=True, slots=True)
class SyncRun:
    """A walk and where it is. `since`, by kind, is what the last walk knew; `counts`, by kind, is what this one met."""

    account: UUID
    shop: UUID
    run: UUID
    status: Status
    kind: str
    phase: Phase
    cursor: str | None
    size: int
    pages: int
    since: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    started_at: datetime
    due_at: datetime
    finished_at: datetime | None = None
    error: str | None = None

    def counted(self, **more: int) -> Mapping[str, Mapping[str, int]]:
        """Return the counts with more of this kind."""
        mine = self.counts.get(self.kind, {})
        return {**self.counts, self.kind: {**mine, **{name: mine.get(name, 0) + many for name, many in more.items()}}}


class SyncRuns(Protocol):
    """Keeps walks. Each step is conditional on the walk being where it is. Raises: LostStepError."""

    async def find(self, account: UUID) -> SyncRun | None: ...

    async def of_shop(self, shop: UUID) -> Sequence[SyncRun]: ...

    async def due(self) -> Sequence[tuple[UUID, UUID]]:
        """Return the accounts (shop, account) with a token that are to be walked through now."""

    async def begin(self, shop: UUID, account: UUID, size: int, *, full: bool) -> SyncRun:
        """Begin a walk and enqueue its job, unless one is under way; `full` forgets what the last one knew."""

    async def pulled(self, run: SyncRun, then: SyncRun, readings: Sequence[Reading], ids: Sequence[str]) -> None:
        """Write a page. Raises: ImportConflictError, with nothing written."""

    async def move(self, run: SyncRun, then: SyncRun, ids: Sequence[str] = ()) -> None:
        """Note that records were told of, and go on."""

    async def forget(self, run: SyncRun, then: SyncRun, orders_since: datetime | None) -> tuple[int, bool]:
        """Take out some records that were not told of; return of how many, and whether that was all. The counts of
        `then` and, at the end, its place are written with it."""

    async def note(self, run: SyncRun, error: str | None, status: Status = Status.RUNNING) -> None:
        """Write what is wrong, or how it ended."""


class ShopifyBackfill:
    """Handler: goes on with a walk for a while, then leaves the rest to another job."""

    def __init__(
        self, runs: SyncRuns, records: SyncedRecords, access: ShopifyAccess, queue: JobQueue, clock: Clock
    ) -> None:
        self._runs = runs
        self._records = records
        self._access = access
        self._queue = queue
        self._clock = clock

    async def __call__(self, job: ClaimedJob) -> None:
        """Walk.

        Raises: AdminError while the job has tries left.
        """
        account, run_id = UUID(job.payload["account"]), UUID(job.payload["run"])
        until = self._clock.monotonic() + SLICE_S
        while (run := await self._runs.find(account)) is not None and _goes_on(run, run_id):
            wait_s = await self._try_step(run, is_last=job.tries >= job.max_tries)
            if wait_s > SHORT_WAIT_S or self._clock.monotonic() >= until:
                cause = f"{job.id}"  # one successor, however often this job is tried
                payload = {"account": str(account), "run": str(run_id)}
                await self._queue.enqueue(
                    NewJob(Lane.SYNC, SYNC_KIND, cause, run.shop, None, None, payload, wait_s, SYNC_TRIES)
                )
                return
            if wait_s:
                await self._clock.sleep(wait_s)

    async def follow(self, begun: SyncRun, patience_s: float) -> SyncRun:
        """Walk on beside the walk's own jobs, for at most so long and until the first error; return where it is."""
        until, run = self._clock.monotonic() + patience_s, begun
        while _goes_on(run, begun.run) and (left := until - self._clock.monotonic()) > 0:
            try:
                await self._clock.sleep(min(await self._try_step(run, is_last=False), left))
            except (AdminError, BodyError):
                until = 0.0  # it is noted at the walk, and its job tries again
            run = await self._runs.find(begun.account) or run
        return run

    async def _try_step(self, run: SyncRun, *, is_last: bool) -> float:
        """Do one step; return how long to wait before the next."""
        try:
            return await self._step(run)
        except LostStepError:
            return 0.0  # whoever did it has moved the walk on
        except ThrottledError as error:
            return max(error.wait_s, 0.1)
        except AdminRefusedError as error:
            await self._runs.note(run, str(error), Status.FAILED)
            log.warning("shopify refused the walk", action="shopify_sync_refused", account=str(run.account))
            return 0.0
        except (AdminError, BodyError) as error:
            await self._runs.note(run, str(error), Status.FAILED if is_last else Status.RUNNING)
            raise

    async def _step(self, run: SyncRun) -> float:
        account = await self._access.account(run.account)
        if account is None:
            raise AdminRefusedError("the app is not installed")
        if not may_read(account, run.kind):
            await self._runs.move(run, _next_kind(run, is_known=False))
            return 0.0
        if run.phase is Phase.FORGET:
            return await self._forget(run, account)
        try:
            return await (self._pull(run, account) if run.phase is Phase.PULL else self._sweep(run))
        except TooMuchError as error:
            if run.size == 1:
                raise AdminError(str(error)) from error
            await self._runs.move(run, replace(run, size=max(1, run.size // 2)))
            return 0.0

    async def _pull(self, run: SyncRun, account: Account) -> float:
        since = run.since.get(run.kind)
        variables = {
            "first": run.size,
            "after": run.cursor,
            "query": None if since is None else f"updated_at:>='{since}'",
        }
        reply = await self._access.ask(run.account, pages.page_query(run.kind), variables)
        page = pages.Page.of(reply.data.get(run.kind))
        currency = await self._records.currency(run.shop)
        readings: list[Reading] = []
        ids, refused = [], 0
        for node in page.nodes:
            ids.append(identifier(node.get("id")))
            try:
                body = pages.body_of(run.kind, await self._whole(run, node))
                readings += read_record(run.kind, body, account.external_id, currency)
            except ValueError as error:  # BodyErrors are ValueErrors too
                refused += 1
                log.warning("record not taken", action="record_not_taken", kind=run.kind, error=str(error)[:200])
        if page.next is not None:
            then = replace(run, cursor=page.next)
        elif since is None:
            then = replace(run, cursor=None, phase=Phase.FORGET)
        else:
            then = replace(run, cursor=None, phase=Phase.SWEEP, size=pages.IDS_AT_ONCE)
        then = replace(then, counts=run.counted(read=len(page.nodes), refused=refused))
        await self._write(run, then, readings, ids)
        return reply.wait_s

    async def _write(self, run: SyncRun, then: SyncRun, readings: Sequence[Reading], ids: Sequence[str]) -> None:
        try:
            await self._runs.pulled(run, then, readings, ids)
        except ImportConflictError:
            # One of them has the id of another record here: only that one is left out.
            conflicts = 0
            for one in readings:
                try:
                    await self._records.take(run.shop, run.account, [one])
                except ImportConflictError:
                    conflicts += 1
                    log.warning("record not taken", action="record_not_taken", kind=one.kind, error="conflict")
            counts = replace(run, counts=then.counts).counted(refused=conflicts)
            await self._runs.move(run, replace(then, counts=counts), ids)

    async def _whole(self, run: SyncRun, node: pages.Node) -> pages.Node:
        """Return an order with all its lines; the page brings the first ones."""
        if run.kind != "orders":
            return node
        lines = pages.Page.of(node.get("lineItems"))
        found, after = list(lines.nodes), lines.next
        while after is not None:
            reply = await self._access.ask(run.account, pages.MORE_LINES, {"id": node["id"], "after": after})
            order = reply.data.get("order")
            more = pages.Page.of(order.get("lineItems") if isinstance(order, dict) else None)
            found += more.nodes
            after = more.next
        return {**node, "lineItems": {"nodes": found}}

    async def _sweep(self, run: SyncRun) -> float:
        variables = {"first": run.size, "after": run.cursor}
        reply = await self._access.ask(run.account, pages.ids_query(run.kind), variables)
        page = pages.Page.of(reply.data.get(run.kind))
        then = replace(run, cursor=page.next, phase=Phase.FORGET if page.next is None else Phase.SWEEP)
        await self._runs.move(run, then, [identifier(node.get("id")) for node in page.nodes])
        return reply.wait_s

    async def _forget(self, run: SyncRun, account: Account) -> float:
        """Take out what Shopify has no more; of orders only those that it would have listed."""
        lists_all = run.kind != "orders" or pages.ALL_ORDERS in account.fields.get("scopes", "").split(",")
        removed, is_all = await self._runs.forget(
            run, _next_kind(run), None if lists_all else run.started_at - RECENT_ORDERS
        )
        if removed:
            log.info("records gone", action="shopify_records_gone", kind=run.kind, count=removed)
        if is_all and run.kind == KINDS[-1]:
            log.info("shopify walked through", action="shopify_sync_done", account=str(run.account))
        return 0.0


def _next_kind(run: SyncRun, *, is_known: bool = True) -> SyncRun:
    """Return where a walk goes after a kind; of one that `is_known` the next walk need not ask what was before."""
    place, since = KINDS.index(run.kind) + 1, dict(run.since)
    if is_known:
        since[run.kind] = (run.started_at - OVERLAP).isoformat(timespec="seconds")
    if place == len(KINDS):
        return replace(run, status=Status.DONE, since=since, cursor=None)
    kind = KINDS[place]
    return replace(run, kind=kind, phase=Phase.PULL, cursor=None, since=since, size=pages.PAGE_SIZES[kind])


def _goes_on(run: SyncRun, wanted: UUID) -> bool:
    return run.run == wanted and run.status is Status.RUNNING


def may_read(account: Account, kind: str) -> bool:
    """Whether the token may list a kind; one that does not tell its scopes is tried."""
    scopes = account.fields.get("scopes", "").replace("write_", "read_")
    return not scopes or pages.SCOPES[kind] in scopes.split(",")


class SyncDue:
    """Handler of the periodic job: begins the walks that are due, each account at a time of its own."""

    def __init__(self, runs: SyncRuns, queue: JobQueue) -> None:
        self._runs = runs
        self._queue = queue

    async def __call__(self, job: ClaimedJob) -> None:
        """Begin them, and look after the subscriptions of the same accounts."""
        for shop, account in await self._runs.due():
            run = await self._runs.begin(shop, account, pages.PAGE_SIZES[KINDS[0]], full=False)
            payload: dict[str, Any] = {"account": str(account)}
            await self._queue.enqueue(NewJob(Lane.SYNC, SUBSCRIBE_KIND, f"{run.run}", shop, payload=payload))
