"""How channel accounts are, and what is done to keep them so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from app.api.channels import ACCOUNTS, MANAGE, TAG
from app.api.operation import Call, Operation
from app.domain.channel import VendorReport
from app.services.channel_health import MEND, AccountHealth


class TroubleFound(Struct, frozen=True):
    """Something that is wrong, and what to do about it."""

    code: str
    mend: str


class Health(Struct, frozen=True):
    """How an account is: `state` is ok, warning, broken or off; `signature` ok, refused or unseen.

    What the vendor was asked is null where it has no such thing, does not tell or did not answer (`asked` is false).
    Windows in hours: how long after the customer's last message free text may be sent, by anybody and by people.
    """

    account: UUID
    kind: str
    name: str
    external_id: str
    state: str
    troubles: list[TroubleFound]
    signature: str
    asked: bool
    credentials_good: bool | None
    subscribed: bool | None
    missing_fields: list[str]
    token_expires_at: datetime | None
    detail: str
    window_hours: float | None
    human_window_hours: float | None
    last_event_at: datetime | None
    last_refused_at: datetime | None
    last_sent_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    checked_at: datetime


class Records(Struct, frozen=True):
    """Records that were looked through for what no webhook told. `state` is running (a worker goes on), done or failed;
    `counts` tells by kind how many were read, taken (newer than known), removed and refused; `unreadable` are the kinds
    that the token may not read."""

    state: str
    counts: Mapping[str, Mapping[str, int]]
    unreadable: list[str]
    error: str | None


class Reconciliation(Struct, frozen=True):
    """What was done: the vendor was `reached`; events are subscribed to, `topics` by name where the vendor has them, or
    not for the reason in `detail`; the token was renewed, and is good until `token_until`; `fetched` counts messages of
    customers whose webhooks had never come; `records` is null where the vendor has none."""

    reached: bool
    subscribed_again: bool
    renewed: bool
    fetched: int
    health: Health
    topics: list[str]
    detail: str
    token_until: datetime | None
    records: Records | None


async def reconcile_channel_account(call: Call) -> Reconciliation:
    """Subscribe to what is missing, renew the token, and fetch what customers wrote, or which records changed, while no
    webhook came."""
    account = call.request.path_params["id"]
    done = await call.context.reconciling.now(call.staff.shop, account)
    await call.context.audit.note(
        call.staff, "channel.reconciled", "channel_account", account, {"fetched": done.fetched}
    )
    health = await call.context.channel_health.of_account(call.staff.shop, account)
    missed = done.records
    return Reconciliation(
        reached=done.report is not None,
        subscribed_again=done.subscribed_again,
        renewed=done.renewed,
        fetched=done.fetched,
        health=_health(health),
        topics=list(done.topics),
        detail=done.detail,
        token_until=done.token_until,
        records=None if missed is None else Records(missed.state, missed.counts, list(missed.unreadable), missed.error),
    )


async def check_channel_account(call: Call) -> Health:
    """Say how an account is; its vendor is asked, which takes a moment."""
    return _health(await call.context.channel_health.of_account(call.staff.shop, call.request.path_params["id"]))


async def check_channel_accounts(call: Call) -> list[Health]:
    """Say how all accounts are; their vendors are asked, which takes a moment."""
    return [_health(one) for one in await call.context.channel_health.of_shop(call.staff.shop)]


def _health(found: AccountHealth) -> Health:
    told, traces, limits = found.report or VendorReport(), found.traces, found.limits
    return Health(
        account=found.account.id,
        kind=found.account.kind,
        name=found.account.name,
        external_id=found.account.external_id,
        state=found.state,
        troubles=[TroubleFound(one.value, MEND[one]) for one in found.troubles],
        signature=found.signature.value,
        asked=found.report is not None,
        credentials_good=told.credentials_good,
        subscribed=told.subscribed,
        missing_fields=list(told.missing),
        token_expires_at=told.token_expires_at,
        detail=told.detail,
        window_hours=None if limits is None else _hours(limits.window),
        human_window_hours=None if limits is None else _hours(limits.human_window),
        last_event_at=traces.last_event_at,
        last_refused_at=traces.last_refused_at,
        last_sent_at=traces.last_sent_at,
        last_error=traces.last_error,
        last_error_at=traces.last_error_at,
        checked_at=found.checked_at,
    )


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else span / timedelta(hours=1)


OPERATIONS = (
    Operation(
        "POST",
        ACCOUNTS + "{id:uuid}/reconcile/",
        reconcile_channel_account,
        "Subscribe again and fetch what was missed",
        TAG,
        MANAGE,
        response=Reconciliation,
    ),
    Operation(
        "GET",
        ACCOUNTS + "{id:uuid}/health/",
        check_channel_account,
        "How an account is",
        TAG,
        MANAGE,
        response=Health,
    ),
    Operation(
        "GET",
        "/api/channels/health/",
        check_channel_accounts,
        "How all accounts are",
        TAG,
        MANAGE,
        response=list[Health],
    ),
)
