"""Connecting an Instagram account by signing in at Instagram: an admin's browser goes there and comes back."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from app.api.meta_connect import query_of
from app.api.operation import Call, Operation
from app.api.shopify_install import CONSOLE, NEVER_STORED, browser_session
from app.auth.roles import Permission
from app.services.instagram_connect import CALLBACK_PATH

TAG = "channels"
BEGIN_PATH = "/api/channels/instagram/connect/"


async def begin_instagram_connect(call: Call) -> Response:
    """Send the admin's browser to Instagram's page of approval."""
    member = call.staff
    url = await call.context.instagram_connect.begin(member.shop, member.id, browser_session(call))
    return RedirectResponse(url, 303, NEVER_STORED)


async def finish_instagram_connect(call: Call) -> Response:
    """Take the browser back from Instagram: the account that was signed in to is connected."""
    member = call.staff
    account = await call.context.instagram_connect.finish(member.shop, member.id, browser_session(call), query_of(call))
    await call.context.audit.note(member, "channel.installed", "channel_account", account, {"kind": "instagram"})
    return RedirectResponse(CONSOLE, 303, NEVER_STORED)


MANAGE = Permission.MANAGE_SETTINGS
OPERATIONS = (
    Operation("GET", BEGIN_PATH, begin_instagram_connect, "Begin to connect an account at Instagram", TAG, MANAGE,
              status=303, errors=(422,)),
    Operation("GET", CALLBACK_PATH, finish_instagram_connect, "Where Instagram sends the browser back", TAG, MANAGE,
              status=303, errors=(409, 422, 503)),
)  # fmt: skip
