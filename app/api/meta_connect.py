"""Connecting Messenger and Instagram by signing in at Facebook: an admin's browser goes there and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.responses import RedirectResponse, Response

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.api.shopify_install import CONSOLE, MOST_PARAMETERS, NEVER_STORED, browser_session
from app.auth.roles import Permission
from app.services.meta_connect import CALLBACK_PATH

TAG = "channels"
BEGIN_PATH = "/api/channels/meta/connect/"


async def begin_meta_connect(call: Call) -> Response:
    """Send the admin's browser to Facebook's page of approval."""
    member = call.staff
    url = await call.context.meta_connect.begin(member.shop, member.id, browser_session(call))
    return RedirectResponse(url, 303, NEVER_STORED)


async def finish_meta_connect(call: Call) -> Response:
    """Take the browser back from Facebook: the chosen pages and the Instagram accounts behind them are connected."""
    member, query = call.staff, query_of(call)
    for account in await call.context.meta_connect.finish(member.shop, member.id, browser_session(call), query):
        await call.context.audit.note(member, "channel.installed", "channel_account", account, {"kind": "meta"})
    return RedirectResponse(CONSOLE, 303, NEVER_STORED)


def query_of(call: Call) -> Mapping[str, str]:
    """Return the parameters that a vendor sent a browser back with.

    Raises: Problem 403.
    """
    text = call.request.scope.get("query_string", b"").decode("latin-1")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS))
    except ValueError:
        raise Problem(403, "forbidden", "the query cannot be read") from None


MANAGE = Permission.MANAGE_SETTINGS
OPERATIONS = (
    Operation("GET", BEGIN_PATH, begin_meta_connect, "Begin to connect pages at Facebook", TAG, MANAGE, status=303,
              errors=(422,)),
    Operation("GET", CALLBACK_PATH, finish_meta_connect, "Where Facebook sends the browser back", TAG, MANAGE,
              status=303, errors=(409, 422, 503)),
)  # fmt: skip
