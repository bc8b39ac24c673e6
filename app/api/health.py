"""Liveness, readiness and metrics."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from app import metrics
from app.api.operation import Call, Operation, json_response
from app.api.problem import Problem

TAG = "operations"


class Alive(Struct, frozen=True):
    """The process answers."""

    status: str = "ok"


class Ready(Struct, frozen=True):
    """Whether this process takes traffic, and what is away."""

    status: str
    degraded: list[str]
    reason: str | None = None


async def healthz(call: Call) -> Alive:
    """Say that the process is alive."""
    return Alive(status="ok")


async def readyz(call: Call) -> Response:
    """503 when the database is unreachable or the process drains; what else is away is listed."""
    health = await call.context.health()
    answer = Ready("ready" if health.ready else "unready", list(health.degraded), health.reason)
    return json_response(answer, 200 if health.ready else 503)


async def read_metrics(call: Call) -> Response:
    """Metrics in Prometheus' text format: with the token, or from this machine when none is set."""
    token = call.context.settings.metrics_token.get_secret_value()
    given = call.request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        raise Problem(401, "unauthorized", "send the metrics token as a bearer token")
    # Behind a proxy on the same machine everybody comes from loopback, so production always needs the token.
    if not token and (call.context.settings.is_production or not _is_loopback(call.address)):
        raise Problem(403, "forbidden", "set ASSISTIFY_METRICS_TOKEN to read metrics")
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


OPERATIONS = (
    Operation("GET", "/healthz", healthz, "Alive", TAG, None, response=Alive),
    Operation("GET", "/readyz", readyz, "Ready for traffic", TAG, None, response=Ready, errors=(503,)),
    Operation("GET", "/metrics", read_metrics, "Prometheus metrics", TAG, None, errors=(401, 403)),
)
