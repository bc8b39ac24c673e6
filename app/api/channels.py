"""Channel accounts of a shop: connect, change, disconnect, and what came in through them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.api.instagram_connect import BEGIN_PATH as INSTAGRAM_PATH
from app.api.meta_connect import BEGIN_PATH
from app.api.operation import Call, Operation
from app.auth.roles import Permission
from app.channels.meta import INSTAGRAM
from app.channels.port import Channel
from app.services.accounts import StoredAccount
from app.services.meta_connect import KINDS

TAG = "channels"


class Field(Struct, frozen=True):
    """A field of an account, as a form asks for it."""

    name: str
    label: str
    required: bool
    secret: bool
    choices: list[str]


class ChannelKind(Struct, frozen=True):
    """A channel that accounts can be added of; `webhook_url` is the address to give to the vendor, `sign_in` the one to
    open in the browser where accounts are connected by signing in at the vendor; Instagram accounts without a page have
    one of their own."""

    kind: str
    name: str
    fields: list[Field]
    webhook_url: str | None
    sign_in: str | None = None
    sign_in_at_instagram: str | None = None


class ChannelAccount(Struct, frozen=True):
    """An account. Secrets are never read back: `secrets` names those that are set. `problem`: what the vendor refuses
    the credentials with, so that nothing is sent."""

    id: UUID
    kind: str
    external_id: str
    name: str
    active: bool
    fields: dict[str, str]
    secrets: list[str]
    problem: str | None = None


class Channels(Struct, frozen=True):
    """All there is to connect, and what is connected."""

    kinds: list[ChannelKind]
    accounts: list[ChannelAccount]


class NewAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """An account to connect; `fields` by the names its kind lists, secrets among them."""

    kind: str
    fields: dict[str, str]
    name: str = ""


class AccountUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; a field of null is removed, one that is not given stays."""

    fields: dict[str, str | None] = {}
    name: str | None = None
    active: bool | None = None


class NewSecret(Struct, frozen=True, forbid_unknown_fields=True):
    """A secret by its name, and its new value. The old one is good beside it for as long as it is set."""

    secret: str
    value: str


class LogQuery(Struct, frozen=True):
    """A page of the webhook log, the newest first; `before` is the id of the last row seen."""

    channel: str | None = None
    status: str | None = None
    before: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class LogEntry(Struct, frozen=True):
    """An event, or a request that was refused; never what it said."""

    id: UUID
    channel: str
    status: str
    received_at: datetime
    account: UUID | None = None
    kind: str | None = None
    provider_id: str | None = None
    processed_at: datetime | None = None
    error: str | None = None


async def list_channel_accounts(call: Call) -> Channels:
    """List the channels and the shop's accounts."""
    desk, public_url = call.context.account_desk, call.context.settings.resolved_public_url
    at_instagram = call.context.instagram_connect.is_set
    kinds = [
        ChannelKind(
            kind=channel.kind,
            name=channel.name,
            fields=[Field(one.name, one.label, one.required, one.secret, list(one.choices)) for one in channel.fields],
            webhook_url=_webhook_url(channel, public_url),
            sign_in=BEGIN_PATH if channel.kind in KINDS and call.context.meta_connect.is_set else None,
            sign_in_at_instagram=INSTAGRAM_PATH if channel is INSTAGRAM and at_instagram else None,
        )
        for channel in desk.channels.values()
    ]
    return Channels(kinds, [_shown(one) for one in await desk.listed(call.staff.shop)])


def _webhook_url(channel: Channel, public_url: str) -> str | None:
    url = channel.webhook_url(public_url)
    return None if url is None else url + channel.url_fragment


async def add_channel_account(call: Call) -> ChannelAccount:
    """Connect an account."""
    body: NewAccount = call.body
    account = await call.context.account_desk.add(call.staff.shop, body.kind, body.fields, body.name)
    await _note(call, "channel.added", account, {"kind": body.kind})
    await call.context.reconciling.later(call.staff.shop, account)  # subscribes
    return await _one(call, account)


