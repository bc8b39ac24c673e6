"""How far the records of a shop's Shopify accounts have come, and walking through them on demand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.channels import shopify
from app.channels.shopify_pages import PAGE_SIZES
from app.services.shopify_backfill import KINDS, SyncRun

TAG = "channels"


class SyncProgress(Struct, frozen=True):
    """The last walk through an account's records: `status` is running, done or failed; `kind` and `phase` are where it
    is; `counts` tells by kind how many were read, taken (newer than known), removed and refused."""

    account: UUID
    status: str
    kind: str
    phase: str
    counts: Mapping[str, Mapping[str, int]]
    started_at: datetime
    due_at: datetime
    finished_at: datetime | None = None
    error: str | None = None


class SyncRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`full`: all records, not only those that changed since the last walk."""

    full: bool = False


async def list_shopify_sync(call: Call) -> list[SyncProgress]:
    """List the last walk of each account."""
    return [shown(run) for run in await call.context.sync_runs.of_shop(call.staff.shop)]


async def begin_shopify_sync(call: Call) -> SyncProgress:
    """Begin a walk, or tell of the one under way."""
    body: SyncRequest = call.body
    account = await call.context.accounts.find(call.request.path_params["id"])
    if account is None or account.shop != call.staff.shop or account.kind != shopify.KIND:
        raise Problem(404, "not_found", "there is no such account")
    if not account.secrets.get("access_token"):
        raise Problem(409, "conflict", "the app is not installed: there is no access token")
    size = PAGE_SIZES[KINDS[0]]
    return shown(await call.context.sync_runs.begin(account.shop, account.id, size, full=body.full))


def shown(run: SyncRun) -> SyncProgress:
    """Return a walk as it is told."""
    return SyncProgress(
        account=run.account,
        status=run.status.value,
        kind=run.kind,
        phase=run.phase.value,
        counts=run.counts,
        started_at=run.started_at,
        due_at=run.due_at,
        finished_at=run.finished_at,
        error=run.error,
    )


MANAGE = Permission.MANAGE_SETTINGS
OPERATIONS = (
    Operation(
        "GET",
        "/api/channels/shopify/sync/",
        list_shopify_sync,
        "How far Shopify's records have come",
        TAG,
        MANAGE,
        response=list[SyncProgress],
    ),
    Operation(
        "POST",
        "/api/channels/accounts/{id:uuid}/sync/",
        begin_shopify_sync,
        "Fetch Shopify's records",
        TAG,
        MANAGE,
        body=SyncRequest,
        response=SyncProgress,
        status=202,
        errors=(409,),
    ),
)
