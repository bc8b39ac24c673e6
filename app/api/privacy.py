"""Requests of people about their data: erase, export, and the list of what was asked."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.services.privacy import ErasureReport, PrivacyRequest

TAG = "privacy"


class PrivacyRequests(Struct, frozen=True):
    """The newest requests first."""

    requests: list[PrivacyRequest]


async def erase_customer(call: Call) -> ErasureReport:
    """Erase a customer: what was said, what it was about, and who it was. It cannot be undone."""
    report = await call.context.privacy.erase(call.staff.shop, call.request.path_params["id"], user=call.staff.id)
    if report is None:
        raise _nobody()
    return report


async def export_customer(call: Call) -> dict[str, Any]:
    """Return all that is held about a customer."""
    held = await call.context.privacy.export(call.staff.shop, call.request.path_params["id"])
    if held is None:
        raise _nobody()
    return dict(held)


async def list_privacy_requests(call: Call) -> PrivacyRequests:
    """List what people asked about their data, and what was done."""
    return PrivacyRequests(list(await call.context.privacy.requests(call.staff.shop)))


def _nobody() -> Problem:
    return Problem(404, "not_found", "there is no such customer")


OPERATIONS = (
    Operation("POST", "/api/customers/{id:uuid}/erase/", erase_customer, "Erase a customer", TAG,
              Permission.MANAGE_SETTINGS, response=ErasureReport),
    Operation("GET", "/api/customers/{id:uuid}/export/", export_customer, "Export a customer's data", TAG,
              Permission.MANAGE_SETTINGS, response=dict[str, Any]),
    Operation("GET", "/api/privacy/requests/", list_privacy_requests, "Requests about data", TAG,
              Permission.MANAGE_SETTINGS, response=PrivacyRequests),
)  # fmt: skip
