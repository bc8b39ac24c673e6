"""THE list of REST operations, and how a request becomes a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api import (
    analytics,
    attachments,
    auth,
    blocks,
    channel_health,
    channels,
    conversations,
    customers,
    deliveries,
    demo,
    health,
    instagram_connect,
    merges,
    messages,
    meta_connect,
    models,
    notifications,
    privacy,
    recommendations,
    shop_settings,
    shopify_install,
    shopify_sync,
    simulator,
    storefront,
    templates,
    users,
    webhooks,
)
from app.api.context import ApiContext
from app.api.openapi import openapi_document
from app.api.operation import Call, Operation, check_permission, decode_body, decode_query, json_response
from app.api.problem import Problem
from app.api.security import CSRF_HEADER, SAFE_METHODS, is_same_origin
from app.auth.staff import SESSION_COOKIE, SignInRefusedError
from app.domain.staff import StaffMember

OPERATIONS: tuple[Operation, ...] = (
    *messages.OPERATIONS,
    *conversations.OPERATIONS,
    *customers.OPERATIONS,
    *analytics.OPERATIONS,
    *auth.OPERATIONS,
    *users.OPERATIONS,
    *shop_settings.OPERATIONS,
    *health.OPERATIONS,
    *webhooks.OPERATIONS,
    *attachments.OPERATIONS,
    *channels.OPERATIONS,
    *channel_health.OPERATIONS,
    *deliveries.OPERATIONS,
    *templates.OPERATIONS,
    *storefront.OPERATIONS,
    *shopify_install.OPERATIONS,
    *shopify_sync.OPERATIONS,
    *meta_connect.OPERATIONS,
    *instagram_connect.OPERATIONS,
    *merges.OPERATIONS,
    *blocks.OPERATIONS,
    *notifications.OPERATIONS,
    *privacy.OPERATIONS,
    *recommendations.OPERATIONS,
    *models.OPERATIONS,
)
DEMO_OPERATIONS = demo.OPERATIONS
SIMULATOR_OPERATIONS = simulator.OPERATIONS  # in demo mode, too


def api_routes(context: ApiContext, operations: Sequence[Operation]) -> list[Route]:
    """Build the routes of all operations and of the OpenAPI document."""
    document = openapi_document(operations, context.settings.resolved_public_url)

    async def openapi(_: Request) -> Response:
        return json_response(document)

    routes = [_route(operation, context) for operation in operations]
    # Vendors take no redirect for an answer, so their addresses are good without the slash too.
    bare = [_route(replace(one, path=one.path.rstrip("/")), context) for one in webhooks.OPERATIONS]
    return [*routes, *bare, Route("/api/openapi.json", openapi, methods=["GET"])]


def _route(operation: Operation, context: ApiContext) -> Route:
    async def endpoint(request: Request) -> Response:
        member = None
        if operation.permission is not None:
            member = await identify(request, context)
            check_permission(member, operation.permission)
        body: Any = await decode_body(operation.body, request) if operation.body is not None else None
        query: Any = decode_query(operation.query, request) if operation.query is not None else None
        answer = await operation.handler(Call(request, context, member, body, query))
        return answer if isinstance(answer, Response) else json_response(answer, operation.status)

    return Route(operation.path, endpoint, methods=[operation.method], name=operation.operation_id)


async def identify(request: Request, context: ApiContext) -> StaffMember:
    """Return who calls, by bearer token or session cookie.

    Raises: Problem 401; 403 for an unsafe request by cookie without its CSRF token or from another site.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() == "bearer" and token:
            return (await context.staff.check_access(token.strip()))[0]
        cookie = request.cookies.get(SESSION_COOKIE)
        if not cookie:
            raise Problem(401, "unauthorized", "sign in: send a bearer token or the session cookie")
        member = await context.staff.check_session(cookie)
    except SignInRefusedError as error:
        raise Problem(401, "unauthorized", str(error)) from error
    if request.method not in SAFE_METHODS:
        genuine = context.staff.is_csrf_token_genuine(cookie, request.headers.get(CSRF_HEADER, ""))
        if not genuine or not is_same_origin(request.headers, context.settings.resolved_public_url):
            raise Problem(403, "forbidden", "send the session's CSRF token in the header X-CSRF-Token")
    return member