async def change_channel_account(call: Call) -> ChannelAccount:
    """Change an account, also to switch it off or on."""
    body: AccountUpdate = call.body
    account = call.request.path_params["id"]
    await call.context.account_desk.change(call.staff.shop, account, body.fields, name=body.name, active=body.active)
    await _note(call, "channel.changed", account, {"fields": sorted(body.fields)})
    return await _one(call, account)


async def remove_channel_account(call: Call) -> ChannelAccount:
    """Disconnect an account and forget its secrets; conversations stay."""
    account = call.request.path_params["id"]
    await call.context.account_desk.disconnect(call.staff.shop, account)
    await _note(call, "channel.removed", account, {})
    return await _one(call, account)


async def rotate_channel_secret(call: Call) -> ChannelAccount:
    """Give a secret a new value; the vendor may sign with the previous one for a while."""
    body: NewSecret = call.body
    account = call.request.path_params["id"]
    await call.context.account_desk.rotate(call.staff.shop, account, body.secret, body.value)
    await _note(call, "channel.rotated", account, {"secret": body.secret})
    return await _one(call, account)


async def list_webhook_logs(call: Call) -> list[LogEntry]:
    """List what vendors sent to the shop's accounts."""
    query: LogQuery = call.query
    rows = await call.context.webhook_log.page(
        call.staff.shop, channel=query.channel, status=query.status, before=query.before, limit=query.limit
    )
    return [
        LogEntry(
            id=row.id,
            channel=row.channel,
            status=row.status,
            received_at=row.received_at,
            account=row.account,
            kind=row.kind,
            provider_id=row.provider_id,
            processed_at=row.processed_at,
            error=row.error,
        )
        for row in rows
    ]


async def _note(call: Call, action: str, account: UUID, detail: Mapping[str, object]) -> None:
    await call.context.audit.note(call.staff, action, "channel_account", account, detail)


async def _one(call: Call, account: UUID) -> ChannelAccount:
    return next(_shown(one) for one in await call.context.account_desk.listed(call.staff.shop) if one.id == account)


def _shown(account: StoredAccount) -> ChannelAccount:
    return ChannelAccount(
        id=account.id,
        kind=account.kind,
        external_id=account.external_id,
        name=account.name,
        active=account.active,
        fields=dict(account.fields),
        secrets=sorted(account.secrets),
        problem=account.problem,
    )


MANAGE = Permission.MANAGE_SETTINGS
ACCOUNTS = "/api/channels/accounts/"
OPERATIONS = (
    Operation("GET", ACCOUNTS, list_channel_accounts, "Channels and accounts", TAG, MANAGE, response=Channels),
    Operation(
        "POST",
        ACCOUNTS,
        add_channel_account,
        "Connect an account",
        TAG,
        MANAGE,
        body=NewAccount,
        response=ChannelAccount,
        status=201,
        errors=(409,),
    ),
    Operation(
        "PATCH",
        ACCOUNTS + "{id:uuid}/",
        change_channel_account,
        "Change an account",
        TAG,
        MANAGE,
        body=AccountUpdate,
        response=ChannelAccount,
        errors=(409,),
    ),
    Operation(
        "DELETE",
        ACCOUNTS + "{id:uuid}/",
        remove_channel_account,
        "Disconnect an account",
        TAG,
        MANAGE,
        response=ChannelAccount,
    ),
    Operation(
        "POST",
        ACCOUNTS + "{id:uuid}/rotate/",
        rotate_channel_secret,
        "Give a secret a new value",
        TAG,
        MANAGE,
        body=NewSecret,
        response=ChannelAccount,
    ),
    Operation(
        "GET",
        "/api/webhook-logs/",
        list_webhook_logs,
        "What vendors sent",
        TAG,
        MANAGE,
        query=LogQuery,
        response=list[LogEntry],
    ),
)
