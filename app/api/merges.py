"""Customers that turn out to be one person, joined and taken apart."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from app.api.operation import Call, Operation
from app.auth.roles import Permission
from app.services.merging import Sameness

TAG = "customers"


class MergeInto(Struct, frozen=True, forbid_unknown_fields=True):
    """The customer who keeps everything."""

    into: UUID


class Merge(Struct, frozen=True):
    """A merge; its id undoes it."""

    id: UUID


async def merge_customer(call: Call) -> Merge:
    """Give all conversations, addresses and orders of a customer to another one."""
    return Merge(await call.context.merging.merge(call.staff, call.request.path_params["id"], call.body.into))


async def undo_merge(call: Call) -> Merge:
    """Take two customers apart again."""
    return Merge(await call.context.merging.undo(call.staff, call.request.path_params["id"]))


async def read_sameness(call: Call) -> Sameness:
    """Return who a customer may be, too (they share a number or an e-mail address), and the merges that stand."""
    return await call.context.merging.sameness(call.staff, call.request.path_params["id"])


WRITE = Permission.WRITE_CONVERSATIONS
OPERATIONS = (
    Operation(
        "GET",
        "/api/customers/{id:uuid}/same/",
        read_sameness,
        "Who a customer may be, too",
        TAG,
        Permission.READ_CUSTOMERS,
        response=Sameness,
    ),
    Operation(
        "POST",
        "/api/customers/{id:uuid}/merge/",
        merge_customer,
        "Join two customers",
        TAG,
        WRITE,
        body=MergeInto,
        response=Merge,
    ),
    Operation(
        "POST", "/api/merges/{id:uuid}/undo/", undo_merge, "Take two customers apart", TAG, WRITE, response=Merge
    ),
)
