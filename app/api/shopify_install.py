"""Connecting a Shopify shop by signing in there: an admin's browser goes to Shopify and comes back."""

from __future__ import annotations

from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.responses import RedirectResponse, Response

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.auth.staff import SESSION_COOKIE, secret_hash
from app.services.shopify_install import CALLBACK_PATH

TAG = "channels"
CONSOLE = "/console"
MOST_PARAMETERS = 50
NEVER_STORED = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class InstallQuery(Struct, frozen=True):
    """The shop's permanent address, name.myshopify.com."""

    shop: str


async def begin_shopify_install(call: Call) -> Response:
    """Send the admin's browser to the page on which Shopify asks for approval."""
    query: InstallQuery = call.query
    member = call.staff
    url = await call.context.shopify_install.begin(member.shop, member.id, browser_session(call), query.shop)
    return RedirectResponse(url, 303, NEVER_STORED)


async def finish_shopify_install(call: Call) -> Response:
    """Take the browser back from Shopify: the account is connected, its records follow."""
    member, text = call.staff, call.request.scope.get("query_string", b"").decode("latin-1")
    try:
        query = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise Problem(403, "forbidden", "the query cannot be read") from None
    account = await call.context.shopify_install.finish(member.shop, member.id, browser_session(call), query)
    await call.context.audit.note(member, "channel.installed", "channel_account", account, {"kind": "shopify"})
    return RedirectResponse(CONSOLE, 303, NEVER_STORED)


def browser_session(call: Call) -> str:
    """Return the hash of the browser session; a bearer token has none, and no browser that comes back."""
    cookie = call.request.cookies.get(SESSION_COOKIE, "")
    if not cookie or "authorization" in call.request.headers:
        raise Problem(422, "bad_request", "open this address in the browser in which you are signed in to the console")
    return secret_hash(cookie)


MANAGE = Permission.MANAGE_SETTINGS
OPERATIONS = (
    Operation(
        "GET",
        "/api/channels/shopify/install/",
        begin_shopify_install,
        "Begin to connect a Shopify shop",
        TAG,
        MANAGE,
        query=InstallQuery,
        status=303,
    ),
    Operation(
        "GET", CALLBACK_PATH, finish_shopify_install, "Where Shopify sends the browser back", TAG, MANAGE, status=303,
        errors=(409, 422, 503),
    ),
)  # fmt: skip
