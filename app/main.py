"""The ASGI application: live sessions, REST, pages."""

from __future__ import annotations

from dataclasses import replace

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.gzip import GZipMiddleware

from app.api.pages import page_routes
from app.api.problem import Problem, problem_response
from app.api.routes import DEMO_OPERATIONS, OPERATIONS, SIMULATOR_OPERATIONS, api_routes
from app.api.security import RateLimits, SecurityHeaders
from app.bootstrap.web import Web
from realtime.ports import CommandError

GZIP_FROM_BYTES = 1024


def create_app(web: Web, *, demo: bool) -> Starlette:
    """Put routes and middleware together; everything behind them is in `web`."""
    context = replace(web.context, demo=demo)
    settings = context.settings
    operations = [*OPERATIONS, *((*DEMO_OPERATIONS, *SIMULATOR_OPERATIONS) if demo else ())]
    return Starlette(
        routes=[
            *web.gateway.routes(),
            *api_routes(context, operations),
            *page_routes(settings.web_dist, demo=demo),
        ],
        middleware=[
            Middleware(SecurityHeaders, public_url=settings.resolved_public_url, ancestors=web.ancestors),
            # Starlette's own is outside of all others: its answers would carry no security headers.
            Middleware(ServerErrorMiddleware, handler=problem_response),
            Middleware(RateLimits, limiter=context.limiter, per_minute=settings.requests_per_minute),
            Middleware(GZipMiddleware, minimum_size=GZIP_FROM_BYTES),
        ],
        exception_handlers={
            Problem: problem_response,
            CommandError: problem_response,
            HTTPException: problem_response,
            Exception: problem_response,
        },
    )
